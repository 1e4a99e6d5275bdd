//! Heads that never become a request: hyper or we refuse them, and they have records all the same.

use std::{
    error::Error,
    io,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use http::StatusCode;

use super::{guard::End, io::TargetTooLong, worker::Worker};
use crate::{
    message::request_id,
    telemetry::{
        connection::{ConnectionState, Waiting},
        record::{Ended, Record},
    },
};

/// The answer to a target that is longer than we read (RFC 9112 section 3).
pub(super) const TOO_LONG: &[u8] =
    b"HTTP/1.1 414 URI Too Long\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Whether it was for such a target that reading was given up.
pub(super) fn is_too_long(ended: &End<hyper::Result<()>>) -> bool {
    let End::Done(Err(error)) = ended else {
        return false;
    };
    error
        .source()
        .and_then(|source| source.downcast_ref::<io::Error>())
        .and_then(io::Error::get_ref)
        .and_then(|inner| inner.downcast_ref::<TargetTooLong>())
        .is_some()
}

/// Hyper answers a head it cannot read by itself; it has a record all the same.
pub(super) fn note_refusal(
    ended: &End<hyper::Result<()>>,
    state: &Arc<ConnectionState>,
    worker: &Worker,
) {
    let status = match ended {
        // While a request is being answered, it has a record of its own that tells of this. Our
        // side is being closed by now, or has been.
        End::Done(Err(error)) if error.is_parse() && state.waiting() != Waiting::Answer => {
            refused_with(error)
        }
        End::HeadTimeout => None,
        End::Done(_) | End::Idle | End::Stalled | End::Resting(_) => return,
    };
    note(status, state, worker);
}

/// The record of a request that has no head.
pub(super) fn note(status: Option<StatusCode>, state: &Arc<ConnectionState>, worker: &Worker) {
    let id = request_id::new();
    let telemetry = Arc::clone(&worker.shared.telemetry);
    let record = Record::open_without_head(id, Arc::clone(state), telemetry);
    if let Some(status) = status {
        record.answered(status);
        record.ended(Ended::Complete);
    } else {
        record.ended(Ended::Cut);
    }
}

/// The answer to HTTP where we encrypt: where it should have gone, as far as its first bytes say.
/// Without the port, which others may see under another number.
pub(super) fn https_wanted(first: &[u8]) -> String {
    let text = String::from_utf8_lossy(first);
    let host = text.lines().skip(1).take_while(|line| !line.is_empty());
    let mut fields = host.filter_map(|line| line.split_once(':'));
    let host = fields.find(|(name, _)| name.eq_ignore_ascii_case("host"));
    let host = host.map_or("", |(_, value)| value.trim());
    let host = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    let target = text.split(' ').nth(1).unwrap_or_default();
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    let hint = if host.is_empty() || !is_plain(host) || !target.starts_with('/') {
        "https://".to_owned()
    } else {
        let target = if is_plain(target) { target } else { "/" };
        format!("https://{host}{target}")
    };
    let body = format!("This port speaks HTTPS. Ask again with {hint}\n");
    format!(
        "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncache-control: no-store\r\n\
         content-type: text/plain; charset=utf-8\r\nx-content-type-options: nosniff\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A client began to encrypt where we do not: said once, counted always.
pub(super) fn note_tls(worker: &Worker) {
    let counters = &worker.shared.telemetry.metrics.handshakes;
    if counters.on_plain_port.fetch_add(1, Relaxed) == 0 {
        tracing::warn!(
            "a client speaks TLS to a port without it; name a port for that in listen_tls, or let \
             who encrypts in front of us speak plain HTTP (said once)"
        );
    }
}

/// The status hyper answers a parse error with.
fn refused_with(error: &hyper::Error) -> Option<StatusCode> {
    Some(if error.is_parse_too_large() {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
    } else {
        StatusCode::BAD_REQUEST
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_to_https_is_made_of_what_came_and_of_nothing_odd() {
        let cases = [
            (
                "GET /a?b HTTP/1.1\r\nHost: shop.example:8443\r\n\r\n",
                "https://shop.example/a?b\n",
            ),
            (
                "GET / HTTP/1.1\r\nA: b\r\nhost: [::1]:1\r\n\r\n",
                "https://[::1]/\n",
            ),
            ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "https://\n"),
            ("GET http://x/ HTTP/1.1\r\nHost: a\r\n\r\n", "https://\n"),
            ("GET /\u{7} HTTP/1.1\r\nHost: a\r\n\r\n", "https://a/\n"),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "https://\n"),
            ("GE", "https://\n"),
        ];
        for (first, hint) in cases {
            let answer = https_wanted(first.as_bytes());
            assert!(answer.ends_with(&format!("with {hint}")), "{answer}");
        }
    }
}
