//! Tests of what is due.

use super::*;
use crate::{
    config::spec::AcmeSpec,
    tls::{Slot, acme::order::Kind},
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn entry() -> Entry {
    let data = tempfile::tempdir().unwrap();
    let store = Store::new(data.path(), "https://ca.example/");
    let want = Want {
        site: "shop".to_owned(),
        spec: AcmeSpec {
            contact: "a@b.example".to_owned(),
            names: vec!["shop.example".to_owned()],
        },
        slot: Slot::default(),
    };
    Entry::recall(&store, want)
}

fn holding(from: i64, until: i64) -> Entry {
    let mut entry = entry();
    let validity = Validity {
        from: at(from),
        until: at(until),
    };
    entry.renew = renewal::by_age(validity, 0.5);
    entry.held = Some(Held {
        validity,
        id: Some(CertificateIdentifier {
            authority_key_identifier: "a".into(),
            serial: "b".into(),
        }),
    });
    entry
}

fn window(start: i64, end: i64) -> (RenewalInfo, Duration) {
    let text = format!(
        r#"{{"suggestedWindow":{{"start":"{}","end":"{}"}}}}"#,
        at(start),
        at(end)
    );
    (
        serde_json::from_str(&text).unwrap(),
        Duration::from_secs(600),
    )
}

#[test]
fn what_is_not_there_is_ordered_at_once_and_waits_for_the_directory() {
    let entry = entry();
    let (when, job) = entry.next(&Pause::default());
    assert!(when <= at(0) && job == Job::Order);
    let mut pause = Pause::default();
    pause.search(at(1000), None);
    assert_eq!(entry.next(&pause), (pause.until(), Job::Order));
}

#[test]
fn what_is_there_is_looked_after_until_it_is_renewed() {
    let mut entry = holding(0, 90_000);
    assert_eq!(entry.next(&Pause::default()), (Timestamp::MIN, Job::Look));
    assert!(entry.is_to_ask(at(10)).is_some());
    entry.suggested(at(10), None);
    entry.looked(at(10));
    assert!(entry.is_to_ask(at(10)).is_none());
    assert_eq!(entry.next(&Pause::default()), (at(3610), Job::Look));
    entry.suggested(at(58_000), None);
    entry.looked(at(58_000));
    let (when, job) = entry.next(&Pause::default());
    assert_eq!(job, Job::Order);
    assert_eq!(when, entry.renew);
}

#[test]
fn a_suggestion_moves_the_renewal_once() {
    let mut entry = holding(0, 90_000);
    entry.suggested(at(10), Some(window(20_000, 30_000)));
    let drawn = entry.renew;
    assert!(drawn >= at(20_000) && drawn <= at(30_000));
    entry.suggested(at(700), Some(window(20_000, 30_000)));
    assert_eq!(entry.renew, drawn);
    entry.suggested(at(1400), Some(window(5, 6)));
    assert!(entry.renew <= at(6), "the authority wants it replaced");
    entry.looked(at(1400));
    assert_eq!(entry.next(&Pause::default()).1, Job::Order);
}

#[test]
fn the_hourly_limit_holds_for_renewals_too() {
    let mut entry = holding(0, 90);
    for _ in 0..4 {
        entry.attempts.begin(at(100));
        entry.attempts.succeeded(Kind::Http01);
    }
    entry.ask = at(200);
    entry.looked(at(100));
    let order = entry.renew.max(entry.attempts.ready());
    assert_eq!(order, at(3700));
}
