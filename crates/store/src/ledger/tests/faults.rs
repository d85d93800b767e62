//! Each step of the ledger's writes fails in turn, and the process is killed at any moment.

use std::io::{self, BufRead as _};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::ledger::files::{Disk, Files};
use crate::ledger::{JournalEnd, Ledger};

/// A disk that refuses one step, halfway where a step has a half.
struct Refusing {
    disk: Disk,
    /// Steps until then.
    left: AtomicU64,
    steps: AtomicU64,
}

impl Refusing {
    fn step(&self) -> io::Result<()> {
        self.steps.fetch_add(1, Ordering::SeqCst);
        match self.left.fetch_sub(1, Ordering::SeqCst) {
            0 => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        }
    }
}

impl Files for Refusing {
    fn make_folder(&self, name: &str) -> io::Result<()> {
        self.step()?;
        self.disk.make_folder(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.step() {
            self.disk.write(name, &bytes[..bytes.len() / 2])?;
            return Err(error);
        }
        self.disk.write(name, bytes)
    }

    fn sync(&self, name: &str) -> io::Result<()> {
        self.step()?;
        self.disk.sync(name)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.step()?;
        self.disk.rename(from, to)
    }

    fn sync_folder(&self, name: &str) -> io::Result<()> {
        // Done and denied: the worst that a disk can do to a checkpoint.
        self.disk.sync_folder(name)?;
        self.step()
    }

    fn remove_folder(&self, name: &str) -> io::Result<()> {
        self.step()?;
        self.disk.remove_folder(name)
    }

    fn place(&self) -> String {
        self.disk.place()
    }
}

#[test]
fn whichever_step_fails_the_log_goes_on_and_never_forks() {
    let mut refused = 0;
    // Nearly a tile, so that a later seal finishes one.
    let good = State::new();
    let store = good.open();
    for _ in 0..240 {
        store
            .control(&crate::journal::note("nothing.happened", &[]))
            .unwrap();
    }
    drop(store);
    for step in 0_u64.. {
        let state = good.copy();
        let mut wish = options(state.0.path());
        let log = wish.ledger.take().unwrap();
        let store = open_as(&state.journal(), wish).unwrap();
        let disk = Arc::new(Refusing {
            disk: Disk(state.log()),
            left: AtomicU64::new(u64::MAX),
            steps: AtomicU64::new(0),
        });
        let files: Arc<dyn Files> = Arc::clone(&disk) as Arc<dyn Files>;
        let journal = JournalEnd {
            dir: &state.journal(),
            journal: store.id(),
            last: store.durable_sequence(),
        };
        let (ledger, mut sealer) = Ledger::open(&log, files, &journal).unwrap();
        disk.left.store(step, Ordering::SeqCst);
        disk.steps.store(0, Ordering::SeqCst);
        let mut kept = vec![state.checkpoint()];
        for _ in 0..4 {
            (0..3).for_each(|n| {
                session(&store, n);
            });
            until("all is on disk", || {
                store.durable_sequence() == store.head().sequence
            });
            sealer.turn(store.durable_sequence(), &crate::journal::now);
            kept.push(state.checkpoint());
        }
        sealer.turn(store.durable_sequence(), &crate::journal::now);
        assert!(
            ledger.health(0).failing.is_none(),
            "step {step}: {:?}",
            ledger.health(0)
        );
        drop(store);
        state.run(0);
        // Whatever anybody saw in the folder meanwhile is a beginning of what is there now.
        let report = state.check(&Wish {
            kept,
            ..state.wish()
        });
        assert_eq!(report.findings, [], "step {step}");
        assert!(
            report.is_sound(),
            "step {step}: {:?}",
            report.journal.findings
        );
        if disk.steps.load(Ordering::SeqCst) <= step {
            break;
        }
        refused += 1;
    }
    println!("{refused} steps refused, each alone; the log went on from each");
    assert!(refused > 60);
}

/// Set in the child of the kill test: its state folder.
const CHILD_STATE: &str = "PORTCULLIS_TEST_LEDGER_CHILD";

/// Not a test by itself: records and seals without end when it is the kill test's child.
#[test]
fn child_that_seals_until_killed() {
    let Some(state) = std::env::var_os(CHILD_STATE) else {
        return;
    };
    let state = PathBuf::from(state);
    let mut options = options(&state);
    options.ledger.as_mut().unwrap().interval = Duration::from_millis(2);
    let store = open_as(&state.join("journal"), options).unwrap();
    let ledger = Arc::clone(store.ledger().unwrap());
    let mut last = None;
    loop {
        session(&store, 2);
        // Else there would soon be more to check than there is time for.
        std::thread::park_timeout(Duration::from_millis(1));
        let published = ledger.checkpoint();
        if published != last
            && let Some(note) = &published
        {
            let size = Checkpoint::parse(note.text()).unwrap().head.size;
            println!("published {size}");
            last = published;
        }
    }
}

#[test]
fn kill_9_at_any_moment_takes_nothing_from_the_log() {
    let state = State::new();
    let rounds = std::env::var("PORTCULLIS_KILLS").ok();
    let rounds = rounds.and_then(|text| text.parse().ok()).unwrap_or(20);
    let mut kept: Option<Note> = None;
    for round in 0..rounds {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "ledger::tests::faults::child_that_seals_until_killed",
                "--nocapture",
            ])
            .env(CHILD_STATE, state.0.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut told = io::BufReader::new(child.stdout.take().unwrap()).lines();
        let size =
            |line: String| -> Option<u64> { line.rsplit_once("published ")?.1.trim().parse().ok() };
        let mut published = 0;
        let mut lines = 0;
        while lines < 2 + 3 * (round % 5) {
            let line = told
                .next()
                .unwrap_or_else(|| panic!("round {round}: it ended"))
                .unwrap();
            if let Some(size) = size(line) {
                (published, lines) = (size, lines + 1);
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        published = told
            .map_while(Result::ok)
            .filter_map(size)
            .last()
            .unwrap_or(published);
        let report = state.check(&Wish {
            kept: kept.iter().cloned().collect(),
            ..state.wish()
        });
        assert!(
            report.is_sound(),
            "round {round}: {:?} {:?}",
            report.findings,
            report.journal.findings
        );
        assert!(
            state.size() >= published,
            "round {round}: {published} were published, {} are there",
            state.size()
        );
        kept = Some(state.checkpoint());
    }
    state.run(0);
    let report = state.check(&Wish {
        kept: kept.into_iter().collect(),
        ..state.wish()
    });
    assert_eq!(report.findings, []);
    println!(
        "killed {rounds} times: {} entries, {} seals, all there",
        state.size(),
        report.seals
    );
}
