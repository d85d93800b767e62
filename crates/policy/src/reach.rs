//! What anybody at all could be permitted: for the database role behind the gateway, which needs no more than that.
//!
//! Errs towards yes. A policy's scope and what it says of the object are weighed; whatever it says of the principal or
//! the circumstances counts as met by somebody, some time.

use cedar_policy::{
    Authorizer, Context as CedarContext, Decision as CedarDecision, Effect as Kind, Entities,
    Entity, Policy, PolicySet as CedarSet, PrincipalConstraint, Request,
};
use model::{Object, Principal, PrincipalKind, Resource, Verb};
use serde_json::Value;

use crate::entities::{self, Circumstances};
use crate::{Context, PolicySet};

/// What a policy may ask of the circumstances and still be weighed as it stands.
const WEIGHED: [&str; 4] = ["has_where", "in_transaction", "tags", "protocol"];

impl PolicySet {
    /// Whether anybody could be permitted `verb` on `object`, approvals granted.
    pub fn could(&self, resource: &Resource, verb: Verb, object: &Object) -> bool {
        let target = entities::object(&self.words, resource, object);
        target.map_or(true, |target| self.could_be(resource, verb, &[target]))
    }

    /// Whether anybody could be permitted `verb` on one column with these labels, approvals granted.
    pub fn could_column(
        &self,
        resource: &Resource,
        verb: Verb,
        table: (&str, &str),
        column: &str,
        labels: &[String],
    ) -> bool {
        let (schema, name) = (table.0.to_owned(), table.1.to_owned());
        let whole = entities::object(&self.words, resource, &Object::Table { schema, name });
        let part = entities::column(&self.words, resource, table, column, labels);
        match (whole, part) {
            (Ok(whole), Ok(part)) => self.could_be(resource, verb, &[whole, part]),
            _ => true,
        }
    }

    /// Whether no target is barred for everybody and one of them could be permitted.
    fn could_be(&self, resource: &Resource, verb: Verb, targets: &[Entity]) -> bool {
        let Some(slice) = self.loaded.slices.get(verb.as_str()) else {
            return false;
        };
        let of = |kind| {
            slice
                .set
                .policies()
                .filter(move |policy| policy.effect() == kind)
        };
        let is_barred = of(Kind::Forbid).any(|policy| {
            let is_for_all = matches!(policy.principal_constraint(), PrincipalConstraint::Any);
            let asks = asks(policy);
            // Of a rule that is for everybody at all times, any one case shows all.
            is_for_all
                && asks == Asks::Object
                && targets
                    .iter()
                    .any(|target| self.applies(resource, verb, target, policy) == Some(true))
        });
        let may = |policy: &Policy| {
            let mut targets = targets.iter();
            targets.any(|target| self.may_apply(resource, verb, target, policy))
        };
        !is_barred && of(Kind::Permit).any(may)
    }

    fn may_apply(&self, resource: &Resource, verb: Verb, target: &Entity, policy: &Policy) -> bool {
        if asks(policy) == Asks::More {
            return match unconditional(policy) {
                Some(bare) => self.applies(resource, verb, target, &bare) != Some(false),
                None => true,
            };
        }
        self.applies(resource, verb, target, policy) != Some(false)
    }

    /// Whether the policy applies in any of the cases that are told apart; `None` when it cannot be evaluated.
    fn applies(
        &self,
        resource: &Resource,
        verb: Verb,
        target: &Entity,
        policy: &Policy,
    ) -> Option<bool> {
        let set = CedarSet::from_policies([policy.clone()]).ok()?;
        let action = self.words.actions.get(verb.as_str())?;
        for kind in [
            PrincipalKind::Human,
            PrincipalKind::Agent,
            PrincipalKind::Workload,
        ] {
            let user = self.somebody(kind, policy)?;
            let all = [user.clone(), action.entity.clone(), target.clone()];
            let known = Entities::from_entities(all, None).ok()?;
            for circumstances in circumstances(resource) {
                let (user, uid) = (user.uid(), action.uid.clone());
                let request = Request::new(user, uid, target.uid(), circumstances?, None).ok()?;
                let response = Authorizer::new().is_authorized(&request, &set, &known);
                response
                    .diagnostics()
                    .errors()
                    .next()
                    .is_none()
                    .then_some(())?;
                // A forbid that applies is named as the reason; a permit allows.
                let is_named = response.diagnostics().reason().next().is_some();
                if response.decision() == CedarDecision::Allow || is_named {
                    return Some(true);
                }
            }
        }
        Some(false)
    }

    /// Somebody of this kind whom the policy's scope means.
    fn somebody(&self, kind: PrincipalKind, policy: &Policy) -> Option<Entity> {
        let nobody = Principal {
            issuer: "reach".to_owned(),
            subject: "reach".to_owned(),
            name: "reach".to_owned(),
            email: None,
            kind,
            groups: Vec::new(),
            acts_for: None,
        };
        let user = entities::user(&self.words, &nobody).ok()?;
        let (uid, parents) = match policy.principal_constraint() {
            PrincipalConstraint::Any | PrincipalConstraint::Is(_) => (user.uid(), None),
            PrincipalConstraint::In(group) | PrincipalConstraint::IsIn(_, group) => {
                let is_user = group.type_name() == &self.words.user;
                match is_user {
                    true => (group, None),
                    false => (user.uid(), Some(group)),
                }
            }
            PrincipalConstraint::Eq(uid) => (uid, None),
        };
        let (_, attributes, _) = user.into_inner();
        Entity::new(uid, attributes, parents.into_iter().collect()).ok()
    }
}

