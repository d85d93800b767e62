//! Calls of SQL functions, opened to what their bodies do.
//!
//! A body is analysed by itself: what is given to a call is not followed into it, and counts as having left the
//! query. What is not understood of a body leaves the call as it would be without one: unanalysed (decision 0010).

use std::rc::Rc;
use std::sync::Arc;

use model::Verb;
use pg_query::NodeEnum;
use pg_query::protobuf::{FuncCall, Node};

use super::datatype::function_object;
use super::relation::Opened;
use super::routine::{Body, Routine};
use super::scope::{Scope, Value};
use super::{Analysis, Answer, NESTING_MAX, Row, Walk, inner, string, strings};
use crate::catalog::Function;
use crate::inspection::{Step, has_new_numbers, parse};
use crate::state::View;

/// Bytes of a definition that count as one node against the walk's limit.
const STEP_BYTES: usize = 16;

/// `void` and `record` in `pg_type.dat`.
const VOID: u32 = 2278;
const RECORD: u32 = 2249;

/// The parameters that a body sees.
#[derive(Debug)]
pub(crate) struct Parameters {
    /// The function's name, which may qualify them.
    function: String,
    /// In order; the name is empty where it has none.
    listed: Vec<(String, u32)>,
}

impl Parameters {
    fn named(&self, name: &str) -> Option<(usize, u32)> {
        let mut listed = self.listed.iter().enumerate();
        let found = listed.find(|(_, (known, _))| known == name && !name.is_empty());
        found.map(|(nth, (_, type_oid))| (nth, *type_oid))
    }
}

/// The columns of a call in FROM.
pub(crate) struct Called {
    /// `None` for one scalar, which takes its name from the alias.
    pub(crate) names: Option<Vec<String>>,
    pub(crate) columns: Vec<Value>,
}

/// How names of a body resolve.
pub(crate) struct Standing {
    /// In its own text.
    pub(crate) lexical: View,
    /// In the texts of functions that it calls; `None` where that is not known.
    pub(crate) runtime: Option<View>,
    /// Which of the path's schemas are searched depends on privileges.
    pub(crate) unsure_path: bool,
    /// The caller's path decides.
    pub(crate) by_path: bool,
}

impl<'a> Analysis<'a> {
    /// What the body of a function does, once found; `None` where it cannot be followed.
    pub(crate) fn body(&mut self, function: &'a Function) -> Walk<Option<Arc<Opened>>> {
        let (Some(text), Some(runtime)) = (function.definition.as_deref(), self.runtime) else {
            return Ok(None);
        };
        let kept = function.opened.get(&runtime.search_path);
        let kept = kept.filter(|_| self.is_pristine());
        let key = (function.oid, runtime.search_path.clone());
        if let Some(known) = kept.or_else(|| self.bodies.get(&key).cloned()) {
            return Ok(Some(known));
        }
        if self.calling.contains(&function.oid) {
            self.not_followed(function, Some("it calls itself".to_owned()));
            return Ok(None);
        }
        if self.calling.len() + self.opening.len() >= NESTING_MAX {
            return Ok(None);
        }
        self.enter(2)?;
        self.steps += text.len() / STEP_BYTES;
        let opened = Arc::new(self.look_into(function, text, runtime)?);
        self.leave(2);
        if self.cut || self.lacking.is_some() {
            // It lacks what is being gathered further out.
            return Ok(Some(opened));
        }
        if self.is_pristine() {
            let path = opened.by_path.then(|| runtime.search_path.clone());
            function.opened.keep(path, &opened);
        }
        self.bodies.insert(key, Arc::clone(&opened));
        Ok(Some(opened))
    }

