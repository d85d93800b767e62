//! The values that a statement is given (literals, parameters), followed to the columns that take them.
//!
//! Says which of them reach a column; what they are is looked at elsewhere, each time the statement runs.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use model::{Assignment, ColumnRef, Given, GivenValue, Part};
use pg_query::protobuf::{AConst, a_const};

use super::scope::{Source, Value};
use super::{Analysis, Target};
use crate::catalog::RelationId;

/// One value that the statement is given.
#[derive(Clone, Debug)]
pub(crate) enum Leaf {
    /// A literal: where it stands in the text, and what it says.
    Literal(usize, Rc<str>),
    /// A parameter, counted from 1.
    Parameter(usize),
    /// A column of the rows of a COPY, counted from 0.
    Copied(usize),
    /// Within a body: what its caller gives for a parameter, counted from 0; any of it where that is not known.
    Argument(Option<usize>),
    /// A literal of a text that the client sends within its text.
    Said(Arc<str>),
}

/// A given value and what is taken out of it.
pub(crate) type Way = (Leaf, Vec<Part>);

/// Steps that are kept of one way; of a longer one the first are known.
const STEPS_MAX: usize = 8;
/// Different ways that are told apart; of further ones no step is known.
const WAYS_MAX: usize = 4_096;

/// The given values that a value is made from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Givens(Option<Rc<Node>>);

#[derive(Debug)]
enum Node {
    Leaf(Leaf),
    Join(Vec<Rc<Node>>),
    Part(Part, Vec<Rc<Node>>),
}

