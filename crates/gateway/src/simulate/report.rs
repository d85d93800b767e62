//! What a simulation found: groups of what changes, each with an example, and what could not be told.
//!
//! Must never print what was recorded as it is: what others typed is made visible first, and cut.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use contract::visible;
use policy::PolicySet;
use policy::simulate::{Approvers, Untold, Would};
use serde_json::{Value, json};

use super::line::{Line, Where};

/// Groups that are kept; what belongs to others is only counted.
const GROUPS_MAX: usize = 1_000;
/// Effects of a group that are kept.
const EFFECTS_MAX: usize = 20;
/// Bytes of one effect that are kept.
const EFFECT_BYTES_MAX: usize = 1_024;
/// Columns of a group that are kept.
const COLUMNS_MAX: usize = 100;
/// Bytes of an example's text that are kept.
const TEXT_BYTES_MAX: usize = 400;
/// Different words for gaps and for what cannot be told that are kept.
const WORDS_MAX: usize = 100;

/// One of the recorded statements of a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Example {
    session: String,
    statement: u64,
    time: String,
    text: String,
}

impl Example {
    pub(super) fn new(line: &Line, at: &Where) -> Self {
        let text = match line.kind.as_str() {
            "session.opened" => "",
            _ => &at.text,
        };
        Self {
            session: at.session.clone(),
            statement: at.statement,
            time: at.time.clone(),
            text: cut(text, TEXT_BYTES_MAX),
        }
    }

    fn json(&self) -> Value {
        json!({
            "session": self.session,
            "statement": self.statement,
            "time": self.time,
            "text": self.text,
        })
    }

    fn text(&self) -> String {
        let place = match self.statement {
            0 => self.session.clone(),
            number => format!("{} statement {number}", self.session),
        };
        let line = match self.text.as_str() {
            "" => format!("{place}, {}", self.time),
            text => format!("{place}, {}: {text}", self.time),
        };
        visible::single_line(&line)
    }
}

/// What makes changes one group.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Group {
    was: &'static str,
    would: &'static str,
    principal: String,
    name: String,
    acts_for: Option<String>,
    resource: String,
    effects: Vec<String>,
    more_effects: usize,
    rules: Vec<String>,
    approvals: Vec<String>,
    shown: Vec<String>,
    hidden: Vec<String>,
}

/// How often, and one of them.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Found {
    count: u64,
    example: Example,
}

/// What a simulation found.
#[derive(Debug, Default)]
pub(super) struct Report {
    draft: String,
    running: String,
    policies: usize,
    sessions: u64,
    statements: u64,
    prepared: u64,
    same: u64,
    changes: BTreeMap<Group, Found>,
    ungrouped: u64,
    /// Changes of each outcome into each, grouped or not.
    totals: BTreeMap<(&'static str, &'static str), u64>,
    unknown_approvers: u64,
    is_other_catalog: bool,
    untold: BTreeMap<String, Found>,
    unreadable: u64,
    gaps: BTreeMap<String, u64>,
}

impl Report {
    pub(super) fn new(draft: &PolicySet, running: &PolicySet) -> Self {
        Self {
            draft: draft.hash().to_string(),
            running: running.hash().to_string(),
            policies: draft.policies().count(),
            ..Self::default()
        }
    }

    pub(super) fn count_session(&mut self) {
        self.sessions += 1;
    }

    pub(super) fn count_statement(&mut self) {
        self.statements += 1;
    }

    pub(super) fn prepared(&mut self) {
        self.prepared += 1;
    }

    pub(super) fn same(&mut self) {
        self.same += 1;
    }

    pub(super) fn unreadable(&mut self) {
        self.unreadable += 1;
    }

    /// Notes that labels may not be all that the draft's data catalog changes.
    pub(super) fn compare_catalogs(&mut self, is_same: bool) {
        self.is_other_catalog = !is_same;
    }

    /// Counts what is held as it was where nobody knows by whom it had to be approved.
    pub(super) fn compare_approvers(&mut self, would: &Would) {
        self.unknown_approvers += u64::from(would.approvers == Approvers::Unknown);
    }

