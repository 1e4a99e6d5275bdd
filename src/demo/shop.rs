//! The healthy shop: what the demo's origin answers when nobody has broken it.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use http::{Method, Request, Response, StatusCode, header};
use hyper::{body::Incoming, upgrade::OnUpgrade};
use serde_json::{Value, json};

use super::{
    catalog::PRODUCTS,
    echo, events, form,
    links::Links,
    pages::{File, Pages},
    serve::{DemoBody, method_not_allowed, read, response, text},
};

const JSON: &str = "application/json";

/// A connection's tunnel, between the answer that promised it and the task that runs it.
pub(super) type Upgrade = Arc<Mutex<Option<OnUpgrade>>>;

/// Blumen Krause.
#[derive(Debug)]
pub(super) struct Shop {
    pages: Pages,
    links: Arc<Links>,
    orders: AtomicU64,
}

impl Shop {
    /// A shop with these pages. The links make its sitemap's addresses absolute.
    pub(super) fn new(pages: Pages, links: Arc<Links>) -> Self {
        Self {
            pages,
            links,
            orders: AtomicU64::new(0),
        }
    }

    /// The bytes of the first page.
    pub(super) fn home(&self) -> &[u8] {
        self.pages.home()
    }

    /// Answers one request.
    pub(super) async fn answer(
        &self,
        mut request: Request<Incoming>,
        upgrade: &Upgrade,
    ) -> Response<DemoBody> {
        match (request.uri().path(), request.method()) {
            ("/contact", &Method::POST) => self.take_form(request).await,
            ("/contact", method) if !is_safe(method) => method_not_allowed("GET, HEAD, POST"),
            ("/api/orders", &Method::POST) => self.take_order(request).await,
            ("/api/orders", _) => method_not_allowed("POST"),
            ("/echo", &Method::GET) => {
                let (response, tunnel) = echo::shake(&mut request);
                *upgrade.lock().unwrap_or_else(PoisonError::into_inner) = tunnel;
                response
            }
            ("/echo", _) => method_not_allowed("GET"),
            (_, method) if !is_safe(method) => method_not_allowed("GET, HEAD"),
            (path, _) => self.show(path),
        }
    }

    fn show(&self, path: &str) -> Response<DemoBody> {
        match path {
            "/events" => events::stream(),
            "/robots.txt" => text(StatusCode::OK, self.robots()),
            "/sitemap.xml" => response(StatusCode::OK, "application/xml", self.sitemap()),
            "/api/products" => json_response(StatusCode::OK, &json!({ "products": PRODUCTS })),
            _ => match path.strip_prefix("/api/") {
                Some(rest) => product(rest),
                None => match self.pages.find(path) {
                    Some(file) => file_response(StatusCode::OK, file),
                    None => file_response(StatusCode::NOT_FOUND, self.pages.not_found()),
                },
            },
        }
    }

    fn robots(&self) -> String {
        format!(
            "User-agent: *\nDisallow: /api/\n\nSitemap: {}/sitemap.xml\n",
            self.links.shop()
        )
    }

    fn sitemap(&self) -> String {
        let shop = form::escape(&self.links.shop());
        let urls: String = self
            .pages
            .html_paths()
            .map(|path| format!("<url><loc>{shop}{path}</loc></url>\n"))
            .collect();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n{urls}</urlset>\n"
        )
    }

    async fn take_form(&self, request: Request<Incoming>) -> Response<DemoBody> {
        if !has_media_type(&request, "application/x-www-form-urlencoded") {
            return text(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "A form is expected here.\n",
            );
        }
        match read(request.into_body()).await {
            Ok(body) => file_response(StatusCode::OK, self.pages.received(&form::fields(&body))),
            Err(status) => text(status, "The form could not be read.\n"),
        }
    }

    async fn take_order(&self, request: Request<Incoming>) -> Response<DemoBody> {
        let order = match read(request.into_body()).await {
            Ok(body) => serde_json::from_slice::<Value>(&body),
            Err(status) => return json_response(status, &json!({ "error": reason(status) })),
        };
        match order {
            Ok(order) => {
                let number = self
                    .orders
                    .fetch_add(1, Ordering::Relaxed)
                    .saturating_add(1);
                json_response(
                    StatusCode::CREATED,
                    &json!({ "number": number, "order": order }),
                )
            }
            Err(_) => json_response(
                StatusCode::BAD_REQUEST,
                &json!({ "error": "not valid JSON" }),
            ),
        }
    }
}

fn is_safe(method: &Method) -> bool {
    *method == Method::GET || *method == Method::HEAD
}

fn has_media_type<B>(request: &Request<B>, expected: &str) -> bool {
    let field = request.headers().get(header::CONTENT_TYPE);
    let value = field
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .eq_ignore_ascii_case(expected)
}

fn product(rest: &str) -> Response<DemoBody> {
    let id = rest
        .strip_prefix("products/")
        .and_then(|id| id.parse::<u32>().ok());
    match PRODUCTS.iter().find(|product| Some(product.id) == id) {
        Some(product) => json_response(StatusCode::OK, &json!(product)),
        None => json_response(StatusCode::NOT_FOUND, &json!({ "error": "not found" })),
    }
}

fn file_response(status: StatusCode, file: File) -> Response<DemoBody> {
    response(status, file.media_type, file.bytes)
}

fn json_response(status: StatusCode, value: &Value) -> Response<DemoBody> {
    response(status, JSON, format!("{value}\n"))
}

/// The error page that so many applications show: no name, no way out, no `Retry-After`.
pub(super) fn bare_error<B>(status: StatusCode, request: &Request<B>) -> Response<DemoBody> {
    let reason = reason(status);
    let accept = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    let wants_json = accept.is_some_and(|accept| accept.contains("json"));
    if wants_json || request.uri().path().starts_with("/api/") {
        return json_response(status, &json!({ "error": reason }));
    }
    let title = format!("{} {reason}", status.as_u16());
    let page = format!(
        "<html>\n<head><title>{title}</title></head>\n<body>\n<center><h1>{title}</h1></center>\n</body>\n</html>\n"
    );
    response(status, "text/html; charset=utf-8", page)
}

fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Error")
}
