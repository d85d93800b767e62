//! What of XML is masked, by how a query builds it.
//!
//! Goes by the names of elements and not by their order, which NULL changes: where two of one name at one place are masked
//! otherwise, what they hold is hidden. Never sees a value.

use mask::stricter;
use model::{ColumnRef, MaskKind, Projection, Search, XmlElement, XmlMask, XmlShape};

use crate::labels::LabelView;
use crate::oblige::{search_of, strictest};

type Element = XmlElement<XmlMask, XmlMask>;

/// What of some pieces is masked, and where `searched` says so what of them is searched.
pub(crate) fn xml_mask(view: &LabelView<'_>, pieces: &[XmlShape], searched: bool) -> XmlMask {
    if let [XmlShape::Text(projection)] = pieces {
        return text_mask(view, projection, searched);
    }
    let mut found = Pieces::default();
    found.add(view, pieces, searched);
    found.mask()
}

/// The pieces of one element, or of the document.
#[derive(Default)]
struct Pieces {
    elements: Vec<Element>,
    text: Option<Search>,
    /// The mask of all of them, where one cannot be told from its neighbours.
    hidden: Option<MaskKind>,
}

impl Pieces {
    fn add(&mut self, view: &LabelView<'_>, pieces: &[XmlShape], searched: bool) {
        for piece in pieces {
            match piece {
                XmlShape::Text(projection) => match text_mask(view, projection, searched) {
                    XmlMask::Keep => {
                        self.text.get_or_insert_default();
                    }
                    XmlMask::Search(search) => {
                        self.text = Some(self.text.unwrap_or_default().and(search));
                    }
                    hidden => self.hide(strictest_in(&hidden)),
                },
                XmlShape::Element(element) => {
                    let attributes = element.attributes.iter();
                    let attributes = attributes
                        .map(|(name, value)| (name.clone(), text_mask(view, value, searched)));
                    self.elements.push(Element {
                        name: element.name.clone(),
                        optional: element.optional,
                        attributes: attributes.collect(),
                        content: xml_mask(view, &element.content, searched),
                    });
                }
                XmlShape::Column(column, within) => match strictest(view, column) {
                    Some((kind, _)) => self.hide(Some(kind)),
                    None => self.add(view, within, searched),
                },
            }
        }
    }

    fn hide(&mut self, kind: Option<MaskKind>) {
        let least = self.hidden.unwrap_or(MaskKind::Redact);
        self.hidden = Some(stricter(least, kind.unwrap_or(MaskKind::Redact)));
    }

    fn mask(self) -> XmlMask {
        if let Some(kind) = self.hidden {
            let kinds = self.elements.iter().filter_map(strictest_of);
            return XmlMask::Hidden(kinds.fold(kind, stricter));
        }
        let kept = |element: &Element| {
            let attributes = element.attributes.iter();
            element.content == XmlMask::Keep
                && attributes.clone().all(|(_, mask)| *mask == XmlMask::Keep)
        };
        let searched = self.text.is_some_and(|search| !search.is_empty());
        if self.elements.iter().all(kept) && !searched {
            return XmlMask::Keep;
        }
        if searched && !self.elements.iter().all(kept) {
            // Where an element between two texts goes, they are one, and it is searched as none was.
            let kinds = self.elements.iter().filter_map(strictest_of);
            return XmlMask::Hidden(kinds.fold(MaskKind::Redact, stricter));
        }
        XmlMask::Nodes {
            elements: merged(self.elements),
            text: self.text,
        }
    }
}

/// One element for each name.
fn merged(elements: Vec<Element>) -> Vec<Element> {
    let mut known: Vec<Element> = Vec::new();
    for element in elements {
        let Some(same) = known.iter_mut().find(|one| one.name == element.name) else {
            known.push(element);
            continue;
        };
        same.optional |= element.optional;
        same.content = either(&same.content, element.content);
        for (name, mask) in element.attributes {
            match same.attributes.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known = either(known, mask),
                None => same.attributes.push((name, mask)),
            }
        }
    }
    known
}

/// A mask for what is of one or of the other.
fn either(one: &XmlMask, other: XmlMask) -> XmlMask {
    match (one, other) {
        (one, other) if *one == other => other,
        (XmlMask::Search(a), XmlMask::Search(b)) => XmlMask::Search(a.and(b)),
        (
            XmlMask::Nodes { elements, text },
            XmlMask::Nodes {
                elements: more,
                text: beside,
            },
        ) => XmlMask::Nodes {
            elements: merged(elements.iter().cloned().chain(more).collect()),
            text: match (*text, beside) {
                (Some(a), Some(b)) => Some(a.and(b)),
                (one, other) => one.or(other),
            },
        },
        (one, other) => {
            let kinds = [strictest_in(one), strictest_in(&other)];
            let kinds = kinds.into_iter().flatten();
            XmlMask::Hidden(kinds.fold(MaskKind::Redact, stricter))
        }
    }
}

/// The strictest mask within, if there is any.
pub(crate) fn strictest_in(mask: &XmlMask) -> Option<MaskKind> {
    match mask {
        XmlMask::Keep | XmlMask::Search(_) => None,
        XmlMask::Value { kind, .. } | XmlMask::Hidden(kind) => Some(*kind),
        XmlMask::Nodes { elements, .. } => {
            elements.iter().filter_map(strictest_of).reduce(stricter)
        }
    }
}

fn strictest_of(element: &Element) -> Option<MaskKind> {
    let attributes = element.attributes.iter().map(|(_, mask)| mask);
    let masks = attributes.chain([&element.content]);
    masks.filter_map(strictest_in).reduce(stricter)
}

/// The mask of one text.
fn text_mask(view: &LabelView<'_>, projection: &Projection, searched: bool) -> XmlMask {
    let sources: &[ColumnRef] = projection.sources();
    let Some((kind, type_oid)) = strictest(view, sources) else {
        let search = search_of(view, projection);
        return match searched && !search.is_empty() {
            true => XmlMask::Search(search),
            false => XmlMask::Keep,
        };
    };
    match projection {
        Projection::Free => XmlMask::Keep,
        Projection::Direct(_) => XmlMask::Value { kind, type_oid },
        Projection::Derived(_) | Projection::Shaped { .. } => {
            XmlMask::Hidden(stricter(kind, MaskKind::Redact))
        }
        Projection::Withheld(_) => XmlMask::Hidden(MaskKind::Null),
    }
}
