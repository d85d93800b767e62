//! A recorded event as an export has it, read back into what was asked of the gateway.
//!
//! Must never take a line for whole that is not, nor hold more than one.

use std::io::{self, Write};
use std::mem::take;

use jiff::Timestamp;
use model::{Outcome, Principal, PrincipalKind, Resource, ResourceName};
use policy::Context;
use policy::simulate::{Asked, Lacks, Part, Past, Untold};
use serde::Deserialize;

use crate::config::ResourceConfig;

/// Bytes of one line; a longer one is not read.
const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The fields that a decision rests on.
#[derive(Deserialize, Clone, PartialEq, Eq, Hash, Debug, Default)]
#[serde(default)]
pub(super) struct Line {
    pub(super) kind: String,
    pub(super) principal: String,
    pub(super) name: String,
    pub(super) principal_kind: String,
    pub(super) groups: Vec<String>,
    pub(super) email: Option<String>,
    pub(super) acts_for: Option<String>,
    pub(super) acts_for_name: String,
    pub(super) acts_for_kind: Option<String>,
    pub(super) acts_for_groups: Vec<String>,
    pub(super) acts_for_email: Option<String>,
    pub(super) resource: String,
    pub(super) database: String,
    pub(super) protocol: String,
    pub(super) application: String,
    pub(super) address: String,
    pub(super) statement_kind: String,
    pub(super) effects: Vec<String>,
    pub(super) outcome: String,
    pub(super) reasons: Vec<Rule>,
    pub(super) masked: Vec<String>,
    pub(super) approval: Option<String>,
    pub(super) statements: Vec<One>,
    pub(super) in_transaction: Option<String>,
    /// `yes` where what is not told is not.
    pub(super) circumstances: Option<String>,
    /// Of a gap, why it is one.
    pub(super) reason: String,
    #[serde(skip)]
    pub(super) unix_seconds: i64,
}

#[derive(Deserialize, Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Rule {
    rule: String,
}

#[derive(Deserialize, Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct One {
    kind: String,
    effects: usize,
    has_where: bool,
}

/// Where and when it was recorded, and its text.
#[derive(Deserialize, Clone, PartialEq, Eq, Debug, Default)]
#[serde(default)]
pub(super) struct Where {
    pub(super) session: String,
    pub(super) statement: u64,
    pub(super) time: String,
    pub(super) text: String,
    pub(super) held_since: Option<String>,
}

impl Line {
    fn read(bytes: &[u8]) -> Option<(Self, Where)> {
        let mut line: Self = serde_json::from_slice(bytes).ok()?;
        let at: Where = serde_json::from_slice(bytes).ok()?;
        let is_gap = line.kind == "gap";
        match at.time.parse::<Timestamp>() {
            Ok(time) => line.unix_seconds = time.as_second(),
            Err(_) if is_gap => {}
            Err(_) => return None,
        }
        Some((line, at))
    }

    /// What became of a statement that was held: it was decided when it was first asked.
    pub(super) fn is_answer(&self, at: &Where) -> bool {
        at.held_since
            .as_ref()
            .is_some_and(|since| *since != at.time)
    }

    /// Preparing that was let pass: what is prepared is recorded again each time that it is executed.
    pub(super) fn is_passed_preparation(&self) -> bool {
        self.statement_kind == "prepare" && self.outcome != "deny"
    }

    /// The same without its time, for policies that do not ask for it.
    pub(super) fn at_any_time(mut self) -> Self {
        self.unix_seconds = 0;
        self
    }

    /// About how long it is, where that is not bounded elsewhere.
    pub(super) fn bytes(&self) -> usize {
        let of = |texts: &[String]| texts.iter().map(String::len).sum::<usize>();
        let rules: usize = self.reasons.iter().map(|reason| reason.rule.len()).sum();
        let statements: usize = self.statements.iter().map(|one| one.kind.len() + 16).sum();
        of(&self.effects) + of(&self.masked) + of(&self.groups) + rules + statements
    }

