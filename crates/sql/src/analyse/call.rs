//! Function calls and operators: every function that a name may mean counts.
//!
//! Overloads are not resolved by argument types: a user-defined function that shares a built-in's name in a searched
//! schema may win in PostgreSQL, so it is reported as called.

use model::{Object, Usage, Verb};
use pg_query::NodeEnum;
use pg_query::protobuf::{AExprKind, CoercionForm, FuncCall, Node, SelectStmt, a_const};

use super::body::beside;
use super::datatype::{function_object, is_reviewed, routine_effects};
use super::reach::{self, Reach};
use super::scope::{Kind, Resolved, Scope, Value};
use super::{Analysis, Walk, boxed, inner, object, other, strings};
use crate::catalog::{FIRST_USER_OID, Function};

impl<'a> Analysis<'a> {
    #[inline(never)]
    pub(crate) fn call(&mut self, call: &FuncCall, scope: &Scope<'_>) -> Walk<Value> {
        let mut values = Vec::with_capacity(call.args.len());
        for argument in &call.args {
            values.push(self.expression(argument, scope)?);
        }
        self.call_clauses(call, &mut values, scope)?;
        let Some(names) = strings(&call.funcname) else {
            self.unknown("function", "");
            return Ok(self.unsure(&values, 0, "a function"));
        };
        if call.agg_distinct {
            for value in &values {
                self.use_equal(value, "DISTINCT");
            }
        }
        self.named_something = true;
        // WITHIN GROUP's sorted values are arguments of the aggregate.
        let sorted = if call.agg_within_group {
            call.agg_order.len()
        } else {
            0
        };
        let candidates = self.candidates(&names, call.args.len() + sorted);
        if candidates.is_empty() {
            return Ok(self.not_a_function(call, &names, &values, scope));
        }
        if names.last() == Some(&"count") && candidates.iter().all(|found| found.is_system()) {
            for value in values.iter().take(call.args.len()) {
                self.use_equal(value, "count()");
            }
            return Ok(Value::free(20));
        }
        let candidates = self.likely(candidates, call, &values);
        for function in &candidates {
            self.sees_type(function.returns);
            for output in &function.outputs {
                self.sees_type(output.type_oid);
            }
        }
        let mut results = Vec::new();
        for function in &candidates {
            results.extend(self.run(function, call, &values)?);
        }
        let meant = self.fitting(
            &candidates,
            values.get(..call.args.len()).unwrap_or(&values),
        );
        let returns = meant.first().map_or(0, |first| first.returns);
        let agree = meant.iter().all(|found| found.returns == returns);
        let known = if agree && !self.is_polymorphic(returns) {
            returns
        } else {
            0
        };
        self.type_cast(known);
        match results.as_slice() {
            [] => {
                let mut value = self.called(&candidates, call, &values, known);
                if let Some(givens) = self.called_givens(&candidates, call, &values) {
                    value.givens = givens;
                }
                Ok(value)
            }
            [only] if candidates.len() == 1 => Ok(beside(only.clone(), &values)),
            several => {
                let name = names.join(".");
                Ok(self.unsure(several.iter().chain(&values), known, format!("{name}()")))
            }
        }
    }

