//! An explanation of one statement, as a tree for people and as JSON for programs.
//!
//! Says what the analysis and the door said; decides nothing.

use std::fmt::Write as _;

use gate::rehearse::Rehearsal;
use model::decision::ResultObligation;
use model::effect::Usage;
use model::{Class, ColumnRef, Projection, Projections, Reason, Search, Shape, Statement};
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
    for (index, statement) in statements.iter().enumerate() {
        let _ = writeln!(text, "  {}", statement.kind);
        branch(&mut text, statement, said.obligations.results.get(index));
    }
    for note in notes {
        let _ = writeln!(text, "  not followed  {note}");
    }
    text
}

fn branch(text: &mut String, statement: &Statement, obliged: Option<&ResultObligation>) {
    for effect in &statement.effects {
        let _ = writeln!(text, "    effect   {effect}");
    }
    match &statement.projections {
        Projections::None => {}
        Projections::Named(name) => {
            let found = obliged.map(|obliged| searched(obliged.search_all));
            let _ = writeln!(text, "    rows     of {name}{}", found.unwrap_or_default());
        }
        Projections::Columns(columns) => {
            for (position, column) in columns.iter().enumerate() {
                let sources = names(column.sources());
                let (number, origin) = (position + 1, origin(column));
                let _ = writeln!(
                    text,
                    "    column {number:<2} {origin}{}",
                    delivered(obliged, position)
                );
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

/// What becomes of a column's values on their way, to stand behind its origin.
fn delivered(obliged: Option<&ResultObligation>, position: usize) -> String {
    let Some(obliged) = obliged else {
        return String::new();
    };
    if let Some(mask) = obliged.masks.iter().find(|mask| mask.position == position) {
        let inside = if mask.inside.is_some() { " inside" } else { "" };
        return format!(", masked{inside}: {}", mask.kind.word());
    }
    let search = obliged
        .searched
        .iter()
        .find(|column| column.position == position);
    searched(search.map_or(obliged.search_all, |column| column.search))
}

fn searched(search: Search) -> String {
    let words = words(search);
    match words.is_empty() {
        true => String::new(),
        false => format!(", searched for: {}", words.join(", ")),
    }
}

fn words(search: Search) -> Vec<&'static str> {
    search.classes().iter().map(Class::word).collect()
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
        "statements": statements
            .iter()
            .enumerate()
            .map(|(index, found)| statement(found, said.obligations.results.get(index)))
            .collect::<Vec<_>>(),
    })
}

fn statement(statement: &Statement, obliged: Option<&ResultObligation>) -> Value {
    let columns = match &statement.projections {
        Projections::None => Value::Null,
        Projections::Named(name) => json!({ "of": name }),
        Projections::Columns(columns) => columns
            .iter()
            .enumerate()
            .map(|(position, column)| {
                let mask = obliged.and_then(|o| o.masks.iter().find(|m| m.position == position));
                let search =
                    obliged.and_then(|o| o.searched.iter().find(|s| s.position == position));
                let everywhere = obliged.map(|o| o.search_all).unwrap_or_default();
                json!({
                    "origin": origin(column),
                    "sources": names(column.sources()),
                    "mask": mask.map(|mask| mask.kind.word()),
                    "searched": words(search.map_or(everywhere, |found| found.search)),
                })
            })
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
        Projection::Shaped { shape, .. } => match shape {
            Shape::Json(_) => "json",
            Shape::Xml(_) => "xml",
        },
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
    use std::sync::Arc;

    use super::*;
    use model::decision::Searched;
    use model::{Classes, ColumnUse, Mask, MaskKind, Obligations, Outcome};

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
            obligations: Arc::new(Obligations {
                results: vec![ResultObligation {
                    width: Some(2),
                    masks: vec![Mask {
                        position: 1,
                        kind: MaskKind::Redact,
                        type_oid: 25,
                        inside: None,
                    }],
                    searched: vec![Searched {
                        position: 0,
                        search: Search {
                            whole: Classes::NONE.with(Class::Email),
                            place: Classes::NONE.with(Class::Card),
                        },
                        type_oid: 0,
                    }],
                    search_all: Search::default(),
                    guarded: Vec::new(),
                }],
                ..Obligations::default()
            }),
        };
        let statements = [statement];
        let expect = "allow\n  SELECT\n    column 1  free, searched for: card, email\n    column 2  derived, masked: redact\n      from   public.customers.ssn\n    compared public.customers.ssn in WHERE\n  not followed  public.f(): dynamic SQL (EXECUTE) in line 3\n";
        let notes = ["public.f(): dynamic SQL (EXECUTE) in line 3".to_owned()];
        assert_eq!(tree(&said, &statements, &notes), expect);
        let json = value(&said, &statements, &notes);
        assert_eq!(json["not_followed"][0], notes[0]);
        let found = &json["statements"][0];
        assert_eq!(found["columns"][1]["sources"][0], "public.customers.ssn");
        assert_eq!(found["columns"][1]["origin"], "derived");
        assert_eq!(found["columns"][1]["mask"], "redact");
        assert_eq!(found["columns"][0]["searched"], json!(["card", "email"]));
        assert_eq!(found["uses"][0]["place"], "WHERE");
    }
}
