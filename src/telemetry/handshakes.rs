//! TLS handshakes: how they ended, counted by fixed lists only.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What a connection is encrypted with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsVersion {
    /// RFC 5246.
    V1_2,
    /// RFC 8446.
    V1_3,
}

impl TlsVersion {
    /// The name in records and metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::V1_2 => "1.2",
            Self::V1_3 => "1.3",
        }
    }
}

/// Why a handshake came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandshakeFailure {
    /// It took too long.
    Timeout,
    /// The client left in the middle of it, or before it.
    ClientGone,
    /// The client spoke HTTP without encryption.
    PlainHttp,
    /// What came is no TLS.
    NotTls,
    /// There is no certificate for the name that was asked for.
    UnknownName,
    /// No version, cipher or protocol that both sides know.
    Incompatible,
    /// The client said no: it does not trust the certificate, for instance.
    Alert,
    /// What came in the course of it makes no sense.
    Broken,
}

impl HandshakeFailure {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Timeout,
        Self::ClientGone,
        Self::PlainHttp,
        Self::NotTls,
        Self::UnknownName,
        Self::Incompatible,
        Self::Alert,
        Self::Broken,
    ];

    /// The name in metrics and the log.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::ClientGone => "client_gone",
            Self::PlainHttp => "plain_http",
            Self::NotTls => "not_tls",
            Self::UnknownName => "unknown_name",
            Self::Incompatible => "incompatible",
            Self::Alert => "alert",
            Self::Broken => "broken",
        }
    }
}

/// The counters of a process.
#[derive(Debug, Default)]
pub struct Handshakes {
    done: [AtomicU64; 4],
    failed: [AtomicU64; HandshakeFailure::ALL.len()],
    /// Clients that began to encrypt where we do not.
    pub on_plain_port: AtomicU64,
}

/// Those that came to a connection, in the order of their counters.
const DONE: [(TlsVersion, bool); 4] = [
    (TlsVersion::V1_2, false),
    (TlsVersion::V1_2, true),
    (TlsVersion::V1_3, false),
    (TlsVersion::V1_3, true),
];

impl Handshakes {
    /// One more has been done; resumed, or in full.
    pub fn done(&self, version: TlsVersion, is_resumed: bool) {
        let mut counters = self.done.iter().zip(DONE);
        if let Some((count, _)) = counters.find(|(_, kind)| *kind == (version, is_resumed)) {
            count.fetch_add(1, Relaxed);
        }
    }

    /// One more has failed.
    pub fn failed(&self, why: HandshakeFailure) {
        let mut counters = self.failed.iter().zip(HandshakeFailure::ALL);
        if let Some((count, _)) = counters.find(|(_, kind)| *kind == why) {
            count.fetch_add(1, Relaxed);
        }
    }

    /// Done: version, whether resumed, count.
    pub(crate) fn each_done(&self) -> impl Iterator<Item = (TlsVersion, bool, u64)> {
        let counters = self.done.iter().zip(DONE);
        counters.map(|(count, (version, is_resumed))| (version, is_resumed, count.load(Relaxed)))
    }

    /// Failed: cause, count.
    pub(crate) fn each_failed(&self) -> impl Iterator<Item = (HandshakeFailure, u64)> {
        let counters = self.failed.iter().zip(HandshakeFailure::ALL);
        counters.map(|(count, why)| (why, count.load(Relaxed)))
    }
}
