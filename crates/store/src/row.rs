//! How the nouns are written into columns, and read back. Knows no SQL.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gate::ports::ApprovalState;
use model::{Named, Principal, PrincipalKind, Reach, Touched};
use policy::ApprovalRule;
use serde::{Deserialize, Serialize};

use crate::error::Error;

#[derive(Serialize, Deserialize)]
struct PrincipalRow {
    issuer: String,
    subject: String,
    name: String,
    email: Option<String>,
    kind: String,
    groups: Vec<String>,
    acts_for: Option<Box<PrincipalRow>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RuleRow {
    Group { group: String, count: u8 },
    Owner,
}

#[derive(Serialize, Deserialize)]
struct NamedRow {
    name: String,
    text: String,
    text_redacted: String,
}

#[derive(Serialize, Deserialize)]
struct TouchedRow {
    table: String,
    kind: String,
    does: Vec<String>,
    rows: Option<u64>,
    whole: bool,
    through: Vec<String>,
    triggers: Vec<String>,
}

/// What is shown of how far it reaches; its identity is in the binding.
#[derive(Serialize, Deserialize)]
struct ReachRow {
    tables: Vec<TouchedRow>,
    notes: Vec<String>,
}

impl From<&Principal> for PrincipalRow {
    fn from(from: &Principal) -> Self {
        Self {
            issuer: from.issuer.clone(),
            subject: from.subject.clone(),
            name: from.name.clone(),
            email: from.email.clone(),
            kind: from.kind.as_str().to_owned(),
            groups: from.groups.clone(),
            acts_for: from.acts_for.as_deref().map(|human| Box::new(human.into())),
        }
    }
}

impl PrincipalRow {
    fn read(self) -> Result<Principal, Error> {
        let kind = match self.kind.as_str() {
            "human" => PrincipalKind::Human,
            "agent" => PrincipalKind::Agent,
            "workload" => PrincipalKind::Workload,
            _ => return Err(Error::Corrupt { what: "principal" }),
        };
        let acts_for = match self.acts_for {
            Some(human) => Some(Box::new(human.read()?)),
            None => None,
        };
        Ok(Principal {
            issuer: self.issuer,
            subject: self.subject,
            name: self.name,
            email: self.email,
            kind,
            groups: self.groups,
            acts_for,
        })
    }
}

/// A principal as JSON.
pub(crate) fn write_principal(principal: &Principal) -> Result<String, Error> {
    write_json(&PrincipalRow::from(principal), "principal")
}

/// A principal from JSON.
pub(crate) fn read_principal(text: &str) -> Result<Principal, Error> {
    read_json::<PrincipalRow>(text, "principal")?.read()
}

/// Approval rules as JSON.
pub(crate) fn write_rules(rules: &[ApprovalRule]) -> Result<String, Error> {
    let row = |rule: &ApprovalRule| match rule {
        ApprovalRule::Group { group, count } => RuleRow::Group {
            group: group.clone(),
            count: *count,
        },
        ApprovalRule::Owner => RuleRow::Owner,
    };
    write_json(&rules.iter().map(row).collect::<Vec<_>>(), "rules")
}

/// Approval rules from JSON.
pub(crate) fn read_rules(text: &str) -> Result<Vec<ApprovalRule>, Error> {
    let rule = |row| match row {
        RuleRow::Group { group, count } => ApprovalRule::Group { group, count },
        RuleRow::Owner => ApprovalRule::Owner,
    };
    let rows: Vec<RuleRow> = read_json(text, "rules")?;
    Ok(rows.into_iter().map(rule).collect())
}

/// Texts run by name as JSON.
pub(crate) fn write_named(named: &[Named]) -> Result<String, Error> {
    let row = |one: &Named| NamedRow {
        name: one.name.clone(),
        text: one.text.clone(),
        text_redacted: one.text_redacted.clone(),
    };
    write_json(&named.iter().map(row).collect::<Vec<_>>(), "named texts")
}

/// Texts run by name from JSON.
pub(crate) fn read_named(text: &str) -> Result<Vec<Named>, Error> {
    let one = |row: NamedRow| Named {
        name: row.name,
        text: row.text,
        text_redacted: row.text_redacted,
    };
    let rows: Vec<NamedRow> = read_json(text, "named texts")?;
    Ok(rows.into_iter().map(one).collect())
}

/// How far a request reaches, as JSON.
pub(crate) fn write_reach(reach: &Reach) -> Result<String, Error> {
    let table = |touched: &Touched| TouchedRow {
        table: touched.table.clone(),
        kind: touched.kind.clone(),
        does: touched.does.clone(),
        rows: touched.rows,
        whole: touched.whole,
        through: touched.through.clone(),
        triggers: touched.triggers.clone(),
    };
    let row = ReachRow {
        tables: reach.tables.iter().map(table).collect(),
        notes: reach.notes.clone(),
    };
    write_json(&row, "reach")
}

/// How far a request reaches, from JSON.
pub(crate) fn read_reach(text: &str) -> Result<Reach, Error> {
    let table = |row: TouchedRow| Touched {
        table: row.table,
        kind: row.kind,
        does: row.does,
        rows: row.rows,
        whole: row.whole,
        through: row.through,
        triggers: row.triggers,
    };
    let row: ReachRow = read_json(text, "reach")?;
    Ok(Reach {
        tables: row.tables.into_iter().map(table).collect(),
        notes: row.notes,
        identity: String::new(),
    })
}

/// Any plain list as JSON.
pub(crate) fn write_json<T: Serialize>(value: &T, what: &'static str) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|_| Error::Corrupt { what })
}

/// Any plain list from JSON.
pub(crate) fn read_json<T: for<'de> Deserialize<'de>>(
    text: &str,
    what: &'static str,
) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|_| Error::Corrupt { what })
}

