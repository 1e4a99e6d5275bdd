//! Why there is no certificate, in words that say what to do about it.

use instant_acme::{Error, Problem};

use super::client::ClientError;

/// The namespace of ACME's problems (RFC 8555 section 6.7).
const PROBLEM: &str = "urn:ietf:params:acme:error:";

/// What stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The directory cannot be reached.
    Unreachable,
    /// The directory does not do what it should.
    Directory,
    /// Too much was asked for.
    RateLimited,
    /// The account is not accepted.
    Account,
    /// The authority does not vouch for such a name.
    Name,
    /// CAA records (RFC 8659) name other authorities.
    Caa,
    /// The name has no address that the authority can find.
    Dns,
    /// The authority finds nobody at the name's address.
    Connection,
    /// Somebody else answers at the name's address.
    Elsewhere,
    /// None of the ways in which control is proved is open.
    NoWay,
    /// There was no decision in time.
    Late,
    /// What came is no certificate for these names and our key.
    Useless,
}

impl Why {
    /// The name in logs and metrics.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Unreachable => "directory_unreachable",
            Self::Directory => "directory_error",
            Self::RateLimited => "rate_limited",
            Self::Account => "account_refused",
            Self::Name => "name_refused",
            Self::Caa => "caa",
            Self::Dns => "dns",
            Self::Connection => "connection",
            Self::Elsewhere => "elsewhere",
            Self::NoWay => "no_challenge",
            Self::Late => "timeout",
            Self::Useless => "unusable",
        }
    }

    /// What it means, and the way out.
    const fn plain_words(self) -> &'static str {
        match self {
            Self::Unreachable => {
                "the directory of the certificate authority cannot be reached: see whether this \
                 machine may open connections to it, and `directory` and `ca_file` in [acme]"
            }
            Self::Directory => "the certificate authority has a problem of its own",
            Self::RateLimited => {
                "the certificate authority has issued or tried enough for now; it is asked again \
                 when it allows"
            }
            Self::Account => {
                "the certificate authority does not accept the account: see the address in \
                 `acme` of [tls]"
            }
            Self::Name => "the certificate authority issues none for such a name",
            Self::Caa => {
                "a CAA record of the domain allows other certificate authorities only: add this one"
            }
            Self::Dns => {
                "the certificate authority finds no address for the name: add A or AAAA records, \
                 and wait until they are known everywhere"
            }
            Self::Connection => {
                "the certificate authority cannot connect to the name's address: let ports 80 and \
                 443 reach this process, and see whether DNS points here, AAAA records included"
            }
            Self::Elsewhere => {
                "something else answers at the name's address: DNS points elsewhere, or another \
                 proxy stands in front of this one"
            }
            Self::NoWay => "the certificate authority offers neither HTTP-01 nor TLS-ALPN-01",
            Self::Late => "the certificate authority has not decided in time",
            Self::Useless => "the certificate that came is not for these names and this key",
        }
    }

    /// Whether it would be the same for every other name.
    pub(super) const fn is_of_the_directory(self) -> bool {
        matches!(self, Self::Unreachable)
    }

    /// Whether another way of proving control may do better.
    pub(super) const fn may_differ_by_challenge(self) -> bool {
        matches!(self, Self::Connection | Self::Elsewhere | Self::NoWay)
    }
}

/// An order, or a question, that came to nothing.
#[derive(Debug, thiserror::Error)]
#[error("{}", .why.plain_words())]
pub(super) struct Failed {
    /// Why.
    pub(super) why: Why,
    /// In the words of whoever knows.
    #[source]
    pub(super) source: Option<Error>,
    /// The one name it is about, where that is known.
    pub(super) name: Option<String>,
}

impl Failed {
    /// With no more to say.
    pub(super) const fn because(why: Why) -> Self {
        Self {
            why,
            source: None,
            name: None,
        }
    }

    /// A name could not be validated.
    pub(super) fn of(name: String, problem: Problem) -> Self {
        Self {
            name: Some(name),
            ..Self::from(Error::Api(problem))
        }
    }

    /// Whether the account that we have is unknown to the directory.
    pub(super) fn forgets_us(&self) -> bool {
        self.is("accountDoesNotExist")
    }

    /// Whether it was only that several requests in a row came too late (RFC 8555 section 6.5).
    pub(super) fn is_stale(&self) -> bool {
        self.is("badNonce")
    }

    fn is(&self, wanted: &str) -> bool {
        matches!(&self.source, Some(Error::Api(problem)) if kind(problem) == wanted)
    }

    /// Whether the order could do without saying what it replaces (RFC 9773 section 5).
    pub(super) fn may_be_about_replacing(&self) -> bool {
        match &self.source {
            Some(Error::Api(problem)) => {
                matches!(kind(problem), "alreadyReplaced" | "malformed" | "conflict")
            }
            Some(Error::Unsupported(_)) => true,
            // The library compares what is said to be replaced with what was asked.
            Some(Error::Other(other)) => !other.is::<ClientError>(),
            _ => false,
        }
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        let why = match &error {
            Error::Api(problem) => of_problem(problem),
            Error::Other(other) if other.is::<ClientError>() => Why::Unreachable,
            Error::Timeout(_) => Why::Late,
            _ => Why::Directory,
        };
        Self {
            why,
            source: Some(error),
            name: None,
        }
    }
}

fn kind(problem: &Problem) -> &str {
    let kind = problem.r#type.as_deref().unwrap_or_default();
    kind.strip_prefix(PROBLEM).unwrap_or(kind)
}

/// A problem that sums others up means what the first of them means.
fn of_problem(problem: &Problem) -> Why {
    let kind = match problem.subproblems.first() {
        Some(first) => first.r#type.as_deref().unwrap_or_default(),
        None => problem.r#type.as_deref().unwrap_or_default(),
    };
    match kind.strip_prefix(PROBLEM).unwrap_or(kind) {
        "rateLimited" => Why::RateLimited,
        "caa" => Why::Caa,
        "dns" => Why::Dns,
        "connection" => Why::Connection,
        "unauthorized" | "incorrectResponse" | "tls" => Why::Elsewhere,
        "rejectedIdentifier" | "unsupportedIdentifier" => Why::Name,
        "accountDoesNotExist"
        | "unsupportedContact"
        | "invalidContact"
        | "userActionRequired"
        | "externalAccountRequired"
        | "badPublicKey" => Why::Account,
        _ => Why::Directory,
    }
}

#[cfg(test)]
mod tests;
