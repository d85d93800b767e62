//! Reads response bytes as they come, in any pieces, into words: values of rows, messages, nothing of the framing.
//!
//! Must never hold more than one message of bounded length, and never stop reading frames because there were many: an
//! error may stand behind a million rows.

use serde::{Deserialize, Serialize};

use super::entry::Part;
use crate::result::{self, Column, ResultItem};

/// Bytes of one message that is read; a longer one is passed over.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// Bytes before a message's body: its kind and its length.
const HEAD_BYTES: usize = 5;
/// Errors and remarks may take so much more than all else together, because they say what went wrong.
const MESSAGES_BYTES: usize = 4 * 1024;

/// Where the reading of one action's response stands.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Reader {
    /// The beginning of a message.
    begun: Vec<u8>,
    /// Bytes of a message that are passed over.
    skip: usize,
    columns: Vec<Column>,
}

impl Reader {
    /// Takes the next bytes in; at most `max` bytes of words stand in `part` then.
    pub(super) fn feed(&mut self, mut bytes: &[u8], part: &mut Part, max: usize) {
        while !bytes.is_empty() {
            if self.skip > 0 {
                let some = self.skip.min(bytes.len());
                self.skip -= some;
                bytes = bytes.get(some..).unwrap_or_default();
                continue;
            }
            if self.begun.is_empty() {
                // Most messages stand whole in what came.
                if let Some(length) = whole(bytes).filter(|length| *length <= bytes.len()) {
                    let (message, rest) = bytes.split_at(length);
                    self.message(message, part, max);
                    bytes = rest;
                    continue;
                }
            }
            let wanted = self.wanted().saturating_sub(self.begun.len());
            let (some, rest) = bytes.split_at(wanted.min(bytes.len()));
            self.begun.extend_from_slice(some);
            bytes = rest;
            self.look(part, max);
        }
    }

    /// Whether the next byte begins a message.
    pub(super) fn is_between(&self) -> bool {
        self.begun.is_empty() && self.skip == 0
    }

    /// How long what has begun must be before anything can be said of it.
    fn wanted(&self) -> usize {
        whole(&self.begun).unwrap_or(HEAD_BYTES)
    }

    fn look(&mut self, part: &mut Part, max: usize) {
        let Some(length) = whole(&self.begun) else {
            return;
        };
        let kind = self.begun.first().copied().unwrap_or_default();
        let is_unwanted = matches!(kind, b'D' | b'd') && part.is_full(max);
        if length > MESSAGE_BYTES_MAX || is_unwanted {
            part.cut = part.cut || matches!(kind, b'D' | b'd' | b'E' | b'N' | b'A');
            self.skip = length - self.begun.len();
            self.begun = Vec::new();
        } else if self.begun.len() == length {
            let message = std::mem::take(&mut self.begun);
            self.message(&message, part, max);
        }
    }

    fn message(&mut self, message: &[u8], part: &mut Part, max: usize) {
        let Some((head, body)) = message.split_at_checked(HEAD_BYTES) else {
            return;
        };
        let kind = head.first().copied().unwrap_or_default();
        if matches!(kind, b'D' | b'd') && part.is_full(max) {
            part.cut = true;
            return;
        }
        let more = max.saturating_add(MESSAGES_BYTES);
        match result::item(kind, body, &mut self.columns) {
            Some(ResultItem::Row(values)) => {
                values.iter().flatten().for_each(|v| part.add(v, max));
                part.end();
            }
            Some(ResultItem::Copy(bytes)) => {
                part.add(&String::from_utf8_lossy(&bytes), max);
                part.end();
            }
            Some(ResultItem::Error(said) | ResultItem::Notice(said)) => {
                part.add(&said.code, more);
                for text in [
                    Some(&said.message),
                    said.detail.as_ref(),
                    said.hint.as_ref(),
                ] {
                    part.end();
                    part.add(text.map_or("", String::as_str), more);
                }
                part.end();
            }
            Some(ResultItem::Notification { channel, payload }) => {
                part.add(&channel, more);
                part.add(&payload, more);
                part.end();
            }
            Some(
                ResultItem::Columns(_)
                | ResultItem::Complete(_)
                | ResultItem::Suspended
                | ResultItem::Empty
                | ResultItem::Cut,
            )
            | None => {}
        }
    }
}

/// How long the message is whose beginning this is, all told; `None` while that is not said.
fn whole(bytes: &[u8]) -> Option<usize> {
    let head = bytes.first_chunk::<HEAD_BYTES>()?;
    let [_, length @ ..] = head;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    // A length that does not even cover itself is damage; it is read as nothing.
    Some(length.max(4).saturating_add(1))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap();
        [&[kind][..], &length.to_be_bytes(), body].concat()
    }

    fn row(values: &[&str]) -> Vec<u8> {
        let mut body = u16::try_from(values.len()).unwrap().to_be_bytes().to_vec();
        for value in values {
            body.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
            body.extend(value.as_bytes());
        }
        message(b'D', &body)
    }

    fn read(pieces: &[&[u8]], max: usize) -> Part {
        let (mut reader, mut part) = (Reader::default(), Part::default());
        for piece in pieces {
            reader.feed(piece, &mut part, max);
        }
        part
    }

    fn sample() -> Vec<u8> {
        [
            row(&["Ada Lovelace", "1"]),
            row(&["Café"]),
            message(b'd', b"x\ty\n"),
            message(b'C', b"SELECT 2\0"),
            message(b'E', b"SERROR\0C42P01\0Mno such table\0\0"),
            message(b'Z', b"I"),
        ]
        .concat()
    }

    #[test]
    fn values_and_messages_are_read_wherever_the_bytes_are_cut() {
        let bytes = sample();
        let expect = "ada lovelace 1 _ cafe _ x y _ 42p01 _ no such table _ ";
        for cut in 0..=bytes.len() {
            let (a, b) = bytes.split_at(cut);
            assert_eq!(read(&[a, b], 1_000).text, expect, "cut at {cut}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(read(&single, 1_000).text, expect);
    }

    #[test]
    fn an_error_is_read_behind_rows_that_were_too_many() {
        let rows: Vec<u8> = (0..100).flat_map(|_| row(&["filling"])).collect();
        let bytes = [rows, message(b'E', b"C22012\0Mdivision by zero\0\0")].concat();
        for size in [1, 7, bytes.len()] {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            let part = read(&pieces, 20);
            assert!(part.cut);
            assert!(part.text.contains("division by zero"), "{}", part.text);
            assert!(part.text.matches("filling").count() <= 4, "{}", part.text);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_say_the_same(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            size in 1_usize..40,
        ) {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            prop_assert_eq!(read(&pieces, 64), read(&[&bytes], 64));
        }
    }
}
