//! Any bytes as a search, and as a text that is searched: no panic, only words come out, and a text is found by itself.
#![no_main]

use ledger::find::query::Query;
use ledger::find::words::words;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data).replace('"', " ");
    let mut found = Vec::new();
    words(&text, |word| {
        let is_syntax = word.contains(['_', '"', ' ', '*', '-']);
        assert!(!word.is_empty() && !is_syntax, "{word:?}");
        found.push(word.to_owned());
    });
    let typed = Query::parse(&String::from_utf8_lossy(data));
    for phrase in typed
        .iter()
        .flat_map(|query| query.all.iter().chain(&query.none))
    {
        assert!(!phrase.words.is_empty());
    }
    let body = found.join(" ");
    for phrase in Query::parse(&format!("\"{text}\""))
        .iter()
        .flat_map(|query| &query.all)
    {
        assert!(phrase.is_in(&body), "{phrase:?} in {body:?}");
    }
});
