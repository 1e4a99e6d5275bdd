//! The page of an owner who brings a template (`fallback.template`): from the template to HTML and
//! the security policy that fits it.
//!
//! Templates are tried with every page there can be before a configuration is used, see
//! [`complaints`]. Should one fail nevertheless, the built-in page answers in its place.

use std::io;

use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, Value, context};

use super::{
    PageError,
    brand::{Brand, Contact, lines},
    key::{Cause, PageKey},
    language::{Words, words_in},
    legal::legal_links,
    render::{Html, Renderer, eta},
    returning::return_bar,
};
use crate::{
    config::spec::{LinkSpec, OwnPage, PageTextSpec, SiteSpec, TemplateSpec},
    failure::chain,
    markup::policy::{PolicyError, policy},
};

/// Steps of the template engine: a page of any sensible length takes some thousands.
const FUEL: u64 = 100_000;
/// The longest page: all files, written as text, and as much again.
const LONGEST: usize = 4 * 1024 * 1024;

/// The pages of a site with a template.
pub(super) struct Custom<'a> {
    site: &'a SiteSpec,
    template: &'a TemplateSpec,
    environment: Environment<'a>,
    files: Value,
    built_in: Renderer,
}

/// Why a template gives no page.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// It is wrong, or does not come to its end.
    #[error("the template failed")]
    Failed(#[from] minijinja::Error),
    /// It prints more than a page may have.
    #[error("the page is longer than 4 MiB")]
    TooLong,
    /// The part that leads back to the site is wrong.
    #[error("the return bar cannot be rendered")]
    ReturnBar(#[from] askama::Error),
    /// The page would not work under any policy.
    #[error("the page does not stand alone")]
    Policy(#[from] PolicyError),
}

/// What is wrong with a template: found when it is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The line of the template, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub way_out: &'static str,
}

impl<'a> Custom<'a> {
    /// `None` for a site without a template.
    pub(super) fn new(site: &'a SiteSpec) -> Result<Option<Self>, PageError> {
        let Some(OwnPage::Template(template)) = &site.own.page else {
            return Ok(None);
        };
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        let files = template.files.iter().cloned();
        Ok(Some(Self {
            site,
            template,
            environment,
            files: files.map(Value::from_safe_string).collect(),
            built_in: Renderer::new(site)?,
        }))
    }

    /// One page; the built-in one where the template fails.
    pub(super) fn page(&self, key: PageKey) -> Result<Html, PageError> {
        match self.own_page(key) {
            Ok(html) => Ok(html),
            Err(error) => {
                let (site, file) = (&self.site.name, &self.template.file);
                let error = chain(&error);
                tracing::error!(
                    site,
                    file,
                    error,
                    "the template failed: the built-in page is shown"
                );
                Ok(self.built_in.page(key)?)
            }
        }
    }

    fn own_page(&self, key: PageKey) -> Result<Html, TemplateError> {
        let text = &self.template.text;
        let template = self
            .environment
            .template_from_named_str(&self.template.file, text)?;
        let words = words_in(key.language, self.site.brand.tone);
        let mut page = Bounded(Vec::new());
        let rendered =
            template.render_captured_to(self.variables(key, return_bar(key, words)?), &mut page);
        if page.0.len() > LONGEST {
            return Err(TemplateError::TooLong);
        }
        rendered?;
        let text = String::from_utf8_lossy(&page.0).into_owned();
        let policy = policy(&text)?;
        Ok(Html { text, policy })
    }

    /// All that a template can print; documented in `docs/pages.md`.
    fn variables(&self, key: PageKey, bar: String) -> Value {
        let words = words_in(key.language, self.site.brand.tone);
        let (headline, paragraphs) = self.built_in.said(key);
        let own = self.built_in.own(key.variant);
        let texts = own.get(&key.language);
        let action = self.built_in.action(own, key.language).map(|action| {
            context! {
                text => action.text,
                url => action.url,
                code => action.code,
                language => action.language,
            }
        });
        let notice = key.submission.notice(words);
        let notice = notice.map(|notice| context! { fact => notice.fact, advice => notice.advice });
        let (imprint, privacy) = legal_links(self.site);
        context! {
            language => words.tag,
            direction => words.direction,
            cause => match key.cause {
                Cause::Outage => "outage",
                Cause::Maintenance => "maintenance",
                Cause::Busy => "busy",
            },
            headline => headline,
            paragraphs => paragraphs,
            notice => notice,
            maintenance_until => key.until.map(|until| until.rfc3339()),
            eta => texts.and_then(|texts| eta(key, texts)),
            still_works => texts.map(|texts| texts.still_works.clone()).unwrap_or_default(),
            action => action,
            brand => brand(self.site, self.built_in.brand(), texts),
            words => phrases(words),
            imprint => imprint.then_some("/.intermission/imprint"),
            privacy => privacy.then_some("/.intermission/privacy"),
            return_bar => Value::from_safe_string(bar),
            _files => self.files.clone(),
        }
    }
}

/// Takes a little more than is allowed, and then no more.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if self.0.len() > LONGEST {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn brand(site: &SiteSpec, brand: &Brand, texts: Option<&PageTextSpec>) -> Value {
    let contact = |contact: &Contact| context! { text => &contact.text, url => &contact.url };
    let links = |links: &[LinkSpec]| -> Vec<Value> {
        let links = links.iter();
        links
            .map(|link| context! { text => &link.text, url => &link.url })
            .collect()
    };
    let color = site.brand.color;
    let hours = texts.and_then(|texts| texts.hours.as_deref()).map(lines);
    context! {
        name => &brand.name,
        logo => &brand.logo,
        logo_dark => &brand.logo_dark,
        favicon => &brand.favicon,
        color => color.map(|color| format!("#{:02x}{:02x}{:02x}", color.r, color.g, color.b)),
        phone => brand.phone.as_ref().map(contact),
        email => brand.email.as_ref().map(contact),
        chat => brand.chat.as_ref().map(contact),
        address => &brand.address,
        hours => hours.unwrap_or_else(|| brand.hours.clone()),
        status_page => &brand.status_page,
        links => links(&brand.links),
        social => links(&brand.social),
    }
}

