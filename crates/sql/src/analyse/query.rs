//! Queries: WITH, select lists, set operations, grouping, ordering.

use std::rc::Rc;

use model::{Usage, Verb};
use pg_query::NodeEnum;
use pg_query::protobuf::{
    CommonTableExpr, Node, ResTarget, SelectStmt, SetOperation, WindowDef, WithClause, a_const,
};

use super::naming::{name_first_columns, rename};
use super::scope::{Cte, Kind, Rel, Resolved, Scope, Value};
use super::{Analysis, Row, UNRESOLVED_RELATION, Walk, boxed, inner, object, string, strings};

/// Levels that one query costs against the depth limit.
const QUERY_WEIGHT: usize = 6;
/// How often a recursive term is walked before its columns are given up as unknown mixtures.
const RECURSION_MAX: usize = 8;

impl<'a> Analysis<'a> {
    /// A query's output columns.
    pub(crate) fn select(&mut self, select: &SelectStmt, outer: &Scope<'_>) -> Walk<Row> {
        self.enter(QUERY_WEIGHT)?;
        let row = self.select_level(select, outer)?;
        self.leave(QUERY_WEIGHT);
        Ok(row)
    }

    #[inline(never)]
    fn select_level(&mut self, select: &SelectStmt, outer: &Scope<'_>) -> Walk<Row> {
        let mut scope = outer.below();
        if let Some(with) = &select.with_clause {
            self.with(with, &mut scope)?;
        }
        let operation = SetOperation::try_from(select.op).unwrap_or(SetOperation::Undefined);
        let row = match operation {
            SetOperation::SetopUnion | SetOperation::SetopIntersect | SetOperation::SetopExcept => {
                self.set_operation(select, &scope)?
            }
            _ if !select.values_lists.is_empty() => self.values(&select.values_lists, &scope)?,
            _ => return self.plain_select(select, scope),
        };
        // ORDER BY of a set operation or VALUES sees the output columns alone.
        self.order_by(&select.sort_clause, &row, &outer.below())?;
        self.limits(select, &scope)?;
        self.locking(&select.locking_clause, &scope);
        Ok(row)
    }

    #[inline(never)]
    fn plain_select(&mut self, select: &SelectStmt, mut scope: Scope<'_>) -> Walk<Row> {
        // What is known of an outer query's rows says nothing about a `name` of this one.
        let outer_setting = self.row_setting.take();
        for item in &select.from_clause {
            let rels = self.range_item(item, &scope, &[])?;
            scope.rels.extend(rels);
        }
        if select.into_clause.is_some() {
            // The statement level takes SELECT INTO apart; anywhere deeper it is an error in PostgreSQL.
            self.unknown("SELECT INTO within a query", "");
        }
        self.row_setting = self.setting_of_row(select, &scope);
        let row = self.targets(&select.target_list, &scope)?;
        self.row_setting = None;
        if let Some(condition) = boxed(select.where_clause.as_ref()) {
            self.at("WHERE", |walk| walk.condition(condition, &scope))?;
        }
        self.at("GROUP BY", |walk| {
            walk.group_by(&select.group_clause, &row, &scope)
        })?;
        if let Some(condition) = boxed(select.having_clause.as_ref()) {
            self.at("HAVING", |walk| walk.condition(condition, &scope))?;
        }
        for window in &select.window_clause {
            if let Some(NodeEnum::WindowDef(window)) = inner(window) {
                self.window(window, &scope)?;
            }
        }
        self.at("DISTINCT", |walk| {
            walk.distinct(&select.distinct_clause, &row, &scope)
        })?;
        self.order_by(&select.sort_clause, &row, &scope)?;
        self.limits(select, &scope)?;
        self.locking(&select.locking_clause, &scope);
        self.row_setting = outer_setting;
        Ok(row)
    }

