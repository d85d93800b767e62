//! What tests and fuzz targets share: a toy statement language and a host that drives a session and watches it.
//!
//! Never part of a product: behind the feature `testing`.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::BytesMut;
use gate::Permit;
use model::decision::{ResultObligation, Wall};
use model::{
    ActionId, ColumnRef, Limits, Mask, MaskKind, Obligations, Projection, Projections, Refusal,
    RefusalKind, Secret, SessionId, Statement,
};
use sql::{Inspected, Inspection, SessionChange, Step};

use super::frame::{Fields, HEADER_BYTES, Header};
use super::{Inspector, Session, SessionParts, UpstreamReady};
use crate::kit::{Effect, Session as _};

/// The toy catalog: relation 1 is the table that every `select` reads.
pub(crate) fn stored_at(relation: u32, number: i16) -> Option<Vec<ColumnRef>> {
    (relation == 1 && number > 0).then(|| vec![column(usize::from(number.unsigned_abs()) - 1)])
}

/// Analyses a text of the toy language: statements end at `;`, the first word says what they are, a `select`
/// returns as many columns as it has commas and one more.
///
/// # Errors
/// Says why, for a statement that begins with `bad`.
pub fn inspect(text: &str) -> Result<Inspection, String> {
    let mut statements = Vec::new();
    let mut start = 0;
    for part in text.split(';') {
        let range = start..start + part.len();
        start = range.end + 1;
        if !part.trim().is_empty() {
            statements.push(statement(part.trim(), range)?);
        }
    }
    Ok(Inspection {
        statements,
        text_redacted: None,
        shape_safe: false,
    })
}

fn statement(text: &str, range: std::ops::Range<usize>) -> Result<Inspected, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let name = |at: usize| words.get(at).copied().unwrap_or_default().to_owned();
    let behind = |word: &str| {
        let found = text.find(word).map(|at| at + word.len());
        found
            .and_then(|at| text.get(at..))
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let mut change = SessionChange::default();
    let mut projections = Projections::None;
    match words.first().copied().unwrap_or_default() {
        "bad" => return Err("syntax error at or near \"bad\"".to_owned()),
        "select" => projections = columns(text),
        "begin" => change.step = Step::Begin,
        "commit" => change.step = Step::Commit,
        "rollback" => change.step = Step::Rollback,
        "set" => change.state_moved = true,
        "call" => {
            change.state_moved = true;
            change.unread = true;
        }
        "become" => {
            change.state_moved = true;
            change.footing_moved = true;
        }
        "create" => {
            change.state_moved = true;
            change.catalog_changed = true;
        }
        "prepare" => {
            let inner = Box::new(statement(&behind(" as "), 0..0)?);
            change.step = Step::Prepare {
                name: name(1),
                inner,
            };
        }
        "execute" => {
            projections = Projections::Named(name(1));
            change.step = Step::Execute { name: name(1) };
        }
        "deallocate" => {
            let name = Some(name(1)).filter(|name| name != "all");
            change.step = Step::Deallocate { name };
        }
        "declare" => {
            let inner = Box::new(statement(&behind(" for "), 0..0)?);
            change.step = Step::DeclareCursor {
                name: name(1),
                inner,
                held: text.contains(" hold "),
            };
        }
        "fetch" => {
            projections = Projections::Named(name(1));
            change.step = Step::Fetch { name: name(1) };
        }
        "close" => {
            let name = Some(name(1)).filter(|name| name != "all");
            change.step = Step::CloseCursor { name };
        }
        "copy" if text.contains("stdin") => change.step = Step::CopyIn,
        "copy" => {
            projections = columns(text);
            change.step = Step::CopyOut;
        }
        _ => {}
    }
    Ok(Inspected {
        statement: Statement {
            range,
            kind: name(0).to_uppercase(),
            effects: Vec::new(),
            projections,
            uses: Vec::new(),
            given: Vec::new(),
            arguments: Vec::new(),
            has_where: true,
        },
        session: change,
        returns_rows: false,
        notes: Vec::new(),
        refused: None,
    })
}

fn column(at: usize) -> ColumnRef {
    ColumnRef {
        schema: "public".to_owned(),
        table: "t".to_owned(),
        column: format!("c{at}"),
        type_oid: 25,
    }
}

