//! The master key: wraps the keys of sessions, and is written as one line of text.
//!
//! Must never be stored by this crate, and has no way to be printed but [`MasterKey::to_text`], for whoever makes one.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{CipherError, KEY_BYTES, NONCE_BYTES, TAG_BYTES};
use crate::Hex;
use crate::record::sha256;

/// What a master key's line begins with.
const WORD: &str = "portcullis-master-key-1:";

/// What is hashed to name a master key begins with this.
const ID_PREFIX: &[u8] = b"pcj master key 1\n";

/// Bytes that are wrapped for a session: its key and its tags.
pub(crate) const INNER_BYTES: usize = 64;

/// The same, wrapped.
pub(crate) const WRAPPED_BYTES: usize = INNER_BYTES + TAG_BYTES;

/// The name of a master key: eight bytes of a hash over it, from which nothing can be learnt of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MasterKeyId(pub [u8; 8]);

impl fmt::Display for MasterKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

impl fmt::Debug for MasterKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Wraps and unwraps the keys of sessions.
pub struct MasterKey {
    id: MasterKeyId,
    bytes: Zeroizing<[u8; KEY_BYTES]>,
    aead: LessSafeKey,
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.id)
    }
}

/// Text is no master key. Never says what stood there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("it is not one line `portcullis-master-key-1:` and 32 bytes in base64")]
pub struct NoMasterKey;

impl MasterKey {
    fn new(bytes: Zeroizing<[u8; KEY_BYTES]>) -> Result<Self, CipherError> {
        let named = Zeroizing::new([ID_PREFIX, bytes.as_slice()].concat());
        let mut id = [0; 8];
        id.copy_from_slice(&sha256(&named)[..8]);
        let key = UnboundKey::new(&AES_256_GCM, &*bytes).map_err(|_| CipherError)?;
        Ok(Self {
            id: MasterKeyId(id),
            bytes,
            aead: LessSafeKey::new(key),
        })
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

    /// Reads its line; white space around it does not count.
    ///
    /// # Errors
    /// [`NoMasterKey`].
    pub fn parse(text: &str) -> Result<Self, NoMasterKey> {
        let digits = text.trim().strip_prefix(WORD).ok_or(NoMasterKey)?;
        let bytes = Zeroizing::new(STANDARD.decode(digits).map_err(|_| NoMasterKey)?);
        let bytes: [u8; KEY_BYTES] = bytes.as_slice().try_into().map_err(|_| NoMasterKey)?;
        Self::new(bytes.into()).map_err(|_| NoMasterKey)
    }

    /// Its line, with the secret in it.
    pub fn to_text(&self) -> Zeroizing<String> {
        let digits = Zeroizing::new(STANDARD.encode(self.bytes.as_slice()));
        Zeroizing::new(format!("{WORD}{}\n", *digits))
    }

    /// Its name.
    pub fn id(&self) -> MasterKeyId {
        self.id
    }

    /// Wraps a session's secrets.
    pub(crate) fn wrap(
        &self,
        session: &[u8; 16],
        inner: &[u8; INNER_BYTES],
    ) -> Result<([u8; NONCE_BYTES], [u8; WRAPPED_BYTES]), CipherError> {
        let mut nonce = [0; NONCE_BYTES];
        // Random: many gateways may share a master key. Good for 2^32 sessions.
        aws_lc_rs::rand::fill(&mut nonce).map_err(|_| CipherError)?;
        let mut wrapped = [0; WRAPPED_BYTES];
        let (body, tag) = wrapped.split_at_mut(INNER_BYTES);
        body.copy_from_slice(inner);
        let sealed = self.aead.seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(tied_to(session)),
            body,
        );
        match sealed {
            Ok(made) => tag.copy_from_slice(made.as_ref()),
            Err(_) => {
                body.fill(0);
                return Err(CipherError);
            }
        }
        Ok((nonce, wrapped))
    }

    /// Unwraps them; `None` when they were altered, or are another session's, or wrapped by another key.
    pub(crate) fn unwrap(
        &self,
        session: &[u8; 16],
        nonce: [u8; NONCE_BYTES],
        wrapped: &[u8; WRAPPED_BYTES],
    ) -> Option<Zeroizing<[u8; INNER_BYTES]>> {
        let mut bytes = Zeroizing::new(*wrapped);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let aad = Aad::from(tied_to(session));
        let opened = self.aead.open_in_place(nonce, aad, &mut *bytes).ok()?;
        let opened: &[u8] = opened;
        opened.try_into().ok().map(Zeroizing::new)
    }
}

/// What a wrapped key is tied to.
fn tied_to(session: &[u8; 16]) -> [u8; 26] {
    let mut tied = *b"pcj key 1\n0000000000000000";
    tied[10..].copy_from_slice(session);
    tied
}
