//! The container of an evidence pack: a ZIP file of the plainest kind, so that everybody can open it.
//!
//! Must never read what it would not have written: nothing compressed, nothing encrypted, no second truth in its two
//! directories, no name that leads anywhere. So there is nothing to unpack, and nothing to read in two ways.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::Error;

/// Bytes of a pack; longer ones are neither made nor read. Below what needs the format's later extensions.
pub const PACK_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// Files in a pack.
pub const FILES_MAX: usize = 10_000;
/// Bytes of a name.
const NAME_BYTES_MAX: usize = 200;

const LOCAL: [u8; 4] = *b"PK\x03\x04";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const END: [u8; 4] = *b"PK\x05\x06";
/// Version 1.0 of the format; no flags; stored.
const HOW: [u8; 6] = [10, 0, 0, 0, 0, 0];
/// The first moment that the format knows, so that the same content makes the same bytes.
const MOMENT: [u8; 4] = [0, 0, 0x21, 0];

/// A file of a pack.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct File<'a> {
    /// Its name, with `/` between folders.
    pub(super) name: String,
    /// What is in it.
    pub(super) bytes: std::borrow::Cow<'a, [u8]>,
}

/// Whether a name may stand in a pack: plain characters, no way up, no way out.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && part.chars().all(plain);
    name.len() <= NAME_BYTES_MAX && name.split('/').all(part)
}

/// Writes files one behind the other.
///
/// # Errors
/// [`Error`]: it would become too long, a name cannot stand in a pack, or `out` takes no more.
pub(super) fn write(files: &[File<'_>], out: &mut dyn Write) -> Result<(), Error> {
    let mut directory = Vec::new();
    let mut offset = 0_u64;
    if files.len() > FILES_MAX {
        return Err(Error::TooLarge);
    }
    for file in files {
        if !is_name(&file.name) {
            return Err(Error::Pack {
                what: "a name cannot stand in a pack",
            });
        }
        let fields = fields(file)?;
        let at = u32::try_from(offset).map_err(|_| Error::TooLarge)?;
        let parts: [&[u8]; 4] = [&LOCAL, &fields, file.name.as_bytes(), &file.bytes];
        for part in parts {
            out.write_all(part).map_err(Error::Write)?;
            offset += part.len() as u64;
        }
        // Made by version 1.0 on no system in particular; neither comment, disk nor attributes.
        directory.extend_from_slice(&CENTRAL);
        directory.extend_from_slice(&[10, 0]);
        directory.extend_from_slice(&fields);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&at.to_le_bytes());
        directory.extend_from_slice(file.name.as_bytes());
        if offset + directory.len() as u64 > PACK_BYTES_MAX {
            return Err(Error::TooLarge);
        }
    }
    let count = u16::try_from(files.len())
        .map_err(|_| Error::TooLarge)?
        .to_le_bytes();
    let length = u32::try_from(directory.len())
        .map_err(|_| Error::TooLarge)?
        .to_le_bytes();
    let at = u32::try_from(offset)
        .map_err(|_| Error::TooLarge)?
        .to_le_bytes();
    let end: [&[u8]; 7] = [&END, &[0; 4], &count, &count, &length, &at, &[0; 2]];
    out.write_all(&directory).map_err(Error::Write)?;
    for part in end {
        out.write_all(part).map_err(Error::Write)?;
    }
    out.flush().map_err(Error::Write)
}

/// What both directories say of a file: how it is stored, its moment, checksum, lengths; no extra field.
fn fields(file: &File<'_>) -> Result<[u8; 26], Error> {
    let length = u32::try_from(file.bytes.len())
        .map_err(|_| Error::TooLarge)?
        .to_le_bytes();
    let name = u16::try_from(file.name.len())
        .map_err(|_| Error::TooLarge)?
        .to_le_bytes();
    let crc = crc32(&file.bytes).to_le_bytes();
    let mut fields = [0; 26];
    let parts: [&[u8]; 6] = [&HOW, &MOMENT, &crc, &length, &length, &name];
    let mut at = 0;
    for part in parts {
        fields[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    }
    Ok(fields)
}

/// Reads a pack, whole and exactly as [`write()`] makes it.
///
/// # Errors
/// [`Error::Pack`] with what is wrong.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<File<'_>>, Error> {
    if bytes.len() as u64 > PACK_BYTES_MAX {
        return Err(Error::TooLarge);
    }
    let mut files: Vec<File<'_>> = Vec::new();
    let mut names = BTreeSet::new();
    let mut rest = bytes;
    while let Some(behind) = rest.strip_prefix(&LOCAL) {
        let (file, behind) = file(behind)?;
        if !names.insert(file.name.to_ascii_lowercase()) {
            return Err(Error::Pack {
                what: "a name stands twice",
            });
        }
        if files.len() == FILES_MAX {
            return Err(Error::TooLarge);
        }
        files.push(file);
        rest = behind;
    }
    // Everything else follows from the files. What says anything else is not what was written.
    let mut same = Compare { expect: bytes };
    match write(&files, &mut same) {
        Ok(()) if same.expect.is_empty() => Ok(files),
        Err(Error::TooLarge) => Err(Error::TooLarge),
        _ => Err(Error::Pack {
            what: "it is damaged, or was not made by Portcullis",
        }),
    }
}

