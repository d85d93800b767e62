//! The shapes that others keep: the JSON of the admin HTTP API, its error codes, and the discovery document;
//! and how text of foreign origin is made visible, so that the page and the terminal agree.
//!
//! Knows nothing of the rest of the house: conversion is the neighbours' work. Every shape is versioned by the
//! path it is served under ([`PREFIX`]); a released field is never renamed, removed or given another meaning.
//! Times are RFC 3339 in UTC; durations are seconds; ids are as the gateway prints them.

pub mod approval;
pub mod archive;
pub mod discovery;
pub mod error;
pub mod key;
pub mod principal;
pub mod session;
pub mod visible;

pub use approval::{Answer, AnswerRequest, Approval, ApprovalList, NamedText, Reach, Touched};
pub use archive::{
    EraseRecordings, Erased, Hold, HoldList, PlaceHold, RecordingFate, RecordingsErased,
    ReleaseHold,
};
pub use discovery::{Discovery, PostgresEndpoint};
pub use error::{ErrorBody, ErrorCode};
pub use key::{IssueKey, Key, KeyIssued, KeyList, MintToken, Revoked, SetBar, TokenMinted};
pub use principal::{Principal, Resource, ResourceList, WhoAmI};
pub use session::{Hit, IndexState, SearchResults, Session, SessionEnded, SessionList};

/// The version of the shapes in this crate.
pub const VERSION: u32 = 1;

/// Where the JSON API lives.
pub const PREFIX: &str = "/api/v1";

/// Where the discovery document lives, without a credential.
pub const DISCOVERY_PATH: &str = "/.well-known/portcullis";

/// The media type of a recording: the session's raw journal records, one after the other.
pub const RECORDING_TYPE: &str = "application/vnd.portcullis.recording";