impl Drop for Node {
    /// As many levels as there are rows in VALUES: not by recursion.
    fn drop(&mut self) {
        let mut rest = match self {
            Self::Leaf(_) => return,
            Self::Join(parts) | Self::Part(_, parts) => std::mem::take(parts),
        };
        while let Some(part) = rest.pop() {
            if let Some(Self::Join(parts) | Self::Part(_, parts)) = Rc::into_inner(part).as_mut() {
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

    /// What one step takes out of these.
    pub(crate) fn within(&self, part: Part) -> Self {
        let Some(node) = &self.0 else {
            return Self(None);
        };
        if part == Part::Computed && matches!(**node, Node::Part(Part::Computed, _)) {
            return self.clone();
        }
        Self(Some(Rc::new(Node::Part(part, vec![Rc::clone(node)]))))
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// All of them, each once for each way that leads to it. Counts the steps that it takes; beyond the walk's bound,
    /// where the text is refused, not all of them.
    fn ways(&self, walked: &mut usize) -> Vec<Way> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let mut steps = Steps::default();
        let mut rest: Vec<(&Rc<Node>, usize)> = self.0.iter().map(|node| (node, 0)).collect();
        while let Some((node, way)) = rest.pop() {
            *walked = walked.saturating_add(1);
            if *walked > super::STEPS_MAX {
                break;
            }
            if !seen.insert((Rc::as_ptr(node), way)) {
                continue;
            }
            match &**node {
                Node::Leaf(leaf) => found.push((leaf.clone(), steps.listed(way))),
                Node::Join(parts) => rest.extend(parts.iter().map(|part| (part, way))),
                Node::Part(part, parts) => {
                    let way = steps.before(part, way);
                    rest.extend(parts.iter().map(|part| (part, way)));
                }
            }
        }
        found
    }
}

/// Ways from values to what is taken out of them, each by a number. 0 is the way that takes no step.
#[derive(Default)]
struct Steps {
    /// A first step, the way that goes on from there, and how long both are.
    known: Vec<(Part, usize, usize)>,
    /// Their numbers.
    numbers: HashMap<(Part, usize), usize>,
}

impl Steps {
    /// The way that begins with a step.
    fn before(&mut self, part: &Part, rest: usize) -> usize {
        if *part == Part::Computed {
            // What follows is taken out of something else.
            return self.number(&Part::Computed, 0);
        }
        let length = rest.checked_sub(1).and_then(|at| self.known.get(at));
        let is_long = length.is_some_and(|(_, _, length)| *length >= STEPS_MAX);
        if is_long || self.known.len() >= WAYS_MAX {
            let rest = self.number(&Part::Computed, 0);
            return match self.known.len() >= WAYS_MAX {
                true => rest,
                false => self.number(part, rest),
            };
        }
        self.number(part, rest)
    }

    fn number(&mut self, part: &Part, rest: usize) -> usize {
        if let Some(number) = self.numbers.get(&(part.clone(), rest)) {
            return *number;
        }
        let length = rest.checked_sub(1).and_then(|at| self.known.get(at));
        let length = length.map_or(0, |(_, _, length)| *length);
        self.known.push((part.clone(), rest, length + 1));
        self.numbers.insert((part.clone(), rest), self.known.len());
        self.known.len()
    }

    fn listed(&self, mut way: usize) -> Vec<Part> {
        let mut parts = Vec::new();
        while let Some((part, rest, _)) = way.checked_sub(1).and_then(|at| self.known.get(at)) {
            parts.push(part.clone());
            way = *rest;
        }
        parts
    }
}

/// What a column is given, before the text's literals are counted.
#[derive(Debug)]
pub(crate) struct Taken {
    columns: Vec<Source>,
    ways: Vec<Way>,
    plain: bool,
}

/// A column that takes what the caller of a body gives.
#[derive(Clone, Debug)]
pub(crate) struct Passed {
    column: (RelationId, usize),
    argument: Option<usize>,
    parts: Vec<Part>,
    plain: bool,
}

impl Analysis<'_> {
    /// A literal of the text that is analysed, or of a block of code within it.
    pub(crate) fn literal(&self, constant: &AConst, type_oid: u32) -> Value {
        let mut value = Value::given(type_oid);
        let text: Option<Rc<str>> = match constant.val.as_ref() {
            Some(a_const::Val::Sval(text)) => Some(text.sval.as_str().into()),
            Some(a_const::Val::Fval(number)) => Some(number.fval.as_str().into()),
            Some(a_const::Val::Ival(number)) => Some(number.ival.to_string().into()),
            Some(a_const::Val::Boolval(_) | a_const::Val::Bsval(_)) | None => None,
        };
        let place = usize::try_from(constant.location).ok();
        if let (Some(said), Some(a_const::Val::Sval(_)), Some(text)) =
            (&self.said, constant.val.as_ref(), &text)
        {
            said.borrow_mut().push(Rc::clone(text));
            value.givens = Givens::leaf(Leaf::Argument(None));
        }
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
        match usize::try_from(number) {
            Ok(number) if self.own_text => value.givens = Givens::leaf(Leaf::Parameter(number)),
            Ok(number) => {
                // In PL/pgSQL something else may have been put into it.
                let known = number.checked_sub(1).filter(|_| self.variables.is_none());
                value.givens = Givens::leaf(Leaf::Argument(known));
            }
            Err(_) => {}
        }
        value
    }

    /// What a parameter or variable of a body holds: what is given for the parameter, or anything.
    pub(crate) fn passed_value(argument: Option<usize>, type_oid: u32) -> Value {
        Value {
            givens: Givens::leaf(Leaf::Argument(argument)),
            ..Value::given(type_oid)
        }
    }

    /// The columns that take what the caller of the body walked here gives.
    pub(crate) fn passed_on(&self) -> Vec<Passed> {
        let mut passed = Vec::new();
        for taken in &self.taken {
            let columns = taken
                .columns
                .iter()
                .filter_map(|source| self.place(*source));
            for column in columns {
                for (leaf, parts) in &taken.ways {
                    if let Leaf::Argument(argument) = leaf {
                        passed.push(Passed {
                            column,
                            argument: *argument,
                            parts: parts.clone(),
                            plain: taken.plain,
                        });
                    }
                }
            }
        }
        passed
    }

    /// The literals of a block of code.
    pub(crate) fn said_in_code(&self) -> Vec<Arc<str>> {
        let said = self.said.iter().flat_map(|said| said.borrow().clone());
        said.map(|text| text.as_ref().into()).collect()
    }

    /// Notes what a followed body makes of what it is given; `None` where places do not tell which parameter is meant.
    pub(crate) fn gives_to_body(&mut self, passed: &[Passed], values: &[Value], placed: bool) {
        for one in passed {
            let given = one
                .argument
                .filter(|_| placed)
                .and_then(|nth| values.get(nth));
            let given = match given {
                Some(value) => std::slice::from_ref(value),
                None => values,
            };
            let mut givens = Givens::join(given.iter().map(|value| &value.givens));
            for part in &one.parts {
                givens = givens.within(part.clone());
            }
            let plain = one.plain && given.iter().all(|value| value.sources.is_empty());
            let ways = givens.ways(&mut self.steps);
            self.takes(one.column, ways, plain);
        }
    }

    /// Notes what a block of code sent by the client makes of the literals in it.
    pub(crate) fn gives_to_code(&mut self, passed: &[Passed], said: &[Arc<str>]) {
        for one in passed {
            let ways = said.iter();
            let ways = ways.map(|text| (Leaf::Said(Arc::clone(text)), one.parts.clone()));
            self.takes(one.column, ways.collect(), one.plain);
        }
    }

    fn takes(&mut self, (id, at): (RelationId, usize), ways: Vec<Way>, plain: bool) {
        if !ways.is_empty() {
            let columns = vec![self.source(id, at)];
            self.taken.push(Taken {
                columns,
                ways,
                plain,
            });
        }
    }

    /// Notes what a column is given.
    pub(crate) fn gives(&mut self, value: &Value, target: &Target, column: Option<&str>) {
        let ways = value.givens.ways(&mut self.steps);
        let mut columns = target.rel.columns.iter();
        let Some((_, place)) = columns.find(|(name, _)| Some(name.as_str()) == column) else {
            return;
        };
        if !ways.is_empty() {
            self.taken.push(Taken {
                columns: place.sources.clone(),
                ways,
                plain: value.sources.is_empty(),
            });
        }
    }

    /// Notes that a column takes what the rows of a COPY hold at a place.
    pub(crate) fn copies(&mut self, nth: usize, column: &Value) {
        self.taken.push(Taken {
            columns: column.sources.clone(),
            ways: vec![(Leaf::Copied(nth), Vec::new())],
            plain: true,
        });
    }

    /// Notes what is given to a statement that is run by name.
    pub(crate) fn passes(&mut self, value: &Value) {
        let ways = value.givens.ways(&mut self.steps);
        self.passed.push(ways);
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
            let values: Vec<Given> = taken.ways.iter().map(|way| text.count(way)).collect();
            assignments.push(Assignment {
                columns,
                values,
                plain: taken.plain,
            });
        }
        let passed = std::mem::take(&mut self.passed);
        let arguments = passed
            .iter()
            .map(|ways| ways.iter().map(|way| text.count(way)).collect());
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

    fn count(&self, (leaf, parts): &Way) -> Given {
        Given {
            value: self.value(leaf),
            parts: parts.clone(),
        }
    }

    fn value(&self, leaf: &Leaf) -> GivenValue {
        let (place, value) = match leaf {
            Leaf::Parameter(number) => return GivenValue::Parameter(*number),
            Leaf::Copied(nth) => return GivenValue::Copied(*nth),
            Leaf::Said(text) => return GivenValue::Text(Arc::clone(text)),
            // Nothing is given for it: whoever calls the body follows it.
            Leaf::Argument(_) => return GivenValue::Text("".into()),
            Leaf::Literal(place, value) => (*place, value),
        };
        let found = self
            .ranges
            .get_or_init(|| crate::shape::literals(self.text));
        let counted = found.as_ref().and_then(|ranges| {
            let negative = self.text.as_bytes().get(place) == Some(&b'-');
            let nth = ranges.partition_point(|range| range.start < place);
            let start = ranges.get(nth)?.start;
            (negative || start == place).then_some(GivenValue::Literal { nth, negative })
        });
        counted.unwrap_or_else(|| GivenValue::Text(value.as_ref().into()))
    }
}
