//! What may be computed from a hidden value: the reviewed table of functions, operators and casts that never fail.
//!
//! An error is one bit about a row, so that whatever may fail by a value counts as a predicate on it. Nothing is
//! total by its name: an entry names the types it takes, and every function that a call may mean must have one.

use model::Usage;
use pg_query::protobuf::{AExpr, AExprKind, FuncCall};

use super::scope::{Kind, UNKNOWN, Value};
use super::{Analysis, Place, inner};
use crate::catalog::{FIRST_USER_OID, Function};

/// OIDs as in PostgreSQL's `pg_type.dat`; they never change.
pub(crate) mod oid {
    pub(crate) const BOOL: u32 = 16;
    pub(crate) const NAME: u32 = 19;
    pub(crate) const INT8: u32 = 20;
    pub(crate) const INT2: u32 = 21;
    pub(crate) const INT4: u32 = 23;
    pub(crate) const TEXT: u32 = 25;
    pub(crate) const JSON: u32 = 114;
    pub(crate) const XML: u32 = 142;
    pub(crate) const FLOAT4: u32 = 700;
    pub(crate) const FLOAT8: u32 = 701;
    pub(crate) const BPCHAR: u32 = 1042;
    pub(crate) const VARCHAR: u32 = 1043;
    pub(crate) const DATE: u32 = 1082;
    pub(crate) const TIME: u32 = 1083;
    pub(crate) const TIMESTAMP: u32 = 1114;
    pub(crate) const TIMESTAMPTZ: u32 = 1184;
    pub(crate) const TIMETZ: u32 = 1266;
    pub(crate) const NUMERIC: u32 = 1700;
    pub(crate) const RECORD: u32 = 2249;
    pub(crate) const ANY: u32 = 2276;
    pub(crate) const ANYELEMENT: u32 = 2283;
    pub(crate) const ANYNONARRAY: u32 = 2776;
    pub(crate) const JSONB: u32 = 3802;
    pub(crate) const ANYCOMPATIBLE: u32 = 5077;
}
use oid::{
    ANY, ANYCOMPATIBLE, ANYELEMENT, ANYNONARRAY, BOOL, BPCHAR, DATE, FLOAT4, FLOAT8, INT2, INT4,
    INT8, JSON, JSONB, NAME, NUMERIC, RECORD, TEXT, TIME, TIMESTAMP, TIMESTAMPTZ, TIMETZ, VARCHAR,
};

/// Built-in types whose input was checked once and whose output, comparison and conversion to JSON never fail.
const PLAIN: &[u32] = &[
    BOOL,
    17,
    NAME,
    INT8,
    INT2,
    INT4,
    TEXT,
    JSON,
    FLOAT4,
    FLOAT8,
    BPCHAR,
    VARCHAR,
    DATE,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    1186,
    TIMETZ,
    NUMERIC,
    2950,
    JSONB,
];

/// What an entry promises beyond not failing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Promise {
    /// The result is NULL by its arguments' being NULL alone.
    Plain,
    /// The result may be NULL by a value.
    Telling,
    /// As `Plain`; the result is as long as all arguments together, so that they must be bounded.
    Grows,
}
use Promise::{Grows, Plain, Telling};

/// All arguments may be hidden.
const ALL: u32 = u32::MAX;
/// The values of a list of keys and values.
const VALUES: u32 = 0xaaaa_aaaa;

