//! JSON Lines: one object a line, its fields as the columns have them; those that say nothing are left out.
//!
//! Must never write a line break inside an object.

use std::io::{self, Write};

use serde_json::{Map, Value as Json};

use crate::columns::COLUMNS;
use crate::event::AuditEvent;
use crate::format::Encoder;

/// Writes JSON Lines.
pub(crate) struct Jsonl;

impl Encoder for Jsonl {
    fn event(&mut self, event: &AuditEvent, out: &mut dyn Write) -> io::Result<()> {
        let mut before = b'{';
        for column in COLUMNS {
            let Some(value) = (column.of)(event) else {
                continue;
            };
            // Names are plain words: nothing in them needs escaping.
            write!(out, "{}\"{}\":", char::from(before), column.name)?;
            serde_json::to_writer(&mut *out, &value.json())?;
            before = b',';
        }
        out.write_all(b"}\n")
    }
}

/// One event as a JSON object.
pub(crate) fn object(event: &AuditEvent) -> Json {
    let fields = COLUMNS.iter().filter_map(|column| {
        let value = (column.of)(event)?;
        Some((column.name.to_owned(), value.json()))
    });
    Json::Object(fields.collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing;

    #[test]
    fn a_line_is_one_object_and_the_same_as_the_object() {
        for event in testing::every_kind() {
            let mut out = Vec::new();
            Jsonl.event(&event, &mut out).unwrap();
            let line = String::from_utf8(out).unwrap();
            assert_eq!(line.matches('\n').count(), 1, "{line}");
            let read: Json = serde_json::from_str(&line).unwrap();
            assert_eq!(read, object(&event));
            assert_eq!(read["version"], 1);
            assert!(read["id"].is_string() && read["time"].is_string());
        }
    }

    #[test]
    fn what_others_typed_stays_inside_its_value() {
        let hostile = "a\"},{\"kind\":\"control\"\n\r\u{2028}\u{0}\u{202e}";
        let event = testing::statement_with_text(hostile);
        let mut out = Vec::new();
        Jsonl.event(&event, &mut out).unwrap();
        assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 1);
        let read: Json = serde_json::from_slice(&out).unwrap();
        assert_eq!(read["text"], hostile);
    }
}
