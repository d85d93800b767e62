//! Recorded PostgreSQL response bytes as results that a person can read.
//!
//! Must never panic on any bytes, and knows of PostgreSQL only its backend messages (protocol 3, "Message Formats").

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// One output column.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type's OID.
    pub type_oid: u32,
    /// Whether values come in binary.
    pub binary: bool,
}

/// An error or a notice.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Message {
    /// ERROR, FATAL, NOTICE, WARNING…
    pub severity: String,
    /// SQLSTATE.
    pub code: String,
    /// The text.
    pub message: String,
    /// More, if any.
    pub detail: Option<String>,
    /// Advice, if any.
    pub hint: Option<String>,
}

/// One thing the client was sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ResultItem {
    /// The columns of the rows that follow.
    Columns(Vec<Column>),
    /// A row, as text; `None` is NULL. Binary values of types that are not spelled are `\x…`.
    Row(Vec<Option<String>>),
    /// A chunk of COPY output, as sent.
    Copy(Vec<u8>),
    /// A command ended; its tag.
    Complete(String),
    /// A portal stopped at its row limit.
    Suspended,
    /// The statement was empty.
    Empty,
    /// The statement failed.
    Error(Message),
    /// The server remarked.
    Notice(Message),
    /// Another session's notification.
    Notification {
        /// On which channel.
        channel: String,
        /// What it says.
        payload: String,
    },
    /// The bytes end within a message: the recording was cut.
    Cut,
}

/// Reads one action's response bytes, in order. Messages that show nothing (ParseComplete, ReadyForQuery…) are
/// passed over.
pub fn results(bytes: &[u8]) -> Results<'_> {
    Results {
        rest: bytes,
        columns: Vec::new(),
    }
}

/// Iterates over the results in one action's response bytes.
#[derive(Clone, Debug)]
pub struct Results<'a> {
    rest: &'a [u8],
    columns: Vec<Column>,
}

impl Iterator for Results<'_> {
    type Item = ResultItem;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let Some((kind, body)) = self.message() else {
                self.rest = &[];
                return Some(ResultItem::Cut);
            };
            if let Some(item) = item(kind, body, &mut self.columns) {
                return Some(item);
            }
        }
        None
    }
}

impl<'a> Results<'a> {
    fn message(&mut self) -> Option<(u8, &'a [u8])> {
        let ([kind, length @ ..], _) = self.rest.split_first_chunk::<5>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let body = self.rest.get(5..length.checked_add(1)?)?;
        self.rest = self.rest.get(length + 1..)?;
        Some((*kind, body))
    }
}

/// One message as what it shows, if anything; the columns are those described last.
pub(crate) fn item(kind: u8, body: &[u8], columns: &mut Vec<Column>) -> Option<ResultItem> {
    let mut body = Body(body);
    Some(match kind {
        b'T' => {
            *columns = body.columns()?;
            ResultItem::Columns(columns.clone())
        }
        b'D' => ResultItem::Row(row(body, columns)?),
        b'd' => ResultItem::Copy(body.0.to_vec()),
        b'C' => ResultItem::Complete(body.string()),
        b's' => ResultItem::Suspended,
        b'I' => ResultItem::Empty,
        b'E' => ResultItem::Error(body.fields()),
        b'N' => ResultItem::Notice(body.fields()),
        b'A' => {
            body.take::<4>()?;
            ResultItem::Notification {
                channel: body.string(),
                payload: body.string(),
            }
        }
        _ => return None,
    })
}

fn row(mut body: Body<'_>, columns: &[Column]) -> Option<Vec<Option<String>>> {
    let count = u16::from_be_bytes(body.take()?);
    let mut row = Vec::new();
    for at in 0..usize::from(count) {
        let length = i32::from_be_bytes(body.take()?);
        let value = match usize::try_from(length) {
            Ok(length) => Some(body.bytes(length)?),
            Err(_) => None,
        };
        row.push(value.map(|value| shown(value, columns.get(at)).into_owned()));
    }
    Some(row)
}

/// A message's body, read from the front.
struct Body<'a>(&'a [u8]);

impl<'a> Body<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// A text up to the next zero byte, or the end.
    fn string(&mut self) -> String {
        let end = self.0.iter().position(|byte| *byte == 0);
        let (text, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest.get(1..).unwrap_or_default();
        String::from_utf8_lossy(text).into_owned()
    }

    fn columns(&mut self) -> Option<Vec<Column>> {
        let count = u16::from_be_bytes(self.take()?);
        let mut columns = Vec::new();
        for _ in 0..count {
            let name = self.string();
            self.take::<6>()?;
            let type_oid = u32::from_be_bytes(self.take()?);
            self.take::<6>()?;
            let binary = u16::from_be_bytes(self.take()?) == 1;
            columns.push(Column {
                name,
                type_oid,
                binary,
            });
        }
        Some(columns)
    }

    fn fields(&mut self) -> Message {
        let mut message = Message::default();
        while let Some([field]) = self.take::<1>() {
            if field == 0 {
                break;
            }
            let text = self.string();
            match field {
                // `V` is the severity that is never translated; `S` came with it before 9.6.
                b'V' => message.severity = text,
                b'S' if message.severity.is_empty() => message.severity = text,
                b'C' => message.code = text,
                b'M' => message.message = text,
                b'D' => message.detail = Some(text),
                b'H' => message.hint = Some(text),
                _ => {}
            }
        }
        message
    }
}

