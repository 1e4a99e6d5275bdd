//! A program behind the proxy that speaks HTTP/2, in cleartext or over TLS.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use bytes::Bytes;
use h2::{
    Reason, RecvStream,
    server::{self, SendResponse},
};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use hyper::rt::Executor as _;
use hyper_util::rt::TokioExecutor;
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Notify, oneshot},
};
use tokio_rustls::TlsAcceptor;

use super::eventually;

/// What is done with a request.
#[derive(Clone)]
pub(crate) enum Act {
    /// Reads the body, then answers with this status, these fields and this body.
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// As an answer with 200 and this body, and then these trailers.
    Trailers(Vec<u8>, Vec<(&'static str, &'static str)>),
    /// Says nothing until the request is cancelled.
    Hang,
    /// Refuses the request as not looked at.
    Refuse,
    /// Sends a head and this body, and then nothing until it is cancelled.
    Begin(Vec<u8>),
    /// Says 100, and 200 when the body has come.
    Continue,
    /// Answers with 200 and takes no more requests on this connection.
    Leave,
}

/// One request as it arrived.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) uri: String,
    pub(crate) fields: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: HeaderMap,
    pub(crate) cancelled: Option<Reason>,
}

type Choice = Arc<dyn Fn(&Seen, usize) -> Act + Send + Sync>;

struct Shared {
    seen: Mutex<Vec<Seen>>,
    connections: Mutex<usize>,
    choice: Choice,
    streams: u32,
}

/// How it is spoken to.
#[derive(Clone)]
pub(crate) enum Carrier {
    Cleartext,
    Tls(Arc<ServerConfig>),
}

/// The running program; ends when dropped.
pub(crate) struct H2Origin {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl H2Origin {
    /// Chooses what to do by the request and by how many came before it.
    pub(crate) fn start(choice: impl Fn(&Seen, usize) -> Act + Send + Sync + 'static) -> Self {
        Self::with(Carrier::Cleartext, 100, choice)
    }

    /// Allows so many streams at once on each connection.
    pub(crate) fn with(
        carrier: Carrier,
        streams: u32,
        choice: impl Fn(&Seen, usize) -> Act + Send + Sync + 'static,
    ) -> Self {
        let shared = Arc::new(Shared {
            seen: Mutex::default(),
            connections: Mutex::default(),
            choice: Arc::new(choice),
            streams,
        });
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        listener.set_nonblocking(true).expect("a socket");
        let (stop, stopped) = oneshot::channel();
        let serving = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).expect("a listener");
                tokio::select! {
                    _ = stopped => {}
                    () = accept(listener, carrier, serving) => {}
                }
            });
        });
        Self {
            address,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.shared.seen.lock().expect("no holder panics").clone()
    }

    pub(crate) fn connections(&self) -> usize {
        *self.shared.connections.lock().expect("no holder panics")
    }

    /// The only request for this path, as soon as it has come.
    pub(crate) fn request(&self, path: &str) -> Seen {
        eventually(&format!("a request for {path}"), || {
            let seen = self.requests();
            seen.into_iter().find(|seen| seen.uri.ends_with(path))
        })
    }
}

impl Drop for H2Origin {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the origin does not panic");
        }
    }
}

async fn accept(listener: TcpListener, carrier: Carrier, shared: Arc<Shared>) {
    while let Ok((socket, _)) = listener.accept().await {
        socket.set_nodelay(true).expect("a socket");
        let (shared, carrier) = (Arc::clone(&shared), carrier.clone());
        TokioExecutor::new().execute(async move {
            match carrier {
                Carrier::Cleartext => serve(socket, shared).await,
                Carrier::Tls(config) => encrypted(socket, config, shared).await,
            }
        });
    }
}

async fn encrypted(socket: TcpStream, config: Arc<ServerConfig>, shared: Arc<Shared>) {
    if let Ok(socket) = TlsAcceptor::from(config).accept(socket).await {
        serve(socket, shared).await;
    }
}

