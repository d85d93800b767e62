//! What was decided, and what comes with it.

use std::sync::Arc;

use crate::detected::Search;
use crate::effect::ColumnRef;
use crate::id::ApprovalId;
use crate::xml::XmlMask;

/// The outcome lattice: `Deny > Hold > Allow`; combining is `max`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Outcome {
    /// It may go on.
    Allow,
    /// It may go on once people said yes.
    Hold,
    /// It may not.
    Deny,
}

impl Outcome {
    /// The word that recordings and metrics use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Hold => "hold",
            Self::Deny => "deny",
        }
    }
}

/// One policy, or one built-in rule, that determined a decision.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Reason {
    /// The policy's id, or `portcullis.<rule>` for a built-in rule.
    pub rule: String,
    /// What it says, in words the principal may read.
    pub text: String,
}

/// How a value is masked. Every kind keeps the column's type; where it cannot, the value is NULL.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum MaskKind {
    /// NULL.
    Null,
    /// A fixed placeholder.
    Redact,
    /// All but the first and last few characters are replaced by `*`.
    Partial {
        /// Characters kept at the front.
        first: u8,
        /// Characters kept at the end.
        last: u8,
    },
    /// First letter and domain of an e-mail address stay.
    Email,
    /// Keyed HMAC-SHA-256, hexadecimal: equal values stay equal, nothing else is kept.
    Hash,
    /// Keyed, deterministic, same shape: digits become digits, letters become letters.
    Token,
    /// Numbers and dates are rounded down to a bucket of this width (units; days for dates).
    Bucket {
        /// The width; at least 1.
        width: u32,
    },
}

impl MaskKind {
    /// Its name in the data catalog file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Redact => "redact",
            Self::Partial { .. } => "partial",
            Self::Email => "email",
            Self::Hash => "hash",
            Self::Token => "token",
            Self::Bucket { .. } => "bucket",
        }
    }
}

/// What of a JSON value is masked. What is not of the form that it says is masked whole.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum JsonMask {
    /// Passes as it is, whatever it is.
    Keep,
    /// Passes as far as nothing is found in it.
    Search(Search),
    /// One value, made of an SQL value of this type.
    Value {
        /// How it is masked.
        kind: MaskKind,
        /// Of what type it was made.
        type_oid: u32,
    },
    /// An object of these members and no others.
    Object(Vec<(String, JsonMask)>),
    /// An array of these elements and no others.
    Tuple(Vec<JsonMask>),
    /// An array, each of whose elements is masked so.
    Array(Box<JsonMask>),
    /// An object, each of whose members is masked so.
    Map(Box<JsonMask>),
}

/// What of a value is masked that holds others.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Inside {
    /// Of JSON.
    Json(JsonMask),
    /// Of XML.
    Xml(XmlMask),
}

/// One output column to mask.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Mask {
    /// The output column's position, from 0.
    pub position: usize,
    /// How.
    pub kind: MaskKind,
    /// The column's type OID, which decides how text and binary values are rewritten.
    pub type_oid: u32,
    /// For JSON and XML whose inside is known: what of it is masked; `kind` is for what is of another form.
    pub inside: Option<Arc<Inside>>,
}

/// One output column whose values are searched.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Searched {
    /// The output column's position, from 0.
    pub position: usize,
    /// For what.
    pub search: Search,
    /// The type OID of the stored column that it is; 0 where it is computed.
    pub type_oid: u32,
}

/// What a permit obliges the protocol core to do.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Obligations {
    /// Per statement of the action, in order: the number of output columns the analysis expects
    /// (`None` when it expects no rows or cannot know) and the columns to mask.
    pub results: Vec<ResultObligation>,
    /// Error, notice and notification texts may quote masked values and are rebuilt from their
    /// SQLSTATE.
    pub scrub_messages: bool,
    /// Columns are hidden from whoever acts: rows whose target names such a column as the source of a field that is
    /// not masked are not let through, whatever the analysis said.
    pub wall: Option<Wall>,
    /// What messages of the target, and results without columns, are searched for.
    pub search: Search,
}

/// Which stored columns are hidden from one principal: a second look at what the analysis let through.
#[derive(Clone)]
pub struct Wall(Arc<dyn Fn(&ColumnRef) -> bool + Send + Sync>);

impl Wall {
    /// A wall before the columns that `hides` is true of.
    pub fn new(hides: impl Fn(&ColumnRef) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(hides))
    }

    /// Whether the column's values are hidden.
    pub fn hides(&self, column: &ColumnRef) -> bool {
        (self.0)(column)
    }
}

impl PartialEq for Wall {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Wall {}

impl std::fmt::Debug for Wall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wall(..)")
    }
}

/// Obligations on the rows of one statement.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ResultObligation {
    /// How many output columns the masks were computed for; rows of another width are not let through.
    /// `None`: nothing is masked and any width passes.
    pub width: Option<usize>,
    /// Columns to mask, by position, ascending.
    pub masks: Vec<Mask>,
    /// Columns to search, by position, ascending; none of them is masked.
    pub searched: Vec<Searched>,
    /// What all columns are searched for, where they are not known one by one.
    pub search_all: Search,
    /// Columns that the client's own data (`COPY … FROM STDIN`) must not put masks in.
    pub guarded: Vec<Guarded>,
}

/// A hidden column that takes what the client sends as data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Guarded {
    /// Its place in each row, counted from 0.
    pub position: usize,
    /// How it is masked for the client.
    pub kind: MaskKind,
    /// Its type.
    pub type_oid: u32,
    /// What is said where it is given a mask.
    pub refusal: Refusal,
}

impl ResultObligation {
    /// Whether its rows pass unread.
    pub fn is_free(&self) -> bool {
        self.masks.is_empty() && self.searched.is_empty() && self.search_all.is_empty()
    }
}

/// Why an action is refused; each kind has one stable code per protocol.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RefusalKind {
    /// Policy says no.
    Denied,
    /// It waits for approval; the ticket is in the refusal.
    Pending,
    /// People said no.
    Disapproved,
    /// Nobody answered in time.
    Expired,
    /// The client withdrew (cancel).
    Withdrawn,
    /// It was not understood.
    NotUnderstood,
    /// A named limit was exceeded.
    Limit,
    /// There is no room left for the recording.
    RecordingFull,
    /// The recording cannot be written.
    RecordingFailed,
    /// The gateway cannot decide or reach what it needs.
    Unavailable,
    /// Identity is gone: revoked, expired.
    Unauthenticated,
}

/// A refusal, ready to be worded in the client's own protocol.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// Which kind.
    pub kind: RefusalKind,
    /// What was refused and by which rule.
    pub message: String,
    /// Effects and policy ids.
    pub detail: Option<String>,
    /// What would pass, or how to ask.
    pub hint: Option<String>,
    /// The ticket, for holds.
    pub ticket: Option<ApprovalId>,
    /// What is said to the client may quote the literals of its own text, because the record holds them as well.
    pub may_quote: bool,
}

impl Refusal {
    /// A refusal of `kind` that says `message` and nothing else.
    pub fn new(kind: RefusalKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            detail: None,
            hint: None,
            ticket: None,
            may_quote: false,
        }
    }
}
