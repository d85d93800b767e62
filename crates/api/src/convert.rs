//! From the house's nouns to the shapes that others keep.
//!
//! Pure; decides nothing about who may see what: that has happened before.

use std::time::SystemTime;

use contract::{Answer, Approval, Key, NamedText, Principal, Reach, Resource, Touched};
use gate::archive::{Fate, Hold};
use gate::desk::KeyView;
use gate::ports::ApprovalState;
use jiff::Timestamp;
use model::{Outcome, SessionId};
use policy::ApprovalRule;

use crate::acts::approvals::Seen;
use crate::parts::Target;

/// RFC 3339 in UTC, to the second.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    let stamp = Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH);
    stamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The state's name in JSON and on the page.
pub(crate) fn state_name(state: ApprovalState) -> &'static str {
    match state {
        ApprovalState::Pending => "pending",
        ApprovalState::Approved => "approved",
        ApprovalState::Denied => "denied",
        ApprovalState::Expired => "expired",
        ApprovalState::Withdrawn => "withdrawn",
        ApprovalState::Used => "used",
    }
}

/// Who must answer, in the words of the policy's annotation.
pub(crate) fn rule_text(rule: &ApprovalRule) -> String {
    match rule {
        ApprovalRule::Group { group, count: 1 } => group.clone(),
        ApprovalRule::Group { group, count } => format!("{count} of {group}"),
        ApprovalRule::Owner => "owner".to_owned(),
    }
}

pub(crate) fn principal(principal: &model::Principal) -> Principal {
    let mut out = Principal {
        key: principal.key(),
        name: principal.name.clone(),
        email: principal.email.clone(),
        kind: principal.kind.as_str().to_owned(),
        groups: principal.groups.clone(),
        acts_for: None,
    };
    if let Some(human) = &principal.acts_for {
        out.acts_for = Some(Box::new(self::principal(human)));
    }
    out
}

pub(crate) fn approval(seen: &Seen) -> Approval {
    let request = &seen.view.request;
    let answers = seen.view.answers.iter().map(|answer| Answer {
        principal: answer.principal.clone(),
        name: answer.name.clone(),
        approve: answer.approve,
        comment: answer.comment.clone(),
        time: rfc3339(answer.time),
    });
    Approval {
        id: request.id.to_string(),
        ticket: request.id.ticket(),
        state: state_name(seen.view.state).to_owned(),
        session: request.session.to_string(),
        requester: principal(&request.requester),
        resource: request.resource.to_string(),
        database: request.database.clone(),
        statement: request.statement.clone(),
        redacted: seen.redacted,
        parameters: request.parameters.clone(),
        named: request.named.iter().map(named).collect(),
        effects: request.effects.clone(),
        reach: reach(&request.reach),
        reasons: request.reasons.clone(),
        rules: request.rules.iter().map(rule_text).collect(),
        created: rfc3339(request.created),
        expires: rfc3339(request.expires),
        answers: answers.collect(),
        binding: ledger::Hex(&request.binding.0).to_string(),
    }
}

fn named(named: &model::Named) -> NamedText {
    NamedText {
        name: named.name.clone(),
        text: named.text.clone(),
    }
}

fn reach(reach: &model::Reach) -> Reach {
    let table = |touched: &model::Touched| Touched {
        table: touched.table.clone(),
        kind: touched.kind.clone(),
        does: touched.does.clone(),
        rows: touched.rows,
        whole: touched.whole,
        through: touched.through.clone(),
        triggers: touched.triggers.clone(),
    };
    Reach {
        tables: reach.tables.iter().map(table).collect(),
        notes: reach.notes.clone(),
    }
}

pub(crate) fn key(key: &KeyView) -> Key {
    Key {
        id: key.id.clone(),
        prefix: key.prefix.clone(),
        label: key.label.clone(),
        principal: principal(&key.principal),
        resource: key.resource.as_ref().map(ToString::to_string),
        created: rfc3339(key.created),
        expires: rfc3339(key.expires),
        revoked: key.revoked,
    }
}

pub(crate) fn resource(target: &Target, outcome: Outcome) -> Resource {
    Resource {
        name: target.resource.name.to_string(),
        protocol: target.resource.protocol.clone(),
        database: target.resource.database.clone(),
        databases: target.databases.clone(),
        tags: target.resource.tags.clone(),
        held: outcome == Outcome::Hold,
    }
}

/// What became of a recording that was to be erased.
pub(crate) fn fate((session, fate): &(SessionId, Fate)) -> contract::RecordingFate {
    let (word, hold) = match fate {
        Fate::Erased => ("erased", None),
        Fate::Already => ("already", None),
        Fate::Live => ("live", None),
        Fate::Held { hold } => ("held", Some(hold.clone())),
        Fate::NoKey => ("no_key", None),
    };
    contract::RecordingFate {
        session: session.to_string(),
        fate: word.to_owned(),
        hold,
    }
}

/// A legal hold.
pub(crate) fn hold(hold: &Hold) -> contract::Hold {
    let (on, value) = hold.on.words();
    contract::Hold {
        id: hold.id.clone(),
        on: on.to_owned(),
        value,
        by: hold.cause.by.clone(),
        reason: hold.cause.reason.clone(),
        placed: ledger::find::rfc3339(hold.placed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339_in_utc() {
        assert_eq!(rfc3339(SystemTime::UNIX_EPOCH), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn rules_read_like_their_annotation() {
        let group = |count| ApprovalRule::Group {
            group: "dba".into(),
            count,
        };
        assert_eq!(rule_text(&group(1)), "dba");
        assert_eq!(rule_text(&group(2)), "2 of dba");
        assert_eq!(rule_text(&ApprovalRule::Owner), "owner");
    }
}
