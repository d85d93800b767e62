//! The index against the scan, against kills and damage, and against being asked to forget.
#![allow(clippy::unwrap_used)]

mod beginnings;
mod bounds;
mod rows;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ::ledger::Event;
use ::ledger::event::{ActionRecorded, Completed, SessionOpened};
use ::ledger::find::{asked, scan};
use ::ledger::journal::recording;
use contract::{Hit, SearchResults};
use gate::ports::Journal as _;
use model::{Limits, SessionId};

use super::{Index, IndexOptions};
use crate::journal::{JournalOptions, JournalStore};

/// A journal with an index beside it.
struct Bench {
    dir: tempfile::TempDir,
    journal: Option<Arc<JournalStore>>,
    index: Option<Index>,
    durable: Arc<AtomicU64>,
    clock: u64,
    page_time: Duration,
    lag_bytes_max: u64,
}

/// One action to be recorded.
#[derive(Clone, Debug, Default)]
struct Act {
    text: String,
    effects: Vec<String>,
    outcome: &'static str,
    values: Vec<String>,
    rows: u64,
    duration: u64,
    error: Option<&'static str>,
    is_open: bool,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Self {
            dir: tempfile::tempdir().unwrap(),
            journal: None,
            index: None,
            durable: Arc::default(),
            clock: 1_000_000,
            page_time: Duration::from_secs(20),
            lag_bytes_max: 8 * 1024 * 1024,
        };
        bench.open_journal();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn open_journal(&mut self) {
        let options = JournalOptions {
            limits: Limits {
                journal_interval: Duration::from_millis(2),
                journal_reserve_bytes: 64 * 1024,
                ..Limits::standard()
            },
            strict: false,
            ledger: None,
            masters: None,
            encrypt: false,
        };
        self.journal = Some(JournalStore::open(&self.path("journal"), options).unwrap());
    }

    fn journal(&self) -> &JournalStore {
        self.journal.as_deref().unwrap()
    }

    fn start(&mut self) {
        self.start_within(Duration::from_secs(20));
    }

    fn start_within(&mut self, time_max: Duration) {
        let durable = Arc::clone(&self.durable);
        let options = IndexOptions {
            dir: self.path("index"),
            part_bytes_max: scan::PART_BYTES_MAX,
            time_max,
            page_time: self.page_time,
            lag_max: Duration::from_secs(60),
            lag_bytes_max: self.lag_bytes_max,
        };
        let folder = self.journal().folder();
        let follow = move || durable.load(Ordering::Acquire);
        self.index = Some(Index::start(options, folder, follow).unwrap());
    }

    fn index(&self) -> &Index {
        self.index.as_ref().unwrap()
    }

    /// Lets the index see everything that was recorded, and waits until it has.
    fn catch_up(&self) {
        let last = self.journal().head().sequence;
        wait("all is on disk", || {
            self.journal().durable_sequence() >= last
        });
        self.durable.store(last, Ordering::Release);
        wait("all is indexed", || self.index().health().sequence >= last);
    }

