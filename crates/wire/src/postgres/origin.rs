//! The second wall: what the server says of where a result's fields come from, held against what was judged.
//!
//! Knows no statement's text. It never lets more through than the analysis did.

use std::sync::Arc;

use gate::Permit;
use model::decision::{ResultObligation, Wall};
use model::{CatalogVersion, Obligations, Projection, Projections};

use super::broken::Broken;
use super::frame::Fields;
use super::inspect::Inspector;
use super::queue::obliged;
use super::rows::{Plan, RowError};

/// Longer descriptions are not remembered.
const KEPT_BYTES_MAX: usize = 4 * 1024;

/// Makes the plans of results as they are described; remembers the last one that was let through.
#[derive(Debug, Default)]
pub(crate) struct Descriptions(Option<Passed>);

/// A description that was let through, and all that this followed from.
#[derive(Debug)]
struct Passed {
    obligations: Arc<Obligations>,
    index: usize,
    catalog: Option<CatalogVersion>,
    body: Vec<u8>,
    plan: Plan,
}

impl Descriptions {
    /// How the rows of an action's result number `index` are let through, once the server described them (`body` is a
    /// RowDescription's): what it says of its fields is held against what was judged, where anything is hidden.
    ///
    /// # Errors
    /// [`Broken::Rows`] where they may not pass.
    pub(crate) fn plan(
        &mut self,
        inspector: &Inspector,
        permit: Option<&Permit>,
        index: usize,
        claimed: Option<&Projections>,
        body: &[u8],
    ) -> std::result::Result<Plan, Broken> {
        let obligations = permit.map(Permit::obligations);
        let catalog = inspector.version();
        if let Some(passed) = &self.0
            && obligations.is_some_and(|obligations| Arc::ptr_eq(obligations, &passed.obligations))
            && (passed.index, passed.catalog) == (index, catalog)
            && passed.body == body
        {
            return Ok(passed.plan.clone());
        }
        let obliged = obliged(permit, index).ok_or(Broken::Rows(RowError::Unjudged))?;
        let wall = obligations.and_then(|obligations| obligations.wall.as_ref());
        let leaned = wall.map(|wall| {
            let result = Result {
                wall,
                obliged,
                claimed,
            };
            result.check(inspector, body)
        });
        let leaned = leaned.transpose().map_err(Broken::Rows)?;
        let plan = Plan::described(obliged, body, |oid| inspector.searched_as(oid))
            .map_err(Broken::Rows)?;
        // What only the analysis vouches for is looked at each time: the analysis is not part of what is remembered.
        let may_keep = leaned != Some(Leaned::OnClaims) && body.len() <= KEPT_BYTES_MAX;
        let obligations = obligations.filter(|_| may_keep);
        self.0 = obligations.map(|obligations| Passed {
            obligations: Arc::clone(obligations),
            index,
            catalog,
            body: body.to_vec(),
            plan: plan.clone(),
        });
        Ok(plan)
    }
}

/// What a description was let through by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Leaned {
    /// What the catalog and the rules say of its fields.
    OnCatalog,
    /// For one field at least, what the analysis says.
    OnClaims,
}

/// One result about to be delivered.
struct Result<'a> {
    /// What is hidden from whoever gets it.
    wall: &'a Wall,
    /// What its rows are obliged to.
    obliged: &'a ResultObligation,
    /// What the analysis says of its columns.
    claimed: Option<&'a Projections>,
}

