//! How far analysed statements reach, read off the catalog: relations, estimated rows, cascades, triggers.
//!
//! Asks the server nothing, and decides nothing. Estimates are the server's own, as last read.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use model::{Effect, Object, Reach, Statement, Touched, Verb};

use crate::Error;
use crate::catalog::{Catalog, Locals, Relation};
use crate::state::View;

/// Relations listed; the rest is counted.
const TABLES_MAX: usize = 100;

/// Reasons and triggers listed for one relation.
const LISTED_MAX: usize = 16;

/// Bits of `pg_trigger.tgtype`.
const ROW: i32 = 1;
const BEFORE: i32 = 2;
const INSTEAD: i32 = 64;

/// How many rows relations have, as the server estimated: the answer to [`crate::catalog::ESTIMATES`].
#[derive(Clone, Debug, Default)]
pub struct Estimates {
    rows: HashMap<u32, u64>,
}

impl Estimates {
    /// Takes one row of the answer.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn row(&mut self, cells: &[Option<&str>]) -> Result<(), Error> {
        let [Some(oid), Some(rows)] = cells else {
            return Err(malformed("unexpected NULL"));
        };
        let oid = oid.parse().map_err(|_| malformed("not a number"))?;
        let rows = rows.parse().map_err(|_| malformed("not a number"))?;
        self.rows.insert(oid, rows);
        Ok(())
    }
}

fn malformed(problem: &'static str) -> Error {
    Error::Malformed {
        query: "estimates".to_owned(),
        problem,
    }
}

/// See [`crate::reach()`].
pub(crate) fn reach(
    statements: &[Statement],
    view: &View,
    catalog: &Catalog,
    estimates: &Estimates,
) -> Reach {
    let locals = Locals::of(&view.overlay, catalog);
    let mut survey = Survey {
        catalog,
        locals: &locals,
        estimates,
        found: BTreeMap::new(),
        notes: Vec::new(),
        runs_code: false,
    };
    for statement in statements {
        survey.statement(statement);
    }
    survey.finish(view)
}

type Name<'a> = (&'a str, &'a str);

struct Survey<'a> {
    catalog: &'a Catalog,
    locals: &'a Locals,
    estimates: &'a Estimates,
    found: BTreeMap<Name<'a>, (Touched, bool)>,
    notes: Vec<String>,
    runs_code: bool,
}

impl<'a> Survey<'a> {
    fn relation(&self, (schema, name): Name<'_>) -> Option<&'a Relation> {
        let fits = |relation: &&'a Relation| relation.schema == schema && relation.name == name;
        let mut own = self.locals.iter().map(|(_, relation)| relation);
        own.find(fits).or_else(|| {
            let ids = self.catalog.relations_by_name.get(name)?;
            ids.iter()
                .filter_map(|id| self.catalog.relations.get(*id))
                .find(fits)
        })
    }

    fn statement(&mut self, statement: &'a Statement) {
        let mut changed: Vec<(Name<'a>, Verb)> = Vec::new();
        for effect in &statement.effects {
            self.runs_code |= !is_plain(effect.verb);
            match &effect.object {
                Object::Table { schema, name } => {
                    let key = (schema.as_str(), name.as_str());
                    self.touch(key, effect, !statement.has_where);
                    changed.push((key, effect.verb));
                }
                object if effect.verb == Verb::Unanalysed => {
                    self.note(format!("could not be followed: {object}"));
                }
                _ => {}
            }
        }
        for (name, verb) in &changed {
            self.cascades(*name, *verb, &changed);
            self.triggers(*name, *verb);
        }
    }

    fn touch(&mut self, key: Name<'a>, effect: &Effect, unbounded: bool) {
        let relation = self.relation(key);
        let rows = relation.and_then(|relation| self.rows(relation));
        let (touched, writes) = self.found.entry(key).or_insert_with(|| {
            let touched = Touched {
                table: format!("{}.{}", key.0, key.1),
                kind: relation.map_or("unknown", kind).to_owned(),
                rows,
                ..Touched::default()
            };
            (touched, false)
        });
        let mut does = effect.verb.as_str().to_owned();
        if !effect.columns.is_empty() {
            // Writing to a String does not fail.
            let _ = write!(does, " ({})", effect.columns.join(", "));
        }
        push(&mut touched.does, does);
        *writes |= effect.verb.is_effectful();
        touched.whole |= match effect.verb {
            Verb::Delete | Verb::Update => unbounded,
            Verb::Truncate | Verb::Drop => true,
            _ => false,
        };
    }

    /// The estimate of a relation, or of all that it is made of.
    fn rows(&self, relation: &Relation) -> Option<u64> {
        let own = self.estimates.rows.get(&relation.oid).copied();
        if own.is_some() || relation.children.is_empty() {
            return own;
        }
        let children = relation.children.iter().take(1_000);
        children
            .map(|id| {
                let child = self.locals.seen(self.catalog, *id)?;
                self.estimates.rows.get(&child.oid).copied()
            })
            .try_fold(0_u64, |sum, rows| Some(sum.saturating_add(rows?)))
    }

    /// Foreign keys that carry a change on, and partitions that share it.
    fn cascades(&mut self, parent: Name<'a>, verb: Verb, changed: &[(Name<'a>, Verb)]) {
        let Some(relation) = self.relation(parent) else {
            return;
        };
        for referrer in &relation.referrers {
            let (action, event) = match verb {
                Verb::Delete => (referrer.on_delete, "DELETE"),
                Verb::Update => (referrer.on_update, "UPDATE"),
                _ => continue,
            };
            let (does, follows) = match action {
                b'c' => ("CASCADE", verb),
                b'n' => ("SET NULL", Verb::Update),
                b'd' => ("SET DEFAULT", Verb::Update),
                _ => continue,
            };
            let why = format!("ON {event} {does} of {}.{}", parent.0, parent.1);
            self.through(referrer.child, follows, changed, why);
        }
        for child in &relation.children {
            let why = format!("part of {}.{}", parent.0, parent.1);
            self.through(*child, verb, changed, why);
        }
    }

