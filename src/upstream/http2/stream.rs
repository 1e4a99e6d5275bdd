//! One request on one stream: send it and wait for the response head.
//!
//! The upload and the answer go on side by side. Whoever drops what is here ends the stream, which
//! tells the origin (RST_STREAM), and never the connection.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use h2::{RecvStream, client::ResponseFuture};
use http::{Request, Response, StatusCode, request::Parts};
use tokio::{sync::oneshot, time::Instant};

use super::{
    download,
    session::{Session, Slot},
    upload::Upload,
};
use crate::{
    config::spec::TimeoutsSpec,
    failure::{AttemptError, Failure, Sent, classify},
    message::grpc,
    upstream::{
        clocks::{Clocks, Late, Timer},
        exchange::SendError,
        inbound::Inbound,
        request_body::RequestBody,
        wire::{ClientEnd, Mark, Progress, WireState},
    },
};

/// A place on a session, used by one request.
pub(crate) struct Stream {
    slot: Arc<Slot>,
    /// Told when the answer has come to its end; dropped, it ends the upload beside it.
    uploading: Option<oneshot::Sender<()>>,
    is_stale: bool,
}

/// How the wait for a head ended.
enum Ended {
    Answered(Response<RecvStream>),
    Failed(h2::Error),
    Late(Late),
    ByClient(ClientEnd),
}

impl Stream {
    pub(in crate::upstream) fn new(slot: Slot) -> Self {
        Self {
            slot: Arc::new(slot),
            uploading: None,
            is_stale: false,
        }
    }

    /// Whether the failure means no more than that the session had ended meanwhile.
    pub(in crate::upstream) fn is_stale(&self) -> bool {
        self.is_stale
    }

    /// The answer has come to its end. Dropping it without that ends all that is left of the
    /// exchange.
    pub(in crate::upstream) fn finish(self) {
        if let Some(uploading) = self.uploading {
            // Nobody hears it where the upload has ended.
            let _ = uploading.send(());
        }
    }

    /// Sends a request and waits for the response head.
    pub(in crate::upstream) async fn send(
        &mut self,
        request: Request<RequestBody>,
        clocks: Clocks<'_>,
    ) -> Result<Response<Inbound>, SendError> {
        let session = Arc::clone(&self.slot.session);
        let (parts, mut body) = request.into_parts();
        let progress = Arc::<WireState>::default();
        let has_body = body.attach(&progress);
        progress.mark(has_body);
        let (mark, is_reused) = (session.wire.look(), session.serves());
        let (response, stream) = match session.begin(&parts, !has_body) {
            Ok(sent) => sent,
            Err(error) => {
                self.is_stale = !session.is_open();
                return Err(refused(error, Request::from_parts(parts, body)));
            }
        };
        let timeouts = timeouts_for(&parts, clocks.timeouts);
        let mut exchange = Exchange {
            response,
            upload: Upload::new(body, stream, Arc::clone(&progress)),
            progress,
            session: &session,
            clocks: Clocks {
                timeouts: &timeouts,
                ..clocks
            },
            timer: Timer::default(),
            is_grpc: grpc::is_call(&parts.headers),
        };
        match exchange.outcome().await {
            Ended::Answered(response) => Ok(self.answered(response, exchange.upload, &timeouts)),
            Ended::Late(late) => Err(late.into()),
            Ended::ByClient(end) => Err(by_client(end)),
            Ended::Failed(error) => {
                let request = (parts, exchange.upload);
                Err(self.failed(error, request, mark, is_reused))
            }
        }
    }

    /// The stream has ended without a head.
    fn failed(
        &mut self,
        error: h2::Error,
        (parts, upload): (Parts, Upload),
        mark: Mark,
        is_reused: bool,
    ) -> SendError {
        let wire = &self.slot.session.wire;
        self.is_stale = is_stale(&error, is_reused && !wire.read_since(mark));
        let sent = if classify::is_unprocessed(&error) || !wire.wrote_since(mark) {
            Sent::No
        } else {
            Sent::Maybe
        };
        // Only what was certainly not acted on may be sent again as it is.
        let upload = Some(upload).filter(|_| sent == Sent::No);
        let unsent = upload.and_then(Upload::take_back);
        SendError {
            error: AttemptError {
                cause: classify::http2(&error, wire.tls_failure()).into(),
                sent,
                source: Some(Box::new(error)),
            },
            unsent: unsent.map(|body| Request::from_parts(parts, body)),
            by_client: None,
        }
    }

