//! Whether any policy asks for the time, so that decisions may be remembered for longer than a second.
//!
//! Errs towards yes.

use cedar_policy::Policy;
use serde_json::Value;

/// Whether a condition reads `context.time`, or uses the context in a way that may.
pub(crate) fn asks_time(policy: &Policy) -> bool {
    let Ok(json) = policy.to_json() else {
        return true;
    };
    json.get("conditions").is_some_and(mentions)
}

/// Walks Cedar's JSON form: `context.x` is `{".": {"left": {"Var": "context"}, "attr": "x"}}`.
fn mentions(value: &Value) -> bool {
    match value {
        Value::Array(all) => all.iter().any(mentions),
        Value::Object(fields) => fields.iter().any(|(name, inner)| match name.as_str() {
            "." | "has" if is_context(inner.get("left")) => inner
                .get("attr")
                .and_then(Value::as_str)
                .is_none_or(|attr| attr == "time"),
            // The context as a whole.
            "Var" => inner.as_str() == Some("context"),
            _ => mentions(inner),
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn is_context(value: Option<&Value>) -> bool {
    let name = value.and_then(|value| value.get("Var"));
    name.and_then(Value::as_str) == Some("context")
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
            assert_eq!(asks_time(&policy), expect, "{condition}");
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
        check(
            "when { (if true then context else context).time > 5 }",
            true,
        );
    }
}
