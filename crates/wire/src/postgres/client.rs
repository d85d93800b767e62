//! What the client sends, message by message, in order.
//!
//! A message that may make the server do something leaves here only as a held action; everything else is authored
//! anew from what was parsed, never copied.

use std::sync::Arc;

use bytes::{Buf, BufMut, BytesMut};

use super::action::What;
use super::broken::Broken;
use super::frame::{Fields, FrameError, HEADER_BYTES, Header, put_cstr};
use super::portal::{Found, Origin, Portal, RESERVED, cut};
use super::queue::{ExecuteRun, Expect, NameUndo, ResultRun};
use super::refuse::own;
use super::session::{Phase, Session};

/// Bytes of a message that carries names alone.
const NAMES_BYTES_MAX: usize = 64 * 1024;

/// What became of one message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Taken {
    /// It is done with.
    Done,
    /// It waits, and stays where it is.
    Waits,
}

/// Whether a portal's next rows depend on what names mean now. Once the server has begun it, they do where it calls a
/// function: the body is read when it is first called, and names in it must not mean something else by then.
fn asks_names(portal: &Portal) -> bool {
    let started = &portal.tally.started;
    let goes_on = started.load(std::sync::atomic::Ordering::Relaxed);
    !portal.statements.is_empty() && (!goes_on || calls(&portal.statements))
}

/// Whether statements call functions whose bodies are read as they run.
fn calls(statements: &[model::Statement]) -> bool {
    let mut effects = statements.iter().flat_map(|statement| &statement.effects);
    effects.any(|effect| effect.verb == model::Verb::Call)
}

/// Where the bytes go that are still to come of a message whose header was taken. It is said by the header's own fate:
/// what has none before it at the server must never be passed on as it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rest {
    /// On to the server, behind the header.
    On,
    /// Read as data of a COPY, and on in messages of the gateway's own; the header was not passed on.
    Read,
    /// They are dropped.
    Nowhere,
}

impl Session {
    /// Takes one message from the front; `false` when there is none to take now.
    pub(crate) fn on_client_message(&mut self, bytes: &mut BytesMut) -> Result<bool, Broken> {
        if self.client_rest > 0 && !matches!(self.phase, Phase::Over) {
            return Ok(self.on_client_rest(bytes));
        }
        if !matches!(self.phase, Phase::Ready) || self.finished {
            return Ok(false);
        }
        let Some(header) = Header::peek(bytes).map_err(Broken::Client)? else {
            return Ok(false);
        };
        let header = header
            .within(self.client_bound(header.kind)?)
            .map_err(Broken::Client)?;
        if self.queue.len() >= self.limits.pipeline_max {
            self.await_upstream();
            return Ok(false);
        }
        if let Some(went) = self.on_stream(header, bytes) {
            return Ok(went);
        }
        if bytes.len() < header.total() {
            return Ok(false);
        }
        let frame = bytes.get(..header.total()).unwrap_or_default();
        match self.dispatch(frame)? {
            Taken::Done => bytes.advance(header.total()),
            Taken::Waits => return Ok(false),
        }
        Ok(true)
    }

    fn client_bound(&self, kind: u8) -> Result<usize, Broken> {
        Ok(match kind {
            b'Q' | b'P' | b'B' | b'F' => self.limits.statement_bytes_max,
            b'd' => self.limits.row_bytes_max,
            b'D' | b'E' | b'C' | b'f' => NAMES_BYTES_MAX,
            b'H' | b'S' | b'X' | b'c' => 0,
            kind => return Err(Broken::Client(FrameError::Unexpected { kind })),
        })
    }

    fn on_client_rest(&mut self, bytes: &mut BytesMut) -> bool {
        let now = self.client_rest.min(bytes.len());
        let part = bytes.get(..now).unwrap_or_default();
        match self.client_rest_goes {
            Rest::On => self.to_upstream.extend_from_slice(part),
            Rest::Read => self.pass_copied(part),
            Rest::Nowhere => {}
        }
        bytes.advance(now);
        self.client_rest -= now;
        self.client_rest == 0
    }

    /// Messages that are passed on or dropped without being whole; `None` for the others.
    fn on_stream(&mut self, header: Header, bytes: &mut BytesMut) -> Option<bool> {
        let copying = matches!(header.kind, b'd' | b'c' | b'f');
        let goes = if self.copy_in {
            match header.kind {
                // Data that is read goes on in messages of the gateway's own.
                b'd' if self.copied.is_some() => Rest::Read,
                // CopyData belongs to the COPY that was admitted: its content needs no other permit.
                b'd' => {
                    self.to_upstream.put_u8(b'd');
                    let length = u32::try_from(header.body.saturating_add(4)).ok()?;
                    self.to_upstream.put_u32(length);
                    Rest::On
                }
                // The server ignores them while it takes data.
                b'H' | b'S' => Rest::Nowhere,
                _ => return None,
            }
        } else if self.skip_to_sync {
            // The server does the same after an error.
            match header.kind {
                b'S' | b'X' => return None,
                b'H' => {
                    self.flush();
                    Rest::Nowhere
                }
                _ => Rest::Nowhere,
            }
        } else if copying {
            if !self.queue.is_empty() {
                // Whether it belongs to a COPY is known once the upstream has answered.
                self.await_upstream();
                return Some(false);
            }
            Rest::Nowhere
        } else {
            return None;
        };
        bytes.advance(HEADER_BYTES);
        self.client_rest = header.body;
        self.client_rest_goes = goes;
        Some(true)
    }

