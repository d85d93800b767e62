//! What a session does when something beneath it breaks: the recorder, the gateway's own code, the clock.

use std::time::{Duration, Instant};

use gate::testing::JournalFault;
use model::Limits;
use testkit::{run, wait_until};

use super::bench::{Bench, Wish};

const PATIENCE: Duration = Duration::from_secs(30);

/// 800 MB, should anything let them all through.
const MUCH: &str = "select repeat('x', 8000) from generate_series(1, 100000)";

#[test]
fn a_recorder_that_falls_behind_holds_the_target_back_and_then_ends_the_session() {
    let bench = Bench::with(Wish {
        limits: Limits {
            journal_timeout: Duration::from_secs(2),
            ..Limits::standard()
        },
        ..Wish::default()
    });
    bench.psql("select 1").ok();
    bench.door.journal.set_fault(JournalFault::Slow);
    let began = Instant::now();
    let ran = run(
        bench
            .psql_command("orders")
            .args(["-v", "VERBOSITY=verbose"]),
        MUCH,
        PATIENCE,
    );
    assert!(began.elapsed() >= Duration::from_secs(2), "it waits");
    assert_ne!(ran.code, 0);
    assert!(ran.err.contains("58030"), "{}", ran.err);
    let taken: usize = bench
        .recorded()
        .iter()
        .filter_map(|line| response_bytes(line))
        .sum();
    let bound = 4 * Limits::standard().buffer_bytes_max;
    assert!(
        taken < bound,
        "{taken} bytes were read for a recorder that is behind"
    );
    bench.door.journal.set_fault(JournalFault::None);
    assert_eq!(bench.psql("select 2").ok().trim(), "2");
}

fn response_bytes(line: &str) -> Option<usize> {
    let (_, size) = line.strip_prefix("response ")?.split_once(": ")?;
    size.strip_suffix(" bytes")?.parse().ok()
}

#[test]
fn a_session_that_panics_ends_alone() {
    let bench = Bench::new();
    // One on each of the two workers, and one more.
    let bystanders: Vec<_> = (0..3).map(|_| idle(&bench)).collect();
    wait_until("three sessions", PATIENCE, || bench.sessions() == 3);
    bench.door.journal.set_fault(JournalFault::Panics);
    let ran = bench.psql("select 'never seen'");
    bench.door.journal.set_fault(JournalFault::None);
    assert_ne!(ran.code, 0);
    assert!(!ran.out.contains("never seen"), "{}", ran.out);
    wait_until("the one that panicked to be gone", PATIENCE, || {
        bench.sessions() == 3
    });
    let closed = |line: &String| line.contains("SessionClosed") && line.contains("internal error");
    assert_eq!(
        bench.recorded().iter().filter(|line| closed(line)).count(),
        1
    );
    for mut bystander in bystanders {
        let answer = bystander.query("select 41 + 1");
        assert!(
            answer
                .iter()
                .any(|frame| frame.tag == b'D' && frame.texts() == ["42"]),
            "{answer:?}"
        );
    }
    assert_eq!(bench.psql("select 3").ok().trim(), "3");
}

#[test]
fn every_action_has_its_end_before_its_session_has() {
    for how in ["it says goodbye", "it hangs up", "it is killed"] {
        let bench = Bench::new();
        let mut client = idle(&bench);
        client.query("begin");
        client.send(b'P', b"\0select generate_series(1, 9)\0\0\0");
        client.send(b'B', b"a\0\0\0\0\0\0\0\0");
        client.send(b'E', b"a\0\0\0\0\x01");
        client.send(b'B', b"b\0\0\0\0\0\0\0\0");
        client.send(b'S', b"");
        assert!(client.read_until_ready().iter().any(|f| f.tag == b's'));
        client.send_bytes(&testkit::query("select pg_sleep(20)"));
        wait_until("the last one to be let go", PATIENCE, || {
            bench.recorded().iter().any(|l| l.contains("pg_sleep"))
        });
        let live = bench.door.gate.live();
        let mut client = Some(client);
        match how {
            "it says goodbye" => client.as_mut().unwrap().send(b'X', b""),
            "it hangs up" => client.take().unwrap().hang_up(),
            _ => assert!(live.kill(live.ids()[0])),
        }
        wait_until("the end of the session", PATIENCE, || bench.sessions() == 0);
        let lines = bench.recorded();
        let is_end = |line: &&String| line.contains("SessionClosed");
        let end = lines.iter().position(|line| is_end(&line)).unwrap();
        let (before, behind) = lines.split_at(end);
        let ends = |status: &str| {
            let ended = before.iter().filter(|line| line.contains("Completed"));
            ended.filter(|line| line.contains(status)).count()
        };
        for status in ["\"BEGIN\"", "PARSE", "SUSPENDED", "BIND", "UNANSWERED"] {
            assert_eq!(ends(status), 1, "{how}: {status} in {lines:?}");
        }
        assert!(
            !behind.iter().any(|line| line.contains("Completed")),
            "{how}"
        );
    }
}

fn idle(bench: &Bench) -> testkit::RawClient {
    testkit::RawClient::login(bench.address(), "ann", "orders", super::bench::PASSWORD)
}

#[test]
fn a_clock_that_jumps_changes_times_and_nothing_else() {
    let bench = Bench::new();
    let mut client = idle(&bench);
    let clock = &bench.door.clock;
    let hour = Duration::from_secs(3600);
    clock.advance(2 * hour);
    client.query("select 'first'");
    clock.set_back(hour);
    client.query("select 'second'");
    clock.advance(hour);
    client.query("select 'third'");
    client.hang_up();
    wait_until("the end of the session", PATIENCE, || bench.sessions() == 0);
    let lines = bench.recorded();
    let place = |text: &str| {
        let number = |line: &String| line.contains("outcome: \"allow\"") && line.contains(text);
        lines
            .iter()
            .position(number)
            .unwrap_or_else(|| panic!("{text}: {lines:#?}"))
    };
    assert!(place("first") < place("second") && place("second") < place("third"));
    // No duration is negative, which would read as a very long one.
    let longest = lines.iter().filter_map(|line| duration(line)).max();
    assert!(
        longest.is_some_and(|micros| micros <= 3_600_000_000),
        "{lines:#?}"
    );
}

/// What a completion says that an action took, in microseconds.
fn duration(line: &str) -> Option<u64> {
    let (_, rest) = line.split_once(", duration: ")?;
    rest.split_once(',')?.0.parse().ok()
}
