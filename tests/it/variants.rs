//! Pages with other words for some visitors.

use crate::support::{
    clients::{Ask, Protocol},
    places::Refusing,
    proxy::Proxy,
};

const SITE: &str = r#"
[page.en]
headline = "The usual headline"
message = "The usual message"

[[page.variant]]
path = "/sale"
utm_campaign = "winter sale"
en = { headline = "The winter sale" }

[[page.variant]]
host = "*.b2b.test"
en = { headline = "For our partners", message = "Call your contact." }

[[page.variant]]
utm_source = ["newsletter", "flyer"]
until = 2020-01-01T00:00:00Z
en = { headline = "Long over" }

[[page.variant]]
utm_source = ["newsletter", "flyer"]
de = { headline = "Nur auf Deutsch" }
"#;

#[test]
fn visitors_see_the_first_variant_that_is_for_them_and_nothing_they_sent() {
    let port = Refusing::start();
    let proxy = Proxy::before(&format!("http://{}", port.address), SITE);
    let page = |host: &str, target: &str, language: &str| {
        let ask = Ask::get(target)
            .host(host)
            .with("accept", "text/html")
            .with("accept-language", language);
        String::from_utf8(proxy.ask(&ask, Protocol::H1).body).unwrap()
    };
    for (host, target, language, headline) in [
        ("shop.test", "/", "en", "The usual headline"),
        (
            "shop.test",
            "/sale/x?a=b&utm_campaign=winter+sale",
            "en",
            "The winter sale",
        ),
        (
            "shop.test",
            "/sales?utm_campaign=winter+sale",
            "en",
            "The usual headline",
        ),
        ("shop.test", "/sale", "en", "The usual headline"),
        ("a.b2b.test:8080", "/", "en", "For our partners"),
        (
            "shop.test",
            "/?utm_source=flyer",
            "en",
            "The usual headline",
        ),
        ("shop.test", "/?utm_source=flyer", "de", "Nur auf Deutsch"),
    ] {
        let page = page(host, target, language);
        let found = page.contains(&format!("{headline}</h1>"));
        assert!(found, "{host} {target} {language}: {headline}\n{page}");
    }
    let sale = page(
        "shop.test",
        "/sale?utm_campaign=winter%20sale&utm_content=evilword",
        "en",
    );
    assert!(
        sale.contains("The usual message"),
        "what it does not say is said as usual"
    );
    assert!(!sale.contains("evilword"));
}
