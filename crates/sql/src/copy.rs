//! The form in which the client sends the data of a COPY, as the statement's options say it.
//!
//! Knows the options that it names; with any other the data cannot be read.

use pg_query::NodeEnum;
use pg_query::protobuf::{CopyStmt, DefElem};

/// The form of a COPY's data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CopyForm {
    /// Lines of fields between delimiters, with backslashes.
    Text {
        /// Between fields.
        delimiter: u8,
        /// What stands for NULL.
        null: String,
    },
    /// Comma-separated values.
    Csv {
        /// Between fields.
        delimiter: u8,
        /// Around a value.
        quote: u8,
        /// Before a quote within a value.
        escape: u8,
        /// What stands for NULL, without quotes.
        null: String,
    },
    /// PostgreSQL's own.
    Binary,
}

/// The form of the data that a `COPY … FROM STDIN` takes; `None` where the text is no such statement, or where an option
/// changes the data in a way that is not known here.
pub fn copy_form(text: &str) -> Option<CopyForm> {
    let parsed = crate::inspection::parse(text).ok()?;
    let [statement] = parsed.stmts.as_slice() else {
        return None;
    };
    match statement.stmt.as_ref()?.node.as_ref()? {
        NodeEnum::CopyStmt(copy) if copy.is_from => form(copy),
        _ => None,
    }
}

fn form(copy: &CopyStmt) -> Option<CopyForm> {
    let mut options = Options::default();
    for node in &copy.options {
        let Some(NodeEnum::DefElem(option)) = node.node.as_ref() else {
            return None;
        };
        options.take(option)?;
    }
    let is_csv = match options.format {
        None | Some("text") => false,
        Some("csv") => true,
        Some("binary") => return Some(CopyForm::Binary),
        Some(_) => return None,
    };
    let one = |text: Option<&str>, usual: u8| match text.map(str::as_bytes) {
        None => Some(usual),
        Some([byte]) => Some(*byte),
        Some(_) => None,
    };
    // Where that is a value, nothing but the empty text is taken for NULL, which is no mask.
    let null = options.null.filter(|_| !options.is_forced);
    Some(match is_csv {
        false => CopyForm::Text {
            delimiter: one(options.delimiter, b'\t')?,
            null: null.unwrap_or("\\N").to_owned(),
        },
        true => {
            let quote = one(options.quote, b'"')?;
            CopyForm::Csv {
                delimiter: one(options.delimiter, b',')?,
                quote,
                escape: one(options.escape, quote)?,
                null: null.unwrap_or_default().to_owned(),
            }
        }
    })
}

#[derive(Default)]
struct Options<'t> {
    format: Option<&'t str>,
    delimiter: Option<&'t str>,
    null: Option<&'t str>,
    quote: Option<&'t str>,
    escape: Option<&'t str>,
    /// Some column takes what stands for NULL as a value.
    is_forced: bool,
}

impl<'t> Options<'t> {
    fn take(&mut self, option: &'t DefElem) -> Option<()> {
        let value = match option.arg.as_deref().and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::String(text)) => Some(text.sval.as_str()),
            _ => None,
        };
        match option.defname.as_str() {
            "format" => self.format = Some(value?),
            "delimiter" => self.delimiter = Some(value?),
            "null" => self.null = Some(value?),
            "quote" => self.quote = Some(value?),
            "escape" => self.escape = Some(value?),
            "force_not_null" => self.is_forced = true,
            // What is forced to be NULL is looked at all the same.
            "header" | "freeze" | "force_null" | "default" | "on_error" | "reject_limit"
            | "log_verbosity" => {}
            "encoding" => {
                let name = value?.to_ascii_lowercase();
                matches!(name.as_str(), "utf8" | "utf-8" | "unicode").then_some(())?;
            }
            _ => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(delimiter: u8, null: &str) -> Option<CopyForm> {
        let null = null.to_owned();
        Some(CopyForm::Text { delimiter, null })
    }

    fn csv(delimiter: u8, quote: u8, escape: u8, null: &str) -> Option<CopyForm> {
        let null = null.to_owned();
        Some(CopyForm::Csv {
            delimiter,
            quote,
            escape,
            null,
        })
    }

    #[test]
    fn options_are_read() {
        let check =
            |statement: &str, expect| assert_eq!(copy_form(statement), expect, "{statement}");
        check("COPY t FROM STDIN", text(b'\t', "\\N"));
        check(
            "copy t (a) from stdin delimiter '|' null '***';",
            text(b'|', "***"),
        );
        check(
            "COPY t FROM STDIN (FORMAT csv, HEADER)",
            csv(b',', b'"', b'"', ""),
        );
        check(
            "COPY t FROM STDIN WITH CSV DELIMITER ';' QUOTE '~' ESCAPE E'\\\\'",
            csv(b';', b'~', b'\\', ""),
        );
        check(
            "COPY t FROM STDIN (FORMAT csv, FORCE_NULL (a), NULL 'x')",
            csv(b',', b'"', b'"', "x"),
        );
        check("COPY t FROM STDIN (FORMAT binary)", Some(CopyForm::Binary));
        check("COPY BINARY t FROM STDIN", Some(CopyForm::Binary));
        check("COPY t FROM STDIN (ENCODING 'utf8')", text(b'\t', "\\N"));
        check("COPY t FROM STDIN (ENCODING 'latin1')", None);
        check("COPY t FROM STDIN (FORMAT parquet)", None);
        check("COPY t FROM STDIN (DELIMITER 'ab')", None);
        check("COPY t FROM STDIN; SELECT 1", None);
        check("COPY t TO STDOUT", None);
        check("SELECT 1", None);
    }
}
