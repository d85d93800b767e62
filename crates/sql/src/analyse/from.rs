//! FROM items: relations, joins, subqueries, functions, XMLTABLE, JSON_TABLE.

use std::borrow::Cow;
use std::rc::Rc;

use model::Usage;
use pg_query::NodeEnum;
use pg_query::protobuf::{
    Alias, JoinExpr, JoinType, List, Node, RangeFunction, RangeTableSample, RangeVar,
};

use super::naming::rename;
use super::scope::{Rel, Scope, Value};
use super::{Analysis, Row, Walk, boxed, inner, kind_of, string};

/// Levels that one item costs against the depth limit.
const ITEM_WEIGHT: usize = 3;

impl<'a> Analysis<'a> {
    /// The relations that one FROM item brings. `beside` holds those to its left within a join, for LATERAL.
    pub(crate) fn range_item(
        &mut self,
        item: &Node,
        scope: &Scope<'_>,
        beside: &[Rel],
    ) -> Walk<Vec<Rel>> {
        self.enter(ITEM_WEIGHT)?;
        let rels = self.range_kind(item, scope, beside)?;
        self.leave(ITEM_WEIGHT);
        Ok(rels)
    }

    fn range_kind(&mut self, item: &Node, scope: &Scope<'_>, beside: &[Rel]) -> Walk<Vec<Rel>> {
        match inner(item) {
            Some(NodeEnum::RangeVar(range)) => Ok(vec![self.range(range, scope)?]),
            Some(NodeEnum::JoinExpr(join)) => self.join(join, scope, beside),
            Some(NodeEnum::RangeSubselect(sub)) => {
                let row = match boxed(sub.subquery.as_ref()) {
                    Some(query) if sub.lateral => self.subquery(query, &lateral(scope, beside))?,
                    Some(query) => self.subquery(query, &outside(scope))?,
                    None => Row::new(),
                };
                let mut rel = aliased(row, sub.alias.as_ref(), "");
                rel.shaped = !renames(sub.alias.as_ref());
                Ok(vec![rel])
            }
            Some(NodeEnum::RangeFunction(function)) => {
                let within = lateral(scope, beside);
                Ok(vec![self.range_function(function, &within)?])
            }
            Some(NodeEnum::RangeTableSample(sample)) => self.sampled(sample, scope, beside),
            Some(NodeEnum::RangeTableFunc(table)) => {
                let within = lateral(scope, beside);
                let mut parts: Vec<&Node> = Vec::new();
                parts.extend(table.docexpr.as_deref());
                parts.extend(table.rowexpr.as_deref());
                let mut names = Vec::new();
                for column in &table.columns {
                    if let Some(NodeEnum::RangeTableFuncCol(column)) = inner(column) {
                        parts.extend(column.colexpr.as_deref());
                        parts.extend(column.coldefexpr.as_deref());
                        names.push(column.colname.clone());
                        if let Some(name) = &column.type_name {
                            self.type_name(name);
                        }
                    }
                }
                parts.extend(&table.namespaces);
                let value = self.table_function(&parts, &within)?;
                let row = names
                    .into_iter()
                    .map(|name| (name, value.clone()))
                    .collect();
                Ok(vec![aliased(row, table.alias.as_ref(), "xmltable")])
            }
            Some(NodeEnum::JsonTable(table)) => {
                let within = lateral(scope, beside);
                self.needs(170_000, "JSON_TABLE");
                let mut parts: Vec<&Node> = Vec::new();
                if let Some(item) = &table.context_item {
                    parts.extend(item.raw_expr.as_deref());
                }
                parts.extend(&table.passing);
                let mut names = Vec::new();
                self.json_columns(&table.columns, &mut names);
                let value = self.table_function(&parts, &within)?;
                let row = names
                    .into_iter()
                    .map(|name| (name, value.clone()))
                    .collect();
                Ok(vec![aliased(row, table.alias.as_ref(), "json_table")])
            }
            other => {
                let kind = other.map(kind_of).unwrap_or_default();
                self.unknown("FROM item", &kind);
                Ok(Vec::new())
            }
        }
    }

