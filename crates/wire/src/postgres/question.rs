//! The gateway's own questions on a session's upstream, under names that no client may use.

use bytes::{BufMut, BytesMut};

use super::refuse::own;

/// The gateway's own prepared statement and portal.
pub(crate) const OWN_NAME: &[u8] = b"portcullis_own";

pub(crate) fn put_question(out: &mut BytesMut, text: &str, synced: bool) {
    use super::frame::put_cstr;
    own(out, b'P', |b| {
        put_cstr(b, OWN_NAME);
        put_cstr(b, text.as_bytes());
        b.put_u16(0);
    });
    own(out, b'B', |b| {
        put_cstr(b, OWN_NAME);
        put_cstr(b, OWN_NAME);
        b.put_slice(&[0; 6]);
    });
    own(out, b'E', |b| {
        put_cstr(b, OWN_NAME);
        b.put_u32(0);
    });
    for kind in [b'P', b'S'] {
        own(out, b'C', |b| {
            b.put_u8(kind);
            put_cstr(b, OWN_NAME);
        });
    }
    own(out, if synced { b'S' } else { b'H' }, |_| {});
}
