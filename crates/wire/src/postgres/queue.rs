//! What the upstream still owes: one entry for each message sent, in order.
//!
//! The only place that says which reply belongs to which action. Knows nothing of bytes.

use std::sync::Arc;

use bytes::BytesMut;
use gate::Permit;
use model::decision::ResultObligation;
use model::{Classes, Detected, Search, Statement};

use super::copy::CopyPlan;
use super::portal::{Portal, Prepared, Undo};
use super::reader::TextRows;
use super::rows::Plan;

/// One message sent and not yet answered.
#[derive(Debug)]
pub(crate) enum Expect {
    /// A simple query. Ends with ReadyForQuery.
    Query(Box<QueryRun>),
    /// A function call. Ends with ReadyForQuery.
    Function(FunctionRun),
    /// A message that the gateway sent to fail, in place of a refused one.
    Refused(Box<Refused>),
    /// Parse.
    Parse {
        sequence: u64,
        undo: Option<Undo<Prepared>>,
    },
    /// Bind. The portal that had its name ends with the answer: until then its own answers are under way.
    Bind {
        portal: Arc<Portal>,
        undo: Option<Undo<Portal>>,
    },
    /// Describe of a statement.
    DescribeStatement,
    /// Describe of a portal; `own` when the gateway asked.
    DescribePortal { portal: Arc<Portal>, own: bool },
    /// Execute.
    Execute(Box<ExecuteRun>),
    /// Close. A portal ends with the answer.
    Close {
        portal: Option<Arc<Portal>>,
        undo: Option<NameUndo>,
    },
    /// Sync. Ends with ReadyForQuery.
    Sync,
    /// The gateway's own question.
    Own(Box<OwnRun>),
}

/// A change of names to take back.
#[derive(Debug)]
pub(crate) enum NameUndo {
    Statement(Undo<Prepared>),
    Portal(Undo<Portal>),
}

/// A simple query under way.
#[derive(Debug)]
pub(crate) struct QueryRun {
    pub(crate) sequence: u64,
    /// The unnamed portal, which a simple query ends.
    pub(crate) replaced: Option<Arc<Portal>>,
    /// `None` for an empty text.
    pub(crate) permit: Option<Permit>,
    pub(crate) text: Arc<str>,
    pub(crate) statements: Arc<[Statement]>,
    /// The statement being answered.
    pub(crate) index: usize,
    pub(crate) result: ResultRun,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) status: String,
    pub(crate) error: Option<String>,
    pub(crate) detected: Detected,
    /// Changes of names, by the statement that made them.
    pub(crate) changes: Vec<(usize, NameUndo)>,
}

/// A function call under way.
#[derive(Debug)]
pub(crate) struct FunctionRun {
    pub(crate) sequence: u64,
    pub(crate) permit: Permit,
    pub(crate) bytes: u64,
    pub(crate) error: Option<String>,
    pub(crate) detected: Detected,
}

/// An Execute under way.
#[derive(Debug)]
pub(crate) struct ExecuteRun {
    pub(crate) portal: Arc<Portal>,
    pub(crate) result: ResultRun,
    pub(crate) changes: Vec<(usize, NameUndo)>,
}

/// One result under way.
#[derive(Debug, Default)]
pub(crate) struct ResultRun {
    /// How its rows pass; `None` until the server described them.
    pub(crate) plan: Option<Plan>,
    /// How its COPY data passes, where masks are obliged.
    pub(crate) copy: Option<CopyPlan>,
    pub(crate) mode: Mode,
}

/// Which sub-protocol a result is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Mode {
    /// Rows, if any.
    #[default]
    Rows,
    /// CopyData from the upstream.
    CopyOut,
    /// CopyData from the client.
    CopyIn,
}

/// A refusal on its way through the upstream.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) sequence: u64,
    /// The ErrorResponse that the client gets in place of the upstream's.
    pub(crate) error: BytesMut,
    pub(crate) code: String,
    /// Whether it stands for a message that ends with ReadyForQuery.
    pub(crate) simple: bool,
    pub(crate) answered: bool,
}