fn file(bytes: &[u8]) -> Result<(File<'_>, &[u8]), Error> {
    let short = || Error::Pack { what: "it is cut" };
    let (fields, rest) = bytes.split_first_chunk::<26>().ok_or_else(short)?;
    let number = |at: usize| {
        let four = fields.get(at..at + 4).and_then(|four| four.first_chunk());
        four.map_or(0, |four: &[u8; 4]| u32::from_le_bytes(*four))
    };
    let length = usize::try_from(number(14)).map_err(|_| Error::TooLarge)?;
    let name_length = usize::from(u16::from_le_bytes([fields[22], fields[23]]));
    let (name, rest) = rest.split_at_checked(name_length).ok_or_else(short)?;
    let (content, rest) = rest.split_at_checked(length).ok_or_else(short)?;
    let name = std::str::from_utf8(name).ok().filter(|name| is_name(name));
    let name = name.ok_or(Error::Pack {
        what: "a name cannot stand in a pack",
    })?;
    let file = File {
        name: name.to_owned(),
        bytes: content.into(),
    };
    Ok((file, rest))
}

/// Takes bytes as long as they are the expected ones.
struct Compare<'a> {
    expect: &'a [u8],
}

impl Write for Compare<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let rest = self.expect.strip_prefix(bytes);
        self.expect = rest.ok_or(io::ErrorKind::InvalidData)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// CRC-32 as ZIP has it.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        let index = usize::from(crc.to_le_bytes()[0] ^ byte);
        TABLE[index] ^ (crc >> 8)
    };
    !bytes.iter().fold(!0, step)
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0_u32;
    while index < 256 {
        let mut value = index;
        let mut bit = 0;
        while bit < 8 {
            value = match value & 1 {
                1 => 0xEDB8_8320 ^ (value >> 1),
                _ => value >> 1,
            };
            bit += 1;
        }
        table[index as usize] = value;
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn made(names: &[&str]) -> Vec<u8> {
        let files: Vec<_> = names
            .iter()
            .map(|name| File {
                name: (*name).to_owned(),
                bytes: name.as_bytes().into(),
            })
            .collect();
        let mut out = Vec::new();
        write(&files, &mut out).unwrap();
        out
    }

    #[test]
    fn the_checksum_is_zips() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = made(&["README.txt", "policy/abc/00-x.cedar", "empty"]);
        let files = read(&bytes).unwrap();
        let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["README.txt", "policy/abc/00-x.cedar", "empty"]);
        assert!(read(&made(&[])).unwrap().is_empty());
    }

    #[test]
    fn a_change_of_any_byte_and_any_cut_are_seen() {
        let bytes = made(&["a", "b/c"]);
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut bad = bytes.clone();
                bad[at] ^= 1 << bit;
                assert!(read(&bad).is_err(), "byte {at} bit {bit}");
            }
            assert!(read(&bytes[..at]).is_err(), "cut at {at}");
        }
        assert!(read(&[&bytes[..], b"x"].concat()).is_err());
        assert!(read(&[b"x", &bytes[..]].concat()).is_err());
    }

    proptest::proptest! {
        #[test]
        fn what_is_read_is_what_would_be_written(bytes: Vec<u8>, at in 0_usize..4096, with: Vec<u8>) {
            assert!(read(&bytes).is_err());
            let mut bad = made(&["README.txt", "policy/abc/00-x.cedar"]);
            let from = at % bad.len();
            let to = (from + with.len()).min(bad.len());
            bad.splice(from..to, with);
            if let Ok(files) = read(&bad) {
                let mut again = Vec::new();
                write(&files, &mut again).unwrap();
                assert_eq!(again, bad);
            }
        }
    }

    #[test]
    fn names_that_lead_elsewhere_are_neither_written_nor_read() {
        let good = made(&["abcdefghij"]);
        for bad in [
            "../../abcd",
            "/abcdefghi",
            "a//bcdefgh",
            "a/../bcdef",
            "C:\\abcdefg",
            "abc\0defghi",
            ".hidden__x",
            "a/.hidden_",
            "é12345678",
            "con aux ab",
        ] {
            let mut out = Vec::new();
            let file = File {
                name: bad.to_owned(),
                bytes: b"".as_slice().into(),
            };
            assert!(write(&[file], &mut out).is_err(), "{bad}");
            assert_eq!(bad.len(), 10, "{bad}");
            let mut forged = good.clone();
            let at = |from: usize, forged: &[u8]| {
                let found = forged[from..]
                    .windows(10)
                    .position(|w| w == b"abcdefghij")
                    .unwrap();
                from + found
            };
            let first = at(0, &forged);
            forged[first..first + 10].copy_from_slice(bad.as_bytes());
            let second = forged
                .windows(10)
                .rposition(|w| w == b"abcdefghij")
                .unwrap();
            forged[second..second + 10].copy_from_slice(bad.as_bytes());
            assert!(read(&forged).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_that_stands_twice_is_refused() {
        assert!(read(&made(&["a", "b", "a"])).is_err());
        assert!(
            read(&made(&["report", "Report"])).is_err(),
            "some systems know no case"
        );
    }

    #[test]
    fn what_is_compressed_is_refused() {
        let mut bytes = made(&["a"]);
        // The method, in both directories.
        bytes[8] = 8;
        let central = bytes.windows(4).position(|w| w == CENTRAL).unwrap();
        bytes[central + 10] = 8;
        assert!(read(&bytes).is_err());
    }
}
