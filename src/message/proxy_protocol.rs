//! The PROXY protocol, versions 1 and 2, as bytes: who the client of a load balancer is. Pure;
//! read by [`crate::server`] before anything else, written by [`crate::upstream`] before a request.
//! The rules are those of HAProxy's proxy-protocol.txt, sections 2.1 and 2.2.

use std::net::SocketAddr;

use ppp::{v1, v2};

/// What a header of version 1 begins with.
const TEXT: &[u8] = b"PROXY ";
/// The longest header of version 1, with its line end.
const LONGEST_TEXT: usize = 107;
/// A header of version 2 up to its length.
const FIXED: usize = 16;
/// The longest header of version 2 that is read: room for two paths of 108 bytes and for all that
/// load balancers add, such as the names in a client's certificate.
const LONGEST_BINARY: usize = 4096;

/// Two ends of a connection: who opened it, and where it led.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// The client.
    pub source: SocketAddr,
    /// Where the client connected to.
    pub destination: SocketAddr,
}

/// Why bytes are no header.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    /// They begin with something else.
    #[error("there is no PROXY header")]
    Absent,
    /// It goes on for too long.
    #[error("the PROXY header is too long")]
    TooLong,
    /// Version 1, and wrong.
    #[error("the PROXY header is not valid")]
    Text(#[source] v1::BinaryParseError),
    /// Version 2, and wrong.
    #[error("the PROXY header is not valid")]
    Binary(#[source] v2::ParseError),
}

/// How long the header is that these bytes begin with; `None` while more is needed to tell, and
/// all that has been seen belongs to it.
///
/// # Errors
/// When they cannot become a header any more.
pub fn length(seen: &[u8]) -> Result<Option<usize>, HeaderError> {
    if is_begin(seen, v2::PROTOCOL_PREFIX) {
        let Some(&[high, low]) = seen.get(FIXED - 2..FIXED) else {
            return Ok(None);
        };
        let length = FIXED + usize::from(u16::from_be_bytes([high, low]));
        return if length <= LONGEST_BINARY {
            Ok(Some(length))
        } else {
            Err(HeaderError::TooLong)
        };
    }
    if !is_begin(seen, TEXT) {
        return Err(HeaderError::Absent);
    }
    let mut line = seen.iter().take(LONGEST_TEXT);
    match line.position(|byte| *byte == b'\n') {
        Some(end) => Ok(Some(end + 1)),
        None if seen.len() >= LONGEST_TEXT => Err(HeaderError::TooLong),
        None => Ok(None),
    }
}

/// Whether one of the two is the other's beginning.
fn is_begin(seen: &[u8], of: &[u8]) -> bool {
    seen.starts_with(of) || of.starts_with(seen)
}

/// Whether bytes are the beginning of a header, and of nothing else.
#[must_use]
pub fn is_header(bytes: &[u8]) -> bool {
    bytes.starts_with(v2::PROTOCOL_PREFIX) || bytes.starts_with(TEXT)
}

/// What a whole header says; `None` where the connection is the load balancer's own (LOCAL), or
/// its client has no address that we know (UNKNOWN, a Unix socket).
///
/// # Errors
/// When it is not valid.
pub fn read(header: &[u8]) -> Result<Option<Ends>, HeaderError> {
    if header.starts_with(v2::PROTOCOL_PREFIX) {
        read_binary(header)
    } else {
        read_text(header)
    }
}

fn read_text(header: &[u8]) -> Result<Option<Ends>, HeaderError> {
    // What follows UNKNOWN on the line is to be ignored, whatever it is.
    if header.starts_with(b"PROXY UNKNOWN") && header.ends_with(b"\r\n") {
        return Ok(None);
    }
    let header = v1::Header::try_from(header).map_err(HeaderError::Text)?;
    Ok(match header.addresses {
        v1::Addresses::Unknown => None,
        v1::Addresses::Tcp4(ends) => Some(Ends {
            source: (ends.source_address, ends.source_port).into(),
            destination: (ends.destination_address, ends.destination_port).into(),
        }),
        v1::Addresses::Tcp6(ends) => Some(Ends {
            source: (ends.source_address, ends.source_port).into(),
            destination: (ends.destination_address, ends.destination_port).into(),
        }),
    })
}

fn read_binary(header: &[u8]) -> Result<Option<Ends>, HeaderError> {
    const LOCAL: u8 = 0x20;
    // What follows LOCAL is to be ignored, whatever it is.
    if header.get(v2::PROTOCOL_PREFIX.len()) == Some(&LOCAL) {
        return Ok(None);
    }
    let header = v2::Header::try_from(header).map_err(HeaderError::Binary)?;
    Ok(match header.addresses {
        v2::Addresses::Unspecified | v2::Addresses::Unix(_) => None,
        v2::Addresses::IPv4(ends) => Some(Ends {
            source: (ends.source_address, ends.source_port).into(),
            destination: (ends.destination_address, ends.destination_port).into(),
        }),
        v2::Addresses::IPv6(ends) => Some(Ends {
            source: (ends.source_address, ends.source_port).into(),
            destination: (ends.destination_address, ends.destination_port).into(),
        }),
    })
}

/// A header of version 2 that names a client; without one, that the connection is our own (LOCAL).
#[must_use]
pub fn write(client: Option<Ends>) -> Vec<u8> {
    let built = match client.map(of_one_family) {
        Some(Ends {
            source,
            destination,
        }) => {
            let (command, ends) = (v2::Command::Proxy, (source, destination));
            let of = v2::Protocol::Stream;
            v2::Builder::with_addresses(v2::Version::Two | command, of, ends).build()
        }
        None => {
            let (command, of) = (v2::Command::Local, v2::Protocol::Unspecified);
            let none = v2::Addresses::Unspecified;
            v2::Builder::with_addresses(v2::Version::Two | command, of, none).build()
        }
    };
    built.expect("two addresses are shorter than a header may be")
}

/// The header has room for two addresses of one kind: where they differ, the IPv4 one is written as
/// the IPv6 address that stands for it (RFC 4291 section 2.5.5.2).
fn of_one_family(ends: Ends) -> Ends {
    let canonical = |at: SocketAddr| SocketAddr::new(at.ip().to_canonical(), at.port());
    let mapped = |at: SocketAddr| match at {
        SocketAddr::V4(v4) => SocketAddr::from((v4.ip().to_ipv6_mapped(), v4.port())),
        SocketAddr::V6(_) => at,
    };
    let (source, destination) = (canonical(ends.source), canonical(ends.destination));
    if source.is_ipv4() == destination.is_ipv4() {
        Ends {
            source,
            destination,
        }
    } else {
        Ends {
            source: mapped(source),
            destination: mapped(destination),
        }
    }
}

#[cfg(test)]
mod tests;
