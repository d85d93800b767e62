//! The one table of routes: no handler is reachable without saying here what it takes to reach it.
//!
//! Knows no handler's work. A route's guard runs before its handler and cannot be left out, because
//! [`Table::add`] is the only way in.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request, State};
use axum::handler::Handler;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodFilter, on};
use axum::{Form, Router};
use contract::ErrorCode;
use gate::ports::{Authenticated, Credential, LoginError};
use model::Secret;

use crate::caller::{Caller, Need};
use crate::cookie;
use crate::failure::Failure;
use crate::page;
use crate::parts::MetricsAccess;
use crate::shared::Shared;
use crate::web_session::Browser;

/// Bytes of a request's body.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;
/// Time to answer one request.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// The login name that names nobody in particular: the credential alone says who it is.
const ANY_LOGIN: &str = "token";

/// The peer's address, put into each request by the server.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// What it takes to reach a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Nothing; must show nothing that is not for everybody.
    Public,
    /// Nothing, but attempts are counted per source.
    SignIn,
    /// As [`MetricsAccess`] says.
    Metrics,
    /// A bearer credential.
    Api(Need),
    /// A browser session; a form must also carry its CSRF token.
    Page(Need),
}

/// One line of the table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path pattern.
    pub path: &'static str,
    /// What it takes.
    pub access: Access,
}

/// Collects routes, each with its guard.
pub(crate) struct Table {
    shared: Arc<Shared>,
    router: Router<Arc<Shared>>,
    routes: Vec<Route>,
}

#[derive(Clone)]
struct Guard {
    shared: Arc<Shared>,
    access: Access,
}

impl Table {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            router: Router::new(),
            routes: Vec::new(),
        }
    }

    /// Adds a route.
    pub(crate) fn add<H, T>(
        mut self,
        method: Method,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> Self
    where
        H: Handler<T, Arc<Shared>>,
        T: 'static,
    {
        let filter = if method == Method::POST {
            MethodFilter::POST
        } else {
            MethodFilter::GET
        };
        let guard = Guard {
            shared: Arc::clone(&self.shared),
            access,
        };
        let endpoint = on(filter, handler).layer(from_fn_with_state(guard, check));
        self.router = self.router.route(path, endpoint);
        self.routes.push(Route {
            method,
            path,
            access,
        });
        self
    }

    pub(crate) fn into_parts(self) -> (Router<Arc<Shared>>, Vec<Route>) {
        (self.router, self.routes)
    }
}

async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let shared = &guard.shared;
    match guard.access {
        Access::Public => next.run(request).await,
        Access::SignIn => sign_in(shared, request, next).await,
        Access::Metrics if metrics_are_for(shared.parts.metrics_access, &request) => {
            next.run(request).await
        }
        Access::Metrics => Failure::not_found("page").into_response(),
        Access::Api(need) => {
            match bearer(shared, need, peer(&request), bearer_token(&request)).await {
                Ok(caller) => pass(caller, request, next).await,
                Err(failure) => failure.into_response(),
            }
        }
        Access::Page(need) => match browse(shared, need, request).await {
            Ok((browser, caller, mut request)) => {
                request.extensions_mut().insert(browser);
                pass(caller, request, next).await
            }
            Err(response) => *response,
        },
    }
}

async fn pass(caller: Caller, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(caller);
    next.run(request).await
}

async fn sign_in(shared: &Shared, request: Request, next: Next) -> Response {
    let Some(source) = peer(&request) else {
        return page::failure(&Failure::internal(), None);
    };
    let now = Instant::now();
    if !shared.attempts.allows(source, now) {
        return page::failure(&too_many(), None);
    }
    shared.attempts.count(source, now);
    next.run(request).await
}

async fn bearer(
    shared: &Shared,
    need: Need,
    source: Option<IpAddr>,
    token: Option<Secret<String>>,
) -> Result<Caller, Failure> {
    let source = source.ok_or_else(Failure::internal)?;
    let token = token.ok_or_else(Failure::unauthenticated)?;
    if !shared.attempts.allows(source, Instant::now()) {
        return Err(too_many());
    }
    let credential = Credential::Bearer(token);
    let login = match shared
        .parts
        .identities
        .authenticate(ANY_LOGIN, &credential)
        .await
    {
        Ok(login) => login,
        Err(LoginError::Unavailable(port)) => return Err(port.into()),
        Err(LoginError::Refused { reason }) => {
            shared.attempts.count(source, Instant::now());
            tracing::warn!(%source, %reason, "an API credential was refused");
            return Err(Failure::unauthenticated());
        }
    };
    admit(shared, need, login, source).await
}

