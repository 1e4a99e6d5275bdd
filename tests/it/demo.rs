//! `intermission demo`, as a newcomer meets it: every way to break the shop keeps the control page's
//! promise.

use std::{net::SocketAddr, process::Command};

use rustix::process::Signal;

use crate::support::{
    at_once,
    clients::{Ask, Kind, Protocol},
    eventually,
    h1::{Client, End, Response},
    line::Ended,
    process::Process,
    proxy::BINARY,
};

/// The running demo and what it has said of itself.
struct Demo {
    process: Process,
    shop: SocketAddr,
    control: SocketAddr,
    direct: SocketAddr,
    admin: SocketAddr,
}

impl Demo {
    /// Another demo may take the same free port in the same moment: then this one says so and ends,
    /// and is started again.
    fn start() -> Self {
        eventually("the demo starts", Self::try_start)
    }

    fn try_start() -> Option<Self> {
        let mut process = Process::start(Command::new(BINARY).args(["demo", "--log"]), true);
        let addresses = eventually("it says where everything is, or ends", || match introduced(
            &process.stdout(),
        ) {
            Some(addresses) => Some(Some(addresses)),
            None => process.has_ended().map(|_| None),
        });
        let Some([shop, control, direct, admin]) = addresses else {
            process.wait();
            let said = process.stderr().join("\n");
            assert!(said.contains("in use"), "{said}");
            return None;
        };
        Some(Self {
            process,
            shop,
            control,
            direct,
            admin,
        })
    }

    /// Presses a button of the control page, as curl does.
    fn turn(&self, mode: &str) {
        let answer = Ask::new("POST", &format!("/mode/{mode}")).ask(self.control, Protocol::H1);
        assert_eq!(
            (answer.head.status(), text(&answer)),
            (200, format!("{mode}\n"))
        );
    }

    /// Waits until the shop is found healthy again.
    fn returns(&self) {
        eventually("the shop is back", || {
            (self.ask(&Ask::get("/")).head.status() == 200).then_some(())
        });
    }

    /// What the shop's visitor gets.
    fn ask(&self, ask: &Ask) -> Response {
        ask.ask(self.shop, Protocol::H1)
    }

    /// What the control page says of a mode.
    fn promise(&self, mode: &str) -> String {
        let page = text(&Ask::get("/").ask(self.control, Protocol::H1));
        let about = format!("id=\"about-{mode}\">");
        let promise = page
            .split(&about)
            .nth(1)
            .and_then(|rest| rest.split("</li>").next());
        promise.expect("a word about every mode").to_owned()
    }
}

/// The four addresses it prints, once all are there.
fn introduced(said: &[String]) -> Option<[SocketAddr; 4]> {
    Some([
        address(said, "the shop, through the proxy")?,
        address(said, "break it and repair it")?,
        address(said, "the shop itself")?,
        address(said, "what the proxy has counted")?,
    ])
}

/// The address in the line that begins with these words.
fn address(said: &[String], what: &str) -> Option<SocketAddr> {
    let line = said
        .iter()
        .find(|line| line.trim_start().starts_with(what))?;
    let address = line.split("http://").nth(1)?.split('/').next()?;
    address.trim().parse().ok()
}

fn text(response: &Response) -> String {
    String::from_utf8_lossy(&response.body).into_owned()
}

fn field(response: &Response, name: &str) -> String {
    response.head.field(name).unwrap_or_default()
}

#[test]
fn it_says_where_everything_is() {
    let demo = Demo::start();
    for address in [demo.shop, demo.control, demo.direct] {
        let answer = Ask::get("/").ask(address, Protocol::H1);
        assert_eq!((answer.head.status(), answer.end), (200, End::Complete));
        assert!(field(&answer, "content-type").starts_with("text/html"));
        assert!(address.ip().is_loopback());
    }
    let metrics = Ask::get("/metrics")
        .host("localhost")
        .ask(demo.admin, Protocol::H1);
    assert!(text(&metrics).contains("intermission_"));
    let said = demo.process.stdout().join("\n");
    assert!(
        said.contains(&format!(
            "curl -X POST http://{}/mode/refused",
            demo.control
        )),
        "{said}"
    );
}

#[test]
fn a_healthy_shop_is_the_same_through_the_proxy() {
    let demo = Demo::start();
    for path in [
        "/",
        "/about",
        "/shop.css",
        "/meadow.png",
        "/api/products",
        "/robots.txt",
        "/nowhere",
    ] {
        let [through, direct] =
            [demo.shop, demo.direct].map(|address| Ask::get(path).ask(address, Protocol::H1));
        assert_eq!(through.head.status(), direct.head.status(), "{path}");
        assert_eq!(through.body, direct.body, "{path}");
        assert_eq!(
            field(&through, "content-type"),
            field(&direct, "content-type"),
            "{path}"
        );
    }
}

