//! The table: a scene with its lie, and what is to be seen of it.

use std::time::Duration;

use http::StatusCode;
use intermission::failure::UpstreamFailure::{self, *};

use crate::support::{
    dns::Told,
    h2_frames::{frame, goaway, head, reset, settings},
    origin::Origin,
    places::{Refusing, Swallowing, unroutable},
    script::{Step, after_request, answer, response},
    tls::{Authority, alerting_server},
};

use super::scenes::{
    Scene, before, chunked, cut, encrypted, frames, full_pool, half_a_head_then, looping, named,
    never, nobody, saying, two_refusing, two_swallowing,
};

/// What the origin sees of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempts {
    /// There is nobody to see anything.
    Unseen,
    /// This many heads.
    Heads(usize),
    /// One connection each; their heads are not read.
    Connections,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asking {
    /// Every method and kind.
    Everybody,
    /// Only those whose application errors are replaced.
    Visitors,
    /// Only uploads that do not fit into the buffers on the way.
    Uploads,
    /// Only GET, whose response breaks off.
    Downloads,
}

/// One line of the table.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) variant: UpstreamFailure,
    pub(super) scene: fn() -> Scene,
    pub(super) asking: Asking,
    pub(super) origin_sees: Attempts,
    /// The attempts in the record: at least and at most.
    pub(super) attempts: (u64, u64),
}

impl Row {
    const fn new(name: &'static str, variant: UpstreamFailure, scene: fn() -> Scene) -> Self {
        Self {
            name,
            variant,
            scene,
            asking: Asking::Everybody,
            origin_sees: Attempts::Unseen,
            attempts: (1, 1),
        }
    }

    const fn asking(mut self, asking: Asking) -> Self {
        self.asking = asking;
        self
    }

    const fn sees(mut self, attempts: Attempts) -> Self {
        self.origin_sees = attempts;
        self
    }

    const fn attempts(mut self, least: u64, most: u64) -> Self {
        self.attempts = (least, most);
        self
    }
}