    /// Walks the left spine of a set operation without recursion: long UNION chains lean left.
    fn set_operation(&mut self, select: &SelectStmt, scope: &Scope<'_>) -> Walk<Row> {
        let mut rights: Vec<(&SelectStmt, bool)> = Vec::new();
        let mut left = select;
        loop {
            let operation = SetOperation::try_from(left.op).unwrap_or(SetOperation::Undefined);
            let is_leaf = matches!(operation, SetOperation::Undefined | SetOperation::SetopNone);
            // The first has its WITH and ORDER BY treated already; one further down is a level of its own.
            let own_clauses = left.with_clause.is_some()
                || !left.sort_clause.is_empty()
                || left.limit_count.is_some()
                || left.limit_offset.is_some()
                || !left.locking_clause.is_empty();
            if is_leaf || (own_clauses && !std::ptr::eq(left, select)) {
                break;
            }
            let (Some(next), Some(right)) = (left.larg.as_deref(), left.rarg.as_deref()) else {
                break;
            };
            let keeps_all = operation == SetOperation::SetopUnion && left.all;
            rights.push((right, keeps_all));
            left = next;
        }
        if std::ptr::eq(left, select) {
            self.unknown("set operation", "");
            return Ok(Row::new());
        }
        let mut row = self.select(left, scope)?;
        for (right, keeps_all) in rights.into_iter().rev() {
            let other = self.select(right, scope)?;
            if other.len() != row.len() {
                self.unknown("set operation of unequal width", "");
            }
            for ((_, value), (_, with)) in row.iter_mut().zip(&other) {
                *value = self.one_of(value, with);
            }
            if !keeps_all {
                for (_, value) in row.iter().chain(&other) {
                    self.use_equal(value, "a set operation");
                }
            }
        }
        Ok(row)
    }

    /// Rows of one query or the other: PostgreSQL converts the columns where their types differ.
    fn one_of(&mut self, value: &Value, with: &Value) -> Value {
        match self.agree([value, with]) {
            true => value.either(with),
            false => self.unsure([value, with], 0, "the conversion of a column"),
        }
    }

    fn values(&mut self, lists: &[Node], scope: &Scope<'_>) -> Walk<Row> {
        let mut row: Option<Row> = None;
        for list in lists {
            let Some(NodeEnum::List(list)) = inner(list) else {
                self.unknown("VALUES", "");
                continue;
            };
            let mut current = Row::with_capacity(list.items.len());
            for item in &list.items {
                if !self.star_of_values(item, scope, &mut current) {
                    let value = self.expression(item, scope)?;
                    current.push((String::new(), value));
                }
            }
            for (at, (name, _)) in current.iter_mut().enumerate() {
                *name = format!("column{}", at + 1);
            }
            match &mut row {
                None => row = Some(current),
                Some(row) => {
                    for ((_, value), (_, with)) in row.iter_mut().zip(&current) {
                        *value = self.one_of(value, with);
                    }
                }
            }
        }
        Ok(row.unwrap_or_default())
    }

    /// The common table expressions of one WITH, put into scope.
    pub(crate) fn with(&mut self, with: &WithClause, scope: &mut Scope<'_>) -> Walk<()> {
        if with.recursive {
            return self.with_recursive(with, scope);
        }
        for cte in &with.ctes {
            let Some(NodeEnum::CommonTableExpr(cte)) = inner(cte) else {
                self.unknown("WITH", "");
                continue;
            };
            let columns = self.cte_columns(cte, scope)?;
            let shaped = cte.aliascolnames.is_empty()
                && cte.search_clause.is_none()
                && cte.cycle_clause.is_none();
            scope.ctes.push(Cte {
                name: cte.ctename.clone(),
                columns,
                shaped,
            });
        }
        Ok(())
    }

    fn cte_columns(&mut self, cte: &CommonTableExpr, scope: &Scope<'_>) -> Walk<Rc<Row>> {
        let mut row = match boxed(cte.ctequery.as_ref()) {
            Some(query) => self.subquery(query, scope)?,
            None => Row::new(),
        };
        rename(&mut row, &cte.aliascolnames);
        let everything = Value::derived(row.iter().map(|(_, value)| value), 0);
        if let Some(search) = &cte.search_clause {
            row.push((search.search_seq_column.clone(), everything.clone()));
        }
        if let Some(cycle) = &cte.cycle_clause {
            row.push((cycle.cycle_mark_column.clone(), Value::free(0)));
            row.push((cycle.cycle_path_column.clone(), everything));
        }
        Ok(Rc::new(row))
    }

