//! What kind of client asked: decided by the request alone, never by who claims to ask, so that
//! crawlers and people get the same answer. Read only when we answer ourselves.

mod asset;

use http::Method;

pub use self::asset::AssetType;
use super::preferences::weighted;

/// Who has to understand our answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientKind {
    /// A person's browser on its way to a page, or a client that takes anything: a crawler, a
    /// link preview, a command line.
    Navigation,
    /// A program that speaks JSON, or a script on a page.
    Json,
    /// A program that reads plain text.
    Text,
    /// A part of a page, or a file for machines.
    Asset(AssetType),
    /// A gRPC call.
    Grpc,
    /// A reader of server-sent events, which gives up for good on anything but 200.
    EventStream,
    /// A handshake for a WebSocket or another protocol.
    WebSocket,
}

/// What the decision rests on.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The method.
    pub method: &'a Method,
    /// The target's path, without its query.
    pub path: &'a str,
    /// `Accept`
    pub accept: Option<&'a [u8]>,
    /// `Content-Type`
    pub content_type: Option<&'a [u8]>,
    /// `Sec-Fetch-Dest`
    pub fetch_dest: Option<&'a [u8]>,
    /// `Sec-Fetch-Mode`
    pub fetch_mode: Option<&'a [u8]>,
    /// `Upgrade`
    pub upgrade: Option<&'a [u8]>,
}

impl ClientKind {
    /// Decides from the strongest evidence to the weakest: the protocol spoken, names with a
    /// fixed meaning, what the browser says it wants the answer for, what the client accepts,
    /// the ending of the path.
    #[must_use]
    pub fn of(request: &Evidence<'_>) -> Self {
        let content_type = request.content_type.map(media_type).unwrap_or_default();
        if *request.method == Method::CONNECT || request.upgrade.is_some_and(leaves_http) {
            return Self::WebSocket;
        }
        if is_grpc(&content_type) {
            return Self::Grpc;
        }
        let reads = request.method.is_safe();
        if reads && let Some(asset) = AssetType::of_well_known(request.path) {
            return Self::Asset(asset);
        }
        if request.fetch_mode == Some(b"navigate") {
            return Self::Navigation;
        }
        if let Some(asset) = request.fetch_dest.and_then(AssetType::of_destination) {
            return Self::Asset(asset.refined_by(request.path));
        }
        if is_json(&content_type) {
            return Self::Json;
        }
        match preferred(request.accept.unwrap_or(b"*/*")) {
            // Only a page's EventSource gives up for good on a 503, and it only ever reads.
            // Whoever sends something must not be told 200.
            Some(Wish::Kind(Self::EventStream)) if !reads => Self::Json,
            Some(Wish::Kind(Self::Asset(asset))) => Self::Asset(asset.refined_by(request.path)),
            Some(Wish::Kind(kind)) => kind,
            Some(Wish::Anything) if is_script(request.fetch_dest) => Self::Json,
            Some(Wish::Anything) if reads => by_extension(request.path),
            Some(Wish::Anything) => Self::Navigation,
            None => Self::Text,
        }
    }
}

/// What `Accept` asks for.
#[derive(Clone, Copy)]
enum Wish {
    Kind(ClientKind),
    Anything,
}

/// The heaviest wish of an `Accept` field that we know how to serve. Among equals a name comes
/// before a star, then the first named; `None` when all that is named is foreign to us.
fn preferred(accept: &[u8]) -> Option<Wish> {
    let mut best: Option<(Wish, (u16, bool))> = None;
    let mut empty = true;
    for (range, weight) in weighted::items(accept) {
        empty &= !range.contains(&b'/');
        let Some(wish) = wish(&range.to_ascii_lowercase()).filter(|_| weight > 0) else {
            continue;
        };
        let rank = (weight, matches!(wish, Wish::Kind(_)));
        if best.is_none_or(|(_, best)| rank > best) {
            best = Some((wish, rank));
        }
    }
    // A field without one media type says as little as none.
    best.map(|(wish, _)| wish)
        .or(empty.then_some(Wish::Anything))
}

fn wish(range: &[u8]) -> Option<Wish> {
    Some(match range {
        b"*/*" | b"*" => Wish::Anything,
        b"text/html" | b"application/xhtml+xml" | b"text/*" => Wish::Kind(ClientKind::Navigation),
        b"text/plain" => Wish::Kind(ClientKind::Text),
        b"text/event-stream" => Wish::Kind(ClientKind::EventStream),
        json if is_json(json) => Wish::Kind(ClientKind::Json),
        other => Wish::Kind(ClientKind::Asset(AssetType::of_media_type(other)?)),
    })
}

fn by_extension(path: &str) -> ClientKind {
    let ending = path.rsplit_once('.').map(|(_, ending)| ending);
    match (AssetType::of_extension(path), ending) {
        (Some(asset), _) => ClientKind::Asset(asset),
        (None, Some("json" | "webmanifest" | "map")) => ClientKind::Json,
        (None, Some("txt" | "xml")) => ClientKind::Text,
        (None, _) => ClientKind::Navigation,
    }
}

/// The destinations whose answer is read by a program on the page.
fn is_script(fetch_dest: Option<&[u8]>) -> bool {
    matches!(
        fetch_dest,
        Some(b"empty" | b"json" | b"manifest" | b"report" | b"webidentity")
    )
}

/// `h2c` and `TLS/1.0` are offers to speak HTTP in another way: such a client reads pages.
fn leaves_http(upgrade: &[u8]) -> bool {
    upgrade
        .split(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii)
        .any(|protocol| {
            let name = protocol
                .split(|byte| *byte == b'/')
                .next()
                .unwrap_or_default();
            !name.is_empty()
                && ![&b"h2c"[..], b"h2", b"http", b"tls"]
                    .iter()
                    .any(|stays| name.eq_ignore_ascii_case(stays))
        })
}

/// Whether a media type in lower case, without parameters, is gRPC or gRPC-Web.
pub(crate) fn is_grpc(media_type: &[u8]) -> bool {
    media_type
        .strip_prefix(b"application/grpc")
        .is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b'-')))
}

/// Whether a media type in lower case, without parameters, is JSON or built on it.
pub(crate) fn is_json(media_type: &[u8]) -> bool {
    matches!(
        media_type,
        b"application/json" | b"text/json" | b"application/x-ndjson"
    ) || media_type.ends_with(b"+json")
}

/// A field's media type in lower case, without parameters.
pub(crate) fn media_type(field: &[u8]) -> Vec<u8> {
    field
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii()
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
