//! The log's tree, computed anew from its entries and held against tiles and checkpoints.
//!
//! Must never take a hash from a tile: tiles are what is checked.

use super::Finding;
use crate::tlog::entry;
use crate::tlog::folder::Folder;
use crate::tlog::merkle::{Head, empty_root};
use crate::tlog::tile::{Edge, Kind, Tile, WIDTH, Written};

/// A tree that somebody signed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    /// Its size and root.
    pub(super) tree: Head,
    /// It was kept elsewhere.
    pub(super) kept: bool,
}

/// Computes the tree of `size` entries and says what does not fit.
pub(super) fn check(folder: &Folder, size: u64, claims: &[Claim], findings: &mut Vec<Finding>) {
    let mut edge = Edge::default();
    let settle = |edge: &Edge, findings: &mut Vec<Finding>| {
        let root = if edge.size() == 0 {
            empty_root()
        } else {
            edge.root()
        };
        let wrong = claims
            .iter()
            .filter(|claim| claim.tree.size == edge.size() && claim.tree.root != root);
        findings.extend(wrong.map(|claim| match claim.kept {
            true => Finding::Forked {
                size: claim.tree.size,
            },
            false => Finding::Root {
                size: claim.tree.size,
            },
        }));
    };
    settle(&edge, findings);
    while edge.size() < size {
        let tile = Tile::containing(Kind::Entries, edge.size(), size);
        let read = folder.tile(&tile);
        let entries = match read
            .as_ref()
            .map_err(ToString::to_string)
            .and_then(|bytes| entry::bundle(&tile, bytes).map_err(|error| error.to_string()))
        {
            Ok(entries) => entries,
            Err(what) => {
                let what = format!("{what}; nothing behind it can be checked");
                findings.push(Finding::File { what });
                return;
            }
        };
        for entry in entries {
            edge.push(entry);
            settle(&edge, findings);
        }
        for file in edge.take_full() {
            compare(folder, &file, findings);
        }
    }
    for file in edge.partial() {
        compare(folder, &file, findings);
    }
}

/// Holds a computed file against the one that is there.
fn compare(folder: &Folder, expected: &Written, findings: &mut Vec<Finding>) {
    let Kind::Hashes(level) = expected.tile.kind else {
        return;
    };
    let found = match folder.tile(&expected.tile) {
        Ok(found) if found == expected.bytes => return,
        Ok(found) => found,
        Err(error) => {
            let what = error.to_string();
            return findings.push(Finding::File { what });
        }
    };
    if level > 0 || found.len() != expected.bytes.len() {
        let what = format!("{}: is not what the entries hash to", expected.tile);
        return findings.push(Finding::File { what });
    }
    let first = expected.tile.index * WIDTH;
    let pairs = found.chunks(32).zip(expected.bytes.chunks(32));
    let differing = (first..).zip(pairs).filter(|(_, (a, b))| a != b);
    findings.extend(differing.map(|(index, _)| Finding::Entry { index }));
}
