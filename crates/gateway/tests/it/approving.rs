//! What approvers see, what their answer is bound to, and what happens when the world moves before it is used.

use std::sync::OnceLock;
use std::thread;

use serde_json::{Value, json};
use testkit::{Frame, Postgres, PostgresOptions, RawClient, Server, eventually, wait_until};

use crate::stage::{PATIENCE, Stage, Wishes, new_shop, oidc};

/// A shop of these tests' own: they change definitions.
fn own_shop() -> &'static Postgres {
    static SHOP: OnceLock<Postgres> = OnceLock::new();
    SHOP.get_or_init(|| {
        let shop = new_shop(&Server::standard(), PostgresOptions::default());
        shop.sql(
            "shop",
            "CREATE TABLE parcels (id int PRIMARY KEY, order_id bigint REFERENCES orders ON DELETE SET NULL,
                 customer_id bigint REFERENCES customers ON UPDATE CASCADE);
             CREATE FUNCTION note_removal() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';
             CREATE TRIGGER removal AFTER UPDATE OR DELETE ON parcels FOR EACH ROW EXECUTE FUNCTION note_removal();
             INSERT INTO parcels VALUES (308);
             CREATE TABLE staging (id int); INSERT INTO staging SELECT generate_series(1, 10);
             CREATE TABLE precious (id int); INSERT INTO precious SELECT generate_series(1, 10);
             CREATE VIEW old_staging AS SELECT * FROM staging WHERE id < 3;
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO portcullis_gateway;
             ANALYZE",
        );
        shop
    })
}

fn stage(limits: &str) -> Stage {
    Stage::on(
        own_shop(),
        oidc(),
        &Wishes {
            limits,
            ..Wishes::default()
        },
    )
}

const QUICK: &str = "hold_wait = \"1s\"\nhold_wait_in_transaction = \"1s\"";

fn count(stage: &Stage, rows: &str) -> u64 {
    let sql = format!("SELECT count(*) FROM {rows}");
    stage.postgres.sql("shop", &sql).parse().unwrap()
}

fn error(frames: &[Frame]) -> (String, String) {
    let error = frames.iter().find(|frame| frame.tag == b'E');
    let error = error.unwrap_or_else(|| panic!("no error in {frames:?}"));
    let field = |code| error.field(code).unwrap_or_default();
    (
        field(b'C'),
        format!("{} | {} | {}", field(b'M'), field(b'D'), field(b'H')),
    )
}

fn send(client: &mut RawClient, sql: &str) {
    client.send(b'Q', &[sql.as_bytes(), &[0]].concat());
}

fn approve(stage: &Stage, ticket: &str) {
    stage
        .cli("dora", &["approvals", "approve", ticket, "-y"])
        .ok();
}

/// Asks, waits for the ticket, has it approved.
fn approved(stage: &Stage, client: &mut RawClient, sql: &str, mark: &str) -> String {
    assert_eq!(error(&client.query(sql)).0, "PC001", "{sql}");
    let ticket = stage.ticket(mark, "pending");
    approve(stage, &ticket);
    ticket
}

fn request(stage: &Stage, mark: &str) -> Value {
    eventually("the request", PATIENCE, || {
        let has = |row: &&Value| row["statement"].as_str().is_some_and(|s| s.contains(mark));
        stage.approvals().iter().find(has).cloned()
    })
}

fn touched<'a>(request: &'a Value, table: &str) -> &'a Value {
    let tables = request["reach"]["tables"].as_array().unwrap();
    let found = tables.iter().find(|one| one["table"] == table);
    found.unwrap_or_else(|| panic!("{table} is reached: {request}"))
}

/// Rows that no test names one by one: gone if the wrong statement ran.
const OTHERS: &str = "order_items WHERE order_id > 4000";

