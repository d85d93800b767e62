//! Statements of a body.

use std::borrow::Cow;

use super::{End, Kind, Read, Reader, SEMICOLON, is_reserved};
use crate::plpgsql::{Block, Declared, Step, Target, Text};

const DYNAMIC: &str = "dynamic SQL (EXECUTE)";
/// Statements that SQL's words begin, and no cursor's name.
const QUERIES: &[&str] = &[
    "delete", "execute", "explain", "insert", "merge", "select", "show", "table", "update",
    "values", "with",
];
/// Directions of FETCH and MOVE that stand alone.
const DIRECTIONS: &[&str] = &["next", "prior", "first", "last", "all"];
/// Levels of RAISE.
const LEVELS: &[&str] = &["exception", "warning", "notice", "info", "log", "debug"];

impl<'t> Reader<'t> {
    /// Statements up to a word that ends their list, which is left.
    pub(super) fn steps(&mut self, steps: &mut Vec<Step<'t>>) -> Read<()> {
        while !self.ends_list()? {
            self.step(steps)?;
        }
        Ok(())
    }

    fn one_branch(&mut self, steps: &mut Vec<Step<'t>>) -> Read<()> {
        let mut branch = Vec::new();
        self.steps(&mut branch)?;
        steps.push(Step::Branch(branch));
        Ok(())
    }

    fn ends_list(&self) -> Read<bool> {
        let Some(token) = self.peek() else {
            return Err(self.unread("an end too early"));
        };
        if token.kind != Kind::Word || self.is_assignment() {
            return Ok(false);
        }
        let ends = ["end", "else", "elsif", "elseif", "when", "exception"];
        Ok(ends.iter().any(|word| token.is(word)))
    }

    /// Whether the next statement begins with a name that something is put into.
    fn is_assignment(&self) -> bool {
        let named = self.peek().is_some_and(|token| match token.kind {
            Kind::Word => !is_reserved(token.text),
            Kind::Quoted | Kind::Parameter => true,
            Kind::String | Kind::Sign => false,
        });
        let put = self.ahead(1).is_some_and(|token| {
            token.kind == Kind::Sign && matches!(token.text, ":=" | "=" | "[" | ".")
        });
        named && put
    }

    fn step(&mut self, steps: &mut Vec<Step<'t>>) -> Read<()> {
        if self.is_assignment() {
            return self.assignment(steps);
        }
        if self.sees_sign("<<") {
            let label = self.label()?;
            return self.labelled(label, steps);
        }
        let Some(token) = self.peek() else {
            return Err(self.unread("an end too early"));
        };
        if token.kind != Kind::Word {
            return Err(self.unread("a statement that does not begin with a word"));
        }
        let word = token.text.to_ascii_lowercase();
        match word.as_str() {
            "declare" | "begin" | "loop" | "while" | "for" | "foreach" => {
                self.labelled(None, steps)
            }
            "insert" | "merge" | "import" => self.sql(steps),
            _ if is_reserved(&word) => self.reserved(&word, steps),
            _ => self.unreserved(&word, steps),
        }
    }

    fn reserved(&mut self, word: &str, steps: &mut Vec<Step<'t>>) -> Read<()> {
        match word {
            "if" => self.branch(steps),
            "case" => self.case(steps),
            "null" => {
                self.at += 1;
                self.sign(";")
            }
            "execute" => Err(self.unread(DYNAMIC)),
            _ => Err(self.unread("a word that begins no statement")),
        }
    }

    fn unreserved(&mut self, word: &str, steps: &mut Vec<Step<'t>>) -> Read<()> {
        match word {
            "exit" | "continue" => self.leave(steps),
            "return" => self.give_back(steps),
            "raise" => self.raise(steps),
            "assert" => self.assert(steps),
            "get" => self.diagnostics(steps),
            "open" => self.open(steps),
            "fetch" | "move" => self.fetch(steps),
            "close" => {
                self.at += 1;
                let cursor = self.path()?;
                steps.push(Step::Close(cursor));
                self.sign(";")
            }
            "perform" => {
                self.at += 1;
                let text = self.expression(SEMICOLON)?;
                steps.push(Step::Perform(text));
                Ok(())
            }
            "call" => {
                let start = self.at;
                self.until(&[SEMICOLON])?;
                self.at -= 1;
                let text = self.text_from(start)?;
                self.at += 1;
                steps.push(Step::Call(Cow::Borrowed(text)));
                Ok(())
            }
            "do" => Err(self.unread("a DO block")),
            "commit" | "rollback" => {
                self.at += 1;
                if self.taken_word("and") {
                    self.taken_word("no");
                    self.word("chain")?;
                }
                steps.push(Step::Transaction);
                self.sign(";")
            }
            _ => self.sql(steps),
        }
    }

