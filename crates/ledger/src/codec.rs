//! Events to bytes and back, as `docs/recording-format.md` section 4 lays them down.
//!
//! Must never fail on an event or field it does not know: a newer gateway may have written it. Must never panic on
//! any input.

use std::borrow::Cow;
use std::ops::Range;

use crate::event::{
    ActionRecorded, ApprovalRecorded, Completed, Event, SessionOpened, StreamEnd, Unknown,
};

/// Why bytes are not a list of events.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DecodeError {
    /// A length points beyond the end.
    #[error("an event ends before its length says")]
    Short,
    /// A number is longer than 64 bits.
    #[error("a number is longer than 64 bits")]
    Number,
    /// A text is not UTF-8.
    #[error("a text is not UTF-8")]
    Text,
    /// A field has another width than its kind.
    #[error("a field has the wrong width")]
    Width,
}

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

/// Fields of an action that [`Payload`] leaves out where they are as in the action before it: text, effects, reasons,
/// policy, masked columns.
const SHARED_FIELDS: [u64; 5] = [4, 7, 9, 10, 11];

/// The field that names them: the sum of 2^field over those left out.
const AS_BEFORE: u64 = 14;

/// A payload under construction. An action that repeats what the one before it in the same payload says does not say
/// it again: a driver prepares, and then executes, one text.
#[derive(Debug, Default)]
pub struct Payload {
    bytes: Vec<u8>,
    /// Where the last action's shared fields stand, itself or what it is as.
    shared: Option<[Range<usize>; 5]>,
}

impl Payload {
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

/// The events of one payload, in order. Ends after the first error.
pub fn events(payload: &[u8]) -> Events<'_> {
    Events {
        rest: payload,
        before: None,
    }
}

/// Iterates over the events of one payload.
#[derive(Clone, Debug)]
pub struct Events<'a> {
    rest: &'a [u8],
    /// The last action, for what the next one leaves out.
    before: Option<ActionRecorded<'a>>,
}

impl<'a> Iterator for Events<'a> {
    type Item = Result<Event<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let result = self.split().and_then(|(tag, body)| match tag {
            TAG_ACTION => self.action(body).map(Event::Action),
            tag => decode(tag, body),
        });
        if result.is_err() {
            self.rest = &[];
        }
        Some(result)
    }
}

