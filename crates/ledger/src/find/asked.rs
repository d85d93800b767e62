//! A search as people and programs write it: names and values, the same on the command line and in a URL.
//!
//! Must never pass over a name that it does not know: a misspelt filter would narrow nothing, unseen.

use jiff::Timestamp;

use super::filter::{FACETS, Filter, NoOrder};
use super::query::{Query, QueryError};

/// Hits when no limit is asked for.
pub const LIMIT: usize = 100;
/// The most hits of one answer of the API.
pub const LIMIT_MAX: usize = 1_000;
/// Bytes of one value.
const VALUE_BYTES_MAX: usize = 1_024;
/// Values of one search.
const VALUES_MAX: usize = 64;

/// Names of what is no facet.
const OTHERS: [&str; 10] = [
    "text",
    "principal",
    "agent",
    "human",
    "since",
    "until",
    "min_rows",
    "min_duration",
    "before",
    "limit",
];

/// Why a search cannot be asked; told to whoever asked.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AskError {
    /// The words.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// There is no such filter.
    #[error("there is no filter `{0}`")]
    Unknown(String),
    /// A value that is not of its kind.
    #[error("`{name}` takes {expect}")]
    Value {
        /// Of which filter.
        name: String,
        /// What it takes.
        expect: &'static str,
    },
    /// Twice what can be said once.
    #[error("`{0}` is said twice")]
    Twice(String),
    /// Too much.
    #[error("at most {VALUES_MAX} filters of at most {VALUE_BYTES_MAX} bytes")]
    TooMuch,
    /// A place among the pages that nobody gave out.
    #[error("`before`: {0}")]
    Before(#[from] NoOrder),
}

/// All names of filters.
pub fn names() -> impl Iterator<Item = &'static str> {
    OTHERS.into_iter().chain(FACETS.map(|(name, _)| name))
}

/// The filter's own spelling of its name, `outcome` being an older one for `decision`.
pub fn known(name: &str) -> Option<&'static str> {
    let name = if name == "outcome" { "decision" } else { name };
    names().find(|known| *known == name)
}

/// Reads a search. Empty values say nothing; facets may be said more than once and must then all fit.
///
/// # Errors
/// [`AskError`].
pub fn filter<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Filter, AskError> {
    let mut filter = Filter {
        limit: LIMIT,
        ..Filter::default()
    };
    let mut said = Vec::new();
    for (typed, value) in pairs.filter(|(_, value)| !value.is_empty()) {
        let name = known(typed).ok_or_else(|| AskError::Unknown(typed.to_owned()))?;
        if value.len() > VALUE_BYTES_MAX || said.len() >= VALUES_MAX {
            return Err(AskError::TooMuch);
        }
        let facet = FACETS.iter().find(|(known, _)| *known == name);
        if facet.is_none() && said.contains(&name) {
            return Err(AskError::Twice(name.to_owned()));
        }
        said.push(name);
        match facet {
            Some((_, facet)) => filter.facets.push((*facet, value.to_owned())),
            None => set(&mut filter, name, value)?,
        }
    }
    Ok(filter)
}

fn set(filter: &mut Filter, name: &str, value: &str) -> Result<(), AskError> {
    let wrong = |expect| AskError::Value {
        name: name.to_owned(),
        expect,
    };
    let time = || time(value).ok_or_else(|| wrong("a time such as 2026-01-31T12:00:00Z"));
    let number = || value.parse::<u64>().map_err(|_| wrong("a number"));
    match name {
        "text" => filter.query = Query::parse(value)?,
        "principal" => filter.principal = value.to_owned(),
        "agent" => filter.agent = value.to_owned(),
        "human" => filter.human = value.to_owned(),
        "since" => filter.since = Some(time()?),
        "until" => filter.until = Some(time()?),
        "min_rows" => filter.rows_min = number()?,
        "min_duration" => {
            filter.duration_min =
                micros(value).ok_or_else(|| wrong("a time such as 250ms, 2s or 1m"))?;
        }
        "before" => filter.before = Some(value.parse()?),
        _ => {
            let limit = usize::try_from(number()?).unwrap_or(usize::MAX);
            filter.limit = limit.max(1);
        }
    }
    Ok(())
}

/// Microseconds since the Unix epoch; a time before it is the epoch.
fn time(text: &str) -> Option<u64> {
    let stamp: Timestamp = text.parse().ok()?;
    Some(u64::try_from(stamp.as_microsecond()).unwrap_or(0))
}

/// Microseconds of `250us`, `250ms`, `2s`, `1m`, `1h`.
fn micros(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (count, unit) = text.split_at(digits);
    let unit: u64 = match unit {
        "us" => 1,
        "ms" => 1_000,
        "s" => 1_000_000,
        "m" => 60_000_000,
        "h" => 3_600_000_000,
        _ => return None,
    };
    count.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::find::entry::Order;
    use crate::find::facet::Facet;

    #[test]
    fn searches_are_read() {
        let pairs = [
            ("text", "drop"),
            ("table", "orders"),
            ("table", "customers"),
            ("outcome", "deny"),
            ("min_duration", "250ms"),
            ("min_rows", "10"),
            ("since", "1970-01-01T00:00:01Z"),
            ("before", "7-3"),
            ("limit", "5"),
            ("verb", ""),
        ];
        let found = filter(pairs.into_iter()).unwrap();
        let table = |name: &str| (Facet::Table, name.to_owned());
        let expect = Filter {
            query: Query::parse("drop").unwrap(),
            facets: vec![
                table("orders"),
                table("customers"),
                (Facet::Outcome, "deny".to_owned()),
            ],
            since: Some(1_000_000),
            rows_min: 10,
            duration_min: 250_000,
            before: Some(Order {
                record: 7,
                sequence: 3,
            }),
            limit: 5,
            ..Filter::default()
        };
        assert_eq!(found, expect);
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let check = |name: &str, value: &str, expect: &str| {
            let told = filter([(name, value)].into_iter()).unwrap_err().to_string();
            assert!(told.contains(expect), "{name}={value}: {told}");
        };
        check("tabel", "orders", "`tabel`");
        check("since", "yesterday", "`since` takes a time");
        check("min_rows", "-1", "`min_rows` takes a number");
        check("min_duration", "5", "`min_duration` takes");
        check("min_duration", "99999999999999999h", "`min_duration`");
        check("before", "x", "`before`");
        check("text", "\"open", "phrase");
        check("table", &"x".repeat(VALUE_BYTES_MAX + 1), "at most");
        let twice = filter([("text", "a"), ("text", "b")].into_iter());
        assert_eq!(twice, Err(AskError::Twice("text".to_owned())));
    }
}