#[test]
fn an_approver_sees_how_far_a_statement_reaches() {
    let stage = stage(QUICK);
    let mut ada = stage.raw("alice");
    send(&mut ada, "DELETE FROM orders WHERE id = 900301");
    let seen = request(&stage, "900301");
    let orders = touched(&seen, "public.orders");
    assert_eq!(orders["rows"], 6_000, "{orders}");
    assert_eq!(orders["whole"], false);
    assert_eq!(orders["through"], json!([]));
    assert!(
        orders["does"]
            .as_array()
            .unwrap()
            .contains(&json!("delete"))
    );
    let items = touched(&seen, "public.order_items");
    assert_eq!(items["rows"], 15_000, "{items}");
    assert_eq!(
        items["through"],
        json!(["ON DELETE CASCADE of public.orders"])
    );
    let parcels = touched(&seen, "public.parcels");
    assert_eq!(
        parcels["through"],
        json!(["ON DELETE SET NULL of public.orders"])
    );
    assert_eq!(
        parcels["triggers"],
        json!(["public.note_removal() after update, for each row"])
    );
    let ticket = stage.ticket("900301", "pending");
    let shown = stage.cli("dora", &["approvals", "show", &ticket]);
    for part in [
        "public.orders (table): ",
        "it has about 6000 rows",
        "ON DELETE CASCADE of public.orders",
        "runs public.note_removal() after update, for each row",
    ] {
        assert!(shown.ok().contains(part), "{part}: {}", shown.out);
    }
    assert!(!shown.out.contains("EVERY ROW"), "{}", shown.out);
}

#[test]
fn a_statement_without_where_is_shown_to_reach_every_row() {
    let stage = stage(QUICK);
    let mut ada = stage.raw("alice");
    send(&mut ada, "DELETE FROM staging /* 302 */");
    let seen = request(&stage, "/* 302 */");
    assert_eq!(touched(&seen, "public.staging")["whole"], true);
    let ticket = stage.ticket("/* 302 */", "pending");
    let shown = stage.cli("dora", &["approvals", "show", &ticket]);
    assert!(shown.ok().contains("EVERY ROW, about 10"), "{}", shown.out);
}

#[test]
fn a_denial_reaches_the_client_in_the_words_of_who_denied() {
    let stage = stage("");
    let sql = "DELETE FROM order_items WHERE order_id = 303";
    let mut agent = stage.raw("agent");
    send(&mut agent, sql);
    let ticket = stage.ticket("order_id = 303", "pending");
    let comment = "Not on a Friday;\nask \u{202e}Mo.";
    stage
        .cli(
            "dora",
            &["approvals", "deny", &ticket, "-y", "--comment", comment],
        )
        .ok();
    let (code, text) = error(&agent.read_until_ready());
    assert_eq!(code, "PC002", "{text}");
    assert!(
        text.contains("Denied by Dora") || text.contains("Denied by dora"),
        "{text}"
    );
    assert!(text.contains("Not on a Friday; ask <U+202E>Mo."), "{text}");
    // Asking again at once gets the same answer, and disturbs nobody.
    let (code, again) = error(&agent.query(sql));
    assert_eq!(code, "PC002");
    assert!(
        again.contains("Not on a Friday; ask <U+202E>Mo."),
        "{again}"
    );
}

#[test]
fn an_approver_sees_what_a_name_stands_for_and_approves_only_that() {
    let stage = stage(QUICK);
    let mut agent = stage.raw("agent");
    // Keeping a text under a name runs nothing and is not held.
    let prepare = |client: &mut RawClient, sql: &str| {
        client.send(b'C', b"Sp304\0");
        client.send(b'P', &[b"p304\0", sql.as_bytes(), &[0, 0, 0]].concat());
        client.send(b'S', b"");
        let told = client.read_until_ready();
        assert!(told.iter().any(|f| f.tag == b'1'), "{told:?}");
    };
    let wanted = "DELETE FROM order_items WHERE order_id = 304";
    prepare(&mut agent, wanted);
    let run = "EXECUTE p304";
    let ticket = approved(&stage, &mut agent, run, run);
    let shown = stage.cli("dora", &["approvals", "show", &ticket]);
    assert!(
        shown.ok().contains("It runs prepared statement p304")
            && shown.out.contains("order_id = 304"),
        "{}",
        shown.out
    );
    // The attack: the same name, the same effects, another statement.
    prepare(&mut agent, "DELETE FROM order_items WHERE order_id > 304");
    let before = count(&stage, OTHERS);
    assert_eq!(error(&agent.query(run)).0, "PC001");
    assert_eq!(count(&stage, OTHERS), before);
    // What was approved still runs, once.
    prepare(&mut agent, wanted);
    let done = agent.query(run);
    assert!(done.iter().any(|f| f.tag == b'C'), "{done:?}");
    assert_eq!(count(&stage, "order_items WHERE order_id = 304"), 0);
    assert_eq!(error(&agent.query(run)).0, "PC001");
}

