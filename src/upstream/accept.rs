//! A response head has come: is it one that can be passed on, and who keeps the connection?

use std::sync::Arc;

use http::{
    HeaderMap, HeaderValue, Response, StatusCode, Version,
    header::{
        CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, SEC_WEBSOCKET_ACCEPT, TRANSFER_ENCODING, UPGRADE,
    },
};
use http_body::Body;

use super::{
    Upstream,
    body::OriginBody,
    endpoint::Lease,
    forward::{Answered, ForwardError, Sender},
    inbound::Inbound,
    outbound::Outbound,
    upgrade,
};
use crate::{
    failure::{AttemptError, Sent, UpstreamFailure},
    message::{grpc, hop},
};

const EVENT_STREAM: &[u8] = b"text/event-stream";

impl Upstream {
    /// Hands the connection to the body, or to a tunnel.
    pub(super) fn accept(
        &self,
        outbound: Outbound,
        answered: Answered,
        sender: &Sender<'_>,
    ) -> Result<Response<OriginBody>, ForwardError> {
        let Answered {
            mut lease,
            mut link,
            mut response,
        } = answered;
        let status = response.status();
        let switches = status == StatusCode::SWITCHING_PROTOCOLS;
        if !switches && status.is_success() && outbound.is_extended_connect() {
            // To the client it would mean that the tunnel stands (RFC 8441 section 5).
            return Err(malformed());
        }
        link.hand_over_where_needed(switches, &self.tasks);
        lease.hold(sender.worker, link, outbound.barrier);
        // The version is each hop's own (RFC 9110 section 2.5).
        *response.version_mut() = Version::HTTP_11;
        if switches {
            lease = self.switch(outbound.upgrade, lease, &mut response, sender)?;
        } else {
            if !is_framed_once(response.headers_mut()) {
                return Err(malformed());
            }
            hop::strip_response(response.headers_mut(), status);
            let is_unread = response.body().is_end_stream() || !response.body().is_http1();
            if is_unread && !has_one_length(response.headers_mut()) {
                return Err(malformed());
            }
        }
        let is_silent = is_silent_by_nature(response.headers());
        let between_bytes = (!is_silent).then_some(self.spec.timeouts.between_bytes);
        Ok(response.map(|incoming| OriginBody::new(incoming, lease, between_bytes)))
    }

    /// Makes a tunnel of the connection. The response itself gets a lease that needs none.
    fn switch(
        &self,
        asked: Option<upgrade::Asked>,
        lease: Lease,
        response: &mut Response<Inbound>,
        sender: &Sender<'_>,
    ) -> Result<Lease, ForwardError> {
        let asked = asked.filter(|asked| upgrade::is_agreed(asked, response));
        let protocol = response.headers_mut().remove(UPGRADE);
        let (Some(protocol), Some(asked)) = (protocol, asked) else {
            return Err(malformed());
        };
        let headers = response.headers_mut();
        hop::strip_response(headers, StatusCode::SWITCHING_PROTOCOLS);
        if asked.accept.is_some() {
            // Over HTTP/2 a tunnel begins with a 200, and nothing of the handshake is repeated.
            headers.remove(SEC_WEBSOCKET_ACCEPT);
            *response.status_mut() = StatusCode::OK;
        } else {
            headers.insert(UPGRADE, protocol);
            headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        }
        let answer_lease = lease.again();
        let record = Arc::clone(sender.record);
        upgrade::tunnel(asked, response, lease, record, &self.tasks);
        Ok(answer_lease)
    }
}

/// Streams of events and calls may say nothing for long, and nothing else may.
fn is_silent_by_nature(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    kind.is_some_and(|kind| kind.starts_with(EVENT_STREAM) || grpc::is_type(kind))
}

/// A response that comes bit by bit for as long as somebody listens.
pub(super) fn is_event_stream(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(EVENT_STREAM))
}

/// Hyper reads `Content-Length` where a body follows over HTTP/1.1. Where none does, in answers to
/// HEAD and in 304, what is said must still be one length (RFC 9112 section 6.3), and over HTTP/2,
/// too; said twice, it is said once.
fn has_one_length(headers: &mut HeaderMap) -> bool {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let (Some(first), Some(_)) = (lengths.next(), lengths.next()) else {
        return true;
    };
    let first = first.clone();
    let is_one = headers.get_all(CONTENT_LENGTH).iter().all(|l| *l == first);
    headers.insert(CONTENT_LENGTH, first);
    is_one
}

/// Chunks overrule a length, which must not be passed on (RFC 9112 section 6.3). Hyper undoes
/// chunks and no other coding.
fn is_framed_once(headers: &mut HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else {
        return true;
    };
    let is_chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked") && codings.next().is_none();
    headers.remove(CONTENT_LENGTH);
    is_chunked
}

fn malformed() -> ForwardError {
    let error = AttemptError {
        cause: UpstreamFailure::Malformed.into(),
        sent: Sent::Yes,
        source: None,
    };
    ForwardError::Failed {
        error,
        unread: None,
    }
}
