//! Fields that a site's owner sets and removes, on requests and on answers.

use crate::support::{
    clients::{Ask, Kind, Protocol},
    origin::Origin,
    places::Refusing,
    proxy::Proxy,
    script::{answer, ok, response},
};

#[test]
fn the_origin_gets_what_is_set_and_not_what_is_removed() {
    let origin = Origin::always(answer(ok("hello")));
    let more = "[headers.request]\n\
                set = { \"X-Api-Key\" = \"from the owner\", \"User-Agent\" = \"shop\" }\n\
                remove = [\"X-Debug\", \"cookie\"]\n";
    let proxy = Proxy::before(&origin.url(), more);
    for (protocol, target) in Protocol::BOTH.into_iter().zip(["/h1", "/h2"]) {
        let ask = Ask::get(target)
            .with("x-api-key", "from the client")
            .with("x-debug", "1")
            .with("X-Kept", "kept")
            .with("cookie", "a=b")
            .with("user-agent", "browser");
        assert_eq!(proxy.ask(&ask, protocol).body, b"hello");
        let head = origin.request(target).head;
        let all: Vec<_> = head.all("x-api-key").collect();
        assert_eq!(all, ["from the owner"], "{protocol:?}");
        assert_eq!(head.field("user-agent").unwrap(), "shop");
        assert_eq!(head.field("x-kept").unwrap(), "kept");
        assert_eq!(head.field("x-debug"), None);
        assert_eq!(head.field("cookie"), None);
    }
}

#[test]
fn a_client_cannot_take_away_what_is_set() {
    let origin = Origin::always(answer(ok("hello")));
    let more = "[headers.request]\nset = { \"X-Api-Key\" = \"secret\" }\n";
    let proxy = Proxy::before(&origin.url(), more);
    let ask = Ask::get("/x").with("connection", "close, x-api-key");
    proxy.ask(&ask, Protocol::H1);
    let head = origin.request("/x").head;
    assert_eq!(head.field("x-api-key").unwrap(), "secret");
}

#[test]
fn clients_get_what_is_set_and_not_what_is_removed() {
    let fields = [
        "Server: app/1.2.3",
        "X-Powered-By: app",
        "X-Frame-Options: SAMEORIGIN",
        "X-Twice: 1",
        "X-Twice: 2",
    ];
    let origin = Origin::always(answer(response("200 OK", &fields, b"hello")));
    let more = "[headers.response]\n\
                set = { \"X-Frame-Options\" = \"DENY\", \"X-Twice\" = \"once\", \"X-New\" = \"1\" }\n\
                remove = [\"Server\", \"X-Powered-By\", \"X-None\"]\n";
    let proxy = Proxy::before(&origin.url(), more);
    for protocol in Protocol::BOTH {
        let answer = proxy.ask(&Ask::get("/"), protocol);
        assert_eq!(answer.body, b"hello");
        let field = |name: &str| answer.head.field(name);
        assert_eq!(field("x-frame-options").unwrap(), "DENY");
        assert_eq!(field("x-twice").unwrap(), "once");
        assert_eq!(field("x-new").unwrap(), "1");
        assert_eq!((field("server"), field("x-powered-by")), (None, None));
    }
}

#[test]
fn our_own_answers_get_what_they_lack_and_keep_what_they_have() {
    let gone = Refusing::start();
    let upstream = format!("http://{}", gone.address);
    let more = "[headers.response]\n\
         set = { \"X-Frame-Options\" = \"DENY\", \"Cache-Control\" = \"max-age=60\", \
         \"Content-Type\" = \"text/plain\", \"Content-Encoding\" = \"br\", Vary = \"Cookie\", \
         ETag = \"\\\"1\\\"\", \"X-Robots-Tag\" = \"noindex\", Location = \"/elsewhere\", \
         \"Content-Security-Policy\" = \"default-src 'none'\", \"Retry-After\" = \"1\" }\n\
         remove = [\"X-Content-Type-Options\", \"Referrer-Policy\"]\n";
    let (plain, changed) = (Proxy::before(&upstream, ""), Proxy::before(&upstream, more));
    for kind in Kind::ALL {
        let ask = Ask::get("/").by(kind);
        let before = plain.ask(&ask, Protocol::H1).head;
        let after = changed.ask(&ask, Protocol::H1).head;
        assert_eq!(after.status(), before.status());
        assert_eq!(after.field("x-frame-options").unwrap(), "DENY");
        // Some waits are spread by chance, and so may be lengths.
        for varying in ["retry-after", "grpc-retry-pushback-ms", "content-length"] {
            let are_there = [&before, &after].map(|head| head.field(varying).is_some());
            assert_eq!(are_there[0], are_there[1], "{kind:?} {varying}");
        }
        assert_ne!(after.field("retry-after").as_deref(), Some("1"));
        for kept in [
            "cache-control",
            "content-type",
            "content-encoding",
            "content-security-policy",
            "x-content-type-options",
            "referrer-policy",
            "vary",
            "proxy-status",
            "etag",
            "x-robots-tag",
            "location",
        ] {
            assert_eq!(after.field(kept), before.field(kept), "{kind:?} {kept}");
        }
    }
}
