//! The data catalog file: what matches, which mask wins, and what is refused.

#![allow(clippy::unwrap_used)]

use mask::{DataCatalog, PredicateUse, stricter};
use model::{Class, Classes, MaskKind, Search};

const FILE: &str = r#"
[[label]]
column = "email"
label = "pii"
mask = "email"
use = "open"

[[label]]
resource = "orders-*"
schema = "public"
table = "{staff,managers}"
column = "*mail"
label = "hr"
mask = "partial"
last = 2

[[label]]
resource = "orders-prod"
table = "staff"
label = "confidential"
mask = "bucket"
width = 100
use = "opaque"
"#;

fn check(names: [&str; 5], expect: Option<(&[&str], MaskKind, PredicateUse)>) {
    let catalog = DataCatalog::parse(FILE).unwrap();
    let [resource, database, schema, table, column] = names;
    let found = catalog.classify(resource, database, schema, table, column);
    let found = found.map(|c| (c.labels, c.mask, c.usage));
    let expect = expect.map(|(labels, mask, usage)| {
        let labels: Vec<_> = labels.iter().map(|l| (*l).to_owned()).collect();
        (labels, mask, usage)
    });
    assert_eq!(found, expect, "{names:?}");
}

#[test]
fn matches_combine_to_the_strictest() {
    use PredicateUse::{Comparable, Opaque, Open};
    let bucket = MaskKind::Bucket { width: 100 };
    check(
        ["crm", "d", "s", "t", "email"],
        Some((&["pii"], MaskKind::Email, Open)),
    );
    check(["crm", "d", "s", "t", "EMAIL"], None);
    check(["crm", "d", "s", "t", "emails"], None);
    check(
        ["orders-dev", "d", "public", "staff", "email"],
        Some((&["hr", "pii"], MaskKind::Email, Comparable)),
    );
    check(
        ["orders-prod", "d", "public", "staff", "email"],
        Some((&["confidential", "hr", "pii"], bucket, Opaque)),
    );
    check(
        ["orders-prod", "d", "other", "staff", "id"],
        Some((&["confidential"], bucket, Opaque)),
    );
    check(["orders-prod", "d", "public", "orders", "id"], None);
}

#[test]
fn the_demo_file() {
    let path = format!("{}/../../policy/data.toml", env!("CARGO_MANIFEST_DIR"));
    let catalog = DataCatalog::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(catalog.labels(), ["confidential", "pci", "pii"]);
    let salary = catalog.classify("orders-prod", "shop", "public", "staff", "salary");
    assert_eq!(salary.unwrap().mask, MaskKind::Null);
    let id = catalog.classify("orders-prod", "shop", "public", "customers", "id");
    assert_eq!(id, None);
}

#[test]
fn covers() {
    let only = "[[label]]\nresource = 'a'\ndatabase = 'b*'\nlabel = 'x'\nmask = 'null'";
    let only = DataCatalog::parse(only).unwrap();
    assert!(only.covers("a", "bc"));
    assert!(!only.covers("a", "c"));
    assert!(!only.covers("b", "bc"));
    assert!(!DataCatalog::parse("").unwrap().covers("a", "b"));
    assert!(DataCatalog::parse(FILE).unwrap().covers("any", "thing"));
}

#[test]
fn strictness_is_a_total_order() {
    let partial = |first, last| MaskKind::Partial { first, last };
    let ordered = [
        MaskKind::Null,
        MaskKind::Redact,
        MaskKind::Hash,
        MaskKind::Token,
        MaskKind::Bucket { width: 7 },
        MaskKind::Email,
        partial(0, 4),
    ];
    for (index, strict) in ordered.iter().enumerate() {
        for lax in &ordered[index..] {
            assert_eq!(stricter(*strict, *lax), *strict);
            assert_eq!(stricter(*lax, *strict), *strict);
        }
    }
    assert_eq!(stricter(partial(3, 1), partial(0, 4)), partial(0, 1));
    let wide = MaskKind::Bucket { width: 9 };
    assert_eq!(stricter(MaskKind::Bucket { width: 7 }, wide), wide);
}

#[test]
fn refused() {
    let check = |entry: &str, expect: &str| {
        let error = DataCatalog::parse(&format!("\n[[label]]\n{entry}\n")).unwrap_err();
        assert!(error.message.contains(expect), "{entry}\n→ {error}");
    };
    check("mask = 'null'", "label");
    check("label = 'x'", "mask");
    check("label = ''\nmask = 'null'", "number 1 (line 2)");
    check("label = 'a b'\nmask = 'null'", "without spaces");
    check("label = 'x'\nmask = 'nul'", "nul");
    check("label = 'x'\nmask = 'null'\nuse = 'any'", "any");
    check("label = 'x'\nmask = 'null'\ncolum = 'y'", "colum");
    check(
        "label = 'x'\nmask = 'null'\ncolumn = ''",
        "`column` is empty",
    );
    check("label = 'x'\nmask = 'null'\ncolumn = '[a'", "`column`");
    check("label = 'x'\nmask = 'null'\nlast = 4", "partial");
    check("label = 'x'\nmask = 'partial'\nlast = 300", "300");
    check("label = 'x'\nmask = 'bucket'", "width");
    check("label = 'x'\nmask = 'bucket'\nwidth = 0", "at least 1");
    check("label = 'x'\nmask = 'email'\nwidth = 5", "bucket");
}

#[test]
fn entries_say_what_is_searched_for() {
    let catalog = DataCatalog::parse(
        r#"
        [[detect]]
        resource = "orders-*"
        schema = "public"
        table = "tickets"
        hide = "place"

        [[detect]]
        database = "shop"
        column = "*note*"
        find = ["card", "private_key"]
        "#,
    )
    .unwrap();
    let cards = Classes::NONE.with(Class::Card).with(Class::PrivateKey);
    let whole = |whole| Search {
        whole,
        place: Classes::NONE,
    };
    let place = |place| Search {
        whole: Classes::NONE,
        place,
    };
    let check = |names: [&str; 5], expect: Search| {
        assert_eq!(catalog.search(names), expect, "{names:?}");
    };
    check(
        ["orders-prod", "shop", "public", "tickets", "body"],
        place(Classes::ALL),
    );
    check(["crm", "shop", "public", "people", "notes"], whole(cards));
    check(
        ["crm", "shop", "public", "people", "name"],
        Search::default(),
    );
    let both = Search {
        whole: cards,
        place: Classes::ALL.without(cards),
    };
    check(["orders-prod", "shop", "public", "tickets", "note"], both);
    assert_eq!(catalog.search_anywhere("orders-prod", "shop"), both);
    assert_eq!(catalog.search_anywhere("crm", "other"), Search::default());
    let off = DataCatalog::parse(FILE).unwrap();
    assert_eq!(
        off.search_anywhere("orders-prod", "shop"),
        Search::default()
    );
    assert!(!catalog.covers("orders-prod", "shop"), "it labels nothing");
}

#[test]
fn what_cannot_be_searched_for_is_refused() {
    let check = |text: &str, expect: &str| {
        let error = DataCatalog::parse(text).unwrap_err().to_string();
        assert!(error.contains(expect), "{text}: {error}");
    };
    check(
        "[[detect]]\nfind = [\"pan\"]",
        "number 1 (line 1): `find` knows no \"pan\"",
    );
    check("[[detect]]\nfind = []", "`find` is empty");
    check("[[detect]]\nhide = \"cell\"", "cell");
    check("[[detect]]\ncolumn = \"\"", "`column` is empty");
    check("[[detect]]\nmask = \"redact\"", "unknown field");
}
