//! The log's entries: one line of text each, the same for everybody who computes it, and bundles of them.
//!
//! Must never hold content: ids, numbers, times, hashes and the names of control-plane events.

use std::borrow::Cow;
use std::fmt;

use super::Error;
use super::tile::{Kind, Tile};
use crate::Hex;
use crate::record::Stream;

/// What every entry of this version begins with.
pub const VERSION: &str = "pcl1";
/// Bytes of the name of a control-plane event; longer ones are cut.
const NAME_BYTES_MAX: usize = 64;

/// A range of numbers, both ends included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// The first.
    pub from: u64,
    /// The last.
    pub to: u64,
}

impl Span {
    /// A range of one.
    pub fn one(number: u64) -> Self {
        Self {
            from: number,
            to: number,
        }
    }

    /// Whether a number is in it.
    pub fn contains(&self, number: u64) -> bool {
        (self.from..=self.to).contains(&number)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from, self.to)
    }
}

/// One entry. `docs/ledger.md` says what each kind means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Entry<'a> {
    /// `log`: the log begins.
    Log {
        /// The journal that is sealed.
        journal: [u8; 16],
        /// The first record that is.
        first: u64,
        /// The hash of the record before it.
        before: [u8; 32],
        /// When.
        time: u64,
    },
    /// `chain`: records of one session and stream, none of them of the control plane.
    Chain {
        /// The session.
        session: [u8; 16],
        /// The stream.
        stream: Stream,
        /// The records' numbers in the stream.
        numbers: Span,
        /// The first and the last one's place in the journal; others' may stand between.
        sequences: Span,
        /// The last one's hash, which covers all before it in the stream.
        hash: [u8; 32],
    },
    /// `control`: one record of the control plane.
    Control {
        /// The session: a run of the gateway, or a login that was turned away.
        session: [u8; 16],
        /// Its number in the stream of intents.
        number: u64,
        /// Its place in the journal.
        sequence: u64,
        /// Its hash.
        hash: [u8; 32],
        /// When it happened, as it says.
        time: u64,
        /// What happened.
        name: Cow<'a, str>,
    },
    /// `gap`: places of the journal that held no whole record when they were sealed.
    Gap {
        /// The places.
        sequences: Span,
    },
    /// `seal`: the entries since the last seal are all there is of these places.
    Seal {
        /// The places.
        sequences: Span,
        /// The hash of the last record.
        hash: [u8; 32],
        /// When it was sealed.
        time: u64,
    },
    /// A line of a kind that this reader does not know.
    Unknown(Cow<'a, [u8]>),
}

/// The name of a stream.
pub fn stream_name(stream: Stream) -> &'static str {
    match stream {
        Stream::Intents => "intents",
        Stream::Results => "results",
    }
}

/// The name of a control-plane event as an entry has it: `a-z 0-9 . _ -`, at most 64 bytes, never empty.
pub fn control_name(name: &str) -> String {
    let plain =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    let name = name
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .take(NAME_BYTES_MAX);
    let name: String = name.collect();
    match name.is_empty() {
        true => "_".to_owned(),
        false => name,
    }
}

impl fmt::Display for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log {
                journal,
                first,
                before,
                time,
            } => {
                write!(
                    f,
                    "{VERSION} log {} {first} {} {time}",
                    Hex(journal),
                    Hex(before)
                )
            }
            Self::Chain {
                session,
                stream,
                numbers,
                sequences,
                hash,
            } => {
                let stream = stream_name(*stream);
                write!(
                    f,
                    "{VERSION} chain {} {stream} {numbers} {sequences} {}",
                    Hex(session),
                    Hex(hash)
                )
            }
            Self::Control {
                session,
                number,
                sequence,
                hash,
                time,
                name,
            } => {
                let (session, hash) = (Hex(session), Hex(hash));
                write!(
                    f,
                    "{VERSION} control {session} {number} {sequence} {hash} {time} {name}"
                )
            }
            Self::Gap { sequences } => write!(f, "{VERSION} gap {sequences}"),
            Self::Seal {
                sequences,
                hash,
                time,
            } => {
                write!(f, "{VERSION} seal {sequences} {} {time}", Hex(hash))
            }
            Self::Unknown(bytes) => f.write_str(&String::from_utf8_lossy(bytes)),
        }
    }
}

