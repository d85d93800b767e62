//! The files of wrapped keys, byte by byte: a header, then a slot of fixed length for each session.
//!
//! Must never open a file. A slot is overwritten in place when its key is destroyed, which is why it has a fixed length
//! and never straddles a sector.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::master::{INNER_BYTES, MasterKey, MasterKeyId, WRAPPED_BYTES};
use super::{CipherError, Erasure, KEY_BYTES, NONCE_BYTES, SessionKey};
use crate::crc::crc32c;
use crate::record::sha256;

/// Bytes of a slot, and of the header before the first.
pub const SLOT_BYTES: usize = 128;

/// The first eight bytes of a key file: a name and the format's version, 1.
pub const MAGIC: [u8; 8] = *b"PCJKEYS\x01";

/// A slot with a wrapped key.
const STATE_KEY: u8 = 1;
/// A slot whose key was destroyed.
const STATE_ERASED: u8 = 2;

/// Bytes kept of the name of who erased.
const BY_BYTES_MAX: usize = 88;

/// In the place of whom a session acts for: there was none, the login was turned away.
const TURNED_AWAY: [u8; 12] = [0xff; 12];

/// What is known of a session without its recording, to find it when it is to be held or erased: parts of hashes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tags {
    principal: [u8; 12],
    acts_for: [u8; 12],
    resource: [u8; 8],
}

impl Tags {
    /// Tags of a principal's key, the key of whom it acts for (or nothing), and a resource.
    pub fn new(principal: &str, acts_for: &str, resource: &str) -> Self {
        Self {
            principal: tag(principal),
            acts_for: tag(acts_for),
            resource: tag(resource),
        }
    }

    /// Tags of a login that was turned away: a principal's key, and the name of the resource that was asked for.
    pub fn turned_away(principal: &str, resource: &str) -> Self {
        Self {
            acts_for: TURNED_AWAY,
            ..Self::new(principal, "", resource)
        }
    }

    /// Whether the session was this principal's own.
    pub fn is_of(&self, principal: &str) -> bool {
        is_tag(&self.principal, principal)
    }

    /// Whether the session was this principal's own, or on its behalf.
    pub fn concerns(&self, principal: &str) -> bool {
        self.is_of(principal) || is_tag(&self.acts_for, principal)
    }

    /// Whether the session was on this resource.
    pub fn is_on(&self, resource: &str) -> bool {
        is_tag(&self.resource, resource)
    }

    /// Whether there was a session at all, not only a login that was turned away.
    pub fn is_any(&self) -> bool {
        *self != Self::default() && self.acts_for != TURNED_AWAY
    }
}

/// Whether a tag is of this text; nothing has no tag.
fn is_tag<const N: usize>(tagged: &[u8; N], text: &str) -> bool {
    !text.is_empty() && *tagged == tag(text)
}

fn tag<const N: usize>(text: &str) -> [u8; N] {
    let mut tag = [0; N];
    if !text.is_empty() {
        tag.copy_from_slice(&sha256(text.as_bytes())[..N]);
    }
    tag
}

/// The header of a key file.
pub fn header(journal: &[u8; 16], number: u64) -> [u8; SLOT_BYTES] {
    let mut bytes = [0; SLOT_BYTES];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..24].copy_from_slice(journal);
    bytes[24..32].copy_from_slice(&number.to_le_bytes());
    let crc = crc32c(&[&bytes[..32]]);
    bytes[32..36].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// What stands in one slot.
#[derive(Clone, Debug)]
pub enum Slot {
    /// A wrapped key.
    Key(WrappedKey),
    /// What is left of one.
    Erased {
        /// Whose.
        session: [u8; 16],
        /// When, and who asked for it.
        erasure: Erasure,
    },
}

/// A session's key as it is stored.
#[derive(Clone, Debug)]
pub struct WrappedKey {
    /// Whose it is.
    pub session: [u8; 16],
    /// By which master key it is wrapped.
    pub master: MasterKeyId,
    nonce: [u8; NONCE_BYTES],
    wrapped: [u8; WRAPPED_BYTES],
}

impl WrappedKey {
    /// Wraps a key.
    ///
    /// # Errors
    /// [`CipherError`].
    pub fn new(
        master: &MasterKey,
        session: [u8; 16],
        key: &SessionKey,
        tags: &Tags,
    ) -> Result<Self, CipherError> {
        let mut inner = Zeroizing::new([0; INNER_BYTES]);
        inner[..KEY_BYTES].copy_from_slice(key.expose());
        inner[32..44].copy_from_slice(&tags.principal);
        inner[44..56].copy_from_slice(&tags.acts_for);
        inner[56..].copy_from_slice(&tags.resource);
        let (nonce, wrapped) = master.wrap(&session, &inner)?;
        Ok(Self {
            session,
            master: master.id(),
            nonce,
            wrapped,
        })
    }

