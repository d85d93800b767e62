//! Frames: one type byte and a 32-bit length that counts itself, then the body.
//!
//! Knows lengths and bounds, nothing of what a message means. Every length is checked before it is believed and
//! refused before it is written.

use bytes::{BufMut, BytesMut};

/// Bytes of a type byte and a length.
pub const HEADER_BYTES: usize = 5;

/// Why bytes are not a frame, or not a message of the expected form.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FrameError {
    /// The length is below 4.
    #[error("a message states a length below 4")]
    Short,
    /// The length is over the bound for its type.
    #[error("message '{}' of {bytes} bytes is over the bound of {bound}", .kind.escape_ascii())]
    TooLong {
        /// The message's type.
        kind: u8,
        /// Bytes stated.
        bytes: usize,
        /// Bytes allowed.
        bound: usize,
    },
    /// The body ends early, goes on too long or holds what its type may not.
    #[error("message '{}' is malformed", .kind.escape_ascii())]
    Malformed {
        /// The message's type.
        kind: u8,
    },
    /// A message that may not come here.
    #[error("message '{}' may not come here", .kind.escape_ascii())]
    Unexpected {
        /// The message's type.
        kind: u8,
    },
    /// A message to be written would be too long for the protocol.
    #[error("a message is too long to be written")]
    Unwritable,
}

/// A frame's header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// The type byte.
    pub kind: u8,
    /// Bytes of the body.
    pub body: usize,
}

impl Header {
    /// Bytes of the whole frame.
    pub fn total(self) -> usize {
        HEADER_BYTES + self.body
    }

    /// Reads the header at the front of `bytes`; `None` when fewer than five bytes are there.
    ///
    /// # Errors
    /// [`FrameError::Short`].
    pub fn peek(bytes: &[u8]) -> Result<Option<Self>, FrameError> {
        let Some(&[kind, a, b, c, d]) = bytes.first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes([a, b, c, d]);
        let body = length.checked_sub(4).ok_or(FrameError::Short)?;
        let body = usize::try_from(body).map_err(|_| FrameError::Short)?;
        Ok(Some(Self { kind, body }))
    }

    /// The header, if its body is within `bound`.
    ///
    /// # Errors
    /// [`FrameError::TooLong`].
    pub fn within(self, bound: usize) -> Result<Self, FrameError> {
        if self.body > bound {
            return Err(FrameError::TooLong {
                kind: self.kind,
                bytes: self.body,
                bound,
            });
        }
        Ok(self)
    }
}

/// Writes one frame: header, then what `body` appends; the length is patched in afterwards.
///
/// # Errors
/// [`FrameError::Unwritable`]; `out` is as it was.
pub fn write(
    out: &mut BytesMut,
    kind: u8,
    body: impl FnOnce(&mut BytesMut),
) -> Result<(), FrameError> {
    let start = out.len();
    out.put_u8(kind);
    out.put_u32(0);
    body(out);
    finish(out, start)
}

/// Patches the length of the frame that began at `start`.
///
/// # Errors
/// [`FrameError::Unwritable`]; `out` is cut back to `start`.
pub(crate) fn finish(out: &mut BytesMut, start: usize) -> Result<(), FrameError> {
    let length = out.len().saturating_sub(start).saturating_sub(1);
    let written = i32::try_from(length).ok();
    match (written, out.get_mut(start + 1..start + HEADER_BYTES)) {
        (Some(length), Some(place)) => {
            place.copy_from_slice(&length.to_be_bytes());
            Ok(())
        }
        _ => {
            out.truncate(start);
            Err(FrameError::Unwritable)
        }
    }
}

/// Appends a string and its terminating zero byte.
pub fn put_cstr(out: &mut BytesMut, text: &[u8]) {
    let end = text.iter().position(|&b| b == 0).unwrap_or(text.len());
    out.extend_from_slice(text.get(..end).unwrap_or_default());
    out.put_u8(0);
}

