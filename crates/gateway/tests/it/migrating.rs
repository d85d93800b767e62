//! Migrations: what is defined in a transaction is judged by what the server says in that transaction, so that whoever may
//! define runs all of it, and nobody sees or changes more by it.

use testkit::{Frame, RawClient, extended, message};

use crate::leaks::Needles;
use crate::stage::{Stage, Wishes};

/// What stands in the shop beside its own tables: each has something that hangs on it.
const SETUP: &str = "
CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN NEW.updated_at := now(); RETURN NEW; END $$;
CREATE FUNCTION public.keep_card() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN UPDATE public.noted SET note = (SELECT card_number FROM public.customers WHERE id = 1); RETURN NULL; END $$;
CREATE TABLE public.articles (id bigint PRIMARY KEY, title text, body text, updated_at timestamptz);
CREATE TRIGGER touched BEFORE UPDATE ON articles FOR EACH ROW WHEN (OLD.title IS DISTINCT FROM NEW.title) EXECUTE FUNCTION touch();
CREATE TABLE public.comments (id bigint PRIMARY KEY, article_id bigint REFERENCES articles ON DELETE CASCADE, said text);
INSERT INTO articles VALUES (1, 'a', 'b'), (2, 'c', 'd');
INSERT INTO comments VALUES (1, 1, 'x');
CREATE TABLE public.events (id bigint, day date, what text) PARTITION BY RANGE (day);
CREATE TABLE public.events_old PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE public.owned (id bigint, tenant text);
ALTER TABLE owned ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON owned USING (tenant = current_user);
CREATE VIEW public.titles AS SELECT id, title FROM articles;
CREATE TABLE public.noted (id bigint, note text);
CREATE TRIGGER noted AFTER INSERT ON noted FOR EACH ROW EXECUTE FUNCTION keep_card();
CREATE TABLE public.interns (salary numeric(10, 2)) INHERITS (staff);
INSERT INTO interns SELECT * FROM staff WHERE id < 5;
CREATE VIEW public.pairs (a, b) AS SELECT name, card_number FROM customers WHERE id < 5;
CREATE VIEW public.told AS SELECT to_jsonb(p) AS j, json_build_object('a', p.a, 'b', p.b) AS k FROM pairs p;
CREATE VIEW public.told_again AS SELECT t.j, jsonb_build_object('j', t.j) AS deep FROM told t;
CREATE MATERIALIZED VIEW public.told_once AS SELECT to_jsonb(p) AS j, json_build_object('a', p.a, 'b', p.b) AS k FROM pairs p;
CREATE FUNCTION public.shown(int) RETURNS text STABLE LANGUAGE sql AS 'SELECT name FROM public.customers WHERE id = $1';
CREATE VIEW public.through AS SELECT id, public.shown(id::int) AS x FROM public.articles;
CREATE TYPE public.both_names AS (a text, b text);
CREATE FUNCTION public.each_of() RETURNS SETOF public.both_names STABLE LANGUAGE sql
    AS 'SELECT card_number, name FROM public.customers WHERE id < 5';
CREATE DOMAIN public.small AS int;
CREATE TABLE public.holds (v public.small);
CREATE FUNCTION public.cries(int) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN RAISE WARNING '%', (SELECT card_number FROM public.customers WHERE id = 1); RETURN true; END $$;
CREATE SCHEMA first;
CREATE DOMAIN first.word AS text;
CREATE DOMAIN public.word AS text CHECK (public.cries(length(VALUE)));
ALTER ROLE portcullis_gateway SUPERUSER;
";