    fn record(&mut self, name: &str, acts: &[Act]) -> SessionId {
        let id = SessionId::generate();
        let journal = self.journal.clone().unwrap();
        let mut recorder = journal.begin(id).unwrap();
        recorder.append(&opened(id, name, self.clock)).unwrap();
        let is_open = acts.iter().any(|act| act.is_open);
        for (sequence, act) in (1..).zip(acts) {
            self.clock += 1_000_000;
            recorder.append(&action(sequence, self.clock, act)).unwrap();
            if act.is_open {
                continue;
            }
            let bytes = rows_of(&act.values);
            recorder.response(sequence, &bytes).unwrap();
            recorder
                .append(&completed(sequence, self.clock, act))
                .unwrap();
        }
        let closed = Event::SessionClosed {
            time: self.clock,
            reason: "the client left".into(),
        };
        match is_open {
            // Never closed while the test runs.
            true => std::mem::forget(recorder),
            false => recorder.append(&closed).unwrap(),
        }
        let ends = acts.iter().filter(|act| !act.is_open).count() + usize::from(!is_open);
        wait("its results are written", || {
            let found = recording(&journal.folder(), *id.as_bytes()).unwrap();
            let is_end = |event: &&Event<'_>| {
                matches!(event, Event::Completed(_) | Event::SessionClosed { .. })
            };
            found.is_some_and(|found| found.events.iter().filter(is_end).count() == ends)
        });
        id
    }

    fn found(&self, pairs: &[(&str, &str)]) -> SearchResults {
        let filter = asked::filter(pairs.iter().copied()).unwrap();
        self.index().search(&filter).unwrap()
    }

    /// The texts that the index finds; the scan must find the same.
    fn texts(&self, pairs: &[(&str, &str)]) -> Vec<String> {
        let filter = asked::filter(pairs.iter().copied()).unwrap();
        let scanned = scan::search(&self.journal().folder(), &filter, &|| false).unwrap();
        let found = self.found(pairs);
        assert_eq!(found.hits, scanned.hits, "{pairs:?}");
        assert_eq!(found.truncated, scanned.truncated, "{pairs:?}");
        assert_eq!(found.next, scanned.next, "{pairs:?}");
        found.hits.into_iter().map(|hit| hit.text).collect()
    }
}

fn wait(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

fn opened(id: SessionId, name: &str, time: u64) -> Event<'static> {
    let is_agent = name.ends_with("bot");
    Event::SessionOpened(SessionOpened {
        time,
        session: *id.as_bytes(),
        principal: format!("idp|{name}").into(),
        name: name.to_owned().into(),
        kind: if is_agent { "agent" } else { "human" }.into(),
        acts_for: match is_agent {
            true => vec!["idp|owner".into(), "Olga Owner".into()],
            false => Vec::new(),
        },
        resource: "orders-prod".into(),
        database: "shop".into(),
        protocol: "postgres".into(),
        application: "psql".into(),
        address: "10.0.0.7".into(),
        ..SessionOpened::default()
    })
}

fn action(sequence: u64, time: u64, act: &Act) -> Event<'_> {
    Event::Action(ActionRecorded {
        time,
        sequence,
        text: act.text.as_str().into(),
        effects: act
            .effects
            .iter()
            .map(|effect| effect.as_str().into())
            .collect(),
        outcome: if act.outcome.is_empty() {
            "allow"
        } else {
            act.outcome
        }
        .into(),
        reasons: vec![("readers-may-read".into(), "reading is permitted".into())],
        ..ActionRecorded::default()
    })
}

fn completed(sequence: u64, time: u64, act: &Act) -> Event<'static> {
    Event::Completed(Completed {
        time: time + act.duration,
        sequence,
        rows: act.rows,
        duration: act.duration,
        error: act.error.map(Into::into),
        ..Completed::default()
    })
}

fn rows_of(values: &[String]) -> Vec<u8> {
    let row = |value: &String| {
        let length = u32::try_from(value.len()).unwrap();
        let body = [&[0, 1], &length.to_be_bytes()[..], value.as_bytes()].concat();
        let whole = u32::try_from(body.len() + 4).unwrap();
        [b"D", &whole.to_be_bytes()[..], &body].concat()
    };
    values.iter().flat_map(row).collect()
}

fn act(text: &str) -> Act {
    Act {
        text: text.to_owned(),
        ..Act::default()
    }
}

/// Whether any file of a folder has these bytes, written plainly.
fn is_anywhere(dir: &Path, bytes: &[u8]) -> bool {
    let files = std::fs::read_dir(dir).unwrap();
    let mut contents = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
    contents.any(|content| content.windows(bytes.len()).any(|window| window == bytes))
}

