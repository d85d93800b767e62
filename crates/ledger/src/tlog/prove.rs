//! Proofs to hand out: a session's entries, each with its inclusion proof, under one checkpoint.
//!
//! Must never say more than the log's own files do.

use serde::{Deserialize, Serialize};

use super::Error;
use super::entry::Entry;
use super::folder::Folder;
use super::merkle::{self, Hash, Head, leaf_hash};
use super::note::{Checkpoint, Note, VerifierKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// What is proved. The shape is released: fields are added, never changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SessionProof {
    /// The shape's version: 1.
    pub version: u32,
    /// The session, 32 hexadecimal digits, as entries have it.
    pub session: String,
    /// The log's name.
    pub origin: String,
    /// The signed checkpoint, whole.
    pub checkpoint: String,
    /// The session's entries and, behind them, the seal of each batch that has one.
    pub entries: Vec<EntryProof>,
}

/// An entry and the proof that it is in the checkpoint's tree.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EntryProof {
    /// Its place in the log, from 0.
    pub index: u64,
    /// The entry.
    pub entry: String,
    /// Its leaf hash, base64.
    pub leaf: String,
    /// The inclusion proof (RFC 6962, section 2.1.1), base64, from the leaf's sibling up.
    pub proof: Vec<String>,
}

/// The proofs of a session; without entries when the log has none of it.
///
/// # Errors
/// [`Error`] when a file of the log is missing or damaged, or contradicts the checkpoint.
pub fn session(folder: &Folder, note: &Note, id: [u8; 16]) -> Result<SessionProof, Error> {
    session_with(folder, note, id, |_, _| false)
}

/// The proofs of a session, and of further entries that `also` picks by their place and what they say.
///
/// # Errors
/// As [`session`].
pub fn session_with(
    folder: &Folder,
    note: &Note,
    id: [u8; 16],
    also: impl Fn(u64, &Entry<'_>) -> bool,
) -> Result<SessionProof, Error> {
    let checkpoint = Checkpoint::parse(note.text())?;
    let size = checkpoint.head.size;
    let mut found = Vec::new();
    let mut in_batch = false;
    for item in folder.entries(0, size) {
        let (index, entry) = item?;
        let is_seal = matches!(entry, Entry::Seal { .. });
        if entry.session() == Some(id) {
            in_batch = true;
            found.push((index, entry));
        } else if is_seal && in_batch {
            in_batch = false;
            found.push((index, entry));
        } else if also(index, &entry) {
            found.push((index, entry));
        }
    }
    let mut nodes = folder.nodes(size);
    let mut entries = Vec::with_capacity(found.len());
    for (index, entry) in found {
        let leaf = leaf_hash(&entry.to_bytes());
        let proof = merkle::inclusion(&mut nodes, index, size)?;
        if !merkle::verify_inclusion(&leaf, index, size, &checkpoint.head.root, &proof) {
            return Err(Error::File {
                path: format!("entry {index}"),
                what: "is not in the checkpoint's tree: run `portcullis audit verify`".to_owned(),
            });
        }
        entries.push(EntryProof {
            index,
            entry: entry.to_string(),
            leaf: BASE64.encode(leaf),
            proof: base64_all(&proof),
        });
    }
    Ok(SessionProof {
        version: 1,
        session: crate::Hex(&id).to_string(),
        origin: checkpoint.origin,
        checkpoint: note.to_string(),
        entries,
    })
}

impl SessionProof {
    /// Checks the checkpoint's signature, and that each entry stands in its tree; gives the entries.
    ///
    /// # Errors
    /// [`Error`]: not signed by the key, malformed, or an entry that is not in the tree.
    pub fn check(&self, key: &VerifierKey) -> Result<(Checkpoint, Vec<Entry<'static>>), Error> {
        let note = Note::parse(self.checkpoint.as_bytes())?;
        let checkpoint = Checkpoint::verified(&note, key)?;
        if self.origin != checkpoint.origin {
            return Err(Error::Origin {
                expected: checkpoint.origin,
                found: self.origin.clone(),
            });
        }
        let Head { size, root } = checkpoint.head;
        let mut entries = Vec::with_capacity(self.entries.len());
        for proved in &self.entries {
            let leaf = leaf_hash(proved.entry.as_bytes());
            let hashes: Option<Vec<Hash>> = proved.proof.iter().map(|text| hash(text)).collect();
            let holds = hashes.is_some_and(|proof| {
                proof.len() <= merkle::PROOF_HASHES_MAX
                    && merkle::verify_inclusion(&leaf, proved.index, size, &root, &proof)
            });
            if !holds || hash(&proved.leaf) != Some(leaf) {
                return Err(Error::File {
                    path: format!("entry {}", proved.index),
                    what: "is not in the checkpoint's tree".to_owned(),
                });
            }
            entries.push(Entry::parse(proved.entry.as_bytes()).into_owned());
        }
        Ok((checkpoint, entries))
    }
}

fn hash(text: &str) -> Option<Hash> {
    BASE64.decode(text).ok()?.try_into().ok()
}

/// What a witness is sent: the size it knows, the proof from there, and the checkpoint (C2SP tlog-witness).
///
/// # Errors
/// [`Error`] when a file of the log is missing or damaged.
pub fn submission(folder: &Folder, note: &Note, known: u64) -> Result<String, Error> {
    let size = Checkpoint::parse(note.text())?.head.size;
    let proof = merkle::consistency(&mut folder.nodes(size), known, size)?;
    let mut body = format!("old {known}\n");
    for line in base64_all(&proof) {
        body.push_str(&line);
        body.push('\n');
    }
    body.push('\n');
    body.push_str(&note.to_string());
    Ok(body)
}

fn base64_all(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| BASE64.encode(hash)).collect()
}
