//! Requests for approval and their answers.

use serde::{Deserialize, Serialize};

use crate::principal::Principal;

/// One request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Approval {
    /// The full id.
    pub id: String,
    /// The short name that people type: `T-…`.
    pub ticket: String,
    /// `pending`, `approved`, `denied`, `expired`, `withdrawn` or `used`.
    pub state: String,
    /// The session that asked.
    pub session: String,
    /// Who asks, and for whom.
    pub requester: Principal,
    /// On what.
    pub resource: String,
    /// In which database.
    pub database: String,
    /// The whole statement text, as far as the caller may see it.
    pub statement: String,
    /// Whether values were taken out of `statement` because the caller may not see them.
    pub redacted: bool,
    /// Bound parameters, in order; `null` is NULL.
    #[serde(default)]
    pub parameters: Vec<Option<String>>,
    /// What it would do.
    #[serde(default)]
    pub effects: Vec<String>,
    /// Why it was held.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// Who must answer, each in words: `2 of dba`, `owner`.
    #[serde(default)]
    pub rules: Vec<String>,
    /// When it was asked.
    pub created: String,
    /// When it lapses.
    pub expires: String,
    /// Answers so far.
    #[serde(default)]
    pub answers: Vec<Answer>,
    /// SHA-256, hexadecimal, of what exactly an answer is bound to.
    pub binding: String,
}

/// One person's answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// Who, by principal key.
    pub principal: String,
    /// Who, by name.
    pub name: String,
    /// Yes or no.
    pub approve: bool,
    /// Their words.
    pub comment: String,
    /// When.
    pub time: String,
}

/// Answer of `GET /approvals`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ApprovalList {
    /// Newest first.
    pub approvals: Vec<Approval>,
}

/// Body of `POST /approvals/{ticket}/answer`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerRequest {
    /// Yes or no.
    pub approve: bool,
    /// Words for the requester and the record; up to 2,000 bytes.
    #[serde(default)]
    pub comment: String,
    /// The `binding` of the request as it was shown; an answer to anything else is refused.
    pub binding: String,
}
