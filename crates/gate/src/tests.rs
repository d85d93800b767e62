//! The door, asked every way it can be asked.
#![allow(clippy::unwrap_used)]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use model::{
    Action, ActionKind, Class, Classes, ColumnRef, ColumnUse, Detected, Effect, Ground, Inside,
    JsonShape, Limits, Named, Object, Parameter, ParameterFormat, Principal, Projection,
    Projections, Reach, RefusalKind, ResourceName, Search, SessionId, Shape, Statement, Usage,
    Verb, XmlElement, XmlMask, XmlShape,
};

use crate::admit::{Admission, Completion, HoldEnd, Session};
use crate::permit::Verdict;
use crate::ports::{ApprovalState, Clock as _, PortError};
use crate::testing::{Bench, JournalFault, agent, client, login, person, query, resource, rules};

const POLICY: &str = r#"
@id("connect") permit(principal in Group::"staff", action == Action::"connect", resource);
@id("read") permit(principal in Group::"staff", action in Action::"read", resource);
@id("insert") permit(principal in Group::"staff", action == Action::"insert", resource);
@id("delete") @approval("dba") permit(principal in Group::"staff", action == Action::"delete", resource);
@id("unanalysed") permit(principal in Group::"staff", action == Action::"unanalysed", resource);
@id("dba-reveals") permit(principal in Group::"dba", action == Action::"reveal", resource);
"#;

const CATALOG: &str = r#"
[[label]]
resource = "orders"
table = "customers"
column = "ssn"
label = "pii"
mask = "redact"

[[label]]
resource = "orders"
table = "customers"
column = "email"
label = "contact"
mask = "email"
use = "open"

[[label]]
resource = "orders"
table = "customers"
column = "card"
label = "pan"
mask = "null"
use = "opaque"
"#;

fn bench() -> Bench {
    Bench::new(POLICY, CATALOG, Limits::standard())
}

fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("not ready"),
    }
}

fn open(bench: &Bench, principal: Principal) -> Session {
    let id = SessionId::generate();
    let opening = bench.gate.open(id, login(principal), resource(), client());
    opening
        .unwrap_or_else(|refusal| panic!("{refusal:?}"))
        .session
}

/// Goes through disk and store until people or nobody must be asked.
fn drive(session: &mut Session, mut admission: Admission) -> Admission {
    loop {
        admission = match admission {
            Admission::Syncing(future) => session.resume_durable(now(future)),
            Admission::Asking(future) => session.resume_store(now(future)),
            Admission::Ready(_) | Admission::Held(_) | Admission::Approved => return admission,
        }
    }
}

fn ask(session: &mut Session, action: Action) -> Admission {
    let admission = session.admit(action.clone());
    match drive(session, admission) {
        // Analysed anew, to the same result.
        Admission::Approved => {
            let end = HoldEnd::Settled(Ok(ApprovalState::Approved));
            let admission = session.resume_hold(end, Arc::new(action));
            drive(session, admission)
        }
        admission => admission,
    }
}

/// `released`, `held`, `ended`, or the kind and rule of the refusal.
fn outcome(admission: &Admission) -> String {
    match admission {
        Admission::Ready(Verdict::Release(_)) => "released".to_owned(),
        Admission::Ready(Verdict::Refuse { refusal, .. }) => {
            format!("{:?}: {}", refusal.kind, refusal.message)
        }
        Admission::Ready(Verdict::End(refusal)) => format!("ended: {}", refusal.message),
        Admission::Held(_) => "held".to_owned(),
        Admission::Approved => "approved".to_owned(),
        Admission::Syncing(_) | Admission::Asking(_) => "waits".to_owned(),
    }
}

fn expect(admission: &Admission, expect: &str) {
    let found = outcome(admission);
    assert!(
        found.contains(expect),
        "expected {expect:?}, found {found:?}"
    );
}

fn column(table: &str, name: &str) -> ColumnRef {
    ColumnRef {
        schema: "public".into(),
        table: table.into(),
        column: name.into(),
        type_oid: 25,
    }
}

fn statement(verb: Verb, table: &str, columns: &[&str]) -> Statement {
    Statement {
        range: 0..0,
        kind: verb.as_str().to_uppercase(),
        effects: vec![Effect {
            verb,
            object: Object::Table {
                schema: "public".into(),
                name: table.into(),
            },
            columns: columns.iter().map(|c| (*c).to_owned()).collect(),
        }],
        projections: Projections::None,
        uses: Vec::new(),
        given: Vec::new(),
        arguments: Vec::new(),
        has_where: true,
    }
}

fn select(projections: Vec<Projection>, uses: Vec<(&str, Usage)>) -> Action {
    let uses = uses.into_iter().map(|(name, usage)| ColumnUse {
        column: column("customers", name),
        usage,
        into: Vec::new(),
        place: "WHERE".into(),
    });
    let statement = Statement {
        projections: Projections::Columns(projections),
        uses: uses.collect(),
        ..statement(Verb::Select, "customers", &["ssn"])
    };
    query(
        "select something from customers where ssn = 'secret'",
        vec![statement],
    )
}

fn delete(text: &str) -> Action {
    query(text, vec![statement(Verb::Delete, "orders", &[])])
}

fn direct(name: &str) -> Projection {
    Projection::Direct(vec![column("customers", name)])
}

#[test]
fn a_read_is_recorded_before_it_is_forwarded() {
    let bench = bench();
    let mut session = open(&bench, person("ada", &["staff"]));
    let action = query(
        "select id from orders",
        vec![statement(Verb::Select, "orders", &["id"])],
    );
    let before = bench.journal.lines().len();
    let admission = session.admit(action);
    expect(&admission, "released");
    let staged = bench.journal.lines();
    assert_eq!(staged.len(), before, "not yet");
    session.journal().unwrap();
    let lines = bench.journal.lines();
    assert_eq!(lines.len(), before + 1);
    assert!(lines[before].contains("outcome: \"allow\""));
    let Admission::Ready(Verdict::Release(permit)) = admission else {
        panic!("released");
    };
    assert_eq!(permit.action().sequence, 1);
    assert_eq!(permit.action().session, session.id());
}

#[test]
fn an_effect_is_durable_before_it_is_released() {
    let bench = bench();
    let mut session = open(&bench, person("ada", &["staff"]));
    let action = query(
        "insert into orders values ($1)",
        vec![statement(Verb::Insert, "orders", &["id"])],
    );
    let admission = session.admit(action);
    let Admission::Syncing(future) = admission else {
        panic!("{}", outcome(&admission));
    };
    now(future).unwrap();
    expect(&session.resume_durable(Ok(())), "released");
    // Released once: nothing is left to resume.
    expect(&session.resume_durable(Ok(())), "ended");
}

#[test]
fn no_permit_without_the_journal() {
    let check = |fault, action: Action, say: &str| {
        let bench = bench();
        let mut session = open(&bench, person("ada", &["staff"]));
        bench.journal.set_fault(fault);
        expect(&ask(&mut session, action), say);
    };
    let read = || query("select 1", vec![statement(Verb::Select, "orders", &[])]);
    let write = || query("insert", vec![statement(Verb::Insert, "orders", &[])]);
    check(
        JournalFault::Full,
        write(),
        "ended: the recording cannot be written (no space",
    );
    check(
        JournalFault::Full,
        delete("delete"),
        "ended: the recording cannot be written",
    );
    check(
        JournalFault::NotDurable,
        write(),
        "ended: the recording cannot be written (its disk",
    );
    check(JournalFault::NotDurable, read(), "released");
}

