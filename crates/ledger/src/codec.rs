//! Events to bytes and back, as `docs/recording-format.md` section 4 lays them down.
//!
//! Must never fail on an event or field it does not know: a newer gateway may have written it. Must never panic on
//! any input.

mod read;

use std::borrow::Cow;
use std::ops::Range;

pub use read::{DecodeError, Events, events};

use crate::event::{ActionRecorded, ApprovalRecorded, Completed, Event, SessionOpened};

const TAG_OPENED: u8 = 1;
const TAG_ACTION: u8 = 2;
const TAG_RESPONSE: u8 = 3;
const TAG_COMPLETED: u8 = 4;
const TAG_APPROVAL: u8 = 5;
const TAG_CLOSED: u8 = 6;
const TAG_CONTROL: u8 = 7;
const TAG_STREAM_END: u8 = 8;
const TAG_RESPONSE_REST: u8 = 9;

/// Bytes before an event's body: its tag and the body's length.
const PREFIX_BYTES: usize = 5;

/// Fields of an action that [`EventList`] leaves out where they are as in the action before it: text, effects, reasons,
/// policy, masked columns.
const SHARED_FIELDS: [u64; 5] = [4, 7, 9, 10, 11];

/// The field that names them: the sum of 2^field over those left out.
const AS_BEFORE: u64 = 14;

/// The events of one payload, under construction. An action that repeats what the one before it in the same payload says does not say
/// it again: a driver prepares, and then executes, one text.
#[derive(Debug, Default)]
pub struct EventList {
    bytes: Vec<u8>,
    /// Where the last action's shared fields stand, itself or what it is as.
    shared: Option<[Range<usize>; 5]>,
}

impl EventList {
    /// Appends one event.
    ///
    /// # Panics
    /// As [`encode`].
    pub fn push(&mut self, event: &Event<'_>) {
        let Event::Action(action) = event else {
            return encode(event, &mut self.bytes);
        };
        let start = begin(&mut self.bytes);
        let to = &mut Writer {
            out: &mut self.bytes,
        };
        encode_own(action, to);
        let before = self.shared.take().unwrap_or_default();
        let mut as_before = 0;
        let written = SHARED_FIELDS
            .into_iter()
            .zip(before)
            .map(|(field, before)| {
                let from = to.out.len();
                encode_shared(action, field, to);
                let (known, written) = to.out.split_at(from);
                if written.is_empty() || known.get(before.clone()) != Some(written) {
                    return from..to.out.len();
                }
                to.out.truncate(from);
                as_before |= 1 << field;
                before
            });
        let mut shared = <[Range<usize>; 5]>::default();
        for (slot, range) in shared.iter_mut().zip(written) {
            *slot = range;
        }
        to.number(AS_BEFORE, as_before);
        finish(&mut self.bytes, start, TAG_ACTION);
        self.shared = Some(shared);
    }

    /// The payload so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Begins anew, keeping at most `capacity` bytes of space.
    pub fn clear(&mut self, capacity: usize) {
        self.bytes.clear();
        self.bytes.shrink_to(capacity);
        self.shared = None;
    }
}

/// Appends one event to `out`.
///
/// # Panics
/// When the event is 4 GiB long or longer; the gateway's limits keep it far below.
pub fn encode(event: &Event<'_>, out: &mut Vec<u8>) {
    let start = begin(out);
    let tag = body(event, &mut Writer { out });
    finish(out, start, tag);
}

/// Leaves room for an event's tag and length; says where it begins.
fn begin(out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.extend_from_slice(&[0; PREFIX_BYTES]);
    start
}

fn finish(out: &mut [u8], start: usize, tag: u8) {
    let length = u32::try_from(out.len() - start - PREFIX_BYTES);
    #[expect(clippy::expect_used, reason = "stated under # Panics")]
    let length = length.expect("an event is shorter than 4 GiB");
    out[start] = tag;
    out[start + 1..start + PREFIX_BYTES].copy_from_slice(&length.to_le_bytes());
}

fn body(event: &Event<'_>, to: &mut Writer<'_>) -> u8 {
    match event {
        Event::SessionOpened(opened) => encode_opened(opened, to),
        Event::Action(action) => {
            encode_own(action, to);
            for field in SHARED_FIELDS {
                encode_shared(action, field, to);
            }
            TAG_ACTION
        }
        Event::Response { sequence, bytes } => {
            to.number(1, *sequence);
            to.bytes(2, bytes);
            TAG_RESPONSE
        }
        Event::Completed(completed) => encode_completed(completed, to),
        Event::Approval(approval) => encode_approval(approval, to),
        Event::SessionClosed { time, reason } => {
            to.number(1, *time);
            to.text(2, reason);
            TAG_CLOSED
        }
        Event::Control {
            time,
            actor,
            name,
            fields,
        } => {
            to.number(1, *time);
            to.text(2, actor);
            to.text(3, name);
            to.pairs(4, fields);
            TAG_CONTROL
        }
        Event::ResponseRest {
            sequence,
            bytes,
            hash,
        } => {
            to.number(1, *sequence);
            to.number(2, *bytes);
            to.bytes(3, hash);
            TAG_RESPONSE_REST
        }
        Event::StreamEnd(end) => {
            to.number(1, end.records);
            to.bytes(2, &end.hash);
            TAG_STREAM_END
        }
        Event::Unknown(unknown) => {
            to.out.extend_from_slice(&unknown.body);
            unknown.tag
        }
    }
}

