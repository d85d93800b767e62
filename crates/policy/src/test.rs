//! Cases for `portcullis policy test`: who asks for what, and what must come of it.
//!
//! Reads no file and parses no SQL: the caller analyses statements and knows the labels. The file's form is
//! described in `docs/policy.md`.

use std::collections::BTreeMap;

use model::{
    ColumnRef, Effect, Object, Outcome, Principal, PrincipalKind, Projections, Resource,
    ResourceName, Statement, Verb,
};
use serde::Deserialize;

use crate::{Context, Decision, Labels, PolicySet};

/// Analyses an SQL text on one resource, or says why it cannot.
pub type Analyse<'a> = dyn Fn(&Resource, &str) -> Result<Vec<Statement>, String> + 'a;

/// What a run needs from outside.
pub struct Bench<'a> {
    /// The labels of one resource's columns.
    pub labels: &'a dyn Fn(&Resource) -> Box<dyn Labels + 'a>,
    /// The statements of an SQL text on one resource.
    pub analyse: &'a Analyse<'a>,
}

/// How one case went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaseReport {
    /// The case's name.
    pub name: String,
    /// What was decided: `allow`, `hold`, `deny`.
    pub outcome: &'static str,
    /// The rules that determined it.
    pub rules: Vec<String>,
    /// What differs from the expectation; empty when the case passed.
    pub differences: Vec<String>,
}

/// Why a file of cases cannot be run.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct CasesError {
    /// What is wrong, and where.
    pub message: String,
}

impl CasesError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}

