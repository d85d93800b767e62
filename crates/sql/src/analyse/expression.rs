//! Expressions: where a value comes from, and what computing it does.
//!
//! A node kind without an arm here is reported and makes every column in reach opaque.

use model::Usage;
use pg_query::NodeEnum;
use pg_query::protobuf::{
    AExpr, AExprKind, AIndirection, CaseExpr, JsonAggConstructor, JsonOutput, JsonValueExpr, Node,
    SubLink, SubLinkType, TypeCast, a_const,
};

use super::scope::{Resolved, Scope, UNKNOWN, Value};
use super::{Analysis, Walk, boxed, inner, kind_of, string, strings};

const BOOL: u32 = 16;

impl<'a> Analysis<'a> {
    /// Where the value of an expression comes from. Uses beyond that are recorded by whoever asks.
    pub(crate) fn expression(&mut self, node: &Node, scope: &Scope<'_>) -> Walk<Value> {
        match inner(node) {
            Some(node) => self.value(node, scope),
            None => {
                self.unknown("empty expression", "");
                Ok(Value::default())
            }
        }
    }

    fn value(&mut self, node: &NodeEnum, scope: &Scope<'_>) -> Walk<Value> {
        self.enter(1)?;
        let value = match node {
            NodeEnum::AConst(constant) => Value::free(constant_type(&constant.val)),
            NodeEnum::ColumnRef(column) => self.column(&column.fields, scope),
            NodeEnum::ParamRef(_)
            | NodeEnum::SetToDefault(_)
            | NodeEnum::SqlvalueFunction(_)
            | NodeEnum::GroupingFunc(_)
            | NodeEnum::CurrentOfExpr(_) => Value::free(0),
            NodeEnum::AExpr(expr) => self.operation(expr, scope)?,
            NodeEnum::FuncCall(call) => self.call(call, scope)?,
            NodeEnum::TypeCast(cast) => self.cast(cast, scope)?,
            NodeEnum::SubLink(link) => self.sublink(link, scope)?,
            NodeEnum::CaseExpr(case) => self.case(case, scope)?,
            NodeEnum::AIndirection(indirection) => self.indirection(indirection, scope)?,
            other => self.compound(other, scope)?,
        };
        self.leave(1);
        Ok(value)
    }

    /// Kinds that compute from their parts.
    #[inline(never)]
    fn compound(&mut self, node: &NodeEnum, scope: &Scope<'_>) -> Walk<Value> {
        match node {
            NodeEnum::BoolExpr(expr) => self.parts(expr.args.iter(), scope, BOOL),
            NodeEnum::NullTest(test) => self.parts(test.arg.as_deref(), scope, BOOL),
            NodeEnum::BooleanTest(test) => self.parts(test.arg.as_deref(), scope, BOOL),
            NodeEnum::AArrayExpr(array) => self.parts(array.elements.iter(), scope, 0),
            NodeEnum::RowExpr(row) => self.row(&row.args, scope),
            NodeEnum::List(list) => self.parts(list.items.iter(), scope, 0),
            NodeEnum::MinMaxExpr(expr) => self.parts(expr.args.iter(), scope, 0),
            NodeEnum::NamedArgExpr(named) => self.parts(named.arg.as_deref(), scope, 0),
            NodeEnum::MultiAssignRef(source) => self.parts(source.source.as_deref(), scope, 0),
            NodeEnum::CoalesceExpr(expr) => self.alternatives(&expr.args, scope),
            NodeEnum::CollateClause(collate) => match collate.arg.as_deref() {
                Some(argument) => self.expression(argument, scope),
                None => Ok(Value::default()),
            },
            NodeEnum::XmlExpr(xml) => {
                let parts = xml.named_args.iter().chain(&xml.args);
                self.named_parts(parts, scope)
            }
            NodeEnum::XmlSerialize(xml) => {
                if let Some(name) = &xml.type_name {
                    self.type_name(name);
                }
                self.parts(xml.expr.as_deref(), scope, 0)
            }
            NodeEnum::MergeSupportFunc(_) => {
                self.needs(170_000, "merge_action");
                Ok(Value::free(25))
            }
            other => self.json(other, scope),
        }
    }

