//! Tells which chunks of results are nothing but rows, so that whoever has enough of a response's rows need not read them.
//!
//! Must never say so of bytes that could hold anything else, and never hold more of them than a message's head.

use ledger::Event;

/// Bytes before a message's body: its kind and its length.
const HEAD_BYTES: usize = 5;
/// The length says itself, too.
const LENGTH_BYTES: usize = 4;

/// Follows the messages of one session's responses, as PostgreSQL's protocol frames them.
#[derive(Debug, Default)]
pub(crate) struct Framing {
    /// The response that the last event was a part of.
    under_way: Option<Response>,
    /// A response was left within a message: where its next piece begins is not known.
    is_lost: bool,
}

#[derive(Debug, Default)]
struct Response {
    sequence: u64,
    /// The head of a message, so far.
    head: Vec<u8>,
    /// Bytes of its body that are to come.
    left: usize,
}

impl Framing {
    /// Whether the last event ended a message of a response, so that a chunk of rows may begin or end here.
    pub(crate) fn is_between(&self) -> bool {
        !self.is_lost && self.under_way.as_ref().is_some_and(Response::is_between)
    }

    /// Goes on by one event; says whether it only adds rows to the response under way.
    pub(crate) fn pass(&mut self, event: &Event<'_>) -> bool {
        let goes_on = self
            .under_way
            .as_ref()
            .is_some_and(|response| event.sequence() == Some(response.sequence));
        let is_left = !goes_on && self.under_way.as_ref().is_some_and(|r| !r.is_between());
        self.is_lost |= is_left;
        let Event::Response { sequence, bytes } = event else {
            self.under_way = None;
            return false;
        };
        if !goes_on {
            self.under_way = None;
        }
        let response = self.under_way.get_or_insert_with(|| Response {
            sequence: *sequence,
            ..Response::default()
        });
        response.feed(bytes) && goes_on
    }
}

impl Response {
    fn is_between(&self) -> bool {
        self.head.is_empty() && self.left == 0
    }

    /// Says whether all messages that begin in these bytes are rows.
    fn feed(&mut self, mut bytes: &[u8]) -> bool {
        let mut are_rows = true;
        loop {
            bytes = self.finish(bytes);
            if bytes.is_empty() {
                return are_rows;
            }
            let wanted = HEAD_BYTES - self.head.len();
            let (some, rest) = bytes.split_at(wanted.min(bytes.len()));
            bytes = rest;
            // As a rule the whole head is there, and nothing is kept of it.
            let head = match <[u8; HEAD_BYTES]>::try_from(some) {
                Ok(head) => head,
                Err(_) => {
                    self.head.extend_from_slice(some);
                    let Ok(head) = <[u8; HEAD_BYTES]>::try_from(self.head.as_slice()) else {
                        continue;
                    };
                    self.head.clear();
                    head
                }
            };
            let [kind, length @ ..] = head;
            // What does not even count itself is damage; it is taken for empty, as readers take it.
            let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
            self.left = length.saturating_sub(LENGTH_BYTES);
            are_rows &= matches!(kind, b'D' | b'd');
        }
    }

    /// What stands behind the message under way.
    fn finish<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let (body, rest) = bytes.split_at(self.left.min(bytes.len()));
        self.left -= body.len();
        rest
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ledger::event::Completed;

    use super::*;

    fn message(kind: u8, body: usize) -> Vec<u8> {
        let length = u32::try_from(body + LENGTH_BYTES).unwrap();
        [&[kind][..], &length.to_be_bytes(), &vec![b'E'; body]].concat()
    }

    fn response(sequence: u64, bytes: &[u8]) -> Event<'_> {
        Event::Response {
            sequence,
            bytes: bytes.into(),
        }
    }

    fn completed(sequence: u64) -> Event<'static> {
        Event::Completed(Completed {
            sequence,
            ..Completed::default()
        })
    }

    /// What is said of each event, and whether it ends between messages.
    fn check(events: &[Event<'_>], expect: &[(bool, bool)]) {
        let mut framing = Framing::default();
        assert!(!framing.is_between());
        let said: Vec<_> = events
            .iter()
            .map(|event| (framing.pass(event), framing.is_between()))
            .collect();
        assert_eq!(said, expect);
    }

    #[test]
    fn rows_are_told_from_all_else() {
        let (row, copied) = (message(b'D', 7), message(b'd', 0));
        let both = [row.clone(), copied].concat();
        let with_error = [row.clone(), message(b'E', 30), row.clone()].concat();
        let events = [
            response(1, &row),
            response(1, &both),
            response(1, &with_error),
            response(1, &row),
            response(2, &row),
            response(2, &row),
            completed(2),
            response(2, &row),
        ];
        let (rows, other) = ((true, true), (false, true));
        check(
            &events,
            &[other, rows, other, rows, other, rows, (false, false), other],
        );
    }

    #[test]
    fn a_response_that_was_left_within_a_message_makes_the_rest_unknown() {
        let row = message(b'D', 7);
        let (a, b) = row.split_at(9);
        let split = [response(1, a), response(1, b), response(1, &row)];
        check(&split, &[(false, false), (true, true), (true, true)]);
        let ended = [response(1, a), completed(1), response(2, &row)];
        check(&ended, &[(false, false), (false, false), (false, true)]);
        for other in [response(2, &row), completed(2)] {
            let left = [response(1, a), other, response(1, b), response(1, &row)];
            let mut framing = Framing::default();
            for event in &left {
                framing.pass(event);
            }
            assert!(!framing.is_between());
        }
    }

    #[test]
    fn it_does_not_matter_where_the_bytes_are_cut() {
        let check = |kinds: &[(u8, usize)], size: usize| {
            let bytes = kinds.iter().flat_map(|(kind, body)| message(*kind, *body));
            let bytes: Vec<u8> = bytes.collect();
            let mut framing = Framing::default();
            framing.pass(&response(1, b""));
            let mut are_rows = true;
            for piece in bytes.chunks(size) {
                are_rows &= framing.pass(&response(1, piece));
            }
            assert!(framing.is_between(), "{kinds:?} by {size}");
            let expect = kinds.iter().all(|(kind, _)| matches!(kind, b'D' | b'd'));
            assert_eq!(are_rows, expect, "{kinds:?} by {size}");
        };
        for size in 1..40 {
            check(&[(b'D', 0)], size);
            check(&[(b'D', 20), (b'd', 3), (b'D', 0), (b'D', 31)], size);
            check(&[(b'D', 20), (b'E', 3), (b'D', 0)], size);
            check(&[(b'd', 7), (b'd', 7), (b'C', 0)], size);
        }
    }
}
