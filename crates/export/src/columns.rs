//! The fields of an audit event, each defined once for all flat formats.
//!
//! Must never change what a released name means: names are added.

use std::borrow::Cow;

use ledger::event::{ActionRecorded, Completed, Human, SessionOpened, StatementRecorded};
use ledger::find::{id_text, rfc3339};
use serde_json::{Value as Json, json};

use crate::event::{AuditEvent, Detail, VERSION};

/// What a field holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Type {
    /// UTF-8.
    Text,
    /// A count, an amount or a duration, at least 0.
    Number,
    /// A moment, UTC, to the microsecond.
    Time,
    /// A list: of texts, of `{name, value}`, of `{rule, text}`. A JSON array; in flat formats, its text.
    List,
}

/// A field's value.
#[derive(Clone, PartialEq, Debug)]
pub enum Value<'a> {
    /// Of [`Type::Text`].
    Text(Cow<'a, str>),
    /// Of [`Type::Number`].
    Number(u64),
    /// Of [`Type::Time`], in microseconds since 1970 UTC.
    Time(u64),
    /// Of [`Type::List`], a JSON array.
    List(Json),
}

impl<'a> Value<'a> {
    /// As text: times as RFC 3339, lists as JSON.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(number) => number.to_string().into(),
            Self::Time(micros) => rfc3339(*micros).into(),
            Self::List(list) => list.to_string().into(),
        }
    }

    /// As JSON.
    pub fn json(self) -> Json {
        match self {
            Self::Text(text) => Json::String(text.into_owned()),
            Self::Number(number) => number.into(),
            Self::Time(micros) => Json::String(rfc3339(micros)),
            Self::List(list) => list,
        }
    }

    fn of(text: &'a str) -> Option<Self> {
        (!text.is_empty()).then(|| Self::Text(text.into()))
    }

    fn hex(bytes: &[u8]) -> Option<Self> {
        let is_set = bytes.iter().any(|byte| *byte != 0);
        is_set.then(|| Self::Text(ledger::Hex(bytes).to_string().into()))
    }

    fn list(list: Vec<Json>) -> Option<Self> {
        (!list.is_empty()).then_some(Self::List(Json::Array(list)))
    }

    fn texts(texts: &[Cow<'_, str>]) -> Option<Self> {
        Self::list(texts.iter().map(|text| json!(text)).collect())
    }

    fn pairs(pairs: &[(impl AsRef<str>, impl AsRef<str>)], names: (&str, &str)) -> Option<Self> {
        let pair = |(name, value): &(_, _)| {
            let (name, value): (&str, &str) = (AsRef::as_ref(name), AsRef::as_ref(value));
            json!({ names.0: name, names.1: value })
        };
        Self::list(
            pairs
                .iter()
                .map(|p| pair(&(p.0.as_ref(), p.1.as_ref())))
                .collect(),
        )
    }
}

/// One field: its name, what it holds, and how it is read; `None` where it says nothing.
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub holds: Type,
    /// Reads it.
    pub of: for<'a> fn(&'a AuditEvent) -> Option<Value<'a>>,
}

macro_rules! columns {
    ($($name:ident: $holds:ident = $of:expr;)*) => {
        &[$(Column { name: stringify!($name), holds: Type::$holds, of: $of }),*]
    };
}

