//! From accept to a session.

use std::time::{Duration, Instant};

use model::Limits;
use testkit::{RawClient, run, wait_until};

use crate::bench::{Bench, PASSWORD, Wish, psql_at};

#[test]
fn the_upstream_sees_who_acts() {
    let bench = Bench::new();
    let mut command = bench.psql_command("orders");
    command.env("PGAPPNAME", "report");
    let ran = run(
        &mut command,
        "select usename, datname, application_name from pg_stat_activity where pid = pg_backend_pid()",
        Duration::from_secs(30),
    );
    assert_eq!(ran.ok().trim(), "gate|shop|portcullis/ann: report");
}

#[test]
fn databases_of_a_resource() {
    let bench = Bench::new();
    for (asked, found) in [
        ("orders", Some("shop")),
        ("orders/shop", Some("shop")),
        ("orders/postgres", Some("postgres")),
        ("orders/template1", None),
        ("orders/", None),
        ("other", None),
        ("ORDERS", None),
    ] {
        let mut command = bench.psql_command(asked);
        let ran = run(
            &mut command,
            "select current_database()",
            Duration::from_secs(30),
        );
        match found {
            Some(database) => assert_eq!(ran.ok().trim(), database, "{asked}"),
            None => {
                assert_eq!(ran.code, 2, "{asked}: {}", ran.all());
                assert!(ran.err.contains("no access to"), "{asked}: {}", ran.err);
            }
        }
    }
}

#[test]
fn what_is_not_there_and_what_is_not_permitted_look_alike() {
    let bench = Bench::with(Wish {
        policies: "permit(principal, action == Action::\"select\", resource);",
        ..Wish::default()
    });
    let said = |database: &str| {
        let mut command = bench.psql_command(database);
        let ran = run(&mut command, "select 1", Duration::from_secs(30));
        assert_eq!(ran.code, 2);
        ran.err.replace(database, "NAME")
    };
    assert_eq!(said("orders"), said("nowhere"));
    assert_eq!(bench.sessions(), 0);
}

#[test]
fn a_bad_password_is_told_nothing_more() {
    let bench = Bench::new();
    let mut command = bench.psql_command("orders");
    command.env("PGPASSWORD", "wrong-token");
    let ran = run(&mut command, "select 1", Duration::from_secs(30));
    assert_eq!(ran.code, 2);
    assert!(!ran.err.contains("unknown token"), "{}", ran.err);
    assert!(!ran.err.contains("wrong-token"), "{}", ran.err);
    assert_eq!(
        bench.metric("portcullis_logins_total{result=\"unauthenticated\"}"),
        1.0
    );
}

#[test]
fn a_target_that_refuses_the_gateway_is_not_described_to_the_client() {
    let bench = Bench::with(Wish {
        upstream_password: "stale",
        ..Wish::default()
    });
    let ran = bench.psql("select 1");
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("cannot be reached at the moment"),
        "{}",
        ran.err
    );
    assert!(!ran.err.contains("gate\""), "{}", ran.err);
    assert!(!ran.err.contains("stale"), "{}", ran.err);
}

#[test]
fn slow_senders_time_out_as_a_whole() {
    let limits = Limits {
        login_timeout: Duration::from_millis(700),
        ..Limits::standard()
    };
    let bench = Bench::with(Wish {
        limits,
        ..Wish::default()
    });
    let startup = b"\0\0\0\x22\0\x03\0\0user\0ann\0database\0orders\0\0";
    let start = Instant::now();
    let mut silent = RawClient::connect(bench.address());
    let mut slow = RawClient::connect(bench.address());
    let mut bytes = startup.iter();
    wait_until(
        "the slow sender to be hung up on",
        Duration::from_secs(10),
        || {
            let byte = bytes.next().copied();
            slow.send_bytes(byte.as_slice());
            bench.metric("portcullis_logins_total{result=\"timed_out\"}") >= 2.0
        },
    );
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(silent.read_byte(), None);
}

#[test]
fn those_not_logged_in_are_bounded() {
    let limits = Limits {
        logins_pending_max: 3,
        ..Limits::standard()
    };
    let bench = Bench::with(Wish {
        limits,
        ..Wish::default()
    });
    let waiting: Vec<_> = (0..3)
        .map(|_| RawClient::connect(bench.address()))
        .collect();
    wait_until("them to be accepted", Duration::from_secs(10), || {
        bench.metric("portcullis_connections_total") >= 3.0
    });
    let mut turned_away = RawClient::connect(bench.address());
    assert_eq!(turned_away.read_byte(), None);
    assert_eq!(
        bench.metric("portcullis_connections_turned_away_total"),
        1.0
    );
    waiting.into_iter().for_each(RawClient::hang_up);
    wait_until("room again", Duration::from_secs(10), || {
        bench.psql("select 1").code == 0
    });
}

#[test]
fn oversize_and_garbage_before_login_end_the_connection() {
    let bench = Bench::new();
    let huge = [
        &0x7fff_ffff_u32.to_be_bytes()[..],
        &[0, 3, 0, 0],
        &[b'x'; 4096],
    ]
    .concat();
    let long = [
        &20_000_u32.to_be_bytes()[..],
        &[0, 3, 0, 0],
        &[b'x'; 19_992],
    ]
    .concat();
    for bytes in [
        huge.as_slice(),
        &long,
        b"GET / HTTP/1.1\r\n\r\n",
        &[0; 64],
        &[0xff; 64],
    ] {
        let mut client = RawClient::connect(bench.address());
        client.send_bytes(bytes);
        client.read_to_end();
        assert_eq!(client.read_byte(), None);
    }
    assert_eq!(bench.sessions(), 0);
}

#[test]
fn a_unix_socket_serves_as_well() {
    let bench = Bench::with(Wish {
        unix: true,
        ..Wish::default()
    });
    let folder = bench.folder.path().display();
    let dsn = format!("host={folder} port=5432 user=ann dbname=orders");
    let ran = run(&mut psql_at(&dsn), "select 1", Duration::from_secs(30));
    assert_eq!(ran.ok().trim(), "1");
}

#[test]
fn sessions_leave_nothing_behind() {
    let bench = Bench::new();
    for _ in 0..5 {
        bench.psql("select 1").ok();
    }
    wait_until("all sessions to be gone", Duration::from_secs(10), || {
        bench.sessions() == 0 && bench.metric("portcullis_sessions_open") == 0.0
    });
    let closed = bench
        .recorded()
        .iter()
        .filter(|line| line.contains("SessionClosed"))
        .count();
    assert_eq!(closed, 5);
    let raw = RawClient::login(bench.address(), "ann", "orders", PASSWORD);
    raw.hang_up();
    wait_until(
        "the one that hung up to be gone",
        Duration::from_secs(10),
        || bench.sessions() == 0,
    );
}
