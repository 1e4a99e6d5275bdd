//! Is a connection found dead when it is, and only then?

use std::future::{Future, pending, poll_fn};

use h2::{client, server};
use tokio::io::{DuplexStream, duplex};

use super::*;

const PACE: Pace = Pace {
    pauses: [Duration::from_millis(20); 3],
    patience: Duration::from_millis(100),
};

/// Whether a connection that brings nothing is found dead in time, before a server like this.
async fn is_found_dead(server: impl AsyncFnOnce(DuplexStream), is_used: bool) -> bool {
    let (ours, theirs) = duplex(64 * 1024);
    let watched = async {
        let (sender, mut connection) = client::handshake(ours).await.unwrap();
        let pings = connection.ping_pong().unwrap();
        let mut alive = KeepAlive::new(pings, PACE);
        poll_fn(|cx| {
            assert!(Pin::new(&mut connection).poll(cx).is_pending());
            alive.poll(cx, 0, is_used)
        })
        .await;
        drop::<client::SendRequest<bytes::Bytes>>(sender);
    };
    tokio::select! {
        () = watched => true,
        () = server(theirs) => false,
        () = sleep(Duration::from_secs(1)) => false,
    }
}

async fn well(stream: DuplexStream) {
    let mut connection = server::handshake(stream).await.unwrap();
    while connection.accept().await.is_some() {}
}

async fn gone(stream: DuplexStream) {
    let _connection = server::handshake(stream).await.unwrap();
    pending::<()>().await;
}

#[tokio::test]
async fn one_that_answers_lives_however_silent_it_is() {
    assert!(!is_found_dead(well, true).await);
}

#[tokio::test]
async fn one_that_does_not_answer_is_dead() {
    assert!(is_found_dead(gone, true).await);
}

#[tokio::test]
async fn one_that_nobody_uses_is_not_asked() {
    assert!(!is_found_dead(gone, false).await);
}
