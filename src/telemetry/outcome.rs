//! Who answered a request: a label of records and metrics.

/// Who answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outcome {
    /// The origin.
    Forwarded,
    /// We did, in place of the origin.
    Page,
    /// We did, because the site is taken away on purpose.
    Maintenance,
    /// We did, with something of our own: a reserved path.
    Own,
    /// We did, because the request belongs to another address of the site.
    Redirect,
    /// We did, because the request is not one to forward.
    #[default]
    Refused,
}

impl Outcome {
    /// All of them, in the order of their discriminants.
    pub const ALL: [Self; 6] = [
        Self::Forwarded,
        Self::Page,
        Self::Maintenance,
        Self::Own,
        Self::Redirect,
        Self::Refused,
    ];

    /// The name in records and metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Forwarded => "forwarded",
            Self::Page => "page",
            Self::Maintenance => "maintenance",
            Self::Own => "own",
            Self::Redirect => "redirect",
            Self::Refused => "refused",
        }
    }
}
