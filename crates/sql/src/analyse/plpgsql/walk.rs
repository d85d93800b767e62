//! The statements of one body.

use std::collections::BTreeSet;

use model::Usage;
use pg_query::NodeEnum;
use pg_query::protobuf::{ParseResult, SelectStmt, SetOperation};

use super::super::scope::{Scope, Value};
use super::super::total::oid;
use super::super::{Analysis, Answer, Row, Walk, boxed, inner};
use super::names::{Cursor, Variable};
use super::{BODY, Procedure};
use crate::inspection::parse;
use crate::plpgsql::{Block, Declared, Step, Target, TypeText, fold};

/// Bytes of a text that count as one node against the walk's limit.
const STEP_BYTES: usize = 16;
/// `refcursor` in `pg_type.dat`.
const REFCURSOR: u32 = 1790;
/// Cursors without a name of their own get one only from here on.
const UNNAMED_SINCE: u32 = 160_000;

impl<'a> Procedure<'_, 'a> {
    pub(super) fn block(&mut self, block: &Block<'_>) -> Walk<()> {
        self.analysis.enter(4)?;
        self.open_level(block.label.clone());
        for declared in &block.declared {
            self.declaration(declared)?;
        }
        let opened = self.opened.clone();
        self.steps(&block.body)?;
        self.opened.clone_from(&opened);
        if let Some(handlers) = &block.handlers {
            self.open_level(None);
            for name in ["sqlstate", "sqlerrm"] {
                self.declare(name, Variable::of(oid::TEXT, true));
            }
            self.steps(handlers)?;
            self.close_level();
            self.opened = opened;
        }
        self.close_level();
        self.analysis.leave(4);
        Ok(())
    }

    fn open_level(&mut self, label: Option<String>) {
        if let Some(names) = self.names() {
            names.open(label);
        }
    }

    fn close_level(&mut self) {
        if let Some(names) = self.names() {
            names.close();
        }
    }

    fn declaration(&mut self, declared: &Declared<'_>) -> Walk<()> {
        match declared {
            Declared::Variable {
                name,
                type_name,
                default,
            } => {
                if let Some(text) = default {
                    self.spend(text)?;
                }
                let type_oid = self.declared_type(type_name);
                let mut variable = Variable::of(type_oid, self.analysis.is_scalar(type_oid));
                if type_oid == REFCURSOR && default.is_none() {
                    variable.cursor = Cursor::Unbound;
                }
                self.declare(name, variable);
            }
            Declared::Alias { name, of } => {
                let known = self.find(of).map(|(variable, _)| variable);
                match known {
                    Some(variable) => self.declare(name, variable),
                    None => self
                        .analysis
                        .unknown("variable that is not known", &of.join(".")),
                }
            }
            Declared::Cursor {
                name,
                arguments,
                query,
            } => {
                self.open_level(None);
                for (argument, type_name) in arguments {
                    let type_oid = self.declared_type(type_name);
                    let scalar = self.analysis.is_scalar(type_oid);
                    self.declare(argument, Variable::of(type_oid, scalar));
                }
                self.query(query)?;
                self.close_level();
                let mut variable = Variable::of(REFCURSOR, true);
                variable.cursor = Cursor::Bound;
                self.declare(name, variable);
            }
            Declared::Counter { name } => self.declare(name, Variable::of(oid::INT4, true)),
            Declared::Record { name } => self.declare(name, Variable::of(oid::RECORD, false)),
        }
        Ok(())
    }

    fn find(&self, path: &[String]) -> Option<(Variable, Vec<String>)> {
        let names = self.analysis.variables.as_ref()?;
        let (variable, rest) = names.find(path)?;
        Some((variable.clone(), rest.to_vec()))
    }

    /// The type of a declaration. What an earlier call of the session resolved it to, under another path, counts too.
    fn declared_type(&mut self, type_name: &TypeText<'_>) -> u32 {
        match type_name {
            TypeText::Plain(text) => self.plain_type(text),
            TypeText::Like(path) => {
                if let Some((variable, rest)) = self.find(path)
                    && rest.is_empty()
                {
                    return variable.type_oid;
                }
                let Some((column, relation)) = path.split_last() else {
                    return 0;
                };
                let mut found = 0;
                let relations = self.relations_called(relation);
                let several = relations.len() > 1;
                for id in relations {
                    let known = self.analysis.relation(id);
                    let held = known.and_then(|known| {
                        let at = known.column(column)?;
                        known.columns.get(at)
                    });
                    if let Some(type_oid) = held.map(|column| column.type_oid) {
                        self.analysis.type_cast(type_oid);
                        self.takes(type_oid);
                        found = if found == 0 { type_oid } else { found };
                    }
                }
                if found == 0 {
                    self.analysis
                        .unknown("unresolved type", &format!("{}%TYPE", path.join(".")));
                }
                if several { 0 } else { found }
            }
            TypeText::RowOf(path) => {
                let mut found = None;
                let relations = self.relations_called(path);
                let several = relations.len() > 1;
                for id in relations {
                    let known = self.analysis.relation(id);
                    let columns = known.map(|known| (known.oid, known.columns.clone()));
                    let Some((relation, columns)) = columns else {
                        continue;
                    };
                    for column in columns {
                        self.analysis.type_cast(column.type_oid);
                        self.takes(column.type_oid);
                    }
                    let types = self.analysis.catalog.types.values();
                    let mut own = types.filter(|known| known.relation == relation);
                    let own = own.next().map_or(0, |known| known.oid);
                    found = found.or(Some(own));
                }
                if found.is_none() {
                    self.analysis
                        .unknown("unresolved type", &format!("{}%ROWTYPE", path.join(".")));
                }
                found.filter(|_| !several).unwrap_or(0)
            }
        }
    }

    /// Relations that a name may mean: the one that it means now, then those of that name anywhere.
    fn relations_called(&self, path: &[String]) -> Vec<usize> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let (schema, name) = match path.as_slice() {
            [name] => (None, *name),
            [schema, name] => (Some(*schema), *name),
            [_, schema, name] => (Some(*schema), *name),
            _ => return Vec::new(),
        };
        let Some(now) = self.analysis.resolve(schema, name) else {
            return Vec::new();
        };
        let mut found = vec![now];
        if schema.is_none() {
            let all = self.analysis.catalog.relations_by_name.get(name);
            found.extend(all.into_iter().flatten().filter(|id| **id != now));
        }
        found
    }

    fn plain_type(&mut self, text: &str) -> u32 {
        let refuse = |walk: &mut Self| {
            walk.analysis.unknown("type that is not understood", text);
            0
        };
        let Some(parsed) = self.parsed(&format!("SELECT CAST(NULL AS {text})")) else {
            return refuse(self);
        };
        let cast = only_select(&parsed).filter(|select| is_bare(select));
        let cast = cast.and_then(only_target);
        let Some(NodeEnum::TypeCast(cast)) = cast else {
            return refuse(self);
        };
        let Some(name) = cast.type_name.as_ref().filter(|name| !name.setof) else {
            return refuse(self);
        };
        let is_null =
            matches!(boxed(cast.arg.as_ref()), Some(NodeEnum::AConst(null)) if null.isnull);
        if !is_null {
            return refuse(self);
        }
        if let [only] = super::super::strings(&name.names)
            .unwrap_or_default()
            .as_slice()
        {
            let all = self.analysis.catalog.types_by_name.get(*only);
            let all: Vec<u32> = all.into_iter().flatten().copied().collect();
            for type_oid in &all {
                self.analysis.type_cast(*type_oid);
                self.takes(*type_oid);
            }
            if all.len() > 1 {
                // Which of them it is may have been settled by an earlier call.
                self.analysis.type_name(name);
                return 0;
            }
        }
        self.analysis.type_name(name)
    }

    fn parsed(&mut self, text: &str) -> Option<ParseResult> {
        self.analysis.steps += text.len() / STEP_BYTES;
        parse(text).ok().filter(|parsed| parsed.stmts.len() == 1)
    }

    fn not_sql(&mut self, text: &str) {
        // Its first word says enough, and no value.
        let word: String = text
            .chars()
            .take_while(|letter| letter.is_ascii_alphabetic())
            .take(20)
            .collect();
        self.analysis.unknown("text that is not understood", &word);
    }

    fn steps(&mut self, steps: &[Step<'_>]) -> Walk<()> {
        for step in steps {
            self.analysis.enter(1)?;
            self.step(step)?;
            self.analysis.leave(1);
        }
        Ok(())
    }

    fn step(&mut self, step: &Step<'_>) -> Walk<()> {
        match step {
            Step::Block(block) => self.block(block),
            Step::Branch(steps) => {
                let opened = self.opened.clone();
                self.steps(steps)?;
                self.opened = opened;
                Ok(())
            }
            Step::Assign { target, value } => {
                let values = self.values(value)?;
                self.put_all(std::slice::from_ref(target), &values)
            }
            Step::Condition(text) => self.condition(text),
            Step::Bound(text) => self.spend(text),
            Step::Statement { text, into } => {
                let values = self.statement(text)?;
                self.put_all(into, &values)
            }
            Step::Perform(text) => {
                let values = self.query(&format!("SELECT {text}"));
                values.map(|_| ())
            }
            Step::Call(text) => self.call(text),
            Step::Rows { text, into } => {
                let values = self.statement(text)?;
                self.put_all(into, &values)
            }
            Step::Elements { array, into } => {
                let values = self.values(array)?;
                self.expose(&values);
                self.put_all(into, &[])
            }
            Step::Return(None) => {
                self.mixed = true;
                Ok(())
            }
            Step::Return(Some(text)) | Step::ReturnNext(Some(text)) => self.give(text),
            Step::ReturnNext(None) => {
                self.mixed = true;
                Ok(())
            }
            Step::ReturnQuery(text) => {
                let values = self.statement(text)?;
                self.give_row(values);
                Ok(())
            }
            Step::Told(texts) => texts.iter().try_for_each(|text| self.spend(text)),
            Step::Diagnostics { stacked, into } => {
                self.analysis.tells_errors |= *stacked;
                self.put_all(into, &[])
            }
            Step::Open {
                cursor,
                arguments,
                query,
            } => {
                self.cursor(cursor, true);
                arguments.iter().try_for_each(|text| self.spend(text))?;
                if let Some(query) = query {
                    self.query(query)?;
                }
                self.opened.extend(cursor.first().cloned());
                Ok(())
            }
            Step::Fetch {
                cursor,
                count,
                into,
            } => {
                self.cursor(cursor, false);
                if let Some(count) = count {
                    self.spend(count)?;
                }
                self.put_all(into, &[])
            }
            Step::Through { cursor, arguments } => {
                self.cursor(cursor, true);
                arguments.iter().try_for_each(|text| self.spend(text))
            }
            Step::Close(cursor) => {
                self.cursor(cursor, false);
                Ok(())
            }
            Step::Transaction => Ok(()),
        }
    }

    /// A cursor must be one that the body itself opens: another's rows have passed no mask.
    fn cursor(&mut self, path: &[String], opens: bool) {
        let known = self.find(path).filter(|(_, rest)| rest.is_empty());
        let own = known.is_some_and(|(variable, _)| match (variable.cursor, path) {
            (Cursor::Unbound, [name]) => !self.assigned.contains(name),
            (Cursor::Bound, [name]) => {
                let unnamed = self.analysis.catalog.server_version >= UNNAMED_SINCE;
                !self.assigned.contains(name) && (opens || unnamed || self.opened.contains(name))
            }
            _ => false,
        });
        if !own {
            self.analysis
                .unknown("cursor that may be another's", &path.join("."));
        }
    }

    /// The columns of an expression: one in almost every body.
    fn values(&mut self, text: &str) -> Walk<Vec<Value>> {
        let Some(parsed) = self.parsed(&format!("SELECT {text}")) else {
            self.not_sql(text);
            return Ok(Vec::new());
        };
        let Some(select) = only_select(&parsed) else {
            self.not_sql(text);
            return Ok(Vec::new());
        };
        let row = self.analysis.select(select, &Scope::default())?;
        Ok(self.taken(row))
    }

    /// Values as they leave a query: it runs to its end, whoever looks at what it gives.
    fn taken(&mut self, row: Row) -> Vec<Value> {
        let mut values = Vec::with_capacity(row.len());
        for (_, value) in row {
            let value = self.analysis.answer(value, BODY);
            self.analysis.planned.extend(&value.sources);
            values.push(value);
        }
        values
    }

    fn expose(&mut self, values: &[Value]) {
        for value in values {
            self.analysis.use_at(value, Usage::Opaque, BODY);
            self.analysis.type_cast(value.type_oid);
        }
    }

    /// An expression whose value goes on from here, wherever to.
    fn spend(&mut self, text: &str) -> Walk<()> {
        let values = self.values(text)?;
        self.expose(&values);
        Ok(())
    }

    fn condition(&mut self, text: &str) -> Walk<()> {
        let Some(parsed) = self.parsed(&format!("SELECT {text}")) else {
            self.not_sql(text);
            return Ok(());
        };
        let Some(select) = only_select(&parsed) else {
            self.not_sql(text);
            return Ok(());
        };
        if is_bare(select)
            && let Some(node) = only_target(select)
        {
            let walk = |walk: &mut Analysis<'a>| walk.condition(node, &Scope::default());
            self.analysis.at("a condition", walk)?;
            return Ok(());
        }
        let row = self.analysis.select(select, &Scope::default())?;
        for value in self.taken(row) {
            self.analysis
                .use_at(&value, Usage::Predicate, "a condition");
        }
        Ok(())
    }

    /// A statement of SQL, and the values that it gives.
    fn statement(&mut self, text: &str) -> Walk<Vec<Value>> {
        let Some(parsed) = self.parsed(text) else {
            self.not_sql(text);
            return Ok(Vec::new());
        };
        let statement = parsed.stmts.first().and_then(|raw| raw.stmt.as_deref());
        let Some(node) = statement.and_then(inner) else {
            self.not_sql(text);
            return Ok(Vec::new());
        };
        let answer = match node {
            NodeEnum::SelectStmt(_)
            | NodeEnum::InsertStmt(_)
            | NodeEnum::UpdateStmt(_)
            | NodeEnum::DeleteStmt(_)
            | NodeEnum::MergeStmt(_)
            | NodeEnum::TruncateStmt(_)
            | NodeEnum::LockStmt(_)
            | NodeEnum::NotifyStmt(_) => self.analysis.statement(node)?.1,
            other => {
                let kind = super::super::kind_of(other);
                self.analysis.unknown("statement in a body", &kind);
                Answer::Nothing
            }
        };
        match answer {
            Answer::Row(row) => Ok(self.taken(row)),
            Answer::Nothing | Answer::Plain => Ok(Vec::new()),
            Answer::Named(_) | Answer::Unknown => {
                self.analysis.unknown("rows that are not followed", "");
                Ok(Vec::new())
            }
        }
    }

    /// A query whose rows go where nobody follows them.
    fn query(&mut self, text: &str) -> Walk<()> {
        let values = self.statement(text)?;
        self.expose(&values);
        Ok(())
    }

    fn call(&mut self, text: &str) -> Walk<()> {
        let parsed = self.parsed(text);
        let statement = parsed.as_ref().and_then(|parsed| {
            let raw = parsed.stmts.first()?;
            inner(raw.stmt.as_deref()?)
        });
        let Some(NodeEnum::CallStmt(call)) = statement else {
            self.not_sql(text);
            return Ok(());
        };
        let Some(call) = call.funccall.as_deref() else {
            self.not_sql(text);
            return Ok(());
        };
        let value = self.analysis.call(call, &Scope::default())?;
        self.expose(&[value]);
        Ok(())
    }

    /// Puts a row into variables.
    fn put_all(&mut self, targets: &[Target<'_>], values: &[Value]) -> Walk<()> {
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
    fn give(&mut self, text: &str) -> Walk<()> {
        let whole = fold(text.trim()).unwrap_or_default();
        if self.fired_by.is_some() && matches!(whole.as_str(), "new" | "old" | "null") {
            return Ok(());
        }
        let values = self.values(text)?;
        self.give_row(values);
        Ok(())
    }

    fn give_row(&mut self, values: Vec<Value>) {
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

fn only_select(parsed: &ParseResult) -> Option<&SelectStmt> {
    let [raw] = parsed.stmts.as_slice() else {
        return None;
    };
    match inner(raw.stmt.as_deref()?)? {
        NodeEnum::SelectStmt(select) => Some(select),
        _ => None,
    }
}

/// Whether a query is a list of expressions and nothing else.
pub(super) fn is_bare(select: &SelectStmt) -> bool {
    let operation = SetOperation::try_from(select.op).unwrap_or(SetOperation::Undefined);
    matches!(operation, SetOperation::Undefined | SetOperation::SetopNone)
        && select.from_clause.is_empty()
        && select.values_lists.is_empty()
        && select.distinct_clause.is_empty()
        && select.into_clause.is_none()
        && select.where_clause.is_none()
        && select.group_clause.is_empty()
        && select.having_clause.is_none()
        && select.window_clause.is_empty()
        && select.sort_clause.is_empty()
        && select.limit_count.is_none()
        && select.limit_offset.is_none()
        && select.locking_clause.is_empty()
        && select.with_clause.is_none()
}

pub(super) fn only_target(select: &SelectStmt) -> Option<&NodeEnum> {
    let [target] = select.target_list.as_slice() else {
        return None;
    };
    match inner(target)? {
        NodeEnum::ResTarget(target) => boxed(target.val.as_ref()),
        _ => None,
    }
}
