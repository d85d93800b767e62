//! Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature): keys, signing, checking.
//!
//! Must never print a private key: only [`Signer::from_seed`] hands one out, to be written to its file.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{self, SHA256};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::Error;
use super::merkle::{Hash, Head};

/// Bytes of a note that are looked at; longer ones are no checkpoints.
pub const NOTE_BYTES_MAX: usize = 64 * 1024;
/// Signature lines that are looked at.
const SIGNATURES_MAX: usize = 100;
/// What a private key's text begins with.
const PRIVATE: &str = "PRIVATE+KEY+";

/// What a key signs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Algorithm {
    /// The note: a log's own key.
    Ed25519,
    /// The note with a time: a witness.
    Cosignature,
}

impl Algorithm {
    fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 1,
            Self::Cosignature => 4,
        }
    }
}

/// A public key with its name: a *vkey*.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    algorithm: Algorithm,
    public: [u8; 32],
}

impl VerifierKey {
    /// A key from its parts.
    ///
    /// # Errors
    /// [`Error::Key`] when no key can have the name.
    pub fn new(name: &str, algorithm: Algorithm, public: [u8; 32]) -> Result<Self, Error> {
        if !is_name(name) {
            return Err(Error::Key {
                what: "key with a usable name",
            });
        }
        let mut context = digest::Context::new(&SHA256);
        for part in [name.as_bytes(), b"\n", &[algorithm.byte()], &public] {
            context.update(part);
        }
        let id = context
            .finish()
            .as_ref()
            .first_chunk()
            .copied()
            .unwrap_or_default();
        Ok(Self {
            name: name.to_owned(),
            id,
            algorithm,
            public,
        })
    }

    /// Its name; of a log, the origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

/// Names are without spaces and plus signs, and not empty.
fn is_name(name: &str) -> bool {
    let bad = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    !name.is_empty() && name.len() <= 255 && !name.contains(bad)
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut data = vec![self.algorithm.byte()];
        data.extend_from_slice(&self.public);
        let id = u32::from_be_bytes(self.id);
        write!(f, "{}+{id:08x}+{}", self.name, BASE64.encode(data))
    }
}

impl FromStr for VerifierKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        const REFUSED: Error = Error::Key {
            what: "vkey such as example.org/log+1234abcd+AbCd…",
        };
        let (name, id, data) = three(text.trim()).ok_or(REFUSED)?;
        let data = BASE64.decode(data).map_err(|_| REFUSED)?;
        let (algorithm, public) = data.split_first().ok_or(REFUSED)?;
        let algorithm = match algorithm {
            1 => Algorithm::Ed25519,
            4 => Algorithm::Cosignature,
            _ => {
                return Err(Error::Key {
                    what: "key of a kind that is known here",
                });
            }
        };
        let key = Self::new(name, algorithm, public.try_into().map_err(|_| REFUSED)?)?;
        let said = u32::from_str_radix(id, 16).map_err(|_| REFUSED)?;
        match id.len() == 8 && said.to_be_bytes() == key.id {
            true => Ok(key),
            false => Err(Error::Key {
                what: "vkey whose id fits its name and key",
            }),
        }
    }
}

fn three(text: &str) -> Option<(&str, &str, &str)> {
    let mut parts = text.splitn(3, '+');
    Some((parts.next()?, parts.next()?, parts.next()?))
}

/// A private key with its name: an *skey*.
pub struct Signer {
    key: VerifierKey,
    pair: Ed25519KeyPair,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("key", &self.key.to_string())
            .finish_non_exhaustive()
    }
}