    pub(super) fn gap(&mut self, reason: &str) {
        let is_kept = self.gaps.len() < WORDS_MAX || self.gaps.contains_key(reason);
        let reason = if is_kept { reason } else { "other" };
        *self.gaps.entry(reason.to_owned()).or_default() += 1;
    }

    pub(super) fn change(&mut self, line: &Line, would: &Would, example: Example) {
        let outcomes = (would.was.as_str(), would.outcome.as_str());
        *self.totals.entry(outcomes).or_default() += 1;
        let connect = ["connect database".to_owned()];
        let effects = match line.kind.as_str() {
            "session.opened" => &connect[..],
            _ => &line.effects,
        };
        let kept = effects.len().min(EFFECTS_MAX);
        let group = Group {
            was: would.was.as_str(),
            would: would.outcome.as_str(),
            principal: line.principal.clone(),
            name: line.name.clone(),
            acts_for: line.acts_for.clone(),
            resource: line.resource.clone(),
            effects: effects
                .iter()
                .take(kept)
                .map(|effect| cut(effect, EFFECT_BYTES_MAX))
                .collect(),
            more_effects: effects.len() - kept,
            rules: would.rules.clone(),
            approvals: would.approvals.iter().map(ToString::to_string).collect(),
            shown: would.shown.iter().take(COLUMNS_MAX).cloned().collect(),
            hidden: would.hidden.iter().take(COLUMNS_MAX).cloned().collect(),
        };
        if let Some(found) = self.changes.get_mut(&group) {
            found.count += 1;
        } else if self.changes.len() < GROUPS_MAX {
            self.changes.insert(group, Found { count: 1, example });
        } else {
            self.ungrouped += 1;
        }
    }

    pub(super) fn not_told(&mut self, untold: &Untold, example: Example) {
        let mut why = untold.to_string();
        if self.untold.len() >= WORDS_MAX && !self.untold.contains_key(&why) {
            why = "of other reasons".to_owned();
        }
        let found = self.untold.entry(why);
        found
            .and_modify(|found| found.count += 1)
            .or_insert(Found { count: 1, example });
    }

    /// How many statements and sessions would not be as they were.
    pub(super) fn changed(&self) -> u64 {
        self.changes.values().map(|found| found.count).sum::<u64>() + self.ungrouped
    }

    /// Of how many statements, sessions, unreadable events and gaps it cannot be told.
    pub(super) fn untold(&self) -> u64 {
        let statements: u64 = self.untold.values().map(|found| found.count).sum();
        statements + self.unreadable + self.gaps.values().sum::<u64>()
    }

    /// The groups, those with the most statements first.
    fn ordered(&self) -> Vec<(&Group, &Found)> {
        let mut groups: Vec<_> = self.changes.iter().collect();
        groups.sort_by_key(|(_, found)| std::cmp::Reverse(found.count));
        groups
    }

    fn totals(&self) -> impl Iterator<Item = Value> {
        let totals = self.totals.iter();
        totals.map(|((was, would), count)| json!({ "was": was, "would": would, "count": count }))
    }

    /// What is not of single statements: how much there is of each change, and what was not compared.
    fn push_sums(&self, text: &mut String) {
        // Writing to a String cannot fail.
        for ((was, would), count) in &self.totals {
            let _ = writeln!(text, "{count} in all {was} -> {would}");
        }
        if self.unknown_approvers > 0 {
            let count = self.unknown_approvers;
            let _ = writeln!(
                text,
                "{count} held as they were: approvers cannot be compared"
            );
        }
        if self.is_other_catalog {
            let what =
                "what else than labels the draft's data catalog changes (detection, `use`, `mask`)";
            let _ = writeln!(text, "not told: {what}");
        }
    }

