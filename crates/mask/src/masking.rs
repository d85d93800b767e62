//! What masking of one session's values needs, and what comes of it: what was hidden, and which masks were given.
//!
//! Knows no column and no policy, and keeps no value.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::BytesMut;
use model::{Detected, Limits, MaskKind, ParameterFormat};

use crate::delivered::Given;
use crate::secret::MaskKey;
use crate::value::mask_value;

const TIMESTAMP: u32 = 1114;
const TIMESTAMPTZ: u32 = 1184;

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

    /// As [`Self::mask_value`], for a value as JSON and XML write it, and in the same form: moments with a `T` (XSD).
    /// `None` is NULL.
    pub(crate) fn mask_written(&self, kind: MaskKind, type_oid: u32, said: &str) -> Option<String> {
        let is_moment = matches!(type_oid, TIMESTAMP | TIMESTAMPTZ);
        let plain: Cow<'_, str> = match is_moment {
            true => said.replacen('T', " ", 1).into(),
            false => said.into(),
        };
        let (plain, mut masked) = (plain.as_bytes(), BytesMut::new());
        let format = ParameterFormat::Text;
        self.mask_value(kind, type_oid, format, plain, &mut masked)
            .then_some(())?;
        let masked = String::from_utf8(masked.to_vec()).ok()?;
        Some(match is_moment {
            true => masked.replacen(' ', "T", 1),
            false => masked,
        })
    }

    /// What was given so far.
    pub fn given(&self) -> Arc<Given> {
        Arc::clone(&self.given)
    }
}