impl Signer {
    /// The key of a seed, and its text for the file that keeps it.
    ///
    /// # Errors
    /// [`Error::Key`].
    pub fn from_seed(
        name: &str,
        algorithm: Algorithm,
        seed: &[u8; 32],
    ) -> Result<(Self, String), Error> {
        let pair =
            Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| Error::Key { what: "seed" })?;
        let public = pair.public_key().as_ref();
        let public = public.try_into().map_err(|_| Error::Key { what: "seed" })?;
        let key = VerifierKey::new(name, algorithm, public)?;
        let mut data = vec![algorithm.byte()];
        data.extend_from_slice(seed);
        let id = u32::from_be_bytes(key.id);
        let text = format!("{PRIVATE}{name}+{id:08x}+{}", BASE64.encode(data));
        Ok((Self { key, pair }, text))
    }

    /// Reads the text of a private key: `PRIVATE+KEY+name+id+…`.
    ///
    /// # Errors
    /// [`Error::Key`], which never repeats any of it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        const REFUSED: Error = Error::Key {
            what: "private key of a signed note",
        };
        let (name, id, data) = text
            .trim()
            .strip_prefix(PRIVATE)
            .and_then(three)
            .ok_or(REFUSED)?;
        let data = BASE64.decode(data).map_err(|_| REFUSED)?;
        let (algorithm, seed) = data.split_first().ok_or(REFUSED)?;
        let algorithm = match algorithm {
            1 => Algorithm::Ed25519,
            4 => Algorithm::Cosignature,
            _ => return Err(REFUSED),
        };
        let (signer, _) = Self::from_seed(name, algorithm, seed.try_into().map_err(|_| REFUSED)?)?;
        let said = u32::from_str_radix(id, 16).map_err(|_| REFUSED)?;
        match said.to_be_bytes() == signer.key.id {
            true => Ok(signer),
            false => Err(REFUSED),
        }
    }

    /// The public half.
    pub fn verifier(&self) -> &VerifierKey {
        &self.key
    }

    /// The signature line over a note's text; `time` (seconds since 1970) counts for cosignatures alone.
    pub fn sign(&self, text: &str, time: u64) -> String {
        let mut data = self.key.id.to_vec();
        let signed = match self.key.algorithm {
            Algorithm::Ed25519 => self.pair.sign(text.as_bytes()),
            Algorithm::Cosignature => {
                data.extend_from_slice(&time.to_be_bytes());
                self.pair.sign(cosigned(text, time).as_bytes())
            }
        };
        data.extend_from_slice(signed.as_ref());
        format!("— {} {}\n", self.key.name, BASE64.encode(data))
    }
}

/// What a witness signs.
fn cosigned(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// One signature line.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Line {
    name: String,
    data: Vec<u8>,
}

/// A text with signatures.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    text: String,
    lines: Vec<Line>,
}

impl Note {
    /// A note that nobody has signed yet.
    pub fn unsigned(text: String) -> Self {
        Self {
            text,
            lines: Vec::new(),
        }
    }

    /// Reads a note.
    ///
    /// # Errors
    /// [`Error::Note`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let refused = |what| Error::Note { what };
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(refused("it is too long"));
        }
        let whole = std::str::from_utf8(bytes).map_err(|_| refused("it is not UTF-8"))?;
        if whole.chars().any(|c| c < ' ' && c != '\n') {
            return Err(refused("it has control characters"));
        }
        let split = whole.rfind("\n\n").ok_or(refused("it has no signatures"))?;
        let (text, signatures) = whole.split_at(split + 1);
        let mut note = Self::unsigned(text.to_owned());
        note.add(signatures.get(1..).unwrap_or_default())?;
        match note.lines.is_empty() {
            true => Err(refused("it has no signatures")),
            false => Ok(note),
        }
    }

    /// Adds signature lines, each with its newline. Those that are there already are not added again.
    ///
    /// # Errors
    /// [`Error::Note`].
    pub fn add(&mut self, lines: &str) -> Result<(), Error> {
        const REFUSED: Error = Error::Note {
            what: "a signature line is malformed",
        };
        for line in lines.split_inclusive('\n') {
            let line = line
                .strip_suffix('\n')
                .and_then(|line| line.strip_prefix("— "))
                .ok_or(REFUSED)?;
            let (name, data) = line.split_once(' ').ok_or(REFUSED)?;
            let data = BASE64.decode(data).map_err(|_| REFUSED)?;
            if !is_name(name) || data.len() < 5 || self.lines.len() == SIGNATURES_MAX {
                return Err(REFUSED);
            }
            let line = Line {
                name: name.to_owned(),
                data,
            };
            if !self.lines.contains(&line) {
                self.lines.push(line);
            }
        }
        Ok(())
    }

    /// The signed text, with its last newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Checks a key's signature; a witness's says when it was made (seconds since 1970).
    ///
    /// # Errors
    /// [`Error::Unsigned`] or [`Error::BadSignature`].
    pub fn verify(&self, key: &VerifierKey) -> Result<Option<u64>, Error> {
        let mut lines = self.lines.iter().filter(|line| line.name == key.name);
        let found = lines.find_map(|line| line.data.strip_prefix(&key.id));
        let signature = found.ok_or_else(|| Error::Unsigned {
            key: key.to_string(),
        })?;
        let bad = || Error::BadSignature {
            key: key.to_string(),
        };
        let public = UnparsedPublicKey::new(&ED25519, &key.public);
        match key.algorithm {
            Algorithm::Ed25519 => {
                public
                    .verify(self.text.as_bytes(), signature)
                    .map_err(|_| bad())?;
                Ok(None)
            }
            Algorithm::Cosignature => {
                let (time, signature) = signature.split_first_chunk().ok_or_else(bad)?;
                let time = u64::from_be_bytes(*time);
                let message = cosigned(&self.text, time);
                public
                    .verify(message.as_bytes(), signature)
                    .map_err(|_| bad())?;
                Ok(Some(time))
            }
        }
    }

    /// Who claims to have signed it: names with key ids.
    pub fn signers(&self) -> Vec<String> {
        self.lines
            .iter()
            .map(|line| {
                format!(
                    "{}+{}",
                    line.name,
                    crate::Hex(line.data.get(..4).unwrap_or(&line.data))
                )
            })
            .collect()
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for line in &self.lines {
            writeln!(f, "— {} {}", line.name, BASE64.encode(&line.data))?;
        }
        Ok(())
    }
}

