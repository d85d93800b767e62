//! XML as a query builds it, and what of it is masked.
//!
//! Never holds a value.

use crate::decision::MaskKind;
use crate::detected::Search;
use crate::effect::{ColumnRef, Projection};

/// A piece of XML that a query builds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum XmlShape {
    /// One value as text, its markup escaped.
    Text(Box<Projection>),
    /// Elements of one name, none to any number.
    Element(XmlElement<Projection, Vec<XmlShape>>),
    /// All of a view's column: where one of these is hidden, so is all of it.
    Column(Vec<ColumnRef>, Vec<XmlShape>),
}

/// Elements of one name.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct XmlElement<A, C> {
    /// The name, as it stands in the document.
    pub name: String,
    /// It is left out where its content is NULL.
    pub optional: bool,
    /// Its attributes by their names as they stand in the document. Each is left out where it is NULL.
    pub attributes: Vec<(String, A)>,
    /// What it holds.
    pub content: C,
}

/// What of XML is masked. What is not of the form that it says is masked whole.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum XmlMask {
    /// Passes as it is, whatever it is.
    Keep,
    /// One text, which passes as far as nothing is found in it.
    Search(Search),
    /// One text, made of an SQL value of this type.
    Value {
        /// How it is masked.
        kind: MaskKind,
        /// Of what type it was made.
        type_oid: u32,
    },
    /// Never shows, whatever it is and whether there is anything: a placeholder, or nothing where the kind is NULL.
    Hidden(MaskKind),
    /// Elements by their names, in any order and number, and no others.
    Nodes {
        /// One entry for each name.
        elements: Vec<XmlElement<XmlMask, XmlMask>>,
        /// What texts between them are searched for; where it is `None` there are none.
        text: Option<Search>,
    },
}
