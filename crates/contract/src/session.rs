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
    /// `human`, `agent` or `workload`.
    #[serde(default)]
    pub kind: String,
    /// The human it acts for, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acts_for: Option<String>,
    /// The resource.
    pub resource: String,
    /// The database.
    #[serde(default)]
    pub database: String,
    /// The application's name as the client gave it.
    #[serde(default)]
    pub application: String,
    /// The peer's address.
    #[serde(default)]
    pub address: String,
    /// `allow`, `hold` or `deny`: what was decided last.
    pub outcome: String,
    /// The text as recorded.
    pub text: String,
    /// Effects, rendered.
    #[serde(default)]
    pub effects: Vec<String>,
    /// Rows delivered or changed.
    #[serde(default)]
    pub rows: u64,
    /// Microseconds from forwarding to the end.
    #[serde(default)]
    pub duration_us: u64,
    /// The error's stable code, when it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Whether it said or returned more than is searched: other words may stand in it, too.
    #[serde(default)]
    pub partly_indexed: bool,
}

/// Answer of `GET /search`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct SearchResults {
    /// Newest first.
    pub hits: Vec<Hit>,
    /// Whether there are, or may be, more than these.
    pub truncated: bool,
    /// Where the next page begins: give it back as `before`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Whether everything was looked at that could be on this page. If not, time ran out: go on with `next`, or narrow the
    /// search.
    #[serde(default)]
    pub complete: bool,
    /// Back to when everything was looked at, where time ran out before the page was full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub searched_to: Option<String>,
    /// Whether that which was recorded after `indexed_to` was not looked at, because the index is far behind. Ask again
    /// later.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub newest_missing: bool,
    /// Up to when recordings are indexed; what came later was read from the journal itself. Absent where there is no
    /// index and all was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indexed_to: Option<String>,
}

/// Answer of `GET /recordings/index` and `POST /recordings/index/rebuild`: how the index of recordings is.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct IndexState {
    /// Whether there is one. If not, the rest says nothing, and searches read the journal.
    pub indexed: bool,
    /// Actions in it; some may be under way.
    pub entries: u64,
    /// Bytes of its files.
    pub bytes: u64,
    /// Up to when recordings are indexed; absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indexed_to: Option<String>,
    /// Bytes of the journal that are not indexed yet.
    pub behind_bytes: u64,
    /// For how many seconds the oldest of them has waited.
    pub behind_seconds: u64,
    /// Full parts that are not merged yet: searches in them take longer.
    pub unmerged: u64,
    /// For how many seconds indexing has failed; absent while all is well. The gateway's log says why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_seconds: Option<u64>,
}
