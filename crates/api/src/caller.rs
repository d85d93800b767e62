//! Who calls, by which kind of credential, and what that suffices for.
//!
//! Decides nothing itself: permissions are policy's, entitlement to answer is the desk's.

use std::net::IpAddr;
use std::time::SystemTime;

use contract::ErrorCode;
use gate::ports::{Authenticated, SharedRules};
use model::{Principal, PrincipalKind};

use crate::failure::Failure;

/// What policy may permit on the gateway itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Permission {
    /// See sessions, recordings and search results.
    ViewRecordings,
    /// See every request for approval.
    Approve,
    /// Issue and revoke keys, keep principals out, end sessions.
    Administer,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ViewRecordings, Self::Approve, Self::Administer];

    /// The action's name in policies.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ViewRecordings => "view_recordings",
            Self::Approve => "approve",
            Self::Administer => "administer_gateway",
        }
    }
}

/// What a route needs of its caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// Any credential that is good.
    SignedIn,
    /// A credential that is not itself gateway-made, nor bound to one resource: keys and tokens must not beget others.
    Direct,
    /// A person who signed in at an identity provider; never an agent, a workload, a key or a token.
    Person,
    /// A [`Need::Person`] whom policy permits this.
    Permitted(Permission),
}

/// An authenticated caller.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who, and by which credential.
    pub login: Authenticated,
    /// From where.
    pub address: Option<IpAddr>,
}

impl Caller {
    /// The actor.
    pub fn principal(&self) -> &Principal {
        &self.login.principal
    }

    /// Whether the credential suffices.
    ///
    /// # Errors
    /// [`Failure`] with `forbidden`.
    pub fn check(&self, need: Need, rules: &SharedRules) -> Result<(), Failure> {
        match need {
            Need::SignedIn => Ok(()),
            Need::Direct => self.check_direct(),
            Need::Person => self.check_person(),
            Need::Permitted(permission) => {
                self.check_person()?;
                if self.may(permission, rules) {
                    return Ok(());
                }
                Err(forbidden(format!(
                    "policy does not permit you to {}",
                    match permission {
                        Permission::ViewRecordings => "view recordings",
                        Permission::Approve => "see this",
                        Permission::Administer => "administer the gateway",
                    }
                ))
                .hint(format!("it takes a permit for `{}`", permission.as_str())))
            }
        }
    }

    /// Whether policy permits something on the gateway.
    pub fn may(&self, permission: Permission, rules: &SharedRules) -> bool {
        let context = self.context();
        let rules = rules.load();
        rules
            .policies
            .administers(self.principal(), permission.as_str(), &context)
    }

    /// What policies may ask about this call.
    pub fn context(&self) -> policy::Context {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        policy::Context {
            application: "portcullis".to_owned(),
            address: self.address.map(|a| a.to_string()).unwrap_or_default(),
            in_transaction: false,
            unix_seconds: since
                .ok()
                .and_then(|d| i64::try_from(d.as_secs()).ok())
                .unwrap_or(0),
        }
    }

    fn check_direct(&self) -> Result<(), Failure> {
        if self.login.resource.is_some() {
            return Err(forbidden("this credential is good for one resource only"));
        }
        if !self.login.credential.starts_with("oidc:") {
            return Err(forbidden("keys and session tokens do not suffice for this")
                .hint("sign in at the identity provider: `portcullis login`"));
        }
        Ok(())
    }

    fn check_person(&self) -> Result<(), Failure> {
        let principal = self.principal();
        if principal.kind != PrincipalKind::Human || principal.acts_for.is_some() {
            return Err(forbidden("only people may do this")
                .hint("agents and workloads never answer, look or administer"));
        }
        self.check_direct()
    }
}

fn forbidden(message: impl Into<String>) -> Failure {
    Failure::new(ErrorCode::Forbidden, message)
}
