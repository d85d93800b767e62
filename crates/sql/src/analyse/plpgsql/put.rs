//! Where values go in a body: into variables, into the row that fires it, and back to whoever called it.

use std::collections::BTreeSet;

use super::super::scope::Value;
use super::super::{Row, Walk};
use super::{BODY, Procedure};
use crate::plpgsql::{Block, Declared, Step, Target, fold};

impl Procedure<'_, '_> {
    /// Puts a row into variables.
    pub(super) fn put_all(&mut self, targets: &[Target<'_>], values: &[Value]) -> Walk<()> {
        if targets.is_empty() {
            self.expose(values);
            return Ok(());
        }
        if targets.len() > 1 || values.len() <= 1 {
            for (at, target) in targets.iter().enumerate() {
                self.put(target, values.get(at))?;
            }
            self.expose(values.get(targets.len()..).unwrap_or_default());
            return Ok(());
        }
        // A record of them all.
        for target in targets {
            self.expose(values);
            self.put(target, None)?;
        }
        Ok(())
    }

    fn put(&mut self, target: &Target<'_>, value: Option<&Value>) -> Walk<()> {
        if let Some(text) = target.subscripted {
            self.spend(text)?;
        }
        let Some((variable, rest)) = self.find(&target.path) else {
            let name = target.path.join(".");
            self.analysis.unknown("variable that is not known", &name);
            return Ok(());
        };
        let values = value.map(std::slice::from_ref).unwrap_or_default();
        if variable.row.is_some() {
            let column = (target.subscripted.is_none() && rest.len() == 1)
                .then(|| rest.first())
                .flatten();
            return self.put_in_row(column.map(String::as_str), values);
        }
        let untyped = self.analysis.composite(variable.type_oid).is_none();
        if !rest.is_empty() && untyped {
            let name = target.path.join(".");
            self.analysis.unknown("field of a record of no type", &name);
        }
        self.expose(values);
        Ok(())
    }

    /// Puts a value into the row that fires a trigger: it is stored there.
    fn put_in_row(&mut self, column: Option<&str>, values: &[Value]) -> Walk<()> {
        let relation = self.fired_by;
        let found = relation.and_then(|id| self.analysis.relation(id));
        let Some((id, found)) = relation.zip(found) else {
            self.expose(values);
            return Ok(());
        };
        let at = column.and_then(|column| found.column(column));
        let Some((at, column)) = at.zip(column) else {
            // All of it, or a part of a column.
            for held in &found.columns {
                self.analysis.type_cast(held.type_oid);
            }
            self.expose(values);
            return Ok(());
        };
        let type_oid = found.columns.get(at).map_or(0, |held| held.type_oid);
        self.analysis.type_cast(type_oid);
        for value in values {
            let value = self.analysis.converted(value, type_oid, true);
            let value = self.analysis.answer(value, BODY);
            // What comes from the column itself stays as hidden as it was.
            let own = |source: &u32| self.analysis.place(*source) == Some((id, at));
            if !value.sources.iter().all(own) {
                self.analysis.store(&value, id, Some(column));
            }
        }
        Ok(())
    }

    /// A value that is returned.
    pub(super) fn give(&mut self, text: &str) -> Walk<()> {
        let whole = fold(text.trim()).unwrap_or_default();
        if self.fired_by.is_some() && matches!(whole.as_str(), "new" | "old" | "null") {
            return Ok(());
        }
        let values = self.values(text)?;
        self.give_row(values);
        Ok(())
    }

    pub(super) fn give_row(&mut self, values: Vec<Value>) {
        let declared = self.declared.clone();
        let Some(declared) = declared.filter(|declared| declared.len() == values.len()) else {
            self.mixed = true;
            return self.expose(&values);
        };
        let mut row = Row::with_capacity(values.len());
        for (value, type_oid) in values.iter().zip(declared) {
            self.analysis.type_cast(value.type_oid);
            let value = match self.analysis.is_polymorphic(type_oid) || type_oid == 0 {
                true => Value::derived([value], 0),
                false => self.analysis.converted(value, type_oid, true),
            };
            row.push((String::new(), self.analysis.answer(value, BODY)));
        }
        self.result = Some(match self.result.take() {
            None => row,
            Some(known) => {
                let both = known.into_iter().zip(row);
                both.map(|((name, one), (_, other))| (name, one.either(&other)))
                    .collect()
            }
        });
    }
}

/// The names that something is put into.
pub(super) fn assigned(block: &Block<'_>, names: &mut BTreeSet<String>) {
    let mut blocks = vec![block];
    while let Some(block) = blocks.pop() {
        for declared in &block.declared {
            // Another name for a variable may be put into instead.
            if let Declared::Alias { of, .. } = declared {
                names.extend(of.iter().cloned());
            }
        }
        let handlers = block.handlers.iter().flatten();
        let mut steps: Vec<&Step<'_>> = block.body.iter().chain(handlers).collect();
        while let Some(step) = steps.pop() {
            match step {
                Step::Block(inner) => blocks.push(inner),
                Step::Branch(branch) => steps.extend(branch),
                // Whatever is given to a procedure may come back changed.
                Step::Call(text) => {
                    let words = text.split(|c: char| {
                        c.is_ascii() && !c.is_ascii_alphanumeric() && c != '_' && c != '$'
                    });
                    names.extend(words.map(str::to_owned));
                    names.extend(text.split(|c: char| !is_part(c)).filter_map(fold));
                }
                Step::Assign { target, .. } => names.extend(target.path.iter().cloned()),
                Step::Statement { into, .. }
                | Step::Rows { into, .. }
                | Step::Elements { into, .. }
                | Step::Diagnostics { into, .. }
                | Step::Fetch { into, .. } => {
                    let paths = into.iter().flat_map(|target| target.path.iter().cloned());
                    names.extend(paths);
                }
                Step::Condition(_)
                | Step::Bound(_)
                | Step::Perform(_)
                | Step::Return(_)
                | Step::ReturnNext(_)
                | Step::ReturnQuery(_)
                | Step::Told(_)
                | Step::Open { .. }
                | Step::Through { .. }
                | Step::Close(_)
                | Step::Transaction => {}
            }
        }
    }
}

fn is_part(letter: char) -> bool {
    !letter.is_ascii() || letter.is_ascii_alphanumeric() || letter == '_' || letter == '$'
}
