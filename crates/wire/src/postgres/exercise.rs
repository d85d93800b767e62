//! Drives a session by arbitrary bytes and watches its invariants; the body of the fuzz target and of a property test.
//!
//! I1 no panic; I2 queues within [`Limits`]; I3 nothing that a client made reaches the upstream without a permit; I4
//! nothing of a refused action does; I5 what the client gets are whole messages; I6 after a refusal the session is
//! ready again; I7 every released action is completed once by the session's end, and none twice. Never part of a product.

use std::collections::{HashMap, HashSet};

use bytes::{BufMut, BytesMut};
use model::decision::{Guarded, ResultObligation};
use model::{Limits, MaskKind, Obligations, Refusal, RefusalKind};

use super::frame::{Fields, HEADER_BYTES, Header, put_cstr};
use super::refuse::own;
use super::testing::Host;
use crate::kit::Session as _;

/// Texts of the toy language; a marker is put behind each.
const TEXTS: [&str; 13] = [
    "select 1 ",
    "select 1, 2 ",
    "begin ",
    "commit ",
    "rollback ",
    "set ",
    "create ",
    "bad ",
    "prepare a as select ",
    "execute a ",
    "deallocate a ",
    "copy t from stdin --",
    "copy t to stdout ",
];

const NAMES: [&str; 4] = ["", "a", "b", "portcullis_own"];

/// Runs one history told by `data`.
///
/// # Panics
/// When an invariant does not hold.
pub fn exercise(data: &[u8]) {
    let limits = Limits {
        pipeline_max: 16,
        prepared_max: 3,
        portals_max: 3,
        statement_bytes_max: 4096,
        row_bytes_max: 64 * 1024,
        ..Limits::standard()
    };
    let mut run = Run {
        host: Host::new(limits.clone()),
        limits,
        server: Server::default(),
        data: data.iter().copied(),
        marks: 0,
        rest: BytesMut::new(),
        asked: HashSet::new(),
        released: HashSet::new(),
        let_go: HashSet::new(),
        completed: HashMap::new(),
        clean: true,
    };
    while let Some(byte) = run.data.next() {
        run.step(byte);
        run.watch();
    }
    run.finish();
    run.wind_up();
}

struct Run<I> {
    host: Host,
    limits: Limits,
    server: Server,
    data: I,
    marks: u64,
    /// What is still to come of the client's last message.
    rest: BytesMut,
    /// Numbers of actions that had their verdict.
    asked: HashSet<u64>,
    /// Marks of released texts and parameters.
    released: HashSet<String>,
    /// Numbers of released actions.
    let_go: HashSet<u64>,
    /// How often actions were completed, by number.
    completed: HashMap<u64, u32>,
    /// Only legal messages were sent by either side.
    clean: bool,
}

impl<I: Iterator<Item = u8>> Run<I> {
    fn byte(&mut self) -> usize {
        self.data.next().map_or(0, usize::from)
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let at = self.byte() % from.len().max(1);
        from.get(at).copied().unwrap_or_default()
    }

    fn mark(&mut self) -> String {
        self.marks += 1;
        format!("mark{:06}", self.marks)
    }

    fn client(&mut self, kind: u8, body: impl FnOnce(&mut BytesMut)) {
        let mut out = self.rest.split();
        own(&mut out, kind, body);
        self.host.client(&out);
    }

    /// Data that holds a whole Query, of which only the first line comes now.
    fn smuggle(&mut self) {
        let (data, mark) = (self.pick(&["x\n", "***\n"]), self.mark());
        let mut query = BytesMut::new();
        own(&mut query, b'Q', |b| {
            put_cstr(b, format!("drop {mark}").as_bytes());
        });
        let mut whole = self.rest.split();
        own(&mut whole, b'd', |b| {
            b.put_slice(data.as_bytes());
            b.put_slice(&query);
        });
        let cut = whole.len() - 1 - self.byte() % 22;
        self.rest = whole.split_off(cut);
        self.host.client(&whole);
    }

    fn send_rest(&mut self) {
        let rest = self.rest.split();
        self.host.client(&rest);
    }

