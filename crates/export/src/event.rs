//! The audit event: one thing that happened, with everything that is needed to understand it alone.
//!
//! Must never say what the journal does not say. The shape is released: fields are added, never changed.

use std::sync::Arc;

use ledger::event::{ActionRecorded, ApprovalRecorded, Completed, SessionOpened};

/// The version of the shape, in every event.
pub const VERSION: u64 = 1;

/// What kinds of events there are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// A session was opened.
    SessionOpened,
    /// A statement was decided; what came of it is not known yet.
    StatementDecided,
    /// A statement ended: it was answered, refused, or its session ended first. Once for each statement.
    StatementEnded,
    /// A request for approval changed its state.
    Approval,
    /// A session ended.
    SessionClosed,
    /// A change of the gateway itself, or a look at what it keeps.
    Control,
    /// Records of the journal that should be there are not, or cannot be read.
    Gap,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::SessionOpened,
        Self::StatementDecided,
        Self::StatementEnded,
        Self::Approval,
        Self::SessionClosed,
        Self::Control,
        Self::Gap,
    ];

    /// Its name in every format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SessionOpened => "session.opened",
            Self::StatementDecided => "statement.decided",
            Self::StatementEnded => "statement.ended",
            Self::Approval => "approval",
            Self::SessionClosed => "session.closed",
            Self::Control => "control",
            Self::Gap => "gap",
        }
    }

    /// The kind of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A record of the journal: the provable reference of an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Reference {
    /// Its place in the journal.
    pub sequence: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// A statement and what was decided.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Statement {
    /// The decision; of a statement that was held, the last one.
    pub action: ActionRecorded<'static>,
    /// The record that has it.
    pub record: Reference,
    /// When it was first held, if it was.
    pub held_since: Option<u64>,
}

/// How a statement ended.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct End {
    /// What was recorded of it.
    pub completed: Completed<'static>,
    /// The record that has it.
    pub record: Reference,
}

/// What is particular to a kind of event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Detail {
    /// [`Kind::SessionOpened`]
    SessionOpened,
    /// [`Kind::StatementDecided`]
    StatementDecided(Box<Statement>),
    /// [`Kind::StatementEnded`]; without an end where the session ended first.
    StatementEnded(Box<Statement>, Option<Box<End>>),
    /// [`Kind::Approval`]
    Approval(Box<ApprovalRecorded<'static>>),
    /// [`Kind::SessionClosed`]
    SessionClosed {
        /// Why, one line.
        reason: String,
    },
    /// [`Kind::Control`]
    Control {
        /// Who, or `portcullis`.
        actor: String,
        /// What: `policy.loaded`, `key.issued`…
        name: String,
        /// Particulars, in order.
        fields: Vec<(String, String)>,
    },
    /// [`Kind::Gap`]
    Gap {
        /// The first place of the journal.
        from: u64,
        /// The last.
        to: u64,
        /// Why: `missing`, `erased`, `locked` or `unreadable`.
        reason: &'static str,
    },
}

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditEvent {
    /// The journal's id.
    pub journal: [u8; 16],
    /// What tells it from all others in the journal.
    pub local_id: String,
    /// When, in microseconds since 1970 UTC.
    pub time: u64,
    /// The record that has it; of a statement, the one with the decision.
    pub record: Reference,
    /// The session; of control events, the run of the gateway.
    pub session: Option<[u8; 16]>,
    /// How the session began, where that is known.
    pub opened: Option<Arc<SessionOpened<'static>>>,
    /// What is particular to it.
    pub detail: Detail,
    /// Whether texts were left out or cut.
    pub is_shortened: bool,
}

impl AuditEvent {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match &self.detail {
            Detail::SessionOpened => Kind::SessionOpened,
            Detail::StatementDecided(_) => Kind::StatementDecided,
            Detail::StatementEnded(..) => Kind::StatementEnded,
            Detail::Approval(_) => Kind::Approval,
            Detail::SessionClosed { .. } => Kind::SessionClosed,
            Detail::Control { .. } => Kind::Control,
            Detail::Gap { .. } => Kind::Gap,
        }
    }

    /// Its id: the same whenever and wherever it is exported.
    pub fn id(&self) -> String {
        format!("{}-{}", ledger::Hex(&self.journal), self.local_id)
    }

    /// Its statement.
    pub fn statement(&self) -> Option<&Statement> {
        match &self.detail {
            Detail::StatementDecided(statement) | Detail::StatementEnded(statement, _) => {
                Some(statement)
            }
            Detail::SessionOpened
            | Detail::Approval(_)
            | Detail::SessionClosed { .. }
            | Detail::Control { .. }
            | Detail::Gap { .. } => None,
        }
    }

    /// How its statement ended.
    pub fn end(&self) -> Option<&End> {
        match &self.detail {
            Detail::StatementEnded(_, end) => end.as_deref(),
            Detail::SessionOpened
            | Detail::StatementDecided(_)
            | Detail::Approval(_)
            | Detail::SessionClosed { .. }
            | Detail::Control { .. }
            | Detail::Gap { .. } => None,
        }
    }

    /// Leaves out the text and the parameters of its statement.
    pub fn leave_out_text(&mut self) {
        if let Detail::StatementDecided(statement) | Detail::StatementEnded(statement, _) =
            &mut self.detail
        {
            let action = &mut statement.action;
            self.is_shortened |= !action.text.is_empty() || !action.parameters.is_empty();
            action.text = "".into();
            action.parameters.clear();
        }
    }

    /// Cuts every text that can be long to at most `max` bytes: statement, parameters, particulars of control events.
    pub fn cut_texts(&mut self, max: usize) {
        let mut cut = false;
        match &mut self.detail {
            Detail::StatementDecided(statement) | Detail::StatementEnded(statement, _) => {
                let action = &mut statement.action;
                let texts = action.parameters.iter_mut().flatten();
                for text in texts.chain([&mut action.text]) {
                    cut |= shorten(text.to_mut(), max);
                }
            }
            Detail::Control { fields, .. } => {
                for (_, value) in fields {
                    cut |= shorten(value, max);
                }
            }
            Detail::Approval(approval) => cut |= shorten(approval.comment.to_mut(), max),
            Detail::SessionOpened | Detail::SessionClosed { .. } | Detail::Gap { .. } => {}
        }
        self.is_shortened |= cut;
    }
}

/// Cuts a text at a character's border; says whether anything was cut.
fn shorten(text: &mut String, max: usize) -> bool {
    if text.len() <= max {
        return false;
    }
    text.truncate(text.floor_char_boundary(max));
    true
}
