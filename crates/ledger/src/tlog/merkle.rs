//! The Merkle tree of RFC 6962, section 2.1: hashes, roots, inclusion and consistency proofs.
//!
//! Must never know what a leaf means or where hashes are kept.

use aws_lc_rs::digest::{self, SHA256};

/// A node's or leaf's hash.
pub type Hash = [u8; 32];

/// No proof is longer in a tree of at most 2^63 leaves.
pub const PROOF_HASHES_MAX: usize = 64;

fn sha256(parts: &[&[u8]]) -> Hash {
    let mut context = digest::Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// The hash of no leaves at all.
pub fn empty_root() -> Hash {
    sha256(&[])
}

/// The hash of one leaf.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    sha256(&[&[0], entry])
}

/// The hash of two neighbours.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], left, right])
}

/// The hash of 2^n nodes in a row; of none, that of the empty tree.
pub(crate) fn full_hash(nodes: &[Hash]) -> Hash {
    match nodes {
        [] => empty_root(),
        [one] => *one,
        more => {
            let (left, right) = more.split_at(more.len() / 2);
            node_hash(&full_hash(left), &full_hash(right))
        }
    }
}

/// Where hashes of complete subtrees come from.
pub trait Nodes {
    /// Why a hash cannot be had.
    type Error;

    /// The hash over the leaves `index << height` to `(index + 1) << height`.
    ///
    /// # Errors
    /// When it is not there.
    fn node(&mut self, height: u32, index: u64) -> Result<Hash, Self::Error>;
}

/// The largest power of two below `size`, which is at least 2.
fn split(size: u64) -> u64 {
    1 << (63 - (size - 1).leading_zeros())
}

/// The hash over the leaves `from` to `to`, as they stand in a tree: `MTH(D[from:to])`.
fn range<N: Nodes>(nodes: &mut N, from: u64, to: u64) -> Result<Hash, N::Error> {
    let size = to - from;
    if size == 0 {
        return Ok(empty_root());
    }
    if size.is_power_of_two() {
        let height = size.trailing_zeros();
        return nodes.node(height, from >> height);
    }
    let middle = from + split(size);
    let left = range(nodes, from, middle)?;
    let right = range(nodes, middle, to)?;
    Ok(node_hash(&left, &right))
}

/// The root of the tree of the first `size` leaves.
///
/// # Errors
/// As of the nodes.
pub fn root<N: Nodes>(nodes: &mut N, size: u64) -> Result<Hash, N::Error> {
    range(nodes, 0, size)
}

