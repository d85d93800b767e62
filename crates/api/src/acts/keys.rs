//! Session tokens, API keys, bars and ends of sessions.
//!
//! Every change is in the journal before it is acknowledged; a secret is returned once and written nowhere.

use std::time::Duration;

use contract::{ErrorCode, IssueKey, MintToken};
use gate::desk::KeyView;
use model::{Principal, PrincipalKind, ResourceName, Secret, SessionId};

use crate::caller::{Caller, Permission};
use crate::failure::Failure;
use crate::shared::Shared;

/// A session token's life when none is asked for.
const TOKEN_LIFE: Duration = Duration::from_secs(3600);
/// The longest life of a session token.
const TOKEN_LIFE_MAX: Duration = Duration::from_secs(12 * 3600);
/// The longest life of an API key.
const KEY_LIFE_MAX: Duration = Duration::from_secs(366 * 24 * 3600);
/// The shortest life of either.
const LIFE_MIN: Duration = Duration::from_secs(60);
/// Bytes of a name, label or group.
const NAME_BYTES_MAX: usize = 200;
/// Groups of a key's principal.
const GROUPS_MAX: usize = 64;
/// The issuer of principals that exist by their key alone.
const OWN_ISSUER: &str = "portcullis";

/// How the ids of an identity provider's tokens begin.
const TOKEN: &str = "oidc:";

/// Mints a session token for the caller.
pub(crate) async fn mint(
    shared: &Shared,
    caller: &Caller,
    wish: &MintToken,
) -> Result<(KeyView, Secret<String>), Failure> {
    let resource = known_resource(shared, wish.resource.as_deref())?;
    let mut life = wish.life_seconds.map_or(TOKEN_LIFE, Duration::from_secs);
    check_life(life, TOKEN_LIFE_MAX)?;
    if let Some(end) = caller.login.end_with_token {
        let left = end.duration_since(std::time::SystemTime::now());
        life = life.min(left.map_err(|_| Failure::unauthenticated())?);
    }
    let who = caller.principal();
    let fields = vec![
        ("credential", caller.login.credential.clone()),
        ("resource", name_of(resource.as_ref())),
        ("life_seconds", life.as_secs().to_string()),
    ];
    shared.record(who.key(), "token.minted", fields).await?;
    let keys = &shared.parts.keys;
    let made_with = &caller.login.credential;
    Ok(keys
        .mint_token(who, made_with, resource.as_ref(), life)
        .await?)
}

/// Issues an API key for an agent or a workload.
pub(crate) async fn issue(
    shared: &Shared,
    caller: &Caller,
    wish: &IssueKey,
) -> Result<(KeyView, Secret<String>), Failure> {
    let resource = known_resource(shared, wish.resource.as_deref())?;
    let life = Duration::from_secs(wish.life_seconds);
    check_life(life, KEY_LIFE_MAX)?;
    check_text("label", &wish.label)?;
    let principal = described(caller, wish)?;
    let fields = vec![
        ("credential", caller.login.credential.clone()),
        ("principal", principal.key()),
        ("kind", principal.kind.as_str().to_owned()),
        ("groups", principal.groups.join(",")),
        ("acts_for", acts_for(&principal)),
        ("label", wish.label.clone()),
        ("resource", name_of(resource.as_ref())),
        ("life_seconds", life.as_secs().to_string()),
    ];
    let actor = caller.principal().key();
    shared.record(actor, "key.issued", fields).await?;
    let keys = &shared.parts.keys;
    let made_with = &caller.login.credential;
    let issued = keys.issue_key(&principal, &wish.label, made_with, resource.as_ref(), life);
    Ok(issued.await?)
}

/// Keys and tokens: all of them for administrators, else the caller's own and those that act for the caller.
pub(crate) async fn list(shared: &Shared, caller: &Caller) -> Result<Vec<KeyView>, Failure> {
    let all = shared.parts.keys.list().await?;
    if caller.may(Permission::Administer, &shared.parts.rules) {
        return Ok(all);
    }
    let me = caller.principal().key();
    Ok(all.into_iter().filter(|key| is_of(key, &me)).collect())
}

/// Revokes a key or token and ends the sessions opened with it. One's own anybody may revoke.
pub(crate) async fn revoke(shared: &Shared, caller: &Caller, id: &str) -> Result<usize, Failure> {
    let visible = list(shared, caller).await?;
    let Some(key) = visible.into_iter().find(|key| key.id == id) else {
        return Err(Failure::not_found("key"));
    };
    let fields = vec![("key", key.id.clone()), ("principal", key.principal.key())];
    let actor = caller.principal().key();
    shared.record(actor, "key.revoked", fields).await?;
    if !shared.parts.keys.revoke(&key.id).await? {
        return Err(Failure::not_found("key"));
    }
    Ok(shared.parts.gate.live().revoke(&key.id))
}

