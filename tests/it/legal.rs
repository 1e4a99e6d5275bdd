//! The imprint and the privacy notice: ours on every site that has them, whatever its origin does.

use crate::support::{
    check::checked,
    clients::{Ask, Protocol},
    origin::Origin,
    places::Refusing,
    proxy::{Proxy, Setup, catch_all},
    script::{answer, ok},
};

const BRAND: &str = "[brand]\nname = \"Blumen Krause\"\nimprint_file = \"impressum.md\"\n\
                     [fallback]\nlanguage = \"de\"\n";
const IMPRINT: &str = "# Impressum\n\nKatrin Krause, <hallo@blumen.example>\n";
const PATH: &str = "/.intermission/imprint";

fn start(upstream: &str) -> Proxy {
    let setup = Setup::new("").site("shop", &catch_all(upstream, BRAND));
    setup.file("sites/impressum.md", IMPRINT).start()
}

#[test]
fn the_imprint_is_there_while_the_origin_is_down_and_while_it_is_well() {
    let down = Refusing::start();
    let well = Origin::always(answer(ok("well")));
    for upstream in [format!("http://{}", down.address), well.url()] {
        let proxy = start(&upstream);
        for protocol in [Protocol::H1, Protocol::H2] {
            let answer = proxy.ask(&Ask::get(PATH), protocol);
            assert_eq!(answer.head.status(), 200);
            assert_eq!(
                answer.head.field("content-type").as_deref(),
                Some("text/html; charset=utf-8")
            );
            assert_eq!(answer.head.field("content-language").as_deref(), Some("de"));
            assert_eq!(
                answer.head.field("cache-control").as_deref(),
                Some("no-store")
            );
            assert_eq!(answer.head.field("set-cookie"), None);
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            assert!(body.contains("<h1>Impressum</h1>"), "{body}");
            assert!(body.contains("Blumen Krause"), "{body}");
        }
    }
    assert_eq!(well.requests().len(), 0);
    let proxy = start(&format!("http://{}", down.address));
    let page = proxy.ask(&Ask::get("/").with("accept", "text/html"), Protocol::H1);
    let page = String::from_utf8_lossy(&page.body).into_owned();
    assert!(page.contains("href=\"/.intermission/imprint\""), "{page}");
    assert!(!page.contains("/.intermission/privacy"), "{page}");
}

#[test]
fn legal_texts_can_only_be_read_and_only_where_there_are_any() {
    let down = Refusing::start();
    let proxy = start(&format!("http://{}", down.address));
    let get = proxy.get(PATH);
    let head = proxy.ask(&Ask::new("HEAD", PATH), Protocol::H1);
    assert_eq!(head.head.status(), 200);
    assert!(head.body.is_empty());
    assert_eq!(
        head.head.field("content-length"),
        get.head.field("content-length")
    );
    let post = proxy.ask(&Ask::new("POST", PATH).body("x"), Protocol::H1);
    assert_eq!(post.head.status(), 405);
    assert_eq!(post.head.field("allow").as_deref(), Some("GET, HEAD"));
    assert_eq!(proxy.get("/.intermission/privacy").head.status(), 404);
    assert_eq!(proxy.get("/.intermission/imprint/").head.status(), 404);
}

#[test]
fn what_is_wrong_with_a_legal_text_is_said_with_its_line() {
    let check = |key: &str, text: &str| {
        let site = format!("[brand]\nimprint_file = \"impressum.md\"\n{key}");
        let setup = Setup::new("").site("shop", &catch_all("http://127.0.0.1:9", &site));
        checked(setup.file("sites/impressum.md", text).path())
    };
    let risky = "# Impressum\n\n<b>Krause</b>\n\n![logo](https://cdn.example/a.png)\n\n\
                 [x](javascript:x) [y](/shop)\n";
    insta::assert_snapshot!(
        [
            check("", risky),
            check("", " \n"),
            check("privacy_file = \"missing.md\"\n", "x"),
        ]
        .concat()
    );
}

#[test]
fn a_german_site_without_an_imprint_is_warned() {
    let site = catch_all(
        "http://127.0.0.1:9",
        "[page.de]\nheadline = \"Gleich zurück\"\n",
    );
    insta::assert_snapshot!(checked(Setup::new("").site("shop", &site).path()));
}
