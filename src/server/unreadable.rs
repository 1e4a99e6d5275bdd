//! Heads that never become a request: hyper or we refuse them, and they have records all the same.

use std::{error::Error, io, sync::Arc};

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

/// The status hyper answers a parse error with.
fn refused_with(error: &hyper::Error) -> Option<StatusCode> {
    Some(if error.is_parse_too_large() {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
    } else {
        StatusCode::BAD_REQUEST
    })
}