#[test]
fn what_is_released_together_is_recorded_together_or_not_at_all() {
    let read = |text| query(text, vec![statement(Verb::Select, "orders", &[])]);
    let recorded = |bench: &Bench| -> Vec<&'static str> {
        let lines = bench.journal.lines();
        let of = |line: &String| match line {
            line if line.contains("outcome: \"allow\"") => Some("allow"),
            line if line.contains("outcome: \"deny\"") => Some("deny"),
            _ => None,
        };
        lines.iter().filter_map(of).collect()
    };
    let staged = || {
        let bench = bench();
        let mut session = open(&bench, person("ada", &["staff"]));
        for text in ["select 1", "select 2"] {
            expect(&ask(&mut session, read(text)), "released");
        }
        assert!(recorded(&bench).is_empty(), "only staged");
        (bench, session)
    };

    let (bench, mut session) = staged();
    session.journal().unwrap();
    assert_eq!(recorded(&bench), ["allow", "allow"]);
    session.journal().unwrap();
    assert_eq!(recorded(&bench).len(), 2, "once");

    // A refusal comes behind what was allowed before it.
    let (bench, mut session) = staged();
    let drop = query("drop", vec![statement(Verb::Drop, "orders", &[])]);
    expect(&ask(&mut session, drop), "Denied");
    assert_eq!(recorded(&bench), ["allow", "allow", "deny"]);

    // What was not recorded must not be forwarded, and is on record as refused once there is room.
    let (bench, mut session) = staged();
    bench.journal.set_fault(JournalFault::FullOnce);
    assert!(matches!(session.journal(), Err(PortError::Full)));
    assert_eq!(recorded(&bench), ["deny", "deny"]);
    assert!(session.journal().is_ok(), "nothing is left to record");

    // Nor is a refusal behind it lost.
    let (bench, mut session) = staged();
    bench.journal.set_fault(JournalFault::FullOnce);
    let drop = query("drop", vec![statement(Verb::Drop, "orders", &[])]);
    let refused = ask(&mut session, drop);
    assert!(matches!(refused, Admission::Ready(Verdict::End(_))));
    assert_eq!(recorded(&bench), ["deny", "deny", "deny"]);
}

#[test]
fn a_long_pipeline_does_not_pile_up_entries() {
    let bench = bench();
    let mut session = open(&bench, person("ada", &["staff"]));
    let text = format!("select {} 1", " ".repeat(1024));
    let before = bench.journal.lines().len();
    for _ in 0..2 * Limits::standard().buffer_bytes_max / text.len() {
        let read = query(&text, vec![statement(Verb::Select, "orders", &[])]);
        expect(&ask(&mut session, read), "released");
    }
    assert!(bench.journal.lines().len() > before);
}

#[test]
fn the_worst_statement_decides() {
    let bench = bench();
    let check = |verbs: &[Verb], say: &str| {
        let mut session = open(&bench, person("ada", &["staff"]));
        let statements = verbs.iter().map(|verb| statement(*verb, "orders", &[]));
        let action = query("many on orders", statements.collect());
        expect(&ask(&mut session, action), say);
    };
    check(&[Verb::Select, Verb::Select], "released");
    check(&[Verb::Select, Verb::Delete], "held");
    check(&[Verb::Delete, Verb::Select], "held");
    check(&[Verb::Select, Verb::Drop], "Denied");
    check(&[Verb::Delete, Verb::Drop], "Denied");
    check(&[Verb::Drop, Verb::Delete, Verb::Select], "Denied");
}

#[test]
fn every_denial_says_what_would_pass() {
    let bench = bench();
    for verb in Verb::ALL {
        let mut session = open(&bench, person("ada", &["staff"]));
        let action = query("it on orders", vec![statement(verb, "orders", &[])]);
        if let Admission::Ready(Verdict::Refuse { refusal, .. }) = ask(&mut session, action) {
            let hint = refusal.hint.unwrap_or_default();
            assert!(hint.len() > 20, "{verb:?}: {}", refusal.message);
        }
    }
}

#[test]
fn what_is_not_understood_is_refused() {
    let bench = bench();
    let mut session = open(&bench, person("ada", &["staff", "dba"]));
    let mut action = query("selec 'secret'", Vec::new());
    expect(&ask(&mut session, action.clone()), "NotUnderstood");
    action.not_understood = Some("syntax error near \"selec\"".into());
    expect(&ask(&mut session, action), "syntax error");
    let lines = bench.journal.lines().join("\n");
    assert!(!lines.contains("secret"), "{lines}");
    expect(&ask(&mut session, query(" ", Vec::new())), "released");
}

#[test]
fn an_agent_may_do_what_both_may() {
    let bench = bench();
    let check = |own: &[&str], human: &[&str], say: &str| {
        let agent = agent("bot", own, person("ada", human));
        let opened = bench
            .gate
            .open(SessionId::generate(), login(agent), resource(), client());
        let found = match opened {
            Err(refusal) => refusal.message,
            Ok(mut opening) => {
                let action = select(vec![direct("ssn")], vec![]);
                let admission = ask(&mut opening.session, action);
                let Admission::Ready(Verdict::Release(permit)) = &admission else {
                    panic!("{}", outcome(&admission));
                };
                format!("{} masks", permit.obligations().results[0].masks.len())
            }
        };
        assert_eq!(found, say, "{own:?} for {human:?}");
    };
    check(&["staff"], &["staff"], "1 masks");
    check(&["staff"], &[], "no access to \"orders\"");
    check(&[], &["staff"], "no access to \"orders\"");
    check(&["staff", "dba"], &["staff"], "1 masks");
    check(&["staff"], &["staff", "dba"], "1 masks");
    check(&["staff", "dba"], &["staff", "dba"], "0 masks");
}

#[test]
fn masks_follow_lineage_and_use() {
    let check = |action: Action, say: &str| {
        let bench = bench();
        let mut session = open(&bench, person("ada", &["staff"]));
        let admission = ask(&mut session, action);
        let found = match &admission {
            Admission::Ready(Verdict::Release(permit)) => {
                let obligations = permit.obligations();
                let masks = obligations.results[0].masks.iter();
                let masks: Vec<_> = masks
                    .map(|m| format!("{}:{:?}", m.position, m.kind))
                    .collect();
                format!("{} scrub {}", masks.join(","), obligations.scrub_messages)
            }
            other => outcome(other),
        };
        assert!(found.contains(say), "expected {say:?}, found {found:?}");
    };
    let several =
        |names: &[&str]| Projection::Direct(names.iter().map(|n| column("customers", n)).collect());
    check(
        select(vec![Projection::Free, direct("ssn")], vec![]),
        "1:Redact scrub true",
    );
    check(select(vec![direct("name")], vec![]), " scrub true");
    check(select(vec![several(&["ssn", "name"])], vec![]), "0:Redact");
    check(select(vec![several(&["ssn", "card"])], vec![]), "0:Null");
    check(
        select(
            vec![
                Projection::Derived(vec![column("customers", "ssn")]),
                Projection::Withheld(vec![column("customers", "ssn")]),
                Projection::Derived(vec![
                    column("customers", "ssn"),
                    column("customers", "name"),
                ]),
                Projection::Derived(vec![column("customers", "card")]),
            ],
            vec![],
        ),
        "0:Redact,1:Null,2:Redact,3:Null scrub true",
    );
    check(
        select(
            vec![Projection::Derived(vec![column("customers", "name")])],
            vec![],
        ),
        "scrub true",
    );
    for (name, usage, say) in [
        ("ssn", Usage::Compared, "scrub true"),
        ("ssn", Usage::Predicate, "portcullis.masked-use"),
        ("ssn", Usage::Computed, "portcullis.masked-use"),
        ("email", Usage::Computed, "scrub true"),
        ("ssn", Usage::Stored, "portcullis.masked-use"),
        ("ssn", Usage::Opaque, "portcullis.masked-use"),
        ("ssn", Usage::Assigned, "scrub true"),
        ("email", Usage::Predicate, "scrub true"),
        ("email", Usage::Stored, "portcullis.masked-use"),
        ("card", Usage::Compared, "portcullis.masked-use"),
        ("card", Usage::Assigned, "scrub true"),
        ("name", Usage::Stored, "scrub true"),
    ] {
        check(select(vec![], vec![(name, usage)]), say);
    }
    let named = Statement {
        projections: Projections::Named("later".into()),
        ..statement(Verb::Select, "customers", &[])
    };
    check(query("execute later", vec![named]), "portcullis.unproven");
    let unproven = statement(Verb::Unanalysed, "customers", &[]);
    check(
        query("do $$ customers $$", vec![unproven]),
        "portcullis.unproven",
    );
}

