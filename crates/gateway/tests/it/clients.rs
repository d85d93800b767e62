//! Real clients give the same results through the gateway as directly, under a policy that allows everything.

use std::process::Command;
use std::time::Duration;

use testkit::{Ran, repository, run};

use crate::stage::{Stage, python, token};

const LONG: Duration = Duration::from_secs(180);

fn same(name: &str, direct: &Ran, through: &Ran) {
    let (direct, through) = (direct.ok(), through.ok());
    // pg_dump fences its script with a word of its own making, another one each time.
    let fixed =
        |line: &&str| !line.starts_with("\\restrict ") && !line.starts_with("\\unrestrict ");
    let lines = |text: &'_ str| {
        text.lines()
            .filter(fixed)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (ours, theirs) = (lines(direct), lines(through));
    let differing = ours.iter().zip(&theirs).find(|(a, b)| a != b);
    assert!(
        differing.is_none() && ours.len() == theirs.len(),
        "{name} differs: {differing:?}"
    );
    assert!(
        direct.len() > 100,
        "{name} printed next to nothing: {direct}"
    );
}

/// Runs a command made for each connection string, and compares what the two print.
fn both(stage: &Stage, name: &str, command: impl Fn(&str) -> Command) {
    let direct = run(
        &mut command(&stage.postgres.superuser_dsn("shop")),
        "",
        LONG,
    );
    let through = run(&mut command(&stage.dsn("root")), "", LONG);
    same(name, &direct, &through);
}

fn script(stage: &Stage, name: &str) {
    both(stage, name, |dsn| {
        let mut command = python(name);
        command.env("DSN", dsn);
        command
    });
}

#[test]
fn psycopg() {
    script(&Stage::open(), "psycopg_suite.py");
}

#[test]
fn asyncpg() {
    script(&Stage::open(), "asyncpg_suite.py");
}

#[test]
fn sqlalchemy_reflection_and_orm() {
    script(&Stage::open_alone(), "sqlalchemy_suite.py");
}

#[test]
fn node_postgres() {
    both(&Stage::open(), "node-postgres", |dsn| {
        let mut command = Command::new("node");
        command
            .arg(repository("testing/clients/node/suite.mjs"))
            .env(
                "DSN",
                dsn.replace("&gssencmode=disable", "")
                    .replace("sslmode=prefer", "sslmode=disable"),
            );
        command
    });
}

#[test]
fn pgjdbc_in_every_query_mode() {
    let stage = Stage::open();
    let suite = |port: u16, database: &str, user: &str, password: &str| {
        let mut command = Command::new("java");
        command
            .args(["-cp", "/usr/share/java/postgresql.jar"])
            .arg(repository("testing/clients/java/Suite.java"));
        command.env(
            "JDBC_URL",
            format!("jdbc:postgresql://127.0.0.1:{port}/{database}?sslmode=disable"),
        );
        command.env("PGUSER", user).env("PGPASSWORD", password);
        run(&mut command, "", LONG)
    };
    let direct = suite(
        stage.postgres.port,
        "shop",
        testkit::SUPERUSER.0,
        testkit::SUPERUSER.1,
    );
    let through = suite(
        stage.gateway.address().port(),
        "orders-prod",
        "root",
        &token("root"),
    );
    same("pgjdbc", &direct, &through);
}

#[test]
fn psql_and_its_describing_commands() {
    let stage = Stage::open_alone();
    let commands = "\\d\n\\d+\n\\dt+\n\\d customers\n\\d+ orders\n\\d order_totals\n\\dv\n\\di\n\\ds\n\\df\n\\df+ order_total\n\\dT\n\\dT+ order_status\n\\dn+\n\\du\n\\dp\n\\ddp\n\\dx\n\\dC\n\\do\n\\dAc\n\\dL\n\\db\n\\dc\n\\dD\n\\des\n\\dew\n\\dF\n\\dO\n\\dRp\n\\dy\n\\l\n\\sf order_total\n\\sv order_totals\n\\z orders\n\\dconfig search_path\n\\pset format csv\nSELECT * FROM products ORDER BY id LIMIT 20;\n\\x\nSELECT * FROM staff ORDER BY id LIMIT 2;\n\\gdesc\nSELECT 1 AS a, 'b' AS b \\gdesc\nSELECT g FROM generate_series(1, 2500) AS g;\n\\set FETCH_COUNT 100\nSELECT g FROM generate_series(1, 1000) AS g;\nSELECT 1/0;\nSELEKT;\nSELECT 'after';\n\\copy (SELECT id, sku FROM products ORDER BY id) TO STDOUT CSV HEADER\nBEGIN;\nSELECT pg_typeof(now());\nROLLBACK;\n";
    let ask = |dsn: &str| run(Command::new("psql").args(["-X", "-d", dsn]), commands, LONG);
    let direct = ask(&stage.postgres.superuser_dsn("shop"));
    let through = ask(&stage.dsn("root"));
    same("psql", &direct, &through);
    assert_eq!(direct.err, through.err);
}

