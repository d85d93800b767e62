//! What is done to recordings after they were made: erased, held back from erasure, kept no longer than a rule says.
//!
//! `api` and the gateway's own turn call these; `store` implements them. Authorisation is the caller's work.

use std::time::Duration;

use model::SessionId;

use crate::ports::PortError;

/// Which recordings an act is about: those that meet all that is given.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Which {
    /// These; all when empty.
    pub sessions: Vec<SessionId>,
    /// Those of this principal's key.
    pub principal: Option<String>,
    /// Those on this resource.
    pub resource: Option<String>,
    /// Those begun before, in microseconds since the Unix epoch.
    pub before: Option<u64>,
}

impl Which {
    /// Whether it names nothing, and so everything.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

/// Who wants something done to recordings, and why. Both are recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cause {
    /// A principal's key.
    pub by: String,
    /// In their words.
    pub reason: String,
}

/// What became of one recording that was to be erased.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fate {
    /// Its key was destroyed.
    Erased,
    /// It was destroyed before.
    Already,
    /// It is still being written.
    Live,
    /// A legal hold keeps it.
    Held {
        /// The hold.
        hold: String,
    },
    /// There is no key of it: it was not encrypted, or there is no such session.
    NoKey,
}

/// What a legal hold is on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HoldOn {
    /// One session.
    Session(SessionId),
    /// All sessions of a principal's key, and those on its behalf.
    Principal(String),
    /// All sessions on a resource.
    Resource(String),
}

impl HoldOn {
    /// Its kind and its value, as words.
    pub fn words(&self) -> (&'static str, String) {
        match self {
            Self::Session(id) => ("session", id.to_string()),
            Self::Principal(key) => ("principal", key.clone()),
            Self::Resource(name) => ("resource", name.clone()),
        }
    }

    /// Reads what [`HoldOn::words`] gives.
    pub fn parse(kind: &str, value: &str) -> Option<Self> {
        match kind {
            "session" => Some(Self::Session(value.parse().ok()?)),
            "principal" => Some(Self::Principal(value.to_owned())),
            "resource" => Some(Self::Resource(value.to_owned())),
            _ => None,
        }
    }
}

/// A legal hold: until it is released nothing that it is on is erased.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hold {
    /// Its id.
    pub id: String,
    /// What it is on.
    pub on: HoldOn,
    /// Who placed it, and why.
    pub cause: Cause,
    /// When, in microseconds since the Unix epoch.
    pub placed: u64,
}

/// For how long recordings are kept.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Retention {
    /// Those that no rule names; `None` keeps them for good.
    pub keep: Option<Duration>,
    /// By resource; a rule stands before `keep`. `None` keeps them for good.
    pub resources: Vec<(String, Option<Duration>)>,
}

impl Retention {
    /// Whether it erases nothing.
    pub fn is_none(&self) -> bool {
        self.keep.is_none() && self.resources.iter().all(|(_, keep)| keep.is_none())
    }
}

/// Erases recordings and holds them. Every act is in the journal, on disk, before it is done. All methods block.
pub trait Archive: Send + Sync {
    /// Destroys the keys of recordings, and says what became of each that was named or found.
    ///
    /// # Errors
    /// [`PortError`]: nothing was erased, or with [`PortError::Unfinished`] an erasure was begun, this one or one before
    /// it: it is finished before any other act, and at the next start at the latest.
    fn erase(&self, which: &Which, cause: &Cause) -> Result<Vec<(SessionId, Fate)>, PortError>;

    /// Erases what is older than the rules allow; says how many recordings it erased, and how many are held.
    ///
    /// # Errors
    /// [`PortError`].
    fn retain(&self, rules: &Retention) -> Result<(usize, usize), PortError>;

    /// Places a hold; `None` when there are too many.
    ///
    /// # Errors
    /// [`PortError`].
    fn hold(&self, on: HoldOn, cause: &Cause) -> Result<Option<Hold>, PortError>;

    /// Releases a hold; `None` when there is none of that id.
    ///
    /// # Errors
    /// [`PortError`].
    fn release(&self, hold: &str, cause: &Cause) -> Result<Option<Hold>, PortError>;

    /// The holds, oldest first.
    fn holds(&self) -> Vec<Hold>;
}