#[test]
fn copies_stay_as_hidden_as_they_are() {
    let label = |column: &str, label: &str, rest: &str| {
        format!(
            "[[label]]\nresource = \"orders\"\ntable = \"archive\"\ncolumn = \"{column}\"\nlabel = \"{label}\"\n{rest}\n"
        )
    };
    let check = |from: &str, labels: &str, into: &[(&str, u32)], allowed: bool| {
        let bench = Bench::new(POLICY, &format!("{CATALOG}\n{labels}"), Limits::standard());
        let mut session = open(&bench, person("ada", &["staff"]));
        let mut action = select(vec![], vec![(from, Usage::Stored)]);
        let mut statement = action.statements[0].clone();
        let places = into.iter().map(|(name, type_oid)| ColumnRef {
            type_oid: *type_oid,
            ..column("archive", name)
        });
        statement.uses[0].into = places.collect();
        action.statements = vec![statement].into();
        let expect_text = if allowed {
            "released"
        } else {
            "portcullis.masked-use"
        };
        let found = outcome(&ask(&mut session, action));
        assert!(
            found.contains(expect_text),
            "{from} {labels} {into:?}: {found}"
        );
    };
    let ssn = label("ssn", "pii", "mask = \"redact\"");
    check("ssn", &ssn, &[("ssn", 25)], true);
    check("ssn", &ssn, &[], false);
    check("ssn", &ssn, &[("ssn", 1043)], false);
    check("ssn", &ssn, &[("other", 25)], false);
    check("ssn", &ssn, &[("other", 25), ("ssn", 25)], true);
    check(
        "ssn",
        &label("ssn", "pii", "mask = \"null\""),
        &[("ssn", 25)],
        true,
    );
    check(
        "ssn",
        &label("ssn", "pii", "mask = \"hash\""),
        &[("ssn", 25)],
        false,
    );
    check(
        "ssn",
        &label("ssn", "else", "mask = \"null\""),
        &[("ssn", 25)],
        false,
    );
    let open_use = label("ssn", "pii", "mask = \"redact\"\nuse = \"open\"");
    check("ssn", &open_use, &[("ssn", 25)], false);
    let mail = label("mail", "contact", "mask = \"email\"\nuse = \"open\"");
    check("email", &mail, &[("mail", 25)], true);
    let part = label("mail", "contact", "mask = \"partial\"\nuse = \"open\"");
    check("email", &part, &[("mail", 25)], false);
    // What may not be compared may fail nowhere either.
    let card = label("card", "pan", "mask = \"null\"\nuse = \"opaque\"");
    check("card", &card, &[("card", 25)], false);
}

#[test]
fn masks_follow_lineage_into_json() {
    let value = |projection| JsonShape::Value(Box::new(projection));
    let object = |last: (&str, JsonShape)| {
        JsonShape::Object(vec![
            ("id".to_owned(), value(Projection::Free)),
            (last.0.to_owned(), last.1),
        ])
    };
    let shaped = |whole: &str, shape| Projection::Shaped {
        sources: vec![column("customers", "ssn"), column("customers", "name")],
        whole: vec![column("customers", whole)],
        shape: Shape::Json(shape),
    };
    let check_in = |whole: &str, shape: JsonShape, expect: Option<&str>| {
        let bench = bench();
        let mut session = open(&bench, person("ada", &["staff"]));
        let projection = shaped(whole, shape);
        let admission = ask(&mut session, select(vec![projection], vec![]));
        let Admission::Ready(Verdict::Release(permit)) = &admission else {
            panic!("{}", outcome(&admission));
        };
        let masks = permit.obligations().results[0].masks.first();
        let found = masks.map(|mask| {
            let json = mask.inside.as_deref().map(|inside| match inside {
                Inside::Json(json) => json,
                Inside::Xml(_) => panic!("{inside:?}"),
            });
            format!("{:?} {json:?}", mask.kind)
        });
        assert_eq!(found.as_deref(), expect);
    };
    let check = |shape: JsonShape, expect: Option<&str>| check_in("name", shape, expect);
    check(object(("name", value(direct("name")))), None);
    check(
        object(("ssn", value(direct("ssn")))),
        Some(
            "Redact Some(Object([(\"id\", Keep), (\"ssn\", Value { kind: Redact, type_oid: 25 })]))",
        ),
    );
    let derived = Projection::Derived(vec![column("customers", "card")]);
    check(
        JsonShape::Array(Box::new(object(("card", value(derived))))),
        Some(
            "Redact Some(Array(Object([(\"id\", Keep), (\"card\", Value { kind: Null, type_oid: 114 })])))",
        ),
    );
    let withheld = Projection::Withheld(vec![column("customers", "ssn")]);
    check(
        JsonShape::Tuple(vec![
            value(withheld),
            JsonShape::Map(Box::new(value(direct("name")))),
        ]),
        Some("Redact Some(Tuple([Value { kind: Null, type_oid: 0 }, Keep]))"),
    );
    // A label on the view's column that it is hides all of it, as a value and within another.
    let plain = || JsonShape::Map(Box::new(value(direct("name"))));
    check_in("ssn", plain(), Some("Redact None"));
    check(
        JsonShape::Tuple(vec![
            value(shaped("ssn", plain())),
            value(shaped("name", plain())),
        ]),
        Some("Redact Some(Tuple([Value { kind: Redact, type_oid: 114 }, Keep]))"),
    );
}

