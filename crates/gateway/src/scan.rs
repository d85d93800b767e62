//! `portcullis data scan`: reads a target's definitions and a sample of its values, proposes labels, and shows what has
//! come since the last look.
//!
//! Runs on the gateway's host with the target's credential, in read-only transactions. Values are looked at and
//! forgotten: neither the screen nor the file gets one.

mod survey;

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use mask::propose::{Proposal, Sampled, propose};
use mask::{DataCatalog, PredicateUse, quoted};
use model::MaskKind;

use crate::config::Config;
use crate::rehearse::{self, Place};
use crate::rules::Sources;

/// `portcullis data`
#[derive(Subcommand, Debug)]
pub enum DataCommand {
    /// Propose labels for columns that have none, from names, comments, types and sampled values.
    Scan(Scan),
}

/// `portcullis data scan`
#[derive(Args, Debug)]
pub struct Scan {
    #[command(flatten)]
    place: Place,
    /// The resource (`orders-prod` or `orders-prod/DATABASE`).
    resource: String,
    /// Values looked at per column; 0 looks at names, comments and types alone.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    samples: u32,
    /// Leave out what is less sure than this, in percent.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u8).range(0..=99))]
    least: u8,
    /// Append the proposals to this file, each with its evidence as a comment, for review.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// End with an error if a column that seems to need a label has none.
    #[arg(long)]
    check: bool,
}

/// One column and what is proposed for it.
struct Row<'a> {
    column: &'a survey::Column,
    proposal: Proposal,
}

/// What a scan found.
struct Found<'a> {
    resource: &'a str,
    database: &'a str,
    columns: usize,
    labelled: usize,
    public: usize,
    rows: Vec<Row<'a>>,
    stale: Vec<usize>,
    /// Tables that could not be sampled, and why.
    unread: &'a [(String, String)],
}

/// Runs one command; `as_json` is the form of what it prints.
///
/// # Errors
/// What is wrong with the files, the target, or, with `--check`, the labels.
pub async fn run(command: DataCommand, as_json: bool) -> Result<()> {
    let DataCommand::Scan(scan) = command;
    let config = Config::read(&scan.place.config)?;
    let (settings, database) = rehearse::find(&config, &scan.resource)?;
    let (name, database) = (&settings.name, database.unwrap_or(&settings.database));
    let sources = Sources::read(&config.policy)?;
    let data = DataCatalog::parse(&sources.data).context("the data catalog is refused")?;
    let survey = survey::read(&config, settings, database, scan.samples).await?;
    let found = judge(&scan, &data, name, database, &survey);
    match as_json {
        true => println!("{:#}", json(&found)),
        false => print!("{}", text(&found)),
    }
    if let Some(path) = scan.write.as_ref().filter(|_| !found.rows.is_empty()) {
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path);
        let mut file = file.with_context(|| path.display().to_string())?;
        file.write_all(entries(&found).as_bytes())
            .with_context(|| path.display().to_string())?;
        if !as_json {
            println!(
                "{} entries appended to {}",
                found.rows.len(),
                path.display()
            );
        }
    }
    if scan.check && !found.rows.is_empty() {
        bail!("{} columns seem to need a label", found.rows.len());
    }
    Ok(())
}

fn judge<'a>(
    scan: &Scan,
    data: &DataCatalog,
    resource: &'a str,
    database: &'a str,
    survey: &'a survey::Survey,
) -> Found<'a> {
    let mut found = Found {
        resource,
        database,
        columns: survey.columns.len(),
        labelled: 0,
        public: 0,
        rows: Vec::new(),
        stale: Vec::new(),
        unread: &survey.unread,
    };
    for column in &survey.columns {
        let [schema, table, name] = column.names();
        if data
            .classify(resource, database, schema, table, name)
            .is_some()
        {
            found.labelled += 1;
        } else if data.is_public([resource, database, schema, table, name]) {
            found.public += 1;
        } else {
            let proposal = propose(&Sampled {
                table,
                column: name,
                type_name: &column.type_name,
                comment: column.comment.as_deref(),
                values: &column.values,
            });
            let proposal = proposal.filter(|proposal| proposal.confidence >= scan.least);
            found
                .rows
                .extend(proposal.map(|proposal| Row { column, proposal }));
        }
    }
    found
        .rows
        .sort_by_key(|row| std::cmp::Reverse(row.proposal.confidence));
    let names: Vec<_> = survey.columns.iter().map(survey::Column::names).collect();
    found.stale = data.stale(resource, database, &names);
    found
}

