//! What a draft would have decided about what was recorded.
//!
//! Must never guess: where the record does not have what the draft asks for, that is what is said. Reads no recording
//! itself.

use std::collections::BTreeSet;

use model::{
    ColumnRef, Effect, Object, Outcome, Principal, Projections, Resource, Statement, Verb,
};

use crate::decide;
use crate::test::parse_effect;
use crate::{ApprovalRule, Context, Labels, PolicySet};

/// The object of what goes with something that is dropped: the only one whose kind is several words.
const DEPENDENTS: &str = "whatever depends on it";

/// Built-in rules by which a statement that was held came to its end: the policies had held it.
const AFTER_A_HOLD: [&str; 5] = [
    "portcullis.approvals-unavailable",
    "portcullis.approvals-max",
    "portcullis.approval-void",
    "portcullis.not-approved",
    "portcullis.withdrawn",
];

/// What was recorded of one statement, or of one session's beginning.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Past {
    /// Who acted, as it was known then.
    pub principal: Principal,
    /// On what.
    pub resource: Resource,
    /// In which circumstances.
    pub context: Context,
    /// What was asked.
    pub asked: Asked,
    /// What was decided then.
    pub outcome: Outcome,
    /// The rules that determined it.
    pub rules: Vec<String>,
    /// An approval was used: it had been held.
    pub was_approved: bool,
    /// Columns that came back masked.
    pub masked: Vec<String>,
    /// What the record does not say.
    pub lacks: Lacks,
}

/// What was asked of the gateway.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Asked {
    /// To open a session.
    Connect,
    /// To prepare statements, for later.
    Prepare(Vec<Part>),
    /// To run statements.
    Run(Vec<Part>),
}

/// One statement of what was asked, or all of them where the record does not tell them apart.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Part {
    /// Its kind.
    pub kind: String,
    /// It has a WHERE, or could not have one.
    pub has_where: bool,
    /// Its effects, as they were recorded.
    pub effects: Vec<String>,
}

/// What a record does not say, because an older gateway wrote it or the configuration does not know the resource any more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Lacks {
    /// Kind of statement, WHERE, transaction, e-mail address.
    pub circumstances: bool,
    /// The kind and groups of the human for whom the principal acts.
    pub human: bool,
    /// The resource's tags.
    pub tags: bool,
}

/// What would come of it under a draft.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Would {
    /// What the policies had decided then: a hold also where people have answered since.
    pub was: Outcome,
    /// What they would decide.
    pub outcome: Outcome,
    /// The rules that would determine it.
    pub rules: Vec<String>,
    /// For a hold: who would have to approve.
    pub approvals: Vec<ApprovalRule>,
    /// Where it was held and would be again: whether the same people would be asked.
    pub approvers: Approvers,
    /// Columns that came back masked and would not.
    pub shown: Vec<String>,
    /// Columns that were read unmasked and would be hidden: masked, or refused where masks do not allow their use.
    pub hidden: Vec<String>,
}

impl Would {
    /// Whether anything is not as it was.
    pub fn is_change(&self) -> bool {
        let is_as_it_was = self.was == self.outcome && self.approvers != Approvers::Others;
        !is_as_it_was || !self.shown.is_empty() || !self.hidden.is_empty()
    }
}

/// Who would be asked, compared with whom the rules of now ask: the record does not say whom those of then asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Approvers {
    /// The same, or there was nothing to compare.
    #[default]
    Same,
    /// Others.
    Others,
    /// The rules of now do not hold it, or ask for what the record does not say.
    Unknown,
}

/// Why it cannot be told what a draft would do.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, thiserror::Error)]
pub enum Untold {
    /// The statement was refused because it was not understood: there are no effects to decide about.
    #[error("the statement was not understood when it was recorded")]
    NotUnderstood,
    /// Parts of it could not be analysed.
    #[error("parts of the statement could not be analysed (`unanalysed`)")]
    Unanalysed,
    /// It was refused by something else than policies, which needs more than the record has.
    #[error("it was refused by {0}, which is no policy and needs more than the record has")]
    Beyond(String),
    /// An effect does not read back as it was written.
    #[error("an effect names what cannot be read back from the record")]
    Effect,
    /// The draft, or what it is compared with, asks for what the record does not say.
    #[error("policies ask for {0}, which the record does not say")]
    Lacks(&'static str),
    /// What the human behind an agent may do is not known.
    #[error("the record does not say the groups of the human whom the agent acts for")]
    Human,
}

/// Rules with the labels that they are decided with.
#[derive(Clone, Copy)]
pub struct Set<'a> {
    /// The policies.
    pub policies: &'a PolicySet,
    /// The labels of the columns.
    pub labels: &'a dyn Labels,
}