/// What of some XML is masked for one of the staff: `name[attributes](content)`, `?` where it may be left out.
fn xml_masked(whole: &str, pieces: Vec<XmlShape>) -> String {
    fn shown(mask: &XmlMask) -> String {
        let XmlMask::Nodes { elements, text } = mask else {
            return match mask {
                XmlMask::Value { kind, .. } => kind.word().to_owned(),
                XmlMask::Hidden(kind) => format!("all {}", kind.word()),
                other => format!("{other:?}").to_lowercase(),
            };
        };
        let elements = elements.iter().map(|element| {
            let optional = if element.optional { "?" } else { "" };
            let attributes = element.attributes.iter();
            let attributes = attributes.map(|(name, mask)| format!("[{name} {}]", shown(mask)));
            let attributes: String = attributes.collect();
            let (name, content) = (&element.name, shown(&element.content));
            format!("{name}{optional}{attributes}({content})")
        });
        let text = text.map(|_| "text".to_owned());
        let all: Vec<String> = text.into_iter().chain(elements).collect();
        all.join(" ")
    }
    let bench = bench();
    let mut session = open(&bench, person("ada", &["staff"]));
    let projection = Projection::Shaped {
        sources: vec![column("customers", "ssn"), column("customers", "name")],
        whole: vec![column("customers", whole)],
        shape: Shape::Xml(pieces),
    };
    let admission = ask(&mut session, select(vec![projection], vec![]));
    let Admission::Ready(Verdict::Release(permit)) = &admission else {
        panic!("{}", outcome(&admission));
    };
    match permit.obligations().results[0].masks.first() {
        None => "none".to_owned(),
        Some(mask) => match mask.inside.as_deref() {
            Some(Inside::Xml(xml)) => shown(xml),
            Some(Inside::Json(json)) => panic!("{json:?}"),
            None => format!("whole {}", mask.kind.word()),
        },
    }
}

#[test]
fn masks_follow_lineage_into_xml() {
    type Pieces = Vec<XmlShape>;
    let text = |projection| XmlShape::Text(Box::new(projection));
    let with = |name: &str, attributes: &[(&str, &str)], content: Pieces| {
        let attributes = attributes.iter();
        let attributes = attributes.map(|(name, of)| ((*name).to_owned(), direct(of)));
        XmlShape::Element(XmlElement {
            name: name.to_owned(),
            optional: false,
            attributes: attributes.collect(),
            content,
        })
    };
    let element = |name: &str, content: Pieces| with(name, &[], content);
    let of = |name: &str, column: &str| element(name, vec![text(direct(column))]);
    let check = |pieces: Pieces, expect: &str| {
        assert_eq!(xml_masked("name", pieces), expect);
    };
    check(vec![of("a", "name"), element("b", vec![])], "none");
    check(
        vec![with(
            "p",
            &[("k", "name"), ("s", "ssn")],
            vec![of("a", "email"), of("b", "name")],
        )],
        "p[k keep][s redact](a(email) b(keep))",
    );
    // Computed, and so that it tells.
    let columns = vec![column("customers", "ssn")];
    check(
        vec![
            element("a", vec![text(Projection::Derived(columns.clone()))]),
            element("b", vec![text(Projection::Withheld(columns.clone()))]),
        ],
        "a(all redact) b(all null)",
    );
    // Texts side by side are not told apart; those that anybody may see need not be.
    check(
        vec![element(
            "a",
            vec![text(Projection::Free), text(direct("ssn")), of("b", "card")],
        )],
        "a(all null)",
    );
    check(
        vec![element(
            "a",
            vec![text(Projection::Free), text(direct("name")), of("b", "ssn")],
        )],
        "a(text b(redact))",
    );
    // Of one name and masked otherwise.
    check(vec![of("a", "ssn"), of("a", "ssn")], "a(redact)");
    check(vec![of("a", "ssn"), of("a", "name")], "a(all redact)");
    check(vec![of("a", "ssn"), of("a", "card")], "a(all null)");
    check(
        vec![
            with("a", &[("k", "ssn")], vec![of("b", "name")]),
            with(
                "a",
                &[("k", "name"), ("l", "name")],
                vec![of("b", "email"), of("c", "ssn")],
            ),
        ],
        "a[k all redact][l keep](all redact)",
    );
    check(
        vec![element("a", vec![of("b", "ssn")]), of("a", "name")],
        "a(all redact)",
    );
    // A label on the view's column that it is, alone and within another.
    let held = |column_name: &str| {
        XmlShape::Column(
            vec![column("customers", column_name)],
            vec![of("a", "email")],
        )
    };
    check(vec![held("name")], "a(email)");
    check(vec![element("v", vec![held("ssn")])], "v(all redact)");
    check(vec![held("ssn"), of("b", "name")], "whole redact");
    check(vec![of("b", "card"), held("ssn")], "whole null");
    assert_eq!(xml_masked("ssn", vec![of("b", "name")]), "whole redact");
}

/// What each result column, and everything else, is searched for: whole classes, and classes by place.
fn searched(policies: &str, groups: &[&str], columns: Vec<Projection>) -> String {
    const DETECT: &str = "[[detect]]\ntable = \"customers\"\nfind = [\"card\", \"email\"]\n\
                          [[detect]]\ntable = \"tickets\"\nfind = [\"ssn\"]\nhide = \"place\"\n";
    let policies = format!("{POLICY}\n{policies}");
    let bench = Bench::new(
        &policies,
        &format!("{CATALOG}\n{DETECT}"),
        Limits::standard(),
    );
    let mut session = open(&bench, person("ada", groups));
    let admission = ask(&mut session, select(columns, vec![]));
    let Admission::Ready(Verdict::Release(permit)) = &admission else {
        panic!("{}", outcome(&admission));
    };
    let words = |classes: Classes| {
        classes
            .iter()
            .map(Class::word)
            .collect::<Vec<_>>()
            .join("+")
    };
    let shown = |search: Search| format!("{}/{}", words(search.whole), words(search.place));
    let obligations = permit.obligations();
    let result = &obligations.results[0];
    let columns = result
        .searched
        .iter()
        .map(|one| format!("{}={}", one.position, shown(one.search)));
    let mut lines: Vec<String> = columns.collect();
    lines.push(format!("all={}", shown(result.search_all)));
    lines.push(format!("else={}", shown(obligations.search)));
    lines.join(" ")
}

#[test]
fn columns_without_a_label_are_searched() {
    let of = |table, name| Projection::Direct(vec![column(table, name)]);
    let columns = || {
        vec![
            // Labelled, not labelled, elsewhere, of no entry, computed, of no column, of two.
            direct("ssn"),
            direct("name"),
            of("tickets", "body"),
            of("orders", "note"),
            Projection::Derived(vec![column("orders", "note")]),
            Projection::Free,
            Projection::Direct(vec![column("customers", "name"), column("tickets", "body")]),
        ]
    };
    let check = |policies, groups: &[&str], expect: &str| {
        assert_eq!(searched(policies, groups, columns()), expect, "{policies}");
    };
    check(
        "",
        &["staff"],
        "1=card+email/ 2=/ssn 4=card+email/ssn 5=card+email/ssn 6=card+email/ssn all=/ else=card+email/ssn",
    );
    check(
        r#"@id("d") permit(principal, action == Action::"reveal", resource in Label::"detected:email");"#,
        &["staff"],
        "1=card/ 2=/ssn 4=card/ssn 5=card/ssn 6=card/ssn all=/ else=card/ssn",
    );
    check(
        r#"@id("d") permit(principal, action == Action::"reveal", resource) when { resource.table == "customers" };"#,
        &["staff"],
        "2=/ssn 4=card+email/ssn 5=card+email/ssn 6=/ssn all=/ else=card+email/ssn",
    );
    check("", &["staff", "dba"], "all=/ else=/");
}