    /// SQL/JSON: older servers read these words as calls of ordinary functions.
    fn json(&mut self, node: &NodeEnum, scope: &Scope<'_>) -> Walk<Value> {
        match node {
            NodeEnum::JsonValueExpr(value) => self.json_value(Some(value), scope),
            NodeEnum::JsonKeyValue(pair) => {
                let key = self.parts(pair.key.as_deref(), scope, 0)?;
                let value = self.json_value(pair.value.as_deref(), scope)?;
                Ok(Value::derived([&key, &value], 0))
            }
            NodeEnum::JsonArgument(argument) => self.json_value(argument.val.as_deref(), scope),
            NodeEnum::JsonObjectConstructor(object) => {
                self.json_form(160_000, "JSON_OBJECT", object.output.as_ref());
                self.parts(object.exprs.iter(), scope, 0)
            }
            NodeEnum::JsonArrayConstructor(array) => {
                self.json_form(160_000, "JSON_ARRAY", array.output.as_ref());
                self.parts(array.exprs.iter(), scope, 0)
            }
            NodeEnum::JsonArrayQueryConstructor(array) => {
                self.json_form(160_000, "JSON_ARRAY", array.output.as_ref());
                let row = match boxed(array.query.as_ref()) {
                    Some(query) => self.subquery(query, scope)?,
                    None => Vec::new(),
                };
                Ok(Value::derived(row.iter().map(|(_, value)| value), 0))
            }
            NodeEnum::JsonObjectAgg(aggregate) => {
                let pair = aggregate.arg.as_deref();
                let key = self.parts(pair.and_then(|pair| pair.key.as_deref()), scope, 0)?;
                let value = self.json_value(pair.and_then(|pair| pair.value.as_deref()), scope)?;
                let rest = self.json_aggregate(aggregate.constructor.as_deref(), scope)?;
                Ok(Value::derived([&key, &value, &rest], 0))
            }
            NodeEnum::JsonArrayAgg(aggregate) => {
                let value = self.json_value(aggregate.arg.as_deref(), scope)?;
                let rest = self.json_aggregate(aggregate.constructor.as_deref(), scope)?;
                Ok(Value::derived([&value, &rest], 0))
            }
            NodeEnum::JsonIsPredicate(test) => {
                self.needs(160_000, "IS JSON");
                self.parts(test.expr.as_deref(), scope, BOOL)
            }
            NodeEnum::JsonScalarExpr(scalar) => {
                self.json_form(170_000, "JSON_SCALAR", scalar.output.as_ref());
                self.parts(scalar.expr.as_deref(), scope, 0)
            }
            NodeEnum::JsonParseExpr(parse) => {
                self.json_form(170_000, "JSON", parse.output.as_ref());
                self.json_value(parse.expr.as_deref(), scope)
            }
            NodeEnum::JsonSerializeExpr(expr) => {
                self.json_form(170_000, "JSON_SERIALIZE", expr.output.as_ref());
                self.json_value(expr.expr.as_deref(), scope)
            }
            NodeEnum::JsonFuncExpr(function) => {
                self.json_form(170_000, "JSON_VALUE", function.output.as_ref());
                let mut values = vec![self.json_value(function.context_item.as_deref(), scope)?];
                let behaviours = [&function.on_empty, &function.on_error];
                let defaults = behaviours
                    .into_iter()
                    .flatten()
                    .filter_map(|behaviour| behaviour.expr.as_deref());
                for part in function
                    .passing
                    .iter()
                    .chain(function.pathspec.as_deref())
                    .chain(defaults)
                {
                    values.push(self.expression(part, scope)?);
                }
                Ok(Value::derived(&values, 0))
            }
            other => {
                self.unknown("expression", &kind_of(other));
                let everything = scope.everything();
                self.use_value(&everything, Usage::Opaque);
                Ok(everything)
            }
        }
    }

    fn json_aggregate(
        &mut self,
        constructor: Option<&JsonAggConstructor>,
        scope: &Scope<'_>,
    ) -> Walk<Value> {
        let Some(constructor) = constructor else {
            return Ok(Value::default());
        };
        self.json_form(160_000, "JSON_ARRAYAGG", constructor.output.as_ref());
        if let Some(filter) = boxed(constructor.agg_filter.as_ref()) {
            self.condition(filter, scope)?;
        }
        let empty = Vec::new();
        self.order_by(&constructor.agg_order, &empty, scope)?;
        match constructor.over.as_deref() {
            Some(window) => self.window(window, scope),
            None => Ok(Value::default()),
        }
    }

