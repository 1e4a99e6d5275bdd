//! Who may read what the admin listener tells. Health is for everybody who reaches it; the rest is
//! for this machine, or for those who have the token.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, Request, header::AUTHORIZATION};

use crate::{
    config::spec::{ProcessSpec, Secret},
    message::host,
};

/// What has to be shown to get in.
#[derive(Debug)]
pub(super) enum Access<'a> {
    /// Nothing: only this machine can connect.
    Local,
    /// The token.
    Token(&'a Secret),
    /// Nothing would do: others could connect, and there is no token.
    Closed,
}

/// Why somebody does not get in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denied {
    /// Without the token, or with another.
    NoToken,
    /// There is none to show.
    Closed,
    /// A page in a browser of this machine asks by a name of its own (DNS rebinding).
    ForeignHost,
}

impl<'a> Access<'a> {
    /// Of a listener at this address. A token counts wherever it is asked for.
    pub(super) fn of(process: &'a ProcessSpec, bound: SocketAddr) -> Self {
        match &process.admin_token {
            Some(token) => Self::Token(token),
            None if bound.ip().to_canonical().is_loopback() => Self::Local,
            None => Self::Closed,
        }
    }

    /// In a word, for the log.
    pub(super) const fn label(&self) -> &'static str {
        match self {
            Self::Local => "this machine",
            Self::Token(_) => "token",
            Self::Closed => "health only",
        }
    }

    /// Whether a request gets in.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn check<B>(&self, request: &Request<B>) -> Result<(), Denied> {
        match self {
            Self::Local if is_local(request) => Ok(()),
            Self::Local => Err(Denied::ForeignHost),
            Self::Token(token) if shown(request.headers()).is_some_and(|it| token.is(it)) => Ok(()),
            Self::Token(_) => Err(Denied::NoToken),
            Self::Closed => Err(Denied::Closed),
        }
    }
}

/// The credentials of RFC 6750 section 2.1. The scheme has no case (RFC 9110 section 11.1).
fn shown(head: &HeaderMap) -> Option<&[u8]> {
    let mut fields = head.get_all(AUTHORIZATION).iter();
    let (Some(field), None) = (fields.next(), fields.next()) else {
        return None;
    };
    let (scheme, token) = field.as_bytes().split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
}

/// Whether a request names this machine: by an address, as `localhost`, or not at all, which no
/// browser does. A name could be anybody's, made to lead here.
fn is_local<B>(request: &Request<B>) -> bool {
    let host = match host::of_request(request.uri(), request.headers(), request.version()) {
        Ok(Some(host)) => host,
        Ok(None) => return true,
        Err(_) => return false,
    };
    let name = host::site_name(&host);
    let is_address = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    is_address || name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use axum::http::header::HOST;

    use super::*;

    fn asked(fields: &[(&str, &str)]) -> Request<()> {
        let mut request = Request::builder().uri("/metrics");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap()
    }

    #[test]
    fn the_token_is_asked_for_in_one_field_of_one_scheme() {
        let secret = Secret::new("0123456789abcdef".to_owned());
        let check = |values: &[&str]| {
            let fields: Vec<_> = values
                .iter()
                .map(|value| ("authorization", *value))
                .collect();
            Access::Token(&secret).check(&asked(&fields))
        };
        for good in ["Bearer 0123456789abcdef", "bearer 0123456789abcdef"] {
            assert_eq!(check(&[good]), Ok(()), "{good}");
        }
        for bad in [
            &[][..],
            &["Bearer 0123456789abcdeF"],
            &["Bearer  0123456789abcdef"],
            &["Bearer 0123456789abcdef0"],
            &["Bearer "],
            &["Bearer"],
            &["Basic 0123456789abcdef"],
            &["0123456789abcdef"],
            &["Bearer x", "Bearer 0123456789abcdef"],
        ] {
            assert_eq!(check(bad), Err(Denied::NoToken), "{bad:?}");
        }
    }

    #[test]
    fn pages_of_other_names_do_not_get_at_this_machine() {
        let check = |host: &str| Access::Local.check(&asked(&[(HOST.as_str(), host)]));
        for good in [
            "localhost:9090",
            "127.0.0.1:9090",
            "[::1]:9090",
            "a.localhost",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["evil.example:9090", "localhost.evil.example", "a b"] {
            assert_eq!(check(bad), Err(Denied::ForeignHost), "{bad}");
        }
    }
}
