//! How things look in a terminal: tables, facts, JSON.
//!
//! Everything of foreign origin is made visible first, so that no recorded byte steers the terminal.

use std::io::{self, IsTerminal, Write};

use comfy_table::{ContentArrangement, Table, presets};
use contract::visible::single_line;
use serde::Serialize;

use crate::problem::{Kind, Problem};

/// Prints a value as JSON, indented.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Problem> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|e| Problem::failed(format!("the answer cannot be written as JSON: {e}")))?;
    line(&text)
}

/// Prints a line; a reader that has gone away ends the program quietly.
pub(crate) fn line(text: &str) -> Result<(), Problem> {
    let mut out = io::stdout().lock();
    let written = out
        .write_all(text.as_bytes())
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush());
    written.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Problem::new(Kind::ReaderGone, "the reader has gone away"),
        _ => Problem::failed(format!("standard output: {error}")),
    })
}

/// Prints a table, or a sentence when it is empty.
pub(crate) fn table(header: &[&str], rows: Vec<Vec<String>>, nothing: &str) -> Result<(), Problem> {
    if rows.is_empty() {
        return line(nothing);
    }
    line(&table_text(header, rows))
}

fn table_text(header: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    // A pipe gets whole rows, for tools that work by line.
    table.set_content_arrangement(if io::stdout().is_terminal() {
        ContentArrangement::Dynamic
    } else {
        ContentArrangement::Disabled
    });
    table.set_header(header.iter().map(|h| h.to_uppercase()));
    for row in rows {
        table.add_row(row.iter().map(|cell| single_line(cell)));
    }
    let text = table.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n")
}

/// Prints named facts, one a line; empty ones are left out.
pub(crate) fn facts(facts: &[(&str, String)]) -> Result<(), Problem> {
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        line(&format!("{name:width$}  {}", single_line(value)))?;
    }
    Ok(())
}

/// A time without fractions, as people read it.
pub(crate) fn time(text: &str) -> String {
    let second = text.get(..19).unwrap_or(text);
    second.replace('T', " ")
}

/// The first `max` characters on one line.
pub(crate) fn excerpt(text: &str, max: usize) -> String {
    let head: String = text.chars().take(max * 4).collect();
    let line = single_line(&head);
    let words: Vec<&str> = line.split_whitespace().collect();
    let words = words.join(" ");
    let short: String = words.chars().take(max).collect();
    let is_whole = short.len() == words.len() && text.chars().nth(max * 4).is_none();
    if is_whole {
        short
    } else {
        format!("{short}…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_shows_what_would_steer_the_terminal() {
        let text = table_text(&["who"], vec![vec!["a\u{1b}[31mb\nc".into()]]);
        assert_eq!(text, " WHO\n a<U+001B>[31mb c");
    }

    #[test]
    fn an_excerpt_says_when_it_is_cut() {
        assert_eq!(excerpt("SELECT\n 1", 20), "SELECT 1");
        assert_eq!(excerpt("abcdef", 3), "abc…");
    }
}
