//! Keys of recordings: one session's key, who yields it, and the reading of encrypted records with it.
//!
//! Must never store a key, and has no way to print one. Where keys are kept is somebody else's: see [`Keys`].

pub mod master;
pub mod slot;
pub mod wrapped;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Prk};
use zeroize::Zeroizing;

use crate::record::{PayloadError, Record};

pub use master::{MasterKey, MasterKeyId, NoMasterKey};
pub use wrapped::WrappedKeys;

/// Bytes of a session's key, for AES-256-GCM.
pub const KEY_BYTES: usize = 32;

/// Bytes before the ciphertext of an encrypted payload: the nonce.
pub const NONCE_BYTES: usize = NONCE_LEN;

/// Bytes behind it: the tag.
pub const TAG_BYTES: usize = 16;

/// Keys that one reading keeps at hand; beyond it they are asked for anew.
const AT_HAND_MAX: usize = 1024;

/// The key of one session's records.
pub struct SessionKey {
    bytes: Zeroizing<[u8; KEY_BYTES]>,
    aead: LessSafeKey,
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey")
    }
}

/// There are no random numbers, or the cipher refused: nothing can be encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the cipher cannot be used")]
pub struct CipherError;

impl SessionKey {
    /// The key in some bytes.
    ///
    /// # Errors
    /// [`CipherError`]: the library takes no AES-256 key.
    pub fn new(bytes: Zeroizing<[u8; KEY_BYTES]>) -> Result<Self, CipherError> {
        let key = UnboundKey::new(&AES_256_GCM, &*bytes).map_err(|_| CipherError)?;
        let aead = LessSafeKey::new(key);
        Ok(Self { bytes, aead })
    }

    /// A new one.
    ///
    /// # Errors
    /// [`CipherError`]: there are no random numbers.
    pub fn generate() -> Result<Self, CipherError> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        aws_lc_rs::rand::fill(&mut *bytes).map_err(|_| CipherError)?;
        Self::new(bytes)
    }

    /// Its bytes, to be wrapped, or given to whoever may read the recording.
    pub fn expose(&self) -> &[u8; KEY_BYTES] {
        &self.bytes
    }

    /// Encrypts one thing besides records, under a key of its own made from this one and `context`. Never two things
    /// with the same context.
    ///
    /// # Errors
    /// [`CipherError`].
    pub fn seal_once(&self, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, CipherError> {
        let mut bytes = plain.to_vec();
        let (nonce, aad) = (
            Nonce::assume_unique_for_key([0; NONCE_LEN]),
            Aad::from(context),
        );
        let sealed = self
            .derived(context)?
            .seal_in_place_append_tag(nonce, aad, &mut bytes);
        sealed.map_err(|_| CipherError).map(|()| bytes)
    }

    /// Decrypts what [`SessionKey::seal_once`] made; `None` when it was altered, or is another context's.
    pub fn open_once(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = sealed.to_vec();
        let (nonce, aad) = (
            Nonce::assume_unique_for_key([0; NONCE_LEN]),
            Aad::from(context),
        );
        let opened = self
            .derived(context)
            .ok()?
            .open_in_place(nonce, aad, &mut bytes);
        let length = opened.ok()?.len();
        bytes.truncate(length);
        Some(bytes)
    }

    /// HKDF-SHA256 of this key: the context is its info.
    fn derived(&self, context: &[u8]) -> Result<LessSafeKey, CipherError> {
        let prk = Prk::new_less_safe(HKDF_SHA256, &*self.bytes);
        let info = [context];
        let key = prk.expand(&info, &AES_256_GCM).map_err(|_| CipherError)?;
        Ok(LessSafeKey::new(key.into()))
    }

    /// What an encrypted record says: still compressed, if it was.
    fn open(&self, record: &Record<'_>) -> Result<Vec<u8>, PayloadError> {
        let refused = || PayloadError::Altered;
        let (nonce, sealed) = record
            .stored
            .split_at_checked(NONCE_BYTES)
            .ok_or_else(refused)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| refused())?;
        let mut bytes = sealed.to_vec();
        let aad = Aad::from(record.header.sealed_bytes());
        let opened = self.aead.open_in_place(nonce, aad, &mut bytes);
        let length = opened.map_err(|_| refused())?.len();
        bytes.truncate(length);
        Ok(bytes)
    }
}

/// A session's key in the hands of whoever writes its records. There is one for each session, made with it, and
/// never made again from stored bytes: that is what keeps nonces from being used twice.
#[derive(Debug)]
pub struct Sealer {
    key: SessionKey,
    next: AtomicU64,
}

impl Sealer {
    /// Writes with a key that nothing was written with yet.
    pub fn new(key: SessionKey) -> Self {
        Self {
            key,
            next: AtomicU64::new(0),
        }
    }

    /// The key.
    pub fn key(&self) -> &SessionKey {
        &self.key
    }