#[test]
fn pg_dump_and_pg_restore() {
    let stage = Stage::open_alone();
    both(&stage, "pg_dump --schema-only", |dsn| {
        let mut command = Command::new("pg_dump");
        command.args(["--schema-only", "-d", dsn]);
        command
    });
    both(&stage, "pg_dump --inserts", |dsn| {
        let mut command = Command::new("pg_dump");
        command.args([
            "--inserts",
            "--rows-per-insert=50",
            "--table=products",
            "--table=staff",
            "-d",
            dsn,
        ]);
        command
    });
    let file = stage.gateway.folder().join("shop.dump");
    run(
        Command::new("pg_dump")
            .args(["-Fc", "-d", &stage.dsn("root"), "-f"])
            .arg(&file),
        "",
        LONG,
    )
    .ok();
    stage
        .postgres
        .sql("postgres", "DROP DATABASE IF EXISTS restored");
    stage.postgres.sql("postgres", "CREATE DATABASE restored");
    let target = stage
        .gateway
        .dsn("root", &token("root"), "orders-prod%2Frestored");
    run(
        Command::new("pg_restore")
            .args(["--exit-on-error", "-d", &target])
            .arg(&file),
        "",
        LONG,
    )
    .ok();
    let sums = "SELECT md5(string_agg(t::text, E'\\n' ORDER BY id)) FROM customers AS t";
    assert_eq!(
        stage.postgres.sql("restored", sums),
        stage.postgres.sql("shop", sums)
    );
    stage
        .postgres
        .sql("postgres", "DROP DATABASE restored WITH (FORCE)");
}

#[test]
fn pgbench_in_every_mode() {
    let stage = Stage::open_alone();
    let bin = &stage.postgres.server.bin;
    let dsn = stage.dsn("root");
    let bench = |arguments: &[&str]| {
        run(
            Command::new(bin.join("pgbench")).args(arguments).arg(&dsn),
            "",
            LONG,
        )
    };
    bench(&["-i", "-q", "-s", "1"]).ok();
    for mode in ["simple", "extended", "prepared"] {
        for script in ["tpcb-like", "select-only"] {
            let ran = bench(&[
                "-n", "-M", mode, "-b", script, "-c", "4", "-j", "2", "-t", "50",
            ]);
            assert!(
                ran.ok().contains("actually processed: 200/200"),
                "{mode} {script}: {}",
                ran.all()
            );
        }
    }
    let pipelined = stage.gateway.folder().join("pipeline.sql");
    std::fs::write(&pipelined, "\\startpipeline\nSELECT 1;\nSELECT abalance FROM pgbench_accounts WHERE aid = 1;\nSELECT 2;\n\\endpipeline\n").unwrap();
    let file = pipelined.to_string_lossy();
    for mode in ["extended", "prepared"] {
        let ran = bench(&["-n", "-M", mode, "-f", &file, "-c", "2", "-t", "50"]);
        assert!(
            ran.ok().contains("actually processed: 100/100"),
            "{mode}: {}",
            ran.all()
        );
    }
    let balance =
        "SELECT sum(abalance) = (SELECT sum(delta) FROM pgbench_history) FROM pgbench_accounts";
    assert_eq!(stage.postgres.sql("shop", balance), "t");
    stage.postgres.sql(
        "shop",
        "DROP TABLE pgbench_accounts, pgbench_branches, pgbench_history, pgbench_tellers",
    );
}

/// MiB of rows in the big result.
const BIG_MIB: u64 = 300;
/// MiB by which the gateway may grow while they pass.
const GROWTH_MIB: u64 = 64;

/// The most memory that the gateway has held so far, in MiB.
fn peak(stage: &Stage) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", stage.gateway.pid()));
    let status = status.unwrap();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|v| v.split_whitespace().next()).unwrap();
    peak.parse::<u64>().unwrap() / 1024
}

#[test]
fn a_big_result_streams_through() {
    let stage = Stage::open();
    let ask = |dsn: &str, rows: u64| {
        let command = format!(
            "psql -XAt -d '{dsn}' -c \"COPY (SELECT g, repeat('x', 8192) FROM generate_series(1, {rows}) AS g) TO STDOUT\" | md5sum"
        );
        run(Command::new("sh").args(["-c", &command]), "", LONG)
    };
    let (direct, through) = (stage.postgres.superuser_dsn("shop"), stage.dsn("root"));
    // What the first sessions need, they need once.
    let small = 2 * 1024 * 1024 / 8192;
    assert_eq!(ask(&direct, small).ok(), ask(&through, small).ok());
    let before = peak(&stage);
    let big = BIG_MIB * 1024 * 1024 / 8192;
    assert_eq!(ask(&direct, big).ok(), ask(&through, big).ok());
    let grown = peak(&stage) - before;
    println!("{before} MiB and {grown} more");
    assert!(grown < GROWTH_MIB, "the gateway grew by {grown} MiB");
}

#[test]
fn wide_values_pass_unchanged() {
    let wide = "SELECT md5(v), length(v) FROM (SELECT repeat('y', 30 * 1024 * 1024) AS v) AS big";
    both(&Stage::open(), "a wide value", |dsn| {
        let mut command = Command::new("psql");
        command.args([
            "-XAt",
            "-d",
            dsn,
            "-c",
            wide,
            "-c",
            "SELECT repeat('z', 20 * 1024 * 1024)",
        ]);
        command
    });
}
