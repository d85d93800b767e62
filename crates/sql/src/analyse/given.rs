//! The values that a statement is given (literals, parameters), followed to the columns that take them.
//!
//! Says which of them reach a column; what they are is looked at elsewhere, each time the statement runs.

use std::collections::HashSet;
use std::ops::Range;
use std::rc::Rc;

use model::{Assignment, ColumnRef, Given};
use pg_query::protobuf::{AConst, a_const};

use super::scope::{Source, Value};
use super::{Analysis, Target};

/// One value that the statement is given.
#[derive(Clone, Debug)]
pub(crate) enum Leaf {
    /// A literal: where it stands in the text, and what it says.
    Literal(usize, Rc<str>),
    /// A parameter, counted from 1.
    Parameter(usize),
}

/// The given values that a value is made from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Givens(Option<Rc<Node>>);

#[derive(Debug)]
enum Node {
    Leaf(Leaf),
    Join(Vec<Rc<Node>>),
}

impl Drop for Node {
    /// As many levels as there are rows in VALUES: not by recursion.
    fn drop(&mut self) {
        let mut rest = match self {
            Self::Leaf(_) => return,
            Self::Join(parts) => std::mem::take(parts),
        };
        while let Some(part) = rest.pop() {
            if let Some(Self::Join(parts)) = Rc::into_inner(part).as_mut() {
                rest.append(parts);
            }
        }
    }
}

impl Givens {
    fn leaf(leaf: Leaf) -> Self {
        Self(Some(Rc::new(Node::Leaf(leaf))))
    }

    /// Those of several values.
    pub(crate) fn join<'v>(parts: impl Iterator<Item = &'v Self>) -> Self {
        let mut parts = parts.filter_map(|part| part.0.as_ref());
        let Some(first) = parts.next() else {
            return Self(None);
        };
        let rest: Vec<_> = parts.filter(|part| !Rc::ptr_eq(first, part)).collect();
        if rest.is_empty() {
            return Self(Some(Rc::clone(first)));
        }
        let all = std::iter::once(first).chain(rest).cloned();
        Self(Some(Rc::new(Node::Join(all.collect()))))
    }

    /// All of them, each once.
    fn leaves(&self) -> Vec<Leaf> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let mut rest: Vec<&Rc<Node>> = self.0.iter().collect();
        while let Some(node) = rest.pop() {
            if !seen.insert(Rc::as_ptr(node)) {
                continue;
            }
            match &**node {
                Node::Leaf(leaf) => found.push(leaf.clone()),
                Node::Join(parts) => rest.extend(parts),
            }
        }
        found
    }
}

/// What a column is given, before the text's literals are counted.
#[derive(Debug)]
pub(crate) struct Taken {
    columns: Vec<Source>,
    leaves: Vec<Leaf>,
    plain: bool,
}

impl Analysis<'_> {
    /// A literal of the text that is analysed.
    pub(crate) fn literal(&self, constant: &AConst, type_oid: u32) -> Value {
        let mut value = Value::given(type_oid);
        let text: Option<Rc<str>> = match constant.val.as_ref() {
            Some(a_const::Val::Sval(text)) => Some(text.sval.as_str().into()),
            Some(a_const::Val::Fval(number)) => Some(number.fval.as_str().into()),
            Some(a_const::Val::Ival(number)) => Some(number.ival.to_string().into()),
            Some(a_const::Val::Boolval(_) | a_const::Val::Bsval(_)) | None => None,
        };
        let place = usize::try_from(constant.location).ok();
        if self.own_text
            && let Some((text, place)) = text.zip(place)
        {
            value.givens = Givens::leaf(Leaf::Literal(place, text));
        }
        value
    }

    /// A parameter of the statement; within a body, one of the function's.
    pub(crate) fn parameter_given(&self, number: i32) -> Value {
        let mut value = Value::given(self.parameter_type(number));
        if self.own_text
            && let Ok(number) = usize::try_from(number)
        {
            value.givens = Givens::leaf(Leaf::Parameter(number));
        }
        value
    }

    /// Notes what a column is given.
    pub(crate) fn gives(&mut self, value: &Value, target: &Target, column: Option<&str>) {
        let leaves = value.givens.leaves();
        let mut columns = target.rel.columns.iter();
        let Some((_, place)) = columns.find(|(name, _)| Some(name.as_str()) == column) else {
            return;
        };
        if !leaves.is_empty() {
            self.taken.push(Taken {
                columns: place.sources.clone(),
                leaves,
                plain: value.sources.is_empty(),
            });
        }
    }

    /// Notes what is given to a statement that is run by name.
    pub(crate) fn passes(&mut self, value: &Value) {
        self.passed.push(value.givens.leaves());
    }

    /// What was noted, with the literals of the text counted.
    pub(crate) fn given(&mut self) -> (Vec<Assignment>, Vec<Vec<Given>>) {
        let Some(text) = self.text else {
            return (Vec::new(), Vec::new());
        };
        let mut assignments = std::mem::take(&mut self.kept_given);
        for taken in std::mem::take(&mut self.taken) {
            let stored = taken.columns.iter().flat_map(|source| self.stored(*source));
            let mut columns: Vec<ColumnRef> = stored.collect();
            columns.dedup();
            let values: Vec<Given> = taken.leaves.iter().map(|leaf| text.count(leaf)).collect();
            assignments.push(Assignment {
                columns,
                values,
                plain: taken.plain,
            });
        }
        let passed = std::mem::take(&mut self.passed);
        let arguments = passed
            .iter()
            .map(|leaves| leaves.iter().map(|leaf| text.count(leaf)).collect());
        (assignments, arguments.collect())
    }
}

/// The literals of a text, found when the first one is asked for.
pub(crate) struct Literals<'t> {
    text: &'t str,
    ranges: std::cell::OnceCell<Option<Vec<Range<usize>>>>,
}

impl<'t> Literals<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        Self {
            text,
            ranges: std::cell::OnceCell::new(),
        }
    }

    fn count(&self, leaf: &Leaf) -> Given {
        let (place, value) = match leaf {
            Leaf::Parameter(number) => return Given::Parameter(*number),
            Leaf::Literal(place, value) => (*place, value),
        };
        let found = self
            .ranges
            .get_or_init(|| crate::shape::literals(self.text));
        let counted = found.as_ref().and_then(|ranges| {
            let negative = self.text.as_bytes().get(place) == Some(&b'-');
            let nth = ranges.partition_point(|range| range.start < place);
            let start = ranges.get(nth)?.start;
            (negative || start == place).then_some(Given::Literal { nth, negative })
        });
        counted.unwrap_or_else(|| Given::Text(value.as_ref().into()))
    }
}
