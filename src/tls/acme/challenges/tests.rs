//! Tests of what is answered to authorities.

use super::*;

#[test]
fn nothing_is_answered_that_nobody_waits_for() {
    let challenges = Arc::new(Challenges::default());
    let answer = |path: &'static str| challenges.answer(&Uri::from_static(path));
    let path = "/.well-known/acme-challenge/abc";
    assert_eq!(answer(path), None);
    locked(&challenges.tokens).insert("abc".to_owned(), Bytes::from_static(b"abc.key"));
    let open = challenges.opened(What::Token("abc".to_owned()));
    assert_eq!(answer(path).unwrap(), "abc.key");
    assert_eq!(answer("/abc"), None);
    assert_eq!(answer("/.well-known/acme-challenge/ab"), None);
    assert_eq!(answer("/.well-known/acme-challenge/"), None);
    assert!(challenges.certificate("abc").is_none());
    drop(open);
    assert_eq!(answer(path), None);
    assert!(locked(&challenges.tokens).is_empty());
}

#[test]
fn a_certificate_that_nobody_vouches_for_can_be_made() {
    let made = stand_in().unwrap();
    assert_eq!(made.cert.len(), 1);
    assert!(made.keys_match().is_ok());
}