    fn json_columns(&mut self, columns: &[Node], names: &mut Vec<String>) {
        for column in columns {
            let Some(NodeEnum::JsonTableColumn(column)) = inner(column) else {
                self.unknown("JSON_TABLE column", "");
                continue;
            };
            if let Some(name) = &column.type_name {
                self.type_name(name);
            }
            if column.columns.is_empty() {
                names.push(column.name.clone());
            }
            // Default expressions of ON EMPTY and ON ERROR must be constants in PostgreSQL.
            self.json_columns(&column.columns, names);
        }
    }

    fn table_function(&mut self, parts: &[&Node], scope: &Scope<'_>) -> Walk<Value> {
        let mut values = Vec::new();
        for part in parts {
            values.push(self.expression(part, scope)?);
        }
        let value = Value::derived(&values, 0);
        // How many rows come back depends on the arguments too.
        self.use_at(&value, Usage::Predicate, "a function in FROM");
        Ok(value)
    }

    fn sample_method(&mut self, name: &[Node]) {
        match super::strings(name).as_deref() {
            Some(["bernoulli" | "system"] | ["pg_catalog", "bernoulli" | "system"]) => {}
            other => {
                let name = other.map(|parts| parts.join(".")).unwrap_or_default();
                self.unknown("TABLESAMPLE method", &name);
            }
        }
    }

    fn sampled(
        &mut self,
        sample: &RangeTableSample,
        scope: &Scope<'_>,
        beside: &[Rel],
    ) -> Walk<Vec<Rel>> {
        let rels = match sample.relation.as_deref() {
            Some(relation) => self.range_item(relation, scope, beside)?,
            None => Vec::new(),
        };
        let within = lateral(scope, beside);
        let mut parts = Vec::new();
        for argument in sample.args.iter().chain(sample.repeatable.as_deref()) {
            parts.push(self.expression(argument, &within)?);
        }
        let value = Value::derived(&parts, 0);
        self.use_at(&value, Usage::Predicate, "TABLESAMPLE");
        self.sample_method(&sample.method);
        Ok(rels)
    }

    /// A name in FROM: a common table expression if one is in reach, else a relation.
    fn range(&mut self, range: &RangeVar, scope: &Scope<'_>) -> Walk<Rel> {
        if range.schemaname.is_empty()
            && range.catalogname.is_empty()
            && let Some(cte) = scope.cte(&range.relname)
        {
            let row = cte.columns.as_ref().clone();
            let shaped = cte.shaped && !renames(range.alias.as_ref());
            let mut rel = aliased(row, range.alias.as_ref(), &range.relname);
            rel.shaped = shaped;
            return Ok(rel);
        }
        let Some(id) = self.resolve_range(range) else {
            let mut rel = aliased(Row::new(), range.alias.as_ref(), &range.relname);
            rel.partial = true;
            return Ok(rel);
        };
        let row = self.read_relation(id)?;
        let mut rel = aliased(row, range.alias.as_ref(), &range.relname);
        rel.relation = Some(id);
        rel.shaped = !renames(range.alias.as_ref());
        if range.alias.is_none() {
            rel.schema = self.relation(id).map(|relation| relation.schema.clone());
        }
        Ok(rel)
    }

    fn join(&mut self, join: &JoinExpr, scope: &Scope<'_>, beside: &[Rel]) -> Walk<Vec<Rel>> {
        let (Some(left), Some(right)) = (join.larg.as_deref(), join.rarg.as_deref()) else {
            self.unknown("join", "");
            return Ok(Vec::new());
        };
        let left = self.range_item(left, scope, beside)?;
        let mut seen = beside.to_vec();
        seen.extend(left.iter().cloned());
        let right = self.range_item(right, scope, &seen)?;
        let kind = JoinType::try_from(join.jointype).unwrap_or(JoinType::Undefined);
        if let Some(condition) = boxed(join.quals.as_ref()) {
            // ON sees the two sides and the levels outside, not the other FROM items.
            let mut both = outside(scope);
            both.rels = left.iter().chain(&right).cloned().collect();
            self.at("JOIN … ON", |walk| walk.condition(condition, &both))?;
        }
        let merged = self.merged_names(join, &left, &right);
        let columns = Rc::new(self.merge_columns(&merged, kind, &left, &right));
        let partial = left.iter().chain(&right).any(|rel| rel.bare && rel.partial);
        let mut rels: Vec<Rel> = left.into_iter().chain(right).collect();
        for rel in &mut rels {
            rel.bare = false;
            rel.named &= join.alias.is_none();
        }
        if let Some(alias) = &join.join_using_alias {
            let row: Row = columns
                .iter()
                .filter(|(name, _)| merged.contains(name))
                .cloned()
                .collect();
            let mut rel = aliased(row, Some(alias), "");
            rel.bare = false;
            rels.push(rel);
        }
        let mut joined = aliased(columns.as_ref().clone(), join.alias.as_ref(), "");
        joined.partial = partial;
        rels.push(joined);
        Ok(rels)
    }