    fn step(&mut self, byte: u8) {
        let name = |run: &mut Self| run.pick(&NAMES);
        match byte % 22 {
            0 | 1 => {
                let text = format!("{}{}", self.pick(&TEXTS), self.mark());
                self.client(b'Q', |b| put_cstr(b, text.as_bytes()));
            }
            2 => {
                let (name, text) = (name(self), format!("{}{}", self.pick(&TEXTS), self.mark()));
                self.client(b'P', |b| {
                    put_cstr(b, name.as_bytes());
                    put_cstr(b, text.as_bytes());
                    b.put_u16(0);
                });
            }
            3 => {
                let (portal, name, mark) = (name(self), name(self), self.mark());
                self.client(b'B', |b| {
                    put_cstr(b, portal.as_bytes());
                    put_cstr(b, name.as_bytes());
                    b.put_u16(0);
                    b.put_u16(1);
                    b.put_u32(10);
                    b.extend_from_slice(mark.as_bytes());
                    b.put_u16(0);
                });
            }
            4 => {
                let name = name(self);
                self.client(b'E', |b| {
                    put_cstr(b, name.as_bytes());
                    b.put_u32(0);
                });
            }
            5 | 6 => {
                let (name, kind) = (name(self), if byte.is_multiple_of(2) { b'S' } else { b'P' });
                let message = if self.byte().is_multiple_of(2) {
                    b'D'
                } else {
                    b'C'
                };
                self.client(message, |b| {
                    b.put_u8(kind);
                    put_cstr(b, name.as_bytes());
                });
            }
            7 => self.client(b'S', |_| {}),
            8 => self.client(b'H', |_| {}),
            9 => self.client(b'd', |b| b.put_slice(b"data\n")),
            10 => self.client(b'c', |_| {}),
            11..=14 => self.serve(byte),
            15 => self.decide(true),
            16 => self.decide(false),
            17 => self.host.catalog_read(),
            18 => {
                self.clean = false;
                let bytes = [self.byte(), self.byte(), 0, 0].map(|b| b.to_le_bytes()[0]);
                self.host.client(&bytes);
            }
            20 => self.smuggle(),
            21 => self.send_rest(),
            _ => {
                self.clean = false;
                let kind = self.byte().to_le_bytes()[0];
                let mut out = BytesMut::new();
                own(&mut out, kind, |b| b.put_slice(b"x\0y\0"));
                self.host.upstream(&out);
            }
        }
    }

    fn decide(&mut self, yes: bool) {
        let sequence = self.host.sequence;
        if !self.host.session.is_held() || !self.asked.insert(sequence) {
            return;
        }
        let log = self.host.log.iter().rev();
        let judged = log
            .clone()
            .find(|line| line.starts_with("! judge"))
            .cloned();
        let judged = judged.unwrap_or_default();
        if yes && !judged.contains('(') {
            let frame = self.host.session.held_frame.escape_ascii().to_string();
            self.released.extend(marks_in(&frame));
            self.let_go.insert(sequence);
            match judged.contains("copy t from stdin") && sequence.is_multiple_of(2) {
                true => self.host.release_as(sequence, guarded()),
                false => self.host.release(&[], None, false),
            }
        } else {
            self.host.refuse(RefusalKind::Denied, "no");
        }
    }

    fn serve(&mut self, how: u8) {
        let answer = self.server.answer(&mut self.host.sent, how);
        self.host.upstream(&answer);
    }

    fn watch(&mut self) {
        assert!(
            self.host.session.queue.len() <= self.limits.pipeline_max + 4,
            "I2"
        );
        assert!(
            self.host.session.statements.len() <= 2 * self.limits.prepared_max + 4,
            "I2"
        );
        // Data of an admitted COPY may hold anything, as data.
        let lines = self.host.log.iter();
        let upstream = lines.filter(|line| line.starts_with(">S ") && !line.starts_with(">S d "));
        for mark in upstream.flat_map(|line| marks_in(line)) {
            assert!(
                self.released.contains(&mark),
                "I3, I4: {mark} without a permit"
            );
        }
        let ends = self
            .host
            .log
            .iter()
            .filter_map(|line| line.strip_prefix("! completed "));
        for end in ends {
            let number = end.split(' ').next().and_then(|number| number.parse().ok());
            *self
                .completed
                .entry(number.unwrap_or_default())
                .or_default() += 1;
        }
        self.host.log.retain(|line| line.starts_with("! judge"));
    }

