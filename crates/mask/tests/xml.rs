//! XML masked by its shape: what is expected is masked, and what is not of that shape shows nothing at all.

#![allow(clippy::unwrap_used)]

use bytes::BytesMut;
use mask::{MaskKey, Masking, mask_xml};
use model::{Class, Classes, MaskKind, ParameterFormat, Search, Secret, XmlElement, XmlMask};
use proptest::prelude::*;

use ParameterFormat::{Binary, Text};
use XmlMask::{Hidden, Keep, Nodes, Value};

const TEXT: u32 = 25;
const XML: u32 = 142;
const TIMESTAMP: u32 = 1114;

fn masking() -> Masking {
    Masking::new(
        MaskKey(Secret::new(vec![7; 32])),
        &model::Limits::standard(),
    )
}

fn masked(mask: &XmlMask, value: &str) -> Option<String> {
    let run = |oid, format| {
        let mut out = BytesMut::from("before");
        let is_value = mask_xml(
            &mut masking(),
            mask,
            oid,
            format,
            value.as_bytes(),
            &mut out,
        );
        let shown = out.strip_prefix(b"before").unwrap();
        assert!(is_value || shown.is_empty());
        is_value.then(|| String::from_utf8(shown.to_vec()).unwrap())
    };
    let shown = run(XML, Text);
    // `xml_send` writes what `xml_out` does.
    assert_eq!(shown, run(XML, Binary));
    assert_eq!(shown, run(TEXT, Text));
    shown
}

fn last_two() -> XmlMask {
    let kind = MaskKind::Partial { first: 0, last: 2 };
    of(kind, TEXT)
}

fn of(kind: MaskKind, type_oid: u32) -> XmlMask {
    Value { kind, type_oid }
}

fn element(name: &str, content: XmlMask) -> XmlElement<XmlMask, XmlMask> {
    XmlElement {
        name: name.to_owned(),
        optional: false,
        attributes: Vec::new(),
        content,
    }
}

fn member(name: &str, content: XmlMask) -> XmlElement<XmlMask, XmlMask> {
    XmlElement {
        optional: true,
        ..element(name, content)
    }
}

fn nodes(elements: Vec<XmlElement<XmlMask, XmlMask>>) -> XmlMask {
    Nodes {
        elements,
        text: None,
    }
}

fn person() -> XmlMask {
    let within = nodes(vec![member("ssn", last_two()), member("note", Keep)]);
    nodes(vec![XmlElement {
        attributes: vec![("id".to_owned(), Keep), ("ssn".to_owned(), last_two())],
        ..element("p", within)
    }])
}

#[test]
fn texts_and_attributes_are_masked_and_the_rest_stays() {
    let check = |text: &str, expect: &str| {
        assert_eq!(masked(&person(), text).as_deref(), Some(expect), "{text}");
    };
    check(
        "<p id=\"1\" ssn=\"123456\"><ssn>123456</ssn><note>a &lt;b&gt; <i x=\"1\">c</i></note></p>",
        "<p id=\"1\" ssn=\"****56\"><ssn>****56</ssn><note>a &lt;b&gt; <i x=\"1\">c</i></note></p>",
    );
    // In any order and number, and left out.
    check(
        "<p><note/><ssn>abcd</ssn><ssn>abcd</ssn></p><p/>",
        "<p><note/><ssn>**cd</ssn><ssn>**cd</ssn></p><p/>",
    );
    check(
        "<p id=\"&quot;&#xE9;&#10;\"></p>",
        "<p id=\"&quot;&#xE9;&#10;\"/>",
    );
    // References are read before a value is masked, and written again behind it.
    check(
        "<p><ssn>&amp;&lt;&#x0d;x&lt;&amp;</ssn></p>",
        "<p><ssn>****&lt;&amp;</ssn></p>",
    );
    check(
        "<p ssn=\"&#xE9;abc&quot;&#10;\"/>",
        "<p ssn=\"****&quot;&#10;\"/>",
    );
    check("<p><ssn></ssn></p>", "<p><ssn></ssn></p>");
}