/// All fields, in order.
pub const COLUMNS: &[Column] = columns! {
    version: Number = |_| Some(Value::Number(VERSION));
    id: Text = |e| Some(Value::Text(e.id().into()));
    kind: Text = |e| Value::of(e.kind().as_str());
    time: Time = |e| Some(Value::Time(e.time));
    session: Text = |e| e.session.map(|id| Value::Text(id_text(&id).into()));
    principal: Text = |e| opened(e, |o| &o.principal);
    name: Text = |e| opened(e, |o| &o.name);
    principal_kind: Text = |e| opened(e, |o| &o.kind);
    groups: List = |e| Value::texts(&e.opened.as_ref()?.groups);
    acts_for: Text = |e| Value::of(e.opened.as_ref()?.acts_for.first()?);
    acts_for_name: Text = |e| Value::of(e.opened.as_ref()?.acts_for.get(1)?);
    credential: Text = |e| opened(e, |o| &o.credential);
    claims: List = |e| Value::pairs(&e.opened.as_ref()?.claims, ("name", "value"));
    resource: Text = |e| opened(e, |o| &o.resource);
    database: Text = |e| opened(e, |o| &o.database);
    protocol: Text = |e| opened(e, |o| &o.protocol);
    application: Text = |e| opened(e, |o| &o.application);
    address: Text = |e| opened(e, |o| &o.address);
    login: Text = |e| opened(e, |o| &o.login);
    tls: Text = |e| opened(e, |o| &o.tls);
    statement: Number = statement_number;
    statement_kind: Text = |e| Value::of(&action(e)?.kind);
    text: Text = |e| Value::of(&action(e)?.text);
    parameters: List = |e| Value::list(action(e)?.parameters.iter().map(|p| json!(p)).collect());
    effects: List = |e| Value::texts(&action(e)?.effects);
    outcome: Text = |e| Value::of(&action(e)?.outcome);
    reasons: List = |e| Value::pairs(&action(e)?.reasons, ("rule", "text"));
    policy: Text = |e| Value::hex(&action(e)?.policy);
    masked: List = |e| Value::texts(&action(e)?.masked);
    held_since: Time = |e| e.statement()?.held_since.map(Value::Time);
    approval: Text = approval_id;
    approvers: List = |e| Value::texts(&action(e)?.approvers);
    ended: Time = |e| Some(Value::Time(completed(e)?.time));
    status: Text = |e| Value::of(&completed(e)?.status);
    rows: Number = |e| Some(Value::Number(completed(e)?.rows));
    bytes: Number = |e| Some(Value::Number(completed(e)?.bytes));
    duration_us: Number = |e| Some(Value::Number(completed(e)?.duration));
    error: Text = |e| Value::of(completed(e)?.error.as_ref()?);
    detected: List = |e| Value::list(completed(e)?.detected.iter()
        .map(|(what, count)| json!({ "name": what, "count": count })).collect());
    state: Text = |e| match &e.detail {
        Detail::Approval(approval) => Value::of(&approval.state),
        _ => None,
    };
    actor: Text = |e| match &e.detail {
        Detail::Approval(approval) => Value::of(&approval.actor),
        Detail::Control { actor, .. } => Value::of(actor),
        _ => None,
    };
    comment: Text = |e| match &e.detail {
        Detail::Approval(approval) => Value::of(&approval.comment),
        _ => None,
    };
    control: Text = |e| match &e.detail {
        Detail::Control { name, .. } => Value::of(name),
        _ => None,
    };
    fields: List = |e| match &e.detail {
        Detail::Control { fields, .. } => Value::pairs(fields, ("name", "value")),
        _ => None,
    };
    reason: Text = |e| match &e.detail {
        Detail::SessionClosed { reason } => Value::of(reason),
        Detail::Gap { reason, .. } => Value::of(reason),
        _ => None,
    };
    gap_to: Number = |e| match &e.detail {
        Detail::Gap { to, .. } => Some(Value::Number(*to)),
        _ => None,
    };
    shortened: Text = |e| e.is_shortened.then_some(Value::Text("yes".into()));
    sequence: Number = |e| Some(Value::Number(e.record.sequence));
    record_hash: Text = |e| Value::hex(&e.record.hash);
    result_sequence: Number = |e| Some(Value::Number(e.end()?.record.sequence));
    result_hash: Text = |e| Value::hex(&e.end()?.record.hash);
    journal: Text = |e| Value::hex(&e.journal);
    email: Text = |e| opened(e, |o| &o.email);
    acts_for_kind: Text = |e| Value::of(&human(e)?.kind);
    acts_for_groups: List = |e| Value::texts(&human(e)?.groups);
    acts_for_email: Text = |e| Value::of(&human(e)?.email);
    statements: List = statements;
    in_transaction: Text = |e| {
        let word = match (says_circumstances(e), action(e)?.in_transaction) {
            (false, _) => return None,
            (true, true) => "yes",
            (true, false) => "no",
        };
        Some(Value::Text(word.into()))
    };
    circumstances: Text = |e| says_circumstances(e).then_some(Value::Text("yes".into()));
};

fn opened<'a>(
    event: &'a AuditEvent,
    read: fn(&'a SessionOpened<'static>) -> &'a Cow<'static, str>,
) -> Option<Value<'a>> {
    Value::of(read(event.opened.as_deref()?))
}

fn action(event: &AuditEvent) -> Option<&ActionRecorded<'static>> {
    Some(&event.statement()?.action)
}