fn shown<'a>(value: &'a [u8], column: Option<&Column>) -> Cow<'a, str> {
    if let Some(column) = column.filter(|column| column.binary) {
        return spelled(column.type_oid, value).unwrap_or_else(|| hex(value));
    }
    // Without a description (the statement was described earlier) the format is not known: text, if it reads as one.
    let is_text = |text: &&str| column.is_some() || !text.chars().any(|c| c == '\0');
    match std::str::from_utf8(value).ok().filter(is_text) {
        Some(text) => text.into(),
        None => hex(value),
    }
}

fn spelled(type_oid: u32, value: &[u8]) -> Option<Cow<'_, str>> {
    let text = match type_oid {
        16 => match value {
            [0] => "f".to_owned(),
            [1] => "t".to_owned(),
            _ => return None,
        },
        21 => i16::from_be_bytes(value.try_into().ok()?).to_string(),
        23 => i32::from_be_bytes(value.try_into().ok()?).to_string(),
        20 => i64::from_be_bytes(value.try_into().ok()?).to_string(),
        26 => u32::from_be_bytes(value.try_into().ok()?).to_string(),
        700 => f32::from_be_bytes(value.try_into().ok()?).to_string(),
        701 => f64::from_be_bytes(value.try_into().ok()?).to_string(),
        // name, text, json, bpchar, varchar
        19 | 25 | 114 | 1042 | 1043 => return std::str::from_utf8(value).ok().map(Cow::from),
        _ => return None,
    };
    Some(text.into())
}

fn hex(bytes: &[u8]) -> Cow<'static, str> {
    format!("\\x{}", crate::Hex(bytes)).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap();
        [&[kind][..], &length.to_be_bytes(), body].concat()
    }

    fn described(binary: u16, oid: u32) -> Vec<u8> {
        let body = [
            &1_u16.to_be_bytes()[..],
            b"n\0",
            &[0; 6],
            &oid.to_be_bytes(),
            &[0; 6],
            &binary.to_be_bytes(),
        ]
        .concat();
        message(b'T', &body)
    }

    fn row(value: Option<&[u8]>) -> Vec<u8> {
        let mut body = 1_u16.to_be_bytes().to_vec();
        match value {
            Some(value) => {
                body.extend(i32::try_from(value.len()).unwrap().to_be_bytes());
                body.extend(value);
            }
            None => body.extend((-1_i32).to_be_bytes()),
        }
        message(b'D', &body)
    }

    #[test]
    fn rows_are_read() {
        let check = |binary, oid, value: Option<&[u8]>, expect: Option<&str>| {
            let bytes = [
                described(binary, oid),
                row(value),
                message(b'C', b"SELECT 1\0"),
            ]
            .concat();
            let items: Vec<_> = results(&bytes).collect();
            assert_eq!(items.len(), 3);
            assert_eq!(items[1], ResultItem::Row(vec![expect.map(str::to_owned)]));
            assert_eq!(items[2], ResultItem::Complete("SELECT 1".into()));
        };
        check(0, 25, Some(b"abc"), Some("abc"));
        check(0, 25, Some(b""), Some(""));
        check(0, 25, None, None);
        check(1, 23, Some(&[0, 0, 1, 0]), Some("256"));
        check(1, 23, Some(&[0]), Some("\\x00"));
        check(1, 16, Some(&[1]), Some("t"));
        check(1, 17, Some(&[0xab, 1]), Some("\\xab01"));
        check(1, 701, Some(&1.5_f64.to_be_bytes()), Some("1.5"));
    }

    #[test]
    fn errors_and_notifications_are_read() {
        let error = message(b'E', b"SERROR\0VERROR\0C42P01\0Mno such table\0Hlook\0\0");
        let notified = message(b'A', b"\0\0\0\x07chan\0hello\0");
        let ready = message(b'Z', b"I");
        let bytes = [error, ready, notified].concat();
        let items: Vec<_> = results(&bytes).collect();
        let expect = Message {
            severity: "ERROR".into(),
            code: "42P01".into(),
            message: "no such table".into(),
            detail: None,
            hint: Some("look".into()),
        };
        assert_eq!(
            items,
            [
                ResultItem::Error(expect),
                ResultItem::Notification {
                    channel: "chan".into(),
                    payload: "hello".into()
                }
            ]
        );
    }

    #[test]
    fn cut_anywhere_never_panics() {
        let bytes = [described(1, 23), row(Some(&[0, 0, 0, 1])), row(None)].concat();
        for cut in 0..bytes.len() {
            let items = results(&bytes[..cut]).count();
            assert!(items <= 3, "cut at {cut}");
        }
        // Lengths that lie.
        for byte in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[byte] ^= 0xff;
            assert!(results(&bad).count() < 100, "byte {byte}");
        }
    }
}