/// The checks that a bearer credential and a browser session share.
async fn admit(
    shared: &Shared,
    need: Need,
    login: Authenticated,
    source: IpAddr,
) -> Result<Caller, Failure> {
    if is_barred(shared, &login).await? {
        return Err(Failure::unauthenticated());
    }
    let caller = Caller {
        login,
        address: Some(source),
    };
    caller.check(need, &shared.parts.rules)?;
    Ok(caller)
}

/// Whether a login is kept out, by any of its names.
pub(crate) async fn is_barred(shared: &Shared, login: &Authenticated) -> Result<bool, Failure> {
    for name in login.names() {
        if shared.parts.keys.is_barred(&name).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn browse(
    shared: &Shared,
    need: Need,
    request: Request,
) -> Result<(Browser, Caller, Request), Box<Response>> {
    let fail = |failure: Failure| Box::new(page::failure(&failure, None));
    let source = peer(&request).ok_or_else(|| fail(Failure::internal()))?;
    let name = cookie::session(shared.is_https());
    let browser = cookie::find(request.headers(), name).and_then(|id| shared.web.find(&id));
    let Some(browser) = browser else {
        return Err(Box::new(to_sign_in(&request)));
    };
    let request = if request.method() == Method::GET || request.method() == Method::HEAD {
        request
    } else {
        check_form(shared, &browser, request).await.map_err(fail)?
    };
    match admit(shared, need, browser.login.clone(), source).await {
        Ok(caller) => Ok((browser, caller, request)),
        Err(failure) if failure.code == ErrorCode::Unauthenticated => {
            shared.web.end_of(&browser.login.principal.key());
            Err(Box::new(to_sign_in(&request)))
        }
        Err(failure) => Err(Box::new(page::failure(&failure, Some(&browser)))),
    }
}

/// A form counts only when it comes from this site and brings the session's token back.
async fn check_form(
    shared: &Shared,
    browser: &Browser,
    request: Request,
) -> Result<Request, Failure> {
    let refused = || {
        Failure::new(
            ErrorCode::Forbidden,
            "this form was not sent from this page",
        )
        .hint("go back, reload the page and try again")
    };
    if !is_same_site(shared, request.headers()) {
        return Err(refused());
    }
    let (head, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, BODY_BYTES_MAX)
        .await
        .map_err(|_| Failure::new(ErrorCode::TooLarge, "the form is too large"))?;
    let given = form_field(&head, &bytes, "csrf")
        .await
        .ok_or_else(refused)?;
    if !browser.csrf.matches(given.as_bytes()) {
        return Err(refused());
    }
    Ok(Request::from_parts(head, Body::from(bytes)))
}

/// Browsers say where a form comes from; what they say must not contradict. Old ones say nothing: the token decides.
fn is_same_site(shared: &Shared, headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    match headers.get(header::ORIGIN) {
        Some(origin) => origin.as_bytes() == shared.origin().as_bytes(),
        None => true,
    }
}

/// The first value of a form's field.
async fn form_field(head: &Parts, body: &Bytes, name: &str) -> Option<String> {
    let mut request = Request::new(Body::from(body.clone()));
    *request.method_mut() = head.method.clone();
    *request.headers_mut() = head.headers.clone();
    let form = Form::<Vec<(String, String)>>::from_request(request, &()).await;
    let mut fields = form.ok()?.0.into_iter();
    fields.find(|(key, _)| key == name).map(|(_, value)| value)
}

fn to_sign_in(request: &Request) -> Response {
    let is_form = request.method() == Method::POST;
    let next = request.uri().path_and_query().map(|p| p.as_str());
    let next = next.filter(|_| !is_form).unwrap_or("/approvals");
    Redirect::to(&format!("/?next={}", cookie::percent_encode(next))).into_response()
}

fn bearer_token(request: &Request) -> Option<Secret<String>> {
    let mut values = request.headers().get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty())
        .then(|| Secret::new(token.to_owned()))
}

fn metrics_are_for(access: MetricsAccess, request: &Request) -> bool {
    match access {
        MetricsAccess::Open => true,
        MetricsAccess::Off => false,
        MetricsAccess::Loopback => {
            let forwarded = ["forwarded", "x-forwarded-for", "via", "x-real-ip"];
            peer(request).is_some_and(|p| p.to_canonical().is_loopback())
                && !forwarded.iter().any(|h| request.headers().contains_key(*h))
        }
    }
}

fn peer(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<Peer>().map(|p| p.0)
}

fn too_many() -> Failure {
    Failure::new(
        ErrorCode::RateLimited,
        "too many attempts from this address",
    )
    .hint("wait a minute and try again")
}
