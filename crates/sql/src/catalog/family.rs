//! Tables that share their rows: those above one another by inheritance, and all partitions of one table.
//!
//! Knows no session and no label.

use std::collections::HashSet;

use super::{Relation, RelationId};

/// A tie of inheritance: the child, then its parent.
pub(crate) type Tie = (RelationId, RelationId);

/// A relation, and each that can be reached from it, once, nearest first.
pub(crate) fn closure<I: IntoIterator<Item = RelationId>>(
    start: RelationId,
    next: impl Fn(RelationId) -> I,
) -> Vec<RelationId> {
    let mut found = vec![start];
    let mut known = HashSet::from([start]);
    let mut at = 0;
    while let Some(current) = found.get(at).copied() {
        at += 1;
        found.extend(
            next(current)
                .into_iter()
                .filter(|other| known.insert(*other)),
        );
    }
    found
}

/// A relation, those below it and those above it; of a partitioned table all partitions, since its rows move between
/// them. With a tie that is cut, what is left of it.
pub(crate) fn family<'a>(
    start: RelationId,
    relation: impl Fn(RelationId) -> Option<&'a Relation>,
    cut: Option<Tie>,
) -> Vec<RelationId> {
    let alone = |found: &Relation| found.parents.is_empty() && found.children.is_empty();
    if relation(start).is_none_or(alone) {
        return vec![start];
    }
    let parents = |id| {
        let parents = relation(id).map_or(&[][..], |found| &found.parents);
        let kept = parents.iter().copied();
        kept.filter(move |parent| cut != Some((id, *parent)))
    };
    let children = |id| {
        let children = relation(id).map_or(&[][..], |found| &found.children);
        let kept = children.iter().copied();
        kept.filter(move |child| cut != Some((*child, id)))
    };
    let above = closure(start, parents);
    let partitioned = |id: &&RelationId| relation(**id).is_some_and(|found| found.kind == b'p');
    let top = above.iter().rfind(partitioned).copied();
    let mut family = closure(start, children);
    let all = top.into_iter().flat_map(|top| closure(top, children));
    let mut known: HashSet<RelationId> = family.iter().copied().collect();
    family.extend(
        above
            .iter()
            .copied()
            .chain(all)
            .filter(|member| known.insert(*member)),
    );
    family
}
