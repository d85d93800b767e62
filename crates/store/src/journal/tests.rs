//! The journal against crashes, torn writes, full and failing disks.
#![allow(clippy::unwrap_used)]

use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, TryLockError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use gate::ports::{BoxFuture, Journal as _, PortError, Recorder};
use ledger::Event;
use ledger::event::{ActionRecorded, Completed, SessionOpened};
use ledger::journal::{recording, sessions};
use ledger::verify::{Finding, verify};
use model::{Limits, SessionId};

use crate::vault::tests::{OneMaster, folder};

use super::disk::{Disk, DiskFile, Folder};
use super::{JournalHealth, JournalOptions, JournalStore};

struct Unpark(std::thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future on this thread, at most ten seconds.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        assert!(Instant::now() < deadline, "nobody answered");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

/// Waits for a condition, at most ten seconds.
pub(crate) fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

fn options() -> JournalOptions {
    JournalOptions {
        limits: Limits {
            journal_interval: Duration::from_millis(5),
            journal_timeout: Duration::from_millis(500),
            journal_reserve_bytes: 64 * 1024,
            ..Limits::standard()
        },
        strict: false,
        ledger: None,
        masters: Some(Arc::new(OneMaster)),
        encrypt: true,
    }
}

fn open(dir: &Path) -> Arc<JournalStore> {
    JournalStore::open(dir, options()).unwrap()
}

fn opened(id: SessionId) -> Event<'static> {
    Event::SessionOpened(SessionOpened {
        time: 1,
        session: *id.as_bytes(),
        principal: "i|s".into(),
        ..SessionOpened::default()
    })
}

fn action(sequence: u64, outcome: &'static str) -> Event<'static> {
    Event::Action(ActionRecorded {
        time: 1 + sequence,
        sequence,
        kind: "query".into(),
        text: format!("select {sequence}").into(),
        outcome: outcome.into(),
        ..ActionRecorded::default()
    })
}

fn completed(sequence: u64) -> Event<'static> {
    Event::Completed(Completed {
        time: 2 + sequence,
        sequence,
        status: "SELECT 1".into(),
        rows: 1,
        ..Completed::default()
    })
}

fn closed() -> Event<'static> {
    Event::SessionClosed {
        time: 1_000_000,
        reason: "the client left".into(),
    }
}

/// Runs a session of `actions`, each with a response of `bytes` bytes.
fn run(store: &JournalStore, actions: u64, bytes: usize) -> SessionId {
    let id = SessionId::generate();
    let mut recorder = store.begin(id).unwrap();
    recorder.append(&opened(id)).unwrap();
    for sequence in 1..=actions {
        recorder.append(&action(sequence, "allow")).unwrap();
        recorder.response(sequence, &vec![b'x'; bytes]).unwrap();
        recorder.append(&completed(sequence)).unwrap();
        if let Some(pressure) = recorder.pressure() {
            block_on(pressure).unwrap();
        }
    }
    recorder.append(&closed()).unwrap();
    id
}

#[test]
fn what_is_recorded_is_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let ids: Vec<_> = [(3, 10), (2, 300_000), (0, 0), (200, 1_000)]
        .map(|(actions, bytes)| (run(&store, actions, bytes), actions, bytes))
        .into();
    drop(store);
    let report = verify(dir.path(), None).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!(report.sessions, 5, "four and the gateway's own");
    assert_eq!(sessions(&folder(dir.path())).unwrap().len(), 4);
    for (id, actions, bytes) in ids {
        let recording = recording(&folder(dir.path()), *id.as_bytes())
            .unwrap()
            .unwrap();
        assert_eq!(recording.findings, []);
        let responses = recording.events.iter().map(|event| match event {
            Event::Response { bytes, .. } => bytes.len(),
            _ => 0,
        });
        let expect = usize::try_from(actions).unwrap() * bytes;
        assert_eq!(responses.sum::<usize>(), expect);
        let order: Vec<_> = recording
            .events
            .iter()
            .filter_map(Event::sequence)
            .collect();
        assert!(order.is_sorted(), "results stand with their actions");
    }
}

