//! Collects the server's answers into a snapshot.
//!
//! Believes nothing about their order within one query except where the query says ORDER BY.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use model::CatalogVersion;

use super::{
    Cast, Catalog, Column, Function, Kept, Operator, QUERIES, Referrer, Relation, Trigger, Type,
};
use crate::{Error, View};

/// Collects the answers.
#[derive(Debug)]
pub struct Builder {
    version: CatalogVersion,
    answered: HashSet<&'static str>,
    path: Vec<(u32, String)>,
    role: String,
    database: String,
    server_version: u32,
    is_utf8: bool,
    schemas: HashMap<u32, String>,
    relations: Vec<(u32, Relation)>,
    columns: HashMap<u32, Vec<Column>>,
    numbering: HashMap<u32, Vec<i16>>,
    views: Vec<(u32, String)>,
    inherits: Vec<(u32, u32)>,
    functions: Vec<(u32, Function)>,
    bodies: HashMap<u32, String>,
    types: Vec<(u32, Type)>,
    ranges: Vec<(u32, (u32, u32, u32))>,
    checks: Vec<(u32, String)>,
    operators: Vec<(u32, String, Operator)>,
    casts: Vec<Cast>,
    expressions: Vec<(u32, String, String)>,
    triggers: Vec<(u32, Trigger)>,
    rules: Vec<(u32, u8)>,
    foreign_keys: Vec<(u32, u32, u8, u8)>,
    event_triggers: Vec<u32>,
    code: String,
}

/// One row's cells, read with the query's name at hand for errors.
struct Cells<'a> {
    query: &'a str,
    cells: &'a [Option<&'a str>],
}

impl<'a> Cells<'a> {
    fn malformed(&self, problem: &'static str) -> Error {
        Error::Malformed {
            query: self.query.to_owned(),
            problem,
        }
    }

    fn optional(&self, at: usize) -> Result<Option<&'a str>, Error> {
        self.cells
            .get(at)
            .copied()
            .ok_or_else(|| self.malformed("too few columns"))
    }

    fn text(&self, at: usize) -> Result<&'a str, Error> {
        self.optional(at)?
            .ok_or_else(|| self.malformed("unexpected NULL"))
    }

    fn number<T: std::str::FromStr>(&self, at: usize) -> Result<T, Error> {
        self.text(at)?
            .parse()
            .map_err(|_| self.malformed("not a number"))
    }

    fn byte(&self, at: usize) -> Result<u8, Error> {
        Ok(self.text(at)?.bytes().next().unwrap_or(b' '))
    }

    fn flag(&self, at: usize) -> Result<bool, Error> {
        Ok(self.text(at)?.starts_with('t'))
    }

    fn numbers(&self, at: usize) -> Result<Vec<u32>, Error> {
        self.optional(at)?
            .unwrap_or_default()
            .split_ascii_whitespace()
            .map(|word| word.parse().map_err(|_| self.malformed("not a number")))
            .collect()
    }
}

impl Builder {
    /// A builder for the snapshot called `version`.
    pub fn new(version: CatalogVersion) -> Self {
        Self {
            version,
            answered: HashSet::new(),
            path: Vec::new(),
            role: String::new(),
            database: String::new(),
            server_version: 0,
            is_utf8: false,
            schemas: HashMap::new(),
            relations: Vec::new(),
            columns: HashMap::new(),
            numbering: HashMap::new(),
            views: Vec::new(),
            inherits: Vec::new(),
            functions: Vec::new(),
            bodies: HashMap::new(),
            types: Vec::new(),
            ranges: Vec::new(),
            checks: Vec::new(),
            operators: Vec::new(),
            casts: Vec::new(),
            expressions: Vec::new(),
            triggers: Vec::new(),
            rules: Vec::new(),
            foreign_keys: Vec::new(),
            event_triggers: Vec::new(),
            code: String::new(),
        }
    }

