#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| intermission_fuzz::check("proxy_protocol", data));
