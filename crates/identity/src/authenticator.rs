//! Takes a login's credential, tells by its form what it is, and checks it. The client never learns why it failed.

use std::sync::Arc;

use gate::desk::KeyRing;
use gate::ports::{Authenticated, BoxFuture, Credential, Identities, LoginError};
use model::{Principal, Secret};

use crate::error::Error;
use crate::issuers::Issuers;
use crate::token::is_token_shaped;

/// A login name that names nobody in particular.
const ANY_LOGIN: &str = "token";

/// Checks credentials of all kinds.
pub struct Authenticator {
    issuers: Arc<Issuers>,
    keys: Arc<dyn KeyRing>,
}

impl Authenticator {
    /// Puts the two sources of identity together.
    pub fn new(issuers: Arc<Issuers>, keys: Arc<dyn KeyRing>) -> Arc<Self> {
        Arc::new(Self { issuers, keys })
    }

    /// Checks a credential that comes without a login name: a bearer token of the web or the command line.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn bearer(&self, secret: &Secret<String>) -> Result<Authenticated, LoginError> {
        let text = secret.expose();
        let found = if text.starts_with("pck_") || text.starts_with("pct_") {
            self.key(secret).await?
        } else if is_token_shaped(text) {
            self.token(secret).await?
        } else {
            return Err(Error::refused("neither a token nor a key was presented").into());
        };
        self.check_bars(&found).await?;
        Ok(found)
    }

    /// Refuses principals, persons behind agents, and tokens that were barred, with all that was made with these.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn check_bars(&self, login: &Authenticated) -> Result<(), LoginError> {
        for name in login.names() {
            if self.keys.is_barred(&name).await? {
                return Err(Error::refused(format!("{name} is barred")).into());
            }
        }
        Ok(())
    }

    async fn key(&self, secret: &Secret<String>) -> Result<Authenticated, LoginError> {
        let found = self.keys.look_up(secret).await?;
        let view = found.ok_or_else(|| {
            Error::refused("the key or session token is unknown, expired or revoked")
        })?;
        let mut claims = vec![("key".to_owned(), view.prefix)];
        let maker = view.made_with.clone();
        claims.extend(maker.map(|maker| ("made_with".to_owned(), maker)));
        Ok(Authenticated {
            claims,
            principal: view.principal,
            credential: view.id,
            made_with: view.made_with,
            resource: view.resource,
            end_with_token: None,
        })
    }

    async fn token(&self, secret: &Secret<String>) -> Result<Authenticated, LoginError> {
        let verified = self.issuers.verify(secret).await?;
        Ok(Authenticated {
            principal: verified.principal,
            credential: verified.credential,
            made_with: None,
            resource: None,
            end_with_token: verified.end_with_token.then_some(verified.expires),
            claims: verified.claims,
        })
    }
}

impl Identities for Authenticator {
    fn authenticate<'a>(
        &'a self,
        login: &'a str,
        credential: &'a Credential,
    ) -> BoxFuture<'a, Result<Authenticated, LoginError>> {
        Box::pin(async move {
            let (Credential::Password(secret) | Credential::Bearer(secret)) = credential;
            let found = self.bearer(secret).await?;
            if !names(login, &found.principal) {
                let reason =
                    "the login name is not the principal's name, e-mail address or subject";
                return Err(Error::refused(reason).into());
            }
            Ok(found)
        })
    }

    fn oauth_hint(&self) -> Option<(String, String)> {
        let first = self.issuers.configs().next()?;
        let base = first.url.trim_end_matches('/');
        Some((
            format!("{base}/.well-known/openid-configuration"),
            first.scopes.join(" "),
        ))
    }
}

fn names(login: &str, principal: &Principal) -> bool {
    login == ANY_LOGIN
        || login == principal.name
        || login == principal.subject
        || principal.email.as_deref() == Some(login)
}