#[test]
fn members_of_masked_json_are_searched() {
    let value = |projection| JsonShape::Value(Box::new(projection));
    let shape = |name: &str| {
        JsonShape::Tuple(vec![
            value(direct(name)),
            value(direct("name")),
            value(Projection::Free),
        ])
    };
    let check = |name: &str, expect: &str| {
        let sources = vec![column("customers", name), column("customers", "name")];
        let projection = Projection::Shaped {
            sources,
            whole: Vec::new(),
            shape: Shape::Json(shape(name)),
        };
        assert_eq!(searched("", &["staff"], vec![projection]), expect);
    };
    // Masked, it is searched member by member; else as a whole.
    check("ssn", "all=/ else=card+email/ssn");
    check("note", "0=card+email/ssn all=/ else=card+email/ssn");
}

#[test]
fn who_may_reveal_everything_may_run_the_unproven() {
    let bench = bench();
    let mut session = open(&bench, person("dora", &["staff", "dba"]));
    let unproven = statement(Verb::Unanalysed, "customers", &[]);
    let action = query("do $$ begin end $$", vec![unproven]);
    expect(&ask(&mut session, action), "released");
    assert!(!bench.journal.lines().join("\n").contains("begin end"));
}

#[test]
fn labelled_values_are_not_recorded_whoever_asks() {
    for groups in [&["staff"][..], &["staff", "dba"]] {
        let bench = bench();
        let mut session = open(&bench, person("ada", groups));
        let mut action = select(vec![], vec![("ssn", Usage::Compared)]);
        action.parameters = vec![Parameter {
            value: Some(b"parametersecret".to_vec()),
            format: ParameterFormat::Text,
            type_oid: 25,
        }];
        expect(&ask(&mut session, action.clone()), "released");
        action.text_redacted = Some("select something where ssn = <redacted>".into());
        expect(&ask(&mut session, action), "released");
        session.journal().unwrap();
        let lines = bench.journal.lines().join("\n");
        assert!(!lines.contains("secret"), "{lines}");
        assert!(lines.contains("where ssn = <redacted>"), "{lines}");
    }
}

#[test]
fn values_of_unlabelled_columns_are_recorded() {
    let bench = bench();
    let mut session = open(&bench, person("ada", &["staff"]));
    let mut action = select(vec![], vec![("id", Usage::Compared)]);
    action.parameters = vec![Parameter {
        value: Some(b"order4711".to_vec()),
        format: ParameterFormat::Text,
        type_oid: 25,
    }];
    expect(&ask(&mut session, action), "released");
    session.journal().unwrap();
    let lines = bench.journal.lines().join("\n");
    assert!(lines.contains("order4711"), "{lines}");
}

#[test]
fn circumstances_are_recorded_where_they_are_not_the_usual_ones() {
    let bench = bench();
    let mut session = open(&bench, person("ada", &["staff"]));
    let read = || statement(Verb::Select, "orders", &["id"]);
    let mut bare = statement(Verb::Insert, "orders", &[]);
    bare.has_where = false;
    let mut refused = query("x", vec![read(), read()]);
    refused.not_understood = Some("why".to_owned());
    let asked = [
        query("usual", vec![read()]),
        query("two", vec![read(), read()]),
        query("bare", vec![bare]),
        refused,
    ];
    for action in asked {
        ask(&mut session, action);
    }
    session.journal().unwrap();
    let lines = bench.journal.lines();
    assert!(
        lines
            .iter()
            .any(|line| line.contains("says_circumstances: true"))
    );
    let recorded = |text: &str| {
        let has = |line: &&String| line.contains(&format!("text: {text:?}"));
        let line = lines.iter().find(has);
        let line = line.unwrap_or_else(|| panic!("{text}: {lines:#?}"));
        line.matches("StatementRecorded").count()
    };
    assert_eq!(["usual", "two", "bare"].map(recorded), [0, 2, 1]);
    // What was not understood has no effects, and none are counted.
    let refusal = lines.iter().find(|line| line.contains("not-understood"));
    let refusal = refusal.unwrap();
    assert!(!refusal.contains("StatementRecorded"), "{refusal}");
}

#[test]
fn a_refusal_names_only_what_the_statement_names() {
    let bench = bench();
    let mut session = open(&bench, person("ada", &["staff"]));
    let mut hidden = statement(Verb::Drop, "salaries_hidden", &[]);
    hidden.effects.push(Effect {
        verb: Verb::Drop,
        object: Object::Table {
            schema: "public".into(),
            name: "orders".into(),
        },
        columns: Vec::new(),
    });
    let admission = ask(
        &mut session,
        query("drop view orders cascade", vec![hidden]),
    );
    let Admission::Ready(Verdict::Refuse { refusal, .. }) = admission else {
        panic!("refused");
    };
    let said = format!("{refusal:?}");
    assert!(!said.contains("salaries_hidden"), "{said}");
    assert!(said.contains("drop public.orders"), "{said}");
    // The record has it all.
    assert!(bench.journal.lines().join("\n").contains("salaries_hidden"));
}

#[test]
fn a_held_action_is_released_once_approved_and_only_once() {
    let bench = bench();
    let mut session = open(&bench, person("ada", &["staff"]));
    let text = "delete from orders where id = 7";
    let Admission::Held(hold) = ask(&mut session, delete(text)) else {
        panic!("held");
    };
    assert!(hold.notice.hint.contains("one of dba"), "{:?}", hold.notice);
    assert_eq!(hold.wait, Limits::standard().hold_wait);
    bench
        .approvals
        .settle(hold.approval, ApprovalState::Approved, "i|dora");
    let state = now(hold.settled);
    let admission = session.resume_hold(HoldEnd::Settled(state), Arc::new(delete(text)));
    let Admission::Asking(future) = admission else {
        panic!("redeemed through the store");
    };
    let admission = session.resume_store(now(future));
    let Admission::Syncing(future) = admission else {
        panic!(
            "approved actions are durable first: {}",
            outcome(&admission)
        );
    };
    expect(&session.resume_durable(now(future)), "released");
    let lines = bench.journal.lines();
    let at = |what: &str| lines.iter().position(|line| line.contains(what)).unwrap();
    let order = [
        at("outcome: \"hold\""),
        at("state: \"requested\""),
        at("state: \"redeemed\""),
        at("approvers: [\"i|dora\"]"),
        at("durable"),
    ];
    assert!(order.is_sorted(), "{order:?}");
    // The same again asks anew.
    expect(&ask(&mut session, delete(text)), "held");
}

#[test]
fn an_approval_is_bound_to_every_byte() {
    let text = "delete from orders where id = $1";
    let parameter = |value: &[u8], format, type_oid| Parameter {
        value: Some(value.to_vec()),
        format,
        type_oid,
    };
    let base = || Action {
        parameters: vec![parameter(b"7", ParameterFormat::Text, 23)],
        ..delete(text)
    };
    let check = |who: Principal, action: Action, say: &str| {
        let bench = bench();
        let mut first = open(&bench, person("ada", &["staff"]));
        let Admission::Held(hold) = ask(&mut first, base()) else {
            panic!("held");
        };
        first.resume_hold(HoldEnd::TimedOut, Arc::new(base()));
        bench
            .approvals
            .settle(hold.approval, ApprovalState::Approved, "i|dora");
        let mut second = open(&bench, who);
        expect(&ask(&mut second, action), say);
    };
    let ada = || person("ada", &["staff"]);
    check(ada(), base(), "released");
    check(person("bob", &["staff"]), base(), "held");
    check(
        agent("ada", &["staff"], person("bob", &["staff"])),
        base(),
        "held",
    );
    check(
        ada(),
        Action {
            text: "delete from orders where id = $1 ".into(),
            ..base()
        },
        "held",
    );
    for changed in [
        parameter(b"8", ParameterFormat::Text, 23),
        parameter(b"7", ParameterFormat::Binary, 23),
        parameter(b"7", ParameterFormat::Text, 20),
        Parameter {
            value: None,
            ..parameter(b"", ParameterFormat::Text, 23)
        },
    ] {
        check(
            ada(),
            Action {
                parameters: vec![changed],
                ..base()
            },
            "held",
        );
    }
    check(
        ada(),
        Action {
            parameters: Vec::new(),
            ..base()
        },
        "held",
    );
    let other = vec![statement(Verb::Delete, "customers", &[])];
    check(
        ada(),
        Action {
            statements: other.into(),
            ..base()
        },
        "held",
    );
}