fn shop(bench: &mut Bench) {
    let select = Act {
        effects: vec!["read public.customers (email, id)".to_owned()],
        values: vec!["ada@shop.example".to_owned(), "Zoë Müller".to_owned()],
        rows: 2,
        duration: 1_500,
        ..act("SELECT id, email FROM customers")
    };
    let delete = Act {
        effects: vec!["delete public.orders".to_owned()],
        outcome: "deny",
        error: Some("portcullis.denied"),
        ..act("DELETE FROM orders WHERE id = 42")
    };
    let update = Act {
        effects: vec!["update public.order_items (amount)".to_owned()],
        rows: 1_000,
        duration: 3_000_000,
        ..act("UPDATE order_items SET amount = 0")
    };
    bench.record("ada", &[select.clone(), delete]);
    bench.record("build-bot", &[update, select]);
}

#[test]
fn every_filter_finds_what_it_names() {
    let mut bench = Bench::new();
    bench.start();
    shop(&mut bench);
    let check = |pairs: &[(&str, &str)], expect: &[&str]| {
        let found = bench.texts(pairs);
        let found: Vec<_> = found.iter().map(|t| t.split(' ').next().unwrap()).collect();
        assert_eq!(found, expect, "{pairs:?}");
    };
    for _ in 0..2 {
        check(&[], &["SELECT", "UPDATE", "DELETE", "SELECT"]);
        check(&[("text", "customers")], &["SELECT", "SELECT"]);
        check(&[("text", "ADA@shop.example")], &["SELECT", "SELECT"]);
        check(&[("text", "zoe muller")], &["SELECT", "SELECT"]);
        check(&[("text", "\"muller zoe\"")], &[]);
        check(&[("text", "order_items")], &["UPDATE"]);
        check(&[("text", "order*")], &["UPDATE", "DELETE"]);
        check(&[("text", "-customers")], &["UPDATE", "DELETE"]);
        check(&[("text", "permitted -select")], &["UPDATE", "DELETE"]);
        check(&[("principal", "ada")], &["DELETE", "SELECT"]);
        check(&[("principal", "idp|ada")], &["DELETE", "SELECT"]);
        check(&[("agent", "bot")], &["SELECT", "UPDATE"]);
        check(&[("agent", "ada")], &[]);
        check(&[("human", "olga")], &["SELECT", "UPDATE"]);
        check(&[("human", "Ada")], &["DELETE", "SELECT"]);
        check(&[("table", "orders")], &["DELETE"]);
        check(&[("table", "public.order_items")], &["UPDATE"]);
        check(&[("column", "email")], &["SELECT", "SELECT"]);
        check(
            &[("column", "customers.email"), ("verb", "read")],
            &["SELECT", "SELECT"],
        );
        check(&[("verb", "delete"), ("decision", "deny")], &["DELETE"]);
        check(&[("verb", "delete"), ("decision", "allow")], &[]);
        check(&[("error", "portcullis.denied")], &["DELETE"]);
        check(
            &[("resource", "orders-prod"), ("min_rows", "3")],
            &["UPDATE"],
        );
        check(&[("min_duration", "1ms")], &["SELECT", "UPDATE", "SELECT"]);
        check(&[("min_rows", "1000"), ("min_duration", "3s")], &["UPDATE"]);
        check(&[("min_rows", "1001")], &[]);
        check(
            &[
                ("client", "psql"),
                ("address", "10.0.0.7"),
                ("database", "shop"),
                ("limit", "1"),
            ],
            &["SELECT"],
        );
        check(
            &[("policy", "readers-may-read"), ("kind", "agent")],
            &["SELECT", "UPDATE"],
        );
        check(&[("until", "1970-01-01T00:00:02Z")], &["SELECT"]);
        check(&[("since", "1970-01-01T00:00:05Z")], &["SELECT"]);
        check(&[("resource", "elsewhere")], &[]);
        // Once from the journal behind the index, once from the index.
        bench.catch_up();
    }
}

