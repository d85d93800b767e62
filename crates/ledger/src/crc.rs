//! CRC-32C (Castagnoli), the checksum of RFC 3720 §12.1.
//!
//! Finds torn writes and bad disks; must never be taken for proof against people, which is the hash chain's work.

/// The CRC-32C of several pieces, as of one.
pub fn crc32c(pieces: &[&[u8]]) -> u32 {
    let add = |crc, piece: &&[u8]| crc32c::crc32c_append(crc, piece);
    pieces.iter().fold(0, add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3720_vectors() {
        let check = |bytes: &[u8], expect: u32| assert_eq!(crc32c(&[bytes]), expect);
        check(b"", 0);
        check(b"123456789", 0xe306_9283);
        check(&[0; 32], 0x8a91_36aa);
        check(&[0xff; 32], 0x62a8_ab43);
        let rising: Vec<u8> = (0..32).collect();
        check(&rising, 0x46dd_794e);
    }

    #[test]
    fn pieces_count_as_one() {
        assert_eq!(crc32c(&[b"1234", b"", b"56789"]), 0xe306_9283);
    }
}
