//! The floors of ARCHITECTURE.md: imports go down only, and the lower floors stay free of sockets, clocks and databases.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{cargo, list, none, own_packages, rust_files, text};

/// Every crate, its floor, and which of ours it may import.
const HOUSE: &[(&str, u8, &[&str])] = &[
    ("model", 1, &[]),
    ("contract", 1, &[]),
    ("sql", 2, &["model"]),
    ("policy", 2, &["model"]),
    ("mask", 2, &["model"]),
    ("ledger", 2, &["model", "contract"]),
    ("export", 2, &["contract", "ledger"]),
    ("cli", 2, &["contract", "ledger", "export"]),
    (
        "gate",
        3,
        &["model", "contract", "sql", "policy", "mask", "ledger"],
    ),
    (
        "wire",
        4,
        &[
            "model", "contract", "sql", "policy", "mask", "ledger", "gate",
        ],
    ),
    (
        "store",
        4,
        &["model", "contract", "ledger", "policy", "mask", "gate"],
    ),
    ("identity", 4, &["model", "contract", "policy", "gate"]),
    (
        "api",
        4,
        &[
            "model", "contract", "ledger", "policy", "mask", "export", "gate", "identity",
        ],
    ),
    (
        "relay",
        5,
        &[
            "model", "contract", "sql", "policy", "mask", "ledger", "gate", "wire",
        ],
    ),
    (
        "gateway",
        6,
        &[
            "model", "contract", "sql", "policy", "mask", "ledger", "export", "cli", "gate",
            "wire", "store", "identity", "api", "relay",
        ],
    ),
    // For development only: nothing that ships imports them.
    ("testkit", 0, &[]),
    ("xtask", 0, &[]),
];

/// Crates that know no runtime, no socket, no clock and no database, and what would let one in.
const PURE: &[&str] = &[
    "model", "sql", "policy", "mask", "ledger", "export", "gate", "wire",
];
const IMPURE_CRATES: &[&str] = &[
    "tokio",
    "rusqlite",
    "socket2",
    "reqwest",
    "hyper",
    "axum",
    "tokio-rustls",
    "mio",
];
const IMPURE_PATHS: &[&str] = &[
    "std::net::Tcp",
    "std::net::Udp",
    "std::os::unix::net",
    "Instant::now",
    "SystemTime::now",
    "thread::sleep",
];

/// Never anywhere in the tree: a second TLS stack, or one that links what the machine has.
const BANNED_CRATES: &[&str] = &["openssl-sys", "native-tls", "ring", "openssl"];

fn dependencies(package: &Value, development: bool) -> BTreeSet<&str> {
    let wanted = |d: &&Value| (text(&d["kind"]) == "dev") == development;
    list(&package["dependencies"])
        .iter()
        .filter(wanted)
        .map(|d| text(&d["name"]))
        .collect()
}

#[test]
fn every_crate_has_its_room() {
    let listed: BTreeSet<&str> = HOUSE.iter().map(|(name, ..)| *name).collect();
    let there: BTreeSet<&str> = own_packages()
        .into_iter()
        .map(|p| text(&p["name"]))
        .collect();
    assert_eq!(there, listed, "the table of floors and the crates differ");
}

#[test]
fn imports_go_down_only() {
    let mut offences = Vec::new();
    let ours: BTreeSet<&str> = HOUSE.iter().map(|(name, ..)| *name).collect();
    for package in own_packages() {
        let name = text(&package["name"]);
        let (_, floor, allowed) = HOUSE.iter().find(|(known, ..)| *known == name).unwrap();
        for import in dependencies(package, false).intersection(&ours) {
            if !allowed.contains(import) {
                offences.push(format!("{name} (floor {floor}) imports {import}"));
            }
        }
        for import in dependencies(package, true).intersection(&ours) {
            let below = HOUSE
                .iter()
                .any(|(known, at, _)| known == import && at <= floor);
            if !below && *import != name {
                offences.push(format!("{name}'s tests import {import}, which lies above"));
            }
        }
    }
    none(&offences, "imports go down only (ARCHITECTURE.md):");
}