    /// Replaces `out` by nonce, ciphertext and tag.
    pub(crate) fn seal(
        &self,
        plain: &[u8],
        aad: [u8; 32],
        out: &mut Vec<u8>,
    ) -> Result<(), CipherError> {
        // A number is spent whether or not the record gets written, so that what is written in its stead, under the
        // same header, has another.
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut nonce = [0; NONCE_BYTES];
        nonce[4..].copy_from_slice(&number.to_be_bytes());
        out.clear();
        out.reserve(NONCE_BYTES + plain.len() + TAG_BYTES);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(plain);
        let (_, body) = out.split_at_mut(NONCE_BYTES);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let aead = &self.key.aead;
        let sealed = aead.seal_in_place_separate_tag(nonce, Aad::from(aad), body);
        match sealed {
            Ok(tag) => out.extend_from_slice(tag.as_ref()),
            Err(_) => {
                out.clear();
                return Err(CipherError);
            }
        }
        Ok(())
    }
}

/// When and by whom a session's key was destroyed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Erasure {
    /// Microseconds since the Unix epoch.
    pub time: u64,
    /// The key of the principal who asked for it, perhaps shortened; the journal's `recording.erased` says it whole.
    pub by: String,
    /// There was a session, not only a login that was turned away.
    pub opened: bool,
}

/// What can be had of a session's key.
#[derive(Clone, Debug)]
pub enum Access {
    /// The key.
    Key(Arc<SessionKey>),
    /// It was destroyed.
    Erased(Erasure),
    /// None is known, or it cannot be unwrapped here.
    Absent,
}

impl Access {
    /// Whether it was destroyed.
    pub fn is_erased(&self) -> bool {
        matches!(self, Self::Erased(_))
    }
}

/// Yields the keys of sessions. A port: on files, in memory, or behind a service that unwraps them.
pub trait Keys: Send + Sync {
    /// The key of a session.
    fn key(&self, session: &[u8; 16]) -> Access;
}

/// For journals that are not encrypted, and for whoever has no key.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoKeys;

impl Keys for NoKeys {
    fn key(&self, _: &[u8; 16]) -> Access {
        Access::Absent
    }
}

/// The key of one session alone.
#[derive(Clone, Debug)]
pub struct OneKey {
    session: [u8; 16],
    key: Arc<SessionKey>,
}

impl OneKey {
    /// A session and its key.
    pub fn new(session: [u8; 16], key: SessionKey) -> Self {
        let key = Arc::new(key);
        Self { session, key }
    }
}

impl Keys for OneKey {
    fn key(&self, session: &[u8; 16]) -> Access {
        match *session == self.session {
            true => Access::Key(Arc::clone(&self.key)),
            false => Access::Absent,
        }
    }
}

/// Reads payloads for the time of one reading, and keeps at hand the keys that it met.
pub struct Opener<'a> {
    keys: &'a dyn Keys,
    at_hand: HashMap<[u8; 16], Access>,
}

impl<'a> Opener<'a> {
    /// Reads with these keys.
    pub fn new(keys: &'a dyn Keys) -> Self {
        Self {
            keys,
            at_hand: HashMap::new(),
        }
    }

    /// What can be had of a session's key.
    pub fn access(&mut self, session: &[u8; 16]) -> &Access {
        if self.at_hand.len() >= AT_HAND_MAX && !self.at_hand.contains_key(session) {
            self.at_hand.clear();
        }
        let keys = self.keys;
        self.at_hand
            .entry(*session)
            .or_insert_with(|| keys.key(session))
    }

