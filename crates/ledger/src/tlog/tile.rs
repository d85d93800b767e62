//! Tiles: 256 hashes in a file, their names, and the right edge of a growing tree (C2SP tlog-tiles).
//!
//! Must never open a file: names and bytes come in and go out.

use std::fmt;

use super::merkle::{Hash, Nodes, full_hash, node_hash};
use super::{Error, entry};

/// Hashes of a full tile, and entries of a full bundle.
pub const WIDTH: u64 = 256;
/// Levels of tiles that a tree of 2^63 leaves has.
const LEVELS_MAX: u8 = 8;

/// What a file of the log holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// Hashes of a level; level 0 are leaves.
    Hashes(u8),
    /// Entries.
    Entries,
}

/// The name of a tile or bundle.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Tile {
    /// What it holds.
    pub kind: Kind,
    /// Which one of its level.
    pub index: u64,
    /// How many it holds: 256, or fewer at the tree's right edge.
    pub width: u16,
}

impl Tile {
    /// The tile of a level that holds the hash of a place, in a tree of a size.
    pub fn containing(kind: Kind, place: u64, size: u64) -> Self {
        let level = match kind {
            Kind::Hashes(level) => u32::from(level),
            Kind::Entries => 0,
        };
        let index = place / WIDTH;
        let there = size.checked_shr(8 * level).unwrap_or(0);
        let width = there.saturating_sub(index * WIDTH).min(WIDTH);
        Self {
            kind,
            index,
            width: u16::try_from(width).unwrap_or(0),
        }
    }

    /// Whether it will never change.
    pub fn is_full(&self) -> bool {
        u64::from(self.width) == WIDTH
    }

    /// The full one with the same index.
    pub fn full(self) -> Self {
        Self { width: 256, ..self }
    }

    /// Reads a name such as `tile/0/x001/234.p/17`; `None` for everything else.
    pub fn parse(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("tile/")?;
        let (level, rest) = rest.split_once('/')?;
        let kind = match level {
            "entries" => Kind::Entries,
            digits => Kind::Hashes(
                number(digits)
                    .filter(|level| *level < u64::from(LEVELS_MAX))?
                    .try_into()
                    .ok()?,
            ),
        };
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => {
                let width = number(width).filter(|width| (1..WIDTH).contains(width))?;
                (index, width)
            }
            None => (rest, WIDTH),
        };
        let tile = Self {
            kind,
            index: parse_index(index)?,
            width: u16::try_from(width).ok()?,
        };
        (tile.to_string() == path).then_some(tile)
    }
}

fn number(digits: &str) -> Option<u64> {
    let plain = digits.len() <= 3 && digits.bytes().all(|b| b.is_ascii_digit());
    (plain && !digits.is_empty())
        .then(|| digits.parse().ok())
        .flatten()
}

fn parse_index(text: &str) -> Option<u64> {
    let mut index: u64 = 0;
    for part in text.split('/') {
        let part = part.strip_prefix('x').unwrap_or(part);
        let value = number(part).filter(|_| part.len() == 3)?;
        index = index.checked_mul(1000)?.checked_add(value)?;
    }
    Some(index)
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Hashes(level) => write!(f, "tile/{level}/")?,
            Kind::Entries => f.write_str("tile/entries/")?,
        }
        let mut parts = vec![format!("{:03}", self.index % 1000)];
        let mut rest = self.index / 1000;
        while rest > 0 {
            parts.push(format!("x{:03}", rest % 1000));
            rest /= 1000;
        }
        parts.reverse();
        f.write_str(&parts.join("/"))?;
        match self.is_full() {
            true => Ok(()),
            false => write!(f, ".p/{}", self.width),
        }
    }
}

/// The hashes in a tile's bytes.
///
/// # Errors
/// [`Error::File`] when it is not as wide as it should be.
pub fn hashes(tile: &Tile, bytes: &[u8]) -> Result<Vec<Hash>, Error> {
    let (chunks, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() || chunks.len() != usize::from(tile.width) {
        return Err(Error::File {
            path: tile.to_string(),
            what: format!(
                "{} bytes instead of {}",
                bytes.len(),
                32 * usize::from(tile.width)
            ),
        });
    }
    Ok(chunks.to_vec())
}

/// A file of the log: its name and bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    /// Its name.
    pub tile: Tile,
    /// What stands in it.
    pub bytes: Vec<u8>,
}

/// The right edge of a growing tree: each level's unfinished tile, and the unfinished bundle.
#[derive(Clone, Debug, Default)]
pub struct Edge {
    size: u64,
    levels: Vec<Vec<Hash>>,
    bundle: Vec<u8>,
    full: Vec<Written>,
}

