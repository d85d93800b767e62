//! Verified claims into a principal. Believes nothing that `token` has not checked; knows no network.
//!
//! The mapping is documented in `docs/identity.md`: `sub` is the person; with `act` (RFC 8693 §4.1) the actor it
//! names is the principal, an agent that acts for that person.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use model::{Principal, PrincipalKind};
use serde_json::{Map, Value};

use crate::config::{IssuerConfig, KindRule};
use crate::error::Error;

/// Groups of one principal.
const GROUPS_MAX: usize = 1000;
/// Bytes of a subject, a name or a group.
const TEXT_BYTES_MAX: usize = 512;

/// A token that was checked: who it is, and how it is known.
#[derive(Clone, Debug)]
pub struct Verified {
    /// Who.
    pub principal: Principal,
    /// `oidc:<issuer>:<jti or sub>`, for revocation.
    pub credential: String,
    /// When the token ends.
    pub expires: SystemTime,
    /// Whether sessions of this issuer end with their token.
    pub end_with_token: bool,
    /// Claims worth recording, never the token.
    pub claims: Vec<(String, String)>,
    /// The `nonce`, for sign-in.
    pub(crate) nonce: Option<String>,
    /// The party the token was issued to, for sign-in.
    pub(crate) authorized_party: Option<String>,
}

/// Checks times and audience and reads the principal.
pub(crate) fn read(
    claims: &Map<String, Value>,
    audiences: &[String],
    config: &IssuerConfig,
) -> Result<Verified, Error> {
    if text(claims, "iss")? != Some(&config.url) {
        return Err(Error::refused("the token's issuer is not trusted"));
    }
    let expires = check_times(claims, config.clock_skew)?;
    let meant_for = audience(claims)?;
    if !meant_for.iter().any(|name| audiences.contains(name)) {
        return Err(Error::refused("the token is meant for another audience"));
    }
    if claims.contains_key("events") {
        return Err(Error::refused("the token is of a type that logs nobody in"));
    }
    let principal = principal(claims, config)?;
    let subject = text(claims, "sub")?.unwrap_or_default();
    let jti = text(claims, "jti")?;
    Ok(Verified {
        credential: format!("oidc:{}:{}", config.url, jti.unwrap_or(subject)),
        expires,
        end_with_token: config.end_with_token,
        claims: worth_recording(claims, &meant_for, &principal),
        nonce: text(claims, "nonce")?.map(str::to_owned),
        authorized_party: text(claims, "azp")?.map(str::to_owned),
        principal,
    })
}

fn check_times(claims: &Map<String, Value>, skew: Duration) -> Result<SystemTime, Error> {
    let now = SystemTime::now();
    let late = |time: SystemTime| time.checked_add(skew).is_none_or(|time| time <= now);
    let early = |time: SystemTime| now.checked_add(skew).is_none_or(|now| time > now);
    let expires = time(claims, "exp")?.ok_or_else(|| Error::refused("the token has no `exp`"))?;
    if late(expires) {
        return Err(Error::refused("the token has expired"));
    }
    if time(claims, "nbf")?.is_some_and(early) || time(claims, "iat")?.is_some_and(early) {
        return Err(Error::refused("the token is not valid yet"));
    }
    Ok(expires)
}

/// A NumericDate (RFC 7519 §2); fractions are cut off.
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<SystemTime>, Error> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let wrong = || Error::refused(format!("the token's `{name}` is not a time"));
    let seconds = value.as_f64().ok_or_else(wrong)?;
    let since = Duration::try_from_secs_f64(seconds).map_err(|_| wrong())?;
    let time = UNIX_EPOCH.checked_add(Duration::from_secs(since.as_secs()));
    time.map(Some).ok_or_else(wrong)
}

fn audience(claims: &Map<String, Value>) -> Result<Vec<String>, Error> {
    let wrong = || Error::refused("the token's `aud` is missing or malformed");
    match claims.get("aud").ok_or_else(wrong)? {
        Value::String(one) => Ok(vec![one.clone()]),
        Value::Array(many) => many
            .iter()
            .map(|one| one.as_str().map(str::to_owned).ok_or_else(wrong))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Err(wrong()),
    }
}