/// Name, argument types, which arguments may be hidden (a bit each), promise. Sorted by name.
const FUNCTIONS: &[(&str, &[u32], u32, Promise)] = &[
    ("array_agg", &[ANYNONARRAY], ALL, Plain),
    ("ascii", &[TEXT], ALL, Plain),
    ("avg", &[INT2], ALL, Plain),
    ("avg", &[INT4], ALL, Plain),
    ("avg", &[INT8], ALL, Plain),
    ("bit_length", &[TEXT], ALL, Plain),
    ("bool_and", &[BOOL], ALL, Plain),
    ("bool_or", &[BOOL], ALL, Plain),
    ("btrim", &[TEXT], ALL, Plain),
    ("btrim", &[TEXT, TEXT], ALL, Plain),
    ("char_length", &[BPCHAR], ALL, Plain),
    ("char_length", &[TEXT], ALL, Plain),
    ("character_length", &[BPCHAR], ALL, Plain),
    ("character_length", &[TEXT], ALL, Plain),
    ("concat", &[ANY], ALL, Grows),
    ("concat_ws", &[TEXT, ANY], ALL, Grows),
    ("every", &[BOOL], ALL, Plain),
    ("extract", &[TEXT, DATE], 2, Telling),
    ("extract", &[TEXT, TIMESTAMP], 2, Telling),
    ("extract", &[TEXT, TIMESTAMPTZ], 2, Telling),
    ("initcap", &[TEXT], ALL, Plain),
    ("json_agg", &[ANYELEMENT], ALL, Plain),
    ("json_build_array", &[ANY], ALL, Plain),
    ("json_build_object", &[ANY], VALUES, Plain),
    ("json_object_agg", &[ANY, ANY], 2, Plain),
    ("jsonb_agg", &[ANYELEMENT], ALL, Plain),
    ("jsonb_build_array", &[ANY], ALL, Plain),
    ("jsonb_build_object", &[ANY], VALUES, Plain),
    ("jsonb_object_agg", &[ANY, ANY], 2, Plain),
    ("left", &[TEXT, INT4], ALL, Plain),
    ("length", &[BPCHAR], ALL, Plain),
    ("length", &[TEXT], ALL, Plain),
    ("lower", &[TEXT], ALL, Plain),
    ("ltrim", &[TEXT], ALL, Plain),
    ("ltrim", &[TEXT, TEXT], ALL, Plain),
    ("md5", &[TEXT], ALL, Plain),
    ("octet_length", &[BPCHAR], ALL, Plain),
    ("octet_length", &[TEXT], ALL, Plain),
    ("position", &[TEXT, TEXT], ALL, Plain),
    ("reverse", &[TEXT], ALL, Plain),
    ("right", &[TEXT, INT4], ALL, Plain),
    ("row_to_json", &[RECORD], ALL, Plain),
    ("row_to_json", &[RECORD, BOOL], 1, Plain),
    ("rtrim", &[TEXT], ALL, Plain),
    ("rtrim", &[TEXT, TEXT], ALL, Plain),
    ("split_part", &[TEXT, TEXT, INT4], 3, Plain),
    ("starts_with", &[TEXT, TEXT], ALL, Plain),
    ("string_agg", &[TEXT, TEXT], ALL, Grows),
    ("strpos", &[TEXT, TEXT], ALL, Plain),
    ("substr", &[TEXT, INT4], 1, Plain),
    ("substr", &[TEXT, INT4, INT4], 1, Plain),
    ("substring", &[TEXT, INT4], 1, Plain),
    ("substring", &[TEXT, INT4, INT4], 1, Plain),
    ("sum", &[INT2], ALL, Plain),
    ("sum", &[INT4], ALL, Plain),
    ("sum", &[INT8], ALL, Plain),
    ("to_char", &[TIMESTAMP, TEXT], 1, Telling),
    ("to_char", &[TIMESTAMPTZ, TEXT], 1, Telling),
    ("to_json", &[ANYELEMENT], ALL, Plain),
    ("to_jsonb", &[ANYELEMENT], ALL, Plain),
    ("translate", &[TEXT, TEXT, TEXT], ALL, Plain),
    ("upper", &[TEXT], ALL, Plain),
    ("xmlagg", &[oid::XML], ALL, Plain),
];

/// Functions whose result is one of their argument's values, unchanged.
const CHOOSING: &[&str] = &[
    "any_value",
    "first_value",
    "lag",
    "last_value",
    "lead",
    "max",
    "min",
    "nth_value",
];

/// Kept as it is, whatever row it comes from.
fn is_text(oid: u32) -> bool {
    matches!(oid, NAME | TEXT | BPCHAR | VARCHAR)
}

fn is_integer(oid: u32) -> bool {
    matches!(oid, INT2 | INT4 | INT8)
}