fn human(event: &AuditEvent) -> Option<&Human<'static>> {
    event.opened.as_deref()?.human.as_deref()
}

/// Whether absence has a meaning in what the session recorded.
fn says_circumstances(event: &AuditEvent) -> bool {
    let opened = event.opened.as_deref();
    opened.is_some_and(|opened| opened.says_circumstances)
}

fn statements(event: &AuditEvent) -> Option<Value<'_>> {
    let action = action(event)?;
    let usual;
    let mut recorded = &*action.statements;
    if recorded.is_empty() && !action.effects.is_empty() && says_circumstances(event) {
        usual = [StatementRecorded::usual(action.effects.len() as u64)];
        recorded = &usual;
    }
    let statements = recorded.iter().map(|statement| {
        json!({
            "kind": statement.kind,
            "effects": statement.effects,
            "has_where": statement.has_where,
        })
    });
    Value::list(statements.collect())
}

fn completed(event: &AuditEvent) -> Option<&Completed<'static>> {
    Some(&event.end()?.completed)
}

fn statement_number(event: &AuditEvent) -> Option<Value<'_>> {
    let number = match &event.detail {
        Detail::Approval(approval) => approval.sequence,
        _ => action(event)?.sequence,
    };
    (number > 0).then_some(Value::Number(number))
}

fn approval_id(event: &AuditEvent) -> Option<Value<'_>> {
    let id = match &event.detail {
        Detail::Approval(approval) => approval.approval,
        _ => action(event)?.approval?,
    };
    Some(Value::Text(id_text(&id).into()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use super::*;
    use crate::testing;

    #[test]
    fn every_value_is_of_its_columns_type() {
        for event in testing::every_kind() {
            for column in COLUMNS {
                let fits = match ((column.of)(&event), column.holds) {
                    (None, _)
                    | (Some(Value::Text(_)), Type::Text)
                    | (Some(Value::Number(_)), Type::Number)
                    | (Some(Value::Time(_)), Type::Time) => true,
                    (Some(Value::List(list)), Type::List) => list.is_array(),
                    (Some(_), _) => false,
                };
                assert!(fits, "{} of {event:?}", column.name);
            }
        }
    }

    #[test]
    fn what_is_left_out_is_told_where_the_gateway_says_circumstances() {
        let mut event = testing::every_kind()
            .into_iter()
            .find(|event| event.statement().is_some())
            .unwrap();
        let text = |event: &AuditEvent, name: &str| {
            let column = COLUMNS.iter().find(|column| column.name == name).unwrap();
            (column.of)(event).map(|value| match value {
                Value::List(list) => list.to_string(),
                Value::Text(text) => text.to_string(),
                Value::Number(_) | Value::Time(_) => panic!("{name}"),
            })
        };
        if let Detail::StatementDecided(statement) | Detail::StatementEnded(statement, _) =
            &mut event.detail
        {
            statement.action.statements = Cow::Borrowed(&[]);
            statement.action.in_transaction = false;
        }
        let usual = json!([{ "kind": "SELECT", "effects": 1, "has_where": true }]);
        assert_eq!(text(&event, "statements"), Some(usual.to_string()));
        assert_eq!(text(&event, "in_transaction").as_deref(), Some("no"));
        let mut opened = testing::opened();
        opened.says_circumstances = false;
        event.opened = Some(opened.into());
        assert_eq!(text(&event, "statements"), None);
        assert_eq!(text(&event, "in_transaction"), None);
    }

    #[test]
    fn every_column_is_used_by_some_event() {
        let events = testing::every_kind();
        for column in COLUMNS {
            let used = events.iter().any(|event| (column.of)(event).is_some());
            assert!(used, "{}", column.name);
        }
    }

    #[test]
    fn the_page_describes_every_field_once() {
        let page = include_str!("../../../docs/export.md");
        let described: Vec<&str> = page
            .lines()
            .filter_map(|line| {
                line.strip_prefix("| `")?
                    .split_once("` |")
                    .map(|(name, _)| name)
            })
            .collect();
        for column in COLUMNS {
            let times = described
                .iter()
                .filter(|name| **name == column.name)
                .count();
            assert_eq!(times, 1, "docs/export.md describes `{}`", column.name);
        }
        let names: BTreeSet<_> = COLUMNS.iter().map(|column| column.name).collect();
        assert_eq!(names.len(), COLUMNS.len());
    }
}