#[test]
fn the_table_itself_never_goes_up() {
    let floor = |name: &str| {
        HOUSE
            .iter()
            .find(|(known, ..)| *known == name)
            .map(|(_, floor, _)| *floor)
    };
    for (name, at, allowed) in HOUSE {
        for import in *allowed {
            assert!(
                floor(import).is_some_and(|below| below <= *at),
                "{name} may not import {import}"
            );
        }
    }
}

#[test]
fn the_pure_crates_stay_pure() {
    let mut offences = Vec::new();
    for package in own_packages() {
        let name = text(&package["name"]);
        if PURE.contains(&name) {
            let impure = dependencies(package, false)
                .into_iter()
                .filter(|d| IMPURE_CRATES.contains(d));
            offences.extend(impure.map(|import| format!("{name} depends on {import}")));
        }
    }
    for file in rust_files() {
        let pure = PURE
            .iter()
            .any(|name| file.path.starts_with(&format!("crates/{name}/src/")));
        if !pure {
            continue;
        }
        let code = file.text.split("#[cfg(test)]").next().unwrap();
        for path in IMPURE_PATHS.iter().filter(|path| code.contains(**path)) {
            offences.push(format!("{} uses {path}", file.path));
        }
    }
    none(
        &offences,
        "these crates know no runtime, socket, clock or database:",
    );
}

#[test]
fn banned_crates_stay_out() {
    // `cargo metadata` also resolves what no feature switches on; the tree is what is built.
    let tree = cargo(&[
        "tree",
        "--workspace",
        "--locked",
        "--offline",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]);
    let built: BTreeSet<&str> = tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert!(built.contains("rustls"), "the tree was not read: {tree}");
    let offences: Vec<String> = BANNED_CRATES
        .iter()
        .filter(|banned| built.contains(**banned))
        .map(ToString::to_string)
        .collect();
    none(&offences, "one TLS stack, and not these crates:");
}

#[test]
fn the_testing_feature_ships_nowhere() {
    let mut offences = Vec::new();
    for package in own_packages() {
        for dependency in list(&package["dependencies"]) {
            let testing = list(&dependency["features"])
                .iter()
                .any(|f| text(f) == "testing");
            if testing && text(&dependency["kind"]) != "dev" {
                offences.push(format!(
                    "{} switches on testing of {}",
                    package["name"], dependency["name"]
                ));
            }
            if text(&dependency["name"]) == "testkit" && text(&dependency["kind"]) != "dev" {
                offences.push(format!("{} ships testkit", package["name"]));
            }
        }
    }
    none(&offences, "`testing` is for dev-dependencies:");
}

/// What `crates/gateway/src/unrecorded.rs` promises.
/// The demo's issuer and passwords are for everybody to read: only `portcullis demo` may come near them.
#[test]
fn the_demo_is_reached_by_its_command_alone() {
    let mut offences = Vec::new();
    let mut doors = 0;
    for file in rust_files().filter(|file| file.path.starts_with("crates/gateway/src/")) {
        let is_demo = file.path.starts_with("crates/gateway/src/demo/");
        for line in file
            .text
            .lines()
            .filter(|line| !is_demo && line.contains("demo::"))
        {
            match file.path == "crates/gateway/src/command.rs" && line.contains("Demo") {
                true => doors += 1,
                false if line.contains("demo::run(args)") => doors += 1,
                false => offences.push(format!("{}: {}", file.path, line.trim())),
            }
        }
    }
    assert_eq!(doors, 2, "the command's arguments, and its run");
    none(&offences, "the demo is not for `serve`");
}

#[test]
fn nothing_switches_recording_off() {
    let mut offences = Vec::new();
    for package in own_packages() {
        let features = package["features"].as_object().into_iter().flatten();
        for (name, switched) in features {
            if name != "unrecorded"
                && list(switched)
                    .iter()
                    .any(|f| text(f).contains("unrecorded"))
            {
                offences.push(format!("{} has it in its feature {name}", package["name"]));
            }
        }
        for dependency in list(&package["dependencies"]) {
            if list(&dependency["features"])
                .iter()
                .any(|f| text(f) == "unrecorded")
            {
                offences.push(format!(
                    "{} asks {} for it",
                    package["name"], dependency["name"]
                ));
            }
        }
    }
    none(&offences, "`unrecorded` is for measuring alone:");
}
