//! One effect, one principal: which policies apply, and what follows from them.
//!
//! Total: whatever cannot be built or evaluated is a denial. Knows no file and no clock.

use cedar_policy::{
    Authorizer, Context as CedarContext, Decision as CedarDecision, Entities, Entity, EntityUid,
    Request,
};
use model::{Effect, Object, Outcome, Principal, Reason, Resource, Verb};

use crate::approval::{self, ApprovalRule};
use crate::entities;
use crate::load::Loaded;
use crate::vocabulary::Vocabulary;
use crate::{Decision, Labels};

/// The built-in rules that a reason may name.
pub(crate) const DEFAULT_DENY: &str = "portcullis.default-deny";
pub(crate) const EVALUATION_ERROR: &str = "portcullis.evaluation-error";
pub(crate) const NO_EFFECT: &str = "portcullis.no-effect";

/// What was decided about one effect for one principal; a statement's decision is the greatest of these.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EffectDecision {
    /// The effect.
    pub effect: Effect,
    /// For whom: the requester, or the human on whose behalf it acts.
    pub principal: String,
    /// The outcome.
    pub outcome: Outcome,
    /// The policies that determined it, or the built-in rule.
    pub reasons: Vec<Reason>,
    /// For a hold: every rule that must be met.
    pub approvals: Vec<ApprovalRule>,
    /// The hints of those policies.
    pub hints: Vec<String>,
}

/// What the policies say of one entity.
struct Verdict {
    outcome: Outcome,
    /// Ids of the policies that determined it; empty for a denial by default.
    rules: Vec<String>,
    /// Set when evaluation failed.
    error: Option<String>,
}

impl Verdict {
    fn error(text: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::Deny,
            rules: Vec::new(),
            error: Some(text.into()),
        }
    }

    /// Forbidden or broken: nothing that is permitted elsewhere outweighs it.
    fn is_final(&self) -> bool {
        self.outcome == Outcome::Deny && (self.error.is_some() || !self.rules.is_empty())
    }
}

/// Everything that stays the same for one principal and one statement.
pub(crate) struct View<'a> {
    pub(crate) words: &'a Vocabulary,
    pub(crate) loaded: &'a Loaded,
    pub(crate) principal: &'a Principal,
    pub(crate) user: Entity,
    pub(crate) context: CedarContext,
    /// Set when the principal is the human behind the requester.
    pub(crate) behind: bool,
}

