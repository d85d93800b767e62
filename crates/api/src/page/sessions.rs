//! The list of sessions and a simple view of one recording.
//!
//! Looking is recorded before anything is shown; the view is a page of actions, never the whole recording.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use contract::Session;
use contract::visible::{Piece, single_line};
use ledger::Event;
use ledger::find::{Filter, rfc3339};
use ledger::journal::Recording;
use serde::Deserialize;

use crate::acts::recordings as acts;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::grid::{self, Grid};
use crate::json::{Query, session_id};
use crate::page::{self, Frame, lines, readable};
use crate::shared::Shared;
use crate::web_session::Browser;

/// Sessions on the list.
const LIST_MAX: usize = 100;
/// Actions on one page.
const ACTIONS_MAX: usize = 50;
/// Bytes of an action's text that the view shows.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Response bytes gathered per action for the grid.
const RESPONSE_BYTES_MAX: usize = 256 * 1024;

#[derive(Template)]
#[template(path = "sessions.html")]
struct ListPage {
    frame: Frame,
    sessions: Vec<Row>,
}

struct Row {
    id: String,
    who: String,
    kind: String,
    resource: String,
    application: String,
    address: String,
    started: String,
    live: bool,
    actions: u64,
    denied: u64,
    held: u64,
}

pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    Extension(browser): Extension<Browser>,
    Extension(caller): Extension<Caller>,
) -> Response {
    let filter = Filter {
        limit: LIST_MAX,
        ..Filter::default()
    };
    match acts::list(&shared, filter).await {
        Ok(sessions) => page::render(&ListPage {
            frame: Frame::at("sessions", &browser, &caller, &shared),
            sessions: sessions.iter().map(row).collect(),
        }),
        Err(failure) => page::failure(&failure, Some(&browser)),
    }
}

fn row(s: &Session) -> Row {
    Row {
        id: s.id.clone(),
        who: who(s),
        kind: s.kind.clone(),
        resource: single_line(&s.resource),
        application: single_line(&s.application),
        address: single_line(&s.address),
        started: readable(&s.started),
        live: s.live,
        actions: s.actions,
        denied: s.denied,
        held: s.held,
    }
}

fn who(s: &Session) -> String {
    if let Some(erased) = &s.erased {
        let when = readable(&erased.time);
        return single_line(&format!("Erased on {when} by {}", erased.by));
    }
    match &s.acts_for {
        Some(human) => single_line(&format!("{} for {human}", s.name)),
        None => single_line(&s.name),
    }
}

#[derive(Deserialize)]
pub(crate) struct From {
    #[serde(default)]
    from: u64,
}

#[derive(Template)]
#[template(path = "session.html")]
struct ShowPage<'a> {
    frame: Frame,
    s: &'a Session,
    who: String,
    principal: String,
    database: String,
    application: String,
    credential: String,
    end_reason: Option<String>,
    actions: Vec<Shown<'a>>,
    findings: &'a [String],
    previous: Option<u64>,
    next: Option<u64>,
}

struct Shown<'a> {
    sequence: u64,
    outcome: &'a str,
    time: String,
    ending: String,
    lines: Vec<Vec<Piece<'a>>>,
    notes: &'a [String],
    grids: &'a [Grid],
}

pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Extension(browser): Extension<Browser>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Query(query): Query<From>,
) -> Response {
    match look(&shared, &caller, &id, query.from).await {
        Ok((session, view)) => {
            let frame = Frame::at("sessions", &browser, &caller, &shared);
            show_page(frame, &session, &view)
        }
        Err(failure) => page::failure(&failure, Some(&browser)),
    }
}

async fn look(
    shared: &Shared,
    caller: &Caller,
    id: &str,
    from: u64,
) -> Result<(Session, View), Failure> {
    let id = session_id(id)?;
    let session = acts::show(shared, id).await?;
    let recording = acts::recording(shared, caller, id).await?;
    Ok((session, View::of(&recording, from)))
}

/// The page of one recording.
pub(crate) fn show_page(frame: Frame, session: &Session, view: &View) -> Response {
    let mut s = session.clone();
    s.started = readable(&s.started);
    s.ended = s.ended.as_deref().map(readable);
    s.address = single_line(&s.address);
    page::render(&ShowPage {
        frame,
        who: who(&s),
        principal: single_line(&s.principal),
        database: single_line(&s.database),
        application: single_line(&s.application),
        credential: single_line(&s.credential),
        end_reason: s.end_reason.as_deref().map(single_line),
        actions: view.actions.values().map(Kept::shown).collect(),
        findings: &view.findings,
        previous: view.previous,
        next: view.next,
        s: &s,
    })
}

