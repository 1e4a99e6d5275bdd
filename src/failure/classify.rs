//! Evidence in, cause out (step 9 of the request's way).
//!
//! Looks at `io::ErrorKind` and typed errors, never at the words of an error. Hyper's view of a
//! response that did not come is coarse; `upstream::wire` adds what was written and read.

use std::{error::Error, io};

use h2::Reason;
use rustix::io::Errno;

use super::{Failure, UpstreamFailure};

/// A connection attempt's error, before TLS.
#[must_use]
pub fn connect(error: &io::Error) -> Failure {
    if is_exhaustion(error) {
        return Failure::Overloaded;
    }
    Failure::Upstream(match error.kind() {
        io::ErrorKind::ConnectionRefused => UpstreamFailure::Refused,
        // A "prohibit" route and a rejecting firewall answer with these two.
        io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::PermissionDenied => UpstreamFailure::Unroutable,
        io::ErrorKind::TimedOut => UpstreamFailure::ConnectTimeout,
        _ => UpstreamFailure::Terminated,
    })
}

/// Our own lack of descriptors, ports or socket memory says nothing about the upstream.
fn is_exhaustion(error: &io::Error) -> bool {
    let ours = [
        Errno::MFILE,
        Errno::NFILE,
        Errno::NOBUFS,
        Errno::NOMEM,
        Errno::ADDRNOTAVAIL,
    ];
    error
        .raw_os_error()
        .is_some_and(|code| ours.iter().any(|errno| errno.raw_os_error() == code))
}

/// A TLS handshake's error. Rustls reports through an `io::Error`, with its own inside.
#[must_use]
pub fn handshake(error: &io::Error) -> UpstreamFailure {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(error) => tls(error),
        None => UpstreamFailure::Terminated,
    }
}

fn tls(error: &rustls::Error) -> UpstreamFailure {
    match error {
        rustls::Error::InvalidCertificate(_)
        | rustls::Error::InvalidCertRevocationList(_)
        | rustls::Error::NoCertificatesPresented => UpstreamFailure::TlsCertificate,
        rustls::Error::AlertReceived(_) => UpstreamFailure::TlsAlert,
        _ => UpstreamFailure::TlsProtocol,
    }
}

/// What hyper reported instead of a response head.
#[must_use]
pub fn exchange(error: &hyper::Error) -> UpstreamFailure {
    if let Some(inner) = source_of::<rustls::Error>(error) {
        return tls(inner);
    }
    if error.is_parse_too_large() {
        UpstreamFailure::HeadTooLarge
    } else if error.is_parse() {
        UpstreamFailure::Malformed
    } else {
        UpstreamFailure::Terminated
    }
}

/// What ended an HTTP/2 stream or its connection instead of a response head. `tls` is what the
/// socket knows of an encryption that failed: the library forgets it.
#[must_use]
pub fn http2(error: &h2::Error, tls: Option<UpstreamFailure>) -> UpstreamFailure {
    if error.is_io() {
        return tls.unwrap_or(UpstreamFailure::Terminated);
    }
    match error.reason() {
        Some(
            Reason::PROTOCOL_ERROR
            | Reason::FLOW_CONTROL_ERROR
            | Reason::SETTINGS_TIMEOUT
            | Reason::STREAM_CLOSED
            | Reason::FRAME_SIZE_ERROR
            | Reason::COMPRESSION_ERROR
            | Reason::HTTP_1_1_REQUIRED,
        ) => UpstreamFailure::Malformed,
        Some(Reason::INADEQUATE_SECURITY) => UpstreamFailure::TlsProtocol,
        // Refused, cancelled, failed or gone: there was an origin that spoke HTTP/2.
        _ => UpstreamFailure::Terminated,
    }
}

/// Whether the origin says that it has not looked at the request (RFC 9113 section 8.7). What a
/// GOAWAY ends is beyond the last stream it names: the others go on.
#[must_use]
pub fn is_unprocessed(error: &h2::Error) -> bool {
    let is_refused = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
    error.is_remote() && (error.is_go_away() || is_refused)
}

/// A TLS error below an error of the socket.
#[must_use]
pub fn encryption(error: &io::Error) -> Option<UpstreamFailure> {
    source_of::<rustls::Error>(error).map(tls)
}

/// The first error of this type below another, looking inside `io::Error`s too.
fn source_of<'e, T: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        let inside = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        if let Some(found) = inside.and_then(|inner| inner.downcast_ref::<T>()) {
            return Some(found);
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_connect_error_kind_is_its_own_cause() {
        let cases = [
            (
                Errno::CONNREFUSED,
                Failure::Upstream(UpstreamFailure::Refused),
            ),
            (
                Errno::NETUNREACH,
                Failure::Upstream(UpstreamFailure::Unroutable),
            ),
            (
                Errno::HOSTUNREACH,
                Failure::Upstream(UpstreamFailure::Unroutable),
            ),
            (
                Errno::ACCESS,
                Failure::Upstream(UpstreamFailure::Unroutable),
            ),
            (
                Errno::TIMEDOUT,
                Failure::Upstream(UpstreamFailure::ConnectTimeout),
            ),
            (
                Errno::CONNRESET,
                Failure::Upstream(UpstreamFailure::Terminated),
            ),
            (Errno::MFILE, Failure::Overloaded),
            (Errno::ADDRNOTAVAIL, Failure::Overloaded),
        ];
        for (errno, failure) in cases {
            let error = io::Error::from_raw_os_error(errno.raw_os_error());
            assert_eq!(connect(&error), failure, "{error}");
        }
    }

    #[test]
    fn rustls_errors_inside_io_errors_are_told_apart() {
        let wrap = |error: rustls::Error| io::Error::new(io::ErrorKind::InvalidData, error);
        let expired = rustls::Error::InvalidCertificate(rustls::CertificateError::Expired);
        let alert = rustls::Error::AlertReceived(rustls::AlertDescription::HandshakeFailure);
        let plain = rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
        assert_eq!(handshake(&wrap(expired)), UpstreamFailure::TlsCertificate);
        assert_eq!(handshake(&wrap(alert)), UpstreamFailure::TlsAlert);
        assert_eq!(handshake(&wrap(plain)), UpstreamFailure::TlsProtocol);
        let closed = io::Error::from(io::ErrorKind::UnexpectedEof);
        assert_eq!(handshake(&closed), UpstreamFailure::Terminated);
    }
}
