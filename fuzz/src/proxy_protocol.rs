//! PROXY headers: who a load balancer says its client is.

use intermission::message::proxy_protocol::{Ends, is_header, length, read, write};

/// The longest header that is read.
const LONGEST: usize = 4096;

pub fn check(data: &[u8]) {
    // However the bytes come in, they are the same header.
    let whole = length(data).ok().flatten();
    for end in 0..data.len().min(64) {
        let seen = data.get(..end).unwrap_or_default();
        match (length(seen), whole) {
            (Ok(Some(early)), Some(whole)) => assert_eq!(early, whole, "told the same early"),
            (Ok(Some(_)), None) => panic!("a header that is none with more bytes"),
            (Ok(None), _) => {}
            (Err(error), Some(_)) => panic!("refused too early: {error}"),
            (Err(_), None) => return,
        }
    }
    let Some(length) = whole else { return };
    assert!(length <= LONGEST, "no more is waited for than is read");
    let Some(header) = data.get(..length) else {
        return;
    };
    assert!(is_header(header), "what is long enough begins as one");
    if let Ok(Some(ends)) = read(header) {
        let again = read(&write(Some(ends))).expect("ours can be read");
        assert_eq!(again, Some(canonical(ends)), "it is passed on as it came");
    }
}

/// As the header has to say it: both addresses of one kind.
fn canonical(ends: Ends) -> Ends {
    read(&write(Some(ends)))
        .ok()
        .flatten()
        .expect("two addresses")
}
