//! Recorded results as a terminal shows them: psql-like grids.
//!
//! Makes every cell visible on one line; cuts none.

use contract::visible::single_line;
use ledger::result::{Column, Message, ResultItem, results};
use unicode_width::UnicodeWidthStr;

/// Rows gathered before a grid is printed; a longer result is printed in several.
const ROWS_MAX: usize = 1_000;

/// Everything that a recorded response says, ready to print.
pub(crate) fn text(response: &[u8]) -> String {
    let mut out = String::new();
    let mut columns: Vec<Column> = Vec::new();
    let mut rows: Vec<Vec<Option<String>>> = Vec::new();
    for item in results(response) {
        match item {
            ResultItem::Columns(next) => {
                flush(&mut out, &columns, &mut rows);
                columns = next;
            }
            ResultItem::Row(row) => {
                rows.push(row);
                if rows.len() >= ROWS_MAX {
                    flush(&mut out, &columns, &mut rows);
                }
            }
            other => {
                let is_result = !columns.is_empty() || !rows.is_empty();
                if matches!(other, ResultItem::Complete(_)) && is_result {
                    let count = rows.len();
                    grid(&mut out, &columns, &rows);
                    let noun = if count == 1 { "row" } else { "rows" };
                    out.push_str(&format!("({count} {noun})\n"));
                    rows.clear();
                    columns.clear();
                } else {
                    flush(&mut out, &columns, &mut rows);
                    out.push_str(&said(&other));
                }
            }
        }
    }
    flush(&mut out, &columns, &mut rows);
    out
}

fn flush(out: &mut String, columns: &[Column], rows: &mut Vec<Vec<Option<String>>>) {
    if !rows.is_empty() {
        grid(out, columns, rows);
        rows.clear();
    }
}

fn said(item: &ResultItem) -> String {
    let line = match item {
        ResultItem::Complete(tag) => tag.clone(),
        ResultItem::Suspended => "(more rows wait)".to_owned(),
        ResultItem::Cut => "(the recording ends here)".to_owned(),
        ResultItem::Error(message) | ResultItem::Notice(message) => return remark(message),
        ResultItem::Notification { channel, payload } => {
            format!("notification on {channel}: {payload}")
        }
        ResultItem::Copy(bytes) => return copied(bytes),
        ResultItem::Empty | ResultItem::Columns(_) | ResultItem::Row(_) => return String::new(),
    };
    format!("{}\n", single_line(&line))
}

fn copied(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    contract::visible::plain(&text)
}

fn remark(message: &Message) -> String {
    let Message {
        severity,
        code,
        message: text,
        detail,
        hint,
    } = message;
    let mut out = format!("{severity}:  {code}: {}\n", single_line(text));
    for (name, text) in [("DETAIL", detail), ("HINT", hint)] {
        if let Some(text) = text {
            out.push_str(&format!("{name}:  {}\n", single_line(text)));
        }
    }
    out
}

/// One grid: centred names, a rule, rows; numbers to the right.
fn grid(out: &mut String, columns: &[Column], rows: &[Vec<Option<String>>]) {
    let width = rows.iter().map(Vec::len).chain([columns.len()]).max();
    let width = width.unwrap_or(0);
    let name = |at: usize| columns.get(at).map_or("?", |c| c.name.as_str());
    let names: Vec<String> = (0..width).map(|at| single_line(name(at))).collect();
    let shown: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let cell = |at: usize| row.get(at).and_then(Option::as_deref).unwrap_or_default();
            (0..width).map(|at| single_line(cell(at))).collect()
        })
        .collect();
    let widths: Vec<usize> = (0..width)
        .map(|at| {
            let cells = shown.iter().filter_map(|row| row.get(at));
            let longest = cells.chain(names.get(at)).map(|c| c.width()).max();
            longest.unwrap_or(0)
        })
        .collect();
    let head = names.iter().zip(&widths).map(|(name, width)| {
        let room = width.saturating_sub(name.width());
        let (left, right) = (" ".repeat(room / 2), " ".repeat(room - room / 2));
        format!(" {left}{name}{right} ")
    });
    push(out, &head.collect::<Vec<_>>().join("|"));
    let rule = widths.iter().map(|w| "-".repeat(w + 2));
    push(out, &rule.collect::<Vec<_>>().join("+"));
    for row in &shown {
        let cells = row.iter().zip(&widths).enumerate().map(|(at, (cell, w))| {
            let room = " ".repeat(w.saturating_sub(cell.width()));
            if columns.get(at).is_some_and(is_number) {
                format!(" {room}{cell} ")
            } else {
                format!(" {cell}{room} ")
            }
        });
        push(out, &cells.collect::<Vec<_>>().join("|"));
    }
}

fn push(out: &mut String, line: &str) {
    out.push_str(line.trim_end());
    out.push('\n');
}

/// int8, int2, int4, oid, float4, float8, money, numeric.
fn is_number(column: &Column) -> bool {
    matches!(column.type_oid, 20 | 21 | 23 | 26 | 700 | 701 | 790 | 1700)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_columns() {
        let column = |name: &str, type_oid| Column {
            name: name.into(),
            type_oid,
            binary: false,
        };
        let rows = [("1", "東京"), ("22", "Rome")];
        let rows = rows.map(|(id, city)| vec![Some(id.to_owned()), Some(city.to_owned())]);
        let mut out = String::new();
        grid(&mut out, &[column("id", 23), column("city", 25)], &rows);
        assert_eq!(out, " id | city\n----+------\n  1 | 東京\n 22 | Rome\n");
    }
}