    /// The key and its tags; `None` when they were altered, are another session's, or the master key is another.
    pub fn unwrap(&self, master: &MasterKey) -> Option<(Arc<SessionKey>, Tags)> {
        let inner = master.unwrap(&self.session, self.nonce, &self.wrapped)?;
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        key.copy_from_slice(&inner[..KEY_BYTES]);
        let mut tags = Tags::default();
        tags.principal.copy_from_slice(&inner[32..44]);
        tags.acts_for.copy_from_slice(&inner[44..56]);
        tags.resource.copy_from_slice(&inner[56..]);
        Some((Arc::new(SessionKey::new(key).ok()?), tags))
    }
}

impl Slot {
    /// What takes a key's place when it is destroyed: whose it was, whether a session had opened at all, when, and as
    /// much of who asked for it as there is room for.
    pub fn tombstone(session: [u8; 16], opened: bool, time: u64, by: &str) -> Self {
        let end = (0..=by.len().min(BY_BYTES_MAX))
            .rev()
            .find(|end| by.is_char_boundary(*end))
            .unwrap_or(0);
        Self::Erased {
            session,
            erasure: Erasure {
                time,
                by: by.get(..end).unwrap_or_default().to_owned(),
                opened,
            },
        }
    }

    /// Whose it is.
    pub fn session(&self) -> &[u8; 16] {
        match self {
            Self::Key(key) => &key.session,
            Self::Erased { session, .. } => session,
        }
    }

    /// The slot as written.
    pub fn to_bytes(&self) -> [u8; SLOT_BYTES] {
        let mut bytes = [0; SLOT_BYTES];
        bytes[8..24].copy_from_slice(self.session());
        match self {
            Self::Key(key) => {
                bytes[0] = STATE_KEY;
                bytes[24..32].copy_from_slice(&key.master.0);
                bytes[32..44].copy_from_slice(&key.nonce);
                bytes[44..124].copy_from_slice(&key.wrapped);
            }
            Self::Erased { erasure, .. } => {
                let by = erasure.by.as_bytes();
                let by = by.get(..by.len().min(BY_BYTES_MAX)).unwrap_or_default();
                bytes[0] = STATE_ERASED;
                bytes[24..32].copy_from_slice(&erasure.time.to_le_bytes());
                bytes[32] = u8::from(erasure.opened);
                bytes[33] = u8::try_from(by.len()).unwrap_or(0);
                bytes[34..34 + by.len()].copy_from_slice(by);
            }
        }
        let crc = crc32c(&[&bytes[..4], &bytes[8..]]);
        bytes[4..8].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads a slot; `None` for one that was never written whole, or was altered.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; SLOT_BYTES] = bytes.try_into().ok()?;
        if crc32c(&[&bytes[..4], &bytes[8..]]).to_le_bytes() != bytes[4..8] {
            return None;
        }
        let session = bytes[8..24].try_into().ok()?;
        match bytes[0] {
            STATE_KEY => Some(Self::Key(WrappedKey {
                session,
                master: MasterKeyId(bytes[24..32].try_into().ok()?),
                nonce: bytes[32..44].try_into().ok()?,
                wrapped: bytes[44..124].try_into().ok()?,
            })),
            STATE_ERASED => {
                let by = bytes.get(34..34 + usize::from(bytes[33]))?;
                let erasure = Erasure {
                    time: u64::from_le_bytes(bytes[24..32].try_into().ok()?),
                    by: String::from_utf8_lossy(by).into_owned(),
                    opened: bytes[32] != 0,
                };
                Some(Self::Erased { session, erasure })
            }
            _ => None,
        }
    }
}

/// Whether a file begins as a key file, of this journal where it is known.
pub fn is_of(file: &[u8], journal: Option<&[u8; 16]>) -> bool {
    let Some(head) = file.first_chunk::<36>() else {
        return false;
    };
    head[..8] == MAGIC
        && head[32..] == crc32c(&[&head[..32]]).to_le_bytes()
        && journal.is_none_or(|journal| head[8..24] == *journal)
}

