//! Every page a site can show, to be looked at before an outage shows it: a gallery in the browser
//! that follows the files, or the same as files.
//!
//! Not on the request's way. What is shown comes from [`crate::page`], as it would for a client;
//! nothing is rendered here but the gallery around it.

mod files;
mod lint;
mod sample;
mod serve;
mod site;
mod watch;

use std::sync::Arc;

use askama::Template;
use serde_json::json;

pub use self::{
    files::write,
    serve::{Live, serve},
};
use self::{
    sample::{Kind, Sample, Sent, Why, theme_name},
    site::Shown,
};
use crate::{
    config::spec::{Config, Language, Theme},
    page::PageError,
};

/// A configuration that was read, with what is hardly meant in it, in words.
#[derive(Debug, Clone)]
pub struct Read {
    /// The configuration.
    pub config: Config,
    /// Each with its place and a way out.
    pub warnings: Vec<String>,
}

/// All sites of a configuration.
pub struct Gallery {
    sites: Vec<Shown>,
    warnings: Vec<String>,
    /// Why the files as they are now cannot be shown.
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "preview.html")]
struct Index<'a> {
    data: &'a str,
}

impl Gallery {
    /// Prepares all sites.
    ///
    /// # Errors
    /// When a page cannot be made.
    pub fn new(read: Read) -> Result<Self, PageError> {
        let sites = read.config.sites.iter().map(Shown::new);
        Ok(Self {
            sites: sites.collect::<Result<_, _>>()?,
            warnings: read.warnings,
            problem: None,
        })
    }

    /// The same sites, while the files say nothing that could be shown.
    fn with_problem(
        sites: &[Arc<crate::config::spec::SiteSpec>],
        problem: String,
    ) -> Result<Self, PageError> {
        Ok(Self {
            sites: sites.iter().map(Shown::new).collect::<Result<_, _>>()?,
            warnings: Vec::new(),
            problem: Some(problem),
        })
    }

    fn site(&self, name: &str) -> Option<&Shown> {
        self.sites.iter().find(|site| site.name() == name)
    }

    /// The page that shows all others. `is_live`: whether it can hear of changes.
    fn index(&self, is_live: bool) -> Result<String, askama::Error> {
        let data = json!({
            "live": is_live,
            "problem": self.problem,
            "warnings": self.warnings,
            "themes": Theme::ALL.map(theme_name),
            "kinds": Kind::ALL.map(Kind::name),
            "causes": Why::ALL.map(Why::name),
            "sent": Sent::ALL.map(Sent::name),
            "sites": self.sites.iter().map(described).collect::<Vec<_>>(),
        });
        // Nothing in it can end the element it stands in.
        let data = data.to_string().replace('<', "\\u003c");
        Index { data: &data }.render()
    }
}

fn described(site: &Shown) -> serde_json::Value {
    let language =
        |language: &Language| json!({ "tag": language.tag(), "name": language.endonym() });
    let spec = site.spec();
    json!({
        "name": spec.name,
        "theme": theme_name(spec.brand.theme),
        "language": spec.fallback.language.tag(),
        "languages": spec.fallback.languages.iter().map(language).collect::<Vec<_>>(),
        "words": spec.variants.len(),
        "own": spec.own.page.is_some(),
        "imprint": spec.own.imprint.is_there(),
        "privacy": spec.own.privacy.is_there(),
        "lint": lint::lint(site),
    })
}