fn phrases(words: &Words) -> Value {
    context! {
        try_now => words.returning.try_now,
        expected_back => words.expected_back,
        contact => words.contact,
        phone => words.phone,
        email => words.email,
        chat => words.chat,
        address => words.address,
        hours => words.hours_open,
        still_works => words.still_works,
        meanwhile => words.meanwhile,
        follow => words.follow,
        status_page => words.status_page,
        voucher => words.voucher,
        imprint => words.imprint,
        privacy => words.privacy,
    }
}

/// Tries a site's template with every page there can be.
#[must_use]
pub fn complaints(site: &SiteSpec) -> Vec<Complaint> {
    let Ok(Some(custom)) = Custom::new(site) else {
        return Vec::new();
    };
    let mut found: Vec<Complaint> = Vec::new();
    for key in PageKey::of(site) {
        if let Err(error) = custom.own_page(key) {
            let complaint = complaint(&error);
            if !found.contains(&complaint) {
                found.push(complaint);
            }
            // The others would take as long, and say the same.
            if matches!(&error, TemplateError::Failed(error) if error.kind() == ErrorKind::OutOfFuel)
            {
                break;
            }
        }
    }
    found
}

fn complaint(error: &TemplateError) -> Complaint {
    let (line, problem, way_out) = match error {
        TemplateError::Failed(error) => (error.line(), said(error), way_out(error.kind())),
        // A defect of ours, which no template can help.
        TemplateError::ReturnBar(_) => (None, error.to_string(), "please report it"),
        TemplateError::TooLong => (
            None,
            error.to_string(),
            "print less: every visitor loads all of it",
        ),
        TemplateError::Policy(error) => (
            None,
            error.to_string(),
            "write addresses out in the template, so that their files become part of the page",
        ),
    };
    Complaint {
        line,
        problem,
        way_out,
    }
}

fn said(error: &minijinja::Error) -> String {
    let kind = error.kind().to_string();
    match error.detail() {
        Some(detail) => format!("{kind}: {detail}"),
        None => kind,
    }
}

fn way_out(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::OutOfFuel => "let loops end: the template takes more steps than any page needs",
        ErrorKind::UndefinedError => "docs/pages.md lists the variables that there are",
        _ => "see docs/pages.md for what a template can do",
    }
}

#[cfg(test)]
mod tests;