#[test]
fn a_restart_goes_on_behind_a_torn_tail() {
    let dir = tempfile::tempdir().unwrap();
    drop_after(dir.path(), 3);
    let first = dir.path().join("00000001.pcj");
    let whole = std::fs::read(&first).unwrap();
    std::fs::write(&first, &whole[..whole.len() - 7]).unwrap();
    drop_after(dir.path(), 2);
    let report = verify(dir.path(), None).unwrap();
    // The torn record was the first run's last word, so that run now has no end.
    assert!(report.is_sound(), "{:?}", report.findings);
    assert!(matches!(report.findings[..], [Finding::Open { .. }]));
    assert_eq!(report.segments, 2);
    let names = std::fs::read_dir(dir.path()).unwrap();
    let torn = names.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().contains(".torn-")
    });
    assert_eq!(torn.count(), 1, "the torn bytes are kept aside");
}

fn drop_after(dir: &Path, actions: u64) {
    let store = open(dir);
    run(&store, actions, 100);
}

#[test]
fn a_segment_torn_within_its_header_is_stepped_over() {
    let dir = tempfile::tempdir().unwrap();
    drop_after(dir.path(), 2);
    let head = verify(dir.path(), None).unwrap().head;
    std::fs::write(dir.path().join("00000002.pcj"), b"PCJR").unwrap();
    drop_after(dir.path(), 1);
    let report = verify(dir.path(), head).unwrap();
    let gap = Finding::MissingSegments { from: 2, to: 2 };
    assert_eq!(report.findings, [gap], "only the stepped-over number");
}

#[test]
fn one_journal_has_one_writer() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let second = JournalStore::open(dir.path(), options());
    assert!(matches!(second, Err(crate::Error::JournalInUse { .. })));
    drop(store);
    open(dir.path());
}

#[test]
fn long_responses_are_cut_and_hashed() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = options();
    options.limits.recorded_response_bytes_max = 100;
    let store = JournalStore::open(dir.path(), options).unwrap();
    let id = run(&store, 2, 250);
    drop(store);
    let recording = recording(&folder(dir.path()), *id.as_bytes())
        .unwrap()
        .unwrap();
    let rests = recording.events.iter().filter_map(|event| match event {
        Event::ResponseRest {
            sequence, bytes, ..
        } => Some((*sequence, *bytes)),
        _ => None,
    });
    assert_eq!(rests.collect::<Vec<_>>(), [(1, 150), (2, 150)]);
}

#[test]
fn responses_that_come_in_turns_are_cut_each_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = options();
    options.limits.recorded_response_bytes_max = 100;
    let store = JournalStore::open(dir.path(), options).unwrap();
    let id = SessionId::generate();
    let mut recorder = store.begin(id).unwrap();
    recorder.append(&opened(id)).unwrap();
    for _ in 0..10 {
        for sequence in [1, 2, 0] {
            recorder.response(sequence, &[b'x'; 30]).unwrap();
        }
    }
    recorder.append(&completed(2)).unwrap();
    recorder.append(&closed()).unwrap();
    drop(recorder);
    drop(store);
    let read = recording(&folder(dir.path()), *id.as_bytes());
    let (mut kept, mut rests) = ([0; 3], Vec::new());
    for event in read.unwrap().unwrap().events {
        match event {
            Event::Response { sequence, bytes } => {
                kept[usize::try_from(sequence).unwrap()] += bytes.len();
            }
            Event::ResponseRest {
                sequence, bytes, ..
            } => rests.push((sequence, bytes)),
            _ => {}
        }
    }
    assert_eq!(kept, [300, 100, 100], "what is no action's is cut by run");
    assert_eq!(rests, [(2, 200), (1, 200)]);
}