#[test]
fn of_several_prepared_in_one_text_only_the_approved_one_runs() {
    let stage = stage(QUICK);
    let mut agent = stage.raw("agent");
    let both = "PREPARE small AS DELETE FROM order_items WHERE order_id = 305;
        PREPARE large AS DELETE FROM order_items WHERE order_id > 305";
    approved(&stage, &mut agent, both, "PREPARE small");
    let made = agent.query(both);
    assert_eq!(made.iter().filter(|f| f.tag == b'C').count(), 2, "{made:?}");
    let bind_and_run = |client: &mut RawClient, name: &str| {
        client.send(b'B', &[&[0], name.as_bytes(), &[0; 7]].concat());
        client.send(b'E', &[0; 5]);
        client.send(b'S', b"");
        client.read_until_ready()
    };
    assert_eq!(error(&bind_and_run(&mut agent, "small")).0, "PC001");
    approve(&stage, &stage.ticket("PREPARE small", "pending"));
    let before = count(&stage, OTHERS);
    assert_eq!(error(&bind_and_run(&mut agent, "large")).0, "PC001");
    assert_eq!(count(&stage, OTHERS), before);
    bind_and_run(&mut agent, "small");
    assert_eq!(count(&stage, "order_items WHERE order_id = 305"), 0);
}

#[test]
fn what_policy_forbids_by_then_does_not_run_though_approved() {
    let stage = stage("");
    let sql = "DELETE FROM order_items WHERE order_id = 306";
    let mut waiting = stage.raw("agent");
    send(&mut waiting, sql);
    let ticket = stage.ticket("order_id = 306", "pending");
    let file = stage.gateway.folder().join("policy/zz-freeze.cedar");
    let freeze = "@id(\"freeze\") forbid (principal, action in Action::\"write\", resource);";
    std::fs::write(&file, freeze).unwrap();
    wait_until("the freeze to hold", PATIENCE, || {
        let told = stage.psql("alice", "INSERT INTO staging VALUES (-306)");
        told.err.contains("freeze")
    });
    approve(&stage, &ticket);
    let (code, text) = error(&waiting.read_until_ready());
    assert_eq!(code, "42501", "{text}");
    assert!(text.contains("freeze"), "{text}");
    // Nor with the ticket.
    assert_eq!(error(&waiting.query(sql)).0, "42501");
    assert_ne!(count(&stage, "order_items WHERE order_id = 306"), 0);
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn an_approval_is_void_once_the_name_means_another_table() {
    let stage = stage(QUICK);
    let mut agent = stage.raw("agent");
    let sql = "DELETE FROM staging WHERE id = 307";
    approved(&stage, &mut agent, sql, "id = 307");
    let swap = "ALTER TABLE staging RENAME TO aside; ALTER TABLE precious RENAME TO staging;
        ALTER TABLE aside RENAME TO precious";
    stage.postgres.sql("shop", swap);
    // Seen at once, not when the catalog is read next.
    let (code, text) = error(&agent.query(sql));
    assert!(matches!(code.as_str(), "42501" | "PC001"), "{code} {text}");
    assert_eq!(error(&agent.query(sql)).0, "PC001", "asked for anew");
    assert_eq!(count(&stage, "staging"), 10);
    stage.postgres.sql("shop", swap);
}

#[test]
fn an_approval_is_void_once_a_function_that_it_runs_is_replaced() {
    let stage = stage("");
    let mut alice = stage.raw("alice");
    send(&mut alice, "DELETE FROM parcels WHERE id = 308");
    let ticket = stage.ticket("WHERE id = 308", "pending");
    // Seen at the release, however short the time since.
    stage.postgres.sql(
        "shop",
        "CREATE OR REPLACE FUNCTION note_removal() RETURNS trigger LANGUAGE plpgsql
         AS 'BEGIN DELETE FROM staging; RETURN OLD; END'",
    );
    approve(&stage, &ticket);
    let (code, text) = error(&alice.read_until_ready());
    assert_eq!(code, "42501", "{text}");
    assert!(text.contains("no longer what would run"), "{text}");
    assert_ne!(count(&stage, "parcels WHERE id = 308"), 0);
}

#[test]
fn a_statement_held_at_a_crash_can_be_approved_after_it_and_runs_once() {
    let mut stage = stage("hold_wait = \"1s\"\nhold_wait_in_transaction = \"1s\"");
    let sql = "DELETE FROM order_items WHERE order_id = 309";
    let mut lost = stage.raw("agent");
    send(&mut lost, sql);
    let ticket = stage.ticket("order_id = 309", "pending");
    stage.gateway.kill();
    assert!(lost.read_to_end().iter().all(|f| f.tag == b'N'));
    stage.gateway.resume();
    assert_eq!(stage.ticket("order_id = 309", "pending"), ticket);
    approve(&stage, &ticket);
    assert_ne!(count(&stage, "order_items WHERE order_id = 309"), 0);
    let ran = thread::scope(|scope| {
        let tries: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| stage.psql("agent", sql).code == 0))
            .collect();
        let ran = tries.into_iter().map(|one| one.join().unwrap());
        ran.filter(|ran| *ran).count()
    });
    assert_eq!(ran, 1, "one approval, one execution");
    assert_eq!(count(&stage, "order_items WHERE order_id = 309"), 0);
}