    pub(super) fn json(&self) -> Value {
        let changes = self.ordered().into_iter().map(|(group, found)| {
            json!({
                "was": group.was,
                "would": group.would,
                "principal": group.principal,
                "name": group.name,
                "acts_for": group.acts_for,
                "resource": group.resource,
                "effects": group.effects,
                "more_effects": group.more_effects,
                "rules": group.rules,
                "approvals": group.approvals,
                "shown": group.shown,
                "hidden": group.hidden,
                "count": found.count,
                "example": found.example.json(),
            })
        });
        let untold = self.untold.iter().map(|(why, found)| {
            json!({ "why": why, "count": found.count, "example": found.example.json() })
        });
        json!({
            "draft": { "set": self.draft, "policies": self.policies },
            "running": { "set": self.running },
            "of_now": ["labels", "tags"],
            "sessions": self.sessions,
            "statements": self.statements,
            "prepared": self.prepared,
            "same": self.same,
            "changed": self.changed(),
            "totals": self.totals().collect::<Vec<_>>(),
            "changes": changes.collect::<Vec<_>>(),
            "ungrouped": self.ungrouped,
            "approvers_not_compared": self.unknown_approvers,
            "other_catalog": self.is_other_catalog,
            "untold": untold.collect::<Vec<_>>(),
            "unreadable": self.unreadable,
            "gaps": self.gaps,
        })
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for (group, found) in self.ordered() {
            push(&mut text, group, found);
        }
        if self.ungrouped > 0 {
            let _ = writeln!(text, "{} more changes, of other groups\n", self.ungrouped);
        }
        for (why, found) in &self.untold {
            let why = visible::single_line(why);
            let _ = writeln!(text, "{} not told: {why}", found.count);
            let _ = writeln!(text, "    such as  {}\n", found.example.text());
        }
        if self.unreadable > 0 {
            let _ = writeln!(text, "{} events not told: unreadable\n", self.unreadable);
        }
        for (reason, count) in &self.gaps {
            let reason = visible::single_line(reason);
            let _ = writeln!(text, "{count} gaps in the recordings: {reason}\n");
        }
        self.push_sums(&mut text);
        let _ = writeln!(
            text,
            "{} statements in {} sessions: {} as they were, {} changed, {} not told",
            self.statements,
            self.sessions,
            self.same,
            self.changed(),
            self.untold()
        );
        let _ = writeln!(
            text,
            "draft {}, {} policies; labels and tags of resources are those of now, all else is as recorded",
            self.draft, self.policies
        );
        text
    }
}

/// The text, or its beginning.
fn cut(text: &str, bytes_max: usize) -> String {
    let end = text.floor_char_boundary(bytes_max);
    match text.get(..end) {
        Some(beginning) if end < text.len() => format!("{beginning}…"),
        Some(_) | None => text.to_owned(),
    }
}

