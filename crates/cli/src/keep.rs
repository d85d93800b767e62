//! What the command line keeps between runs: the sign-in and the gateway's certificate authority, in a folder only
//! its owner can read.
//!
//! Never prints what it keeps.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::problem::Problem;

/// A kept sign-in.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SignedIn {
    /// The gateway it is for.
    pub gateway: String,
    /// The issuer that gave it.
    pub issuer: String,
    /// The client we are there.
    pub client_id: String,
    /// What the gateway is shown.
    pub token: String,
    /// What gets the next one.
    pub refresh_token: Option<String>,
    /// When the token ends, seconds since the Unix epoch.
    pub expires: i64,
}

/// The folder.
pub(crate) struct Keep {
    dir: PathBuf,
}

impl Keep {
    /// `$XDG_CONFIG_HOME/portcullis`, or `~/.config/portcullis`.
    pub(crate) fn open() -> Result<Self, Problem> {
        let given = |name| std::env::var_os(name).filter(|v| !v.is_empty());
        let base = given("XDG_CONFIG_HOME").map(PathBuf::from);
        let base = base.or_else(|| given("HOME").map(|home| Path::new(&home).join(".config")));
        let base = base.filter(|b| b.is_absolute()).ok_or_else(|| {
            Problem::failed("there is nowhere to keep a sign-in").hint("set HOME")
        })?;
        Ok(Self::at(base.join("portcullis")))
    }

    pub(crate) fn at(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// The sign-in kept for a gateway.
    pub(crate) fn sign_in(&self, gateway: &str) -> Result<Option<SignedIn>, Problem> {
        let path = self.sign_in_path(gateway);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(cannot(&path, &error)),
        };
        let kept: Option<SignedIn> = serde_json::from_str(&text).ok();
        Ok(kept.filter(|kept| kept.gateway == gateway))
    }

    /// Keeps a sign-in, mode 0600.
    pub(crate) fn set_sign_in(&self, signed_in: &SignedIn) -> Result<(), Problem> {
        let text = serde_json::to_string(signed_in)
            .map_err(|_| Problem::failed("the sign-in cannot be written"))?;
        self.write(&self.sign_in_path(&signed_in.gateway), text.as_bytes())?;
        self.write(&self.dir.join("gateway"), signed_in.gateway.as_bytes())
    }

    /// Forgets a sign-in; `false` when there was none.
    pub(crate) fn forget(&self, gateway: &str) -> Result<bool, Problem> {
        let path = self.sign_in_path(gateway);
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(cannot(&path, &error)),
        }
    }

    /// The gateway last signed in to.
    pub(crate) fn last_gateway(&self) -> Option<String> {
        let text = fs::read_to_string(self.dir.join("gateway")).ok()?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Keeps a certificate authority and says where.
    pub(crate) fn authority(&self, pem: &str) -> Result<PathBuf, Problem> {
        let path = self.dir.join(format!("ca-{}.pem", short_hash(pem)));
        if fs::read(&path).is_ok_and(|kept| kept == pem.as_bytes()) {
            return Ok(path);
        }
        self.write(&path, pem.as_bytes())?;
        Ok(path)
    }

    fn sign_in_path(&self, gateway: &str) -> PathBuf {
        self.dir
            .join(format!("sign-in-{}.json", short_hash(gateway)))
    }

    /// Writes a file whole or not at all.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), Problem> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder
            .create(&self.dir)
            .map_err(|e| cannot(&self.dir, &e))?;
        let beside = path.with_extension(format!("{}.new", std::process::id()));
        let written = || -> io::Result<()> {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true).mode(0o600);
            let mut file = options.open(&beside)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&beside, path)
        };
        written().map_err(|error| {
            drop(fs::remove_file(&beside));
            cannot(path, &error)
        })
    }
}

fn cannot(path: &Path, error: &io::Error) -> Problem {
    Problem::failed(format!("{}: {error}", path.display()))
}

fn short_hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    ledger::Hex(&digest[..8]).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_sign_in_is_kept_for_its_gateway_and_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let keep = Keep::at(dir.path().join("portcullis"));
        assert!(keep.sign_in("https://a").unwrap().is_none());
        let signed_in = SignedIn {
            gateway: "https://a".into(),
            issuer: "https://idp".into(),
            client_id: "cli".into(),
            token: "t".into(),
            refresh_token: None,
            expires: 7,
        };
        keep.set_sign_in(&signed_in).unwrap();
        keep.set_sign_in(&signed_in).unwrap();
        assert_eq!(keep.sign_in("https://a").unwrap().unwrap().token, "t");
        assert!(keep.sign_in("https://b").unwrap().is_none());
        assert_eq!(keep.last_gateway().as_deref(), Some("https://a"));
        let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&keep.dir), 0o700);
        assert_eq!(mode(&keep.sign_in_path("https://a")), 0o600);
        assert!(keep.forget("https://a").unwrap());
        assert!(!keep.forget("https://a").unwrap());
    }
}