fn columns(text: &str) -> Projections {
    let count = text.matches(',').count() + 1;
    let constant = |at| {
        text.split(',')
            .nth(at)
            .is_some_and(|part| part.contains('\''))
    };
    let columns = (0..count).map(|at| match constant(at) {
        true => Projection::Free,
        false => Projection::Direct(vec![column(at)]),
    });
    Projections::Columns(columns.collect())
}

/// What a host saw, one line each: bytes towards either side as messages, and effects.
pub type Log = Vec<String>;

/// Drives one session as a host would.
pub struct Host {
    /// The session under test.
    pub session: Session,
    /// Everything seen, in order.
    pub log: Log,
    /// The number of the last action that was asked about.
    pub sequence: u64,
    client: BytesMut,
    upstream: BytesMut,
    half_client: BytesMut,
    half_upstream: BytesMut,
    /// Bytes that went upstream and that nobody took yet.
    pub sent: BytesMut,
    /// Bytes delivered by action, to compare with what is reported.
    delivered: HashMap<u64, usize>,
}

impl Host {
    /// A session with the toy inspector and a mask key, just logged in.
    pub fn new(limits: Limits) -> Self {
        let upstream = UpstreamReady {
            parameters: vec![("application_name".to_owned(), "ada: psql".to_owned())],
            cancel: None,
            server_version: 150_018,
            protocol_minor: 2,
        };
        let session = Session::new(SessionParts {
            limits,
            inspector: Arc::new(Inspector::toy()),
            upstream: &upstream,
            mask_key: mask::MaskKey(Secret::new(vec![7; 32])),
            who: "ada".to_owned(),
        });
        let mut host = Self {
            session,
            log: Vec::new(),
            sequence: 0,
            client: BytesMut::new(),
            upstream: BytesMut::new(),
            half_client: BytesMut::new(),
            half_upstream: BytesMut::new(),
            sent: BytesMut::new(),
            delivered: HashMap::new(),
        };
        host.settle();
        host
    }

    /// Client bytes arrive.
    pub fn client(&mut self, bytes: &[u8]) {
        self.client.extend_from_slice(bytes);
        self.settle();
    }

    /// Client bytes that were not taken yet.
    pub fn unread(&self) -> usize {
        self.client.len()
    }

    /// Upstream bytes arrive.
    pub fn upstream(&mut self, bytes: &[u8]) {
        self.upstream.extend_from_slice(bytes);
        self.session.on_upstream(&mut self.upstream);
        self.settle();
    }

    /// The gate says yes, with these columns masked to NULL in every result of this width.
    pub fn release(&mut self, masks: &[usize], width: Option<usize>, scrub_messages: bool) {
        self.release_behind(masks, width, scrub_messages, None);
    }

    /// The gate says yes; `wall` stands before the columns that are hidden.
    pub fn release_behind(
        &mut self,
        masks: &[usize],
        width: Option<usize>,
        scrub_messages: bool,
        wall: Option<Wall>,
    ) {
        let result = ResultObligation {
            width,
            masks: masks.iter().map(|position| mask_of(*position)).collect(),
            ..ResultObligation::default()
        };
        let obligations = Obligations {
            results: vec![result; 4],
            scrub_messages,
            wall,
            ..Obligations::default()
        };
        self.release_as(self.sequence, obligations);
    }

    /// The gate says yes to the action of this number.
    pub fn release_as(&mut self, sequence: u64, obligations: Obligations) {
        let session = SessionId::from_bytes([0; 16]);
        let action = ActionId { session, sequence };
        self.session.release(Permit::for_tests(action, obligations));
        self.settle();
    }

    /// The gate says no.
    pub fn refuse(&mut self, kind: RefusalKind, message: &str) {
        let refusal = Refusal::new(kind, message);
        self.session.refuse(self.sequence, &refusal);
        self.settle();
    }

    /// The session is over.
    pub fn wind_up(&mut self) {
        self.session.wind_up();
        self.settle();
    }

    /// The catalog was read.
    pub fn catalog_read(&mut self) {
        self.session.catalog_read();
        self.settle();
    }

    /// Polls, drains and feeds back until nothing moves.
    pub fn settle(&mut self) {
        loop {
            let before = self.client.len();
            self.session.on_client(&mut self.client);
            let mut moved = self.client.len() != before;
            while let Some(effect) = self.session.poll() {
                moved = true;
                self.on_effect(effect);
            }
            self.drain();
            if !moved && self.quiet() {
                return;
            }
        }
    }

