//! Pages that owners bring: what is wrong with a template is said with its place, a good one is
//! shown by a real browser without a complaint, and a bad one never replaces a good one.

use rustix::process::Signal;

use crate::{
    browser,
    support::{
        check::checked,
        clients::{Ask, Protocol},
        eventually,
        places::Refusing,
        proxy::{Setup, catch_all},
    },
};

const TEMPLATE: &str = "[fallback]\ntemplate = \"page.html\"\n";

/// What `check` says of a site with this template, and these files beside it.
fn check(template: &str, files: &[(&str, &[u8])]) -> String {
    let setup = Setup::new("").site("shop", &catch_all("http://127.0.0.1:9", TEMPLATE));
    let setup = setup.file("sites/page.html", template);
    for (name, bytes) in files {
        let path = setup.path().join("sites").join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, bytes).expect("a file");
    }
    checked(setup.path())
}

#[test]
fn what_is_wrong_with_a_template_is_said_with_its_line() {
    let shown = [
        "<h1>{{ headlin }}</h1>\n",
        "<h1>\n{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}\n",
        "<p>\n<p>{% if %}\n",
        "<style>@media print{#nav{display:none}}</style>\n",
        "{% include \"other.html\" %}\n",
        "<p>{{ '<img src=\"https://cdn.example/a.png\">'|safe }}\n",
    ]
    .map(|template| check(template, &[]));
    insta::assert_snapshot!(shown.concat());
}

#[test]
fn what_cannot_become_part_of_the_page_is_said_with_its_line() {
    let template = "<!doctype html>\n<link rel=\"stylesheet\" href=\"css/page.css\">\n\
                    <link rel=\"stylesheet\" href=\"https://cdn.example/a.css\">\n\
                    <script src=\"//cdn.example/a.js\"></script>\n<img src=\"missing.png\">\n\
                    <img src=\"text.txt\"><img src=\"../shop.toml\">\n<img src=\"{{ cause }}.png\">\n\
                    <p onclick=\"go()\"><a href=\"javascript:go()\">x</a>\n\
                    <iframe src=\"x.html\"></iframe><base href=\"/x\">\n\
                    <meta http-equiv=\"refresh\" content=\"5\"><link rel=\"preconnect\" href=\"/\">\n";
    let css = b"@import \"https://fonts.example/a.css\";\na { b: url(../missing.woff2) }\n";
    let shown = check(template, &[("css/page.css", css), ("text.txt", b"x")]);
    insta::assert_snapshot!(shown);
}

#[test]
fn files_beyond_the_limit_are_refused() {
    let large = vec![b'x'; 800 * 1024];
    let shown = check(
        "<img src=\"a.png\">\n<img src=\"b.png\">\n",
        &[("a.png", &large), ("b.png", &large)],
    );
    insta::assert_snapshot!(shown);
    let huge = "x".repeat(256 * 1024 + 1);
    insta::assert_snapshot!("a_template_beyond_the_limit", check(&huge, &[]));
}

#[test]
fn a_page_of_the_site_needs_a_path_and_stands_alone() {
    let setup = |fallback: &str| {
        let site = catch_all("http://127.0.0.1:9", &format!("[fallback]\n{fallback}"));
        checked(
            Setup::new("")
                .site("shop", &site)
                .file("sites/page.html", "x")
                .path(),
        )
    };
    let shown = [
        setup("snapshot = \"https://shop.example/\"\n"),
        setup("snapshot = \"/a b\"\n"),
        setup("template = \"page.html\"\nsnapshot = \"/a\"\n"),
        setup("template = \"missing.html\"\n"),
    ];
    insta::assert_snapshot!(shown.concat());
}

const PAGE: &str = "<!doctype html>\n<html lang=\"{{ language }}\"><head><title>{{ headline }}</title>\n\
    <link rel=\"stylesheet\" href=\"css/page.css\"><link rel=\"icon\" href=\"dot.svg\"></head>\n\
    <body style=\"margin:0\"><main><h1>{{ brand.name }}</h1><img src=\"dot.svg\" alt=\"dot\">\n\
    <p id=\"said\">-</p>{{ return_bar }}</main><script src=\"say.js\"></script></body></html>\n";

