//! The JSON routes under `/api/v1`: take a shape of `contract`, do an act, give a shape back.
//!
//! No decision is made here.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Request, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json as AxumJson};
use contract::{
    AnswerRequest, Approval, ApprovalList, Discovery, EraseRecordings, Hold, HoldList, IndexState,
    IssueKey, KeyIssued, KeyList, MintToken, PlaceHold, RecordingsErased, ReleaseHold,
    ResourceList, Revoked, SearchResults, Session, SessionEnded, SessionList, SetBar, TokenMinted,
    WhoAmI,
};
use ledger::find::Filter;
use ledger::find::facet::Facet;
use model::{Outcome, SessionId};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::acts::{approvals, archive, keys, recordings};
use crate::caller::{Caller, Permission};
use crate::convert;
use crate::failure::Failure;
use crate::shared::Shared;

/// Entries in a list when no limit is asked for.
const LIMIT: usize = 100;
/// The most entries in a list.
const LIMIT_MAX: usize = 1_000;

/// JSON whose rejection is a [`Failure`].
pub(crate) struct Json<T>(pub T);

/// A query string whose rejection is a [`Failure`].
pub(crate) struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let AxumJson(body) = AxumJson::from_request(request, state).await?;
        Ok(Self(body))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let query = axum::extract::Query::from_request_parts(parts, state).await?;
        Ok(Self(query.0))
    }
}

impl From<JsonRejection> for Failure {
    fn from(rejection: JsonRejection) -> Self {
        if rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
            return Self::new(contract::ErrorCode::TooLarge, "the request is too large");
        }
        Self::invalid(format!(
            "the body is not as documented: {}",
            rejection.body_text()
        ))
    }
}

impl From<QueryRejection> for Failure {
    fn from(rejection: QueryRejection) -> Self {
        Self::invalid(format!(
            "the query is not as documented: {}",
            rejection.body_text()
        ))
    }
}

impl<T: serde::Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        AxumJson(self.0).into_response()
    }
}

type Answered<T> = Result<Json<T>, Failure>;
type Api = State<Arc<Shared>>;
type Who = Extension<Caller>;

pub(crate) async fn discovery(State(shared): Api) -> Json<Discovery> {
    Json(shared.parts.discovery.clone())
}

pub(crate) async fn whoami(State(shared): Api, Extension(caller): Who) -> Json<WhoAmI> {
    let rules = &shared.parts.rules;
    let permitted = Permission::ALL
        .into_iter()
        .filter(|p| caller.may(*p, rules));
    Json(WhoAmI {
        principal: convert::principal(caller.principal()),
        credential: caller.login.credential.clone(),
        permissions: permitted.map(|p| p.as_str().to_owned()).collect(),
    })
}

