//! XML as a query builds it: elements, forests, and what they are put together to.
//!
//! Names elements as PostgreSQL does, and has a shape only where every piece was escaped on its way in or has one itself:
//! XML from anywhere else may hold marks of its own, and the whole is redacted.

use std::rc::Rc;

use pg_query::NodeEnum;
use pg_query::protobuf::{Node, XmlExpr, XmlExprOp, XmlOptionType, XmlSerialize};

use super::built::{Built, Element, Form};
use super::scope::{Scope, UNKNOWN, Value};
use super::total::oid::{DATE, TIMESTAMP, TIMESTAMPTZ, XML};
use super::{Analysis, Walk, inner, string};

/// The first version of which it is not known that an attribute takes any text.
const UNREVIEWED: u32 = 190_000;

/// A value in its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    Attribute,
    Content,
    /// One of those that XMLCONCAT puts side by side.
    Piece,
}

impl<'a> Analysis<'a> {
    pub(crate) fn xml(&mut self, expr: &XmlExpr, scope: &Scope<'_>) -> Walk<Value> {
        match XmlExprOp::try_from(expr.op) {
            Ok(XmlExprOp::IsXmlelement) => {
                let attributes = self.xml_targets(&expr.named_args, scope)?;
                let content = self.each(&expr.args, scope)?;
                let built = self.xml_element(expr, &attributes, &content);
                let attributes = attributes.into_iter().map(|(_, value)| value);
                let parts = attributes
                    .map(|value| (Role::Attribute, value))
                    .chain(content.into_iter().map(|value| (Role::Content, value)));
                Ok(self.put_together(parts.collect(), built, "xmlelement()"))
            }
            Ok(XmlExprOp::IsXmlforest) => {
                let members = self.xml_targets(&expr.named_args, scope)?;
                let built = self.xml_forest(&members);
                let parts = members.into_iter();
                let parts = parts.map(|(_, value)| (Role::Content, value)).collect();
                Ok(self.put_together(parts, built, "xmlforest()"))
            }
            Ok(XmlExprOp::IsXmlconcat) => {
                let pieces = self.each(&expr.args, scope)?;
                let built = pieces.iter().map(|piece| self.xml_nodes(piece));
                let built = built.collect::<Option<_>>();
                let built = built.and_then(|pieces| Built::of(Form::Nodes(pieces)));
                let parts = pieces.into_iter().map(|value| (Role::Piece, value));
                Ok(self.put_together(parts.collect(), built, "xmlconcat()"))
            }
            _ => {
                let named = self.xml_targets(&expr.named_args, scope)?;
                let mut values = self.each(&expr.args, scope)?;
                values.extend(named.into_iter().map(|(_, value)| value));
                Ok(self.unsure(&values, 0, "an expression that may fail"))
            }
        }
    }

    /// XMLSERIALIZE: of content, a cast.
    pub(crate) fn xml_serialize(&mut self, xml: &XmlSerialize, scope: &Scope<'_>) -> Walk<Value> {
        let values = self.each(xml.expr.as_deref(), scope)?;
        let target = xml.type_name.as_ref().map(|name| {
            let bare = name.typmods.is_empty();
            (self.type_name(name), bare)
        });
        let is_content = xml.xmloption() == XmlOptionType::XmloptionContent && !xml.indent;
        match (values.as_slice(), target) {
            ([value], Some((target, bare))) if is_content && value.built.is_some() => {
                Ok(self.converted(value, target, bare))
            }
            _ => Ok(self.unsure(&values, 0, "an expression that may fail")),
        }
    }

    /// Values under the names that they get in the document; `None` where that is not known.
    fn xml_targets(
        &mut self,
        targets: &[Node],
        scope: &Scope<'_>,
    ) -> Walk<Vec<(Option<String>, Value)>> {
        let mut named = Vec::with_capacity(targets.len());
        for target in targets {
            let Some(NodeEnum::ResTarget(target)) = inner(target) else {
                named.push((None, self.expression(target, scope)?));
                continue;
            };
            let Some(value) = target.val.as_deref() else {
                continue;
            };
            let name = match (target.name.as_str(), inner(value)) {
                ("", Some(NodeEnum::ColumnRef(column))) => {
                    let last = column.fields.iter().filter_map(string).next_back();
                    last.and_then(|name| xml_name(name, true))
                }
                ("", _) => None,
                // In a view's text a column's own name, which is escaped otherwise, looks like one that was written.
                (name, Some(NodeEnum::ColumnRef(column)))
                    if column.fields.iter().filter_map(string).next_back() == Some(name) =>
                {
                    let fully = xml_name(name, true);
                    fully.filter(|fully| xml_name(name, false).as_ref() == Some(fully))
                }
                (name, _) => xml_name(name, false),
            };
            named.push((name, self.expression(value, scope)?));
        }
        Ok(named)
    }

