//! The ways in which the demo's origin can be well or broken, and what to expect of each.

use std::str::FromStr;

use http::StatusCode;

/// What the origin does with every connection, old and new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Serves the shop.
    Healthy,
    /// Does not listen.
    Refused,
    /// Accepts and never answers.
    Hanging,
    /// Serves the shop, late.
    Slow,
    /// Reads the request and resets the connection.
    Reset,
    /// Answers bytes that are not HTTP.
    Garbage,
    /// Promises more bytes than it sends.
    Truncated,
    /// Answers 500 to everything.
    InternalError,
    /// Answers 502 to everything.
    BadGateway,
    /// Answers 503 to everything.
    Unavailable,
    /// Answers 504 to everything.
    GatewayTimeout,
}

/// How a connection is served in a mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// Nobody listens.
    Closed,
    /// HTTP, and the shop's own answers, at once or late.
    Shop {
        /// Whether each answer waits first.
        late: bool,
    },
    /// HTTP, and this status whatever is asked.
    Status(StatusCode),
    /// Bytes written by hand, because no HTTP server would send them.
    Lie(Lie),
}

/// What a broken program does to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lie {
    /// Reads and says nothing.
    Hang,
    /// Reads the request, then RST.
    Reset,
    /// Speaks another protocol.
    Garbage,
    /// Stops in the middle of a body.
    Truncate,
}

/// The name is none of [`Mode::ALL`].
#[derive(Debug, thiserror::Error)]
#[error("unknown mode")]
pub(super) struct UnknownMode;

impl Mode {
    /// Every mode, in the order of the control page.
    pub(super) const ALL: [Self; 11] = [
        Self::Healthy,
        Self::Refused,
        Self::Hanging,
        Self::Slow,
        Self::Reset,
        Self::Garbage,
        Self::Truncated,
        Self::InternalError,
        Self::BadGateway,
        Self::Unavailable,
        Self::GatewayTimeout,
    ];

    /// The name in the control page's paths.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Refused => "refused",
            Self::Hanging => "hanging",
            Self::Slow => "slow",
            Self::Reset => "reset",
            Self::Garbage => "garbage",
            Self::Truncated => "truncated",
            Self::InternalError => "500",
            Self::BadGateway => "502",
            Self::Unavailable => "503",
            Self::GatewayTimeout => "504",
        }
    }

    /// How its connections are served.
    pub(super) const fn manner(self) -> Manner {
        match self {
            Self::Healthy => Manner::Shop { late: false },
            Self::Slow => Manner::Shop { late: true },
            Self::Refused => Manner::Closed,
            Self::Hanging => Manner::Lie(Lie::Hang),
            Self::Reset => Manner::Lie(Lie::Reset),
            Self::Garbage => Manner::Lie(Lie::Garbage),
            Self::Truncated => Manner::Lie(Lie::Truncate),
            Self::InternalError => Manner::Status(StatusCode::INTERNAL_SERVER_ERROR),
            Self::BadGateway => Manner::Status(StatusCode::BAD_GATEWAY),
            Self::Unavailable => Manner::Status(StatusCode::SERVICE_UNAVAILABLE),
            Self::GatewayTimeout => Manner::Status(StatusCode::GATEWAY_TIMEOUT),
        }
    }

    /// What the origin does, for the control page.
    pub(super) const fn deed(self) -> &'static str {
        match self {
            Self::Healthy => "Serves the shop.",
            Self::Refused => "Closes its listening socket, as a stopped program would.",
            Self::Hanging => "Accepts connections, reads, and never answers.",
            Self::Slow => "Serves the shop, each answer two seconds late.",
            Self::Reset => "Reads the request, then resets the connection (TCP RST).",
            Self::Garbage => "Answers bytes that are not HTTP, as a wrong port would.",
            Self::Truncated => "Promises a whole page, sends half of it and closes the connection.",
            Self::InternalError => "Answers every request with its own 500.",
            Self::BadGateway => "Answers every request with its own 502.",
            Self::Unavailable => "Answers every request with its own 503.",
            Self::GatewayTimeout => "Answers every request with its own 504.",
        }
    }

    /// What the visitor of the shop sees through the proxy, for the control page.
    pub(super) const fn expectation(self) -> &'static str {
        match self {
            Self::Healthy => {
                "The shop, byte for byte as the origin sent it; the access record says forwarded."
            }
            Self::Refused => {
                "The branded page at once, with 503 and Retry-After; the access record says connection_refused."
            }
            Self::Hanging => {
                "The branded page as soon as the first-byte timeout is over (3 seconds in this demonstration, 15 unless configured otherwise), and after three of those at once, as the origin is known to hang; the access record says connection_read_timeout."
            }
            Self::Slow => {
                "The shop, two seconds late: slow is not down, as long as the timeouts of requests and probes are longer."
            }
            Self::Reset => {
                "The branded page at once; the access record says connection_terminated."
            }
            Self::Garbage => {
                "The branded page at once, and not one byte of the garbage; the access record says http_protocol_error."
            }
            Self::Truncated => {
                "The page cannot replace a response that has begun: the browser shows a broken transfer and curl reports an error, so nobody takes the half for the whole; the access record says http_response_incomplete."
            }
            Self::InternalError => {
                "The application's own 500, untouched: an error in one request is no outage. A site may opt in to have it replaced."
            }
            Self::BadGateway | Self::Unavailable | Self::GatewayTimeout => {
                "The branded page in place of the application's answer; the access record says http_status. The application's answers in JSON pass untouched."
            }
        }
    }
}

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(name: &str) -> Result<Self, UnknownMode> {
        Self::ALL
            .into_iter()
            .find(|mode| mode.name() == name)
            .ok_or(UnknownMode)
    }
}
