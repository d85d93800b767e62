//! Cedar policies: (principal, effects, context) to a decision with reasons.
//!
//! Total and pure: no clock, no files, no runtime. Whatever cannot be evaluated is denied.

use model::{Effect, Object, Outcome, PolicyHash, Principal, Reason, Resource, Statement, Verb};
use sha2::{Digest, Sha256};

mod approval;
mod asks;
mod decide;
mod entities;
mod load;
mod reach;
pub mod simulate;
pub mod test;
#[cfg(test)]
mod testing;
pub mod vocabulary;
mod whole;

pub use approval::{ApprovalRule, ApprovalRuleError};
pub use decide::EffectDecision;

use decide::View;
use entities::Circumstances;
use vocabulary::Vocabulary;

/// What the labels of a column are; implemented by the data catalog.
pub trait Labels {
    /// The labels of one column, sorted; empty for an unlabelled one.
    fn labels(&self, database: &str, schema: &str, table: &str, column: &str) -> Vec<String>;
}

/// Everything else a policy may ask about.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Context {
    /// The client application's name.
    pub application: String,
    /// The peer's IP address, without port; empty when unknown.
    pub address: String,
    /// Inside a transaction block.
    pub in_transaction: bool,
    /// Seconds since the Unix epoch, UTC.
    pub unix_seconds: i64,
}

/// A validated policy set.
#[derive(Debug)]
pub struct PolicySet {
    words: Vocabulary,
    loaded: load::Loaded,
    hash: PolicyHash,
}

/// One policy as loaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PolicyText<'a> {
    /// Its `@id`, or `<file>#<n>`, counted from 1.
    pub id: &'a str,
    /// The file's name as given at load.
    pub file: &'a str,
    /// Its text with annotations.
    pub text: &'a str,
    /// Who must approve what it permits, if anybody.
    pub approval: Option<&'a ApprovalRule>,
}

/// What was decided about one statement or one connect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    /// The outcome.
    pub outcome: Outcome,
    /// The policies that determined it; for a denial by default, a `portcullis.default-deny` reason per effect
    /// that nothing permits.
    pub reasons: Vec<Reason>,
    /// For a hold: every rule that must be met.
    pub approvals: Vec<ApprovalRule>,
    /// A hint that says what would pass, when one is known.
    pub hint: Option<String>,
}

/// Why a set was refused at load.
#[derive(Debug, thiserror::Error)]
#[error("{}", .messages.join("\n"))]
pub struct PolicyError {
    /// One line each: file, policy id, line and column, message.
    pub messages: Vec<String>,
}

/// The built-in Cedar schema, for users and editors.
pub fn schema_text() -> &'static str {
    vocabulary::SCHEMA
}

impl PolicySet {
    /// Parses and validates policy files (name, text) against the built-in schema.
    ///
    /// # Errors
    /// [`PolicyError`] with every problem found.
    pub fn load(files: &[(String, String)]) -> Result<Self, PolicyError> {
        let words = Vocabulary::new().map_err(|message| PolicyError {
            messages: vec![format!("the built-in schema: {message}")],
        })?;
        let loaded = load::load(&words, files).map_err(|messages| PolicyError { messages })?;
        Ok(Self {
            words,
            loaded,
            hash: hash(files),
        })
    }

    /// The hash of the files: SHA-256 over each name and text in the order of names, both preceded by their
    /// length in bytes as 64 bits, big-endian.
    pub fn hash(&self) -> PolicyHash {
        self.hash
    }

