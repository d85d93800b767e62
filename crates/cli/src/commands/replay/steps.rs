//! A recording cut into the steps that a terminal shows one after the other.
//!
//! Must never let a recorded byte steer the terminal: everything foreign is made visible.

use contract::visible::{plain, single_line};
use ledger::Event;
use ledger::event::{ActionRecorded, Completed, SessionOpened};
use ledger::find::rfc3339;

use crate::args::Mark;
use crate::grid;
use crate::print;

/// What one step shows, and when it happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Step {
    /// Microseconds since the Unix epoch.
    pub time: u64,
    /// The action's number; 0 for the session's beginning and end.
    pub sequence: u64,
    /// What there is to say of it at a glance.
    pub marks: Vec<Mark>,
    /// What it shows.
    pub text: String,
}

/// What a recording shows, one step an action.
pub(crate) fn steps(events: &[Event<'_>]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut response = Response::default();
    for event in events {
        match event {
            Event::SessionOpened(opened) => steps.push(Step {
                time: opened.time,
                sequence: 0,
                marks: Vec::new(),
                text: beginning(opened),
            }),
            Event::Action(action) => {
                response.close(&mut steps);
                steps.push(Step {
                    time: action.time,
                    sequence: action.sequence,
                    marks: marks(action),
                    text: asked(action),
                });
            }
            Event::Response { sequence, bytes } => response.take(&mut steps, *sequence, bytes),
            Event::Completed(end) => {
                response.close(&mut steps);
                append(&mut steps, end.sequence, &ending(end));
                mark(&mut steps, end);
            }
            Event::Approval(approval) => append(
                &mut steps,
                approval.sequence,
                &format!(
                    "-- {} {}",
                    approval.state,
                    single_line(format!("{} {}", approval.actor, approval.comment).trim())
                ),
            ),
            Event::ResponseRest {
                sequence, bytes, ..
            } => {
                response.close(&mut steps);
                let rest = format!("-- {bytes} more bytes were not kept");
                append(&mut steps, *sequence, &rest);
            }
            Event::SessionClosed { time, reason } => {
                response.close(&mut steps);
                let (clock, reason) = (clock(*time), single_line(reason));
                steps.push(Step {
                    time: *time,
                    sequence: 0,
                    marks: Vec::new(),
                    text: format!("-- {clock} the session ended: {reason}"),
                });
            }
            Event::Control { .. } | Event::StreamEnd(_) | Event::Unknown(_) => {}
        }
    }
    response.close(&mut steps);
    steps
}

/// The response that is being gathered, and whose it is.
#[derive(Default)]
struct Response {
    sequence: u64,
    bytes: Vec<u8>,
}

impl Response {
    fn take(&mut self, steps: &mut [Step], sequence: u64, bytes: &[u8]) {
        if self.sequence != sequence {
            self.close(steps);
        }
        self.sequence = sequence;
        self.bytes.extend_from_slice(bytes);
    }

    /// Adds it to its step.
    fn close(&mut self, steps: &mut [Step]) {
        let bytes = std::mem::take(&mut self.bytes);
        if !bytes.is_empty() {
            append(steps, self.sequence, grid::text(&bytes).trim_end());
        }
    }
}

/// The last step of an action; what belongs to none is the last one's.
fn step_of(steps: &mut [Step], sequence: u64) -> Option<&mut Step> {
    let mut latest = steps
        .iter()
        .rposition(|step| sequence > 0 && step.sequence == sequence);
    latest = latest.or(steps.len().checked_sub(1));
    steps.get_mut(latest?)
}

fn marks(action: &ActionRecorded<'_>) -> Vec<Mark> {
    let outcome = match &*action.outcome {
        "deny" => Some(Mark::Denied),
        "hold" => Some(Mark::Held),
        _ => None,
    };
    let masked = (!action.masked.is_empty()).then_some(Mark::Masked);
    outcome.into_iter().chain(masked).collect()
}

/// Marks the action's step with what its end tells.
fn mark(steps: &mut [Step], end: &Completed<'_>) {
    let Some(step) = step_of(steps, end.sequence) else {
        return;
    };
    let is_denied = step.marks.contains(&Mark::Denied);
    if end.error.is_some() && !is_denied {
        step.marks.push(Mark::Failed);
    }
    if !end.detected.is_empty() && !step.marks.contains(&Mark::Masked) {
        step.marks.push(Mark::Masked);
    }
}

fn append(steps: &mut [Step], sequence: u64, text: &str) {
    if let Some(step) = step_of(steps, sequence)
        && !text.is_empty()
    {
        step.text.push('\n');
        step.text.push_str(text);
    }
}

fn clock(time: u64) -> String {
    rfc3339(time).get(11..23).unwrap_or_default().to_owned()
}

fn beginning(opened: &SessionOpened<'_>) -> String {
    let human = match opened.acts_for.get(1) {
        Some(human) => format!(" for {human}"),
        None => String::new(),
    };
    let line = format!(
        "-- {} UTC {}{human} on {} ({}), {} from {}",
        print::time(&rfc3339(opened.time)),
        opened.name,
        opened.resource,
        opened.database,
        opened.application,
        opened.address
    );
    single_line(&line)
}

fn asked(action: &ActionRecorded<'_>) -> String {
    let mut out = format!(
        "\n-- {} #{} {}",
        clock(action.time),
        action.sequence,
        single_line(&action.outcome)
    );
    for (rule, words) in &action.reasons {
        out.push_str(&format!(
            "\n-- {}",
            single_line(&format!("{rule}: {words}"))
        ));
    }
    if !action.masked.is_empty() {
        let names = action.masked.join(", ");
        out.push_str(&format!("\n-- masked: {}", single_line(&names)));
    }
    out.push_str(&format!(
        "\n> {}",
        plain(&action.text).replace('\n', "\n> ")
    ));
    for (index, parameter) in action.parameters.iter().enumerate() {
        let value = parameter
            .as_deref()
            .map_or_else(|| "NULL".to_owned(), single_line);
        out.push_str(&format!("\n> ${} = {value}", index + 1));
    }
    out
}

fn ending(end: &Completed<'_>) -> String {
    let milliseconds = end.duration as f64 / 1_000.0;
    let mut line = match &end.error {
        Some(code) => format!(
            "-- failed with {} after {milliseconds:.1} ms",
            single_line(code)
        ),
        None => format!("-- {} in {milliseconds:.1} ms", single_line(&end.status)),
    };
    let found = end.detected.iter();
    let found: Vec<String> = found
        .map(|(word, count)| format!("{word} {count}"))
        .collect();
    if !found.is_empty() {
        line.push_str(&format!(
            "; values hidden: {}",
            single_line(&found.join(", "))
        ));
    }
    line
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::testing::message;
    use super::*;

    fn response() -> Vec<u8> {
        let mut head = 2u16.to_be_bytes().to_vec();
        for (name, oid) in [("id", 23u32), ("email", 25)] {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(&[0; 7]);
            head.extend_from_slice(&oid.to_be_bytes());
            head.extend_from_slice(&[0; 8]);
        }
        let mut row = 2u16.to_be_bytes().to_vec();
        for value in ["7", "a***@\u{1b}[31m"] {
            row.extend_from_slice(&u32::try_from(value.len()).unwrap().to_be_bytes());
            row.extend_from_slice(value.as_bytes());
        }
        let mut out = message(b'T', &head);
        out.extend(message(b'D', &row));
        out.extend(message(b'C', b"SELECT 1\0"));
        out.extend(message(b'Z', b"I"));
        out
    }

    fn events() -> Vec<Event<'static>> {
        let time = 1_800_000_000_000_000;
        vec![
            Event::SessionOpened(SessionOpened {
                time,
                name: "bot".into(),
                acts_for: vec!["idp|ada".into(), "ada".into()],
                resource: "orders-prod".into(),
                database: "shop".into(),
                application: "psql".into(),
                address: "127.0.0.1:9".into(),
                ..SessionOpened::default()
            }),
            Event::Action(ActionRecorded {
                time: time + 1_500_000,
                sequence: 1,
                text: "SELECT id, email\nFROM customers WHERE id = $1".into(),
                parameters: vec![Some("7".into())],
                outcome: "allow".into(),
                masked: vec!["public.customers.email".into()],
                ..ActionRecorded::default()
            }),
            Event::Response {
                sequence: 1,
                bytes: response().into(),
            },
            Event::Completed(Completed {
                sequence: 1,
                status: "SELECT 1".into(),
                duration: 2_345,
                ..Completed::default()
            }),
            Event::Action(ActionRecorded {
                time: time + 3_000_000,
                sequence: 2,
                text: "DROP TABLE customers".into(),
                outcome: "deny".into(),
                reasons: vec![("no-ddl".into(), "nobody changes definitions".into())],
                ..ActionRecorded::default()
            }),
            Event::SessionClosed {
                time: time + 4_000_000,
                reason: "the client left".into(),
            },
        ]
    }

    #[test]
    fn a_replay_reads_like_a_terminal() {
        let steps = steps(&events());
        let text: Vec<&str> = steps.iter().map(|s| s.text.as_str()).collect();
        assert_eq!(
            text.join("\n"),
            "-- 2027-01-15 08:00:00 UTC bot for ada on orders-prod (shop), psql from 127.0.0.1:9\n\
             \n\
             -- 08:00:01.500 #1 allow\n\
             -- masked: public.customers.email\n\
             > SELECT id, email\n\
             > FROM customers WHERE id = $1\n\
             > $1 = 7\n \
             id |       email\n\
             ----+-------------------\n  \
             7 | a***@<U+001B>[31m\n\
             (1 row)\n\
             -- SELECT 1 in 2.3 ms\n\
             \n\
             -- 08:00:03.000 #2 deny\n\
             -- no-ddl: nobody changes definitions\n\
             > DROP TABLE customers\n\
             -- 08:00:04.000 the session ended: the client left"
        );
    }

    #[test]
    fn an_end_that_comes_late_stands_with_its_action() {
        let mut events = events();
        let late = Event::Completed(Completed {
            sequence: 1,
            error: Some("57014".into()),
            ..Completed::default()
        });
        events.insert(5, late);
        let steps = steps(&events);
        assert_eq!(steps[1].marks, [Mark::Masked, Mark::Failed]);
        assert!(!steps[2].text.contains("57014"), "{}", steps[2].text);
    }

    #[test]
    fn steps_are_marked() {
        let steps = steps(&events());
        let marks: Vec<&[Mark]> = steps.iter().map(|step| step.marks.as_slice()).collect();
        let none: &[Mark] = &[];
        assert_eq!(marks, [none, &[Mark::Masked], &[Mark::Denied], none]);
    }
}
