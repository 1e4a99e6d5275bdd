//! The `Proxy-Status` field (RFC 9209) of our answers, prepared for each cause.

use http::HeaderValue;

use super::{Failure, UpstreamFailure};

/// The field's values for one process.
#[derive(Debug)]
pub struct ProxyStatus {
    name: String,
    causes: Box<[HeaderValue]>,
    /// For what we answer without asking, by rule.
    deliberate: HeaderValue,
    /// For what a rule of the site forbids.
    denied: HeaderValue,
    internal: HeaderValue,
}

impl ProxyStatus {
    /// For a process of this name, an RFC 9110 token.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let name = item(name);
        let with = |error: &str| value(format!("{name}; error={error}"));
        let causes = UpstreamFailure::ALL
            .into_iter()
            .map(|cause| {
                cause
                    .proxy_error()
                    .map_or_else(|| value(name.clone()), with)
            })
            .collect();
        let deliberate = with("proxy_internal_response");
        let denied = with("http_request_denied");
        let internal = with("proxy_internal_error");
        Self {
            name,
            causes,
            deliberate,
            denied,
            internal,
        }
    }

    /// The value for a failure. What the origin's side had to say stays in front, because the
    /// first member is the proxy nearest to the origin (section 2).
    #[must_use]
    pub fn value(&self, failure: Failure, origin: Option<&HeaderValue>) -> HeaderValue {
        let ours = self.own(failure);
        let Some(origin) = origin else { return ours };
        let mut joined = origin.as_bytes().to_vec();
        joined.extend_from_slice(b", ");
        joined.extend_from_slice(ours.as_bytes());
        HeaderValue::from_bytes(&joined).unwrap_or(ours)
    }

    fn own(&self, failure: Failure) -> HeaderValue {
        match failure {
            Failure::Maintenance(_) | Failure::Overloaded => self.deliberate.clone(),
            Failure::RateLimited(_) | Failure::TooLarge => self.denied.clone(),
            Failure::Internal => self.internal.clone(),
            Failure::Upstream(UpstreamFailure::Status(status)) => value(format!(
                "{}; received-status={}",
                self.name,
                status.as_u16()
            )),
            Failure::Upstream(cause) => self
                .causes
                .get(cause.index())
                .unwrap_or(&self.internal)
                .clone(),
        }
    }
}

/// A structured field token where the name is one, else a string (RFC 9651 section 3.3).
fn item(name: &str) -> String {
    let starts = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '*');
    if starts {
        name.to_owned()
    } else {
        format!("\"{name}\"")
    }
}

fn value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("tokens joined by separators are a valid field value")
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[test]
    fn names_the_cause() {
        let status = ProxyStatus::new("intermission");
        let of = |failure| status.value(failure, None);
        assert_eq!(
            of(Failure::Upstream(UpstreamFailure::Refused)),
            "intermission; error=connection_refused"
        );
        assert_eq!(
            of(Failure::Upstream(UpstreamFailure::Status(
                StatusCode::GATEWAY_TIMEOUT
            ))),
            "intermission; received-status=504"
        );
        assert_eq!(
            of(Failure::Internal),
            "intermission; error=proxy_internal_error"
        );
        assert_eq!(
            of(Failure::Overloaded),
            "intermission; error=proxy_internal_response"
        );
    }

    #[test]
    fn the_origins_side_comes_first() {
        let status = ProxyStatus::new("edge");
        let origin = HeaderValue::from_static("inner; error=dns_error");
        let cause = Failure::Upstream(UpstreamFailure::Status(StatusCode::BAD_GATEWAY));
        assert_eq!(
            status.value(cause, Some(&origin)),
            "inner; error=dns_error, edge; received-status=502"
        );
    }

    #[test]
    fn a_name_that_is_no_structured_token_is_a_string() {
        let status = ProxyStatus::new("1st");
        assert_eq!(
            status.value(Failure::Internal, None),
            "\"1st\"; error=proxy_internal_error"
        );
    }
}
