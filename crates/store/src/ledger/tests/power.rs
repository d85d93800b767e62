//! The power fails at every step of every write, of journal and ledger alike; what is left is opened and checked.
//!
//! A model of a disk stands beside the real one: what was written and not synced may be lost, torn or turned to zeros,
//! what was created, renamed or removed and not synced may have happened or not, each on its own.

use std::collections::BTreeMap;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::journal::disk::{Disk as JournalDisk, DiskFile, Folder as JournalFolder};
use crate::ledger::files::{Disk, Files, folder_of};
use crate::ledger::{JournalEnd, Ledger};

/// Variants of what is left, at each step.
const VARIANTS: u64 = 4;
/// Rounds of sessions and seals; `PORTCULLIS_POWER_ROUNDS` asks for more.
const ROUNDS: u64 = 10;

#[derive(Clone, Default)]
struct Inode {
    data: Vec<u8>,
    synced: usize,
}

#[derive(Clone)]
enum Change {
    Link(String, usize),
    Rename(String, String),
    Remove(String),
    Folder(String),
}

/// What a folder's name stands for.
const FOLDER: usize = usize::MAX;

impl Change {
    fn folder(&self) -> &str {
        match self {
            Self::Link(name, _)
            | Self::Rename(_, name)
            | Self::Remove(name)
            | Self::Folder(name) => folder_of(name),
        }
    }

    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Link(name, inode) => drop(names.insert(name.clone(), *inode)),
            Self::Folder(name) => drop(names.insert(name.clone(), FOLDER)),
            Self::Rename(from, to) => {
                if let Some(inode) = names.remove(from) {
                    names.insert(to.clone(), inode);
                }
            }
            Self::Remove(folder) => {
                names.retain(|name, _| name != folder && !name.starts_with(&format!("{folder}/")))
            }
        }
    }
}

#[derive(Default)]
struct Counts {
    points: u64,
    images: u64,
    lost: u64,
    torn: u64,
    zeroed: u64,
    names: u64,
}

#[derive(Default)]
struct Model {
    inodes: Vec<Inode>,
    /// Names that are on the disk, and those that everybody sees.
    durable: BTreeMap<String, usize>,
    seen: BTreeMap<String, usize>,
    pending: Vec<Change>,
    seed: u64,
    counts: Counts,
    acknowledged: u64,
    published: Option<Note>,
}

/// A disk whose power fails after every step.
struct Power {
    state: PathBuf,
    journal: JournalFolder,
    ledger: Disk,
    model: Mutex<Model>,
    is_armed: AtomicBool,
}

impl Model {
    fn random(&mut self, below: u64) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed % below.max(1)
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.seen);
        self.pending.push(change);
    }

    fn create(&mut self, name: &str, data: &[u8]) -> usize {
        self.inodes.push(Inode {
            data: data.to_vec(),
            synced: 0,
        });
        let inode = self.inodes.len() - 1;
        self.change(Change::Link(name.to_owned(), inode));
        inode
    }

    fn sync_folder(&mut self, folder: &str) {
        let (now, later) = self
            .pending
            .drain(..)
            .partition(|change| change.folder() == folder);
        self.pending = later;
        let now: Vec<Change> = now;
        now.iter()
            .for_each(|change| change.apply(&mut self.durable));
    }

    /// One of the states in which the disk may come back.
    fn image(&mut self, variant: u64) -> BTreeMap<String, Vec<u8>> {
        let mut names = self.durable.clone();
        for change in self.pending.clone() {
            match variant == 1 || (variant > 1 && self.random(2) == 0) {
                true => change.apply(&mut names),
                false => self.counts.names += 1,
            }
        }
        let mut image = BTreeMap::new();
        let is_reached = |name: &str| {
            let mut folder = folder_of(name);
            while folder.contains('/') && names.get(folder) == Some(&FOLDER) {
                folder = folder_of(folder);
            }
            !folder.contains('/')
        };
        // Without its folder a file is nowhere.
        let reached: Vec<_> = names
            .iter()
            .filter(|(name, inode)| **inode != FOLDER && is_reached(name))
            .map(|(name, inode)| (name.clone(), *inode))
            .collect();
        for (name, inode) in reached {
            let Inode { mut data, synced } = self.inodes[inode].clone();
            if synced < data.len() && variant != 1 {
                let loose = (data.len() - synced) as u64;
                let kept = if variant == 0 {
                    0
                } else {
                    self.random(loose + 1)
                };
                let length = synced + usize::try_from(kept).unwrap();
                match (variant, kept) {
                    (_, 0) => self.counts.lost += 1,
                    (3, _) => self.counts.zeroed += 1,
                    _ => self.counts.torn += 1,
                }
                match variant {
                    3 => data[length..].fill(0),
                    _ => data.truncate(length),
                }
            }
            image.insert(name, data);
        }
        image
    }
}