/// What migrations do, in the order in which they do it.
const MIGRATION: &[&str] = &[
    "CREATE TYPE mood AS ENUM ('sad', 'ok')",
    "CREATE TABLE authors (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, born date)",
    "ALTER TABLE articles ADD COLUMN author_id bigint",
    "ALTER TABLE articles ADD COLUMN slug varchar(80)",
    "INSERT INTO authors (name) VALUES ('anon')",
    "UPDATE articles SET author_id = 1, slug = lower(title) WHERE author_id IS NULL",
    "ALTER TABLE articles ALTER COLUMN slug SET NOT NULL",
    "ALTER TABLE articles ALTER COLUMN body SET DEFAULT ''",
    "ALTER TABLE articles ADD CONSTRAINT articles_author FOREIGN KEY (author_id) REFERENCES authors (id) ON DELETE CASCADE",
    "CREATE UNIQUE INDEX articles_slug ON articles (slug)",
    "CREATE INDEX articles_lower ON articles (lower(title)) WHERE author_id IS NOT NULL",
    "ALTER TABLE articles DROP COLUMN body",
    "ALTER TABLE articles RENAME COLUMN title TO headline",
    "UPDATE articles SET headline = upper(headline) WHERE id = 1",
    "SELECT id, title FROM titles ORDER BY id",
    "DELETE FROM articles WHERE id = 2",
    "ALTER TABLE comments RENAME TO remarks",
    "ALTER TABLE remarks ADD COLUMN mood text",
    "UPDATE remarks SET mood = 'ok'",
    "ALTER TABLE remarks DROP COLUMN said",
    "INSERT INTO remarks (id, article_id, mood) VALUES (2, 1, 'sad')",
    "ALTER TABLE authors DROP COLUMN born",
    "CREATE TABLE events_new PARTITION OF events FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')",
    "INSERT INTO events VALUES (1, '2021-05-05', 'x'), (2, '2020-05-05', 'y')",
    "ALTER TABLE events ADD COLUMN who text",
    "ALTER TABLE events DROP COLUMN what",
    "UPDATE events SET who = 'me' WHERE id = 1",
    "ALTER TABLE owned ADD COLUMN size int DEFAULT 0",
    "UPDATE owned SET size = 1 WHERE id = 1",
    "ALTER TABLE owned DROP COLUMN size",
    "ALTER TABLE customers ADD COLUMN tier text",
    "UPDATE customers SET tier = 'gold' WHERE id < 10",
    "ALTER TABLE customers DROP COLUMN tier",
    "ALTER TABLE orders ADD COLUMN channel text",
    "UPDATE orders SET channel = 'web' WHERE id < 10",
    "DROP VIEW titles",
    "DROP TABLE remarks",
    "CREATE VIEW headlines AS SELECT id, headline FROM articles",
    "SELECT count(*) FROM headlines",
];

fn stage() -> Stage {
    Stage::with_own_shop(SETUP, &Wishes::default())
}

fn errors(frames: &[Frame]) -> Vec<String> {
    let failed = frames.iter().filter(|frame| frame.tag == b'E');
    let told = failed.map(|frame| {
        let field = |code| frame.field(code).unwrap_or_default();
        format!("{} {} {}", field(b'C'), field(b'M'), field(b'D'))
    });
    told.collect()
}

fn by_extended(client: &mut RawClient, sql: &str) -> Vec<Frame> {
    client.send_bytes(&[extended(sql, &[]), message(b'S', b"")].concat());
    client.read_until_ready()
}

type Mode = fn(&mut RawClient, &str) -> Vec<Frame>;

fn runs_whole(mode: Mode) {
    let stage = stage();
    let mut client = stage.raw("dora");
    client.query("BEGIN");
    let mut wrong = Vec::new();
    for sql in MIGRATION {
        client.query("SAVEPOINT s");
        let failed = errors(&mode(&mut client, sql));
        if !failed.is_empty() {
            client.query("ROLLBACK TO s");
            wrong.push(format!("{sql}: {failed:?}"));
        }
    }
    assert_eq!(errors(&client.query("COMMIT")), [""; 0]);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let found = stage.postgres.sql(
        "shop",
        "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute \
         WHERE attrelid = 'articles'::regclass AND attnum > 0 AND NOT attisdropped",
    );
    assert_eq!(found.trim(), "id,headline,updated_at,author_id,slug");
}

#[test]
fn a_migration_runs_statement_by_statement() {
    runs_whole(RawClient::query);
}

#[test]
fn a_migration_runs_by_the_extended_protocol() {
    runs_whole(by_extended);
}

/// Alterations that do not matter to each other stand in one text, as tools send them; whatever else follows one is
/// judged by itself.
#[test]
fn several_alterations_run_in_one_text() {
    let stage = stage();
    let runs = [
        "ALTER TABLE articles DISABLE TRIGGER ALL; ALTER TABLE orders DISABLE TRIGGER ALL; ALTER TABLE orders ENABLE TRIGGER ALL",
        "BEGIN; ALTER TABLE articles ADD COLUMN a int DEFAULT 1; ALTER TABLE articles DROP COLUMN body; COMMIT",
        "ALTER TABLE comments ALTER said SET NOT NULL; ALTER TABLE comments ALTER said TYPE varchar(90); ALTER TABLE comments ADD UNIQUE (said)",
    ];
    let refused = [
        "ALTER TABLE articles ADD COLUMN b int; UPDATE articles SET b = 1",
        "ALTER TABLE customers RENAME COLUMN card_number TO b; ALTER TABLE customers DROP COLUMN notes",
        "ALTER TABLE customers DROP COLUMN notes; ALTER TABLE customers RENAME COLUMN card_number TO notes",
        "ALTER TABLE interns ADD COLUMN b int; ALTER TABLE interns NO INHERIT staff",
        "ALTER TABLE staff ADD COLUMN b int; ALTER TABLE staff DROP COLUMN salary",
        "ALTER TABLE articles ADD COLUMN b int; SELECT card_number FROM customers",
    ];
    let mut client = stage.raw("dora");
    for sql in runs {
        assert_eq!(errors(&client.query(sql)), [""; 0], "{sql}");
    }
    for sql in refused {
        let failed = errors(&client.query(sql));
        assert!(
            failed.iter().any(|e| e.starts_with("42501")),
            "{sql}: {failed:?}"
        );
    }
    let mut agent = stage.raw("agent");
    for sql in runs {
        let failed = errors(&agent.query(sql));
        assert!(
            failed.iter().any(|e| e.starts_with("42501")),
            "{sql}: {failed:?}"
        );
    }
}

