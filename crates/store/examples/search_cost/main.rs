//! What the index of recordings costs and how fast it answers: records statements, indexes them, asks, prints.
//!
//! Must never be read as what another machine does: it prints what it measured here, cold and warm.
//!
//! `cargo run --release --package store --example search_cost -- --entries 10000000 --dir /var/tmp/search`

mod ask;
mod generate;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::Limits;
use store::{Index, IndexOptions, JournalOptions, JournalStore};

/// What was asked for on the command line.
struct Wish {
    entries: u64,
    /// Entries that the folder holds from an earlier run: none are recorded.
    recorded: u64,
    dir: PathBuf,
}

fn wish() -> Result<Wish, String> {
    let mut wish = Wish {
        entries: 100_000,
        recorded: 0,
        dir: std::env::temp_dir().join("search-cost"),
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or(format!("{word} takes a value"))?;
        match word.as_str() {
            "--entries" => wish.entries = value.parse().map_err(|_| "--entries takes a number")?,
            "--recorded" => {
                wish.recorded = value.parse().map_err(|_| "--recorded takes a number")?;
            }
            "--dir" => wish.dir = value.into(),
            _ => return Err(format!("{word} is not known")),
        }
    }
    Ok(wish)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut wish = wish()?;
    let (journal_dir, index_dir) = (wish.dir.join("journal"), wish.dir.join("index"));
    std::fs::create_dir_all(&wish.dir)?;
    let options = JournalOptions {
        limits: Limits::standard(),
        strict: false,
        ledger: None,
        masters: None,
        encrypt: false,
    };
    let journal = JournalStore::open(&journal_dir, options)?;
    let options = IndexOptions {
        dir: index_dir.clone(),
        part_bytes_max: ledger::find::scan::PART_BYTES_MAX,
        time_max: Duration::from_secs(30),
        page_time: Duration::from_millis(150),
        lag_max: Duration::from_secs(60),
        lag_bytes_max: 4 * 1024 * 1024,
    };
    let durable = Arc::clone(&journal);
    let follow = move || durable.durable_sequence();
    let index = Index::start(options, journal.folder(), follow)?;
    let began = Instant::now();
    if wish.recorded == 0 {
        generate::record(&journal, (0, wish.entries))?;
    } else {
        wish.entries = wish.recorded;
    }
    let last = settled(&journal);
    rate("recorded", wish.entries, began.elapsed(), &journal_dir)?;
    while index.health().sequence < last {
        std::thread::sleep(Duration::from_millis(10));
        if let Some((_, why)) = index.health().failing {
            return Err(why.into());
        }
    }
    rate(
        "recorded and indexed",
        wish.entries,
        began.elapsed(),
        &index_dir,
    )?;
    println!("{:.1} us of CPU each for indexing", cpu_each(wish.entries)?);
    let began = Instant::now();
    while index.health().unmerged > 0 {
        std::thread::sleep(Duration::from_millis(100));
    }
    println!("merged after {:.0} s more", began.elapsed().as_secs_f64());
    println!("{:.1} us of CPU each with merging", cpu_each(wish.entries)?);
    ask::all(&index, wish.entries, &[&journal_dir, &index_dir])?;
    let mut entries = wish.entries;
    println!("a search while so many are not indexed yet");
    for more in [1_000, 4_000, 16_000, 64_000] {
        generate::record(&journal, (entries, entries + more))?;
        entries += more;
        ask::behind(&index, more)?;
        let last = settled(&journal);
        while index.health().sequence < last {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    Ok(())
}

/// Microseconds of CPU that the index's thread has used so far for each entry.
fn cpu_each(entries: u64) -> std::io::Result<f64> {
    let mut nanoseconds = 0.0;
    for task in std::fs::read_dir("/proc/self/task")? {
        let task = task?.path();
        if std::fs::read_to_string(task.join("comm"))?.trim() == "recording-index" {
            let spent = std::fs::read_to_string(task.join("schedstat"))?;
            let spent = spent.split(' ').next().and_then(|ns| ns.parse().ok());
            nanoseconds += spent.unwrap_or(0.0);
        }
    }
    Ok(nanoseconds / 1_000.0 / entries as f64)
}

/// Waits until results and ends are written, too; says which record is the last.
fn settled(journal: &JournalStore) -> u64 {
    loop {
        let last = journal.head().sequence;
        std::thread::sleep(Duration::from_millis(500));
        if journal.head().sequence == last && journal.durable_sequence() >= last {
            return last;
        }
    }
}

fn rate(what: &str, entries: u64, took: Duration, dir: &Path) -> std::io::Result<()> {
    let mut bytes = 0;
    for file in std::fs::read_dir(dir)? {
        bytes += file?.metadata()?.len();
    }
    let seconds = took.as_secs_f64();
    println!(
        "{what}: {entries} in {seconds:.1} s, {:.0}/s, {:.0} bytes each, {:.2} GB in all",
        entries as f64 / seconds,
        bytes as f64 / entries as f64,
        bytes as f64 / 1e9
    );
    Ok(())
}