/// Decides what was recorded by a draft. `running` are the rules of now, which tell what a draft hides that they show.
///
/// # Errors
/// [`Untold`].
pub fn simulate(past: &Past, draft: Set<'_>, running: Set<'_>) -> Result<Would, Untold> {
    if past
        .rules
        .iter()
        .any(|rule| rule == "portcullis.not-understood")
    {
        return Err(Untold::NotUnderstood);
    }
    if past.lacks.human {
        return Err(Untold::Human);
    }
    lacking(past, draft.policies)?;
    let was = was(past);
    let parts = match &past.asked {
        Asked::Connect => {
            let decision = draft
                .policies
                .connect(&past.principal, &past.resource, &past.context);
            return Ok(connected(decision));
        }
        Asked::Prepare(parts) | Asked::Run(parts) => parts,
    };
    let (statements, unanalysed) = read(parts)?;
    let decision = decided(past, draft, &statements);
    let mut would = Would {
        was,
        outcome: decision.outcome,
        rules: rules(&decision),
        approvals: decision.approvals,
        approvers: Approvers::Same,
        shown: Vec::new(),
        hidden: Vec::new(),
    };
    if would.outcome == Outcome::Deny {
        return Ok(would);
    }
    if unanalysed {
        return Err(Untold::Unanalysed);
    }
    if was == Outcome::Deny
        && let Some(rule) = past.rules.iter().find(|rule| is_beyond_policies(rule))
    {
        return Err(Untold::Beyond(rule.clone()));
    }
    // Preparing runs nothing: what is held is held when it is executed.
    if matches!(past.asked, Asked::Prepare(_)) && would.outcome == Outcome::Hold {
        would.outcome = Outcome::Allow;
        would.approvals.clear();
    }
    if (was, would.outcome) == (Outcome::Hold, Outcome::Hold) {
        would.approvers = approvers(past, &statements, &would.approvals, running);
    }
    would.shown = shown(past, draft)?;
    would.hidden = hidden(past, &statements, draft, running)?;
    Ok(would)
}

fn approvers(
    past: &Past,
    statements: &[Statement],
    would: &[ApprovalRule],
    running: Set<'_>,
) -> Approvers {
    if lacking(past, running.policies).is_err() {
        return Approvers::Unknown;
    }
    let now = decided(past, running, statements);
    if now.outcome != Outcome::Hold {
        return Approvers::Unknown;
    }
    let of = |rules: &[ApprovalRule]| rules.iter().map(ToString::to_string).collect();
    let (would, now): (BTreeSet<String>, BTreeSet<String>) = (of(would), of(&now.approvals));
    match would == now {
        true => Approvers::Same,
        false => Approvers::Others,
    }
}

/// What the policies had said: what people, the store or a withdrawal made of a hold is not theirs.
fn was(past: &Past) -> Outcome {
    let after = |rule: &String| AFTER_A_HOLD.contains(&rule.as_str());
    match past.outcome {
        Outcome::Allow if past.was_approved => Outcome::Hold,
        Outcome::Deny if past.rules.iter().any(after) => Outcome::Hold,
        outcome => outcome,
    }
}

fn is_beyond_policies(rule: &str) -> bool {
    let own = [
        decide::DEFAULT_DENY,
        decide::EVALUATION_ERROR,
        decide::NO_EFFECT,
    ];
    rule.starts_with("portcullis.") && !own.contains(&rule)
}

/// Whether policies ask for something that the record does not have.
fn lacking(past: &Past, policies: &PolicySet) -> Result<(), Untold> {
    let lacks = past.lacks;
    let of_a_statement = past.asked != Asked::Connect;
    let asked = [
        (lacks.circumstances && of_a_statement, "has_where"),
        (lacks.circumstances && of_a_statement, "statement"),
        (lacks.circumstances && of_a_statement, "in_transaction"),
        (lacks.circumstances, "email"),
        (lacks.tags, "tags"),
    ];
    let found = asked
        .into_iter()
        .find(|(is_lacking, name)| *is_lacking && policies.asks(name));
    match found {
        Some((_, name)) => Err(Untold::Lacks(name)),
        None => Ok(()),
    }
}

fn connected(decision: crate::Decision) -> Would {
    // Nobody is asked about a login: one that needs approval is refused.
    let outcome = match decision.outcome {
        Outcome::Allow => Outcome::Allow,
        Outcome::Hold | Outcome::Deny => Outcome::Deny,
    };
    Would {
        was: Outcome::Allow,
        outcome,
        rules: rules(&decision),
        approvals: Vec::new(),
        approvers: Approvers::Same,
        shown: Vec::new(),
        hidden: Vec::new(),
    }
}

fn rules(decision: &crate::Decision) -> Vec<String> {
    let mut rules: Vec<_> = decision.reasons.iter().map(|r| r.rule.clone()).collect();
    rules.dedup();
    rules
}

