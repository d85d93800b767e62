//! What built-ins take out of containers (JSON, arrays, rows), for the values that a statement is given.
//!
//! Follows only what it names; everything else counts as computed from the whole. Says nothing of stored values.

use model::Part;
use pg_query::NodeEnum;
use pg_query::protobuf::{AExpr, AExprKind, AIndices, FuncCall, Node, a_const};

use super::given::Givens;
use super::scope::Value;
use super::{Analysis, inner, string, strings};
use crate::catalog::Function;

/// How the columns of a function in FROM come out of its value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Columns {
    /// The members of a JSON object, by the columns' names.
    Members,
    /// The fields of a row.
    Fields,
    /// As they are: not known, or one column that is the value.
    Same,
}

fn columns_of(name: &str) -> Columns {
    match name {
        "json_to_record"
        | "jsonb_to_record"
        | "json_to_recordset"
        | "jsonb_to_recordset"
        | "json_populate_record"
        | "jsonb_populate_record"
        | "json_populate_recordset"
        | "jsonb_populate_recordset" => Columns::Members,
        "unnest" => Columns::Fields,
        _ => Columns::Same,
    }
}

impl<'a> Analysis<'a> {
    /// What a call of built-ins takes out of what it is given; `None` where it computes.
    pub(crate) fn called_givens(
        &mut self,
        candidates: &[&'a Function],
        call: &FuncCall,
        values: &[Value],
    ) -> Option<Givens> {
        if !candidates.iter().all(|found| found.is_system()) || call.func_variadic {
            return None;
        }
        let name = candidates.first()?.name.as_str();
        let first = &values.first()?.givens;
        Some(match name {
            "to_json" | "to_jsonb" | "json_strip_nulls" | "jsonb_strip_nulls"
            | "json_to_record" | "jsonb_to_record" => first.clone(),
            "unnest"
            | "json_array_elements"
            | "json_array_elements_text"
            | "jsonb_array_elements"
            | "jsonb_array_elements_text"
            | "json_each"
            | "json_each_text"
            | "jsonb_each"
            | "jsonb_each_text"
            | "json_to_recordset"
            | "jsonb_to_recordset" => first.within(Part::Elements),
            "json_populate_record"
            | "jsonb_populate_record"
            | "json_populate_recordset"
            | "jsonb_populate_recordset" => {
                let rows = &values.get(1)?.givens;
                let rows = match name.ends_with("set") {
                    true => rows.within(Part::Elements),
                    false => rows.clone(),
                };
                // What JSON lacks is taken from the first argument.
                Givens::join([&first.within(Part::Computed), &rows].into_iter())
            }
            "string_to_array" | "string_to_table" | "split_part" => {
                // Cast to anything but text it may be written otherwise (`'007'::int`).
                let mark = call.args.get(1).filter(|node| is_text(node));
                let mark = mark.and_then(|node| self.written_key(node, first));
                first.within(mark.map_or(Part::Pieces, |mark| Part::SplitAt(mark.into())))
            }
            "regexp_split_to_array" | "regexp_split_to_table" => first.within(Part::Pieces),
            "json_extract_path"
            | "json_extract_path_text"
            | "jsonb_extract_path"
            | "jsonb_extract_path_text" => {
                let mut way = first.clone();
                for node in call.args.get(1..)? {
                    way = way.within(self.key(node, &way));
                }
                way
            }
            _ => return None,
        })
    }

    /// What `->`, `->>`, `#>` and `#>>` take out of what is given on their left; `None` for other operators.
    pub(crate) fn operated_givens(&mut self, expr: &AExpr, left: &Value) -> Option<Givens> {
        let is_operator = AExprKind::try_from(expr.kind) == Ok(AExprKind::AexprOp);
        let key = expr.rexpr.as_deref().filter(|_| is_operator)?;
        match super::expression::symbol(expr) {
            "->" | "->>" => Some(left.givens.within(self.key(key, &left.givens))),
            "#>" | "#>>" => {
                let mut way = left.givens.clone();
                let Some(path) = self.written_key(key, &way).map(str::to_owned) else {
                    return Some(way.within(Part::Computed));
                };
                let inside = path
                    .trim()
                    .strip_prefix('{')
                    .and_then(|rest| rest.strip_suffix('}'));
                let plain = inside.filter(|inside| !inside.contains(['"', '\\', '{']));
                let Some(names) = plain else {
                    return Some(way.within(Part::Computed));
                };
                if names.trim().is_empty() {
                    return Some(way.within(Part::Computed));
                }
                for name in names.split(',') {
                    way = way.within(Part::Member(name.trim().into()));
                }
                Some(way)
            }
            _ => None,
        }
    }

    /// What a subscript takes.
    pub(crate) fn subscript(&mut self, indices: &AIndices, from: &Givens) -> Part {
        match indices.uidx.as_deref() {
            Some(key) if !indices.is_slice => self.key(key, from),
            _ => Part::Computed,
        }
    }

    /// What a field's name takes out of the first of these values.
    pub(crate) fn field(&self, values: &[Value], name: &str) -> Part {
        let columns = values
            .first()
            .and_then(|value| self.composite(value.type_oid));
        let place =
            columns.and_then(|columns| columns.iter().position(|column| column.name == name));
        place.map_or(Part::Computed, Part::Field)
    }

    /// A column of a function in FROM, by its name and place.
    pub(crate) fn column_taken(
        &self,
        node: &Node,
        from: &Value,
        name: &str,
        nth: usize,
    ) -> (String, Value) {
        let columns = match inner(node) {
            Some(NodeEnum::FuncCall(call)) => {
                let names = strings(&call.funcname).unwrap_or_default();
                let candidates = self.candidates(&names, call.args.len());
                let ours = candidates.iter().all(|found| found.is_system());
                let function = candidates.first().filter(|_| ours);
                function.map_or(Columns::Same, |found| columns_of(&found.name))
            }
            _ => Columns::Same,
        };
        let mut value = from.clone();
        value.givens = match columns {
            Columns::Members => from.givens.within(Part::Member(name.into())),
            Columns::Fields => from.givens.within(Part::Field(nth)),
            Columns::Same => from.givens.clone(),
        };
        (name.to_owned(), value)
    }

    /// What a key takes: by its name where that is written there.
    fn key(&mut self, node: &Node, from: &Givens) -> Part {
        if let Some(NodeEnum::AConst(constant)) = inner(node)
            && let Some(a_const::Val::Ival(_)) = constant.val
        {
            return Part::Elements;
        }
        match self.written_key(node, from) {
            Some(name) => Part::Member(name.into()),
            None => Part::Computed,
        }
    }

    fn written_key<'n>(&mut self, node: &'n Node, from: &Givens) -> Option<&'n str> {
        let key = super::call::constant(node)?;
        if !from.is_empty() {
            // Another text in a key's place means another member.
            self.shape_safe = false;
        }
        Some(key)
    }
}

/// A string as it is written, or cast to text.
fn is_text(node: &Node) -> bool {
    match inner(node) {
        Some(NodeEnum::AConst(_)) => true,
        Some(NodeEnum::TypeCast(cast)) => {
            let names = cast.type_name.as_ref().map(|name| &name.names);
            let last = names.and_then(|names| names.iter().filter_map(string).next_back());
            last == Some("text") && cast.arg.as_deref().is_some_and(is_text)
        }
        _ => false,
    }
}
