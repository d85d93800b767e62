//! What the target says in its own words, and results that have no columns: notices, errors, notifications, values of
//! functions called by number.
//!
//! Never decides whether something is hidden: the permit's obligations say it.

use bytes::BytesMut;
use model::{Detected, ParameterFormat};

use super::broken::Broken;
use super::frame::{Fields, HEADER_BYTES};
use super::queue::Expect;
use super::refuse;
use super::rows::{ColumnMask, How, put_cell};
use super::session::Session;

impl Session {
    /// Whether the target's own words may quote masked values.
    fn scrubs(&self) -> bool {
        let permit = self.queue.front().and_then(Expect::permit);
        permit.is_some_and(|permit| permit.obligations().scrub_messages)
    }

    /// Whether one of these texts gives something away that is not for whoever acts.
    fn gives_away<'t>(&self, mut texts: impl Iterator<Item = &'t [u8]>) -> bool {
        let classes = self.search.classes();
        let bound = self.limits.searched_bytes_max;
        let tells = |text: &[u8]| {
            text.len() > bound || mask::detect::find_only(classes, text).next().is_some()
        };
        !classes.is_empty() && texts.any(tells)
    }

    pub(crate) fn on_notification(&mut self, frame: &[u8]) -> Result<(), Broken> {
        let body = frame.get(HEADER_BYTES..).unwrap_or_default();
        let payload = body.get(4..).unwrap_or_default().split(|byte| *byte == 0);
        if !self.scrubs() && !self.gives_away(payload.skip(1)) {
            self.emit(0, frame);
            return Ok(());
        }
        let mut fields = Fields::new(b'A', body);
        let process = fields.i32().map_err(Broken::Upstream)?;
        let channel = fields.cstr().map_err(Broken::Upstream)?;
        let written: Result<usize, Broken> = self.emit_with(0, |out| {
            refuse::own(out, b'A', |b| {
                use bytes::BufMut;
                b.put_i32(process);
                super::frame::put_cstr(b, channel);
                b.put_u8(0);
            });
            Ok(())
        });
        written.map(drop)
    }

    /// Passes a notice or an error on, with its words taken out where they may quote masked values.
    pub(crate) fn pass_message(&mut self, kind: u8, frame: &[u8]) {
        if matches!(self.queue.front(), Some(Expect::Own(_))) {
            return;
        }
        let body = frame.get(HEADER_BYTES..).unwrap_or_default();
        // Each field behind its code.
        let fields = body.split(|byte| *byte == 0);
        let texts = fields.map(|field| field.get(1..).unwrap_or_default());
        if !self.scrubs() && !self.gives_away(texts) {
            self.pass(frame);
            return;
        }
        let mut out = BytesMut::new();
        refuse::put_scrubbed(&mut out, kind, body);
        self.pass(&out);
    }

    /// Passes a function's result on; of its type nothing is known.
    pub(crate) fn pass_result(&mut self, frame: &[u8], body: &[u8]) -> Result<(), Broken> {
        let mut fields = Fields::new(b'V', body);
        let value = fields.value().map_err(Broken::Upstream)?;
        fields.end().map_err(Broken::Upstream)?;
        let Some(value) = value.filter(|_| !self.search.is_empty()) else {
            self.pass(frame);
            return Ok(());
        };
        let (search, sequence) = (self.search, self.queue.front().map_or(0, Expect::sequence));
        let column = ColumnMask {
            position: 0,
            how: How::Search(search),
            type_oid: 0,
            format: ParameterFormat::Binary,
        };
        let written = self.emit_masked(sequence, |masking, out| {
            let mut cell = BytesMut::new();
            put_cell(masking, Some(&column), Some(value), &mut cell)?;
            super::frame::write(out, b'V', |b| b.extend_from_slice(&cell))
        });
        let len = written.map_err(Broken::Upstream)?;
        self.tally(0, len);
        Ok(())
    }

    /// Counts values that were hidden of the answer at the front.
    pub(crate) fn note(&mut self, found: &Detected) {
        match self.queue.front_mut() {
            Some(Expect::Query(run)) => run.detected.add(found),
            Some(Expect::Function(run)) => run.detected.add(found),
            Some(Expect::Execute(run)) => {
                run.portal.tally.note(found);
            }
            _ => {}
        }
    }
}