#[derive(Default)]
pub(crate) struct Faults {
    /// Bytes that still fit; `u64::MAX` is without end.
    room: AtomicU64,
    /// Writes fail.
    pub(crate) broken: AtomicBool,
    /// The system's number of that failure; 0 is none in particular.
    errno: AtomicI32,
    /// Syncs fail.
    unsyncable: AtomicBool,
    /// Syncs of keys fail.
    pub(crate) keys_unsyncable: AtomicBool,
    /// Writes of keys fail for want of space.
    pub(crate) keys_full: AtomicBool,
    /// Syncs wait until this is let go.
    pub(crate) hang: Mutex<()>,
    /// So many of them do not.
    let_by: AtomicU64,
    /// One has begun.
    pub(crate) syncs: AtomicBool,
    reserved: AtomicU64,
}

impl Faults {
    fn wait(&self) {
        let is_let_by = || {
            let left = |left: u64| left.checked_sub(1);
            let order = Ordering::SeqCst;
            self.let_by.fetch_update(order, order, left).is_ok()
        };
        while matches!(self.hang.try_lock(), Err(TryLockError::WouldBlock)) && !is_let_by() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

struct FaultyDisk {
    folder: Folder,
    faults: Arc<Faults>,
}

struct FaultyFile {
    file: Arc<dyn DiskFile>,
    is_keys: bool,
    faults: Arc<Faults>,
}

impl Faults {
    fn breaks(&self) -> io::Error {
        match self.errno.load(Ordering::SeqCst) {
            0 => io::Error::other("broken"),
            errno => io::Error::from_raw_os_error(errno),
        }
    }
}

fn full() -> io::Error {
    io::ErrorKind::StorageFull.into()
}

impl Disk for FaultyDisk {
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        if self.faults.broken.load(Ordering::SeqCst) {
            return Err(self.faults.breaks());
        }
        Ok(Arc::new(FaultyFile {
            file: self.folder.create(name)?,
            is_keys: name.starts_with("keys/"),
            faults: Arc::clone(&self.faults),
        }))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.folder.remove(name)
    }

    fn reserve(&self, bytes: u64) -> io::Result<()> {
        let missing = bytes - self.faults.reserved.load(Ordering::SeqCst);
        let take = |room: u64| room.checked_sub(missing);
        let room = &self.faults.room;
        room.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take)
            .map_err(|_| full())?;
        self.faults.reserved.store(bytes, Ordering::SeqCst);
        Ok(())
    }

    fn release(&self) -> io::Result<()> {
        let given = self.faults.reserved.swap(0, Ordering::SeqCst);
        self.faults.room.fetch_add(given, Ordering::SeqCst);
        Ok(())
    }
}

impl DiskFile for FaultyFile {
    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        if self.faults.broken.load(Ordering::SeqCst) {
            return Err(self.faults.breaks());
        }
        if self.is_keys && self.faults.keys_full.load(Ordering::SeqCst) {
            return Err(full());
        }
        let room = self.faults.room.load(Ordering::SeqCst);
        let fits = usize::try_from(room).map_or(bytes.len(), |room| room.min(bytes.len()));
        if fits == 0 && !bytes.is_empty() {
            return Err(full());
        }
        // A full disk takes the beginning, as real ones do.
        let taken = self.file.append(&bytes[..fits])?;
        self.faults.room.fetch_sub(taken as u64, Ordering::SeqCst);
        Ok(taken)
    }

    fn sync(&self) -> io::Result<()> {
        self.faults.syncs.store(true, Ordering::SeqCst);
        self.faults.wait();
        if self.faults.unsyncable.load(Ordering::SeqCst) {
            return Err(io::Error::other("broken"));
        }
        if self.is_keys && self.faults.keys_unsyncable.load(Ordering::SeqCst) {
            return Err(io::Error::other("the keys' disk is broken"));
        }
        self.file.sync()
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        if self.faults.broken.load(Ordering::SeqCst) {
            return Err(self.faults.breaks());
        }
        self.file.cut(length)
    }
}

pub(crate) fn faulty(dir: &Path) -> (Arc<JournalStore>, Arc<Faults>) {
    let faults = Arc::new(Faults::default());
    faults.room.store(1 << 40, Ordering::SeqCst);
    let disk = FaultyDisk {
        folder: Folder(dir.to_owned()),
        faults: Arc::clone(&faults),
    };
    let store = JournalStore::open_on(dir, Arc::new(disk), None, options()).unwrap();
    (store, faults)
}

