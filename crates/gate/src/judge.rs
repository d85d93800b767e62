//! Judging one action: policy and masking combined into one outcome, remembered while nothing it rests on changes.
//!
//! Must never record, hold or forward anything: it only says what the rules say.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ledger::event::StatementRecorded;
use model::decision::Wall;
use model::{
    Action, ColumnRef, Obligations, Outcome, PolicyHash, Principal, Projections, Reason, Resource,
    Statement,
};
use policy::{ApprovalRule, Context};

use crate::labels::LabelView;
use crate::oblige::{self, Demands};
use crate::ports::Rules;
use crate::write_back::{self, Guard};

/// Decisions kept per session; a session that uses more distinct statements decides the rest anew.
const CACHE_MAX: usize = 1_024;

/// The built-in rule that denies what was not understood.
pub(crate) const NOT_UNDERSTOOD: &str = "portcullis.not-understood";

/// What the rules say of one action.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) outcome: Outcome,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) approvals: Vec<ApprovalRule>,
    pub(crate) hint: Option<String>,
    pub(crate) obligations: Arc<Obligations>,
    /// Names of masked columns, for the record.
    pub(crate) masked: Vec<String>,
    /// Labels of the columns touched, sorted, for the record.
    pub(crate) labels: Vec<String>,
    /// Effects, rendered, for the record.
    pub(crate) effects: Vec<String>,
    /// Its statements, for the record: none where that is what most are.
    pub(crate) statements: Vec<StatementRecorded>,
    pub(crate) effectful: bool,
    /// Its text and parameters may carry labelled values.
    pub(crate) sensitive: bool,
    pub(crate) policy: PolicyHash,
    /// Of the rules that it was judged by.
    pub(crate) generation: u64,
    /// Hidden columns that it is given values for: looked at each time.
    pub(crate) guards: Vec<Guard>,
}

/// Who asks, on what.
#[derive(Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) principal: &'a Principal,
    pub(crate) resource: &'a Resource,
}

/// Judges without a cache.
pub(crate) fn judge(rules: &Rules, asker: Asker<'_>, action: &Action, context: &Context) -> Judged {
    let view = LabelView::new(rules, asker.principal, asker.resource, context);
    let mut judged = Judged::nothing(rules);
    if let Some(why) = &action.not_understood {
        judged.sensitive = view.covers_database();
        judged.deny(NOT_UNDERSTOOD, why.clone());
        return judged;
    }
    if action.statements.is_empty() && !says_nothing(&action.text) {
        judged.sensitive = view.covers_database();
        judged.deny(NOT_UNDERSTOOD, "no statement was found in it".to_owned());
        return judged;
    }
    let mut obligations = Obligations::default();
    for statement in action.statements.iter() {
        let labels = view.labels();
        let policies = &rules.policies;
        let decision =
            policies.decide(asker.principal, asker.resource, statement, &labels, context);
        judged.merge(decision);
        let mut demands = oblige::demand(&view, statement);
        let guards = write_back::guards(&view, statement);
        demands.result.guarded = write_back::guarded(&guards, action);
        judged.oblige(&mut obligations, demands);
        judged.guards.extend(guards);
        let effects = statement.effects.iter();
        judged
            .effects
            .extend(effects.clone().map(ToString::to_string));
        let touched = effects.clone().flat_map(|effect| view.labels_of(effect));
        judged.labels.extend(touched);
        judged.effectful |= effects.clone().any(|effect| effect.verb.is_effectful());
    }
    judged.statements = statements(action);
    judged.labels.sort_unstable();
    judged.labels.dedup();
    judged.obligations = Arc::new(obligations);
    judged
}

/// What is recorded of the statements of an action that was understood.
fn statements(action: &Action) -> Vec<StatementRecorded> {
    let recorded = |statement: &Statement| StatementRecorded {
        kind: statement.kind.clone(),
        effects: statement.effects.len() as u64,
        has_where: statement.has_where,
    };
    match &*action.statements {
        [only] if recorded(only).is_usual() => Vec::new(),
        all => all.iter().map(recorded).collect(),
    }
}

impl Judged {
    fn nothing(rules: &Rules) -> Self {
        Self {
            outcome: Outcome::Allow,
            reasons: Vec::new(),
            approvals: Vec::new(),
            hint: None,
            obligations: Arc::default(),
            masked: Vec::new(),
            labels: Vec::new(),
            effects: Vec::new(),
            statements: Vec::new(),
            effectful: false,
            sensitive: false,
            policy: rules.policies.hash(),
            generation: rules.generation,
            guards: Vec::new(),
        }
    }

    fn deny(&mut self, rule: &str, text: String) {
        self.outcome = Outcome::Deny;
        self.reasons.push(Reason {
            rule: rule.to_owned(),
            text,
        });
    }

    /// Takes one statement's policy decision in: the worse outcome wins, and its reasons with it.
    fn merge(&mut self, decision: policy::Decision) {
        self.worsen(decision.outcome, decision.reasons);
        for rule in decision.approvals {
            if !self.approvals.contains(&rule) {
                self.approvals.push(rule);
            }
        }
        self.approvals.sort_unstable();
        self.hint = self.hint.take().or(decision.hint);
    }

