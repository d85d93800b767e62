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
    /// Texts that the statement runs by name (a prepared statement, a cursor), as far as the caller may see them.
    #[serde(default)]
    pub named: Vec<NamedText>,
    /// What it would do.
    #[serde(default)]
    pub effects: Vec<String>,
    /// How far it reaches, from the target's catalog alone.
    #[serde(default)]
    pub reach: Reach,
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

/// A text that a statement runs by name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NamedText {
    /// `prepared statement p`, `cursor c`.
    pub name: String,
    /// The text it stands for.
    pub text: String,
}

/// How far a statement reaches.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Reach {
    /// The relations it touches, those that it changes first.
    #[serde(default)]
    pub tables: Vec<Touched>,
    /// What could not be listed, in words.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// One relation that a statement touches.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Touched {
    /// Its name, with its schema.
    pub table: String,
    /// `table`, `view`, `partitioned table`…
    pub kind: String,
    /// What is done to it, with the columns: `update (status)`.
    pub does: Vec<String>,
    /// How many rows it has, as the target last estimated; `null` when it never did.
    pub rows: Option<u64>,
    /// Whether nothing limits which of its rows are changed or removed.
    pub whole: bool,
    /// Why it is reached, when through another: `ON DELETE CASCADE of public.orders`.
    #[serde(default)]
    pub through: Vec<String>,
    /// Functions that its triggers run, and when.
    #[serde(default)]
    pub triggers: Vec<String>,
}

impl Touched {
    /// On one line, for people.
    pub fn line(&self) -> String {
        let mut line = format!("{} ({}): {}", self.table, self.kind, self.does.join(", "));
        match (self.rows, self.whole) {
            (Some(rows), true) => line.push_str(&format!("; EVERY ROW, about {rows}")),
            (None, true) => line.push_str("; EVERY ROW, nobody counted them yet"),
            (Some(rows), false) => line.push_str(&format!("; it has about {rows} rows")),
            (None, false) => {}
        }
        for why in &self.through {
            line.push_str(&format!("; {why}"));
        }
        for trigger in &self.triggers {
            line.push_str(&format!("; runs {trigger}"));
        }
        line
    }
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
