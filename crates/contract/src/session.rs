//! Sessions and what was found in their recordings.

use serde::{Deserialize, Serialize};

use crate::archive::Erased;

/// One session, from its recording.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Session {
    /// The session's id.
    pub id: String,
    /// Principal key.
    pub principal: String,
    /// The principal's display name.
    pub name: String,
    /// `human`, `agent` or `workload`.
    pub kind: String,
    /// The human it acts for, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acts_for: Option<String>,
    /// The credential's id.
    pub credential: String,
    /// The resource.
    pub resource: String,
    /// The database.
    pub database: String,
    /// The protocol.
    pub protocol: String,
    /// The application's name as the client gave it.
    pub application: String,
    /// The peer's address.
    pub address: String,
    /// When it was opened.
    pub started: String,
    /// When it ended; absent while it is open, or where the end was never written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// Why it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_reason: Option<String>,
    /// Whether it is open now, on this gateway.
    pub live: bool,
    /// Actions recorded.
    pub actions: u64,
    /// Of them: denied.
    pub denied: u64,
    /// Of them: held.
    pub held: u64,
    /// It was erased: of all else only the id, the beginning and this are left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased: Option<Erased>,
}

/// Answer of `GET /sessions`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SessionList {
    /// Newest first.
    pub sessions: Vec<Session>,
}

/// Answer of `POST /sessions/{id}/kill`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SessionEnded {
    /// Whether a live session was told to end.
    pub ended: bool,
}

/// One action that a search found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hit {
    /// The session.
    pub session: String,
    /// The action's number in it.
    pub sequence: u64,
    /// When.
    pub time: String,
    /// The principal's display name.
    pub name: String,
    /// Principal key.
    pub principal: String,
    /// The resource.
    pub resource: String,
    /// `allow`, `hold` or `deny`.
    pub outcome: String,
    /// The text as recorded.
    pub text: String,
    /// Effects, rendered.
    #[serde(default)]
    pub effects: Vec<String>,
}

/// Answer of `GET /search`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SearchResults {
    /// Newest session first.
    pub hits: Vec<Hit>,
    /// Whether there are more than were asked for.
    pub truncated: bool,
}
