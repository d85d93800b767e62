//! Signing in through the browser: authorization code with PKCE (RFC 7636), state and nonce, and signing out.
//!
//! The tokens that the identity provider gives are used once and kept nowhere.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use contract::ErrorCode;
use gate::ports::LoginError;
use identity::rp::SignIn;
use model::Secret;
use serde::Deserialize;

use crate::caller::{Caller, Need};
use crate::cookie;
use crate::failure::Failure;
use crate::json::Query;
use crate::page::{self, Frame};
use crate::parts::RelyingParty;
use crate::route::{Peer, is_barred};
use crate::shared::Shared;
use crate::web_session::{Browser, random_token};

/// Where the identity provider sends the browser back to.
pub const CALLBACK_PATH: &str = "/auth/callback";

#[derive(Template)]
#[template(path = "door.html")]
struct DoorPage {
    frame: Frame,
    is_on: bool,
    next: String,
}

#[derive(Deserialize)]
pub(crate) struct Next {
    next: Option<String>,
}

/// `/`: the way in.
pub(crate) async fn door(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Query(query): Query<Next>,
) -> Response {
    let next = cookie::local_path(query.next.as_deref());
    let name = cookie::session(shared.is_https());
    let is_in = cookie::find(&headers, name).is_some_and(|id| shared.web.find(&id).is_some());
    if is_in {
        return Redirect::to(&next).into_response();
    }
    page::render(&DoorPage {
        frame: Frame::anonymous(),
        is_on: shared.parts.sign_in.is_some(),
        next: cookie::percent_encode(&next),
    })
}

/// `/sign-in`: off to the identity provider.
pub(crate) async fn start(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<Next>,
) -> Response {
    match set_out(&shared, query.next.as_deref()).await {
        Ok(response) => response,
        Err(failure) => page::failure(&failure, None),
    }
}

async fn set_out(shared: &Shared, next: Option<&str>) -> Result<Response, Failure> {
    let provider = provider(shared)?;
    let sign_in = SignIn::start(redirect_uri(shared)).map_err(|_| Failure::internal())?;
    let browser = random_token().map_err(|_| Failure::internal())?;
    let url = provider.authorize_url(&sign_in).await;
    let url = url.map_err(|error| refused(&error))?;
    let next = cookie::local_path(next);
    shared.web.remember(sign_in, browser.expose(), next);
    let is_https = shared.is_https();
    let cookie = cookie::set(cookie::sign_in(is_https), browser.expose(), is_https);
    with_cookies(Redirect::to(&url).into_response(), [cookie])
}

/// What the identity provider sends back.
#[derive(Deserialize)]
pub(crate) struct Callback {
    state: Option<String>,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// `/auth/callback`: back from the identity provider.
pub(crate) async fn callback(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Query(query): Query<Callback>,
) -> Response {
    match come_back(&shared, peer, &headers, query).await {
        Ok(response) => response,
        Err(failure) => page::failure(&failure, None),
    }
}

async fn come_back(
    shared: &Shared,
    peer: Peer,
    headers: &HeaderMap,
    query: Callback,
) -> Result<Response, Failure> {
    let provider = provider(shared)?;
    let is_https = shared.is_https();
    let stale = || {
        Failure::invalid("this sign-in is over or was started in another browser")
            .hint("start again")
    };
    let browser = cookie::find(headers, cookie::sign_in(is_https)).ok_or_else(stale)?;
    let state = query.state.ok_or_else(stale)?;
    let under_way = shared.web.take(&state, &browser).ok_or_else(stale)?;
    if let Some(error) = query.error {
        tracing::warn!(error = %contract::visible::single_line(&error), "the identity provider refused a sign-in");
        return Err(not_signed_in());
    }
    let code = Secret::new(query.code.ok_or_else(stale)?);
    let login = provider.redeem(&under_way.sign_in, &code, query.iss.as_deref());
    let login = login.await.map_err(|error| refused(&error))?;
    if is_barred(shared, &login).await? {
        return Err(not_signed_in());
    }
    let caller = Caller {
        login: login.clone(),
        address: Some(peer.0),
    };
    caller.check(Need::Person, &shared.parts.rules)?;
    let fields = vec![
        ("credential", login.credential.clone()),
        ("address", peer.0.to_string()),
    ];
    let actor = login.principal.key();
    shared.record(actor, "page.signed_in", fields).await?;
    let id = shared.web.start(login).map_err(|_| Failure::internal())?;
    let cookies = [
        cookie::set(cookie::session(is_https), id.expose(), is_https),
        cookie::clear(cookie::sign_in(is_https), is_https),
    ];
    with_cookies(Redirect::to(&under_way.next).into_response(), cookies)
}

/// `/sign-out`: ends the browser's session.
pub(crate) async fn out(
    State(shared): State<Arc<Shared>>,
    Extension(browser): Extension<Browser>,
    headers: HeaderMap,
) -> Response {
    let is_https = shared.is_https();
    let name = cookie::session(is_https);
    if let Some(id) = cookie::find(&headers, name) {
        shared.web.end(&id);
    }
    let response = Redirect::to("/").into_response();
    with_cookies(response, [cookie::clear(name, is_https)])
        .unwrap_or_else(|failure| page::failure(&failure, Some(&browser)))
}

fn with_cookies<const N: usize>(
    mut response: Response,
    cookies: [Option<HeaderValue>; N],
) -> Result<Response, Failure> {
    for cookie in cookies {
        let cookie = cookie.ok_or_else(Failure::internal)?;
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

fn provider(shared: &Shared) -> Result<&Arc<dyn RelyingParty>, Failure> {
    shared
        .parts
        .sign_in
        .as_ref()
        .ok_or_else(|| Failure::not_found("page"))
}

fn redirect_uri(shared: &Shared) -> String {
    format!("{}{CALLBACK_PATH}", shared.public_url())
}

fn refused(error: &LoginError) -> Failure {
    match error {
        LoginError::Refused { reason } => {
            tracing::warn!(%reason, "a browser sign-in was refused");
            not_signed_in()
        }
        LoginError::Unavailable(port) => {
            tracing::error!(
                error = port as &dyn std::error::Error,
                "the identity provider could not be asked"
            );
            Failure::new(
                ErrorCode::Unavailable,
                "the identity provider cannot be asked now",
            )
            .hint("try again in a minute")
        }
    }
}

fn not_signed_in() -> Failure {
    Failure::new(ErrorCode::Forbidden, "you were not signed in").hint("the gateway's log says why")
}
