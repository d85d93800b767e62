//! One logged-in session between a client and its upstream.
//!
//! Client messages are taken strictly in order, and one action at a time is under judgement; whatever may make the
//! server do something is held until a [`Permit`] for exactly that action comes. The rest of what goes upstream is
//! authored here: Sync, Flush, Describe and Close by known names, and the gateway's own questions. Knows no socket
//! and no clock.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{BufMut, BytesMut};
use gate::Permit;
use gate::admit::Completion;
use model::{Limits, Refusal, RefusalKind, Search};

use super::action::Held;
use super::broken::Broken;
use super::client::{self, Rest};
use super::copy_in::CopyIn;
use super::freed::Freed;
use super::inspect::{Analysis, Inspector, NumberedView, Standing};
use super::login::UpstreamReady;
use super::origin::Descriptions;
use super::portal::{Batches, Names, Portal, Prepared};
use super::question::OWN_NAME;
use super::queue::{Expect, Purpose, Refused};
use super::recent::Recent;
use super::refuse::{self, Severity, Words, own};
use crate::kit::{self, Effect, Span};

/// What a session is made of.
pub struct SessionParts<'a> {
    /// The bounds.
    pub limits: Limits,
    /// The database's inspector.
    pub inspector: Arc<Inspector>,
    /// What the upstream reported at login.
    pub upstream: &'a UpstreamReady,
    /// The key of deterministic masks.
    pub mask_key: mask::MaskKey,
    /// Who acts, for the upstream's `application_name`: put before whatever the client calls itself.
    pub who: String,
}

/// What client messages wait for.
pub(crate) enum Phase {
    /// Nothing.
    Ready,
    /// An answer of the upstream.
    AwaitUpstream,
    /// The catalog as it is now.
    AwaitCatalog,
    /// The analysis of a text.
    AwaitAnalysis,
    /// A verdict.
    AwaitVerdict(Box<Held>),
    /// Nothing ever: the session is over.
    Over,
}

/// One session's core; driven through [`crate::kit::Session`].
pub struct Session {
    pub(crate) limits: Limits,
    pub(crate) inspector: Arc<Inspector>,
    pub(crate) masking: mask::Masking,
    /// What the target's own words are searched for.
    pub(crate) search: Search,
    pub(crate) prefix: String,
    pub(crate) phase: Phase,
    /// The last action's number.
    pub(crate) sequence: u64,
    /// The message under judgement, whole; kept for forwarding and for judging again.
    pub(crate) held_frame: BytesMut,
    /// The number of the action that is to be judged again, while it is being analysed.
    pub(crate) again: Option<u64>,
    pub(crate) recent: Recent,
    pub(crate) view: Option<NumberedView>,
    /// The view with the catalog, for whoever has to show how far an action reaches.
    pub(crate) standing: Option<Arc<Standing>>,
    /// The view may be out of date.
    pub(crate) dirty: bool,
    /// The server was asked for the state and has not answered.
    pub(crate) asking: bool,
    /// The gateway's own name may still be taken at the server, by a question that failed.
    pub(crate) own_left: bool,
    /// The session may see something of its own: the state must be asked for as a whole.
    pub(crate) has_own: bool,
    /// Something moved in the transaction that is open, and may move back at its end.
    pub(crate) moved: bool,
    /// Definitions may have changed in the transaction that is open.
    pub(crate) catalog_moved: bool,
    /// Who the session acted as so far, and with which settings; the first is the login's.
    pub(crate) footings: Vec<sql::state::Footing>,
    /// A statement that was admitted sets one of these: what the server says next is one more.
    pub(crate) footing_moved: bool,
    /// The host was told to read the catalog and has not said that it did.
    pub(crate) catalog_awaited: bool,
    /// The upstream's transaction status: `I`, `T` or `E`.
    pub(crate) status: u8,
    /// A transaction block was begun in the batch being sent.
    pub(crate) began: bool,
    /// What ends or saves a failed transaction was sent, and its answer did not come yet.
    pub(crate) saved: bool,
    /// Nothing was sent since the last Sync or simple query.
    pub(crate) synced: bool,
    /// A Flush was sent and nothing after it.
    pub(crate) flushed: bool,
    pub(crate) skip_to_sync: bool,
    /// The upstream takes CopyData from the client.
    pub(crate) copy_in: bool,
    /// How its data is read, where masks must not be in it.
    pub(crate) copied: Option<Box<CopyIn>>,
    pub(crate) batches: Batches,
    pub(crate) queue: VecDeque<Expect>,
    pub(crate) statements: Names<Prepared>,
    pub(crate) portals: Names<Portal>,
    pub(crate) freed: Freed,
    pub(crate) descriptions: Descriptions,
    /// Bytes of a client message still to be forwarded (CopyData) or dropped.
    pub(crate) client_rest: usize,
    pub(crate) client_rest_goes: Rest,
    /// Bytes of an upstream message still to be passed on.
    pub(crate) upstream_rest: usize,
    pub(crate) upstream_rest_sequence: u64,
    name_moved: bool,
    pub(crate) application: String,
    notices: Vec<(String, String)>,
    effects: VecDeque<Effect>,
    to_client: BytesMut,
    spans: Vec<Span>,
    pub(crate) to_upstream: BytesMut,
    pub(crate) finished: bool,
}

