//! The key of deterministic masks and what is derived from it.
//!
//! Every purpose has its own prefix, so that no mask's output says anything about another's.

use hmac::{Hmac, KeyInit, Mac};
use model::Secret;
use sha2::Sha256;

/// The key of deterministic masks (`hash`, `token`).
#[derive(Clone, Debug)]
pub struct MaskKey(pub Secret<Vec<u8>>);

impl MaskKey {
    /// HMAC-SHA-256 over the purpose, a zero byte and the value. `None` never happens for HMAC, which takes keys
    /// of every length.
    pub(crate) fn digest(&self, purpose: &str, value: &[u8]) -> Option<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose()).ok()?;
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(value);
        Some(mac.finalize().into_bytes().into())
    }

    /// A number below `bound`, the same for the same value. `bound` is far below 2^64, so that the bias of the
    /// remainder is far below 2^-64.
    pub(crate) fn number(&self, purpose: &str, value: &[u8], bound: u128) -> Option<u128> {
        let digest = self.digest(purpose, value)?;
        let (head, _) = digest.split_first_chunk::<16>()?;
        u128::from_be_bytes(*head).checked_rem(bound)
    }

    /// An endless stream of numbers, the same for the same value.
    pub(crate) fn stream(&self, purpose: &str, value: &[u8]) -> Option<Stream<'_>> {
        let seed = self.digest(purpose, value)?;
        Some(Stream {
            key: self,
            seed,
            counter: 0,
            block: [0; 32],
            used: 32,
        })
    }
}

/// Numbers from HMAC in counter mode.
pub(crate) struct Stream<'a> {
    key: &'a MaskKey,
    seed: [u8; 32],
    counter: u64,
    block: [u8; 32],
    used: usize,
}

impl Stream<'_> {
    /// The next number below `bound`, at most 256; `None` never happens (see [`MaskKey::digest`]).
    pub(crate) fn below(&mut self, bound: u8) -> Option<u8> {
        let drawn = u32::from_be_bytes([self.byte()?, self.byte()?, self.byte()?, self.byte()?]);
        u8::try_from(drawn.checked_rem(u32::from(bound))?).ok()
    }

    fn byte(&mut self) -> Option<u8> {
        if self.used >= self.block.len() {
            let mut input = [0; 40];
            input[..32].copy_from_slice(&self.seed);
            input[32..].copy_from_slice(&self.counter.to_be_bytes());
            self.block = self.key.digest("stream", &input)?;
            self.counter = self.counter.checked_add(1)?;
            self.used = 0;
        }
        let byte = self.block.get(self.used).copied();
        self.used += 1;
        byte
    }
}
