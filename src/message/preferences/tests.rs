//! What is read of a request that our answer may depend on.

use http::{Request, header};
use proptest::prelude::*;

use super::*;

const BOTH: [Language; 2] = [Language::De, Language::En];

fn asking(name: header::HeaderName, value: &str) -> Preferences {
    let request = Request::get("/a/b?c=d")
        .header(name, value)
        .body(())
        .unwrap();
    Preferences::capture(request.method(), request.uri(), request.headers())
}

#[test]
fn language_follows_weight_then_order_then_the_default() {
    let cases = [
        ("de", Language::De),
        ("en", Language::En),
        ("de-AT", Language::De),
        ("DE-Latn-AT;q=0.3", Language::De),
        ("en;q=0.8, de;q=0.9", Language::De),
        ("en, de", Language::En),
        ("de, en", Language::De),
        ("fr, de;q=0.2", Language::De),
        ("fr", Language::En),
        ("*", Language::En),
        ("fr, *;q=0.1", Language::En),
        ("*, en;q=0", Language::De),
        ("*;q=0.1, de;q=0.5", Language::De),
        ("de;q=0", Language::En),
        ("", Language::En),
        ("de;q=9, en;q=0.1", Language::En),
        ("deutsch", Language::En),
        (";;;,q=1", Language::En),
    ];
    for (field, wanted) in cases {
        let preferences = asking(header::ACCEPT_LANGUAGE, field);
        assert_eq!(preferences.language(&BOTH, Language::En), wanted, "{field}");
    }
}

#[test]
fn without_a_wish_the_default_language_is_used() {
    let preferences = asking(header::ACCEPT, "*/*");
    assert_eq!(preferences.language(&BOTH, Language::De), Language::De);
    let preferences = asking(header::ACCEPT_LANGUAGE, "*");
    assert_eq!(preferences.language(&BOTH, Language::De), Language::De);
}

#[test]
fn coding_follows_weight_and_prefers_brotli() {
    let cases = [
        ("gzip, deflate, br, zstd", Coding::Br),
        ("gzip, deflate", Coding::Gzip),
        ("X-GZIP", Coding::Gzip),
        ("br;q=0.5, gzip", Coding::Gzip),
        ("br;q=0, gzip;q=0", Coding::Identity),
        ("br;q=0, *", Coding::Gzip),
        ("*", Coding::Br),
        ("*;q=0", Coding::Identity),
        ("gzip;q=0.5, identity", Coding::Identity),
        ("identity;q=0", Coding::Identity),
        ("deflate", Coding::Identity),
        ("", Coding::Identity),
        ("gzip;q=nonsense", Coding::Identity),
    ];
    for (field, wanted) in cases {
        assert_eq!(
            asking(header::ACCEPT_ENCODING, field).coding(),
            wanted,
            "{field}"
        );
    }
    assert_eq!(asking(header::ACCEPT, "*/*").coding(), Coding::Identity);
}

#[test]
fn path_is_without_its_query_and_never_missing() {
    assert_eq!(asking(header::ACCEPT, "*/*").path(), "/a/b");
    let request = Request::connect("shop.example:443").body(()).unwrap();
    let tunnel = Preferences::capture(request.method(), request.uri(), request.headers());
    assert_eq!(tunnel.path(), "/");
}

#[test]
fn the_first_line_of_a_repeated_field_counts() {
    let request = Request::get("/")
        .header(header::ACCEPT_LANGUAGE, "de")
        .header(header::ACCEPT_LANGUAGE, "en")
        .body(())
        .unwrap();
    let preferences = Preferences::capture(request.method(), request.uri(), request.headers());
    assert_eq!(preferences.language(&BOTH, Language::En), Language::De);
}

proptest! {
    #[test]
    fn arbitrary_field_bytes_are_always_answered(
        path in "/[ -~]{0,40}",
        fields in prop::collection::vec((0_usize..7, prop::collection::vec(any::<u8>(), 0..80)), 0..8),
    ) {
        const NAMES: [&str; 7] = [
            "accept", "accept-encoding", "accept-language", "content-type", "sec-fetch-dest",
            "sec-fetch-mode", "upgrade",
        ];
        let mut request = Request::new(());
        if let Ok(uri) = path.parse() {
            *request.uri_mut() = uri;
        }
        for (name, value) in fields {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                request.headers_mut().append(NAMES[name], value);
            }
        }
        let preferences = Preferences::capture(request.method(), request.uri(), request.headers());
        let _ = preferences.client_kind();
        let _ = preferences.coding();
        let _ = preferences.language(&BOTH, Language::En);
    }
}