/// Runs every case of a file against a policy set, in the file's order.
///
/// # Errors
/// [`CasesError`] when the file is malformed or names what it does not define.
pub fn run(set: &PolicySet, file: &str, bench: &Bench<'_>) -> Result<Vec<CaseReport>, CasesError> {
    let file: File = toml::from_str(file).map_err(|e| CasesError::new(e.to_string()))?;
    let mut resources = BTreeMap::new();
    for (name, raw) in &file.resource {
        resources.insert(name.as_str(), resource(name, raw)?);
    }
    let mut reports = Vec::with_capacity(file.case.len());
    for case in &file.case {
        let wrong = |message: String| CasesError::new(format!("case `{}`: {message}", case.name));
        let principal = principal(&file.principal, &case.who, 0).map_err(wrong)?;
        let asked = Asked {
            set,
            bench,
            principal,
            resource: chosen(&resources, case.on.as_deref()).map_err(wrong)?,
            context: context(case),
        };
        let decision = asked.decide(case).map_err(wrong)?;
        reports.push(report(case, &decision));
    }
    Ok(reports)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    principal: BTreeMap<String, RawPrincipal>,
    #[serde(default)]
    resource: BTreeMap<String, RawResource>,
    #[serde(default)]
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPrincipal {
    #[serde(default)]
    kind: RawKind,
    #[serde(default)]
    groups: Vec<String>,
    issuer: Option<String>,
    subject: Option<String>,
    email: Option<String>,
    acts_for: Option<String>,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum RawKind {
    #[default]
    Human,
    Agent,
    Workload,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawResource {
    protocol: Option<String>,
    database: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(rename = "as")]
    who: String,
    on: Option<String>,
    sql: Option<String>,
    effects: Option<Vec<String>>,
    connect: Option<bool>,
    reveal: Option<String>,
    act: Option<String>,
    has_where: Option<bool>,
    statement: Option<String>,
    application: Option<String>,
    address: Option<String>,
    in_transaction: Option<bool>,
    time: Option<i64>,
    expect: Expect,
    #[serde(default)]
    rules: Vec<String>,
    approvals: Option<Vec<String>>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Expect {
    Allow,
    Hold,
    Deny,
}

fn resource(name: &str, raw: &RawResource) -> Result<Resource, CasesError> {
    let legal = ResourceName::new(name);
    Ok(Resource {
        name: legal.ok_or_else(|| CasesError::new(format!("`{name}` names no resource")))?,
        protocol: raw.protocol.clone().unwrap_or_else(|| "postgres".into()),
        database: raw.database.clone().unwrap_or_else(|| name.to_owned()),
        tags: raw.tags.clone(),
    })
}

fn principal(
    all: &BTreeMap<String, RawPrincipal>,
    name: &str,
    depth: usize,
) -> Result<Principal, String> {
    let raw = all.get(name);
    let raw = raw.ok_or_else(|| format!("there is no [principal.{name}]"))?;
    if depth > all.len() {
        return Err(format!("[principal.{name}] acts for itself"));
    }
    let human = raw.acts_for.as_deref();
    let human = human.map(|human| principal(all, human, depth + 1));
    let mut groups = raw.groups.clone();
    groups.sort();
    groups.dedup();
    Ok(Principal {
        issuer: raw.issuer.clone().unwrap_or_else(|| "test".to_owned()),
        subject: raw.subject.clone().unwrap_or_else(|| name.to_owned()),
        name: name.to_owned(),
        email: raw.email.clone(),
        kind: match raw.kind {
            RawKind::Human => PrincipalKind::Human,
            RawKind::Agent => PrincipalKind::Agent,
            RawKind::Workload => PrincipalKind::Workload,
        },
        groups,
        acts_for: human.transpose()?.map(Box::new),
    })
}

/// The resource that a case names, or the only one there is.
fn chosen<'a>(
    all: &'a BTreeMap<&str, Resource>,
    name: Option<&str>,
) -> Result<Option<&'a Resource>, String> {
    match name {
        Some(name) => match all.get(name) {
            Some(resource) => Ok(Some(resource)),
            None => Err(format!("there is no [resource.{name}]")),
        },
        None if all.len() > 1 => Err("`on` must say on which resource".to_owned()),
        None => Ok(all.values().next()),
    }
}

fn context(case: &Case) -> Context {
    Context {
        application: case.application.clone().unwrap_or_default(),
        address: case.address.clone().unwrap_or_default(),
        in_transaction: case.in_transaction.unwrap_or_default(),
        unix_seconds: case.time.unwrap_or_default(),
    }
}

struct Asked<'a, 'b> {
    set: &'a PolicySet,
    bench: &'a Bench<'b>,
    principal: Principal,
    resource: Option<&'a Resource>,
    context: Context,
}

impl Asked<'_, '_> {
    fn decide(&self, case: &Case) -> Result<Decision, String> {
        let asks = [
            case.sql.is_some(),
            case.effects.is_some(),
            case.connect == Some(true),
            case.reveal.is_some(),
            case.act.is_some(),
        ];
        if asks.iter().filter(|asked| **asked).count() != 1 {
            return Err("exactly one of sql, effects, connect, reveal, act".to_owned());
        }
        if let Some(act) = &case.act {
            let may = self.set.administers(&self.principal, act, &self.context);
            return Ok(plain(may));
        }
        let resource = self.resource.ok_or("there is no [resource.…]")?;
        if let Some(column) = &case.reveal {
            let column = parse_column(column)?;
            let labels = (self.bench.labels)(resource);
            let shown =
                self.set
                    .reveals(&self.principal, resource, &column, &*labels, &self.context);
            return Ok(plain(shown));
        }
        if case.connect == Some(true) {
            return Ok(self.set.connect(&self.principal, resource, &self.context));
        }
        let statements = match (&case.sql, &case.effects) {
            (Some(sql), _) => (self.bench.analyse)(resource, sql)?,
            (None, Some(effects)) => vec![statement(case, effects)?],
            (None, None) => Vec::new(),
        };
        Ok(self.statements(resource, &statements))
    }

    /// As a query string of several statements is judged: all of them, before any runs.
    fn statements(&self, resource: &Resource, statements: &[Statement]) -> Decision {
        let labels = (self.bench.labels)(resource);
        let parts = statements.iter().flat_map(|statement| {
            self.set.decide_explained(
                &self.principal,
                resource,
                statement,
                &*labels,
                &self.context,
            )
        });
        crate::decide::combine(parts.collect())
    }
}

fn plain(allowed: bool) -> Decision {
    Decision {
        outcome: if allowed {
            Outcome::Allow
        } else {
            Outcome::Deny
        },
        reasons: Vec::new(),
        approvals: Vec::new(),
        hint: None,
    }
}

fn statement(case: &Case, effects: &[String]) -> Result<Statement, String> {
    let effects = effects.iter().map(|text| parse_effect(text));
    Ok(Statement {
        range: 0..0,
        kind: case.statement.clone().unwrap_or_default(),
        effects: effects.collect::<Result<_, _>>()?,
        projections: Projections::None,
        uses: Vec::new(),
        given: Vec::new(),
        arguments: Vec::new(),
        has_where: case.has_where.unwrap_or(true),
    })
}

fn report(case: &Case, decision: &Decision) -> CaseReport {
    let mut differences = Vec::new();
    let expected = match case.expect {
        Expect::Allow => Outcome::Allow,
        Expect::Hold => Outcome::Hold,
        Expect::Deny => Outcome::Deny,
    };
    if decision.outcome != expected {
        differences.push(format!(
            "expected {}, decided {}",
            expected.as_str(),
            decision.outcome.as_str()
        ));
    }
    let rules: Vec<_> = decision.reasons.iter().map(|r| r.rule.clone()).collect();
    for rule in case.rules.iter().filter(|rule| !rules.contains(rule)) {
        differences.push(format!("`{rule}` did not determine it"));
    }
    let approvals: Vec<_> = decision.approvals.iter().map(ToString::to_string).collect();
    if let Some(expected) = &case.approvals {
        let mut expected = expected.clone();
        expected.sort();
        let mut actual = approvals.clone();
        actual.sort();
        if expected != actual {
            let (expected, actual) = (expected.join(", "), actual.join(", "));
            differences.push(format!("expected approval by {expected}, not by {actual}"));
        }
    }
    CaseReport {
        name: case.name.clone(),
        outcome: decision.outcome.as_str(),
        rules,
        differences,
    }
}

/// Reads an effect as [`Effect`] prints it: `delete public.orders`, `select public.customers (email, id)`,
/// `connect database`, `create schema audit`, `call public.refund()`, `set setting work_mem`.
///
/// # Errors
/// What is wrong with the text. Names that hold blanks, dots or parentheses cannot be written this way.
pub fn parse_effect(text: &str) -> Result<Effect, String> {
    let wrong = || format!("`{text}` is no effect: a verb, an object, and perhaps (columns)");
    let (verb, rest) = text.trim().split_once(' ').ok_or_else(wrong)?;
    let known = Verb::ALL.into_iter().find(|known| known.as_str() == verb);
    let verb = known.ok_or_else(|| format!("`{verb}` is no verb"))?;
    let (object, columns) = match rest.trim().split_once(" (") {
        Some((object, columns)) => {
            let columns = columns.strip_suffix(')').ok_or_else(wrong)?;
            (object, columns.split(',').map(str::trim).collect())
        }
        None => (rest.trim(), Vec::new()),
    };
    let mut columns: Vec<_> = columns.into_iter().map(str::to_owned).collect();
    columns.sort();
    Ok(Effect {
        verb,
        object: parse_object(object).ok_or_else(wrong)?,
        columns,
    })
}

fn parse_object(text: &str) -> Option<Object> {
    if text == "database" {
        return Some(Object::Database);
    }
    if let Some((kind, name)) = text.split_once(' ') {
        let (kind, name) = (kind.to_owned(), name.trim().to_owned());
        return Some(match kind.as_str() {
            "schema" => Object::Schema { schema: name },
            "setting" => Object::Setting { name },
            "role" => Object::Role { name },
            "channel" => Object::Channel { name },
            _ => Object::Other { kind, name },
        });
    }
    let Some((schema, name)) = text.split_once('.') else {
        let (kind, name) = (text.to_owned(), String::new());
        return (!text.is_empty()).then_some(Object::Other { kind, name });
    };
    let schema = schema.to_owned();
    Some(match name.strip_suffix("()") {
        Some(function) => Object::Function {
            schema,
            name: function.to_owned(),
        },
        None => Object::Table {
            schema,
            name: name.to_owned(),
        },
    })
}

fn parse_column(text: &str) -> Result<ColumnRef, String> {
    let parts: Vec<_> = text.split('.').collect();
    let [schema, table, column] = parts.as_slice() else {
        return Err(format!("`{text}` is not schema.table.column"));
    };
    Ok(ColumnRef {
        schema: (*schema).to_owned(),
        table: (*table).to_owned(),
        column: (*column).to_owned(),
        type_oid: 0,
    })
}
