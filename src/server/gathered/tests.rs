//! When what is written leaves, and that all of it does.

use std::{
    io::{ErrorKind, Read as _},
    net::TcpListener as StdListener,
};

use bytes::Bytes;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use super::*;
use crate::{
    server::socket::Socket,
    telemetry::{connection::ConnectionState, metrics::Metrics, record::Telemetry},
};

/// A connection, and its client's end.
fn connected() -> (Gathered, std::net::TcpStream) {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, peer) = listener.accept().unwrap();
    stream.set_nonblocking(true).unwrap();
    client.set_nonblocking(true).unwrap();
    let telemetry = Arc::new(Telemetry {
        metrics: Metrics::default(),
        access_log: None,
    });
    let state = ConnectionState::new(peer, &[], None, telemetry, None);
    state.is_multiplexed();
    let socket = Socket::Plain(TcpStream::from_std(stream).unwrap());
    (
        Gathered::new(ClientIo::new(socket, Bytes::new(), state, 0)),
        client,
    )
}

/// What has arrived by now.
fn arrived(client: &mut std::net::TcpStream) -> Vec<u8> {
    let (mut all, mut piece) = (Vec::new(), [0; 64 * 1024]);
    loop {
        match client.read(&mut piece) {
            Ok(0) => return all,
            Ok(length) => all.extend_from_slice(&piece[..length]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return all,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn what_is_written_in_a_turn_leaves_when_it_ends() {
    let (io, mut client) = connected();
    let mut inner = io.clone();
    let mut writes = Box::pin(async move {
        inner.write_all(b"one ").await.unwrap();
        inner.flush().await.unwrap();
        inner.write_all(b"two").await.unwrap();
        inner.flush().await.unwrap();
        let early = arrived(&mut client);
        assert!(early.is_empty(), "{early:?}");
        // The first turns may pass before the socket is known to be writable.
        loop {
            tokio::task::yield_now().await;
            let arrived = arrived(&mut client);
            if !arrived.is_empty() {
                return arrived;
            }
        }
    });
    let mut turns = Turns::new(&mut writes, io);
    let arrived = (&mut turns).await;
    assert_eq!(arrived, b"one two");
}

#[tokio::test]
async fn more_than_there_is_room_for_arrives_whole_and_in_order() {
    const LENGTH: usize = 4 * 1024 * 1024;
    let (io, mut client) = connected();
    let mut inner = io.clone();
    let sent: Vec<u8> = (0..LENGTH)
        .map(|at| u8::try_from(at % 251).unwrap())
        .collect();
    let writes = Box::pin(async {
        let mut rest = &sent[..];
        // Pieces below and above the room.
        for size in [1, 100, 16 * 1024, 5000, 40 * 1024].into_iter().cycle() {
            let (piece, more) = rest.split_at(size.min(rest.len()));
            inner.write_all(piece).await.unwrap();
            rest = more;
            if rest.is_empty() {
                break;
            }
        }
        inner.shutdown().await.unwrap();
    });
    let reading = tokio::task::spawn_blocking(move || {
        client.set_nonblocking(false).unwrap();
        let mut all = Vec::new();
        client.read_to_end(&mut all).unwrap();
        all
    });
    Turns::new(writes, io).await;
    assert!(reading.await.unwrap() == sent, "other bytes arrived");
}
