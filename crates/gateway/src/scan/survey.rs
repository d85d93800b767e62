//! Reading what there is to judge: columns with types and comments, and a sample of each table's values.
//!
//! Asks only what is written here, read-only and with a time limit per table; a table that cannot be read is told, not
//! passed over.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use model::Limits;

use crate::config::{Config, ResourceConfig};
use crate::convert;
use crate::credentials::ConfiguredCredentials;
use crate::grants::identifier;

/// Characters of a value that are looked at.
const VALUE_CHARS_MAX: usize = 4096;
/// Columns of one table that are sampled in one question.
const COLUMNS_MAX: usize = 200;
/// A table is sampled by blocks when it has this many times the rows wanted.
const BLOCKS_FROM: f64 = 20.0;

/// Before anything else: nothing is written, nothing is waited for long, names mean what they say.
const SETUP: [&str; 4] = [
    "SET default_transaction_read_only = on",
    "SET statement_timeout = '20s'",
    "SET lock_timeout = '2s'",
    "SET search_path = ''",
];

const COLUMNS: &str = "\
SELECT n.nspname, c.relname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), \
pg_catalog.col_description(c.oid, a.attnum), c.reltuples::text, c.relkind::text \
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
WHERE c.relkind IN ('r', 'p', 'm', 'f') AND NOT c.relispartition AND c.relpersistence <> 't' \
AND a.attnum > 0 AND NOT a.attisdropped \
AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_' \
ORDER BY 1, 2, a.attnum";

/// One column.
pub(super) struct Column {
    pub(super) schema: String,
    pub(super) table: String,
    pub(super) name: String,
    pub(super) type_name: String,
    pub(super) comment: Option<String>,
    pub(super) values: Vec<String>,
}

impl Column {
    /// Schema, table, column.
    pub(super) fn names(&self) -> [&str; 3] {
        [&self.schema, &self.table, &self.name]
    }
}

/// What was read.
pub(super) struct Survey {
    pub(super) columns: Vec<Column>,
    /// Tables that could not be sampled, and why.
    pub(super) unread: Vec<(String, String)>,
}

/// One table to be sampled: its columns by their place in the survey.
struct Table {
    rows: f64,
    is_foreign: bool,
    columns: Vec<usize>,
}

/// Reads one database.
pub(super) async fn read(
    config: &Config,
    settings: &ResourceConfig,
    database: &str,
    samples: u32,
) -> Result<Survey> {
    let (target, limits) = (convert::target(settings)?, config.limits.resolve()?);
    let ask = |questions: Vec<String>| {
        let credentials = Arc::new(ConfiguredCredentials::new(&config.resource));
        let (target, limits): (_, &Limits) = (&target, &limits);
        async move { relay::ask(target, database, credentials, limits, &questions).await }
    };
    let mut answers = ask(with_setup([COLUMNS.to_owned()])).await?;
    let rows = answers.pop().context("the target gave no answer")?;
    let rows = rows.map_err(anyhow::Error::msg)?;
    let (mut columns, tables) = sort(rows);
    let mut unread = Vec::new();
    if samples == 0 {
        return Ok(Survey { columns, unread });
    }
    let wanted: Vec<(&String, &Table)> = tables.iter().filter(|(_, t)| !t.is_foreign).collect();
    let question = |(_, table): &(&String, &Table)| question(table, &columns, samples);
    let questions: Vec<String> = wanted.iter().map(question).collect();
    let answers = ask(with_setup(questions)).await?;
    let answers = answers.into_iter().skip(SETUP.len());
    for ((name, table), answer) in wanted.into_iter().zip(answers) {
        match answer {
            Ok(rows) => rows
                .into_iter()
                .for_each(|row| keep(&mut columns, table, row)),
            Err(why) => unread.push((name.clone(), why)),
        }
    }
    let foreign = tables.iter().filter(|(_, table)| table.is_foreign);
    unread.extend(foreign.map(|(name, _)| (name.clone(), "a foreign table".to_owned())));
    Ok(Survey { columns, unread })
}

fn with_setup(questions: impl IntoIterator<Item = String>) -> Vec<String> {
    let setup = SETUP.iter().map(ToString::to_string);
    setup.chain(questions).collect()
}

type Rows = Vec<Vec<Option<String>>>;

