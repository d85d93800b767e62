//! Who may answer a request, and when it has answers enough. Pure: knows no database and no time.
//!
//! People are told apart by principal key and, where both have one, by e-mail address: whoever signs in through
//! two issuers is still one person.

use gate::ports::ApprovalRequest;
use model::{Principal, PrincipalKind};
use policy::ApprovalRule;

/// Whether `who` may answer, and if not, why not.
///
/// # Errors
/// The reason, in words.
pub(crate) fn check(request: &ApprovalRequest, who: &Principal) -> Result<(), String> {
    if who.kind != PrincipalKind::Human || who.acts_for.is_some() {
        return Err("only people answer requests, not agents or workloads".to_owned());
    }
    if same_person(&request.requester, who) {
        return Err("nobody answers their own request".to_owned());
    }
    if request.rules.iter().any(|rule| meets(rule, request, who)) {
        return Ok(());
    }
    if on_behalf_of(&request.requester, who) {
        return Err("the request was made on your behalf; somebody else must answer it".to_owned());
    }
    Err(format!(
        "only {} may answer this request",
        request
            .rules
            .iter()
            .map(describe)
            .collect::<Vec<_>>()
            .join(" and ")
    ))
}

/// Whether these people, all entitled when they answered, are enough: every rule must be met. One person counts for
/// every rule that they meet, and once for each. A request without rules is never met.
pub(crate) fn is_met(request: &ApprovalRequest, approvers: &[Principal]) -> bool {
    !request.rules.is_empty()
        && request.rules.iter().all(|rule| {
            let mut counted: Vec<&Principal> = Vec::new();
            for who in approvers.iter().filter(|who| meets(rule, request, who)) {
                if !counted.iter().any(|other| same_person(other, who)) {
                    counted.push(who);
                }
            }
            counted.len() >= needed(rule)
        })
}

fn needed(rule: &ApprovalRule) -> usize {
    match rule {
        ApprovalRule::Group { count, .. } => usize::from(*count).max(1),
        ApprovalRule::Owner => 1,
    }
}

fn meets(rule: &ApprovalRule, request: &ApprovalRequest, who: &Principal) -> bool {
    match rule {
        ApprovalRule::Group { group, .. } => {
            who.groups.contains(group)
                && !same_person(&request.requester, who)
                && !on_behalf_of(&request.requester, who)
        }
        ApprovalRule::Owner => owner(&request.requester)
            .is_some_and(|owner| owner.issuer == who.issuer && owner.subject == who.subject),
    }
}

/// The human at the end of the chain, if it ends in one.
fn owner(requester: &Principal) -> Option<&Principal> {
    let mut last = requester.acts_for.as_deref()?;
    while let Some(next) = last.acts_for.as_deref() {
        last = next;
    }
    (last.kind == PrincipalKind::Human).then_some(last)
}

fn on_behalf_of(requester: &Principal, who: &Principal) -> bool {
    let mut link = requester.acts_for.as_deref();
    while let Some(principal) = link {
        if same_person(principal, who) {
            return true;
        }
        link = principal.acts_for.as_deref();
    }
    false
}

fn same_person(one: &Principal, other: &Principal) -> bool {
    let same_key = one.issuer == other.issuer && one.subject == other.subject;
    let same_email = match (&one.email, &other.email) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        (Some(_) | None, _) => false,
    };
    same_key || same_email
}