impl<'a> Entry<'a> {
    /// The entry's bytes, as hashed.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Unknown(bytes) => bytes.to_vec(),
            Self::Log { .. }
            | Self::Chain { .. }
            | Self::Control { .. }
            | Self::Gap { .. }
            | Self::Seal { .. } => self.to_string().into_bytes(),
        }
    }

    /// Reads an entry. What is not written exactly as it should be is [`Entry::Unknown`].
    pub fn parse(bytes: &'a [u8]) -> Self {
        let known = std::str::from_utf8(bytes).ok().and_then(parse);
        known
            .filter(|entry| entry.to_bytes() == bytes)
            .unwrap_or(Self::Unknown(bytes.into()))
    }

    /// The same on its own memory.
    pub fn into_owned(self) -> Entry<'static> {
        match self {
            Self::Log {
                journal,
                first,
                before,
                time,
            } => Entry::Log {
                journal,
                first,
                before,
                time,
            },
            Self::Chain {
                session,
                stream,
                numbers,
                sequences,
                hash,
            } => Entry::Chain {
                session,
                stream,
                numbers,
                sequences,
                hash,
            },
            Self::Control {
                session,
                number,
                sequence,
                hash,
                time,
                name,
            } => Entry::Control {
                session,
                number,
                sequence,
                hash,
                time,
                name: Cow::Owned(name.into_owned()),
            },
            Self::Gap { sequences } => Entry::Gap { sequences },
            Self::Seal {
                sequences,
                hash,
                time,
            } => Entry::Seal {
                sequences,
                hash,
                time,
            },
            Self::Unknown(bytes) => Entry::Unknown(Cow::Owned(bytes.into_owned())),
        }
    }

    /// The session it is about.
    pub fn session(&self) -> Option<[u8; 16]> {
        match self {
            Self::Chain { session, .. } | Self::Control { session, .. } => Some(*session),
            Self::Log { .. } | Self::Gap { .. } | Self::Seal { .. } | Self::Unknown(_) => None,
        }
    }
}

fn parse(line: &str) -> Option<Entry<'_>> {
    let mut words = line.split(' ');
    let mut word = || words.next();
    if word()? != VERSION {
        return None;
    }
    let entry = match word()? {
        "log" => Entry::Log {
            journal: bytes(word()?)?,
            first: word()?.parse().ok()?,
            before: bytes(word()?)?,
            time: word()?.parse().ok()?,
        },
        "chain" => Entry::Chain {
            session: bytes(word()?)?,
            stream: match word()? {
                "intents" => Stream::Intents,
                "results" => Stream::Results,
                _ => return None,
            },
            numbers: span(word()?)?,
            sequences: span(word()?)?,
            hash: bytes(word()?)?,
        },
        "control" => Entry::Control {
            session: bytes(word()?)?,
            number: word()?.parse().ok()?,
            sequence: word()?.parse().ok()?,
            hash: bytes(word()?)?,
            time: word()?.parse().ok()?,
            name: word()?.into(),
        },
        "gap" => Entry::Gap {
            sequences: span(word()?)?,
        },
        "seal" => Entry::Seal {
            sequences: span(word()?)?,
            hash: bytes(word()?)?,
            time: word()?.parse().ok()?,
        },
        _ => return None,
    };
    Some(entry)
}

fn span(text: &str) -> Option<Span> {
    let (from, to) = text.split_once('-')?;
    let (from, to) = (from.parse().ok()?, to.parse().ok()?);
    (from <= to).then_some(Span { from, to })
}

fn bytes<const N: usize>(hex: &str) -> Option<[u8; N]> {
    let digits = hex.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(out)
}

/// Appends an entry to a bundle: its length in two bytes, the higher first, and its bytes.
pub fn put(bundle: &mut Vec<u8>, entry: &[u8]) {
    // Ours are a few hundred bytes; what is longer than a bundle can say would be cut.
    let length = u16::try_from(entry.len()).unwrap_or(u16::MAX);
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry.get(..usize::from(length)).unwrap_or(entry));
}

