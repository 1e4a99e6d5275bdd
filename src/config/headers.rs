//! `[headers]`: fields that the site's owner sets and removes, each way.

use http::{HeaderName, HeaderValue};

use super::{
    fault::Fault,
    names,
    reader::{Table, Value},
    spec::{FieldsSpec, HeadersSpec},
};

/// Fields that belong to one connection or frame a message (RFC 9110 section 7.6.1, RFC 9112
/// section 6): whoever sends the message writes them.
const FRAMING: [&str; 12] = [
    "connection",
    "content-length",
    "expect",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What this proxy tells the origin about the client.
const FORWARDING: [&str; 6] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-request-id",
];

/// What every one of our answers, or every answer at all, carries.
const ANSWERING: [&str; 3] = ["date", "proxy-status", "x-request-id"];

/// Which way a message goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    ToOrigin,
    ToClient,
}

/// Reads `[headers]`.
pub(super) fn headers(table: &Table<'_>) -> HeadersSpec {
    let host = table.get("host");
    HeadersSpec {
        host: host.and_then(|host| host.read("a host", names::host_field)),
        request: fields(&table.table("request"), Way::ToOrigin),
        response: fields(&table.table("response"), Way::ToClient),
    }
}

fn fields(table: &Table<'_>, way: Way) -> Option<FieldsSpec> {
    let mut spec = FieldsSpec::default();
    for (written, value) in table.table("set").iter() {
        let Some(name) = checked(&value, written, way) else {
            continue;
        };
        if way == Way::ToClient && name == http::header::SET_COOKIE {
            let problem = "would take the place of every cookie the application sets";
            value.reject(problem, "leave it to the application");
            continue;
        }
        if way == Way::ToClient && name == http::header::STRICT_TRANSPORT_SECURITY {
            let problem = "is for encrypted answers alone, which has a table of its own";
            value.reject(problem, "write [hsts] with max_age = \"365d\"");
            continue;
        }
        if spec.set.iter().any(|(known, _)| *known == name) {
            let way_out = "remove one of the two; case makes no difference";
            value.reject("is for a field that is set already", way_out);
        }
        let text = value.read("a field's value", |text| field_value(text, way));
        spec.set.extend(text.map(|text| (name, text)));
    }
    let removed = table.get("remove").and_then(|value| value.list());
    for item in removed.unwrap_or_default() {
        let Some(written) = item.read("a field's name", |text| Ok(text.to_owned())) else {
            continue;
        };
        let Some(name) = checked(&item, &written, way) else {
            continue;
        };
        if spec.set.iter().any(|(set, _)| *set == name) {
            let way_out = "leave it out: what is set takes the place of what came";
            item.reject("is a field that is also set", way_out);
        }
        spec.remove.push(name);
    }
    (spec != FieldsSpec::default()).then_some(spec)
}

/// The name of a field that an owner may touch. What is wrong is reported at `place`.
fn checked(place: &Value<'_>, written: &str, way: Way) -> Option<HeaderName> {
    let Ok(name) = written.parse::<HeaderName>() else {
        let problem = "is for no field: its name is not one";
        let way_out = "write letters, digits and `-`, for example \"X-Name\"";
        place.reject(problem, way_out);
        return None;
    };
    match forbidden(&name, way) {
        None => Some(name),
        Some((problem, way_out)) => {
            place.reject(&format!("is for `{name}`, which {problem}"), way_out);
            None
        }
    }
}

/// Why a field is not the owner's, and what there is instead.
fn forbidden(name: &HeaderName, way: Way) -> Option<(&'static str, &'static str)> {
    // Gateway interfaces make `_` and `-` the same.
    let plain = name.as_str().replace('_', "-");
    let plain = plain.as_str();
    let is_of = |names: &[&str]| names.contains(&plain);
    if is_of(&FRAMING) {
        let problem = "belongs to the connection, not to the message";
        return Some((
            problem,
            "leave it out; both sides get what is right for them",
        ));
    }
    match way {
        Way::ToOrigin if plain == "host" => Some((
            "has a key of its own",
            "write host = \"shop.example\" in [headers]",
        )),
        Way::ToOrigin if is_of(&FORWARDING) => Some((
            "is how the application is told about the client",
            "leave it out; `trusted_proxies` says whom it is taken over from",
        )),
        Way::ToClient if is_of(&ANSWERING) => Some(("is ours to write", "leave it out")),
        Way::ToOrigin | Way::ToClient => None,
    }
}

fn field_value(text: &str, way: Way) -> Result<HeaderValue, Fault> {
    if text.trim().is_empty() {
        let way_out = "write a value; to take a field away, name it in `remove`";
        return Err(Fault::new("is empty", way_out));
    }
    let mut value = HeaderValue::from_str(text.trim_matches([' ', '\t'])).map_err(|_| {
        Fault::new(
            "has characters that no field value may have",
            "write one line of ASCII: no line breaks, no control characters",
        )
    })?;
    // Often a secret between us and the application.
    value.set_sensitive(way == Way::ToOrigin);
    Ok(value)
}
