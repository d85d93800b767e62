//! Blocks, statements and declarations.
//!
//! Where PostgreSQL asks what a name means before it knows how to go on, all that it may mean reads alike here, or the
//! body is refused.

mod statement;

use std::borrow::Cow;

use super::tokens::{Kind, Token, tokens};
use super::{Block, Declared, Step, Target, Text, TypeText, Unread};

/// Blocks and loops within each other.
const NESTING_MAX: usize = 100;
/// PostgreSQL cuts names here (`NAMEDATALEN`).
const NAME_BYTES_MAX: usize = 63;

/// `pl_reserved_kwlist.h`: these are never names.
const RESERVED: &[&str] = &[
    "all", "begin", "by", "case", "declare", "else", "end", "execute", "for", "foreach", "from",
    "if", "in", "into", "loop", "not", "null", "or", "strict", "then", "to", "using", "when",
    "while",
];

pub(super) type Read<T> = Result<T, Unread>;

/// Reads a body.
///
/// # Errors
/// [`Unread`] where it is not read for certain, with the construct that it stopped at.
pub(crate) fn read(body: &str) -> Read<Block<'_>> {
    let mut reader = Reader {
        body,
        tokens: if body.trim().is_empty() {
            Vec::new()
        } else {
            tokens(body)?
        },
        at: 0,
        depth: 0,
    };
    reader.options()?;
    let label = reader.label()?;
    let block = reader.block(label)?;
    reader.taken(";");
    match reader.peek() {
        None => Ok(block),
        Some(_) => Err(reader.unread("text behind the last END")),
    }
}

/// A name as PostgreSQL keeps it; `None` where that is not certain.
pub(crate) fn fold(written: &str) -> Option<String> {
    let mut name = match written.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"')?.replace("\"\"", "\""),
        None => written.to_ascii_lowercase(),
    };
    if name.len() > NAME_BYTES_MAX {
        let end = name.floor_char_boundary(NAME_BYTES_MAX);
        name.truncate(end);
    }
    Some(name)
}

/// What ends a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Sign(&'static str),
    Word(&'static str),
}

impl End {
    fn is(self, token: &Token<'_>) -> bool {
        match self {
            Self::Sign(sign) => token.is_sign(sign),
            Self::Word(word) => token.is(word),
        }
    }
}

const SEMICOLON: End = End::Sign(";");