#[test]
fn a_hold_that_is_not_approved_is_refused() {
    let check = |end: HoldEnd, say: &str| {
        let bench = bench();
        let mut session = open(&bench, person("ada", &["staff"]));
        expect(&ask(&mut session, delete("delete from orders")), "held");
        let admission = session.resume_hold(end, Arc::new(delete("delete from orders")));
        expect(&drive(&mut session, admission), say);
        expect(
            &ask(&mut session, query("select 1 from orders", vec![])),
            "NotUnderstood",
        );
    };
    check(
        HoldEnd::TimedOut,
        "Pending: approval is pending under ticket T-",
    );
    check(HoldEnd::Withdrawn, "Withdrawn");
    check(HoldEnd::Settled(Ok(ApprovalState::Denied)), "Disapproved");
    check(HoldEnd::Settled(Ok(ApprovalState::Expired)), "Expired");
    check(HoldEnd::Settled(Ok(ApprovalState::Withdrawn)), "Withdrawn");
    check(HoldEnd::Settled(Ok(ApprovalState::Used)), "used elsewhere");
    // Said to be approved, yet the store does not let it be used.
    check(
        HoldEnd::Settled(Ok(ApprovalState::Approved)),
        "used elsewhere",
    );
}

#[test]
fn withdrawing_reaches_the_store() {
    let bench = bench();
    let mut session = open(&bench, person("ada", &["staff"]));
    expect(&ask(&mut session, delete("delete from orders")), "held");
    let admission = session.resume_hold(HoldEnd::Withdrawn, Arc::new(delete("delete from orders")));
    drive(&mut session, admission);
    assert_eq!(bench.approvals.all()[0].1, ApprovalState::Withdrawn);
    assert!(
        bench
            .journal
            .lines()
            .join("\n")
            .contains("state: \"withdrawn\"")
    );
}

#[test]
fn what_changed_meanwhile_voids_an_approval() {
    let text = "delete from orders";
    let check = |policy: &str, action: Action, say: &str| {
        let bench = bench();
        let mut session = open(&bench, person("ada", &["staff"]));
        let Admission::Held(hold) = ask(&mut session, delete(text)) else {
            panic!("held");
        };
        bench.rules.store(Arc::new(rules(policy, CATALOG, 2)));
        bench
            .approvals
            .settle(hold.approval, ApprovalState::Approved, "i|dora");
        let end = HoldEnd::Settled(Ok(ApprovalState::Approved));
        let admission = session.resume_hold(end, Arc::new(action));
        expect(&drive(&mut session, admission), say);
    };
    check(POLICY, delete(text), "released");
    let forbidden = format!("{POLICY} forbid(principal, action == Action::\"delete\", resource);");
    check(&forbidden, delete(text), "Denied");
    let stricter = POLICY.replace("@approval(\"dba\")", "@approval(\"2 of dba\")");
    check(&stricter, delete(text), "no longer what would run");
    let plain = POLICY.replace("@approval(\"dba\")", "");
    check(&plain, delete(text), "released");
    // The catalog changed: the same text now reaches another table.
    let elsewhere = vec![statement(Verb::Delete, "customers", &[])];
    check(POLICY, query(text, elsewhere), "no longer what would run");
    check(
        POLICY,
        delete("delete from orders "),
        "no longer what would run",
    );
}

#[test]
fn open_requests_are_bounded() {
    let limits = Limits {
        approvals_pending_max: 2,
        ..Limits::standard()
    };
    let bench = Bench::new(POLICY, CATALOG, limits);
    let mut session = open(&bench, person("ada", &["staff"]));
    for (text, say) in [
        ("delete 1", "held"),
        ("delete 2", "held"),
        ("delete 1", "held"),
        ("delete 3", "Limit: too many"),
    ] {
        let admission = ask(&mut session, delete(text));
        expect(&admission, say);
        if matches!(admission, Admission::Held(_)) {
            session.resume_hold(HoldEnd::TimedOut, Arc::new(delete(text)));
        }
    }
    assert_eq!(bench.approvals.all().len(), 2);
}

#[test]
fn a_store_that_fails_refuses() {
    let bench = bench();
    let mut session = open(&bench, person("ada", &["staff"]));
    bench.approvals.break_down();
    expect(
        &ask(&mut session, delete("delete from orders")),
        "Unavailable",
    );
    let read = query("select", vec![statement(Verb::Select, "orders", &[])]);
    expect(&ask(&mut session, read), "released");
}

#[test]
fn preparing_asks_nobody_and_executing_does() {
    let bench = bench();
    let mut session = open(&bench, person("ada", &["staff"]));
    let prepare = Action {
        kind: ActionKind::Prepare,
        ..delete("delete from orders")
    };
    expect(&session.admit(prepare), "released");
    let execute = Action {
        kind: ActionKind::Execute,
        ..delete("delete from orders")
    };
    expect(&ask(&mut session, execute), "held");
    let lines = bench.journal.lines().join("\n");
    assert!(lines.contains("kind: \"prepare\""), "{lines}");
}

#[test]
fn a_remembered_decision_falls_with_the_rules() {
    let bench = bench();
    let mut session = open(&bench, person("ada", &["staff"]));
    let read = || Action {
        analysis_key: 42,
        ..query(
            "select orders",
            vec![statement(Verb::Select, "orders", &[])],
        )
    };
    expect(&ask(&mut session, read()), "released");
    expect(&ask(&mut session, read()), "released");
    bench.rules.store(Arc::new(rules("", CATALOG, 2)));
    expect(&ask(&mut session, read()), "Denied");
    bench.rules.store(Arc::new(rules(POLICY, CATALOG, 3)));
    expect(&ask(&mut session, read()), "released");
    // Another transaction state is another question.
    let inside = Action {
        in_transaction: true,
        ..read()
    };
    expect(&ask(&mut session, inside), "released");
}

#[test]
fn opening_refuses_without_a_hint_of_what_exists() {
    let bench = bench();
    let id = SessionId::generate();
    let mut bound = login(person("ada", &["staff"]));
    bound.resource = ResourceName::new("other");
    let refused = [
        bench
            .gate
            .open(id, bound, resource(), client())
            .err()
            .unwrap(),
        bench
            .gate
            .open(id, login(person("eve", &[])), resource(), client())
            .err()
            .unwrap(),
        bench
            .gate
            .turn_away(id, &login(person("eve", &[])), "orders", &client()),
    ];
    for refusal in &refused {
        assert_eq!(refusal, &refused[0]);
        assert_eq!(refusal.message, "no access to \"orders\"");
    }
    let lines = bench.journal.lines();
    let recorded = lines.iter().filter(|l| l.contains("session.refused"));
    assert_eq!(recorded.count(), 3);
}