fn push(text: &mut String, group: &Group, found: &Found) {
    let behalf = group.acts_for.as_ref();
    let behalf = behalf.map(|human| format!(" for {human}"));
    let head = format!(
        "{} {} -> {}: {}{} on {}",
        found.count,
        group.was,
        group.would,
        group.name,
        behalf.unwrap_or_default(),
        group.resource
    );
    let _ = writeln!(text, "{}", visible::single_line(&head));
    let mut effects = group.effects.join(", ");
    if group.more_effects > 0 {
        let _ = write!(effects, ", and {} more", group.more_effects);
    }
    let details = [
        ("effects", effects),
        ("by", group.rules.join(", ")),
        ("needs", group.approvals.join(", ")),
        ("shows", group.shown.join(", ")),
        ("hides", group.hidden.join(", ")),
        ("such as", found.example.text()),
    ];
    for (word, what) in details.iter().filter(|(_, what)| !what.is_empty()) {
        let _ = writeln!(text, "    {word:<8} {}", visible::single_line(what));
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use model::Outcome;

    use super::*;

    fn would(outcome: Outcome) -> Would {
        Would {
            was: Outcome::Allow,
            outcome,
            rules: vec!["never".to_owned()],
            approvals: Vec::new(),
            approvers: Approvers::Same,
            shown: Vec::new(),
            hidden: Vec::new(),
        }
    }

    fn line(name: &str) -> Line {
        Line {
            kind: "statement.decided".to_owned(),
            name: name.to_owned(),
            effects: vec!["delete public.orders".to_owned()],
            ..Line::default()
        }
    }

    fn at(text: &str) -> Where {
        Where {
            session: "s".to_owned(),
            statement: 1,
            time: "2026-11-22T02:00:00Z".to_owned(),
            text: text.to_owned(),
            ..Where::default()
        }
    }

    #[test]
    fn equal_changes_are_one_group_with_the_first_as_its_example() {
        let mut report = Report::default();
        for text in ["DELETE 1", "DELETE 2"] {
            let line = line("ann");
            report.change(&line, &would(Outcome::Deny), Example::new(&line, &at(text)));
        }
        let line = line("bob");
        report.change(&line, &would(Outcome::Hold), Example::new(&line, &at("x")));
        let told = report.json();
        assert_eq!((report.changed(), told["changed"].as_u64()), (3, Some(3)));
        assert_eq!(told["changes"].as_array().unwrap().len(), 2);
        assert_eq!(told["changes"][0]["count"], 2);
        assert_eq!(told["changes"][0]["example"]["text"], "DELETE 1");
    }

    #[test]
    fn groups_beyond_the_bound_are_counted() {
        let mut report = Report::default();
        for number in 0..GROUPS_MAX + 5 {
            let line = line(&number.to_string());
            report.change(&line, &would(Outcome::Deny), Example::new(&line, &at("x")));
        }
        assert_eq!(report.changes.len(), GROUPS_MAX);
        assert_eq!(report.changed(), GROUPS_MAX as u64 + 5);
        assert!(report.text().contains("5 more changes"));
        let mut opened = would(Outcome::Allow);
        opened.was = Outcome::Deny;
        let late = line("late");
        report.change(&late, &opened, Example::new(&late, &at("x")));
        assert!(report.text().contains("1 in all deny -> allow"));
        let opened = json!({ "was": "deny", "would": "allow", "count": 1 });
        assert_eq!(report.json()["totals"][1], opened);
        for number in 0..WORDS_MAX + 5 {
            report.gap(&number.to_string());
            let untold = Untold::Beyond(format!("portcullis.{number}"));
            report.not_told(&untold, Example::new(&line("ann"), &at("x")));
        }
        assert_eq!(
            (report.untold.len(), report.gaps.len()),
            (WORDS_MAX + 1, WORDS_MAX + 1)
        );
        assert_eq!(report.untold(), 2 * (WORDS_MAX as u64 + 5));
        assert_eq!(
            report.json()["untold"].as_array().unwrap().len(),
            WORDS_MAX + 1
        );
    }

    #[test]
    fn what_was_not_compared_is_said() {
        let mut report = Report::default();
        report.compare_catalogs(true);
        report.compare_approvers(&would(Outcome::Hold));
        assert!(!report.text().contains("not told: what else"));
        assert!(!report.text().contains("cannot be compared"));
        report.compare_catalogs(false);
        let mut held = would(Outcome::Hold);
        held.approvers = Approvers::Unknown;
        report.compare_approvers(&held);
        assert!(report.text().contains("not told: what else"));
        let said = "1 held as they were: approvers cannot be compared";
        assert!(report.text().contains(said), "{}", report.text());
    }

    #[test]
    fn what_others_typed_is_made_visible_and_cut() {
        let mut report = Report::default();
        let hostile = format!("\u{1b}[2J\n0 changed\u{202e}{}", "é".repeat(TEXT_BYTES_MAX));
        let mut line = line(&hostile);
        line.effects = vec!["x".repeat(EFFECT_BYTES_MAX * 2); EFFECTS_MAX + 2];
        report.change(
            &line,
            &would(Outcome::Deny),
            Example::new(&line, &at(&hostile)),
        );
        let text = report.text();
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        assert!(
            !text.lines().any(|line| line.starts_with("0 changed")),
            "{text}"
        );
        assert!(text.contains("and 2 more"), "{text}");
        let told = report.json();
        let example = told["changes"][0]["example"]["text"].as_str().unwrap();
        assert!(example.len() <= TEXT_BYTES_MAX + "…".len(), "{example}");
        let effect = told["changes"][0]["effects"][0].as_str().unwrap();
        assert!(effect.len() <= EFFECT_BYTES_MAX + "…".len());
    }
}