    /// WITH RECURSIVE: every name may be used in every term, so the terms are walked until no column gains a source.
    fn with_recursive(&mut self, with: &WithClause, scope: &mut Scope<'_>) -> Walk<()> {
        let terms: Vec<&CommonTableExpr> = with
            .ctes
            .iter()
            .filter_map(|cte| match inner(cte) {
                Some(NodeEnum::CommonTableExpr(cte)) => Some(cte.as_ref()),
                _ => None,
            })
            .collect();
        let first = scope.ctes.len();
        for term in &terms {
            let width = self.width(term);
            let mut row: Row = vec![(String::new(), Value::given(super::scope::UNKNOWN)); width];
            name_first_columns(term, &mut row);
            scope.ctes.push(Cte {
                name: term.ctename.clone(),
                columns: Rc::new(row),
                shaped: false,
            });
        }
        // The first round sees guessed columns: what it collects is dropped, later rounds collect it again.
        let before = (self.effects.clone(), self.uses.clone());
        for round in 0..RECURSION_MAX {
            let mut stable = true;
            for (nth, term) in terms.iter().enumerate() {
                let columns = self.cte_columns(term, scope)?;
                let Some(known) = scope.ctes.get_mut(first + nth) else {
                    continue;
                };
                stable &= same(&known.columns, &columns);
                known.columns = columns;
            }
            if round == 0 {
                self.effects.clone_from(&before.0);
                self.uses.clone_from(&before.1);
            } else if stable {
                return Ok(());
            }
        }
        // Not settled: every column may hold a mixture of all.
        for nth in 0..terms.len() {
            if let Some(known) = scope.ctes.get_mut(first + nth) {
                let all = Value::derived(known.columns.iter().map(|(_, value)| value), 0);
                let mixed: Row = known
                    .columns
                    .iter()
                    .map(|(name, _)| (name.clone(), all.clone()))
                    .collect();
                known.columns = Rc::new(mixed);
            }
        }
        self.unknown("recursion that does not settle", "");
        Ok(())
    }

    /// The number of columns of a recursive term, from its first arm; 0 when only walking would tell.
    fn width(&self, term: &CommonTableExpr) -> usize {
        let mut select = match boxed(term.ctequery.as_ref()) {
            Some(NodeEnum::SelectStmt(select)) => select.as_ref(),
            _ => return 0,
        };
        while let Some(left) = select.larg.as_deref() {
            select = left;
        }
        match select.values_lists.first().and_then(inner) {
            Some(NodeEnum::List(list)) => list.items.len(),
            _ => select.target_list.len(),
        }
    }

    /// Any query that stands within another: SELECT, or a data-changing statement in WITH.
    ///
    /// A computed column that nobody looks at is computed all the same: what may fail in it was answered for where it
    /// stands.
    pub(crate) fn subquery(&mut self, query: &NodeEnum, scope: &Scope<'_>) -> Walk<Row> {
        let outer = std::mem::take(&mut self.place);
        let mut row = self.any_query(query, scope)?;
        self.place = outer;
        // Level by level, a text could double.
        for (_, value) in row
            .iter_mut()
            .filter(|(_, value)| value.kind == Kind::Derived)
        {
            value.steady = false;
        }
        Ok(row)
    }

    fn any_query(&mut self, query: &NodeEnum, scope: &Scope<'_>) -> Walk<Row> {
        match query {
            NodeEnum::SelectStmt(select) => self.select(select, scope),
            NodeEnum::InsertStmt(insert) => self.insert(insert, scope),
            NodeEnum::UpdateStmt(update) => self.update(update, scope),
            NodeEnum::DeleteStmt(delete) => self.delete(delete, scope),
            NodeEnum::MergeStmt(merge) => self.merge_into(merge, scope),
            other => {
                self.unknown("query", &super::kind_of(other));
                Ok(Row::new())
            }
        }
    }

    /// A select list or RETURNING list.
    pub(crate) fn targets(&mut self, targets: &[Node], scope: &Scope<'_>) -> Walk<Row> {
        let mut row = Row::with_capacity(targets.len());
        for target in targets {
            let Some(NodeEnum::ResTarget(target)) = inner(target) else {
                self.unknown("select list", "");
                continue;
            };
            self.target(target, scope, &mut row)?;
        }
        Ok(row)
    }