#[test]
fn what_was_just_recorded_is_found_before_it_is_indexed() {
    let mut bench = Bench::new();
    bench.start();
    bench.record("ada", &[act("SELECT early")]);
    bench.catch_up();
    bench.record(
        "ada",
        &[
            act("SELECT late"),
            Act {
                is_open: true,
                ..act("SELECT open")
            },
        ],
    );
    // The index is told of nothing new, as if it were slow.
    let found = bench.found(&[("text", "select")]);
    let texts: Vec<_> = found.hits.iter().map(|hit| hit.text.as_str()).collect();
    assert_eq!(texts, ["SELECT open", "SELECT late", "SELECT early"]);
    assert!(found.complete);
    assert!(found.indexed_to.is_some());
    bench.catch_up();
    assert_eq!(
        bench.texts(&[("text", "select")]).len(),
        3,
        "open ones stay found"
    );
    assert_eq!(bench.texts(&[("text", "open")]), ["SELECT open"]);
}

#[test]
fn pages_follow_one_another_without_gap_or_double() {
    let mut bench = Bench::new();
    bench.start();
    for round in 0..10 {
        let acts: Vec<_> = (0..7)
            .map(|n| act(&format!("SELECT n{round}x{n}")))
            .collect();
        bench.record(if round % 2 == 0 { "ada" } else { "bob" }, &acts);
        if round == 6 {
            bench.catch_up();
        }
    }
    let mut seen: Vec<Hit> = Vec::new();
    let mut before = String::new();
    loop {
        let page = bench.found(&[("text", "select"), ("limit", "4"), ("before", &before)]);
        bench.texts(&[("text", "select"), ("limit", "4"), ("before", &before)]);
        seen.extend(page.hits);
        match page.next {
            Some(next) => before = next,
            None => break,
        }
    }
    let all = bench.found(&[("text", "select"), ("limit", "1000")]).hits;
    assert_eq!(all.len(), 70);
    assert_eq!(seen, all);
}

#[test]
fn nothing_typed_is_syntax() {
    let mut bench = Bench::new();
    bench.start();
    shop(&mut bench);
    bench.catch_up();
    for text in [
        "body : x",
        "a AND",
        "NOT x",
        "(x",
        "x) OR (\"_a",
        "NEAR(x y, 2)",
        "^select",
        "{body} : x",
        "\"x\" + \"y\"",
        "x OR 1=1",
        "'; DROP TABLE action; --",
        "_a",
        "-\"_a\"",
        "select*;",
        "a''b",
        "SELECT\u{0}x",
    ] {
        let found = asked::filter([("text", text)].into_iter());
        if found.is_ok() {
            bench.texts(&[("text", text)]);
        }
    }
    for name in ["table", "principal", "verb", "client", "label", "human"] {
        for value in ["\"", "*", "x\" OR \"_a", "%", "_a", "a b"] {
            assert_eq!(
                bench.texts(&[(name, value)]),
                Vec::<String>::new(),
                "{name}={value}"
            );
        }
    }
    assert_eq!(bench.texts(&[]).len(), 4, "nothing was lost");
}

#[test]
fn after_a_kill_it_goes_on_where_it_was() {
    let mut bench = Bench::new();
    bench.start();
    shop(&mut bench);
    bench.record(
        "bob",
        &[Act {
            is_open: true,
            ..act("SELECT pending")
        }],
    );
    bench.catch_up();
    // A copy of the files at any moment is what a kill leaves.
    let copy = bench.path("copy");
    std::fs::create_dir(&copy).unwrap();
    for file in std::fs::read_dir(bench.path("index")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.join(file.file_name())).unwrap();
    }
    bench.index = None;
    std::fs::remove_dir_all(bench.path("index")).unwrap();
    std::fs::rename(&copy, bench.path("index")).unwrap();
    bench.record("bob", &[act("SELECT later")]);
    bench.start();
    bench.catch_up();
    let found = bench.texts(&[]);
    assert_eq!(found.len(), 6, "{found:?}");
    assert_eq!(bench.texts(&[("text", "pending")]).len(), 1);
}

