//! A TLS client that tells what came of its handshake.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::Arc,
};

use rustls::{
    AlertDescription, ClientConfig, ClientConnection, Error, HandshakeKind, StreamOwned,
    pki_types::{CertificateDer, ServerName},
};

use super::PATIENCE;

/// An encrypted connection.
pub(crate) struct Encrypted {
    stream: StreamOwned<ClientConnection, TcpStream>,
}

impl Encrypted {
    /// Asks for a certificate of this name; an IP address asks for none.
    pub(crate) fn connect(
        address: SocketAddr,
        name: &str,
        config: &Arc<ClientConfig>,
    ) -> Result<Self, io::Error> {
        let socket = TcpStream::connect_timeout(&address, PATIENCE)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        let session = ClientConnection::new(Arc::clone(config), name).expect("a usable config");
        let mut stream = StreamOwned::new(session, socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Self { stream })
    }

    /// What the server showed.
    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        let shown = self.stream.conn.peer_certificates().expect("a certificate");
        shown[0].clone().into_owned()
    }

    pub(crate) fn session(&self) -> &ClientConnection {
        &self.stream.conn
    }

    pub(crate) fn is_resumed(&self) -> bool {
        self.stream.conn.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("it is taken");
        self.stream.flush().expect("it is taken");
    }

    /// Reads to the end, which has to be said (`close_notify`).
    pub(crate) fn read_to_end(&mut self) -> Vec<u8> {
        let mut read = Vec::new();
        self.stream.read_to_end(&mut read).expect("a proper end");
        read
    }

    /// Reads one response with a `content-length`.
    pub(crate) fn response(&mut self) -> String {
        let (mut read, mut piece) = (Vec::new(), [0; 4096]);
        loop {
            let text = String::from_utf8_lossy(&read).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let mut lines = head.lines().filter_map(|line| line.split_once(": "));
                let length = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
                let length = length.and_then(|(_, value)| value.parse().ok());
                if body.len() >= length.unwrap_or(0) {
                    return text;
                }
            }
            let length = self.stream.read(&mut piece).expect("more of the response");
            assert!(length > 0, "it ends early: {text}");
            read.extend_from_slice(&piece[..length]);
        }
    }

    /// A GET over HTTP/1.1 on this connection.
    pub(crate) fn get(&mut self, host: &str, target: &str) -> String {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        self.response()
    }

    /// Leaves without the good-bye of TLS.
    pub(crate) fn cut(self) {
        self.stream
            .sock
            .shutdown(Shutdown::Write)
            .expect("an open socket");
    }
}

/// The alert that ended a handshake.
pub(crate) fn alert(ended: Result<Encrypted, io::Error>) -> Option<AlertDescription> {
    let error = ended.err()?;
    match error.get_ref()?.downcast_ref::<Error>()? {
        Error::AlertReceived(alert) => Some(*alert),
        _ => None,
    }
}