    fn target(&mut self, target: &ResTarget, scope: &Scope<'_>, row: &mut Row) -> Walk<()> {
        let Some(node) = target.val.as_deref() else {
            self.unknown("select list", "");
            return Ok(());
        };
        match inner(node) {
            Some(NodeEnum::ColumnRef(column)) if ends_with_star(&column.fields) => {
                let qualifier = column.fields.split_last().map_or(&[][..], |(_, rest)| rest);
                self.star(qualifier, scope, row);
                return Ok(());
            }
            Some(NodeEnum::AIndirection(indirection))
                if indirection.indirection.last().is_some_and(is_star) =>
            {
                return self.row_star(indirection, scope, row);
            }
            _ => {}
        }
        let value = self.expression(node, scope)?;
        let name = if target.name.is_empty() {
            super::naming::column_name(node)
        } else {
            target.name.clone()
        };
        row.push((name, value));
        Ok(())
    }

    fn star(&mut self, qualifier: &[Node], scope: &Scope<'_>, row: &mut Row) {
        if qualifier.is_empty() {
            for rel in scope.rels.iter().filter(|rel| rel.bare) {
                self.spread(rel, row);
            }
            return;
        }
        if self.variable_star(qualifier, scope, row) {
            return;
        }
        let found = match strings(qualifier).as_deref() {
            Some([table]) => scope.rel(None, table),
            Some([.., schema, table]) => scope.rel(Some(schema), table),
            _ => None,
        };
        match found {
            Some(rel) => {
                let rel = rel.clone();
                self.spread(&rel, row);
            }
            None => {
                let name = strings(qualifier).unwrap_or_default().join(".");
                self.unknown(UNRESOLVED_RELATION, &name);
            }
        }
    }

    fn spread(&mut self, rel: &Rel, row: &mut Row) {
        if rel.partial {
            self.unknown("columns that are not known", &rel.name);
        }
        for (name, value) in rel.columns.iter() {
            let value = self.taken(value.clone());
            row.push((name.clone(), value));
        }
    }

    fn row_star(
        &mut self,
        indirection: &pg_query::protobuf::AIndirection,
        scope: &Scope<'_>,
        row: &mut Row,
    ) -> Walk<()> {
        let Some(argument) = indirection.arg.as_deref() else {
            return Ok(());
        };
        if let (Some(NodeEnum::ColumnRef(column)), 1) =
            (inner(argument), indirection.indirection.len())
            && let Resolved::Whole(rel) = self.resolve_column(&column.fields, scope)
        {
            self.spread(&rel, row);
            return Ok(());
        }
        let value = self.expression(argument, scope)?;
        self.use_value(&value, Usage::Opaque);
        self.unknown("expansion of a row", "");
        Ok(())
    }

    /// An expression of ORDER BY, GROUP BY or DISTINCT ON: an output column by number or name, or any expression.
    fn output_or_expression(
        &mut self,
        node: &Node,
        row: &Row,
        scope: &Scope<'_>,
        inputs_first: bool,
    ) -> Walk<Value> {
        if let Some(NodeEnum::AConst(constant)) = inner(node) {
            // The number decides: another number in its place means another column.
            self.shape_safe = false;
            if let Some(a_const::Val::Ival(number)) = &constant.val {
                let at = usize::try_from(number.ival).unwrap_or(0).wrapping_sub(1);
                if let Some((_, value)) = row.get(at) {
                    return Ok(value.clone());
                }
            }
            return Ok(Value::free(0));
        }
        if let Some(NodeEnum::ColumnRef(column)) = inner(node)
            && let [field] = column.fields.as_slice()
            && let Some(name) = string(field)
        {
            let is_input = || matches!(scope.bare(name), Resolved::Column(_));
            if !(inputs_first && is_input()) {
                let outputs: Vec<&Value> = row
                    .iter()
                    .filter(|(output, _)| output == name)
                    .map(|(_, value)| value)
                    .collect();
                if !outputs.is_empty() {
                    // Two outputs of one name are legal only when they are the same expression.
                    let joined = Value::derived(outputs.iter().copied(), 0);
                    return Ok(match outputs.as_slice() {
                        [only] => (*only).clone(),
                        _ => joined,
                    });
                }
            }
        }
        self.expression(node, scope)
    }