    /// Takes one statement's masking demands in.
    fn oblige(&mut self, obligations: &mut Obligations, demands: Demands) {
        obligations.results.push(demands.result);
        obligations.scrub_messages |= demands.scrub;
        obligations.search = obligations.search.and(demands.search);
        self.sensitive |= demands.sensitive;
        for name in demands.masked {
            if !self.masked.contains(&name) {
                self.masked.push(name);
            }
        }
        for refused in demands.refused {
            self.worsen(Outcome::Deny, vec![refused.reason]);
            self.hint.get_or_insert_with(|| refused.hint.to_owned());
        }
    }

    /// Keeps what says which columns are hidden, for a second look at the rows themselves.
    fn build_wall(
        &mut self,
        rules: &Arc<Rules>,
        asker: Asker<'_>,
        action: &Action,
        context: &Context,
    ) {
        let answers = |statement: &Statement| statement.projections != Projections::None;
        if self.outcome == Outcome::Deny || !action.statements.iter().any(answers) {
            return;
        }
        let view = LabelView::new(rules, asker.principal, asker.resource, context);
        if view.covers_database() && !view.reveals_all() {
            Arc::make_mut(&mut self.obligations).wall = Some(wall(rules, asker, context));
        }
    }

    fn worsen(&mut self, outcome: Outcome, reasons: Vec<Reason>) {
        if outcome > self.outcome {
            self.reasons.clear();
            self.outcome = outcome;
        }
        if outcome == self.outcome {
            for reason in reasons {
                if !self.reasons.contains(&reason) {
                    self.reasons.push(reason);
                }
            }
        }
    }
}

/// Which columns are hidden from the asker by these rules, each looked up once.
fn wall(rules: &Arc<Rules>, asker: Asker<'_>, context: &Context) -> Wall {
    let (rules, context) = (Arc::clone(rules), context.clone());
    let (principal, resource) = (asker.principal.clone(), asker.resource.clone());
    let known: Mutex<HashMap<ColumnRef, bool>> = Mutex::default();
    Wall::new(move |column| {
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hidden) = known.get(column) {
            return *hidden;
        }
        let view = LabelView::new(&rules, &principal, &resource, &context);
        let hidden = view.hidden(column).is_some();
        known.insert(column.clone(), hidden);
        hidden
    })
}

/// Judgements that still hold: all of them fall when the rules change, and each second where a policy asks for the
/// time. What else a policy may ask for stays the same for a session, or is part of the key.
#[derive(Default)]
pub(crate) struct Judgements {
    generation: u64,
    second: i64,
    known: HashMap<(u64, bool), Arc<Judged>>,
}

impl Judgements {
    /// Judges, or finds the same question answered already.
    pub(crate) fn judge(
        &mut self,
        rules: &Arc<Rules>,
        asker: Asker<'_>,
        action: &Action,
        context: &Context,
    ) -> Arc<Judged> {
        let aged = self.second != context.unix_seconds && rules.policies.asks_time();
        if self.generation != rules.generation || aged {
            self.known.clear();
        }
        self.generation = rules.generation;
        self.second = context.unix_seconds;
        let key = (action.analysis_key, context.in_transaction);
        let cacheable = action.analysis_key != 0 && action.not_understood.is_none();
        if cacheable && let Some(judged) = self.known.get(&key) {
            return Arc::clone(judged);
        }
        let mut judged = judge(rules, asker, action, context);
        judged.build_wall(rules, asker, action, context);
        let judged = Arc::new(judged);
        if cacheable {
            if self.known.len() >= CACHE_MAX {
                self.known.clear();
            }
            self.known.insert(key, Arc::clone(&judged));
        }
        judged
    }
}

/// Whether a text is blanks, semicolons and comments alone. Told here without the parser, so that a text whose
/// statements were lost on the way is not taken for an empty one.
fn says_nothing(text: &str) -> bool {
    let mut rest = text.trim_start_matches(is_blank);
    while !rest.is_empty() {
        let after = match rest.split_at_checked(2) {
            Some(("--", after)) => after.find(['\n', '\r']).map_or("", |end| &after[end..]),
            Some(("/*", after)) => match after_comment(after) {
                Some(after) => after,
                None => return false,
            },
            Some(_) | None => return false,
        };
        rest = after.trim_start_matches(is_blank);
    }
    true
}

fn is_blank(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\u{b}' || c == ';'
}

/// What follows a comment whose opening was read; comments nest. `None` when it does not end.
fn after_comment(text: &str) -> Option<&str> {
    let mut depth = 1_usize;
    let mut rest = text;
    loop {
        let next = rest.find(['/', '*'])?;
        rest = &rest[next..];
        let step = match rest.get(..2) {
            Some("/*") => {
                depth += 1;
                2
            }
            Some("*/") => {
                depth -= 1;
                2
            }
            Some(_) | None => 1,
        };
        rest = &rest[step..];
        if depth == 0 {
            return Some(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_told_from_something() {
        let check = |text: &str, expect: bool| assert_eq!(says_nothing(text), expect, "{text:?}");
        check("", true);
        check(" ;\t;\r\n", true);
        check("-- ping", true);
        check("-- ping\n;", true);
        check("/* ping */", true);
        check("/* a /* b */ c */ -- d", true);
        check("/* a /* b */ drop", false);
        check("/* a */ drop", false);
        check("-- a\ndrop", false);
        check("-- a\rdrop", false);
        check("/*/ drop", false);
        check("/", false);
        check("é", false);
        check("x", false);
    }
}
