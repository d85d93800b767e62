//! What of a recording can be run again, and what was recorded of it.
//!
//! Never guesses a value that was not recorded: what lacks one is left out, with the reason.

use std::borrow::Cow;

use ledger::Event;
use ledger::event::{ActionRecorded, Completed, UNANSWERED};

/// Stands in recorded texts and parameters for a value that was not kept.
const REDACTED: &str = "<redacted";

/// One action as it can be run again.
#[derive(Debug)]
pub(super) struct Rerun<'a> {
    /// Its number in the session.
    pub sequence: u64,
    /// The recorded text.
    pub text: &'a str,
    /// Its parameters as text; `None` is NULL.
    pub parameters: &'a [Option<Cow<'a, str>>],
    /// How.
    pub how: How,
    /// What came of it then.
    pub recorded: Recorded,
}

/// How an action is run again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum How {
    /// As it was.
    Run,
    /// Its text is `COPY … TO STDOUT`.
    CopyOut,
    /// Something that fails is run in its place, as the gateway did: what follows may stand in an aborted transaction.
    Fail,
    /// Not at all, because of this.
    Leave(&'static str),
}

/// What was recorded of an action's end.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Recorded {
    /// The response as delivered.
    pub response: Vec<u8>,
    /// A part of the response was not kept.
    pub is_cut: bool,
    /// Values were hidden.
    pub is_masked: bool,
    /// The SQLSTATE it failed with.
    pub error: Option<String>,
    /// Its command tag, or what stands for one.
    pub status: String,
    /// It ended.
    pub is_complete: bool,
}

/// The actions of a recording, in order.
pub(super) fn reruns<'a>(events: &'a [Event<'a>]) -> Vec<Rerun<'a>> {
    let mut found: Vec<(&ActionRecorded<'_>, Recorded)> = Vec::new();
    for event in events {
        match event {
            // What was held is recorded again when it is let go, and the later record counts.
            Event::Action(action) => match found.last_mut() {
                Some((last, _)) if last.sequence == action.sequence => *last = action,
                Some(_) | None => found.push((action, Recorded::default())),
            },
            Event::Response { sequence, bytes } => {
                if let Some(recorded) = of(&mut found, *sequence) {
                    recorded.response.extend_from_slice(bytes);
                }
            }
            Event::ResponseRest { sequence, .. } => {
                if let Some(recorded) = of(&mut found, *sequence) {
                    recorded.is_cut = true;
                }
            }
            Event::Completed(end) => {
                if let Some(recorded) = of(&mut found, end.sequence) {
                    recorded.end(end);
                }
            }
            Event::SessionOpened(_)
            | Event::Approval(_)
            | Event::SessionClosed { .. }
            | Event::Control { .. }
            | Event::StreamEnd(_)
            | Event::Unknown(_) => {}
        }
    }
    found
        .into_iter()
        .filter_map(|(action, mut recorded)| {
            recorded.is_masked |= !action.masked.is_empty();
            let how = how(action, &recorded)?;
            Some(Rerun {
                sequence: action.sequence,
                text: &action.text,
                parameters: &action.parameters,
                how,
                recorded,
            })
        })
        .collect()
}

fn of<'f>(
    found: &'f mut [(&ActionRecorded<'_>, Recorded)],
    sequence: u64,
) -> Option<&'f mut Recorded> {
    let mut latest = found.iter_mut().rev();
    let found = latest.find(|(action, _)| action.sequence == sequence)?;
    Some(&mut found.1)
}

impl Recorded {
    fn end(&mut self, end: &Completed<'_>) {
        self.is_complete = true;
        self.error = end.error.as_ref().map(ToString::to_string);
        self.status = end.status.to_string();
        self.is_masked |= !end.detected.is_empty();
    }
}

