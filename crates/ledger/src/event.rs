//! What a recording is made of. The wire form is documented in `docs/recording-format.md` and versioned.

use std::borrow::Cow;

/// One event. Times are microseconds since the Unix epoch, UTC; ids are their 16 bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event<'a> {
    /// A session was opened.
    SessionOpened(SessionOpened<'a>),
    /// An action was decided. Written before anything is forwarded.
    Action(ActionRecorded<'a>),
    /// Response bytes as delivered, in the protocol's own framing.
    Response {
        /// The action's number in the session.
        sequence: u64,
        /// The bytes.
        bytes: Cow<'a, [u8]>,
    },
    /// An action ended.
    Completed(Completed<'a>),
    /// A held action's request changed state.
    Approval(ApprovalRecorded<'a>),
    /// A session ended.
    SessionClosed {
        /// When.
        time: u64,
        /// Why, one line.
        reason: Cow<'a, str>,
    },
    /// A change of the control plane: policy set, labels, keys, revocations, start, stop, recordings viewed.
    Control {
        /// When.
        time: u64,
        /// Who, or `portcullis`.
        actor: Cow<'a, str>,
        /// Which: `policy.loaded`, `key.issued`, `key.revoked`, `recording.viewed`, `gateway.started`…
        name: Cow<'a, str>,
        /// Particulars, ordered.
        fields: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    },
}

/// A session's beginning.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SessionOpened<'a> {
    /// When.
    pub time: u64,
    /// The session.
    pub session: [u8; 16],
    /// Principal key (`issuer|subject`).
    pub principal: Cow<'a, str>,
    /// The principal's display name.
    pub name: Cow<'a, str>,
    /// human, agent or workload.
    pub kind: Cow<'a, str>,
    /// Groups.
    pub groups: Vec<Cow<'a, str>>,
    /// The human it acts for: key and name; empty when none.
    pub acts_for: Vec<Cow<'a, str>>,
    /// The credential's id; never the credential.
    pub credential: Cow<'a, str>,
    /// Claims used.
    pub claims: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// The resource.
    pub resource: Cow<'a, str>,
    /// The database.
    pub database: Cow<'a, str>,
    /// The protocol whose framing `Response` bytes have: `postgres`.
    pub protocol: Cow<'a, str>,
    /// Application name as the client gave it.
    pub application: Cow<'a, str>,
    /// The peer's address.
    pub address: Cow<'a, str>,
    /// The login name the client gave.
    pub login: Cow<'a, str>,
    /// TLS version and cipher, or `none`.
    pub tls: Cow<'a, str>,
}

/// An action and what was decided.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ActionRecorded<'a> {
    /// When.
    pub time: u64,
    /// Its number in the session.
    pub sequence: u64,
    /// query, prepare, execute, function_call, other.
    pub kind: Cow<'a, str>,
    /// The text, without values of labelled columns.
    pub text: Cow<'a, str>,
    /// Bound parameters as text; `None` is NULL; `<redacted>` stands for a value that may be a labelled one,
    /// `\x…` for binary.
    pub parameters: Vec<Option<Cow<'a, str>>>,
    /// Effects, rendered.
    pub effects: Vec<Cow<'a, str>>,
    /// allow, hold or deny.
    pub outcome: Cow<'a, str>,
    /// Policy ids and texts.
    pub reasons: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// The hash of the policy set in force.
    pub policy: [u8; 32],
    /// Names of masked output columns (`schema.table.column`).
    pub masked: Vec<Cow<'a, str>>,
    /// The approval redeemed, if any.
    pub approval: Option<[u8; 16]>,
    /// Principal keys of those who approved.
    pub approvers: Vec<Cow<'a, str>>,
}

/// An action's end.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Completed<'a> {
    /// When.
    pub time: u64,
    /// The action's number in the session.
    pub sequence: u64,
    /// Command tag or status.
    pub status: Cow<'a, str>,
    /// Rows delivered or changed.
    pub rows: u64,
    /// Response bytes delivered.
    pub bytes: u64,
    /// Microseconds from forwarding to the end.
    pub duration: u64,
    /// Stable error code, when it failed.
    pub error: Option<Cow<'a, str>>,
}

/// A request for approval and its state.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ApprovalRecorded<'a> {
    /// When.
    pub time: u64,
    /// The action's number in the session; 0 outside one.
    pub sequence: u64,
    /// The request.
    pub approval: [u8; 16],
    /// requested, approved, denied, expired, withdrawn, redeemed, ticket.
    pub state: Cow<'a, str>,
    /// Who did it.
    pub actor: Cow<'a, str>,
    /// Their words, if any.
    pub comment: Cow<'a, str>,
}
