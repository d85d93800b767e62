//! Sessions played from transcripts, whole and cut at every byte.
//!
//! A transcript (`transcripts/*.txt`) is read line by line:
//!
//! - `# …` is a comment;
//! - `C> M` and `S> M`: the client and the server send message `M`, its type letter and its body, where `\0`, `\n`,
//!   `\t`, `\\` and `\xHH` stand for bytes, `{16 n}` and `{32 n}` for numbers, `{v text}` for a value with its length
//!   and `{null}` for NULL; `S> own` answers the gateway's own question, `S> own T` in transaction status `T`, `S> own
//!   -` without ReadyForQuery;
//! - `! release [masks=0,2] [width=3] [scrub] [wall] [search]` (a wall hides column 2 of relation 1; a search
//!   hides the places of all classes in all columns), `! refuse`, `! catalog read`, `! rejudge`, `! notice TEXT`, `! wind up`: the host acts;
//! - `>C M`, `>S M`, `! judge …`, `! completed …`, `! close …`: what must come of it, in this order. Where several
//!   outputs come of one input, effects come first, then bytes for the server, then bytes for the client.
#![allow(clippy::unwrap_used)]

use model::decision::{ResultObligation, Searched, Wall};
use model::{Classes, Limits, Obligations, Search};
use proptest::prelude::*;

use super::super::testing::{Host, Log};
use super::*;
use crate::kit::Session as _;

const TRANSCRIPTS: &[(&str, &str)] = &[
    ("simple", include_str!("../../transcripts/simple.txt")),
    ("extended", include_str!("../../transcripts/extended.txt")),
    ("pipelines", include_str!("../../transcripts/pipelines.txt")),
    ("portals", include_str!("../../transcripts/portals.txt")),
    ("cursors", include_str!("../../transcripts/cursors.txt")),
    ("endings", include_str!("../../transcripts/endings.txt")),
    ("fatal", include_str!("../../transcripts/fatal.txt")),
    ("refusals", include_str!("../../transcripts/refusals.txt")),
    ("names", include_str!("../../transcripts/names.txt")),
    ("masks", include_str!("../../transcripts/masks.txt")),
    ("search", include_str!("../../transcripts/search.txt")),
    ("wall", include_str!("../../transcripts/wall.txt")),
    ("copy", include_str!("../../transcripts/copy.txt")),
    ("state", include_str!("../../transcripts/state.txt")),
    ("skipped", include_str!("../../transcripts/skipped.txt")),
    ("hostile", include_str!("../../transcripts/hostile.txt")),
];

enum Line {
    Client(Vec<u8>),
    Server(Vec<u8>),
    Act(String),
    Expect(String),
}

fn number(text: &str) -> i64 {
    text.trim().parse().unwrap()
}