    fn assignment(&mut self, steps: &mut Vec<Step<'t>>) -> Read<()> {
        let start = self.at;
        let mut path = vec![self.name()?];
        let mut subscripted = false;
        loop {
            if self.taken(".") {
                let token = self.next()?;
                let part = token.name();
                let part = part.ok_or_else(|| self.unread("no name behind a dot"))?;
                if !subscripted {
                    path.push(part);
                }
            } else if self.taken("[") {
                subscripted = true;
                self.until(&[End::Sign("]")])?;
            } else {
                break;
            }
        }
        let text = self.text_from(start)?;
        if !self.taken(":=") {
            self.sign("=")?;
        }
        let value = self.expression(SEMICOLON)?;
        let target = Target {
            path,
            subscripted: subscripted.then_some(text),
        };
        steps.push(Step::Assign { target, value });
        Ok(())
    }

    /// A block or loop, behind its label if it has one.
    fn labelled(&mut self, label: Option<String>, steps: &mut Vec<Step<'t>>) -> Read<()> {
        if self.sees("declare") || self.sees("begin") {
            let block = self.block(label)?;
            steps.push(Step::Block(Box::new(block)));
            return self.sign(";");
        }
        let token = self.next()?;
        let mut scope = Block {
            label,
            ..Block::default()
        };
        match token.text.to_ascii_lowercase().as_str() {
            "loop" => {}
            "while" => {
                let text = self.expression(End::Word("loop"))?;
                scope.body.push(Step::Condition(text));
            }
            "for" => self.each(&mut scope)?,
            "foreach" => {
                let into = self.targets()?;
                if self.taken_word("slice") {
                    self.next()?;
                }
                self.word("in")?;
                self.word("array")?;
                let array = self.expression(End::Word("loop"))?;
                scope.body.push(Step::Elements { array, into });
            }
            _ => return Err(self.unread("a label before no block or loop")),
        }
        self.nested(|reader| reader.steps(&mut scope.body))?;
        self.word("end")?;
        self.word("loop")?;
        self.end_label()?;
        steps.push(Step::Block(Box::new(scope)));
        self.sign(";")
    }

    /// `FOR … LOOP`: over integers, a query's rows or a cursor's.
    fn each(&mut self, scope: &mut Block<'t>) -> Read<()> {
        let into = self.targets()?;
        self.word("in")?;
        if self.sees("execute") {
            return Err(self.unread(DYNAMIC));
        }
        if let Some((cursor, arguments)) = self.cursor_of_loop()? {
            // Its variable is the loop's own.
            let names = into.into_iter().flat_map(|target| target.path);
            let own = names.map(|name| Declared::Record { name });
            scope.declared.extend(own);
            scope.body.push(Step::Through { cursor, arguments });
            return Ok(());
        }
        self.taken_word("reverse");
        let (first, end) = self.until(&[End::Sign(".."), End::Word("loop")])?;
        if end == End::Word("loop") {
            scope.body.push(Step::Rows {
                text: Cow::Borrowed(first),
                into,
            });
            return Ok(());
        }
        scope.body.push(Step::Bound(Cow::Borrowed(first)));
        let (last, end) = self.until(&[End::Word("by"), End::Word("loop")])?;
        scope.body.push(Step::Bound(Cow::Borrowed(last)));
        if end == End::Word("by") {
            let step = self.expression(End::Word("loop"))?;
            scope.body.push(Step::Bound(step));
        }
        match into.as_slice() {
            [Target { path, .. }] if path.len() == 1 => {
                let names = path.iter().cloned();
                scope
                    .declared
                    .extend(names.map(|name| Declared::Counter { name }));
                Ok(())
            }
            _ => Err(self.unread("a loop over integers with several variables")),
        }
    }

    /// `c LOOP` or `c(…) LOOP`, which no query is.
    fn cursor_of_loop(&mut self) -> Read<Option<(Vec<String>, Vec<Text<'t>>)>> {
        let Some(token) = self.peek() else {
            return Ok(None);
        };
        let names = token.name().is_some() && !QUERIES.iter().any(|word| token.is(word));
        if !names || token.is("reverse") {
            return Ok(None);
        }
        let start = self.at;
        let cursor = self.path()?;
        if self.taken_word("loop") {
            return Ok(Some((cursor, Vec::new())));
        }
        if self.taken("(") {
            let arguments = self.cursor_arguments()?;
            if self.taken_word("loop") {
                return Ok(Some((cursor, arguments)));
            }
        }
        self.at = start;
        Ok(None)
    }

