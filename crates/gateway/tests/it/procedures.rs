//! Bodies in PL/pgSQL: what one does by any construct is judged before it runs, and what it tells is masked or refused.

use testkit::repository;

use crate::leaks::{Expect, Mode, cases, extended, run_cases, stage_with};
use crate::stage::Stage;

fn stage() -> Stage {
    let setup = std::fs::read_to_string(repository("testing/corpus/procedures-setup.sql"));
    stage_with(&setup.unwrap())
}

fn run(mode: Mode) {
    run_cases(&stage(), cases("procedures"), mode);
}

#[test]
fn procedures_by_the_simple_protocol() {
    run(|client, sql| client.query(sql));
}

#[test]
fn procedures_by_the_extended_protocol_in_binary() {
    run(extended);
}

/// Nobody is kept from what would have changed nothing anyhow: each attack is one.
#[test]
fn the_attacks_do_what_they_are_refused_for() {
    let stage = stage();
    let items = "SELECT count(*) FROM public.order_items WHERE order_id = 9";
    let all = stage.postgres.sql("shop", items);
    assert_ne!(all.trim(), "0");
    let attacks = cases("procedures");
    let attacks = attacks.iter().filter(|case| case.expect == Expect::Does);
    let mut count = 0;
    for case in attacks {
        let line = case.steps.join("; ");
        let left = stage
            .postgres
            .sql("shop", &format!("BEGIN; {line}; {items}; ROLLBACK"));
        let last = left.lines().last().unwrap_or_default().trim();
        assert_eq!(last, "0", "{line}");
        count += 1;
    }
    assert!(count >= 50, "{count} attacks");
    assert_eq!(stage.postgres.sql("shop", items), all);
}
