//! Who must approve: the texts that `@approval` may carry.
//!
//! Knows nothing of requests, answers or time.

use std::fmt;
use std::str::FromStr;

/// Who must approve, from `@approval("…")`: `dba`, `2 of dba`, `owner`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ApprovalRule {
    /// `count` distinct members of `group`, none of them the requester.
    Group {
        /// The group's name.
        group: String,
        /// How many people.
        count: u8,
    },
    /// The human for whom the agent acts.
    Owner,
}

/// Why the text of an `@approval` is none.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "`@approval(\"{text}\")` is neither a group, nor `N of group` with N from 1 to 255, nor `owner`"
)]
pub struct ApprovalRuleError {
    /// The text.
    pub text: String,
}

impl FromStr for ApprovalRule {
    type Err = ApprovalRuleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || ApprovalRuleError {
            text: text.to_owned(),
        };
        if text == "owner" {
            return Ok(Self::Owner);
        }
        let (count, group) = match text.split_once(" of ") {
            Some((count, group)) => (count.parse::<u8>().map_err(|_| refuse())?, group),
            None => (1, text),
        };
        let blank = group.is_empty() || group.contains(|c: char| c.is_whitespace());
        if count == 0 || blank || group == "owner" {
            return Err(refuse());
        }
        Ok(Self::Group {
            group: group.to_owned(),
            count,
        })
    }
}

impl fmt::Display for ApprovalRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owner => f.write_str("owner"),
            Self::Group { group, count: 1 } => f.write_str(group),
            Self::Group { group, count } => write!(f, "{count} of {group}"),
        }
    }
}

/// Brings rules that must all be met into their shortest form: sorted, without doubles, and of two that
/// ask the same group only the larger count.
pub(crate) fn merge(mut rules: Vec<ApprovalRule>) -> Vec<ApprovalRule> {
    rules.sort();
    rules.dedup();
    let mut merged: Vec<ApprovalRule> = Vec::with_capacity(rules.len());
    for rule in rules {
        let same_group = match (merged.last(), &rule) {
            (
                Some(ApprovalRule::Group { group: last, .. }),
                ApprovalRule::Group { group: next, .. },
            ) => last == next,
            _ => false,
        };
        if same_group {
            // Sorted by group, then by count: the later one asks for more.
            merged.pop();
        }
        merged.push(rule);
    }
    merged
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn texts() {
        let check = |text: &str, expect: Option<&str>| {
            let parsed = text.parse::<ApprovalRule>().ok();
            assert_eq!(parsed.map(|r| r.to_string()).as_deref(), expect, "{text:?}");
        };
        check("dba", Some("dba"));
        check("1 of dba", Some("dba"));
        check("2 of dba", Some("2 of dba"));
        check("255 of a/b:c", Some("255 of a/b:c"));
        check("owner", Some("owner"));
        check("", None);
        check(" dba", None);
        check("0 of dba", None);
        check("256 of dba", None);
        check("-1 of dba", None);
        check("two of dba", None);
        check("2 of owner", None);
        check("2 of ", None);
        check("2 of dba or sre", None);
        check("dba, sre", None);
    }

    #[test]
    fn merging_keeps_the_larger_count() {
        let rules = ["2 of dba", "owner", "dba", "sre", "dba", "owner"];
        let merged = merge(rules.iter().map(|r| r.parse().unwrap()).collect());
        let texts: Vec<_> = merged.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["2 of dba", "sre", "owner"]);
    }
}