    /// Takes one whole message.
    pub(crate) fn dispatch(&mut self, frame: &[u8]) -> Result<Taken, Broken> {
        let Some((&kind, _)) = frame.split_first() else {
            return Ok(Taken::Done);
        };
        let body = frame.get(HEADER_BYTES..).unwrap_or_default();
        let unexpected = || Broken::Client(FrameError::Unexpected { kind });
        if self.copy_in && !matches!(kind, b'c' | b'f' | b'X') {
            return Err(unexpected());
        }
        let fields = Fields::new(kind, body);
        let taken = match kind {
            b'Q' => self.on_query(frame, fields),
            b'P' => self.on_parse(frame, fields),
            b'B' => self.on_bind(frame, fields),
            b'F' => self.on_function(frame, fields),
            b'E' => self.on_execute(fields),
            b'D' => self.on_describe(fields),
            b'C' => self.on_close(fields),
            b'S' => Ok(self.on_sync()),
            b'H' => {
                self.flush();
                Ok(Taken::Done)
            }
            b'c' | b'f' => self.on_copy_end(kind, fields),
            b'X' => {
                own(&mut self.to_upstream, b'X', |_| {});
                self.finished = true;
                Ok(Taken::Done)
            }
            _ => return Err(unexpected()),
        };
        taken.map_err(Broken::Client)
    }

    fn on_sync(&mut self) -> Taken {
        self.skip_to_sync = false;
        own(&mut self.to_upstream, b'S', |_| {});
        self.expect(Expect::Sync);
        Taken::Done
    }

    fn on_copy_end(&mut self, kind: u8, mut fields: Fields<'_>) -> Result<Taken, FrameError> {
        let reason = match kind {
            b'f' => Some(fields.cstr()?),
            _ => None,
        };
        fields.end()?;
        self.copy_in = false;
        if !self.ends_copied(reason.is_some()) {
            return Ok(Taken::Done);
        }
        own(&mut self.to_upstream, kind, |b| {
            if let Some(reason) = reason {
                put_cstr(b, reason);
            }
        });
        Ok(Taken::Done)
    }

    fn on_query(&mut self, frame: &[u8], mut fields: Fields<'_>) -> Result<Taken, FrameError> {
        let bytes = fields.cstr()?;
        fields.end()?;
        let Ok(text) = std::str::from_utf8(bytes) else {
            self.object(true, "22021", "invalid byte sequence for encoding \"UTF8\"");
            return Ok(Taken::Done);
        };
        Ok(self.hold(frame, What::Query, text))
    }

    fn on_parse(&mut self, frame: &[u8], mut fields: Fields<'_>) -> Result<Taken, FrameError> {
        let name = fields.cstr()?;
        let bytes = fields.cstr()?;
        let count = fields.count()?;
        let mut oids = Vec::with_capacity(count);
        for _ in 0..count {
            oids.push(fields.u32()?);
        }
        fields.end()?;
        let Ok(text) = std::str::from_utf8(bytes) else {
            self.object(
                false,
                "22021",
                "invalid byte sequence for encoding \"UTF8\"",
            );
            return Ok(Taken::Done);
        };
        if !self.is_served_name(name) {
            return Ok(Taken::Done);
        }
        let known = match self.statements.find(name, self.batches) {
            Found::Ambiguous => {
                self.await_upstream();
                return Ok(Taken::Waits);
            }
            Found::It(_) => true,
            Found::Nothing => false,
        };
        if !known && !name.is_empty() && self.statements.len() >= self.limits.prepared_max {
            self.object(
                false,
                "54000",
                "too many prepared statements in this session",
            );
            return Ok(Taken::Done);
        }
        let name = name.to_vec();
        Ok(self.hold(frame, What::Parse { name, oids }, text))
    }

    /// Whether a name is legal and not the gateway's own; objects otherwise.
    pub(crate) fn is_served_name(&mut self, name: &[u8]) -> bool {
        if name.starts_with(RESERVED) || std::str::from_utf8(name).is_err() {
            self.object(
                false,
                "42602",
                "this name may not be used through the gateway",
            );
            return false;
        }
        true
    }