    fn json_form(&mut self, version: u32, name: &str, output: Option<&JsonOutput>) {
        self.needs(version, name);
        if let Some(name) = output.and_then(|output| output.type_name.as_ref()) {
            self.type_name(name);
        }
    }

    fn json_value(&mut self, value: Option<&JsonValueExpr>, scope: &Scope<'_>) -> Walk<Value> {
        let raw = value.and_then(|value| value.raw_expr.as_deref());
        self.parts(raw, scope, 0)
    }

    /// Syntax that this parser knows and an older server would read otherwise.
    pub(crate) fn needs(&mut self, version: u32, syntax: &str) {
        if self.catalog.server_version < version {
            self.unknown("syntax that this server reads otherwise", syntax);
        }
    }

    /// A value computed from all parts.
    pub(crate) fn parts<'n>(
        &mut self,
        parts: impl IntoIterator<Item = &'n Node>,
        scope: &Scope<'_>,
        type_oid: u32,
    ) -> Walk<Value> {
        let mut values = Vec::new();
        for part in parts {
            values.push(self.expression(part, scope)?);
        }
        Ok(Value::derived(&values, type_oid))
    }

    /// Parts that stand in named targets, as in XMLFOREST.
    fn named_parts<'n>(
        &mut self,
        parts: impl IntoIterator<Item = &'n Node>,
        scope: &Scope<'_>,
    ) -> Walk<Value> {
        let bare = parts.into_iter().filter_map(|part| match inner(part) {
            Some(NodeEnum::ResTarget(target)) => target.val.as_deref(),
            _ => Some(part),
        });
        let bare: Vec<&Node> = bare.collect();
        self.parts(bare, scope, 0)
    }

    /// A row constructor; `t.*` within stands for all columns of `t`.
    fn row(&mut self, items: &[Node], scope: &Scope<'_>) -> Walk<Value> {
        let mut values = Vec::new();
        for item in items {
            if let Some(NodeEnum::ColumnRef(column)) = inner(item)
                && let Some((last, qualifier)) = column.fields.split_last()
                && matches!(inner(last), Some(NodeEnum::AStar(_)))
            {
                values.push(self.starred(qualifier, scope));
            } else {
                values.push(self.expression(item, scope)?);
            }
        }
        Ok(Value::derived(&values, 0))
    }

    /// All columns of what a star stands for, as one value.
    pub(crate) fn starred(&mut self, qualifier: &[Node], scope: &Scope<'_>) -> Value {
        match strings(qualifier).as_deref() {
            Some([]) => scope.everything(),
            Some([table]) => self.whole(scope.rel(None, table).cloned()),
            Some([.., schema, table]) => self.whole(scope.rel(Some(schema), table).cloned()),
            None => {
                self.unknown("unresolved column", "*");
                scope.everything()
            }
        }
    }

    fn whole(&mut self, rel: Option<super::scope::Rel>) -> Value {
        match rel {
            Some(rel) if !rel.partial => rel.whole(),
            Some(rel) => {
                self.unknown("columns that are not known", &rel.name);
                rel.whole()
            }
            None => {
                self.unknown("unresolved column", "*");
                Value::default()
            }
        }
    }

    /// COALESCE: one of the parts, unchanged.
    fn alternatives(&mut self, parts: &[Node], scope: &Scope<'_>) -> Walk<Value> {
        let mut joined: Option<Value> = None;
        for part in parts {
            let value = self.expression(part, scope)?;
            joined = Some(match joined {
                None => value,
                // A placeholder of the client's choosing beside a column would tell which rows are NULL.
                Some(known) => Value::derived([&known, &value], known.either(&value).type_oid),
            });
        }
        Ok(joined.unwrap_or_default())
    }

    #[inline(never)]
    fn case(&mut self, case: &CaseExpr, scope: &Scope<'_>) -> Walk<Value> {
        let mut values = Vec::new();
        let tested = match case.arg.as_deref() {
            Some(argument) => Some(self.expression(argument, scope)?),
            None => None,
        };
        if let Some(tested) = &tested {
            self.compare(tested);
            // CASE x WHEN y compares with the operator `=` of the path.
            self.operator_named(&["="], tested.type_oid, 0);
        }
        for when in &case.args {
            let Some(NodeEnum::CaseWhen(when)) = inner(when) else {
                self.unknown("CASE", "");
                continue;
            };
            if let Some(condition) = boxed(when.expr.as_ref()) {
                values.push(if tested.is_some() {
                    let value = self.value(condition, scope)?;
                    self.compare(&value);
                    value
                } else {
                    self.condition(condition, scope)?
                });
            }
            if let Some(result) = when.result.as_deref() {
                values.push(self.expression(result, scope)?);
            }
        }
        if let Some(otherwise) = case.defresult.as_deref() {
            values.push(self.expression(otherwise, scope)?);
        }
        values.extend(tested);
        Ok(Value::derived(&values, 0))
    }

    /// A condition: records what it compares, and gives its value.
    pub(crate) fn condition(&mut self, node: &NodeEnum, scope: &Scope<'_>) -> Walk<Value> {
        self.enter(1)?;
        let value = self.condition_kind(node, scope)?;
        self.leave(1);
        Ok(value)
    }

    fn condition_kind(&mut self, node: &NodeEnum, scope: &Scope<'_>) -> Walk<Value> {
        match node {
            NodeEnum::BoolExpr(expr) => {
                let mut values = Vec::new();
                for argument in &expr.args {
                    if let Some(argument) = inner(argument) {
                        values.push(self.condition(argument, scope)?);
                    }
                }
                Ok(Value::derived(&values, BOOL))
            }
            NodeEnum::AExpr(expr) if is_equality(expr) => {
                let left = self.side(expr.lexpr.as_deref(), scope)?;
                let right = self.side(expr.rexpr.as_deref(), scope)?;
                for value in left.iter().chain(&right) {
                    self.compare(value);
                }
                let type_of = |side: &[Value]| match side {
                    [only] => only.type_oid,
                    _ => 0,
                };
                self.operator(&expr.name, type_of(&left), type_of(&right));
                Ok(Value::derived(left.iter().chain(&right), BOOL))
            }
            NodeEnum::NullTest(test) => {
                let value = self.parts_kept(test.arg.as_deref(), scope)?;
                self.compare(&value);
                Ok(Value::derived([&value], BOOL))
            }
            // IN, ANY, ALL and EXISTS record by themselves what they compare.
            NodeEnum::SubLink(link) if link.sub_link_type != SubLinkType::ExprSublink as i32 => {
                self.value(node, scope)
            }
            other => {
                let value = self.value(other, scope)?;
                self.use_value(&value, Usage::Predicate);
                Ok(value)
            }
        }
    }

    /// One operand as it is.
    fn parts_kept(&mut self, node: Option<&Node>, scope: &Scope<'_>) -> Walk<Value> {
        match node {
            Some(node) => self.expression(node, scope),
            None => Ok(Value::default()),
        }
    }

    /// One side of an equality; the members of a row or list by themselves.
    fn side(&mut self, node: Option<&Node>, scope: &Scope<'_>) -> Walk<Vec<Value>> {
        let items = match node.and_then(inner) {
            Some(NodeEnum::RowExpr(row)) => &row.args,
            Some(NodeEnum::List(list)) => &list.items,
            Some(NodeEnum::AArrayExpr(array)) => &array.elements,
            _ => return Ok(vec![self.parts_kept(node, scope)?]),
        };
        let mut values = Vec::new();
        for item in items {
            // A row within a list, as in `(a, b) IN ((1, 2))`.
            values.push(self.expression(item, scope)?);
        }
        Ok(values)
    }

    /// Operators. Walks the left spine without recursion: long chains lean left.
    #[inline(never)]
    fn operation(&mut self, expr: &AExpr, scope: &Scope<'_>) -> Walk<Value> {
        let mut spine = vec![expr];
        let mut left = expr.lexpr.as_deref();
        while let Some(NodeEnum::AExpr(next)) = left.and_then(inner) {
            self.enter(0)?;
            spine.push(next.as_ref());
            left = next.lexpr.as_deref();
        }
        let mut value = match left {
            Some(left) => self.expression(left, scope)?,
            None => Value::default(),
        };
        let mut is_first = true;
        for expr in spine.into_iter().rev() {
            let right = match expr.rexpr.as_deref() {
                Some(right) => self.expression(right, scope)?,
                None => Value::default(),
            };
            let no_left = is_first && expr.lexpr.is_none();
            let left_type = if no_left { 0 } else { value.type_oid };
            self.operator(&expr.name, left_type, right.type_oid);
            let type_oid = if is_boolean(expr) { BOOL } else { 0 };
            value = Value::derived([&value, &right], type_oid);
            is_first = false;
        }
        Ok(value)
    }

    #[inline(never)]
    fn cast(&mut self, cast: &TypeCast, scope: &Scope<'_>) -> Walk<Value> {
        let value = self.parts_kept(cast.arg.as_deref(), scope)?;
        let Some(name) = &cast.type_name else {
            return Ok(value);
        };
        let type_oid = self.type_name(name);
        if value.type_oid != UNKNOWN {
            self.type_cast(value.type_oid);
        }
        // reg* types read names; what the name is may matter to whoever takes the value.
        if self.is_name_type(type_oid) {
            self.shape_safe = false;
        }
        let keeps = type_oid != 0 && type_oid == value.type_oid && name.typmods.is_empty();
        if keeps {
            return Ok(value);
        }
        Ok(Value::derived([&value], type_oid))
    }

    #[inline(never)]
    fn sublink(&mut self, link: &SubLink, scope: &Scope<'_>) -> Walk<Value> {
        let row = match boxed(link.subselect.as_ref()) {
            Some(query) => self.subquery(query, scope)?,
            None => Vec::new(),
        };
        let all = Value::derived(row.iter().map(|(_, value)| value), 0);
        match SubLinkType::try_from(link.sub_link_type) {
            Ok(SubLinkType::ExistsSublink) => Ok(Value::free(BOOL)),
            // Several columns are compared with a row, or assigned to several: every one of them counts.
            Ok(SubLinkType::ExprSublink) => Ok(match <[_; 1]>::try_from(row) {
                Ok([(_, value)]) => value,
                Err(_) => all,
            }),
            Ok(SubLinkType::ArraySublink | SubLinkType::MultiexprSublink) => Ok(all),
            Ok(SubLinkType::AnySublink | SubLinkType::AllSublink) => {
                let tested = self.side(link.testexpr.as_deref(), scope)?;
                let name = strings(&link.oper_name).unwrap_or_default();
                let symbol = name.last().copied().unwrap_or("=");
                let is_equal = symbol == "=" || symbol == "<>";
                let left = tested.first().map_or(0, |value| value.type_oid);
                let right = row.first().map_or(0, |(_, value)| value.type_oid);
                if name.is_empty() {
                    self.operator_named(&["="], left, right);
                } else {
                    self.operator(&link.oper_name, left, right);
                }
                for value in tested.iter().chain(row.iter().map(|(_, value)| value)) {
                    if is_equal {
                        self.compare(value);
                    } else {
                        self.use_value(value, Usage::Predicate);
                    }
                }
                let mut joined = Value::derived(tested.iter().chain([&all]), BOOL);
                joined.type_oid = BOOL;
                Ok(joined)
            }
            _ => {
                self.unknown("subquery in an expression", "");
                self.use_value(&all, Usage::Opaque);
                Ok(all)
            }
        }
    }

    /// `(expression).field`, `array[index]`.
    fn indirection(&mut self, node: &AIndirection, scope: &Scope<'_>) -> Walk<Value> {
        let Some(argument) = node.arg.as_deref() else {
            return Ok(Value::default());
        };
        if let (Some(NodeEnum::ColumnRef(column)), [field]) =
            (inner(argument), node.indirection.as_slice())
            && let Some(field) = string(field)
            && let Resolved::Whole(rel) = self.resolve_column(&column.fields, scope)
            && let Some((_, value)) = rel.columns.iter().find(|(name, _)| name == field)
        {
            return Ok(value.clone());
        }
        let mut values = vec![self.expression(argument, scope)?];
        for step in &node.indirection {
            match inner(step) {
                Some(NodeEnum::String(field)) => {
                    // May be a function of that name instead of a field.
                    self.functional(&field.sval, &mut values);
                }
                Some(NodeEnum::AIndices(indices)) => {
                    for bound in [&indices.lidx, &indices.uidx].into_iter().flatten() {
                        values.push(self.expression(bound, scope)?);
                    }
                }
                Some(NodeEnum::AStar(_)) => self.unknown("expansion of a row", ""),
                _ => self.unknown("indirection", ""),
            }
        }
        Ok(Value::derived(&values, 0))
    }

    /// What a column reference means, nothing recorded.
    pub(crate) fn resolve_column(&self, fields: &[Node], scope: &Scope<'_>) -> Resolved {
        match strings(fields).as_deref() {
            Some([name]) => scope.bare(name),
            Some([table, name]) => scope.qualified(None, table, name),
            Some([schema, table, name]) => scope.qualified(Some(schema), table, name),
            Some([database, schema, table, name]) if *database == self.catalog.database => {
                scope.qualified(Some(schema), table, name)
            }
            _ => Resolved::Unknown,
        }
    }

    fn column(&mut self, fields: &[Node], scope: &Scope<'_>) -> Value {
        if let [field] = fields
            && scope_in_domain(scope)
            && string(field) == Some("value")
        {
            return Value::free(0);
        }
        if let Some((last, qualifier)) = fields.split_last()
            && matches!(inner(last), Some(NodeEnum::AStar(_)))
        {
            return self.starred(qualifier, scope);
        }
        match self.resolve_column(fields, scope) {
            Resolved::Column(value) => {
                self.type_read(value.type_oid);
                value
            }
            Resolved::Whole(rel) => self.whole(Some(rel)),
            Resolved::Functional(rel, name) => {
                let mut values = vec![rel.whole()];
                if !self.functional(&name, &mut values) {
                    self.unknown("unresolved column", &format!("{}.{name}", rel.name));
                }
                Value::derived(&values, 0)
            }
            Resolved::Unknown => {
                let name = strings(fields).unwrap_or_default().join(".");
                self.unknown("unresolved column", &name);
                let everything = scope.everything();
                self.use_value(&everything, Usage::Opaque);
                everything
            }
        }
    }
}

