//! PL/pgSQL as text: what a block declares and runs.
//!
//! Reads as PostgreSQL's own grammar for it does (`pl_gram.y`), and refuses whatever it is not sure to read alike.
//! Knows no catalog and no session: what the texts within mean is asked elsewhere.

mod read;
#[cfg(test)]
mod tests;
mod tokens;

use std::borrow::Cow;

pub(crate) use read::{fold, read};

/// Why a body is not read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Unread {
    /// The construct.
    pub(crate) what: String,
    /// The line of the body it stands on, from 1.
    pub(crate) line: usize,
}

/// A text of SQL; of an expression, what would stand behind SELECT.
pub(crate) type Text<'t> = Cow<'t, str>;

/// `[<<label>>] [DECLARE …] BEGIN … [EXCEPTION …] END`, or the scope that a loop makes.
#[derive(Debug, Default)]
pub(crate) struct Block<'t> {
    pub(crate) label: Option<String>,
    /// In order: each sees those before it.
    pub(crate) declared: Vec<Declared<'t>>,
    pub(crate) body: Vec<Step<'t>>,
    /// What the handlers run, if there are any.
    pub(crate) handlers: Option<Vec<Step<'t>>>,
}

/// One declaration.
#[derive(Debug)]
pub(crate) enum Declared<'t> {
    Variable {
        name: String,
        type_name: TypeText<'t>,
        default: Option<Text<'t>>,
    },
    Alias {
        name: String,
        of: Vec<String>,
    },
    Cursor {
        name: String,
        arguments: Vec<(String, TypeText<'t>)>,
        query: Text<'t>,
    },
    /// The variable of a loop over integers.
    Counter {
        name: String,
    },
    /// The variable of a loop over a cursor's rows.
    Record {
        name: String,
    },
}

/// A type as declared.
#[derive(Debug)]
pub(crate) enum TypeText<'t> {
    /// By its name.
    Plain(&'t str),
    /// `name%TYPE`.
    Like(Vec<String>),
    /// `name%ROWTYPE`.
    RowOf(Vec<String>),
}

/// Where a value is put: the parts of its name, and its whole text where it has subscripts.
#[derive(Clone, Debug)]
pub(crate) struct Target<'t> {
    pub(crate) path: Vec<String>,
    pub(crate) subscripted: Option<&'t str>,
}

/// What is run. Which branch is taken is not kept: all of them count.
#[derive(Debug)]
pub(crate) enum Step<'t> {
    Block(Box<Block<'t>>),
    Assign {
        target: Target<'t>,
        value: Text<'t>,
    },
    /// What may not run: one branch.
    Branch(Vec<Step<'t>>),
    /// An expression that decides what runs next.
    Condition(Text<'t>),
    /// An expression that is converted to a number or an array and goes on.
    Bound(Text<'t>),
    /// A statement of SQL, and where its row goes.
    Statement {
        text: Text<'t>,
        into: Vec<Target<'t>>,
    },
    /// `SELECT` and this.
    Perform(Text<'t>),
    /// `CALL …`.
    Call(Text<'t>),
    /// A query whose rows are gone through.
    Rows {
        text: Text<'t>,
        into: Vec<Target<'t>>,
    },
    Elements {
        array: Text<'t>,
        into: Vec<Target<'t>>,
    },
    Return(Option<Text<'t>>),
    ReturnNext(Option<Text<'t>>),
    ReturnQuery(Text<'t>),
    /// Expressions that are told to the client.
    Told(Vec<Text<'t>>),
    Diagnostics {
        stacked: bool,
        into: Vec<Target<'t>>,
    },
    Open {
        cursor: Vec<String>,
        arguments: Vec<Text<'t>>,
        query: Option<Text<'t>>,
    },
    Fetch {
        cursor: Vec<String>,
        count: Option<Text<'t>>,
        into: Vec<Target<'t>>,
    },
    /// Goes through the rows of a cursor, which the loop opens and closes.
    Through {
        cursor: Vec<String>,
        arguments: Vec<Text<'t>>,
    },
    Close(Vec<String>),
    /// COMMIT or ROLLBACK.
    Transaction,
}

impl Block<'_> {
    /// The texts within, in no order that matters.
    pub(crate) fn texts(&self) -> Vec<&str> {
        let mut found = Vec::new();
        let mut todo = vec![self];
        let mut branches: Vec<&Step<'_>> = Vec::new();
        while let Some(block) = todo.pop() {
            for declared in &block.declared {
                match declared {
                    Declared::Variable { default, .. } => found.extend(default.as_deref()),
                    Declared::Cursor { query, .. } => found.push(query.as_ref()),
                    Declared::Alias { .. } | Declared::Counter { .. } | Declared::Record { .. } => {
                    }
                }
            }
            branches.extend(block.body.iter().chain(block.handlers.iter().flatten()));
            while let Some(step) = branches.pop() {
                match step {
                    Step::Block(inner) => todo.push(inner),
                    Step::Branch(steps) => branches.extend(steps),
                    other => found.extend(other.texts()),
                }
            }
        }
        found
    }
}

impl Step<'_> {
    fn texts(&self) -> Vec<&str> {
        match self {
            Self::Assign { value: text, .. }
            | Self::Condition(text)
            | Self::Bound(text)
            | Self::Statement { text, .. }
            | Self::Perform(text)
            | Self::Call(text)
            | Self::Rows { text, .. }
            | Self::Elements { array: text, .. }
            | Self::ReturnQuery(text) => vec![text.as_ref()],
            Self::Return(text) | Self::ReturnNext(text) => text.as_deref().into_iter().collect(),
            Self::Told(texts) => texts.iter().map(AsRef::as_ref).collect(),
            Self::Open {
                arguments, query, ..
            } => {
                let arguments = arguments.iter().map(AsRef::as_ref);
                arguments.chain(query.as_deref()).collect()
            }
            Self::Fetch { count, .. } => count.as_deref().into_iter().collect(),
            Self::Through { arguments, .. } => arguments.iter().map(AsRef::as_ref).collect(),
            Self::Block(_)
            | Self::Branch(_)
            | Self::Close(_)
            | Self::Diagnostics { .. }
            | Self::Transaction => Vec::new(),
        }
    }
}