    /// What was asked, by whom, and what was decided. `settings` are the resource's of now.
    pub(super) fn past(&self, settings: Option<&ResourceConfig>) -> Result<Past, Untold> {
        let is_connect = self.kind == "session.opened";
        Ok(Past {
            principal: self.who()?,
            resource: Resource {
                name: ResourceName::new(&self.resource).ok_or(Untold::Effect)?,
                protocol: self.protocol.clone(),
                database: self.database.clone(),
                tags: settings.map(|known| known.tags.clone()).unwrap_or_default(),
            },
            context: Context {
                application: self.application.clone(),
                address: ip_of(&self.address),
                in_transaction: self.in_transaction.as_deref() == Some("yes"),
                unix_seconds: self.unix_seconds,
            },
            asked: match (is_connect, self.statement_kind.as_str()) {
                (true, _) => Asked::Connect,
                (false, "prepare") => Asked::Prepare(self.parts()?),
                (false, _) => Asked::Run(self.parts()?),
            },
            outcome: match (is_connect, self.outcome.as_str()) {
                (true, _) | (false, "allow") => Outcome::Allow,
                (false, "hold") => Outcome::Hold,
                (false, "deny") => Outcome::Deny,
                (false, _) => return Err(Untold::Effect),
            },
            rules: self.reasons.iter().map(|r| r.rule.clone()).collect(),
            was_approved: self.approval.is_some(),
            masked: self.masked.clone(),
            lacks: Lacks {
                circumstances: !self.says_circumstances(),
                human: self.acts_for.is_some() && self.acts_for_kind.is_none(),
                tags: settings.is_none(),
            },
        })
    }

    fn says_circumstances(&self) -> bool {
        self.circumstances.as_deref() == Some("yes")
    }

    fn who(&self) -> Result<Principal, Untold> {
        let human = self.acts_for.as_ref().map(|key| {
            somebody(Somebody {
                key,
                name: &self.acts_for_name,
                kind: self.acts_for_kind.as_deref().unwrap_or("human"),
                groups: &self.acts_for_groups,
                email: self.acts_for_email.as_ref(),
            })
        });
        let mut principal = somebody(Somebody {
            key: &self.principal,
            name: &self.name,
            kind: &self.principal_kind,
            groups: &self.groups,
            email: self.email.as_ref(),
        })?;
        principal.acts_for = human.transpose()?.map(Box::new);
        Ok(principal)
    }

    /// Its statements with the effects of each; where the record does not tell them apart, all in one.
    fn parts(&self) -> Result<Vec<Part>, Untold> {
        if !self.says_circumstances() {
            return Ok(vec![Part {
                has_where: true,
                effects: self.effects.clone(),
                ..Part::default()
            }]);
        }
        let mut rest = self.effects.as_slice();
        let mut parts = Vec::with_capacity(self.statements.len());
        for one in &self.statements {
            let (own, others) = rest.split_at_checked(one.effects).ok_or(Untold::Effect)?;
            rest = others;
            parts.push(Part {
                kind: one.kind.clone(),
                has_where: one.has_where,
                effects: own.to_vec(),
            });
        }
        match rest {
            [] => Ok(parts),
            [_, ..] => Err(Untold::Effect),
        }
    }
}

struct Somebody<'a> {
    key: &'a str,
    name: &'a str,
    kind: &'a str,
    groups: &'a [String],
    email: Option<&'a String>,
}

fn somebody(of: Somebody<'_>) -> Result<Principal, Untold> {
    let (issuer, subject) = of.key.split_once('|').ok_or(Untold::Effect)?;
    let mut groups = of.groups.to_vec();
    groups.sort();
    groups.dedup();
    Ok(Principal {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        name: of.name.to_owned(),
        email: of.email.cloned(),
        kind: match of.kind {
            "human" => PrincipalKind::Human,
            "agent" => PrincipalKind::Agent,
            "workload" => PrincipalKind::Workload,
            _ => return Err(Untold::Effect),
        },
        groups,
        acts_for: None,
    })
}