fn principal(claims: &Map<String, Value>, config: &IssuerConfig) -> Result<Principal, Error> {
    let subject = text(claims, "sub")?.unwrap_or_default();
    if subject.is_empty() {
        return Err(Error::refused("the token has no `sub`"));
    }
    let rule = config.kinds.iter().find(|rule| fits(rule, claims));
    let base = Principal {
        issuer: config.url.clone(),
        subject: subject.to_owned(),
        name: name(claims, subject, config)?,
        email: email(claims, config)?,
        kind: PrincipalKind::Human,
        groups: groups(look(claims, &config.groups_claim))?,
        acts_for: None,
    };
    if let Some(act) = claims.get("act") {
        return actor(act, base, config);
    }
    match rule {
        None => Ok(Principal {
            kind: if is_client_itself(claims, subject)? {
                PrincipalKind::Workload
            } else {
                PrincipalKind::Human
            },
            ..base
        }),
        Some(rule) if rule.kind == PrincipalKind::Agent => {
            agent_by_rule(rule, claims, base, config)
        }
        Some(rule) => Ok(Principal {
            kind: rule.kind,
            ..base
        }),
    }
}

/// The actor of an `act` claim. Its own `act`, if any, tells of the past and is not looked at (RFC 8693 §4.1).
fn actor(act: &Value, human: Principal, config: &IssuerConfig) -> Result<Principal, Error> {
    let wrong = |what: &str| Err(Error::refused(format!("the token's `act` {what}")));
    let Some(act) = act.as_object() else {
        return wrong("is not an object");
    };
    let subject = match text(act, "sub")? {
        Some(subject) if !subject.is_empty() => subject,
        Some(_) | None => return wrong("names nobody"),
    };
    if text(act, "iss")?.is_some_and(|issuer| issuer != config.url) {
        return wrong("names an actor of another issuer");
    }
    if subject == human.subject {
        return wrong("names the subject itself");
    }
    let name = text(act, "name")?.unwrap_or(subject).to_owned();
    let own = groups(act.get("groups"))?;
    Ok(agent(subject, name, own, human, config))
}

/// A client known for an agent holds a person's token, or its own.
fn agent_by_rule(
    rule: &KindRule,
    claims: &Map<String, Value>,
    base: Principal,
    config: &IssuerConfig,
) -> Result<Principal, Error> {
    let client = match rule.claim.as_str() {
        "azp" | "client_id" => text(claims, &rule.claim)?,
        _ => None,
    };
    Ok(match client {
        Some(client) if client != base.subject && !is_client_itself(claims, &base.subject)? => {
            agent(client, client.to_owned(), Vec::new(), base, config)
        }
        Some(_) | None => {
            let groups = merge(base.groups.clone(), &config.agent_groups);
            Principal {
                kind: PrincipalKind::Agent,
                groups,
                ..base
            }
        }
    })
}

fn agent(
    subject: &str,
    name: String,
    own_groups: Vec<String>,
    human: Principal,
    config: &IssuerConfig,
) -> Principal {
    Principal {
        issuer: config.url.clone(),
        subject: subject.to_owned(),
        name,
        email: None,
        kind: PrincipalKind::Agent,
        groups: merge(own_groups, &config.agent_groups),
        acts_for: Some(Box::new(human)),
    }
}

fn merge(mut groups: Vec<String>, more: &[String]) -> Vec<String> {
    groups.extend_from_slice(more);
    groups.sort();
    groups.dedup();
    groups
}

/// Whether a client got the token for itself, so that nobody stands behind it: RFC 9068 §2.2 and what Auth0, Entra
/// and Keycloak write. Such a principal must never pass for a person, who may approve.
fn is_client_itself(claims: &Map<String, Value>, subject: &str) -> Result<bool, Error> {
    let client =
        text(claims, "client_id")? == Some(subject) || text(claims, "azp")? == Some(subject);
    let grant = text(claims, "gty")? == Some("client-credentials");
    let entra = text(claims, "idtyp")? == Some("app");
    let keycloak = text(claims, "preferred_username")?
        .is_some_and(|name| name.starts_with("service-account-"));
    Ok(client || grant || entra || keycloak)
}