/// A template with one of everything, in front of nothing.
fn site_with_page() -> (Setup, Refusing) {
    let port = Refusing::start();
    let brand = format!("{TEMPLATE}language = \"en\"\n[brand]\nname = \"Blumen Krause\"\n");
    let site = catch_all(&format!("http://{}", port.address), &brand);
    let setup = Setup::new("").site("shop", &site);
    std::fs::create_dir_all(setup.path().join("sites/css")).expect("a directory");
    let dot = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"20\" height=\"20\"><circle r=\"9\"/></svg>";
    let setup = setup
        .file("sites/page.html", PAGE)
        .file(
            "sites/css/page.css",
            "@import \"more.css\";\nh1 { background: url(../dot.svg) }\n",
        )
        .file("sites/css/more.css", "h1 { color: rgb(10, 122, 92) }\n")
        .file("sites/dot.svg", dot)
        .file(
            "sites/say.js",
            "document.getElementById('said').textContent = 'it ran'\n",
        );
    (setup, port)
}

#[test]
fn a_template_is_shown_with_its_files_and_without_a_complaint() {
    let (setup, _port) = site_with_page();
    let proxy = setup.start();
    let answer = proxy.ask(
        &Ask::get("/some/page").with("accept", "text/html"),
        Protocol::H1,
    );
    assert_eq!(answer.head.status(), 503);
    let (_driver, url) = browser::driver();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let seen = runtime.expect("a runtime").block_on(async {
        let browser = thirtyfour::WebDriver::new(&url, browser::capabilities()).await;
        let browser = browser.expect("a browser");
        let page = format!("http://{}/some/page", proxy.address);
        let seen = browser::look(&browser, &page).await;
        browser.quit().await.expect("the browser closes");
        seen
    });
    assert!(seen.title.contains("right back"), "{}", seen.title);
    assert!(seen.text.contains("Blumen Krause"), "{}", seen.text);
    assert!(seen.text.contains("it ran"), "{}", seen.text);
    // The browser itself notes the status; the page must add nothing to it.
    let mut console = seen.console;
    console.retain(|line| !line.contains("503"));
    assert!(console.is_empty(), "{console:?}");
    let records = proxy.records();
    let paths: Vec<_> = records.iter().map(|record| &record["url.path"]).collect();
    assert!(paths.iter().all(|path| *path == "/some/page"), "{paths:?}");
}

#[test]
fn a_reload_with_a_broken_template_keeps_the_page() {
    let (setup, _port) = site_with_page();
    let proxy = setup.start();
    let page = || {
        let answer = proxy.ask(&Ask::get("/").with("accept", "text/html"), Protocol::H1);
        String::from_utf8_lossy(&answer.body).into_owned()
    };
    assert!(page().contains("id=\"said\""));
    proxy.write("sites/page.html", "{{ nothing }}");
    proxy.signal(Signal::HUP);
    proxy.logged(&["fallback.template", "undefined"]);
    proxy.logged(&["reload refused"]);
    assert!(page().contains("id=\"said\""));
    proxy.write("sites/page.html", "<p>the new page</p>");
    proxy.signal(Signal::HUP);
    eventually("the new page", || {
        page().contains("the new page").then_some(())
    });
}

#[test]
fn a_changed_file_of_a_template_counts_after_a_reload() {
    let (setup, _port) = site_with_page();
    let proxy = setup.start();
    proxy.write("sites/css/more.css", "h1 { color: teal }\n");
    proxy.signal(Signal::HUP);
    eventually("the new colour", || {
        let answer = proxy.ask(&Ask::get("/").with("accept", "text/html"), Protocol::H1);
        String::from_utf8_lossy(&answer.body)
            .contains("teal")
            .then_some(())
    });
}