    /// A record's payload as it was before compression and encryption.
    ///
    /// # Errors
    /// [`PayloadError`].
    pub fn payload<'r>(&mut self, record: &Record<'r>) -> Result<Cow<'r, [u8]>, PayloadError> {
        if !record.is_encrypted() {
            return record.payload();
        }
        match self.access(&record.header.session) {
            Access::Key(key) => record.unpack(key.open(record)?.into()),
            Access::Erased(_) => Err(PayloadError::Erased),
            Access::Absent => Err(PayloadError::Encrypted),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Event;
    use crate::codec;
    use crate::event::SessionOpened;
    use crate::journal::{key_preamble, recording_from};
    use crate::record::{Chain, Content, Front, Payload, Place, Stream, write};

    const SESSION: [u8; 16] = [7; 16];

    fn copy(sealer: &Sealer) -> SessionKey {
        SessionKey::new((*sealer.key().expose()).into()).unwrap()
    }

    /// Two records of a session's intents, and the bytes between which they stand.
    fn records(sealer: &Sealer) -> (Vec<u8>, usize) {
        let (mut out, mut scratch, mut chain) = (Vec::new(), Vec::new(), Chain::default());
        let mut first = 0;
        for sequence in 1..=2 {
            let opened = SessionOpened {
                name: format!("canary-{sequence}").into(),
                ..SessionOpened::default()
            };
            let mut plain = Vec::new();
            codec::encode(&Event::SessionOpened(opened), &mut plain);
            let place = Place {
                session: SESSION,
                stream: Stream::Intents,
                number: sequence,
            };
            let content = Content::plain(&plain);
            let payload = Payload::sealed(content, &place, sealer, &mut scratch).unwrap();
            write(
                &mut out,
                &mut chain,
                Stream::Intents,
                SESSION,
                sequence,
                &payload,
            );
            if sequence == 1 {
                first = out.len();
            }
        }
        (out, first)
    }

    fn payload(bytes: &[u8], keys: &dyn Keys) -> Result<Vec<u8>, PayloadError> {
        let Front::Record(record, _) = Record::front(bytes) else {
            panic!("no record");
        };
        Opener::new(keys).payload(&record).map(Cow::into_owned)
    }

    #[test]
    fn what_was_encrypted_is_read_with_its_key_alone() {
        let sealer = Sealer::new(SessionKey::generate().unwrap());
        let (bytes, _) = records(&sealer);
        assert!(!bytes.windows(6).any(|window| window == b"canary"));
        let key = OneKey::new(SESSION, copy(&sealer));
        let plain = payload(&bytes, &key).unwrap();
        assert!(plain.windows(8).any(|window| window == b"canary-1"));
        let other = OneKey::new(SESSION, SessionKey::generate().unwrap());
        assert_eq!(payload(&bytes, &other), Err(PayloadError::Altered));
        assert_eq!(payload(&bytes, &NoKeys), Err(PayloadError::Encrypted));
    }

    #[test]
    fn a_recording_is_read_behind_its_key_and_locked_without() {
        let sealer = Sealer::new(SessionKey::generate().unwrap());
        let (bytes, _) = records(&sealer);
        let whole = [key_preamble(sealer.key()), bytes.clone()].concat();
        let read = recording_from(&whole, SESSION).unwrap();
        assert_eq!((read.events.len(), read.locked), (2, 0));
        let read = recording_from(&bytes, SESSION).unwrap();
        assert_eq!((read.events.len(), read.locked), (0, 2));
    }

    #[test]
    fn no_payload_is_read_in_anothers_place_or_with_a_bit_changed() {
        let sealer = Sealer::new(SessionKey::generate().unwrap());
        let (bytes, first) = records(&sealer);
        let key = OneKey::new(SESSION, copy(&sealer));
        let Front::Record(one, _) = Record::front(&bytes) else {
            panic!("no record");
        };
        let Front::Record(two, _) = Record::front(&bytes[first..]) else {
            panic!("no record");
        };
        let refused = |record: &Record<'_>| {
            let read = Opener::new(&key).payload(record).map(Cow::into_owned);
            assert_eq!(read, Err(PayloadError::Altered), "{record:?}");
        };
        let (mut there, mut here) = (one, two);
        (there.stored, here.stored) = (two.stored, one.stored);
        refused(&there);
        refused(&here);
        for header in [
            crate::record::Header {
                stream: Stream::Results,
                ..one.header
            },
            crate::record::Header {
                raw_bytes: 1,
                ..one.header
            },
            crate::record::Header {
                flags: one.header.flags | 1,
                ..one.header
            },
            crate::record::Header {
                number: 3,
                ..one.header
            },
        ] {
            refused(&Record { header, ..one });
        }
        for bit in 0..one.stored.len() * 8 {
            let mut stored = one.stored.to_vec();
            stored[bit / 8] ^= 1 << (bit % 8);
            refused(&Record {
                stored: &stored,
                ..one
            });
        }
        for length in 0..one.stored.len() {
            refused(&Record {
                stored: &one.stored[..length],
                ..one
            });
        }
    }

    #[test]
    fn what_is_sealed_once_is_opened_in_its_context_alone() {
        let key = SessionKey::generate().unwrap();
        let sealed = key.seal_once(b"one", b"canary").unwrap();
        assert_eq!(key.open_once(b"one", &sealed).unwrap(), b"canary");
        assert_eq!(key.open_once(b"two", &sealed), None);
        let other = SessionKey::generate().unwrap();
        assert_eq!(other.open_once(b"one", &sealed), None);
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(key.open_once(b"one", &flipped), None, "bit {bit}");
        }
    }

    #[test]
    fn a_number_is_never_used_for_two_ciphertexts() {
        let sealer = Sealer::new(SessionKey::generate().unwrap());
        let place = Place {
            session: SESSION,
            stream: Stream::Intents,
            number: 1,
        };
        let mut nonces = std::collections::HashSet::new();
        for _ in 0..100 {
            // As after a failed write: the same place, again and again.
            let mut out = Vec::new();
            Payload::sealed(Content::plain(b"same"), &place, &sealer, &mut out).unwrap();
            assert!(nonces.insert(out[..NONCE_BYTES].to_vec()));
        }
    }
}
