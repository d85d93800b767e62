//! JSON and XML as a query builds them: which value of it comes from where.
//!
//! Names members only where PostgreSQL takes them from what stands in the statement or the catalog; what is not
//! certain is no shape at all, and all of it is redacted.

use std::rc::Rc;

use model::{ColumnRef, JsonShape, Projection, Shape, XmlElement, XmlShape};
use pg_query::NodeEnum;
use pg_query::protobuf::{FuncCall, Node, a_const};

use super::scope::{Source, Value};
use super::total::oid::{JSON, JSONB, RECORD, XML};
use super::{Analysis, inner};

/// Values that one shape may have; a wider one is given up.
const SIZE_MAX: usize = 2_000;
/// Levels that one shape may have.
const DEPTH_MAX: usize = 32;

/// What a record, JSON or XML value is made of.
#[derive(Clone, Debug)]
pub(crate) struct Built {
    form: Form,
    size: usize,
    depth: usize,
}

/// One level of it.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    Value(Box<Value>),
    /// Its members, and whether the query itself says their names.
    Object(Vec<(String, Rc<Built>)>, bool),
    Tuple(Vec<Rc<Built>>),
    Array(Rc<Built>),
    Map(Rc<Built>),
    /// An element of XML.
    Element(Element),
    /// XML side by side.
    Nodes(Vec<Rc<Built>>),
    /// XML of any number of rows.
    Many(Rc<Built>),
    /// All of a view's column: a label may stand on that as well.
    Column(Vec<Source>, Rc<Built>),
}

/// An element of XML, by its names in the document.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    pub(crate) name: String,
    /// It is left out where its content is NULL.
    pub(crate) optional: bool,
    pub(crate) attributes: Vec<(String, Rc<Built>)>,
    pub(crate) content: Vec<Rc<Built>>,
}

/// Who says the names of an object's members.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Names {
    /// The query: they stay what they are for as long as it does.
    Written,
    /// A relation, whose columns may be renamed.
    Stored,
}

impl Form {
    fn parts(&self) -> Vec<&Built> {
        match self {
            Self::Value(_) => Vec::new(),
            Self::Object(members, _) => members.iter().map(|(_, part)| part.as_ref()).collect(),
            Self::Tuple(parts) | Self::Nodes(parts) => parts.iter().map(Rc::as_ref).collect(),
            Self::Element(element) => {
                let attributes = element.attributes.iter().map(|(_, value)| value);
                let parts = attributes.chain(&element.content);
                parts.map(Rc::as_ref).collect()
            }
            Self::Array(part) | Self::Map(part) | Self::Many(part) | Self::Column(_, part) => {
                vec![part]
            }
        }
    }
}

impl Built {
    pub(crate) fn of(form: Form) -> Option<Rc<Self>> {
        let parts = form.parts();
        let size = parts.iter().map(|part| part.size).sum::<usize>() + 1;
        let depth = parts.iter().map(|part| part.depth).max().unwrap_or(0) + 1;
        let fits = size <= SIZE_MAX && depth <= DEPTH_MAX;
        fits.then(|| Rc::new(Self { form, size, depth }))
    }

    /// What `to_json` makes of a value.
    fn from(value: &Value) -> Option<Rc<Self>> {
        let is_built = matches!(value.type_oid, JSON | JSONB | RECORD);
        if let Some(built) = value.built.as_ref().filter(|_| is_built) {
            return Some(Rc::clone(built));
        }
        match value.type_oid {
            RECORD => None,
            _ => Self::plain(value),
        }
    }

    /// A value by itself, whatever it is made of.
    pub(crate) fn plain(value: &Value) -> Option<Rc<Self>> {
        let plain = Value {
            built: None,
            ..value.clone()
        };
        Self::of(Form::Value(Box::new(plain)))
    }

    pub(crate) fn form(&self) -> &Form {
        &self.form
    }

    /// Values and levels of values in it.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Whether no name in it changes though the query stays as it is.
    pub(crate) fn is_fixed(&self) -> bool {
        let own = !matches!(self.form, Form::Object(_, false));
        own && self.form.parts().into_iter().all(Self::is_fixed)
    }

    /// Made of any number of rows, of which none may be there; NULL then, and only then.
    pub(crate) fn is_many(&self) -> bool {
        match &self.form {
            Form::Array(_) | Form::Map(_) => true,
            // Of rows whose pieces are all NULL nothing is made either.
            Form::Many(piece) => piece.is_never_null(),
            Form::Column(_, part) => part.is_many(),
            Form::Value(_)
            | Form::Object(..)
            | Form::Tuple(_)
            | Form::Element(_)
            | Form::Nodes(_) => false,
        }
    }

    /// XML that there always is, whatever the values in it are.
    fn is_never_null(&self) -> bool {
        match &self.form {
            Form::Element(element) => !element.optional,
            Form::Nodes(pieces) => pieces.iter().any(|piece| piece.is_never_null()),
            Form::Column(_, part) => part.is_never_null(),
            Form::Value(_)
            | Form::Object(..)
            | Form::Tuple(_)
            | Form::Array(_)
            | Form::Map(_)
            | Form::Many(_) => false,
        }
    }

