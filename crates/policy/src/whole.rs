//! Whether everything in a database may be seen, asked before any column of it is known.
//!
//! Errs towards no: only a permit that does not look at the column can answer for all columns.

use cedar_policy::{
    Authorizer, Decision as CedarDecision, Entities, Policy, PolicySet as CedarSet, Request,
};
use model::{Principal, Resource};

use crate::decide::View;
use crate::{Context, PolicySet, chain, entities, outside_statement};

impl PolicySet {
    /// Whether `principal` may see every value of the resource's database, whatever its columns and labels are: a
    /// plain permit for `reveal` that does not look at the column applies, and no `forbid` on `reveal` exists. For an
    /// agent, its human must be so permitted too. When in doubt, `false`.
    pub fn reveals_all(
        &self,
        principal: &Principal,
        resource: &Resource,
        context: &Context,
    ) -> bool {
        let Some(slice) = self.loaded.slices.get("reveal").filter(|s| s.only_permits) else {
            return false;
        };
        let blind = slice.set.policies().filter(|policy| is_blind(policy));
        let Ok(blind) = CedarSet::from_policies(blind.cloned()) else {
            return false;
        };
        let asked = outside_statement(Some(resource), context);
        let mut everybody = chain(principal);
        everybody.all(|who| {
            let view = self.view(principal, who, &asked);
            view.is_ok_and(|view| allows(&view, resource, &blind))
        })
    }
}

/// A permit without `@approval` whose conditions do not mention the column.
fn is_blind(policy: &Policy) -> bool {
    if policy.annotation("approval").is_some() {
        return false;
    }
    let Ok(json) = policy.to_json() else {
        return false;
    };
    let conditions = json.get("conditions").map(ToString::to_string);
    !conditions.is_some_and(|text| text.contains(r#""Var":"resource""#))
}

/// Whether the policies permit `reveal` on a column that has neither a label nor a name anybody else has.
fn allows(view: &View<'_>, resource: &Resource, blind: &CedarSet) -> bool {
    let Some(action) = view.words.actions.get("reveal") else {
        return false;
    };
    let Ok(probe) = entities::column(view.words, resource, ("\u{1}", "\u{1}"), "\u{1}", &[]) else {
        return false;
    };
    let (user, name, target) = (view.user.uid(), action.uid.clone(), probe.uid());
    let all = [view.user.clone(), action.entity.clone(), probe];
    let Ok(known) = Entities::from_entities(all, None) else {
        return false;
    };
    let Ok(request) = Request::new(user, name, target, view.context.clone(), None) else {
        return false;
    };
    let response = Authorizer::new().is_authorized(&request, blind, &known);
    response.diagnostics().errors().next().is_none() && response.decision() == CedarDecision::Allow
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use model::PrincipalKind;

    use super::*;
    use crate::testing;

    fn check(policies: &str, expect: bool) {
        let set = testing::set(policies);
        let principal = Principal {
            issuer: "https://id.example".into(),
            subject: "1".into(),
            name: "ada".into(),
            email: None,
            kind: PrincipalKind::Human,
            groups: vec!["dba".into()],
            acts_for: None,
        };
        let seen = set.reveals_all(&principal, &testing::resource(), &Context::default());
        assert_eq!(seen, expect, "{policies}");
    }

    #[test]
    fn only_a_blind_permit_reveals_all() {
        check("", false);
        check("permit(principal, action, resource);", true);
        check(
            r#"permit(principal in Group::"dba", action == Action::"reveal", resource);"#,
            true,
        );
        check(
            r#"permit(principal in Group::"other", action == Action::"reveal", resource);"#,
            false,
        );
        check(
            r#"permit(principal, action == Action::"reveal", resource in Label::"pii");"#,
            false,
        );
        check(
            r#"permit(principal, action == Action::"reveal", resource) unless { resource in Label::"pii" };"#,
            false,
        );
        check(
            r#"@approval("dba") permit(principal, action == Action::"reveal", resource);"#,
            false,
        );
        check(
            r#"permit(principal, action == Action::"reveal", resource);
               forbid(principal, action == Action::"reveal", resource in Label::"pii");"#,
            false,
        );
    }
}
