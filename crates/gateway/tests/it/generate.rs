//! Queries from a seed, over generated tables: the same seed gives the same text.

use std::fmt::Write as _;

/// The generated tables' columns: name, type, and whether it is masked.
pub(crate) const COLUMNS: &[(&str, Kind, bool)] = &[
    ("id", Kind::Int, false),
    ("a", Kind::Text, false),
    ("n", Kind::Int, false),
    ("d", Kind::Date, false),
    ("j", Kind::Json, false),
    ("mt", Kind::Text, true),
    ("mr", Kind::Text, true),
    ("mi", Kind::Int, true),
    ("mq", Kind::Numeric, true),
    ("md", Kind::Date, true),
    ("mj", Kind::Json, true),
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Bool,
    Int,
    Text,
    Numeric,
    Date,
    Json,
}

/// Repeatable chance.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, count: u64) -> u64 {
        self.next() % count
    }

    pub(crate) fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    pub(crate) fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }
}

/// The tables and the views that a query may read; all have [`COLUMNS`].
pub(crate) type Relations = (&'static [&'static str], &'static [&'static str]);

/// One query in the making.
pub(crate) struct Writer {
    pub(crate) dice: Dice,
    /// Tables and views to read.
    relations: Relations,
    /// Masked columns appear once in so many columns.
    rarity: u64,
    /// Relations in scope.
    pub(crate) scope: Vec<String>,
    names: u32,
}

impl Writer {
    pub(crate) fn new(seed: u64, relations: Relations) -> Self {
        let mut dice = Dice(seed);
        let rarity = 2 + dice.below(5);
        Self {
            dice,
            relations,
            rarity,
            scope: Vec::new(),
            names: 0,
        }
    }

