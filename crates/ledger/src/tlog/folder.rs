//! A log in a folder: its checkpoint, tiles and bundles as files, under the names that they have over HTTP.
//!
//! Must never write, and never trust what it reads: a name is computed, a length is checked.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::Error;
use super::entry::{self, Entry, Span};
use super::merkle::Hash;
use super::note::{NOTE_BYTES_MAX, Note};
use super::tile::{Edge, Kind, Tile, TileNodes, WIDTH, hashes};

/// The published checkpoint.
pub const CHECKPOINT: &str = "checkpoint";
/// The newest checkpoint, where it still waits for witnesses.
pub const PENDING: &str = "checkpoint.pending";
/// The log's public key. Whoever audits has it from elsewhere.
pub const VKEY: &str = "vkey";

/// Bytes of a file of the log; longer ones are none of ours.
const FILE_BYTES_MAX: u64 = WIDTH * (2 + u16::MAX as u64);

/// A log's folder.
#[derive(Clone, Debug)]
pub struct Folder {
    dir: PathBuf,
}

impl Folder {
    /// The log in a folder.
    pub fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
        }
    }

    /// Whether a log is here at all.
    pub fn is_log(&self) -> bool {
        [CHECKPOINT, PENDING]
            .iter()
            .any(|name| self.dir.join(name).exists())
    }

    /// Reads a file whole.
    ///
    /// # Errors
    /// [`Error::Io`]; also where it is longer than any file of a log.
    pub fn file(&self, name: &str) -> Result<Vec<u8>, Error> {
        let path = self.dir.join(name);
        let fail = |source| Error::Io {
            path: name.to_owned(),
            source,
        };
        let refuse = |what: &str| Error::File {
            path: name.to_owned(),
            what: what.to_owned(),
        };
        // A pipe in somebody's folder would never end, or never begin.
        if !fs::metadata(&path).map_err(fail)?.is_file() {
            return Err(refuse("is no file"));
        }
        let mut bytes = Vec::new();
        let file = fs::File::open(&path).map_err(fail)?;
        file.take(FILE_BYTES_MAX + 1)
            .read_to_end(&mut bytes)
            .map_err(fail)?;
        match bytes.len() as u64 > FILE_BYTES_MAX {
            true => Err(refuse("is too long")),
            false => Ok(bytes),
        }
    }

    /// A checkpoint; `None` when there is no such file.
    ///
    /// # Errors
    /// [`Error`].
    pub fn note(&self, name: &str) -> Result<Option<Note>, Error> {
        match self.file(name) {
            Ok(bytes) if bytes.len() > NOTE_BYTES_MAX => Err(Error::Note {
                what: "it is too long",
            }),
            Ok(bytes) => Note::parse(&bytes).map(Some),
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A tile's or bundle's bytes. Where only the full one is left, its beginning.
    ///
    /// # Errors
    /// [`Error`].
    pub fn tile(&self, tile: &Tile) -> Result<Vec<u8>, Error> {
        let missing = match self.file(&tile.to_string()) {
            Err(Error::Io { path, source })
                if source.kind() == io::ErrorKind::NotFound && !tile.is_full() =>
            {
                Error::Io { path, source }
            }
            other => return other,
        };
        let full = tile.full();
        let Ok(mut bytes) = self.file(&full.to_string()) else {
            return Err(missing);
        };
        let length = match tile.kind {
            Kind::Hashes(_) => 32 * usize::from(tile.width),
            Kind::Entries => {
                let entries = entry::bundle(&full, &bytes)?;
                entries
                    .iter()
                    .take(usize::from(tile.width))
                    .map(|entry| 2 + entry.len())
                    .sum()
            }
        };
        bytes.truncate(length);
        Ok(bytes)
    }

    /// The hashes of the tree of a size.
    pub fn nodes(&self, size: u64) -> TileNodes<impl FnMut(&Tile) -> Result<Vec<u8>, Error>> {
        TileNodes::new(size, |tile: &Tile| self.tile(tile))
    }

    /// The tree's right edge, to go on from.
    ///
    /// # Errors
    /// [`Error`] when a file of it is missing or has another length.
    pub fn edge(&self, size: u64) -> Result<Edge, Error> {
        let mut levels: Vec<Vec<Hash>> = Vec::new();
        let mut level = 0;
        while size >> (8 * u32::from(level)) > 0 {
            let there = size >> (8 * u32::from(level));
            let row = match there % WIDTH {
                0 => Vec::new(),
                _ => {
                    let tile = Tile::containing(Kind::Hashes(level), there - 1, size);
                    hashes(&tile, &self.tile(&tile)?)?
                }
            };
            levels.push(row);
            level += 1;
            if level == 8 {
                break;
            }
        }
        let bundle = match size % WIDTH {
            0 => Vec::new(),
            _ => {
                let tile = Tile::containing(Kind::Entries, size - 1, size);
                let bytes = self.tile(&tile)?;
                entry::bundle(&tile, &bytes)?;
                bytes
            }
        };
        Ok(Edge::new(size, levels, bundle))
    }

    /// The entries of a log of a size, from one on.
    pub fn entries(&self, from: u64, size: u64) -> Entries<'_> {
        Entries {
            folder: self,
            size,
            next: from,
            bundle: Vec::new(),
        }
    }

    /// The last seal of a log of a size: which records it closes, and the hash of the last of them.
    ///
    /// # Errors
    /// [`Error`]; also when the last entry is none.
    pub fn last_seal(&self, size: u64) -> Result<(Span, Hash, u64), Error> {
        let last = match size.checked_sub(1) {
            Some(last) => self.entries(last, size).next().transpose()?,
            None => None,
        };
        match last {
            Some((
                _,
                Entry::Seal {
                    sequences,
                    hash,
                    time,
                },
            )) => Ok((sequences, hash, time)),
            _ => Err(Error::File {
                path: Tile::containing(Kind::Entries, size.saturating_sub(1), size).to_string(),
                what: "does not end in a seal".to_owned(),
            }),
        }
    }
}

/// Iterates over a log's entries, reading one bundle at a time.
pub struct Entries<'a> {
    folder: &'a Folder,
    size: u64,
    next: u64,
    /// What is left of the bundle, the last entry first.
    bundle: Vec<Entry<'static>>,
}

impl Entries<'_> {
    fn fill(&mut self) -> Result<(), Error> {
        let tile = Tile::containing(Kind::Entries, self.next, self.size);
        let bytes = self.folder.tile(&tile)?;
        let skip = usize::try_from(self.next % WIDTH).unwrap_or(0);
        let entries = entry::bundle(&tile, &bytes)?;
        let wanted = entries.iter().skip(skip).rev();
        self.bundle = wanted
            .map(|entry| Entry::parse(entry).into_owned())
            .collect();
        Ok(())
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<(u64, Entry<'static>), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.size {
            return None;
        }
        if self.bundle.is_empty()
            && let Err(error) = self.fill()
        {
            self.next = self.size;
            return Some(Err(error));
        }
        let entry = self.bundle.pop()?;
        let index = self.next;
        self.next += 1;
        Some(Ok((index, entry)))
    }
}
