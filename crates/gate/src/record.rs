//! Turning what happened into events: what is written, and what is left out because it may be a labelled value.
//!
//! Must never write a raw value where the judgement says that one may stand.

use std::borrow::Cow;
use std::time::{SystemTime, UNIX_EPOCH};

use ledger::Event;
use ledger::event::{ActionRecorded, ApprovalRecorded, Human, SessionOpened};
use model::{
    Action, ActionKind, ApprovalId, Detected, Outcome, Parameter, ParameterFormat, Principal,
    Resource, SessionId,
};

use crate::judge::Judged;
use crate::open::ClientInfo;
use crate::ports::Authenticated;

/// Stands for a value that may be a labelled one.
pub(crate) const REDACTED: &str = "<redacted>";

/// An approval as it was used.
pub(crate) struct Redeemed {
    pub(crate) id: ApprovalId,
    pub(crate) approvers: Vec<String>,
}

/// Microseconds since the epoch; 0 for a clock before it.
pub(crate) fn micros(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// The event that opens a recording.
pub(crate) fn opened<'a>(
    time: u64,
    id: SessionId,
    login: &'a Authenticated,
    resource: &'a Resource,
    client: &'a ClientInfo,
) -> Event<'a> {
    let principal: &Principal = &login.principal;
    let acts_for = principal.acts_for.as_deref();
    Event::SessionOpened(SessionOpened {
        time,
        session: *id.as_bytes(),
        principal: principal.key().into(),
        name: (&principal.name).into(),
        kind: principal.kind.as_str().into(),
        groups: principal.groups.iter().map(Cow::from).collect(),
        acts_for: acts_for.map_or_else(Vec::new, |human| {
            vec![human.key().into(), Cow::from(&human.name)]
        }),
        credential: (&login.credential).into(),
        claims: pairs(&login.claims),
        resource: resource.name.as_str().into(),
        database: (&resource.database).into(),
        protocol: (&resource.protocol).into(),
        application: (&client.application.name).into(),
        address: (&client.application.address).into(),
        login: (&client.login).into(),
        tls: (&client.tls).into(),
        email: principal.email.as_deref().unwrap_or_default().into(),
        human: acts_for.map(|of| Box::new(human(of))),
        says_circumstances: true,
    })
}

fn human(of: &Principal) -> Human<'_> {
    Human {
        kind: of.kind.as_str().into(),
        groups: of.groups.iter().map(Cow::from).collect(),
        email: of.email.as_deref().unwrap_or_default().into(),
    }
}

fn pairs(claims: &[(String, String)]) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
    let pair = |(name, value): &'_ (String, String)| -> (Cow<'_, str>, Cow<'_, str>) {
        (Cow::Owned(name.clone()), Cow::Owned(value.clone()))
    };
    claims.iter().map(pair).collect()
}

/// The event that says what was decided about an action.
pub(crate) fn action<'a>(
    time: u64,
    sequence: u64,
    action: &'a Action,
    judged: &'a Judged,
    outcome: Outcome,
    redeemed: Option<&'a Redeemed>,
) -> ActionRecorded<'a> {
    let reasons = judged.reasons.iter();
    let approvers = redeemed.map_or(&[][..], |used| used.approvers.as_slice());
    ActionRecorded {
        time,
        sequence,
        kind: kind(action.kind).into(),
        text: text(action, judged.sensitive),
        parameters: parameters(action, judged.sensitive),
        effects: judged.effects.iter().map(Cow::from).collect(),
        outcome: outcome.as_str().into(),
        reasons: reasons
            .map(|r| (Cow::from(&r.rule), Cow::from(&r.text)))
            .collect(),
        policy: judged.policy.0,
        masked: judged.masked.iter().map(Cow::from).collect(),
        approval: redeemed.map(|used| *used.id.as_bytes()),
        approvers: approvers.iter().map(Cow::from).collect(),
        labels: judged.labels.iter().map(Cow::from).collect(),
        statements: Cow::Borrowed(&judged.statements),
        in_transaction: action.in_transaction,
    }
}

/// The event that says where a request for approval stands.
pub(crate) fn approval<'a>(
    time: u64,
    sequence: u64,
    id: ApprovalId,
    state: &'static str,
    actor: &'a str,
) -> Event<'a> {
    answered(time, sequence, id, state, (actor, ""))
}

/// Likewise, with the words of who answered.
pub(crate) fn answered<'a>(
    time: u64,
    sequence: u64,
    id: ApprovalId,
    state: &'static str,
    (actor, comment): (&'a str, &'a str),
) -> Event<'a> {
    Event::Approval(ApprovalRecorded {
        time,
        sequence,
        approval: *id.as_bytes(),
        state: state.into(),
        actor: actor.into(),
        comment: comment.into(),
    })
}

/// How many values were hidden, by what was found in them; nothing that is zero.
pub(crate) fn detected(detected: &Detected) -> Vec<(Cow<'static, str>, u64)> {
    let counts = detected.counts().filter(|(_, count)| *count > 0);
    counts.map(|(word, count)| (word.into(), count)).collect()
}