/// Reads the transcripts' notation of bytes.
fn bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '{' {
            let (inner, behind) = rest[1..].split_once('}').unwrap();
            match inner.split_once(' ').unwrap_or((inner, "")) {
                ("16", n) => out.extend(i16::try_from(number(n)).unwrap().to_be_bytes()),
                ("32", n) => out.extend(i32::try_from(number(n)).unwrap().to_be_bytes()),
                ("v", value) => {
                    let value = bytes(value);
                    out.extend(i32::try_from(value.len()).unwrap().to_be_bytes());
                    out.extend(value);
                }
                ("null", _) => out.extend((-1_i32).to_be_bytes()),
                other => panic!("unknown field {other:?}"),
            }
            rest = behind;
        } else if c == '\\' {
            let (byte, used) = match &rest[1..2] {
                "0" => (0, 2),
                "n" => (b'\n', 2),
                "t" => (b'\t', 2),
                "r" => (b'\r', 2),
                "\\" => (b'\\', 2),
                "x" => (u8::from_str_radix(&rest[2..4], 16).unwrap(), 4),
                other => panic!("unknown escape {other}"),
            };
            out.push(byte);
            rest = &rest[used..];
        } else {
            out.extend(c.to_string().as_bytes());
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

fn message(text: &str) -> Vec<u8> {
    let (kind, body) = text.split_at(1);
    let body = bytes(body.strip_prefix(' ').unwrap_or(body));
    let mut out = BytesMut::new();
    own(&mut out, kind.as_bytes()[0], |b| b.extend_from_slice(&body));
    out.to_vec()
}

/// The answer to the question how names resolve: `more` where the brief one does not suffice, `whole` to the other.
fn own_answer(words: &str) -> Vec<u8> {
    let (kind, status) = match words.split_once(' ') {
        Some((kind, status)) => (kind, status),
        None if words == "more" || words == "whole" => (words, "I"),
        None => ("", if words.is_empty() { "I" } else { words }),
    };
    let row = |cells: &[&str]| {
        let mut text = "D {16 6}".to_owned();
        for cell in cells {
            text += &format!("{{v {cell}}}");
        }
        for _ in cells.len()..6 {
            text += "{null}";
        }
        message(&text)
    };
    let mut out = [message("1"), message("2")].concat();
    out.extend(row(&["path", "1", "public"]));
    out.extend(row(&["role", "app", "app"]));
    out.extend(row(&["setting", "standard_conforming_strings", "on"]));
    out.extend(row(&["setting", "client_encoding", "UTF8"]));
    match kind {
        "" => out.extend(row(&["more", "0", ""])),
        "more" => out.extend(row(&["more", "16500", "740"])),
        other => assert_eq!(other, "whole"),
    }
    out.extend([message("C SELECT 4\\0"), message("3"), message("3")].concat());
    if status != "-" {
        out.extend(message(&format!("Z {status}")));
    }
    out
}

fn read(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    for line in text
        .lines()
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
    {
        let acts = [
            "! release",
            "! refuse",
            "! catalog read",
            "! rejudge",
            "! notice",
            "! goodbye",
            "! wind up",
        ];
        lines.push(if let Some(m) = line.strip_prefix("C> ") {
            Line::Client(message(m))
        } else if let Some(m) = line.strip_prefix("S> own") {
            Line::Server(own_answer(m.trim()))
        } else if let Some(m) = line.strip_prefix("S> ") {
            Line::Server(message(m))
        } else if acts.iter().any(|act| line.starts_with(act)) {
            Line::Act(line.to_owned())
        } else {
            Line::Expect(normal(line))
        });
    }
    lines
}

/// An expected line with its notation written as the log writes it.
fn normal(line: &str) -> String {
    let Some((side, m)) = line
        .split_at_checked(3)
        .filter(|(s, _)| *s == ">C " || *s == ">S ")
    else {
        return line.to_owned();
    };
    if m.starts_with("own ") {
        return line.to_owned();
    }
    let body = message(m)[5..].escape_ascii().to_string();
    let shown = format!("{side}{} {}", &m[..1], body.replace("\\x00", "\\0"));
    shown.trim_end().to_owned()
}

fn act(host: &mut Host, line: &str) {
    let mut words = line.split(' ').skip(1);
    match words.next().unwrap() {
        "release" if words.clone().any(|word| word == "search") => {
            let search = Search {
                whole: Classes::NONE,
                place: Classes::ALL,
            };
            let width = words.find_map(|word| word.strip_prefix("width=")?.parse().ok());
            let columns = (0..width.unwrap_or(0)).map(|position| Searched {
                position,
                search,
                type_oid: 25,
            });
            let result = ResultObligation {
                width,
                searched: columns.collect(),
                search_all: if width.is_none() {
                    search
                } else {
                    Search::default()
                },
                ..ResultObligation::default()
            };
            let obligations = Obligations {
                results: vec![result; 4],
                search,
                ..Obligations::default()
            };
            host.release_as(host.sequence, obligations);
        }
        "release" => {
            let (mut masks, mut width, mut scrub) = (Vec::new(), None, false);
            let mut wall = None;
            for word in words {
                if let Some(list) = word.strip_prefix("masks=") {
                    masks = list.split(',').map(|n| n.parse().unwrap()).collect();
                } else if let Some(n) = word.strip_prefix("width=") {
                    width = Some(n.parse().unwrap());
                } else if word == "wall" {
                    wall = Some(Wall::new(|column| column.column == "c1"));
                } else {
                    assert_eq!(word, "scrub");
                    scrub = true;
                }
            }
            host.release_behind(&masks, width, scrub, wall);
        }
        "refuse" => host.refuse(RefusalKind::Denied, "no"),
        "catalog" => host.catalog_read(),
        "rejudge" => {
            host.session.rejudge();
            host.settle();
        }
        "notice" => {
            host.session
                .notice(&words.collect::<Vec<_>>().join(" "), "");
            host.settle();
        }
        "goodbye" => {
            host.session
                .goodbye(&Refusal::new(RefusalKind::Withdrawn, "bye"));
            host.settle();
        }
        "wind" => host.wind_up(),
        other => panic!("unknown act {other}"),
    }
}

/// Plays a transcript with every message cut by `cut`, and says what was seen.
fn play(lines: &[Line], mut cut: impl FnMut(usize) -> usize) -> Log {
    let mut host = Host::new(Limits::standard());
    for line in lines {
        match line {
            Line::Expect(_) => {}
            Line::Act(line) => act(&mut host, line),
            Line::Client(bytes) => feed(bytes, &mut cut, |part| host.client(part)),
            Line::Server(bytes) => feed(bytes, &mut cut, |part| host.upstream(part)),
        }
    }
    host.log
}

fn feed(bytes: &[u8], cut: &mut impl FnMut(usize) -> usize, mut to: impl FnMut(&[u8])) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let (part, behind) = rest.split_at(cut(rest.len()).clamp(1, rest.len()));
        to(part);
        rest = behind;
    }
}

