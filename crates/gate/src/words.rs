//! The words of a refusal, kept to what the statement itself names.
//!
//! Must never name an object that the client did not: a view's tables, a function's reach and another's policy
//! stay unsaid.

use contract::visible::single_line;
use model::{Action, ApprovalId, Object, Reason, Refusal, RefusalKind};
use policy::ApprovalRule;

use crate::judge::{Judged, NOT_UNDERSTOOD};
use crate::ports::Denial;

/// Effects and reasons listed in one refusal; the rest is counted.
const LISTED_MAX: usize = 8;

/// The refusal of a denied action.
pub(crate) fn denied(action: &Action, judged: &Judged) -> Refusal {
    let spoken = Spoken::new(action);
    let not_understood = judged.reasons.iter().any(|r| r.rule == NOT_UNDERSTOOD);
    let kind = match not_understood {
        true => RefusalKind::NotUnderstood,
        false => RefusalKind::Denied,
    };
    let message = match (judged.reasons.first(), kind) {
        (Some(reason), RefusalKind::NotUnderstood) => format!("not understood: {}", reason.text),
        (Some(reason), _) => spoken.denied_by(reason),
        (None, _) => "denied".to_owned(),
    };
    let mut refusal = Refusal::new(kind, message);
    refusal.may_quote = !judged.sensitive;
    refusal.detail = spoken.detail(judged);
    refusal.hint = judged.hint.as_deref().and_then(|hint| spoken.keep(hint));
    refusal
}

/// The refusal of data that holds a mask of a hidden column.
pub(crate) fn masked(action: &Action, reason: &Reason, hint: &str) -> Refusal {
    let spoken = Spoken::new(action);
    let mut refusal = Refusal::new(RefusalKind::Denied, spoken.denied_by(reason));
    refusal.hint = Some(hint.to_owned());
    refusal
}

/// The refusal that hands out a ticket.
pub(crate) fn ticket(id: ApprovalId, approvals: &[ApprovalRule], url: Option<&str>) -> Refusal {
    let mut refusal = Refusal::new(
        RefusalKind::Pending,
        format!("approval is pending under ticket {}", id.ticket()),
    );
    refusal.detail = Some(format!("It needs {}.", who(approvals)));
    refusal.hint = Some(match url {
        Some(url) => {
            format!("once approved at {url}, run the same statement again within the ticket's life")
        }
        None => "once approved, run the same statement again within the ticket's life".to_owned(),
    });
    refusal.ticket = Some(id);
    refusal
}

/// The refusal of a held action that ended without approval.
pub(crate) fn unapproved(kind: RefusalKind, id: ApprovalId, message: &str) -> Refusal {
    let mut refusal = Refusal::new(kind, format!("{message} (ticket {})", id.ticket()));
    refusal.ticket = Some(id);
    refusal
}

/// The refusal of what people said no to, with who said it and why.
pub(crate) fn disapproved(id: ApprovalId, denial: Option<&Denial>) -> Refusal {
    let mut refusal = unapproved(RefusalKind::Disapproved, id, "approval was refused");
    refusal.detail = denial.map(|denial| match single_line(denial.comment.trim()).as_str() {
        "" => format!("Denied by {}.", single_line(&denial.name)),
        comment => format!("Denied by {}: {comment}", single_line(&denial.name)),
    });
    refusal.hint = Some(
        "ask for something else: the same statement stays refused until the request lapses"
            .to_owned(),
    );
    refusal
}

/// Who must answer, in words: `one of dba and two of security`.
pub(crate) fn who(approvals: &[ApprovalRule]) -> String {
    let words: Vec<String> = approvals.iter().map(one_rule).collect();
    words.join(" and ")
}

fn one_rule(rule: &ApprovalRule) -> String {
    match rule {
        ApprovalRule::Group { group, count: 1 } => format!("one of {group}"),
        ApprovalRule::Group { group, count } => format!("{count} of {group}"),
        ApprovalRule::Owner => "the human whom the agent acts for".to_owned(),
    }
}

/// What the client said, and what it did not and therefore must not hear.
struct Spoken {
    text: String,
    unsaid: Vec<String>,
    effects: Vec<String>,
    effects_unsaid: usize,
}

impl Spoken {
    fn denied_by(&self, reason: &Reason) -> String {
        format!("denied by {}: {}", reason.rule, self.say(&reason.text))
    }

