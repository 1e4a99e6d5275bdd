//! Requests at a wrong address are sent to the right one, whatever the origin does.

use crate::support::{
    clients::{Ask, Protocol},
    eventually,
    h1::{Client, Response},
    line::Ended,
    origin::Origin,
    places::Refusing,
    proxy::{Proxy, Setup, catch_all},
    script::{answer, ok, response},
};

const TO_HTTPS: &str = "[redirect]\nhttps = true\n";

/// A site of two names with one right address.
fn two_names(upstream: &str, more: &str) -> String {
    format!("hosts = [\"shop.test\", \"www.shop.test\"]\nupstream = \"{upstream}\"\n{more}")
}

fn location(response: &Response) -> String {
    assert_eq!(response.head.status(), 308, "{:?}", response.head);
    response.head.field("location").unwrap_or_default()
}

#[test]
fn unencrypted_requests_are_sent_to_https_with_method_and_target() {
    let origin = Origin::always(answer(ok("plain")));
    let proxy = Proxy::before(&origin.url(), TO_HTTPS);
    for protocol in Protocol::BOTH {
        for method in ["GET", "HEAD", "POST", "DELETE", "OPTIONS"] {
            let ask = Ask::new(method, "/a%20b?c=d&e").host("shop.test:8080");
            let answer = proxy.ask(&ask, protocol);
            assert_eq!(
                location(&answer),
                "https://shop.test/a%20b?c=d&e",
                "{method}"
            );
            let kept = answer.head.field("cache-control").unwrap();
            assert_eq!(kept, "private, max-age=3600");
            assert!(answer.head.content_length().unwrap() > 0, "{method}");
            assert_eq!(answer.body.is_empty(), method == "HEAD", "{method}");
            assert!(answer.head.field("x-request-id").is_some());
        }
    }
    assert!(origin.requests().is_empty(), "the origin is not asked");
    let record = proxy.record("/a%20b");
    assert_eq!(record["outcome"], "redirect");
    assert_eq!(record["http.response.status_code"], 308);
    eventually("all are counted", || {
        let counted = proxy.metric(
            "intermission_http_requests_total",
            &["outcome=\"redirect\"", "code=\"308\""],
        );
        (counted >= 10.0).then_some(())
    });
}

#[test]
fn redirects_work_without_an_origin_and_during_maintenance() {
    let gone = Refusing::start();
    let dead = Proxy::before(&format!("http://{}", gone.address), TO_HTTPS);
    assert_eq!(location(&dead.get("/x")), "https://shop.test/x");
    let more = format!("{TO_HTTPS}[maintenance]\non = true\n");
    let maintained = Proxy::before(&format!("http://{}", gone.address), &more);
    assert_eq!(location(&maintained.get("/x")), "https://shop.test/x");
    let status = maintained.get("/.intermission/status");
    assert_eq!(status.head.status(), 200, "what is ours is never elsewhere");
    assert_eq!(dead.get("/.intermission/none").head.status(), 404);
}

#[test]
fn challenges_of_authorities_reach_the_origin_where_they_came() {
    let origin = Origin::always(answer(ok("token")));
    let more = format!("{TO_HTTPS}host = \"shop.test\"\n");
    let setup = Setup::new("").site("shop", &two_names(&origin.url(), &more));
    let proxy = setup.start();
    let ask = Ask::get("/.well-known/acme-challenge/abc").host("www.shop.test");
    assert_eq!(proxy.ask(&ask, Protocol::H1).body, b"token");
    let other = Ask::get("/.well-known/acme-challenger").host("www.shop.test");
    location(&proxy.ask(&other, Protocol::H1));
}

#[test]
fn whom_a_trusted_proxy_has_decrypted_is_not_sent_round_in_circles() {
    let origin = Origin::always(answer(ok("hello")));
    let setup = Setup::new("trusted_proxies = [\"127.0.0.1\"]\n");
    let setup = setup.site("shop", &catch_all(&origin.url(), TO_HTTPS));
    let proxy = setup.start();
    for (field, value, is_encrypted) in [
        ("x-forwarded-proto", "https", true),
        ("x-forwarded-proto", "HTTPS, http", true),
        ("forwarded", "for=192.0.2.7;proto=https", true),
        ("x-forwarded-proto", "http", false),
        ("x-forwarded-proto", "http, https", false),
        ("forwarded", "for=192.0.2.7;proto=http", false),
    ] {
        let response = proxy.ask(&Ask::get("/x").with(field, value), Protocol::H1);
        let wanted = if is_encrypted { 200 } else { 308 };
        assert_eq!(response.head.status(), wanted, "{field}: {value}");
    }
}