/// The address without its port, as the door tells it to policies; empty for a unix socket.
fn ip_of(address: &str) -> String {
    address
        .parse::<std::net::SocketAddr>()
        .map(|socket| socket.ip().to_canonical().to_string())
        .unwrap_or_default()
}

/// Takes JSON Lines as they come, in pieces of any length, and gives each to `take`; `None` stands for one that is not
/// understood.
pub(super) struct Lines<F> {
    gathered: Vec<u8>,
    is_too_long: bool,
    take: F,
}

impl<F: FnMut(Option<(Line, Where)>)> Lines<F> {
    pub(super) fn new(take: F) -> Self {
        Self {
            gathered: Vec::new(),
            is_too_long: false,
            take,
        }
    }

    /// Says that nothing follows: a line without an end is not whole.
    pub(super) fn finish(mut self) {
        if !self.gathered.is_empty() || self.is_too_long {
            (self.take)(None);
        }
    }

    fn gather(&mut self, bytes: &[u8]) {
        if self.is_too_long || self.gathered.len() + bytes.len() > LINE_BYTES_MAX {
            self.is_too_long = true;
            self.gathered = Vec::new();
            return;
        }
        self.gathered.extend_from_slice(bytes);
    }

    fn end(&mut self) {
        let is_too_long = take(&mut self.is_too_long);
        let read = match is_too_long {
            true => None,
            false => Line::read(&self.gathered),
        };
        self.gathered.clear();
        (self.take)(read);
    }
}

