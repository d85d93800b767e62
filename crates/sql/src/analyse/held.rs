//! JSON as a view's columns hold it: what [`Built`] says, free of any one analysis and for all threads.
//!
//! Says no more than the view's query did. Bounded for all columns of a view together; what is beyond is no shape.

use std::rc::Rc;
use std::sync::Arc;

use super::Analysis;
use super::built::{Built, Form};
use super::relation::Under;
use super::scope::{Source, Value};
use crate::catalog::RelationId;

/// Values that the shapes of one view's columns may have together.
const HELD_MAX: usize = 10_000;

/// What one JSON column is made of.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    form: HeldForm,
    /// See [`Built::size`].
    size: usize,
    /// See [`Built::is_fixed`].
    fixed: bool,
}

#[derive(Clone, Debug)]
enum HeldForm {
    Value(Under),
    Object(Vec<(String, Held)>, bool),
    Tuple(Vec<Held>),
    Array(Box<Held>),
    Map(Box<Held>),
    Column(Vec<(RelationId, usize)>, Box<Held>),
}

impl Held {
    /// See [`Built::is_fixed`].
    pub(crate) fn is_fixed(&self) -> bool {
        self.fixed
    }
}

impl<'a> Analysis<'a> {
    /// A view's columns by what lies under them.
    pub(crate) fn unders<'v>(&self, values: impl IntoIterator<Item = &'v Value>) -> Vec<Under> {
        let mut room = HELD_MAX;
        let each = values.into_iter().map(|value| {
            let built = value.built.as_ref().filter(|built| built.size() <= room);
            room -= built.map_or(0, |built| built.size());
            Under {
                held: built.map(|built| Arc::new(self.held(built))),
                ..self.under(value)
            }
        });
        each.collect()
    }

    /// Where a value comes from, without what it is built of.
    fn under(&self, value: &Value) -> Under {
        Under {
            kind: value.kind,
            mixed: value.mixed,
            telling: value.telling,
            risky: value.risky,
            type_oid: value.type_oid,
            sources: self.places(&value.sources),
            held: None,
        }
    }

    fn places(&self, sources: &[Source]) -> Vec<(RelationId, usize)> {
        let places = sources.iter().filter_map(|source| self.place(*source));
        places.collect()
    }

    fn held(&self, built: &Built) -> Held {
        let each = |parts: &[Rc<Built>]| parts.iter().map(|part| self.held(part)).collect();
        let form = match built.form() {
            Form::Value(value) => HeldForm::Value(self.under(value)),
            Form::Object(members, fixed) => {
                let members = members.iter();
                let members = members.map(|(name, part)| (name.clone(), self.held(part)));
                HeldForm::Object(members.collect(), *fixed)
            }
            Form::Tuple(elements) => HeldForm::Tuple(each(elements)),
            Form::Array(element) => HeldForm::Array(Box::new(self.held(element))),
            Form::Map(member) => HeldForm::Map(Box::new(self.held(member))),
            Form::Column(column, part) => {
                HeldForm::Column(self.places(column), Box::new(self.held(part)))
            }
        };
        Held {
            form,
            size: built.size(),
            fixed: built.is_fixed(),
        }
    }

    /// What a view's column is built of, in this analysis; `column` is that column itself.
    pub(crate) fn built_from(&mut self, held: &Held, column: Source) -> Option<Rc<Built>> {
        // Whoever opens a view again and again takes all of it each time.
        self.steps = self.steps.saturating_add(held.size);
        let part = self.part_from(held)?;
        Built::of(Form::Column(vec![column], part))
    }

    fn part_from(&mut self, held: &Held) -> Option<Rc<Built>> {
        let form = match &held.form {
            HeldForm::Value(under) => Form::Value(Box::new(self.value_from(under))),
            HeldForm::Object(members, fixed) => {
                let members = members.iter();
                let members =
                    members.map(|(name, part)| Some((name.clone(), self.part_from(part)?)));
                Form::Object(members.collect::<Option<_>>()?, *fixed)
            }
            HeldForm::Tuple(elements) => {
                let elements = elements.iter().map(|part| self.part_from(part));
                Form::Tuple(elements.collect::<Option<_>>()?)
            }
            HeldForm::Array(element) => Form::Array(self.part_from(element)?),
            HeldForm::Map(member) => Form::Map(self.part_from(member)?),
            HeldForm::Column(column, part) => {
                let column = column.iter().map(|(id, at)| self.source(*id, *at));
                let column = column.collect();
                Form::Column(column, self.part_from(part)?)
            }
        };
        Built::of(form)
    }

    /// A value by where it comes from, without what it is built of.
    pub(crate) fn value_from(&mut self, under: &Under) -> Value {
        let sources = under.sources.iter();
        let mut sources: Vec<_> = sources.map(|(id, at)| self.source(*id, *at)).collect();
        sources.sort_unstable();
        sources.dedup();
        Value {
            kind: under.kind,
            sources,
            mixed: under.mixed,
            telling: under.telling,
            risky: under.risky,
            ..Value::free(under.type_oid)
        }
    }
}