    /// Lets everything come to rest and holds that the session is ready (I6).
    fn finish(&mut self) {
        if !self.clean {
            return;
        }
        self.send_rest();
        for round in 0..1_000_u32 {
            self.decide(round % 2 == 0);
            self.host.catalog_read();
            if self.host.session.copy_in {
                self.client(b'c', |_| {});
            }
            self.serve(0);
            self.watch();
            if round == 400 || round == 800 {
                self.client(b'S', |_| {});
            }
        }
        let over = self.host.session.is_over();
        assert!(
            over || self.host.session.wants_client(),
            "I6: client waits for ever"
        );
        assert!(
            over || self.host.session.queue.is_empty(),
            "I6: answers outstanding: {:?}",
            self.host.session.queue
        );
    }
}

impl<I: Iterator<Item = u8>> Run<I> {
    /// Ends the session where it stands and holds that no action was left without its end (I7).
    fn wind_up(&mut self) {
        self.host.wind_up();
        self.watch();
        for sequence in &self.let_go {
            assert!(
                self.completed.contains_key(sequence),
                "I7: {sequence} has no end"
            );
        }
        let twice = self.completed.iter().find(|(_, count)| **count > 1);
        assert_eq!(twice, None, "I7: completed twice");
    }
}

/// What a COPY into a hidden column is released with: its data is read.
fn guarded() -> Obligations {
    let result = ResultObligation {
        guarded: vec![Guarded {
            position: 0,
            kind: MaskKind::Redact,
            type_oid: 25,
            refusal: Refusal::new(RefusalKind::Denied, "a mask"),
        }],
        ..ResultObligation::default()
    };
    Obligations {
        results: vec![result; 4],
        ..Obligations::default()
    }
}

fn marks_in(text: &str) -> Vec<String> {
    let found = text.match_indices("mark");
    let marks = found.filter_map(|(at, _)| text.get(at..at + 10).map(str::to_owned));
    marks.collect()
}

/// A server that answers as PostgreSQL would, as far as framing goes.
#[derive(Default)]
struct Server {
    skipping: bool,
    extended: bool,
    copying: bool,
    copied_simply: bool,
    asked_whole: bool,
    status: Status,
}

#[derive(Clone, Copy, Default)]
enum Status {
    #[default]
    Idle,
    Open,
    Failed,
}

impl Server {
    /// Answers what was sent; `how` decides what fails.
    fn answer(&mut self, sent: &mut BytesMut, how: u8) -> BytesMut {
        let mut out = BytesMut::new();
        while let Ok(Some(header)) = Header::peek(sent) {
            if sent.len() < header.total() {
                break;
            }
            let message = sent.split_to(header.total());
            let body = message.get(HEADER_BYTES..).unwrap_or_default();
            self.on_message(header.kind, body, how, &mut out);
        }
        out
    }

    fn on_message(&mut self, kind: u8, body: &[u8], how: u8, out: &mut BytesMut) {
        if self.copying {
            self.on_copy(kind, how, out);
            return;
        }
        if self.skipping && !matches!(kind, b'S' | b'X') {
            return;
        }
        self.extended = matches!(kind, b'P' | b'B' | b'E' | b'D' | b'C');
        let text = body.escape_ascii().to_string();
        let own_message = text.contains("portcullis_own");
        let fails = text.contains("portcullis refused") || (how == 13 && !own_message);
        if fails && matches!(kind, b'P' | b'B' | b'E' | b'D' | b'Q' | b'F') {
            own(out, b'E', |b| {
                b.put_slice(b"SERROR\0VERROR\0C42601\0Mx\0\0")
            });
            self.skipping = self.extended;
            if matches!(self.status, Status::Open) {
                self.status = Status::Failed;
            }
            if !self.extended {
                self.ready(out);
            }
            return;
        }
        match kind {
            b'P' => {
                // The brief question is short, and names no table.
                self.asked_whole = own_message && text.contains("pg_class");
                own(out, b'1', |_| {});
            }
            b'B' => own(out, b'2', |_| {}),
            b'C' => own(out, b'3', |_| {}),
            b'D' => {
                if body.first() == Some(&b'S') {
                    own(out, b't', |b| b.put_u16(0));
                }
                own(out, b'n', |_| {});
            }
            b'E' if own_message => state_rows(self.asked_whole, how % 4 == 3, out),
            b'E' => own(out, b'C', |b| b.put_slice(b"SELECT 0\0")),
            b'Q' => self.on_query(body, out),
            b'S' => {
                self.skipping = false;
                self.ready(out);
            }
            _ => {}
        }
    }