fn describe(rule: &ApprovalRule) -> String {
    match rule {
        ApprovalRule::Group {
            group,
            count: 0 | 1,
        } => format!("members of {group}"),
        ApprovalRule::Group { group, count } => format!("{count} members of {group}"),
        ApprovalRule::Owner => "the person for whom the agent acts".to_owned(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::{Duration, SystemTime};

    use gate::ports::Binding;
    use model::{ApprovalId, ResourceName, SessionId};

    use super::*;

    pub(crate) fn person(subject: &str, groups: &[&str]) -> Principal {
        Principal {
            issuer: "https://id.example".to_owned(),
            subject: subject.to_owned(),
            name: subject.to_owned(),
            email: None,
            kind: PrincipalKind::Human,
            groups: groups.iter().map(|&group| group.to_owned()).collect(),
            acts_for: None,
        }
    }

    pub(crate) fn agent(subject: &str, human: Principal) -> Principal {
        Principal {
            kind: PrincipalKind::Agent,
            acts_for: Some(Box::new(human)),
            ..person(subject, &["dba"])
        }
    }

    pub(crate) fn group(name: &str, count: u8) -> ApprovalRule {
        ApprovalRule::Group {
            group: name.to_owned(),
            count,
        }
    }

    pub(crate) fn request(requester: Principal, rules: Vec<ApprovalRule>) -> ApprovalRequest {
        let created = SystemTime::now();
        let id = ApprovalId::generate();
        let mut binding = [7; 32];
        binding[..16].copy_from_slice(id.as_bytes());
        ApprovalRequest {
            id,
            binding: Binding(binding),
            session: SessionId::generate(),
            requester,
            resource: ResourceName::new("orders-prod").unwrap(),
            database: "shop".to_owned(),
            statement: "DELETE FROM orders WHERE id = $1".to_owned(),
            statement_redacted: "DELETE FROM orders WHERE id = $1".to_owned(),
            parameters: vec![Some("42".to_owned()), None],
            named: Vec::new(),
            effects: vec!["delete public.orders".to_owned()],
            reach: model::Reach::default(),
            reasons: vec!["deletes are held".to_owned()],
            rules,
            created,
            expires: created + Duration::from_secs(600),
        }
    }

    #[test]
    fn who_may_answer() {
        let check = |requester: &Principal, rules: &[ApprovalRule], who: &Principal, expect| {
            let request = request(requester.clone(), rules.to_vec());
            assert_eq!(check(&request, who).is_ok(), expect, "{rules:?} {who:?}");
        };
        let (ana, ben) = (person("ana", &["dba"]), person("ben", &["dba", "ops"]));
        let bot = agent("bot", ana.clone());
        let dba = [group("dba", 1)];
        check(&ana, &dba, &ben, true);
        check(&ana, &dba, &ana, false);
        check(&ana, &dba, &person("cyd", &[]), false);
        check(&ana, &dba, &person("cyd", &["DBA"]), false);
        check(&ana, &dba, &person("cyd", &["dba,ops"]), false);
        check(&bot, &dba, &ana, false);
        check(&bot, &dba, &ben, true);
        check(&bot, &dba, &bot, false);
        check(&bot, &[ApprovalRule::Owner], &ana, true);
        check(&bot, &[ApprovalRule::Owner], &ben, false);
        check(&bot, &[ApprovalRule::Owner], &bot, false);
        check(&ana, &[ApprovalRule::Owner], &ana, false);
        check(&ana, &dba, &agent("other-bot", ben.clone()), false);
        check(&ana, &[], &ben, false);
        let workload = Principal {
            kind: PrincipalKind::Workload,
            ..person("ci", &["dba"])
        };
        check(&ana, &dba, &workload, false);
        let same_subject = Principal {
            issuer: "https://elsewhere.example".to_owned(),
            ..ana.clone()
        };
        check(&ana, &dba, &same_subject, true);
        check(&bot, &[ApprovalRule::Owner], &same_subject, false);
    }

    #[test]
    fn one_mailbox_is_one_person() {
        let with_mail = |subject: &str, mail: &str| Principal {
            email: Some(mail.to_owned()),
            ..person(subject, &["dba"])
        };
        let held = request(with_mail("ana", "ana@example.com"), vec![group("dba", 2)]);
        assert!(check(&held, &with_mail("ana-2", "Ana@example.com")).is_err());
        let (ben, twin) = (
            with_mail("ben", "ben@example.com"),
            with_mail("ben-2", "BEN@example.com"),
        );
        assert!(!is_met(&held, &[ben.clone(), twin]));
        assert!(is_met(&held, &[ben, with_mail("cyd", "cyd@example.com")]));
    }

    #[test]
    fn when_it_is_met() {
        let check = |rules: &[ApprovalRule], approvers: &[&Principal], expect: bool| {
            let request = request(agent("bot", person("ana", &["dba"])), rules.to_vec());
            let approvers: Vec<_> = approvers.iter().map(|&who| who.clone()).collect();
            assert_eq!(is_met(&request, &approvers), expect, "{rules:?}");
        };
        let (ana, ben) = (person("ana", &["dba"]), person("ben", &["dba"]));
        let cyd = person("cyd", &["dba", "security"]);
        check(&[], &[&ben], false);
        check(&[group("dba", 1)], &[], false);
        check(&[group("dba", 1)], &[&ben], true);
        check(&[group("dba", 0)], &[], false);
        check(&[group("dba", 2)], &[&ben], false);
        check(&[group("dba", 2)], &[&ben, &ben], false);
        check(&[group("dba", 2)], &[&ben, &ana], false);
        check(&[group("dba", 2)], &[&ben, &cyd], true);
        check(&[group("dba", 1), group("security", 1)], &[&ben], false);
        check(&[group("dba", 1), group("security", 1)], &[&cyd], true);
        check(&[ApprovalRule::Owner, group("dba", 1)], &[&ana], false);
        check(&[ApprovalRule::Owner, group("dba", 1)], &[&ana, &ben], true);
    }
}
