//! Non-interference: two databases that differ in masked values alone answer a restricted client byte for byte alike,
//! whatever it asks.
//!
//! Queries are generated from a seed over generated tables. `PORTCULLIS_INTERFERENCE=N` asks N of them from a seed of
//! the clock; a seed that ever found a difference belongs into `testing/corpus/interference.seeds`.

use std::fmt::Write as _;

use testkit::{Frame, Postgres, PostgresOptions, RawClient, Server, repository};

use crate::stage::{Stage, Wishes, new_shop, oidc};

/// Queries of one ordinary run, for each seed.
const QUERIES: usize = 400;
/// Rows of each generated table.
const ROWS: u64 = 12;

/// The generated tables' columns: name, type, and whether it is masked.
const COLUMNS: &[(&str, Kind, bool)] = &[
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

/// `mr` keeps its NULLs to be seen, because redaction shows them; all other masks are NULL.
const LABELS: &str = r#"
[[label]]
schema = "public"
table = "g?"
column = "m[tiqdj]"
label = "secret"
mask = "null"
use = "opaque"

[[label]]
schema = "public"
table = "g?"
column = "mr"
label = "secret"
mask = "redact"
use = "opaque"
"#;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Bool,
    Int,
    Text,
    Numeric,
    Date,
    Json,
}

/// Repeatable chance.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, count: u64) -> u64 {
        self.next() % count
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }
}

/// One query in the making.
struct Writer {
    dice: Dice,
    /// Masked columns appear once in so many columns.
    rarity: u64,
    /// Relations in scope.
    scope: Vec<String>,
    names: u32,
}

