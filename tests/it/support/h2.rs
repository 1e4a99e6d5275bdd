//! An HTTP/2 client with prior knowledge, driven from blocking tests.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use http::{Method, Request};
use http_body_util::{BodyExt, Either, Full, StreamBody};
use hyper::{
    body::Frame,
    client::conn::http2::{self, SendRequest},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use sha2::{Digest, Sha256};
use tokio::{net::TcpStream, runtime::Runtime, time::timeout};

use super::{
    PATIENCE,
    h1::{End, Response},
    head::Head,
};

/// One piece whose length nobody tells before.
type Unmeasured =
    StreamBody<stream::Iter<std::array::IntoIter<Result<Frame<Bytes>, Infallible>, 1>>>;

type Sent = Either<Full<Bytes>, Unmeasured>;

/// One connection to a server.
pub(crate) struct Client {
    runtime: Runtime,
    sender: SendRequest<Sent>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.expect("a runtime");
        let sender = runtime.block_on(async {
            let socket = TcpStream::connect(address)
                .await
                .expect("the server accepts");
            let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(socket))
                .await
                .expect("the server speaks HTTP/2");
            // Detached: it ends with its connection, at the latest with this runtime.
            hyper::rt::Executor::execute(&TokioExecutor::new(), async {
                drop(connection.await);
            });
            sender
        });
        Self { runtime, sender }
    }

    /// Sends one request and reads its response to the end.
    pub(crate) fn ask(&mut self, request: Request<Bytes>) -> Response {
        self.ask_for(request, PATIENCE)
    }

    /// As [`Client::ask`], giving up when the time is over.
    pub(crate) fn ask_for(&mut self, request: Request<Bytes>, time: Duration) -> Response {
        self.exchange(request.map(|body| Either::Left(Full::new(body))), time)
    }

    /// As [`Client::ask`], without telling the length of the body.
    pub(crate) fn ask_without_length(&mut self, request: Request<Bytes>) -> Response {
        let body = |bytes| StreamBody::new(stream::iter([Ok(Frame::data(bytes))]));
        self.exchange(request.map(|bytes| Either::Right(body(bytes))), PATIENCE)
    }

    fn exchange(&mut self, request: Request<Sent>, time: Duration) -> Response {
        let is_head = request.method() == Method::HEAD;
        let sender = &mut self.sender;
        self.runtime.block_on(async {
            let mut response = nothing(End::Deadline);
            let reading = async {
                drop(sender.ready().await);
                match sender.send_request(request).await {
                    Ok(answer) => read(answer, &mut response, is_head).await,
                    Err(_) => response.end = End::Reset,
                }
            };
            drop(timeout(time, reading).await);
            response
        })
    }
}

fn nothing(end: End) -> Response {
    Response {
        raw_head: Vec::new(),
        head: Head::default(),
        interim: Vec::new(),
        body: Vec::new(),
        body_length: 0,
        body_sha256: Vec::new(),
        trailers: Head::default(),
        end,
    }
}

async fn read(
    answer: http::Response<hyper::body::Incoming>,
    response: &mut Response,
    is_head: bool,
) {
    let (parts, mut body) = answer.into_parts();
    response.head = Head {
        first_line: format!("HTTP/2 {}", parts.status.as_str()),
        fields: lines(&parts.headers),
    };
    let mut hash = Sha256::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            response.end = End::Reset;
            return;
        };
        match frame.into_data() {
            Ok(data) => {
                hash.update(&data);
                response.body.extend_from_slice(&data);
            }
            Err(frame) => {
                response.trailers.fields = frame.trailers_ref().map(lines).unwrap_or_default();
            }
        }
    }
    assert!(
        !is_head || response.body.is_empty(),
        "an answer to HEAD has no body"
    );
    response.body_length = u64::try_from(response.body.len()).expect("a length is a number");
    response.body_sha256 = hash.finalize().to_vec();
    response.end = End::Complete;
}

fn lines(fields: &http::HeaderMap) -> Vec<(String, String)> {
    fields
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect()
}