    /// Those of several functions that may be meant, by the arguments whose types are certain.
    fn likely(
        &self,
        candidates: Vec<&'a Function>,
        call: &FuncCall,
        values: &[Value],
    ) -> Vec<&'a Function> {
        let named = |node: &Node| matches!(inner(node), Some(NodeEnum::NamedArgExpr(_)));
        if call.func_variadic || call.agg_within_group || call.args.iter().any(named) {
            return candidates;
        }
        let types: Vec<u32> = call
            .args
            .iter()
            .zip(values)
            .map(|(node, value)| {
                let told = matches!(
                    inner(node),
                    Some(NodeEnum::AConst(_) | NodeEnum::TypeCast(_))
                );
                let stored = value.kind == Kind::Direct && !value.mixed;
                if told || stored { value.type_oid } else { 0 }
            })
            .collect();
        let takes = |function: &&&'a Function| {
            let wanted = &function.argument_types;
            let mut known = types.iter().enumerate();
            known.all(|(nth, actual)| {
                let parameter = wanted.get(nth).or(wanted.last()).copied().unwrap_or(0);
                self.may_be(parameter, *actual)
            })
        };
        let likely: Vec<_> = candidates.iter().filter(takes).copied().collect();
        if likely.is_empty() {
            candidates
        } else {
            likely
        }
    }

    /// FILTER, ORDER BY and OVER of a call.
    pub(crate) fn call_clauses(
        &mut self,
        call: &FuncCall,
        values: &mut Vec<Value>,
        scope: &Scope<'_>,
    ) -> Walk<()> {
        for sort in &call.agg_order {
            let Some(NodeEnum::SortBy(sort)) = inner(sort) else {
                continue;
            };
            if !sort.use_op.is_empty() {
                self.operator(&sort.use_op, 0, 0);
            }
            if let Some(node) = sort.node.as_deref() {
                let value = self.expression(node, scope)?;
                self.use_at(&value, Usage::Predicate, "ORDER BY");
                // Within WITHIN GROUP the sorted value is the argument.
                values.push(value);
            }
        }
        if let Some(filter) = boxed(call.agg_filter.as_ref()) {
            self.at("FILTER", |walk| walk.condition(filter, scope))?;
        }
        if let Some(window) = &call.over {
            let value = self.window(window, scope)?;
            values.push(value);
        }
        Ok(())
    }

    /// Every function that a call of `count` arguments may mean.
    pub(crate) fn candidates(&self, names: &[&str], count: usize) -> Vec<&'a Function> {
        let (schema, name) = match names {
            [name] => (None, *name),
            [schema, name] => (Some(*schema), *name),
            [database, schema, name] if *database == self.catalog.database => {
                (Some(*schema), *name)
            }
            _ => return Vec::new(),
        };
        let path = &self.view.search_path;
        let in_reach = |function: &&Function| match schema {
            Some(schema) => function.schema == schema,
            None => path.contains(&function.schema),
        };
        let catalog = self.catalog;
        let known = catalog.functions_by_name.get(name).into_iter().flatten();
        known
            .filter_map(|index| catalog.functions.get(*index))
            .filter(in_reach)
            .filter(|function| function.takes(count))
            .collect()
    }

    /// Whether the session's own transaction changed a function, or made one that its name may mean. By its number as
    /// well: it may have another name by now, and be called by those who know it by that.
    pub(crate) fn is_session_made(&self, function: &Function) -> bool {
        let own = &self.runtime.unwrap_or(self.view).overlay.functions;
        own.iter()
            .any(|(oid, name)| *oid == function.oid || *name == function.name)
    }

    /// A name that is no function: a type (a cast in functional notation), or a column of a row.
    fn not_a_function(
        &mut self,
        call: &FuncCall,
        names: &[&str],
        values: &[Value],
        scope: &Scope<'_>,
    ) -> Value {
        let name = names.join(".");
        let is_syntax = call.funcformat == CoercionForm::CoerceSqlSyntax as i32;
        if is_syntax && names.first() == Some(&"pg_catalog") && !name.ends_with("system_user") {
            return self.unsure(values, 0, format!("{name}()"));
        }
        if let [value] = values
            && let Some(oid) = self.type_called(names)
        {
            self.type_cast(oid);
            return self.converted(value, oid, true);
        }
        if let ([argument], [name]) = (call.args.as_slice(), names)
            && let Some(NodeEnum::ColumnRef(column)) = inner(argument)
            && let Resolved::Whole(rel) = self.resolve_column(&column.fields, scope)
            && let Some((_, value)) = rel.columns.iter().find(|(column, _)| column == name)
        {
            let value = value.clone();
            return self.taken(value);
        }
        self.unknown("unresolved function", &name);
        let derived = Value::derived(values, 0);
        self.use_value(&derived, Usage::Opaque);
        derived
    }

    /// `row.name` where `name` is no column: a call of a function with one argument. Says whether one is known.
    pub(crate) fn functional(&mut self, name: &str, values: &mut [Value]) -> bool {
        let candidates = self.candidates(&[name], 1);
        for function in &candidates {
            if !is_reviewed(function) {
                for effect in routine_effects(self.catalog, function.oid) {
                    self.merge(&effect);
                }
                for value in values.iter() {
                    self.use_value(value, Usage::Opaque);
                }
            }
        }
        !candidates.is_empty()
    }

    /// What calling one function does; the value that its body gives, where that is followed.
    fn run(
        &mut self,
        function: &'a Function,
        call: &FuncCall,
        values: &[Value],
    ) -> Walk<Option<Value>> {
        let made_here = self.is_session_made(function);
        if function.is_system() && !made_here {
            self.run_built_in(function, call, values);
            return Ok(None);
        }
        if is_reviewed(function) && !made_here {
            return Ok(None);
        }
        self.effect(Verb::Call, function_object(function));
        self.expose(values);
        if !made_here && let Some(columns) = self.opened_call(function, call, values)? {
            return Ok(Some(match <[Value; 1]>::try_from(columns) {
                Ok([value]) => value,
                Err(columns) => Self::sure(&columns, 0),
            }));
        }
        // Its body is not known: what it returns may come from anywhere.
        self.effect(Verb::Unanalysed, function_object(function));
        Ok(None)
    }

    fn run_built_in(&mut self, function: &Function, call: &FuncCall, values: &[Value]) {
        let name = function.name.as_str();
        let Some(reach) = reach::function(name, function.volatility) else {
            self.unread = true;
            self.effect(Verb::Call, function_object(function));
            self.expose(values);
            return;
        };
        if reach == Reach::Harmless {
            return;
        }
        self.expose(values);
        self.shape_safe = false;
        match reach {
            Reach::Harmless | Reach::Exposes => {}
            Reach::Advisory if name.contains("unlock") => {}
            Reach::Advisory => self.effect(Verb::Lock, other("advisory_lock", "")),
            Reach::Does(verb) => self.effect(verb, function_object(function)),
            Reach::Dynamic => {
                self.effect(Verb::Call, function_object(function));
                self.effect(Verb::Unanalysed, function_object(function));
            }
            Reach::Notify => {
                let channel = call.args.first().and_then(constant).unwrap_or_default();
                let name = channel.to_owned();
                self.effect(Verb::Notify, Object::Channel { name });
            }
            Reach::Sequence => self.sequence(Verb::Update, call),
            Reach::SequenceRead => self.sequence(Verb::Select, call),
            Reach::Setting => self.set_config(call),
        }
    }

    /// Arguments that leave the query.
    pub(crate) fn expose(&mut self, values: &[Value]) {
        for value in values {
            self.use_value(value, Usage::Opaque);
        }
    }

    fn sequence(&mut self, verb: Verb, call: &FuncCall) {
        let name = call.args.first().and_then(constant);
        let parts = name.and_then(split_name).unwrap_or_default();
        let found = match parts.as_slice() {
            [name] => self.resolve(None, name),
            [schema, name] => self.resolve(Some(schema), name),
            _ => None,
        };
        match found.and_then(|id| self.relation(id)) {
            Some(relation) => self.effect(verb, object(relation)),
            None => self.unknown("sequence named at run time", ""),
        }
    }

    fn set_config(&mut self, call: &FuncCall) {
        let mut arguments = call.args.iter();
        let first = arguments.next();
        let named = first.and_then(constant).map(str::to_owned);
        let of_row = || {
            first
                .filter(|node| is_bare_column(node, "name"))
                .and(self.row_setting.clone())
        };
        let value = arguments.next().and_then(constant);
        match named.or_else(of_row) {
            Some(name) => self.set(&name, value, false),
            None => {
                let name = String::new();
                self.effect(Verb::Set, Object::Setting { name });
                self.unknown("setting named at run time", "");
                self.moves_path = true;
                self.session.state_moved = true;
                self.refused =
                    Some("a setting named at run time may change how texts are read".to_owned());
            }
        }
    }

    /// The setting that `name` is in every row of `FROM pg_settings WHERE name = 'constant'`: pg_dump sets one that way
    /// where the server knows it.
    pub(crate) fn setting_of_row(&self, select: &SelectStmt, scope: &Scope<'_>) -> Option<String> {
        let [rel] = scope.rels.as_slice() else {
            return None;
        };
        let settings = self.relation(rel.relation?)?;
        let known = settings.schema == "pg_catalog" && settings.name == "pg_settings";
        let Some(NodeEnum::AExpr(equal)) = boxed(select.where_clause.as_ref()) else {
            return None;
        };
        let kind = AExprKind::try_from(equal.kind).unwrap_or(AExprKind::Undefined);
        let plain = kind == AExprKind::AexprOp && strings(&equal.name)? == ["="];
        // A `=` of somebody else's making may hold for other names too.
        if !known || !plain || self.catalog.operators.contains_key("=") {
            return None;
        }
        let name = equal.lexpr.as_deref()?;
        is_bare_column(name, "name").then_some(())?;
        constant(equal.rexpr.as_deref()?).map(str::to_owned)
    }

    pub(crate) fn is_polymorphic(&self, oid: u32) -> bool {
        let kind = self.catalog.types.get(&oid).map(|known| known.kind);
        kind == Some(b'p')
    }

    /// The columns that a function in FROM brings; `None` when it is scalar or not known.
    pub(crate) fn function_columns(&self, node: &Node, scope: &Scope<'_>) -> Option<Vec<String>> {
        let Some(NodeEnum::FuncCall(call)) = inner(node) else {
            return None;
        };
        let names = strings(&call.funcname)?;
        let mut candidates = self.candidates(&names, call.args.len());
        if let Some(NodeEnum::TypeCast(cast)) = call.args.first().and_then(inner)
            && let Some(name) = &cast.type_name
            && !name.array_bounds.is_empty()
            && candidates.iter().all(|found| found.is_system())
        {
            // Nothing else takes an array.
            candidates.retain(|found| found.outputs.is_empty());
        }
        let columns_of = |function: &Function| -> Option<Vec<String>> {
            if !function.outputs.is_empty() {
                return Some(
                    function
                        .outputs
                        .iter()
                        .map(|column| column.name.clone())
                        .collect(),
                );
            }
            let mut oid = function.returns;
            if self.is_polymorphic(oid) {
                oid = self.first_cast(call, scope)?;
            }
            let columns = self.composite(oid)?;
            Some(columns.iter().map(|column| column.name.clone()).collect())
        };
        let first = columns_of(candidates.first()?)?;
        let agree = candidates
            .iter()
            .all(|function| columns_of(function).as_ref() == Some(&first));
        agree.then_some(first)
    }

    /// The type that the first argument is cast to, or that the function or column there has; for an array, of its
    /// elements.
    fn first_cast(&self, call: &FuncCall, scope: &Scope<'_>) -> Option<u32> {
        let array = match call.args.first().and_then(inner) {
            Some(NodeEnum::FuncCall(within)) => {
                let candidates = self.candidates(&strings(&within.funcname)?, within.args.len());
                let returns = candidates.first()?.returns;
                let agree = candidates.iter().all(|found| found.returns == returns);
                agree.then_some(returns)
            }
            Some(NodeEnum::ColumnRef(column)) => match self.resolve_column(&column.fields, scope) {
                Resolved::Column(value) => Some(value.type_oid),
                _ => None,
            },
            _ => None,
        };
        if let Some(array) = array.and_then(|oid| self.catalog.types.get(&oid)) {
            return array.is_array.then_some(array.element);
        }
        let Some(NodeEnum::TypeCast(cast)) = call.args.first().and_then(inner) else {
            return None;
        };
        let name = cast.type_name.as_ref()?;
        self.type_called(&strings(&name.names)?)
    }

    /// Whether a function in FROM that brings no columns of its own brings one scalar: `None` when nothing is known.
    pub(crate) fn function_is_scalar(&self, node: &Node, scope: &Scope<'_>) -> Option<bool> {
        let Some(NodeEnum::FuncCall(call)) = inner(node) else {
            // CURRENT_DATE, CAST and the like in FROM.
            return Some(true);
        };
        let names = strings(&call.funcname)?;
        let candidates = self.candidates(&names, call.args.len());
        if candidates.is_empty() {
            return (call.funcformat == CoercionForm::CoerceSqlSyntax as i32).then_some(true);
        }
        let scalar = |function: &&Function| {
            let oid = function.returns;
            if self.is_polymorphic(oid) {
                let element = self.first_cast(call, scope);
                let array = matches!(
                    call.args.first().and_then(inner),
                    Some(NodeEnum::AArrayExpr(_))
                );
                return array || element.is_some_and(|oid| self.composite(oid).is_none());
            }
            self.composite(oid).is_none()
        };
        Some(candidates.iter().all(scalar))
    }

    /// An operator by its qualified name, with the operand types where known (0 where not).
    pub(crate) fn operator(&mut self, name: &[Node], left: u32, right: u32) {
        match strings(name) {
            Some(names) => self.operator_named(&names, left, right),
            None => self.unknown("operator", ""),
        }
    }

    pub(crate) fn operator_named(&mut self, names: &[&str], left: u32, right: u32) {
        let (schema, symbol) = match names {
            [symbol] => (None, *symbol),
            [schema, symbol] => (Some(*schema), *symbol),
            _ => return self.unknown("operator", &names.join(".")),
        };
        self.named_something = true;
        if symbol.contains("BETWEEN") && schema.is_none() {
            self.operator_named(&[">="], left, 0);
            self.operator_named(&["<="], left, 0);
            // SYMMETRIC and NOT BETWEEN ask the other way round too.
            self.operator_named(&["<"], left, 0);
            return self.operator_named(&[">"], left, 0);
        }
        let catalog = self.catalog;
        for found in catalog.operators.get(symbol).into_iter().flatten() {
            let in_reach = match schema {
                Some(schema) => found.schema == schema,
                None => self.view.search_path.contains(&found.schema),
            };
            if in_reach && self.may_be(found.left, left) && self.may_be(found.right, right) {
                let run = catalog.function(found.function);
                self.sees_type(run.map_or(0, |run| run.returns));
                for effect in routine_effects(catalog, found.function) {
                    self.merge(&effect);
                }
            }
        }
    }

    /// Whether an operand of type `actual` may be taken for one of type `wanted`.
    fn may_be(&self, wanted: u32, actual: u32) -> bool {
        if actual == 0 || actual == super::scope::UNKNOWN {
            return true;
        }
        let base = self.catalog.base_type(actual);
        // A domain takes whatever the type behind it takes.
        let wanted = self.catalog.base_type(wanted);
        if wanted < FIRST_USER_OID {
            return self.has_own_casts() || super::total::may_take(base, wanted);
        }
        wanted == base
            || self.is_polymorphic(wanted)
            || self
                .catalog
                .casts
                .iter()
                .any(|cast| cast.target == wanted && (cast.source == actual || cast.source == base))
    }
}