#[test]
fn a_damaged_or_foreign_or_lost_index_is_made_anew() {
    let mut bench = Bench::new();
    bench.start();
    shop(&mut bench);
    bench.catch_up();
    let file = bench.path("index").join("index.sqlite");
    let harm = |bench: &mut Bench, what: &dyn Fn(&Path)| {
        bench.index = None;
        what(&file);
        bench.start();
        bench.catch_up();
        assert_eq!(bench.texts(&[]).len(), 4);
        assert_eq!(bench.texts(&[("text", "muller")]).len(), 2);
    };
    harm(&mut bench, &|file| std::fs::remove_file(file).unwrap());
    harm(&mut bench, &|file| {
        std::fs::write(file, vec![7; 8_192]).unwrap()
    });
    harm(&mut bench, &|file| {
        let db = rusqlite::Connection::open(file).unwrap();
        db.pragma_update(None, "user_version", 99).unwrap();
    });
    harm(&mut bench, &|file| {
        let db = rusqlite::Connection::open(file).unwrap();
        let sql = "UPDATE meta SET value = replace(value, '\"hash\":[', '\"hash\":[1')";
        assert_eq!(db.execute(sql, []).unwrap(), 1);
    });
    bench.index().rebuild().unwrap();
    bench.catch_up();
    assert_eq!(bench.texts(&[]).len(), 4);
}

#[test]
fn what_is_forgotten_is_in_no_file() {
    let mut bench = Bench::new();
    bench.start();
    let secret = Act {
        values: vec!["qvalue91x7".to_owned()],
        ..act("SELECT ztext91x7k")
    };
    let doomed = bench.record("kname91x7z", &[secret.clone(), secret.clone()]);
    let open = bench.record(
        "kname91x7z",
        &[Act {
            is_open: true,
            ..act("SELECT jopen91x7q")
        }],
    );
    let kept: Vec<_> = (0..50).map(|n| act(&format!("SELECT kept{n}"))).collect();
    bench.record("ada", &kept);
    bench.catch_up();
    let index = bench.path("index");
    for canary in ["qvalue91x7", "ztext91x7k", "kname91x7z", "jopen91x7q"] {
        // A word is stored without the beginning that it shares with the one before it.
        let end = &canary.as_bytes()[1..];
        assert!(
            is_anywhere(&index, end),
            "{canary} should be there at first"
        );
    }
    bench
        .index()
        .forget(&[*doomed.as_bytes(), *open.as_bytes()])
        .unwrap();
    for canary in ["qvalue91x7", "ztext91x7k", "kname91x7z", "jopen91x7q"] {
        let end = &canary.as_bytes()[1..];
        assert!(!is_anywhere(&index, end), "{canary} is still there");
    }
    for word in ["qvalue*", "jopen*"] {
        assert_eq!(bench.found(&[("text", word)]).hits, [], "{word}");
    }
    assert_eq!(bench.found(&[("text", "kept*")]).hits.len(), 50);
}

#[test]
fn a_search_ends_when_its_time_is_over_and_says_so() {
    let mut bench = Bench::new();
    bench.start_within(Duration::ZERO);
    shop(&mut bench);
    bench.catch_up();
    let found = bench.found(&[("text", "customers")]);
    assert!(!found.complete && found.truncated, "{found:?}");
    // With time it is answered whole: nothing of the attempt is left behind.
    bench.index = None;
    bench.start();
    bench.catch_up();
    assert_eq!(bench.texts(&[("text", "customers")]).len(), 2);
}

#[test]
fn its_files_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut bench = Bench::new();
    bench.start();
    shop(&mut bench);
    bench.catch_up();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&bench.path("index")), 0o700);
    for file in std::fs::read_dir(bench.path("index")).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    Index::remove(&bench.path("index")).unwrap();
    assert_eq!(std::fs::read_dir(bench.path("index")).unwrap().count(), 0);
}

/// SplitMix64, so that a failure can be had again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }

    fn words(&mut self, most: u64) -> String {
        let count = self.below(most + 1);
        let words: Vec<_> = (0..count).map(|_| self.of(&WORDS)).collect();
        words.join(self.of(&[" ", "_", ".", ", ", "' '"]))
    }
}