/// With and without a condition, inside a transaction and outside.
fn circumstances(resource: &Resource) -> impl Iterator<Item = Option<CedarContext>> {
    let cases = [(false, false), (false, true), (true, false), (true, true)];
    cases.into_iter().map(|(has_where, in_transaction)| {
        let context = Context {
            in_transaction,
            ..Context::default()
        };
        let asked = Circumstances {
            statement: "",
            has_where,
            resource: Some(resource),
            context: &context,
        };
        entities::context(&asked).ok()
    })
}

/// What a policy's conditions look at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Asks {
    /// The object alone.
    Object,
    /// Beside it the kind of principal, or circumstances of which all cases can be tried.
    Cases,
    /// Anything else.
    More,
}

fn asks(policy: &Policy) -> Asks {
    let Ok(json) = policy.to_json() else {
        return Asks::More;
    };
    json.get("conditions").map_or(Asks::Object, look)
}

fn look(condition: &Value) -> Asks {
    match condition {
        Value::Object(members) => {
            let looks = members.iter().map(|(name, value)| match name.as_str() {
                "." | "has" => look_at_attribute(value),
                "Var" if value == "principal" || value == "context" => Asks::More,
                // A name in a literal is no variable.
                "Value" => Asks::Object,
                _ => look(value),
            });
            looks.max().unwrap_or(Asks::Object)
        }
        Value::Array(items) => items.iter().map(look).max().unwrap_or(Asks::Object),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Asks::Object,
    }
}

fn look_at_attribute(access: &Value) -> Asks {
    let of = access.get("left").and_then(|left| left.get("Var"));
    let name = access
        .get("attr")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match of.and_then(Value::as_str) {
        Some("principal") if name == "kind" => Asks::Cases,
        Some("context") if WEIGHED.contains(&name) => Asks::Cases,
        Some("principal" | "context") => Asks::More,
        _ => access.get("left").map_or(Asks::More, look),
    }
}

/// The same scope without conditions.
fn unconditional(policy: &Policy) -> Option<Policy> {
    let mut json = policy.to_json().ok()?;
    json.as_object_mut()?
        .insert("conditions".to_owned(), Value::Array(Vec::new()));
    Policy::from_json(Some(policy.id().clone()), json).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing;

    fn check(policies: &str, verb: Verb, table: &str, expect: bool) {
        let set = testing::set(policies);
        let object = Object::Table {
            schema: "public".into(),
            name: table.into(),
        };
        let found = set.could(&testing::resource(), verb, &object);
        assert_eq!(found, expect, "{verb:?} {table}: {policies}");
    }

    #[test]
    fn scopes_decide_and_conditions_on_people_do_not() {
        let read = r#"permit(principal in Group::"g", action in Action::"read",
            resource in Schema::"orders/shop/public");"#;
        check(read, Verb::Select, "t", true);
        check(read, Verb::Delete, "t", false);
        check("", Verb::Select, "t", false);
        let one = r#"permit(principal, action == Action::"insert", resource)
            when { resource in Table::"orders/shop/public/orders" };"#;
        check(one, Verb::Insert, "orders", true);
        check(one, Verb::Insert, "staff", false);
        let somebody = r#"permit(principal, action == Action::"delete", resource)
            when { principal.name == "ada" && context.application == "psql" };"#;
        check(somebody, Verb::Delete, "t", true);
        let held = r#"@approval("dba") permit(principal, action == Action::"delete", resource)
            when { principal.kind == "agent" && context.has_where };"#;
        check(held, Verb::Delete, "t", true);
        let never = r#"permit(principal, action == Action::"delete", resource) when { principal.kind == "robot" };"#;
        check(never, Verb::Delete, "t", false);
    }

    #[test]
    fn only_a_forbid_for_everybody_at_all_times_bars() {
        let all = "permit(principal, action, resource);";
        let bar =
            |forbid: &str, expect| check(&format!("{all}{forbid}"), Verb::Delete, "t", expect);
        bar(
            r#"forbid(principal, action == Action::"delete", resource);"#,
            false,
        );
        bar(
            r#"forbid(principal, action == Action::"delete", resource in Table::"orders/shop/public/u");"#,
            true,
        );
        bar(
            r#"forbid(principal in Group::"g", action == Action::"delete", resource);"#,
            true,
        );
        bar(
            r#"forbid(principal, action == Action::"delete", resource) when { principal.kind == "agent" };"#,
            true,
        );
        bar(
            r#"forbid(principal, action == Action::"delete", resource) when { !context.has_where };"#,
            true,
        );
    }

    #[test]
    fn labels_count_for_columns() {
        let set = testing::set(
            r#"permit(principal, action == Action::"select", resource);
               forbid(principal, action == Action::"select", resource in Label::"secret");"#,
        );
        let resource = testing::resource();
        let of = |labels: &[String]| {
            set.could_column(&resource, Verb::Select, ("public", "t"), "c", labels)
        };
        assert!(of(&[]));
        assert!(!of(&["secret".to_owned()]));
    }
}