/// How an action is run again; `None` for what does nothing by itself.
fn how(action: &ActionRecorded<'_>, recorded: &Recorded) -> Option<How> {
    let (kind, text) = (&*action.kind, action.text.trim_start().to_lowercase());
    match &*action.outcome {
        "deny" => return Some(How::Fail),
        // Nobody answered in time: it failed in its place.
        "hold" if recorded.error.is_some() => return Some(How::Fail),
        "hold" => return Some(How::Leave("it was held and never let go")),
        _ => {}
    }
    match kind {
        "query" | "execute" => {}
        // It is run where it is executed. One that failed aborted the transaction.
        "prepare" if recorded.error.is_some() => return Some(How::Fail),
        "prepare" => return None,
        "function_call" => return Some(How::Leave("a function call has no statement")),
        _ => return Some(How::Leave("it is no statement")),
    }
    if recorded.error.is_none() && matches!(&*recorded.status, "SKIPPED" | "BIND") {
        return Some(How::Leave("it was never run"));
    }
    if recorded.status == UNANSWERED {
        return Some(How::Leave(
            "whether it ran is not known: the session ended before",
        ));
    }
    if let Some(why) = lacks(action) {
        return Some(How::Leave(why));
    }
    if kind == "execute" && text.starts_with("prepare") && recorded.status != "PREPARE" {
        return Some(How::Leave("it ran what SQL had prepared"));
    }
    let has = |message: u8| has_message(&recorded.response, message);
    if has(b'G') || (text.contains("copy") && text.contains("stdin")) {
        return Some(How::Leave("the data of COPY FROM STDIN is not recorded"));
    }
    if has(b'W') {
        return Some(How::Leave("it is a replication command"));
    }
    let is_copy = text.starts_with("copy");
    if has(b'H') || (is_copy && text.contains("stdout")) {
        let mixed = How::Leave("it mixes COPY with other statements");
        return Some(if is_copy { How::CopyOut } else { mixed });
    }
    Some(How::Run)
}

