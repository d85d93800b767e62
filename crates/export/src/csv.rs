//! CSV (RFC 4180): a header, then one line an event, every column in it.
//!
//! Must never write a cell that a spreadsheet would run: what begins like a formula begins with an apostrophe here.

use std::io::{self, Write};

use crate::columns::COLUMNS;
use crate::event::AuditEvent;
use crate::format::Encoder;

/// What a spreadsheet takes for a formula's beginning, and what some of them skip before looking for one.
const DANGEROUS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Writes CSV.
pub(crate) struct Csv;

impl Encoder for Csv {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let names: Vec<_> = COLUMNS.iter().map(|column| column.name).collect();
        write!(out, "{}\r\n", names.join(","))
    }

    fn event(&mut self, event: &AuditEvent, out: &mut dyn Write) -> io::Result<()> {
        for (at, column) in COLUMNS.iter().enumerate() {
            if at > 0 {
                out.write_all(b",")?;
            }
            if let Some(value) = (column.of)(event) {
                cell(&value.text(), out)?;
            }
        }
        out.write_all(b"\r\n")
    }
}

fn cell(text: &str, out: &mut dyn Write) -> io::Result<()> {
    let is_formula = is_formula(text);
    let quoted = is_formula || text.contains(['"', ',', '\n', '\r']);
    if !quoted {
        return out.write_all(text.as_bytes());
    }
    let mark = if is_formula { "'" } else { "" };
    write!(out, "\"{mark}{}\"", text.replace('"', "\"\""))
}

/// Whether a spreadsheet might take a cell for a formula. Blanks, and marks that nobody sees, do not make it harmless;
/// neither does a quoting apostrophe count that somebody typed.
fn is_formula(text: &str) -> bool {
    let unseen = |c: char| {
        c == ' ' || c == '\u{feff}' || c == '\u{a0}' || (c.is_control() && !DANGEROUS.contains(&c))
    };
    let first = text.trim_start_matches(unseen).chars().next();
    // Wide forms are read like the narrow ones by some.
    first.is_some_and(|c| DANGEROUS.contains(&c) || "＝＋－＠".contains(c))
        || text.starts_with('\n')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing;

    #[test]
    fn cells() {
        let check = |text: &str, expect: &str| {
            let mut out = Vec::new();
            cell(text, &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expect);
        };
        check("plain", "plain");
        check("a,b", "\"a,b\"");
        check("say \"x\"", "\"say \"\"x\"\"\"");
        check("two\nlines", "\"two\nlines\"");
        check("=1+1", "\"'=1+1\"");
        check("+1", "\"'+1\"");
        check("-1", "\"'-1\"");
        check("@SUM(A1)", "\"'@SUM(A1)\"");
        check("\t=1", "\"'\t=1\"");
        check("\r=1", "\"'\r=1\"");
        check("\n=1", "\"'\n=1\"");
        check("  =1", "\"'  =1\"");
        check("\u{feff}=1", "\"'\u{feff}=1\"");
        check("\u{0}=1", "\"'\u{0}=1\"");
        check("＝1", "\"'＝1\"");
        check("a=1", "a=1");
        check("", "");
        check("'=1", "'=1");
        check("[\"=1\"]", "\"[\"\"=1\"\"]\"");
    }

    #[test]
    fn every_line_has_every_column() {
        let mut out = Vec::new();
        Csv.begin(&mut out).unwrap();
        let events = testing::every_kind();
        for event in &events {
            Csv.event(event, &mut out).unwrap();
        }
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.matches("\r\n").count(), events.len() + 1);
        let header = text.split("\r\n").next().unwrap();
        assert_eq!(header.split(',').count(), COLUMNS.len());
    }
}