/// A hidden argument of this type reaches a parameter of that type without a conversion that may fail.
fn reaches(source: u32, parameter: u32) -> bool {
    let width = |oid| match oid {
        INT2 => 1,
        INT4 => 2,
        INT8 => 3,
        _ => 0,
    };
    match parameter {
        ANY | ANYELEMENT | ANYNONARRAY => PLAIN.contains(&source) || source == RECORD,
        _ if is_text(source) && is_text(parameter) => true,
        _ if is_integer(source) && is_integer(parameter) => width(source) <= width(parameter),
        _ => source == parameter && (PLAIN.contains(&source) || source == RECORD),
    }
}

/// Whether PostgreSQL may take a value of a plain type for that parameter unasked. Unknown types may be anything.
pub(crate) fn may_take(source: u32, parameter: u32) -> bool {
    let pseudo = matches!(parameter, ANY | ANYELEMENT | ANYNONARRAY | ANYCOMPATIBLE);
    if pseudo || source == parameter || !(PLAIN.contains(&source) || source == RECORD) {
        return true;
    }
    // The other polymorphic types are of arrays, ranges and enums.
    match source {
        _ if is_text(source) => is_text(parameter) || parameter == 2205,
        INT2 | INT4 | INT8 => {
            is_integer(parameter)
                || matches!(parameter, FLOAT4 | FLOAT8 | NUMERIC)
                || parameter == 26
                || (2202..=2206).contains(&parameter)
        }
        NUMERIC => matches!(parameter, FLOAT4 | FLOAT8),
        FLOAT4 => parameter == FLOAT8,
        DATE => matches!(parameter, TIMESTAMP | TIMESTAMPTZ),
        TIMESTAMP => parameter == TIMESTAMPTZ,
        TIME => matches!(parameter, TIMETZ | 1186),
        RECORD | BOOL | 17 | JSON | JSONB | TIMESTAMPTZ | TIMETZ | FLOAT8 | 1186 | 2950 => false,
        _ => true,
    }
}

/// The type of a function's parameter; the last stands for all that a variadic one takes.
fn parameter(function: &Function, nth: usize) -> u32 {
    let types = &function.argument_types;
    types.get(nth).or(types.last()).copied().unwrap_or(0)
}

fn entry(name: &str, arguments: &[u32]) -> Option<(u32, Promise)> {
    let from = FUNCTIONS.partition_point(|(known, ..)| *known < name);
    let named = FUNCTIONS.get(from..)?.iter();
    let mut named = named.take_while(|(known, ..)| *known == name);
    let found = named.find(|(_, types, ..)| *types == arguments)?;
    Some((found.2, found.3))
}

