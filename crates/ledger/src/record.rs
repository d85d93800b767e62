//! Records: framing, checksum, and the hash chain that ties a session's records together.
//!
//! Must never interpret what a payload says; `codec` does that.

use std::borrow::Cow;

use aws_lc_rs::digest::{self, SHA256};

use crate::crc::crc32c;
use crate::keys::Sealer;

/// Bytes before a record's payload.
pub const HEADER_BYTES: usize = 80;

/// Bytes of one payload, stored or raw; beyond it a length is taken for damage.
pub const PAYLOAD_BYTES_MAX: usize = 256 * 1024 * 1024;

/// The only kind of record so far: a list of events.
pub const KIND_EVENTS: u8 = 1;

/// The payload is one zstd frame.
pub const FLAG_ZSTD: u8 = 1;
/// The payload is encrypted under its session's key. Hashes are over what is stored, so they hold without it.
pub const FLAG_ENCRYPTED: u8 = 2;
/// Nothing but rows: whoever has enough rows of this response need not read it. The format's page says what is promised.
pub const FLAG_ROWS: u8 = 4;

/// What is hashed of every record begins with this.
const PREFIX: &[u8; 13] = b"pcj record 1\n";

/// What a hash chain's first record stands on.
pub const GENESIS: [u8; 32] = [0; 32];

/// Which of a session's two chains a record belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Stream {
    /// What is written before anything is forwarded: login, decisions, approvals, the end.
    Intents,
    /// What came of it: response bytes and completions; collected, compressed, written soon after.
    Results,
}

impl Stream {
    fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Intents),
            1 => Some(Self::Results),
            _ => None,
        }
    }

    fn as_byte(self) -> u8 {
        match self {
            Self::Intents => 0,
            Self::Results => 1,
        }
    }
}

/// What a record's header says, apart from length and checksum.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// What the payload is: [`KIND_EVENTS`].
    pub kind: u8,
    /// [`FLAG_ZSTD`], [`FLAG_ENCRYPTED`], [`FLAG_ROWS`].
    pub flags: u8,
    /// Which chain.
    pub stream: Stream,
    /// Bytes of the payload before compression.
    pub raw_bytes: u32,
    /// Which session.
    pub session: [u8; 16],
    /// The record's place in its chain, from 1, without gaps.
    pub number: u64,
    /// The record's place in the gateway's journal, from 1, without gaps.
    pub sequence: u64,
}

/// Where one hash chain stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Chain {
    /// Records so far.
    pub records: u64,
    /// The hash of the last of them; [`GENESIS`] when there is none.
    pub hash: [u8; 32],
}

impl Default for Chain {
    fn default() -> Self {
        Self {
            records: 0,
            hash: GENESIS,
        }
    }
}

/// A payload ready to be put under a header: stored bytes, their digest, their length before compression. Made
/// outside of any lock, because this is the costly part.
#[derive(Clone, Debug)]
pub struct Payload<'a> {
    bytes: &'a [u8],
    digest: [u8; 32],
    raw_bytes: u32,
    flags: u8,
}

/// A payload is too long for a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a payload of {bytes} bytes is longer than a record may be")]
pub struct TooLong {
    /// How long it is.
    pub bytes: usize,
}

/// What is to be encrypted.
#[derive(Clone, Copy, Debug)]
pub struct Content<'a> {
    bytes: &'a [u8],
    raw_bytes: usize,
    flags: u8,
}

impl<'a> Content<'a> {
    /// Content as it is.
    pub fn plain(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            raw_bytes: bytes.len(),
            flags: 0,
        }
    }

    /// Content that was `raw_bytes` long before it became the zstd frame `bytes`.
    pub fn zstd(bytes: &'a [u8], raw_bytes: usize) -> Self {
        Self {
            bytes,
            raw_bytes,
            flags: FLAG_ZSTD,
        }
    }

    /// Says that it is nothing but rows.
    pub fn of_rows(mut self) -> Self {
        self.flags |= FLAG_ROWS;
        self
    }

    /// The payload that stores it without encryption.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn unsealed(self) -> Result<Payload<'a>, TooLong> {
        Payload::new(self.bytes, self.raw_bytes, self.flags)
    }
}

/// Where a record stands among its session's: what its ciphertext is tied to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// Which session.
    pub session: [u8; 16],
    /// Which chain.
    pub stream: Stream,
    /// The record's place in it.
    pub number: u64,
}

/// Content was not encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unsealed {
    /// It is too long for a record.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// The cipher cannot be used.
    #[error(transparent)]
    Cipher(#[from] crate::keys::CipherError),
}

