//! Bytes to events. Must never fail on an event or field it does not know, and never panic on any input.

use std::borrow::Cow;

use super::{
    AS_BEFORE, PREFIX_BYTES, TAG_ACTION, TAG_APPROVAL, TAG_CLOSED, TAG_COMPLETED, TAG_CONTROL,
    TAG_OPENED, TAG_RESPONSE, TAG_RESPONSE_REST, TAG_STREAM_END,
};
use crate::event::{
    ActionRecorded, ApprovalRecorded, Completed, Event, Human, SessionOpened, StatementRecorded,
    StreamEnd, Unknown,
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
            (17, value) => opened.email = value.text()?,
            (18, value) => human(&mut opened).kind = value.text()?,
            (19, value) => human(&mut opened).groups.push(value.text()?),
            (20, value) => human(&mut opened).email = value.text()?,
            (21, value) => opened.says_circumstances = value.number()? != 0,
            (_, _) => {}
        }
    }
    Ok(opened)
}

fn human<'o, 'a>(opened: &'o mut SessionOpened<'a>) -> &'o mut Human<'a> {
    opened.human.get_or_insert_default()
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
            (15, value) => action.labels.push(value.text()?),
            (16, value) => action.statements.to_mut().push(StatementRecorded {
                kind: value.text()?.into_owned(),
                ..StatementRecorded::default()
            }),
            (17, value) => {
                let number = value.number()?;
                if let Some(statement) = action.statements.to_mut().last_mut() {
                    statement.effects = number >> 1;
                    statement.has_where = number & 1 == 1;
                }
            }
            (18, value) => action.in_transaction = value.number()? == 1,
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
            (8, value) => {
                let (word, count) = value.pair()?;
                let count = count.parse().map_err(|_| DecodeError::Text)?;
                completed.detected.push((word, count));
            }
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