    fn new(action: &Action) -> Self {
        let mut spoken = Self {
            text: action.text.to_lowercase(),
            unsaid: Vec::new(),
            effects: Vec::new(),
            effects_unsaid: 0,
        };
        for statement in action.statements.iter() {
            for effect in &statement.effects {
                match hidden_name(&effect.object).filter(|name| !spoken.says(name)) {
                    None => spoken.effects.push(effect.to_string()),
                    Some(name) => {
                        spoken.unsaid.push(name.to_lowercase());
                        spoken.effects_unsaid += 1;
                    }
                }
            }
            for column in sources(statement) {
                if !spoken.says(&column.table) {
                    spoken.unsaid.push(column.table.to_lowercase());
                }
            }
        }
        spoken
    }

    fn says(&self, name: &str) -> bool {
        contains_word(&self.text, &name.to_lowercase())
    }

    /// The text when it names nothing unsaid.
    fn keep(&self, text: &str) -> Option<String> {
        let lower = text.to_lowercase();
        let leaks = self.unsaid.iter().any(|name| contains_word(&lower, name));
        (!leaks).then(|| text.to_owned())
    }

    /// The text, or something that says less.
    fn say(&self, text: &str) -> String {
        let blurred = || "it reaches an object beyond those it names".to_owned();
        self.keep(text).unwrap_or_else(blurred)
    }

    fn detail(&self, judged: &Judged) -> Option<String> {
        let mut parts = Vec::new();
        if !self.effects.is_empty() || self.effects_unsaid > 0 {
            let mut listed: Vec<String> = self.effects.iter().take(LISTED_MAX).cloned().collect();
            let more = self.effects.len().saturating_sub(LISTED_MAX) + self.effects_unsaid;
            if more > 0 {
                listed.push(format!("{more} more"));
            }
            parts.push(format!("Effects: {}.", listed.join("; ")));
        }
        let reasons = judged
            .reasons
            .iter()
            .take(LISTED_MAX)
            .map(|reason: &Reason| format!("{}: {}", reason.rule, self.say(&reason.text)));
        let reasons: Vec<String> = reasons.collect();
        if !reasons.is_empty() {
            parts.push(format!("Rules: {}.", reasons.join("; ")));
        }
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}

/// The name by which an object would be given away, when it has one of its own.
fn hidden_name(object: &Object) -> Option<&str> {
    match object {
        Object::Database => None,
        Object::Schema { schema } => Some(schema),
        Object::Table { name, .. }
        | Object::Function { name, .. }
        | Object::Setting { name }
        | Object::Role { name }
        | Object::Channel { name } => Some(name),
        Object::Other { name, .. } => (!name.is_empty()).then_some(last_part(name)),
    }
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn sources(statement: &model::Statement) -> impl Iterator<Item = &model::ColumnRef> {
    let projected = match &statement.projections {
        model::Projections::Columns(columns) => columns.as_slice(),
        model::Projections::None | model::Projections::Named(_) => &[],
    };
    let projected = projected.iter().flat_map(model::Projection::sources);
    projected.chain(statement.uses.iter().map(|used| &used.column))
}

/// Whether `text` has `word` standing free of other identifier characters.
fn contains_word(text: &str, word: &str) -> bool {
    if word.is_empty() {
        return true;
    }
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    text.match_indices(word).any(|(at, found)| {
        let before = text[..at].chars().next_back();
        let after = text[at + found.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, word: &str, expect: bool) {
        assert_eq!(contains_word(text, word), expect, "{word:?} in {text:?}");
    }

    #[test]
    fn words_stand_free() {
        check("select * from orders", "orders", true);
        check("select * from public.orders;", "orders", true);
        check("select * from \"orders\"", "orders", true);
        check("select * from orders_view", "orders", false);
        check("select * from my_orders", "orders", false);
        check("select 1", "orders", false);
        check("", "x", false);
        check("é orders é", "orders", true);
    }

    #[test]
    fn rules_are_worded() {
        let rules = [
            ApprovalRule::Group {
                group: "dba".into(),
                count: 1,
            },
            ApprovalRule::Group {
                group: "security".into(),
                count: 2,
            },
            ApprovalRule::Owner,
        ];
        assert_eq!(
            who(&rules),
            "one of dba and 2 of security and the human whom the agent acts for"
        );
    }
}