#[test]
fn two_who_ask_the_same_at_once_each_get_their_own_answer() {
    let stage = stage("");
    let sql = "DELETE FROM order_items WHERE order_id = 310";
    let (mut first, mut second) = (stage.raw("agent"), stage.raw("agent"));
    send(&mut first, sql);
    send(&mut second, sql);
    let tickets = eventually("a request of each", PATIENCE, || {
        let all = stage.approvals();
        let mine = all
            .iter()
            .filter(|a| a["statement"] == sql && a["state"] == "pending");
        let tickets: Vec<(String, String)> = mine
            .map(|a| {
                (
                    a["session"].to_string(),
                    a["ticket"].as_str().unwrap().to_owned(),
                )
            })
            .collect();
        (tickets.len() == 2).then_some(tickets)
    });
    assert_ne!(tickets[0].0, tickets[1].0, "one request a session");
    // One leaves: the other's request stays, and its approval runs it.
    let notice = first.read();
    let own = notice.field(b'M').unwrap_or_default();
    let (mine, others): (Vec<_>, Vec<_>) =
        tickets.iter().partition(|(_, t)| own.contains(t.as_str()));
    first.hang_up();
    stage.ticket("order_id = 310", "withdrawn");
    assert_eq!((mine.len(), others.len()), (1, 1), "{own}");
    let told = stage.cli("dora", &["approvals", "approve", &mine[0].1, "-y"]);
    assert_ne!(told.code, 0, "who left has nothing to approve");
    approve(&stage, &others[0].1);
    let done = second.read_until_ready();
    assert!(done.iter().any(|f| f.tag == b'C'), "{done:?}");
    assert_eq!(count(&stage, "order_items WHERE order_id = 310"), 0);
}

#[test]
fn a_denial_wins_over_an_approval_that_was_not_used_yet() {
    let stage = stage(QUICK);
    let mut agent = stage.raw("agent");
    let sql = "DELETE FROM order_items WHERE order_id = 311";
    let ticket = approved(&stage, &mut agent, sql, "order_id = 311");
    let denied = stage.cli(
        "dan",
        &["approvals", "deny", &ticket, "-y", "--comment", "wait"],
    );
    assert_eq!(denied.code, 0, "{}", denied.all());
    let (code, text) = error(&agent.query(sql));
    assert_eq!(code, "PC002", "{text}");
    assert!(text.contains("wait"), "{text}");
    assert_ne!(count(&stage, "order_items WHERE order_id = 311"), 0);
}

#[test]
fn a_bound_portal_does_not_outlive_the_policy_it_was_bound_under() {
    let stage = stage(QUICK);
    let mut alice = stage.raw("alice");
    alice.query("BEGIN");
    alice.send(b'P', b"\0INSERT INTO staging VALUES (312)\0\0\0");
    alice.send(b'B', b"late\0\0\0\0\0\0\0\0");
    alice.send(b'S', b"");
    let bound = alice.read_until_ready();
    assert_eq!(bound.iter().map(|f| f.tag).collect::<Vec<_>>(), *b"12Z");
    alice.query("SAVEPOINT s");
    let file = stage.gateway.folder().join("policy/zz-freeze.cedar");
    let freeze = "@id(\"freeze\") forbid (principal, action == Action::\"insert\", resource);";
    std::fs::write(&file, freeze).unwrap();
    wait_until("the freeze to hold", PATIENCE, || {
        let told = stage.psql("alice", "INSERT INTO staging VALUES (-312)");
        told.err.contains("freeze")
    });
    for _ in 0..3 {
        alice.send(b'E', b"late\0\0\0\0\0");
        alice.send(b'S', b"");
        let (_, text) = error(&alice.read_until_ready());
        assert!(text.contains("the rules changed"), "{text}");
        alice.query("ROLLBACK TO s");
    }
    alice.query("COMMIT");
    assert_eq!(count(&stage, "staging WHERE id = 312"), 0);
}