/// What a recording lacks for its action to be run again.
fn lacks(action: &ActionRecorded<'_>) -> Option<&'static str> {
    let is_left_out = |text: &str| text.contains(REDACTED);
    let mut values = action.parameters.iter().flatten();
    if is_left_out(&action.text) || values.clone().any(|value| is_left_out(value)) {
        return Some("its values were not recorded");
    }
    // As sent by a driver that names no type; a text that looks so cannot be told from it.
    if values.any(|value| value.starts_with("\\x")) {
        return Some("it has a binary value whose type was not recorded");
    }
    let first = action
        .text
        .trim_start()
        .split(|c: char| !c.is_alphabetic())
        .next();
    let first = first.unwrap_or_default().to_lowercase();
    let is_plannable = matches!(
        &*first,
        "select" | "with" | "insert" | "update" | "delete" | "merge" | "values" | "table" | ""
    );
    (!action.parameters.is_empty() && !is_plannable)
        .then_some("SQL prepares no such statement with parameters")
}

/// Whether a backend message of this kind stands in a response.
fn has_message(mut response: &[u8], kind: u8) -> bool {
    while let Some(([found, length @ ..], _)) = response.split_first_chunk::<5>() {
        if *found == kind {
            return true;
        }
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let Some(rest) = length
            .checked_add(1)
            .and_then(|next| response.get(next..))
            .filter(|rest| rest.len() < response.len())
        else {
            return false;
        };
        response = rest;
    }
    false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn action(sequence: u64, kind: &str, outcome: &str, text: &str) -> Event<'static> {
        Event::Action(ActionRecorded {
            sequence,
            kind: kind.to_owned().into(),
            outcome: outcome.to_owned().into(),
            text: text.to_owned().into(),
            ..ActionRecorded::default()
        })
    }

    fn ended(sequence: u64, error: Option<&'static str>) -> Event<'static> {
        Event::Completed(Completed {
            sequence,
            error: error.map(Cow::from),
            ..Completed::default()
        })
    }

    fn skipped(sequence: u64) -> Event<'static> {
        Event::Completed(Completed {
            sequence,
            status: "SKIPPED".into(),
            ..Completed::default()
        })
    }

    fn answer(sequence: u64, bytes: &'static [u8]) -> Event<'static> {
        Event::Response {
            sequence,
            bytes: bytes.into(),
        }
    }

    fn check(events: &[Event<'_>], expect: &[How]) {
        let found: Vec<How> = reruns(events).iter().map(|rerun| rerun.how).collect();
        assert_eq!(found, expect, "{events:?}");
    }

    #[test]
    fn what_can_be_run_again_is() {
        let leave = How::Leave;
        check(&[action(1, "query", "allow", "SELECT 1")], &[How::Run]);
        check(&[action(1, "query", "deny", "DROP TABLE t")], &[How::Fail]);
        check(
            &[action(1, "query", "hold", "DELETE FROM t")],
            &[leave("it was held and never let go")],
        );
        check(
            &[
                action(1, "query", "hold", "DELETE FROM t"),
                action(1, "query", "allow", "DELETE FROM t"),
            ],
            &[How::Run],
        );
        check(
            &[
                action(1, "prepare", "allow", "SELECT $1"),
                ended(1, None),
                action(2, "execute", "allow", "SELECT $1"),
            ],
            &[How::Run],
        );
        check(
            &[
                action(1, "prepare", "allow", "SELECT nothing"),
                ended(1, Some("42703")),
            ],
            &[How::Fail],
        );
        check(
            &[action(1, "query", "allow", "SELECT <redacted>")],
            &[leave("its values were not recorded")],
        );
        check(
            &[
                action(1, "query", "hold", "DELETE FROM t"),
                ended(1, Some("PC001")),
            ],
            &[How::Fail],
        );
        check(
            &[action(1, "execute", "allow", "DELETE FROM t"), skipped(1)],
            &[leave("it was never run")],
        );
        check(
            &[action(1, "query", "allow", "COPY t FROM STDIN")],
            &[leave("the data of COPY FROM STDIN is not recorded")],
        );
        check(
            &[
                action(1, "query", "allow", "copy t to stdout"),
                answer(1, b"H\0\0\0\x07\0\0\0"),
            ],
            &[How::CopyOut],
        );
        check(
            &[
                action(1, "query", "allow", "select 1; copy t to stdout"),
                answer(1, b"C\0\0\0\x0dSELECT 1\0H\0\0\0\x07\0\0\0"),
            ],
            &[leave("it mixes COPY with other statements")],
        );
    }

    #[test]
    fn a_parameter_that_was_not_recorded_is_not_made_up() {
        let of = |text: &'static str, value: &'static str, expect: How| {
            let event = Event::Action(ActionRecorded {
                kind: "execute".into(),
                outcome: "allow".into(),
                text: text.into(),
                parameters: vec![None, Some(value.into())],
                ..ActionRecorded::default()
            });
            check(&[event], &[expect]);
        };
        let update = "UPDATE t SET a = $1 WHERE b = $2";
        of(
            update,
            "<redacted>",
            How::Leave("its values were not recorded"),
        );
        let binary = How::Leave("it has a binary value whose type was not recorded");
        of(update, "\\x616263", binary);
        of(update, "7", How::Run);
        let call = How::Leave("SQL prepares no such statement with parameters");
        of("CALL p($1, $2)", "7", call);
    }

    #[test]
    fn hostile_lengths_end_the_search() {
        for bytes in [
            &b""[..],
            b"D",
            b"D\0\0\0\0D\0\0\0\0",
            b"D\xff\xff\xff\xffX",
            b"D\0\0\0\x04D\0\0\0\x04",
        ] {
            assert!(!has_message(bytes, b'G'), "{bytes:?}");
        }
        assert!(has_message(b"D\0\0\0\x04G\0\0\0\x04", b'G'));
    }
}