    /// The columns that USING or NATURAL merge.
    fn merged_names(&mut self, join: &JoinExpr, left: &[Rel], right: &[Rel]) -> Vec<String> {
        if !join.is_natural {
            return join
                .using_clause
                .iter()
                .filter_map(string)
                .map(str::to_owned)
                .collect();
        }
        if left.iter().chain(right).any(|rel| rel.bare && rel.partial) {
            self.unknown("NATURAL JOIN of columns that are not known", "");
        }
        let names = |rels: &[Rel]| -> Vec<String> {
            rels.iter()
                .filter(|rel| rel.bare)
                .flat_map(|rel| rel.columns.iter().map(|(name, _)| name.clone()))
                .collect()
        };
        let right = names(right);
        names(left)
            .into_iter()
            .filter(|name| right.contains(name))
            .collect()
    }

    fn merge_columns(
        &mut self,
        merged: &[String],
        kind: JoinType,
        left: &[Rel],
        right: &[Rel],
    ) -> Row {
        let flat = |rels: &[Rel]| -> Row {
            rels.iter()
                .filter(|rel| rel.bare)
                .flat_map(|rel| rel.columns.iter().cloned())
                .collect()
        };
        let (left, right) = (flat(left), flat(right));
        let mut row = Row::new();
        for name in merged {
            let one = left.iter().find(|(column, _)| column == name);
            let two = right.iter().find(|(column, _)| column == name);
            let (Some((_, one)), Some((_, two))) = (one, two) else {
                self.unknown("unresolved column", name);
                row.push((name.clone(), Value::derived([], 0)));
                continue;
            };
            self.use_equal(one, "USING or NATURAL JOIN");
            self.use_equal(two, "USING or NATURAL JOIN");
            let value = match kind {
                _ if !self.agree([one, two]) => {
                    self.unsure([one, two], 0, "the conversion of a column")
                }
                JoinType::JoinRight => two.clone(),
                JoinType::JoinFull => one.either(two),
                _ => one.clone(),
            };
            row.push((name.clone(), value));
        }
        let rest = left.into_iter().chain(right);
        row.extend(rest.filter(|(name, _)| !merged.contains(name)));
        row
    }

    fn range_function(&mut self, range: &RangeFunction, scope: &Scope<'_>) -> Walk<Rel> {
        let mut row = Row::new();
        let mut partial = false;
        let functions = spread(range);
        let single = functions.len() == 1;
        let alias = range.alias.as_ref();
        let mut default_name = String::new();
        for item in functions.iter() {
            let Some(NodeEnum::List(list)) = inner(item) else {
                self.unknown("function in FROM", "");
                continue;
            };
            let Some(function) = list.items.first() else {
                continue;
            };
            let name = super::naming::column_name(function);
            let mut definitions: Vec<&Node> = range.coldeflist.iter().collect();
            if let Some(NodeEnum::List(own)) = list.items.get(1).and_then(inner) {
                definitions.extend(&own.items);
            }
            // A scalar function's column takes the table alias's name.
            let scalar = || match alias {
                Some(alias) if single => alias.aliasname.clone(),
                _ => name.clone(),
            };
            if definitions.is_empty()
                && let Some(called) = self.rows_of_call(function, scope)?
            {
                let names = called.names.unwrap_or_else(|| vec![scalar()]);
                row.extend(names.into_iter().zip(called.columns));
                default_name = name;
                continue;
            }
            let value = self.expression(function, scope)?;
            self.use_at(&value, Usage::Predicate, "a function in FROM");
            let given = value;
            let value = Value {
                givens: given.givens.clone(),
                ..Value::derived([&given], 0)
            };
            if !definitions.is_empty() {
                for definition in definitions {
                    if let Some(NodeEnum::ColumnDef(column)) = inner(definition) {
                        if let Some(name) = &column.type_name {
                            self.type_name(name);
                        }
                        row.push(self.column_taken(function, &value, &column.colname, row.len()));
                    }
                }
            } else if let Some(columns) = self.function_columns(function, scope) {
                let columns = columns.iter().enumerate();
                let columns =
                    columns.map(|(nth, name)| self.column_taken(function, &value, name, nth));
                row.extend(columns);
            } else if let Some(is_scalar) = self.function_is_scalar(function, scope) {
                row.push((scalar(), value.clone()));
                partial |= !is_scalar;
            } else {
                partial = true;
            }
            default_name = name;
        }
        if range.ordinality {
            row.push(("ordinality".to_owned(), Value::free(20)));
        }
        let mut rel = aliased(row, alias, &default_name);
        rel.partial = partial;
        Ok(rel)
    }
}