    fn look_into(&mut self, function: &'a Function, text: &str, runtime: &View) -> Walk<Opened> {
        let Ok(parsed) = parse(text) else {
            return Ok(Opened::unknown());
        };
        let statement = parsed.stmts.first().and_then(|raw| raw.stmt.as_deref());
        let Some(NodeEnum::CreateFunctionStmt(definition)) = statement.and_then(inner) else {
            return Ok(Opened::unknown());
        };
        let Some(routine) = Routine::read(definition) else {
            return Ok(Opened::because("a setting or option of its own"));
        };
        let Some(standing) = self.standing(&routine, runtime) else {
            return Ok(Opened::because("how its names resolve"));
        };
        let written;
        let statements = match &routine.body {
            Body::Resolved(statements) => statements.clone(),
            Body::Procedural(_) => Vec::new(),
            Body::Text(text) => {
                let old_server = self.catalog.server_version < 160_000;
                let Ok(body) = parse(text) else {
                    return Ok(Opened::unknown());
                };
                if old_server && has_new_numbers(text) {
                    return Ok(Opened::unknown());
                }
                written = body;
                let nodes = written.stmts.iter().filter_map(|raw| raw.stmt.as_deref());
                nodes.filter_map(inner).collect()
            }
        };
        let defaults = self.defaults(&routine.defaults)?;
        let mut within = self.beneath(&standing.lexical, standing.runtime.as_ref());
        within.calling.push(function.oid);
        within.unsure_path = standing.unsure_path;
        for effect in &defaults {
            within.merge(effect);
        }
        if let Body::Procedural(body) = &routine.body {
            let row = within.look_into_procedure(function, &routine, body)?;
            self.above(&mut within);
            let by_path = standing.by_path || (within.by_path && routine.path.is_none());
            let mut opened = within.into_opened(&row);
            opened.by_path = by_path;
            return Ok(opened);
        }
        let names = routine.names.iter().cloned();
        let types = function.argument_types.iter();
        let types = types.map(|type_oid| self.certain(*type_oid));
        within.parameters = Some(Rc::new(Parameters {
            function: function.name.clone(),
            listed: names.zip(types).collect(),
        }));
        let row = within.statements(&statements, function)?;
        self.above(&mut within);
        let by_path = standing.by_path || (within.by_path && routine.path.is_none());
        let followed = row.is_some();
        let mut opened = within.into_opened(&row.unwrap_or_default());
        opened.unknown |= !followed;
        opened.by_path = by_path;
        Ok(opened)
    }

    /// How names resolve in a function's body; `None` where that is not known.
    pub(crate) fn standing(&self, routine: &Routine<'_>, runtime: &View) -> Option<Standing> {
        let own = routine.path.as_ref().map(|path| own_view(path, runtime));
        let is_text = !matches!(routine.body, Body::Resolved(_));
        // Its owner may see other schemas of the caller's path, and has another `$user`.
        let callers = (!routine.as_owner).then(|| runtime.clone());
        let searched = routine.path.as_ref().map_or(0, |path| {
            let plain = path.iter().filter(|name| !name.starts_with("pg_"));
            plain.count()
        });
        let unsure_path = own.is_some() && searched > 1;
        let by_path = own.is_none() && is_text;
        let runtime = own.or(callers);
        let lexical = match (&routine.body, &runtime) {
            (Body::Text(_) | Body::Procedural(_), Some(view)) => view.clone(),
            (Body::Text(_) | Body::Procedural(_), None) => return None,
            (Body::Resolved(_), _) => {
                // Its text names what it was made with by the names that the catalog holds.
                let mut own = self.locals.iter();
                if own.any(|(_, own)| !own.schema.starts_with("pg_temp_")) {
                    return None;
                }
                View {
                    search_path: vec!["pg_catalog".to_owned()],
                    ..View::default()
                }
            }
        };
        Some(Standing {
            unsure_path: unsure_path && is_text,
            lexical,
            // Whoever it calls would search a path that is not sure.
            runtime: runtime.filter(|_| !unsure_path),
            by_path,
        })
    }

    /// What the defaults of parameters do: they run in the caller's query.
    fn defaults(&mut self, defaults: &[&Node]) -> Walk<Vec<model::Effect>> {
        let qualified = View {
            search_path: vec!["pg_catalog".to_owned()],
            ..View::default()
        };
        let runtime = self.runtime;
        let mut within = self.beneath(&qualified, runtime);
        for default in defaults {
            within.expression(default, &Scope::default())?;
        }
        self.above(&mut within);
        self.by_path |= within.by_path;
        Ok(within.effects())
    }

    /// Walks a body's statements; the columns of its result, or `None` where it is not followed.
    fn statements(
        &mut self,
        statements: &[&NodeEnum],
        function: &'a Function,
    ) -> Walk<Option<Row>> {
        let mut row = Row::new();
        for node in statements {
            let answer = match node {
                NodeEnum::ReturnStmt(found) => {
                    let Some(value) = found.returnval.as_deref() else {
                        return Ok(None);
                    };
                    let value = self.expression(value, &Scope::default())?;
                    Answer::Row(vec![(String::new(), value)])
                }
                NodeEnum::SelectStmt(_)
                | NodeEnum::InsertStmt(_)
                | NodeEnum::UpdateStmt(_)
                | NodeEnum::DeleteStmt(_)
                | NodeEnum::MergeStmt(_) => self.statement(node)?.1,
                _ => return Ok(None),
            };
            row = match answer {
                Answer::Row(row) => row,
                Answer::Nothing | Answer::Plain => Row::new(),
                Answer::Named(_) | Answer::Unknown => return Ok(None),
            };
            for (_, value) in &row {
                // Every statement runs to its end, whoever looks at what it gives.
                let value = self.answer(value.clone(), "the body of a function");
                self.planned.extend(&value.sources);
            }
        }
        let moved = self.session.state_moved || self.session.catalog_changed;
        let stepped = !matches!(self.session.step, Step::None);
        if moved || stepped || self.refused.is_some() {
            return Ok(None);
        }
        self.result(row, function)
    }

