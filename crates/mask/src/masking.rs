//! What masking of one session's values needs, and what comes of it: what was hidden, and which masks were given.
//!
//! Knows no column and no policy, and keeps no value.

use std::sync::Arc;

use bytes::BytesMut;
use model::{Detected, Limits, MaskKind, ParameterFormat};

use crate::delivered::Given;
use crate::secret::MaskKey;
use crate::value::mask_value;

/// What masking of one session's values needs.
#[derive(Debug)]
pub struct Masking {
    /// The key of deterministic masks.
    pub(crate) key: MaskKey,
    /// Bytes of the longest value that is searched.
    pub(crate) searched_bytes_max: usize,
    /// Values hidden since it was last taken.
    pub found: Detected,
    given: Arc<Given>,
}

impl Masking {
    /// With nothing found and nothing given yet.
    pub fn new(key: MaskKey, limits: &Limits) -> Self {
        Self {
            key,
            searched_bytes_max: limits.searched_bytes_max,
            found: Detected::default(),
            given: Arc::new(Given::new(limits.delivered_masks_max)),
        }
    }

    /// As [`mask_value`]; remembers masks that cannot be told by their look.
    pub fn mask_value(
        &self,
        kind: MaskKind,
        type_oid: u32,
        format: ParameterFormat,
        value: &[u8],
        out: &mut BytesMut,
    ) -> bool {
        let start = out.len();
        let is_value = mask_value(&self.key, kind, type_oid, format, value, out);
        let tells = matches!(
            kind,
            MaskKind::Null | MaskKind::Redact | MaskKind::Partial { .. } | MaskKind::Email
        );
        if is_value && !tells {
            let masked = out.get(start..).unwrap_or_default();
            self.given.note(type_oid, masked, format);
        }
        is_value
    }

    /// What was given so far.
    pub fn given(&self) -> Arc<Given> {
        Arc::clone(&self.given)
    }
}