#[test]
fn what_is_of_another_shape_shows_nothing() {
    for text in [
        "<p><ssn>123456</ssn><email>123456</email></p>",
        "<ssn>123456</ssn>",
        "<p mail=\"123456\"/>",
        "<p id=\"1\" id=\"123456\"/>",
        "<p id='123456'/>",
        "<p id=\"<ssn>123456</ssn>\"/>",
        "<p>123456</p>",
        "<p><ssn>12<b>3456</b></ssn></p>",
        "<p><ssn>123456<!-- --></ssn></p>",
        "<p><ssn><![CDATA[123456]]></ssn></p>",
        "<p><note><!-- </note><ssn>123456</ssn> --></note></p>",
        "<p><note><![CDATA[</note><ssn>]]></note><ssn>123456</ssn></p>",
        "<p><note><?x </note>?></note></p>",
        "<?xml version=\"1.0\"?><p/>",
        "<!DOCTYPE p [<!ENTITY e \"123456\">]><p/>",
        "<p><ssn>&e;123456</ssn></p>",
        "<p><ssn>& 123456</ssn></p>",
        "<p><ssn>123456</p></ssn>",
        "<p><ssn>123456</ssn></q>",
        "<p><ssn>123456</ssn>",
        "<p><ssn>123456",
        "<p ><ssn>123456</ssn></p>",
        "<p\n/>",
        "<p/>123456",
        "</p>",
        "<p/></p>",
        "<",
        "<>",
        "123456",
        "<x:p/>",
        "<P/>",
    ] {
        assert_eq!(masked(&person(), text).as_deref(), Some("***"), "{text}");
    }
    // A type that holds no XML, and a value that is no text.
    let mut out = BytesMut::new();
    assert!(!mask_xml(
        &mut masking(),
        &person(),
        23,
        Text,
        b"<p/>",
        &mut out
    ));
    assert!(mask_xml(
        &mut masking(),
        &person(),
        XML,
        Text,
        b"<p><ssn>\xff</ssn></p>",
        &mut out
    ));
    assert_eq!(&out[..], b"***");
}

#[test]
fn what_is_null_looks_like_what_is_hidden() {
    let check = |mask: &XmlMask, text: &str, expect: Option<&str>| {
        assert_eq!(masked(mask, text).as_deref(), expect, "{text}");
    };
    let forest = nodes(vec![
        member("a", of(MaskKind::Null, TEXT)),
        member("b", Keep),
    ]);
    check(&forest, "<a>x</a><b>1</b>", Some("<b>1</b>"));
    check(&forest, "<b>1</b>", Some("<b>1</b>"));
    check(&forest, "<a>x</a>", None);
    check(&forest, "<a></a>", None);
    // A forest within one: it is left out where all of it is NULL.
    let deep = nodes(vec![member("d", forest.clone())]);
    check(&deep, "<d><a>x</a></d>", None);
    check(&deep, "<d><a>x</a><b>1</b></d>", Some("<d><b>1</b></d>"));
    // An element is always there, and closed in the same way whatever it lost.
    let whole = nodes(vec![XmlElement {
        attributes: vec![("k".to_owned(), of(MaskKind::Null, TEXT))],
        ..element("e", forest)
    }]);
    check(&whole, "<e k=\"x\"><a>x</a></e>", Some("<e/>"));
    check(&whole, "<e></e>", Some("<e/>"));
    check(&whole, "<e/>", Some("<e/>"));
    let value = |kind| nodes(vec![element("e", of(kind, TEXT))]);
    check(&value(MaskKind::Null), "<e>x</e>", Some("<e/>"));
    check(&value(MaskKind::Null), "<e/>", Some("<e/>"));
    // What is redacted shows that it is NULL, as a column does, and not that it is of no letters.
    check(&value(MaskKind::Redact), "<e/>", Some("<e/>"));
    check(&value(MaskKind::Redact), "<e></e>", Some("<e>***</e>"));
    check(&value(MaskKind::Redact), "<e>x</e>", Some("<e>***</e>"));
    // What is computed is hidden whatever it holds.
    let hidden = |kind| nodes(vec![element("e", Hidden(kind))]);
    for text in ["<e/>", "<e></e>", "<e>x</e>", "<e>x<b y=\"1\">z</b></e>"] {
        check(&hidden(MaskKind::Redact), text, Some("<e>***</e>"));
        check(&hidden(MaskKind::Null), text, Some("<e/>"));
    }
    // Which of both it is must not show where something is of another form.
    check(&hidden(MaskKind::Null), "<e>x<!-- --></e>", None);
    check(&hidden(MaskKind::Redact), "<e>x<!-- --></e>", Some("***"));
    // Of a type that has no mask.
    check(
        &nodes(vec![element("e", of(MaskKind::Redact, 17))]),
        "<e>3q2+</e>",
        Some("<e/>"),
    );
}

