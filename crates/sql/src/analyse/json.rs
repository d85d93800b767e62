//! SQL/JSON expressions.
//!
//! None of them is in the table of what never fails: whatever they are given counts as computed with.

use pg_query::NodeEnum;
use pg_query::protobuf::{JsonAggConstructor, JsonOutput, JsonValueExpr};

use super::scope::{Scope, Value};
use super::total::oid::BOOL;
use super::{Analysis, Walk, boxed, kind_of};
use model::Usage;

impl<'a> Analysis<'a> {
    /// SQL/JSON: older servers read these words as calls of ordinary functions.
    pub(crate) fn json(&mut self, node: &NodeEnum, scope: &Scope<'_>) -> Walk<Value> {
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
                Ok(self.unsure(row.iter().map(|(_, value)| value), 0, "JSON_ARRAY"))
            }
            NodeEnum::JsonIsPredicate(test) => {
                self.needs(160_000, "IS JSON");
                self.parts(test.expr.as_deref(), scope, BOOL)
            }
            other => self.json_further(other, scope),
        }
    }

    fn json_further(&mut self, node: &NodeEnum, scope: &Scope<'_>) -> Walk<Value> {
        match node {
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
                Ok(self.unsure(&values, 0, "SQL/JSON query function"))
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
}