    fn view(&mut self) -> &'static str {
        match self.relations.1 {
            [only] => only,
            views => self.dice.pick(views),
        }
    }

    pub(crate) fn name(&mut self) -> String {
        self.names += 1;
        format!("t{}", self.names)
    }

    pub(crate) fn column(&mut self, kind: Kind, masked: bool) -> String {
        let rarity = self.rarity;
        let masked = masked && self.dice.one_in(rarity);
        let fitting: Vec<&str> = COLUMNS
            .iter()
            .filter(|(_, of, hidden)| *of == kind && *hidden == masked)
            .map(|(name, ..)| *name)
            .collect();
        if fitting.is_empty() {
            return self.literal(kind);
        }
        let column = self.dice.pick(&fitting);
        let scope: Vec<&str> = self.scope.iter().map(String::as_str).collect();
        if scope.is_empty() {
            return self.literal(kind);
        }
        format!("{}.{column}", self.dice.pick(&scope))
    }

    pub(crate) fn literal(&mut self, kind: Kind) -> String {
        let n = self.dice.below(20);
        match kind {
            Kind::Bool => self.dice.pick(&["true", "false"]).to_owned(),
            Kind::Int => n.to_string(),
            Kind::Text => format!("'{}'", self.dice.pick(&["", "a", "x1", "b c", "9"])),
            Kind::Numeric => format!("{n}.5"),
            Kind::Date => format!("date '2001-01-{:02}'", n + 1),
            Kind::Json => self
                .dice
                .pick(&["'{}'::jsonb", "'{\"k\": 1}'::jsonb"])
                .to_owned(),
        }
    }

    /// An expression; `masked` where hidden columns may appear in it.
    pub(crate) fn expression(&mut self, kind: Kind, depth: u32, masked: bool) -> String {
        if depth == 0 || self.dice.one_in(3) {
            return match self.dice.below(4) {
                0 => self.literal(kind),
                _ => self.column(kind, masked),
            };
        }
        let depth = depth - 1;
        match self.dice.below(9) {
            0 => {
                let (a, b) = (
                    self.expression(kind, depth, masked),
                    self.expression(kind, depth, masked),
                );
                format!("coalesce({a}, {b})")
            }
            1 => {
                // What decides is not masked, or it would be refused.
                let rarely = self.dice_rarely();
                let when = self.expression(Kind::Bool, depth, rarely);
                let (a, b) = (
                    self.expression(kind, depth, masked),
                    self.expression(kind, depth, masked),
                );
                format!("CASE WHEN {when} THEN {a} ELSE {b} END")
            }
            2 if kind != Kind::Json && kind != Kind::Bool => {
                let (a, b) = (
                    self.expression(kind, depth, masked),
                    self.expression(kind, depth, masked),
                );
                let word = self.dice.pick(&["greatest", "least", "nullif"]);
                format!("{word}({a}, {b})")
            }
            3 => self.subselect(kind, depth, masked),
            _ => self.computed(kind, depth, masked),
        }
    }

    fn dice_rarely(&mut self) -> bool {
        self.dice.one_in(12)
    }

    fn computed(&mut self, kind: Kind, depth: u32, masked: bool) -> String {
        match kind {
            Kind::Text => self.text(depth, masked),
            Kind::Int => self.int(depth, masked),
            Kind::Bool => self.condition(depth, masked),
            Kind::Json => self.json(depth, masked),
            Kind::Date => {
                let a = self.expression(Kind::Date, depth, masked);
                match self.dice.below(4) {
                    0 => format!("({a} + 1)"),
                    _ => format!("({a})::timestamptz::date"),
                }
            }
            Kind::Numeric => {
                let a = self.expression(Kind::Int, depth, masked);
                match self.dice.below(4) {
                    0 => format!("({a} / 2.0)"),
                    1 => format!("round(({a})::numeric, 1)"),
                    _ => format!("({a})::numeric"),
                }
            }
        }
    }

    fn text(&mut self, depth: u32, masked: bool) -> String {
        let a = self.expression(Kind::Text, depth, masked);
        match self.dice.below(16) {
            0 => format!("upper({a})"),
            1 => format!("left({a}, {})", self.dice.below(5)),
            2 => format!("right({a}, {})", self.dice.below(5)),
            3 | 4 => {
                let b = self.expression(Kind::Text, depth, masked);
                format!("({a} || {b})")
            }
            5 => format!("substr({a}, 2)"),
            6 => format!("split_part({a}, '1', 2)"),
            7 => format!("translate({a}, '123', 'x')"),
            8 => format!("trim({a})"),
            9 => {
                let b = self.expression(Kind::Int, depth, masked);
                format!("({b})::text")
            }
            10 => {
                let b = self.expression(Kind::Json, depth, masked);
                format!("(({b})->>'k')")
            }
            11 => {
                let b = self.expression(Kind::Text, depth, masked);
                format!("concat({a}, {b}, 'z')")
            }
            12 => format!("replace({a}, '1', 'one')"),
            13 => format!("substring({a} from '[0-9]')"),
            14 => format!("regexp_replace({a}, '^a', 'b')"),
            _ => {
                let b = self.expression(Kind::Date, depth, masked);
                format!("({b})::text")
            }
        }
    }

    fn int(&mut self, depth: u32, masked: bool) -> String {
        let text = self.expression(Kind::Text, depth, masked);
        match self.dice.below(8) {
            0 | 1 => format!("length({text})"),
            2 => format!("strpos({text}, 'a')"),
            3 => format!("ascii({text})"),
            4 => {
                let a = self.expression(Kind::Int, depth, masked);
                let sign = self.dice.pick(&["+", "-", "*", "/", "%"]);
                let b = self.expression(Kind::Int, depth, masked);
                format!("({a} {sign} {b})")
            }
            5 => format!("({text})::int"),
            6 => {
                let date = self.expression(Kind::Date, depth, masked);
                format!("extract(year FROM {date})::int")
            }
            _ => self.expression(Kind::Int, depth, masked),
        }
    }

    pub(crate) fn condition(&mut self, depth: u32, masked: bool) -> String {
        let kind = [Kind::Int, Kind::Text, Kind::Date, Kind::Numeric]
            [usize::try_from(self.dice.below(4)).unwrap()];
        let a = self.expression(kind, depth, masked);
        let b = self.expression(kind, depth, masked);
        match self.dice.below(9) {
            0 => format!("({a} IS NULL)"),
            1 => format!("({a} IN ({b}, {a}))"),
            2 => {
                let text = self.expression(Kind::Text, depth, masked);
                format!("({text} LIKE '%1%')")
            }
            3 => {
                let c = self.expression(Kind::Bool, depth, masked);
                let d = self.expression(Kind::Bool, depth, masked);
                let word = self.dice.pick(&["AND", "OR"]);
                format!("({c} {word} {d})")
            }
            4 => format!("({a} IS DISTINCT FROM {b})"),
            5 => {
                let inner = self.select(&[kind], depth, masked);
                let word = self.dice.pick(&["EXISTS", "NOT EXISTS"]);
                format!("({word} ({inner}))")
            }
            _ => {
                let sign = self.dice.pick(&["=", "<>", "<", ">", "<=", ">="]);
                format!("({a} {sign} {b})")
            }
        }
    }

    fn json(&mut self, depth: u32, masked: bool) -> String {
        let kind = [Kind::Int, Kind::Text, Kind::Date, Kind::Numeric]
            [usize::try_from(self.dice.below(4)).unwrap()];
        let a = self.expression(kind, depth, masked);
        match self.dice.below(5) {
            0 => format!("jsonb_build_object('k', {a})"),
            1 => format!(
                "to_jsonb({a}{})",
                if kind == Kind::Text { "::text" } else { "" }
            ),
            2 => {
                let scope: Vec<&str> = self.scope.iter().map(String::as_str).collect();
                match scope.is_empty() {
                    true => "'[]'::jsonb".to_owned(),
                    false => format!("to_jsonb({})", self.dice.pick(&scope)),
                }
            }
            3 => format!("jsonb_build_array({a}, 1)"),
            _ => self.column(Kind::Json, masked),
        }
    }

    fn subselect(&mut self, kind: Kind, depth: u32, masked: bool) -> String {
        let inner = self.select(&[kind], depth.min(1), masked);
        format!("({inner} LIMIT 1)")
    }

    /// A FROM list, whose relations are put into scope.
    pub(crate) fn from(&mut self, depth: u32, masked: bool) -> String {
        let mut text = String::new();
        for nth in 0..=self.dice.below(2) {
            let alias = self.name();
            let item = match self.dice.below(5) {
                0 if depth > 0 => {
                    let kinds: Vec<Kind> = COLUMNS.iter().map(|(_, kind, _)| *kind).collect();
                    let names: Vec<&str> = COLUMNS.iter().map(|(name, ..)| *name).collect();
                    let outer = std::mem::take(&mut self.scope);
                    let inner = self.select(&kinds, depth - 1, masked);
                    self.scope = outer;
                    format!("({inner}) AS {alias} ({})", names.join(", "))
                }
                1 => format!("{} AS {alias}", self.view()),
                _ => format!("{} AS {alias}", self.dice.pick(self.relations.0)),
            };
            if nth > 0 {
                let left = self.scope.last().cloned().unwrap_or_default();
                let word = self.dice.pick(&["JOIN", "LEFT JOIN", "FULL JOIN"]);
                write!(text, " {word} {item} ON {left}.id = {alias}.id").unwrap();
            } else {
                text = item;
            }
            self.scope.push(alias);
        }
        text
    }

    /// A query level with columns of these kinds.
    pub(crate) fn select(&mut self, kinds: &[Kind], depth: u32, masked: bool) -> String {
        let outer = self.scope.len();
        let from = self.from(depth, masked);
        let columns: Vec<String> = kinds
            .iter()
            .map(|kind| self.expression(*kind, depth, masked))
            .collect();
        let mut text = format!("SELECT {} FROM {from}", columns.join(", "));
        if self.dice.one_in(2) {
            let masked = self.dice_rarely();
            write!(
                text,
                " WHERE {}",
                self.expression(Kind::Bool, depth, masked)
            )
            .unwrap();
        }
        self.scope.truncate(outer);
        text
    }

    /// A whole query.
    pub(crate) fn query(&mut self) -> String {
        let kinds: Vec<Kind> = (0..=self.dice.below(4))
            .map(|_| {
                [
                    Kind::Text,
                    Kind::Int,
                    Kind::Date,
                    Kind::Json,
                    Kind::Bool,
                    Kind::Numeric,
                    Kind::Text,
                ][usize::try_from(self.dice.below(7)).unwrap()]
            })
            .collect();
        match self.dice.below(10) {
            0 => self.aggregate(),
            1 => self.window(&kinds),
            2 => {
                let (a, b) = (self.select(&kinds, 2, true), self.select(&kinds, 2, true));
                let word = self
                    .dice
                    .pick(&["UNION ALL", "UNION", "EXCEPT", "INTERSECT"]);
                format!("{a} {word} {b}")
            }
            3 => {
                let inner = self.select(&[Kind::Int, Kind::Text], 2, true);
                format!(
                    "WITH c (x, y) AS MATERIALIZED ({inner}) SELECT x, y, upper(y) FROM c WHERE x IS NOT NULL OR true"
                )
            }
            4 => {
                let inner = self.select(&kinds, 2, true);
                format!("SELECT count(*) FROM ({inner}) x")
            }
            5 => {
                let mut text = self.select(&kinds, 2, true);
                let column = self.dice.below(kinds.len() as u64) + 1;
                write!(text, " ORDER BY {column} LIMIT {}", 1 + self.dice.below(9)).unwrap();
                text
            }
            6 => {
                let alias = self.name();
                let all = [self.relations.0, self.relations.1].concat();
                let table = self.dice.pick(&all);
                let what = self.dice.pick(&[
                    "*",
                    "{}",
                    "{}.*, 1",
                    "to_jsonb({})",
                    "row_to_json({})",
                    "ROW({}.*)",
                ]);
                format!(
                    "SELECT {} FROM {table} AS {alias}",
                    what.replace("{}", &alias)
                )
            }
            _ => self.select(&kinds, 3, true),
        }
    }

    fn aggregate(&mut self) -> String {
        let from = self.from(1, true);
        let text = self.expression(Kind::Text, 1, true);
        let int = self.expression(Kind::Int, 1, true);
        let masked = self.dice_rarely();
        let group = self.expression(Kind::Text, 1, masked);
        let what = self.dice.pick(&[
            "count(*)",
            "string_agg({t}, ',')",
            "array_agg({i})",
            "json_agg({t})",
            "jsonb_agg({i})",
            "sum({i})",
            "avg({i})",
            "min({t})",
            "max({i})",
            "count({t})",
            "count(DISTINCT {i})",
            "bool_and({i} > 3)",
            "jsonb_object_agg('k', {t})",
        ]);
        let what = what.replace("{t}", &text).replace("{i}", &int);
        self.scope.clear();
        format!("SELECT {group}, {what} FROM {from} GROUP BY 1")
    }

    fn window(&mut self, kinds: &[Kind]) -> String {
        let from = self.from(1, true);
        let value = self.expression(kinds[0], 1, true);
        let masked = self.dice_rarely();
        let order = self.expression(Kind::Int, 1, masked);
        let what = self.dice.pick(&[
            "lag({v}) OVER w",
            "lead({v}) OVER w",
            "first_value({v}) OVER w",
            "last_value({v}) OVER w",
            "nth_value({v}, 2) OVER w",
            "rank() OVER w",
            "count({v}) OVER w",
            "row_number() OVER (PARTITION BY {v})",
        ]);
        let what = what.replace("{v}", &value);
        let first = self.scope.first().cloned().unwrap_or_default();
        self.scope.clear();
        format!("SELECT {first}.id, {what} FROM {from} WINDOW w AS (ORDER BY {order}, {first}.id)")
    }
}

/// Seeds and counts of one run of a generated test: those in `testing/corpus/NAME.seeds`, `usual` of each; or with
/// `PORTCULLIS_NAME=N` in the environment N from a seed of the clock, with `PORTCULLIS_NAME=N:SEED` from that one.
pub(crate) fn seeded(name: &str, usual: u64) -> Vec<(u64, u64)> {
    let Ok(wanted) = std::env::var(format!("PORTCULLIS_{}", name.to_uppercase())) else {
        let path = testkit::repository(&format!("testing/corpus/{name}.seeds"));
        let text = std::fs::read_to_string(path).unwrap();
        let seeds = text.lines().filter(|line| !line.starts_with('#'));
        return seeds
            .map(|seed| (seed.trim().parse().unwrap(), usual))
            .collect();
    };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let (count, seed) = match wanted.split_once(':') {
        Some((count, seed)) => (count, seed.parse().unwrap()),
        None => (wanted.as_str(), now.unwrap().as_secs()),
    };
    vec![(seed, count.parse().unwrap())]
}
