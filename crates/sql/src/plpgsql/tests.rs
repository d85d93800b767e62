//! Bodies as they are read, beside what PostgreSQL's own parser makes of them.
#![allow(clippy::unwrap_used)]

use serde_json::Value;

use super::read;

fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// The texts of queries in what libpg_query's parser gives.
fn theirs(body: &str) -> Option<Vec<String>> {
    let parsed = pg_query::parse_plpgsql(&format!("DO $body_of_test${body}$body_of_test$")).ok()?;
    let mut found = Vec::new();
    let mut todo = vec![&parsed];
    while let Some(value) = todo.pop() {
        match value {
            Value::Array(items) => todo.extend(items),
            Value::Object(members) => {
                for (name, member) in members {
                    match (name.as_str(), member) {
                        ("query", Value::String(text)) => found.push(squeezed(text)),
                        _ => todo.push(member),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    Some(found)
}

/// Every text of theirs must be one of ours, or end with it: assignments bring their target, CASE a variable.
fn covers(body: &str) {
    let Ok(block) = read(body) else {
        return;
    };
    let ours: Vec<String> = block.texts().into_iter().map(squeezed).collect();
    for text in theirs(body).unwrap_or_default() {
        let behind_case = text.rsplit_once("__\"").map_or("", |(_, rest)| rest);
        let found = ours.iter().any(|our| {
            text == *our
                || text.ends_with(&format!("={our}"))
                || text == format!("SELECT{our}")
                || (!behind_case.is_empty() && our.ends_with(behind_case))
                // CASE: what is tested stands before IN.
                || our.starts_with(&format!("({text})IN"))
        });
        assert!(found, "{text}\nis not in {ours:?}\nof {body}");
    }
}

fn check(body: &str, expect: &[&str]) {
    let block = read(body).unwrap_or_else(|error| panic!("{error:?}: {body}"));
    let mut found: Vec<String> = block.texts().into_iter().map(squeezed).collect();
    let mut expect: Vec<String> = expect.iter().map(|text| squeezed(text)).collect();
    found.sort();
    expect.sort();
    assert_eq!(found, expect, "{body}");
    covers(body);
}

fn refused(body: &str, expect: &str) {
    let error = read(body).err().unwrap_or_else(|| panic!("read: {body}"));
    assert!(error.what.contains(expect), "{error:?}: {body}");
}

#[test]
fn bodies() {
    check("BEGIN END", &[]);
    check("begin null; end;", &[]);
    check("<<l>> BEGIN NULL; END l", &[]);
    check("#variable_conflict use_column\nBEGIN NULL; END", &[]);
    check(
        "DECLARE a int := f(); b CONSTANT text NOT NULL DEFAULT 'x'; c record = g(); BEGIN END",
        &["f()", "'x'", "g()"],
    );
    check(
        "DECLARE a int; DECLARE b t.c%TYPE; c s.t%ROWTYPE; d numeric(4, 2)[]; e text COLLATE \"C\" := 'a;b'; BEGIN END",
        &["'a;b'"],
    );
    check(
        "DECLARE c CURSOR (k int, l text) FOR SELECT k; d NO SCROLL CURSOR IS SELECT 2; BEGIN END",
        &["SELECT k", "SELECT 2"],
    );
    check(
        "DECLARE a ALIAS FOR $1; BEGIN a := 1; $1 := 2; END",
        &["1", "2"],
    );
    check(
        "BEGIN x := 1; y = f(2); z.a := 3; q[f(4)] := 5; \"Q\" := 6; a.b[1].c := 7; END",
        &["1", "f(2)", "3", "5", "6", "7"],
    );
    check(
        "BEGIN IF a THEN x := 1; ELSIF b THEN x := 2; ELSEIF c THEN NULL; ELSE x := 3; END IF; END",
        &["a", "1", "b", "2", "c", "3"],
    );
    check(
        "BEGIN CASE WHEN a THEN x := 1; WHEN b THEN NULL; ELSE x := 2; END CASE; END",
        &["a", "1", "b", "2"],
    );
    check(
        "BEGIN CASE f(1) WHEN 1, 2 THEN NULL; END CASE; END",
        &["(f(1)) IN (1, 2)"],
    );
    check(
        "BEGIN LOOP EXIT; EXIT WHEN a; CONTINUE l WHEN b; END LOOP; <<l>> WHILE c LOOP NULL; END LOOP l; END",
        &["a", "b", "c"],
    );
    check(
        "BEGIN FOR i IN 1..f(10) LOOP x := i; END LOOP; FOR i IN REVERSE a .. b BY c LOOP NULL; END LOOP; END",
        &["1", "f(10)", "i", "a", "b", "c"],
    );
    check(
        "BEGIN FOR r IN SELECT a FROM t WHERE b IN (1, 2) LOOP NULL; END LOOP; FOR a, b IN VALUES (1, 2) LOOP NULL; END LOOP; END",
        &["SELECT a FROM t WHERE b IN (1, 2)", "VALUES (1, 2)"],
    );
    check(
        "DECLARE c CURSOR (k int) FOR SELECT k; BEGIN FOR r IN c(f(1), k := g()) LOOP NULL; END LOOP; FOR r IN c LOOP NULL; END LOOP; END",
        &["SELECT k", "f(1)", "g()"],
    );
    check(
        "BEGIN FOREACH x SLICE 1 IN ARRAY f(a) LOOP NULL; END LOOP; END",
        &["f(a)"],
    );
    check(
        "BEGIN RETURN; RETURN f(); RETURN NEXT a; RETURN QUERY SELECT 1; END",
        &["f()", "a", "SELECT 1"],
    );
    check(
        "BEGIN RAISE; RAISE 'x'; RAISE NOTICE '% %', a, f(b, c); RAISE EXCEPTION USING MESSAGE = m(), ERRCODE := '1'; RAISE division_by_zero; RAISE SQLSTATE '22012' USING HINT = h; RAISE WARNING 'a' USING DETAIL = d; END",
        &["a", "f(b, c)", "m()", "'1'", "h", "d"],
    );
    check(
        "BEGIN ASSERT a; ASSERT b, c; PERFORM f(); PERFORM a FROM t; CALL p(1, f()); COMMIT; ROLLBACK AND CHAIN; COMMIT AND NO CHAIN; END",
        &["a", "b", "c", "f()", "a FROM t", "CALL p(1, f())"],
    );
    check(
        "BEGIN GET DIAGNOSTICS a = ROW_COUNT, b := PG_CONTEXT; GET STACKED DIAGNOSTICS c = MESSAGE_TEXT; END",
        &[],
    );
    check(
        "DECLARE c refcursor; BEGIN OPEN c FOR SELECT 1; OPEN c NO SCROLL FOR SELECT 2; FETCH c INTO a; FETCH NEXT FROM c INTO a, b; FETCH RELATIVE f(2) IN c INTO a; MOVE 3 FROM c; MOVE FORWARD ALL IN c; MOVE FORWARD FROM c; MOVE LAST FROM c; CLOSE c; END",
        &["SELECT 1", "SELECT 2", "f(2)", "3"],
    );
    check(
        "BEGIN BEGIN x := 1; EXCEPTION WHEN a OR SQLSTATE '22012' THEN x := 2; WHEN OTHERS THEN x := 3; END; END",
        &["1", "2", "3"],
    );
    check(
        "BEGIN SELECT a INTO STRICT x, y FROM t; INSERT INTO t VALUES (1) RETURNING a INTO x; SELECT INTO x a FROM t; WITH w AS (INSERT INTO t SELECT 1 RETURNING a) SELECT a INTO x FROM w; END",
        &[
            "SELECT a FROM t",
            "INSERT INTO t VALUES (1) RETURNING a",
            "SELECT a FROM t",
            "WITH w AS (INSERT INTO t SELECT 1 RETURNING a) SELECT a FROM w",
        ],
    );
    check(
        "BEGIN MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE; LOCK t; TRUNCATE t; SET x = 1; END",
        &[
            "MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE",
            "LOCK t",
            "TRUNCATE t",
            "SET x = 1",
        ],
    );
    check(
        "/* a; */ BEGIN -- ; END\n x := 'a;b' || $$;$$ || \"c;d\"; /* ' */ END",
        &["'a;b' || $$;$$ || \"c;d\""],
    );
    check(
        "BEGIN return := 1; perform = 2; fetch[1] := 3; end_ := 4; END",
        &["1", "2", "3", "4"],
    );
    check(
        "BEGIN DECLARE x int := 1; BEGIN NULL; END; <<m>> DECLARE BEGIN NULL; END m; END",
        &["1"],
    );
}

#[test]
fn what_is_not_read() {
    let dynamic = "dynamic SQL";
    refused("BEGIN EXECUTE 'x'; END", dynamic);
    refused("BEGIN EXECUTE f() INTO x USING y; END", dynamic);
    refused(
        "BEGIN FOR r IN EXECUTE 'x' LOOP NULL; END LOOP; END",
        dynamic,
    );
    refused("BEGIN RETURN QUERY EXECUTE 'x'; END", dynamic);
    refused(
        "DECLARE c refcursor; BEGIN OPEN c FOR EXECUTE 'x'; END",
        dynamic,
    );
    refused(
        "DECLARE c refcursor; BEGIN OPEN c NO SCROLL FOR EXECUTE 'x' USING 1; END",
        dynamic,
    );
    refused("BEGIN DO 'BEGIN END'; END", "DO block");
    refused("", "no BEGIN");
    refused("SELECT 1", "BEGIN");
    refused("BEGIN", "too early");
    refused("BEGIN END; BEGIN END", "behind the last END");
    refused("BEGIN IF a THEN END", "no IF");
    refused("BEGIN x := (1; END", "does not end");
    refused("BEGIN x := 1); END", "parenthesis");
    refused("BEGIN SELECT 1 INTO a INTO b; END", "second INTO");
    refused("BEGIN (SELECT 1); END", "begin with a word");
    refused("BEGIN U&\"a\" := 1; END", "escapes");
    refused("#dump\nBEGIN END", "option");
    refused("BEGIN x := ; END", "empty");
    refused("BEGIN 'abc", "no SQL");
    refused(
        "BEGIN FOR a, b IN 1..2 LOOP NULL; END LOOP; END",
        "several variables",
    );
    refused(&"BEGIN ".repeat(200), "nested too deeply");
    refused(
        &format!("BEGIN x := '{}'; END", "a".repeat(300_000)),
        "too long",
    );
}

/// Numbers that look like chance, the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn one_of<'t>(&mut self, choices: &[&'t str]) -> &'t str {
        choices[self.below(choices.len())]
    }
}

/// Expressions that hold what a reader may stumble on.
const EXPRESSIONS: &[&str] = &[
    "1",
    "a",
    "f(1, (2))",
    "'x;y'",
    "$$;$$",
    "\"a;\"",
    "a[1]",
    "(SELECT b FROM t WHERE c = 1)",
    "CAST(a AS int)",
    "a := 1",
    "-1",
    "a || 'END LOOP'",
    "3 /* ; */ + 4",
    "b -- ; END\n + 1",
    "ARRAY[1, 2]",
    "count(*) FROM t",
    "E'\\';'",
    "a.b",
    "r.\"loop\"",
    "x <> 'then'",
];

fn steps(chance: &mut Chance, depth: usize, out: &mut String) {
    for _ in 0..=chance.below(3) {
        step(chance, depth, out);
    }
}

fn step(chance: &mut Chance, depth: usize, out: &mut String) {
    let mut e = || chance.one_of(EXPRESSIONS);
    let (one, two) = (e(), e());
    let kinds = if depth == 0 { 16 } else { 24 };
    let simple = |text: String, out: &mut String| out.push_str(&text);
    match chance.below(kinds) {
        0 => simple(format!("a := {one};"), out),
        1 => simple(format!("a = {one};"), out),
        2 => simple(format!("a[{one}] := {two};"), out),
        3 => simple(format!("PERFORM {one};"), out),
        4 => simple(format!("RAISE NOTICE '% %', {one}, {two};"), out),
        5 => simple(
            format!("RAISE EXCEPTION 'x' USING HINT = {one}, DETAIL = {two};"),
            out,
        ),
        6 => simple(format!("ASSERT {one}, {two};"), out),
        7 => simple(format!("SELECT {one} INTO a FROM t WHERE {two};"), out),
        8 => simple(
            format!("INSERT INTO t VALUES ({one}) RETURNING b INTO STRICT a;"),
            out,
        ),
        9 => simple(format!("UPDATE t SET b = {one} WHERE c = {two};"), out),
        10 => simple("GET DIAGNOSTICS a = ROW_COUNT;".to_owned(), out),
        11 => simple("NULL;".to_owned(), out),
        12 => simple(
            format!("OPEN c FOR SELECT {one}; FETCH RELATIVE {two} FROM c INTO a; CLOSE c;"),
            out,
        ),
        13 => simple(
            format!("MOVE FORWARD {one} IN c; FETCH c INTO a; OPEN d({two});"),
            out,
        ),
        14 => simple(format!("CALL p({one}, {two});"), out),
        15 => simple("COMMIT; ROLLBACK AND CHAIN; RETURN;".to_owned(), out),
        16 => nested(chance, depth, &format!("IF {one} THEN "), " END IF;", out),
        17 => {
            nested(
                chance,
                depth,
                &format!("IF {one} THEN NULL; ELSIF {two} THEN "),
                "",
                out,
            );
            nested(chance, depth, "ELSE ", " END IF;", out);
        }
        18 => nested(
            chance,
            depth,
            &format!("CASE {one} WHEN {two} THEN "),
            " ELSE NULL; END CASE;",
            out,
        ),
        19 => nested(
            chance,
            depth,
            &format!("CASE WHEN {one} THEN NULL; WHEN {two} THEN "),
            " END CASE;",
            out,
        ),
        20 => nested(
            chance,
            depth,
            &format!("<<l>> WHILE {one} LOOP EXIT l WHEN {two}; "),
            " END LOOP l;",
            out,
        ),
        21 => nested(
            chance,
            depth,
            &format!("FOR i IN REVERSE {one} .. {two} LOOP "),
            " END LOOP;",
            out,
        ),
        22 => nested(
            chance,
            depth,
            &format!("FOR r IN SELECT {one} LOOP "),
            " END LOOP; FOR x IN d(1) LOOP NULL; END LOOP;",
            out,
        ),
        _ => nested(
            chance,
            depth,
            &format!("<<m>> DECLARE v int := {one}; BEGIN "),
            " EXCEPTION WHEN OTHERS OR SQLSTATE '22012' THEN NULL; END m;",
            out,
        ),
    }
    out.push('\n');
}

fn nested(chance: &mut Chance, depth: usize, head: &str, tail: &str, out: &mut String) {
    out.push_str(head);
    steps(chance, depth - 1, out);
    out.push_str(tail);
}

#[test]
fn generated_bodies_read_as_by_postgresql() {
    let mut chance = Chance(7);
    let (mut both, mut ours) = (0, 0);
    for _ in 0..4_000 {
        let mut body =
            "DECLARE a int[]; b int; r record; c refcursor; d CURSOR (k int) FOR SELECT k; BEGIN "
                .to_owned();
        steps(&mut chance, 3, &mut body);
        body.push_str("END");
        let is_read = read(&body).is_ok();
        let is_theirs = theirs(&body).is_some();
        // What PostgreSQL refuses never runs, however it is read.
        assert!(is_read || !is_theirs, "not read: {body}");
        both += usize::from(is_read && is_theirs);
        ours += usize::from(is_read);
        covers(&body);
    }
    assert!(both > 400, "{both} bodies of {ours} compared");
}
