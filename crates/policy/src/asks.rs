//! What of a request any policy asks for: a decision stays the same while nothing else changes.
//!
//! Errs towards yes.

use std::collections::BTreeSet;

use cedar_policy::Policy;
use serde_json::Value;

/// What conditions read of a request, beyond who asks for what.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Asks {
    /// Attributes of the context, and of whatever else has one of that name.
    names: BTreeSet<String>,
    /// The context is used in a way that may read any of them.
    all: bool,
}

impl Asks {
    /// What these policies read.
    pub(crate) fn of<'a>(policies: impl IntoIterator<Item = &'a Policy>) -> Self {
        let mut asks = Self::default();
        for policy in policies {
            match policy.to_json() {
                Ok(json) => {
                    if let Some(conditions) = json.get("conditions") {
                        asks.walk(conditions);
                    }
                }
                Err(_) => asks.all = true,
            }
        }
        asks
    }

    /// Whether an attribute of this name may be read.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.all || self.names.contains(name)
    }

    /// Walks Cedar's JSON form: `context.x` is `{".": {"left": {"Var": "context"}, "attr": "x"}}`.
    fn walk(&mut self, value: &Value) {
        match value {
            Value::Array(all) => all.iter().for_each(|inner| self.walk(inner)),
            Value::Object(fields) => {
                for (name, inner) in fields {
                    self.field(name, inner);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn field(&mut self, name: &str, inner: &Value) {
        match name {
            "." | "has" => {
                match inner.get("attr").and_then(Value::as_str) {
                    Some(attribute) => {
                        self.names.insert(attribute.to_owned());
                    }
                    None => self.all = true,
                }
                match inner.get("left") {
                    Some(left) if is_context(left) => {}
                    Some(left) => self.walk(left),
                    None => self.all = true,
                }
            }
            // The context as a whole. A record's member may have any of these names, and then holds an expression.
            "Var" if inner.is_string() => self.all |= inner.as_str() == Some("context"),
            _ => self.walk(inner),
        }
    }
}

fn is_context(value: &Value) -> bool {
    value.get("Var").and_then(Value::as_str) == Some("context")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_the_time_counts() {
        let check = |condition: &str, expect: bool| {
            let text = format!("permit(principal, action, resource) {condition};");
            let policy = Policy::parse(None, text).unwrap();
            assert_eq!(Asks::of([&policy]).has("time"), expect, "{condition}");
        };
        check("", false);
        check("when { context.has_where }", false);
        check(r#"when { context.application == "time" }"#, false);
        check(r#"when { resource.name == context.statement }"#, false);
        check(
            r#"when { context has address && context.address.isLoopback() }"#,
            false,
        );
        check("when { context.time > 5 }", true);
        check(
            "unless { principal.kind == \"agent\" || 5 < context.time * 2 }",
            true,
        );
        check("when { context[\"time\"] > 5 }", true);
        check("when { context has time }", true);
        check("when { context == {} }", true);
        check("when { [context].contains({}) }", true);
        check("when { {Var: context.time}.Var == 5 }", true);
        check(r#"when { {"has": context.time}["has"] == 5 }"#, true);
        check(
            "when { (if true then context else context).time > 5 }",
            true,
        );
    }
    #[test]
    fn each_attribute_is_told() {
        let check = |condition: &str, expect: &[&str]| {
            let text = format!("permit(principal, action, resource) {condition};");
            let policy = Policy::parse(None, text).unwrap();
            let asks = Asks::of([&policy]);
            let all = ["has_where", "in_transaction", "statement", "tags", "email"];
            let asked: Vec<_> = all.into_iter().filter(|name| asks.has(name)).collect();
            assert_eq!(asked, expect, "{condition}");
        };
        check("", &[]);
        check("when { context.has_where }", &["has_where"]);
        check(
            r#"when { context.statement == "COPY" } unless { context.tags.contains("env=prod") }"#,
            &["statement", "tags"],
        );
        check(
            r#"when { principal has email && principal.email like "*@example.com" }"#,
            &["email"],
        );
        check(
            "when { context == {} }",
            &["has_where", "in_transaction", "statement", "tags", "email"],
        );
    }
}