/// The functions of one FROM item. As PostgreSQL reads it, `unnest` of several arrays, called by no more than that
/// name, is one `pg_catalog.unnest` for each of them, side by side.
fn spread(range: &RangeFunction) -> Cow<'_, [Node]> {
    let one = |node: &Node| match inner(node) {
        Some(NodeEnum::List(list)) => several_arrays(list),
        _ => None,
    };
    if !range.coldeflist.is_empty() || !range.functions.iter().any(|node| one(node).is_some()) {
        return Cow::Borrowed(&range.functions);
    }
    let each = range
        .functions
        .iter()
        .flat_map(|node| one(node).unwrap_or_else(|| vec![node.clone()]));
    Cow::Owned(each.collect())
}

/// `unnest(a, b)` as `unnest(a)` and `unnest(b)`.
fn several_arrays(list: &List) -> Option<Vec<Node>> {
    let Some(NodeEnum::FuncCall(call)) = list.items.first().and_then(inner) else {
        return None;
    };
    let defined = list.items.get(1).and_then(inner).is_some();
    let plain = !call.agg_star
        && !call.agg_distinct
        && !call.func_variadic
        && call.agg_order.is_empty()
        && call.agg_filter.is_none()
        && call.over.is_none();
    let named = super::strings(&call.funcname)? == ["unnest"];
    if defined || !plain || !named || call.args.len() < 2 {
        return None;
    }
    let text = |sval: &str| {
        let sval = sval.to_owned();
        node(NodeEnum::String(pg_query::protobuf::String { sval }))
    };
    let one = |argument: &Node| {
        let mut one = call.as_ref().clone();
        one.funcname = vec![text("pg_catalog"), text("unnest")];
        one.args = vec![argument.clone()];
        let items = vec![node(NodeEnum::FuncCall(Box::new(one)))];
        node(NodeEnum::List(List { items }))
    };
    Some(call.args.iter().map(one).collect())
}

fn node(inside: NodeEnum) -> Node {
    Node { node: Some(inside) }
}

/// The levels that a subquery without LATERAL sees: those outside, and the common table expressions of this one.
fn outside<'s>(scope: &'s Scope<'s>) -> Scope<'s> {
    Scope {
        rels: Vec::new(),
        ctes: scope.ctes.clone(),
        parent: scope.parent,
        in_domain: scope.in_domain,
    }
}

/// The level that a LATERAL item sees: the items to its left as well.
fn lateral<'s>(scope: &'s Scope<'s>, beside: &[Rel]) -> Scope<'s> {
    let mut level = outside(scope);
    level.rels = scope.rels.iter().chain(beside).cloned().collect();
    level
}

/// Whether an alias names columns: a whole row may keep the names that they had.
fn renames(alias: Option<&Alias>) -> bool {
    alias.is_some_and(|alias| !alias.colnames.is_empty())
}

/// A relation in scope under its alias, or under `name`.
fn aliased(mut row: Row, alias: Option<&Alias>, name: &str) -> Rel {
    let name = match alias {
        Some(alias) => {
            rename(&mut row, &alias.colnames);
            alias.aliasname.clone()
        }
        None => name.to_owned(),
    };
    Rel {
        named: !name.is_empty(),
        name,
        schema: None,
        columns: Rc::new(row),
        relation: None,
        bare: true,
        partial: false,
        shaped: false,
    }
}

/// A stored relation in scope under a name.
pub(crate) fn stored_rel(name: &str, row: Row, id: crate::catalog::RelationId) -> Rel {
    let mut rel = aliased(row, None, name);
    rel.relation = Some(id);
    rel
}