/// A page of a recording's actions.
#[derive(Default)]
pub(crate) struct View {
    actions: BTreeMap<u64, Kept>,
    previous: Option<u64>,
    next: Option<u64>,
    findings: Vec<String>,
}

#[derive(Default)]
struct Kept {
    sequence: u64,
    time: u64,
    outcome: String,
    text: String,
    notes: Vec<String>,
    ending: String,
    response: Vec<u8>,
    grids: Vec<Grid>,
}

impl View {
    /// Actions number `from` (0: the first) and following.
    pub(crate) fn of(recording: &Recording, from: u64) -> Self {
        let mut view = Self::default();
        let from = from.max(1);
        for event in &recording.events {
            view.take(event, from);
        }
        let step = u64::try_from(ACTIONS_MAX).unwrap_or(u64::MAX);
        view.previous = (from > 1).then(|| from.saturating_sub(step).max(1));
        view.findings = recording
            .findings
            .iter()
            .filter(|f| f.is_alarm())
            .map(ToString::to_string)
            .collect();
        for kept in view.actions.values_mut() {
            let (grids, remarks) = grid::read(&kept.response);
            kept.grids = grids;
            kept.notes.extend(remarks);
        }
        view
    }

    fn take(&mut self, event: &Event<'_>, from: u64) {
        match event {
            Event::Action(action) if action.sequence >= from => {
                if self.actions.len() >= ACTIONS_MAX {
                    self.next = self.next.or(Some(action.sequence));
                } else {
                    self.actions.insert(action.sequence, Kept::of(action));
                }
            }
            Event::Response { sequence, bytes } => {
                if let Some(kept) = self.actions.get_mut(sequence) {
                    let room = RESPONSE_BYTES_MAX.saturating_sub(kept.response.len());
                    let taken = bytes.get(..room.min(bytes.len())).unwrap_or_default();
                    kept.response.extend_from_slice(taken);
                }
            }
            Event::Completed(end) => {
                if let Some(kept) = self.actions.get_mut(&end.sequence) {
                    kept.ending = ending(end);
                }
            }
            Event::Approval(approval) => {
                if let Some(kept) = self.actions.get_mut(&approval.sequence) {
                    let who = single_line(&approval.actor);
                    let note = format!("{} {who} {}", approval.state, approval.comment);
                    kept.notes.push(single_line(note.trim()));
                }
            }
            Event::Action(_)
            | Event::SessionOpened(_)
            | Event::SessionClosed { .. }
            | Event::Control { .. }
            | Event::ResponseRest { .. }
            | Event::StreamEnd(_)
            | Event::Unknown(_) => {}
        }
    }
}

impl Kept {
    fn of(action: &ledger::event::ActionRecorded<'_>) -> Self {
        let mut notes = Vec::new();
        let mut text = action.text.clone().into_owned();
        if text.len() > TEXT_BYTES_MAX {
            let whole = text.len();
            text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
            notes.push(format!(
                "The text goes on for {} bytes; `portcullis replay` shows it whole.",
                whole - text.len()
            ));
        }
        for (index, parameter) in action.parameters.iter().enumerate() {
            let value = parameter.as_deref().unwrap_or("NULL");
            let short: String = single_line(value).chars().take(400).collect();
            notes.push(format!("${} = {short}", index + 1));
        }
        for (rule, words) in &action.reasons {
            notes.push(single_line(&format!("{rule}: {words}")));
        }
        if !action.masked.is_empty() {
            notes.push(single_line(&format!(
                "masked: {}",
                action.masked.join(", ")
            )));
        }
        if !action.approvers.is_empty() {
            let who = action.approvers.join(", ");
            notes.push(single_line(&format!("approved by {who}")));
        }
        Self {
            sequence: action.sequence,
            time: action.time,
            outcome: action.outcome.clone().into_owned(),
            text,
            notes,
            ..Self::default()
        }
    }

    fn shown(&self) -> Shown<'_> {
        Shown {
            sequence: self.sequence,
            outcome: &self.outcome,
            time: readable(&rfc3339(self.time)),
            ending: self.ending.clone(),
            lines: lines(&self.text).0,
            notes: &self.notes,
            grids: &self.grids,
        }
    }
}

fn ending(end: &ledger::event::Completed<'_>) -> String {
    let milliseconds = end.duration / 1_000;
    let mut line = match &end.error {
        Some(code) => format!("failed with {code} after {milliseconds} ms"),
        None => format!("{} in {milliseconds} ms", end.status),
    };
    let found = end.detected.iter();
    let found: Vec<String> = found
        .map(|(word, count)| format!("{word} {count}"))
        .collect();
    if !found.is_empty() {
        line.push_str("; values hidden: ");
        line.push_str(&found.join(", "));
    }
    single_line(&line)
}