    /// A row of these columns. Of two with one name either may be meant.
    pub(crate) fn row<'v>(
        columns: impl IntoIterator<Item = (&'v str, &'v Value)>,
        names: Names,
    ) -> Option<Rc<Self>> {
        let mut members: Vec<(String, Rc<Self>)> = Vec::new();
        for (name, value) in columns {
            if members.len() >= SIZE_MAX || members.iter().any(|(known, _)| known == name) {
                return None;
            }
            members.push((name.to_owned(), Self::from(value)?));
        }
        Self::of(Form::Object(members, names == Names::Written))
    }
}

impl<'a> Analysis<'a> {
    /// What a call of a built-in that makes JSON or XML makes.
    pub(crate) fn built(
        &mut self,
        name: &str,
        call: &FuncCall,
        arguments: &[Value],
    ) -> Option<Rc<Built>> {
        match (name, arguments) {
            ("row_to_json" | "to_json" | "to_jsonb", [value, ..]) => Built::from(value),
            ("json_agg" | "jsonb_agg", [value]) => Built::of(Form::Array(Built::from(value)?)),
            ("json_object_agg" | "jsonb_object_agg", [_, value]) => {
                Built::of(Form::Map(Built::from(value)?))
            }
            ("xmlagg", [value]) if value.type_oid == XML => {
                Built::of(Form::Many(Rc::clone(value.built.as_ref()?)))
            }
            ("json_build_array" | "jsonb_build_array", _) => {
                let elements = arguments.iter().map(Built::from);
                Built::of(Form::Tuple(elements.collect::<Option<_>>()?))
            }
            ("json_build_object" | "jsonb_build_object", _) => {
                // Another text in a key's place means another member.
                self.shape_safe = false;
                let mut pairs = Vec::new();
                for (nodes, values) in call.args.chunks(2).zip(arguments.chunks(2)) {
                    let ([key, _], [_, value]) = (nodes, values) else {
                        return None;
                    };
                    pairs.push((text(key)?, value));
                }
                Built::row(pairs, Names::Written)
            }
            _ => None,
        }
    }

    /// JSON or XML of these sources, whose shape is known.
    pub(crate) fn shaped(&self, built: &Built, sources: Vec<ColumnRef>) -> Projection {
        let (mut whole, mut part) = (Vec::new(), built);
        while let Form::Column(column, within) = &part.form {
            whole.extend(column.iter().flat_map(|source| self.stored(*source)));
            part = within;
        }
        whole.sort();
        whole.dedup();
        let shape = match part.form {
            Form::Element(_) | Form::Nodes(_) | Form::Many(_) => Shape::Xml(self.xml_of(part)),
            _ => Shape::Json(self.json_of(part)),
        };
        Projection::Shaped {
            sources,
            whole,
            shape,
        }
    }

    /// JSON as it is told outside.
    fn json_of(&self, built: &Built) -> JsonShape {
        match &built.form {
            Form::Value(value) => JsonShape::Value(Box::new(self.projection(value))),
            Form::Object(members, _) => {
                let members = members.iter();
                let members = members.map(|(name, part)| (name.clone(), self.json_of(part)));
                JsonShape::Object(members.collect())
            }
            Form::Tuple(elements) => {
                JsonShape::Tuple(elements.iter().map(|part| self.json_of(part)).collect())
            }
            Form::Array(element) => JsonShape::Array(Box::new(self.json_of(element))),
            Form::Map(member) => JsonShape::Map(Box::new(self.json_of(member))),
            Form::Element(_) | Form::Nodes(_) | Form::Many(_) | Form::Column(..) => {
                JsonShape::Value(Box::new(self.shaped(built, Vec::new())))
            }
        }
    }

    /// XML as it is told outside.
    fn xml_of(&self, built: &Built) -> Vec<XmlShape> {
        let all = |parts: &[Rc<Built>]| parts.iter().flat_map(|part| self.xml_of(part)).collect();
        match &built.form {
            Form::Element(element) => {
                let attributes = element.attributes.iter();
                let attributes = attributes.filter_map(|(name, part)| match &part.form {
                    Form::Value(value) => Some((name.clone(), self.projection(value))),
                    _ => None,
                });
                vec![XmlShape::Element(XmlElement {
                    name: element.name.clone(),
                    optional: element.optional,
                    attributes: attributes.collect(),
                    content: all(&element.content),
                })]
            }
            Form::Nodes(parts) => all(parts),
            Form::Many(part) => self.xml_of(part),
            Form::Column(column, part) => {
                let column = column.iter().flat_map(|source| self.stored(*source));
                vec![XmlShape::Column(column.collect(), self.xml_of(part))]
            }
            Form::Value(value) => vec![XmlShape::Text(Box::new(self.projection(value)))],
            Form::Object(..) | Form::Tuple(_) | Form::Array(_) | Form::Map(_) => Vec::new(),
        }
    }
}

/// A string as written.
fn text(node: &Node) -> Option<&str> {
    let Some(NodeEnum::AConst(constant)) = inner(node) else {
        return None;
    };
    match constant.val.as_ref()? {
        a_const::Val::Sval(text) => Some(&text.sval),
        _ => None,
    }
}

/// Whether a value is an array or object of nothing, or anything else that is written in the statement.
pub(crate) fn is_written(value: &Value) -> bool {
    value.sources.is_empty() && value.built.is_none()
}