fn session(store: &JournalStore) -> (SessionId, Box<dyn Recorder>) {
    let id = SessionId::generate();
    let mut recorder = store.begin(id).unwrap();
    recorder.append(&opened(id)).unwrap();
    (id, recorder)
}

fn outcomes(dir: &Path, id: SessionId) -> Vec<String> {
    let recording = recording(&folder(dir), *id.as_bytes()).unwrap().unwrap();
    let outcome = |event: &Event<'_>| match event {
        Event::Action(action) => Some(action.outcome.to_string()),
        _ => None,
    };
    recording.events.iter().filter_map(outcome).collect()
}

#[test]
fn what_is_staged_together_is_one_record_or_none() {
    for room in [1 << 40, 0, 1, 79, 80, 200] {
        let dir = tempfile::tempdir().unwrap();
        let (store, faults) = faulty(dir.path());
        let (id, mut recorder) = session(&store);
        let before = store.keeper.log.head().sequence;
        for sequence in 1..=3 {
            let waiting = recorder.stage(&action(sequence, "allow")).unwrap();
            assert!(waiting > 0);
        }
        assert_eq!(store.keeper.log.head().sequence, before, "only staged");
        faults.room.store(room, Ordering::SeqCst);
        let committed = recorder.commit();
        let expect: &[&str] = match room {
            1.. if committed.is_ok() => &["allow", "allow", "allow", "deny"],
            _ => &["deny"],
        };
        assert_eq!(committed.is_ok(), room == 1 << 40, "room {room}");
        let records = store.keeper.log.head().sequence - before;
        assert_eq!(records, u64::from(committed.is_ok()), "room {room}");
        recorder.commit().unwrap();
        recorder.append(&action(4, "deny")).unwrap();
        recorder.append(&closed()).unwrap();
        drop(recorder);
        faults.room.store(1 << 40, Ordering::SeqCst);
        until("recovery", || store.health() == JournalHealth::Good);
        drop(store);
        assert_eq!(verify(dir.path(), None).unwrap().findings, []);
        assert_eq!(outcomes(dir.path(), id), expect, "room {room}");
    }
}

#[test]
fn what_is_staged_when_a_session_ends_is_recorded_before_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = faulty(dir.path());
    let (id, mut recorder) = session(&store);
    recorder.stage(&action(1, "allow")).unwrap();
    recorder.append(&closed()).unwrap();
    assert!(recorder.stage(&action(2, "allow")).is_err());
    drop((recorder, store));
    assert_eq!(verify(dir.path(), None).unwrap().findings, []);
    assert_eq!(outcomes(dir.path(), id), ["allow"]);
}

#[test]
fn a_full_disk_takes_refusals_and_recovers() {
    // The disk fills at every byte of a record, and once exactly between two.
    for room in [0, 1, 79, 80, 120] {
        let dir = tempfile::tempdir().unwrap();
        let (store, faults) = faulty(dir.path());
        let (id, mut recorder) = session(&store);
        recorder.append(&action(1, "allow")).unwrap();
        recorder.response(1, b"before the disk was full").unwrap();
        faults.room.store(room, Ordering::SeqCst);
        let refused = recorder.append(&action(2, "allow"));
        assert!(matches!(refused, Err(PortError::Full)), "room {room}");
        assert!(matches!(
            store.begin(SessionId::generate()),
            Err(PortError::Full)
        ));
        recorder.append(&action(2, "deny")).unwrap();
        recorder.append(&closed()).unwrap();
        drop(recorder);
        until("results stop", || store.keeper.log.takes_results().is_err());
        faults.room.store(1 << 40, Ordering::SeqCst);
        until("recovery", || store.health() == JournalHealth::Good);
        run(&store, 1, 10);
        drop(store);
        let report = verify(dir.path(), None).unwrap();
        assert_eq!(report.findings, [], "room {room}");
        assert_eq!(outcomes(dir.path(), id), ["allow", "deny"]);
    }
}