fn scope_in_domain(scope: &Scope<'_>) -> bool {
    std::iter::successors(Some(scope), |scope| scope.parent).any(|scope| scope.in_domain)
}

fn constant_type(value: &Option<a_const::Val>) -> u32 {
    match value {
        Some(a_const::Val::Ival(_)) => 23,
        Some(a_const::Val::Boolval(_)) => BOOL,
        // Strings and NULL take on the type of their neighbour.
        Some(a_const::Val::Sval(_)) | None => UNKNOWN,
        Some(a_const::Val::Fval(_) | a_const::Val::Bsval(_)) => 0,
    }
}

fn symbol(expr: &AExpr) -> &str {
    expr.name.last().and_then(string).unwrap_or_default()
}

fn is_equality(expr: &AExpr) -> bool {
    match AExprKind::try_from(expr.kind) {
        Ok(AExprKind::AexprDistinct | AExprKind::AexprNotDistinct) => true,
        Ok(
            AExprKind::AexprOp | AExprKind::AexprIn | AExprKind::AexprOpAny | AExprKind::AexprOpAll,
        ) => matches!(symbol(expr), "=" | "<>" | "!="),
        _ => false,
    }
}

fn is_boolean(expr: &AExpr) -> bool {
    match AExprKind::try_from(expr.kind) {
        Ok(AExprKind::AexprOp) => {
            matches!(symbol(expr), "=" | "<>" | "!=" | "<" | ">" | "<=" | ">=")
        }
        Ok(AExprKind::AexprNullif) => false,
        _ => true,
    }
}

