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
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout_at};

use super::{
    breaker::Reach,
    connect::Connector,
    target::Target,
    wire::{Transport, Wire},
};
use crate::{
    config::spec::ProbeSpec,
    failure::{Failure, UpstreamFailure, classify},
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
    let opened = timeout_at(deadline, connector.open(target, address)).await;
    let wire = match opened.map_err(|_| UpstreamFailure::ConnectTimeout) {
        Err(late) => return Some(Err(ProbeFailure::Unreachable(late))),
        Ok(Err(error)) => return unreachable(error.cause),
        Ok(Ok(wire)) => wire,
    };
    let answer = timeout_at(deadline, exchange(spec, target, wire)).await;
    Some(answer.unwrap_or(Err(ProbeFailure::Unanswered(UpstreamFailure::ReadTimeout))))
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

async fn exchange(spec: &ProbeSpec, target: &Target, wire: Transport) -> Result<(), ProbeFailure> {
    let broken = |error: hyper::Error| ProbeFailure::Unanswered(classify::exchange(&error));
    let (wire, _) = Wire::new(wire);
    let (mut sender, driver) = http1::handshake(TokioIo::new(wire)).await.map_err(broken)?;
    let request = request(spec, target);
    let judged = async {
        let response = sender.send_request(request).await.map_err(broken)?;
        judge(spec, response).await
    };
    let driver = async {
        drop(driver.await);
        // Whoever waits for the answer learns of the end, too, and says what it means.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        result = judged => result,
        () = driver => Err(ProbeFailure::Unanswered(UpstreamFailure::Terminated)),
    }
}

fn request(spec: &ProbeSpec, target: &Target) -> Request<Empty<Bytes>> {
    let mut request = Request::new(Empty::new());
    *request.uri_mut() = spec.path.parse().unwrap_or_default();
    let host = HeaderValue::from_str(target.spec.authority.as_str());
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

async fn judge(spec: &ProbeSpec, response: Response<Incoming>) -> Result<(), ProbeFailure> {
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

async fn contains(body: Incoming, text: &[u8]) -> Result<bool, ProbeFailure> {
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
