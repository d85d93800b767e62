//! A few read buffers per thread, lent to sessions while they have something in hand, so that an idle session
//! holds none. Knows nothing of what is in them.

use std::cell::RefCell;

use bytes::BytesMut;

/// Bytes of one buffer: a TLS record and its overhead fit, and a stream of rows costs few system calls.
pub(crate) const BUFFER_BYTES: usize = 32 * 1024;

/// Buffers that a thread keeps; more than this are in use at once only in bursts.
const KEPT_MAX: usize = 32;

thread_local! {
    static KEPT: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
}

/// Makes sure that `buffer` has room to read into.
pub(crate) fn lend(buffer: &mut BytesMut) {
    if buffer.is_empty() && buffer.capacity() < BUFFER_BYTES / 2 {
        *buffer = take();
    } else if buffer.capacity() - buffer.len() < BUFFER_BYTES / 4 {
        buffer.reserve(BUFFER_BYTES);
    }
}

/// Lends a buffer to whoever has none.
pub(crate) fn lend_if_none(buffer: &mut BytesMut) {
    if buffer.capacity() == 0 {
        *buffer = take();
    }
}

/// Takes `buffer` back if nothing is in it.
pub(crate) fn reclaim(buffer: &mut BytesMut) {
    if buffer.is_empty() && buffer.capacity() > 0 {
        give(std::mem::take(buffer));
    }
}

fn take() -> BytesMut {
    let kept = KEPT.with_borrow_mut(Vec::pop);
    kept.unwrap_or_else(|| BytesMut::with_capacity(BUFFER_BYTES))
}

fn give(mut buffer: BytesMut) {
    KEPT.with_borrow_mut(|kept| {
        // Not reclaimable: too small, or a part of it is still held by somebody. Grown far: not worth keeping.
        let fits = buffer.try_reclaim(BUFFER_BYTES) && buffer.capacity() <= 2 * BUFFER_BYTES;
        if fits && kept.len() < KEPT_MAX {
            kept.push(buffer);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lent_buffer_comes_back_and_is_lent_again() {
        let mut buffer = BytesMut::new();
        lend(&mut buffer);
        assert!(buffer.capacity() >= BUFFER_BYTES);
        buffer.extend_from_slice(b"bytes");
        let address = buffer.as_ptr();
        reclaim(&mut buffer);
        assert!(!buffer.is_empty(), "a buffer in use stays");
        buffer.clear();
        reclaim(&mut buffer);
        assert_eq!(buffer.capacity(), 0);
        lend(&mut buffer);
        assert_eq!(buffer.as_ptr(), address);
    }

    #[test]
    fn a_buffer_with_a_part_still_held_is_not_kept() {
        KEPT.with_borrow_mut(Vec::clear);
        let mut buffer = BytesMut::new();
        lend(&mut buffer);
        buffer.extend_from_slice(b"held");
        let held = buffer.split_to(4);
        reclaim(&mut buffer);
        assert_eq!(KEPT.with_borrow(Vec::len), 0);
        assert_eq!(&held[..], b"held");
    }
}
