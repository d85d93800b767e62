//! What recording costs: gives the recorder a million rows as PostgreSQL sends them, then many small statements, has all of
//! it indexed, and counts.
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

use gate::ports::{Journal as _, MasterKeys, PortError, Recorder};
use ledger::Event;
use ledger::event::{ActionRecorded, Completed, SessionOpened};
use ledger::keys::master::MasterKey;
use model::{Limits, SessionId};
use store::{Index, IndexOptions, JournalOptions, JournalStore};

/// Rows that are made beforehand, and delivered again and again.
const ROWS_MADE: u64 = 50_000;
/// Bytes that are delivered at once.
const PIECE_BYTES: usize = 16 * 1024;
/// Sessions that run small statements at once.
const SESSIONS: u64 = 8;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

struct Unpark(std::thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// What was asked for on the command line.
struct Wish {
    rows: u64,
    statements: u64,
    work: u64,
    dir: PathBuf,
}

fn wish() -> Outcome<Wish> {
    let mut wish = Wish {
        rows: 1_000_000,
        statements: 100_000,
        work: 80,
        dir: std::env::temp_dir().join("record-cost"),
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or(format!("{word} takes a value"))?;
        match word.as_str() {
            "--rows" => wish.rows = value.parse()?,
            "--statements" => wish.statements = value.parse()?,
            "--work" => wish.work = value.parse()?,
            "--dir" => wish.dir = PathBuf::from(value),
            _ => return Err(format!("{word} is not known").into()),
        }
    }
    Ok(wish)
}

fn main() -> Outcome<()> {
    let wish = wish()?;
    std::fs::create_dir_all(&wish.dir)?;
    let dir = wish.dir.join("journal");
    let options = JournalOptions {
        limits: Limits::standard(),
        strict: false,
        ledger: None,
        masters: Some(Arc::new(Sample)),
        encrypt: true,
    };
    let journal = JournalStore::open(&dir, options)?;
    let index = index(&journal, wish.dir.join("index"))?;
    let pieces = pieces()?;
    let before = Spent::now(&dir)?;
    let began = Instant::now();
    let told = record(
        &journal,
        wish.rows,
        &pieces,
        Duration::from_micros(wish.work),
    )?;
    let took = began.elapsed();
    settle(&journal, &index);
    let rows = Spent::now(&dir)?;
    let raw = told.raw as f64 / 1e6;
    println!(
        "{} rows, {raw:.1} MB as delivered: {:.2} s, {:.1} MB/s; waited {} times, {:.2} s in all; {:.1} MB stored",
        wish.rows,
        took.as_secs_f64(),
        raw / took.as_secs_f64(),
        told.waits,
        told.waited.as_secs_f64(),
        (rows.bytes - before.bytes) as f64 / 1e6,
    );
    for (thread, spent) in rows.since(&before) {
        println!(
            "{thread:<16} {:.2} ms of CPU for each MB",
            spent * 1e3 / raw
        );
    }
    statements(&journal, wish.statements)?;
    settle(&journal, &index);
    let small = Spent::now(&dir)?;
    let count = wish.statements.max(1) as f64;
    println!(
        "{} statements: {:.0} bytes each",
        wish.statements,
        (small.bytes - rows.bytes) as f64 / count
    );
    for (thread, spent) in small.since(&rows) {
        println!("{thread:<16} {:.2} us of CPU for each", spent * 1e6 / count);
    }
    Ok(())
}

/// A key for a measurement.
#[derive(Debug)]
struct Sample;

impl MasterKeys for Sample {
    fn fetch(&self) -> Result<Vec<MasterKey>, PortError> {
        let text = "portcullis-master-key-1:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
        let key = MasterKey::parse(text).map_err(|error| PortError::Failed {
            what: "a master key",
            source: error.into(),
        })?;
        Ok(vec![key])
    }
}

/// What was used up so far.
struct Spent {
    cpu: BTreeMap<String, f64>,
    bytes: u64,
}

impl Spent {
    fn now(journal: &Path) -> Outcome<Self> {
        Ok(Self {
            cpu: cpu_by_thread()?,
            bytes: folder_bytes(journal)?,
        })
    }

    /// Seconds of CPU of each thread.
    fn since(&self, before: &Self) -> BTreeMap<&str, f64> {
        let spent = self.cpu.iter().map(|(thread, spent)| {
            let before = before.cpu.get(thread).copied().unwrap_or_default();
            (thread.as_str(), spent - before)
        });
        spent.collect()
    }
}

/// Many statements that each return one row, as pgbench sends them, of sessions in turn.
fn statements(journal: &JournalStore, count: u64) -> Outcome<()> {
    let (mut sessions, mut told) = (Vec::new(), Told::default());
    for _ in 0..SESSIONS {
        sessions.push(begin(journal)?);
    }
    let mut answer = Vec::new();
    for number in 0..count {
        let sequence = number / SESSIONS + 1;
        let at = usize::try_from(number % SESSIONS)?;
        let Some(recorder) = sessions.get_mut(at) else {
            break;
        };
        let account = number.wrapping_mul(7_919) % 1_000_000;
        recorder.append(&Event::Action(ActionRecorded {
            time: 1_790_000_000_000_000 + number * 50,
            sequence,
            kind: "statement".into(),
            text: "SELECT abalance FROM pgbench_accounts WHERE aid = $1;".into(),
            parameters: vec![Some(account.to_string().into())],
            effects: vec!["select public.pgbench_accounts (abalance, aid)".into()],
            outcome: "allow".into(),
            reasons: vec![("bench".into(), "the bench may read and write".into())],
            policy: [7; 32],
            ..ActionRecorded::default()
        }))?;
        answer.clear();
        answer.extend_from_slice(b"D\0\0\0\x0b\0\x01\0\0\0\x010");
        answer.extend_from_slice(b"C\0\0\0\x0dSELECT 1\0");
        recorder.response(sequence, &answer)?;
        recorder.append(&Event::Completed(Completed {
            time: 1_790_000_000_000_090 + number * 50,
            sequence,
            status: "SELECT 1".into(),
            rows: 1,
            bytes: answer.len() as u64,
            duration: 90,
            ..Completed::default()
        }))?;
        wait(&mut **recorder, &mut told)?;
    }
    sessions.into_iter().try_for_each(end)
}

/// A session's recording that has begun.
fn begin(journal: &JournalStore) -> Outcome<Box<dyn Recorder>> {
    let id = SessionId::generate();
    let mut recorder = journal.begin(id)?;
    recorder.append(&Event::SessionOpened(SessionOpened {
        time: 1,
        session: *id.as_bytes(),
        principal: "https://idp.example|bench".into(),
        name: "bench".into(),
        kind: "workload".into(),
        resource: "bench".into(),
        database: "bench".into(),
        protocol: "postgres".into(),
        application: "pgbench".into(),
        address: "127.0.0.1".into(),
        ..SessionOpened::default()
    }))?;
    Ok(recorder)
}

fn end(mut recorder: Box<dyn Recorder>) -> Outcome<()> {
    recorder.append(&Event::SessionClosed {
        time: 4,
        reason: "the client left".into(),
    })?;
    Ok(())
}

fn index(journal: &Arc<JournalStore>, dir: PathBuf) -> Outcome<Index> {
    let options = IndexOptions {
        dir,
        part_bytes_max: ledger::find::scan::PART_BYTES_MAX,
        time_max: Duration::from_secs(30),
        page_time: Duration::from_millis(150),
        lag_max: Duration::from_secs(60),
        lag_bytes_max: 4 * 1024 * 1024,
    };
    let durable = Arc::clone(journal);
    let follow = move || durable.durable_sequence();
    Ok(Index::start(options, journal.folder(), follow)?)
}

/// Waits until everything is written, on disk, and indexed.
fn settle(journal: &JournalStore, index: &Index) {
    loop {
        let last = journal.head().sequence;
        std::thread::sleep(Duration::from_millis(500));
        let is_settled = journal.head().sequence == last && journal.durable_sequence() >= last;
        if is_settled && index.health().sequence >= last {
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
    let mut recorder = begin(journal)?;
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
    end(recorder)?;
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
