//! The gateway's own questions on a session's upstream, under names that no client may use.

use std::sync::Arc;

use bytes::{BufMut, BytesMut};

use super::broken::Broken;
use super::inspect::Standing;
use super::queue::{Expect, OwnRun, Purpose};
use super::refuse::own;
use super::session::Session;

/// Roles and settings that a session may go back to; it ends where it goes back to one before these.
const FOOTINGS_MAX: usize = 64;

/// The gateway's own prepared statement and portal.
pub(crate) const OWN_NAME: &[u8] = b"portcullis_own";

fn put_close(out: &mut BytesMut, kind: u8) {
    own(out, b'C', |b| {
        b.put_u8(kind);
        super::frame::put_cstr(b, OWN_NAME);
    });
}

fn put_question(out: &mut BytesMut, text: &str, synced: bool) {
    use super::frame::put_cstr;
    own(out, b'P', |b| {
        put_cstr(b, OWN_NAME);
        put_cstr(b, text.as_bytes());
        b.put_u16(0);
    });
    own(out, b'B', |b| {
        put_cstr(b, OWN_NAME);
        put_cstr(b, OWN_NAME);
        b.put_slice(&[0; 6]);
    });
    own(out, b'E', |b| {
        put_cstr(b, OWN_NAME);
        b.put_u32(0);
    });
    put_close(out, b'P');
    put_close(out, b'S');
    own(out, if synced { b'S' } else { b'H' }, |_| {});
}

impl Session {
    /// Asks the upstream something of the gateway's own, in the extended protocol so that the client's unnamed
    /// statement stays. Between a client's messages and its Sync it must not end their transaction: then a Flush
    /// takes the Sync's place.
    pub(crate) fn ask(&mut self, purpose: Purpose) {
        let text = match purpose {
            Purpose::State => sql::state::BRIEF.to_owned(),
            Purpose::WholeState => sql::state::QUERY.to_owned(),
            Purpose::Name => {
                let name = format!("{}{}", self.prefix, self.application);
                format!("SET application_name = '{}'", name.replace('\'', "''"))
            }
        };
        self.asking |= purpose != Purpose::Name;
        let synced = self.synced;
        // A question that failed on its way was not closed: its name is still taken.
        let left = std::mem::take(&mut self.own_left);
        if left {
            put_close(&mut self.to_upstream, b'S');
        }
        put_question(&mut self.to_upstream, &text, synced);
        self.expect(Expect::Own(Box::new(OwnRun {
            purpose,
            rows: Vec::new(),
            synced,
            closes: if left { 3 } else { 2 },
            error: None,
        })));
        self.flushed = !synced;
    }

    /// Takes the answer to an own question.
    pub(crate) fn answered(&mut self, run: OwnRun) -> Result<(), Broken> {
        if run.purpose == Purpose::Name {
            return Ok(());
        }
        self.asking = false;
        match run.error {
            // A failed transaction answers nothing, and a client's cancel that came late hits the question in place of
            // what was meant: ask again.
            Some(code) if code == "25P02" || code == "57014" => return Ok(()),
            Some(code) => return Err(Broken::State(code)),
            None => {}
        }
        self.stand_on(sql::state::footing(&run.rows).map_err(|e| Broken::State(e.to_string()))?)?;
        let view = match run.purpose {
            Purpose::State => sql::state::parse_brief(&run.rows),
            Purpose::WholeState | Purpose::Name => sql::state::parse(&run.rows).map(Some),
        };
        let view = view.map_err(|e| Broken::State(e.to_string()))?;
        let Some(view) = view else {
            // Asked for as a whole before the next analysis.
            self.has_own = true;
            return Ok(());
        };
        // A temporary schema stays as long as the session: the brief question would never suffice again.
        self.has_own = view.search_path.iter().any(|s| s.starts_with("pg_temp_"));
        self.view = Some(match self.view.take() {
            Some(known) if *known.view == view => known,
            _ => {
                let view = self.inspector.number(view);
                self.standing = Some(Arc::new(Standing {
                    inspector: Arc::clone(&self.inspector),
                    view: Arc::clone(&view.view),
                }));
                view
            }
        });
        self.dirty = false;
        Ok(())
    }

    /// Takes who the session acts as and how; what nobody was admitted to set must not have moved.
    fn stand_on(&mut self, found: sql::state::Footing) -> Result<(), Broken> {
        let may_move = std::mem::take(&mut self.footing_moved) || self.footings.is_empty();
        if self.footings.contains(&found) {
            return Ok(());
        }
        if !may_move {
            let moved = self
                .footings
                .last()
                .and_then(|known| known.difference(&found));
            return Err(Broken::Moved(moved.unwrap_or("role").to_owned()));
        }
        if self.footings.len() >= FOOTINGS_MAX {
            self.footings.remove(1);
        }
        self.footings.push(found);
        Ok(())
    }
}
