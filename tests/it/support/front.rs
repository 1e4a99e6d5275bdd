//! Stands between a proxy and its certificate authority: passes requests on, notes what they ask,
//! and says things that the authority never says of itself.

use std::sync::{Arc, Mutex};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

use super::{
    h1,
    origin::{Origin, RequestSeen},
    pebble::Stage,
    script::{Script, Step, choose},
};

/// What is said in the authority's place; `None`: what it says itself.
pub(crate) type Rule = Box<dyn Fn(&RequestSeen) -> Option<Script> + Send + Sync>;

/// The authority as the proxy sees it.
pub(crate) struct Front {
    pub(crate) origin: Origin,
    rule: Arc<Mutex<Rule>>,
}

impl Front {
    /// Passes everything on for now.
    pub(crate) fn start(stage: &Stage) -> Self {
        let rule: Arc<Mutex<Rule>> = Arc::new(Mutex::new(Box::new(|_| None)));
        let (current, behind, client) = (
            Arc::clone(&rule),
            stage.directory,
            Arc::new(stage.authority.client()),
        );
        let script = choose(move |request| {
            let said = (current.lock().expect("no holder panics"))(request);
            said.unwrap_or_else(|| {
                let mut line = h1::Client::encrypted(behind, Arc::clone(&client));
                let asked = [&request.raw_head[..], &request.body].concat();
                vec![Step::Send(framed(&line.ask(asked), request))]
            })
        });
        Self {
            origin: Origin::encrypted(stage.authority.server(), script),
            rule,
        }
    }

    /// From now on, this rule holds.
    pub(crate) fn rule(
        &self,
        rule: impl Fn(&RequestSeen) -> Option<Script> + Send + Sync + 'static,
    ) {
        *self.rule.lock().expect("no holder panics") = Box::new(rule);
    }

    /// What was asked at this path, taken out of its signature (RFC 8555 section 6.2).
    pub(crate) fn asked(&self, path: &str) -> Vec<Value> {
        let requests = self.origin.requests().into_iter();
        let there = requests.filter(|request| request.path() == path);
        there.filter_map(|request| payload(&request)).collect()
    }
}

/// What was signed.
fn payload(request: &RequestSeen) -> Option<Value> {
    let signed: Value = serde_json::from_slice(&request.body).ok()?;
    let payload = signed["payload"].as_str()?;
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&payload).ok()
}

/// The same answer with its length in front.
fn framed(answer: &h1::Response, request: &RequestSeen) -> Vec<u8> {
    let mut head = format!("{}\r\n", answer.head.first_line);
    for (name, value) in &answer.head.fields {
        if name != "content-length" && name != "transfer-encoding" {
            head += &format!("{name}: {value}\r\n");
        }
    }
    let mut bytes = head.into_bytes();
    let length = answer.body.len();
    bytes.extend_from_slice(format!("content-length: {length}\r\n\r\n").as_bytes());
    if request.method() != "HEAD" {
        bytes.extend_from_slice(&answer.body);
    }
    bytes
}

/// A problem, as an authority tells it (RFC 8555 section 6.7).
pub(crate) fn problem(status: &str, kind: &str, fields: &str) -> Script {
    let body = format!(r#"{{"type":"urn:ietf:params:acme:error:{kind}","detail":"no"}}"#);
    json(status, &body, fields)
}

/// An answer in JSON. `fields`: further lines of the head, each with its end.
pub(crate) fn json(status: &str, body: &str, fields: &str) -> Script {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nreplay-nonce: none\r\n{fields}\
         content-length: {length}\r\n\r\n{body}"
    );
    vec![Step::Send(head.into_bytes())]
}