    fn on_query(&mut self, body: &[u8], out: &mut BytesMut) {
        let text = Fields::new(b'Q', body).text().unwrap_or_default();
        match text.split(' ').next().unwrap_or_default() {
            "" => own(out, b'I', |_| {}),
            "copy" if text.contains("stdin") => {
                own(out, b'G', |b| b.put_slice(&[0, 0, 0]));
                self.copying = true;
                self.copied_simply = true;
                return;
            }
            word => {
                match word {
                    "begin" => self.status = Status::Open,
                    "commit" | "rollback" => self.status = Status::Idle,
                    _ => {}
                }
                own(out, b'C', |b| b.put_slice(b"SELECT 0\0"));
            }
        }
        self.ready(out);
    }

    fn on_copy(&mut self, kind: u8, how: u8, out: &mut BytesMut) {
        let fails = kind == b'f' || (kind == b'd' && how == 13);
        if !fails && kind != b'c' {
            return;
        }
        self.copying = false;
        if fails {
            own(out, b'E', |b| {
                b.put_slice(b"SERROR\0VERROR\0C22P02\0Mx\0\0")
            });
            if matches!(self.status, Status::Open) {
                self.status = Status::Failed;
            }
        } else {
            own(out, b'C', |b| b.put_slice(b"COPY 0\0"));
        }
        if self.copied_simply {
            self.ready(out);
        }
    }

    fn ready(&self, out: &mut BytesMut) {
        let status = match self.status {
            Status::Idle => b'I',
            Status::Open => b'T',
            Status::Failed => b'E',
        };
        own(out, b'Z', |b| b.put_u8(status));
    }
}

fn state_rows(whole: bool, more: bool, out: &mut BytesMut) {
    let rows: [&[&str]; 5] = [
        &["path", "1", "public"],
        &["role", "app", "app"],
        &["setting", "standard_conforming_strings", "on"],
        &["setting", "client_encoding", "UTF8"],
        &["more", if more { "17000" } else { "0" }, ""],
    ];
    let (wanted, width) = if whole { (4, 6) } else { (5, 4) };
    for cells in rows.into_iter().take(wanted) {
        own(out, b'D', |b| {
            b.put_u16(width);
            for at in 0..usize::from(width) {
                match cells.get(at) {
                    Some(cell) => {
                        b.put_u32(u32::try_from(cell.len()).unwrap_or_default());
                        b.put_slice(cell.as_bytes());
                    }
                    None => b.put_i32(-1),
                }
            }
        });
    }
    own(out, b'C', |b| b.put_slice(b"SELECT 4\0"));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::exercise;

    /// How many histories are tried; `PORTCULLIS_HISTORIES` asks for more.
    fn cases() -> u32 {
        let asked = std::env::var("PORTCULLIS_HISTORIES").ok();
        asked.and_then(|count| count.parse().ok()).unwrap_or(2_000)
    }

    #[test]
    fn histories_that_once_broke_an_invariant_hold() {
        // Queries behind a COPY FROM STDIN, one of them refused.
        exercise(&[
            0, 11, 0, 0, 10, 2, 0, 0, 7, 9, 12, 0, 0, 7, 15, 11, 0, 0, 15, 16,
        ]);
        // Data of a COPY that is read, cut within; the server's error between its parts.
        exercise(&[0, 0, 11, 11, 15, 11, 0, 11, 15, 11, 20, 0, 20, 13, 21]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]
        #[test]
        fn invariants_hold(data in prop::collection::vec(any::<u8>(), 0..120)) {
            exercise(&data);
        }

        #[test]
        fn invariants_hold_of_legal_histories(
            data in prop::collection::vec(prop_oneof![0_u8..18, 20_u8..22], 0..160),
        ) {
            exercise(&data);
        }
    }
}
