//! From a column's name, comment, type and sampled values to a label that somebody may want to give it.
//!
//! Proposes only; a person decides. Evidence is counts and words: no sampled value leaves here.

use model::MaskKind;

use crate::catalog::PredicateUse;
use crate::detect::{self, Class};
use crate::names;

/// Proposals less sure than this, in percent, are not made.
const CONFIDENCE_MIN: u8 = 40;
/// So many values are needed before their silence weighs against a name.
const SILENT_MIN: usize = 20;
/// What a column of valid values is worth beyond its validator's own chance of error, in percent.
const VALUES_WEIGHT: f64 = 97.0;

/// What a column seems to hold.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Subject {
    /// Values of one recognisable class.
    Value(Class),
    /// Text in which such values occur.
    TextWith(Class),
    /// Dates of birth.
    BirthDate,
    /// People's names.
    PersonName,
    /// Where people live.
    PostalAddress,
    /// Addresses of people's devices.
    NetworkAddress,
    /// Numbers that states and banks give to people.
    NationalId,
    /// What people earn.
    Pay,
    /// Passwords, their hashes, tokens, keys.
    Secret,
    /// Gender, health, belief: what the law protects specially.
    Trait,
}

/// One column as the target and a sample of it describe it.
#[derive(Clone, Copy, Debug)]
pub struct Sampled<'a> {
    /// Its table.
    pub table: &'a str,
    /// Its name.
    pub column: &'a str,
    /// Its type, as `format_type` spells it.
    pub type_name: &'a str,
    /// Its comment.
    pub comment: Option<&'a str>,
    /// Values that are not NULL, as text; none when it was not sampled.
    pub values: &'a [String],
}

/// A label to consider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proposal {
    /// What the column seems to hold.
    pub subject: Subject,
    /// How sure, in percent.
    pub confidence: u8,
    /// Why, in words and counts.
    pub evidence: Vec<String>,
    /// The label.
    pub label: &'static str,
    /// How it would be masked.
    pub mask: MaskKind,
    /// How it could be used.
    pub usage: PredicateUse,
}

/// What a type can hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Family {
    Text,
    Document,
    Number,
    Moment,
    Network,
    Bytes,
    Other,
}

/// What to label this column, if anything speaks for it.
pub fn propose(sampled: &Sampled<'_>) -> Option<Proposal> {
    let family = Family::of(sampled.type_name);
    let values = Values::of(sampled.values);
    let named = names::suggests(sampled.table, sampled.column);
    let told = sampled.comment.and_then(names::comment_suggests);
    let mut candidates: Vec<Subject> = Vec::new();
    candidates.extend(named.map(|(subject, _)| subject));
    candidates.extend(told.map(|(subject, _)| subject));
    candidates.extend(values.suggest());
    let judge = |subject| weigh(subject, family, named, told, &values);
    candidates
        .into_iter()
        .filter(|subject| family.can_hold(*subject))
        .filter_map(judge)
        .max_by_key(|proposal| proposal.confidence)
}