fn expected(lines: &[Line]) -> Log {
    let expects = lines.iter().filter_map(|line| match line {
        Line::Expect(text) => Some(text.clone()),
        _ => None,
    });
    expects.collect()
}

#[test]
fn transcripts_play_as_written() {
    for (name, text) in TRANSCRIPTS {
        let lines = read(text);
        let (got, expect) = (play(&lines, |all| all), expected(&lines));
        let differ = got.iter().zip(&expect).position(|(a, b)| a != b);
        assert_eq!(got, expect, "\n{name}: first difference {differ:?}");
    }
}

#[test]
fn cutting_at_every_byte_changes_nothing() {
    for (name, text) in TRANSCRIPTS {
        let lines = read(text);
        assert_eq!(play(&lines, |_| 1), expected(&lines), "{name}");
    }
}

#[test]
fn cursors_are_bounded_as_portals_are() {
    let limits = Limits {
        portals_max: 2,
        ..Limits::standard()
    };
    let mut host = Host::new(limits);
    host.upstream(&own_answer(""));
    for name in ["a", "b"] {
        host.client(&message(&format!("Q declare {name} for select 1\\0")));
        host.release(&[], None, false);
        host.upstream(&[message("C DECLARE CURSOR\\0"), message("Z T")].concat());
    }
    let told = |host: &mut Host, text: &str| {
        host.log.clear();
        host.client(&message(&format!("Q {text}\\0")));
        host.log.join("\n")
    };
    let error = message("E SERROR\\0VERROR\\0C42601\\0Mx\\0\\0");
    let refused = told(&mut host, "declare c for select 1");
    assert!(refused.contains("portcullis refused"), "{refused}");
    host.upstream(&[error, message("Z E")].concat());
    let words = "too many portals in this session";
    assert!(host.log.join("\n").contains(words), "{:?}", host.log);
    let known = told(&mut host, "declare a for select 1");
    assert!(known.starts_with("! judge"), "{known}");
}

proptest! {
    #[test]
    fn cutting_anywhere_changes_nothing(sizes in prop::collection::vec(1_usize..40, 1..50)) {
        for (name, text) in TRANSCRIPTS {
            let lines = read(text);
            let mut sizes = sizes.iter().cycle();
            prop_assert_eq!(play(&lines, |_| *sizes.next().unwrap()), expected(&lines), "{}", name);
        }
    }
}