fn sort(rows: Rows) -> (Vec<Column>, BTreeMap<String, Table>) {
    let mut columns = Vec::with_capacity(rows.len());
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    for row in rows {
        let mut cells = row.into_iter();
        let mut next = || cells.next().flatten();
        let column = Column {
            schema: next().unwrap_or_default(),
            table: next().unwrap_or_default(),
            name: next().unwrap_or_default(),
            type_name: next().unwrap_or_default(),
            comment: next(),
            values: Vec::new(),
        };
        let rows = next().and_then(|rows| rows.parse().ok()).unwrap_or(-1.0);
        let is_foreign = next().as_deref() == Some("f");
        let name = format!(
            "{}.{}",
            identifier(&column.schema),
            identifier(&column.table)
        );
        let table = tables.entry(name).or_insert(Table {
            rows,
            is_foreign,
            columns: Vec::new(),
        });
        if is_readable(&column.type_name) && table.columns.len() < COLUMNS_MAX {
            table.columns.push(columns.len());
        }
        columns.push(column);
    }
    tables.retain(|_, table| !table.columns.is_empty());
    (columns, tables)
}

/// Types whose text may give something away, and whose output is PostgreSQL's own code.
fn is_readable(type_name: &str) -> bool {
    let base = type_name.split('(').next().unwrap_or_default().trim();
    matches!(
        base,
        "text"
            | "character varying"
            | "character"
            | "bpchar"
            | "name"
            | "json"
            | "jsonb"
            | "xml"
            | "bigint"
            | "numeric"
            | "date"
    ) && !type_name.ends_with("[]")
}

fn question(table: &Table, columns: &[Column], samples: u32) -> String {
    let column = |at: &usize| columns.get(*at);
    let named: Vec<&Column> = table.columns.iter().filter_map(column).collect();
    let cut = |column: &&Column| {
        let name = identifier(&column.name);
        format!("pg_catalog.left({name}::pg_catalog.text, {VALUE_CHARS_MAX})")
    };
    let list: Vec<String> = named.iter().map(cut).collect();
    let place = named.first().map_or_else(String::new, |column| {
        format!(
            "{}.{}",
            identifier(&column.schema),
            identifier(&column.table)
        )
    });
    let wanted = f64::from(samples);
    let blocks = if table.rows > wanted * BLOCKS_FROM {
        let percent = (wanted * BLOCKS_FROM / table.rows * 100.0).min(100.0);
        format!(" TABLESAMPLE SYSTEM ({percent:.6})")
    } else {
        String::new()
    };
    format!(
        "SELECT {} FROM {place}{blocks} LIMIT {samples}",
        list.join(", ")
    )
}

fn keep(columns: &mut [Column], table: &Table, row: Vec<Option<String>>) {
    for (at, cell) in table.columns.iter().zip(row) {
        let value = cell.filter(|value| !value.trim().is_empty());
        if let (Some(column), Some(value)) = (columns.get_mut(*at), value) {
            column.values.push(value);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn row(
        table: &str,
        column: &str,
        type_name: &str,
        rows: &str,
        kind: &str,
    ) -> Vec<Option<String>> {
        let cells = ["s", table, column, type_name, "", rows, kind];
        cells.map(|cell| Some(cell.to_owned())).to_vec()
    }

    #[test]
    fn tables_are_sampled_by_quoted_names_and_big_ones_by_blocks() {
        let rows = vec![
            row("small", "a\"b", "text", "10", "r"),
            row("small", "n", "integer", "10", "r"),
            row("big", "d", "date", "1000000", "r"),
            row("none", "x", "boolean", "-1", "r"),
            row("far", "t", "text", "-1", "f"),
        ];
        let (columns, tables) = sort(rows);
        assert_eq!(columns.len(), 5);
        let asked = |name: &str| question(&tables[name], &columns, 100);
        assert_eq!(
            asked("\"s\".\"small\""),
            "SELECT pg_catalog.left(\"a\"\"b\"::pg_catalog.text, 4096) FROM \"s\".\"small\" LIMIT 100"
        );
        assert_eq!(
            asked("\"s\".\"big\""),
            "SELECT pg_catalog.left(\"d\"::pg_catalog.text, 4096) FROM \"s\".\"big\" TABLESAMPLE SYSTEM (0.200000) LIMIT 100"
        );
        assert!(!tables.contains_key("\"s\".\"none\""));
        assert!(tables["\"s\".\"far\""].is_foreign);
    }
}
