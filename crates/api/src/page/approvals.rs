//! The list of requests for approval, one request, and the form that answers it.
//!
//! Shows a statement whole or says that it does not; what is not shown whole cannot be approved here.

use std::sync::Arc;
use std::time::SystemTime;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use contract::visible::{self, Piece, single_line};
use contract::{Answer, Approval, Touched};
use serde::Deserialize;

use crate::acts::approvals::{self as acts, Seen};
use crate::caller::Caller;
use crate::convert;
use crate::failure::Failure;
use crate::json::Query;
use crate::page::{self, Frame, lines, readable};
use crate::shared::Shared;
use crate::web_session::Browser;

/// Bytes of a statement that the page shows; a browser still scrolls through that.
const STATEMENT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Requests on the list.
const LIST_MAX: usize = 200;
/// Characters of a statement in the list.
const EXCERPT_CHARS: usize = 160;
/// Seconds until the list of waiting requests reloads itself.
const RELOAD_SECONDS: &str = "10";

#[derive(Deserialize)]
pub(crate) struct ListQuery {
    #[serde(default)]
    all: bool,
}

#[derive(Template)]
#[template(path = "approvals.html")]
struct ListPage {
    frame: Frame,
    all: bool,
    rows: Vec<Row>,
}

struct Row {
    ticket: String,
    state: &'static str,
    who: String,
    resource: String,
    when: String,
    statement: String,
    yours: bool,
}

pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    Extension(browser): Extension<Browser>,
    Extension(caller): Extension<Caller>,
    Query(query): Query<ListQuery>,
) -> Response {
    let seen = match acts::list(&shared, &caller, !query.all, LIST_MAX).await {
        Ok(seen) => seen,
        Err(failure) => return page::failure(&failure, Some(&browser)),
    };
    let now = SystemTime::now();
    let rows = seen.iter().map(|seen| row(seen, now)).collect();
    let mut response = page::render(&ListPage {
        frame: Frame::at("approvals", &browser, &caller, &shared),
        all: query.all,
        rows,
    });
    if !query.all {
        let headers = response.headers_mut();
        headers.insert("refresh", HeaderValue::from_static(RELOAD_SECONDS));
    }
    response
}

fn row(seen: &Seen, now: SystemTime) -> Row {
    let request = &seen.view.request;
    Row {
        ticket: request.id.ticket(),
        state: convert::state_name(seen.view.state),
        who: single_line(&request.requester.display()),
        resource: request.resource.to_string(),
        when: ago(request.created, now),
        statement: excerpt(&request.statement),
        yours: seen.may_answer,
    }
}

fn excerpt(statement: &str) -> String {
    let words: String = statement.chars().take(EXCERPT_CHARS * 4).collect();
    let line = single_line(&words);
    let words: Vec<&str> = line.split_whitespace().collect();
    let line = words.join(" ");
    let short: String = line.chars().take(EXCERPT_CHARS).collect();
    let is_whole = short.len() == line.len() && words_are_all(statement);
    if is_whole {
        short
    } else {
        format!("{short} …")
    }
}

fn words_are_all(statement: &str) -> bool {
    statement.chars().nth(EXCERPT_CHARS * 4).is_none()
}