/// As an agent none of it that defines anything runs, and what it reads stays masked.
#[test]
fn an_agent_does_not_migrate() {
    let stage = stage();
    for sql in MIGRATION {
        let defines = ["CREATE", "ALTER", "DROP"];
        if !defines.iter().any(|word| sql.starts_with(word)) {
            continue;
        }
        let mut client = stage.raw("agent");
        client.query("BEGIN");
        let failed = errors(&client.query(sql));
        assert!(
            failed.iter().any(|e| e.starts_with("42501")),
            "{sql}: {failed:?}"
        );
    }
}

/// One of the steps is refused by the gateway, and nothing labelled is told on the way.
fn is_refused_untold(client: &mut RawClient, steps: &[&str], needles: &Needles) {
    let frames: Vec<Frame> = steps.iter().flat_map(|sql| client.query(sql)).collect();
    let failed = errors(&frames);
    assert!(
        failed.iter().any(|e| e.starts_with("42501")),
        "{steps:?}: {failed:?}"
    );
    for frame in &frames {
        assert_eq!(needles.find(&frame.body), None, "{steps:?}");
    }
}

/// What is changed in a transaction takes with it what hangs on it: copies, triggers, ties and cascades count.
#[test]
fn what_hangs_on_a_changed_table_counts() {
    let stage = stage();
    let needles = Needles::new(&stage);
    for steps in [
        // A trigger that copies what dora sees masked.
        &[
            "ALTER TABLE noted ADD COLUMN x int",
            "INSERT INTO noted (id) VALUES (1)",
        ][..],
        // A trigger whose function is as new.
        &[
            "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS \
             'BEGIN NEW.notes := NEW.card_number; RETURN NEW; END'",
            "CREATE TRIGGER tell BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION tell()",
            "UPDATE customers SET name = 'x' WHERE id = 1 RETURNING notes",
        ],
        // A column that children keep, and ties that are cut: the label stands on the parent.
        &[
            "ALTER TABLE staff ADD COLUMN x int",
            "ALTER TABLE staff DROP COLUMN salary",
        ],
        &[
            "ALTER TABLE staff ADD COLUMN x int",
            "ALTER TABLE interns NO INHERIT staff",
        ],
        &[
            "ALTER TABLE interns ADD COLUMN x int",
            "ALTER TABLE interns NO INHERIT staff",
        ],
        &["ALTER TABLE staff RENAME TO people"],
        &[
            "ALTER TABLE staff ADD COLUMN x int",
            "ALTER TABLE staff RENAME COLUMN salary TO x2",
        ],
        &[
            "ALTER TABLE interns ADD COLUMN x int",
            "SELECT min(salary) + 1 FROM interns",
        ],
        &[
            "CREATE VIEW paid AS SELECT 1",
            "ALTER TABLE interns RENAME TO trainees",
            "SELECT count(*) FROM trainees WHERE salary > 1000",
        ],
    ] {
        let mut client = stage.raw("dora");
        client.query("BEGIN");
        is_refused_untold(&mut client, steps, &needles);
    }
}