#[test]
fn opening_counts_and_ends_in_time() {
    let limits = Limits {
        sessions_max: 2,
        sessions_per_principal_max: 1,
        ..Limits::standard()
    };
    let bench = Bench::new(POLICY, CATALOG, limits.clone());
    let enter = |name: &str| {
        let id = SessionId::generate();
        let who = login(person(name, &["staff"]));
        let key = who.principal.key();
        let opened = bench.gate.open(id, who, resource(), client());
        if opened.is_ok() {
            let entry = crate::live::Entry {
                principal: key,
                acts_for: None,
                credential: format!("key:{name}"),
                made_with: Some(format!("oidc:i:{name}")),
                stop: Box::new(|_| {}),
            };
            let live = bench.gate.live();
            live.insert(id, entry, live.since());
        }
        opened.err().map(|refusal| refusal.message)
    };
    assert_eq!(enter("ada"), None);
    assert_eq!(
        enter("ada").as_deref(),
        Some("you have too many sessions open")
    );
    assert_eq!(enter("bob"), None);
    assert_eq!(enter("eve").as_deref(), Some("too many sessions are open"));
    assert_eq!(bench.gate.live().revoke("key:ada"), 1);
    assert_eq!(bench.gate.live().revoke("oidc:i:bob"), 1);
    assert_eq!(bench.gate.live().revoke("https://id.example|bob"), 1);
    assert_eq!(bench.gate.live().revoke("https://id.example|eve"), 0);

    let bench = self::bench();
    let mut short = login(person("ada", &["staff"]));
    let end = bench.clock.now() + Duration::from_secs(5);
    short.end_with_token = Some(end);
    let opening = bench
        .gate
        .open(SessionId::generate(), short.clone(), resource(), client());
    assert_eq!(
        opening.ok().unwrap().deadline,
        end + Duration::from_secs(60)
    );
    bench.clock.advance(Duration::from_secs(65));
    let late = bench
        .gate
        .open(SessionId::generate(), short, resource(), client());
    assert_eq!(late.err().unwrap().kind, RefusalKind::Unauthenticated);
}

#[test]
fn a_session_that_cannot_be_recorded_does_not_open() {
    let bench = bench();
    bench.journal.set_fault(JournalFault::Full);
    let who = login(person("ada", &["staff"]));
    let opened = bench
        .gate
        .open(SessionId::generate(), who, resource(), client());
    assert_eq!(opened.err().unwrap().kind, RefusalKind::RecordingFull);
}

fn done(sequence: u64) -> Completion {
    Completion {
        sequence,
        status: "SELECT 1".into(),
        rows: 1,
        bytes: 4,
        error: None,
        detected: Detected::default(),
    }
}

#[test]
fn fates_and_ends_are_recorded() {
    let bench = bench();
    let mut session = open(&bench, person("ada", &["staff"]));
    let read = query("select", vec![statement(Verb::Select, "orders", &[])]);
    expect(&ask(&mut session, read), "released");
    bench.clock.advance(Duration::from_millis(3));
    session.delivered(1, b"rows").unwrap();
    session.completed(done(1)).unwrap();
    session.close(Some(crate::StopReason::Revoked), None);
    session.close(None, Some("again"));
    drop(session);
    let lines = bench.journal.lines().join("\n");
    assert!(lines.contains("duration: 3000"), "{lines}");
    assert!(lines.contains("reason: \"revoked\""), "{lines}");
    assert_eq!(lines.matches("SessionClosed").count(), 1);
}

#[test]
fn what_a_broken_session_left_open_is_recorded_as_unanswered() {
    let bench = bench();
    let mut session = open(&bench, person("ada", &["staff"]));
    for _ in 0..2 {
        let read = query("select", vec![statement(Verb::Select, "orders", &[])]);
        expect(&ask(&mut session, read), "released");
    }
    session.journal().unwrap();
    session.completed(done(1)).unwrap();
    // The task panicked: nobody says what became of the second.
    drop(session);
    let lines = bench.journal.lines();
    let ends: Vec<_> = lines
        .iter()
        .filter(|line| line.contains("Completed("))
        .collect();
    assert_eq!(ends.len(), 2, "{lines:?}");
    assert!(
        ends[1].contains("sequence: 2") && ends[1].contains("UNANSWERED"),
        "{ends:?}"
    );
    assert!(lines.last().unwrap().contains("SessionClosed"), "{lines:?}");
}

#[test]
fn actions_that_end_in_another_order_keep_their_durations() {
    let bench = bench();
    let mut session = open(&bench, person("ada", &["staff"]));
    for number in 0..3 {
        let read = query("select", vec![statement(Verb::Select, "orders", &[])]);
        expect(&ask(&mut session, read), "released");
        bench.clock.advance(Duration::from_millis(1 + number));
    }
    for sequence in [3, 1, 2] {
        session.completed(done(sequence)).unwrap();
    }
    let lines = bench.journal.lines().join("\n");
    for duration in ["duration: 3000", "duration: 6000", "duration: 5000"] {
        assert!(lines.contains(duration), "{duration}: {lines}");
    }
}

