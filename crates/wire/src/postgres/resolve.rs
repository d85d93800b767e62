//! What names in a text stand for: prepared statements and cursors, followed to the statements behind them.
//!
//! Decides nothing. A name that is not known here is never taken for harmless.

use std::collections::HashMap;
use std::sync::Arc;

use model::effect::Object;
use model::{Effect, Projections, Statement, Verb};
use sql::{Inspected, SessionChange, Step};

use super::action::{Judged, Pause};
use super::bound::{join, naming};
use super::portal::{Found, Origin, RESERVED};
use super::session::Session;

/// What a name in a text stands for.
enum Meant {
    /// This statement, what it does to the session, and its text.
    It(Statement, SessionChange, String),
    /// Nothing that is known here, and what it is taken for.
    Missing(Missing, Statement),
}

/// A prepared statement or cursor that is not known here; a function may have made it.
#[derive(Clone, Debug)]
pub(crate) struct Missing {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Session {
    /// Joins in what named statements and cursors do.
    pub(crate) fn resolve(&mut self, judged: &mut Judged) -> Result<(), Pause> {
        if judged.changes.is_empty() {
            return Ok(());
        }
        let changes = Arc::clone(&judged.changes);
        let mut local: HashMap<(bool, &str), &Inspected> = HashMap::new();
        let mut joined: Option<(Vec<Statement>, Vec<SessionChange>)> = None;
        let mut moved = false;
        for (index, change) in changes.iter().enumerate() {
            let was_moved = moved;
            moved |= change.state_moved || ends(&change.step);
            let named: Option<(bool, &str)> = match &change.step {
                Step::Prepare { name, inner } => {
                    check_reserved(name)?;
                    local.insert((false, name), inner);
                    None
                }
                Step::DeclareCursor { name, inner, .. } => {
                    check_reserved(name)?;
                    self.check_room(name, local.len())?;
                    local.insert((true, name), inner);
                    None
                }
                Step::Execute { name } => Some((false, name)),
                Step::Fetch { name } | Step::Move { name } => Some((true, name)),
                _ => None,
            };
            let Some(key) = named else { continue };
            let (mut inner, does) = match local.get(&key) {
                Some(inner) => (inner.statement.clone(), inner.session.clone()),
                None => match self.named_statement(key)? {
                    Meant::It(statement, does, text) => {
                        let what = if key.0 {
                            "cursor"
                        } else {
                            "prepared statement"
                        };
                        judged.named.push(naming(what, key.1, &text));
                        (statement, does)
                    }
                    Meant::Missing(missing, statement) => {
                        judged.missing.get_or_insert(missing);
                        (statement, unread())
                    }
                },
            };
            if was_moved {
                inner.effects.push(unanalysed(
                    "statement after one that moves name resolution",
                    key.1,
                ));
            }
            moved |= does.state_moved;
            let (statements, changes) =
                joined.get_or_insert_with(|| (judged.statements.to_vec(), changes.to_vec()));
            if let Some(outer) = statements.get_mut(index) {
                join(outer, inner);
            }
            if let Some(outer) = changes.get_mut(index) {
                outer.take_in(&does);
            }
        }
        if let Some((statements, changes)) = joined {
            judged.statements = statements.into();
            judged.changes = changes.into();
            judged.key = 0;
            judged.by_name = true;
        }
        Ok(())
    }

    /// Whether one more cursor may be opened beside those of this text.
    fn check_room(&self, name: &str, more: usize) -> Result<(), Pause> {
        let known = self.portals.find(name.as_bytes(), self.batches);
        let full = self.portals.len().saturating_add(more) >= self.limits.portals_max;
        if full && matches!(known, Found::Nothing) {
            let message = "too many portals in this session".to_owned();
            return Err(Pause::Never("54000", message));
        }
        Ok(())
    }

    /// The statement behind a prepared name or (`cursor`) a portal's name, and its text.
    fn named_statement(&mut self, (cursor, name): (bool, &str)) -> Result<Meant, Pause> {
        if cursor {
            return match self.portal(name.as_bytes()) {
                Found::It(portal) => Ok(match portal.statements.first() {
                    Some(statement) => {
                        let does = match &portal.origin {
                            Origin::Declare { does, .. } => does.clone(),
                            Origin::Bind { changes, .. } => one(changes),
                        };
                        Meant::It(statement.clone(), does, portal.source.to_string())
                    }
                    None => missing("34000", "cursor", name),
                }),
                Found::Nothing => Ok(missing("34000", "cursor", name)),
                Found::Ambiguous => self.wait(),
            };
        }
        let prepared = match self.statements.find(name.as_bytes(), self.batches) {
            Found::It(prepared) => prepared,
            Found::Nothing => return Ok(missing("26000", "prepared statement", name)),
            Found::Ambiguous => return self.wait(),
        };
        let Some(analysis) = self.analysis(&prepared.source) else {
            return Err(Pause::Wait);
        };
        let judged = self
            .prepared_now(&prepared, &analysis)
            .map_err(|message| Pause::Never("0A000", message))?;
        let plain = |change: &SessionChange| matches!(change.step, Step::None);
        match &*judged.statements {
            [statement] if judged.changes.iter().all(plain) && analysis.objection.is_none() => {
                let text = prepared.text(&analysis).to_owned();
                Ok(Meant::It(statement.clone(), one(&judged.changes), text))
            }
            _ => Err(Pause::Never(
                "0A000",
                format!("prepared statement \"{name}\" cannot be run by EXECUTE"),
            )),
        }
    }
}

/// What stands for a name that is not known here. Nothing can be said of it, so it passes only where everything may,
/// and then the server says whether there is such a thing.
fn missing(code: &'static str, what: &str, name: &str) -> Meant {
    let effect = unanalysed(&format!("{what} that this session did not make"), name);
    let statement = Statement {
        range: 0..0,
        kind: String::new(),
        effects: vec![effect],
        projections: Projections::None,
        uses: Vec::new(),
        given: Vec::new(),
        arguments: Vec::new(),
        has_where: true,
    };
    let message = format!("{what} \"{name}\" does not exist");
    Meant::Missing(Missing { code, message }, statement)
}

fn unanalysed(kind: &str, name: &str) -> Effect {
    Effect {
        verb: Verb::Unanalysed,
        object: Object::Other {
            kind: kind.to_owned(),
            name: name.to_owned(),
        },
        columns: Vec::new(),
    }
}

/// What one statement does to the session; the changes of those that do nothing are not kept.
fn one(changes: &[SessionChange]) -> SessionChange {
    changes.first().cloned().unwrap_or_default()
}

/// What may be done to the session by what is not known.
fn unread() -> SessionChange {
    SessionChange {
        state_moved: true,
        catalog_changed: true,
        unread: true,
        ..SessionChange::default()
    }
}

/// Whether a step takes back what was set in the transaction.
fn ends(step: &Step) -> bool {
    matches!(
        step,
        Step::Commit | Step::Rollback | Step::RollbackTo { .. } | Step::DiscardAll
    )
}

fn check_reserved(name: &str) -> Result<(), Pause> {
    if name.as_bytes().starts_with(RESERVED) {
        let message = "this name may not be used through the gateway".to_owned();
        return Err(Pause::Never("42602", message));
    }
    Ok(())
}
