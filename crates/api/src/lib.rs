//! The admin HTTP API and the small web page: sign-in, approvals, sessions, keys.
//!
//! Knows no store, no protocol of a target and no policy language; reaches the rest of the house through
//! [`ApiParts`] only. Every route stands in one table with what it takes to reach it.

mod acts;
mod caller;
mod convert;
mod cookie;
mod exports;
mod failure;
mod grid;
mod json;
mod ledger_files;
mod page;
mod parts;
mod rate;
mod route;
mod server;
mod shared;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod web_session;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use contract::ErrorCode;

pub use crate::caller::{Caller, Need, Permission};
pub use crate::failure::Failure;
pub use crate::page::sign_in::CALLBACK_PATH;
pub use crate::parts::{
    ApiParts, Finder, LedgerFiles, MetricsAccess, Oidc, RelyingParty, Scan, Target,
};
pub use crate::route::{Access, Peer, Route};
pub use crate::server::serve;

use crate::route::{BODY_BYTES_MAX, REQUEST_TIMEOUT, Table};
use crate::shared::Shared;

/// No script, no foreign origin, no frame; forms go to this site only.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The API and the page.
pub struct Api;

impl Api {
    /// The router. Requests must carry a [`Peer`] extension, which [`serve`] adds.
    pub fn router(parts: ApiParts) -> Router {
        let shared = Shared::new(parts);
        let (router, _) = table(Arc::clone(&shared)).into_parts();
        finish(router, shared)
    }

    /// Every route with what it takes to reach it, for documentation and tests.
    pub fn routes(parts: ApiParts) -> Vec<Route> {
        table(Shared::new(parts)).into_parts().1
    }
}

/// The table of routes.
fn table(shared: Arc<Shared>) -> Table {
    let table = Table::new(shared);
    pages(api(open(table)))
}

/// For everybody.
fn open(table: Table) -> Table {
    let get = || Method::GET;
    table
        .add(get(), "/healthz", Access::Public, healthz)
        .add(get(), "/readyz", Access::Public, readyz)
        .add(get(), "/metrics", Access::Metrics, metrics)
        .add(
            get(),
            contract::DISCOVERY_PATH,
            Access::Public,
            json::discovery,
        )
        .add(
            get(),
            "/ledger/checkpoint",
            Access::Public,
            ledger_files::checkpoint,
        )
        .add(get(), "/ledger/vkey", Access::Public, ledger_files::key)
        .add(
            get(),
            "/ledger/tile/{level}/{*index}",
            Access::Public,
            ledger_files::hashes,
        )
        .add(get(), "/assets/style.css", Access::Public, style)
        .add(get(), "/assets/mark.svg", Access::Public, mark)
        .add(get(), "/", Access::Public, page::sign_in::door)
        .add(get(), "/sign-in", Access::SignIn, page::sign_in::start)
        .add(
            get(),
            CALLBACK_PATH,
            Access::SignIn,
            page::sign_in::callback,
        )
}

