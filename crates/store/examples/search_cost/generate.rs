//! Statements of a shop's people, agents and jobs, as they would be recorded: the same ones every time.
//!
//! Must never take chance from anywhere but its own numbers.

use gate::ports::{Journal as _, PortError};
use ledger::Event;
use ledger::event::{ActionRecorded, Completed, SessionOpened};
use model::SessionId;
use store::JournalStore;

/// Actions of one session.
const SESSION_ACTIONS: u64 = 200;
/// Microseconds between two actions of the whole gateway.
pub(crate) const PACE: u64 = 100_000;
/// When the first was, in microseconds since the Unix epoch.
pub(crate) const BEGIN: u64 = 1_790_000_000_000_000;
/// Principals; the first few are hardly ever there.
const PEOPLE: u64 = 400;

const TABLES: [(&str, [&str; 5]); 16] = [
    ("customers", ["id", "name", "email", "city", "created_at"]),
    (
        "orders",
        ["id", "customer_id", "status", "total", "placed_at"],
    ),
    (
        "order_items",
        ["order_id", "product_id", "quantity", "price", "note"],
    ),
    ("products", ["id", "sku", "title", "price", "stock"]),
    (
        "payments",
        ["id", "order_id", "amount", "method", "reference"],
    ),
    (
        "shipments",
        ["id", "order_id", "carrier", "tracking", "sent_at"],
    ),
    ("invoices", ["id", "number", "total", "due", "paid"]),
    ("employees", ["id", "name", "email", "department", "salary"]),
    ("events", ["id", "kind", "payload", "source", "happened_at"]),
    ("sessions", ["id", "user_id", "agent", "ip", "started_at"]),
    ("tickets", ["id", "subject", "body", "state", "assignee"]),
    ("reviews", ["id", "product_id", "rating", "body", "author"]),
    ("suppliers", ["id", "name", "country", "contact", "phone"]),
    ("warehouses", ["id", "code", "city", "capacity", "manager"]),
    (
        "coupons",
        ["code", "percent", "used", "expires", "customer_id"],
    ),
    ("audit_log", ["id", "actor", "action", "object", "at"]),
];
const FIRST: [&str; 24] = [
    "Ada", "Bruno", "Chloé", "Dmitri", "Elif", "Farid", "Greta", "Hana", "Ines", "Jonas", "Kwame",
    "Léa", "Mei", "Nils", "Olga", "Pavel", "Quentin", "Rosa", "Søren", "Tariq", "Uma", "Víctor",
    "Wanda", "Zoë",
];
const LAST: [&str; 24] = [
    "Almeida",
    "Berg",
    "Castro",
    "Dubois",
    "Eriksson",
    "Fischer",
    "García",
    "Haddad",
    "Ivanova",
    "Jensen",
    "Kowalski",
    "Lindqvist",
    "Moreau",
    "Novak",
    "Okafor",
    "Petrov",
    "Quinn",
    "Rossi",
    "Schäfer",
    "Tanaka",
    "Ueda",
    "Varga",
    "Weber",
    "Zhang",
];
const CITIES: [&str; 12] = [
    "Lisbon", "Kraków", "Osaka", "Lagos", "Bergen", "Porto", "Zürich", "Austin", "Hanoi", "Quito",
    "Gdańsk", "Leeds",
];
const APPLICATIONS: [&str; 8] = [
    "psql",
    "DBeaver",
    "checkout-service",
    "reporting",
    "nightly-etl",
    "coding-agent",
    "metabase",
    "pgAdmin 4",
];
const RESOURCES: [&str; 6] = [
    "orders-prod",
    "orders-staging",
    "billing-prod",
    "analytics",
    "crm-prod",
    "warehouse",
];

/// SplitMix64: small, and good enough to vary texts.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap_or(0)]
    }
}

/// One action, and what came of it.
struct Act {
    text: String,
    parameters: Vec<String>,
    effect: String,
    masked: Vec<String>,
    outcome: &'static str,
    values: Vec<Vec<String>>,
    rows: u64,
    duration: u64,
    error: Option<&'static str>,
}