fn text(found: &Found<'_>) -> String {
    use contract::visible::single_line;
    use std::fmt::Write as _;
    let undecided = found.columns - found.labelled - found.public;
    let mut out = format!(
        "{}/{}: {} columns; {} labelled, {} public, {undecided} undecided\n",
        found.resource, found.database, found.columns, found.labelled, found.public,
    );
    // Writing to a String cannot fail.
    for Row { column, proposal } in &found.rows {
        let name = column.names().join(".");
        let _ = writeln!(
            out,
            "  {:>2} %  {:<36} {:<13} {:<9} {}: {}",
            proposal.confidence,
            single_line(&name),
            proposal.label,
            proposal.mask.word(),
            proposal.subject.words(),
            proposal.evidence.join(", "),
        );
    }
    for (table, why) in found.unread {
        let _ = writeln!(
            out,
            "  not sampled: {}: {}",
            single_line(table),
            single_line(why)
        );
    }
    for line in &found.stale {
        let _ = writeln!(
            out,
            "  stale: the entry in line {line} of the data catalog matches no column"
        );
    }
    if found.rows.is_empty() {
        out.push_str("Nothing to propose.\n");
    }
    out
}

/// The proposals as entries of a data catalog.
fn entries(found: &Found<'_>) -> String {
    use contract::visible::single_line;
    let mut out = String::new();
    for Row { column, proposal } in &found.rows {
        let [schema, table, name] = column.names();
        out.push_str(&format!(
            "\n# {}, {} %: {}\n[[label]]\n",
            proposal.subject.words(),
            proposal.confidence,
            single_line(&proposal.evidence.join(", ")),
        ));
        let places = [
            ("resource", found.resource),
            ("database", found.database),
            ("schema", schema),
            ("table", table),
            ("column", name),
        ];
        for (key, value) in places {
            out.push_str(&format!("{key} = {}\n", toml_string(&quoted(value))));
        }
        out.push_str(&format!("label = {}\n", toml_string(proposal.label)));
        out.push_str(&format!("mask = {}\n", toml_string(proposal.mask.word())));
        match proposal.mask {
            MaskKind::Partial { first, last } => {
                out.push_str(&format!("first = {first}\nlast = {last}\n"));
            }
            MaskKind::Bucket { width } => out.push_str(&format!("width = {width}\n")),
            MaskKind::Null
            | MaskKind::Redact
            | MaskKind::Email
            | MaskKind::Token
            | MaskKind::Hash => {}
        }
        if proposal.usage == PredicateUse::Opaque {
            out.push_str("use = \"opaque\"\n");
        }
    }
    out
}

fn toml_string(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn json(found: &Found<'_>) -> serde_json::Value {
    let row = |Row { column, proposal }: &Row<'_>| {
        let [schema, table, name] = column.names();
        serde_json::json!({
            "schema": schema,
            "table": table,
            "column": name,
            "type": column.type_name,
            "holds": proposal.subject.words(),
            "confidence": proposal.confidence,
            "evidence": proposal.evidence,
            "label": proposal.label,
            "mask": proposal.mask.word(),
        })
    };
    let unread = |(table, why): &(String, String)| serde_json::json!({"table": table, "why": why});
    serde_json::json!({
        "resource": found.resource,
        "database": found.database,
        "columns": found.columns,
        "labelled": found.labelled,
        "public": found.public,
        "proposals": found.rows.iter().map(row).collect::<Vec<_>>(),
        "not_sampled": found.unread.iter().map(unread).collect::<Vec<_>>(),
        "stale_lines": found.stale,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_proposed_is_a_data_catalog_for_that_column_alone() {
        let column = |name: &str| survey::Column {
            schema: "public".into(),
            table: "we*rd \"t\"".into(),
            name: name.into(),
            type_name: "text".into(),
            comment: None,
            values: vec!["4111111111111111".into(); 3],
        };
        let columns = [column("card{x}\n"), column("cardx")];
        let rows = columns.iter().map(|column| Row {
            column,
            proposal: propose(&Sampled {
                table: &column.table,
                column: &column.name,
                type_name: &column.type_name,
                comment: None,
                values: &column.values,
            })
            .unwrap(),
        });
        let mut found = Found {
            resource: "orders-prod",
            database: "shop",
            columns: 2,
            labelled: 0,
            public: 0,
            rows: rows.collect(),
            stale: Vec::new(),
            unread: &[],
        };
        found.rows.truncate(1);
        let written = entries(&found);
        assert!(!written.contains("4111"), "{written}");
        let catalog = DataCatalog::parse(&written).unwrap();
        let of = |table, name| catalog.classify("orders-prod", "shop", "public", table, name);
        assert_eq!(of("we*rd \"t\"", "card{x}\n").unwrap().labels, ["pci"]);
        assert_eq!(of("we*rd \"t\"", "cardx"), None);
        assert_eq!(of("weird \"t\"", "card{x}\n"), None);
    }
}
