//! CRC-32C (Castagnoli), the checksum of RFC 3720 §12.1, eight bytes at a time.
//!
//! Finds torn writes and bad disks; must never be taken for proof against people, which is the hash chain's work.

/// The reversed polynomial 0x1EDC6F41.
const POLYNOMIAL: u32 = 0x82f6_3b78;

const TABLES: [[u32; 256]; 8] = tables();

#[expect(
    clippy::cast_possible_truncation,
    reason = "byte is below 256; const code has no TryFrom"
)]
const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0_u32; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            let low = crc & 1;
            crc = (crc >> 1) ^ (low * POLYNOMIAL);
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut table = 1;
    while table < 8 {
        let mut byte = 0;
        while byte < 256 {
            let crc = tables[table - 1][byte];
            tables[table][byte] = (crc >> 8) ^ tables[0][(crc & 0xff) as usize];
            byte += 1;
        }
        table += 1;
    }
    tables
}

/// The CRC-32C of several pieces, as of one.
pub fn crc32c(pieces: &[&[u8]]) -> u32 {
    let crc = pieces.iter().fold(u32::MAX, |crc, piece| add(crc, piece));
    !crc
}

fn add(mut crc: u32, bytes: &[u8]) -> u32 {
    let (eights, rest) = bytes.as_chunks::<8>();
    for eight in eights {
        let word = u64::from_le_bytes(*eight) ^ u64::from(crc);
        crc = word
            .to_le_bytes()
            .iter()
            .zip(TABLES.iter().rev())
            .fold(0, |sum, (byte, table)| sum ^ table[usize::from(*byte)]);
    }
    for byte in rest {
        let [low, ..] = (crc ^ u32::from(*byte)).to_le_bytes();
        crc = (crc >> 8) ^ TABLES[0][usize::from(low)];
    }
    crc
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