/// For programs.
#[rustfmt::skip]
fn api(table: Table) -> Table {
    let (get, post) = (|| Method::GET, || Method::POST);
    let signed_in = Access::Api(Need::SignedIn);
    let direct = Access::Api(Need::Direct);
    let person = Access::Api(Need::Person);
    let viewer = Access::Api(Need::Permitted(Permission::ViewRecordings));
    let administrator = Access::Api(Need::Permitted(Permission::Administer));
    table
        .add(get(), "/api/v1/whoami", signed_in, json::whoami)
        .add(get(), "/api/v1/resources", signed_in, json::resources)
        .add(post(), "/api/v1/tokens", direct, json::mint_token)
        .add(get(), "/api/v1/approvals", person, json::list_approvals)
        .add(get(), "/api/v1/approvals/{ticket}", person, json::show_approval)
        .add(post(), "/api/v1/approvals/{ticket}/answer", person, json::answer_approval)
        .add(get(), "/api/v1/sessions", viewer, json::list_sessions)
        .add(get(), "/api/v1/sessions/{id}", viewer, json::show_session)
        .add(get(), "/api/v1/sessions/{id}/recording", viewer, json::recording)
        .add(post(), "/api/v1/sessions/{id}/kill", administrator, json::kill_session)
        .add(get(), "/api/v1/search", viewer, json::search)
        .add(get(), "/api/v1/recordings/index", viewer, json::index)
        .add(post(), "/api/v1/recordings/index/rebuild", administrator, json::rebuild_index)
        // Whoever may not is recorded too: the acts look for themselves.
        .add(post(), "/api/v1/recordings/erase", signed_in, json::erase_recordings)
        .add(get(), "/api/v1/holds", person, json::list_holds)
        .add(post(), "/api/v1/holds", signed_in, json::place_hold)
        .add(post(), "/api/v1/holds/{id}/release", signed_in, json::release_hold)
        .add(get(), "/api/v1/export", viewer, exports::export)
        .add(get(), "/ledger/tile/entries/{*index}", viewer, ledger_files::entries)
        .add(get(), "/api/v1/keys", person, json::list_keys)
        .add(post(), "/api/v1/keys", administrator, json::issue_key)
        .add(post(), "/api/v1/keys/{id}/revoke", person, json::revoke_key)
        .add(post(), "/api/v1/principals/bar", administrator, json::bar_principal)
}

/// For people.
fn pages(table: Table) -> Table {
    let (get, post) = (|| Method::GET, || Method::POST);
    let person = Access::Page(Need::Person);
    let viewer = Access::Page(Need::Permitted(Permission::ViewRecordings));
    use page::{approvals, sessions, sign_in};
    table
        .add(get(), "/approvals", person, approvals::list)
        .add(get(), "/approvals/{ticket}", person, approvals::show)
        .add(
            post(),
            "/approvals/{ticket}/answer",
            person,
            approvals::answer,
        )
        .add(get(), "/sessions", viewer, sessions::list)
        .add(get(), "/sessions/{id}", viewer, sessions::show)
        .add(
            post(),
            "/sign-out",
            Access::Page(Need::SignedIn),
            sign_in::out,
        )
}

/// Adds what surrounds every route: bounds, security headers, answers for unknown paths.
fn finish(router: Router<Arc<Shared>>, shared: Arc<Shared>) -> Router {
    router
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(in_time))
        .layer(from_fn_with_state(Arc::clone(&shared), secure))
        .with_state(shared)
}

async fn unknown(request: Request) -> Response {
    tell(&request, &Failure::not_found("page"))
}

async fn wrong_method(request: Request) -> Response {
    let failure = Failure::new(ErrorCode::MethodNotAllowed, "the path takes another method");
    tell(&request, &failure)
}

fn tell(request: &Request, failure: &Failure) -> Response {
    let path = request.uri().path();
    if path.starts_with("/api/")
        || path.starts_with("/.well-known/")
        || path.starts_with("/ledger/")
    {
        return failure.clone().into_response();
    }
    page::failure(failure, None)
}

async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Failure::new(ErrorCode::Unavailable, "the request took too long").into_response(),
    }
}

async fn secure(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "no-referrer");
    let policy = HeaderName::from_static("cross-origin-opener-policy");
    set(policy, "same-origin");
    let policy = HeaderName::from_static("cross-origin-resource-policy");
    set(policy, "same-origin");
    if shared.is_https() {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn healthz() -> &'static str {
    "ok\n"
}

async fn readyz(State(shared): State<Arc<Shared>>) -> Response {
    match (shared.parts.health)() {
        Ok(()) => "ready\n".into_response(),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")).into_response(),
    }
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], (shared.parts.metrics)()).into_response()
}

async fn style() -> Response {
    page::asset(
        "text/css; charset=utf-8",
        include_str!("../assets/style.css"),
    )
}

async fn mark() -> Response {
    page::asset("image/svg+xml", include_str!("../assets/mark.svg"))
}