impl<F: FnMut(Option<(Line, Where)>)> Write for Lines<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut parts = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            self.gather(part);
            if parts.peek().is_some() {
                self.end();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const DECIDED: &str = r#"{"version":1,"kind":"statement.decided","time":"2026-11-22T02:00:00.000001Z","session":"s",
        "principal":"https://id.example|auth0|7","name":"ann","principal_kind":"agent","groups":["b","a","b"],
        "acts_for":"https://id.example|eve","acts_for_name":"eve","resource":"db","database":"d","protocol":"postgres",
        "application":"psql","address":"[::ffff:10.0.0.1]:50000","statement":3,"statement_kind":"query","text":"x",
        "effects":["delete public.a","delete public.b"],"outcome":"allow","reasons":[{"rule":"r","text":"t"}],"new":1}"#;

    /// The event with these fields instead.
    fn with(more: &str) -> (Line, Where) {
        let mut value: serde_json::Value = serde_json::from_str(DECIDED).unwrap();
        let more: serde_json::Value = serde_json::from_str(more).unwrap();
        for (name, field) in more.as_object().unwrap() {
            value[name] = field.clone();
        }
        Line::read(value.to_string().as_bytes()).unwrap()
    }

    const TOLD: &str = r#"{"circumstances":"yes","in_transaction":"yes","acts_for_kind":"human","acts_for_groups":["g"],"acts_for_email":"e@x",
        "statements":[{"kind":"DELETE","effects":1,"has_where":false},{"kind":"DELETE","effects":1,"has_where":true}]}"#;

    #[test]
    fn what_is_told_is_read() {
        let past = with(TOLD).0.past(None).unwrap();
        let who = &past.principal;
        assert_eq!((who.subject.as_str(), who.groups.len()), ("auth0|7", 2));
        let human = who.acts_for.as_ref().unwrap();
        assert_eq!(
            (human.groups[0].as_str(), human.email.as_deref()),
            ("g", Some("e@x"))
        );
        assert_eq!(past.context.address, "10.0.0.1");
        assert!(past.context.in_transaction);
        assert_eq!(past.context.unix_seconds, 1_795_312_800);
        let Asked::Run(parts) = past.asked else {
            panic!("it was run");
        };
        assert_eq!(parts.len(), 2);
        assert_eq!((parts[0].has_where, parts[1].has_where), (false, true));
        assert_eq!(parts[1].effects, ["delete public.b"]);
        let lacks = Lacks {
            tags: true,
            ..Lacks::default()
        };
        assert_eq!(past.lacks, lacks);
        // Nobody need have an e-mail address for that to be known.
        let opened = r#"{"kind":"session.opened","circumstances":"yes","acts_for_kind":"human"}"#;
        assert_eq!(with(opened).0.past(None).unwrap().lacks, lacks);
    }

    #[test]
    fn what_an_older_gateway_did_not_write_is_lacking() {
        let past = with("{}").0.past(None).unwrap();
        let lacks = Lacks {
            circumstances: true,
            human: true,
            tags: true,
        };
        assert_eq!(past.lacks, lacks);
        let Asked::Run(parts) = past.asked else {
            panic!("it was run");
        };
        assert_eq!(parts[0].effects.len(), 2);
    }

    #[test]
    fn what_does_not_fit_is_not_told() {
        let check = |more: &str| {
            let mut value: serde_json::Value = serde_json::from_str(TOLD).unwrap();
            let more: serde_json::Value = serde_json::from_str(more).unwrap();
            for (name, field) in more.as_object().unwrap() {
                value[name] = field.clone();
            }
            let told = with(&value.to_string()).0.past(None);
            assert_eq!(told, Err(Untold::Effect), "{more}");
        };
        check(r#"{"statements":[{"kind":"DELETE","effects":3,"has_where":true}]}"#);
        check(r#"{"statements":[{"kind":"DELETE","effects":1,"has_where":true}]}"#);
        check(r#"{"statements":[]}"#);
        check(r#"{"outcome":"maybe"}"#);
        check(r#"{"principal":"nobody"}"#);
        check(r#"{"principal_kind":"god"}"#);
        check(r#"{"resource":"../x"}"#);
    }

    #[test]
    fn a_statement_counts_when_it_is_first_decided() {
        let (line, at) = with(r#"{"held_since":"2026-11-22T02:00:00.000001Z","outcome":"hold"}"#);
        assert!(!line.is_answer(&at));
        let (line, at) = with(r#"{"held_since":"2026-11-22T01:59:00.000001Z"}"#);
        assert!(line.is_answer(&at));
        let (line, _) = with(r#"{"statement_kind":"prepare"}"#);
        assert!(line.is_passed_preparation());
        let (line, _) = with(r#"{"statement_kind":"prepare","outcome":"deny"}"#);
        assert!(!line.is_passed_preparation());
    }

    #[test]
    fn lines_come_in_pieces_and_broken_ones_are_told() {
        let whole = DECIDED.replace('\n', " ");
        let text =
            format!("{whole}\n\n{{}}\n{{\"kind\":\"gap\",\"reason\":\"erased\"}}\n\u{0}\n{whole}");
        for size in [1, 7, text.len()] {
            let mut kinds = Vec::new();
            let mut lines = Lines::new(|read: Option<(Line, Where)>| {
                kinds.push(read.map(|(line, _)| line.kind));
            });
            for piece in text.as_bytes().chunks(size) {
                lines.write_all(piece).unwrap();
            }
            lines.finish();
            let decided = Some("statement.decided".to_owned());
            let gap = Some("gap".to_owned());
            assert_eq!(kinds, [decided, None, None, gap, None, None]);
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_let_go_of() {
        let mut kinds = Vec::new();
        let mut lines = Lines::new(|read: Option<(Line, Where)>| kinds.push(read.is_some()));
        let piece = vec![b' '; 1024 * 1024];
        for _ in 0..66 {
            lines.write_all(&piece).unwrap();
            assert!(lines.gathered.len() <= LINE_BYTES_MAX);
        }
        lines.write_all(b"\n").unwrap();
        lines
            .write_all(DECIDED.replace('\n', " ").as_bytes())
            .unwrap();
        lines.write_all(b"\n").unwrap();
        lines.finish();
        assert_eq!(kinds, [false, true]);
    }
}