/// Records actions from one number to another.
pub(crate) fn record(
    journal: &JournalStore,
    (first, entries): (u64, u64),
) -> Result<(), PortError> {
    let mut dice = Dice(first + 1);
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|error| PortError::Failed {
        what: "a runtime",
        source: Box::new(error),
    })?;
    let mut number = first;
    while number < entries {
        let id = SessionId::generate();
        let mut recorder = journal.begin(id)?;
        recorder.append(&opened(&mut dice, id, BEGIN + number * PACE))?;
        for sequence in 1..=SESSION_ACTIONS.min(entries - number) {
            let time = BEGIN + number * PACE;
            let act = act(&mut dice, number);
            recorder.append(&decided(&act, sequence, time))?;
            recorder.response(sequence, &response(&act.values))?;
            recorder.append(&Event::Completed(Completed {
                time: time + act.duration,
                sequence,
                status: "SELECT".into(),
                rows: act.rows,
                duration: act.duration,
                error: act.error.map(Into::into),
                ..Completed::default()
            }))?;
            if let Some(pressure) = recorder.pressure() {
                runtime.block_on(pressure)?;
            }
            number += 1;
        }
        recorder.append(&Event::SessionClosed {
            time: BEGIN + number * PACE,
            reason: "the client left".into(),
        })?;
    }
    Ok(())
}

fn opened(dice: &mut Dice, id: SessionId, time: u64) -> Event<'static> {
    // Few sessions are of the first principals: a square root makes them rare.
    let who = dice.below(PEOPLE * PEOPLE).isqrt();
    let is_agent = who.is_multiple_of(4);
    let name = match is_agent {
        true => format!("agent-{who}"),
        false => person(who),
    };
    Event::SessionOpened(SessionOpened {
        time,
        session: *id.as_bytes(),
        principal: format!("https://idp.example|{who}").into(),
        name: name.into(),
        kind: if is_agent { "agent" } else { "human" }.into(),
        acts_for: match is_agent {
            true => vec![
                format!("https://idp.example|{}", who + 1).into(),
                person(who + 1).into(),
            ],
            false => Vec::new(),
        },
        resource: dice.of(&RESOURCES).into(),
        database: "shop".into(),
        protocol: "postgres".into(),
        application: dice.of(&APPLICATIONS).into(),
        address: format!("10.1.{}.{}", dice.below(8), dice.below(250)).into(),
        ..SessionOpened::default()
    })
}