impl<'a> Analysis<'a> {
    /// A value computed by something that never fails.
    pub(crate) fn sure<'v>(
        parts: impl IntoIterator<Item = &'v Value> + Clone,
        type_oid: u32,
    ) -> Value {
        let mut value = Value::derived(parts.clone(), type_oid);
        value.steady = parts.into_iter().all(|part| part.steady);
        value
    }

    /// A value computed by something that may fail, or make rows, by what its parts are: that tells, whoever looks at
    /// the value.
    pub(crate) fn unsure<'v>(
        &mut self,
        parts: impl IntoIterator<Item = &'v Value>,
        type_oid: u32,
        place: impl Into<Place>,
    ) -> Value {
        let mut value = Value::derived(parts, type_oid);
        value.telling = true;
        value.risks.clone_from(&value.sources);
        self.answer(value, place)
    }

    /// Takes a value into the query being walked: a computation that may fail is answered for, except within a view,
    /// where whoever takes its column answers.
    pub(crate) fn answer(&mut self, mut value: Value, place: impl Into<Place>) -> Value {
        if !value.risks.is_empty() && !self.lenient {
            let risks = Value {
                sources: std::mem::take(&mut value.risks),
                ..Value::default()
            };
            self.use_at(&risks, Usage::Computed, place);
        }
        value
    }

    /// Its type, of a domain the one behind it.
    pub(crate) fn plain_type(&self, value: &Value) -> u32 {
        match value.type_oid {
            user if user >= FIRST_USER_OID => self.catalog.base_type(user),
            known => known,
        }
    }

    pub(crate) fn is_plain(&self, value: &Value) -> bool {
        PLAIN.contains(&self.plain_type(value))
    }

    /// Whether PostgreSQL joins these (CASE, COALESCE, UNION, ARRAY) without a conversion that may fail.
    pub(crate) fn agree<'v>(&self, values: impl IntoIterator<Item = &'v Value>) -> bool {
        let mut types = values.into_iter().filter_map(|value| {
            let free = value.kind == Kind::Free && value.sources.is_empty();
            let adapts = free && matches!(value.type_oid, 0 | UNKNOWN) && value.steady;
            (!adapts).then(|| self.plain_type(value))
        });
        let Some(first) = types.next() else {
            return true;
        };
        let same = |other: u32| {
            let alike = (is_text(first) && is_text(other))
                || (is_integer(first) && (is_integer(other) || other == NUMERIC))
                || (is_integer(other) && first == NUMERIC);
            first != 0 && (first == other || alike)
        };
        // A single value converts to nothing.
        let mut rest = types.peekable();
        rest.peek().is_none() || rest.all(same)
    }

    /// The result of a call of built-ins: of one that chooses among values, of a total one, or of one that may fail.
    pub(crate) fn called(
        &mut self,
        candidates: &[&'a Function],
        call: &FuncCall,
        values: &[Value],
        known: u32,
    ) -> Value {
        let name = candidates.first().map_or("", |found| found.name.as_str());
        let (arguments, clauses) = values.split_at(call.args.len().min(values.len()));
        if arguments.iter().all(|value| value.sources.is_empty()) {
            return Value::derived(values, known);
        }
        let ours = candidates.iter().all(|found| found.oid < FIRST_USER_OID);
        let named = call.args.iter().any(|argument| {
            let kind = inner(argument);
            matches!(kind, Some(pg_query::NodeEnum::NamedArgExpr(_)))
        });
        if ours && !named && !call.func_variadic && !call.agg_within_group {
            if CHOOSING.contains(&name)
                && let Some(value) = self.chosen(name, arguments)
            {
                return value;
            }
            if let Some((promise, closed)) = self.promised(candidates, arguments) {
                let failing = closed.iter().filter_map(|nth| arguments.get(*nth));
                let failing = self.unsure(failing, 0, format!("{name}()"));
                // What a window is over was judged as a use; it still shows in the value.
                let mut value = Self::sure(arguments.iter().chain(clauses), known);
                value.telling |= promise == Telling || !closed.is_empty();
                value.risk(failing.risks);
                // A key that may fail was judged by itself, and shows as it is.
                let keyed = name.ends_with("object_agg") && closed.iter().all(|nth| *nth == 0);
                if promise == Plain && (closed.is_empty() || keyed) {
                    value.built = self.built(name, call, arguments);
                }
                return value;
            }
        }
        self.unsure(values, known, format!("{name}()"))
    }

    /// `lag`, `first_value`, `min` and the like: one of the values of the first argument, unchanged.
    fn chosen(&mut self, name: &str, arguments: &[Value]) -> Option<Value> {
        let (first, rest) = arguments.split_first()?;
        if !self.is_plain(first) {
            return None;
        }
        let mut value = first.clone();
        value.steady = false;
        if matches!(name, "min" | "max") {
            self.use_at(first, Usage::Predicate, format!("{name}()"));
        }
        if let Some(offset) = rest.first() {
            self.use_at(offset, Usage::Predicate, format!("{name}()"));
        }
        if let Some(default) = rest.get(1) {
            if !self.agree([first, default]) {
                return None;
            }
            value = first.either(default);
            value.steady = false;
        }
        Some(value)
    }

    /// Whether somebody made casts between built-in types: then any of them may be taken for another.
    pub(crate) fn has_own_casts(&self) -> bool {
        let built_in = |oid: u32| oid < FIRST_USER_OID;
        let casts = self.catalog.casts.iter();
        casts
            .clone()
            .any(|cast| built_in(cast.source) && built_in(cast.target))
    }

    /// Those of several functions that PostgreSQL may take for a call with these arguments.
    pub(crate) fn fitting(
        &self,
        candidates: &[&'a Function],
        values: &[Value],
    ) -> Vec<&'a Function> {
        let types: Vec<u32> = values.iter().map(|value| self.plain_type(value)).collect();
        let fits = |function: &&&Function| {
            let mut known = types.iter().enumerate();
            known.all(|(nth, source)| may_take(*source, parameter(function, nth)))
        };
        // PostgreSQL prefers the function that takes most of the types exactly.
        let exact = |function: &Function| {
            let known = types.iter().enumerate();
            known
                .filter(|(nth, source)| parameter(function, *nth) == **source)
                .count()
        };
        if self.has_own_casts() {
            return candidates.to_vec();
        }
        let fitting = candidates.iter().filter(fits).copied();
        let most = match types.contains(&0) {
            true => 0,
            false => fitting.clone().map(exact).max().unwrap_or(0),
        };
        fitting.filter(|function| exact(function) >= most).collect()
    }

    /// What the reviewed table promises of a call, whichever function it means; and the arguments by which it may fail.
    fn promised(
        &self,
        candidates: &[&'a Function],
        values: &[Value],
    ) -> Option<(Promise, Vec<usize>)> {
        let mut closed = Vec::new();
        let mut promised = None;
        for function in self.fitting(candidates, values) {
            let (open, promise) = entry(&function.name, &function.argument_types)?;
            for (nth, value) in values.iter().enumerate() {
                let source = self.plain_type(value);
                let is_open = open >> (nth % 32) & 1 == 1;
                // jsonb reads json text again, and may not take it.
                let rereads = source == JSON && function.name.contains("jsonb");
                let is_built = function.name == "xmlagg" && value.built.is_some();
                let taken = is_built || reaches(source, parameter(function, nth));
                let sure = is_open && !rereads && taken;
                if !value.sources.is_empty() && !sure {
                    closed.push(nth);
                }
            }
            promised = Some(match (promised, promise) {
                (Some(Grows), _) | (_, Grows) => Grows,
                (Some(Telling), _) | (_, Telling) => Telling,
                _ => Plain,
            });
        }
        let bounded = values.iter().all(|value| value.steady);
        let kept = promised.filter(|promise| *promise != Grows || bounded)?;
        Some((kept, closed))
    }

    /// The value of one operator between two operands, each judged.
    pub(crate) fn operated(&mut self, expr: &AExpr, left: &Value, right: &Value) -> Value {
        let kind = AExprKind::try_from(expr.kind).unwrap_or(AExprKind::Undefined);
        let symbol = super::expression::symbol(expr);
        let type_oid = super::expression::operator_type(expr);
        if left.sources.is_empty() && right.sources.is_empty() {
            return Value::derived([left, right], type_oid);
        }
        let types = (self.plain_type(left), self.plain_type(right));
        let compares = matches!(symbol, "=" | "<>" | "!=" | "<" | ">" | "<=" | ">=");
        let simple = matches!(
            kind,
            AExprKind::AexprOp | AExprKind::AexprDistinct | AExprKind::AexprNotDistinct
        );
        if kind == AExprKind::AexprNullif && comparable(types) {
            // Whether it is NULL tells what the comparison tells.
            self.compare(left);
            self.compare(right);
            let mut value = Self::sure([left], left.type_oid);
            value.telling = true;
            return value;
        }
        if simple && compares && comparable(types) {
            return Self::sure([left, right], type_oid);
        }
        let joins = |a: u32, b: u32| is_text(a) && (PLAIN.contains(&b) || matches!(b, 0 | UNKNOWN));
        let bounded = left.steady && right.steady;
        if simple
            && symbol == "||"
            && bounded
            && (joins(types.0, types.1) || joins(types.1, types.0))
        {
            return Self::sure([left, right], TEXT);
        }
        let digs = matches!(symbol, "->" | "->>" | "#>" | "#>>");
        if simple && digs && types.0 == JSONB && right.sources.is_empty() {
            let is_text = symbol.ends_with(">>");
            let mut value = Self::sure([left, right], if is_text { TEXT } else { JSONB });
            value.telling = true;
            return value;
        }
        self.unsure([left, right], type_oid, format!("operator {symbol}"))
    }

    /// A value cast to a type; `bare` without a length or precision.
    pub(crate) fn converted(&mut self, value: &Value, target: u32, bare: bool) -> Value {
        let same = target != 0 && target == value.type_oid;
        let reads_alike = |oid| matches!(oid, TEXT | VARCHAR);
        if bare && (same || reads_alike(target) && reads_alike(self.plain_type(value))) {
            return Value {
                type_oid: target,
                ..value.clone()
            };
        }
        if value.sources.is_empty() {
            let mut converted = Value::derived([value], target);
            converted.givens = value.givens.clone();
            return converted;
        }
        let source = self.plain_type(value);
        let is_built = value.built.is_some() && matches!(source, JSON | JSONB | oid::XML);
        let sure = match target {
            TEXT | VARCHAR if source == oid::XML => is_built,
            _ if is_text(target) => PLAIN.contains(&source),
            INT4 | INT8 if is_integer(source) => reaches(source, target),
            NUMERIC => bare && is_integer(source),
            FLOAT8 => is_integer(source) || source == FLOAT4,
            DATE => matches!(source, TIMESTAMP | TIMESTAMPTZ),
            _ => false,
        };
        if sure {
            let mut converted = Self::sure([value], target);
            if bare && reads_alike(target) && is_built {
                converted.built.clone_from(&value.built);
            }
            return converted;
        }
        let known = self.catalog.types.get(&target);
        let name = known.map_or_else(String::new, |known| format!(" to {}", known.name));
        self.unsure([value], target, format!("cast{name}"))
    }

    /// A whole row: a record where every member is plain.
    pub(crate) fn record<'v>(&self, members: impl IntoIterator<Item = &'v Value> + Clone) -> Value {
        let plain = members.clone().into_iter().all(|member| {
            let free = member.sources.is_empty() && member.steady;
            // JSON text within a row is read again on the way to jsonb, and may not be taken.
            free || (self.is_plain(member) && self.plain_type(member) != JSON)
        });
        Self::sure(members, if plain { RECORD } else { 0 })
    }
}

