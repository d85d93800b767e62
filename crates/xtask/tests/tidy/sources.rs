//! What every source file looks like: how it opens, how long it is, what it is called, what it may not say.

use super::{none, rust_files, tracked};

/// Lines of a file without its tests, and of a function. Aim far lower: see STYLE.md.
const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;

/// Files over the bound and the length each is allowed to have. A number may fall and a line may go; nothing is added.
const LONG_FILES: &[(&str, usize)] = &[
    ("crates/relay/src/host/stream.rs", 720),
    ("crates/sql/src/analyse/ddl.rs", 910),
];
/// Functions over the bound, likewise.
const LONG_FUNCTIONS: &[(&str, &str, usize)] = &[
    ("crates/relay/src/metrics.rs", "encode", 97),
    ("crates/sql/src/analyse/ddl.rs", "alteration", 121),
    ("crates/sql/src/analyse/ddl.rs", "part_of_definition", 88),
    ("crates/sql/src/analyse/ddl.rs", "server_object", 122),
    ("crates/sql/src/analyse/utility.rs", "act", 81),
    ("crates/sql/src/analyse/utility.rs", "utility", 71),
];

/// Names that say nothing of what is inside.
const EMPTY_NAMES: &[&str] = &[
    "util", "utils", "common", "helper", "helpers", "misc", "manager", "service", "handler",
    "handlers", "base", "types", "stuff",
];

/// What betrays the machine that something was written on. Split, so that this file does not offend.
const TRACES: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("registry.npm", "js"),
    concat!("index.crates", ".io"),
    concat!("files.python", "hosted"),
    concat!("deb.deb", "ian.org"),
    concat!("proxy.go", "lang"),
];

#[test]
fn every_file_says_what_it_is() {
    let opens = |text: &str| {
        text.lines()
            .find(|l| !l.starts_with("#!"))
            .is_some_and(|l| l.starts_with("//! "))
    };
    let offences: Vec<String> = rust_files()
        .filter(|f| !opens(&f.text))
        .map(|f| f.path.clone())
        .collect();
    none(
        &offences,
        "a file opens with `//!` and one sentence what it is:",
    );
}

/// Tests are tables, and a table is as long as its cases.
fn is_table(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("tests.rs") || path.ends_with("testing.rs")
}

#[test]
fn files_stay_short() {
    let mut offences = Vec::new();
    for file in rust_files().filter(|file| !is_table(&file.path)) {
        let lines = code(&file.text).lines().count();
        let listed = LONG_FILES.iter().find(|(path, _)| *path == file.path);
        let allowed = listed.map_or(FILE_LINES_MAX, |(_, lines)| *lines);
        if lines > allowed {
            offences.push(format!("{}: {lines} lines", file.path));
        } else if listed.is_some() && lines <= FILE_LINES_MAX {
            offences.push(format!("{}: short enough, take it off the list", file.path));
        }
    }
    let gone = LONG_FILES
        .iter()
        .filter(|(path, _)| rust_files().all(|f| f.path != *path));
    offences.extend(gone.map(|(path, _)| format!("{path}: gone, take it off the list")));
    none(&offences, "a file has at most 600 lines without its tests:");
}

#[test]
fn functions_stay_short() {
    let mut offences = Vec::new();
    let mut seen = Vec::new();
    for file in rust_files().filter(|file| !is_table(&file.path)) {
        for (name, lines) in functions(code(&file.text)) {
            let listed = LONG_FUNCTIONS
                .iter()
                .find(|(path, function, _)| *path == file.path && *function == name);
            let allowed = listed.map_or(FUNCTION_LINES_MAX, |(.., lines)| *lines);
            if lines > allowed {
                offences.push(format!("{}: fn {name} has {lines} lines", file.path));
            }
            seen.extend(listed.filter(|_| lines > FUNCTION_LINES_MAX));
        }
    }
    let gone = LONG_FUNCTIONS.iter().filter(|known| !seen.contains(known));
    offences
        .extend(gone.map(|(path, name, _)| format!("{path}: fn {name} is short enough or gone")));
    none(&offences, "a function has at most 70 lines:");
}