impl Power {
    /// The power fails here.
    fn point(&self, model: &mut Model) {
        if !self.is_armed.load(Ordering::SeqCst) {
            return;
        }
        model.counts.points += 1;
        let images: Vec<_> = (0..VARIANTS).map(|variant| model.image(variant)).collect();
        model.counts.images += VARIANTS;
        let (point, model) = (model.counts.points, &*model);
        std::thread::scope(|scope| {
            for (variant, image) in images.iter().enumerate() {
                let what = format!("point {point}, variant {variant}");
                scope.spawn(move || self.come_back(image, model, &what));
            }
        });
    }

    /// The machine starts again on what is left.
    fn come_back(&self, image: &BTreeMap<String, Vec<u8>>, model: &Model, what: &str) {
        let state = State::new();
        fs::copy(self.state.join("ledger.key"), state.path("ledger.key")).unwrap();
        for (name, data) in image {
            let path = state.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, data).unwrap();
        }
        // On disk before the first file of keys is made, and not written here.
        fs::create_dir_all(state.journal().join("keys")).unwrap();
        fs::write(state.journal().join("keys/holds.json"), "[]").unwrap();
        let store = open_as(&state.journal(), options(state.0.path()));
        let store = store.unwrap_or_else(|error| panic!("{what}: does not open: {error}"));
        drop(store);
        let wish = Wish {
            kept: model.published.iter().cloned().collect(),
            ..state.wish()
        };
        let report = state.check(&wish);
        let told = (&report.findings, &report.journal.findings);
        assert!(report.is_sound(), "{what}: {told:?}");
        assert_eq!(report.findings, [], "{what}: all is sealed again");
        assert!(
            report.sealed >= model.acknowledged,
            "{what}: lost what was durable"
        );
        // What counts as durable can also be read: its key is as durable.
        let folder = crate::vault::tests::folder(&state.journal());
        let mut opener = folder.opener();
        ::ledger::journal::for_each_record(&folder, |record| {
            let is_read = opener.payload(record).is_ok();
            let sequence = record.header.sequence;
            assert!(
                is_read || sequence > model.acknowledged,
                "{what}: record {sequence} has no key"
            );
        })
        .unwrap();
    }
}

struct PowerFile {
    power: Arc<Power>,
    inode: usize,
    file: Arc<dyn DiskFile>,
}

impl DiskFile for PowerFile {
    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.file.append(bytes)?;
        let mut model = self.power.model.lock().unwrap();
        model.inodes[self.inode]
            .data
            .extend_from_slice(&bytes[..taken]);
        self.power.point(&mut model);
        Ok(taken)
    }

    fn sync(&self) -> io::Result<()> {
        let length = self.power.model.lock().unwrap().inodes[self.inode]
            .data
            .len();
        self.file.sync()?;
        let mut model = self.power.model.lock().unwrap();
        model.inodes[self.inode].synced = length;
        self.power.point(&mut model);
        Ok(())
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        let mut model = self.power.model.lock().unwrap();
        model.inodes[self.inode]
            .data
            .truncate(usize::try_from(length).unwrap());
        self.file.cut(length)
    }
}

/// The journal's half.
struct PowerJournal(Arc<Power>);

impl JournalDisk for PowerJournal {
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let file = self.0.journal.create(name)?;
        let mut model = self.0.model.lock().unwrap();
        let inode = model.create(&format!("journal/{name}"), b"");
        self.0.point(&mut model);
        model.sync_folder(folder_of(&format!("journal/{name}")));
        self.0.point(&mut model);
        let power = Arc::clone(&self.0);
        Ok(Arc::new(PowerFile { power, inode, file }))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        panic!("nothing fails here: {name}")
    }

    fn reserve(&self, bytes: u64) -> io::Result<()> {
        self.0.journal.reserve(bytes)
    }

    fn release(&self) -> io::Result<()> {
        self.0.journal.release()
    }
}

/// The ledger's half.
struct PowerLedger(Arc<Power>);

impl PowerLedger {
    fn step(&self, change: impl FnOnce(&mut Model)) {
        let mut model = self.0.model.lock().unwrap();
        change(&mut model);
        self.0.point(&mut model);
    }
}

fn below(name: &str) -> String {
    match name {
        "" => "ledger".to_owned(),
        name => format!("ledger/{name}"),
    }
}