async fn serve(socket: impl AsyncRead + AsyncWrite + Unpin + Send, shared: Arc<Shared>) {
    let mut builder = server::Builder::new();
    builder.max_concurrent_streams(shared.streams);
    let Ok(mut connection) = builder.handshake::<_, Bytes>(socket).await else {
        return;
    };
    *shared.connections.lock().expect("no holder panics") += 1;
    let leaves = Arc::new(Notify::new());
    loop {
        tokio::select! {
            accepted = connection.accept() => {
                let Some(Ok((request, respond))) = accepted else { return };
                let (shared, leaves) = (Arc::clone(&shared), Arc::clone(&leaves));
                TokioExecutor::new().execute(async move {
                    let place = note(&request, &shared);
                    let first = shared.seen.lock().expect("no holder panics")[place].clone();
                    let act = (shared.choice)(&first, place);
                    // What fails has been cancelled.
                    drop(act_on(act, request, respond, (place, &shared, &leaves)).await);
                });
            }
            () = leaves.notified() => connection.graceful_shutdown(),
        }
    }
}

fn note(request: &Request<RecvStream>, shared: &Shared) -> usize {
    let mut seen = shared.seen.lock().expect("no holder panics");
    seen.push(Seen {
        method: request.method().to_string(),
        uri: request.uri().to_string(),
        fields: request.headers().clone(),
        ..Seen::default()
    });
    seen.len() - 1
}

async fn act_on(
    act: Act,
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    (place, shared, leaves): (usize, &Shared, &Notify),
) -> Result<(), h2::Error> {
    let edit = |edit: &dyn Fn(&mut Seen)| {
        edit(&mut shared.seen.lock().expect("no holder panics")[place]);
    };
    let mut body = request.into_body();
    let leaving = matches!(act, Act::Leave);
    match act {
        Act::Hang | Act::Begin(_) => {
            let mut stream = None;
            if let Act::Begin(bytes) = act {
                let mut begun = respond.send_response(Response::new(()), false)?;
                begun.send_data(bytes.into(), false)?;
                stream = Some(begun);
            }
            let reason = match &mut stream {
                None => std::future::poll_fn(|cx| respond.poll_reset(cx)).await,
                Some(stream) => std::future::poll_fn(|cx| stream.poll_reset(cx)).await,
            };
            let reason = reason?;
            edit(&|seen| seen.cancelled = Some(reason));
            return Ok(());
        }
        Act::Refuse => {
            respond.send_reset(Reason::REFUSED_STREAM);
            return Ok(());
        }
        Act::Continue => {
            let mut interim = Response::new(());
            *interim.status_mut() = http::StatusCode::CONTINUE;
            respond.send_informational(interim)?;
        }
        Act::Answer(..) | Act::Trailers(..) | Act::Leave => {}
    }
    while let Some(data) = body.data().await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        edit(&|seen| seen.body.extend_from_slice(&data));
    }
    let came = body.trailers().await?.unwrap_or_default();
    edit(&|seen| seen.trailers.clone_from(&came));
    let mut response = Response::new(());
    let (bytes, trailers) = match act {
        Act::Answer(status, fields, bytes) => {
            *response.status_mut() = status.try_into().expect("a status");
            response.headers_mut().extend(map(&fields));
            (bytes, None)
        }
        Act::Trailers(bytes, trailers) => (bytes, Some(map(&trailers))),
        _ => (b"leaving".to_vec(), None),
    };
    if bytes.is_empty() && trailers.is_none() {
        respond.send_response(response, true)?;
    } else {
        let mut stream = respond.send_response(response, false)?;
        stream.send_data(bytes.into(), trailers.is_none())?;
        if let Some(trailers) = trailers {
            stream.send_trailers(trailers)?;
        }
    }
    if leaving {
        leaves.notify_one();
    }
    Ok(())
}

fn map<V: AsRef<str>>(fields: &[(&'static str, V)]) -> HeaderMap {
    let field = |(name, value): &(&'static str, V)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_str(value.as_ref()).expect("a value"),
        )
    };
    fields.iter().map(field).collect()
}
