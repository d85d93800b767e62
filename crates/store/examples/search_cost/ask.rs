//! The questions, and how long the first page of each takes: cold (nothing in memory), then warm.
//!
//! Must never time anything but the answer that a caller gets.

use std::path::Path;
use std::time::{Duration, Instant};

use ledger::find::asked;
use store::Index;

use crate::generate::{BEGIN, Dice};

/// Times that each question is asked warm.
const ROUNDS: usize = 40;
/// Times that each question is asked cold.
const COLD_ROUNDS: usize = 5;

type Pairs = Vec<(&'static str, String)>;

/// Each question, with another word in each round where there are others.
fn questions(entries: u64, dice: &mut Dice) -> Vec<(&'static str, Pairs)> {
    let mut any = || (dice.below(entries), dice.below(5_000_000));
    let (number, key) = any();
    let text = |text: &str| ("text", text.to_owned());
    let at = |number: u64| {
        let micros = BEGIN + number * 100_000;
        ledger::find::rfc3339(micros)
    };
    let pair = |name: &'static str, value: &str| (name, value.to_owned());
    vec![
        ("a rare word", vec![text(&format!("ref-{number:08x}"))]),
        ("a rare number", vec![text(&key.to_string())]),
        ("a word in every statement", vec![text("shop")]),
        ("a frequent word", vec![text("select")]),
        ("two frequent words", vec![text("select orders")]),
        ("three frequent words", vec![text("update customers osaka")]),
        ("frequent words never together", vec![text("insert ilike")]),
        (
            "a frequent word, a rare principal",
            vec![text("select"), pair("principal", "https://idp.example|3")],
        ),
        (
            "a rare word, a frequent facet",
            vec![text(&key.to_string()), pair("resource", "orders-prod")],
        ),
        ("a frequent facet", vec![pair("table", "customers")]),
        (
            "three facets",
            vec![
                pair("verb", "delete"),
                pair("decision", "deny"),
                pair("table", "orders"),
            ],
        ),
        (
            "facets never together",
            vec![pair("verb", "insert"), pair("error", "portcullis.denied")],
        ),
        (
            "part of a human's name",
            vec![pair("human", "rossi"), text("delete")],
        ),
        ("no filter at all", vec![]),
        (
            "an hour long ago, a frequent word",
            vec![
                text("select"),
                ("since", at(number)),
                ("until", at(number + 36_000)),
            ],
        ),
        (
            "many rows, a frequent word",
            vec![text("select"), pair("min_rows", "1000000")],
        ),
        (
            "many rows and long, frequent words",
            vec![
                text("select orders"),
                pair("min_rows", "5000"),
                pair("min_duration", "5s"),
            ],
        ),
        (
            "rows just above what most return",
            vec![
                text("shop"),
                pair("min_rows", "5001"),
                pair("min_duration", "4100ms"),
            ],
        ),
        ("a phrase", vec![text("\"staff may work\" kowalski")]),
        ("a rare beginning", vec![text(&format!("{key}*"))]),
        ("a frequent beginning", vec![text("sel* kow*")]),
        ("the widest beginning", vec![text("re*")]),
        (
            "a frequent word and not another",
            vec![text("select -orders -customers")],
        ),
        ("only what it is not", vec![text("-select -update")]),
        ("no hit", vec![text("zzzyzx")]),
    ]
}

/// Asks everything and prints a table.
pub(crate) fn all(
    index: &Index,
    entries: u64,
    dirs: &[&Path],
) -> Result<(), Box<dyn std::error::Error>> {
    println!(
        "{:<40} {:>6} {:>9} {:>9} {:>9} {:>9}",
        "first page, ms", "hits", "cold p50", "cold max", "warm p50", "warm p99"
    );
    let names: Vec<_> = questions(entries, &mut Dice(7))
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    for (at, name) in names.iter().enumerate() {
        let mut dice = Dice(11);
        let mut ask = |is_cold: bool| -> Result<(Duration, usize), Box<dyn std::error::Error>> {
            let (_, pairs) = questions(entries, &mut dice).swap_remove(at);
            if is_cold {
                forget_cached(index, dirs)?;
            }
            let began = Instant::now();
            let filter = asked::filter(pairs.iter().map(|(name, value)| (*name, value.as_str())))?;
            let found = index.search(&filter)?;
            if !found.complete {
                return Err(format!("{name}: time ran out").into());
            }
            Ok((began.elapsed(), found.hits.len()))
        };
        let cold = (0..COLD_ROUNDS)
            .map(|_| ask(true))
            .collect::<Result<Vec<_>, _>>()?;
        let warm = (0..ROUNDS)
            .map(|_| ask(false))
            .collect::<Result<Vec<_>, _>>()?;
        let hits = warm
            .iter()
            .map(|(_, hits)| hits)
            .max()
            .copied()
            .unwrap_or(0);
        let (cold, warm) = (sorted(cold), sorted(warm));
        println!(
            "{name:<40} {hits:>6} {:>9.1} {:>9.1} {:>9.1} {:>9.1}",
            part(&cold, 50),
            part(&cold, 100),
            part(&warm, 50),
            part(&warm, 99)
        );
    }
    Ok(())
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