impl<'a> Events<'a> {
    fn action(&mut self, body: &'a [u8]) -> Result<ActionRecorded<'a>, DecodeError> {
        let action = decode_action(Fields { rest: body }, self.before.take())?;
        self.before = (!self.rest.is_empty()).then(|| action.clone());
        Ok(action)
    }

    fn split(&mut self) -> Result<(u8, &'a [u8]), DecodeError> {
        let (prefix, rest) = self
            .rest
            .split_first_chunk::<PREFIX_BYTES>()
            .ok_or(DecodeError::Short)?;
        let [tag, a, b, c, d] = *prefix;
        let length = usize::try_from(u32::from_le_bytes([a, b, c, d]));
        let (body, rest) = length
            .ok()
            .and_then(|length| rest.split_at_checked(length))
            .ok_or(DecodeError::Short)?;
        self.rest = rest;
        Ok((tag, body))
    }
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

fn decode(tag: u8, body: &[u8]) -> Result<Event<'_>, DecodeError> {
    let fields = Fields { rest: body };
    match tag {
        TAG_OPENED => decode_opened(fields).map(Event::SessionOpened),
        TAG_ACTION => decode_action(fields, None).map(Event::Action),
        TAG_RESPONSE => decode_response(fields),
        TAG_COMPLETED => decode_completed(fields).map(Event::Completed),
        TAG_APPROVAL => decode_approval(fields).map(Event::Approval),
        TAG_CLOSED => decode_closed(fields),
        TAG_CONTROL => decode_control(fields),
        TAG_STREAM_END => decode_stream_end(fields),
        TAG_RESPONSE_REST => decode_rest(fields),
        tag => Ok(Event::Unknown(Unknown {
            tag,
            body: body.into(),
        })),
    }
}

fn decode_opened(fields: Fields<'_>) -> Result<SessionOpened<'_>, DecodeError> {
    let mut opened = SessionOpened::default();
    for field in fields {
        match field? {
            (1, value) => opened.time = value.number()?,
            (2, value) => opened.session = value.array()?,
            (3, value) => opened.principal = value.text()?,
            (4, value) => opened.name = value.text()?,
            (5, value) => opened.kind = value.text()?,
            (6, value) => opened.groups.push(value.text()?),
            (7, value) => opened.acts_for.push(value.text()?),
            (8, value) => opened.credential = value.text()?,
            (9, value) => opened.claims.push(value.pair()?),
            (10, value) => opened.resource = value.text()?,
            (11, value) => opened.database = value.text()?,
            (12, value) => opened.protocol = value.text()?,
            (13, value) => opened.application = value.text()?,
            (14, value) => opened.address = value.text()?,
            (15, value) => opened.login = value.text()?,
            (16, value) => opened.tls = value.text()?,
            (_, _) => {}
        }
    }
    Ok(opened)
}

/// An action, with what it leaves out as in the one `before` it; what has none before it lacks that.
fn decode_action<'a>(
    fields: Fields<'a>,
    before: Option<ActionRecorded<'a>>,
) -> Result<ActionRecorded<'a>, DecodeError> {
    let mut action = ActionRecorded::default();
    let mut as_before = 0;
    for field in fields {
        match field? {
            (1, value) => action.time = value.number()?,
            (2, value) => action.sequence = value.number()?,
            (3, value) => action.kind = value.text()?,
            (4, value) => action.text = value.text()?,
            (5, value) => action.parameters.push(Some(value.text()?)),
            (6, _) => action.parameters.push(None),
            (7, value) => action.effects.push(value.text()?),
            (8, value) => action.outcome = value.text()?,
            (9, value) => action.reasons.push(value.pair()?),
            (10, value) => action.policy = value.array()?,
            (11, value) => action.masked.push(value.text()?),
            (12, value) => action.approval = Some(value.array()?),
            (13, value) => action.approvers.push(value.text()?),
            (AS_BEFORE, value) => as_before = value.number()?,
            (_, _) => {}
        }
    }
    let before = before.unwrap_or_default();
    let is_left_out = |field: u64| as_before & (1 << field) != 0;
    if is_left_out(4) {
        action.text = before.text;
    }
    if is_left_out(7) {
        action.effects = before.effects;
    }
    if is_left_out(9) {
        action.reasons = before.reasons;
    }
    if is_left_out(10) {
        action.policy = before.policy;
    }
    if is_left_out(11) {
        action.masked = before.masked;
    }
    Ok(action)
}

