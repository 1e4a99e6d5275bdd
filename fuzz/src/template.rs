//! A template of the owner's own.

use std::cell::OnceCell;

use intermission::page::custom::complaints;

use super::{
    input::Files,
    page::{outage, page_of},
};

const SITE: &str = r#"
hosts = ["*"]
upstream = "http://127.0.0.1:9"
[brand]
name = "<script>hostile('brand')</script>&\"'"
email = "us@shop.example"
phone = "+49 30 1234"
[page.en]
headline = "<img src=hostile onerror=hostile(1)>"
message = "\" onload=\"hostile(1)"
[fallback]
template = "page.html"
languages = ["en"]
language = "en"
"#;

thread_local! {
    static FILES: OnceCell<Files> = const { OnceCell::new() };
}

/// A template that is accepted gives a page under a policy that fits it, and what it prints of the
/// owner's words is text.
pub fn check(data: &[u8]) {
    FILES.with(|files| {
        let files = files.get_or_init(|| {
            let files = Files::new();
            files.write("sites/shop.toml", SITE);
            files
        });
        files.write("sites/page.html", data);
        let Some(site) = files.site() else {
            return;
        };
        let complaints = complaints(&site);
        for complaint in &complaints {
            assert!(!complaint.problem.is_empty() && !complaint.way_out.is_empty());
        }
        // Where a template complains, the built-in page is shown: that is for `page` to look at.
        if !complaints.is_empty() {
            return;
        }
        let html = page_of(&site, &outage());
        let template = String::from_utf8_lossy(data);
        // Owners may print what they like, if they say so themselves.
        let says_so = ["safe", "autoescape", "hostile"];
        if !says_so.iter().any(|word| template.contains(word)) {
            for word in ["<script>hostile", "<img src=hostile", "\" onload=\"hostile"] {
                assert!(!html.contains(word), "{word} in {html}");
            }
        }
    });
}