impl Session {
    /// Starts between a client that was told ReadyForQuery and an upstream that said it.
    pub fn new(parts: SessionParts<'_>) -> Self {
        let prefix = format!("{}: ", parts.who);
        let reported = parts.upstream.parameters.iter();
        let application = reported
            .filter(|(name, _)| name == "application_name")
            .map(|(_, value)| value.strip_prefix(&prefix).unwrap_or(value).to_owned())
            .next_back();
        let mut session = Self {
            masking: mask::Masking::new(parts.mask_key, &parts.limits),
            limits: parts.limits,
            inspector: parts.inspector,
            search: Search::default(),
            prefix,
            phase: Phase::Ready,
            sequence: 0,
            held_frame: BytesMut::new(),
            again: None,
            recent: Recent::default(),
            view: None,
            standing: None,
            dirty: true,
            asking: false,
            own_left: false,
            has_own: false,
            moved: false,
            catalog_moved: false,
            footings: Vec::new(),
            footing_moved: false,
            catalog_awaited: false,
            status: b'I',
            began: false,
            saved: false,
            synced: true,
            flushed: false,
            skip_to_sync: false,
            copy_in: false,
            copied: None,
            batches: Batches::default(),
            queue: VecDeque::new(),
            statements: Names::default(),
            portals: Names::default(),
            freed: Freed::default(),
            descriptions: Descriptions::default(),
            client_rest: 0,
            client_rest_goes: Rest::Nowhere,
            upstream_rest: 0,
            upstream_rest_sequence: 0,
            name_moved: false,
            application: application.unwrap_or_default(),
            notices: Vec::new(),
            effects: VecDeque::new(),
            to_client: BytesMut::new(),
            spans: Vec::new(),
            to_upstream: BytesMut::new(),
            finished: false,
        };
        session.ask(Purpose::State);
        session
    }