#[test]
fn a_session_that_waits_for_the_keeper_hears_of_a_full_disk() {
    let dir = tempfile::tempdir().unwrap();
    let (store, faults) = faulty(dir.path());
    let (_, mut recorder) = session(&store);
    // The keeper hangs in its sync and learns of the disk only afterwards.
    let held = faults.hang.lock().unwrap();
    let pressure = backlog(&mut *recorder);
    faults.room.store(0, Ordering::SeqCst);
    drop(held);
    let told = block_on(pressure);
    assert!(matches!(told, Err(PortError::Full)), "{told:?}");
}

/// Gives a recorder results until it asks its session to wait.
fn backlog(recorder: &mut dyn Recorder) -> BoxFuture<'static, Result<(), PortError>> {
    let chunk = vec![7; 64 * 1024];
    for _ in 0..8 * 1024 {
        recorder.response(1, &chunk).unwrap();
        if let Some(pressure) = recorder.pressure() {
            return pressure;
        }
    }
    panic!("no pressure was ever felt");
}

#[test]
fn a_failing_disk_ends_sessions_and_recovers_into_a_new_segment() {
    // What became read-only, a failing device, files that are somebody else's by now.
    for errno in [0, libc::EROFS, libc::EIO, libc::EACCES] {
        let dir = tempfile::tempdir().unwrap();
        let (store, faults) = faulty(dir.path());
        faults.errno.store(errno, Ordering::SeqCst);
        let (id, mut before) = session(&store);
        before.append(&action(1, "allow")).unwrap();
        faults.broken.store(true, Ordering::SeqCst);
        let refused = before.append(&action(2, "allow"));
        assert!(
            matches!(refused, Err(PortError::Failed { .. })),
            "{errno}: {refused:?}"
        );
        assert!(store.begin(SessionId::generate()).is_err());
        faults.broken.store(false, Ordering::SeqCst);
        until("recovery", || store.health() == JournalHealth::Good);
        assert!(
            before.append(&action(3, "allow")).is_err(),
            "a session that met the failure stays ended"
        );
        run(&store, 2, 10);
        drop(before);
        drop(store);
        let report = verify(dir.path(), None).unwrap();
        assert!(report.is_sound(), "{errno}: {:?}", report.findings);
        assert_eq!(report.segments, 2);
        assert_eq!(outcomes(dir.path(), id), ["allow"], "{errno}");
    }
}

#[test]
fn a_failed_sync_is_never_taken_for_durable() {
    let dir = tempfile::tempdir().unwrap();
    let (store, faults) = faulty(dir.path());
    let (_, mut recorder) = session(&store);
    block_on(recorder.durable()).unwrap();
    faults.unsyncable.store(true, Ordering::SeqCst);
    recorder.append(&action(1, "allow")).unwrap();
    assert!(block_on(recorder.durable()).is_err());
    assert!(recorder.append(&action(2, "allow")).is_err());
    assert!(store.begin(SessionId::generate()).is_err());
    faults.unsyncable.store(false, Ordering::SeqCst);
    until("recovery", || store.health() == JournalHealth::Good);
    let (_, mut recorder) = session(&store);
    block_on(recorder.durable()).unwrap();
}

#[test]
fn a_hanging_disk_is_given_up_in_time() {
    let dir = tempfile::tempdir().unwrap();
    let (store, faults) = faulty(dir.path());
    let (_, mut recorder) = session(&store);
    block_on(recorder.durable()).unwrap();
    let held = faults.hang.lock().unwrap();
    recorder.append(&action(1, "allow")).unwrap();
    let asked = Instant::now();
    let answer = block_on(recorder.durable());
    assert!(matches!(answer, Err(PortError::Slow { .. })));
    assert!(asked.elapsed() >= Duration::from_millis(400));
    assert!(matches!(
        store.begin(SessionId::generate()),
        Err(PortError::Slow { .. })
    ));
    drop(held);
    until("recovery", || store.begin(SessionId::generate()).is_ok());
}