impl<'a> Payload<'a> {
    /// A payload stored as it is.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn plain(bytes: &'a [u8]) -> Result<Self, TooLong> {
        Self::new(bytes, bytes.len(), 0)
    }

    /// A payload that was `raw_bytes` long before it became the zstd frame `bytes`.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn zstd(bytes: &'a [u8], raw_bytes: usize) -> Result<Self, TooLong> {
        Self::new(bytes, raw_bytes, FLAG_ZSTD)
    }

    fn new(bytes: &'a [u8], raw: usize, flags: u8) -> Result<Self, TooLong> {
        let longest = bytes.len().max(raw);
        let raw_bytes = u32::try_from(raw)
            .ok()
            .filter(|_| longest <= PAYLOAD_BYTES_MAX);
        Ok(Self {
            bytes,
            digest: sha256(bytes),
            raw_bytes: raw_bytes.ok_or(TooLong { bytes: longest })?,
            flags,
        })
    }

    /// Encrypts content for its place: session, stream and number. `out` is overwritten, and kept for the next time.
    ///
    /// # Errors
    /// [`Unsealed`]: it is too long, or the cipher cannot be used.
    pub fn sealed(
        content: Content<'_>,
        place: &Place,
        sealer: &Sealer,
        out: &'a mut Vec<u8>,
    ) -> Result<Self, Unsealed> {
        let too_long = TooLong {
            bytes: content.raw_bytes,
        };
        let header = Header {
            kind: KIND_EVENTS,
            flags: content.flags | FLAG_ENCRYPTED,
            stream: place.stream,
            raw_bytes: u32::try_from(content.raw_bytes).map_err(|_| too_long)?,
            session: place.session,
            number: place.number,
            sequence: 0,
        };
        sealer.seal(content.bytes, header.sealed_bytes(), out)?;
        Ok(Self::new(out, content.raw_bytes, header.flags)?)
    }

    /// Bytes as stored.
    pub fn stored_bytes(&self) -> usize {
        self.bytes.len()
    }
}

/// Appends one record to `out` and moves its chain on.
pub fn write(
    out: &mut Vec<u8>,
    chain: &mut Chain,
    stream: Stream,
    session: [u8; 16],
    sequence: u64,
    payload: &Payload<'_>,
) {
    let header = Header {
        kind: KIND_EVENTS,
        flags: payload.flags,
        stream,
        raw_bytes: payload.raw_bytes,
        session,
        number: chain.records + 1,
        sequence,
    };
    let hash = header.hash(&chain.hash, &payload.digest);
    *chain = Chain {
        records: header.number,
        hash,
    };
    let middle = header.bytes();
    // The payload's length was checked when it was made.
    let length = u32::try_from(payload.bytes.len())
        .unwrap_or(u32::MAX)
        .to_le_bytes();
    let crc = crc32c(&[&length, &middle, &hash, payload.bytes]);
    out.reserve(HEADER_BYTES + payload.bytes.len());
    out.extend_from_slice(&length);
    out.extend_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(&middle);
    out.extend_from_slice(&hash);
    out.extend_from_slice(payload.bytes);
}

impl Header {
    fn bytes(&self) -> [u8; 40] {
        let mut bytes = [0; 40];
        bytes[0] = self.kind;
        bytes[1] = self.flags;
        bytes[2] = self.stream.as_byte();
        bytes[4..8].copy_from_slice(&self.raw_bytes.to_le_bytes());
        bytes[8..24].copy_from_slice(&self.session);
        bytes[24..32].copy_from_slice(&self.number.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.sequence.to_le_bytes());
        bytes
    }

    /// The part that a ciphertext is tied to: all but the place in the journal, which is given out under its lock.
    pub(crate) fn sealed_bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(&self.bytes()[..32]);
        bytes
    }

    fn hash(&self, before: &[u8; 32], payload_digest: &[u8; 32]) -> [u8; 32] {
        // Two blocks of SHA-256 in all, its own padding included.
        let mut bytes = [0; PREFIX.len() + 32 + 40 + 32];
        let (prefix, rest) = bytes.split_at_mut(PREFIX.len());
        let (chain, rest) = rest.split_at_mut(32);
        let (header, payload) = rest.split_at_mut(40);
        prefix.copy_from_slice(PREFIX);
        chain.copy_from_slice(before);
        header.copy_from_slice(&self.bytes());
        payload.copy_from_slice(payload_digest);
        sha256(&bytes)
    }
}

/// One record as it stands in a segment.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Its header.
    pub header: Header,
    /// Its hash as stored.
    pub hash: [u8; 32],
    /// Its payload as stored.
    pub stored: &'a [u8],
}

/// Why bytes are not a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NoRecord {
    /// They end before the record does.
    Short,
    /// Checksum, kind or reserved bytes are wrong.
    Damaged,
}

