//! The admin listener: is the process well, what has it counted, and how do its sites stand?
//!
//! Health is ours alone. A platform that asks here and hears of a dead origin would take us away
//! too, and with us the page.

mod access;
mod acme;
mod health;
mod listener;
mod lists;
mod metrics;
mod tls;

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use axum::{
    Router,
    extract::{Request, State},
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE},
    },
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::get,
};

use self::{
    access::{Access, Denied},
    listener::Few,
    metrics::Exposition,
};
use crate::{runtime::Runtime, server::worker::Shared};

struct Admin {
    shared: Arc<Shared>,
    address: SocketAddr,
    exposition: Exposition,
}

/// Serves health, metrics and lists until the process stops.
///
/// # Errors
/// When the socket cannot be used.
pub fn start(listener: TcpListener, shared: &Arc<Shared>) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let address = listener.local_addr()?;
    let telemetry = Arc::clone(&shared.telemetry);
    let exposition = Exposition::new(telemetry, Arc::clone(&shared.runtime));
    let admin = Arc::new(Admin {
        shared: Arc::clone(shared),
        address,
        exposition,
    });
    log_access(&admin);
    let router = Router::new()
        .route("/metrics", get(exposition_text))
        .route("/outages", get(outages))
        .route("/sites", get(sites))
        // Of the routes above alone: health is for everybody.
        .route_layer(from_fn_with_state(Arc::clone(&admin), guard))
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(ready))
        .with_state(admin);
    shared.tasks.spawn_on_control(async move {
        // It ends with the process, or not at all: accept errors are waited out inside.
        drop(axum::serve(Few::new(listener), router).await);
    });
    Ok(())
}

fn log_access(admin: &Admin) {
    let runtime = admin.shared.runtime.load();
    let access = Access::of(&runtime.config.process, admin.address).label();
    tracing::info!(role = "admin", address = %admin.address, access, "listening");
}

/// Lets in who may read more than health. The token is that of the configuration in force.
async fn guard(State(admin): State<Arc<Admin>>, request: Request, next: Next) -> Response {
    let checked = {
        let runtime = admin.shared.runtime.load();
        Access::of(&runtime.config.process, admin.address).check(&request)
    };
    match checked {
        Ok(()) => next.run(request).await,
        Err(denied) => refusal(denied),
    }
}

fn refusal(denied: Denied) -> Response {
    let (status, words) = match denied {
        Denied::NoToken => (
            StatusCode::UNAUTHORIZED,
            "this needs the admin token: Authorization: Bearer TOKEN\n",
        ),
        Denied::Closed => (
            StatusCode::FORBIDDEN,
            "set admin_token or admin_token_file to have this on an address that others can reach\n",
        ),
        Denied::ForeignHost => (StatusCode::FORBIDDEN, "ask by IP address or as localhost\n"),
    };
    let mut response = (status, [(CACHE_CONTROL, "no-store")], words).into_response();
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Bearer realm=\"intermission\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

/// Configuration loaded and listeners up, which is so when this can be asked, until we stop.
async fn ready(State(admin): State<Arc<Admin>>) -> (StatusCode, &'static str) {
    if admin.shared.drain.begun.is_raised() {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
    } else {
        (StatusCode::OK, "ready\n")
    }
}

async fn exposition_text(State(admin): State<Arc<Admin>>) -> Response {
    const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match admin.exposition.text() {
        Ok(text) => ([(CONTENT_TYPE, TYPE)], text).into_response(),
        Err(std::fmt::Error) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn outages(State(admin): State<Arc<Admin>>) -> Response {
    json(&admin, lists::outages)
}

async fn sites(State(admin): State<Arc<Admin>>) -> Response {
    json(&admin, lists::sites)
}

fn json(admin: &Admin, list: impl Fn(&Runtime) -> serde_json::Result<String>) -> Response {
    match list(&admin.shared.runtime.load()) {
        Ok(text) => ([(CONTENT_TYPE, "application/json")], text).into_response(),
        // Never in practice: texts and numbers always have a JSON form.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
