//! Results of a recorded response as small grids for the page.
//!
//! Total: whatever the bytes are, it shows what it could read and says that there is more.

use contract::visible::single_line;
use ledger::result::{ResultItem, results};

/// Rows shown per result.
const ROWS_MAX: usize = 50;
/// Columns shown per result.
const COLUMNS_MAX: usize = 100;
/// Characters shown per cell.
const CELL_CHARS_MAX: usize = 300;
/// Results shown per action.
const GRIDS_MAX: usize = 20;
/// Remarks shown per action.
const REMARKS_MAX: usize = 20;

/// One result.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Grid {
    /// Column names.
    pub columns: Vec<String>,
    /// The first rows; `None` is NULL.
    pub rows: Vec<Vec<Option<String>>>,
    /// Rows not shown.
    pub more: usize,
}

/// Reads the results of a recorded response, and what was said beside them.
pub(crate) fn read(response: &[u8]) -> (Vec<Grid>, Vec<String>) {
    let (mut grids, mut remarks) = (Vec::<Grid>::new(), Vec::new());
    for item in results(response) {
        let remark = match item {
            ResultItem::Columns(columns) if grids.len() < GRIDS_MAX => {
                let names = columns.iter().take(COLUMNS_MAX);
                grids.push(Grid {
                    columns: names.map(|c| cell(&c.name)).collect(),
                    ..Grid::default()
                });
                continue;
            }
            ResultItem::Row(values) => {
                add_row(&mut grids, &values);
                continue;
            }
            ResultItem::Columns(_) => "more results follow".to_owned(),
            ResultItem::Copy(bytes) => format!("copied {} bytes", bytes.len()),
            ResultItem::Error(m) => format!("{} {}: {}", m.severity, m.code, m.message),
            ResultItem::Notice(m) => format!("{}: {}", m.severity, m.message),
            ResultItem::Notification { channel, .. } => format!("notification on {channel}"),
            ResultItem::Complete(_)
            | ResultItem::Suspended
            | ResultItem::Empty
            | ResultItem::Cut => continue,
        };
        if remarks.len() < REMARKS_MAX {
            remarks.push(cell(&remark));
        }
    }
    (grids, remarks)
}

fn add_row(grids: &mut Vec<Grid>, values: &[Option<String>]) {
    if grids.is_empty() {
        // Rows of a portal whose columns were described earlier.
        grids.push(Grid::default());
    }
    let Some(grid) = grids.last_mut() else {
        return;
    };
    if grid.rows.len() >= ROWS_MAX {
        grid.more = grid.more.saturating_add(1);
        return;
    }
    let shown = values.iter().take(COLUMNS_MAX);
    grid.rows
        .push(shown.map(|v| v.as_deref().map(cell)).collect());
}

fn cell(text: &str) -> String {
    let mut chars = text.chars();
    let short: String = chars.by_ref().take(CELL_CHARS_MAX).collect();
    let mut shown = single_line(&short);
    if chars.next().is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{data_row, row_description};

    #[test]
    fn rows_are_bounded_and_cells_are_visible() {
        let mut response = row_description(&["name"]);
        for _ in 0..ROWS_MAX + 7 {
            response.extend(data_row(&[Some("a\u{202e}b")]));
        }
        let (grids, remarks) = read(&response);
        assert_eq!(grids[0].columns, ["name"]);
        assert_eq!(grids[0].rows.len(), ROWS_MAX);
        assert_eq!(grids[0].rows[0], [Some("a<U+202E>b".to_owned())]);
        assert_eq!(grids[0].more, 7);
        assert!(remarks.is_empty());
    }

    #[test]
    fn garbage_and_cut_bytes_do_no_harm() {
        let mut response = row_description(&["a", "b"]);
        response.extend(data_row(&[None, Some("x")]));
        for end in 0..response.len() {
            read(&response[..end]);
        }
        read(&[0xff; 4_096]);
        assert_eq!(read(&response).0[0].rows, [[None, Some("x".to_owned())]]);
    }
}
