//! The scenes of the table: a proxy, and an upstream that fails in one way.

use std::{any::Any, net::Ipv4Addr};

use crate::support::{
    dns::{NameServer, Told},
    h1,
    h2_frames::Liar,
    origin::Origin,
    places::{Refusing, Swallowing},
    proxy::{Proxy, Setup, catch_all},
    script::{Script, Step, after_request, answer, chunk, head, ok, response},
    tls::Authority,
};

/// A proxy before an upstream that fails.
pub(super) struct Scene {
    pub(super) proxy: Proxy,
    /// The origin whose attempts are counted.
    pub(super) origin: Option<Origin>,
    /// Fields every client sends in addition.
    pub(super) fields: Vec<(String, String)>,
    /// What must live as long as the scene.
    pub(super) _keep: Vec<Box<dyn Any + Send + Sync>>,
}

/// Clocks that a test can wait for, and as many repeats as the table has rows.
pub(super) const TIGHT: &str = "[timeouts]\nconnect = \"400ms\"\nfirst_byte = \"400ms\"\n\
                                between_bytes = \"400ms\"\ntotal = \"5s\"\n\
                                [retry]\nbudget_per_second = 10000\n";

pub(super) fn nobody(upstream: &str, keep: Vec<Box<dyn Any + Send + Sync>>) -> Scene {
    Scene {
        proxy: Proxy::before(upstream, TIGHT),
        origin: None,
        fields: Vec::new(),
        _keep: keep,
    }
}

pub(super) fn before(script: Script) -> Scene {
    let origin = Origin::always(script);
    let proxy = Proxy::before(&origin.url(), TIGHT);
    Scene {
        proxy,
        origin: Some(origin),
        fields: Vec::new(),
        _keep: Vec::new(),
    }
}

/// An upstream by name; the name server answers like this.
pub(super) fn named(told: Told) -> Scene {
    let names = NameServer::start("app.test", told);
    let proxy = by_name(&names, 80, TIGHT);
    Scene {
        proxy,
        origin: None,
        fields: Vec::new(),
        _keep: vec![Box::new(names)],
    }
}

pub(super) fn by_name(names: &NameServer, port: u16, site: &str) -> Proxy {
    let dns = format!(
        "[dns]\nservers = [\"{}\"]\ntimeout = \"400ms\"\n",
        names.address
    );
    let site = catch_all(&format!("http://app.test:{port}"), site);
    Setup::new(&dns).site("shop", &site).start()
}

pub(super) fn two_refusing() -> Scene {
    let [second, third] = [Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3)];
    let first_port = Refusing::at((second, 0).into());
    let second_port = Refusing::at((third, first_port.address.port()).into());
    let names = NameServer::start("app.test", Told::Addresses(vec![second, third]));
    let proxy = by_name(&names, first_port.address.port(), TIGHT);
    let keep: Vec<Box<dyn Any + Send + Sync>> =
        vec![Box::new(names), Box::new(first_port), Box::new(second_port)];
    Scene {
        proxy,
        origin: None,
        fields: Vec::new(),
        _keep: keep,
    }
}

/// Neither address answers, and the second attempt has less time than the first had.
pub(super) fn two_swallowing() -> Scene {
    let [second, third] = [Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3)];
    let first_port = Swallowing::at((second, 0).into());
    let second_port = Swallowing::at((third, first_port.address.port()).into());
    let names = NameServer::start("app.test", Told::Addresses(vec![second, third]));
    let clocks = "[timeouts]\nconnect = \"500ms\"\ntotal = \"700ms\"\n\
                  [retry]\nbudget_per_second = 10000\n";
    let proxy = by_name(&names, first_port.address.port(), clocks);
    let keep: Vec<Box<dyn Any + Send + Sync>> =
        vec![Box::new(names), Box::new(first_port), Box::new(second_port)];
    Scene {
        proxy,
        origin: None,
        fields: Vec::new(),
        _keep: keep,
    }
}

/// One connection is allowed, and a request holds it.
pub(super) fn full_pool() -> Scene {
    let origin = Origin::always(after_request([Step::Hang]));
    let proxy = Proxy::before(&origin.url(), "[limits]\nconnections = 1\n");
    let mut holding = h1::Client::connect(proxy.address);
    holding.send("GET /holding HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    origin.request("/holding");
    let keep: Vec<Box<dyn Any + Send + Sync>> = vec![Box::new(std::sync::Mutex::new(holding))];
    Scene {
        proxy,
        origin: Some(origin),
        fields: Vec::new(),
        _keep: keep,
    }
}

/// An upstream over TLS; the proxy trusts the authority that `start` is given.
pub(super) fn encrypted(start: fn(&Authority) -> Origin) -> Scene {
    let authority = Authority::new();
    let origin = start(&authority);
    let upstream = format!(
        "hosts = [\"*\"]\n[upstream]\nurl = \"https://{}\"\nca_file = \"ca.pem\"\n{TIGHT}",
        origin.address
    );
    let setup = Setup::new("").file("sites/ca.pem", &authority.pem());
    let proxy = setup.site("shop", &upstream).start();
    Scene {
        proxy,
        origin: Some(origin),
        fields: Vec::new(),
        _keep: Vec::new(),
    }
}

/// An upstream that lies in HTTP/2.
pub(super) fn frames(
    greeting: Vec<u8>,
    reply: impl Fn(u32) -> (Vec<u8>, bool) + Send + Sync + 'static,
) -> Scene {
    let liar = Liar::start(greeting, reply);
    let site = format!(
        "hosts = [\"*\"]\n[upstream]\nurl = \"http://{}\"\nhttp2 = true\n{TIGHT}",
        liar.address
    );
    Scene {
        proxy: Setup::new("").site("shop", &site).start(),
        origin: None,
        fields: Vec::new(),
        _keep: vec![Box::new(liar)],
    }
}

/// What nobody should come to see.
pub(super) fn never() -> Script {
    answer(ok("the handshake should have failed"))
}

pub(super) fn half_a_head_then(end: Step) -> Script {
    after_request([Step::Send(b"HTTP/1.1 200 OK\r\nContent-Le".to_vec()), end])
}

/// A chunked response that never ends.
pub(super) fn chunked() -> Vec<u8> {
    [
        head("200 OK", &["Transfer-Encoding: chunked"]),
        chunk(&[b'x'; 2000]),
    ]
    .concat()
}

/// A response without its last bytes, and then this.
pub(super) fn cut(mut bytes: Vec<u8>, missing: usize, end: Step) -> Scene {
    bytes.truncate(bytes.len() - missing);
    before(after_request([Step::Send(bytes), end]))
}

pub(super) fn saying(status: &str) -> Scene {
    let fields = [
        "Content-Type: text/html",
        "Set-Cookie: a=b",
        "X-Powered-By: app",
    ];
    before(answer(response(
        status,
        &fields,
        b"<h1>the application's own words</h1>",
    )))
}

/// Learns from a first request what the proxy calls itself.
pub(super) fn looping() -> Scene {
    let mut scene = before(answer(ok("forwarded")));
    let origin = scene.origin.as_ref().expect("this scene has an origin");
    scene.proxy.get("/learn");
    let via = origin
        .request("/learn")
        .head
        .field("via")
        .expect("the proxy names itself");
    scene.fields.push(("via".to_owned(), via));
    scene
}