impl View<'_> {
    /// Decides one effect: on the object, and on each column that it names.
    pub(crate) fn effect(
        &self,
        resource: &Resource,
        effect: &Effect,
        labels: &dyn Labels,
    ) -> EffectDecision {
        let verb = effect.verb.as_str();
        let (object, columns) = match self.targets(resource, effect, labels) {
            Ok(targets) => targets,
            Err(error) => return self.explain(effect, vec![Verdict::error(error)], &[]),
        };
        let object_uid = object.uid();
        let column_uids: Vec<_> = columns.iter().map(Entity::uid).collect();
        let Some(entities) = self.entities(verb, std::iter::once(object).chain(columns)) else {
            let error = Verdict::error("the request could not be built");
            return self.explain(effect, vec![error], &[]);
        };
        let whole = self.evaluate(verb, &object_uid, &entities);
        let only_permits = (self.loaded.slices.get(verb)).is_some_and(|s| s.only_permits);
        let settled = whole.is_final() || column_uids.is_empty();
        if settled || (whole.outcome == Outcome::Allow && only_permits) {
            return self.explain(effect, vec![whole], &[]);
        }
        let parts: Vec<_> = column_uids
            .iter()
            .map(|uid| self.evaluate(verb, uid, &entities))
            .collect();
        self.combine(effect, whole, parts)
    }

    /// A forbid anywhere denies; else the object's own permit, or one on every column, whichever asks for less.
    fn combine(&self, effect: &Effect, whole: Verdict, parts: Vec<Verdict>) -> EffectDecision {
        let (broken, parts): (Vec<_>, Vec<_>) = parts
            .into_iter()
            .zip(&effect.columns)
            .partition(|(verdict, _)| verdict.is_final());
        if !broken.is_empty() {
            let broken = broken.into_iter().map(|(verdict, _)| verdict).collect();
            return self.explain(effect, broken, &[]);
        }
        let by_columns = parts.iter().map(|(v, _)| v.outcome).max();
        let by_columns = by_columns.unwrap_or(Outcome::Deny);
        if whole.outcome <= by_columns && whole.outcome != Outcome::Deny {
            return self.explain(effect, vec![whole], &[]);
        }
        if by_columns == Outcome::Deny {
            let missing: Vec<_> = parts
                .iter()
                .filter(|(verdict, _)| verdict.outcome == Outcome::Deny)
                .map(|(_, column)| (*column).clone())
                .collect();
            return self.explain(effect, vec![whole], &missing);
        }
        let verdicts = parts.into_iter().map(|(verdict, _)| verdict);
        self.explain(effect, verdicts.collect(), &[])
    }

    /// The outcome of one action on one entity, without explanation.
    pub(crate) fn act(&self, action: &str, target: Entity) -> Outcome {
        let uid = target.uid();
        match self.entities(action, std::iter::once(target)) {
            Some(entities) => self.evaluate(action, &uid, &entities).outcome,
            None => Outcome::Deny,
        }
    }

    fn targets(
        &self,
        resource: &Resource,
        effect: &Effect,
        labels: &dyn Labels,
    ) -> Result<(Entity, Vec<Entity>), String> {
        let object = entities::object(self.words, resource, &effect.object)?;
        let (schema, table) = match &effect.object {
            Object::Table { schema, name } | Object::Function { schema, name } => (schema, name),
            Object::Database
            | Object::Schema { .. }
            | Object::Setting { .. }
            | Object::Role { .. }
            | Object::Channel { .. }
            | Object::Other { .. } => return Ok((object, Vec::new())),
        };
        let columns = effect.columns.iter().map(|name| {
            let labels = labels.labels(&resource.database, schema, table, name);
            entities::column(self.words, resource, (schema, table), name, &labels)
        });
        Ok((object, columns.collect::<Result<_, _>>()?))
    }

    fn entities(&self, action: &str, targets: impl Iterator<Item = Entity>) -> Option<Entities> {
        let action = self.words.actions.get(action)?.entity.clone();
        let all = [self.user.clone(), action].into_iter().chain(targets);
        Entities::from_entities(all, None).ok()
    }

    fn evaluate(&self, action: &str, target: &EntityUid, entities: &Entities) -> Verdict {
        let (Some(slice), Some(name)) = (
            self.loaded.slices.get(action),
            self.words.actions.get(action),
        ) else {
            return Verdict::error(format!("there is no action `{action}`"));
        };
        let request = Request::new(
            self.user.uid(),
            name.uid.clone(),
            target.clone(),
            self.context.clone(),
            None,
        );
        let request = match request {
            Ok(request) => request,
            Err(error) => return Verdict::error(error.to_string()),
        };
        let response = Authorizer::new().is_authorized(&request, &slice.set, entities);
        if let Some(error) = response.diagnostics().errors().next() {
            return Verdict::error(error.to_string());
        }
        let ids = response.diagnostics().reason();
        let mut rules: Vec<String> = ids.map(|id| AsRef::<str>::as_ref(id).to_owned()).collect();
        rules.sort();
        match response.decision() {
            CedarDecision::Deny => Verdict {
                outcome: Outcome::Deny,
                rules,
                error: None,
            },
            CedarDecision::Allow => self.weigh(rules),
        }
    }

    /// Plain permits allow; else approval permits hold, except those that nobody could answer.
    fn weigh(&self, rules: Vec<String>) -> Verdict {
        let approval = |id: &String| self.loaded.rules.get(id).and_then(|r| r.approval.as_ref());
        let (plain, held): (Vec<_>, Vec<_>) =
            rules.into_iter().partition(|id| approval(id).is_none());
        if !plain.is_empty() {
            return Verdict {
                outcome: Outcome::Allow,
                rules: plain,
                error: None,
            };
        }
        let ownerless = self.principal.acts_for.is_none();
        let rules: Vec<_> = held
            .into_iter()
            .filter(|id| !(ownerless && approval(id) == Some(&ApprovalRule::Owner)))
            .collect();
        let outcome = if rules.is_empty() {
            Outcome::Deny
        } else {
            Outcome::Hold
        };
        Verdict {
            outcome,
            rules,
            error: None,
        }
    }

    fn explain(
        &self,
        effect: &Effect,
        verdicts: Vec<Verdict>,
        missing: &[String],
    ) -> EffectDecision {
        let outcome = verdicts.iter().map(|v| v.outcome).max();
        let outcome = outcome.unwrap_or(Outcome::Deny);
        let mut decision = EffectDecision {
            effect: effect.clone(),
            principal: self.principal.name.clone(),
            outcome,
            reasons: Vec::new(),
            approvals: Vec::new(),
            hints: Vec::new(),
        };
        for verdict in verdicts.iter().filter(|v| v.outcome == outcome) {
            self.name_reasons(verdict, missing, &mut decision);
        }
        decision.reasons.sort_by(by_rule);
        decision.reasons.dedup();
        decision.approvals = approval::merge(decision.approvals);
        decision
    }

    fn name_reasons(&self, verdict: &Verdict, missing: &[String], into: &mut EffectDecision) {
        if let Some(error) = &verdict.error {
            into.reasons.push(Reason {
                rule: EVALUATION_ERROR.to_owned(),
                text: format!("the policies could not be evaluated: {error}"),
            });
            into.hints
                .push("Tell whoever keeps the policies.".to_owned());
        } else if verdict.rules.is_empty() {
            let mut effect = into.effect.clone();
            if !missing.is_empty() {
                effect.columns = missing.to_vec();
            }
            let whom = if self.behind {
                format!(" for {}, on whose behalf it is asked", self.principal.name)
            } else {
                String::new()
            };
            if let Some(what) = unknown_name(&effect) {
                into.reasons.push(Reason {
                    rule: DEFAULT_DENY.to_owned(),
                    text: format!("{what} is not known in the target's catalog"),
                });
                into.hints
                    .push("Check the name, and the search_path.".to_owned());
            } else {
                into.reasons.push(Reason {
                    rule: DEFAULT_DENY.to_owned(),
                    text: format!("no policy permits {effect}{whom}"),
                });
                into.hints.push(hint(&effect));
            }
        }
        for rule in verdict
            .rules
            .iter()
            .filter_map(|id| self.loaded.rules.get(id))
        {
            let generated = || match (verdict.outcome, &rule.approval) {
                (Outcome::Hold, Some(who)) => format!("needs approval by {who}"),
                (Outcome::Allow | Outcome::Hold, _) => "permitted".to_owned(),
                (Outcome::Deny, _) => format!("forbids {}", into.effect),
            };
            into.reasons.push(Reason {
                rule: rule.id.clone(),
                text: rule.reason.clone().unwrap_or_else(generated),
            });
            if verdict.outcome == Outcome::Hold {
                into.approvals.extend(rule.approval.clone());
            }
            let unhelped = || {
                let is_denied = verdict.outcome == Outcome::Deny;
                is_denied
                    .then(|| format!("Only a change of the policy `{}` lets this pass.", rule.id))
            };
            into.hints.extend(rule.hint.clone().or_else(unhelped));
        }
    }
}

