//! OCSF (Open Cybersecurity Schema Framework) 1.8: statements as Datastore Activity, sessions as Authentication,
//! approvals and what changes the gateway as API Activity.
//!
//! Must never leave out what an event says: what has no place in the schema stands under `unmapped`, by the names of
//! the flat fields. Enumerated numbers are those of the published schema.

use std::io::{self, Write};
use std::net::IpAddr;

use ledger::event::Completed;
use ledger::find::{id_text, rfc3339};
use serde_json::{Map, Value as Json, json};

use crate::columns::COLUMNS;
use crate::event::{AuditEvent, Detail, Statement};
use crate::format::Encoder;

/// The version of the schema.
pub(crate) const SCHEMA: &str = "1.8.0";

/// Flat fields that have a place of their own in the schema, for every class.
const MAPPED: &[&str] = &[
    "version",
    "id",
    "kind",
    "time",
    "session",
    "principal",
    "name",
    "groups",
    "credential",
    "resource",
    "database",
    "application",
    "address",
    "text",
    "policy",
    "rows",
    "bytes",
    "duration_us",
    "error",
    "sequence",
    "reason",
];

/// Writes OCSF events as JSON Lines.
pub(crate) struct Ocsf;

impl Encoder for Ocsf {
    fn event(&mut self, told: &AuditEvent, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, &event(told))?;
        out.write_all(b"\n")
    }
}