/// Reads a body field by field; every read is checked.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    kind: u8,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Reads `body` of a message of type `kind`.
    pub fn new(kind: u8, body: &'a [u8]) -> Self {
        Self { kind, rest: body }
    }

    fn malformed(self) -> FrameError {
        FrameError::Malformed { kind: self.kind }
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// [`FrameError::Malformed`].
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8], FrameError> {
        let (head, tail) = self
            .rest
            .split_at_checked(count)
            .ok_or_else(|| self.malformed())?;
        self.rest = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FrameError> {
        let (head, tail) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or_else(|| self.malformed())?;
        self.rest = tail;
        Ok(*head)
    }

    /// The next byte.
    ///
    /// # Errors
    /// [`FrameError::Malformed`].
    pub fn u8(&mut self) -> Result<u8, FrameError> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// The next 16-bit number.
    ///
    /// # Errors
    /// [`FrameError::Malformed`].
    pub fn i16(&mut self) -> Result<i16, FrameError> {
        self.array().map(i16::from_be_bytes)
    }

    /// The next 16-bit count.
    ///
    /// # Errors
    /// [`FrameError::Malformed`].
    pub fn count(&mut self) -> Result<usize, FrameError> {
        self.array().map(u16::from_be_bytes).map(usize::from)
    }

    /// The next 32-bit number.
    ///
    /// # Errors
    /// [`FrameError::Malformed`].
    pub fn i32(&mut self) -> Result<i32, FrameError> {
        self.array().map(i32::from_be_bytes)
    }

    /// The next OID.
    ///
    /// # Errors
    /// [`FrameError::Malformed`].
    pub fn u32(&mut self) -> Result<u32, FrameError> {
        self.array().map(u32::from_be_bytes)
    }

    /// The next string, without its terminating zero byte.
    ///
    /// # Errors
    /// [`FrameError::Malformed`].
    pub fn cstr(&mut self) -> Result<&'a [u8], FrameError> {
        let end = self
            .rest
            .iter()
            .position(|&b| b == 0)
            .ok_or_else(|| self.malformed())?;
        let text = self.bytes(end)?;
        self.u8()?;
        Ok(text)
    }

    /// The next string, which must be UTF-8.
    ///
    /// # Errors
    /// [`FrameError::Malformed`].
    pub fn text(&mut self) -> Result<&'a str, FrameError> {
        let bytes = self.cstr()?;
        std::str::from_utf8(bytes).map_err(|_| self.malformed())
    }

    /// The next value: a length of -1 is NULL.
    ///
    /// # Errors
    /// [`FrameError::Malformed`].
    pub fn value(&mut self) -> Result<Option<&'a [u8]>, FrameError> {
        match self.i32()? {
            -1 => Ok(None),
            length => {
                let length = usize::try_from(length).map_err(|_| self.malformed())?;
                self.bytes(length).map(Some)
            }
        }
    }

    /// Whatever is left.
    pub fn rest(self) -> &'a [u8] {
        self.rest
    }

    /// Holds that nothing is left.
    ///
    /// # Errors
    /// [`FrameError::Malformed`].
    pub fn end(self) -> Result<(), FrameError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.malformed())
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn headers() {
        let check = |bytes: &[u8], expect: Result<Option<(u8, usize)>, FrameError>| {
            let got = Header::peek(bytes).map(|h| h.map(|h| (h.kind, h.body)));
            assert_eq!(got, expect, "{bytes:?}");
        };
        check(b"", Ok(None));
        check(b"Q\0\0\0", Ok(None));
        check(b"Q\0\0\0\x04", Ok(Some((b'Q', 0))));
        check(b"Q\0\0\0\x03", Err(FrameError::Short));
        check(b"Q\0\0\0\0", Err(FrameError::Short));
        check(b"Q\xff\xff\xff\xff", Ok(Some((b'Q', 0xffff_fffb))));
    }

    #[test]
    fn fields_never_read_past_the_end() {
        let mut fields = Fields::new(b'B', b"a\0\0\0\0\x02xy\xff\xff\xff\xff\0\0\0\x09z");
        assert_eq!(fields.text().unwrap(), "a");
        assert_eq!(fields.value().unwrap(), Some(&b"xy"[..]));
        assert_eq!(fields.value().unwrap(), None);
        assert_eq!(fields.value(), Err(FrameError::Malformed { kind: b'B' }));
    }

    #[test]
    fn written_frames_read_back() {
        let mut out = BytesMut::new();
        write(&mut out, b'Q', |b| put_cstr(b, b"select 1\0junk")).unwrap();
        assert_eq!(&out[..], b"Q\0\0\0\x0dselect 1\0");
        assert_eq!(Header::peek(&out).unwrap().unwrap().total(), out.len());
    }
}