/// The entries in a bundle.
///
/// # Errors
/// [`Error::File`] when there are not as many as there should be.
pub fn bundle<'a>(tile: &Tile, bytes: &'a [u8]) -> Result<Vec<&'a [u8]>, Error> {
    debug_assert_eq!(tile.kind, Kind::Entries);
    let refused = |found: usize| Error::File {
        path: tile.to_string(),
        what: format!("holds {found} whole entries instead of {}", tile.width),
    };
    let mut entries = Vec::with_capacity(usize::from(tile.width));
    let mut rest = bytes;
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length));
        let Some((entry, after)) = after.split_at_checked(length) else {
            break;
        };
        entries.push(entry);
        rest = after;
    }
    match rest.is_empty() && entries.len() == usize::from(tile.width) {
        true => Ok(entries),
        false => Err(refused(entries.len())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_kind_reads_as_it_is_written() {
        let check = |text: &str, entry: Entry<'_>| {
            assert_eq!(entry.to_string(), text);
            assert_eq!(Entry::parse(text.as_bytes()), entry);
        };
        let (id, hash) = ([0xab; 16], [0xcd; 32]);
        let (i, h) = ("ab".repeat(16), "cd".repeat(32));
        check(
            &format!("pcl1 log {i} 1 {h} 1700000000000000"),
            Entry::Log {
                journal: id,
                first: 1,
                before: hash,
                time: 1_700_000_000_000_000,
            },
        );
        check(
            &format!("pcl1 chain {i} results 3-9 17-40 {h}"),
            Entry::Chain {
                session: id,
                stream: Stream::Results,
                numbers: Span { from: 3, to: 9 },
                sequences: Span { from: 17, to: 40 },
                hash,
            },
        );
        check(
            &format!("pcl1 control {i} 2 5 {h} 7 policy.loaded"),
            Entry::Control {
                session: id,
                number: 2,
                sequence: 5,
                hash,
                time: 7,
                name: "policy.loaded".into(),
            },
        );
        check(
            "pcl1 gap 4-4",
            Entry::Gap {
                sequences: Span::one(4),
            },
        );
        check(
            &format!("pcl1 seal 1-40 {h} 8"),
            Entry::Seal {
                sequences: Span { from: 1, to: 40 },
                hash,
                time: 8,
            },
        );
    }

    #[test]
    fn anything_else_is_unknown_and_kept() {
        let h = "cd".repeat(32);
        for text in [
            String::new(),
            "pcl1".into(),
            "pcl1 new 1".into(),
            "pcl2 gap 1-1".into(),
            "pcl1 gap 1".into(),
            "pcl1 gap 2-1".into(),
            "pcl1 gap 01-2".into(),
            "pcl1 gap +1-2".into(),
            "pcl1 gap 1-1 ".into(),
            "pcl1 gap 1-1\n".into(),
            format!("pcl1 seal 1-2 {} 3", h.to_uppercase()),
            format!("pcl1 seal 1-2 {h} 3 4"),
        ] {
            let entry = Entry::parse(text.as_bytes());
            assert!(matches!(entry, Entry::Unknown(_)), "{text:?}");
            assert_eq!(entry.to_bytes(), text.as_bytes());
        }
    }

    #[test]
    fn names_are_made_plain() {
        let long = "x".repeat(100);
        for (given, expect) in [
            ("key.issued", "key.issued"),
            ("a b\nc", "a_b_c"),
            ("", "_"),
            ("É", "_"),
            (&long, &long[..64]),
        ] {
            assert_eq!(control_name(given), expect);
        }
    }

    #[test]
    fn bundles_hold_what_was_put_into_them() {
        let mut bytes = Vec::new();
        for entry in ["a", "", "ccc"] {
            put(&mut bytes, entry.as_bytes());
        }
        let tile = |width| Tile {
            kind: Kind::Entries,
            index: 0,
            width,
        };
        let expect: [&[u8]; 3] = [b"a", b"", b"ccc"];
        assert_eq!(bundle(&tile(3), &bytes).unwrap(), expect);
        for (width, end) in [
            (2, bytes.len()),
            (4, bytes.len()),
            (3, bytes.len() - 1),
            (3, 1),
        ] {
            assert!(bundle(&tile(width), &bytes[..end]).is_err());
        }
    }
}