fn weigh(
    subject: Subject,
    family: Family,
    named: Option<(Subject, u8)>,
    told: Option<(Subject, u8)>,
    values: &Values,
) -> Option<Proposal> {
    let mut doubt = 1.0;
    let mut evidence = Vec::new();
    let weight_of = |by: Option<(Subject, u8)>| by.filter(|(s, _)| *s == subject).map(|(_, w)| w);
    let (fitting, weight) = values.evidence(subject);
    // Values that could be checked and do not fit halve what the name says.
    let is_silent = fitting == Some(0) && values.count >= SILENT_MIN;
    let share = if is_silent { 0.5 } else { 1.0 };
    if let Some(weight) = weight_of(named) {
        doubt *= 1.0 - share * f64::from(weight) / 100.0;
        evidence.push(format!("named like {}", subject.words()));
    }
    if let Some(weight) = weight_of(told) {
        doubt *= 1.0 - share * f64::from(weight) / 100.0;
        evidence.push("its comment says so".to_owned());
    }
    if let Some(fitting) = fitting {
        doubt *= 1.0 - weight / 100.0;
        evidence.push(format!("{fitting} of {} sampled values fit", values.count));
    }
    let confidence = percent(1.0 - doubt);
    let (label, mask, usage) = subject.treatment(family);
    (confidence >= CONFIDENCE_MIN).then_some(Proposal {
        subject,
        confidence,
        evidence,
        label,
        mask,
        usage,
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..=99, and NaN casts to 0"
)]
fn percent(share: f64) -> u8 {
    (share * 100.0).round().clamp(0.0, 99.0) as u8
}

/// What a sample shows.
struct Values {
    count: usize,
    /// By class: how many values are one such and nothing else, and how many contain one.
    classes: Vec<(Class, usize, usize)>,
    names: usize,
    dates: usize,
}

impl Values {
    fn of(values: &[String]) -> Self {
        let mut classes: Vec<_> = Class::ALL.map(|class| (class, 0, 0)).to_vec();
        let (mut names, mut dates) = (0, 0);
        for value in values {
            let whole = detect::whole(value);
            let found = detect::find(value);
            for (class, wholes, contained) in &mut classes {
                *wholes += usize::from(whole == Some(*class));
                *contained += usize::from(found.iter().any(|f| f.class == *class));
            }
            names += usize::from(is_like_a_name(value));
            dates += usize::from(is_like_a_date(value));
        }
        Self {
            count: values.len(),
            classes,
            names,
            dates,
        }
    }

    fn suggest(&self) -> Vec<Subject> {
        let found = self.classes.iter().filter(|(.., contained)| *contained > 0);
        let subject = |(class, wholes, _): &(Class, usize, usize)| {
            if *wholes * 2 >= self.count {
                Subject::Value(*class)
            } else {
                Subject::TextWith(*class)
            }
        };
        found.map(subject).collect()
    }

    /// How many values fit, where that can be told, and what that is worth in percent.
    fn evidence(&self, subject: Subject) -> (Option<usize>, f64) {
        if self.count == 0 {
            return (None, 0.0);
        }
        let of = |class| self.classes.iter().find(|(c, ..)| *c == class);
        let share = |fitting: usize| fitting as f64 / self.count as f64;
        match subject {
            Subject::Value(class) => {
                let fitting = of(class).map_or(0, |(_, wholes, _)| *wholes);
                (Some(fitting), share(fitting) * VALUES_WEIGHT)
            }
            Subject::TextWith(class) => {
                let fitting = of(class).map_or(0, |(.., contained)| *contained);
                // One hit among many may be chance; a few are not.
                let is_chance = fitting < 2 && self.count >= SILENT_MIN;
                let weight = if is_chance {
                    0.0
                } else {
                    50.0 + share(fitting) * 45.0
                };
                (Some(fitting), weight)
            }
            Subject::PersonName => (Some(self.names), share(self.names) * 30.0),
            Subject::BirthDate => (Some(self.dates), share(self.dates) * 20.0),
            Subject::PostalAddress
            | Subject::NetworkAddress
            | Subject::NationalId
            | Subject::Pay
            | Subject::Secret
            | Subject::Trait => (None, 0.0),
        }
    }
}

/// One to four words that begin with a capital and hold no digit.
fn is_like_a_name(value: &str) -> bool {
    let words: Vec<&str> = value.split_whitespace().collect();
    let is_word = |word: &&str| {
        let is_letter = |c: char| c.is_alphabetic() || "'’-.".contains(c);
        word.chars().next().is_some_and(char::is_uppercase) && word.chars().all(is_letter)
    };
    (1..=4).contains(&words.len()) && words.iter().all(is_word)
}

/// `1984-05-06` with a year that somebody alive may be born in.
fn is_like_a_date(value: &str) -> bool {
    let year = value.get(..4).and_then(|year| year.parse::<u16>().ok());
    let is_joined =
        value.as_bytes().get(4) == Some(&b'-') && value.as_bytes().get(7) == Some(&b'-');
    is_joined && year.is_some_and(|year| (1900..2100).contains(&year))
}

impl Subject {
    /// What it is called on screens.
    pub fn words(self) -> &'static str {
        match self {
            Self::Value(class) | Self::TextWith(class) => class.as_str(),
            Self::BirthDate => "date of birth",
            Self::PersonName => "person's name",
            Self::PostalAddress => "postal address",
            Self::NetworkAddress => "network address",
            Self::NationalId => "identity or account number",
            Self::Pay => "pay",
            Self::Secret => "secret",
            Self::Trait => "specially protected trait",
        }
    }

    /// Label, mask and use.
    fn treatment(self, family: Family) -> (&'static str, MaskKind, PredicateUse) {
        use PredicateUse::{Comparable, Opaque};
        let last = |last| MaskKind::Partial { first: 0, last };
        match self {
            Self::Value(Class::Card) => ("pci", last(4), Opaque),
            Self::TextWith(Class::Card) => ("pci", MaskKind::Redact, Opaque),
            Self::Value(Class::Iban) => ("financial", last(4), Comparable),
            Self::TextWith(Class::Iban) => ("financial", MaskKind::Redact, Opaque),
            Self::Value(Class::Ssn) => ("pii", last(4), Comparable),
            Self::Value(Class::Email) => ("pii", MaskKind::Email, Comparable),
            Self::Value(Class::Phone) => ("pii", last(2), Comparable),
            Self::TextWith(Class::Ssn | Class::Email | Class::Phone) => {
                ("pii", MaskKind::Redact, Opaque)
            }
            Self::Value(Class::Jwt | Class::PrivateKey | Class::ApiKey)
            | Self::TextWith(Class::Jwt | Class::PrivateKey | Class::ApiKey)
            | Self::Secret => ("secret", MaskKind::Null, Opaque),
            Self::BirthDate if family == Family::Moment => {
                ("pii", MaskKind::Bucket { width: 3650 }, Comparable)
            }
            Self::PersonName => {
                let first = MaskKind::Partial { first: 1, last: 0 };
                ("pii", first, Comparable)
            }
            Self::BirthDate | Self::PostalAddress | Self::NetworkAddress => {
                ("pii", MaskKind::Redact, Comparable)
            }
            Self::NationalId => ("pii", last(2), Comparable),
            Self::Pay => ("confidential", MaskKind::Null, Opaque),
            Self::Trait => ("sensitive", MaskKind::Redact, Opaque),
        }
    }
}