    /// What a cursor is given, behind the parenthesis.
    fn cursor_arguments(&mut self) -> Read<Vec<Text<'t>>> {
        let mut arguments = Vec::new();
        loop {
            let named = self
                .ahead(1)
                .is_some_and(|token| token.is_sign(":=") || token.is_sign("=>"));
            if named {
                self.at += 2;
            }
            let (text, end) = self.until(&[End::Sign(","), End::Sign(")")])?;
            arguments.push(Cow::Borrowed(text));
            if end == End::Sign(")") {
                return Ok(arguments);
            }
        }
    }

    fn branch(&mut self, steps: &mut Vec<Step<'t>>) -> Read<()> {
        self.at += 1;
        self.nested(|reader| {
            loop {
                let text = reader.expression(End::Word("then"))?;
                steps.push(Step::Condition(text));
                reader.one_branch(steps)?;
                if !reader.taken_word("elsif") && !reader.taken_word("elseif") {
                    break;
                }
            }
            if reader.taken_word("else") {
                reader.one_branch(steps)?;
            }
            Ok(())
        })?;
        self.word("end")?;
        self.word("if")?;
        self.sign(";")
    }

    fn case(&mut self, steps: &mut Vec<Step<'t>>) -> Read<()> {
        self.at += 1;
        let tested = match self.taken_word("when") {
            true => None,
            false => Some(self.expression(End::Word("when"))?),
        };
        self.nested(|reader| {
            loop {
                let text = reader.expression(End::Word("then"))?;
                steps.push(Step::Condition(match &tested {
                    // So PostgreSQL asks, with a variable that holds the first.
                    Some(tested) => Cow::Owned(format!("({tested}) IN ({text})")),
                    None => text,
                }));
                reader.one_branch(steps)?;
                if !reader.taken_word("when") {
                    break;
                }
            }
            if reader.taken_word("else") {
                reader.one_branch(steps)?;
            }
            Ok(())
        })?;
        self.word("end")?;
        self.word("case")?;
        self.sign(";")
    }

    /// EXIT and CONTINUE.
    fn leave(&mut self, steps: &mut Vec<Step<'t>>) -> Read<()> {
        self.at += 1;
        if !self.sees("when") && !self.sees_sign(";") {
            self.name()?;
        }
        if self.taken_word("when") {
            let text = self.expression(SEMICOLON)?;
            steps.push(Step::Condition(text));
            return Ok(());
        }
        self.sign(";")
    }

    fn give_back(&mut self, steps: &mut Vec<Step<'t>>) -> Read<()> {
        self.at += 1;
        if self.taken_word("query") {
            if self.sees("execute") {
                return Err(self.unread(DYNAMIC));
            }
            let text = self.expression(SEMICOLON)?;
            steps.push(Step::ReturnQuery(text));
            return Ok(());
        }
        let many = self.taken_word("next");
        let value = match self.taken(";") {
            true => None,
            false => Some(self.expression(SEMICOLON)?),
        };
        steps.push(match many {
            true => Step::ReturnNext(value),
            false => Step::Return(value),
        });
        Ok(())
    }

    fn raise(&mut self, steps: &mut Vec<Step<'t>>) -> Read<()> {
        self.at += 1;
        let mut told = Vec::new();
        let leveled = LEVELS.iter().any(|level| self.sees(level));
        self.at += usize::from(leveled);
        let mut end = SEMICOLON;
        if self.peek().is_some_and(|token| token.kind == Kind::String) {
            self.at += 1;
            end = self.behind_message()?;
            while end == End::Sign(",") {
                let ends = [End::Sign(","), SEMICOLON, End::Word("using")];
                let (text, found) = self.until(&ends)?;
                told.push(Cow::Borrowed(text));
                end = found;
            }
        } else if self.taken(";") {
        } else {
            if self.taken_word("sqlstate") {
                self.string()?;
            } else if !self.sees("using") {
                self.name()?;
            }
            end = self.behind_message()?;
            if end == End::Sign(",") {
                return Err(self.unread("RAISE"));
            }
        }
        if end == End::Word("using") {
            loop {
                self.name()?;
                if !self.taken("=") {
                    self.sign(":=")?;
                }
                let (text, found) = self.until(&[End::Sign(","), SEMICOLON])?;
                told.push(Cow::Borrowed(text));
                if found == SEMICOLON {
                    break;
                }
            }
        }
        steps.push(Step::Told(told));
        Ok(())
    }

    fn behind_message(&mut self) -> Read<End> {
        let token = self.next()?;
        let ends = [End::Sign(","), SEMICOLON, End::Word("using")];
        let found = ends.iter().copied().find(|end| end.is(&token));
        found.ok_or_else(|| self.unread("RAISE"))
    }

    fn assert(&mut self, steps: &mut Vec<Step<'t>>) -> Read<()> {
        self.at += 1;
        let (text, end) = self.until(&[End::Sign(","), SEMICOLON])?;
        steps.push(Step::Condition(Cow::Borrowed(text)));
        if end != SEMICOLON {
            let message = self.expression(SEMICOLON)?;
            steps.push(Step::Told(vec![message]));
        }
        Ok(())
    }

    fn diagnostics(&mut self, steps: &mut Vec<Step<'t>>) -> Read<()> {
        self.at += 1;
        let stacked = self.taken_word("stacked");
        if !stacked {
            self.taken_word("current");
        }
        self.word("diagnostics")?;
        let mut into = Vec::new();
        loop {
            let path = self.path()?;
            into.push(Target {
                path,
                subscripted: None,
            });
            if !self.taken(":=") {
                self.sign("=")?;
            }
            self.name()?;
            if !self.taken(",") {
                break;
            }
        }
        self.sign(";")?;
        steps.push(Step::Diagnostics { stacked, into });
        Ok(())
    }

    fn open(&mut self, steps: &mut Vec<Step<'t>>) -> Read<()> {
        self.at += 1;
        let cursor = self.path()?;
        let mut arguments = Vec::new();
        let mut query = None;
        if self.taken("(") {
            arguments = self.cursor_arguments()?;
            self.sign(";")?;
        } else if !self.taken(";") {
            self.taken_word("no");
            self.taken_word("scroll");
            self.word("for")?;
            if self.sees("execute") {
                return Err(self.unread(DYNAMIC));
            }
            query = Some(self.expression(SEMICOLON)?);
        }
        steps.push(Step::Open {
            cursor,
            arguments,
            query,
        });
        Ok(())
    }

    /// FETCH and MOVE.
    fn fetch(&mut self, steps: &mut Vec<Step<'t>>) -> Read<()> {
        self.at += 1;
        let mut count = None;
        let ends = [
            End::Word("from"),
            End::Word("in"),
            End::Word("into"),
            SEMICOLON,
        ];
        if self.has_direction() {
            if DIRECTIONS.iter().any(|word| self.sees(word)) {
                self.at += 1;
            } else {
                let words = ["absolute", "relative", "forward", "backward"];
                let leads = words.iter().any(|word| self.sees(word));
                self.at += usize::from(leads);
                let bare = self.sees("all") || self.sees("from") || self.sees("in");
                self.at += usize::from(self.sees("all"));
                if !bare {
                    let (text, end) = self.until(&ends)?;
                    if !matches!(end, End::Word("from" | "in")) {
                        return Err(self.unread("FETCH or MOVE"));
                    }
                    self.at -= 1;
                    count = Some(Cow::Borrowed(text));
                }
            }
            if !self.taken_word("from") {
                self.word("in")?;
            }
        }
        let cursor = self.path()?;
        let into = match self.taken_word("into") {
            true => self.targets()?,
            false => Vec::new(),
        };
        self.sign(";")?;
        steps.push(Step::Fetch {
            cursor,
            count,
            into,
        });
        Ok(())
    }

    /// Whether FROM or IN stands before the end of the statement.
    fn has_direction(&self) -> bool {
        let rest = self.tokens.get(self.at..).unwrap_or_default();
        let mut until = rest.iter().take_while(|token| !token.is_sign(";"));
        until.any(|token| token.is("from") || token.is("in"))
    }

    /// A statement of SQL. Its INTO is PL/pgSQL's own and taken out.
    fn sql(&mut self, steps: &mut Vec<Step<'t>>) -> Read<()> {
        let start = self.at;
        let mut open = 0_usize;
        let mut before = "";
        let mut taken: Option<(usize, usize)> = None;
        let mut into = Vec::new();
        loop {
            let token = self.next()?;
            if token.is_sign(";") && open == 0 {
                break;
            }
            match token.text {
                "(" => open += 1,
                ")" => open = open.saturating_sub(1),
                ";" => return Err(self.unread("a statement within parentheses")),
                _ => {}
            }
            let written = ["insert", "merge"]
                .iter()
                .any(|word| before.eq_ignore_ascii_case(word));
            if token.is("into") && !written {
                if taken.is_some() {
                    return Err(self.unread("a second INTO"));
                }
                self.taken_word("strict");
                into = self.targets()?;
                let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
                let end = last.map_or(token.end, |last| last.end);
                taken = Some((token.start, end));
            }
            before = token.text;
        }
        self.at -= 1;
        let text = self.text_from(start)?;
        let from = self.tokens.get(start).map_or(0, |token| token.start);
        self.at += 1;
        let text = match taken {
            None => Cow::Borrowed(text),
            Some((cut, end)) => {
                let head = cut.checked_sub(from).and_then(|at| text.get(..at));
                let tail = end.checked_sub(from).and_then(|at| text.get(at..));
                let both = head.zip(tail).map(|(head, tail)| format!("{head} {tail}"));
                Cow::Owned(both.ok_or_else(|| self.unread("INTO"))?)
            }
        };
        steps.push(Step::Statement { text, into });
        Ok(())
    }
}