    pub(crate) fn order_by(&mut self, sorts: &[Node], row: &Row, scope: &Scope<'_>) -> Walk<()> {
        for sort in sorts {
            let Some(NodeEnum::SortBy(sort)) = inner(sort) else {
                self.unknown("ORDER BY", "");
                continue;
            };
            if !sort.use_op.is_empty() {
                self.operator(&sort.use_op, 0, 0);
            }
            if let Some(node) = sort.node.as_deref() {
                let value = self.output_or_expression(node, row, scope, false)?;
                self.use_at(&value, Usage::Predicate, "ORDER BY");
            }
        }
        Ok(())
    }

    fn group_by(&mut self, groups: &[Node], row: &Row, scope: &Scope<'_>) -> Walk<()> {
        for group in groups {
            if let Some(NodeEnum::GroupingSet(set)) = inner(group) {
                self.enter(1)?;
                self.group_by(&set.content, row, scope)?;
                self.leave(1);
                continue;
            }
            if let Some(NodeEnum::RowExpr(list)) = inner(group)
                && list.row_format == pg_query::protobuf::CoercionForm::CoerceImplicitCast as i32
            {
                self.enter(1)?;
                self.group_by(&list.args, row, scope)?;
                self.leave(1);
                continue;
            }
            let value = self.output_or_expression(group, row, scope, true)?;
            self.compare(&value);
        }
        Ok(())
    }

    fn distinct(&mut self, distinct: &[Node], row: &Row, scope: &Scope<'_>) -> Walk<()> {
        // Plain DISTINCT is a list of one empty node.
        let is_plain = distinct.iter().all(|node| inner(node).is_none());
        if is_plain && !distinct.is_empty() {
            for (_, value) in row {
                self.compare(value);
            }
            return Ok(());
        }
        for node in distinct {
            let value = self.output_or_expression(node, row, scope, false)?;
            // Its rows come sorted by these.
            self.use_value(&value, Usage::Predicate);
        }
        Ok(())
    }

    /// A window's partition, order and frame.
    pub(crate) fn window(&mut self, window: &WindowDef, scope: &Scope<'_>) -> Walk<Value> {
        let partition = self.each(&window.partition_clause, scope)?;
        for value in &partition {
            self.use_equal(value, "PARTITION BY");
        }
        let mut parts = Vec::new();
        for node in &window.order_clause {
            if let Some(NodeEnum::SortBy(sort)) = inner(node) {
                if !sort.use_op.is_empty() {
                    self.operator(&sort.use_op, 0, 0);
                }
                if let Some(node) = sort.node.as_deref() {
                    parts.push(self.expression(node, scope)?);
                }
            }
        }
        for offset in [&window.start_offset, &window.end_offset]
            .into_iter()
            .flatten()
        {
            parts.push(self.expression(offset, scope)?);
        }
        let value = Value::derived(&parts, 0);
        self.use_at(&value, Usage::Predicate, "OVER");
        Ok(Value::derived(parts.iter().chain(&partition), 0))
    }

    fn limits(&mut self, select: &SelectStmt, scope: &Scope<'_>) -> Walk<()> {
        for node in [&select.limit_count, &select.limit_offset]
            .into_iter()
            .flatten()
        {
            let value = self.expression(node, scope)?;
            self.use_at(&value, Usage::Predicate, "LIMIT or OFFSET");
        }
        Ok(())
    }

    /// FOR UPDATE and the like lock rows of every table in FROM (or of those named).
    fn locking(&mut self, clauses: &[Node], scope: &Scope<'_>) {
        if clauses.is_empty() {
            return;
        }
        let mut relations: Vec<_> = scope.rels.iter().filter_map(|rel| rel.relation).collect();
        relations.dedup();
        for id in relations {
            for member in self.descendants(id) {
                if let Some(relation) = self.relation(member) {
                    self.effect(Verb::Lock, object(relation));
                }
            }
        }
        if scope.rels.iter().any(|rel| rel.relation.is_none()) {
            // A subquery's or view's tables are locked as well; name the act where no table can be named.
            self.effect(Verb::Lock, super::other("rows", ""));
        }
    }
}

fn same(left: &Row, right: &Row) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).all(|((name, a), (other, b))| {
            name == other && a.kind == b.kind && a.sources == b.sources
        })
}

fn is_star(node: &Node) -> bool {
    matches!(inner(node), Some(NodeEnum::AStar(_)))
}

fn ends_with_star(fields: &[Node]) -> bool {
    fields.last().is_some_and(is_star)
}
