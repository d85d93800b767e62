//! Holding what a statement delivers now against what was recorded of it.
//!
//! Keeps one row at a time, and takes no masked value for a difference.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::iter::Peekable;

use contract::visible::single_line;
use ledger::result::{Column, ResultItem, Results, results};

use super::rerun::Recorded;

/// The OID of `bytea`, whose text is what unspelled binary values are shown as.
const BYTEA: u32 = 17;

/// The OIDs of `real` and `double precision`, which the recording spells in its own way.
const FLOATS: [u32; 2] = [700, 701];

/// How much of a row a difference shows, in characters.
const SHOWN_CHARS: usize = 200;

type Row = Vec<Option<String>>;

/// What came of running a statement again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// The same.
    Same,
    /// The same as far as it can be told: some values were hidden, not kept, or are of types that are not spelled.
    SameInPart,
    /// The same rows, in another order.
    OtherOrder,
    /// Not the same.
    Differs(Vec<String>),
}

/// One statement's comparison, fed while its results arrive.
pub(super) struct Comparison<'a> {
    recorded: &'a Recorded,
    items: Peekable<Results<'a>>,
    columns: Vec<Column>,
    /// Differences other than the rows' order.
    found: Vec<String>,
    /// The first row that is not where it was: recorded, and now.
    moved: Option<(Row, Row)>,
    /// Sums of row hashes, which do not depend on the order: recorded, and now.
    bags: (u64, u64),
    /// Rows of this result that only one side has.
    missing: u64,
    extra: u64,
    /// Some value could not be held against the recorded one.
    is_partial: bool,
    /// The portal stopped at its row limit: what comes behind was not asked for then.
    is_suspended: bool,
    is_other_order: bool,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(recorded: &'a Recorded) -> Self {
        Self {
            recorded,
            items: results(&recorded.response).peekable(),
            columns: Vec::new(),
            found: Vec::new(),
            moved: None,
            bags: (0, 0),
            missing: 0,
            extra: 0,
            is_partial: recorded.is_masked || recorded.is_cut,
            is_suspended: false,
            is_other_order: false,
        }
    }

    /// A row as text.
    pub(super) fn row(&mut self, now: Row) {
        self.skip_remarks();
        let Some(ResultItem::Row(then)) = self
            .items
            .next_if(|item| matches!(item, ResultItem::Row(_)))
        else {
            self.extra += 1;
            return;
        };
        if self.recorded.is_masked {
            return;
        }
        let (then, now) = self.comparable(then, now);
        self.bags.0 = self.bags.0.wrapping_add(hash(&then));
        self.bags.1 = self.bags.1.wrapping_add(hash(&now));
        if then != now && self.moved.is_none() {
            self.moved = Some((then, now));
        }
    }

    /// A result ended; `count` rows were delivered or changed.
    pub(super) fn complete(&mut self, count: u64) {
        let tag = self.next_end();
        let (missing, extra) = (
            std::mem::take(&mut self.missing),
            std::mem::take(&mut self.extra),
        );
        let is_open = self.recorded.is_cut || self.is_suspended;
        match &tag {
            Some(ResultItem::Complete(tag)) => {
                let then = tag.rsplit(' ').next().and_then(|word| word.parse().ok());
                let then: u64 = then.unwrap_or(0);
                if then != count {
                    self.found
                        .push(format!("{count} rows, recorded: {}", single_line(tag)));
                } else if missing + extra > 0 && !is_open {
                    self.found.push(format!(
                        "{extra} rows that were not recorded, {missing} recorded rows are missing"
                    ));
                }
            }
            Some(ResultItem::Error(then)) => {
                self.found.push(format!(
                    "it succeeded, recorded: {}",
                    single_line(&then.code)
                ));
            }
            Some(_) | None if is_open => self.is_partial = true,
            Some(_) | None => self.found.push("it was not recorded to the end".to_owned()),
        }
        self.settle_rows();
    }

    /// It failed with this SQLSTATE.
    pub(super) fn failed(&mut self, code: &str) {
        let end = self.next_end();
        let then = match &end {
            Some(ResultItem::Error(then)) => Some(single_line(&then.code)),
            Some(_) => None,
            None => self.recorded.error.as_deref().map(single_line),
        };
        match then {
            Some(then) if then == code => {}
            Some(then) => self
                .found
                .push(format!("failed with {code}, recorded: {then}")),
            None => self.found.push(format!("failed with {code}")),
        }
        self.moved = None;
        (self.missing, self.extra) = (0, 0);
    }

    /// The COPY output as recorded.
    pub(super) fn recorded_copy(&mut self) -> Vec<u8> {
        let mut then = Vec::new();
        for item in self.items.by_ref() {
            match item {
                ResultItem::Copy(bytes) => then.extend_from_slice(&bytes),
                ResultItem::Complete(_) => break,
                _ => {}
            }
        }
        then
    }

    /// COPY output: its beginning, at least as long as what was recorded where there is so much, and its length.
    pub(super) fn copied(&mut self, then: &[u8], now: &[u8], length: u64) {
        if self.recorded.is_masked {
            return;
        }
        let is_whole = self.recorded.is_cut || length == then.len() as u64;
        if !(is_whole && now.starts_with(then)) {
            let recorded = then.len();
            self.found
                .push(format!("other data: {length} bytes, recorded: {recorded}"));
        }
    }

    /// Nothing more comes.
    pub(super) fn finish(mut self) -> Verdict {
        self.skip_remarks();
        let rest = self.items.by_ref().find_map(|item| match item {
            ResultItem::Error(then) => Some(format!("recorded: failed with {}", then.code)),
            ResultItem::Complete(tag) => Some(format!("recorded besides: {tag}")),
            _ => None,
        });
        self.found.extend(rest.map(|text| single_line(&text)));
        match (
            self.found.is_empty(),
            self.is_other_order,
            self.is_partial || !self.recorded.is_complete,
        ) {
            (false, _, _) => Verdict::Differs(self.found),
            (true, true, _) => Verdict::OtherOrder,
            (true, false, true) => Verdict::SameInPart,
            (true, false, false) => Verdict::Same,
        }
    }

    /// Decides over the rows of the result that ended.
    fn settle_rows(&mut self) {
        let bags = std::mem::take(&mut self.bags);
        let Some((then, now)) = self.moved.take() else {
            return;
        };
        if bags.0 == bags.1 {
            self.is_other_order = true;
            return;
        }
        let show = |row: &Row| {
            let cells = row
                .iter()
                .map(|cell| cell.as_deref().unwrap_or("NULL").to_owned());
            let text = single_line(&cells.collect::<Vec<_>>().join(", "));
            text.chars().take(SHOWN_CHARS).collect::<String>()
        };
        self.found
            .push(format!("row ({}), recorded: ({})", show(&now), show(&then)));
    }

    /// What is not part of a result: descriptions, notices, a portal's stops.
    fn skip_remarks(&mut self) {
        while let Some(item) = self.items.peek() {
            match item {
                ResultItem::Columns(columns) => self.columns.clone_from(columns),
                ResultItem::Suspended => self.is_suspended = true,
                ResultItem::Notice(_) | ResultItem::Notification { .. } => {}
                ResultItem::Row(_)
                | ResultItem::Copy(_)
                | ResultItem::Complete(_)
                | ResultItem::Empty
                | ResultItem::Error(_)
                | ResultItem::Cut => return,
            }
            self.items.next();
        }
    }

    /// The recorded end of the result at hand, counting the rows before it.
    fn next_end(&mut self) -> Option<ResultItem> {
        loop {
            self.skip_remarks();
            match self.items.next()? {
                ResultItem::Row(_) => self.missing += 1,
                end @ (ResultItem::Complete(_) | ResultItem::Error(_) | ResultItem::Empty) => {
                    return Some(end);
                }
                _ => {}
            }
        }
    }

    /// Both rows without the cells that cannot be held against each other.
    fn comparable(&mut self, mut then: Row, mut now: Row) -> (Row, Row) {
        for (at, (then, now)) in then.iter_mut().zip(&mut now).enumerate() {
            let column = self.columns.get(at);
            let is_bytes = column.is_some_and(|column| column.type_oid == BYTEA);
            let is_spelled = column.is_some_and(|column| !column.binary) || is_bytes;
            let is_hex =
                |cell: &Option<String>| cell.as_deref().is_some_and(|text| text.starts_with("\\x"));
            let is_float = column.is_some_and(|c| c.binary && FLOATS.contains(&c.type_oid));
            if is_float && number(then).is_some() && number(then) == number(now) {
                now.clone_from(then);
            }
            if !is_spelled && is_hex(then) && !is_hex(now) {
                (*then, *now) = (None, None);
                self.is_partial = true;
            }
        }
        (then, now)
    }
}