/// The name PostgreSQL gives an output column (`FigureColname`).
pub(crate) fn column_name(node: &Node) -> String {
    inner(node)
        .and_then(|node| figure(node, 0))
        .map_or_else(|| "?column?".to_owned(), |(name, _)| name)
}

/// A name and whether it is a strong one (1: from a type only, 2: of its own).
fn figure(node: &NodeEnum, depth: usize) -> Option<(String, u8)> {
    if depth > 64 {
        return None;
    }
    let last = |nodes: &[Node]| {
        nodes
            .iter()
            .rev()
            .find_map(string)
            .map(|name| (name.to_owned(), 2))
    };
    let own = |name: &str| Some((name.to_owned(), 2));
    let within = |node: Option<&Box<Node>>| boxed(node).and_then(|node| figure(node, depth + 1));
    match node {
        NodeEnum::ColumnRef(column) => last(&column.fields),
        NodeEnum::AIndirection(indirection) => {
            last(&indirection.indirection).or_else(|| within(indirection.arg.as_ref()))
        }
        NodeEnum::FuncCall(call) => last(&call.funcname),
        NodeEnum::AExpr(expr) if expr.kind == AExprKind::AexprNullif as i32 => own("nullif"),
        NodeEnum::TypeCast(cast) => match within(cast.arg.as_ref()) {
            Some((name, 2)) => Some((name, 2)),
            weak => {
                let names = cast.type_name.as_ref().map(|name| name.names.as_slice());
                names.and_then(last).map(|(name, _)| (name, 1)).or(weak)
            }
        },
        NodeEnum::CollateClause(collate) => within(collate.arg.as_ref()),
        NodeEnum::GroupingFunc(_) => own("grouping"),
        NodeEnum::MergeSupportFunc(_) => own("merge_action"),
        NodeEnum::SubLink(link) => match SubLinkType::try_from(link.sub_link_type) {
            Ok(SubLinkType::ExistsSublink) => own("exists"),
            Ok(SubLinkType::ArraySublink) => own("array"),
            Ok(SubLinkType::ExprSublink) => match boxed(link.subselect.as_ref()) {
                Some(NodeEnum::SelectStmt(select)) => {
                    match select.target_list.first().and_then(inner) {
                        Some(NodeEnum::ResTarget(target)) if !target.name.is_empty() => {
                            own(&target.name)
                        }
                        Some(NodeEnum::ResTarget(target)) => within(target.val.as_ref()),
                        _ => None,
                    }
                }
                _ => None,
            },
            _ => None,
        },
        NodeEnum::CaseExpr(case) => match within(case.defresult.as_ref()) {
            Some((name, 2)) => Some((name, 2)),
            _ => Some(("case".to_owned(), 1)),
        },
        NodeEnum::AArrayExpr(_) => own("array"),
        NodeEnum::RowExpr(_) => own("row"),
        NodeEnum::CoalesceExpr(_) => own("coalesce"),
        NodeEnum::MinMaxExpr(expr) => own(if expr.op == 2 { "least" } else { "greatest" }),
        NodeEnum::SqlvalueFunction(function) => own(sql_value_name(function.op)?),
        NodeEnum::XmlExpr(xml) => own(xml_name(xml.op)?),
        NodeEnum::XmlSerialize(_) => own("xmlserialize"),
        NodeEnum::JsonParseExpr(_) => own("json"),
        NodeEnum::JsonScalarExpr(_) => own("json_scalar"),
        NodeEnum::JsonSerializeExpr(_) => own("json_serialize"),
        NodeEnum::JsonObjectConstructor(_) => own("json_object"),
        NodeEnum::JsonArrayConstructor(_) | NodeEnum::JsonArrayQueryConstructor(_) => {
            own("json_array")
        }
        NodeEnum::JsonObjectAgg(_) => own("json_objectagg"),
        NodeEnum::JsonArrayAgg(_) => own("json_arrayagg"),
        NodeEnum::JsonFuncExpr(function) => own(match function.op {
            1 => "json_exists",
            2 => "json_query",
            _ => "json_value",
        }),
        _ => None,
    }
}

fn sql_value_name(op: i32) -> Option<&'static str> {
    Some(match op {
        1 => "current_date",
        2 | 3 => "current_time",
        4 | 5 => "current_timestamp",
        6 | 7 => "localtime",
        8 | 9 => "localtimestamp",
        10 => "current_role",
        11 => "current_user",
        12 => "user",
        13 => "session_user",
        14 => "current_catalog",
        15 => "current_schema",
        _ => return None,
    })
}

fn xml_name(op: i32) -> Option<&'static str> {
    Some(match op {
        1 => "xmlconcat",
        2 => "xmlelement",
        3 => "xmlforest",
        4 => "xmlparse",
        5 => "xmlpi",
        6 => "xmlroot",
        _ => return None,
    })
}