    fn xml_element(
        &self,
        expr: &XmlExpr,
        attributes: &[(Option<String>, Value)],
        content: &[Value],
    ) -> Option<Rc<Built>> {
        let attributes = attributes.iter().map(|(name, value)| {
            // Whatever it is, it is escaped.
            Some((name.clone()?, Built::plain(value)?))
        });
        let content = content.iter().map(|value| self.xml_content(value));
        Built::of(Form::Element(Element {
            name: xml_name(&expr.name, false)?,
            optional: false,
            attributes: attributes.collect::<Option<_>>()?,
            content: content.collect::<Option<_>>()?,
        }))
    }

    fn xml_forest(&self, members: &[(Option<String>, Value)]) -> Option<Rc<Built>> {
        let members = members.iter().map(|(name, value)| {
            Built::of(Form::Element(Element {
                name: name.clone()?,
                optional: true,
                attributes: Vec::new(),
                content: vec![self.xml_content(value)?],
            }))
        });
        Built::of(Form::Nodes(members.collect::<Option<_>>()?))
    }

    /// A value within an element: XML of a known shape, or of a type that is escaped.
    fn xml_content(&self, value: &Value) -> Option<Rc<Built>> {
        let escaped = value.type_oid == UNKNOWN || self.is_plain(value);
        match escaped {
            true => Built::plain(value),
            false => self.xml_nodes(value),
        }
    }

    /// XML of a known shape.
    fn xml_nodes(&self, value: &Value) -> Option<Rc<Built>> {
        let built = value.built.as_ref();
        built.filter(|_| value.type_oid == XML).map(Rc::clone)
    }

    /// The value of all parts; those that may make it fail are judged as computed with.
    fn put_together(
        &mut self,
        parts: Vec<(Role, Value)>,
        built: Option<Rc<Built>>,
        place: &'static str,
    ) -> Value {
        let failing = parts
            .iter()
            .filter(|(role, value)| !value.sources.is_empty() && !self.is_taken(*role, value));
        let failing: Vec<Value> = failing.map(|(_, value)| value.clone()).collect();
        let risks = self.unsure(&failing, 0, place).risks;
        let parts: Vec<Value> = parts.into_iter().map(|(_, value)| value).collect();
        let mut value = Self::sure(&parts, XML);
        value.telling |= !failing.is_empty();
        value.risk(risks);
        value.built = built;
        value
    }

    /// Whether XML takes any value of this type: it knows no infinite moments.
    fn is_taken(&self, role: Role, value: &Value) -> bool {
        let moment = matches!(self.plain_type(value), DATE | TIMESTAMP | TIMESTAMPTZ);
        let plain = self.is_plain(value) && !moment;
        match role {
            // Of another encoding than its own, libxml2 makes other characters.
            Role::Attribute => {
                plain && self.catalog.is_utf8 && self.catalog.server_version < UNREVIEWED
            }
            Role::Content => plain || self.xml_nodes(value).is_some(),
            Role::Piece => self.xml_nodes(value).is_some(),
        }
    }
}

/// An identifier as it is written in XML, `fully` where it is a column's own name (SQL/XML 9.1); `None` for letters of
/// which only libxml2 knows what they may be.
fn xml_name(identifier: &str, fully: bool) -> Option<String> {
    let mut name = String::new();
    for (at, byte) in identifier.bytes().enumerate() {
        let rest = identifier.get(at..)?;
        let is_first = at == 0;
        let says_xml = || {
            rest.get(..3)
                .is_some_and(|start| start.eq_ignore_ascii_case("xml"))
        };
        let is_letter = byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':');
        let continues = byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
        let escapes = (byte == b':' && (is_first || fully))
            || rest.starts_with("_x")
            || (fully && is_first && says_xml())
            || !(is_letter || continues && !is_first);
        match byte.is_ascii() {
            false => return None,
            true if escapes => name.push_str(&format!("_x{byte:04X}_")),
            true => name.push(char::from(byte)),
        }
    }
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::xml_name;

    #[test]
    fn names_are_written_as_postgresql_does() {
        let check = |identifier, fully, expect: Option<&str>| {
            assert_eq!(
                xml_name(identifier, fully).as_deref(),
                expect,
                "{identifier}"
            );
        };
        check("ssn", true, Some("ssn"));
        check("a b", false, Some("a_x0020_b"));
        check("1a", false, Some("_x0031_a"));
        check("a1.b-c", true, Some("a1.b-c"));
        check(":x_x y", false, Some("_x003A_x_x005F_x_x0020_y"));
        check("a:b", false, Some("a:b"));
        check("a:b", true, Some("a_x003A_b"));
        check("xml odd", true, Some("_x0078_ml_x0020_odd"));
        check("XMLns", true, Some("_x0058_MLns"));
        check("xmlns", false, Some("xmlns"));
        check("a<b>\"", false, Some("a_x003C_b_x003E__x0022_"));
        check("é", false, None);
        check("", false, None);
    }
}
