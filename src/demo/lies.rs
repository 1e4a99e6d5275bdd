//! The demo's broken connections: what no HTTP server would send, written by hand.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::mode::Lie;

/// How long a connection may stay without a whole request head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// The largest request head that is waited for.
const HEAD_SIZE: usize = 64 * 1024;
/// How long a hanging connection hangs: longer than any sensible timeout before it.
const HANG: Duration = Duration::from_secs(10 * 60);
/// How long the peer may take to read an answer and close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// What another service says on a port that was mistaken for an HTTP port.
const GARBAGE: &[u8] = b"SSH-2.0-GardenHose_1.0\r\n\x00\x01\x02\xff\xfe not HTTP at all\r\n\r\n";

/// Serves one connection dishonestly. `page` is what a truncated answer is half of.
pub(super) async fn tell(lie: Lie, mut stream: TcpStream, page: &[u8]) {
    let told = match lie {
        Lie::Hang => hang(&mut stream).await,
        Lie::Reset => reset(&mut stream).await,
        Lie::Garbage => garbage(&mut stream).await,
        Lie::Truncate => truncate(&mut stream, page).await,
    };
    if let Err(error) = told {
        tracing::debug!(%error, ?lie, "a connection of the demo broke earlier than planned");
    }
}

/// Reads on, so that it is the answer that is missed and not the reader.
async fn hang(stream: &mut TcpStream) -> io::Result<()> {
    timeout(HANG, discard(stream)).await.unwrap_or(Ok(()))
}

async fn reset(stream: &mut TcpStream) -> io::Result<()> {
    read_head(stream).await?;
    stream.set_zero_linger()
}

async fn garbage(stream: &mut TcpStream) -> io::Result<()> {
    read_head(stream).await?;
    stream.write_all(GARBAGE).await?;
    close(stream).await
}

async fn truncate(stream: &mut TcpStream, page: &[u8]) -> io::Result<()> {
    read_head(stream).await?;
    let length = page.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\n\r\n"
    );
    let (half, _) = page.split_at(length / 2);
    stream.write_all(&[head.as_bytes(), half].concat()).await?;
    close(stream).await
}

/// Reads until the empty line. A request that is never whole is an error.
async fn read_head(stream: &mut TcpStream) -> io::Result<()> {
    let mut head = Vec::with_capacity(1024);
    let reading = async {
        while !head.windows(4).any(|four| four == b"\r\n\r\n") {
            if head.len() > HEAD_SIZE {
                return Err(io::Error::from(io::ErrorKind::FileTooLarge));
            }
            if stream.read_buf(&mut head).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
        }
        Ok(())
    };
    timeout(HEAD_TIMEOUT, reading).await?
}

/// Ends with FIN. What the peer still sends is read first: a close with unread bytes would be a
/// reset, which can overtake the answer.
async fn close(stream: &mut TcpStream) -> io::Result<()> {
    stream.shutdown().await?;
    timeout(CLOSE_TIMEOUT, discard(stream))
        .await
        .unwrap_or(Ok(()))
}

async fn discard(stream: &mut TcpStream) -> io::Result<()> {
    tokio::io::copy(stream, &mut tokio::io::sink())
        .await
        .map(drop)
}