fn fits(rule: &KindRule, claims: &Map<String, Value>) -> bool {
    let value = look(claims, &rule.claim).and_then(Value::as_str);
    value.is_some_and(|value| match rule.value.strip_suffix('*') {
        Some(start) => value.starts_with(start),
        None => value == rule.value,
    })
}

fn name(
    claims: &Map<String, Value>,
    subject: &str,
    config: &IssuerConfig,
) -> Result<String, Error> {
    let usual = ["preferred_username", "email", "name"];
    let asked = config.name_claim.as_deref();
    let candidates: &[&str] = asked.as_ref().map_or(&usual, std::slice::from_ref);
    for claim in candidates {
        if let Some(name) = look(claims, claim).and_then(Value::as_str)
            && !name.is_empty()
        {
            return plain(name, claim).map(str::to_owned);
        }
    }
    Ok(subject.to_owned())
}

fn email(claims: &Map<String, Value>, config: &IssuerConfig) -> Result<Option<String>, Error> {
    let verified = match claims.get("email_verified") {
        Some(Value::Bool(verified)) => *verified,
        Some(Value::String(word)) => word == "true",
        Some(Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_)) => false,
        None => config.trust_email,
    };
    let email = text(claims, "email")?.filter(|email| verified && !email.is_empty());
    Ok(email.map(str::to_owned))
}

/// Group names are opaque: compared whole, never split. A single string is one group.
fn groups(value: Option<&Value>) -> Result<Vec<String>, Error> {
    let wrong = || Error::refused("the token's groups are not a list of names");
    let names: Vec<&Value> = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(names)) => names.iter().collect(),
        Some(one @ Value::String(_)) => vec![one],
        Some(Value::Bool(_) | Value::Number(_) | Value::Object(_)) => return Err(wrong()),
    };
    if names.len() > GROUPS_MAX {
        return Err(Error::refused("the token names too many groups"));
    }
    let mut groups = Vec::with_capacity(names.len());
    for name in names {
        let name = name.as_str().filter(|name| !name.is_empty());
        groups.push(plain(name.ok_or_else(wrong)?, "groups")?.to_owned());
    }
    Ok(merge(groups, &[]))
}

/// A claim by its whole name, or else along a dotted path (`realm_access.roles`).
fn look<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(path) {
        return Some(value);
    }
    let (first, rest) = path.split_once('.')?;
    look(claims.get(first)?.as_object()?, rest)
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Error> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => plain(text, name).map(Some),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => Err(
            Error::refused(format!("the token's `{name}` is not a text")),
        ),
    }
}

/// Names are shown to approvers and written into logs: nothing invisible, nothing that turns text around.
fn plain<'a>(text: &'a str, name: &str) -> Result<&'a str, Error> {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    if text.len() > TEXT_BYTES_MAX || text.contains(hidden) {
        return Err(Error::refused(format!(
            "the token's `{name}` is too long or has invisible characters"
        )));
    }
    Ok(text)
}

fn worth_recording(
    claims: &Map<String, Value>,
    audiences: &[String],
    principal: &Principal,
) -> Vec<(String, String)> {
    let mut kept = Vec::new();
    for name in ["iss", "sub", "azp", "client_id", "jti"] {
        if let Some(value) = claims.get(name).and_then(Value::as_str) {
            kept.push((name.to_owned(), value.to_owned()));
        }
    }
    kept.push(("aud".to_owned(), audiences.join(" ")));
    for name in ["iat", "exp"] {
        if let Some(value) = claims.get(name).filter(|value| value.is_number()) {
            kept.push((name.to_owned(), value.to_string()));
        }
    }
    if principal.acts_for.is_some() {
        kept.push(("actor".to_owned(), principal.subject.clone()));
    }
    let person = principal.acts_for.as_deref().unwrap_or(principal);
    kept.extend(
        person
            .groups
            .iter()
            .map(|group| ("group".to_owned(), group.clone())),
    );
    kept
}
