//! How far an action would reach: what people who are asked about it see, and what their answer is bound to.
//!
//! Knows no catalog: whoever analysed the action can say it, through [`Ground`].

use crate::action::Statement;

/// A text that an action runs by a name: a prepared statement or a cursor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    /// What is named, in words: `prepared statement p`.
    pub name: String,
    /// The text that the name stands for.
    pub text: String,
    /// The text without its literals.
    pub text_redacted: String,
}

/// One relation that an action would touch.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Touched {
    /// Its name, with its schema.
    pub table: String,
    /// What it is: `table`, `view`, `partitioned table`…
    pub kind: String,
    /// What is done to it, with the columns: `update (status)`.
    pub does: Vec<String>,
    /// How many rows it has, as the target last estimated; `None` when it never did.
    pub rows: Option<u64>,
    /// Nothing limits which of its rows are changed or removed.
    pub whole: bool,
    /// Why it is reached although the statement may not name it: `ON DELETE CASCADE of public.orders`.
    pub through: Vec<String>,
    /// Functions that its triggers run.
    pub triggers: Vec<String>,
}

/// How far an action would reach.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reach {
    /// The relations, those that are changed first.
    pub tables: Vec<Touched>,
    /// What could not be listed, in words.
    pub notes: Vec<String>,
    /// What all names stand for now: equal texts mean that the same objects, as they are defined, would be reached
    /// by the same role. Estimates are not part of it.
    pub identity: String,
}

/// What an action was analysed against.
pub trait Ground: Send + Sync + std::fmt::Debug {
    /// How far statements would reach. Asks nobody: it reads what is known already.
    fn reach(&self, statements: &[Statement]) -> Reach;
}