fn ago(then: SystemTime, now: SystemTime) -> String {
    let seconds = now.duration_since(then).map_or(0, |d| d.as_secs());
    match seconds {
        0..=59 => "just now".to_owned(),
        60..=3_599 => format!("{} min ago", seconds / 60),
        3_600..=86_399 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

#[derive(Template)]
#[template(path = "approval.html")]
struct ShowPage<'a> {
    frame: Frame,
    a: &'a Approval,
    who: String,
    key: String,
    owner: Option<String>,
    database: String,
    lines: Vec<Vec<Piece<'a>>>,
    line_count: usize,
    bytes: usize,
    hidden: usize,
    too_long: bool,
    parameters: Vec<Option<Vec<Piece<'a>>>>,
    named: Vec<(String, Vec<Vec<Piece<'a>>>)>,
    effects: Vec<String>,
    reached: Vec<Reached>,
    notes: Vec<String>,
    reasons: Vec<String>,
    rules: Vec<String>,
    answers: Vec<Answer>,
    may_answer: bool,
}

/// One relation that the statement touches, each text on one line.
struct Reached {
    table: String,
    kind: String,
    does: Vec<String>,
    rows: String,
    whole: bool,
    through: Vec<String>,
    triggers: Vec<String>,
}

pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Extension(browser): Extension<Browser>,
    Extension(caller): Extension<Caller>,
    Path(ticket): Path<String>,
) -> Response {
    match acts::show(&shared, &caller, &ticket).await {
        Ok(seen) => {
            let frame = Frame::at("approvals", &browser, &caller, &shared);
            show_page(frame, &seen)
        }
        Err(failure) => page::failure(&failure, Some(&browser)),
    }
}

/// The page of one request.
pub(crate) fn show_page(frame: Frame, seen: &Seen) -> Response {
    let mut approval = convert::approval(seen);
    approval.created = readable(&approval.created);
    approval.expires = readable(&approval.expires);
    let shown_bytes = approval.parameters.iter().flatten().map(String::len);
    let shown_bytes = shown_bytes.chain(approval.named.iter().map(|named| named.text.len()));
    let shown_bytes = shown_bytes.fold(approval.statement.len(), usize::saturating_add);
    let too_long = shown_bytes > STATEMENT_BYTES_MAX;
    let shown = if too_long { "" } else { &approval.statement };
    let (lines, mut hidden) = lines(shown);
    let texts = approval.named.iter().filter(|_| !too_long);
    let named = texts
        .map(|named| {
            let (lines, more) = page::lines(&named.text);
            hidden = hidden.saturating_add(more);
            (single_line(&named.name), lines)
        })
        .collect();
    let parameters = approval.parameters.iter().filter(|_| !too_long);
    page::render(&ShowPage {
        frame,
        who: single_line(&seen.view.request.requester.display()),
        key: single_line(&approval.requester.key),
        owner: owner(&approval),
        database: single_line(&approval.database),
        line_count: lines.len(),
        bytes: approval.statement.len(),
        lines,
        hidden,
        too_long,
        parameters: parameters
            .map(|p| p.as_deref().map(visible_parameter))
            .collect(),
        named,
        effects: visible_all(&approval.effects),
        reached: approval.reach.tables.iter().map(reached).collect(),
        notes: visible_all(&approval.reach.notes),
        reasons: visible_all(&approval.reasons),
        rules: approval.rules.iter().map(|r| in_words(r)).collect(),
        answers: approval.answers.iter().map(visible_answer).collect(),
        may_answer: seen.may_answer,
        a: &approval,
    })
}

fn reached(touched: &Touched) -> Reached {
    Reached {
        table: single_line(&touched.table),
        kind: single_line(&touched.kind),
        does: visible_all(&touched.does),
        rows: touched.rows.map_or_else(
            || "not counted yet".to_owned(),
            |rows| format!("about {rows}"),
        ),
        whole: touched.whole,
        through: visible_all(&touched.through),
        triggers: visible_all(&touched.triggers),
    }
}

/// A parameter on one line: its line feeds are spelled out too.
fn visible_parameter(text: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    for (index, line) in visible::lines(text).enumerate() {
        if index > 0 {
            out.push(Piece::Hidden("U+000A".to_owned()));
        }
        out.extend(line);
    }
    out
}

fn visible_all(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| single_line(text)).collect()
}

fn visible_answer(answer: &Answer) -> Answer {
    Answer {
        name: single_line(&answer.name),
        comment: single_line(&answer.comment),
        time: readable(&answer.time),
        ..answer.clone()
    }
}

fn owner(approval: &Approval) -> Option<String> {
    let human = approval.requester.acts_for.as_ref()?;
    let text = match &human.email {
        Some(email) if *email != human.name => format!("{} ({email})", human.name),
        _ => human.name.clone(),
    };
    Some(single_line(&text))
}

fn in_words(rule: &str) -> String {
    if rule == "owner" {
        return "the person whom the agent acts for".to_owned();
    }
    match rule.split_once(" of ") {
        Some((count, group)) => format!("{count} people of {}", single_line(group)),
        None => format!("one person of {}", single_line(rule)),
    }
}

#[derive(Deserialize)]
pub(crate) struct AnswerForm {
    answer: String,
    binding: String,
    #[serde(default)]
    comment: String,
}

pub(crate) async fn answer(
    State(shared): State<Arc<Shared>>,
    Extension(browser): Extension<Browser>,
    Extension(caller): Extension<Caller>,
    Path(ticket): Path<String>,
    Form(form): Form<AnswerForm>,
) -> Response {
    let approve = match form.answer.as_str() {
        "approve" => true,
        "deny" => false,
        _ => return page::failure(&Failure::invalid("approve or deny?"), Some(&browser)),
    };
    let comment = form.comment.trim();
    let (binding, ticket) = (form.binding.as_str(), ticket.as_str());
    match acts::answer(&shared, &caller, ticket, binding, approve, comment).await {
        Ok(seen) => {
            let ticket = seen.view.request.id.ticket();
            Redirect::to(&format!("/approvals/{ticket}")).into_response()
        }
        Err(failure) => page::failure(&failure, Some(&browser)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_excerpt_is_one_line_and_says_when_it_is_cut() {
        assert_eq!(excerpt("SELECT\n  1"), "SELECT 1");
        assert_eq!(excerpt("a\u{202e}b"), "a<U+202E>b");
        let long = excerpt(&"x".repeat(10_000));
        assert!(long.ends_with(" …") && long.chars().count() == EXCERPT_CHARS + 2);
        assert!(excerpt(&format!("SELECT 1{}; DROP TABLE t", " ".repeat(10_000))).ends_with('…'));
    }

    #[test]
    fn ages_are_short() {
        let now = SystemTime::now();
        for (seconds, expect) in [
            (5, "just now"),
            (61, "1 min ago"),
            (7_200, "2 h ago"),
            (200_000, "2 d ago"),
        ] {
            assert_eq!(ago(now - Duration::from_secs(seconds), now), expect);
        }
    }

    #[test]
    fn rules_are_told_in_words() {
        assert_eq!(in_words("dba"), "one person of dba");
        assert_eq!(in_words("2 of dba"), "2 people of dba");
        assert_eq!(in_words("owner"), "the person whom the agent acts for");
    }
}