/// What each kind of visitor gets in a mode.
enum Expected {
    /// The branded page and its like, for this cause.
    Ours(&'static str),
    /// As `Ours`, but the application's JSON passes.
    Replaced(u16),
    /// The application's own answer.
    Own(u16),
}

/// The modes in which nothing of the shop is to be had.
const BROKEN: [(&str, Expected); 8] = [
    ("refused", Expected::Ours("connection_refused")),
    ("hanging", Expected::Ours("connection_read_timeout")),
    ("reset", Expected::Ours("connection_terminated")),
    ("garbage", Expected::Ours("http_protocol_error")),
    ("500", Expected::Own(500)),
    ("502", Expected::Replaced(502)),
    ("503", Expected::Replaced(503)),
    ("504", Expected::Replaced(504)),
];

const KINDS: [(Kind, &str); 3] = [
    (Kind::Navigation, "/page"),
    (Kind::Json, "/api/products"),
    (Kind::Image, "/meadow.png"),
];

#[test]
fn each_way_to_break_the_shop_keeps_its_promise() {
    let demo = Demo::start();
    for (mode, expected) in BROKEN {
        demo.turn(mode);
        let answers = at_once(KINDS.len(), |at| {
            let (kind, path) = KINDS[at];
            demo.ask(&Ask::get(&format!("{path}?{mode}=")).by(kind))
        });
        for ((kind, path), answer) in KINDS.into_iter().zip(answers) {
            assert_eq!(answer.end, End::Complete, "{mode} {kind:?}");
            assert_answer(&expected, kind, &answer, mode);
            if let Expected::Ours(cause) = expected {
                assert_recorded(&demo, &format!("{path}?{mode}=* "), cause);
                assert!(
                    demo.promise(mode).contains(&format!("says {cause}")),
                    "{mode}"
                );
            }
        }
        demo.turn("healthy");
        demo.returns();
    }
}

fn assert_answer(expected: &Expected, kind: Kind, answer: &Response, mode: &str) {
    let what = format!("{mode} {kind:?}: {:?}", answer.head);
    let status = match expected {
        Expected::Ours(cause) => {
            assert_eq!(
                field(answer, "proxy-status"),
                format!("intermission; error={cause}"),
                "{what}"
            );
            None
        }
        Expected::Replaced(own) if kind == Kind::Json => Some(*own),
        Expected::Replaced(own) => {
            let told = format!("intermission; received-status={own}");
            assert_eq!(field(answer, "proxy-status"), told, "{what}");
            None
        }
        Expected::Own(own) => Some(*own),
    };
    if let Some(own) = status {
        assert_eq!(answer.head.status(), own, "{what}");
        assert_eq!(field(answer, "retry-after"), "", "{what}");
        return;
    }
    assert_eq!(answer.head.status(), 503, "{what}");
    assert!(!field(answer, "retry-after").is_empty(), "{what}");
    assert!(
        field(answer, "content-type").starts_with(kind.media_type()),
        "{what}"
    );
    assert_eq!(answer.body.is_empty(), kind == Kind::Image, "{what}");
    if kind == Kind::Navigation {
        let page = text(answer);
        assert!(
            page.contains("Blumen Krause") && page.contains("+49 30 1234567"),
            "{what}"
        );
        assert!(!page.contains("SSH-2.0"), "{what}");
    }
}

/// The access record of the only request with these words in it.
fn assert_recorded(demo: &Demo, words: &str, cause: &str) {
    let record = eventually(&format!("a record with {words}"), || {
        let mut said = demo.process.stdout().into_iter();
        said.find(|line| line.contains(words))
    });
    assert!(record.contains(&format!(" {cause} ")), "{record}");
}

#[test]
fn a_slow_shop_is_late_and_not_down() {
    let demo = Demo::start();
    let promise = demo.promise("slow");
    assert!(
        promise.contains("The shop, ") && promise.contains(" late"),
        "{promise}"
    );
    let well = demo.ask(&Ask::get("/"));
    demo.turn("slow");
    let late = demo.ask(&Ask::get("/").by(Kind::Navigation));
    assert_eq!(late.head.status(), 200, "{:?}", late.head);
    assert_eq!(text(&late), text(&well));
}

#[test]
fn a_slow_shop_comes_back_from_an_outage() {
    let demo = Demo::start();
    demo.turn("refused");
    eventually("the shop is gone", || {
        (demo.ask(&Ask::get("/")).head.status() == 503).then_some(())
    });
    demo.turn("slow");
    eventually("a probe of the slow shop passes", || {
        let sites = text(
            &Ask::get("/sites")
                .host("localhost")
                .ask(demo.admin, Protocol::H1),
        );
        sites.contains("\"probe\":\"passed\"").then_some(())
    });
    demo.returns();
}

#[test]
fn a_truncated_answer_is_cut_and_recorded() {
    let demo = Demo::start();
    demo.turn("truncated");
    let answer = demo.ask(&Ask::get("/?cut").by(Kind::Navigation));
    assert_eq!(answer.head.status(), 200);
    assert!(
        matches!(answer.end, End::Cut | End::Reset),
        "{:?}",
        answer.end
    );
    assert!(Some(answer.body_length) < answer.head.content_length());
    assert_recorded(&demo, " /?cut ", "http_response_incomplete");
    assert!(
        demo.promise("truncated")
            .contains("http_response_incomplete")
    );
    demo.turn("healthy");
    assert_eq!(demo.ask(&Ask::get("/")).end, End::Complete);
}

#[test]
fn what_crawlers_read_is_never_a_page_in_an_outage() {
    let demo = Demo::start();
    demo.turn("refused");
    for path in ["/robots.txt", "/sitemap.xml", "/favicon.ico"] {
        for kind in [None, Some(Kind::Navigation)] {
            let ask = Ask::get(path);
            let answer = demo.ask(&kind.map_or(ask.clone(), |kind| ask.by(kind)));
            assert_eq!(
                (answer.head.status(), answer.end),
                (503, End::Complete),
                "{path}"
            );
            assert!(!field(&answer, "retry-after").is_empty(), "{path}");
            assert!(!field(&answer, "content-type").contains("html"), "{path}");
            assert!(!text(&answer).contains('<'), "{path}");
        }
    }
    demo.turn("healthy");
    demo.returns();
    assert!(text(&demo.ask(&Ask::get("/robots.txt"))).contains("Sitemap:"));
}

#[test]
fn a_form_is_taken_by_a_healthy_shop_and_not_processed_by_a_broken_one() {
    let demo = Demo::start();
    let form = Ask::new("POST", "/contact")
        .by(Kind::Navigation)
        .with("content-type", "application/x-www-form-urlencoded")
        .body("name=Anna&message=Tulips");
    let taken = demo.ask(&form);
    assert_eq!(taken.head.status(), 200);
    assert!(text(&taken).contains("Anna"));
    demo.turn("refused");
    let refused = demo.ask(&form);
    assert_eq!((refused.head.status(), refused.end), (503, End::Complete));
}

#[test]
fn the_echo_and_the_events_pass_through_the_proxy() {
    let demo = Demo::start();
    let mut echo = Client::connect(demo.shop);
    let shaken = echo.ask(
        "GET /echo HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    assert_eq!(shaken.head.status(), 101);
    assert_eq!(
        field(&shaken, "sec-websocket-accept"),
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    );
    for word in ["tulips", "roses", "daisies"] {
        echo.send(masked(word)).expect_bytes(&plain(word));
    }

    let mut events = Client::connect(demo.shop);
    events.send("GET /events HTTP/1.1\r\nHost: shop.test\r\nAccept: text/event-stream\r\n\r\n");
    let head = events.response_head();
    assert_eq!(head.head.status(), 200);
    assert!(field(&head, "content-type").starts_with("text/event-stream"));
    // The second comes while the stream goes on: nothing is kept back.
    while !String::from_utf8_lossy(&events.line.unread).contains("\"tick\":2}") {
        events.line.read_more().expect("an open stream");
    }
    // Both end with their origin.
    demo.turn("refused");
    assert_ne!(echo.ended(), Ended::GivenUp);
    assert_ne!(events.ended(), Ended::GivenUp);
}

/// A whole text message, as a client sends it (RFC 6455 section 5.2).
fn masked(word: &str) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let length = u8::try_from(word.len()).expect("a short word");
    let letters = word.bytes().zip(MASK.into_iter().cycle());
    [0x81, 0x80 | length]
        .into_iter()
        .chain(MASK)
        .chain(letters.map(|(letter, mask)| letter ^ mask))
        .collect()
}

/// The same, as a server sends it.
fn plain(word: &str) -> Vec<u8> {
    let length = u8::try_from(word.len()).expect("a short word");
    [0x81, length].into_iter().chain(word.bytes()).collect()
}

#[test]
fn an_interrupt_ends_it_in_good_order() {
    for mode in ["healthy", "refused", "hanging"] {
        let mut demo = Demo::start();
        demo.ask(&Ask::get("/"));
        demo.turn(mode);
        demo.process.signal(Signal::INT);
        assert_eq!(demo.process.wait().code(), Some(0), "{mode}");
    }
}
