//! Who acts.

/// What sort of actor a principal is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PrincipalKind {
    /// A person.
    Human,
    /// An AI agent; `acts_for` names the person when there is one.
    Agent,
    /// A CI job or a service.
    Workload,
}

impl PrincipalKind {
    /// The word that policies and recordings use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Agent => "agent",
            Self::Workload => "workload",
        }
    }
}

/// An authenticated actor. Two principals are the same when issuer and subject are.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Principal {
    /// The issuer that vouches for the subject (a URL, or `portcullis` for gateway-issued keys).
    pub issuer: String,
    /// The issuer's stable name for the actor (`sub`).
    pub subject: String,
    /// What people call it: an e-mail address, a login, an agent's name.
    pub name: String,
    /// The actor's e-mail address, where the issuer vouches for one.
    pub email: Option<String>,
    /// Person, agent or workload.
    pub kind: PrincipalKind,
    /// Group names, opaque and compared whole; sorted, without doubles.
    pub groups: Vec<String>,
    /// The human on whose behalf an agent acts (RFC 8693 `act`).
    pub acts_for: Option<Box<Principal>>,
}

impl Principal {
    /// The key under which policies, approvals and revocations know this actor: `issuer|subject`.
    pub fn key(&self) -> String {
        format!("{}|{}", self.issuer, self.subject)
    }

    /// The name with the human behind it, for people and for the target's `application_name`.
    pub fn display(&self) -> String {
        match &self.acts_for {
            Some(human) => format!("{} for {}", self.name, human.name),
            None => self.name.clone(),
        }
    }
}
