//! The questions, and how long the first page of each takes: cold (nothing in memory), then warm.
//!
//! Must never time anything but the answer that a caller gets.

use std::path::Path;
use std::time::{Duration, Instant};

use contract::SearchResults;
use ledger::find::asked;
use store::Index;

use crate::generate::{BEGIN, Dice, PACE};

/// Times that each question is asked warm.
const ROUNDS: usize = 40;
/// Times that each question is asked cold.
const COLD_ROUNDS: usize = 5;

type Pairs = Vec<(&'static str, String)>;

/// Each question: filters with `;` between them. What is written large is another one in each round.
const QUESTIONS: [(&str, &str); 29] = [
    ("a rare word", "text=REFERENCE"),
    ("a rare number", "text=KEY"),
    ("a word in every statement", "text=shop"),
    ("a frequent word", "text=select"),
    ("two frequent words", "text=select orders"),
    ("three frequent words", "text=update customers osaka"),
    ("frequent words never together", "text=insert ilike"),
    (
        "a frequent word, a rare principal",
        "text=select;principal=https://idp.example|3",
    ),
    (
        "a rare word, a frequent facet",
        "text=KEY;resource=orders-prod",
    ),
    ("a frequent facet", "table=customers"),
    ("three facets", "verb=delete;decision=deny;table=orders"),
    (
        "facets never together",
        "verb=insert;error=portcullis.denied",
    ),
    ("part of a human's name", "human=rossi;text=delete"),
    ("no filter at all", ""),
    (
        "an hour long ago, a frequent word",
        "text=select;since=SINCE;until=UNTIL",
    ),
    ("many rows, a frequent word", "text=select;min_rows=1000000"),
    (
        "many rows and long, frequent words",
        "text=select orders;min_rows=5000;min_duration=5s",
    ),
    (
        "rows just above what most return",
        "text=shop;min_rows=5001;min_duration=4100ms",
    ),
    ("a phrase", "text=\"staff may work\" kowalski"),
    ("a rare beginning", "text=KEY*"),
    ("a frequent beginning", "text=sel* kow*"),
    ("the widest beginning", "text=re*"),
    (
        "a frequent word and not another",
        "text=select -orders -customers",
    ),
    ("only what it is not", "text=-select -update"),
    ("the widest beginning and a rare word", "text=re* KEY"),
    ("two wide beginnings", "text=re* cu*"),
    ("a page far back", "text=select;before=DEEP"),
    ("wide beginnings, a page far back", "text=re*;before=DEEP"),
    ("no hit", "text=zzzyzx"),
];

/// One question with its filters for this round.
fn filters(question: &'static str, (entries, deep): (u64, &str), dice: &mut Dice) -> Pairs {
    let (number, key) = (dice.below(entries), dice.below(5_000_000));
    let time = |number: u64| ledger::find::rfc3339(BEGIN + number * PACE);
    let pairs = question.split(';').filter_map(|pair| pair.split_once('='));
    let filled = pairs.map(|(name, value)| {
        let value = value
            .replace("REFERENCE", &format!("ref-{number:08x}"))
            .replace("KEY", &key.to_string())
            .replace("DEEP", deep)
            .replace("SINCE", &time(number))
            .replace("UNTIL", &time(number + 36_000));
        (name, value)
    });
    filled.collect()
}

/// Asks everything and prints a table.
pub(crate) fn all(
    index: &Index,
    entries: u64,
    dirs: &[&Path],
) -> Result<(), Box<dyn std::error::Error>> {
    println!(
        "{:<40} {:>5} {:>6} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "first page, ms",
        "hits",
        "pages",
        "cold p50",
        "cold max",
        "warm p50",
        "warm max",
        "all",
        "cold CPU",
        "cold KiB"
    );
    let deep = far_back(index)?;
    for (name, question) in QUESTIONS {
        let mut dice = Dice(11);
        let mut ask = |is_cold: bool| -> Result<(Duration, usize), Box<dyn std::error::Error>> {
            let pairs = filters(question, (entries, &deep), &mut dice);
            if is_cold {
                forget_cached(index, dirs)?;
            }
            let began = Instant::now();
            let found = search(index, &pairs)?;
            Ok((began.elapsed(), found.hits.len()))
        };
        let before = Spent::now()?;
        let cold = (0..COLD_ROUNDS)
            .map(|_| ask(true))
            .collect::<Result<Vec<_>, _>>()?;
        let spent = Spent::now()?;
        let warm = (0..ROUNDS)
            .map(|_| ask(false))
            .collect::<Result<Vec<_>, _>>()?;
        let (cold, warm) = (sorted(cold), sorted(warm));
        let whole = whole(index, filters(question, (entries, &deep), &mut dice))?;
        println!(
            "{name:<40} {:>5} {:>6} {:>9.1} {:>9.1} {:>9.1} {:>9.1} {:>9.1} {:>9.1} {:>9.0}",
            whole.hits,
            whole.pages,
            part(&cold, 50),
            part(&cold, 100),
            part(&warm, 50),
            part(&warm, 100),
            whole.took.as_secs_f64() * 1_000.0,
            (spent.cpu - before.cpu) * 1_000.0 / COLD_ROUNDS as f64,
            (spent.read - before.read) / 1_024.0 / COLD_ROUNDS as f64,
        );
    }
    Ok(())
}

/// What this thread has used so far. Other than time, it does not depend on what else the machine does.
struct Spent {
    /// Seconds of the processor.
    cpu: f64,
    /// Bytes read from files, whether they were in memory or not.
    read: f64,
}

impl Spent {
    fn now() -> Result<Self, Box<dyn std::error::Error>> {
        let spent = std::fs::read_to_string("/proc/thread-self/schedstat")?;
        let nanoseconds: f64 = spent.split(' ').next().unwrap_or_default().parse()?;
        let io = std::fs::read_to_string("/proc/thread-self/io")?;
        let read = io.lines().find_map(|line| line.strip_prefix("rchar: "));
        Ok(Self {
            cpu: nanoseconds / 1e9,
            read: read.unwrap_or_default().parse()?,
        })
    }
}

/// Asks while so many were just recorded: indexing waits, and the search reads them.
pub(crate) fn behind(index: &Index, more: u64) -> Result<(), Box<dyn std::error::Error>> {
    let bytes = index.health().bytes_behind;
    for text in ["select", "zzzyzx"] {
        let began = Instant::now();
        let found = index.search(&asked::filter([("text", text)].into_iter())?)?;
        println!(
            "{more:>8} {text:<10} {:>5} hits {:>9.1} ms, {bytes} bytes behind, complete: {}",
            found.hits.len(),
            began.elapsed().as_secs_f64() * 1_000.0,
            found.complete
        );
    }
    Ok(())
}

/// What it takes until a page is full, or everything was looked at.
struct Whole {
    hits: usize,
    pages: usize,
    took: Duration,
}

fn whole(index: &Index, mut pairs: Pairs) -> Result<Whole, Box<dyn std::error::Error>> {
    let (began, mut hits, mut pages) = (Instant::now(), 0, 0);
    loop {
        let found = search(index, &pairs)?;
        (hits, pages) = (hits + found.hits.len(), pages + 1);
        if let Some(next) = found
            .next
            .filter(|_| !found.complete && hits < asked::LIMIT)
        {
            pairs.retain(|(name, _)| *name != "before");
            pairs.push(("before", next));
            continue;
        }
        let took = began.elapsed();
        return Ok(Whole { hits, pages, took });
    }
}

fn search(index: &Index, pairs: &Pairs) -> Result<SearchResults, Box<dyn std::error::Error>> {
    let pairs = pairs.iter().map(|(name, value)| (*name, value.as_str()));
    let found = index.search(&asked::filter(pairs)?)?;
    if !found.complete && found.next.is_none() {
        return Err("an answer without end".into());
    }
    Ok(found)
}

/// The place of a page that is nearly the last.
fn far_back(index: &Index) -> Result<String, Box<dyn std::error::Error>> {
    let until = ledger::find::rfc3339(BEGIN + 5_000 * PACE);
    let pairs = vec![("until", until), ("limit", "1".to_owned())];
    Ok(search(index, &pairs)?.next.unwrap_or_default())
}

fn sorted(mut all: Vec<(Duration, usize)>) -> Vec<Duration> {
    all.sort_unstable();
    all.into_iter().map(|(took, _)| took).collect()
}

/// Milliseconds within which so many in a hundred were answered.
fn part(sorted: &[Duration], percent: usize) -> f64 {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted
        .get(at)
        .map_or(0.0, |took| took.as_secs_f64() * 1_000.0)
}

/// Makes SQLite and the kernel forget what they hold of these folders' files.
fn forget_cached(index: &Index, dirs: &[&Path]) -> Result<(), Box<dyn std::error::Error>> {
    index.close_readers();
    for dir in dirs {
        for file in std::fs::read_dir(dir)? {
            let file = std::fs::File::open(file?.path())?;
            file.sync_all()?;
            rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
        }
    }
    Ok(())
}
