//! `login`, `logout`, `whoami`.

use std::io::IsTerminal;

use contract::WhoAmI;

use crate::args::{Globals, Login};
use crate::oidc::Provider;
use crate::print;
use crate::problem::Problem;
use crate::session;

pub(crate) async fn login(globals: &Globals, login: &Login) -> Result<(), Problem> {
    let (gateway, keep) = session::open(globals)?;
    let discovery = session::discovery(&gateway).await?;
    let provider = Provider::find(gateway.client(), &discovery).await?;
    let is_remote = std::env::var_os("SSH_CONNECTION").is_some();
    let by_device = login.device || (!login.browser && is_remote && std::io::stdin().is_terminal());
    let signed_in = if by_device {
        provider.device(gateway.url()).await?
    } else {
        provider.browser(gateway.url()).await?
    };
    // The gateway's word counts, so ask before keeping anything.
    let gateway = gateway.with_token(signed_in.token.clone());
    let me: WhoAmI = gateway.get("/whoami", &[]).await?;
    keep.set_sign_in(&signed_in)?;
    if globals.json {
        return print::json(&me);
    }
    print::line(&contract::visible::single_line(&format!(
        "Signed in to {} as {}",
        gateway.url(),
        me.principal.name
    )))
}

pub(crate) fn logout(globals: &Globals) -> Result<(), Problem> {
    let (gateway, keep) = session::open(globals)?;
    let was_in = keep.forget(gateway.url())?;
    if globals.json {
        return print::json(&serde_json::json!({ "signed_out": was_in }));
    }
    print::line(if was_in {
        "Signed out"
    } else {
        "You were not signed in"
    })
}

pub(crate) async fn whoami(globals: &Globals) -> Result<(), Problem> {
    let (gateway, _) = session::signed_in(globals).await?;
    let me: WhoAmI = gateway.get("/whoami", &[]).await?;
    if globals.json {
        return print::json(&me);
    }
    let human = me.principal.acts_for.as_ref();
    print::facts(&[
        ("name", me.principal.name.clone()),
        ("kind", me.principal.kind.clone()),
        (
            "acts for",
            human.map(|h| h.name.clone()).unwrap_or_default(),
        ),
        ("email", me.principal.email.clone().unwrap_or_default()),
        ("groups", me.principal.groups.join(", ")),
        ("key", me.principal.key.clone()),
        ("credential", me.credential.clone()),
        ("permissions", me.permissions.join(", ")),
        ("gateway", gateway.url().to_owned()),
    ])
}
