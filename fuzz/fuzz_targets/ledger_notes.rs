//! Any bytes as what strangers send of a ledger: notes, checkpoints, keys, entries, bundles and names of tiles. No panic, what
//! is read is written back alike, and nothing is signed by whom it was not.
#![no_main]

use ledger::tlog::entry::{Entry, bundle, put};
use ledger::tlog::note::{Algorithm, Checkpoint, Note, Signer, VerifierKey};
use ledger::tlog::tile::{Kind, Tile, hashes};

fn texts(text: &str) {
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        let written = checkpoint.text();
        assert_eq!(
            Checkpoint::parse(&written).ok().as_ref(),
            Some(&checkpoint),
            "{text:?}"
        );
        assert!(
            text.starts_with(&written) || format!("{text}\n") == written,
            "{text:?}"
        );
    }
    if let Ok(key) = text.parse::<VerifierKey>() {
        let written = key.to_string();
        assert_eq!(written.parse::<VerifierKey>().ok().as_ref(), Some(&key));
        assert_eq!(written, text);
    }
    if let Some(tile) = Tile::parse(text) {
        assert_eq!(tile.to_string(), text);
        assert!(tile.width > 0 && tile.is_full() == (tile.width == 256));
    }
    let _ = Signer::parse(text);
}

fn notes(data: &[u8], signer: &Signer) {
    if let Ok(note) = Note::parse(data) {
        assert!(data.starts_with(note.text().as_bytes()));
        let written = note.to_string();
        assert_eq!(Note::parse(written.as_bytes()).ok().as_ref(), Some(&note));
        assert!(
            note.verify(signer.verifier()).is_err(),
            "nobody signed this"
        );
        assert!(Checkpoint::verified(&note, signer.verifier()).is_err());
    }
    let text = String::from_utf8_lossy(data).replace(|c: char| c < ' ' && c != '\n', " ") + "\n";
    let mut note = Note::unsigned(text.clone());
    note.add(&signer.sign(&text, 9)).expect("a line of ours");
    assert!(note.verify(signer.verifier()).is_ok());
    // The signature is of this text and no other.
    let mut other = Note::unsigned(text.clone() + "x\n");
    other.add(&signer.sign(&text, 9)).expect("a line of ours");
    assert!(other.verify(signer.verifier()).is_err());
    if let Ok(read) = Note::parse(note.to_string().as_bytes()) {
        assert_eq!(read, note, "{text:?}");
    }
}

fn entries(data: &[u8]) {
    assert_eq!(Entry::parse(data).to_bytes(), data);
    assert_eq!(Entry::parse(data).into_owned(), Entry::parse(data));
    let width = data.first().map_or(1, |byte| u16::from(*byte) + 1);
    let [of_entries, of_hashes] = [Kind::Entries, Kind::Hashes(0)].map(|kind| Tile {
        kind,
        index: 0,
        width,
    });
    let bytes = data.get(1..).unwrap_or_default();
    if let Ok(found) = bundle(&of_entries, bytes) {
        let mut again = Vec::new();
        found.iter().for_each(|entry| put(&mut again, entry));
        assert_eq!(again, bytes);
    }
    if let Ok(found) = hashes(&of_hashes, bytes) {
        assert_eq!(found.concat(), bytes);
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let signer = Signer::from_seed("example.org/log", Algorithm::Ed25519, &[9; 32]);
    let (signer, _) = signer.expect("a key");
    notes(data, &signer);
    entries(data);
    if let Ok(text) = std::str::from_utf8(data) {
        texts(text);
    }
});