/// Functions, types and checks that the session made otherwise, under the same name or another: what the catalog says of
/// them is not true for it.
#[test]
fn what_the_session_made_otherwise_is_not_taken_for_what_it_was() {
    let stage = stage();
    let needles = Needles::new(&stage);
    let card = "SELECT card_number FROM customers WHERE id = 1";
    let card = stage.postgres.sql("shop", card);
    let card = card.trim();
    for (steps, told) in [
        (
            &[
                "BEGIN",
                "CREATE OR REPLACE FUNCTION shown(int) RETURNS text STABLE LANGUAGE sql AS \
                 'SELECT card_number FROM public.customers WHERE id = $1'",
                "ALTER FUNCTION shown(int) RENAME TO shown_before",
                "SELECT * FROM through",
            ][..],
            card,
        ),
        (
            &[
                "BEGIN",
                "ALTER TYPE both_names RENAME ATTRIBUTE a TO z",
                "ALTER TYPE both_names RENAME ATTRIBUTE b TO a",
                "ALTER TYPE both_names RENAME ATTRIBUTE z TO b",
                "SELECT b FROM each_of()",
            ],
            card,
        ),
        (
            &[
                "BEGIN",
                "ALTER DOMAIN small ADD CONSTRAINT c CHECK (cries(VALUE)) NOT VALID",
                "INSERT INTO holds VALUES (1)",
            ],
            card,
        ),
        (
            &[
                "SET search_path = first, public",
                "BEGIN",
                "DROP DOMAIN first.word",
                "SELECT 'x'::word",
            ],
            card,
        ),
        (
            &[
                "CREATE DOMAIN pg_temp.text AS pg_catalog.text CHECK (VALUE < '0')",
                "SELECT card_number::text FROM customers WHERE id = 1",
            ],
            "ERROR",
        ),
        (
            &[
                "CREATE DOMAIN pg_temp.upper AS pg_catalog.text CHECK (VALUE < '0')",
                "SELECT card_number::upper FROM customers WHERE id = 1",
            ],
            "ERROR",
        ),
        (
            &[
                "CREATE TYPE pg_temp.text AS ENUM ('a')",
                "SELECT card_number::text FROM customers WHERE id = 1",
            ],
            "ERROR",
        ),
        (
            &[
                "CREATE TEMP TABLE text (a int)",
                "SELECT card_number::text FROM customers WHERE id = 1",
            ],
            "ERROR",
        ),
    ] {
        // Without a gateway the value is told, or whether it is what was guessed.
        let directly = format!("{}; ROLLBACK", steps.join("; "));
        let directly = stage.postgres.psql("shop", &directly).all();
        assert!(directly.contains(told), "{steps:?}: {directly}");

        let mut client = stage.raw("dora");
        is_refused_untold(&mut client, steps, &needles);
    }
}

/// Members of JSON that views build go by the names of now: swapped, committed or not, each has the mask of its column.
#[test]
fn names_that_move_take_their_masks_along() {
    let stage = stage();
    let needles = Needles::new(&stage);
    let name = "SELECT name FROM customers WHERE id = 1";
    let name = stage.postgres.sql("shop", name).trim().to_owned();
    let asked = [
        "SELECT j, k FROM told",
        "SELECT j, deep, deep -> 'j' -> 'b' FROM told_again",
        "SELECT j, k FROM told_once",
        "SELECT to_jsonb(p), row_to_json(p), (p).b, a(p) FROM pairs p",
        "SELECT json_agg(t.j) FROM told t",
        "TABLE told",
    ];
    let swap = [
        "ALTER VIEW pairs RENAME COLUMN a TO c",
        "ALTER VIEW pairs RENAME COLUMN b TO a",
        "ALTER VIEW pairs RENAME COLUMN c TO b",
    ];
    let look = |client: &mut RawClient, when: &str| {
        for (nth, sql) in asked.iter().enumerate() {
            for mode in [RawClient::query as Mode, by_extended] {
                let frames = mode(client, sql);
                assert_eq!(errors(&frames), [""; 0], "{when}: {sql}");
                let bytes: Vec<u8> = frames.iter().flat_map(|f| f.body.clone()).collect();
                assert_eq!(needles.find(&bytes), None, "{when}: {sql}");
                let shown = String::from_utf8_lossy(&bytes).contains(&name);
                // What a materialised view holds under names of then is not shown.
                assert!(shown, "{when}: {nth} {sql}");
            }
        }
    };
    let mut client = stage.raw("dora");
    look(&mut client, "before");
    client.query("BEGIN");
    for sql in swap {
        assert_eq!(errors(&client.query(sql)), [""; 0], "{sql}");
    }
    look(&mut client, "within");
    assert_eq!(errors(&client.query("COMMIT")), [""; 0]);
    look(&mut client, "after");
    // A temporary view in front of another is another.
    client.query("CREATE TEMP VIEW told AS SELECT 1 AS j, 2 AS k");
    let frames = client.query("SELECT j, k FROM told");
    let row = frames.iter().find(|frame| frame.tag == b'D').unwrap();
    assert_eq!(row.texts(), ["1", "2"]);
}