fn encode_opened(opened: &SessionOpened<'_>, to: &mut Writer<'_>) -> u8 {
    to.number(1, opened.time);
    to.bytes(2, &opened.session);
    to.text(3, &opened.principal);
    to.text(4, &opened.name);
    to.text(5, &opened.kind);
    to.texts(6, &opened.groups);
    to.texts(7, &opened.acts_for);
    to.text(8, &opened.credential);
    to.pairs(9, &opened.claims);
    to.text(10, &opened.resource);
    to.text(11, &opened.database);
    to.text(12, &opened.protocol);
    to.text(13, &opened.application);
    to.text(14, &opened.address);
    to.text(15, &opened.login);
    to.text(16, &opened.tls);
    to.text(17, &opened.email);
    if let Some(human) = &opened.human {
        to.repeated(18, human.kind.as_bytes());
        to.texts(19, &human.groups);
        to.text(20, &human.email);
    }
    to.number(21, u64::from(opened.says_circumstances));
    TAG_OPENED
}

/// The fields that are an action's own.
fn encode_own(action: &ActionRecorded<'_>, to: &mut Writer<'_>) {
    to.number(1, action.time);
    to.number(2, action.sequence);
    to.text(3, &action.kind);
    for parameter in &action.parameters {
        match parameter {
            Some(text) => to.repeated(5, text.as_bytes()),
            None => to.repeated_number(6, 0),
        }
    }
    to.text(8, &action.outcome);
    if let Some(approval) = &action.approval {
        to.repeated(12, approval);
    }
    to.texts(13, &action.approvers);
    to.texts(15, &action.labels);
    for statement in &*action.statements {
        to.repeated(16, statement.kind.as_bytes());
        to.repeated_number(17, statement.effects << 1 | u64::from(statement.has_where));
    }
    to.number(18, u64::from(action.in_transaction));
}

/// One of [`SHARED_FIELDS`].
fn encode_shared(action: &ActionRecorded<'_>, field: u64, to: &mut Writer<'_>) {
    match field {
        4 => to.text(4, &action.text),
        7 => to.texts(7, &action.effects),
        9 => to.pairs(9, &action.reasons),
        10 => to.bytes(10, &action.policy),
        _ => to.texts(11, &action.masked),
    }
}

fn encode_completed(completed: &Completed<'_>, to: &mut Writer<'_>) -> u8 {
    to.number(1, completed.time);
    to.number(2, completed.sequence);
    to.text(3, &completed.status);
    to.number(4, completed.rows);
    to.number(5, completed.bytes);
    to.number(6, completed.duration);
    if let Some(error) = &completed.error {
        to.repeated(7, error.as_bytes());
    }
    for (word, count) in &completed.detected {
        to.pairs(8, &[(Cow::Borrowed(word), count.to_string().into())]);
    }
    TAG_COMPLETED
}

fn encode_approval(approval: &ApprovalRecorded<'_>, to: &mut Writer<'_>) -> u8 {
    to.number(1, approval.time);
    to.number(2, approval.sequence);
    to.bytes(3, &approval.approval);
    to.text(4, &approval.state);
    to.text(5, &approval.actor);
    to.text(6, &approval.comment);
    TAG_APPROVAL
}

/// Writes fields. A field with its default value (0, empty) is left out unless it is repeated or optional.
struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

impl Writer<'_> {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            let [low, ..] = value.to_le_bytes();
            self.out.push(low | 0x80);
            value >>= 7;
        }
        let [low, ..] = value.to_le_bytes();
        self.out.push(low);
    }

    fn number(&mut self, field: u64, value: u64) {
        if value != 0 {
            self.repeated_number(field, value);
        }
    }

    fn repeated_number(&mut self, field: u64, value: u64) {
        self.varint(field << 1);
        self.varint(value);
    }

    fn text(&mut self, field: u64, text: &str) {
        self.bytes(field, text.as_bytes());
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.repeated(field, bytes);
        }
    }

    fn repeated(&mut self, field: u64, bytes: &[u8]) {
        self.varint(field << 1 | 1);
        self.varint(bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    fn texts(&mut self, field: u64, texts: &[Cow<'_, str>]) {
        for text in texts {
            self.repeated(field, text.as_bytes());
        }
    }

    /// A pair is one field: the first text's length, the first text, the second text.
    fn pairs(&mut self, field: u64, pairs: &[(Cow<'_, str>, Cow<'_, str>)]) {
        for (first, second) in pairs {
            let first_bytes = first.len() as u64;
            let length = varint_bytes(first_bytes) + first.len() + second.len();
            self.varint(field << 1 | 1);
            self.varint(length as u64);
            self.varint(first_bytes);
            self.out.extend_from_slice(first.as_bytes());
            self.out.extend_from_slice(second.as_bytes());
        }
    }
}

fn varint_bytes(value: u64) -> usize {
    let bits = 64 - (value | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}