    /// The columns of a function's result, as it is declared.
    fn result(&mut self, row: Row, function: &'a Function) -> Walk<Option<Row>> {
        let Some(declared) = self.declared(function) else {
            return Ok(Some(row));
        };
        self.type_cast(function.returns);
        if declared.is_empty() {
            return Ok(Some(Row::new()));
        }
        if row.len() == declared.len() {
            let columns = row.into_iter().zip(declared);
            let mut result = Row::new();
            for ((name, value), type_oid) in columns {
                let value = if self.is_polymorphic(type_oid) {
                    Value::derived([&value], 0)
                } else {
                    self.converted(&value, type_oid, true)
                };
                result.push((name, value));
            }
            return Ok(Some(result));
        }
        let [(_, whole)] = row.as_slice() else {
            return Ok(None);
        };
        // One value that is a row: of which of its parts a column is, is not followed.
        let column = |type_oid| {
            let mut value = Value::derived([whole], type_oid);
            value.telling = true;
            (String::new(), value)
        };
        Ok(Some(declared.into_iter().map(column).collect()))
    }

    /// The types of a function's result columns; `None` when whoever calls it says.
    pub(crate) fn declared(&self, function: &Function) -> Option<Vec<u32>> {
        let types = |columns: &[crate::catalog::Column]| {
            columns.iter().map(|column| column.type_oid).collect()
        };
        if !function.outputs.is_empty() {
            return Some(types(&function.outputs));
        }
        match function.returns {
            VOID => Some(Vec::new()),
            RECORD => None,
            oid => Some(self.composite(oid).map_or_else(|| vec![oid], types)),
        }
    }

    /// What a call of a user-defined function does, and what it gives; `None` where its body is not followed.
    pub(crate) fn opened_call(
        &mut self,
        function: &'a Function,
        call: &FuncCall,
        values: &[Value],
    ) -> Walk<Option<Vec<Value>>> {
        for type_oid in &function.argument_types {
            self.type_cast(*type_oid);
        }
        let Some(opened) = self.body(function)? else {
            return Ok(None);
        };
        self.by_path |= opened.by_path;
        self.follows = true;
        if opened.unknown {
            self.not_followed(function, opened.reason.clone());
            return Ok(None);
        }
        let named = |node: &Node| matches!(inner(node), Some(NodeEnum::NamedArgExpr(_)));
        let placed = !call.func_variadic && !call.args.iter().any(named);
        self.gives_to_body(&opened.passed, values, placed);
        let place = format!("the body of {}()", function.name);
        Ok(Some(self.take_in(&opened, &place)))
    }

    /// The columns of a call in FROM that means one function, whose body is followed; `None` otherwise.
    pub(crate) fn rows_of_call(&mut self, node: &Node, scope: &Scope<'_>) -> Walk<Option<Called>> {
        let Some(NodeEnum::FuncCall(call)) = inner(node) else {
            return Ok(None);
        };
        let Some(function) = self.only_meaning(call) else {
            return Ok(None);
        };
        let Some(opened) = self.body(function)? else {
            return Ok(None);
        };
        let names = self.function_columns(node, scope);
        let width = names.as_ref().map_or(1, Vec::len);
        if opened.unknown || opened.width() != width {
            return Ok(None);
        }
        let mut values = self.each(&call.args, scope)?;
        self.call_clauses(call, &mut values, scope)?;
        self.named_something = true;
        self.effect(Verb::Call, function_object(function));
        self.expose(&values);
        let Some(columns) = self.opened_call(function, call, &values)? else {
            return Ok(None);
        };
        let columns = columns.into_iter();
        let columns = columns.map(|column| beside(column, &values)).collect();
        Ok(Some(Called { names, columns }))
    }