pub(super) struct Reader<'t> {
    body: &'t str,
    tokens: Vec<Token<'t>>,
    at: usize,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn unread(&self, what: &str) -> Unread {
        let end = self
            .peek()
            .map_or(self.body.len(), |token| token.start)
            .min(self.body.len());
        let before = self.body.get(..end).unwrap_or_default();
        Unread {
            what: what.to_owned(),
            line: before.matches('\n').count() + 1,
        }
    }

    fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.at).copied()
    }

    fn ahead(&self, by: usize) -> Option<Token<'t>> {
        self.tokens.get(self.at + by).copied()
    }

    fn next(&mut self) -> Read<Token<'t>> {
        let token = self.peek().ok_or_else(|| self.unread("an end too early"))?;
        self.at += 1;
        Ok(token)
    }

    fn sees(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| token.is(word))
    }

    fn sees_sign(&self, sign: &str) -> bool {
        self.peek().is_some_and(|token| token.is_sign(sign))
    }

    /// Takes a sign if it comes next.
    fn taken(&mut self, sign: &str) -> bool {
        let found = self.sees_sign(sign);
        self.at += usize::from(found);
        found
    }

    /// Takes a word if it comes next.
    fn taken_word(&mut self, word: &str) -> bool {
        let found = self.sees(word);
        self.at += usize::from(found);
        found
    }

    fn sign(&mut self, sign: &str) -> Read<()> {
        match self.taken(sign) {
            true => Ok(()),
            false => Err(self.unread(&format!("no {sign} where one was expected"))),
        }
    }

    fn word(&mut self, word: &str) -> Read<()> {
        match self.taken_word(word) {
            true => Ok(()),
            false => Err(self.unread(&format!(
                "no {} where one was expected",
                word.to_uppercase()
            ))),
        }
    }

    /// A name that is no reserved word.
    fn name(&mut self) -> Read<String> {
        let token = self.next()?;
        let reserved = token.kind == Kind::Word && is_reserved(token.text);
        match token.name().filter(|_| !reserved) {
            Some(name) => Ok(name),
            None => Err(self.unread("no name where one was expected")),
        }
    }

    /// `a.b.c`.
    fn path(&mut self) -> Read<Vec<String>> {
        let mut path = vec![self.name()?];
        while self.taken(".") {
            let token = self.next()?;
            // Behind a dot any word is a name.
            let part = token
                .name()
                .ok_or_else(|| self.unread("no name behind a dot"))?;
            path.push(part);
        }
        Ok(path)
    }

    /// The text up to the first of `ends` that stands in no parentheses, and which it was.
    fn until(&mut self, ends: &[End]) -> Read<(&'t str, End)> {
        let start = self.at;
        let mut open = 0_usize;
        loop {
            let token = self.next()?;
            let end = ends.iter().copied().find(|end| end.is(&token));
            if open == 0
                && let Some(end) = end
            {
                self.at -= 1;
                let text = self.text_from(start)?;
                self.at += 1;
                return Ok((text, end));
            }
            match token.text {
                "(" | "[" => open += 1,
                ")" | "]" => {
                    let within = open.checked_sub(1);
                    open = within.ok_or_else(|| self.unread("a parenthesis too many"))?;
                }
                ";" => return Err(self.unread("an expression that does not end")),
                _ => {}
            }
        }
    }

    /// The text of the tokens from `start` to the next one.
    fn text_from(&self, start: usize) -> Read<&'t str> {
        let first = self.tokens.get(start).filter(|_| start < self.at);
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let text = first
            .zip(last)
            .and_then(|(first, last)| self.body.get(first.start..last.end));
        text.ok_or_else(|| self.unread("an empty expression"))
    }

    fn expression(&mut self, end: End) -> Read<Text<'t>> {
        Ok(Cow::Borrowed(self.until(&[end])?.0))
    }

    fn options(&mut self) -> Read<()> {
        while self.taken("#") {
            let name = self.name()?;
            match name.as_str() {
                // A name that may be two things is refused whatever this says.
                "option" | "print_strict_params" | "variable_conflict" => {
                    self.next()?;
                }
                _ => return Err(self.unread("an option of the compiler")),
            }
        }
        Ok(())
    }

    fn label(&mut self) -> Read<Option<String>> {
        if !self.taken("<<") {
            return Ok(None);
        }
        let label = self.name()?;
        self.sign(">>")?;
        Ok(Some(label))
    }

    fn nested<T>(&mut self, walk: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return Err(self.unread("blocks nested too deeply"));
        }
        let found = walk(self)?;
        self.depth -= 1;
        Ok(found)
    }

    /// From DECLARE or BEGIN to the label behind END.
    fn block(&mut self, label: Option<String>) -> Read<Block<'t>> {
        self.nested(|reader| {
            let mut block = Block {
                label,
                ..Block::default()
            };
            if reader.taken_word("declare") {
                reader.declarations(&mut block.declared)?;
            }
            reader.word("begin")?;
            reader.steps(&mut block.body)?;
            if reader.taken_word("exception") {
                let mut steps = Vec::new();
                reader.handlers(&mut steps)?;
                block.handlers = Some(steps);
            }
            reader.word("end")?;
            reader.end_label()?;
            Ok(block)
        })
    }

    /// A label may stand behind END.
    fn end_label(&mut self) -> Read<()> {
        if self.peek().is_some_and(|token| !token.is_sign(";")) {
            self.name()?;
        }
        Ok(())
    }

    fn handlers(&mut self, steps: &mut Vec<Step<'t>>) -> Read<()> {
        if !self.sees("when") {
            return Err(self.unread("EXCEPTION without WHEN"));
        }
        while self.taken_word("when") {
            loop {
                if self.sees("sqlstate") {
                    self.at += 1;
                    self.string()?;
                } else {
                    self.name()?;
                }
                if !self.taken_word("or") {
                    break;
                }
            }
            self.word("then")?;
            self.steps(steps)?;
        }
        Ok(())
    }

    fn string(&mut self) -> Read<()> {
        let token = self.next()?;
        match token.kind {
            Kind::String => Ok(()),
            _ => Err(self.unread("no string where one was expected")),
        }
    }

    fn declarations(&mut self, declared: &mut Vec<Declared<'t>>) -> Read<()> {
        loop {
            if self.sees("begin") {
                return Ok(());
            }
            if self.taken_word("declare") {
                continue;
            }
            let name = self.name()?;
            let found = self.declaration(name)?;
            declared.push(found);
        }
    }

    fn declaration(&mut self, name: String) -> Read<Declared<'t>> {
        if self.sees("alias") && self.ahead(1).is_some_and(|next| next.is("for")) {
            self.at += 2;
            let of = self.path()?;
            self.sign(";")?;
            return Ok(Declared::Alias { name, of });
        }
        if let Some(found) = self.cursor(&name)? {
            return Ok(found);
        }
        self.taken_word("constant");
        let type_name = self.type_name(&[])?;
        if self.taken_word("collate") {
            self.path()?;
        }
        if self.taken_word("not") {
            self.word("null")?;
        }
        let has_default = self.taken(":=") || self.taken("=") || self.taken_word("default");
        let default = if has_default {
            Some(self.expression(SEMICOLON)?)
        } else {
            self.sign(";")?;
            None
        };
        Ok(Declared::Variable {
            name,
            type_name,
            default,
        })
    }

    fn cursor(&mut self, name: &str) -> Read<Option<Declared<'t>>> {
        let mut by = 0;
        if self.sees("no") {
            by = 1;
        }
        if self.ahead(by).is_some_and(|token| token.is("scroll")) {
            by += 1;
        }
        if !self.ahead(by).is_some_and(|token| token.is("cursor")) {
            return Ok(None);
        }
        self.at += by + 1;
        let mut arguments = Vec::new();
        if self.taken("(") {
            loop {
                let argument = self.name()?;
                let type_name = self.type_name(&[",", ")"])?;
                arguments.push((argument, type_name));
                if self.taken(",") {
                    continue;
                }
                self.sign(")")?;
                break;
            }
        }
        if !self.taken_word("is") {
            self.word("for")?;
        }
        let query = self.expression(SEMICOLON)?;
        let name = name.to_owned();
        Ok(Some(Declared::Cursor {
            name,
            arguments,
            query,
        }))
    }

    /// A type, up to what may follow it.
    fn type_name(&mut self, also: &[&str]) -> Read<TypeText<'t>> {
        let start = self.at;
        let mut open = 0_usize;
        loop {
            let Some(token) = self.peek() else {
                return Err(self.unread("a declaration that does not end"));
            };
            let ends = matches!(token.text, ";" | "=" | ":=") && token.kind == Kind::Sign
                || ["collate", "not", "default"]
                    .iter()
                    .any(|word| token.is(word))
                || open == 0 && also.iter().any(|sign| token.is_sign(sign));
            if ends {
                break;
            }
            match token.text {
                "(" => open += 1,
                ")" => {
                    let within = open.checked_sub(1);
                    open = within.ok_or_else(|| self.unread("a parenthesis too many"))?;
                }
                _ => {}
            }
            self.at += 1;
        }
        let text = self.text_from(start)?;
        let Some(tokens) = self.tokens.get(start..self.at) else {
            return Err(self.unread("a type"));
        };
        let Some(percent) = tokens.iter().position(|token| token.is_sign("%")) else {
            return Ok(TypeText::Plain(text));
        };
        let (name, behind) = tokens.split_at(percent);
        let path = dotted(name).ok_or_else(|| self.unread("the name of a type"))?;
        let is_array = |rest: &[Token<'_>]| {
            rest.iter().all(|token| {
                matches!(token.text, "[" | "]")
                    || token.text.bytes().all(|b| b.is_ascii_digit())
                    || token.is("array")
            })
        };
        match behind {
            [_, kind, rest @ ..] if kind.is("type") && is_array(rest) => Ok(TypeText::Like(path)),
            [_, kind, rest @ ..] if kind.is("rowtype") && is_array(rest) => {
                Ok(TypeText::RowOf(path))
            }
            _ => Err(self.unread("a type")),
        }
    }

    /// Names to put values in, up to what is no comma.
    fn targets(&mut self) -> Read<Vec<Target<'t>>> {
        let mut targets = Vec::new();
        loop {
            let path = self.path()?;
            targets.push(Target {
                path,
                subscripted: None,
            });
            if !self.taken(",") {
                return Ok(targets);
            }
        }
    }
}

/// `a.b.c` of tokens and nothing else.
fn dotted(tokens: &[Token<'_>]) -> Option<Vec<String>> {
    let parts = tokens.iter().enumerate().map(|(at, token)| match at % 2 {
        0 => token.name().map(Some),
        _ => token.is_sign(".").then_some(None),
    });
    let parts: Vec<Option<String>> = parts.collect::<Option<_>>()?;
    (tokens.len() % 2 == 1).then(|| parts.into_iter().flatten().collect())
}

fn is_reserved(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    RESERVED.binary_search(&lower.as_str()).is_ok()
}
