//! What a recording is made of. The wire form is documented in `docs/recording-format.md` and versioned.
//!
//! Must never hold a raw value of a masked column: whoever makes an event has taken it out.

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
    /// The part of a response that was not kept because it went beyond `recorded_response_bytes_max`.
    ResponseRest {
        /// The action's number in the session.
        sequence: u64,
        /// How many bytes.
        bytes: u64,
        /// Their SHA-256.
        hash: [u8; 32],
    },
    /// Binds a session's results into its closing record. Written by the recorder itself.
    StreamEnd(StreamEnd),
    /// An event that a newer gateway wrote. Skipped by readers, covered by the hashes.
    Unknown(Unknown<'a>),
}

/// Where a session's stream of results ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct StreamEnd {
    /// How many records the stream has.
    pub records: u64,
    /// The hash of the last of them; zeros when there is none.
    pub hash: [u8; 32],
}

/// An event of a kind that this reader does not know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unknown<'a> {
    /// Its tag.
    pub tag: u8,
    /// Its encoded fields.
    pub body: Cow<'a, [u8]>,
}

impl Event<'_> {
    /// When it happened, where the event says so.
    pub fn time(&self) -> Option<u64> {
        match self {
            Self::SessionOpened(opened) => Some(opened.time),
            Self::Action(action) => Some(action.time),
            Self::Completed(completed) => Some(completed.time),
            Self::Approval(approval) => Some(approval.time),
            Self::SessionClosed { time, .. } | Self::Control { time, .. } => Some(*time),
            Self::Response { .. }
            | Self::ResponseRest { .. }
            | Self::StreamEnd(_)
            | Self::Unknown(_) => None,
        }
    }

    /// The action it belongs to, by number in the session; `None` for events of no action.
    pub fn sequence(&self) -> Option<u64> {
        match self {
            Self::Action(action) => Some(action.sequence),
            Self::Response { sequence, .. } | Self::ResponseRest { sequence, .. } => {
                Some(*sequence)
            }
            Self::Completed(completed) => Some(completed.sequence),
            Self::Approval(approval) => Some(approval.sequence),
            Self::SessionOpened(_)
            | Self::SessionClosed { .. }
            | Self::Control { .. }
            | Self::StreamEnd(_)
            | Self::Unknown(_) => None,
        }
    }

    /// The same event on its own memory.
    pub fn into_owned(self) -> Event<'static> {
        match self {
            Self::SessionOpened(opened) => Event::SessionOpened(opened.into_owned()),
            Self::Action(action) => Event::Action(action.into_owned()),
            Self::Response { sequence, bytes } => Event::Response {
                sequence,
                bytes: bytes.into_owned().into(),
            },
            Self::Completed(completed) => Event::Completed(completed.into_owned()),
            Self::Approval(approval) => Event::Approval(approval.into_owned()),
            Self::SessionClosed { time, reason } => Event::SessionClosed {
                time,
                reason: own(reason),
            },
            Self::Control {
                time,
                actor,
                name,
                fields,
            } => Event::Control {
                time,
                actor: own(actor),
                name: own(name),
                fields: own_pairs(fields),
            },
            Self::ResponseRest {
                sequence,
                bytes,
                hash,
            } => Event::ResponseRest {
                sequence,
                bytes,
                hash,
            },
            Self::StreamEnd(end) => Event::StreamEnd(end),
            Self::Unknown(unknown) => Event::Unknown(Unknown {
                tag: unknown.tag,
                body: unknown.body.into_owned().into(),
            }),
        }
    }
}