#[test]
fn a_backlog_makes_its_session_wait() {
    let dir = tempfile::tempdir().unwrap();
    let (store, faults) = faulty(dir.path());
    let (_, mut recorder) = session(&store);
    let held = faults.hang.lock().unwrap();
    // The keeper hangs in its sync, so the backlog grows until the session must wait.
    let pressure = backlog(&mut *recorder);
    drop(held);
    block_on(pressure).unwrap();
    assert!(recorder.pressure().is_none());
}

#[test]
fn a_session_goes_on_while_its_results_are_brought_to_disk() {
    let dir = tempfile::tempdir().unwrap();
    let (store, faults) = faulty(dir.path());
    let (_, mut recorder) = session(&store);
    block_on(recorder.durable()).unwrap();
    let held = faults.hang.lock().unwrap();
    let pressure = backlog(&mut *recorder);
    // The sync in which the keeper hangs ends; that of the backlog does not.
    faults.let_by.store(1, Ordering::SeqCst);
    block_on(pressure).unwrap();
    assert!(recorder.pressure().is_none());
    drop(held);
}

/// Set in the child of the kill test: where it writes.
const CHILD_DIR: &str = "PORTCULLIS_TEST_JOURNAL_CHILD";

/// Not a test by itself: writes without end when it is the kill test's child.
#[test]
fn child_that_writes_until_killed() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else {
        return;
    };
    let store = open(Path::new(&dir));
    let (_, mut recorder) = session(&store);
    let mut sequence = 0;
    loop {
        sequence += 1;
        recorder.append(&action(sequence, "allow")).unwrap();
        // The parent believes this line only if the journal has the record too.
        println!("appended {sequence}");
        recorder.response(sequence, &[1; 500]).unwrap();
        recorder.append(&completed(sequence)).unwrap();
    }
}

#[test]
fn kill_9_loses_no_decision() {
    use std::io::BufRead as _;
    use std::process::{Command, Stdio};
    for lines in [1, 50, 2_000] {
        let dir = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "journal::tests::child_that_writes_until_killed",
                "--nocapture",
            ])
            .env(CHILD_DIR, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut told = io::BufReader::new(child.stdout.take().unwrap()).lines();
        let number =
            |line: String| -> Option<u64> { line.rsplit_once("appended ")?.1.trim().parse().ok() };
        let mut last = 0;
        while last < lines {
            last = number(told.next().unwrap().unwrap()).unwrap_or(last);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        last = told
            .map_while(Result::ok)
            .filter_map(number)
            .last()
            .unwrap_or(last);
        let mut found = Vec::new();
        ledger::journal::for_each_event(&folder(dir.path()), |_, event| {
            if let Event::Action(action) = event {
                found.push(action.sequence);
            }
        })
        .unwrap();
        let expect: Vec<u64> = (1..=found.len() as u64).collect();
        assert_eq!(found, expect, "every decision, in order");
        assert!(
            found.len() as u64 >= last,
            "{last} told, {} kept",
            found.len()
        );
        // It is taken up again and verifies.
        drop(open(dir.path()));
        let report = verify(dir.path(), None).unwrap();
        assert!(report.is_sound(), "{:?}", report.findings);
    }
}

/// Prints what one decision costs, with encryption and without; run with `--nocapture --ignored`.
#[test]
#[ignore = "a measurement"]
fn cost_of_one_append() {
    for encrypt in [false, true, false, true] {
        let dir = tempfile::tempdir().unwrap();
        let wish = JournalOptions {
            encrypt,
            ..options()
        };
        let store = JournalStore::open(dir.path(), wish).unwrap();
        let (_, mut recorder) = session(&store);
        let mut event = action(1, "allow");
        if let Event::Action(action) = &mut event {
            action.text = "select 1 from orders where id = $1 ".repeat(10).into();
        }
        let rounds = 200_000;
        let started = Instant::now();
        for _ in 0..rounds {
            recorder.append(&event).unwrap();
        }
        let each = started.elapsed() / rounds;
        println!("{each:?} an append, encrypted: {encrypt}");
    }
}