/// The inclusion proof of leaf `index` in the tree of `size` leaves: `PATH(index, D[size])`. Empty when it is not in it.
///
/// # Errors
/// As of the nodes.
pub fn inclusion<N: Nodes>(nodes: &mut N, index: u64, size: u64) -> Result<Vec<Hash>, N::Error> {
    let mut proof = Vec::new();
    let (mut from, mut to) = (0, size);
    if index >= size {
        return Ok(proof);
    }
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            proof.push(range(nodes, middle, to)?);
            to = middle;
        } else {
            proof.push(range(nodes, from, middle)?);
            from = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that the tree of `old` leaves is the beginning of that of `new`: `PROOF(old, D[new])`. Empty where there is
/// nothing to prove: nothing before, or no change.
///
/// # Errors
/// As of the nodes.
pub fn consistency<N: Nodes>(nodes: &mut N, old: u64, new: u64) -> Result<Vec<Hash>, N::Error> {
    let mut proof = Vec::new();
    if old == 0 || old >= new {
        return Ok(proof);
    }
    let (mut from, mut to, mut whole) = (0, new, true);
    while old < to {
        let middle = from + split(to - from);
        if old <= middle {
            proof.push(range(nodes, middle, to)?);
            to = middle;
        } else {
            proof.push(range(nodes, from, middle)?);
            (from, whole) = (middle, false);
        }
    }
    if !whole {
        proof.push(range(nodes, from, to)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Whether a proof shows that a leaf with this hash stands at `index` of the tree with this size and root.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, root: &Hash, proof: &[Hash]) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// A tree as one knows it: how many leaves, and their root.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// Leaves.
    pub size: u64,
    /// The root.
    pub root: Hash,
}

/// Whether a proof shows that the tree `old` is the beginning of the tree `new`.
pub fn verify_consistency(old: &Head, new: &Head, proof: &[Hash]) -> bool {
    if old.size == new.size {
        return old.root == new.root && proof.is_empty();
    }
    if old.size == 0 || old.size > new.size {
        return old.size == 0 && old.root == empty_root() && proof.is_empty();
    }
    let (mut node, mut last) = (old.size - 1, new.size - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    // A tree of 2^n leaves is itself the first node of the proof.
    let mut rest = proof.iter();
    let first = match node {
        0 => Some(&old.root),
        _ => rest.next(),
    };
    let Some(first) = first else { return false };
    let (mut before, mut after) = (*first, *first);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            before = node_hash(sibling, &before);
            after = node_hash(sibling, &after);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            after = node_hash(&after, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && before == old.root && after == new.root
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    /// RFC 6962, section 2.1, as it is written there: the definition that everything here is held to.
    fn mth(leaves: &[Vec<u8>]) -> Hash {
        match leaves {
            [] => empty_root(),
            [one] => leaf_hash(one),
            more => {
                let mut k = 1;
                while k * 2 < more.len() {
                    k *= 2;
                }
                node_hash(&mth(&more[..k]), &mth(&more[k..]))
            }
        }
    }

    fn k_of(n: usize) -> usize {
        let mut k = 1;
        while k * 2 < n {
            k *= 2;
        }
        k
    }

    /// Section 2.1.1.
    fn path(m: usize, leaves: &[Vec<u8>]) -> Vec<Hash> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let k = k_of(leaves.len());
        let (mut proof, sibling) = if m < k {
            (path(m, &leaves[..k]), mth(&leaves[k..]))
        } else {
            (path(m - k, &leaves[k..]), mth(&leaves[..k]))
        };
        proof.push(sibling);
        proof
    }

    /// Section 2.1.2.
    fn subproof(m: usize, leaves: &[Vec<u8>], b: bool) -> Vec<Hash> {
        if m == leaves.len() {
            return if b { Vec::new() } else { vec![mth(leaves)] };
        }
        let k = k_of(leaves.len());
        let (mut proof, sibling) = if m <= k {
            (subproof(m, &leaves[..k], b), mth(&leaves[k..]))
        } else {
            (subproof(m - k, &leaves[k..], false), mth(&leaves[..k]))
        };
        proof.push(sibling);
        proof
    }

    struct Plain(Vec<Vec<u8>>);

    impl Nodes for Plain {
        type Error = Infallible;

        fn node(&mut self, height: u32, index: u64) -> Result<Hash, Infallible> {
            let at = |index: u64| usize::try_from(index << height).unwrap();
            Ok(mth(&self.0[at(index)..at(index + 1)]))
        }
    }

    fn leaves(count: usize) -> Vec<Vec<u8>> {
        (0..count)
            .map(|n| format!("leaf {n}").into_bytes())
            .collect()
    }

    fn head(leaves: &[Vec<u8>]) -> Head {
        Head {
            size: leaves.len() as u64,
            root: mth(leaves),
        }
    }

    #[test]
    fn known_answers() {
        // The empty tree and the leaf of nothing, as RFC 6962's own test data has them.
        let hex = |hash: Hash| -> String { hash.iter().map(|b| format!("{b:02x}")).collect() };
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hex(empty_root()), empty);
        let leaf = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
        assert_eq!(hex(leaf_hash(b"")), leaf);
    }

    #[test]
    fn every_small_tree_is_as_the_rfc_defines_it() {
        for size in 0..=33_usize {
            let all = leaves(size);
            let mut nodes = Plain(all.clone());
            let new = head(&all);
            assert_eq!(root(&mut nodes, new.size).unwrap(), new.root);
            for index in 0..size {
                let proof = inclusion(&mut nodes, index as u64, new.size).unwrap();
                assert_eq!(proof, path(index, &all), "{index} of {size}");
                let leaf = leaf_hash(&all[index]);
                assert!(verify_inclusion(
                    &leaf,
                    index as u64,
                    new.size,
                    &new.root,
                    &proof
                ));
            }
            for old in 0..=size {
                let proof = consistency(&mut nodes, old as u64, new.size).unwrap();
                if old > 0 {
                    assert_eq!(proof, subproof(old, &all, true), "{old} to {size}");
                }
                let before = head(&all[..old]);
                assert!(verify_consistency(&before, &new, &proof), "{old} to {size}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn larger_trees_too(size in 34_usize..700, a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>()) {
            let all = leaves(size);
            let mut nodes = Plain(all.clone());
            let new = head(&all);
            let index = a.index(size);
            let proof = inclusion(&mut nodes, index as u64, new.size).unwrap();
            prop_assert_eq!(&proof, &path(index, &all));
            prop_assert!(verify_inclusion(&leaf_hash(&all[index]), index as u64, new.size, &new.root, &proof));
            let old = 1 + b.index(size);
            let proof = consistency(&mut nodes, old as u64, new.size).unwrap();
            prop_assert_eq!(&proof, &subproof(old, &all, true));
            prop_assert!(verify_consistency(&head(&all[..old]), &new, &proof));
        }

        #[test]
        fn nothing_else_is_proved(
            size in 1_u64..300,
            index in 0_u64..300,
            old in 0_u64..300,
            mut proof in prop::collection::vec(any::<Hash>(), 0..12),
            flip in any::<prop::sample::Index>(),
            claimed in any::<Hash>(),
        ) {
            let all = leaves(usize::try_from(size).unwrap());
            let new = head(&all);
            prop_assert!(!verify_inclusion(&claimed, index, size, &new.root, &proof));
            let forged = Head { size: old, root: claimed };
            prop_assert!(!verify_consistency(&forged, &new, &proof));
            // A right proof with one bit changed, one hash more or one fewer is wrong.
            let mut nodes = Plain(all.clone());
            let index = index % size;
            let leaf = leaf_hash(&all[usize::try_from(index).unwrap()]);
            proof = inclusion(&mut nodes, index, size).unwrap();
            let mut longer = proof.clone();
            longer.push(claimed);
            prop_assert!(!verify_inclusion(&leaf, index, size, &new.root, &longer));
            if !proof.is_empty() {
                let at = flip.index(proof.len());
                proof[at][0] ^= 1;
                prop_assert!(!verify_inclusion(&leaf, index, size, &new.root, &proof));
                proof.pop();
                prop_assert!(!verify_inclusion(&leaf, index, size, &new.root, &proof));
            }
        }
    }
}