#[test]
fn moments_are_written_as_xml_has_them() {
    let days = nodes(vec![element(
        "e",
        of(MaskKind::Bucket { width: 10 }, TIMESTAMP),
    )]);
    assert_eq!(
        masked(&days, "<e>2001-02-03T04:05:06</e>").unwrap(),
        "<e>2001-01-25T00:00:00</e>"
    );
}

#[test]
fn texts_beside_masks_are_searched() {
    let search = Search {
        whole: Classes::NONE,
        place: Classes::NONE.with(Class::Email),
    };
    let mask = Nodes {
        elements: vec![XmlElement {
            attributes: vec![("k".to_owned(), XmlMask::Search(search))],
            ..element("e", last_two())
        }],
        text: Some(search),
    };
    assert_eq!(
        masked(
            &mask,
            "at a&#64;example.org <e k=\"b@example.org\">abcd</e> none &amp; all"
        )
        .unwrap(),
        "at *** <e k=\"***\">**cd</e> none &amp; all"
    );
}

#[test]
fn depth_is_bounded() {
    let deep = |levels: usize| {
        let (open, close) = ("<k>".repeat(levels), "</k>".repeat(levels));
        format!("<p><note>{open}{close}</note></p>")
    };
    assert_eq!(masked(&person(), &deep(100)), Some(deep(100)));
    assert_eq!(masked(&person(), &deep(100_000)).as_deref(), Some("***"));
}

/// As PostgreSQL writes a value between marks.
fn written(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\r', "&#x0d;")
}

proptest! {
    #[test]
    fn nothing_of_a_redacted_value_shows(secret in "\\PC{1,12}", beside in "\\PC{0,12}") {
        let redacted = of(MaskKind::Redact, TEXT);
        let mask = nodes(vec![element("r", nodes(vec![
            XmlElement {
                attributes: vec![("k".to_owned(), redacted.clone())],
                ..element("a", redacted)
            },
            element("b", Keep),
        ]))]);
        let text = |secret: &str| {
            let said = written(secret);
            let quoted = said.replace('"', "&quot;");
            format!("<r><a k=\"{quoted}\">{said}</a><b>{}</b></r>", written(&beside))
        };
        let expect = format!("<r><a k=\"***\">***</a><b>{}</b></r>", written(&beside));
        prop_assert_eq!(masked(&mask, &text(&secret)).unwrap(), expect);
    }

    #[test]
    fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..64), cut in 0_usize..64) {
        let mut text = b"<p id=\"1\" ssn=\"ab\"><ssn>abcd</ssn><note>x</note></p>".to_vec();
        text.splice(cut.min(text.len()).., bytes);
        let mut out = BytesMut::new();
        mask_xml(&mut masking(), &person(), XML, Text, &text, &mut out);
    }
}