fn own(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

fn own_all(texts: Vec<Cow<'_, str>>) -> Vec<Cow<'static, str>> {
    texts.into_iter().map(own).collect()
}

fn own_pairs(
    pairs: Vec<(Cow<'_, str>, Cow<'_, str>)>,
) -> Vec<(Cow<'static, str>, Cow<'static, str>)> {
    pairs.into_iter().map(|(a, b)| (own(a), own(b))).collect()
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
    /// The principal's e-mail address, where it is known.
    pub email: Cow<'a, str>,
    /// What policies may ask of the human it acts for, besides key and name.
    pub human: Option<Box<Human<'a>>>,
    /// The gateway says circumstances: no e-mail address then means that there is none, and an action's statements and
    /// transaction are as it says. Otherwise they are not known.
    pub says_circumstances: bool,
}

/// The human behind a principal, as policies see one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Human<'a> {
    /// human, agent or workload.
    pub kind: Cow<'a, str>,
    /// Groups.
    pub groups: Vec<Cow<'a, str>>,
    /// The e-mail address, where it is known.
    pub email: Cow<'a, str>,
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
    /// `\x…` for binary ones that are not spelled (integers, booleans and texts are).
    pub parameters: Vec<Option<Cow<'a, str>>>,
    /// Effects, rendered.
    pub effects: Vec<Cow<'a, str>>,
    /// allow, hold or deny. A held action that is let go, or refused, is recorded again under the same number:
    /// the later one counts.
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
    /// Labels of the columns that it touches, sorted.
    pub labels: Vec<Cow<'a, str>>,
    /// Its statements, in order. None where it has effects and is one `SELECT`, which most are, or where the gateway does
    /// not say circumstances.
    pub statements: Cow<'a, [StatementRecorded]>,
    /// It stood inside a transaction block.
    pub in_transaction: bool,
}

/// The kind of most statements.
const USUAL_KIND: &str = "SELECT";

/// What policies may ask of one statement of an action.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StatementRecorded {
    /// Its kind: `SELECT`, `CREATE TABLE`…
    pub kind: String,
    /// How many of the action's effects are its own: the first statement has the first ones.
    pub effects: u64,
    /// Its data-changing part has a WHERE, or could not have one.
    pub has_where: bool,
}

/// The status of an action that was sent and not answered when its session ended: whether it ran is not known.
pub const UNANSWERED: &str = "UNANSWERED";

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
    /// Values hidden because of what was found in them: the detector's word and how many.
    pub detected: Vec<(Cow<'a, str>, u64)>,
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

impl SessionOpened<'_> {
    /// The same on its own memory.
    pub fn into_owned(self) -> SessionOpened<'static> {
        SessionOpened {
            time: self.time,
            session: self.session,
            principal: own(self.principal),
            name: own(self.name),
            kind: own(self.kind),
            groups: own_all(self.groups),
            acts_for: own_all(self.acts_for),
            credential: own(self.credential),
            claims: own_pairs(self.claims),
            resource: own(self.resource),
            database: own(self.database),
            protocol: own(self.protocol),
            application: own(self.application),
            address: own(self.address),
            login: own(self.login),
            tls: own(self.tls),
            email: own(self.email),
            human: self.human.map(|human| Box::new(human.into_owned())),
            says_circumstances: self.says_circumstances,
        }
    }
}

impl Human<'_> {
    /// The same on its own memory.
    pub fn into_owned(self) -> Human<'static> {
        Human {
            kind: own(self.kind),
            groups: own_all(self.groups),
            email: own(self.email),
        }
    }
}

impl StatementRecorded {
    /// Whether this, as the only one of an action, is what an action with effects is without any.
    pub fn is_usual(&self) -> bool {
        self.kind == USUAL_KIND && self.has_where && self.effects > 0
    }

    /// What an action with so many effects is where it says no statements.
    pub fn usual(effects: u64) -> Self {
        Self {
            kind: USUAL_KIND.to_owned(),
            effects,
            has_where: true,
        }
    }
}

impl ActionRecorded<'_> {
    /// The same on its own memory.
    pub fn into_owned(self) -> ActionRecorded<'static> {
        let parameters = self.parameters.into_iter();
        ActionRecorded {
            time: self.time,
            sequence: self.sequence,
            kind: own(self.kind),
            text: own(self.text),
            parameters: parameters.map(|value| value.map(own)).collect(),
            effects: own_all(self.effects),
            outcome: own(self.outcome),
            reasons: own_pairs(self.reasons),
            policy: self.policy,
            masked: own_all(self.masked),
            approval: self.approval,
            approvers: own_all(self.approvers),
            labels: own_all(self.labels),
            statements: Cow::Owned(self.statements.into_owned()),
            in_transaction: self.in_transaction,
        }
    }
}

impl Completed<'_> {
    /// The same on its own memory.
    pub fn into_owned(self) -> Completed<'static> {
        Completed {
            time: self.time,
            sequence: self.sequence,
            status: own(self.status),
            rows: self.rows,
            bytes: self.bytes,
            duration: self.duration,
            error: self.error.map(own),
            detected: self
                .detected
                .into_iter()
                .map(|(a, n)| (own(a), n))
                .collect(),
        }
    }
}

impl ApprovalRecorded<'_> {
    /// The same on its own memory.
    pub fn into_owned(self) -> ApprovalRecorded<'static> {
        ApprovalRecorded {
            time: self.time,
            sequence: self.sequence,
            approval: self.approval,
            state: own(self.state),
            actor: own(self.actor),
            comment: own(self.comment),
        }
    }
}