    /// The user-defined function that a call means, where it can mean no other.
    fn only_meaning(&self, call: &FuncCall) -> Option<&'a Function> {
        let names = strings(&call.funcname)?;
        match self.candidates(&names, call.args.len()).as_slice() {
            [only] if !only.is_system() && !self.is_session_made(only) => Some(only),
            _ => None,
        }
    }

    /// A name that no column has: a parameter of the function whose body is walked.
    pub(crate) fn parameter(&mut self, fields: &[Node], scope: &Scope<'_>) -> Option<Value> {
        let known = Rc::clone(self.parameters.as_ref()?);
        // A relation whose columns are not all known may have one of that name.
        let levels = std::iter::successors(Some(scope), |level| level.parent);
        if levels
            .into_iter()
            .any(|level| level.rels.iter().any(|rel| rel.partial))
        {
            return None;
        }
        let parts: Vec<&str> = fields.iter().map(string).collect::<Option<_>>()?;
        let ((nth, found), rest) = match parts.as_slice() {
            [function, name, rest @ ..]
                if *function == known.function && known.named(name).is_some() =>
            {
                (known.named(name)?, rest)
            }
            [name, rest @ ..] => (known.named(name)?, rest),
            [] => return None,
        };
        let nth = Some(nth);
        match rest {
            [] => Some(Self::passed_value(nth, found)),
            [field] => {
                // May be a function of that name instead of a field.
                self.functional(field, &mut [Value::given(found)]);
                Some(Value {
                    givens: Self::passed_value(nth, 0).givens,
                    ..Value::free(0)
                })
            }
            _ => None,
        }
    }

    /// The type of a body's parameter by its number; 0 outside of bodies.
    pub(crate) fn parameter_type(&self, number: i32) -> u32 {
        let at = usize::try_from(number)
            .ok()
            .and_then(|nth| nth.checked_sub(1));
        let known = self.parameters.as_ref().zip(at);
        let listed = known.and_then(|(known, at)| known.listed.get(at));
        listed.map_or(0, |(_, type_oid)| *type_oid)
    }

    /// An analysis of a text that belongs to what is walked here.
    pub(crate) fn beneath<'x>(
        &mut self,
        lexical: &'x View,
        runtime: Option<&'x View>,
    ) -> Analysis<'x>
    where
        'a: 'x,
    {
        let mut within = Analysis::new(self.catalog, lexical, self.locals);
        within.home = self.home;
        within.runtime = runtime;
        within.own_text = false;
        within.opening.clone_from(&self.opening);
        within.calling.clone_from(&self.calling);
        within.depth = self.depth + 8;
        within.stack_base = self.stack_base;
        within.steps = self.steps;
        within.bodies = std::mem::take(&mut self.bodies);
        within.firing.clone_from(&self.firing);
        within.cut = self.cut;
        within
    }

    /// Says why a function's body is not followed.
    pub(crate) fn not_followed(&mut self, function: &Function, reason: Option<String>) {
        if let Some(reason) = reason {
            let name = function_object(function);
            self.notes.insert(format!("{name}: {reason}"));
        }
    }

    /// Takes back from an analysis beneath what is counted and kept throughout.
    pub(crate) fn above(&mut self, within: &mut Analysis<'_>) {
        self.steps = within.steps;
        self.unread |= within.unread;
        self.bodies = std::mem::take(&mut within.bodies);
        self.cut |= within.cut;
        if let Some(at) = within.lacking {
            self.lacks(at);
        }
    }

    /// Whether what is found here holds for every session.
    pub(crate) fn is_pristine(&self) -> bool {
        let plain = |view: &View| view.overlay == crate::state::Overlay::default();
        self.locals.is_empty() && self.runtime.is_some_and(plain)
    }
}

/// What a function gives, beside what it was given.
pub(crate) fn beside(mut result: Value, arguments: &[Value]) -> Value {
    if arguments.iter().all(|value| value.sources.is_empty()) {
        result.givens = Value::derived(arguments, 0).givens;
        return result;
    }
    Value {
        telling: result.telling,
        risks: Vec::new(),
        ..Value::derived(arguments.iter().chain([&result]), result.type_oid)
    }
}

/// The view of a function with a path of its own.
fn own_view(path: &[String], caller: &View) -> View {
    let temporary = caller.temporary_schema();
    let mut searched: Vec<String> = Vec::new();
    for schema in path {
        match schema.as_str() {
            "pg_temp" => searched.extend(temporary.map(str::to_owned)),
            _ => searched.push(schema.clone()),
        }
    }
    if !searched.iter().any(|schema| schema == "pg_catalog") {
        searched.insert(0, "pg_catalog".to_owned());
    }
    View {
        search_path: searched,
        role: caller.role.clone(),
        overlay: caller.overlay.clone(),
    }
}