    /// Whether an action awaits its verdict.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn is_held(&self) -> bool {
        matches!(self.phase, Phase::AwaitVerdict(_))
    }

    /// Whether the session ended from inside.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// Ends the session because somebody broke a rule.
    pub(crate) fn end(&mut self, broken: &Broken) {
        if matches!(self.phase, Phase::Over) {
            return;
        }
        if broken.is_contradiction() {
            self.push(Effect::Contradicted);
        }
        let text = broken.to_string();
        let code = broken.sqlstate();
        self.say_last(&Words::new(Severity::Fatal, code, &text), Some(code));
        self.push(Effect::Close(broken.fault(), text));
    }

    /// Writes a last message, if the client is at a message's boundary, and forwards nothing more. `code` is why what
    /// was being answered came to its end.
    fn say_last(&mut self, words: &Words<'_>, code: Option<&str>) {
        self.end_all(code.map(str::to_owned));
        self.to_upstream.clear();
        if self.upstream_rest == 0 {
            let start = self.to_client.len();
            refuse::put(&mut self.to_client, words);
            self.attribute(0, start);
        }
    }

    pub(crate) fn push(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    pub(crate) fn complete(&mut self, completion: Completion) {
        if completion.sequence != 0 {
            self.push(Effect::Completed(completion));
        }
    }

    /// Appends client-bound bytes that belong to an action.
    pub(crate) fn emit(&mut self, sequence: u64, bytes: &[u8]) {
        let start = self.to_client.len();
        self.to_client.extend_from_slice(bytes);
        self.attribute(sequence, start);
    }

    /// Lets `write` append client-bound bytes that belong to an action.
    pub(crate) fn emit_with<E>(
        &mut self,
        sequence: u64,
        write: impl FnOnce(&mut BytesMut) -> Result<(), E>,
    ) -> Result<usize, E> {
        let start = self.to_client.len();
        write(&mut self.to_client)?;
        Ok(self.attribute(sequence, start))
    }

    /// Likewise, with what masks need; what was found in values is counted for the action that is being answered.
    pub(crate) fn emit_masked<E>(
        &mut self,
        sequence: u64,
        write: impl FnOnce(&mut mask::Masking, &mut BytesMut) -> Result<(), E>,
    ) -> Result<usize, E> {
        let start = self.to_client.len();
        write(&mut self.masking, &mut self.to_client)?;
        if !self.masking.found.is_empty() {
            let found = std::mem::take(&mut self.masking.found);
            self.note(&found);
        }
        Ok(self.attribute(sequence, start))
    }

    /// Says for which action the bytes since `start` are; answers how many they are.
    fn attribute(&mut self, sequence: u64, start: usize) -> usize {
        let len = self.to_client.len().saturating_sub(start);
        match self.spans.last_mut() {
            Some(span) if span.sequence == sequence => span.len += len,
            _ if len == 0 => {}
            _ => self.spans.push(Span { sequence, len }),
        }
        len
    }

    /// Queues what the upstream owes for a message just written.
    pub(crate) fn expect(&mut self, expect: Expect) {
        let boundary = expect.is_boundary();
        self.queue.push_back(expect);
        self.flushed = false;
        self.synced = boundary;
        if boundary {
            self.batches.sending += 1;
        }
    }

    /// Holds client messages until the upstream has answered more; makes sure that it will.
    pub(crate) fn await_upstream(&mut self) {
        self.phase = Phase::AwaitUpstream;
        self.flush();
    }

    pub(crate) fn flush(&mut self) {
        if !self.synced && !self.flushed {
            own(&mut self.to_upstream, b'H', |_| {});
            self.flushed = true;
        }
    }

    /// ReadyForQuery was taken: what held until the end of a transaction or a batch ends here.
    pub(crate) fn at_boundary(&mut self) {
        self.batches.answering += 1;
        // What was sent meanwhile is not answered by this.
        let all = self.synced && !self.batches.in_flight();
        self.began &= !all;
        self.saved &= !all;
        let idle = self.status == b'I';
        let mut dropped = Vec::new();
        let freed = self.freed;
        self.portals.sweep(
            self.batches,
            |portal| idle && (portal.is_transactional() || freed.may_be_gone(portal)),
            |portal| dropped.extend(portal.closing()),
        );
        if idle && all {
            self.freed = Freed::since(self.last_sent());
        }
        dropped.into_iter().for_each(|c| self.complete(c));
        self.statements.sweep(self.batches, |_| false, |_| {});
        if idle {
            self.dirty |= self.moved;
            self.moved &= !all;
            if all && std::mem::take(&mut self.catalog_moved) {
                self.catalog_awaited = true;
                self.push(Effect::CatalogChanged);
            }
        }
        let quiet = self.queue.is_empty() && self.synced && self.status != b'E';
        if quiet && std::mem::take(&mut self.name_moved) {
            self.ask(Purpose::Name);
        }
    }

    /// A ParameterStatus of `application_name`: the client reads what it calls itself, and the upstream's gets
    /// back who acts if it was lost.
    pub(crate) fn application_reported(&mut self, value: &str) -> String {
        match value.strip_prefix(&self.prefix) {
            Some(name) => {
                self.name_moved = false;
                name.clone_into(&mut self.application);
            }
            // The server cuts the name at 63 bytes; a prefix longer than that is as whole as it gets.
            None if !value.is_empty() && self.prefix.starts_with(value) => {}
            None => {
                self.name_moved = true;
                value.clone_into(&mut self.application);
            }
        }
        self.application.clone()
    }

    /// Writes notices that had to wait for a message's boundary.
    pub(crate) fn put_notices(&mut self) {
        for (message, hint) in std::mem::take(&mut self.notices) {
            self.put_notice(&message, &hint);
        }
    }

    fn put_notice(&mut self, message: &str, hint: &str) {
        let start = self.to_client.len();
        let words = Words {
            hint: Some(hint).filter(|hint| !hint.is_empty()),
            ..Words::new(Severity::Notice, "00000", message)
        };
        refuse::put(&mut self.to_client, &words);
        self.attribute(0, start);
    }

    /// Makes the upstream fail in place of a refused message, so that its transaction fails too; the client gets
    /// `error` for the upstream's error.
    pub(crate) fn refuse_held(&mut self, sequence: u64, simple: bool, code: &str, error: BytesMut) {
        let text = refuse::failing_text(sequence);
        if simple {
            own(&mut self.to_upstream, b'Q', |b| {
                super::frame::put_cstr(b, text.as_bytes());
            });
            self.statements.drop_unnamed();
        } else {
            own(&mut self.to_upstream, b'P', |b| {
                super::frame::put_cstr(b, OWN_NAME);
                super::frame::put_cstr(b, text.as_bytes());
                b.put_u16(0);
            });
            self.skip_to_sync = true;
        }
        self.expect(Expect::Refused(Box::new(Refused {
            sequence,
            error,
            code: code.to_owned(),
            simple,
            answered: false,
        })));
    }

    /// Refuses a message that is no action: it names what is not there, or is of a form that is not served.
    pub(crate) fn object(&mut self, simple: bool, code: &'static str, message: &str) {
        let mut error = BytesMut::new();
        refuse::put(&mut error, &Words::new(Severity::Error, code, message));
        self.refuse_held(0, simple, code, error);
    }
}

