//! What recording one large result costs: gives the recorder a million rows as PostgreSQL sends them, and counts.
//!
//! Must never be read as what another machine does, nor without `--work`: that stands for what a session does besides,
//! in microseconds for each piece of 16 KiB.
//!
//! `cargo run --release --package store --example record_cost -- --rows 1000000 --work 80 --dir /var/tmp/record`

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use gate::ports::{Journal as _, Recorder};
use ledger::Event;
use ledger::event::{ActionRecorded, Completed, SessionOpened};
use model::{Limits, SessionId};
use store::{JournalOptions, JournalStore};

/// Rows that are made beforehand, and delivered again and again.
const ROWS_MADE: u64 = 50_000;
/// Bytes that are delivered at once.
const PIECE_BYTES: usize = 16 * 1024;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

struct Unpark(std::thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn main() -> Outcome<()> {
    let (mut rows, mut work) = (1_000_000_u64, 80);
    let mut dir = std::env::temp_dir().join("record-cost");
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or(format!("{word} takes a value"))?;
        match word.as_str() {
            "--rows" => rows = value.parse()?,
            "--work" => work = value.parse()?,
            "--dir" => dir = PathBuf::from(value),
            _ => return Err(format!("{word} is not known").into()),
        }
    }
    std::fs::create_dir_all(&dir)?;
    let options = JournalOptions {
        limits: Limits::standard(),
        strict: false,
        ledger: None,
        masters: None,
        encrypt: false,
    };
    let journal = JournalStore::open(&dir, options)?;
    let pieces = pieces()?;
    let (bytes, began) = (folder_bytes(&dir)?, Instant::now());
    let told = record(&journal, rows, &pieces, Duration::from_micros(work))?;
    let took = began.elapsed();
    settle(&journal);
    let cpu = cpu_by_thread()?;
    drop(journal);
    let raw = told.raw as f64 / 1e6;
    println!(
        "{rows} rows, {raw:.1} MB as delivered: {:.2} s, {:.1} MB/s; waited {} times, {:.2} s in all; {:.1} MB stored",
        took.as_secs_f64(),
        raw / took.as_secs_f64(),
        told.waits,
        told.waited.as_secs_f64(),
        (folder_bytes(&dir)? - bytes) as f64 / 1e6,
    );
    for (thread, spent) in cpu {
        println!(
            "{thread:<16} {:.2} ms of CPU for each MB",
            spent * 1e3 / raw
        );
    }
    Ok(())
}

/// Waits until everything is written and on disk.
fn settle(journal: &JournalStore) {
    loop {
        let last = journal.head().sequence;
        std::thread::sleep(Duration::from_millis(500));
        if journal.head().sequence == last && journal.durable_sequence() >= last {
            return;
        }
    }
}

/// What delivering came to.
#[derive(Default)]
struct Told {
    raw: u64,
    waits: u64,
    waited: Duration,
}

/// Rows as they are delivered, and how many stand in each piece.
fn pieces() -> Outcome<Vec<(Vec<u8>, u64)>> {
    let (mut pieces, mut piece, mut count) = (Vec::new(), Vec::new(), 0);
    for number in 0..ROWS_MADE {
        row(number, &mut piece)?;
        count += 1;
        if piece.len() >= PIECE_BYTES {
            pieces.push((std::mem::take(&mut piece), std::mem::take(&mut count)));
        }
    }
    Ok(pieces)
}

fn record(
    journal: &JournalStore,
    rows: u64,
    pieces: &[(Vec<u8>, u64)],
    work: Duration,
) -> Outcome<Told> {
    let id = SessionId::generate();
    let mut recorder = journal.begin(id)?;
    recorder.append(&Event::SessionOpened(SessionOpened {
        time: 1,
        session: *id.as_bytes(),
        protocol: "postgres".into(),
        ..SessionOpened::default()
    }))?;
    recorder.append(&Event::Action(ActionRecorded {
        time: 2,
        sequence: 1,
        text: "SELECT * FROM people".into(),
        outcome: "allow".into(),
        ..ActionRecorded::default()
    }))?;
    let (mut told, mut delivered) = (Told::default(), 0);
    for (piece, count) in pieces.iter().cycle() {
        if delivered >= rows {
            break;
        }
        let until = Instant::now() + work;
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        recorder.response(1, piece)?;
        told.raw += piece.len() as u64;
        delivered += count;
        wait(&mut *recorder, &mut told)?;
    }
    recorder.append(&Event::Completed(Completed {
        time: 3,
        sequence: 1,
        rows: delivered,
        ..Completed::default()
    }))?;
    recorder.append(&Event::SessionClosed {
        time: 4,
        reason: "the client left".into(),
    })?;
    Ok(told)
}

/// Waits while the recorder is behind, as a session does.
fn wait(recorder: &mut dyn Recorder, told: &mut Told) -> Outcome<()> {
    let Some(pressure) = recorder.pressure() else {
        return Ok(());
    };
    let began = Instant::now();
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut pressure = pin!(pressure);
    let told_to_go = loop {
        match pressure.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(told_to_go) => break told_to_go,
            Poll::Pending => std::thread::park(),
        }
    };
    told.waits += 1;
    told.waited += began.elapsed();
    Ok(told_to_go?)
}

/// One row of a table of people, three of its columns masked.
fn row(number: u64, out: &mut Vec<u8>) -> Outcome<()> {
    let start = out.len();
    out.extend_from_slice(b"D\0\0\0\0\0\x07");
    let (minute, second) = (number / 60 % 60, number % 60);
    for value in [
        number.to_string(),
        format!("Name {number}"),
        "p***@example.com".to_owned(),
        format!("*******{:04}", 1 + number % 9_999),
        format!("************{:04}", number % 10_000),
        (number % 1_000).to_string(),
        format!(
            "2026-01-{:02} {:02}:{minute:02}:{second:02}+00",
            1 + number / 86_400 % 28,
            number / 3_600 % 24
        ),
    ] {
        out.extend(u32::try_from(value.len())?.to_be_bytes());
        out.write_all(value.as_bytes())?;
    }
    let length = u32::try_from(out.len() - start - 1)?.to_be_bytes();
    if let Some(head) = out.get_mut(start + 1..start + 5) {
        head.copy_from_slice(&length);
    }
    Ok(())
}

/// Seconds of CPU that each thread has used so far.
fn cpu_by_thread() -> Outcome<BTreeMap<String, f64>> {
    let mut spent = BTreeMap::new();
    for task in std::fs::read_dir("/proc/self/task")? {
        let task = task?.path();
        let name = std::fs::read_to_string(task.join("comm"))?;
        let used = std::fs::read_to_string(task.join("schedstat"))?;
        let nanoseconds: f64 = used.split(' ').next().unwrap_or("0").parse()?;
        *spent.entry(name.trim().to_owned()).or_default() += nanoseconds / 1e9;
    }
    Ok(spent)
}

fn folder_bytes(dir: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for file in std::fs::read_dir(dir)? {
        bytes += file?.metadata()?.len();
    }
    Ok(bytes)
}
