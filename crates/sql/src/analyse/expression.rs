//! Expressions: where a value comes from, and what computing it does.
//!
//! A node kind without an arm here is reported and makes every column in reach opaque.

use model::Usage;
use pg_query::NodeEnum;
use pg_query::protobuf::{
    AExpr, AExprKind, AIndirection, Node, SubLink, SubLinkType, TypeCast, a_const,
};

use super::built::{Built, Names};
use super::scope::{Resolved, Scope, UNKNOWN, Value};
use super::total::oid::{BOOL, INT8, JSON, JSONB, NUMERIC};
use super::{Analysis, Walk, boxed, inner, string, strings};

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

    pub(crate) fn value(&mut self, node: &NodeEnum, scope: &Scope<'_>) -> Walk<Value> {
        self.enter(1)?;
        let value = match node {
            NodeEnum::AConst(constant) => self.literal(constant, constant_type(&constant.val)),
            NodeEnum::ColumnRef(column) => self.column(&column.fields, scope),
            NodeEnum::ParamRef(found) => self.parameter_given(found.number),
            NodeEnum::SqlvalueFunction(_) => Value::given(0),
            NodeEnum::SetToDefault(_) | NodeEnum::GroupingFunc(_) | NodeEnum::CurrentOfExpr(_) => {
                Value::free(0)
            }
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
            // Which operand is evaluated depends on the others: all of them are conditions.
            NodeEnum::BoolExpr(_) => self.at("AND, OR, NOT", |walk| walk.condition(node, scope)),
            NodeEnum::NullTest(test) => self.tested(test.arg.as_deref(), scope),
            NodeEnum::BooleanTest(test) => self.tested(test.arg.as_deref(), scope),
            NodeEnum::AArrayExpr(array) => self.array(&array.elements, scope),
            NodeEnum::RowExpr(row) => self.row(&row.args, scope),
            NodeEnum::List(list) => {
                let values = self.each(&list.items, scope)?;
                Ok(Self::sure(&values, 0))
            }
            NodeEnum::MinMaxExpr(expr) => self.extreme(expr, scope),
            NodeEnum::NamedArgExpr(named) => self.parts_kept(named.arg.as_deref(), scope),
            NodeEnum::MultiAssignRef(source) => {
                let values = self.each(source.source.as_deref(), scope)?;
                Ok(Self::sure(&values, 0))
            }
            NodeEnum::CoalesceExpr(expr) => self.alternatives(expr, scope),
            NodeEnum::CollateClause(collate) => match collate.arg.as_deref() {
                Some(argument) => self.expression(argument, scope),
                None => Ok(Value::default()),
            },
            NodeEnum::XmlExpr(xml) => self.xml(xml, scope),
            NodeEnum::XmlSerialize(xml) => self.xml_serialize(xml, scope),
            NodeEnum::MergeSupportFunc(_) => {
                self.needs(170_000, "merge_action");
                Ok(Value::free(25))
            }
            other => self.json(other, scope),
        }
    }

    /// Syntax that this parser knows and an older server would read otherwise.
    pub(crate) fn needs(&mut self, version: u32, syntax: &str) {
        if self.catalog.server_version < version {
            self.unknown("syntax that this server reads otherwise", syntax);
        }
    }

    /// The value of every part.
    pub(crate) fn each<'n>(
        &mut self,
        parts: impl IntoIterator<Item = &'n Node>,
        scope: &Scope<'_>,
    ) -> Walk<Vec<Value>> {
        let mut values = Vec::new();
        for part in parts {
            values.push(self.expression(part, scope)?);
        }
        Ok(values)
    }

    /// A test that never fails.
    fn tested(&mut self, argument: Option<&Node>, scope: &Scope<'_>) -> Walk<Value> {
        let values = self.each(argument, scope)?;
        Ok(Self::sure(&values, BOOL))
    }

    /// ARRAY[…]: fails only where its elements are converted.
    fn array(&mut self, elements: &[Node], scope: &Scope<'_>) -> Walk<Value> {
        let values = self.each(elements, scope)?;
        Ok(match self.agree(&values) {
            true => Self::sure(&values, 0),
            false => self.unsure(&values, 0, "ARRAY"),
        })
    }

    /// A value computed from all parts, in a way that is not known never to fail.
    pub(crate) fn parts<'n>(
        &mut self,
        parts: impl IntoIterator<Item = &'n Node>,
        scope: &Scope<'_>,
        type_oid: u32,
    ) -> Walk<Value> {
        let values = self.each(parts, scope)?;
        Ok(self.unsure(&values, type_oid, "an expression that may fail"))
    }

    /// A row constructor; `t.*` within stands for all columns of `t`.
    fn row(&mut self, items: &[Node], scope: &Scope<'_>) -> Walk<Value> {
        let mut values = Vec::new();
        let mut starred = false;
        for item in items {
            if let Some(NodeEnum::ColumnRef(column)) = inner(item)
                && let Some((last, qualifier)) = column.fields.split_last()
                && matches!(inner(last), Some(NodeEnum::AStar(_)))
            {
                starred = true;
                values.push(self.starred(qualifier, scope));
            } else {
                values.push(self.expression(item, scope)?);
            }
        }
        let mut row = self.record(&values);
        if !starred {
            let names: Vec<String> = (1..=values.len()).map(|nth| format!("f{nth}")).collect();
            let names = names.iter().map(String::as_str);
            row.built = Built::row(names.zip(&values), Names::Written);
        }
        Ok(row)
    }

    /// All columns of what a star stands for, as one value.
    pub(crate) fn starred(&mut self, qualifier: &[Node], scope: &Scope<'_>) -> Value {
        if let Some(columns) = self.variable_row(qualifier, scope) {
            let columns = columns.unwrap_or_default();
            let values: Vec<Value> = columns.into_iter().map(|(_, value)| value).collect();
            return self.record(&values);
        }
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
            Some(rel) => {
                if rel.partial {
                    self.unknown("columns that are not known", &rel.name);
                }
                let columns = rel.columns.iter().map(|(_, value)| value.clone());
                let columns: Vec<Value> = columns
                    .map(|value| self.answer(value, "a computed column"))
                    .collect();
                if rel.partial {
                    return Value::derived(&columns, 0);
                }
                let mut row = self.record(&columns);
                if let [only] = columns.as_slice() {
                    // Of a function that gives one value, its alias is that value.
                    row.givens = only.givens.clone();
                }
                if rel.shaped {
                    let names = rel.columns.iter().map(|(name, _)| name.as_str());
                    let said = match rel.relation {
                        Some(_) => Names::Stored,
                        None => Names::Written,
                    };
                    row.built = Built::row(names.zip(&columns), said);
                }
                row
            }
            None => {
                self.unknown("unresolved column", "*");
                Value::default()
            }
        }
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
            _ => match self.members(node) {
                Some(members) => return Ok(members),
                None => return Ok(vec![self.parts_kept(node, scope)?]),
            },
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
            let givens = self.operated_givens(expr, &value);
            value = self.operated(expr, &value, &right);
            if let Some(givens) = givens {
                value.givens = givens;
            }
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
        let mut converted = self.converted(&value, type_oid, name.typmods.is_empty());
        let literal = cast.arg.as_deref().and_then(inner);
        // A literal is read as JSON when the statement is parsed: then it fails, or never.
        converted.steady |= matches!(literal, Some(NodeEnum::AConst(_)))
            && matches!(type_oid, JSON | JSONB)
            && value.type_oid == UNKNOWN;
        Ok(converted)
    }

    #[inline(never)]
    fn sublink(&mut self, link: &SubLink, scope: &Scope<'_>) -> Walk<Value> {
        let row = match boxed(link.subselect.as_ref()) {
            Some(query) => self.subquery(query, scope)?,
            None => Vec::new(),
        };
        let all = Self::sure(row.iter().map(|(_, value)| value), 0);
        match SubLinkType::try_from(link.sub_link_type) {
            Ok(SubLinkType::ExistsSublink) => {
                self.mention(&all);
                Ok(Value::free(BOOL))
            }
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
                        self.use_equal(value, "IN, ANY or ALL");
                    } else {
                        self.use_at(value, Usage::Predicate, "ANY or ALL");
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
            let value = value.clone();
            return Ok(self.taken(value));
        }
        let mut values = vec![self.expression(argument, scope)?];
        let element = values.first().map_or(0, |value| self.element_type(value));
        let mut sure = element != 0 && node.indirection.len() == 1;
        let mut taken = values
            .first()
            .map(|value| value.givens.clone())
            .unwrap_or_default();
        for step in &node.indirection {
            match inner(step) {
                Some(NodeEnum::String(field)) => {
                    // May be a function of that name instead of a field.
                    self.functional(&field.sval, &mut values);
                    sure = false;
                    taken = taken.within(self.field(&values, &field.sval));
                }
                Some(NodeEnum::AIndices(indices)) => {
                    sure &= !indices.is_slice;
                    taken = taken.within(self.subscript(indices, &taken));
                    for bound in [&indices.lidx, &indices.uidx].into_iter().flatten() {
                        let bound = self.expression(bound, scope)?;
                        sure &= bound.sources.is_empty();
                        values.push(bound);
                    }
                }
                Some(NodeEnum::AStar(_)) => self.unknown("expansion of a row", ""),
                _ => self.unknown("indirection", ""),
            }
        }
        let mut value = match sure {
            true => Self::sure(&values, element),
            false => self.unsure(&values, 0, "a field or subscript"),
        };
        value.telling = true;
        value.givens = taken;
        Ok(value)
    }

    /// The type that one subscript gives: of an array of plain elements, or of jsonb; 0 of anything else.
    fn element_type(&self, value: &Value) -> u32 {
        if value.type_oid == JSONB {
            return JSONB;
        }
        let known = self.catalog.types.get(&value.type_oid);
        let element = known.filter(|known| known.is_array);
        let element = element.map(|known| Value::free(known.element));
        element
            .filter(|element| self.is_plain(element))
            .map_or(0, |element| element.type_oid)
    }

    /// A column as a query takes it.
    pub(crate) fn taken(&mut self, value: Value) -> Value {
        self.answer(value, "a computed column")
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
        if let Some(value) = self.variable(fields, scope) {
            return value;
        }
        match self.resolve_column(fields, scope) {
            Resolved::Column(value) => {
                self.type_read(value.type_oid);
                self.taken(value)
            }
            Resolved::Whole(rel) => self.whole(Some(rel)),
            Resolved::Functional(rel, name) => {
                let mut values = vec![rel.whole()];
                if !self.functional(&name, &mut values) {
                    self.unknown("unresolved column", &format!("{}.{name}", rel.name));
                }
                self.unsure(&values, 0, format!("{name}()"))
            }
            Resolved::Unknown => {
                if let Some(given) = self.parameter(fields, scope) {
                    return given;
                }
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
        Some(a_const::Val::Fval(number)) => {
            let whole = number.fval.bytes().all(|byte| byte.is_ascii_digit());
            let fits = whole && number.fval.parse::<i64>().is_ok();
            if fits { INT8 } else { NUMERIC }
        }
        Some(a_const::Val::Bsval(_)) => 0,
    }
}

/// The operator's last name.
pub(crate) fn symbol(expr: &AExpr) -> &str {
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

/// The type of an operator's result where its form tells; else 0.
pub(crate) fn operator_type(expr: &AExpr) -> u32 {
    let boolean = match AExprKind::try_from(expr.kind) {
        Ok(AExprKind::AexprOp) => {
            matches!(symbol(expr), "=" | "<>" | "!=" | "<" | ">" | "<=" | ">=")
        }
        Ok(AExprKind::AexprNullif) => false,
        _ => true,
    };
    if boolean { BOOL } else { 0 }
}