/// Says that everything stands on this.
#[derive(Debug)]
struct Fixed(&'static str);

impl Ground for Fixed {
    fn reach(&self, _: &[Statement]) -> Reach {
        Reach {
            identity: self.0.to_owned(),
            ..Reach::default()
        }
    }
}

#[test]
fn an_approval_is_bound_to_what_names_stand_for() {
    let text = "execute p";
    let base = || Action {
        named: vec![named("p", "delete from orders where id = 7")],
        ground: Some(Arc::new(Fixed("oid 1"))),
        ..delete(text)
    };
    let check = |action: Action, say: &str| {
        let bench = bench();
        let mut session = open(&bench, person("ada", &["staff"]));
        let Admission::Held(hold) = ask(&mut session, base()) else {
            panic!("held");
        };
        session.resume_hold(HoldEnd::TimedOut, Arc::new(base()));
        bench
            .approvals
            .settle(hold.approval, ApprovalState::Approved, "i|dora");
        expect(&ask(&mut session, action), say);
    };
    check(base(), "released");
    let renamed = Action {
        named: vec![named("q", "delete from orders where id = 7")],
        ..base()
    };
    check(renamed, "held");
    let retold = Action {
        named: vec![named("p", "delete from orders")],
        ..base()
    };
    check(retold, "held");
    let unnamed = Action {
        named: Vec::new(),
        ..base()
    };
    check(unnamed, "held");
    let elsewhere = Action {
        ground: Some(Arc::new(Fixed("oid 2"))),
        ..base()
    };
    check(elsewhere, "held");
}

fn named(name: &str, text: &str) -> Named {
    Named {
        name: name.to_owned(),
        text: text.to_owned(),
        text_redacted: text.to_owned(),
    }
}

#[test]
fn an_approved_action_is_looked_at_again_before_its_approval_is_used() {
    let bench = bench();
    let mut session = open(&bench, person("ada", &["staff"]));
    let text = "delete from orders";
    let as_then = || Action {
        ground: Some(Arc::new(Fixed("then"))),
        ..delete(text)
    };
    let Admission::Held(hold) = ask(&mut session, as_then()) else {
        panic!("held");
    };
    session.resume_hold(HoldEnd::TimedOut, Arc::new(as_then()));
    bench
        .approvals
        .settle(hold.approval, ApprovalState::Approved, "i|dora");
    // Found by what was known before; analysed anew, it is something else.
    let admission = session.admit(as_then());
    let admission = drive(&mut session, admission);
    assert_eq!(outcome(&admission), "approved");
    let as_now = Action {
        ground: Some(Arc::new(Fixed("now"))),
        ..delete(text)
    };
    let end = HoldEnd::Settled(Ok(ApprovalState::Approved));
    let admission = session.resume_hold(end, Arc::new(as_now));
    expect(&drive(&mut session, admission), "no longer what would run");
    assert_eq!(
        bench.approvals.all()[0].1,
        ApprovalState::Approved,
        "unused"
    );
}

#[test]
fn a_denial_is_told_in_its_author_s_words() {
    let bench = bench();
    let mut session = open(&bench, person("ada", &["staff"]));
    let text = "delete from orders";
    let Admission::Held(hold) = ask(&mut session, delete(text)) else {
        panic!("held");
    };
    bench
        .approvals
        .settle(hold.approval, ApprovalState::Denied, "i|dora");
    let end = HoldEnd::Settled(Ok(ApprovalState::Denied));
    let admission = session.resume_hold(end, Arc::new(delete(text)));
    let Admission::Ready(Verdict::Refuse { refusal, .. }) = drive(&mut session, admission) else {
        panic!("refused");
    };
    assert_eq!(refusal.kind, RefusalKind::Disapproved);
    assert_eq!(refusal.detail.as_deref(), Some("Denied by dora: not now"));
    let lines = bench.journal.lines().join("\n");
    assert!(lines.contains("actor: \"i|dora\""), "{lines}");
}

#[test]
fn a_permit_ends_with_the_rules_it_was_given_under() {
    let bench = bench();
    let mut session = open(&bench, person("ada", &["staff"]));
    let read = query("select 1", vec![statement(Verb::Select, "orders", &[])]);
    let Admission::Ready(Verdict::Release(permit)) = ask(&mut session, read) else {
        panic!("released");
    };
    assert!(permit.is_current());
    bench.rules.store(Arc::new(rules(POLICY, CATALOG, 2)));
    assert!(!permit.is_current());
}

/// Repeatable chance.
fn roll(state: &mut u64, below: u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    usize::try_from(*state % below).unwrap_or(0)
}

fn any_column(state: &mut u64) -> ColumnRef {
    let table = ["customers", "orders"][roll(state, 2)];
    column(table, ["ssn", "email", "card", "name"][roll(state, 4)])
}

fn any_columns(state: &mut u64) -> Vec<ColumnRef> {
    (0..=roll(state, 3)).map(|_| any_column(state)).collect()
}

/// A statement of any effects, lineage and uses.
fn any_statement(state: &mut u64) -> Statement {
    let effects = (0..=roll(state, 3)).map(|_| {
        let verbs = [
            Verb::Select,
            Verb::Insert,
            Verb::Delete,
            Verb::Drop,
            Verb::Unanalysed,
        ];
        let common = if roll(state, 4) == 0 { 5 } else { 2 };
        let verb = verbs[roll(state, common)];
        let columns = ["ssn", "name"];
        let table = ["customers", "orders"][roll(state, 2)];
        statement(verb, table, &columns[..roll(state, 3)]).effects
    });
    let effects = effects.collect::<Vec<_>>().concat();
    let projections = (0..=roll(state, 3)).map(|_| match roll(state, 4) {
        0 => Projection::Free,
        1 => Projection::Derived(any_columns(state)),
        2 => Projection::Withheld(any_columns(state)),
        _ => Projection::Direct(any_columns(state)),
    });
    let projections = Projections::Columns(projections.collect());
    let usages = [
        Usage::Compared,
        Usage::Assigned,
        Usage::Predicate,
        Usage::Computed,
        Usage::Stored,
        Usage::Opaque,
    ];
    let uses = (0..roll(state, 3)).map(|_| ColumnUse {
        column: any_column(state),
        usage: usages[roll(state, 6)],
        into: Vec::new(),
        place: "WHERE".into(),
    });
    Statement {
        uses: uses.collect(),
        effects,
        projections,
        ..statement(Verb::Select, "customers", &[])
    }
}

const MORE_LABELS: &[&str] = &[
    "[[label]]\nresource = \"orders\"\ncolumn = \"name\"\nlabel = \"pii\"\nmask = \"hash\"\n",
    "[[label]]\ntable = \"cust*\"\nlabel = \"any\"\nmask = \"redact\"\nuse = \"open\"\n",
    "[[label]]\ncolumn = \"ssn\"\nlabel = \"pan\"\nmask = \"null\"\nuse = \"opaque\"\n",
    "[[label]]\ncolumn = \"*\"\nlabel = \"any\"\nmask = \"partial\"\nlast = 2\n",
];
const MORE_FORBIDS: &[&str] = &[
    "@id(\"f1\") forbid(principal, action == Action::\"insert\", resource);",
    "@id(\"f2\") forbid(principal, action, resource in Label::\"pii\");",
    "@id(\"f3\") forbid(principal, action == Action::\"reveal\", resource in Label::\"pii\");",
    "@id(\"f4\") forbid(principal, action in Action::\"read\", resource) when { context.has_where };",
];

#[test]
fn adding_a_label_or_a_forbid_never_lets_more_through() {
    let first = rules(POLICY, CATALOG, 1);
    let labelled = MORE_LABELS.iter().map(|more| format!("{CATALOG}\n{more}"));
    let labelled: Vec<_> = labelled.map(|labels| rules(POLICY, &labels, 1)).collect();
    let forbidden = MORE_FORBIDS.iter().map(|more| format!("{POLICY}\n{more}"));
    let forbidden: Vec<_> = forbidden.map(|all| rules(&all, CATALOG, 1)).collect();
    let judge = |rules: &crate::ports::Rules, groups: &[&str], action: &Action| {
        let principal = person("ada", groups);
        let asker = crate::judge::Asker {
            principal: &principal,
            resource: &resource(),
        };
        crate::judge::judge(rules, asker, action, &policy::Context::default())
    };
    let mut state = 0x5eed_u64;
    let mut allowed = 0;
    for round in 0..300 {
        let action = query("select 1", vec![any_statement(&mut state)]);
        let groups: &[&str] = [&["staff"][..], &["staff", "dba"]][roll(&mut state, 2)];
        let more = roll(&mut state, 4);
        let before = judge(&first, groups, &action);
        for after in [
            judge(&labelled[more], groups, &action),
            judge(&forbidden[more], groups, &action),
        ] {
            assert!(after.outcome >= before.outcome, "round {round}: {action:?}");
            let masks = |judged: &crate::judge::Judged| judged.obligations.results[0].masks.clone();
            for mask in masks(&before) {
                let found = masks(&after)
                    .into_iter()
                    .find(|m| m.position == mask.position);
                let found = found.unwrap_or_else(|| panic!("round {round}: {action:?}"));
                assert_eq!(
                    mask::stricter(found.kind, mask.kind),
                    found.kind,
                    "round {round}"
                );
            }
            assert!(after.obligations.scrub_messages || !before.obligations.scrub_messages);
        }
        allowed += usize::from(before.outcome == model::Outcome::Allow);
    }
    assert!(allowed > 50, "{allowed} were allowed before");
}
