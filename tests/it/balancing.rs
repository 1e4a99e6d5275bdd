//! Several endpoints: who gets how much, and what ties requests to one.

use std::collections::BTreeMap;

use crate::support::{
    clients::{Ask, Protocol},
    eventually,
    origin::Origin,
    proxy::{Proxy, Setup},
    script::{Step, after_request, answer, ok},
};

/// Origins that say their number.
fn origins(count: usize) -> Vec<Origin> {
    (0..count)
        .map(|number| Origin::always(answer(ok(&number.to_string()))))
        .collect()
}

/// All of them in the short form.
fn before(origins: &[Origin], more: &str) -> Proxy {
    let list: Vec<String> = origins
        .iter()
        .map(|origin| format!("\"{}\"", origin.url()))
        .collect();
    let list = list.join(", ");
    let site = format!("hosts = [\"*\"]\nupstream = [{list}]\n{more}");
    Setup::new("trusted_proxies = [\"127.0.0.1\"]\n")
        .site("shop", &site)
        .start()
}

/// Each with further lines of its own.
fn with_lines(origins: &[Origin], lines: &[&str]) -> Proxy {
    let table = |(origin, line): (&Origin, &&str)| {
        format!("[[upstream]]\nurl = \"{}\"\n{line}\n", origin.url())
    };
    let tables: String = origins.iter().zip(lines).map(table).collect();
    let site = format!("hosts = [\"*\"]\n{tables}");
    Setup::new("").site("shop", &site).start()
}

fn who(proxy: &Proxy, ask: &Ask) -> String {
    let response = proxy.ask(ask, Protocol::H1);
    assert_eq!(response.head.status(), 200);
    String::from_utf8_lossy(&response.body).into_owned()
}

fn counts(proxy: &Proxy, requests: usize) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for _ in 0..requests {
        *counts.entry(who(proxy, &Ask::get("/"))).or_default() += 1;
    }
    counts
}

#[test]
fn every_entry_of_a_list_gets_its_part() {
    let origins = origins(3);
    let proxy = before(&origins, "");
    let counts = counts(&proxy, 150);
    assert!(
        counts.len() == 3 && counts.values().all(|count| *count >= 5),
        "{counts:?}"
    );
}

#[test]
fn shares_follow_weights() {
    let origins = origins(2);
    let proxy = with_lines(&origins, &["weight = 1", "weight = 4"]);
    let counts = counts(&proxy, 300);
    assert!((25..110).contains(&counts["0"]), "{counts:?}");
}

#[test]
fn a_weight_of_0_serves_only_when_no_other_can() {
    let mut origins = origins(2);
    let proxy = with_lines(&origins, &["weight = 1", "weight = 0"]);
    assert_eq!(counts(&proxy, 50).len(), 1);
    drop(origins.remove(0));
    eventually("the other serves", || {
        (proxy.get("/").body == b"1").then_some(())
    });
}

#[test]
fn one_that_fails_is_avoided_without_a_breaker_too() {
    let mut origins = origins(2);
    origins.push(Origin::always(after_request([Step::Close])));
    let proxy = before(&origins, "");
    let counts = counts(&proxy, 200);
    assert_eq!(counts.values().sum::<usize>(), 200);
    let met = origins[2].requests().len();
    assert!(met <= 20, "{met} of 200 went to the one that fails");
}

#[test]
fn what_is_equal_goes_to_the_same_endpoint() {
    let mut origins = origins(3);
    let proxy = before(&origins, "[balance]\nhash = \"header:x-tenant\"\n");
    let tenants: Vec<Ask> = (0..30)
        .map(|tenant| Ask::get("/").with("x-tenant", &format!("tenant {tenant}")))
        .collect();
    let first: Vec<String> = tenants.iter().map(|ask| who(&proxy, ask)).collect();
    for _ in 0..3 {
        let again: Vec<String> = tenants.iter().map(|ask| who(&proxy, ask)).collect();
        assert_eq!(first, again);
    }
    for one in ["0", "1", "2"] {
        assert!(first.iter().any(|who| who == one), "{one} has no tenant");
    }
    // Only those of the one that is gone move.
    drop(origins.remove(0));
    for (ask, before) in tenants.iter().zip(&first) {
        let now = who(&proxy, ask);
        assert!(now == *before || before == "0" && now != "0");
    }
}

