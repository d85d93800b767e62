//! Bind and FunctionCall's parameters, parsed; and what a name stands for. Knows no session.

use std::sync::Arc;

use model::{
    ColumnUse, GivenValue, Named, Parameter, ParameterFormat, Projections, Statement, Usage,
};

use super::frame::{Fields, FrameError};
use super::inspect::Analysis;
use super::portal::Prepared;

/// A Bind, parsed.
pub(crate) struct Bound {
    pub(super) portal: Vec<u8>,
    pub(super) statement: Vec<u8>,
    pub(super) prepared: Arc<Prepared>,
    pub(super) parameters: Vec<Parameter>,
}

pub(super) fn bind_names<'a>(mut fields: Fields<'a>) -> Result<(&'a [u8], &'a [u8]), FrameError> {
    Ok((fields.cstr()?, fields.cstr()?))
}

pub(super) fn parse_bind(
    mut fields: Fields<'_>,
    prepared: Arc<Prepared>,
) -> Result<Bound, FrameError> {
    let portal = fields.cstr()?.to_vec();
    let statement = fields.cstr()?.to_vec();
    let codes = formats(&mut fields)?;
    let count = fields.count()?;
    let mut parameters = Vec::with_capacity(count.min(1024));
    for position in 0..count {
        let type_oid = prepared.oids.get(position).copied().unwrap_or_default();
        let format = format_at(&codes, position);
        parameters.push(parameter(fields.value()?, format, type_oid));
    }
    // Result formats: what the server makes of them comes back with its description.
    formats(&mut fields)?;
    fields.end()?;
    Ok(Bound {
        portal,
        statement,
        prepared,
        parameters,
    })
}

pub(super) fn formats(fields: &mut Fields<'_>) -> Result<Vec<ParameterFormat>, FrameError> {
    let count = fields.count()?;
    let mut formats = Vec::with_capacity(count);
    for _ in 0..count {
        formats.push(super::rows::format_of(fields.i16()?)?);
    }
    Ok(formats)
}

/// No code means text for all, one code counts for all.
pub(super) fn format_at(formats: &[ParameterFormat], position: usize) -> ParameterFormat {
    match formats {
        [one] => *one,
        formats => formats
            .get(position)
            .copied()
            .unwrap_or(ParameterFormat::Text),
    }
}

pub(super) fn parameter(value: Option<&[u8]>, format: ParameterFormat, type_oid: u32) -> Parameter {
    Parameter {
        value: value.map(<[u8]>::to_vec),
        format,
        type_oid,
    }
}

impl Prepared {
    /// Its own text: its source, or the one PREPARE of its source that made it.
    pub(super) fn text<'a>(&'a self, analysis: &Analysis) -> &'a str {
        let made = self
            .prepare_index
            .and_then(|at| analysis.statements.get(at));
        made.and_then(|statement| self.source.get(statement.range.clone()))
            .unwrap_or(&self.source)
    }
}

pub(super) fn naming(what: &str, name: &str, text: &str) -> Named {
    Named {
        name: format!("{what} {name}"),
        text: text.to_owned(),
        text_redacted: sql::redact(text),
    }
}

/// Joins what a named statement does into the statement that names it.
pub(super) fn join(outer: &mut Statement, inner: Statement) {
    outer.effects.extend(inner.effects);
    outer.effects.sort();
    outer.effects.dedup();
    outer.uses.extend(inner.uses);
    for mut assignment in inner.given {
        let values = std::mem::take(&mut assignment.values);
        // Its own literals were looked at when it was kept.
        let passed = values.into_iter().filter_map(|given| {
            let GivenValue::Parameter(number) = given.value else {
                return None;
            };
            let arguments = outer.arguments.get(number.checked_sub(1)?)?.iter().cloned();
            let parts = given.parts;
            Some(arguments.map(move |mut argument| {
                argument.parts.extend(parts.iter().cloned());
                argument
            }))
        });
        assignment.values = passed.flatten().collect();
        if !assignment.values.is_empty() {
            outer.given.push(assignment);
        }
    }
    outer.has_where &= inner.has_where;
    if matches!(outer.projections, Projections::Named(_)) {
        outer.projections = inner.projections;
        return;
    }
    // Rows that do not come back go elsewhere (CREATE TABLE AS EXECUTE): every column is stored.
    if let Projections::Columns(columns) = inner.projections {
        for column in columns {
            let sources = column.sources().iter().cloned();
            outer.uses.extend(sources.map(|column| ColumnUse {
                column,
                usage: Usage::Stored,
                into: Vec::new(),
                place: "EXECUTE".into(),
            }));
        }
    }
}
