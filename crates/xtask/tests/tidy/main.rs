//! Tidy: what a reviewer would otherwise have to say again and again, as tests.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot read the repository has to stop"
)]

mod documents;
mod floors;
mod licences;
mod sources;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// The repository's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// A file that git tracks or would track, by its path from the root.
struct Tracked {
    path: String,
    text: String,
}

/// Every text file of the repository that is not ignored.
fn tracked() -> &'static [Tracked] {
    static FILES: OnceLock<Vec<Tracked>> = OnceLock::new();
    FILES.get_or_init(|| {
        let listed = Command::new("git")
            .args([
                "ls-files",
                "--cached",
                "--others",
                "--exclude-standard",
                "-z",
            ])
            .current_dir(root())
            .output()
            .unwrap();
        assert!(listed.status.success(), "git ls-files failed");
        let names = String::from_utf8(listed.stdout).unwrap();
        let read = |path: &str| {
            let text = fs::read(root().join(path))
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())?;
            Some(Tracked {
                path: path.to_owned(),
                text,
            })
        };
        let found: Vec<Tracked> = names
            .split('\0')
            .filter(|p| !p.is_empty())
            .filter_map(read)
            .collect();
        assert!(found.len() > 20, "only {} files found", found.len());
        found
    })
}

/// The Rust files among them.
fn rust_files() -> impl Iterator<Item = &'static Tracked> {
    tracked().iter().filter(|file| file.path.ends_with(".rs"))
}

/// What a cargo command prints.
fn cargo(arguments: &[&str]) -> String {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let said = Command::new(cargo)
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        said.status.success(),
        "cargo {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&said.stderr)
    );
    String::from_utf8(said.stdout).unwrap()
}

/// What `cargo metadata` says, dependencies included.
fn metadata() -> &'static Value {
    static METADATA: OnceLock<Value> = OnceLock::new();
    METADATA.get_or_init(|| {
        // Only what is built here: the rest of the lock file need not have been fetched.
        let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        let arguments = [
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--offline",
            "--filter-platform",
            &host,
        ];
        serde_json::from_str(&cargo(&arguments)).unwrap()
    })
}

/// The workspace's own packages.
fn own_packages() -> Vec<&'static Value> {
    let members: Vec<&str> = list(&metadata()["workspace_members"])
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let own = |package: &&Value| members.contains(&text(&package["id"]));
    list(&metadata()["packages"]).iter().filter(own).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Fails with every offence at once, so that one run shows all there is to mend.
fn none(offences: &[String], rule: &str) {
    assert!(offences.is_empty(), "{rule}\n  {}\n", offences.join("\n  "));
}