/// What is particular to a class.
struct Class {
    category: (u64, &'static str),
    uid: u64,
    name: &'static str,
    activity: (u64, &'static str),
    severity: (u64, &'static str),
    status: (u64, &'static str),
}

const SUCCESS: (u64, &str) = (1, "Success");
const FAILURE: (u64, &str) = (2, "Failure");
const UNKNOWN: (u64, &str) = (0, "Unknown");
const INFORMATIONAL: (u64, &str) = (1, "Informational");
const LOW: (u64, &str) = (2, "Low");
const MEDIUM: (u64, &str) = (3, "Medium");

/// One event.
pub(crate) fn event(event: &AuditEvent) -> Json {
    let mut out = Map::new();
    match &event.detail {
        Detail::StatementDecided(statement) | Detail::StatementEnded(statement, _) => {
            datastore(event, statement, &mut out);
        }
        Detail::SessionOpened => session(event, (1, "Logon"), SUCCESS, &mut out),
        Detail::SessionClosed { reason } => {
            session(event, (2, "Logoff"), SUCCESS, &mut out);
            out.insert("status_detail".into(), json!(reason));
        }
        Detail::Control {
            name,
            fields,
            actor,
        } if name == "session.refused" => {
            refused(event, actor, fields, &mut out);
        }
        Detail::Approval(approval) => {
            let activity = match &*approval.state {
                "requested" => (1, "Create"),
                _ => (3, "Update"),
            };
            let operation = format!("approval.{}", approval.state);
            api(
                event,
                (&operation, &approval.actor),
                (activity, LOW),
                &mut out,
            );
        }
        Detail::Control { name, actor, .. } => {
            let activity = control_activity(name);
            let severity = match activity {
                (2, _) | (99, _) => INFORMATIONAL,
                _ => LOW,
            };
            api(event, (name, actor), (activity, severity), &mut out);
        }
        Detail::Gap { .. } => {
            api(
                event,
                ("journal.gap", "portcullis"),
                ((99, "Gap"), MEDIUM),
                &mut out,
            );
        }
    }
    out.insert("unmapped".into(), unmapped(event));
    Json::Object(out)
}

/// What every class has.
fn base(event: &AuditEvent, class: &Class, out: &mut Map<String, Json>) {
    let type_uid = class.uid * 100 + class.activity.0;
    let members = [
        ("category_uid", json!(class.category.0)),
        ("category_name", json!(class.category.1)),
        ("class_uid", json!(class.uid)),
        ("class_name", json!(class.name)),
        ("activity_id", json!(class.activity.0)),
        ("activity_name", json!(class.activity.1)),
        ("type_uid", json!(type_uid)),
        (
            "type_name",
            json!(format!("{}: {}", class.name, class.activity.1)),
        ),
        ("severity_id", json!(class.severity.0)),
        ("severity", json!(class.severity.1)),
        ("status_id", json!(class.status.0)),
        ("status", json!(class.status.1)),
        ("time", json!(event.time / 1_000)),
        ("time_dt", json!(rfc3339(event.time))),
        ("metadata", metadata(event)),
    ];
    out.extend(members.map(|(name, value)| (name.to_owned(), value)));
}

fn metadata(event: &AuditEvent) -> Json {
    let mut metadata = json!({
        "version": SCHEMA,
        "profiles": ["datetime", "security_control"],
        "product": {
            "name": "Portcullis",
            "vendor_name": "Portcullis",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "uid": event.id(),
        "event_code": event.kind().as_str(),
        "log_name": "journal",
        "log_version": crate::event::VERSION.to_string(),
    });
    let members = metadata.as_object_mut();
    if let (Some(session), Some(members)) = (event.session, members) {
        members.insert("correlation_uid".into(), json!(id_text(&session)));
    }
    metadata
}

fn datastore(event: &AuditEvent, statement: &Statement, out: &mut Map<String, Json>) {
    let action = &statement.action;
    let failed = event.end().is_some_and(|end| end.completed.error.is_some());
    let status = match (&*action.outcome, event.end()) {
        ("deny", _) => FAILURE,
        (_, Some(_)) if failed => FAILURE,
        ("allow", Some(_)) => SUCCESS,
        _ => UNKNOWN,
    };
    let (control, disposition, severity) = match &*action.outcome {
        "deny" => ((2, "Denied"), (2, "Blocked"), MEDIUM),
        "hold" => ((3, "Observed"), (14, "Delayed"), LOW),
        _ if action.approval.is_some() => ((1, "Allowed"), (8, "Approved"), LOW),
        _ => ((1, "Allowed"), (1, "Allowed"), INFORMATIONAL),
    };
    let class = Class {
        category: (6, "Application Activity"),
        uid: 6005,
        name: "Datastore Activity",
        activity: activity(&action.effects),
        severity,
        status,
    };
    base(event, &class, out);
    let mut put = |name: &str, value: Json| out.insert(name.to_owned(), value);
    put("action_id", json!(control.0));
    put("action", json!(control.1));
    put("disposition_id", json!(disposition.0));
    put("disposition", json!(disposition.1));
    put("type_id", json!(1));
    put("type", json!("Database"));
    put("actor", actor(event));
    put("src_endpoint", source(event));
    put(
        "dst_endpoint",
        json!({ "svc_name": opened(event, |o| &o.resource) }),
    );
    put(
        "database",
        json!({
            "name": opened(event, |o| &o.database),
            "type_id": 1,
            "type": "Relational",
        }),
    );
    let uid = format!(
        "{}/{}",
        event.session.map(|id| id_text(&id)).unwrap_or_default(),
        action.sequence
    );
    put(
        "policy",
        json!({
            "uid": ledger::Hex(&action.policy).to_string(),
            "is_applied": true,
        }),
    );
    if let Some(reason) = action.reasons.first() {
        put(
            "status_detail",
            json!(format!("{}: {}", reason.0, reason.1)),
        );
    }
    let mut query = json!({ "uid": uid, "query_string": action.text });
    if let Some(end) = event.end() {
        query["bytes"] = json!(end.completed.bytes);
        ended(&end.completed, out);
    }
    out.insert("query_info".to_owned(), query);
}

/// What is known of a statement once it has ended.
fn ended(completed: &Completed<'_>, out: &mut Map<String, Json>) {
    let mut put = |name: &str, value: Json| out.insert(name.to_owned(), value);
    put("count", json!(1));
    put("duration", json!(completed.duration / 1_000));
    put("end_time", json!(completed.time / 1_000));
    put("end_time_dt", json!(rfc3339(completed.time)));
    if let Some(error) = &completed.error {
        put("status_code", json!(error));
    }
}

/// What a statement does above all: what takes away counts more than what adds, and that more than looking.
fn activity(effects: &[std::borrow::Cow<'_, str>]) -> (u64, &'static str) {
    let verbs = || {
        effects
            .iter()
            .filter_map(|effect| effect.split_whitespace().next())
    };
    let any = |wanted: &[&str]| verbs().any(|verb| wanted.contains(&verb));
    if any(&["delete", "truncate", "drop"]) {
        (7, "Delete")
    } else if any(&["update", "alter", "grant", "set_role"]) {
        (2, "Update")
    } else if any(&["create"]) {
        (6, "Create")
    } else if any(&["insert"]) {
        (5, "Write")
    } else if verbs().all(|verb| verb == "select") {
        (4, "Query")
    } else {
        (99, "Other")
    }
}

fn session(
    event: &AuditEvent,
    activity: (u64, &'static str),
    status: (u64, &'static str),
    out: &mut Map<String, Json>,
) {
    let class = Class {
        category: (3, "Identity & Access Management"),
        uid: 3002,
        name: "Authentication",
        activity,
        severity: INFORMATIONAL,
        status,
    };
    base(event, &class, out);
    let mut put = |name: &str, value: Json| out.insert(name.to_owned(), value);
    put("user", user(event));
    put("actor", actor(event));
    put("src_endpoint", source(event));
    put(
        "dst_endpoint",
        json!({ "svc_name": opened(event, |o| &o.resource) }),
    );
    put("service", json!({ "name": opened(event, |o| &o.resource) }));
    put("logon_type_id", json!(3));
    put("logon_type", json!("Network"));
    put("is_remote", json!(true));
}

/// A login that was turned away.
fn refused(
    event: &AuditEvent,
    actor: &str,
    fields: &[(String, String)],
    out: &mut Map<String, Json>,
) {
    let field = |name: &str| {
        let found = fields.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    let class = Class {
        category: (3, "Identity & Access Management"),
        uid: 3002,
        name: "Authentication",
        activity: (1, "Logon"),
        severity: MEDIUM,
        status: FAILURE,
    };
    base(event, &class, out);
    let mut put = |name: &str, value: Json| out.insert(name.to_owned(), value);
    put(
        "user",
        json!({ "uid": actor, "name": named(field("name"), actor) }),
    );
    put("src_endpoint", endpoint(field("address")));
    put("dst_endpoint", json!({ "svc_name": field("resource") }));
    put("status_detail", json!(field("reason")));
}

fn api(
    event: &AuditEvent,
    (operation, who): (&str, &str),
    (activity, severity): ((u64, &'static str), (u64, &'static str)),
    out: &mut Map<String, Json>,
) {
    let class = Class {
        category: (6, "Application Activity"),
        uid: 6003,
        name: "API Activity",
        activity,
        severity,
        status: SUCCESS,
    };
    base(event, &class, out);
    let mut put = |name: &str, value: Json| out.insert(name.to_owned(), value);
    put(
        "api",
        json!({ "operation": operation, "service": { "name": "portcullis" } }),
    );
    put(
        "actor",
        json!({ "user": { "uid": named(who, "portcullis"), "name": named(who, "portcullis") } }),
    );
    // The journal does not keep where people sat who changed the gateway.
    put("src_endpoint", json!({ "svc_name": "portcullis" }));
    if let Some(opened) = &event.opened {
        put(
            "resources",
            json!([{ "name": opened.resource, "type": "resource" }]),
        );
    }
}

fn control_activity(name: &str) -> (u64, &'static str) {
    let made = ["issued", "minted", "started"];
    let removed = ["revoked", "killed", "erased", "stopped", "removed"];
    let looked = ["viewed", "searched", "exported", "revealed"];
    let is = |words: &[&str]| words.iter().any(|word| name.ends_with(word));
    if is(&made) {
        (1, "Create")
    } else if is(&removed) {
        (4, "Delete")
    } else if is(&looked) {
        (2, "Read")
    } else if name.contains('.') {
        (3, "Update")
    } else {
        (99, "Other")
    }
}

fn actor(event: &AuditEvent) -> Json {
    let mut actor = json!({ "user": user(event) });
    if let Some(session) = event.session {
        actor["session"] = json!({
            "uid": id_text(&session),
            "credential_uid": opened(event, |o| &o.credential),
            "is_remote": true,
        });
    }
    if let Some(application) = event
        .opened
        .as_ref()
        .map(|o| &o.application)
        .filter(|name| !name.is_empty())
    {
        actor["app_name"] = json!(application);
    }
    actor
}

fn user(event: &AuditEvent) -> Json {
    let Some(opened) = &event.opened else {
        return json!({ "uid": "unknown", "name": "unknown", "type_id": 0 });
    };
    let (type_id, kind) = match &*opened.kind {
        "human" => (1, "User"),
        "workload" => (4, "Service"),
        _ => (99, "AI agent"),
    };
    let groups: Vec<Json> = opened
        .groups
        .iter()
        .map(|name| json!({ "name": name }))
        .collect();
    let mut user = json!({
        "uid": opened.principal,
        "name": named(&opened.name, &opened.principal),
        "type_id": type_id,
        "type": kind,
    });
    if !groups.is_empty() {
        user["groups"] = Json::Array(groups);
    }
    user
}

fn source(event: &AuditEvent) -> Json {
    endpoint(event.opened.as_ref().map_or("", |opened| &opened.address))
}

/// Where somebody came from: an address, or what stands for one (a unix socket).
fn endpoint(address: &str) -> Json {
    match address.parse::<IpAddr>() {
        Ok(ip) => json!({ "ip": ip.to_string() }),
        Err(_) => json!({ "name": named(address, "unknown") }),
    }
}

fn named<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}

fn opened<'a>(
    event: &'a AuditEvent,
    read: fn(&'a ledger::event::SessionOpened<'static>) -> &'a std::borrow::Cow<'static, str>,
) -> &'a str {
    named(
        event.opened.as_deref().map_or("", |opened| read(opened)),
        "unknown",
    )
}

/// What the schema has no place for, by the names of the flat fields.
fn unmapped(event: &AuditEvent) -> Json {
    let rest = COLUMNS
        .iter()
        .filter(|column| !MAPPED.contains(&column.name));
    let rest = rest.filter_map(|column| {
        let value = (column.of)(event)?;
        Some((column.name.to_owned(), value.json()))
    });
    let mut rest: Map<String, Json> = rest.collect();
    rest.insert("sequence".to_owned(), json!(event.record.sequence));
    if let Some(end) = event.end() {
        rest.insert("rows".to_owned(), json!(end.completed.rows));
        rest.insert("duration_us".to_owned(), json!(end.completed.duration));
    }
    Json::Object(rest)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing;

    #[test]
    fn classes_and_types_agree() {
        for told in testing::every_kind() {
            let made = event(&told);
            let (class, activity) = (
                made["class_uid"].as_u64().unwrap(),
                made["activity_id"].as_u64().unwrap(),
            );
            assert_eq!(made["type_uid"], class * 100 + activity);
            assert_eq!(made["category_uid"], class / 1000);
            assert_eq!(made["metadata"]["uid"], told.id());
        }
    }

    #[test]
    fn the_worst_effect_names_the_activity() {
        let check = |effects: &[&'static str], expect| {
            let effects: Vec<_> = effects.iter().map(|e| (*e).into()).collect();
            assert_eq!(activity(&effects).1, expect, "{effects:?}");
        };
        check(&["select public.a(x)"], "Query");
        check(&[], "Query");
        check(&["select public.a", "insert public.b"], "Write");
        check(&["insert public.b", "delete public.a"], "Delete");
        check(&["update public.a", "insert public.b"], "Update");
        check(&["create schema x"], "Create");
        check(&["listen channel x"], "Other");
    }
}