impl Function {
    pub(crate) fn is_system(&self) -> bool {
        self.oid < FIRST_USER_OID
    }
}

/// A constant string, cast or not.
pub(crate) fn constant(node: &Node) -> Option<&str> {
    match inner(node)? {
        NodeEnum::AConst(constant) => match constant.val.as_ref()? {
            a_const::Val::Sval(text) => Some(&text.sval),
            _ => None,
        },
        NodeEnum::TypeCast(cast) => constant(cast.arg.as_deref()?),
        _ => None,
    }
}

/// Whether an expression is an unqualified column of this name.
fn is_bare_column(node: &Node, name: &str) -> bool {
    let Some(NodeEnum::ColumnRef(column)) = inner(node) else {
        return false;
    };
    strings(&column.fields).is_some_and(|fields| fields == [name])
}

/// A qualified name in a string, as `regclass` reads it: unquoted parts fold to lower case.
fn split_name(text: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    loop {
        let (part, after) = if let Some(quoted) = rest.strip_prefix('"') {
            let end = quoted.find('"')?;
            (quoted.get(..end)?.to_owned(), quoted.get(end + 1..)?)
        } else {
            let end = rest.find('.').unwrap_or(rest.len());
            (rest.get(..end)?.to_ascii_lowercase(), rest.get(end..)?)
        };
        // A doubled quote or a blank within is legal and rare: not followed.
        if part.is_empty() || part.contains(char::is_whitespace) {
            return None;
        }
        parts.push(part);
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None => return after.is_empty().then_some(parts),
        }
    }
}