impl Result<'_> {
    /// Reads a RowDescription.
    ///
    /// # Errors
    /// [`RowError::Origin`] for a field that the server says comes from a hidden column and that is not masked, or that
    /// it says comes from a relation unknown here where the analysis saw no stored column at all.
    fn check(&self, inspector: &Inspector, body: &[u8]) -> std::result::Result<Leaned, RowError> {
        let mut leaned = Leaned::OnCatalog;
        let mut fields = Fields::new(b'T', body);
        for position in 0..fields.count()? {
            fields.cstr()?;
            let (relation, number) = (fields.u32()?, fields.i16()?);
            fields.bytes(4 + 2 + 4 + 2)?;
            let is_masked = self
                .obliged
                .masks
                .iter()
                .any(|mask| mask.position == position);
            if relation == 0 || is_masked {
                continue;
            }
            let known = inspector.stored_at(relation, number);
            let may_show = match &known {
                Some(columns) => !columns.iter().any(|column| self.wall.hides(column)),
                None => self.claims_a_column(position),
            };
            if !may_show {
                return Err(RowError::Origin { position });
            }
            if known.is_none() {
                leaned = Leaned::OnClaims;
            }
        }
        fields.end()?;
        Ok(leaned)
    }

    /// Whether the analysis saw a stored column behind a field: that of a relation of the session's own, or of the
    /// transaction that is open, is judged by name alone.
    fn claims_a_column(&self, position: usize) -> bool {
        match self.claimed {
            Some(Projections::Columns(columns)) => {
                !matches!(columns.get(position), Some(Projection::Free) | None)
            }
            Some(Projections::None | Projections::Named(_)) | None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use bytes::{BufMut, BytesMut};
    use model::{ColumnRef, Mask, MaskKind};

    use super::super::frame::put_cstr;
    use super::*;

    fn description(columns: &[(u32, i16)]) -> Vec<u8> {
        let mut out = BytesMut::new();
        out.put_u16(u16::try_from(columns.len()).unwrap());
        for (relation, number) in columns {
            put_cstr(&mut out, b"x");
            out.put_u32(*relation);
            out.put_i16(*number);
            out.put_slice(&[0; 12]);
        }
        out.to_vec()
    }

    fn stored() -> Projection {
        Projection::Direct(vec![ColumnRef {
            schema: "public".to_owned(),
            table: "t".to_owned(),
            column: "c0".to_owned(),
            type_oid: 25,
        }])
    }

    /// Columns 1 and 2 of relation 1 are known, and the second one is hidden.
    #[test]
    fn what_is_hidden_does_not_pass_unmasked() {
        let inspector = Inspector::toy();
        let wall = Wall::new(|column| column.column == "c1");
        let check = |columns: &[(u32, i16)], claimed: Projections, masked: &[usize], expect| {
            let mask = |position: &usize| Mask {
                position: *position,
                kind: MaskKind::Null,
                type_oid: 25,
                inside: None,
            };
            let obliged = ResultObligation {
                width: None,
                masks: masked.iter().map(mask).collect(),
                ..ResultObligation::default()
            };
            let result = Result {
                wall: &wall,
                obliged: &obliged,
                claimed: Some(&claimed),
            };
            let found = result.check(&inspector, &description(columns)).map(drop);
            let expect: std::result::Result<(), RowError> = expect;
            assert_eq!(found, expect, "{columns:?} {claimed:?} {masked:?}");
        };
        let free = || Projections::Columns(vec![Projection::Free, Projection::Free]);
        let seen = || Projections::Columns(vec![stored(), stored()]);
        let origin = |position| Err(RowError::Origin { position });
        check(&[(0, 0), (0, 0)], free(), &[], Ok(()));
        check(&[(1, 1), (0, 0)], free(), &[], Ok(()));
        check(&[(1, 1), (1, 2)], seen(), &[1], Ok(()));
        // Lies: whatever the analysis says of it, the target's word counts.
        check(&[(1, 1), (1, 2)], seen(), &[], origin(1));
        check(&[(1, 2), (1, 2)], free(), &[1], origin(0));
        check(&[(1, 2)], Projections::None, &[], origin(0));
        check(
            &[(1, 2)],
            Projections::Named("c".to_owned()),
            &[],
            origin(0),
        );
        // A relation that is not known here passes where the analysis saw a column of one.
        check(&[(7, 1), (7, 2)], seen(), &[], Ok(()));
        check(&[(7, 1), (7, 2)], free(), &[0], origin(1));
        check(&[(7, 1)], Projections::None, &[], origin(0));
        check(&[(7, 1), (7, 1), (7, 1)], seen(), &[], origin(2));
    }

    #[test]
    fn a_malformed_description_does_not_pass() {
        let inspector = Inspector::toy();
        let wall = Wall::new(|_| false);
        let result = Result {
            wall: &wall,
            obliged: &ResultObligation::default(),
            claimed: None,
        };
        let good = description(&[(0, 0)]);
        assert!(result.check(&inspector, &good).is_ok());
        for bad in [
            &good[..good.len() - 1],
            &[good.as_slice(), b"x"].concat(),
            b"",
        ] {
            assert!(result.check(&inspector, bad).is_err(), "{bad:?}");
        }
    }
}