impl Files for PowerLedger {
    fn make_folder(&self, name: &str) -> io::Result<()> {
        self.0.ledger.make_folder(name)?;
        let name = below(name);
        if !self.0.model.lock().unwrap().seen.contains_key(&name) {
            self.step(|model| model.change(Change::Folder(name)));
        }
        Ok(())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.0.ledger.write(name, bytes)?;
        self.step(|model| {
            model.create(&below(name), bytes);
        });
        Ok(())
    }

    fn sync(&self, name: &str) -> io::Result<()> {
        self.0.ledger.sync(name)?;
        self.step(|model| {
            let inode = model.seen[&below(name)];
            model.inodes[inode].synced = model.inodes[inode].data.len();
        });
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.0.ledger.rename(from, to)?;
        self.step(|model| model.change(Change::Rename(below(from), below(to))));
        Ok(())
    }

    fn sync_folder(&self, name: &str) -> io::Result<()> {
        self.0.ledger.sync_folder(name)?;
        self.step(|model| model.sync_folder(&below(name)));
        Ok(())
    }

    fn remove_folder(&self, name: &str) -> io::Result<()> {
        self.0.ledger.remove_folder(name)?;
        self.step(|model| model.change(Change::Remove(below(name))));
        Ok(())
    }

    fn place(&self) -> String {
        self.0.ledger.place()
    }
}

#[test]
fn whenever_the_power_fails_what_was_durable_is_there_and_verifies() {
    let state = State::new();
    fs::create_dir_all(state.log()).unwrap();
    fs::create_dir_all(state.journal()).unwrap();
    // Made with the journal, and synced, before there is a first key.
    let keys = BTreeMap::from([("journal/keys".to_owned(), FOLDER)]);
    let power = Arc::new(Power {
        state: state.0.path().to_owned(),
        journal: JournalFolder(state.journal()),
        ledger: Disk(state.log()),
        model: Mutex::new(Model {
            seed: 0x9E37_79B9_7F4A_7C15,
            durable: keys.clone(),
            seen: keys,
            ..Model::default()
        }),
        is_armed: AtomicBool::new(false),
    });
    let mut wish = options(state.0.path());
    // Coming back takes its time, and here the disk stands still meanwhile.
    wish.limits.journal_timeout = Duration::from_secs(600);
    let log = wish.ledger.take().unwrap();
    let disk: Arc<dyn JournalDisk> = Arc::new(PowerJournal(Arc::clone(&power)));
    let store = JournalStore::open_on(&state.journal(), disk, None, wish).unwrap();
    let files: Arc<dyn Files> = Arc::new(PowerLedger(Arc::clone(&power)));
    let journal = JournalEnd {
        dir: &state.journal(),
        journal: store.id(),
        last: store.durable_sequence(),
    };
    let (ledger, mut sealer) = Ledger::open(&log, files, &journal).unwrap();
    let rounds = std::env::var("PORTCULLIS_POWER_ROUNDS").ok();
    let rounds = rounds.and_then(|text| text.parse().ok()).unwrap_or(ROUNDS);
    let mut seal = || {
        until("all is on disk", || {
            store.durable_sequence() == store.head().sequence
        });
        power.model.lock().unwrap().acknowledged = store.durable_sequence();
        sealer.turn(store.durable_sequence(), &crate::journal::now);
        assert!(ledger.health(0).failing.is_none(), "{:?}", ledger.health(0));
        power.model.lock().unwrap().published = ledger.checkpoint();
    };
    // The first seal of all under fire, then nearly a tile in peace, then on across its border.
    power.is_armed.store(true, Ordering::SeqCst);
    seal();
    power.is_armed.store(false, Ordering::SeqCst);
    for _ in 0..240 {
        store
            .control(&crate::journal::note("nothing.happened", &[]))
            .unwrap();
    }
    seal();
    power.is_armed.store(true, Ordering::SeqCst);
    for round in 0..rounds {
        session(&store, 1 + round % 3);
        seal();
    }
    power.is_armed.store(false, Ordering::SeqCst);
    assert!(
        ledger.folder().file("tile/0/000").is_ok(),
        "a tile was finished under fire"
    );
    drop(store);
    let Counts {
        points,
        images,
        lost,
        torn,
        zeroed,
        names,
    } = std::mem::take(&mut power.model.lock().unwrap().counts);
    println!(
        "power cut at {points} points, {images} states of the disk: {lost} writes lost, {torn} torn, {zeroed} zeroed, {names} names lost; all opened, sealed and verified"
    );
    assert!(points > 200 && lost > 50 && torn > 50 && zeroed > 20 && names > 200);
}
