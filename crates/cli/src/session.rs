//! One run of the tool: which gateway, and as whom.
//!
//! The credential comes from `PORTCULLIS_TOKEN` or the kept sign-in, never from the command line.

use contract::Discovery;
use reqwest::Url;

use crate::args::Globals;
use crate::http::{self, Gateway};
use crate::keep::Keep;
use crate::oidc::{Provider, expired};
use crate::problem::{Kind, Problem};

/// The environment variable that carries a credential.
const TOKEN_VARIABLE: &str = "PORTCULLIS_TOKEN";

/// The gateway without a credential.
pub(crate) fn open(globals: &Globals) -> Result<(Gateway, Keep), Problem> {
    let keep = Keep::open()?;
    let given = globals.gateway.clone().filter(|g| !g.is_empty());
    let url = given.or_else(|| keep.last_gateway()).ok_or_else(|| {
        Problem::usage("which gateway?").hint("--gateway URL, or PORTCULLIS_GATEWAY")
    })?;
    let url: Url = http::base(&url)?;
    let client = http::client(globals.ca.as_deref())?;
    Ok((Gateway::new(client, &url), keep))
}

/// The gateway with a credential; a spent one is renewed first.
pub(crate) async fn signed_in(globals: &Globals) -> Result<(Gateway, Keep), Problem> {
    let (gateway, keep) = open(globals)?;
    if let Some(token) = token_of_the_environment()? {
        return Ok((gateway.with_token(token), keep));
    }
    let kept = keep.sign_in(gateway.url())?.ok_or_else(|| {
        Problem::new(
            Kind::SignIn,
            format!("you are not signed in to {}", gateway.url()),
        )
        .hint("portcullis login")
    })?;
    if !kept.is_spent() {
        return Ok((gateway.with_token(kept.token), keep));
    }
    if kept.refresh_token.is_none() {
        return Err(expired());
    }
    let discovery = gateway.discovery().await?;
    let is_same = discovery.issuer.as_ref() == Some(&kept.issuer);
    if !is_same || discovery.client_id.as_ref() != Some(&kept.client_id) {
        return Err(expired());
    }
    let provider = Provider::find(gateway.client(), &discovery).await?;
    let next = provider.refresh(&kept).await?;
    keep.set_sign_in(&next)?;
    Ok((gateway.with_token(next.token), keep))
}

/// What a gateway says of itself.
pub(crate) async fn discovery(gateway: &Gateway) -> Result<Discovery, Problem> {
    let discovery = gateway.discovery().await?;
    if discovery.version != contract::VERSION {
        return Err(Problem::failed("the gateway speaks another version")
            .hint("use the portcullis of the gateway's release"));
    }
    Ok(discovery)
}

fn token_of_the_environment() -> Result<Option<String>, Problem> {
    match std::env::var(TOKEN_VARIABLE) {
        Ok(token) if token.is_empty() => Ok(None),
        Ok(token) => Ok(Some(token.trim().to_owned())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Problem::usage(format!("{TOKEN_VARIABLE} is not text")))
        }
    }
}