impl Edge {
    /// The edge of a tree from its unfinished tiles, lowest level first, and its unfinished bundle.
    pub fn new(size: u64, levels: Vec<Vec<Hash>>, bundle: Vec<u8>) -> Self {
        Self {
            size,
            levels,
            bundle,
            full: Vec::new(),
        }
    }

    /// Leaves so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends an entry; says the leaf's hash.
    pub fn push(&mut self, leaf: &[u8]) -> Hash {
        let hash = super::merkle::leaf_hash(leaf);
        entry::put(&mut self.bundle, leaf);
        self.size += 1;
        if self.size.is_multiple_of(WIDTH) {
            let tile = Tile::containing(Kind::Entries, self.size - 1, self.size);
            let bytes = std::mem::take(&mut self.bundle);
            self.full.push(Written { tile, bytes });
        }
        self.push_hash(0, hash);
        hash
    }

    fn push_hash(&mut self, level: u8, hash: Hash) {
        let at = usize::from(level);
        if self.levels.len() <= at {
            self.levels.resize(at + 1, Vec::new());
        }
        let Some(row) = self.levels.get_mut(at) else {
            return;
        };
        row.push(hash);
        if row.len() as u64 == WIDTH {
            let row = std::mem::take(row);
            let place = (self.size >> (8 * u32::from(level))) - 1;
            self.full.push(Written {
                tile: Tile::containing(Kind::Hashes(level), place, self.size),
                bytes: row.concat(),
            });
            self.push_hash(level + 1, full_hash(&row));
        }
    }

    /// The root over all leaves so far.
    pub fn root(&self) -> Hash {
        let mut root: Option<Hash> = None;
        for row in &self.levels {
            let mut rest: &[Hash] = row;
            while !rest.is_empty() {
                let group = 1 << rest.len().trailing_zeros();
                let (before, last) = rest.split_at(rest.len() - group);
                let hash = full_hash(last);
                root = Some(root.map_or(hash, |right| node_hash(&hash, &right)));
                rest = before;
            }
        }
        root.unwrap_or_else(super::merkle::empty_root)
    }

    /// Files that became full since this was last asked.
    pub fn take_full(&mut self) -> Vec<Written> {
        std::mem::take(&mut self.full)
    }

    /// The unfinished files as they are now.
    pub fn partial(&self) -> Vec<Written> {
        let mut files = Vec::new();
        if !self.bundle.is_empty() {
            let tile = Tile::containing(Kind::Entries, self.size - 1, self.size);
            let bytes = self.bundle.clone();
            files.push(Written { tile, bytes });
        }
        for (level, row) in (0_u8..).zip(&self.levels) {
            if !row.is_empty() {
                let place = (self.size >> (8 * u32::from(level))) - 1;
                files.push(Written {
                    tile: Tile::containing(Kind::Hashes(level), place, self.size),
                    bytes: row.concat(),
                });
            }
        }
        files
    }
}

/// Hashes of a tree of a known size, out of its tiles.
pub struct TileNodes<F> {
    size: u64,
    read: F,
    kept: Vec<(Tile, Vec<Hash>)>,
}

/// Tiles kept in memory at once; a proof needs two for each level.
const KEPT_MAX: usize = 16;

impl<F: FnMut(&Tile) -> Result<Vec<u8>, Error>> TileNodes<F> {
    /// Reads tiles of a tree of `size` leaves through `read`.
    pub fn new(size: u64, read: F) -> Self {
        Self {
            size,
            read,
            kept: Vec::new(),
        }
    }

    fn tile(&mut self, tile: Tile) -> Result<&[Hash], Error> {
        let at = match self.kept.iter().position(|(kept, _)| *kept == tile) {
            Some(at) => at,
            None => {
                let found = hashes(&tile, &(self.read)(&tile)?)?;
                if self.kept.len() == KEPT_MAX {
                    self.kept.remove(0);
                }
                self.kept.push((tile, found));
                self.kept.len() - 1
            }
        };
        Ok(self
            .kept
            .get(at)
            .map(|(_, hashes)| hashes.as_slice())
            .unwrap_or_default())
    }
}

impl<F: FnMut(&Tile) -> Result<Vec<u8>, Error>> Nodes for TileNodes<F> {
    type Error = Error;