/// Whether comparing two types never fails: an operand of each is taken as it is, or widened.
fn comparable((left, right): (u32, u32)) -> bool {
    let exact = |oid: u32| is_integer(oid) || oid == NUMERIC;
    let moments = |oid: u32| matches!(oid, DATE | TIMESTAMP | TIMESTAMPTZ);
    let compares = |oid: u32| PLAIN.contains(&oid) && oid != JSON;
    // A parameter or literal takes on the type beside it. A number may be given as a float, which not every
    // numeric fits.
    let beside =
        |oid: u32, other: u32| matches!(other, 0 | UNKNOWN) && compares(oid) && oid != NUMERIC;
    beside(left, right)
        || beside(right, left)
        || (left == NUMERIC && right == UNKNOWN)
        || (left == right && compares(left))
        || (is_text(left) && is_text(right))
        || (exact(left) && exact(right))
        || (moments(left) && moments(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_names_no_type_twice() {
        assert!(FUNCTIONS.is_sorted_by_key(|(name, ..)| *name));
        let mut named: Vec<_> = FUNCTIONS
            .iter()
            .map(|(name, types, ..)| (name, types))
            .collect();
        named.sort();
        named.dedup();
        assert_eq!(named.len(), FUNCTIONS.len());
        assert!(PLAIN.is_sorted());
    }

    #[test]
    fn conversions() {
        let check = |source, parameter, taken, reached| {
            assert_eq!(may_take(source, parameter), taken, "{source} {parameter}");
            assert_eq!(reaches(source, parameter), reached, "{source} {parameter}");
        };
        check(VARCHAR, TEXT, true, true);
        check(TEXT, INT4, false, false);
        check(INT4, INT8, true, true);
        check(INT8, INT4, true, false);
        check(DATE, TIMESTAMPTZ, true, false);
        check(NUMERIC, FLOAT8, true, false);
        check(0, TEXT, true, false);
        check(UNKNOWN, TEXT, true, false);
        check(RECORD, ANYELEMENT, true, true);
        check(1015, ANYELEMENT, true, false);
        check(TEXT, 2277, false, false);
    }

    #[test]
    fn comparisons() {
        let check = |left, right, expect| {
            assert_eq!(comparable((left, right)), expect, "{left} {right}");
        };
        check(TEXT, UNKNOWN, true);
        check(TEXT, VARCHAR, true);
        check(DATE, TIMESTAMPTZ, true);
        check(NUMERIC, FLOAT8, false);
        check(NUMERIC, 0, false);
        check(INT4, NUMERIC, true);
        check(JSON, JSON, false);
        check(1015, 1015, false);
        check(0, 0, false);
    }
}
