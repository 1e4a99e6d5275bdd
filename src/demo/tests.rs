//! The demo on real sockets: what a raw client sees of the shop and of each way to break it.

mod broken;
mod control;
mod healthy;

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::DemoOrigin;

/// Nothing here takes that long; a test that does has failed.
const DEADLINE: Duration = Duration::from_secs(10);

/// What came back on a connection, head and body apart.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .expect("a whole head");
        let head = String::from_utf8(bytes[..end].to_vec()).expect("a head of text");
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        Self {
            status: status.expect("a status"),
            head,
            body: bytes[end + 4..].to_vec(),
        }
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

async fn start() -> DemoOrigin {
    DemoOrigin::start(0).await.expect("sockets on loopback")
}

async fn connect(to: SocketAddr) -> TcpStream {
    TcpStream::connect(to).await.expect("a listening demo")
}

/// Sends and reads to the end of the connection, or to its error.
async fn exchange(to: SocketAddr, request: &str) -> io::Result<Vec<u8>> {
    let mut stream = connect(to).await;
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::new();
    timeout(DEADLINE, stream.read_to_end(&mut bytes))
        .await
        .expect("an end within the deadline")?;
    Ok(bytes)
}

async fn ask(to: SocketAddr, method: &str, path: &str, more: &str) -> Answer {
    let (fields, body) = more.split_once("\r\n\r\n").unwrap_or((more, ""));
    let fields = if fields.is_empty() {
        String::new()
    } else {
        format!("{fields}\r\n")
    };
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: demo\r\nConnection: close\r\nContent-Length: {length}\r\n{fields}\r\n{body}"
    );
    Answer::parse(&exchange(to, &request).await.expect("an answer"))
}

async fn get(to: SocketAddr, path: &str) -> Answer {
    ask(to, "GET", path, "").await
}

/// Changes the mode as curl would.
async fn turn(demo: &DemoOrigin, mode: &str) {
    let answer = ask(
        demo.control(),
        "POST",
        &format!("/mode/{mode}"),
        "Accept: */*",
    )
    .await;
    assert_eq!((answer.status, answer.text()), (200, format!("{mode}\n")));
}

/// Reads from an open connection until `wanted` has come.
async fn read_until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut bytes = Vec::new();
    let reading = async {
        while !bytes
            .windows(wanted.len())
            .any(|part| part == wanted.as_bytes())
        {
            let read = stream
                .read_buf(&mut bytes)
                .await
                .expect("an open connection");
            assert_ne!(read, 0, "the connection ended before {wanted:?}");
        }
    };
    timeout(DEADLINE, reading)
        .await
        .expect("an answer within the deadline");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether the other side ends the connection, whichever way, without another byte.
async fn is_ended(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    let read = timeout(DEADLINE, stream.read_to_end(&mut rest)).await;
    read.is_ok_and(|read| read.is_err() || rest.is_empty())
}