    fn through(&mut self, child: usize, verb: Verb, changed: &[(Name<'a>, Verb)], why: String) {
        let Some(child) = self.locals.seen(self.catalog, child) else {
            return;
        };
        let name = (child.schema.as_str(), child.name.as_str());
        if changed.contains(&(name, verb))
            && let Some((touched, _)) = self.found.get_mut(&name)
        {
            push(&mut touched.through, why);
        }
    }

    fn triggers(&mut self, name: Name<'a>, verb: Verb) {
        let bit = match verb {
            Verb::Insert => 4,
            Verb::Delete => 8,
            Verb::Update => 16,
            Verb::Truncate => 32,
            _ => return,
        };
        let Some(relation) = self.relation(name) else {
            return;
        };
        let fired = relation
            .triggers
            .iter()
            .filter(|trigger| trigger.bits & bit != 0);
        let told: Vec<String> = fired
            .map(|trigger| {
                let function = self.catalog.function(trigger.function);
                let function = function.map_or_else(
                    || format!("function {}", trigger.function),
                    |function| format!("{}.{}()", function.schema, function.name),
                );
                let when = match trigger.bits {
                    bits if bits & INSTEAD != 0 => "instead of",
                    bits if bits & BEFORE != 0 => "before",
                    _ => "after",
                };
                let each = if trigger.bits & ROW != 0 {
                    "row"
                } else {
                    "statement"
                };
                format!("{function} {when} {}, for each {each}", verb.as_str())
            })
            .collect();
        self.runs_code |= !told.is_empty();
        if let Some((touched, _)) = self.found.get_mut(&name) {
            told.into_iter()
                .for_each(|one| push(&mut touched.triggers, one));
        }
    }

    fn note(&mut self, note: String) {
        push(&mut self.notes, note);
    }

    fn finish(mut self, view: &View) -> Reach {
        let identity = self.identity(view);
        let mut tables = Vec::new();
        for (touched, writes) in std::mem::take(&mut self.found).into_values() {
            // What is changed stands first; the sort is stable and the names are in order.
            tables.push((!writes, touched));
        }
        tables.sort_by_key(|(reads, touched)| (*reads, !touched.through.is_empty()));
        let mut tables: Vec<Touched> = tables.into_iter().map(|(_, touched)| touched).collect();
        if tables.len() > TABLES_MAX {
            let more = tables.len() - TABLES_MAX;
            tables.truncate(TABLES_MAX);
            self.notes.push(format!("{more} more relations"));
        }
        Reach {
            tables,
            notes: self.notes,
            identity,
        }
    }

    /// All that decides what the same text would do, other than rows: role, search path, objects by OID, and what is
    /// attached to them.
    fn identity(&self, view: &View) -> String {
        let path = view
            .search_path
            .iter()
            .filter(|s| !s.starts_with("pg_temp_"));
        let path: Vec<&str> = path.map(String::as_str).collect();
        let mut out = format!("role {:?}\npath {path:?}\n", view.role);
        let mut runs_code = self.runs_code;
        for name in self.found.keys() {
            let Some(relation) = self.relation(*name) else {
                continue;
            };
            runs_code |= relation.definition.is_some() || !relation.expressions.is_empty();
            let columns = relation.columns.iter().map(|c| (&c.name, c.type_oid));
            let columns: Vec<_> = columns.collect();
            let triggers = relation.triggers.iter();
            let triggers: Vec<_> = triggers.map(|t| (t.function, t.bits, &t.when)).collect();
            let referrers = relation.referrers.iter();
            let referrers: Vec<_> = referrers
                .map(|r| (self.oid(r.child), r.on_delete, r.on_update))
                .collect();
            // Writing to a String does not fail.
            let _ = writeln!(
                out,
                "{name:?} {} {} {columns:?} {triggers:?} {referrers:?} {:?} {:?} {:?}",
                relation.oid,
                relation.kind,
                relation.rules,
                relation.expressions,
                relation.definition,
            );
        }
        if runs_code {
            let _ = writeln!(out, "code {}", self.catalog.code);
        }
        out
    }

    fn oid(&self, id: usize) -> u32 {
        let seen = self.locals.seen(self.catalog, id);
        seen.map_or(0, |relation| relation.oid)
    }
}

/// Whether a verb reads or changes rows and no more.
fn is_plain(verb: Verb) -> bool {
    matches!(
        verb,
        Verb::Select | Verb::Insert | Verb::Update | Verb::Delete | Verb::Truncate | Verb::Lock
    )
}

fn kind(relation: &Relation) -> &'static str {
    match relation.kind {
        b'r' => "table",
        b'p' => "partitioned table",
        b'v' => "view",
        b'm' => "materialised view",
        b'f' => "foreign table",
        b'S' => "sequence",
        _ => "relation",
    }
}

/// Adds what is not there yet, as long as the list is short.
fn push(list: &mut Vec<String>, text: String) {
    if list.len() < LISTED_MAX && !list.contains(&text) {
        list.push(text);
    }
}