/// The statements with the effects that can be decided about, and whether there are others.
fn read(parts: &[Part]) -> Result<(Vec<Statement>, bool), Untold> {
    let mut unanalysed = false;
    let mut statements = Vec::with_capacity(parts.len());
    for part in parts {
        let mut effects = Vec::with_capacity(part.effects.len());
        for text in &part.effects {
            if text.starts_with("unanalysed ") {
                unanalysed = true;
                continue;
            }
            effects.push(effect(text).ok_or(Untold::Effect)?);
        }
        statements.push(Statement {
            range: 0..0,
            kind: part.kind.clone(),
            effects,
            projections: Projections::None,
            uses: Vec::new(),
            given: Vec::new(),
            arguments: Vec::new(),
            has_where: part.has_where,
        });
    }
    Ok((statements, unanalysed))
}

/// As a query string of several statements is judged: all of them, before any runs.
fn decided(past: &Past, draft: Set<'_>, statements: &[Statement]) -> crate::Decision {
    let parts = statements.iter().flat_map(|statement| {
        draft.policies.decide_explained(
            &past.principal,
            &past.resource,
            statement,
            draft.labels,
            &past.context,
        )
    });
    decide::combine(parts.collect())
}

/// Reads an effect as it was recorded; `None` where the text could have come of other names.
fn effect(text: &str) -> Option<Effect> {
    if let Some((verb, DEPENDENTS)) = text.split_once(' ') {
        let mut effect = parse_effect(&format!("{verb} rows")).ok()?;
        effect.object = Object::Other {
            kind: DEPENDENTS.to_owned(),
            name: String::new(),
        };
        return Some(effect);
    }
    let effect = parse_effect(text).ok()?;
    let is_plain = |name: &str| !name.is_empty() && !name.contains(['.', '(', ')', ',', ' ']);
    let is_certain = match &effect.object {
        Object::Table { schema, name } | Object::Function { schema, name } => {
            is_plain(schema) && is_plain(name)
        }
        // What is done to rows is done to tables: a blank is then one of a name's.
        Object::Other { kind, name } => {
            let is_kind = kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            is_plain(kind) && is_kind && (name.is_empty() || !is_done_to_rows(effect.verb))
        }
        Object::Database => true,
        // Such a word may be the first of a table's name, and what follows it the rest.
        Object::Schema { schema: name }
        | Object::Setting { name }
        | Object::Role { name }
        | Object::Channel { name } => {
            let is_one = !name.is_empty() && !name.contains(['.', '(', ')']);
            is_one && !is_done_to_rows(effect.verb) && effect.columns.is_empty()
        }
    };
    let columns_are_certain = effect.columns.iter().all(|column| is_plain(column));
    (is_certain && columns_are_certain && effect.to_string() == text).then_some(effect)
}

fn is_done_to_rows(verb: Verb) -> bool {
    let verbs = [
        Verb::Select,
        Verb::Insert,
        Verb::Update,
        Verb::Delete,
        Verb::Truncate,
        Verb::Call,
    ];
    verbs.contains(&verb)
}

/// Columns that came back masked, and that the draft shows.
fn shown(past: &Past, draft: Set<'_>) -> Result<Vec<String>, Untold> {
    let mut found = Vec::new();
    for name in &past.masked {
        let column = column(name).ok_or(Untold::Effect)?;
        if !is_hidden(past, draft, &column) {
            found.push(name.clone());
        }
    }
    Ok(found)
}

/// Columns that were read, that the rules of now show and the draft hides.
fn hidden(
    past: &Past,
    statements: &[Statement],
    draft: Set<'_>,
    running: Set<'_>,
) -> Result<Vec<String>, Untold> {
    let effects = statements.iter().flat_map(|statement| &statement.effects);
    let mut found = Vec::new();
    for effect in effects.filter(|effect| effect.verb == Verb::Select) {
        let Object::Table { schema, name } = &effect.object else {
            continue;
        };
        for column in &effect.columns {
            let column = ColumnRef {
                schema: schema.clone(),
                table: name.clone(),
                column: column.clone(),
                type_oid: 0,
            };
            let text = column.to_string();
            let is_known = past.masked.contains(&text) || found.contains(&text);
            if is_known || !is_hidden(past, draft, &column) {
                continue;
            }
            lacking(past, running.policies)?;
            if !is_hidden(past, running, &column) {
                found.push(text);
            }
        }
    }
    Ok(found)
}

/// Whether a column has a label and its values must not be seen.
fn is_hidden(past: &Past, set: Set<'_>, column: &ColumnRef) -> bool {
    let database = &past.resource.database;
    let labels = set
        .labels
        .labels(database, &column.schema, &column.table, &column.column);
    !labels.is_empty()
        && !set.policies.reveals(
            &past.principal,
            &past.resource,
            column,
            set.labels,
            &past.context,
        )
}

fn column(text: &str) -> Option<ColumnRef> {
    let mut names = text.split('.');
    let (schema, table, column) = (names.next()?, names.next()?, names.next()?);
    names.next().is_none().then(|| ColumnRef {
        schema: schema.to_owned(),
        table: table.to_owned(),
        column: column.to_owned(),
        type_oid: 0,
    })
}
