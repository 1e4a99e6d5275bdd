//! What the gallery can show of a site, each with an address of its own: as a file below the
//! site's directory, and as a path below the site's name.

use crate::config::spec::{Language, SiteSpec, Theme};

/// One answer to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sample {
    /// The design.
    pub theme: Theme,
    /// What the client reads.
    pub language: Language,
    /// What the client is, or which legal text it asks for.
    pub kind: Kind,
    /// What is the matter.
    pub why: Why,
    /// What the client sent.
    pub sent: Sent,
    /// Which of the site's variants; `None`: the usual words.
    pub words: Option<usize>,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A person.
    Page,
    /// A person who wants to know who it is.
    Imprint,
    /// A person who wants to know what becomes of their data.
    Privacy,
    /// A program that speaks JSON.
    Json,
    /// A program that wants text.
    Text,
    /// A page for an image.
    Asset,
    /// A gRPC call.
    Grpc,
    /// A page for an event stream.
    EventStream,
    /// A page for a WebSocket.
    WebSocket,
}

/// What is the matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The origin is gone.
    Outage,
    /// It was taken away on purpose.
    Maintenance,
    /// There are more visitors than it can serve.
    Busy,
}

/// What was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// Nothing.
    Nothing,
    /// Something that the origin has not seen.
    Unprocessed,
    /// Something that it may have seen.
    Unknown,
}

impl Kind {
    pub(super) const ALL: [Self; 9] = [
        Self::Page,
        Self::Imprint,
        Self::Privacy,
        Self::Json,
        Self::Text,
        Self::Asset,
        Self::Grpc,
        Self::EventStream,
        Self::WebSocket,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Imprint => "imprint",
            Self::Privacy => "privacy",
            Self::Json => "json",
            Self::Text => "text",
            Self::Asset => "asset",
            Self::Grpc => "grpc",
            Self::EventStream => "event-stream",
            Self::WebSocket => "websocket",
        }
    }

    /// Whether it is shown as it is; others are shown with their fields, as text.
    pub(super) const fn is_html(self) -> bool {
        matches!(self, Self::Page | Self::Imprint | Self::Privacy)
    }
}

impl Why {
    pub(super) const ALL: [Self; 3] = [Self::Outage, Self::Maintenance, Self::Busy];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Outage => "outage",
            Self::Maintenance => "maintenance",
            Self::Busy => "busy",
        }
    }
}

impl Sent {
    pub(super) const ALL: [Self; 3] = [Self::Nothing, Self::Unprocessed, Self::Unknown];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Unprocessed => "unprocessed",
            Self::Unknown => "unknown",
        }
    }
}

/// As it is written in the configuration.
pub(super) const fn theme_name(theme: Theme) -> &'static str {
    match theme {
        Theme::Calm => "calm",
        Theme::Bold => "bold",
        Theme::Plain => "plain",
    }
}

impl Sample {
    /// Everything there is of a site.
    pub(super) fn all(site: &SiteSpec) -> Vec<Self> {
        let mut all = Vec::new();
        let words: Vec<_> = std::iter::once(None)
            .chain((0..site.variants.len()).map(Some))
            .collect();
        for language in site.fallback.languages.iter().copied() {
            let usual = Self {
                theme: site.brand.theme,
                language,
                kind: Kind::Page,
                why: Why::Outage,
                sent: Sent::Nothing,
                words: None,
            };
            for kind in Kind::ALL.into_iter().filter(|kind| is_there(*kind, site)) {
                match kind {
                    Kind::Page => {}
                    Kind::Imprint | Kind::Privacy => {
                        all.extend(Theme::ALL.map(|theme| Self {
                            theme,
                            kind,
                            ..usual
                        }));
                    }
                    _ => all.extend(Why::ALL.map(|why| Self { why, kind, ..usual })),
                }
            }
            for theme in Theme::ALL {
                for why in Why::ALL {
                    for sent in Sent::ALL {
                        let pages = words.iter().map(|words| Self {
                            theme,
                            why,
                            sent,
                            words: *words,
                            ..usual
                        });
                        all.extend(pages);
                    }
                }
            }
        }
        all
    }

    /// From the site's name on: `calm/de/page/outage-nothing-usual.html`.
    pub(super) fn path(&self) -> String {
        let words = self
            .words
            .map_or_else(|| "usual".to_owned(), |at| at.to_string());
        let ending = if self.kind.is_html() { "html" } else { "txt" };
        format!(
            "{}/{}/{}/{}-{}-{words}.{ending}",
            theme_name(self.theme),
            self.language.tag(),
            self.kind.name(),
            self.why.name(),
            self.sent.name(),
        )
    }

    /// The opposite of [`Sample::path`].
    pub(super) fn at(path: &str) -> Option<Self> {
        let mut parts = path.split('/');
        let (theme, language) = (parts.next()?, parts.next()?);
        let (kind, file) = (parts.next()?, parts.next()?);
        let (name, _) = file.split_once('.')?;
        let mut words = name.split('-');
        let (why, sent, words) = (words.next()?, words.next()?, words.next()?);
        let sample = Self {
            theme: Theme::ALL
                .into_iter()
                .find(|one| theme_name(*one) == theme)?,
            language: Language::with_tag(language)?,
            kind: Kind::ALL.into_iter().find(|one| one.name() == kind)?,
            why: Why::ALL.into_iter().find(|one| one.name() == why)?,
            sent: Sent::ALL.into_iter().find(|one| one.name() == sent)?,
            words: match words {
                "usual" => None,
                at => Some(at.parse().ok()?),
            },
        };
        (sample.path() == path).then_some(sample)
    }
}

fn is_there(kind: Kind, site: &SiteSpec) -> bool {
    match kind {
        Kind::Imprint => site.own.imprint.is_there(),
        Kind::Privacy => site.own.privacy.is_there(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sample_is_found_by_its_path_and_no_other_path_is_one() {
        let mut count = 0;
        for kind in Kind::ALL {
            for why in Why::ALL {
                for (sent, words) in [(Sent::Nothing, None), (Sent::Unknown, Some(3))] {
                    let sample = Sample {
                        theme: Theme::Bold,
                        language: Language::De,
                        kind,
                        why,
                        sent,
                        words,
                    };
                    assert_eq!(Sample::at(&sample.path()), Some(sample));
                    count += 1;
                }
            }
        }
        assert_eq!(count, 54);
        for path in [
            "",
            "bold/de/page",
            "bold/de/page/outage-nothing-usual.txt",
            "bold/de/page/outage-nothing-usual.html/x",
            "bold/de/../outage-nothing-usual.html",
            "bold/xx/page/outage-nothing-usual.html",
            "bold/de/page/outage-nothing-+3.html",
        ] {
            assert_eq!(Sample::at(path), None, "{path}");
        }
    }
}