const WORDS: [&str; 20] = [
    "select",
    "SELECT",
    "orders",
    "order_items",
    "ord",
    "Müller",
    "muller",
    "MULLER",
    "ﬁle",
    "東京",
    "東",
    "ΣΟΦΟΣ",
    "10.0.0.1",
    "a@b.example",
    "x",
    "naïve",
    "0198c0de-aa",
    "_a",
    "\u{202e}rtl",
    "हिन्दी",
];

fn random_act(dice: &mut Dice) -> Act {
    let table = dice.of(&["orders", "customers", "Weird Table", "a.b"]);
    let magnitude = dice.below(40);
    // In few parts of the index, so that beginnings are asked for together with what most parts lack.
    let rare = dice.of(&["", "", "", "", "", "", "", "", "", " seldom"]);
    Act {
        text: dice.words(6) + rare,
        effects: vec![format!(
            "{} public.{table} (id, email)",
            dice.of(&["select", "delete"])
        )],
        outcome: dice.of(&["allow", "deny", "hold"]),
        values: (0..dice.below(4)).map(|_| dice.words(3)).collect(),
        rows: dice.below(40),
        duration: dice.below(1 << magnitude),
        error: (dice.below(4) == 0).then_some("42P01"),
        is_open: false,
    }
}

fn random_question(dice: &mut Dice) -> Vec<(&'static str, String)> {
    let mut pairs = Vec::new();
    let mut terms = Vec::new();
    for _ in 0..dice.below(4) {
        let word = dice.words(2);
        let (sign, star) = (dice.of(&["", "", "-"]), dice.of(&["", "", "*"]));
        terms.push(match dice.below(2) {
            0 => format!("{sign}{}{star}", word.replace(' ', "")),
            _ => format!("{sign}\"{word}\"{star}"),
        });
    }
    if dice.below(4) == 0 {
        terms.push("seldom".to_owned());
    }
    pairs.push(("text", terms.join(" ")));
    let mut maybe = |name: &'static str, values: &[&str]| {
        if dice.below(5) == 0 {
            pairs.push((name, dice.of(values).to_owned()));
        }
    };
    maybe("principal", &["ada", "BOT", "idp|ada", "nobody"]);
    maybe("human", &["olga", "ada"]);
    maybe("agent", &["bot", "ada"]);
    maybe(
        "table",
        &["orders", "public.Orders", "weird table", "a.b", "b"],
    );
    maybe("column", &["email", "orders.email", "nothing"]);
    maybe("verb", &["select", "delete"]);
    maybe("decision", &["allow", "deny", "hold"]);
    maybe("error", &["42p01", "42P02"]);
    maybe("min_rows", &["1", "15", "16", "17", "33"]);
    maybe("min_duration", &["1us", "1000us", "1s", "70s"]);
    maybe("since", &["1970-01-01T00:00:30Z", "1970-01-01T00:01:00Z"]);
    maybe("until", &["1970-01-01T00:00:30Z", "1970-01-01T00:02:00Z"]);
    maybe("limit", &["1", "3", "1000"]);
    pairs
}

#[test]
fn index_and_scan_find_the_same_whatever_is_recorded_and_asked() {
    let mut bench = Bench::new();
    bench.start();
    let mut dice = Dice(20_261_121);
    let mut asked_well = 0;
    for round in 0..12 {
        let acts: Vec<_> = (0..15).map(|_| random_act(&mut dice)).collect();
        let name = dice.of(&["ada", "bob", "build-bot", "Big-Bot"]);
        bench.record(name, &acts);
        // Half of the time a part of it is only in the journal.
        if round % 2 == 0 {
            bench.catch_up();
        }
        for _ in 0..40 {
            let pairs = random_question(&mut dice);
            let pairs: Vec<_> = pairs
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            if asked::filter(pairs.iter().copied()).is_ok() {
                bench.texts(&pairs);
                asked_well += 1;
            }
        }
    }
    assert!(asked_well > 200, "{asked_well}");
}
