//! One probe: a request of our own that sees whether an endpoint is well.
//!
//! It has a connection to itself. One that is kept open would not notice that no new ones are
//! accepted, which is what the next request may need.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{ACCEPT, CONNECTION, HOST, USER_AGENT},
};
use http_body_util::{BodyExt, Empty};
use tokio::time::{Instant, timeout_at};

use super::{
    ask::ask,
    breaker::Reach,
    connect::{Connector, Purpose},
    inbound::Inbound,
    target::Target,
};
use crate::{
    config::spec::ProbeSpec,
    failure::{AttemptError, Failure, UpstreamFailure},
};

/// As the application's log shows it.
const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("intermission-probe/", env!("CARGO_PKG_VERSION")));

/// How far the body is searched for a text, in bytes.
const SEARCHED: usize = 64 * 1024;

/// Why a probe did not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProbeFailure {
    /// It came to no connection.
    Unreachable(UpstreamFailure),
    /// No answer came, or not to its end.
    Unanswered(UpstreamFailure),
    /// An answer came, with a status that is not well.
    Status(StatusCode),
    /// An answer came, without the text.
    Text,
}

/// What came of a probe; `None`: nothing, for want of descriptors or ports of our own.
pub(super) type Probed = Option<Result<(), ProbeFailure>>;

impl ProbeFailure {
    /// Whether requests may fare better.
    pub(super) const fn reach(self) -> Reach {
        match self {
            Self::Unreachable(_) => Reach::Nothing,
            Self::Unanswered(_) | Self::Status(_) | Self::Text => Reach::Something,
        }
    }

    /// What a request would be told; `None` where only a probe can fail like this.
    pub(super) const fn cause(self) -> Option<UpstreamFailure> {
        match self {
            Self::Unreachable(cause) | Self::Unanswered(cause) => Some(cause),
            Self::Status(status) => Some(UpstreamFailure::Status(status)),
            Self::Text => None,
        }
    }

    /// In lists and logs.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Unreachable(cause) | Self::Unanswered(cause) => cause.label(),
            Self::Status(_) => "unexpected_status",
            Self::Text => "text_missing",
        }
    }
}

/// Asks an endpoint once.
pub(super) async fn probe(
    spec: &ProbeSpec,
    connector: &Connector,
    target: &Target,
    address: SocketAddr,
) -> Probed {
    let deadline = Instant::now() + spec.timeout;
    let opened = timeout_at(deadline, connector.open(target, address, Purpose::Requests)).await;
    let wire = match opened.map_err(|_| UpstreamFailure::ConnectTimeout) {
        Err(late) => return Some(Err(ProbeFailure::Unreachable(late))),
        Ok(Err(error)) => return unreachable(error.cause),
        Ok(Ok(wire)) => wire,
    };
    let asking = ask(
        (connector, target),
        wire,
        request(spec, target),
        async |response| judge(spec, response).await,
    );
    Some(match timeout_at(deadline, asking).await {
        Ok(Ok(judged)) => judged,
        Ok(Err(error)) => Err(ProbeFailure::Unanswered(cause_of(&error))),
        Err(_) => Err(ProbeFailure::Unanswered(UpstreamFailure::ReadTimeout)),
    })
}

/// What kept the answer from coming.
fn cause_of(error: &AttemptError) -> UpstreamFailure {
    match error.cause {
        Failure::Upstream(cause) => cause,
        Failure::Maintenance(_)
        | Failure::Overloaded
        | Failure::RateLimited(_)
        | Failure::TooLarge
        | Failure::Internal => UpstreamFailure::Terminated,
    }
}

fn unreachable(cause: Failure) -> Probed {
    match cause {
        Failure::Upstream(cause) => Some(Err(ProbeFailure::Unreachable(cause))),
        Failure::Maintenance(_)
        | Failure::Overloaded
        | Failure::RateLimited(_)
        | Failure::TooLarge
        | Failure::Internal => None,
    }
}

fn request(spec: &ProbeSpec, target: &Target) -> Request<Empty<Bytes>> {
    let mut request = Request::new(Empty::new());
    *request.uri_mut() = spec.path.parse().unwrap_or_default();
    let host = spec.host.clone().or_else(|| {
        let authority = target.spec.authority.as_str();
        HeaderValue::from_str(authority).ok()
    });
    let host = host.unwrap_or(HeaderValue::from_static(""));
    let fields = [
        (HOST, host),
        (USER_AGENT, AGENT),
        (ACCEPT, HeaderValue::from_static("*/*")),
        (CONNECTION, HeaderValue::from_static("close")),
    ];
    request.headers_mut().extend(fields);
    request
}

async fn judge(spec: &ProbeSpec, response: Response<Inbound>) -> Result<(), ProbeFailure> {
    let status = response.status();
    let is_well = if spec.statuses.is_empty() {
        status.as_u16() < 500
    } else {
        spec.statuses.contains(&status)
    };
    if !is_well {
        return Err(ProbeFailure::Status(status));
    }
    let Some(text) = &spec.text else {
        return Ok(());
    };
    if contains(response.into_body(), text.as_bytes()).await? {
        Ok(())
    } else {
        Err(ProbeFailure::Text)
    }
}

async fn contains(body: Inbound, text: &[u8]) -> Result<bool, ProbeFailure> {
    let mut body = body;
    let mut read: Vec<u8> = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ProbeFailure::Unanswered(UpstreamFailure::Incomplete))?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        let room = SEARCHED.saturating_sub(read.len());
        // What was searched before is searched again only where the text may have begun.
        let from = read.len().saturating_sub(text.len());
        read.extend(data.iter().take(room));
        let new = read.get(from..).unwrap_or_default();
        if new.windows(text.len().max(1)).any(|part| part == text) {
            return Ok(true);
        }
        if read.len() >= SEARCHED {
            break;
        }
    }
    Ok(false)
}

/// How long until the next probe of an endpoint: often while its outage is young, seldom while all
/// is well. `out_for` is how long it has been out, `failed` how many probes have failed in a row.
pub(super) fn pause(spec: &ProbeSpec, out_for: Option<Duration>, failed: u32) -> Duration {
    let pause = match out_for {
        None if failed == 0 => spec.interval,
        // A failure is confirmed, or was a moment's.
        None if failed < spec.fails.get() => Duration::from_secs(1),
        None => spec.interval,
        Some(time) if time < Duration::from_secs(10) => Duration::from_millis(100),
        Some(time) if time < Duration::from_secs(60) => Duration::from_millis(250),
        Some(_) => Duration::from_secs(1),
    };
    pause.min(spec.interval)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_younger_the_outage_the_more_often_it_is_probed() {
        let spec = ProbeSpec::default();
        let of = |seconds| pause(&spec, Some(Duration::from_secs(seconds)), 2);
        assert_eq!(pause(&spec, None, 0), Duration::from_secs(5));
        assert_eq!(pause(&spec, None, 1), Duration::from_secs(1));
        assert_eq!(pause(&spec, None, 2), Duration::from_secs(5));
        assert_eq!([of(0), of(9)], [Duration::from_millis(100); 2]);
        assert_eq!([of(10), of(59)], [Duration::from_millis(250); 2]);
        assert_eq!([of(60), of(86_400)], [Duration::from_secs(1); 2]);
    }

    #[test]
    fn no_pause_is_longer_than_the_interval() {
        let spec = ProbeSpec {
            interval: Duration::from_millis(50),
            ..ProbeSpec::default()
        };
        for out_for in [None, Some(Duration::ZERO), Some(Duration::from_secs(100))] {
            assert_eq!(pause(&spec, out_for, 1), spec.interval);
        }
    }
}