    fn quiet(&mut self) -> bool {
        self.session.to_client().0.is_empty() && self.session.to_upstream().is_empty()
    }

    fn on_effect(&mut self, effect: Effect) {
        let line = match effect {
            Effect::Judge(action) => {
                self.sequence = self.sequence.max(self.session_sequence());
                let reason = action.not_understood.map(|why| format!(" ({why})"));
                format!(
                    "! judge {:?} {}{}{}",
                    action.kind,
                    action.text,
                    match action.parameters.len() {
                        0 => String::new(),
                        count => format!(" with {count}"),
                    },
                    reason.unwrap_or_default()
                )
            }
            Effect::Inspect(inspect) => {
                let result = (inspect.run)();
                self.session.inspected(result);
                return;
            }
            Effect::Completed(done) => {
                let found = done.detected.counts().filter(|(_, count)| *count > 0);
                let found: String = found
                    .map(|(word, count)| format!(" {word}={count}"))
                    .collect();
                format!(
                    "! completed {} {:?} rows={} error={}{found}",
                    done.sequence,
                    done.status,
                    done.rows,
                    done.error.unwrap_or_default()
                )
            }
            Effect::CatalogChanged => "! catalog changed".to_owned(),
            Effect::Contradicted => "! contradicted".to_owned(),
            Effect::Close(fault, text) => format!("! close {} {text}", fault.as_str()),
        };
        self.log.push(line);
    }

    /// Judgements are numbered from 1 without gaps, but one judged again keeps its number.
    fn session_sequence(&self) -> u64 {
        self.session.sequence
    }

    fn drain(&mut self) {
        let (bytes, spans) = self.session.to_client();
        let told: usize = spans.iter().map(|span| span.len).sum();
        assert_eq!(told, bytes.len(), "spans tell every byte");
        for span in spans.drain(..) {
            *self.delivered.entry(span.sequence).or_default() += span.len;
        }
        self.half_client.unsplit(bytes.split());
        let bytes = self.session.to_upstream().split();
        self.sent.extend_from_slice(&bytes);
        self.half_upstream.unsplit(bytes);
        for line in messages(&mut self.half_upstream) {
            self.log.push(format!(">S {line}"));
        }
        for line in messages(&mut self.half_client) {
            self.log.push(format!(">C {line}"));
        }
    }
}

/// A mask that makes NULL of a column.
pub(crate) fn mask_of(position: usize) -> Mask {
    Mask {
        position,
        kind: MaskKind::Null,
        type_oid: 25,
        inside: None,
    }
}

/// Takes whole messages from the front and shows them.
fn messages(bytes: &mut BytesMut) -> Vec<String> {
    let mut lines = Vec::new();
    let mut portal_closed = false;
    loop {
        let Ok(header) = Header::peek(bytes) else {
            panic!("a session writes whole messages");
        };
        let Some(header) = header.filter(|header| bytes.len() >= header.total()) else {
            break;
        };
        let message = bytes.split_to(header.total());
        let body = message.get(HEADER_BYTES..).unwrap_or_default();
        // The Close of the statement that ends a question stands behind that of its portal.
        if header.kind == b'C' && body == b"Sportcullis_own\0" && !portal_closed {
            lines.push("own close".to_owned());
        }
        portal_closed = header.kind == b'C' && body == b"Pportcullis_own\0";
        lines.extend(show(header.kind, body));
    }
    lines
}

/// One message in the transcripts' notation; of the gateway's own question only its Parse is shown.
fn show(kind: u8, body: &[u8]) -> Option<String> {
    let own = b"portcullis_own\0";
    if kind == b'P' && body.starts_with(own) {
        let mut fields = Fields::new(kind, body);
        let text = fields
            .cstr()
            .and_then(|_| fields.text())
            .unwrap_or_default();
        return Some(match text {
            _ if text == sql::state::BRIEF => "own state".to_owned(),
            _ if text == sql::state::QUERY => "own whole state".to_owned(),
            text => format!("own {text}"),
        });
    }
    if body.starts_with(own) || (kind == b'C' && body.get(1..).is_some_and(|b| b.starts_with(own)))
    {
        return None;
    }
    let body = body.escape_ascii().to_string().replace("\\x00", "\\0");
    let kind = char::from(kind);
    Some(format!("{kind} {body}").trim_end().to_owned())
}