impl Family {
    fn of(type_name: &str) -> Self {
        let base = type_name.split('(').next().unwrap_or_default().trim();
        match base {
            _ if type_name.ends_with("[]") => Self::Other,
            "text" | "character varying" | "character" | "citext" | "name" | "bpchar" => Self::Text,
            "json" | "jsonb" | "xml" | "hstore" => Self::Document,
            "integer" | "bigint" | "smallint" | "numeric" | "money" | "real"
            | "double precision" => Self::Number,
            "date" | "timestamp without time zone" | "timestamp with time zone" | "timestamp" => {
                Self::Moment
            }
            "inet" | "cidr" | "macaddr" | "macaddr8" => Self::Network,
            "bytea" => Self::Bytes,
            _ => Self::Other,
        }
    }

    fn can_hold(self, subject: Subject) -> bool {
        match subject {
            Subject::TextWith(_) => matches!(self, Self::Text | Self::Document),
            Subject::Value(Class::Card | Class::Phone | Class::Ssn) | Subject::NationalId => {
                matches!(self, Self::Text | Self::Number)
            }
            Subject::Value(_) | Subject::PersonName | Subject::PostalAddress | Subject::Trait => {
                self == Self::Text
            }
            Subject::BirthDate => matches!(self, Self::Text | Self::Moment),
            Subject::NetworkAddress => matches!(self, Self::Text | Self::Network),
            Subject::Pay => matches!(self, Self::Text | Self::Number),
            Subject::Secret => matches!(self, Self::Text | Self::Bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn of(table: &str, column: &str, type_name: &str, values: &[&str]) -> Option<Proposal> {
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        propose(&Sampled {
            table,
            column,
            type_name,
            comment: None,
            values: &values,
        })
    }

    #[test]
    fn names_types_and_values_speak_together() {
        let check =
            |column: &str, type_name: &str, values: &[&str], expect: Option<(Subject, u8)>| {
                let found = of("customers", column, type_name, values);
                let found = found.map(|p| (p.subject, p.confidence));
                assert_eq!(found, expect, "{column} {type_name} {values:?}");
            };
        let email = Subject::Value(Class::Email);
        check("email", "text", &[], Some((email, 75)));
        check("email", "text", &["ada@example.org"], Some((email, 99)));
        check(
            "contact",
            "character varying(80)",
            &["ada@example.org"; 3],
            Some((email, 97)),
        );
        check("email_verified", "boolean", &["t"], None);
        check("email_sent_at", "timestamp with time zone", &[], None);
        check("email", "text", &["yes"; 20], None);
        check(
            "birth_date",
            "date",
            &["1984-05-06"],
            Some((Subject::BirthDate, 88)),
        );
        check(
            "salary",
            "numeric(10,2)",
            &["55000"],
            Some((Subject::Pay, 80)),
        );
        check("id", "integer", &["1", "2"], None);
        check(
            "card_id",
            "integer",
            &["1", "2"],
            Some((Subject::Value(Class::Card), 40)),
        );
        check(
            "number",
            "bigint",
            &["4111111111111111"; 5],
            Some((Subject::Value(Class::Card), 97)),
        );
    }

    #[test]
    fn free_text_is_judged_by_what_occurs_in_it() {
        let mut values = vec!["called, no answer"; 38];
        values.extend(["ssn is 219-09-9999"; 2]);
        let found = of("tickets", "notes", "text", &values).unwrap();
        assert_eq!(found.subject, Subject::TextWith(Class::Ssn));
        assert_eq!((found.label, found.mask), ("pii", MaskKind::Redact));
        assert_eq!(found.evidence, ["2 of 40 sampled values fit"]);
        values.pop();
        assert_eq!(of("tickets", "notes", "text", &values), None);
    }

    #[test]
    fn a_comment_speaks_too_and_no_value_is_told() {
        let values = ["ada@example.org".to_owned()];
        let sampled = Sampled {
            table: "t",
            column: "c7",
            type_name: "text",
            comment: Some("the customer's e-mail address"),
            values: &values,
        };
        let found = propose(&sampled).unwrap();
        assert_eq!(
            found.evidence,
            ["its comment says so", "1 of 1 sampled values fit"]
        );
        assert!(!format!("{found:?}").contains("ada@"));
    }
}
