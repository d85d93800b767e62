//! The growing log: entries to tiles, tiles to disk, and only then the checkpoint.
//!
//! Must never sign a tree that is not on disk whole, nor one that does not grow from the last signed one.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use ::ledger::tlog::entry::Entry;
use ::ledger::tlog::folder::{CHECKPOINT, Folder, PENDING, VKEY};
use ::ledger::tlog::merkle::{self, Head as Tree};
use ::ledger::tlog::note::{Checkpoint, Note, Signer, WitnessPolicy};
use ::ledger::tlog::tile::{Edge, Tile};
use ::ledger::verify::Head;

use super::files::{self, Files, failed, folder_of, put_unnamed};
use crate::error::Error;

/// The log's end, to which entries are appended.
pub(crate) struct Writer {
    files: Arc<dyn Files>,
    signer: Signer,
    /// A checkpoint waits for witnesses before it is published.
    waits: bool,
    edge: Edge,
    sealed: Option<Head>,
    published: Option<Note>,
    newest: Option<Note>,
    folders: BTreeSet<String>,
}

impl Writer {
    /// Takes up a log, or begins one.
    pub(crate) fn open(
        folder: &Folder,
        files: Arc<dyn Files>,
        signer: Signer,
        witnesses: &WitnessPolicy,
    ) -> Result<Self, Error> {
        let contradicted = |what: String| Error::LedgerContradicted {
            path: files.place(),
            what,
        };
        let published = read(folder, CHECKPOINT, &signer, contradicted)?;
        let pending = read(folder, PENDING, &signer, contradicted)?;
        let size = |found: &Option<(Note, Tree)>| found.as_ref().map_or(0, |(_, tree)| tree.size);
        let newest = match size(&pending) > size(&published) {
            true => pending.clone(),
            false => published.clone(),
        };
        for (name, found) in [(CHECKPOINT, &published), (PENDING, &pending)] {
            if let Some((_, tree)) = found {
                check_tree(folder, name, tree).map_err(&contradicted)?;
            }
        }
        let (edge, sealed) = match &newest {
            None => (Edge::default(), None),
            Some((_, tree)) => {
                let told = |error: ::ledger::tlog::Error| contradicted(error.to_string());
                let (sequences, hash, _) = folder.last_seal(tree.size).map_err(told)?;
                let sealed = Head {
                    sequence: sequences.to,
                    hash,
                };
                (folder.edge(tree.size).map_err(told)?, Some(sealed))
            }
        };
        files
            .make_folder("tile")
            .map_err(|source| failed(&*files, "make", "tile", source))?;
        files
            .sync_folder("")
            .map_err(|source| failed(&*files, "sync", "", source))?;
        Ok(Self {
            files,
            signer,
            waits: witnesses.quorum > 0,
            edge,
            sealed,
            published: published.map(|(note, _)| note),
            newest: newest.map(|(note, _)| note),
            folders: BTreeSet::new(),
        })
    }

    /// The last record that is sealed; `None` in a new log.
    pub(crate) fn sealed(&self) -> Option<Head> {
        self.sealed
    }

    /// The published checkpoint and the newest.
    pub(crate) fn notes(&self) -> (Option<Note>, Option<Note>) {
        (self.published.clone(), self.newest.clone())
    }

    /// Writes the public key beside the log.
    pub(crate) fn keep_vkey(&self) -> Result<(), Error> {
        files::put(
            &*self.files,
            VKEY,
            format!("{}\n", self.signer.verifier()).as_bytes(),
        )
    }

    /// Appends entries, the last of which is the seal up to `sealed`, and signs. After an error this writer is of no
    /// use: what is on disk must be read again.
    pub(crate) fn append(&mut self, entries: &[Entry<'_>], sealed: Head) -> Result<(), Error> {
        for entry in entries {
            self.edge.push(&entry.to_bytes());
        }
        let full = self.edge.take_full();
        for file in full.iter().chain(&self.edge.partial()) {
            let name = file.tile.to_string();
            let put = self
                .folders_for(&name)
                .and_then(|()| put_unnamed(&*self.files, &name, &file.bytes));
            put.map_err(|source| failed(&*self.files, "write", &name, source))?;
        }
        // From the bottom up: a folder's name is only worth something with what is in it.
        for folder in std::mem::take(&mut self.folders).iter().rev() {
            let synced = self.files.sync_folder(folder);
            synced.map_err(|source| failed(&*self.files, "sync", folder, source))?;
        }
        self.sign()?;
        self.sealed = Some(sealed);
        self.tidy(full.iter().map(|file| &file.tile));
        Ok(())
    }

    fn sign(&mut self) -> Result<(), Error> {
        let head = Tree {
            size: self.edge.size(),
            root: self.edge.root(),
        };
        let origin = self.signer.verifier().name().to_owned();
        let text = Checkpoint { origin, head }.text();
        let mut note = Note::unsigned(text.clone());
        note.add(&self.signer.sign(&text, 0))?;
        let name = if self.waits { PENDING } else { CHECKPOINT };
        files::put(&*self.files, name, note.to_string().as_bytes())?;
        if !self.waits {
            self.published = Some(note.clone());
        }
        self.newest = Some(note);
        Ok(())
    }

    /// Makes the folders that a file needs, and remembers which must be synced.
    fn folders_for(&mut self, name: &str) -> io::Result<()> {
        let folder = folder_of(name);
        let ends = folder
            .match_indices('/')
            .map(|(at, _)| at)
            .chain([folder.len()]);
        for end in ends {
            let path = folder.get(..end).unwrap_or(folder);
            if !self.folders.contains(path) {
                self.files.make_folder(path)?;
                self.folders.insert(path.to_owned());
            }
        }
        Ok(())
    }

    /// Removes the unfinished forms of what is finished. They are of no more use: the full file begins with them.
    fn tidy<'a>(&self, full: impl Iterator<Item = &'a Tile>) {
        for tile in full {
            let partial = format!("{tile}.p");
            if let Err(error) = self.files.remove_folder(&partial) {
                tracing::warn!(%error, %partial, "an unfinished tile could not be removed");
            }
        }
    }
}

/// A checkpoint of ours, if there is one.
fn read(
    folder: &Folder,
    name: &str,
    signer: &Signer,
    contradicted: impl Fn(String) -> Error,
) -> Result<Option<(Note, Tree)>, Error> {
    let told = |error: ::ledger::tlog::Error| contradicted(format!("{name}: {error}"));
    let Some(note) = folder.note(name).map_err(told)? else {
        return Ok(None);
    };
    let checkpoint = Checkpoint::verified(&note, signer.verifier()).map_err(told)?;
    Ok(Some((note, checkpoint.head)))
}

/// Whether the tiles hash to what a checkpoint says.
fn check_tree(folder: &Folder, name: &str, tree: &Tree) -> Result<(), String> {
    let root = merkle::root(&mut folder.nodes(tree.size), tree.size);
    match root {
        Ok(root) if root == tree.root => Ok(()),
        Ok(_) => Err(format!(
            "its tiles do not hash to the root that {name} has for {} entries",
            tree.size
        )),
        Err(error) => Err(format!("{name} has {} entries, but {error}", tree.size)),
    }
}