#[test]
fn names_say_something() {
    let empty = |path: &str| {
        path.split(['/', '.'])
            .any(|part| EMPTY_NAMES.contains(&part))
    };
    let offences: Vec<String> = rust_files()
        .filter(|f| empty(&f.path))
        .map(|f| f.path.clone())
        .collect();
    none(&offences, "a module is named for what is inside:");
}

#[test]
fn what_is_left_to_do_has_an_issue() {
    let mark = concat!("TO", "DO");
    let open = |line: &str| line.contains(mark) && !line.contains(concat!("TO", "DO(#"));
    let unfinished = [
        concat!("unimplemented", "!("),
        concat!("todo", "!("),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
    ];
    let mut offences = Vec::new();
    for file in tracked()
        .iter()
        .filter(|f| !f.path.ends_with("package-lock.json"))
    {
        for (number, line) in file.text.lines().enumerate() {
            if open(line) || unfinished.iter().any(|word| line.contains(word)) {
                offences.push(format!("{}:{}: {}", file.path, number + 1, line.trim()));
            }
        }
    }
    none(&offences, "what is left to do names its issue, TODO(#12):");
}

#[test]
fn nothing_betrays_a_machine() {
    let mut offences = Vec::new();
    // Cargo's own format names its registry in every lock file; everything else has no reason to.
    for file in tracked()
        .iter()
        .filter(|f| f.path != "Cargo.lock" && f.path != "fuzz/Cargo.lock")
    {
        for (number, line) in file.text.lines().enumerate() {
            for trace in TRACES.iter().filter(|trace| line.contains(**trace)) {
                offences.push(format!("{}:{}: {trace}", file.path, number + 1));
            }
        }
    }
    none(&offences, "no path of a machine, no registry's host:");
}

#[test]
fn tests_do_not_sleep() {
    let mut offences = Vec::new();
    for file in rust_files()
        .filter(|f| !f.path.starts_with("crates/testkit/") && !f.path.starts_with("crates/xtask/"))
    {
        let tests = file.path.contains("/tests/").then_some(file.text.as_str());
        let tests = tests.or_else(|| file.text.split_once("#[cfg(test)]").map(|(_, tests)| tests));
        if tests.is_some_and(|tests| tests.contains("thread::sleep(") || tests.contains("#[ignore"))
        {
            offences.push(file.path.clone());
        }
    }
    none(
        &offences,
        "tests wait for a condition with a deadline, and none is switched off:",
    );
}

/// A file's text without the tests at its end.
fn code(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod ").next().unwrap()
}

/// Names and lengths of the functions of a file that rustfmt has formatted: from the `fn` to the brace of its indent.
fn functions(text: &str) -> Vec<(&str, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        let Some(name) = function_name(trimmed) else {
            continue;
        };
        let closing = format!("{}}}", &line[..line.len() - trimmed.len()]);
        let body = lines.iter().skip(start).position(|l| *l == closing);
        let bodyless = lines
            .iter()
            .skip(start)
            .position(|l| l.ends_with(';') || l.ends_with('{') || l.ends_with('}'));
        let declared_only =
            bodyless.is_some_and(|n| lines.get(start + n).is_some_and(|l| !l.ends_with('{')));
        if let Some(length) = body.filter(|_| !declared_only) {
            found.push((name, length + 1));
        }
    }
    found
}

fn function_name(line: &str) -> Option<&str> {
    let mut rest = line;
    for word in [
        "pub(crate) ",
        "pub(super) ",
        "pub ",
        "const ",
        "async ",
        "unsafe ",
        "extern \"C\" ",
    ] {
        rest = rest.strip_prefix(word).unwrap_or(rest);
    }
    rest.strip_prefix("fn ")?.split(['(', '<']).next()
}

#[test]
fn function_lengths_are_counted_right() {
    let text = "impl A {\n    pub fn one(&self) -> u8 {\n        1\n    }\n}\n\nfn two() {}\n\ntrait T {\n    fn three(&self);\n}\n";
    assert_eq!(functions(text), [("one", 3)]);
}