fn kind(kind: ActionKind) -> &'static str {
    match kind {
        ActionKind::Query => "query",
        ActionKind::Prepare => "prepare",
        ActionKind::Execute => "execute",
        ActionKind::FunctionCall => "function_call",
        ActionKind::Other => "other",
    }
}

/// The text as it may be kept: whole, without its literals, or only its length.
pub(crate) fn text(action: &Action, sensitive: bool) -> Cow<'_, str> {
    match &action.text_redacted {
        Some(redacted) if sensitive => Cow::from(&**redacted),
        None if sensitive
            && (action.not_understood.is_some() || may_hold_literal(&action.text)) =>
        {
            Cow::from(format!("<redacted: {} bytes>", action.text.len()))
        }
        Some(_) | None => Cow::from(&*action.text),
    }
}

/// Whether a text may carry a literal, told without parsing it: a quote, a dollar quote, a comment, a free-standing
/// number.
fn may_hold_literal(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut before = b' ';
    for (at, &byte) in bytes.iter().enumerate() {
        let after = bytes.get(at + 1).copied().unwrap_or(b' ');
        let is_part = before.is_ascii_alphanumeric()
            || before == b'_'
            || before == b'$'
            || !before.is_ascii();
        let starts = match byte {
            b'\'' => true,
            b'$' => !after.is_ascii_digit(),
            b'-' => after == b'-',
            b'/' => after == b'*',
            b'0'..=b'9' => !is_part,
            _ => false,
        };
        if starts {
            return true;
        }
        before = byte;
    }
    false
}

/// Bound parameters as they may be kept. What hides a literal of the text hides a parameter, and nothing else does:
/// an approver must see the values that a statement would run with.
pub(crate) fn parameters(action: &Action, sensitive: bool) -> Vec<Option<Cow<'_, str>>> {
    let render = |parameter: &'_ Parameter| {
        let value = parameter.value.as_deref();
        value.map(|_| Cow::Borrowed(REDACTED))
    };
    if sensitive {
        return action.parameters.iter().map(render).collect();
    }
    action.parameters.iter().map(shown).collect()
}

/// One parameter as text: binary integers, booleans, texts and UUIDs are spelled, other bytes are `\x…`.
fn shown(parameter: &Parameter) -> Option<Cow<'_, str>> {
    let value = parameter.value.as_deref()?;
    if parameter.format == ParameterFormat::Binary {
        return Some(spelled(parameter.type_oid, value).unwrap_or_else(|| hex(value)));
    }
    Some(std::str::from_utf8(value).map_or_else(|_| hex(value), Cow::from))
}

fn spelled(type_oid: u32, value: &[u8]) -> Option<Cow<'_, str>> {
    match (type_oid, value) {
        (16, [0]) => Some("f".into()),
        (16, [1]) => Some("t".into()),
        (21, v) => Some(i16::from_be_bytes(v.try_into().ok()?).to_string().into()),
        (23, v) => Some(i32::from_be_bytes(v.try_into().ok()?).to_string().into()),
        (20, v) => Some(i64::from_be_bytes(v.try_into().ok()?).to_string().into()),
        (25 | 1042 | 1043 | 114 | 19, v) => std::str::from_utf8(v).ok().map(Cow::from),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> Cow<'static, str> {
    format!("\\x{}", ledger::Hex(bytes)).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn literals_are_noticed() {
        let check = |text: &str, expect: bool| assert_eq!(may_hold_literal(text), expect, "{text}");
        check("select a from t", false);
        check("select a1, _2 from t where b = $1", false);
        check("select 1", true);
        check("select 'x'", true);
        check("do $$ x $$", true);
        check("do $tag$ x $tag$", true);
        check("select a -- 123", true);
        check("select a /* secret */", true);
        check("select a+5", true);
        check("", false);
    }

    #[test]
    fn parameters_are_rendered() {
        let check = |oid, format, value: Option<&[u8]>, expect: Option<&str>| {
            let parameter = Parameter {
                value: value.map(<[u8]>::to_vec),
                format,
                type_oid: oid,
            };
            assert_eq!(shown(&parameter).as_deref(), expect);
        };
        use ParameterFormat::{Binary, Text};
        check(0, Text, Some(b"abc"), Some("abc"));
        check(0, Text, Some(b"\xff"), Some("\\xff"));
        check(0, Text, None, None);
        check(23, Binary, Some(&7i32.to_be_bytes()), Some("7"));
        check(23, Binary, Some(&[1]), Some("\\x01"));
        check(20, Binary, Some(&(-1i64).to_be_bytes()), Some("-1"));
        check(16, Binary, Some(&[1]), Some("t"));
        check(25, Binary, Some("é".as_bytes()), Some("é"));
        check(17, Binary, Some(b"\x00\x01"), Some("\\x0001"));
    }
}
