//! Values that are one of several: CASE, COALESCE, GREATEST and LEAST.
//!
//! What decides among them is judged as a condition here; what becomes of the value, elsewhere.

use pg_query::NodeEnum;
use pg_query::protobuf::{CaseExpr, CoalesceExpr, MinMaxExpr};

use super::built::is_written;
use super::given::Givens;
use super::scope::{Kind, Scope, UNKNOWN, Value};
use super::{Analysis, Walk, boxed, inner};

impl<'a> Analysis<'a> {
    /// GREATEST and LEAST.
    pub(crate) fn extreme(&mut self, expr: &MinMaxExpr, scope: &Scope<'_>) -> Walk<Value> {
        let values = self.each(&expr.args, scope)?;
        let hidden = |value: &&Value| !value.sources.is_empty();
        let plain = values
            .iter()
            .filter(hidden)
            .all(|value| self.is_plain(value));
        Ok(match plain && self.agree(&values) {
            true => Self::sure(&values, common_type(&values)),
            false => self.unsure(&values, 0, "GREATEST or LEAST"),
        })
    }

    /// COALESCE: one of the parts, unchanged.
    pub(crate) fn alternatives(&mut self, expr: &CoalesceExpr, scope: &Scope<'_>) -> Walk<Value> {
        let values = self.each(&expr.args, scope)?;
        // Whether a later part is evaluated tells which earlier ones are NULL, if evaluating it can be noticed.
        let last_unsteady = values.iter().rposition(|value| !value.steady).unwrap_or(0);
        for value in values.iter().take(last_unsteady) {
            self.compare(value);
        }
        if !self.agree(&values) {
            return Ok(self.unsure(&values, 0, "COALESCE"));
        }
        if let Some(built) = built_or_written(&values) {
            return Ok(built);
        }
        let stored = |value: &Value| value.kind == Kind::Direct && !value.mixed;
        let either = values
            .iter()
            .cloned()
            .reduce(|known, next| known.either(&next));
        let mut joined = match either {
            Some(either) if values.iter().all(stored) => either,
            // A placeholder of the client's choosing beside a column would tell which rows are NULL.
            _ => Self::sure(&values, common_type(&values)),
        };
        joined.givens = Givens::join(values.iter().map(|value| &value.givens));
        Ok(joined)
    }

    #[inline(never)]
    pub(crate) fn case(&mut self, case: &CaseExpr, scope: &Scope<'_>) -> Walk<Value> {
        let tested = match case.arg.as_deref() {
            Some(argument) => Some(self.expression(argument, scope)?),
            None => None,
        };
        if let Some(tested) = &tested {
            self.use_equal(tested, "CASE");
            // CASE x WHEN y compares with the operator `=` of the path.
            self.operator_named(&["="], tested.type_oid, 0);
        }
        let mut conditions: Vec<Value> = tested.iter().cloned().collect();
        let mut results = Vec::new();
        for when in &case.args {
            let Some(NodeEnum::CaseWhen(when)) = inner(when) else {
                self.unknown("CASE", "");
                continue;
            };
            if let Some(condition) = boxed(when.expr.as_ref()) {
                conditions.push(if tested.is_some() {
                    let value = self.value(condition, scope)?;
                    self.use_equal(&value, "CASE");
                    value
                } else {
                    self.at("CASE", |walk| walk.condition(condition, scope))?
                });
            }
            results.extend(self.each(when.result.as_deref(), scope)?);
        }
        results.extend(self.each(case.defresult.as_deref(), scope)?);
        Ok(self.either_result(&results, &conditions))
    }

    /// One of the results, unchanged. What decides among them was judged as a condition; where the results come from
    /// no column, it is all that the value tells.
    fn either_result(&mut self, results: &[Value], conditions: &[Value]) -> Value {
        let all = results.iter().chain(conditions);
        if !self.agree(results) {
            return self.unsure(all, 0, "CASE");
        }
        let mut joined = results
            .iter()
            .cloned()
            .reduce(|a, b| a.either(&b))
            .unwrap_or_default();
        if joined.sources.is_empty() || joined.kind == Kind::Derived {
            joined = Value::derived(all, common_type(results));
            joined.telling = true;
        }
        joined.givens = Givens::join(results.iter().map(|value| &value.givens));
        joined.steady = false;
        joined
    }
}

/// The JSON of rows where there are any, else what the statement says (`coalesce(json_agg(x), '[]')`). Which of both it
/// is tells whether there are rows, as much as their number would.
fn built_or_written(values: &[Value]) -> Option<Value> {
    let (first, rest) = values.split_first()?;
    let known = first.built.as_ref().filter(|built| built.is_many())?;
    rest.iter().all(is_written).then(|| Value {
        built: Some(std::rc::Rc::clone(known)),
        ..Analysis::sure(values, common_type(values))
    })
}

/// The type of several that agree.
fn common_type(values: &[Value]) -> u32 {
    let mut types = values.iter().map(|value| value.type_oid);
    let known = types.find(|oid| !matches!(*oid, 0 | UNKNOWN)).unwrap_or(0);
    let same = |value: &Value| matches!(value.type_oid, 0 | UNKNOWN) || value.type_oid == known;
    if values.iter().all(same) { known } else { 0 }
}
