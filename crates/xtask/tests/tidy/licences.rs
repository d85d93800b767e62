//! Every dependency's licence is one that Apache-2.0 software may build on.

use super::{list, metadata, none, text};

const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "OpenSSL",
    "PostgreSQL",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

#[test]
fn every_licence_is_permissive() {
    let mut offences = Vec::new();
    for package in list(&metadata()["packages"]) {
        let licence = text(&package["license"]);
        if !permitted(licence) {
            offences.push(format!(
                "{} {}: {licence:?}",
                text(&package["name"]),
                text(&package["version"])
            ));
        }
    }
    none(
        &offences,
        "licences must be on the list (deny.toml has the same):",
    );
}

#[test]
fn deny_toml_has_the_same_list() {
    let deny = std::fs::read_to_string(super::root().join("deny.toml")).unwrap();
    let missing: Vec<String> = ALLOWED
        .iter()
        .filter(|licence| !deny.contains(&format!("\"{licence}\"")))
        .map(ToString::to_string)
        .collect();
    none(&missing, "deny.toml lacks:");
}

/// Whether an SPDX expression can be satisfied by the list alone: `OR` needs one side, `AND` both.
fn permitted(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    let (rest, permitted) = alternatives(expression.trim());
    permitted && rest.is_empty()
}

fn alternatives(text: &str) -> (&str, bool) {
    let (mut rest, mut permitted) = conjunction(text);
    while let Some(next) = rest.strip_prefix("OR ") {
        let (after, other) = conjunction(next.trim_start());
        permitted |= other;
        rest = after;
    }
    (rest, permitted)
}

fn conjunction(text: &str) -> (&str, bool) {
    let (mut rest, mut permitted) = licence(text);
    while let Some(next) = rest.strip_prefix("AND ") {
        let (after, other) = licence(next.trim_start());
        permitted &= other;
        rest = after;
    }
    (rest, permitted)
}

fn licence(text: &str) -> (&str, bool) {
    if let Some(inner) = text.strip_prefix('(') {
        let (rest, permitted) = alternatives(inner.trim_start());
        return (
            rest.strip_prefix(')').unwrap_or(rest).trim_start(),
            permitted,
        );
    }
    let end = [" OR ", " AND ", ")"]
        .iter()
        .filter_map(|stop| text.find(stop))
        .min()
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    (rest.trim_start(), ALLOWED.contains(&name.trim()))
}

#[test]
fn expressions_are_read_right() {
    for (expression, expect) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("MIT OR GPL-3.0", true),
        ("MIT AND GPL-3.0", false),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
        ("(GPL-2.0 OR Apache-2.0) AND (GPL-2.0 OR LGPL-2.1)", false),
        ("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT", true),
        ("MIT/Apache-2.0", true),
        ("", false),
    ] {
        assert_eq!(permitted(expression), expect, "{expression}");
    }
}