impl Writer {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let rarity = 2 + dice.below(5);
        Self {
            dice,
            rarity,
            scope: Vec::new(),
            names: 0,
        }
    }

    fn name(&mut self) -> String {
        self.names += 1;
        format!("t{}", self.names)
    }

    fn column(&mut self, kind: Kind, masked: bool) -> String {
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

    fn literal(&mut self, kind: Kind) -> String {
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
    fn expression(&mut self, kind: Kind, depth: u32, masked: bool) -> String {
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

    fn condition(&mut self, depth: u32, masked: bool) -> String {
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
    fn from(&mut self, depth: u32, masked: bool) -> String {
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
                1 => format!("gv AS {alias}"),
                _ => format!("{} AS {alias}", self.dice.pick(&["g1", "g2"])),
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
    fn select(&mut self, kinds: &[Kind], depth: u32, masked: bool) -> String {
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
    fn query(&mut self) -> String {
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
                let table = self.dice.pick(&["g1", "g2", "gv"]);
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

/// Statements that fill a shop with the generated tables: equal seeds give equal open values, and `side` the masked ones.
fn schema(seed: u64, side: u64) -> String {
    let mut text = String::new();
    let mut dice = Dice(seed);
    let mut secret = Dice(side);
    for table in ["g1", "g2"] {
        writeln!(
            text,
            "CREATE TABLE {table} (id int PRIMARY KEY, a text, n int, d date, j jsonb, mt text, mr text, mi int, mq numeric, md date, mj jsonb);"
        )
        .unwrap();
        for id in 1..=ROWS {
            let open_null = dice.one_in(6);
            let word = dice.pick(&["a1", "b2", "", "c c", "9"]);
            let n = dice.below(7);
            let mut value = |text: String| match secret.one_in(5) {
                true => "NULL".to_owned(),
                false => text,
            };
            let mt = value(format!("'{}'", side * 31 + id * 7));
            let mi = value(((side * id * 13) % 11).to_string());
            let mq = value(format!("{}.25", (side * id * 17) % 23));
            let md = value(format!("date '1990-01-01' + {}", (side * id * 97) % 9000));
            let mj = value(format!("'{{\"k\": {}}}'", (side + id) % 5));
            let mr = match open_null {
                true => "NULL".to_owned(),
                false => format!(
                    "'{}'",
                    "a1".repeat(usize::try_from((side * id) % 6).unwrap())
                ),
            };
            writeln!(
                text,
                "INSERT INTO {table} VALUES ({id}, '{word}', {n}, date '2001-01-01' + {n}, '{{\"k\": {n}}}', {mt}, {mr}, {mi}, {mq}, {md}, {mj});"
            )
            .unwrap();
        }
    }
    text.push_str(
        "CREATE VIEW gv AS SELECT id, a, n, d, j, upper(mt) AS mt, mr, mi, mq, md, mj FROM g1;\n\
         GRANT SELECT ON g1, g2, gv TO portcullis_gateway;\n",
    );
    text
}

fn side(seed: u64, side: u64) -> (Stage, &'static Postgres) {
    let server = Server::standard();
    let options = PostgresOptions::default();
    let postgres: &'static Postgres = Box::leak(Box::new(new_shop(&server, options)));
    postgres.sql("shop", &schema(seed, side));
    let wishes = Wishes {
        labels: LABELS,
        ..Wishes::default()
    };
    (Stage::on(postgres, oidc(), &wishes), postgres)
}

/// What a run came to.
#[derive(Default, Debug)]
struct Counts {
    asked: usize,
    refused: usize,
    failed: usize,
    served: usize,
    served_masked: usize,
    /// Of those served, asked of the databases themselves: how many the masked values decide.
    told_apart: usize,
}

fn ask(client: &mut RawClient, sql: &str) -> Vec<Frame> {
    client.query(sql)
}

fn bytes(frames: &[Frame]) -> Vec<(u8, &[u8])> {
    frames
        .iter()
        .map(|frame| (frame.tag, frame.body.as_slice()))
        .collect()
}

fn names_masked(sql: &str) -> bool {
    COLUMNS
        .iter()
        .any(|(name, _, masked)| *masked && sql.contains(&format!(".{name}")))
}

fn run(seed: u64, queries: usize) -> Counts {
    let ((one, first), (two, second)) = (side(seed, 3), side(seed, 8));
    let (mut left, mut right) = (one.raw("alice"), two.raw("alice"));
    let mut counts = Counts::default();
    let mut differ = Vec::new();
    for nth in 0..queries as u64 {
        let sql = Writer::new(seed.wrapping_mul(1_000_003).wrapping_add(nth)).query();
        let (a, b) = (ask(&mut left, &sql), ask(&mut right, &sql));
        if bytes(&a) != bytes(&b) {
            differ.push(format!("seed {seed}, query {nth}: {sql}"));
        }
        counts.asked += 1;
        let error = a.iter().find(|frame| frame.tag == b'E');
        match error.and_then(|frame| frame.field(b'C')).as_deref() {
            Some("42501") => counts.refused += 1,
            Some(_) => counts.failed += 1,
            None => counts.served += 1,
        }
        if error.is_none() && names_masked(&sql) {
            counts.served_masked += 1;
            // The test could not fail if the masked values did not matter.
            if counts.served_masked <= 40 && first.sql("shop", &sql) != second.sql("shop", &sql) {
                counts.told_apart += 1;
            }
        }
    }
    assert!(
        differ.is_empty(),
        "{} of {queries} answers tell of masked values:\n{}",
        differ.len(),
        differ.join("\n")
    );
    counts
}

fn seeds() -> Vec<u64> {
    let path = repository("testing/corpus/interference.seeds");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.trim().parse().unwrap()).collect()
}

#[test]
fn masked_values_decide_nothing_that_a_client_receives() {
    let long: Option<usize> = std::env::var("PORTCULLIS_INTERFERENCE")
        .ok()
        .map(|count| count.parse().unwrap());
    let runs = match long {
        None => seeds().into_iter().map(|seed| (seed, QUERIES)).collect(),
        Some(count) => {
            let now = std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap();
            vec![(now.as_secs(), count)]
        }
    };
    for (seed, queries) in runs {
        let counts = run(seed, queries);
        println!("seed {seed}: {counts:?}");
        assert!(
            counts.served * 4 > counts.asked,
            "too little is served: {counts:?}"
        );
        assert!(counts.served_masked * 20 > counts.asked, "{counts:?}");
        assert!(
            counts.told_apart >= 10,
            "the databases hardly differ: {counts:?}"
        );
    }
}
