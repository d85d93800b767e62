//! `portcullis data scan` over the shop: what it proposes, writes and never shows.

use crate::stage::{Stage, Wishes, new_shop, oidc};
use testkit::{PostgresOptions, Server};

fn scan(stage: &Stage, arguments: &[&str]) -> testkit::Ran {
    let fixed = ["data", "scan", "orders-prod", "--config", "portcullis.toml"];
    stage.gateway.cli(&[&fixed, arguments].concat(), &[])
}

#[test]
fn labels_are_proposed_written_and_then_known() {
    let stage = Stage::open();
    let first = scan(&stage, &["--write", "found.toml", "--least", "40"]);
    let shown = first.ok();
    for expect in [
        "99 %  public.customers.email",
        "99 %  public.staff.email",
        "public.customers.card_number",
        "public.customers.phone",
        "public.customers.birth_date",
        "public.customers.ssn",
        "public.staff.salary",
        "200 of 200 sampled values fit",
    ] {
        assert!(shown.contains(expect), "{expect} is not in:\n{shown}");
    }
    for quiet in [
        "order_items",
        "products.title",
        "orders.status",
        "customers.id ",
    ] {
        assert!(!shown.contains(quiet), "{quiet} is in:\n{shown}");
    }
    let folder = stage.gateway.folder();
    let written = std::fs::read_to_string(folder.join("found.toml")).unwrap();
    for raw in ["@example", "424242", "555"] {
        assert!(
            !shown.contains(raw) && !written.contains(raw),
            "a value was told"
        );
    }

    // The entries, taken over as they are, are all that there was to find.
    let config = std::fs::read_to_string(folder.join("portcullis.toml")).unwrap();
    let config = config.replace(
        "dir = \"policy\"\n",
        "dir = \"policy\"\ndata = \"found.toml\"\n",
    );
    std::fs::write(folder.join("portcullis.toml"), config).unwrap();
    let again = scan(&stage, &["--check", "--least", "40"]);
    assert!(again.ok().contains("Nothing to propose"), "{}", again.out);
}

#[test]
fn a_column_that_comes_later_is_told_and_fails_the_check() {
    let postgres = new_shop(&Server::standard(), PostgresOptions::default());
    let postgres = Box::leak(Box::new(postgres));
    let stage = Stage::on(postgres, oidc(), &Wishes::default());
    let before = scan(&stage, &["--check"]);
    assert!(before.all().contains("labelled"), "{}", before.all());
    postgres.sql(
        "shop",
        "ALTER TABLE orders ADD COLUMN contact_email text; \
         UPDATE orders SET contact_email = 'a' || id || '@example.org'; \
         CREATE TABLE hidden (iban text); GRANT SELECT ON orders TO portcullis_gateway",
    );
    let after = scan(&stage, &["--check", "--json"]);
    assert_ne!(after.code, 0, "{}", after.out);
    let found: serde_json::Value = serde_json::from_str(&after.out).unwrap();
    let proposals = found["proposals"].as_array().unwrap();
    let of = |table: &str, column: &str| {
        let found = proposals
            .iter()
            .find(|p| p["table"] == table && p["column"] == column);
        found.unwrap_or_else(|| panic!("no {table}.{column} in {proposals:?}"))
    };
    assert_eq!(of("orders", "contact_email")["mask"], "email");
    // What the gateway's role may not read is judged by its name, and said.
    assert_eq!(of("hidden", "iban")["label"], "financial");
    assert_eq!(found["not_sampled"][0]["table"], "\"public\".\"hidden\"");
}
