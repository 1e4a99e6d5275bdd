//! Tests of when to come back.

use super::*;

fn said(value: &'static str) -> Option<Duration> {
    let mut headers = HeaderMap::new();
    headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
    retry_after(&headers, Timestamp::from_second(1_000_000_000).unwrap())
}

#[test]
fn a_time_to_come_back_is_seconds_or_a_date() {
    assert_eq!(said("120"), Some(Duration::from_secs(120)));
    let date = said("Sun, 09 Sep 2001 01:47:40 GMT");
    assert_eq!(date, Some(Duration::from_secs(60)));
    assert_eq!(said("Sun, 09 Sep 2001 01:40:00 GMT"), None);
    assert_eq!(said("soon"), None);
    assert_eq!(retry_after(&HeaderMap::new(), Timestamp::UNIX_EPOCH), None);
}
