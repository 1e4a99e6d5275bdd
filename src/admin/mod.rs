//! The admin listener: is the process well, what has it counted, and how do its sites stand?
//!
//! Health is ours alone. A platform that asks here and hears of a dead origin would take us away
//! too, and with us the page.

mod acme;
mod health;
mod lists;
mod metrics;
mod tls;

use std::{io, net::TcpListener, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};

use self::metrics::Exposition;
use crate::{runtime::Runtime, server::worker::Shared};

struct Admin {
    shared: Arc<Shared>,
    exposition: Exposition,
}

/// Serves health, metrics and lists until the process stops.
///
/// # Errors
/// When the socket cannot be used.
pub fn start(listener: TcpListener, shared: &Arc<Shared>) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let telemetry = Arc::clone(&shared.telemetry);
    let exposition = Exposition::new(telemetry, Arc::clone(&shared.runtime));
    let admin = Arc::new(Admin {
        shared: Arc::clone(shared),
        exposition,
    });
    let router = Router::new()
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(exposition_text))
        .route("/outages", get(outages))
        .route("/sites", get(sites))
        .with_state(admin);
    shared.tasks.spawn_on_control(async move {
        // It ends with the process, or not at all: accept errors are waited out inside.
        drop(axum::serve(listener, router).await);
    });
    Ok(())
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
