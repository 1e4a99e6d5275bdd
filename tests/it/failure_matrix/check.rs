//! One request against a scene, and everything that must be true of it afterwards.

use intermission::failure::UpstreamFailure;
use serde_json::Value;

use crate::support::{
    PATIENCE,
    clients::{Ask, Kind, Protocol},
    h1::{End, Response},
    within,
};

use super::{
    rows::{Asking, Attempts, Row},
    scenes::Scene,
};

/// A method, a kind of client, a protocol.
#[derive(Debug, Clone, Copy)]
pub(super) struct Combination {
    method: &'static str,
    kind: Kind,
    protocol: Protocol,
}

/// Everybody who asks in this row.
pub(super) fn combinations(row: &Row) -> Vec<Combination> {
    let (methods, kinds): (&[&'static str], &[Kind]) = match row.asking {
        Asking::Everybody => (&["GET", "HEAD", "POST", "DELETE"], &Kind::ALL),
        Asking::Visitors => (&["GET", "HEAD", "POST"], &[Kind::Navigation, Kind::Image]),
        Asking::Uploads => (&["POST", "PUT"], &[Kind::Navigation, Kind::Json]),
        Asking::Downloads => (&["GET"], &[Kind::Navigation, Kind::Json]),
    };
    let mut combinations = Vec::new();
    for &method in methods {
        for &kind in kinds {
            combinations.extend(Protocol::BOTH.map(|protocol| Combination {
                method,
                kind,
                protocol,
            }));
        }
    }
    combinations
}

impl Combination {
    fn path(&self) -> String {
        format!("/{self:?}")
            .replace([' ', '"', ',', ':'], "")
            .replace(['{', '}'], "-")
    }

    fn ask(&self, row: &Row, scene: &Scene) -> Ask {
        let mut ask = Ask::new(self.method, &self.path()).by(self.kind);
        for (name, value) in &scene.fields {
            ask = ask.with(name, value);
        }
        match (self.method, row.asking) {
            (_, Asking::Uploads) => ask.body(vec![b'x'; 24 * 1024 * 1024]),
            ("POST", _) => ask.body("a=b"),
            _ => ask,
        }
    }
}

/// Asks once and returns all that is wrong.
pub(super) fn verify(row: &Row, scene: &Scene, combination: &Combination) -> Vec<String> {
    let response = scene
        .proxy
        .ask(&combination.ask(row, scene), combination.protocol);
    let Some(record) = within(PATIENCE, || scene.proxy.find_record(&combination.path())) else {
        let (status, end) = (response.head.status(), response.end);
        return vec![format!(
            "{combination:?}: no record; the answer was {status}, {end:?}"
        )];
    };
    let mut wrong = match row.asking {
        Asking::Downloads => wrong_cut(combination, &response),
        Asking::Everybody | Asking::Visitors | Asking::Uploads => {
            wrong_answer(row, combination, &response)
        }
    };
    wrong.extend(wrong_record(row, combination, &response, &record));
    wrong.extend(wrong_attempts(row, scene, combination));
    wrong
        .into_iter()
        .map(|what| format!("{combination:?}: {what}"))
        .collect()
}

fn wrong_answer(row: &Row, combination: &Combination, response: &Response) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut expect = |what: &str, is: &str, should: &str| {
        if is != should {
            wrong.push(format!("{what} is {is:?}, should be {should:?}"));
        }
    };
    let method = combination.method;
    let kind = combination.kind.answered_as(method);
    let field = |name| response.head.field(name).unwrap_or_default();
    expect(
        "end",
        &format!("{:?}", response.end),
        &format!("{:?}", End::Complete),
    );
    expect(
        "status",
        &response.head.status().to_string(),
        &kind.status().to_string(),
    );
    expect(
        "proxy-status",
        &field("proxy-status"),
        &proxy_status(row.variant),
    );
    expect("cache-control", &field("cache-control"), "no-store");
    let media_type = field("content-type");
    let begin = media_type
        .get(..kind.media_type().len())
        .unwrap_or(&media_type);
    expect("content-type", begin, kind.media_type());
    let has_body = method != "HEAD" && !matches!(kind, Kind::Grpc | Kind::Image);
    expect(
        "has body",
        &(!response.body.is_empty()).to_string(),
        &has_body.to_string(),
    );
    let waits = response.head.field("retry-after").is_some();
    expect(
        "retry-after",
        &waits.to_string(),
        &(kind.status() == 503).to_string(),
    );
    wrong
}