/// Keeps a principal or one token out, or lets it in again; returns how many live sessions were told to end.
pub(crate) async fn bar(
    shared: &Shared,
    caller: &Caller,
    name: &str,
    barred: bool,
) -> Result<usize, Failure> {
    // No issuer's URL begins so: a principal's key cannot be taken for a credential's id.
    let is_credential = name.starts_with(TOKEN);
    if !(is_credential || name.contains('|')) || name.len() > 2_048 {
        let said = "a principal is named `issuer|subject`, one of its tokens `oidc:issuer:jti`";
        return Err(Failure::invalid(said)
            .hint("`portcullis sessions list --json` shows both names of each session"));
    }
    let own = [&caller.principal().key(), &caller.login.credential];
    if barred && own.iter().any(|own| *own == name) {
        return Err(
            Failure::invalid("you would lock yourself out").hint("another administrator can do it")
        );
    }
    let (field, event) = match (is_credential, barred) {
        (true, true) => ("credential", "credential.barred"),
        (true, false) => ("credential", "credential.readmitted"),
        (false, true) => ("principal", "principal.barred"),
        (false, false) => ("principal", "principal.readmitted"),
    };
    let actor = caller.principal().key();
    shared
        .record(actor, event, vec![(field, name.to_owned())])
        .await?;
    shared.parts.keys.bar(name, barred).await?;
    if !barred {
        return Ok(0);
    }
    shared.web.end_of(name);
    Ok(shared.parts.gate.live().revoke(name))
}

/// Ends one live session; `false` when it is not open.
pub(crate) async fn kill(
    shared: &Shared,
    caller: &Caller,
    session: SessionId,
) -> Result<bool, Failure> {
    let fields = vec![("session", session.to_string())];
    let actor = caller.principal().key();
    shared.record(actor, "session.killed", fields).await?;
    Ok(shared.parts.gate.live().kill(session))
}

fn is_of(key: &KeyView, me: &str) -> bool {
    let human = key.principal.acts_for.as_deref();
    key.principal.key() == me || human.is_some_and(|human| human.key() == me)
}

fn described(caller: &Caller, wish: &IssueKey) -> Result<Principal, Failure> {
    let kind = match wish.kind.as_str() {
        "agent" => PrincipalKind::Agent,
        "workload" => PrincipalKind::Workload,
        _ => {
            return Err(Failure::invalid("`kind` is `agent` or `workload`")
                .hint("people sign in at the identity provider"));
        }
    };
    check_text("name", &wish.name)?;
    if wish.groups.len() > GROUPS_MAX {
        return Err(Failure::invalid(format!("at most {GROUPS_MAX} groups")));
    }
    for group in &wish.groups {
        check_text("group", group)?;
    }
    let mut groups = wish.groups.clone();
    groups.sort_unstable();
    groups.dedup();
    Ok(Principal {
        issuer: OWN_ISSUER.to_owned(),
        subject: wish.name.clone(),
        name: wish.name.clone(),
        email: None,
        kind,
        groups,
        acts_for: wish
            .acts_for_caller
            .then(|| Box::new(caller.principal().clone())),
    })
}

fn check_text(what: &str, text: &str) -> Result<(), Failure> {
    let is_good = !text.trim().is_empty()
        && text.len() <= NAME_BYTES_MAX
        && !text.contains(['|', '\n', '\t'])
        && !text.chars().any(contract::visible::misleads);
    if is_good {
        return Ok(());
    }
    Err(Failure::invalid(format!(
        "a {what} has 1 to {NAME_BYTES_MAX} bytes of visible characters, without `|`"
    )))
}

fn check_life(life: Duration, max: Duration) -> Result<(), Failure> {
    if (LIFE_MIN..=max).contains(&life) {
        return Ok(());
    }
    Err(Failure::new(
        ErrorCode::Invalid,
        format!(
            "a life is {} to {} seconds",
            LIFE_MIN.as_secs(),
            max.as_secs()
        ),
    ))
}

fn known_resource(shared: &Shared, name: Option<&str>) -> Result<Option<ResourceName>, Failure> {
    let Some(name) = name else {
        return Ok(None);
    };
    let known = shared.parts.resources.iter().map(|t| &t.resource.name);
    known
        .clone()
        .find(|known| known.as_str() == name)
        .map(|known| Some(known.clone()))
        .ok_or_else(|| Failure::not_found("resource"))
}

fn name_of(resource: Option<&ResourceName>) -> String {
    resource.map(ToString::to_string).unwrap_or_default()
}

fn acts_for(principal: &Principal) -> String {
    let human = principal.acts_for.as_deref();
    human.map(Principal::key).unwrap_or_default()
}