/// Microseconds since the Unix epoch; times before it are 0, times beyond the type its end.
pub(crate) fn write_time(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// The time that [`write_time`] wrote.
pub(crate) fn read_time(micros: i64) -> SystemTime {
    let since = Duration::from_micros(u64::try_from(micros).unwrap_or(0));
    UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
}

/// A state's word.
pub(crate) fn write_state(state: ApprovalState) -> &'static str {
    match state {
        ApprovalState::Pending => "pending",
        ApprovalState::Approved => "approved",
        ApprovalState::Denied => "denied",
        ApprovalState::Expired => "expired",
        ApprovalState::Withdrawn => "withdrawn",
        ApprovalState::Used => "used",
    }
}

/// The state of a word.
pub(crate) fn read_state(word: &str) -> Result<ApprovalState, Error> {
    Ok(match word {
        "pending" => ApprovalState::Pending,
        "approved" => ApprovalState::Approved,
        "denied" => ApprovalState::Denied,
        "expired" => ApprovalState::Expired,
        "withdrawn" => ApprovalState::Withdrawn,
        "used" => ApprovalState::Used,
        _ => return Err(Error::Corrupt { what: "state" }),
    })
}

/// The 16 or 32 bytes of an id or hash.
pub(crate) fn read_bytes<const N: usize>(
    bytes: &[u8],
    what: &'static str,
) -> Result<[u8; N], Error> {
    bytes.try_into().map_err(|_| Error::Corrupt { what })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn principals_and_rules_come_back_equal() {
        let human = Principal {
            issuer: "https://id.example".to_owned(),
            subject: "u,1|\"x".to_owned(),
            name: "Ana".to_owned(),
            email: Some("ana@example.com".to_owned()),
            kind: PrincipalKind::Human,
            groups: vec!["a,b".to_owned(), "dba".to_owned()],
            acts_for: None,
        };
        let agent = Principal {
            kind: PrincipalKind::Agent,
            acts_for: Some(Box::new(human.clone())),
            ..human.clone()
        };
        for principal in [human, agent] {
            let text = write_principal(&principal).unwrap();
            assert_eq!(read_principal(&text).unwrap(), principal);
        }
        let rules = vec![
            ApprovalRule::Owner,
            ApprovalRule::Group {
                group: "dba".to_owned(),
                count: 2,
            },
        ];
        assert_eq!(read_rules(&write_rules(&rules).unwrap()).unwrap(), rules);
    }

    #[test]
    fn unreadable_values_are_errors() {
        assert!(read_principal("{}").is_err());
        assert!(read_state("maybe").is_err());
        assert!(read_bytes::<16>(&[1, 2], "id").is_err());
    }

    #[test]
    fn times_keep_their_microseconds() {
        let time = UNIX_EPOCH + Duration::from_micros(1_795_000_000_123_456);
        assert_eq!(read_time(write_time(time)), time);
    }
}
