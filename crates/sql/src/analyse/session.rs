//! Statements that change the session: settings, transactions, prepared statements, cursors.

use model::{Object, Usage, Verb};
use pg_query::NodeEnum;
use pg_query::protobuf::{
    DeclareCursorStmt, DiscardMode, ExecuteStmt, Node, TransactionStmt, TransactionStmtKind,
    VariableSetKind, VariableSetStmt, a_const,
};

use super::reach::{self, Knob};
use super::scope::Scope;
use super::{Analysis, Answer, Walk, inner, kind_of, other};
use crate::inspection::{self, Inspected, Step};

/// `CURSOR_OPT_HOLD` of the server's parse tree: DECLARE … WITH HOLD.
const CURSOR_HELD: i32 = 0x20;

/// When a statement that is kept is analysed for good.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Until {
    /// When it is run: it is analysed again then.
    Run,
    /// Now, though its rows come later.
    Fetched,
}

impl<'a> Analysis<'a> {
    pub(crate) fn variable_set(&mut self, set: &VariableSetStmt) {
        let arguments: Vec<&str> = set.args.iter().filter_map(argument).collect();
        let value = (!arguments.is_empty()).then(|| arguments.join(", "));
        match VariableSetKind::try_from(set.kind) {
            // Plain resets go back to what the connection started with, which the gateway chose.
            Ok(VariableSetKind::VarSetDefault | VariableSetKind::VarReset) => {
                self.set(&set.name, None, true);
            }
            Ok(VariableSetKind::VarResetAll) => {
                self.session.state_moved = true;
                self.session.footing_moved = true;
            }
            Ok(VariableSetKind::VarSetValue) => self.set(&set.name, value.as_deref(), false),
            Ok(VariableSetKind::VarSetCurrent) => self.set(&set.name, None, false),
            Ok(VariableSetKind::VarSetMulti) => match set.name.as_str() {
                "TRANSACTION" | "SESSION CHARACTERISTICS" => {}
                "TRANSACTION SNAPSHOT" => {
                    let name = "transaction_snapshot".to_owned();
                    self.effect(Verb::Set, Object::Setting { name });
                    self.effect(Verb::Administer, other("snapshot", ""));
                }
                name => self.unknown("SET", name),
            },
            _ => self.unknown("SET", &set.name),
        }
    }

    /// Sets one setting, by SET or `set_config`; a value that is not known counts as any value.
    pub(crate) fn set(&mut self, name: &str, value: Option<&str>, is_reset: bool) {
        let setting = || Object::Setting {
            name: name.to_ascii_lowercase(),
        };
        self.moves_path |= matches!(reach::setting(name), Knob::Path | Knob::Role);
        match reach::setting(name) {
            Knob::Harmless => {}
            Knob::Path => self.session.state_moved = true,
            Knob::Pinned(_) if is_reset => {}
            Knob::Pinned(pinned) => {
                if !value.is_some_and(|value| same_value(value, pinned)) {
                    self.effect(Verb::Set, setting());
                    self.unknown("setting that is pinned", name);
                    self.session.state_moved = true;
                    self.refused = Some(format!("{name} must stay {pinned}"));
                }
            }
            Knob::Role => {
                self.session.state_moved = true;
                self.session.footing_moved = true;
                // A reset goes back to the role of the login.
                if !is_reset {
                    let name = value.unwrap_or("default").to_owned();
                    self.effect(Verb::SetRole, Object::Role { name });
                }
            }
            Knob::Matters => {
                if crate::state::WATCHED.contains(&name.to_ascii_lowercase().as_str()) {
                    self.session.state_moved = true;
                    self.session.footing_moved = true;
                }
                self.effect(Verb::Set, setting());
            }
        }
    }

