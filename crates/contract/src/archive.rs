//! What is done to recordings after they were made: erased, and held back from erasure.

use serde::{Deserialize, Serialize};

/// Body of `POST /recordings/erase`: recordings that meet all that is given. Something must be given.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EraseRecordings {
    /// These sessions; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sessions: Vec<String>,
    /// Those of this principal's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// Those on this resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Those begun before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Why. It is recorded, and stays.
    pub reason: String,
}

/// What became of one recording.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RecordingFate {
    /// The session.
    pub session: String,
    /// `erased`; `already` (it was); `live` (it is still being written); `held`; `no_key` (not encrypted, or unknown).
    pub fate: String,
    /// The hold that keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<String>,
}

/// Answer of `POST /recordings/erase`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RecordingsErased {
    /// Those that were named or found, oldest first.
    pub recordings: Vec<RecordingFate>,
}

/// Body of `POST /holds`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceHold {
    /// `session`, `principal` or `resource`.
    pub on: String,
    /// Its id, key or name.
    pub value: String,
    /// Why. It is recorded, and stays.
    pub reason: String,
}

/// Body of `POST /holds/{id}/release`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseHold {
    /// Why. It is recorded, and stays.
    pub reason: String,
}

/// A legal hold.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hold {
    /// Its id.
    pub id: String,
    /// `session`, `principal` or `resource`.
    pub on: String,
    /// Its id, key or name.
    pub value: String,
    /// The key of who placed it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub placed: String,
}

/// Answer of `GET /holds`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HoldList {
    /// Oldest first.
    pub holds: Vec<Hold>,
}

/// When and by whom a recording was erased.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Erased {
    /// When.
    pub time: String,
    /// The key of the principal who asked for it; `portcullis` for a retention rule. Long ones are shortened.
    pub by: String,
}