    /// Takes one row of the answer to the query called `query`.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn row(&mut self, query: &str, cells: &[Option<&str>]) -> Result<(), Error> {
        let row = Cells { query, cells };
        let Some(known) = QUERIES.iter().find(|known| known.name == query) else {
            return Err(row.malformed("no such query"));
        };
        self.answered.insert(known.name);
        match known.name {
            "login" => self.login(&row),
            "schemas" => {
                self.schemas.insert(row.number(0)?, row.text(1)?.to_owned());
                Ok(())
            }
            "relations" => self.relation(&row),
            "columns" => self.column(&row),
            "functions" => self.function(&row),
            "types" => self.type_(&row),
            _ => self.attachment(known.name, &row),
        }
    }

    fn column(&mut self, row: &Cells<'_>) -> Result<(), Error> {
        let (relation, number) = (row.number(0)?, row.number(3)?);
        let columns = self.columns.entry(relation).or_default();
        columns.push(Column {
            name: row.text(1)?.to_owned(),
            type_oid: row.number(2)?,
        });
        // Few relations have lost a column: only theirs are kept.
        let count = i16::try_from(columns.len()).map_err(|_| row.malformed("too many columns"))?;
        if number != count && !self.numbering.contains_key(&relation) {
            self.numbering.insert(relation, (1..count).collect());
        }
        if let Some(numbers) = self.numbering.get_mut(&relation) {
            numbers.push(number);
        }
        Ok(())
    }

    fn login(&mut self, row: &Cells<'_>) -> Result<(), Error> {
        let value = row.text(1)?.to_owned();
        match row.text(0)? {
            "role" => self.role = value,
            "database" => self.database = value,
            "version" => self.server_version = row.number(1)?,
            "encoding" => self.is_utf8 = value == "UTF8",
            _ => self.path.push((row.number(0)?, value)),
        }
        Ok(())
    }

    fn relation(&mut self, row: &Cells<'_>) -> Result<(), Error> {
        let relation = Relation {
            oid: row.number(0)?,
            name: row.text(2)?.to_owned(),
            kind: row.byte(3)?,
            ..Relation::default()
        };
        self.relations.push((row.number(1)?, relation));
        Ok(())
    }

    fn function(&mut self, row: &Cells<'_>) -> Result<(), Error> {
        let function = Function {
            oid: row.number(0)?,
            schema: String::new(),
            name: row.text(2)?.to_owned(),
            arguments: row.number(3)?,
            defaults: row.number(4)?,
            variadic: row.flag(5)?,
            volatility: row.byte(6)?,
            returns: row.number(7)?,
            argument_types: row.numbers(8)?,
            language: row.text(9)?.to_owned(),
            extension: row.optional(10)?.map(str::to_owned),
            outputs: outputs(row)?,
            definition: None,
            opened: Kept::default(),
        };
        self.functions.push((row.number(1)?, function));
        Ok(())
    }

    fn type_(&mut self, row: &Cells<'_>) -> Result<(), Error> {
        let found = Type {
            oid: row.number(0)?,
            schema: String::new(),
            name: row.text(2)?.to_owned(),
            kind: row.byte(3)?,
            base: row.number(4)?,
            element: row.number(5)?,
            relation: row.number(6)?,
            is_array: row.byte(7)? == b'A',
            checks: Vec::new(),
            range: None,
            effects: OnceLock::new(),
        };
        self.types.push((row.number(1)?, found));
        Ok(())
    }

    fn attachment(&mut self, query: &'static str, row: &Cells<'_>) -> Result<(), Error> {
        match query {
            // A view dropped while the answer was made has no definition any more.
            "views" => {
                if let Some(text) = row.optional(1)? {
                    self.views.push((row.number(0)?, text.to_owned()));
                }
            }
            "inherits" => self.inherits.push((row.number(0)?, row.number(1)?)),
            // Likewise a function.
            "bodies" => {
                if let Some(text) = row.optional(1)? {
                    self.bodies.insert(row.number(0)?, text.to_owned());
                }
            }
            "ranges" => {
                let parts = (row.number(1)?, row.number(2)?, row.number(3)?);
                self.ranges.push((row.number(0)?, parts));
            }
            "domain_checks" => {
                let text = row.optional(1)?.unwrap_or("portcullis_unknown()");
                self.checks.push((row.number(0)?, text.to_owned()));
            }
            "operators" => {
                let operator = Operator {
                    schema: String::new(),
                    left: row.number(2)?,
                    right: row.number(3)?,
                    function: row.number(4)?,
                };
                self.operators
                    .push((row.number(0)?, row.text(1)?.to_owned(), operator));
            }
            "casts" => self.casts.push(Cast {
                source: row.number(0)?,
                target: row.number(1)?,
                function: row.number(2)?,
                context: row.byte(3)?,
            }),
            "expressions" => {
                let text = row.optional(2)?.unwrap_or("portcullis_unknown()");
                self.expressions
                    .push((row.number(0)?, row.text(1)?.to_owned(), text.to_owned()));
            }
            "triggers" => {
                let trigger = Trigger {
                    function: row.number(1)?,
                    bits: row.number(2)?,
                    when: row.optional(3)?.map(str::to_owned),
                    deferrable: row.optional(4)? == Some("true"),
                    on_insert: Kept::default(),
                    otherwise: Kept::default(),
                };
                self.triggers.push((row.number(0)?, trigger));
            }
            "rules" => self.rules.push((row.number(0)?, row.byte(1)?)),
            "foreign_keys" => {
                let key = (row.number(0)?, row.number(1)?, row.byte(2)?, row.byte(3)?);
                self.foreign_keys.push(key);
            }
            "code" => row
                .optional(0)?
                .unwrap_or_default()
                .clone_into(&mut self.code),
            "event_triggers" => self.event_triggers.push(row.number(0)?),
            _ => {}
        }
        Ok(())
    }

    /// Finishes the snapshot.
    ///
    /// # Errors
    /// [`Error::Missing`] when a query that always has rows was not answered.
    pub fn build(mut self) -> Result<Catalog, Error> {
        for query in [
            "login",
            "schemas",
            "relations",
            "columns",
            "functions",
            "types",
        ] {
            if !self.answered.contains(query) {
                return Err(Error::Missing { query });
            }
        }
        self.path.sort();
        let mut catalog = Catalog {
            version: self.version,
            login: View {
                search_path: self.path.iter().map(|(_, schema)| schema.clone()).collect(),
                role: std::mem::take(&mut self.role),
                ..View::default()
            },
            database: std::mem::take(&mut self.database),
            server_version: self.server_version,
            is_utf8: self.is_utf8,
            schemas: self.schemas.clone(),
            relations: Vec::new(),
            numbering: std::mem::take(&mut self.numbering),
            relations_by_name: HashMap::new(),
            relations_by_oid: HashMap::new(),
            composites: HashMap::new(),
            functions: Vec::new(),
            functions_by_name: HashMap::new(),
            functions_by_oid: HashMap::new(),
            types: HashMap::new(),
            types_by_name: HashMap::new(),
            operators: HashMap::new(),
            casts: std::mem::take(&mut self.casts),
            event_triggers: std::mem::take(&mut self.event_triggers),
            code: std::mem::take(&mut self.code),
        };
        self.place_relations(&mut catalog);
        self.attach(&mut catalog);
        self.place_functions(&mut catalog);
        self.place_types(&mut catalog);
        Ok(catalog)
    }

    fn place_relations(&mut self, catalog: &mut Catalog) {
        for (schema, mut relation) in std::mem::take(&mut self.relations) {
            // Toast tables and other sessions' temporary schemas are not in the list: they stay unresolved.
            let Some(schema) = self.schemas.get(&schema) else {
                continue;
            };
            relation.schema.clone_from(schema);
            relation.columns = self.columns.remove(&relation.oid).unwrap_or_default();
            let id = catalog.relations.len();
            catalog
                .relations_by_name
                .entry(relation.name.clone())
                .or_default()
                .push(id);
            catalog.relations_by_oid.insert(relation.oid, id);
            catalog.relations.push(relation);
        }
        catalog.composites = std::mem::take(&mut self.columns);
    }

    fn attach(&mut self, catalog: &mut Catalog) {
        let ids = catalog.relations_by_oid.clone();
        let with = |catalog: &mut Catalog, oid: u32, act: &mut dyn FnMut(&mut Relation)| {
            if let Some(relation) = ids.get(&oid).and_then(|id| catalog.relations.get_mut(*id)) {
                act(relation);
            }
        };
        for (oid, text) in self.views.drain(..) {
            with(catalog, oid, &mut |relation| {
                relation.definition = Some(text.clone())
            });
        }
        for (child, parent) in self.inherits.drain(..) {
            if let (Some(child_id), Some(parent_id)) = (ids.get(&child), ids.get(&parent)) {
                with(catalog, parent, &mut |relation| {
                    relation.children.push(*child_id)
                });
                with(catalog, child, &mut |relation| {
                    relation.parents.push(*parent_id)
                });
            }
        }
        for (oid, kind, text) in self.expressions.drain(..) {
            with(catalog, oid, &mut |relation| {
                relation.expressions.push((kind.clone(), text.clone()));
            });
        }
        for (oid, trigger) in self.triggers.drain(..) {
            with(catalog, oid, &mut |relation| {
                relation.triggers.push(trigger.clone())
            });
        }
        for (oid, event) in self.rules.drain(..) {
            with(catalog, oid, &mut |relation| relation.rules.push(event));
        }
        for (child, parent, on_delete, on_update) in self.foreign_keys.drain(..) {
            if let Some(child) = ids.get(&child) {
                with(catalog, parent, &mut |relation| {
                    relation.referrers.push(Referrer {
                        child: *child,
                        on_delete,
                        on_update,
                    });
                });
            }
        }
    }

    fn place_functions(&mut self, catalog: &mut Catalog) {
        for (schema, mut function) in std::mem::take(&mut self.functions) {
            function.schema = self.schemas.get(&schema).cloned().unwrap_or_default();
            function.definition = self.bodies.remove(&function.oid);
            let index = catalog.functions.len();
            catalog
                .functions_by_name
                .entry(function.name.clone())
                .or_default()
                .push(index);
            catalog.functions_by_oid.insert(function.oid, index);
            catalog.functions.push(function);
        }
        for (schema, name, mut operator) in std::mem::take(&mut self.operators) {
            operator.schema = self.schemas.get(&schema).cloned().unwrap_or_default();
            catalog.operators.entry(name).or_default().push(operator);
        }
    }

    fn place_types(&mut self, catalog: &mut Catalog) {
        for (schema, mut found) in std::mem::take(&mut self.types) {
            found.schema = self.schemas.get(&schema).cloned().unwrap_or_default();
            catalog
                .types_by_name
                .entry(found.name.clone())
                .or_default()
                .push(found.oid);
            catalog.types.insert(found.oid, found);
        }
        for (oid, text) in self.checks.drain(..) {
            if let Some(found) = catalog.types.get_mut(&oid) {
                found.checks.push(text);
            }
        }
        for (oid, range) in self.ranges.drain(..) {
            if let Some(found) = catalog.types.get_mut(&oid) {
                found.range = Some(range);
            }
        }
    }
}

/// The output columns that OUT, INOUT and TABLE parameters make.
fn outputs(row: &Cells<'_>) -> Result<Vec<Column>, Error> {
    let types = row.numbers(11)?;
    let modes = row.optional(12)?.unwrap_or_default();
    let names: Vec<&str> = row
        .optional(13)?
        .unwrap_or_default()
        .split('\u{1f}')
        .collect();
    Ok(types
        .iter()
        .zip(modes.bytes())
        .enumerate()
        .filter(|(_, (_, mode))| matches!(mode, b'o' | b'b' | b't'))
        .enumerate()
        .map(|(nth, (at, (type_oid, _)))| Column {
            name: match names.get(at) {
                Some(name) if !name.is_empty() => (*name).to_owned(),
                _ => format!("column{}", nth + 1),
            },
            type_oid: *type_oid,
        })
        .collect())
}
