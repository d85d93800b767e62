//! Judging without a session: what the door would say, for `policy explain` and `policy test`.
//!
//! Must never record, mint or hold anything.

use std::sync::Arc;

use model::{Action, Obligations, Outcome, Principal, Reason, Resource};
use policy::{ApprovalRule, Context};

use crate::judge::{self, Asker};
use crate::ports::Rules;

/// What the door would say of one action.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rehearsal {
    /// Allow, hold or deny.
    pub outcome: Outcome,
    /// By which rules.
    pub reasons: Vec<Reason>,
    /// For a hold: who would have to approve.
    pub approvals: Vec<ApprovalRule>,
    /// What would pass, where known.
    pub hint: Option<String>,
    /// The stored columns that would come back masked.
    pub masked: Vec<String>,
    /// The effects, rendered.
    pub effects: Vec<String>,
    /// What would be masked and searched in what comes back.
    pub obligations: Arc<Obligations>,
}

/// Judges one action as the door would at this moment.
pub fn rehearse(
    rules: &Rules,
    principal: &Principal,
    resource: &Resource,
    action: &Action,
    context: &Context,
) -> Rehearsal {
    let asker = Asker {
        principal,
        resource,
    };
    let judged = judge::judge(rules, asker, action, context);
    Rehearsal {
        outcome: judged.outcome,
        reasons: judged.reasons,
        approvals: judged.approvals,
        hint: judged.hint,
        masked: judged.masked,
        effects: judged.effects,
        obligations: judged.obligations,
    }
}

/// The labels of one resource's columns, as policy sees them.
pub fn labels<'a>(rules: &'a Rules, resource: &Resource) -> Box<dyn policy::Labels + 'a> {
    Box::new(OwnedLabels {
        rules,
        resource: resource.name.as_str().to_owned(),
    })
}

struct OwnedLabels<'a> {
    rules: &'a Rules,
    resource: String,
}

impl policy::Labels for OwnedLabels<'_> {
    fn labels(&self, database: &str, schema: &str, table: &str, column: &str) -> Vec<String> {
        let labels = &self.rules.labels;
        let found = labels.classify(&self.resource, database, schema, table, column);
        found.map(|found| found.labels).unwrap_or_default()
    }
}