#[test]
fn what_a_stranger_says_of_encryption_is_not_believed_and_told_once() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = Proxy::before(&origin.url(), TO_HTTPS);
    for _ in 0..3 {
        let ask = Ask::get("/x").with("x-forwarded-proto", "https");
        location(&proxy.ask(&ask, Protocol::H1));
    }
    proxy.logged(&["trusted_proxies", "127.0.0.1", "for ever"]);
    let log = proxy.log();
    let told = log
        .iter()
        .filter(|line| line.to_string().contains("for ever"));
    assert_eq!(told.count(), 1, "{log:#?}");
}

#[test]
fn a_wrong_host_and_a_wrong_scheme_are_put_right_in_one_step() {
    let origin = Origin::always(answer(ok("hello")));
    let more = format!("{TO_HTTPS}https_port = 8443\nhost = \"shop.test\"\n");
    let setup = Setup::new("trusted_proxies = [\"127.0.0.1\"]\n");
    let proxy = setup.site("shop", &two_names(&origin.url(), &more)).start();
    let ask = |host: &str, proto: &str| {
        let ask = Ask::get("/x?y").host(host).with("x-forwarded-proto", proto);
        proxy.ask(&ask, Protocol::H1)
    };
    let first = location(&ask("www.shop.test", "http"));
    assert_eq!(first, "https://shop.test:8443/x?y");
    assert_eq!(
        ask("shop.test:8443", "https").body,
        b"hello",
        "and there it is"
    );
    assert_eq!(location(&ask("shop.test", "http")), first);
    let other = location(&ask("www.shop.test:8443", "https"));
    assert_eq!(other, first, "a host alone keeps scheme and port");
}

#[test]
fn one_host_takes_the_place_of_the_others() {
    let origin = Origin::always(answer(ok("hello")));
    let more = "[redirect]\nhost = \"Shop.Test\"\n";
    let setup = Setup::new("").site("shop", &two_names(&origin.url(), more));
    let proxy = setup.start();
    for protocol in Protocol::BOTH {
        let sent = proxy.ask(&Ask::get("/x").host("www.shop.test:81"), protocol);
        assert_eq!(location(&sent), "http://shop.test:81/x");
        for host in ["shop.test", "SHOP.TEST:81"] {
            let served = proxy.ask(&Ask::get("/x").host(host), protocol);
            assert_eq!(served.head.status(), 200, "{host}");
        }
    }
}

#[test]
fn a_body_that_nobody_reads_is_never_the_next_request() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = Proxy::before(&origin.url(), TO_HTTPS);
    let mut client = Client::connect(proxy.address);
    let smuggled = "GET /.well-known/acme-challenge/x HTTP/1.1\r\nHost: shop.test\r\n\r\n";
    let head = "POST /x HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 65\r\n\r\n";
    let response = client.ask(format!("{head}{smuggled}"));
    assert_eq!(location(&response), "https://shop.test/x");
    assert_eq!(response.head.field("connection").unwrap(), "close");
    assert_eq!(client.ended(), Ended::Closed);
    proxy.record("/x");
    assert!(origin.requests().is_empty());
    // Without a body the connection is kept.
    let mut client = Client::connect(proxy.address);
    for target in ["/1", "/2"] {
        let get = format!("GET {target} HTTP/1.1\r\nHost: shop.test\r\n\r\n");
        assert_eq!(
            location(&client.ask(get)),
            format!("https://shop.test{target}")
        );
    }
}

#[test]
fn browsers_are_told_to_come_back_encrypted_where_they_have_come_encrypted() {
    let fields = ["Strict-Transport-Security: max-age=1"];
    let origin = Origin::always(answer(response("200 OK", &fields, b"hello")));
    let more = "[hsts]\nmax_age = \"365d\"\ninclude_subdomains = true\npreload = true\n\
                [redirect]\nhost = \"shop.test\"\n";
    let setup = Setup::new("trusted_proxies = [\"127.0.0.1\"]\n");
    let setup = setup.site("shop", &two_names(&origin.url(), more));
    let gone = Refusing::start();
    let dead = format!(
        "hosts = [\"dead.test\"]\nupstream = \"http://{}\"\n[hsts]\nmax_age = \"1d\"\n",
        gone.address
    );
    let proxy = setup.site("dead", &dead).start();
    let said = |host: &str, target: &str, proto: &str| {
        let ask = Ask::get(target).host(host).with("x-forwarded-proto", proto);
        let answer = proxy.ask(&ask, Protocol::H1);
        answer.head.field("strict-transport-security")
    };
    let whole = Some("max-age=31536000; includeSubDomains; preload".to_owned());
    assert_eq!(
        said("shop.test", "/", "https"),
        whole,
        "in place of the origin's"
    );
    assert_eq!(said("www.shop.test", "/", "https"), whole, "on a redirect");
    assert_eq!(said("shop.test", "/.intermission/status", "https"), whole);
    assert_eq!(
        said("dead.test", "/", "https").unwrap(),
        "max-age=86400",
        "on the page"
    );
    for host in ["shop.test", "www.shop.test", "dead.test"] {
        assert_eq!(said(host, "/", "http"), None, "{host} without encryption");
    }
}