/// Witnesses, and how many of them must have seen a checkpoint.
#[derive(Clone, Debug, Default)]
pub struct WitnessPolicy {
    /// Their keys.
    pub keys: Vec<VerifierKey>,
    /// How many must have cosigned; 0 asks for none.
    pub quorum: usize,
}

impl WitnessPolicy {
    /// How many of the witnesses cosigned a note; one that is named twice counts once.
    pub fn count(&self, note: &Note) -> usize {
        let is_first = |(at, key): &(usize, &VerifierKey)| {
            !self.keys.iter().take(*at).any(|before| before == *key)
        };
        let keys = self.keys.iter().enumerate().filter(is_first);
        keys.filter(|(_, key)| note.verify(key).is_ok()).count()
    }

    /// Checks that enough of them did.
    ///
    /// # Errors
    /// [`Error::Quorum`].
    pub fn check(&self, note: &Note) -> Result<(), Error> {
        let found = self.count(note);
        match found >= self.quorum {
            true => Ok(()),
            false => Err(Error::Quorum {
                found,
                quorum: self.quorum,
            }),
        }
    }
}

/// What a log says of itself: its name, size and root.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// Its tree.
    pub head: Head,
}

impl Checkpoint {
    /// The text to sign.
    pub fn text(&self) -> String {
        let root = BASE64.encode(self.head.root);
        format!("{}\n{}\n{root}\n", self.origin, self.head.size)
    }