fn decode_response(fields: Fields<'_>) -> Result<Event<'_>, DecodeError> {
    let (mut sequence, mut bytes) = (0, Cow::Borrowed(&[][..]));
    for field in fields {
        match field? {
            (1, value) => sequence = value.number()?,
            (2, value) => bytes = value.bytes()?.into(),
            (_, _) => {}
        }
    }
    Ok(Event::Response { sequence, bytes })
}

fn decode_completed(fields: Fields<'_>) -> Result<Completed<'_>, DecodeError> {
    let mut completed = Completed::default();
    for field in fields {
        match field? {
            (1, value) => completed.time = value.number()?,
            (2, value) => completed.sequence = value.number()?,
            (3, value) => completed.status = value.text()?,
            (4, value) => completed.rows = value.number()?,
            (5, value) => completed.bytes = value.number()?,
            (6, value) => completed.duration = value.number()?,
            (7, value) => completed.error = Some(value.text()?),
            (_, _) => {}
        }
    }
    Ok(completed)
}

fn decode_approval(fields: Fields<'_>) -> Result<ApprovalRecorded<'_>, DecodeError> {
    let mut approval = ApprovalRecorded::default();
    for field in fields {
        match field? {
            (1, value) => approval.time = value.number()?,
            (2, value) => approval.sequence = value.number()?,
            (3, value) => approval.approval = value.array()?,
            (4, value) => approval.state = value.text()?,
            (5, value) => approval.actor = value.text()?,
            (6, value) => approval.comment = value.text()?,
            (_, _) => {}
        }
    }
    Ok(approval)
}

fn decode_closed(fields: Fields<'_>) -> Result<Event<'_>, DecodeError> {
    let (mut time, mut reason) = (0, Cow::Borrowed(""));
    for field in fields {
        match field? {
            (1, value) => time = value.number()?,
            (2, value) => reason = value.text()?,
            (_, _) => {}
        }
    }
    Ok(Event::SessionClosed { time, reason })
}

fn decode_control(fields: Fields<'_>) -> Result<Event<'_>, DecodeError> {
    let (mut time, mut actor, mut name) = (0, Cow::Borrowed(""), Cow::Borrowed(""));
    let mut particulars = Vec::new();
    for field in fields {
        match field? {
            (1, value) => time = value.number()?,
            (2, value) => actor = value.text()?,
            (3, value) => name = value.text()?,
            (4, value) => particulars.push(value.pair()?),
            (_, _) => {}
        }
    }
    Ok(Event::Control {
        time,
        actor,
        name,
        fields: particulars,
    })
}

fn decode_rest(fields: Fields<'_>) -> Result<Event<'_>, DecodeError> {
    let (mut sequence, mut bytes, mut hash) = (0, 0, [0; 32]);
    for field in fields {
        match field? {
            (1, value) => sequence = value.number()?,
            (2, value) => bytes = value.number()?,
            (3, value) => hash = value.array()?,
            (_, _) => {}
        }
    }
    Ok(Event::ResponseRest {
        sequence,
        bytes,
        hash,
    })
}

fn decode_stream_end(fields: Fields<'_>) -> Result<Event<'_>, DecodeError> {
    let mut end = StreamEnd::default();
    for field in fields {
        match field? {
            (1, value) => end.records = value.number()?,
            (2, value) => end.hash = value.array()?,
            (_, _) => {}
        }
    }
    Ok(Event::StreamEnd(end))
}

/// One field's value.
#[derive(Clone, Copy)]
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    fn number(self) -> Result<u64, DecodeError> {
        match self {
            Self::Number(number) => Ok(number),
            Self::Bytes(_) => Err(DecodeError::Width),
        }
    }

    fn bytes(self) -> Result<&'a [u8], DecodeError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Number(_) => Err(DecodeError::Width),
        }
    }

    fn text(self) -> Result<Cow<'a, str>, DecodeError> {
        text(self.bytes()?)
    }

    fn array<const N: usize>(self) -> Result<[u8; N], DecodeError> {
        self.bytes()?.try_into().map_err(|_| DecodeError::Width)
    }

    fn pair(self) -> Result<(Cow<'a, str>, Cow<'a, str>), DecodeError> {
        let mut fields = Fields {
            rest: self.bytes()?,
        };
        let first = fields.take_length()?;
        Ok((text(first)?, text(fields.rest)?))
    }
}

fn text(bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    let text = std::str::from_utf8(bytes).map_err(|_| DecodeError::Text)?;
    Ok(Cow::Borrowed(text))
}

/// Iterates over the fields of one event; ends after the first error.
struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn take_varint(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0_u64;
        let mut shift = 0;
        loop {
            let (byte, rest) = self.rest.split_first().ok_or(DecodeError::Short)?;
            self.rest = rest;
            let part = u64::from(byte & 0x7f);
            if shift > 63 || (shift == 63 && part > 1) {
                return Err(DecodeError::Number);
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
            shift += 7;
        }
    }

    fn take_length(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.take_varint()?;
        let length = usize::try_from(length).map_err(|_| DecodeError::Short)?;
        let split = self.rest.split_at_checked(length);
        let (bytes, rest) = split.ok_or(DecodeError::Short)?;
        self.rest = rest;
        Ok(bytes)
    }

    fn take(&mut self) -> Result<(u64, Value<'a>), DecodeError> {
        let key = self.take_varint()?;
        let value = match key & 1 {
            0 => Value::Number(self.take_varint()?),
            _ => Value::Bytes(self.take_length()?),
        };
        Ok((key >> 1, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.take();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}
