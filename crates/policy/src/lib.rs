//! Cedar policies: (principal, effects, context) to a decision with reasons.
//!
//! Total and pure: no clock, no files, no runtime. Whatever cannot be evaluated is denied.

use model::{Outcome, PolicyHash, Principal, Reason, Resource, Statement};

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
pub struct PolicySet {}

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

impl PolicySet {
    /// Parses and validates policy files (name, text) against the built-in schema.
    ///
    /// # Errors
    /// [`PolicyError`] with every problem found.
    pub fn load(files: &[(String, String)]) -> Result<Self, PolicyError> {
        let _ = files;
        todo!("policy helper")
    }

    /// The hash of the files.
    pub fn hash(&self) -> PolicyHash {
        todo!("policy helper")
    }

    /// Decides whether `principal` may connect.
    pub fn connect(
        &self,
        principal: &Principal,
        resource: &Resource,
        context: &Context,
    ) -> Decision {
        let _ = (principal, resource, context);
        todo!("policy helper")
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
        let _ = (principal, resource, statement, labels, context);
        todo!("policy helper")
    }

    /// Whether `principal` may see the values of one labelled column (`reveal`); for an agent, its human must too.
    pub fn reveals(
        &self,
        principal: &Principal,
        resource: &Resource,
        column: &model::ColumnRef,
        labels: &dyn Labels,
        context: &Context,
    ) -> bool {
        let _ = (principal, resource, column, labels, context);
        todo!("policy helper")
    }

    /// Whether `principal` may do a control-plane act: `view_recordings`, `administer` (Actions on `Gateway`).
    pub fn administers(&self, principal: &Principal, act: &str, context: &Context) -> bool {
        let _ = (principal, act, context);
        todo!("policy helper")
    }
}