impl kit::Session for Session {
    fn on_client(&mut self, bytes: &mut BytesMut) {
        loop {
            match self.on_client_message(bytes) {
                Ok(true) => {}
                Ok(false) => return,
                Err(broken) => self.end(&broken),
            }
        }
    }

    fn on_upstream(&mut self, bytes: &mut BytesMut) {
        loop {
            match self.on_upstream_message(bytes) {
                Ok(true) => {}
                Ok(false) => break,
                Err(broken) => self.end(&broken),
            }
        }
        if matches!(self.phase, Phase::AwaitUpstream) {
            self.phase = Phase::Ready;
            self.judge_again();
        }
    }

    fn poll(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    fn inspected(&mut self, result: kit::Inspected) {
        if !matches!(self.phase, Phase::AwaitAnalysis) {
            return;
        }
        self.phase = Phase::Ready;
        if let Ok(found) = result.0.downcast::<(Arc<str>, Arc<Analysis>)>() {
            let (text, analysis) = *found;
            self.recent.keep((*text).into(), analysis);
        }
        self.judge_again();
    }

    fn release(&mut self, permit: Permit) {
        match std::mem::replace(&mut self.phase, Phase::Ready) {
            Phase::AwaitVerdict(held) if held.sequence == permit.action().sequence => {
                if self.skip_to_sync {
                    self.drop_held(held.sequence);
                } else if let Err(broken) = self.forward(*held, permit) {
                    self.end(&broken);
                }
            }
            Phase::Over => self.phase = Phase::Over,
            Phase::Ready
            | Phase::AwaitUpstream
            | Phase::AwaitCatalog
            | Phase::AwaitAnalysis
            | Phase::AwaitVerdict(_) => self.end(&Broken::Permit),
        }
    }

    fn refuse(&mut self, sequence: u64, refusal: &Refusal) {
        let held = match std::mem::replace(&mut self.phase, Phase::Ready) {
            Phase::AwaitVerdict(held) if held.sequence == sequence => held,
            other => {
                self.phase = other;
                return;
            }
        };
        if self.skip_to_sync {
            self.drop_held(sequence);
            return;
        }
        let mut error = BytesMut::new();
        let syntax = held.syntax_error(refusal.may_quote);
        let code = match (syntax, held.missing(), refusal.kind) {
            (Some((message, place)), _, RefusalKind::NotUnderstood) => {
                refuse::put_syntax_error(&mut error, message, place);
                refuse::SYNTAX_ERROR
            }
            (_, Some(missing), RefusalKind::Denied) => {
                refuse::put_missing(&mut error, (missing.code, &missing.message), refusal);
                missing.code
            }
            _ => {
                refuse::put_refusal(&mut error, Severity::Error, refusal, None);
                refuse::sqlstate(refusal)
            }
        };
        self.refuse_held(sequence, held.is_simple(), code, error);
    }

    fn rejudge(&mut self) {
        if let Phase::AwaitVerdict(held) = &self.phase {
            self.again = Some(held.sequence);
            self.phase = Phase::Ready;
            self.judge_again();
        }
    }

    fn rejudge_afresh(&mut self) {
        if matches!(self.phase, Phase::AwaitVerdict(_)) && !self.catalog_awaited {
            self.catalog_awaited = true;
            self.push(Effect::CatalogChanged);
        }
        self.rejudge();
    }

    fn catalog_read(&mut self) {
        self.catalog_awaited = false;
        if matches!(self.phase, Phase::AwaitCatalog) {
            self.phase = Phase::Ready;
            self.judge_again();
        }
    }

    fn notice(&mut self, message: &str, hint: &str) {
        if self.upstream_rest == 0 {
            self.put_notice(message, hint);
        } else {
            self.notices.push((message.to_owned(), hint.to_owned()));
        }
    }

    fn goodbye(&mut self, refusal: &Refusal) {
        let code = match refusal.kind {
            RefusalKind::Withdrawn => "57P01",
            _ => refuse::sqlstate(refusal),
        };
        let words = Words {
            detail: refusal.detail.as_deref(),
            hint: refusal.hint.as_deref(),
            ..Words::new(Severity::Fatal, code, &refusal.message)
        };
        self.say_last(&words, None);
    }

    fn wind_up(&mut self) {
        self.end_all(None);
    }

    fn to_client(&mut self) -> (&mut BytesMut, &mut Vec<Span>) {
        (&mut self.to_client, &mut self.spans)
    }

    fn to_upstream(&mut self) -> &mut BytesMut {
        &mut self.to_upstream
    }

    fn wants_client(&self) -> bool {
        matches!(self.phase, Phase::Ready) && !self.finished
    }

    fn is_judging(&self) -> bool {
        matches!(
            self.phase,
            Phase::AwaitCatalog | Phase::AwaitAnalysis | Phase::AwaitVerdict(_)
        )
    }

    fn awaits_client(&self) -> bool {
        matches!(self.phase, Phase::Ready | Phase::Over) && self.queue.is_empty()
    }

    fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Ready | Phase::Over)
            && self.queue.is_empty()
            && self.synced
            && self.status == b'I'
    }

    fn is_finished(&self) -> bool {
        self.finished
    }

    fn asks_to_leave(&self, bytes: &[u8]) -> bool {
        client::has_goodbye(bytes.get(self.client_rest..).unwrap_or_default())
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