/// The bits of a number, whichever way it is written.
fn number(cell: &Option<String>) -> Option<u64> {
    let number: f64 = cell.as_deref()?.to_lowercase().parse().ok()?;
    Some(number.to_bits())
}

fn hash(row: &Row) -> u64 {
    let mut hasher = DefaultHasher::new();
    row.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::testing::message;
    use super::*;

    fn head(binary: bool, oid: u32) -> Vec<u8> {
        let mut body = 1u16.to_be_bytes().to_vec();
        body.extend_from_slice(b"a\0");
        body.extend_from_slice(&[0; 6]);
        body.extend_from_slice(&oid.to_be_bytes());
        body.extend_from_slice(&[0; 6]);
        body.extend_from_slice(&u16::from(binary).to_be_bytes());
        message(b'T', &body)
    }

    fn row(value: &[u8]) -> Vec<u8> {
        let mut body = 1u16.to_be_bytes().to_vec();
        body.extend_from_slice(&u32::try_from(value.len()).unwrap().to_be_bytes());
        body.extend_from_slice(value);
        message(b'D', &body)
    }

    fn recorded(parts: &[Vec<u8>]) -> Recorded {
        Recorded {
            response: parts.concat(),
            is_complete: true,
            ..Recorded::default()
        }
    }

    fn selected(values: &[&str]) -> Recorded {
        let mut parts = vec![head(false, 25)];
        parts.extend(values.iter().map(|value| row(value.as_bytes())));
        parts.push(message(
            b'C',
            format!("SELECT {}\0", values.len()).as_bytes(),
        ));
        recorded(&parts)
    }

    fn now(recorded: &Recorded, values: &[&str]) -> Verdict {
        let mut comparison = Comparison::new(recorded);
        for value in values {
            comparison.row(vec![Some((*value).to_owned())]);
        }
        comparison.complete(values.len() as u64);
        comparison.finish()
    }

    fn differs(text: &str) -> Verdict {
        Verdict::Differs(vec![text.to_owned()])
    }

    #[test]
    fn rows_are_held_against_rows() {
        let check = |then: &[&str], values: &[&str], expect: Verdict| {
            assert_eq!(now(&selected(then), values), expect, "{then:?} {values:?}");
        };
        check(&[], &[], Verdict::Same);
        check(&["x", "y"], &["x", "y"], Verdict::Same);
        check(&["x", "y"], &["y", "x"], Verdict::OtherOrder);
        check(&["x", "y"], &["x", "z"], differs("row (z), recorded: (y)"));
        check(&["x"], &["x", "y"], differs("2 rows, recorded: SELECT 1"));
        check(&["x"], &[], differs("0 rows, recorded: SELECT 1"));
    }

    #[test]
    fn masked_values_are_no_difference_and_row_counts_are() {
        let then = Recorded {
            is_masked: true,
            ..selected(&["a***", "b***"])
        };
        assert_eq!(now(&then, &["ada", "bob"]), Verdict::SameInPart);
        assert_eq!(now(&then, &["ada"]), differs("1 rows, recorded: SELECT 2"));
    }

    #[test]
    fn binary_values_that_are_not_spelled_are_passed_over() {
        let end = message(b'C', b"SELECT 1\0");
        let check = |oid, bytes: &[u8], text: &str, expect: Verdict| {
            let then = recorded(&[head(true, oid), row(bytes), end.clone()]);
            assert_eq!(now(&then, &[text]), expect, "{oid} {text}");
        };
        check(23, &7i32.to_be_bytes(), "7", Verdict::Same);
        check(
            23,
            &7i32.to_be_bytes(),
            "8",
            differs("row (8), recorded: (7)"),
        );
        check(701, &1e20_f64.to_be_bytes(), "1e+20", Verdict::Same);
        check(701, &f64::INFINITY.to_be_bytes(), "Infinity", Verdict::Same);
        check(1700, &[0, 1, 2], "1.5", Verdict::SameInPart);
        check(17, &[0, 1], "\\x0001", Verdict::Same);
        check(
            17,
            &[0, 1],
            "\\x0002",
            differs("row (\\x0002), recorded: (\\x0001)"),
        );
    }

    #[test]
    fn failures_are_held_against_failures() {
        let error = message(b'E', b"SERROR\0C23505\0Mdouble\0\0");
        let then = recorded(&[error]);
        let check = |code: &str, expect: Verdict| {
            let mut comparison = Comparison::new(&then);
            comparison.failed(code);
            assert_eq!(comparison.finish(), expect, "{code}");
        };
        check("23505", Verdict::Same);
        check("42P01", differs("failed with 42P01, recorded: 23505"));
        let mut succeeded = Comparison::new(&then);
        succeeded.complete(1);
        assert_eq!(succeeded.finish(), differs("it succeeded, recorded: 23505"));
        let mut failed = selected(&["x"]);
        failed.is_complete = true;
        let mut comparison = Comparison::new(&failed);
        comparison.failed("42P01");
        assert_eq!(comparison.finish(), differs("failed with 42P01"));
    }

    #[test]
    fn a_portal_that_stopped_is_the_same_as_far_as_it_went() {
        let then = recorded(&[head(false, 25), row(b"x"), message(b's', b"")]);
        assert_eq!(now(&then, &["x", "y"]), Verdict::SameInPart);
        let cut = Recorded {
            is_cut: true,
            ..recorded(&[head(false, 25), row(b"x")])
        };
        assert_eq!(now(&cut, &["x", "y"]), Verdict::SameInPart);
    }

    #[test]
    fn several_results_are_held_one_by_one() {
        let mut then = selected(&["x"]);
        then.response.extend(message(b'C', b"UPDATE 3\0"));
        let mut comparison = Comparison::new(&then);
        comparison.row(vec![Some("x".to_owned())]);
        comparison.complete(1);
        comparison.complete(2);
        assert_eq!(comparison.finish(), differs("2 rows, recorded: UPDATE 3"));
        let mut short = Comparison::new(&then);
        short.row(vec![Some("x".to_owned())]);
        short.complete(1);
        assert_eq!(short.finish(), differs("recorded besides: UPDATE 3"));
    }

    #[test]
    fn copied_data_is_held_byte_for_byte() {
        let then = recorded(&[
            message(b'd', b"1\tx\n"),
            message(b'd', b"2\ty\n"),
            message(b'C', b"COPY 2\0"),
        ]);
        let check = |bytes: &[u8], expect: Verdict| {
            let mut comparison = Comparison::new(&then);
            let recorded = comparison.recorded_copy();
            comparison.copied(&recorded, bytes, bytes.len() as u64);
            assert_eq!(comparison.finish(), expect);
        };
        check(b"1\tx\n2\ty\n", Verdict::Same);
        check(b"1\tx\n", differs("other data: 4 bytes, recorded: 8"));
    }
}