    /// All policies, by id.
    pub fn policies(&self) -> impl Iterator<Item = PolicyText<'_>> {
        self.loaded.rules.values().map(|rule| PolicyText {
            id: &rule.id,
            file: &rule.file,
            text: &rule.text,
            approval: rule.approval.as_ref(),
        })
    }

    /// What validation found odd and yet legal, such as letters of several scripts in one name.
    pub fn warnings(&self) -> &[String] {
        &self.loaded.warnings
    }

    /// Whether any policy asks for the time. If none does, equal questions have equal answers whenever they are asked.
    pub fn asks_time(&self) -> bool {
        self.asks("time")
    }

    /// Whether any policy may ask for an attribute of the context, or for one of the principal, by its name.
    pub fn asks(&self, attribute: &str) -> bool {
        self.loaded.asks.has(attribute)
    }

    /// Decides whether `principal` may connect.
    pub fn connect(
        &self,
        principal: &Principal,
        resource: &Resource,
        context: &Context,
    ) -> Decision {
        let effect = Effect {
            verb: Verb::Connect,
            object: Object::Database,
            columns: Vec::new(),
        };
        let asked = outside_statement(Some(resource), context);
        decide::combine(self.effects(principal, resource, &[effect], &NoLabels, &asked))
    }

    /// Decides one statement: every effect must be permitted. For an agent that acts for a human, both must be.
    pub fn decide(
        &self,
        principal: &Principal,
        resource: &Resource,
        statement: &Statement,
        labels: &dyn Labels,
        context: &Context,
    ) -> Decision {
        decide::combine(self.decide_explained(principal, resource, statement, labels, context))
    }

    /// What [`PolicySet::decide`] combines: one decision per effect and principal (the requester first, then the
    /// human it acts for), in the statement's order.
    pub fn decide_explained(
        &self,
        principal: &Principal,
        resource: &Resource,
        statement: &Statement,
        labels: &dyn Labels,
        context: &Context,
    ) -> Vec<EffectDecision> {
        let asked = Circumstances {
            statement: &statement.kind,
            has_where: statement.has_where,
            resource: Some(resource),
            context,
        };
        self.effects(principal, resource, &statement.effects, labels, &asked)
    }

    /// Whether `principal` may see the values of one labelled column (`reveal`); for an agent, its human must too.
    /// A permit with `@approval` does not count.
    pub fn reveals(
        &self,
        principal: &Principal,
        resource: &Resource,
        column: &model::ColumnRef,
        labels: &dyn Labels,
        context: &Context,
    ) -> bool {
        let asked = outside_statement(Some(resource), context);
        let place = (column.schema.as_str(), column.table.as_str());
        let labels = labels.labels(&resource.database, place.0, place.1, &column.column);
        self.all_allow(principal, "reveal", &asked, |words| {
            entities::column(words, resource, place, &column.column, &labels)
        })
    }

    /// Whether `principal` may do a control-plane act: `view_recordings`, `approve`, `administer` (Actions on
    /// `Gateway`; the last is `Action::"administer_gateway"` and also goes by that name). For an agent, its human
    /// must too. A permit with `@approval` does not count.
    pub fn administers(&self, principal: &Principal, act: &str, context: &Context) -> bool {
        let action = match act {
            "view_recordings" | "approve" => act,
            "administer" | "administer_gateway" => "administer_gateway",
            _ => return false,
        };
        let asked = outside_statement(None, context);
        self.all_allow(principal, action, &asked, entities::gateway)
    }

    fn effects(
        &self,
        principal: &Principal,
        resource: &Resource,
        effects: &[Effect],
        labels: &dyn Labels,
        asked: &Circumstances<'_>,
    ) -> Vec<EffectDecision> {
        let mut decisions = Vec::with_capacity(effects.len());
        for who in chain(principal) {
            match self.view(principal, who, asked) {
                Ok(view) => {
                    let decided = effects.iter().map(|e| view.effect(resource, e, labels));
                    decisions.extend(decided);
                }
                Err(error) => decisions.extend(effects.iter().map(|e| unbuildable(e, who, &error))),
            }
        }
        decisions
    }

    fn all_allow(
        &self,
        principal: &Principal,
        action: &str,
        asked: &Circumstances<'_>,
        target: impl Fn(&Vocabulary) -> Result<cedar_policy::Entity, String>,
    ) -> bool {
        chain(principal).all(
            |who| match (self.view(principal, who, asked), target(&self.words)) {
                (Ok(view), Ok(target)) => view.act(action, target) == Outcome::Allow,
                (Err(_), _) | (_, Err(_)) => false,
            },
        )
    }

    fn view<'a>(
        &'a self,
        requester: &Principal,
        who: &'a Principal,
        asked: &Circumstances<'_>,
    ) -> Result<View<'a>, String> {
        Ok(View {
            words: &self.words,
            loaded: &self.loaded,
            principal: who,
            user: entities::user(&self.words, who)?,
            context: entities::context(asked)?,
            behind: !std::ptr::eq(requester, who),
        })
    }
}

/// The principal and everybody on whose behalf it acts, nearest first.
fn chain(principal: &Principal) -> impl Iterator<Item = &Principal> {
    std::iter::successors(Some(principal), |who| who.acts_for.as_deref())
}

fn outside_statement<'a>(
    resource: Option<&'a Resource>,
    context: &'a Context,
) -> Circumstances<'a> {
    Circumstances {
        statement: "",
        has_where: true,
        resource,
        context,
    }
}

fn unbuildable(effect: &Effect, who: &Principal, error: &str) -> EffectDecision {
    EffectDecision {
        effect: effect.clone(),
        principal: who.name.clone(),
        outcome: Outcome::Deny,
        reasons: vec![Reason {
            rule: decide::EVALUATION_ERROR.to_owned(),
            text: format!("the request could not be built: {error}"),
        }],
        approvals: Vec::new(),
        hints: Vec::new(),
    }
}

struct NoLabels;

impl Labels for NoLabels {
    fn labels(&self, _: &str, _: &str, _: &str, _: &str) -> Vec<String> {
        Vec::new()
    }
}

fn hash(files: &[(String, String)]) -> PolicyHash {
    let mut ordered: Vec<_> = files.iter().collect();
    ordered.sort();
    let mut hasher = Sha256::new();
    for part in ordered.iter().flat_map(|(name, text)| [name, text]) {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    PolicyHash(hasher.finalize().into())
}
