//! Reading libpg_query's tree: what is inside of a node. Knows no catalog.

use pg_query::NodeEnum;
use pg_query::protobuf::Node;

/// The inside of a node.
pub(crate) fn inner(node: &Node) -> Option<&NodeEnum> {
    node.node.as_ref()
}

/// The inside of an optional boxed node.
#[expect(
    clippy::borrowed_box,
    reason = "what `Option<Box<Node>>::as_ref` gives at every place of the tree"
)]
pub(crate) fn boxed(node: Option<&Box<Node>>) -> Option<&NodeEnum> {
    node.and_then(|node| node.node.as_ref())
}

/// A node that is a string.
pub(crate) fn string(node: &Node) -> Option<&str> {
    match inner(node) {
        Some(NodeEnum::String(string)) => Some(&string.sval),
        _ => None,
    }
}

/// A list of string nodes, such as a qualified name; `None` when one is something else.
pub(crate) fn strings(nodes: &[Node]) -> Option<Vec<&str>> {
    nodes.iter().map(string).collect()
}

/// The kind of a node, as the grammar calls it, for reasons.
pub(crate) fn kind_of(node: &NodeEnum) -> String {
    // The derived Debug form starts with the variant's name; only that is taken, never a value.
    struct Head(String);
    impl std::fmt::Write for Head {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            for c in text.chars() {
                if !c.is_ascii_alphanumeric() {
                    return Err(std::fmt::Error);
                }
                self.0.push(c);
            }
            Ok(())
        }
    }
    let mut head = Head(String::new());
    let _cut = std::fmt::Write::write_fmt(&mut head, format_args!("{node:?}"));
    head.0
}