/// As the proxy reports the cause.
fn proxy_status(variant: UpstreamFailure) -> String {
    match (variant, variant.proxy_error()) {
        (UpstreamFailure::Status(status), _) => {
            format!("intermission; received-status={}", status.as_u16())
        }
        (_, Some(error)) => format!("intermission; error={error}"),
        (_, None) => String::new(),
    }
}

/// The head is the origin's, and the client knows that the body is not whole.
fn wrong_cut(combination: &Combination, response: &Response) -> Vec<String> {
    let mut wrong = Vec::new();
    if response.head.status() != 200 {
        wrong.push(format!(
            "status is {}, should be 200",
            response.head.status()
        ));
    }
    let ends: &[End] = match combination.protocol {
        Protocol::H1 => &[End::Cut, End::Reset],
        Protocol::H2 => &[End::Reset],
    };
    if !ends.contains(&response.end) {
        wrong.push(format!(
            "end is {:?}, should be one of {ends:?}",
            response.end
        ));
    }
    wrong
}

fn wrong_record(
    row: &Row,
    combination: &Combination,
    response: &Response,
    record: &Value,
) -> Vec<String> {
    let is_cut = row.asking == Asking::Downloads;
    let request_id = response.head.field("x-request-id");
    let mut expected = vec![
        ("site", Value::from("shop")),
        (
            "outcome",
            Value::from(if is_cut { "forwarded" } else { "page" }),
        ),
        ("failure", Value::from(row.variant.label())),
        (
            "ended",
            Value::from(if is_cut { "cut" } else { "complete" }),
        ),
        ("http.request.method", Value::from(combination.method)),
        (
            "http.response.status_code",
            Value::from(response.head.status()),
        ),
        (
            "network.protocol.version",
            Value::from(combination.protocol.version()),
        ),
    ];
    if !is_cut {
        expected.push(("request_id", Value::from(request_id)));
    }
    let mut wrong: Vec<String> = expected
        .into_iter()
        .filter(|(key, should)| record[*key] != *should)
        .map(|(key, should)| format!("record.{key} is {}, should be {should}", record[key]))
        .collect();
    let (least, most) = row.attempts;
    if !record["attempts"]
        .as_u64()
        .is_some_and(|count| (least..=most).contains(&count))
    {
        let attempts = &record["attempts"];
        wrong.push(format!(
            "record.attempts is {attempts}, should be {least} to {most}"
        ));
    }
    wrong
}

fn wrong_attempts(row: &Row, scene: &Scene, combination: &Combination) -> Option<String> {
    let Some(origin) = &scene.origin else {
        let unseen = row.origin_sees == Attempts::Unseen;
        return (!unseen).then(|| "the row counts attempts without an origin".to_owned());
    };
    let path = combination.path();
    let heads = || {
        origin
            .requests()
            .iter()
            .filter(|seen| seen.path() == path)
            .count()
    };
    match row.origin_sees {
        Attempts::Unseen => (heads() > 0).then(|| "the origin saw a request".to_owned()),
        Attempts::Heads(should) => {
            let is = heads();
            (is != should).then(|| format!("the origin saw {is} attempts, should see {should}"))
        }
        Attempts::Connections => {
            // Over all combinations, which run at once: each may use one connection and no more.
            let most = combinations(row).len();
            let is = origin.connections().len();
            (is > most)
                .then(|| format!("the origin saw {is} connections, at most {most} should be"))
        }
    }
}
