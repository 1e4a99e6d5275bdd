//! A whole client connection: what it sends goes over a real socket through the real server to an
//! origin that looks closely at what arrives.

mod origin;
mod response;
mod server;

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    sync::OnceLock,
    time::Duration,
};

use self::server::Server;

/// A server that says nothing for so long has nothing more to say before we do.
const SILENCE: Duration = Duration::from_millis(5);
/// A server that has not closed for so long after its client has never will.
const PATIENCE: Duration = Duration::from_secs(20);
/// RFC 9113 section 3.4, with empty settings.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// Any bytes end in well-formed responses and a close, and reach the origin as well-formed
/// requests or not at all.
pub fn check_h1(data: &[u8]) {
    // What begins as HTTP/2 is for the other target.
    if !data.starts_with(b"PRI") {
        response::assert_h1(&converse(data));
        server().assert_no_fault();
    }
}

/// Frames in short (type, flags, stream, length, payload), and bytes as they are after a type
/// above 127.
pub fn check_h2(data: &[u8]) {
    let mut sent = PREFACE.to_vec();
    let mut rest = data;
    while let [kind @ 0..=127, flags, stream, length, payload @ ..] = rest {
        let payload = &payload[..payload.len().min(usize::from(*length))];
        let length = u8::try_from(payload.len()).expect("at most 255");
        sent.extend([0, 0, length, *kind, *flags, 0, 0, 0, *stream]);
        sent.extend(payload);
        rest = &rest[4 + payload.len()..];
    }
    sent.extend(rest.get(1..).unwrap_or_default());
    response::assert_h2(&converse(&sent));
    server().assert_no_fault();
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(Server::start)
}

/// All that the server says to these bytes, to its close.
fn converse(bytes: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(server().address).expect("the server accepts");
    socket.set_nodelay(true).expect("an open socket");
    let mut said = Vec::new();
    // Half of all inputs come in two pieces.
    let cut = if bytes.len() % 2 == 1 {
        bytes.len() / 2
    } else {
        0
    };
    let (first, second) = bytes.split_at(cut);
    let sent = socket
        .write_all(first)
        .and_then(|()| socket.write_all(second));
    socket
        .set_read_timeout(Some(SILENCE))
        .expect("an open socket");
    if sent.is_ok() && read(&mut socket, &mut said) == Ended::Silent {
        // It may have closed meanwhile.
        let _ = socket.shutdown(Shutdown::Write);
        socket
            .set_read_timeout(Some(PATIENCE))
            .expect("an open socket");
        assert!(
            read(&mut socket, &mut said) == Ended::Closed,
            "the server keeps a client that left"
        );
    }
    said
}

#[derive(PartialEq, Eq)]
enum Ended {
    Closed,
    Silent,
}

fn read(socket: &mut TcpStream, said: &mut Vec<u8>) -> Ended {
    let mut piece = [0; 16 * 1024];
    loop {
        match socket.read(&mut piece) {
            Ok(0) => return Ended::Closed,
            Ok(length) => said.extend(&piece[..length]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Ended::Silent;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // A reset ends it too.
            Err(_) => return Ended::Closed,
        }
    }
}