    /// A head has come. What is left to send is sent beside the body that comes.
    fn answered(
        &mut self,
        response: Response<RecvStream>,
        upload: Upload,
        timeouts: &TimeoutsSpec,
    ) -> Response<Inbound> {
        if !upload.has_ended() {
            let (uploading, answered) = oneshot::channel();
            self.uploading = Some(uploading);
            let slot = Arc::clone(&self.slot);
            let tasks = &self.slot.session.tasks;
            tasks.spawn(upload.beside(answered, slot, timeouts.between_bytes));
        }
        download::inbound(response)
    }
}

/// What an exchange waits with.
struct Exchange<'a> {
    response: ResponseFuture,
    upload: Upload,
    progress: Arc<WireState>,
    session: &'a Session,
    clocks: Clocks<'a>,
    timer: Timer,
    is_grpc: bool,
}

impl Exchange<'_> {
    async fn outcome(&mut self) -> Ended {
        self.clocks.start(&mut self.timer);
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        if let Poll::Ready(Err(end)) = self.upload.poll(cx) {
            return Poll::Ready(Ended::ByClient(end));
        }
        self.hear_interim(cx);
        if let Poll::Ready(outcome) = Pin::new(&mut self.response).poll(cx) {
            return Poll::Ready(match outcome {
                Ok(response) => Ended::Answered(response),
                Err(error) => Ended::Failed(error),
            });
        }
        let (stream, wire) = (&self.progress, &self.session.wire);
        let progress = || match (wire.stalled_since(), stream.progress()) {
            (Some(since), _) => Progress::Stalled(since),
            // Calls are silent by nature: an end that is dead is found out by other means.
            (None, Progress::Uploading(_)) if self.is_grpc => {
                Progress::Uploading(Some(Instant::now()))
            }
            (None, progress) => progress,
        };
        self.clocks
            .poll(&mut self.timer, progress, cx)
            .map(Ended::Late)
    }

    /// A 100 lets the body pass.
    fn hear_interim(&mut self, cx: &mut Context<'_>) {
        while let Some(body) = self.upload.awaited()
            && let Poll::Ready(Some(Ok(interim))) = self.response.poll_informational(cx)
        {
            if interim.status() == StatusCode::CONTINUE {
                body.is_wanted();
                cx.waker().wake_by_ref();
                return;
            }
        }
    }
}

/// A call may take as long as it says, if that is longer than others may.
fn timeouts_for(parts: &Parts, usual: &TimeoutsSpec) -> TimeoutsSpec {
    let is_call = grpc::is_call(&parts.headers);
    let asked = grpc::timeout(&parts.headers).filter(|_| is_call);
    TimeoutsSpec {
        first_byte: usual.first_byte.max(asked.unwrap_or_default()),
        ..*usual
    }
}

/// The session had ended before, or ends without having looked at the request. One that was in use
/// and ends without a word, too, as a kept HTTP/1.1 connection does.
fn is_stale(error: &h2::Error, is_silent: bool) -> bool {
    let has_left = error.is_go_away() && error.is_remote();
    has_left && error.reason() == Some(h2::Reason::NO_ERROR) || error.is_io() && is_silent
}

/// The session takes no more requests, or this one cannot be said in HTTP/2.
fn refused(error: h2::Error, request: Request<RequestBody>) -> SendError {
    let cause = match error.is_go_away() || error.is_io() {
        true => classify::http2(&error, None).into(),
        false => Failure::Internal,
    };
    SendError {
        error: AttemptError {
            cause,
            sent: Sent::No,
            source: Some(Box::new(error)),
        },
        unsent: Some(request),
        by_client: None,
    }
}

/// The client's body did not come to its end: what the origin says of that is of no interest.
fn by_client(end: ClientEnd) -> SendError {
    SendError {
        by_client: Some(end),
        ..SendError::from(Late::Client)
    }
}
