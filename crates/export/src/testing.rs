//! Events to test with: one of every kind, every field of each filled.
//!
//! Never part of what ships.

use std::sync::Arc;

use ledger::event::{
    ActionRecorded, ApprovalRecorded, Completed, Human, SessionOpened, StatementRecorded,
};

use crate::event::{AuditEvent, Detail, End, Reference, Statement};

pub(crate) const TIME: u64 = 1_790_000_000_123_456;

pub(crate) fn opened() -> SessionOpened<'static> {
    SessionOpened {
        time: TIME,
        session: [3; 16],
        principal: "https://idp.example|ada".into(),
        name: "Ada, of \"orders\"".into(),
        kind: "agent".into(),
        groups: vec!["dba".into(), "=cmd|' /C calc'!A0".into()],
        acts_for: vec!["https://idp.example|bob".into(), "Bob".into()],
        credential: "key:1".into(),
        claims: vec![("iss".into(), "https://idp.example".into())],
        resource: "orders-prod".into(),
        database: "shop".into(),
        protocol: "postgres".into(),
        application: "psql".into(),
        address: "192.0.2.7".into(),
        login: "token".into(),
        tls: "TLSv1.3".into(),
        email: "ada@example.com".into(),
        human: Some(Box::new(Human {
            kind: "human".into(),
            groups: vec!["engineers".into()],
            email: "bob@example.com".into(),
        })),
        says_circumstances: true,
    }
}

fn statement(text: &str) -> Box<Statement> {
    Box::new(Statement {
        action: ActionRecorded {
            time: TIME + 1,
            sequence: 4,
            kind: "execute".into(),
            text: text.to_owned().into(),
            parameters: vec![Some("7".into()), None],
            effects: vec!["select public.orders(id)".into()],
            outcome: "allow".into(),
            reasons: vec![("orders.read".into(), "staff may read".into())],
            policy: [7; 32],
            masked: vec!["public.orders.email".into()],
            approval: Some([5; 16]),
            approvers: vec!["https://idp.example|cleo".into()],
            labels: vec!["personal".into()],
            statements: vec![StatementRecorded {
                kind: "SELECT".into(),
                effects: 1,
                has_where: true,
            }]
            .into(),
            in_transaction: true,
        },
        record: Reference {
            sequence: 12,
            hash: [1; 32],
        },
        held_since: Some(TIME),
    })
}

fn end() -> Box<End> {
    Box::new(End {
        completed: Completed {
            time: TIME + 900,
            sequence: 4,
            status: "SELECT 2".into(),
            rows: 2,
            bytes: 120,
            duration: 800,
            error: Some("57014".into()),
            detected: vec![("pan".into(), 1)],
        },
        record: Reference {
            sequence: 13,
            hash: [2; 32],
        },
    })
}

pub(crate) fn with(index: usize, detail: Detail) -> AuditEvent {
    let has_session = !matches!(detail, Detail::Gap { .. } | Detail::Control { .. });
    AuditEvent {
        journal: [0xab; 16],
        local_id: format!("12-{index}"),
        time: TIME + 1,
        record: Reference {
            sequence: 12,
            hash: [1; 32],
        },
        session: (!matches!(detail, Detail::Gap { .. })).then_some([3; 16]),
        opened: has_session.then(|| Arc::new(opened())),
        detail,
        is_shortened: index.is_multiple_of(2),
    }
}

pub(crate) fn statement_with_text(text: &str) -> AuditEvent {
    with(0, Detail::StatementEnded(statement(text), Some(end())))
}

pub(crate) fn every_kind() -> Vec<AuditEvent> {
    let text = "SELECT * FROM orders WHERE id = $1 -- \"é\"\nAND note <> '\u{202e}'";
    let details = vec![
        Detail::SessionOpened,
        Detail::StatementDecided(statement(text)),
        Detail::StatementEnded(statement(text), Some(end())),
        Detail::StatementEnded(statement("=1+1"), None),
        Detail::Approval(Box::new(ApprovalRecorded {
            time: TIME,
            sequence: 4,
            approval: [5; 16],
            state: "approved".into(),
            actor: "https://idp.example|cleo".into(),
            comment: "go on".into(),
        })),
        Detail::SessionClosed {
            reason: "the client left".into(),
        },
        Detail::Control {
            actor: "https://idp.example|root".into(),
            name: "key.issued".into(),
            fields: vec![("key".into(), "key:1".into())],
        },
        Detail::Gap {
            from: 7,
            to: 9,
            reason: "missing",
        },
    ];
    details
        .into_iter()
        .enumerate()
        .map(|(index, detail)| with(index, detail))
        .collect()
}
