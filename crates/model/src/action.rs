//! The protocol-neutral unit of enforcement.

use std::ops::Range;
use std::sync::Arc;

use crate::effect::{Assignment, ColumnUse, Effect, Given, Projections};
use crate::reach::{Ground, Named};

/// How a bound parameter's bytes are to be read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ParameterFormat {
    /// The type's text form.
    Text,
    /// The type's binary form.
    Binary,
}

/// One bound parameter.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Parameter {
    /// The value's bytes; `None` is NULL.
    pub value: Option<Vec<u8>>,
    /// How to read them.
    pub format: ParameterFormat,
    /// The declared type OID; 0 where the server chooses.
    pub type_oid: u32,
}

/// What the client says it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Application {
    /// `application_name`, User-Agent or the like; unverified.
    pub name: String,
    /// The peer's network address, `ip:port` or `unix`.
    pub address: String,
}

/// What the client asked the protocol to do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ActionKind {
    /// A text to run now (simple query).
    Query,
    /// A text to keep for later; runs nothing itself.
    Prepare,
    /// A kept text to run with bound parameters.
    Execute,
    /// A function call by number (fast path).
    FunctionCall,
    /// Anything else the protocol names.
    Other,
}

/// The masks that a session was given and that cannot be told by their look.
pub trait Delivered: Send + Sync + std::fmt::Debug {
    /// Whether it was given this value, in either format, of a column of this type; true as well where it forgot some
    /// and the value looks like one.
    fn had(
        &self,
        kind: crate::MaskKind,
        type_oid: u32,
        value: &[u8],
        format: ParameterFormat,
    ) -> bool;
}

/// One statement of an action, analysed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statement {
    /// Where its text stands in the action's text, in bytes.
    pub range: Range<usize>,
    /// The statement's kind as people call it: `SELECT`, `CREATE TABLE`, `COPY`.
    pub kind: String,
    /// Everything it would do.
    pub effects: Vec<Effect>,
    /// Where its output columns come from.
    pub projections: Projections,
    /// Columns whose values it uses other than by returning them.
    pub uses: Vec<ColumnUse>,
    /// What it is given for the columns that it writes.
    pub given: Vec<Assignment>,
    /// What it gives to a statement that it runs by name, by parameter.
    pub arguments: Vec<Vec<Given>>,
    /// Whether its data-changing part carries a WHERE clause (true where none could).
    pub has_where: bool,
}

/// What a client asks for, understood, before anybody decided.
#[derive(Clone, Debug)]
pub struct Action {
    /// How it was asked.
    pub kind: ActionKind,
    /// The text as sent, UTF-8.
    pub text: Arc<str>,
    /// The text with every literal that may be a labelled value taken out; what is recorded.
    /// `None` when the text carries none and may be recorded as it is.
    pub text_redacted: Option<Arc<str>>,
    /// The statements within, in order. Empty only when `not_understood` says why.
    pub statements: Arc<[Statement]>,
    /// Bound parameters, in order.
    pub parameters: Vec<Parameter>,
    /// Where the literals of the text stand, in order, for the statements that count them (see [`crate::GivenValue::Literal`]).
    pub literals: Vec<Range<usize>>,
    /// The masks that the session was given.
    pub delivered: Option<Arc<dyn Delivered>>,
    /// Why the action could not be understood; such an action is refused.
    pub not_understood: Option<String>,
    /// Identifies the analysis that produced `statements`; equal keys mean equal statements.
    /// 0 means: do not cache.
    pub analysis_key: u64,
    /// Whether the session is inside a transaction block.
    pub in_transaction: bool,
    /// Texts that it runs by name, and that stand in none of its own.
    pub named: Vec<Named>,
    /// What it was analysed against; asked only when people have to be.
    pub ground: Option<Arc<dyn Ground>>,
}
