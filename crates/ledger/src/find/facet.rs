//! Facets: what is known of an action besides its words, each as one term that no word can be.
//!
//! Must never make a term that a text could spell: a term begins with `_`, and no word does.

use aws_lc_rs::digest::{SHA256, digest};

/// Bytes of a value's hash in its term: enough that no value is found with the hash of another one.
const HASH_BYTES: usize = 10;
/// Digits of five bits. Shorter terms are cheaper: each action has a score of them.
const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// What a facet says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Facet {
    /// Every action has it.
    Any,
    /// Who acted: key and name.
    Principal,
    /// human, agent or workload.
    Kind,
    /// On which human's account: the human who acted, or for whom was acted.
    Human,
    /// The resource.
    Resource,
    /// The database.
    Database,
    /// A relation touched, by name or `schema.name`.
    Table,
    /// A column touched or masked, by name or `table.column`.
    Column,
    /// A column that came back masked, likewise.
    Masked,
    /// What was done.
    Verb,
    /// allow, hold or deny; a held action that went on has both.
    Outcome,
    /// A label of a column touched.
    Label,
    /// The client's application name.
    Client,
    /// The client's address.
    Address,
    /// The stable error code or SQLSTATE of a failure.
    Error,
    /// What a detector found and hid.
    Detector,
    /// A policy that decided.
    Policy,
}

impl Facet {
    /// The term of one value.
    pub fn term(self, value: &str) -> String {
        let (letter, value) = match self {
            Self::Any => return "_a".to_owned(),
            Self::Principal => ('p', value.to_owned()),
            Self::Human => ('h', value.to_owned()),
            Self::Kind => ('k', value.to_lowercase()),
            Self::Resource => ('r', value.to_lowercase()),
            Self::Database => ('d', value.to_lowercase()),
            Self::Table => ('t', value.to_lowercase()),
            Self::Column => ('c', value.to_lowercase()),
            Self::Masked => ('m', value.to_lowercase()),
            Self::Verb => ('v', value.to_lowercase()),
            Self::Outcome => ('o', value.to_lowercase()),
            Self::Label => ('l', value.to_lowercase()),
            Self::Client => ('q', value.to_lowercase()),
            Self::Address => ('i', value.to_lowercase()),
            Self::Error => ('e', value.to_lowercase()),
            Self::Detector => ('x', value.to_lowercase()),
            Self::Policy => ('u', value.to_lowercase()),
        };
        let hash = digest(&SHA256, value.as_bytes());
        let hash = hash.as_ref().get(..HASH_BYTES).unwrap_or_default();
        let mut term = String::with_capacity(2 + HASH_BYTES.div_ceil(5) * 8);
        term.extend(['_', letter]);
        for five in hash.chunks(5) {
            let bits = five
                .iter()
                .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            let digit = |at: u32| usize::try_from((bits >> (at * 5)) & 31).ok();
            let digits = (0..8).rev().filter_map(digit);
            term.extend(
                digits
                    .filter_map(|at| DIGITS.get(at).copied())
                    .map(char::from),
            );
        }
        term
    }
}

/// A number as terms, so that "at least so many" is a union of few of them instead of a look at every action: one for
/// its power of two, one for its sixteenth of it. Numbers below sixteen are exact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Measure {
    /// Rows delivered or changed.
    Rows,
    /// Microseconds.
    Duration,
}

/// Powers of two from here on share one term: nothing lasts or returns so much.
const POWER_MAX: u32 = 47;

impl Measure {
    /// The terms of a value.
    pub fn terms(self, value: u64) -> [String; 2] {
        let (power, part) = place(value);
        [self.whole(power), self.part(power, part)]
    }

    /// Terms of which every value that is at least `least` has one. Smaller ones may have one too: the number itself
    /// decides.
    pub fn at_least(self, least: u64) -> Vec<String> {
        let (power, part) = place(least);
        let parts = (part..16).map(|part| self.part(power, part));
        let wholes = (power + 1..=POWER_MAX).map(|power| self.whole(power));
        parts.chain(wholes).collect()
    }

    fn whole(self, power: u32) -> String {
        format!("_{}{power:02}", self.letter())
    }

    fn part(self, power: u32, part: u64) -> String {
        format!("_{}{power:02}{part:x}", self.letter())
    }

    fn letter(self) -> char {
        match self {
            Self::Rows => 'n',
            Self::Duration => 's',
        }
    }
}

/// The power of two and the sixteenth of it in which a value lies; below sixteen the value itself.
fn place(value: u64) -> (u32, u64) {
    match value.checked_ilog2() {
        None | Some(0..=3) => (3, value),
        Some(power) if power >= POWER_MAX => (POWER_MAX, 0),
        Some(power) => (power, (value >> (power - 4)) & 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_of_a_kind_and_never_words() {
        let (table, column) = (Facet::Table.term("orders"), Facet::Column.term("orders"));
        assert_ne!(table, column);
        assert_eq!(table, Facet::Table.term("Orders"));
        assert_ne!(
            Facet::Principal.term("i|Ada"),
            Facet::Principal.term("i|ada")
        );
        for term in [table, column, Facet::Any.term("")] {
            assert!(term.starts_with('_'), "{term}");
            let is_plain = |c: char| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit();
            assert!(term.chars().all(is_plain), "{term}");
        }
    }

    #[test]
    fn at_least_covers_all_that_is_greater_and_little_else() {
        let values = [
            0_u64,
            1,
            2,
            14,
            15,
            16,
            17,
            31,
            32,
            33,
            99,
            100,
            1_000,
            1_001,
            1_023,
            1_024,
            65_536,
            1_000_000,
            1 << 46,
            1 << 47,
            1 << 60,
        ];
        let edges = values.iter().flat_map(|v| [v.saturating_sub(1), *v, v + 1]);
        for least in edges.clone() {
            let wanted = Measure::Rows.at_least(least);
            assert!(wanted.len() <= 64, "{least}");
            for value in edges.clone() {
                let has = Measure::Rows
                    .terms(value)
                    .iter()
                    .any(|t| wanted.contains(t));
                assert!(has || value < least, "{value} is at least {least}");
                let is_far = value < least - least / 16;
                assert!(
                    !has || !is_far || least > 1 << 46,
                    "{value} is far below {least}"
                );
            }
        }
    }
}