/// The whole table.
pub(super) fn rows() -> Vec<Row> {
    [
        unreachable(),
        unusable(),
        unanswering(),
        lying(),
        telling(),
        multiplexed(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// No connection comes to be.
fn unreachable() -> Vec<Row> {
    vec![
        Row::new("the name server is silent", NameTimeout, || {
            named(Told::Silence)
        })
        .attempts(0, 1),
        Row::new("no such name", NameError, || named(Told::NoSuchName)).attempts(0, 1),
        Row::new("the name server fails", NameError, || {
            named(Told::ServerFailure)
        })
        .attempts(0, 1),
        Row::new("the name server refuses", NameError, || {
            named(Told::Refused)
        })
        .attempts(0, 1),
        Row::new("a name without address", NoEndpoint, || named(Told::Empty)).attempts(0, 1),
        Row::new("no route", Unroutable, || {
            nobody(&format!("http://{}", unroutable()), vec![])
        }),
        Row::new("refused", Refused, || {
            let port = Refusing::start();
            nobody(&format!("http://{}", port.address), vec![Box::new(port)])
        }),
        Row::new("both addresses refuse", Refused, two_refusing).attempts(2, 2),
        Row::new("packets are swallowed", ConnectTimeout, || {
            let port = Swallowing::start();
            nobody(&format!("http://{}", port.address), vec![Box::new(port)])
        }),
        Row::new("all connections in use", PoolFull, full_pool)
            .sees(Attempts::Heads(0))
            .attempts(0, 1),
    ]
}

/// The handshake fails.
fn unusable() -> Vec<Row> {
    vec![
        Row::new("expired", TlsCertificate, || {
            encrypted(|authority| Origin::encrypted(authority.expired_server(), never()))
        }),
        Row::new("for another name", TlsCertificate, || {
            encrypted(|authority| Origin::encrypted(authority.server_for("other.test"), never()))
        }),
        Row::new("unknown authority", TlsCertificate, || {
            encrypted(|_| Origin::encrypted(Authority::new().server(), never()))
        }),
        Row::new("alert in the handshake", TlsAlert, || {
            encrypted(|_| Origin::encrypted(alerting_server(), never()))
        }),
        Row::new("wants a client certificate", TlsAlert, || {
            encrypted(|authority| {
                Origin::encrypted(authority.server_asking_for_a_certificate(), never())
            })
        }),
        Row::new("plain HTTP on the TLS port", TlsProtocol, || {
            encrypted(|_| {
                let refusal = response("400 Bad Request", &[], b"plain");
                Origin::always(vec![Step::ReadSome(1), Step::Send(refusal), Step::Close])
            })
        }),
    ]
}

/// The connection stands, and no head comes in time or at all.
fn unanswering() -> Vec<Row> {
    let heads = Attempts::Heads(1);
    vec![
        Row::new("closed at once", Terminated, || before(vec![Step::Close]))
            .sees(Attempts::Connections),
        Row::new("reset at once", Terminated, || before(vec![Step::Reset]))
            .sees(Attempts::Connections),
        Row::new("closed after the request", Terminated, || {
            before(after_request([Step::Close]))
        })
        .sees(heads),
        Row::new("reset after the request", Terminated, || {
            before(after_request([Step::Reset]))
        })
        .sees(heads),
        Row::new("closed mid-head", Terminated, || {
            before(half_a_head_then(Step::Close))
        })
        .sees(heads),
        Row::new("reset mid-head", Terminated, || {
            before(half_a_head_then(Step::Reset))
        })
        .sees(heads),
        Row::new("hangs without reading", ReadTimeout, || {
            before(vec![Step::Ignore])
        })
        .sees(Attempts::Connections),
        Row::new("hangs after reading", ReadTimeout, || {
            before(after_request([Step::Hang]))
        })
        .sees(heads),
        Row::new("hangs mid-head", ReadTimeout, || {
            before(half_a_head_then(Step::Hang))
        })
        .sees(heads),
        Row::new("a head byte by byte", ReadTimeout, || {
            let pause = Duration::from_millis(50);
            let dripping = Step::Drip {
                piece: b"x".to_vec(),
                pause,
                times: 1000,
            };
            before(after_request([
                Step::Send(b"HTTP/1.1 200 OK\r\nX: ".to_vec()),
                dripping,
            ]))
        })
        .sees(heads),
        Row::new("stops reading", WriteTimeout, || {
            before(vec![Step::ReadHead, Step::Ignore])
        })
        .asking(Asking::Uploads)
        .sees(heads),
        Row::new("too long for both addresses", Deadline, two_swallowing).attempts(2, 2),
    ]
}

/// Something comes, and it is not what it should be.
fn lying() -> Vec<Row> {
    let heads = Attempts::Heads(1);
    vec![
        Row::new("a field of 1 MiB", HeadTooLarge, || {
            let field = format!("X-Large: {}", "x".repeat(1024 * 1024));
            before(answer(response("200 OK", &[&field], b"")))
        })
        .sees(heads),
        Row::new("5000 fields", HeadTooLarge, || {
            before(answer(response("200 OK", &["X-Many: x"; 5000], b"")))
        })
        .sees(heads),
        Row::new("another protocol", Malformed, || {
            before(answer("SSH-2.0-OpenSSH_9.2\r\n\r\n"))
        })
        .sees(heads),
        Row::new("noise", Malformed, || before(answer(vec![0xff; 512]))).sees(heads),
        Row::new("a status that is none", Malformed, || {
            before(answer("HTTP/1.1 abc OK\r\n\r\n"))
        })
        .sees(heads),
        Row::new("a field without a colon", Malformed, || {
            before(answer("HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"))
        })
        .sees(heads),
        Row::new("two lengths", Malformed, || {
            before(answer(
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            ))
        })
        .sees(heads),
        Row::new("shorter than its length", Incomplete, || {
            cut(response("200 OK", &[], &[b'x'; 4000]), 2000, Step::Close)
        })
        .asking(Asking::Downloads)
        .sees(heads),
        Row::new("reset mid-body", Incomplete, || {
            cut(response("200 OK", &[], &[b'x'; 4000]), 2000, Step::Reset)
        })
        .asking(Asking::Downloads)
        .sees(heads),
        Row::new("without its last chunk", Incomplete, || {
            cut(chunked(), 0, Step::Close)
        })
        .asking(Asking::Downloads)
        .sees(heads),
        Row::new("a chunk that is none", Incomplete, || {
            cut(
                [chunked(), b"nonsense\r\n".to_vec()].concat(),
                0,
                Step::Hang,
            )
        })
        .asking(Asking::Downloads)
        .sees(heads),
        Row::new("a body that stalls", Incomplete, || {
            cut(chunked(), 0, Step::Hang)
        })
        .asking(Asking::Downloads)
        .sees(heads),
    ]
}

/// The origin speaks for itself, or the request comes round again.
fn telling() -> Vec<Row> {
    let seen = Attempts::Heads(1);
    let visitors = Asking::Visitors;
    vec![
        Row::new("502", Status(StatusCode::BAD_GATEWAY), || {
            saying("502 Bad Gateway")
        })
        .asking(visitors)
        .sees(seen),
        Row::new("503", Status(StatusCode::SERVICE_UNAVAILABLE), || {
            saying("503 Service Unavailable")
        })
        .asking(visitors)
        .sees(seen),
        Row::new("504", Status(StatusCode::GATEWAY_TIMEOUT), || {
            saying("504 Gateway Timeout")
        })
        .asking(visitors)
        .sees(seen),
        Row::new("its own name in Via", Looped, looping)
            .sees(Attempts::Heads(0))
            .attempts(0, 1),
    ]
}

/// HTTP/2 is spoken, or should be.
fn multiplexed() -> Vec<Row> {
    const INTERNAL_ERROR: u32 = 2;
    const REFUSED_STREAM: u32 = 7;
    const CANCEL: u32 = 8;
    const PROTOCOL_ERROR: u32 = 1;
    vec![
        Row::new("h2: every stream refused", Terminated, || {
            frames(settings(), |stream| (reset(stream, REFUSED_STREAM), false))
        }),
        Row::new("h2: reset before the head", Terminated, || {
            frames(settings(), |stream| (reset(stream, INTERNAL_ERROR), false))
        }),
        Row::new("h2: cancelled before the head", Terminated, || {
            frames(settings(), |stream| (reset(stream, CANCEL), false))
        }),
        Row::new("h2: an error of the protocol", Malformed, || {
            frames(settings(), |stream| (reset(stream, PROTOCOL_ERROR), false))
        }),
        Row::new("h2: says goodbye to every request", Terminated, || {
            frames(settings(), |_| (goaway(0, 0), true))
        })
        .attempts(1, 2),
        Row::new("h2: closed without a word", Terminated, || {
            frames(settings(), |_| (Vec::new(), true))
        })
        .attempts(1, 2),
        Row::new("h2: silent after the request", ReadTimeout, || {
            frames(settings(), |_| (Vec::new(), false))
        }),
        Row::new("h2: takes no more of an upload", WriteTimeout, || {
            frames(settings(), |_| (Vec::new(), false))
        })
        .asking(Asking::Uploads),
        Row::new("h2: silent before its settings", ConnectTimeout, || {
            frames(Vec::new(), |_| (Vec::new(), false))
        }),
        Row::new("h2: noise for settings", Malformed, || {
            frames(vec![0xff; 64], |_| (Vec::new(), false))
        }),
        Row::new("h2: an answer in HTTP/1.1", Malformed, || {
            let refusal = response("400 Bad Request", &[], b"what?");
            frames(refusal, |_| (Vec::new(), false))
        }),
        Row::new("h2: a head that is none", Malformed, || {
            frames(settings(), |stream| {
                // An index of the table that HPACK does not have.
                (frame(1, 4, stream, &[0xff, 0xff, 0x03]), false)
            })
        }),
        Row::new("h2: reset mid-body", Incomplete, || {
            frames(settings(), |stream| {
                let begun = [head(stream), frame(0, 0, stream, b"begun")].concat();
                ([begun, reset(stream, INTERNAL_ERROR)].concat(), false)
            })
        })
        .asking(Asking::Downloads),
    ]
}