/// Why a record's payload cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PayloadError {
    /// It is encrypted, and this reader has no key.
    #[error("the payload is encrypted")]
    Encrypted,
    /// It is encrypted, and its key was destroyed.
    #[error("the payload was erased")]
    Erased,
    /// It is encrypted, and was altered, or is another record's.
    #[error("the payload does not decrypt")]
    Altered,
    /// It does not decompress to the length it states.
    #[error("the payload does not decompress")]
    Compression,
}

/// What stands at the front of some bytes.
#[derive(Clone, Copy, Debug)]
pub enum Front<'a> {
    /// A whole record, and how many bytes it takes.
    Record(Record<'a>, usize),
    /// The beginning of a record, or nothing.
    Short,
    /// No record.
    Damaged,
}

impl<'a> Record<'a> {
    /// Looks at the front of `bytes`. Unlike [`crate::segment::items`] it never searches for a record elsewhere, so
    /// that nothing in a payload can pass for one.
    pub fn front(bytes: &'a [u8]) -> Front<'a> {
        match Self::parse(bytes) {
            Ok((record, length)) => Front::Record(record, length),
            Err(NoRecord::Short) => Front::Short,
            Err(NoRecord::Damaged) => Front::Damaged,
        }
    }

    /// Takes a record from the front of `bytes`; also says where the next one begins.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<(Self, usize), NoRecord> {
        let head: &[u8; HEADER_BYTES] = bytes.first_chunk().ok_or(NoRecord::Short)?;
        let length = u32_at(head, 0) as usize;
        let (raw_bytes, stream) = (u32_at(head, 12), Stream::from_byte(head[10]));
        let longest = length.max(raw_bytes as usize);
        let (true, Some(stream), 0) = (longest <= PAYLOAD_BYTES_MAX, stream, head[11]) else {
            return Err(NoRecord::Damaged);
        };
        let end = HEADER_BYTES + length;
        let stored = bytes.get(HEADER_BYTES..end).ok_or(NoRecord::Short)?;
        if crc32c(&[&head[..4], &head[8..], stored]) != u32_at(head, 4) {
            return Err(NoRecord::Damaged);
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(&head[48..80]);
        let mut session = [0; 16];
        session.copy_from_slice(&head[16..32]);
        let header = Header {
            kind: head[8],
            flags: head[9],
            stream,
            raw_bytes,
            session,
            number: u64_at(head, 32),
            sequence: u64_at(head, 40),
        };
        let record = Self {
            header,
            hash,
            stored,
        };
        Ok((record, end))
    }

    /// The hash that the record must have after a chain's last hash.
    pub fn expected_hash(&self, before: &[u8; 32]) -> [u8; 32] {
        self.header.hash(before, &sha256(self.stored))
    }

    /// Whether it goes on with the response that the record before it in its stream ended with, by rows alone.
    pub fn is_rows(&self) -> bool {
        self.header.flags & FLAG_ROWS != 0
    }

    /// Whether it takes a key to read it.
    pub fn is_encrypted(&self) -> bool {
        self.header.flags & FLAG_ENCRYPTED != 0
    }

    /// The payload as it was before compression, for a reader without keys; [`crate::keys::Opener`] has them.
    ///
    /// # Errors
    /// [`PayloadError`].
    pub fn payload(&self) -> Result<Cow<'a, [u8]>, PayloadError> {
        match self.is_encrypted() {
            true => Err(PayloadError::Encrypted),
            false => self.unpack(self.stored.into()),
        }
    }

    /// Undoes the compression of what is stored, once it is decrypted.
    pub(crate) fn unpack(&self, packed: Cow<'a, [u8]>) -> Result<Cow<'a, [u8]>, PayloadError> {
        if self.header.flags & FLAG_ZSTD == 0 {
            return Ok(packed);
        }
        let capacity = self.header.raw_bytes as usize;
        let raw = zstd::bulk::decompress(&packed, capacity);
        raw.ok()
            .filter(|raw| raw.len() == capacity)
            .map(Into::into)
            .ok_or(PayloadError::Compression)
    }
}

/// The SHA-256 of some bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&SHA256, bytes).as_ref());
    hash
}

fn u32_at(head: &[u8; HEADER_BYTES], at: usize) -> u32 {
    let mut four = [0; 4];
    four.copy_from_slice(&head[at..at + 4]);
    u32::from_le_bytes(four)
}

fn u64_at(head: &[u8; HEADER_BYTES], at: usize) -> u64 {
    let mut eight = [0; 8];
    eight.copy_from_slice(&head[at..at + 8]);
    u64::from_le_bytes(eight)
}