/// What the gateway asks on the session's own connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// How names resolve, where the session has nothing of its own.
    State,
    /// How names resolve, with what only this session sees.
    WholeState,
    /// To put back who acts into `application_name`.
    Name,
}

/// An own question under way.
#[derive(Debug)]
pub(crate) struct OwnRun {
    pub(crate) purpose: Purpose,
    pub(crate) rows: TextRows,
    /// Whether it ends with ReadyForQuery; otherwise with its last CloseComplete.
    pub(crate) synced: bool,
    /// CloseComplete that are still to come.
    pub(crate) closes: u8,
    pub(crate) error: Option<String>,
}

impl Expect {
    /// Whether its answer ends with ReadyForQuery.
    pub(crate) fn is_boundary(&self) -> bool {
        match self {
            Self::Query(_) | Self::Function(_) | Self::Sync => true,
            Self::Refused(refused) => refused.simple,
            Self::Own(own) => own.synced,
            Self::Parse { .. }
            | Self::Bind { .. }
            | Self::DescribeStatement
            | Self::DescribePortal { .. }
            | Self::Execute(_)
            | Self::Close { .. } => false,
        }
    }

    /// The action that bytes of its answer belong to; 0 for none.
    pub(crate) fn sequence(&self) -> u64 {
        match self {
            Self::Query(run) => run.sequence,
            Self::Function(run) => run.sequence,
            Self::Refused(refused) => refused.sequence,
            Self::Parse { sequence, .. } => *sequence,
            Self::Bind { portal, .. } | Self::DescribePortal { portal, .. } => portal.sequence,
            Self::Execute(run) => run.portal.sequence,
            Self::DescribeStatement | Self::Close { .. } | Self::Sync | Self::Own(_) => 0,
        }
    }

    /// The permit under which its answer passes.
    pub(crate) fn permit(&self) -> Option<&Permit> {
        match self {
            Self::Query(run) => run.permit.as_ref(),
            Self::Function(run) => Some(&run.permit),
            Self::Bind { portal, .. } | Self::DescribePortal { portal, .. } => portal.permit(),
            Self::Execute(run) => run.portal.permit(),
            Self::Refused(_)
            | Self::Parse { .. }
            | Self::DescribeStatement
            | Self::Close { .. }
            | Self::Sync
            | Self::Own(_) => None,
        }
    }

    /// The result that its rows belong to.
    pub(crate) fn result(&mut self) -> Option<&mut ResultRun> {
        match self {
            Self::Query(run) => Some(&mut run.result),
            Self::Execute(run) => Some(&mut run.result),
            _ => None,
        }
    }
}

/// What a permit obliges to for the statement at `index`.
///
/// `None` when the server runs more statements than were judged while something is to be masked or searched.
pub(crate) fn obliged(permit: Option<&Permit>, index: usize) -> Option<&ResultObligation> {
    static NOTHING: ResultObligation = ResultObligation {
        width: None,
        masks: Vec::new(),
        searched: Vec::new(),
        search_all: Search {
            whole: Classes::NONE,
            place: Classes::NONE,
        },
        guarded: Vec::new(),
    };
    let Some(permit) = permit else {
        return Some(&NOTHING);
    };
    let results = &permit.obligations().results;
    match results.get(index) {
        Some(obliged) => Some(obliged),
        None if results.iter().all(ResultObligation::is_free) => Some(&NOTHING),
        None => None,
    }
}

/// Rows that a command tag counts: its last word (`INSERT 0 5`, `SELECT 3`).
pub(crate) fn rows_of(tag: &str) -> u64 {
    tag.rsplit(' ')
        .next()
        .and_then(|n| n.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags() {
        let check = |tag, expect| assert_eq!(rows_of(tag), expect, "{tag}");
        check("SELECT 3", 3);
        check("INSERT 0 5", 5);
        check("BEGIN", 0);
        check("", 0);
        check("SELECT 99999999999999999999999", 0);
    }
}