#[test]
fn clients_are_told_apart_by_the_address_that_counts() {
    let origins = origins(3);
    let proxy = before(&origins, "[balance]\nhash = \"client-ip\"\n");
    let at = |client: u8| {
        let address = format!("192.0.2.{client}");
        who(&proxy, &Ask::get("/").with("x-forwarded-for", &address))
    };
    let first: Vec<String> = (0..30).map(at).collect();
    assert_eq!(first, (0..30).map(at).collect::<Vec<_>>());
    assert!(first.iter().any(|who| *who != first[0]));
}

#[test]
fn a_cookie_of_the_application_can_decide() {
    let origins = origins(3);
    let proxy = before(&origins, "[balance]\nhash = \"cookie:session\"\n");
    let at = |session: u8| {
        let cookie = format!("a=b; session={session}");
        who(&proxy, &Ask::get("/").with("cookie", &cookie))
    };
    let first: Vec<String> = (0..30).map(at).collect();
    assert_eq!(first, (0..30).map(at).collect::<Vec<_>>());
    assert!(first.iter().any(|who| *who != first[0]));
    let unbound: BTreeMap<String, usize> = counts(&proxy, 100);
    assert_eq!(unbound.len(), 3, "without the cookie load decides");
}

/// The pair of the cookie that the response sets, if it does.
fn pair(proxy: &Proxy, ask: &Ask) -> (String, Option<String>) {
    let response = proxy.ask(ask, Protocol::H1);
    assert_eq!(response.head.status(), 200);
    let cookie = response.head.field("set-cookie");
    let pair = cookie.and_then(|cookie| cookie.split(';').next().map(str::to_owned));
    (String::from_utf8_lossy(&response.body).into_owned(), pair)
}

#[test]
fn a_cookie_of_ours_keeps_a_client_until_its_endpoint_is_gone() {
    let mut origins = origins(3);
    let proxy = before(&origins, "[balance]\nsticky = \"origin\"\n");
    let (first, cookie) = pair(&proxy, &Ask::get("/"));
    let cookie = cookie.expect("the first answer sets it");
    assert!(!cookie.contains("127.0"), "{cookie}");
    let ask = Ask::get("/").with("cookie", &cookie);
    for _ in 0..30 {
        assert_eq!(pair(&proxy, &ask), (first.clone(), None));
    }
    drop(origins.remove(first.parse().expect("a number")));
    let (second, cookie) = pair(&proxy, &ask);
    assert_ne!(first, second);
    let cookie = cookie.expect("a new one");
    let ask = Ask::get("/").with("cookie", &cookie);
    for _ in 0..30 {
        assert_eq!(pair(&proxy, &ask), (second.clone(), None));
    }
}

#[test]
fn the_cookie_says_how_the_client_came() {
    let origins = origins(2);
    let proxy = before(&origins, "[balance]\nsticky = \"origin\"\n");
    for (proto, is_secure) in [("https", true), ("http", false)] {
        let ask = Ask::get("/").with("x-forwarded-proto", proto);
        let cookie = proxy.ask(&ask, Protocol::H1).head.field("set-cookie");
        let cookie = cookie.expect("a cookie");
        assert!(cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
        assert_eq!(cookie.ends_with("; Secure"), is_secure, "{cookie}");
    }
}

#[test]
fn no_page_of_ours_sets_the_cookie() {
    let origins = origins(2);
    let proxy = before(&origins, "[balance]\nsticky = \"origin\"\n");
    drop(origins);
    let response = proxy.get("/");
    assert_eq!(response.head.status(), 503);
    assert_eq!(response.head.field("set-cookie"), None);
}