fn person(number: u64) -> String {
    let at = |all: &[&'static str], n: u64| all[usize::try_from(n % 24).unwrap_or(0)];
    format!("{} {}", at(&FIRST, number), at(&LAST, number / 24))
}

fn act(dice: &mut Dice, number: u64) -> Act {
    let table = usize::try_from(dice.below(16) * dice.below(16) / 16).unwrap_or(0);
    let (table, columns) = TABLES[table];
    let [a, b, c, ..] = columns;
    let draw = dice.below(100);
    let (verb, text, parameters) = statement(dice, (table, [a, b, c]), draw, number);
    let is_read = verb == "read";
    let bound = 1 << dice.below(24);
    let is_denied = draw == 99 || (is_read && dice.below(200) == 0);
    let returned = if is_read && !is_denied {
        dice.below(6)
    } else {
        0
    };
    let rows = match dice.below(1_000) {
        0 => dice.below(2_000_000),
        1..20 => dice.below(10_000),
        _ => returned.max(1),
    };
    Act {
        text,
        parameters,
        effect: format!("{verb} public.{table} ({a}, {b}, {c})"),
        masked: match b == "email" || c == "email" {
            true => vec![format!("public.{table}.email")],
            false => Vec::new(),
        },
        outcome: if is_denied { "deny" } else { "allow" },
        values: (0..returned).map(|_| row(dice)).collect(),
        rows,
        duration: 80 + dice.below(bound),
        error: is_denied.then_some("portcullis.denied"),
    }
}

/// What is done, its text and its parameters.
fn statement(
    dice: &mut Dice,
    (table, [a, b, c]): (&str, [&str; 3]),
    draw: u64,
    number: u64,
) -> (&'static str, String, Vec<String>) {
    let key = dice.below(5_000_000);
    match draw {
        0..40 => (
            "read",
            format!("SELECT {a}, {b}, {c} FROM {table} WHERE {a} = $1"),
            vec![key.to_string()],
        ),
        40..60 => (
            "read",
            format!(
                "SELECT t.{b}, count(*) FROM {table} t WHERE t.{c} = '{}' GROUP BY t.{b} ORDER BY 2 DESC LIMIT {}",
                dice.of(&CITIES),
                10 + dice.below(90)
            ),
            Vec::new(),
        ),
        60..75 => (
            "read",
            format!(
                "SELECT * FROM public.{table} WHERE {b} ILIKE '%{}%' OR {c} = '{}'",
                dice.of(&LAST),
                mail(dice)
            ),
            Vec::new(),
        ),
        75..88 => (
            "update",
            format!("UPDATE {table} SET {b} = $1, {c} = $2 WHERE {a} = {key}"),
            vec![dice.of(&CITIES).to_owned(), mail(dice)],
        ),
        88..97 => (
            "insert",
            format!(
                "INSERT INTO {table} ({a}, {b}, {c}) VALUES ({key}, '{}', 'ref-{number:08x}')",
                person(dice.below(576))
            ),
            Vec::new(),
        ),
        _ => (
            "delete",
            format!("DELETE FROM {table} WHERE {a} = {key}"),
            Vec::new(),
        ),
    }
}

fn mail(dice: &mut Dice) -> String {
    format!(
        "{}.{}{}@{}.example",
        dice.of(&FIRST),
        dice.of(&LAST),
        dice.below(10_000),
        dice.of(&CITIES)
    )
}

fn row(dice: &mut Dice) -> Vec<String> {
    vec![
        dice.below(5_000_000).to_string(),
        person(dice.below(576)),
        format!(
            "{:08x}-{:04x}-7{:03x}-a{:03x}-{:012x}",
            dice.below(1 << 32),
            dice.below(1 << 16),
            dice.below(1 << 12),
            dice.below(1 << 12),
            dice.below(1 << 48)
        ),
        format!("{}.{:02}", dice.below(5_000), dice.below(100)),
        dice.of(&CITIES).to_owned(),
    ]
}

fn decided(act: &Act, sequence: u64, time: u64) -> Event<'_> {
    let is_denied = act.outcome == "deny";
    Event::Action(ActionRecorded {
        time,
        sequence,
        kind: "query".into(),
        text: act.text.as_str().into(),
        parameters: act
            .parameters
            .iter()
            .map(|p| Some(p.as_str().into()))
            .collect(),
        effects: vec![act.effect.as_str().into()],
        outcome: act.outcome.into(),
        reasons: vec![match is_denied {
            true => ("no-deletes".into(), "nobody deletes in production".into()),
            false => ("staff-work".into(), "staff may work with the shop".into()),
        }],
        policy: [7; 32],
        masked: act.masked.iter().map(|m| m.as_str().into()).collect(),
        labels: act.masked.iter().map(|_| "pii".into()).collect(),
        ..ActionRecorded::default()
    })
}

/// Rows as the target sends them.
fn response(rows: &[Vec<String>]) -> Vec<u8> {
    let mut out = Vec::new();
    for row in rows {
        let mut body = u16::try_from(row.len()).unwrap_or(0).to_be_bytes().to_vec();
        for value in row {
            body.extend(u32::try_from(value.len()).unwrap_or(0).to_be_bytes());
            body.extend(value.as_bytes());
        }
        out.push(b'D');
        out.extend(u32::try_from(body.len() + 4).unwrap_or(0).to_be_bytes());
        out.extend(body);
    }
    out
}
