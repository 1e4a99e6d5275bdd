//! The demo's control page: says how the origin is, and breaks it.
//!
//! State changes by POST alone, so that no link, prefetch or crawler can break anything.

use std::{convert::Infallible, sync::Arc};

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::service::service_fn;
use tokio::{net::TcpListener, task::JoinSet};

use super::{
    form::escape,
    links::Links,
    mode::Mode,
    origin::Switch,
    serve::{self, DemoBody, method_not_allowed, response, text},
};

const PAGE: &str = include_str!("shop/control.html");
/// Nothing but the page's own style and its own buttons.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; frame-ancestors 'none'";

/// What the control page shows and holds.
pub(super) struct Control {
    switch: Switch,
    links: Arc<Links>,
    own_url: String,
}

impl Control {
    /// A control page at `own_url`, which has no final slash.
    pub(super) fn new(switch: Switch, links: Arc<Links>, own_url: String) -> Self {
        Self {
            switch,
            links,
            own_url,
        }
    }

    /// Serves until dropped.
    pub(super) async fn run(self, listener: TcpListener) {
        let control = Arc::new(self);
        let mut connections = JoinSet::new();
        let never = serve::accept_all(&listener, &mut connections, |stream| {
            let control = Arc::clone(&control);
            serve::http(
                stream,
                service_fn(move |request| {
                    let control = Arc::clone(&control);
                    async move { Ok::<_, Infallible>(control.answer(&request).await) }
                }),
            )
        });
        match never.await {}
    }

    async fn answer<B>(&self, request: &Request<B>) -> Response<DemoBody> {
        let reads = *request.method() == Method::GET || *request.method() == Method::HEAD;
        match request.uri().path() {
            "/" if reads => self.page(),
            "/mode" if reads => text(StatusCode::OK, format!("{}\n", self.switch.mode().name())),
            "/" | "/mode" => method_not_allowed("GET, HEAD"),
            path => match path.strip_prefix("/mode/") {
                Some(name) if *request.method() == Method::POST => {
                    self.turn(name, request.headers()).await
                }
                Some(_) => method_not_allowed("POST"),
                None => text(StatusCode::NOT_FOUND, "There is only / and /mode here.\n"),
            },
        }
    }

    async fn turn(&self, name: &str, fields: &HeaderMap) -> Response<DemoBody> {
        if is_foreign(fields) {
            return text(
                StatusCode::FORBIDDEN,
                "Other sites may not break this one.\n",
            );
        }
        let Ok(mode) = name.parse::<Mode>() else {
            let names = Mode::ALL.map(Mode::name).join(", ");
            return text(
                StatusCode::NOT_FOUND,
                format!("Unknown mode. Known: {names}.\n"),
            );
        };
        match self.switch.turn(mode).await {
            Ok(()) if accepts_html(fields) => see_page(),
            Ok(()) => text(StatusCode::OK, format!("{}\n", mode.name())),
            Err(error) => text(
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("The origin's port could not be opened: {error}.\n"),
            ),
        }
    }

    fn page(&self) -> Response<DemoBody> {
        let current = self.switch.mode();
        let rows: String = Mode::ALL
            .into_iter()
            .map(|mode| row(mode, current))
            .collect();
        let page = PAGE
            .replace("{mode}", current.name())
            .replace(
                "{tone}",
                if current == Mode::Healthy {
                    "well"
                } else {
                    "broken"
                },
            )
            .replace("{rows}", &rows)
            .replace("{curl}", &escape(&self.curl_lines()))
            .replace("{shop}", &escape(&self.links.shop()))
            .replace("{origin}", &escape(&self.links.origin()));
        let mut response = response(StatusCode::OK, "text/html; charset=utf-8", page);
        let fields = response.headers_mut();
        fields.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(POLICY),
        );
        response
    }

    fn curl_lines(&self) -> String {
        let (own, shop) = (&self.own_url, self.links.shop());
        let modes: String = Mode::ALL
            .into_iter()
            .map(|mode| format!("curl -X POST {own}/mode/{}\n", mode.name()))
            .collect();
        format!(
            "# how is the origin?\ncurl {own}/mode\n\n# break it, mend it\n{modes}\n# and look, as a browser, as a script, as a crawler\ncurl -i {shop}/\ncurl -i -H 'Accept: application/json' {shop}/api/products\ncurl -i -d 'name=Anna' {shop}/contact\ncurl -i {shop}/robots.txt\ncurl -N -H 'Accept: text/event-stream' {shop}/events\n"
        )
    }
}

fn row(mode: Mode, current: Mode) -> String {
    let (mark, note) = if mode == current {
        (
            " class=\"current\" aria-current=\"true\"",
            "<strong class=\"now\">now</strong>",
        )
    } else {
        ("", "")
    };
    format!(
        "<li{mark}><form method=\"post\" action=\"/mode/{name}\"><button aria-describedby=\"about-{name}\">{name}</button>{note}</form>\n<div id=\"about-{name}\"><p>{deed}</p><p><b>Expect:</b> {expectation}</p></div></li>\n",
        name = mode.name(),
        deed = escape(mode.deed()),
        expectation = escape(mode.expectation()),
    )
}

/// Whether a browser says that the button was another site's. Programs send no such field.
fn is_foreign(fields: &HeaderMap) -> bool {
    fields
        .get("sec-fetch-site")
        .is_some_and(|site| site.as_bytes() != b"same-origin" && site.as_bytes() != b"none")
}

fn accepts_html(fields: &HeaderMap) -> bool {
    let accept = fields
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// Back to the page, so that reloading it does not press the button again.
fn see_page() -> Response<DemoBody> {
    let mut response = text(StatusCode::SEE_OTHER, "");
    response
        .headers_mut()
        .insert(header::LOCATION, HeaderValue::from_static("/"));
    response
}