    fn node(&mut self, height: u32, index: u64) -> Result<Hash, Error> {
        let level = u8::try_from(height / 8).unwrap_or(LEVELS_MAX);
        let count = 1_u64 << (height % 8);
        let first = index * count;
        let tile = Tile::containing(Kind::Hashes(level), first, self.size);
        let from = usize::try_from(first % WIDTH).unwrap_or(0);
        let to = from + usize::try_from(count).unwrap_or(0);
        let hashes = self.tile(tile)?;
        hashes
            .get(from..to)
            .map(full_hash)
            .ok_or_else(|| Error::File {
                path: tile.to_string(),
                what: "is too short for the tree's size".to_owned(),
            })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::HashMap;

    use super::super::merkle::{
        Head, consistency, inclusion, leaf_hash, root, verify_consistency, verify_inclusion,
    };
    use super::*;

    #[test]
    fn names() {
        let check = |text: &str, kind, index, width| {
            let tile = Tile { kind, index, width };
            assert_eq!(tile.to_string(), text);
            assert_eq!(Tile::parse(text), Some(tile));
        };
        check("tile/0/000", Kind::Hashes(0), 0, 256);
        check("tile/0/x001/x234/067", Kind::Hashes(0), 1_234_067, 256);
        check("tile/1/x001/000.p/17", Kind::Hashes(1), 1_000, 17);
        check("tile/entries/273.p/112", Kind::Entries, 273, 112);
        for bad in [
            "",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/",
            "tile/0/0",
            "tile/00/000",
            "tile/8/000",
            "tile/0/x000",
            "tile/0/x000/000",
            "tile/0/000/000",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/017",
            "tile/0/../../checkpoint",
            "tile/entries/x1/000",
            "tile/0/000.p/1/2",
            "tile/-1/000",
            "tile/0/+01",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
            "tile/data/000",
        ] {
            assert_eq!(Tile::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_specifications_example() {
        // "a tree of size 70,000 will be represented by …"
        let mut edge = Edge::default();
        let mut names = Vec::new();
        for n in 0..70_000_u32 {
            edge.push(&n.to_be_bytes());
            names.extend(edge.take_full().into_iter().map(|file| file.tile));
        }
        names.extend(edge.partial().into_iter().map(|file| file.tile));
        let count = |kind, full: bool| {
            names
                .iter()
                .filter(|t| t.kind == kind && t.is_full() == full)
                .count()
        };
        assert_eq!(
            (count(Kind::Hashes(0), true), count(Kind::Hashes(0), false)),
            (273, 1)
        );
        assert_eq!(
            (count(Kind::Entries, true), count(Kind::Entries, false)),
            (273, 1)
        );
        assert_eq!(
            (count(Kind::Hashes(1), true), count(Kind::Hashes(1), false)),
            (1, 1)
        );
        assert_eq!(
            (count(Kind::Hashes(2), true), count(Kind::Hashes(2), false)),
            (0, 1)
        );
        let partial: Vec<_> = edge.partial().iter().map(|f| f.tile.to_string()).collect();
        assert_eq!(
            partial,
            [
                "tile/entries/273.p/112",
                "tile/0/273.p/112",
                "tile/1/001.p/17",
                "tile/2/000.p/1"
            ]
        );
    }

    #[test]
    fn proofs_come_out_of_tiles_at_every_border() {
        let mut files: HashMap<Tile, Vec<u8>> = HashMap::new();
        let mut edge = Edge::default();
        let mut heads = Vec::new();
        for n in 0..66_000_u32 {
            edge.push(&n.to_be_bytes());
            let near = [
                0, 1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 66_000,
            ];
            if near.contains(&edge.size()) {
                files.extend(edge.partial().into_iter().map(|f| (f.tile, f.bytes)));
                heads.push(Head {
                    size: edge.size(),
                    root: edge.root(),
                });
            }
            files.extend(edge.take_full().into_iter().map(|f| (f.tile, f.bytes)));
        }
        let read = |tile: &Tile| {
            files.get(tile).cloned().ok_or(Error::File {
                path: tile.to_string(),
                what: "missing".into(),
            })
        };
        for (at, new) in heads.iter().enumerate() {
            let mut nodes = TileNodes::new(new.size, read);
            assert_eq!(
                root(&mut nodes, new.size).unwrap(),
                new.root,
                "{}",
                new.size
            );
            for old in &heads[..=at] {
                let proof = consistency(&mut nodes, old.size, new.size).unwrap();
                assert!(
                    verify_consistency(old, new, &proof),
                    "{} to {}",
                    old.size,
                    new.size
                );
                let index = old.size - 1;
                let leaf = leaf_hash(&u32::try_from(index).unwrap().to_be_bytes());
                let proof = inclusion(&mut nodes, index, new.size).unwrap();
                assert!(verify_inclusion(&leaf, index, new.size, &new.root, &proof));
            }
        }
    }
}