    fn on_execute(&mut self, mut fields: Fields<'_>) -> Result<Taken, FrameError> {
        let name = fields.cstr()?;
        let rows_max = fields.i32()?;
        fields.end()?;
        let portal = match self.portal(name) {
            Found::Ambiguous => {
                self.await_upstream();
                return Ok(Taken::Waits);
            }
            Found::It(portal) => portal,
            Found::Nothing => {
                let name = String::from_utf8_lossy(cut(name)).into_owned();
                self.object(false, "34000", &format!("portal \"{name}\" does not exist"));
                return Ok(Taken::Done);
            }
        };
        if self.dirty && asks_names(&portal) && !self.is_settled() {
            return Ok(Taken::Waits);
        }
        if let Err(message) = self.may_run(&portal) {
            self.object(false, "0A000", message);
            return Ok(Taken::Done);
        }
        own(&mut self.to_upstream, b'E', |b| {
            put_cstr(b, name);
            b.put_i32(rows_max);
        });
        let mut changes = Vec::new();
        if let Origin::Bind {
            changes: steps,
            prepared,
            ..
        } = &portal.origin
        {
            let source = Arc::clone(&prepared.source);
            let taken = steps.iter().map(|change| &change.step);
            self.freed.take(self.sequence, &portal.statements, taken);
            self.apply(steps, &source, portal.sequence, &mut changes);
        }
        self.expect(Expect::Execute(Box::new(ExecuteRun {
            portal,
            result: ResultRun::default(),
            changes,
        })));
        Ok(Taken::Done)
    }

    /// A portal runs only what was judged at Bind: names must still resolve alike when it starts.
    fn may_run(&self, portal: &Portal) -> Result<(), &'static str> {
        let Origin::Bind { basis, names, .. } = &portal.origin else {
            return Err("a cursor is read with FETCH, not with Execute");
        };
        if !asks_names(portal) {
            return Ok(());
        }
        if portal.permit().is_some_and(|permit| !permit.is_current()) {
            return Err("the rules changed since the portal was bound: bind it again");
        }
        let alike = self.has_failed() || (!self.dirty && self.basis() == Some(*basis));
        if !alike {
            return Err("names resolve otherwise than when the portal was bound: bind it again");
        }
        let now = (self.statements.version(), self.portals.version());
        match names {
            Some(then) if *then != now => {
                Err("prepared statements changed since the portal was bound: bind it again")
            }
            _ => Ok(()),
        }
    }

    fn on_describe(&mut self, mut fields: Fields<'_>) -> Result<Taken, FrameError> {
        let (kind, name) = (fields.u8()?, fields.cstr()?);
        fields.end()?;
        let expect = match kind {
            b'S' => match self.statements.find(name, self.batches) {
                Found::It(_) => Some(Expect::DescribeStatement),
                Found::Nothing => None,
                Found::Ambiguous => {
                    self.await_upstream();
                    return Ok(Taken::Waits);
                }
            },
            b'P' => match self.portal(name) {
                Found::It(portal) => Some(Expect::DescribePortal { portal, own: false }),
                Found::Nothing => None,
                Found::Ambiguous => {
                    self.await_upstream();
                    return Ok(Taken::Waits);
                }
            },
            _ => return Err(FrameError::Malformed { kind: b'D' }),
        };
        let Some(expect) = expect else {
            let name = String::from_utf8_lossy(cut(name)).into_owned();
            let (code, what) = match kind {
                b'S' => ("26000", "prepared statement"),
                _ => ("34000", "portal"),
            };
            self.object(false, code, &format!("{what} \"{name}\" does not exist"));
            return Ok(Taken::Done);
        };
        own(&mut self.to_upstream, b'D', |b| {
            b.put_u8(kind);
            put_cstr(b, name);
        });
        self.expect(expect);
        Ok(Taken::Done)
    }

    fn on_close(&mut self, mut fields: Fields<'_>) -> Result<Taken, FrameError> {
        let (kind, name) = (fields.u8()?, fields.cstr()?);
        fields.end()?;
        if !self.is_served_name(name) {
            return Ok(Taken::Done);
        }
        let mut closed = None;
        let undo = match kind {
            b'S' => match self.statements.find(name, self.batches) {
                Found::Ambiguous => {
                    self.await_upstream();
                    return Ok(Taken::Waits);
                }
                Found::Nothing => None,
                Found::It(_) => {
                    let undo = self.statements.set(name, None, self.batches);
                    Some(NameUndo::Statement(undo))
                }
            },
            b'P' => match self.portals.find(name, self.batches) {
                Found::Ambiguous => {
                    self.await_upstream();
                    return Ok(Taken::Waits);
                }
                Found::Nothing => None,
                Found::It(portal) => {
                    closed = Some(portal);
                    let undo = self.portals.set(name, None, self.batches);
                    Some(NameUndo::Portal(undo))
                }
            },
            _ => return Err(FrameError::Malformed { kind: b'C' }),
        };
        own(&mut self.to_upstream, b'C', |b| {
            b.put_u8(kind);
            put_cstr(b, name);
        });
        self.expect(Expect::Close {
            portal: closed,
            undo,
        });
        Ok(Taken::Done)
    }
}

/// Whether there is a Terminate among these messages; the last one may be cut.
pub(crate) fn has_goodbye(mut bytes: &[u8]) -> bool {
    while let Ok(Some(header)) = Header::peek(bytes) {
        if header.kind == b'X' {
            return true;
        }
        bytes = bytes.get(header.total()..).unwrap_or_default();
    }
    false
}