/// What stands in the slots of a file, each with its place; nothing for a file that is no key file, or another
/// journal's where the journal is known.
pub fn slots<'a>(
    file: &'a [u8],
    journal: Option<&[u8; 16]>,
) -> impl Iterator<Item = (u32, Slot)> + use<'a> {
    let is_ours = is_of(file, journal);
    let body = file.get(SLOT_BYTES..).filter(|_| is_ours);
    let slots = body
        .unwrap_or_default()
        .chunks_exact(SLOT_BYTES)
        .enumerate();
    slots.filter_map(|(at, bytes)| Some((u32::try_from(at).ok()?, Slot::parse(bytes)?)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn wrapped(session: [u8; 16], tags: &Tags) -> (MasterKey, SessionKey, WrappedKey) {
        let (master, key) = (MasterKey::generate(), SessionKey::generate());
        let (master, key) = (master.unwrap(), key.unwrap());
        let wrapped = WrappedKey::new(&master, session, &key, tags).unwrap();
        (master, key, wrapped)
    }

    #[test]
    fn a_key_comes_back_under_its_master_and_its_session() {
        let tags = Tags::new("i|bot", "i|ada", "orders-prod");
        let (master, key, wrapped) = wrapped([7; 16], &tags);
        let bytes = Slot::Key(wrapped).to_bytes();
        let Some(Slot::Key(read)) = Slot::parse(&bytes) else {
            panic!("no key");
        };
        let (back, told) = read.unwrap(&master).unwrap();
        assert_eq!((back.expose(), told), (key.expose(), tags));
        assert!(read.unwrap(&MasterKey::generate().unwrap()).is_none());
        let mut moved = read.clone();
        moved.session = [8; 16];
        assert!(moved.unwrap(&master).is_none(), "another session's name");
    }

    #[test]
    fn tags_say_whose_and_where() {
        let tags = Tags::new("i|bot", "i|ada", "orders-prod");
        assert!(tags.is_of("i|bot") && !tags.is_of("i|ada"));
        assert!(tags.concerns("i|bot") && tags.concerns("i|ada") && !tags.concerns("i|eve"));
        assert!(tags.is_on("orders-prod") && !tags.is_on("orders"));
        let alone = Tags::new("i|ada", "", "");
        assert!(!alone.concerns("") && alone.is_any() && !Tags::default().is_any());
        assert!(!alone.is_on(""), "nothing is on no resource");
        let refused = Tags::turned_away("i|ada", "shop");
        assert!(refused.is_of("i|ada") && refused.is_on("shop") && !refused.is_any());
        assert!(!refused.concerns("") && !refused.concerns("i|eve"));
    }

    #[test]
    fn a_tombstone_says_who_as_far_as_there_is_room() {
        let tags = Tags::new("i|ada", "", "shop");
        for by in ["i|root", "", &"ü".repeat(60), &"é€".repeat(100)] {
            let bytes = Slot::tombstone([7; 16], tags.is_any(), 9, by).to_bytes();
            let Some(Slot::Erased { session, erasure }) = Slot::parse(&bytes) else {
                panic!("no tombstone");
            };
            assert_eq!((session, erasure.time), ([7; 16], 9));
            assert!(by.starts_with(&erasure.by) && erasure.by.len() + 4 > by.len().min(88));
            assert!(erasure.opened);
        }
        assert!(!Tags::default().is_any(), "a login that was turned away");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(mut bytes in prop::collection::vec(any::<u8>(), 0..600), ours: bool) {
            if ours && bytes.len() >= SLOT_BYTES {
                bytes[..SLOT_BYTES].copy_from_slice(&header(&[3; 16], 1));
            }
            prop_assert_eq!(slots(&bytes, Some(&[4; 16])).count(), 0);
            for (at, slot) in slots(&bytes, Some(&[3; 16])) {
                prop_assert!(ours && (at as usize + 2) * SLOT_BYTES <= bytes.len());
                prop_assert!(Slot::parse(&slot.to_bytes()).is_some());
            }
        }

        #[test]
        fn a_changed_bit_of_the_header_is_no_file(bit in 0..36 * 8_usize) {
            let mut bytes = header(&[3; 16], 1).to_vec();
            bytes.extend(Slot::tombstone([7; 16], true, 9, "").to_bytes());
            prop_assert_eq!(slots(&bytes, None).count(), 1);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(slots(&bytes, None).count(), 0);
        }

        #[test]
        fn a_changed_bit_is_no_slot(bit in 0..SLOT_BYTES * 8) {
            let (_, _, wrapped) = wrapped([7; 16], &Tags::default());
            let mut bytes = Slot::Key(wrapped).to_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(Slot::parse(&bytes).is_none());
        }
    }
}
