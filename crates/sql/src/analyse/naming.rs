//! What PostgreSQL calls an output column that nobody named.
//!
//! Looks at the tree alone; knows nothing of where values come from.

use pg_query::NodeEnum;
use pg_query::protobuf::{AExprKind, CommonTableExpr, Node, ResTarget, SubLink, SubLinkType};

use super::{Row, boxed, inner, string};

/// Gives columns the names of an alias list.
pub(crate) fn rename(row: &mut Row, names: &[Node]) {
    for ((name, _), new) in row.iter_mut().zip(names) {
        if let Some(new) = string(new) {
            new.clone_into(name);
        }
    }
}

/// Names a recursive term's columns before it is walked, as its first arm will.
pub(crate) fn name_first_columns(term: &CommonTableExpr, row: &mut Row) {
    let mut select = match boxed(term.ctequery.as_ref()) {
        Some(NodeEnum::SelectStmt(select)) => select.as_ref(),
        _ => return,
    };
    while let Some(left) = select.larg.as_deref() {
        select = left;
    }
    for ((name, _), target) in row.iter_mut().zip(&select.target_list) {
        if let Some(NodeEnum::ResTarget(target)) = inner(target) {
            *name = match target.val.as_deref() {
                _ if !target.name.is_empty() => target.name.clone(),
                Some(node) => column_name(node),
                None => continue,
            };
        }
    }
    rename(row, &term.aliascolnames);
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
            Ok(SubLinkType::ExprSublink) => {
                let target = first_target(link)?;
                if target.name.is_empty() {
                    within(target.val.as_ref())
                } else {
                    own(&target.name)
                }
            }
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
        other => own(json_name(other)?),
    }
}

fn json_name(node: &NodeEnum) -> Option<&'static str> {
    Some(match node {
        NodeEnum::JsonParseExpr(_) => "json",
        NodeEnum::JsonScalarExpr(_) => "json_scalar",
        NodeEnum::JsonSerializeExpr(_) => "json_serialize",
        NodeEnum::JsonObjectConstructor(_) => "json_object",
        NodeEnum::JsonArrayConstructor(_) | NodeEnum::JsonArrayQueryConstructor(_) => "json_array",
        NodeEnum::JsonObjectAgg(_) => "json_objectagg",
        NodeEnum::JsonArrayAgg(_) => "json_arrayagg",
        NodeEnum::JsonFuncExpr(function) => match function.op {
            1 => "json_exists",
            2 => "json_query",
            _ => "json_value",
        },
        _ => return None,
    })
}

/// The first column of a subquery's select list.
fn first_target(link: &SubLink) -> Option<&ResTarget> {
    let Some(NodeEnum::SelectStmt(select)) = boxed(link.subselect.as_ref()) else {
        return None;
    };
    match select.target_list.first().and_then(inner) {
        Some(NodeEnum::ResTarget(target)) => Some(target),
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
