//! An explanation of one statement, as a tree for people and as JSON for programs.
//!
//! Says what the analysis and the door said; decides nothing.

use std::fmt::Write as _;

use gate::rehearse::Rehearsal;
use model::effect::Usage;
use model::{ColumnRef, Projection, Projections, Reason, Statement};
use serde_json::{Value, json};

/// As a tree: the outcome, why, and for each statement what it does and where its columns come from.
pub(crate) fn tree(said: &Rehearsal, statements: &[Statement], notes: &[String]) -> String {
    let mut text = format!("{}\n", said.outcome.as_str());
    // Writing to a String cannot fail.
    for reason in &said.reasons {
        let _ = writeln!(text, "  because  {}: {}", reason.rule, reason.text);
    }
    for rule in &said.approvals {
        let _ = writeln!(text, "  needs    {rule}");
    }
    for column in &said.masked {
        let _ = writeln!(text, "  masked   {column}");
    }
    if let Some(hint) = &said.hint {
        let _ = writeln!(text, "  hint     {hint}");
    }
    for statement in statements {
        let _ = writeln!(text, "  {}", statement.kind);
        branch(&mut text, statement);
    }
    for note in notes {
        let _ = writeln!(text, "  not followed  {note}");
    }
    text
}

fn branch(text: &mut String, statement: &Statement) {
    for effect in &statement.effects {
        let _ = writeln!(text, "    effect   {effect}");
    }
    match &statement.projections {
        Projections::None => {}
        Projections::Named(name) => {
            let _ = writeln!(text, "    rows     of {name}");
        }
        Projections::Columns(columns) => {
            for (position, column) in columns.iter().enumerate() {
                let sources = names(column.sources());
                let _ = writeln!(text, "    column {:<2} {}", position + 1, origin(column));
                for source in sources {
                    let _ = writeln!(text, "      from   {source}");
                }
            }
        }
    }
    for used in &statement.uses {
        let place = match used.place.as_ref() {
            "" => String::new(),
            place => format!(" in {place}"),
        };
        let _ = writeln!(text, "    {:<8} {}{place}", usage(used.usage), used.column);
    }
}

/// The same as JSON.
pub(crate) fn value(said: &Rehearsal, statements: &[Statement], notes: &[String]) -> Value {
    let reason = |reason: &Reason| json!({ "rule": reason.rule, "text": reason.text });
    json!({
        "outcome": said.outcome.as_str(),
        "effects": said.effects,
        "reasons": said.reasons.iter().map(reason).collect::<Vec<_>>(),
        "approvals": said.approvals.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "masked": said.masked,
        "hint": said.hint,
        "not_followed": notes,
        "statements": statements.iter().map(statement).collect::<Vec<_>>(),
    })
}

fn statement(statement: &Statement) -> Value {
    let columns = match &statement.projections {
        Projections::None => Value::Null,
        Projections::Named(name) => json!({ "of": name }),
        Projections::Columns(columns) => columns
            .iter()
            .map(|column| json!({ "origin": origin(column), "sources": names(column.sources()) }))
            .collect(),
    };
    let uses = statement.uses.iter().map(|used| {
        json!({
            "column": used.column.to_string(),
            "use": usage(used.usage),
            "place": used.place,
        })
    });
    json!({
        "kind": statement.kind,
        "effects": statement.effects.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "columns": columns,
        "uses": uses.collect::<Vec<_>>(),
    })
}

fn names(sources: &[ColumnRef]) -> Vec<String> {
    sources.iter().map(ToString::to_string).collect()
}

fn origin(column: &Projection) -> &'static str {
    match column {
        Projection::Free => "free",
        Projection::Direct(_) => "stored",
        Projection::Derived(_) => "derived",
        Projection::Withheld(_) => "withheld",
        Projection::Shaped { .. } => "json",
    }
}

fn usage(usage: Usage) -> &'static str {
    match usage {
        Usage::Compared => "compared",
        Usage::Predicate => "predicate",
        Usage::Computed => "computed",
        Usage::Stored => "copied",
        Usage::Assigned => "assigned",
        Usage::Opaque => "opaque",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{ColumnUse, Outcome};

    #[test]
    fn lineage_and_places_are_shown() {
        let column = ColumnRef {
            schema: "public".to_owned(),
            table: "customers".to_owned(),
            column: "ssn".to_owned(),
            type_oid: 25,
        };
        let statement = Statement {
            range: 0..0,
            kind: "SELECT".to_owned(),
            effects: Vec::new(),
            projections: Projections::Columns(vec![
                Projection::Free,
                Projection::Derived(vec![column.clone()]),
            ]),
            uses: vec![ColumnUse {
                column,
                usage: Usage::Compared,
                into: Vec::new(),
                place: "WHERE".into(),
            }],
            given: Vec::new(),
            arguments: Vec::new(),
            has_where: true,
        };
        let said = Rehearsal {
            outcome: Outcome::Allow,
            reasons: Vec::new(),
            approvals: Vec::new(),
            hint: None,
            masked: Vec::new(),
            effects: Vec::new(),
        };
        let statements = [statement];
        let expect = "allow\n  SELECT\n    column 1  free\n    column 2  derived\n      from   public.customers.ssn\n    compared public.customers.ssn in WHERE\n  not followed  public.f(): dynamic SQL (EXECUTE) in line 3\n";
        let notes = ["public.f(): dynamic SQL (EXECUTE) in line 3".to_owned()];
        assert_eq!(tree(&said, &statements, &notes), expect);
        let json = value(&said, &statements, &notes);
        assert_eq!(json["not_followed"][0], notes[0]);
        let found = &json["statements"][0];
        assert_eq!(found["columns"][1]["sources"][0], "public.customers.ssn");
        assert_eq!(found["columns"][1]["origin"], "derived");
        assert_eq!(found["uses"][0]["place"], "WHERE");
    }
}
