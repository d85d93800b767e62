//! JSON and XML as a view's columns hold them: what [`Built`] says, free of any one analysis and for all threads.
//!
//! Says no more than the view's query did. Bounded for all columns of a view together; what is beyond is no shape.

use std::rc::Rc;
use std::sync::Arc;

use super::Analysis;
use super::built::{Built, Element, Form};
use super::relation::Under;
use super::scope::{Source, Value};
use crate::catalog::RelationId;

/// Values that the shapes of one view's columns may have together.
const HELD_MAX: usize = 10_000;

/// What one column of JSON or XML is made of.
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
    Element(HeldElement),
    Nodes(Vec<Held>),
    Many(Box<Held>),
    Column(Vec<(RelationId, usize)>, Box<Held>),
}

/// See [`Element`].
#[derive(Clone, Debug)]
struct HeldElement {
    name: String,
    optional: bool,
    attributes: Vec<(String, Held)>,
    content: Vec<Held>,
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
            risks: self.places(&value.risks),
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
        let named = |parts: &[(String, Rc<Built>)]| {
            let parts = parts.iter();
            let parts = parts.map(|(name, part)| (name.clone(), self.held(part)));
            parts.collect::<Vec<_>>()
        };
        let form = match built.form() {
            Form::Value(value) => HeldForm::Value(self.under(value)),
            Form::Object(members, fixed) => HeldForm::Object(named(members), *fixed),
            Form::Tuple(elements) => HeldForm::Tuple(each(elements)),
            Form::Array(element) => HeldForm::Array(Box::new(self.held(element))),
            Form::Map(member) => HeldForm::Map(Box::new(self.held(member))),
            Form::Element(element) => HeldForm::Element(HeldElement {
                name: element.name.clone(),
                optional: element.optional,
                attributes: named(&element.attributes),
                content: each(&element.content),
            }),
            Form::Nodes(parts) => HeldForm::Nodes(each(parts)),
            Form::Many(part) => HeldForm::Many(Box::new(self.held(part))),
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
            HeldForm::Object(members, fixed) => Form::Object(self.named_from(members)?, *fixed),
            HeldForm::Tuple(elements) => Form::Tuple(self.parts_from(elements)?),
            HeldForm::Array(element) => Form::Array(self.part_from(element)?),
            HeldForm::Map(member) => Form::Map(self.part_from(member)?),
            HeldForm::Element(element) => Form::Element(Element {
                name: element.name.clone(),
                optional: element.optional,
                attributes: self.named_from(&element.attributes)?,
                content: self.parts_from(&element.content)?,
            }),
            HeldForm::Nodes(parts) => Form::Nodes(self.parts_from(parts)?),
            HeldForm::Many(part) => Form::Many(self.part_from(part)?),
            HeldForm::Column(column, part) => {
                let column = column.iter().map(|(id, at)| self.source(*id, *at));
                let column = column.collect();
                Form::Column(column, self.part_from(part)?)
            }
        };
        Built::of(form)
    }

    fn parts_from(&mut self, parts: &[Held]) -> Option<Vec<Rc<Built>>> {
        parts.iter().map(|part| self.part_from(part)).collect()
    }

    fn named_from(&mut self, parts: &[(String, Held)]) -> Option<Vec<(String, Rc<Built>)>> {
        let parts = parts.iter();
        let parts = parts.map(|(name, part)| Some((name.clone(), self.part_from(part)?)));
        parts.collect()
    }

    /// These places as this analysis knows them, in order.
    pub(crate) fn sources_from(&mut self, places: &[(RelationId, usize)]) -> Vec<Source> {
        let places = places.iter();
        let mut sources: Vec<_> = places.map(|(id, at)| self.source(*id, *at)).collect();
        sources.sort_unstable();
        sources.dedup();
        sources
    }

    /// A value by where it comes from, without what it is built of.
    pub(crate) fn value_from(&mut self, under: &Under) -> Value {
        let sources = self.sources_from(&under.sources);
        let risks = self.sources_from(&under.risks);
        Value {
            kind: under.kind,
            sources,
            mixed: under.mixed,
            telling: under.telling,
            risks,
            ..Value::free(under.type_oid)
        }
    }
}
