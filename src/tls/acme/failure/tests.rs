//! Tests of what problems mean.

use super::*;

fn problem(text: &str) -> Failed {
    Failed::from(Error::Api(serde_json::from_str(text).unwrap()))
}

#[test]
fn each_problem_of_an_authority_has_its_cause() {
    for (kind, why) in [
        ("rateLimited", Why::RateLimited),
        ("caa", Why::Caa),
        ("dns", Why::Dns),
        ("connection", Why::Connection),
        ("unauthorized", Why::Elsewhere),
        ("rejectedIdentifier", Why::Name),
        ("externalAccountRequired", Why::Account),
        ("serverInternal", Why::Directory),
    ] {
        let failed = problem(&format!(r#"{{"type":"{PROBLEM}{kind}"}}"#));
        assert_eq!(failed.why, why, "{kind}");
    }
}

#[test]
fn what_is_summed_up_counts() {
    let failed = problem(&format!(
        r#"{{"type":"{PROBLEM}compound","subproblems":[{{"type":"{PROBLEM}caa"}}]}}"#
    ));
    assert_eq!(failed.why, Why::Caa);
    assert!(!failed.forgets_us());
    assert!(problem(&format!(r#"{{"type":"{PROBLEM}accountDoesNotExist"}}"#)).forgets_us());
}

#[test]
fn only_what_the_challenge_may_change_is_tried_another_way() {
    assert!(Why::Elsewhere.may_differ_by_challenge());
    assert!(!Why::RateLimited.may_differ_by_challenge());
    assert!(Why::Unreachable.is_of_the_directory() && !Why::Dns.is_of_the_directory());
}
