//! What the targets of statements need: the catalog that texts are judged against, words out of bytes, and a stack that is
//! deep enough. Knows no invariant; each target holds its own.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, OnceLock};

use model::CatalogVersion;
use sql::catalog::Builder;
use sql::{Catalog, View};

/// The catalog of `catalog.tsv`.
pub fn catalog() -> Catalog {
    let mut builder = Builder::new(CatalogVersion(1));
    for line in include_str!("../catalog.tsv").lines() {
        let mut cells = line.split('\t');
        let query = cells.next().unwrap_or_default();
        let mut row: Vec<Option<String>> = cells.map(cell).collect();
        // Queries may come to ask for more; what is not known is NULL.
        row.resize(row.len() + 8, None);
        let row: Vec<Option<&str>> = row.iter().map(Option::as_deref).collect();
        builder.row(query, &row).expect("a row of the catalog");
    }
    builder.build().expect("a catalog")
}

fn cell(text: &str) -> Option<String> {
    let plain = || {
        text.replace("\\n", "\n")
            .replace("\\u", "\u{1f}")
            .replace("\\\\", "\\")
    };
    (text != "\\N").then(plain)
}

/// Text of at most so many bytes: an even first byte leaves those behind it as they are, an odd one makes words of them.
pub fn text(words: &str, bytes_max: usize, data: &[u8]) -> String {
    let mut text = match data {
        [first, rest @ ..] if first % 2 == 1 => {
            let words: Vec<&str> = words.split(' ').collect();
            let word = |byte: &u8| words[usize::from(*byte) % words.len()];
            rest.iter().map(word).collect::<Vec<_>>().join(" ")
        }
        [_, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [] => String::new(),
    };
    let end = text.floor_char_boundary(bytes_max.min(text.len()));
    text.truncate(end);
    text
}

/// Calls `judge` with a text on the one thread whose stack is deep enough, and waits for it.
pub fn on_deep_stack(text: String, judge: fn(&str, &View, &Catalog)) {
    type Ends = (Sender<String>, Receiver<()>);
    static WORKER: OnceLock<Mutex<Ends>> = OnceLock::new();
    let worker = WORKER.get_or_init(|| {
        let (give, texts) = channel::<String>();
        let (done, finished) = channel();
        let work = move || {
            let catalog = catalog();
            let view = View::initial(&catalog);
            for text in texts {
                judge(&text, &view, &catalog);
                done.send(()).expect("somebody waits");
            }
        };
        let thread = std::thread::Builder::new().stack_size(sql::STACK_BYTES);
        thread.spawn(work).expect("a thread");
        Mutex::new((give, finished))
    });
    let ends = worker.lock().expect("one caller");
    ends.0.send(text).expect("the worker");
    ends.1.recv().expect("the worker");
}