    pub(crate) fn transaction(&mut self, transaction: &TransactionStmt) -> &'static str {
        let name = transaction.savepoint_name.clone();
        let two_phase = |analysis: &mut Self| {
            analysis.effect(Verb::Administer, other("prepared_transaction", ""));
        };
        let (step, kind) = match TransactionStmtKind::try_from(transaction.kind) {
            Ok(TransactionStmtKind::TransStmtBegin) => (Step::Begin, "BEGIN"),
            Ok(TransactionStmtKind::TransStmtStart) => (Step::Begin, "START TRANSACTION"),
            Ok(TransactionStmtKind::TransStmtCommit) => (Step::Commit, "COMMIT"),
            Ok(TransactionStmtKind::TransStmtRollback) => (Step::Rollback, "ROLLBACK"),
            Ok(TransactionStmtKind::TransStmtSavepoint) => (Step::Savepoint { name }, "SAVEPOINT"),
            Ok(TransactionStmtKind::TransStmtRelease) => (Step::Release { name }, "RELEASE"),
            Ok(TransactionStmtKind::TransStmtRollbackTo) => {
                (Step::RollbackTo { name }, "ROLLBACK TO")
            }
            Ok(TransactionStmtKind::TransStmtPrepare) => {
                two_phase(self);
                (Step::Commit, "PREPARE TRANSACTION")
            }
            Ok(TransactionStmtKind::TransStmtCommitPrepared) => {
                two_phase(self);
                self.session.catalog_changed = true;
                (Step::None, "COMMIT PREPARED")
            }
            Ok(TransactionStmtKind::TransStmtRollbackPrepared) => {
                two_phase(self);
                (Step::None, "ROLLBACK PREPARED")
            }
            _ => {
                self.unknown("transaction statement", "");
                (Step::None, "TRANSACTION")
            }
        };
        self.session.step = step;
        kind
    }

    /// Analyses a statement that is kept for later, by itself.
    pub(crate) fn kept(&mut self, node: &NodeEnum, until: Until) -> Walk<Inspected> {
        let mut within = Analysis::new(self.catalog, self.view, self.locals);
        within.home = self.home;
        within.depth = self.depth + 8;
        within.stack_base = self.stack_base;
        within.steps = self.steps;
        within.text = self.text;
        let (kind, answer) = within.statement(node)?;
        within.follow_unasked()?;
        self.steps = within.steps;
        if until == Until::Fetched && within.follows {
            // It reads a body when it first calls it: by then it may be another, or mean something else.
            within.unknown("function called by a cursor", "");
        }
        self.shape_safe &= within.shape_safe;
        let inspected = inspection::inspected(within, kind, &answer, 0..0);
        if until == Until::Fetched {
            // Part of it may run at once, and the rest when the transaction ends.
            self.session.take_in(&inspected.session);
        }
        // Keeping it is judged as running it: a forbidden statement is refused early, and once more when it runs.
        for effect in &inspected.statement.effects {
            self.merge(effect);
        }
        self.kept_uses
            .extend(inspected.statement.uses.iter().cloned());
        self.kept_given
            .extend(inspected.statement.given.iter().cloned());
        self.has_where &= inspected.statement.has_where;
        if self.refused.is_none() {
            self.refused.clone_from(&inspected.refused);
        }
        Ok(inspected)
    }

    pub(crate) fn declare_cursor(&mut self, declare: &DeclareCursorStmt) -> Walk<()> {
        let Some(query) = super::boxed(declare.query.as_ref()) else {
            self.unknown("cursor", "");
            return Ok(());
        };
        let inner = Box::new(self.kept(query, Until::Fetched)?);
        self.session.step = Step::DeclareCursor {
            name: declare.portalname.clone(),
            inner,
            held: declare.options & CURSOR_HELD != 0,
        };
        Ok(())
    }

    pub(crate) fn execute(&mut self, execute: &ExecuteStmt) -> Walk<Answer> {
        for argument in &execute.params {
            let value = self.expression(argument, &Scope::default())?;
            self.use_value(&value, Usage::Opaque);
            self.passes(&value);
        }
        let name = execute.name.clone();
        self.session.step = Step::Execute { name: name.clone() };
        Ok(Answer::Named(name))
    }

    pub(crate) fn discard(&mut self, target: i32) {
        match DiscardMode::try_from(target) {
            Ok(DiscardMode::DiscardAll) => {
                self.session.step = Step::DiscardAll;
                self.session.state_moved = true;
                self.session.footing_moved = true;
            }
            Ok(DiscardMode::DiscardTemp) => self.session.state_moved = true,
            Ok(DiscardMode::DiscardPlans | DiscardMode::DiscardSequences) => {}
            _ => self.unknown("DISCARD", ""),
        }
    }

    /// A statement kind that has no arm.
    pub(crate) fn unhandled(&mut self, node: &NodeEnum) -> &'static str {
        self.unknown("statement", &kind_of(node));
        self.session.state_moved = true;
        self.session.catalog_changed = true;
        "UNKNOWN"
    }
}

/// A SET argument as text; a number that no text was kept of counts as unknown.
fn argument(node: &Node) -> Option<&str> {
    match inner(node)? {
        NodeEnum::AConst(constant) => match constant.val.as_ref()? {
            a_const::Val::Sval(text) => Some(&text.sval),
            a_const::Val::Fval(number) => Some(&number.fval),
            a_const::Val::Boolval(truth) => Some(if truth.boolval { "on" } else { "off" }),
            a_const::Val::Ival(number) => Some(match number.ival {
                0 => "0",
                1 => "1",
                _ => "number",
            }),
            a_const::Val::Bsval(_) => None,
        },
        NodeEnum::TypeCast(cast) => argument(cast.arg.as_deref()?),
        _ => None,
    }
}

/// Whether a written value means the pinned one.
fn same_value(written: &str, pinned: &str) -> bool {
    let fold = |text: &str| -> String {
        let kept = text.chars().filter(char::is_ascii_alphanumeric);
        kept.map(|c| c.to_ascii_lowercase()).collect()
    };
    let written = fold(written);
    match pinned {
        "UTF8" => written == "utf8" || written == "unicode",
        "on" => matches!(written.as_str(), "on" | "true" | "yes" | "1"),
        "off" => matches!(written.as_str(), "off" | "false" | "no" | "0"),
        other => written == fold(other),
    }
}

#[cfg(test)]
mod tests {
    use super::same_value;

    #[test]
    fn pinned_values() {
        let check = |written, pinned, expect| assert_eq!(same_value(written, pinned), expect);
        check("utf-8", "UTF8", true);
        check("Unicode", "UTF8", true);
        check("SJIS", "UTF8", false);
        check("TRUE", "on", true);
        check("off", "on", false);
        check("safe_encoding", "safe_encoding", true);
    }
}