    /// Reads a note's text.
    ///
    /// # Errors
    /// [`Error::Note`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        const REFUSED: Error = Error::Note {
            what: "it is not origin, size and root",
        };
        let mut lines = text.split('\n');
        let mut line = || lines.next().filter(|line| !line.is_empty()).ok_or(REFUSED);
        let (origin, size, root) = (line()?, line()?, line()?);
        let number: u64 = size.parse().map_err(|_| REFUSED)?;
        if number.to_string() != size {
            return Err(REFUSED);
        }
        let root: Hash = BASE64
            .decode(root)
            .ok()
            .and_then(|root| root.try_into().ok())
            .ok_or(REFUSED)?;
        Ok(Self {
            origin: origin.to_owned(),
            head: Head { size: number, root },
        })
    }

    /// The checkpoint in a note that a log's key signed.
    ///
    /// # Errors
    /// [`Error`]: malformed, unsigned, wrongly signed, or of another log.
    pub fn verified(note: &Note, key: &VerifierKey) -> Result<Self, Error> {
        let checkpoint = Self::parse(note.text())?;
        if checkpoint.origin != key.name() {
            return Err(Error::Origin {
                expected: key.name().to_owned(),
                found: checkpoint.origin,
            });
        }
        note.verify(key)?;
        Ok(checkpoint)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn signer(name: &str, algorithm: Algorithm, seed: u8) -> Signer {
        Signer::from_seed(name, algorithm, &[seed; 32]).unwrap().0
    }

    #[test]
    fn the_example_of_the_go_package_verifies() {
        // Key and note as golang.org/x/mod/sumdb/note documents them.
        let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let text = "If you think cryptography is the answer to your problem,\n\
             then you don't know what your problem is.\n\n\
             — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
        let key: VerifierKey = key.parse().unwrap();
        let note = Note::parse(text.as_bytes()).unwrap();
        assert_eq!(note.verify(&key).unwrap(), None);
        assert_eq!(note.to_string(), text);
        let edited = text.replace("answer", "Answer");
        let note = Note::parse(edited.as_bytes()).unwrap();
        assert!(matches!(note.verify(&key), Err(Error::BadSignature { .. })));
    }

    #[test]
    fn keys_round_trip_and_say_when_they_do_not_fit() {
        for algorithm in [Algorithm::Ed25519, Algorithm::Cosignature] {
            let (signer, text) = Signer::from_seed("example.org/log", algorithm, &[7; 32]).unwrap();
            let again = Signer::parse(&text).unwrap();
            assert_eq!(signer.verifier(), again.verifier());
            let vkey = signer.verifier().to_string();
            assert_eq!(&vkey.parse::<VerifierKey>().unwrap(), signer.verifier());
            assert!(!format!("{signer:?}").contains(text.rsplit('+').next().unwrap()));
            let other = vkey.replace("org", "com");
            assert!(other.parse::<VerifierKey>().is_err());
        }
        for bad in [
            "",
            "a",
            "a+b",
            "a+00000000+",
            "a+00000000+AQ==",
            "a b+1+AA",
            "PRIVATE+KEY+a+1+AA",
        ] {
            assert!(bad.parse::<VerifierKey>().is_err(), "{bad}");
            assert!(Signer::parse(bad).is_err(), "{bad}");
        }
        assert!(Signer::from_seed("two words", Algorithm::Ed25519, &[0; 32]).is_err());
    }

    #[test]
    fn checkpoints_are_signed_cosigned_and_counted() {
        let log = signer("example.org/log", Algorithm::Ed25519, 1);
        let witnesses: Vec<_> = (2..5)
            .map(|n| signer(&format!("w{n}.example"), Algorithm::Cosignature, n))
            .collect();
        let checkpoint = Checkpoint {
            origin: "example.org/log".into(),
            head: Head {
                size: 5,
                root: [9; 32],
            },
        };
        let text = checkpoint.text();
        let mut note = Note::unsigned(text.clone());
        note.add(&log.sign(&text, 0)).unwrap();
        let policy = WitnessPolicy {
            keys: witnesses.iter().map(|w| w.verifier().clone()).collect(),
            quorum: 2,
        };
        for (n, witness) in witnesses.iter().enumerate() {
            assert_eq!(
                (policy.count(&note), policy.check(&note).is_ok()),
                (n, n >= 2)
            );
            note.add(&witness.sign(&text, 1_700_000_000)).unwrap();
        }
        let note = Note::parse(note.to_string().as_bytes()).unwrap();
        assert_eq!(
            Checkpoint::verified(&note, log.verifier()).unwrap(),
            checkpoint
        );
        assert_eq!(
            note.verify(witnesses[0].verifier()).unwrap(),
            Some(1_700_000_000)
        );
        let stranger = signer("example.org/log", Algorithm::Ed25519, 9);
        let told = Checkpoint::verified(&note, stranger.verifier()).unwrap_err();
        assert!(matches!(told, Error::Unsigned { .. }), "{told}");
        let other = signer("example.com/log", Algorithm::Ed25519, 1);
        let told = Checkpoint::verified(&note, other.verifier()).unwrap_err();
        assert!(matches!(told, Error::Origin { .. }), "{told}");
        // A cosignature cannot be passed off as made at another time.
        let line = witnesses[0].sign(&text, 1);
        let moved = witnesses[0].sign(&text, 2);
        assert_ne!(line, moved);
    }

    #[test]
    fn malformed_notes_are_refused() {
        for bad in [
            "",
            "\n",
            "a\n",
            "a\n\n",
            "a\n\nb\n",
            "a\n\n— \n",
            "a\n\n— n AAAA\n",
            "a\n\n— n AAAAAAAA",
            "a\r\n\n— n AAAAAAAA\n",
            "a\n\n— n AAAAAAAA\nrest\n",
        ] {
            assert!(Note::parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert!(Note::parse(&[0xff, b'\n', b'\n']).is_err());
        for bad in [
            "",
            "o\n",
            "o\n1\n",
            "o\n01\nAA\n",
            "o\n1\nAA\n",
            "o\n-1\nAA\n",
            "\n1\nAA\n",
        ] {
            assert!(Checkpoint::parse(bad).is_err(), "{bad:?}");
        }
    }
}
