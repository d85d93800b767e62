//! What values hold, by the way that they are taken, and that nothing that is read makes the reading fail.
#![allow(clippy::unwrap_used)]

use mask::{Met, any_within};
use model::{ParameterFormat, Part};
use proptest::prelude::*;

const TEXT: ParameterFormat = ParameterFormat::Text;
const BINARY: ParameterFormat = ParameterFormat::Binary;

fn member(name: &str) -> Part {
    Part::Member(name.into())
}

/// Everything that is met, in order; what is found and not taken in parentheses.
fn met(value: &[u8], format: ParameterFormat, parts: &[Part]) -> String {
    let whole = Met {
        value,
        format,
        type_oid: 0,
        is_sure: true,
    };
    let mut all = Vec::new();
    any_within(whole, parts, &mut |met| {
        let text = String::from_utf8_lossy(met.value).into_owned();
        all.push(if met.is_sure {
            text
        } else {
            format!("({text})")
        });
        false
    });
    all.join(" | ")
}

#[test]
fn parts_are_taken() {
    let check = |value: &str, parts: &[Part], expect: &str| {
        assert_eq!(
            met(value.as_bytes(), TEXT, parts),
            expect,
            "{value} {parts:?}"
        );
    };
    let elements = [Part::Elements];
    check("x", &[], "x");
    check(
        r#"{"a": 1, "b": "x\u0041\"", "a": [2]}"#,
        &[member("b")],
        "xA\"",
    );
    check(r#"{"a": 1, "b": "x", "a": [2]}"#, &[member("a")], "1 | [2]");
    check(r#"{"a": null}"#, &[member("a")], "");
    check(r#"{"b": "***"}"#, &[member("a")], "");
    check(
        r#" [ {"a": "x"} , {"a": {"b": 2}} ] "#,
        &[Part::Elements, member("a")],
        "x | {\"b\": 2}",
    );
    check(r#"[["x"], ["y"]]"#, &[member("0"), member("0")], "x | y");
    check(r#"{"k": "x", "l": {}}"#, &elements, "x | {}");
    check("[]", &elements, "");
    check("{}", &elements, "");
    check(
        r#"{a, "b,\"c" ,NULL,"NULL",{d}}"#,
        &elements,
        "a | b,\"c | NULL | d",
    );
    check("[0:1]={a,b}", &elements, "a | b");
    check(r#"(1,,"a,""b",\c )"#, &[Part::Field(2)], "a,\"b");
    check(r#"(1,,"a,""b",\c )"#, &[Part::Field(3)], "c ");
    check("(1,,2)", &[Part::Field(1)], "");
    check("(1)", &[Part::Field(7)], "((1)) | (1)");
    check(
        r#"{"(1,x)","(2,\"y z\")"}"#,
        &[Part::Elements, Part::Field(1)],
        "x | y z",
    );
    check("a,b c", &[Part::Pieces], "a | b | c | a,b c");
    check("a", &[Part::Pieces], "a");
    let split = |mark: &str| [Part::SplitAt(mark.into())];
    check("a,b::c:d", &split("::"), "a,b | c:d");
    check("a~~b~", &split("~"), "a |  | b | ");
    check("a", &split(""), "a");
    // Who writes a list puts blanks in it.
    check("a, b", &split(","), "a |  b | b");
    // What a string of JSON says is taken apart, not how it stands there.
    check(
        r#"{"doc": "{\"ssn\": \"x\"}"}"#,
        &[member("doc"), member("ssn")],
        "x",
    );
    check(
        r#"{"tags": "{a,\"b c\"}"}"#,
        &[member("tags"), Part::Elements],
        "a | b c",
    );
    check(
        r#"{"list": "x,b"}"#,
        &[member("list"), Part::Pieces],
        "x | b | x,b",
    );
    // What is not of the form that was expected is looked through as a whole.
    check(
        r#"{"a": "x", "b": ["y", {"z": "w"}]}"#,
        &[Part::Computed],
        "{\"a\": \"x\", \"b\": [\"y\", {\"z\": \"w\"}]} | (x) | (y) | (w)",
    );
    check(r#"["x"]"#, &[Part::Computed, member("a")], "[\"x\"] | (x)");
    check("{x,y}", &[member("a")], "({x,y}) | (x) | (y)");
    check(
        r#"{"(1,x)"}"#,
        &[Part::Computed],
        "{\"(1,x)\"} | ((1,x)) | (1) | (x)",
    );
    check("plain", &[member("a")], "(plain)");
    check(
        r#"<c mail="a***@b.c"><n>***</n> x</c>"#,
        &[Part::Computed],
        r#"<c mail="a***@b.c"><n>***</n> x</c> | (c mail=) | (a***@b.c) | (n) | (***) | (/n) | (x) | (/c)"#,
    );
    check(
        r#""a"=>"***", b=>y"#,
        &[member("a")],
        r#"("a"=>"***", b=>y) | (a) | (***) | (b) | (y)"#,
    );
    check("a < b", &[Part::Computed], "a < b");
    check(r#" "x\n" "#, &[Part::Computed], " \"x\\n\"  | (x\n)");
    check(r#"{"a": "x""#, &[member("a")], "({\"a\": \"x\")");
}

#[test]
fn binary_forms_are_read() {
    let array = b"\0\0\0\x01\0\0\0\x01\0\0\0\x19\0\0\0\x02\0\0\0\x01\0\0\0\x01x\xff\xff\xff\xff";
    assert_eq!(met(array, BINARY, &[Part::Elements]), "x");
    assert_eq!(
        met(array.split_last().unwrap().1, BINARY, &[Part::Computed])
            .matches("(x)")
            .count(),
        0
    );
    let row = b"\0\0\0\x02\0\0\0\x17\0\0\0\x01y\0\0\0\x19\0\0\0\x01x";
    assert_eq!(met(row, BINARY, &[Part::Field(1)]), "x");
    assert_eq!(met(b"\x01{\"a\": \"x\"}", BINARY, &[member("a")]), "x");
    let hstore = b"\0\0\0\x02\0\0\0\x04mail\0\0\0\x03***\0\0\0\x01k\xff\xff\xff\xff";
    assert!(met(hstore, BINARY, &[member("mail")]).ends_with(" | (***)"));
    // An array whose bytes might be an hstore's.
    let both = b"\0\0\0\x01\0\0\0\0\0\0\0\x19\0\0\0\x01\0\0\0\x01\0\0\0\x0d*************";
    assert!(met(both, BINARY, &[Part::Computed]).contains("(*************)"));
    // The binary form of a text is the text.
    assert_eq!(met(b"{x,y}", BINARY, &[Part::Elements]), "x | y");
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        Just(member("a")),
        Just(Part::Elements),
        (0_usize..3).prop_map(Part::Field),
        Just(Part::Pieces),
        Just(Part::SplitAt("a".into())),
        Just(Part::Computed),
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_read(
        value in proptest::collection::vec(any::<u8>(), 0..64),
        marks in r#"[\[\]{}(),:"\\ a1]{0,40}"#,
        parts in proptest::collection::vec(part(), 0..4),
    ) {
        for format in [TEXT, BINARY] {
            met(&value, format, &parts);
            met(marks.as_bytes(), format, &parts);
        }
    }

    #[test]
    fn what_json_holds_is_found(
        value in any::<String>(),
        name in any::<String>(),
        other in any::<String>(),
    ) {
        let document = serde_json::json!([{ &other: [&other], &name: &value }]).to_string();
        let whole = Met { value: document.as_bytes(), format: TEXT, type_oid: 0, is_sure: true };
        let parts = [Part::Elements, member(&name)];
        prop_assert!(any_within(whole, &parts, &mut |met| met.value == value.as_bytes()));
        let looked = any_within(whole, &[Part::Computed], &mut |met| met.value == value.as_bytes());
        prop_assert!(looked);
    }
}