pub(crate) async fn resources(State(shared): Api, Extension(caller): Who) -> Json<ResourceList> {
    let (rules, context) = (shared.parts.rules.load(), caller.context());
    let bound = caller.login.resource.as_ref();
    let within = |name| bound.is_none_or(|only| only == name);
    let targets = shared.parts.resources.iter();
    let mut resources: Vec<_> = targets
        .filter(|target| within(&target.resource.name))
        .filter_map(|target| {
            let decision = rules
                .policies
                .connect(caller.principal(), &target.resource, &context);
            let outcome = decision.outcome;
            (outcome != Outcome::Deny).then(|| convert::resource(target, outcome))
        })
        .collect();
    resources.sort_by(|a, b| a.name.cmp(&b.name));
    Json(ResourceList { resources })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApprovalQuery {
    #[serde(default)]
    all: bool,
    limit: Option<usize>,
}

pub(crate) async fn list_approvals(
    State(shared): Api,
    Extension(caller): Who,
    Query(query): Query<ApprovalQuery>,
) -> Answered<ApprovalList> {
    let seen = approvals::list(&shared, &caller, !query.all, limit(query.limit)).await?;
    let approvals = seen.iter().map(convert::approval).collect();
    Ok(Json(ApprovalList { approvals }))
}

pub(crate) async fn show_approval(
    State(shared): Api,
    Extension(caller): Who,
    Path(ticket): Path<String>,
) -> Answered<Approval> {
    let seen = approvals::show(&shared, &caller, &ticket).await?;
    Ok(Json(convert::approval(&seen)))
}

pub(crate) async fn answer_approval(
    State(shared): Api,
    Extension(caller): Who,
    Path(ticket): Path<String>,
    Json(body): Json<AnswerRequest>,
) -> Answered<Approval> {
    let (approve, comment) = (body.approve, body.comment.as_str());
    let answered =
        approvals::answer(&shared, &caller, &ticket, &body.binding, approve, comment).await?;
    Ok(Json(convert::approval(&answered)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionQuery {
    #[serde(default)]
    principal: String,
    #[serde(default)]
    resource: String,
    since: Option<String>,
    until: Option<String>,
    limit: Option<usize>,
}

impl SessionQuery {
    fn filter(self) -> Result<Filter, Failure> {
        let filter = Filter {
            principal: self.principal,
            since: time(self.since.as_deref())?,
            until: time(self.until.as_deref())?,
            limit: limit(self.limit),
            ..Filter::default()
        };
        Ok(filter.with(Facet::Resource, &self.resource))
    }
}

pub(crate) async fn list_sessions(
    State(shared): Api,
    Query(query): Query<SessionQuery>,
) -> Answered<SessionList> {
    let sessions = recordings::list(&shared, query.filter()?).await?;
    Ok(Json(SessionList { sessions }))
}

pub(crate) async fn show_session(State(shared): Api, Path(id): Path<String>) -> Answered<Session> {
    Ok(Json(recordings::show(&shared, session_id(&id)?).await?))
}

pub(crate) async fn recording(
    State(shared): Api,
    Extension(caller): Who,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let bytes = recordings::records(&shared, &caller, session_id(&id)?).await?;
    let kind = [(header::CONTENT_TYPE, contract::RECORDING_TYPE)];
    Ok((kind, bytes).into_response())
}

pub(crate) async fn kill_session(
    State(shared): Api,
    Extension(caller): Who,
    Path(id): Path<String>,
) -> Answered<SessionEnded> {
    let ended = keys::kill(&shared, &caller, session_id(&id)?).await?;
    Ok(Json(SessionEnded { ended }))
}

pub(crate) async fn search(
    State(shared): Api,
    Extension(caller): Who,
    Query(asked): Query<Vec<(String, String)>>,
) -> Answered<SearchResults> {
    Ok(Json(recordings::search(&shared, &caller, &asked).await?))
}

pub(crate) async fn index(State(shared): Api) -> Answered<IndexState> {
    Ok(Json(recordings::index(&shared).await?))
}

pub(crate) async fn rebuild_index(
    State(shared): Api,
    Extension(caller): Who,
) -> Answered<IndexState> {
    Ok(Json(recordings::rebuild_index(&shared, &caller).await?))
}

pub(crate) async fn mint_token(
    State(shared): Api,
    Extension(caller): Who,
    Json(wish): Json<MintToken>,
) -> Answered<TokenMinted> {
    let (view, secret) = keys::mint(&shared, &caller, &wish).await?;
    Ok(Json(TokenMinted {
        expires: convert::rfc3339(view.expires),
        resource: view.resource.as_ref().map(ToString::to_string),
        id: view.id,
        secret: secret.expose().clone(),
        user: view.principal.name,
    }))
}

pub(crate) async fn list_keys(State(shared): Api, Extension(caller): Who) -> Answered<KeyList> {
    let views = keys::list(&shared, &caller).await?;
    let keys = views.iter().map(convert::key).collect();
    Ok(Json(KeyList { keys }))
}

pub(crate) async fn issue_key(
    State(shared): Api,
    Extension(caller): Who,
    Json(wish): Json<IssueKey>,
) -> Answered<KeyIssued> {
    let (view, secret) = keys::issue(&shared, &caller, &wish).await?;
    Ok(Json(KeyIssued {
        key: convert::key(&view),
        secret: secret.expose().clone(),
    }))
}

pub(crate) async fn revoke_key(
    State(shared): Api,
    Extension(caller): Who,
    Path(id): Path<String>,
) -> Answered<Revoked> {
    let ended = keys::revoke(&shared, &caller, &id).await?;
    Ok(Json(revoked(ended)))
}

pub(crate) async fn bar_principal(
    State(shared): Api,
    Extension(caller): Who,
    Json(body): Json<SetBar>,
) -> Answered<Revoked> {
    let ended = keys::bar(&shared, &caller, &body.principal, body.barred).await?;
    Ok(Json(revoked(ended)))
}

pub(crate) async fn erase_recordings(
    State(shared): Api,
    Extension(caller): Who,
    Json(wish): Json<EraseRecordings>,
) -> Answered<RecordingsErased> {
    let fates = archive::erase(&shared, &caller, wish).await?;
    let recordings = fates.iter().map(convert::fate).collect();
    Ok(Json(RecordingsErased { recordings }))
}

pub(crate) async fn list_holds(State(shared): Api, Extension(caller): Who) -> Answered<HoldList> {
    let holds = archive::holds(&shared, &caller).await?;
    let holds = holds.iter().map(convert::hold).collect();
    Ok(Json(HoldList { holds }))
}

pub(crate) async fn place_hold(
    State(shared): Api,
    Extension(caller): Who,
    Json(wish): Json<PlaceHold>,
) -> Answered<Hold> {
    let hold = archive::hold(&shared, &caller, wish).await?;
    Ok(Json(convert::hold(&hold)))
}

pub(crate) async fn release_hold(
    State(shared): Api,
    Extension(caller): Who,
    Path(id): Path<String>,
    Json(wish): Json<ReleaseHold>,
) -> Answered<Hold> {
    let hold = archive::release(&shared, &caller, id, &wish.reason).await?;
    Ok(Json(convert::hold(&hold)))
}

pub(crate) fn session_id(text: &str) -> Result<SessionId, Failure> {
    text.parse().map_err(|_| Failure::not_found("session"))
}

fn revoked(ended: usize) -> Revoked {
    Revoked {
        sessions_ended: u64::try_from(ended).unwrap_or(u64::MAX),
    }
}

fn limit(asked: Option<usize>) -> usize {
    asked.unwrap_or(LIMIT).clamp(1, LIMIT_MAX)
}

/// Microseconds since the Unix epoch; a time before it is the epoch.
pub(crate) fn time(text: Option<&str>) -> Result<Option<u64>, Failure> {
    let Some(text) = text.filter(|t| !t.is_empty()) else {
        return Ok(None);
    };
    let stamp: jiff::Timestamp = text
        .parse()
        .map_err(|_| Failure::invalid("times are RFC 3339, such as 2026-01-31T12:00:00Z"))?;
    Ok(Some(u64::try_from(stamp.as_microsecond()).unwrap_or(0)))
}