/// What would pass instead of what no policy permits. Names nothing that the effect does not.
fn hint(effect: &Effect) -> String {
    let instead = match effect.verb {
        Verb::Select if !effect.columns.is_empty() => "Leave these columns out, or ask",
        Verb::Call => "Do without the function, or ask",
        Verb::Unanalysed => "Say it in a way that can be followed, or ask",
        _ => "Ask",
    };
    let action = effect.verb.as_str();
    format!("{instead} whoever keeps the policies to permit `{action}` there.")
}

/// The kind and name of what a statement names and the catalog does not hold.
fn unknown_name(effect: &Effect) -> Option<String> {
    match (effect.verb, &effect.object) {
        (Verb::Unanalysed, Object::Other { kind, name }) => {
            let kind = kind.strip_prefix("unresolved ")?;
            Some(format!("{kind} {name}"))
        }
        _ => None,
    }
}

fn by_rule(one: &Reason, other: &Reason) -> std::cmp::Ordering {
    (&one.rule, &one.text).cmp(&(&other.rule, &other.text))
}

/// Combines decisions about effects by `max`. Only those that reached it are named.
pub(crate) fn combine(parts: Vec<EffectDecision>) -> Decision {
    let Some(outcome) = parts.iter().map(|part| part.outcome).max() else {
        return Decision {
            outcome: Outcome::Allow,
            reasons: vec![Reason {
                rule: NO_EFFECT.to_owned(),
                text: "it touches nothing that policies protect".to_owned(),
            }],
            approvals: Vec::new(),
            hint: None,
        };
    };
    let (mut reasons, mut approvals, mut hints) = (Vec::new(), Vec::new(), Vec::new());
    for part in parts.into_iter().filter(|part| part.outcome == outcome) {
        reasons.extend(part.reasons);
        approvals.extend(part.approvals);
        hints.extend(part.hints);
    }
    reasons.sort_by(by_rule);
    reasons.dedup();
    hints.sort();
    hints.dedup();
    Decision {
        outcome,
        reasons,
        approvals: approval::merge(approvals),
        hint: (!hints.is_empty()).then(|| hints.join(" ")),
    }
}
