//! Each way to break the shop, as a raw client sees it.

use std::net::TcpListener;

use tokio::time::Instant;

use super::*;
use crate::demo::{catalog::PRODUCTS, mode::Mode};

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: demo\r\n\r\n";

#[tokio::test]
async fn refused_means_that_nobody_listens_and_the_port_stays_reserved() {
    let demo = start().await;
    for _ in 0..3 {
        turn(&demo, "refused").await;
        let error = TcpStream::connect(demo.origin())
            .await
            .expect_err("a refusal");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        let taken = TcpListener::bind(demo.origin()).expect_err("a reserved port");
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
        turn(&demo, "healthy").await;
        assert_eq!(get(demo.origin(), "/").await.status, 200);
    }
}

#[tokio::test]
async fn hanging_accepts_and_says_nothing() {
    let demo = start().await;
    turn(&demo, "hanging").await;
    let mut stream = connect(demo.origin()).await;
    stream
        .write_all(REQUEST.as_bytes())
        .await
        .expect("an open connection");
    let silence = timeout(Duration::from_millis(200), stream.read_u8()).await;
    assert!(silence.is_err(), "{silence:?}");
    turn(&demo, "healthy").await;
    assert!(is_ended(&mut stream).await);
}

#[tokio::test]
async fn slow_answers_whole_but_late() {
    let delay = Duration::from_millis(300);
    let demo = DemoOrigin::start_with(0, delay)
        .await
        .expect("sockets on loopback");
    turn(&demo, "slow").await;
    let asked = Instant::now();
    let answer = get(demo.origin(), "/api/products").await;
    assert!(asked.elapsed() >= delay);
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains(PRODUCTS[5].name));
}

#[tokio::test]
async fn reset_reads_the_request_and_resets() {
    let demo = start().await;
    turn(&demo, "reset").await;
    let mut stream = connect(demo.origin()).await;
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: de")
        .await
        .expect("an open connection");
    let early = timeout(Duration::from_millis(100), stream.read_u8()).await;
    assert!(
        early.is_err(),
        "reset before the request was whole: {early:?}"
    );
    stream
        .write_all(b"mo\r\n\r\n")
        .await
        .expect("an open connection");
    let error = timeout(DEADLINE, stream.read_u8())
        .await
        .expect("an end in time");
    assert_eq!(
        error.expect_err("a reset").kind(),
        io::ErrorKind::ConnectionReset
    );
}

#[tokio::test]
async fn garbage_is_not_http_and_ends_cleanly() {
    let demo = start().await;
    turn(&demo, "garbage").await;
    let bytes = exchange(demo.origin(), REQUEST)
        .await
        .expect("bytes and an end");
    assert!(bytes.starts_with(b"SSH-2.0-"), "{bytes:?}");
}

#[tokio::test]
async fn truncated_promises_more_than_it_sends() {
    let demo = start().await;
    let whole = get(demo.origin(), "/").await;
    turn(&demo, "truncated").await;
    let half = Answer::parse(&exchange(demo.origin(), REQUEST).await.expect("a clean end"));
    assert_eq!(half.status, 200);
    assert_eq!(half.field("content-length"), whole.field("content-length"));
    assert_eq!(half.body, whole.body[..whole.body.len() / 2]);
}

#[tokio::test]
async fn an_answer_in_a_lie_survives_a_large_upload() {
    let demo = start().await;
    let upload = format!(
        "POST /contact HTTP/1.1\r\nHost: demo\r\nContent-Length: 1000000\r\n\r\n{}",
        "x".repeat(1_000_000)
    );
    for (mode, start) in [("garbage", "SSH-2.0-"), ("truncated", "HTTP/1.1 200 OK")] {
        turn(&demo, mode).await;
        let bytes = exchange(demo.origin(), &upload).await.expect("a clean end");
        assert!(bytes.starts_with(start.as_bytes()), "{mode}");
    }
}

#[tokio::test]
async fn a_status_is_answered_to_everything_as_page_or_as_json() {
    let demo = start().await;
    for (mode, status) in [("500", 500), ("502", 502), ("503", 503), ("504", 504)] {
        turn(&demo, mode).await;
        for path in ["/", "/robots.txt", "/nowhere"] {
            let answer = get(demo.origin(), path).await;
            assert_eq!(answer.status, status, "{path}");
            assert_eq!(
                answer.field("content-type"),
                Some("text/html; charset=utf-8"),
                "{path}"
            );
            assert_eq!(answer.field("retry-after"), None, "{path}");
        }
        for (path, accept) in [("/api/products", "*/*"), ("/", "application/json")] {
            let answer = ask(demo.origin(), "POST", path, &format!("Accept: {accept}")).await;
            assert_eq!(answer.status, status, "{path}");
            assert_eq!(
                answer.field("content-type"),
                Some("application/json"),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn open_connections_end_with_every_change_of_mode() {
    let demo = start().await;
    for mode in Mode::ALL.into_iter().filter(|mode| *mode != Mode::Healthy) {
        turn(&demo, "healthy").await;
        let (mut kept, mut streaming) =
            (connect(demo.origin()).await, connect(demo.origin()).await);
        kept.write_all(b"GET /robots.txt HTTP/1.1\r\nHost: demo\r\n\r\n")
            .await
            .expect("open");
        read_until(&mut kept, "sitemap.xml\n").await;
        streaming
            .write_all(b"GET /events HTTP/1.1\r\nHost: demo\r\n\r\n")
            .await
            .expect("open");
        read_until(&mut streaming, "\"tick\":1}\n\n").await;
        turn(&demo, mode.name()).await;
        let _ = kept.write_all(REQUEST.as_bytes()).await;
        assert!(
            is_ended(&mut kept).await,
            "a kept connection outlived the change to {mode:?}"
        );
        let mut rest = Vec::new();
        let end = timeout(DEADLINE, streaming.read_to_end(&mut rest)).await;
        assert!(end.is_ok(), "a stream outlived the change to {mode:?}");
    }
}

#[tokio::test]
async fn every_mode_leads_back_to_a_healthy_shop_on_the_same_port() {
    let demo = start().await;
    let origin = demo.origin();
    for mode in Mode::ALL {
        turn(&demo, mode.name()).await;
        turn(&demo, "healthy").await;
        assert_eq!(get(origin, "/").await.status, 200, "after {mode:?}");
    }
}

#[tokio::test]
async fn dropping_the_demo_frees_its_ports() {
    let demo = start().await;
    let (origin, control) = (demo.origin(), demo.control());
    drop(demo);
    for address in [origin, control] {
        let freed = timeout(DEADLINE, async {
            while TcpStream::connect(address).await.is_ok() {
                tokio::task::yield_now().await;
            }
        });
        freed.await.expect("nobody listens any more");
    }
}
