//! Policy files to a validated set, sliced by action.
//!
//! Reads no file itself; every problem of every file is reported, and one is enough to refuse the set.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use cedar_policy::{
    ActionConstraint, Effect as Kind, Policy, PolicyId, PolicySet as CedarSet, ValidationMode,
    ValidationWarning, Validator,
};
use miette::Diagnostic;
use model::Verb;

use crate::approval::ApprovalRule;
use crate::asks::Asks;
use crate::vocabulary::{ACTS, Vocabulary};

/// The annotations that mean something here; any other is a mistake.
const ANNOTATIONS: [&str; 4] = ["id", "approval", "reason", "hint"];

/// One policy and what its annotations say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) file: String,
    pub(crate) text: String,
    pub(crate) approval: Option<ApprovalRule>,
    pub(crate) reason: Option<String>,
    pub(crate) hint: Option<String>,
}

/// The policies that can apply to one action.
#[derive(Debug)]
pub(crate) struct Slice {
    pub(crate) set: CedarSet,
    /// None of them is a `forbid`.
    pub(crate) only_permits: bool,
}

/// What loading yields.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) rules: BTreeMap<String, Rule>,
    pub(crate) slices: BTreeMap<&'static str, Slice>,
    pub(crate) warnings: Vec<String>,
    pub(crate) asks: Asks,
}

/// Parses, checks and validates all files.
pub(crate) fn load(words: &Vocabulary, files: &[(String, String)]) -> Result<Loaded, Vec<String>> {
    let mut problems = Vec::new();
    let mut rules = BTreeMap::new();
    let mut policies = Vec::new();
    for (file, text) in files {
        for policy in parse_file(file, text, &mut problems) {
            let place = place(text, offset_of(text, &policy));
            match rule(file, &policy) {
                Ok(rule) if rules.contains_key(&rule.id) => {
                    problems.push(format!("{file}{place}: the id `{}` is taken", rule.id));
                }
                Ok(rule) => {
                    rules.insert(rule.id.clone(), rule);
                    policies.push(policy);
                }
                Err(found) => {
                    let id = policy.id();
                    problems.extend(found.iter().map(|p| format!("{file}{place}: `{id}`: {p}")));
                }
            }
        }
    }
    let warnings = validate(words, files, &rules, &policies, &mut problems);
    let slices = slice(&policies, &mut problems);
    if problems.is_empty() {
        Ok(Loaded {
            rules,
            slices,
            warnings,
            asks: Asks::of(&policies),
        })
    } else {
        Err(problems)
    }
}

/// The policies of one file in their order, under their final ids.
fn parse_file(file: &str, text: &str, problems: &mut Vec<String>) -> Vec<Policy> {
    let set = match CedarSet::from_str(text) {
        Ok(set) => set,
        Err(errors) => {
            let errors = errors.iter();
            problems.extend(errors.map(|e| format!("{file}{}: {e}", spot(text, e))));
            return Vec::new();
        }
    };
    if set.num_of_templates() > 0 {
        problems.push(format!(
            "{file}: templates (`?principal`, `?resource`) are not supported"
        ));
    }
    let mut policies: Vec<_> = set.policies().cloned().collect();
    // Cedar names them `policy0`, `policy1`, … in the file's order.
    let number = |p: &Policy| {
        let digits = id_text(p.id()).trim_start_matches("policy").to_owned();
        digits.parse::<usize>().unwrap_or(usize::MAX)
    };
    policies.sort_by_key(number);
    let numbered = policies.into_iter().zip(1_usize..);
    let named = numbered.map(|(policy, number)| {
        let id = match policy.annotation("id") {
            Some(id) => id.to_owned(),
            None => format!("{file}#{number}"),
        };
        policy.new_id(PolicyId::new(id))
    });
    named.collect()
}

/// Checks one policy's annotations.
fn rule(file: &str, policy: &Policy) -> Result<Rule, Vec<String>> {
    let mut problems = Vec::new();
    for (name, value) in policy.annotations() {
        if !ANNOTATIONS.contains(&name) {
            let known = ANNOTATIONS.map(|a| format!("@{a}")).join(", ");
            problems.push(format!("unknown annotation `@{name}`; known: {known}"));
        } else if value.trim().is_empty() {
            problems.push(format!("`@{name}` says nothing"));
        } else if value.chars().any(char::is_control) {
            problems.push(format!("`@{name}` holds control characters"));
        }
    }
    let id = id_text(policy.id()).to_owned();
    if id.starts_with("portcullis.") {
        problems.push("ids that start with `portcullis.` are built-in rules".to_owned());
    }
    if policy.annotation("approval").is_some() && policy.effect() == Kind::Forbid {
        problems.push("`@approval` on a `forbid`: approvals never outweigh a forbid".to_owned());
    }
    let approval = policy.annotation("approval").map(ApprovalRule::from_str);
    let approval = approval.transpose().unwrap_or_else(|error| {
        problems.push(error.to_string());
        None
    });
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Rule {
        id,
        file: file.to_owned(),
        text: policy.to_cedar().unwrap_or_else(|| policy.to_string()),
        approval,
        reason: policy.annotation("reason").map(str::to_owned),
        hint: policy.annotation("hint").map(str::to_owned),
    })
}

/// Validates strictly. A policy that can never apply is an error: a mistake, or a hole where a forbid was meant.
fn validate(
    words: &Vocabulary,
    files: &[(String, String)],
    rules: &BTreeMap<String, Rule>,
    policies: &[Policy],
    problems: &mut Vec<String>,
) -> Vec<String> {
    let set = match CedarSet::from_policies(policies.iter().cloned()) {
        Ok(set) => set,
        Err(error) => {
            problems.push(error.to_string());
            return Vec::new();
        }
    };
    let message = |id: &PolicyId, error: &dyn Diagnostic| {
        let file = rules.get(id_text(id)).map_or("", |r| r.file.as_str());
        let text = files.iter().find(|(name, _)| name == file);
        let spot = text.map(|(_, text)| spot(text, error)).unwrap_or_default();
        let help = error.help().map(|h| format!(" ({h})")).unwrap_or_default();
        format!("{file}{spot}: {error}{help}")
    };
    let result = Validator::new(words.schema.clone()).validate(&set, ValidationMode::Strict);
    let mut errors: Vec<_> = result
        .validation_errors()
        .map(|e| message(e.policy_id(), e))
        .collect();
    let mut warnings = Vec::new();
    for warning in result.validation_warnings() {
        let text = message(warning.policy_id(), warning);
        match warning {
            ValidationWarning::ImpossiblePolicy(_) => errors.push(text),
            _ => warnings.push(text),
        }
    }
    errors.sort();
    warnings.sort();
    problems.extend(errors);
    warnings
}

/// Sorts the policies by the actions that they can apply to.
fn slice(policies: &[Policy], problems: &mut Vec<String>) -> BTreeMap<&'static str, Slice> {
    let verbs = Verb::ALL
        .iter()
        .map(|v| (v.as_str(), v.group().map(|g| g.as_str())));
    let actions = verbs.chain(ACTS.iter().map(|act| (*act, None)));
    let slices = actions.map(|(action, group)| {
        let applies = |policy: &&Policy| {
            let named = scope(policy);
            named.is_none_or(|names| {
                names.contains(action) || group.is_some_and(|group| names.contains(group))
            })
        };
        let chosen: Vec<_> = policies.iter().filter(applies).cloned().collect();
        let only_permits = chosen.iter().all(|p| p.effect() == Kind::Permit);
        let set = CedarSet::from_policies(chosen).unwrap_or_else(|error| {
            problems.push(error.to_string());
            CedarSet::new()
        });
        (action, Slice { set, only_permits })
    });
    slices.collect()
}

/// The actions and groups that a policy's scope names; `None` for all.
fn scope(policy: &Policy) -> Option<BTreeSet<String>> {
    let named = match policy.action_constraint() {
        ActionConstraint::Any => return None,
        ActionConstraint::In(uids) => uids,
        ActionConstraint::Eq(uid) => vec![uid],
    };
    let ids = named.iter().map(|uid| uid.id().unescaped().to_owned());
    Some(ids.collect())
}

fn id_text(id: &PolicyId) -> &str {
    id.as_ref()
}

/// Where a policy stands in its file, by its text.
fn offset_of(text: &str, policy: &Policy) -> Option<usize> {
    text.find(policy.to_cedar()?.trim())
}

/// `:line:column` of an error's first label, or nothing.
fn spot(text: &str, error: &dyn Diagnostic) -> String {
    let label = error.labels().and_then(|mut labels| labels.next());
    place(text, label.map(|l| l.offset()))
}

/// `:line:column` of a byte offset, both from 1.
fn place(text: &str, offset: Option<usize>) -> String {
    let Some(before) = offset.and_then(|offset| text.get(..offset)) else {
        return String::new();
    };
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before[start..].chars().count() + 1;
    format!(":{line}:{column}")
}
