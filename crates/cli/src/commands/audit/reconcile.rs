//! `audit reconcile`: counts what a server's log says that it ran against what the journal says that was sent to it.
//!
//! Must never explain a statement away: what the server ran and no recording has is an alarm, whatever it calls itself.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use contract::visible::single_line;
use ledger::find::rfc3339;
use serde_json::json;

use super::sent::{self, Key, Sent, Span};
use super::server_log::{self, Line, Said, Zone};
use crate::args::{AuditReconcile, Globals};
use crate::commands::offline;
use crate::print;
use crate::problem::{Kind, Problem};

/// How much of a statement a finding shows, in characters.
const SHOWN_CHARS: usize = 200;

/// Findings of one kind that are shown; the rest are counted.
const SHOWN_MAX: usize = 100;

/// The server cuts its log's times to milliseconds.
const LOG_PRECISION: u64 = 1_000;

/// What the gateway itself asks a server, and how its recordings leave values out.
#[derive(Clone, Debug)]
pub struct OwnQuestions {
    /// Whole texts.
    pub texts: Vec<&'static str>,
    /// What a text begins with that ends in a value; sent under these names of a prepared statement and portal alone.
    pub beginnings: Vec<&'static str>,
    /// Those names, as the log writes them.
    pub names: &'static str,
    /// A text without its literals.
    pub redact: fn(&str) -> String,
}

/// What the server saw of one key.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Seen {
    count: u64,
    first: u64,
    applications: BTreeMap<String, u64>,
    /// Length of the texts in bytes, for recordings that keep no more than that.
    lengths: BTreeMap<usize, u64>,
}

/// Everything that was counted.
struct Counts {
    sent: Sent,
    seen: HashMap<Key, Seen>,
    calls_seen: u64,
    own: u64,
    unread: u64,
    /// Statements of the role at times that the journal does not reach.
    outside: u64,
    /// Portals that began, by the server's session and a hash of their names and text.
    begun: HashSet<(String, u64)>,
    /// Sessions from addresses that are not the gateway's, and their statements.
    strangers: BTreeMap<String, u64>,
    /// Numbers of the lines of each of the server's sessions: first, last, how many.
    lines: HashMap<String, (u64, u64, u64)>,
}

pub(super) fn run(
    globals: &Globals,
    wish: &AuditReconcile,
    own: &OwnQuestions,
) -> Result<(), Problem> {
    let zone = Zone::named(wish.log_zone.as_deref()).map_err(Problem::usage)?;
    let slack = u64::try_from(wish.slack.as_micros()).unwrap_or(u64::MAX);
    let slack = slack.saturating_add(LOG_PRECISION);
    let logged = log_span(wish, &zone)?;
    let folder = offline::folder(globals, &wish.journal)?;
    let (sent, recorded) = sent::read(&folder, wish, own, (logged, slack))?;
    let mut counts = Counts::new(sent);
    counts.read_logs(wish, own, &zone, recorded.wider(slack))?;
    let found = counts.findings(wish);
    counts.tell(
        globals,
        &found,
        Span {
            from: logged.from.max(recorded.from),
            to: logged.to.min(recorded.to),
        },
    )?;
    if found.iter().any(|finding| finding.0) {
        return Err(Problem::new(
            Kind::Differs,
            "the server's log and the journal do not agree",
        ));
    }
    Ok(())
}

fn each_log(
    wish: &AuditReconcile,
    zone: &Zone,
    mut visit: impl FnMut(Line),
) -> Result<u64, Problem> {
    let mut unread = 0;
    for path in &wish.logs {
        let failed = |error| Problem::failed(format!("{}: {error}", path.display()));
        unread += server_log::read(path, zone, &mut visit).map_err(failed)?;
    }
    Ok(unread)
}

/// From when to when the logs reach.
fn log_span(wish: &AuditReconcile, zone: &Zone) -> Result<Span, Problem> {
    let (mut span, mut has_statement) = (Span::NONE, false);
    each_log(wish, zone, |line| {
        span.take(line.time);
        has_statement |= line.said().is_some();
    })?;
    if has_statement {
        return Ok(span);
    }
    Err(Problem::failed("the server's log has no statements").hint(
        "it takes log_destination csvlog or jsonlog, log_statement = 'all' and lc_messages = 'C' on the server",
    ))
}

impl Counts {
    fn new(sent: Sent) -> Self {
        Self {
            sent,
            seen: HashMap::new(),
            calls_seen: 0,
            own: 0,
            unread: 0,
            outside: 0,
            begun: HashSet::new(),
            strangers: BTreeMap::new(),
            lines: HashMap::new(),
        }
    }

    /// Counts what the server says that it ran as the gateway's role.
    fn read_logs(
        &mut self,
        wish: &AuditReconcile,
        own: &OwnQuestions,
        zone: &Zone,
        span: Span,
    ) -> Result<(), Problem> {
        let unread = each_log(wish, zone, |line| self.take_line(wish, own, &line, span))?;
        self.unread = unread;
        Ok(())
    }

    fn take_line(&mut self, wish: &AuditReconcile, own: &OwnQuestions, line: &Line, span: Span) {
        if line.role != wish.role {
            return;
        }
        self.take_number(line);
        let Some(said) = line.said() else {
            return;
        };
        if !wish.gateway_addresses.is_empty() && !wish.gateway_addresses.contains(&line.from) {
            let who = format!("{} ({})", line.from, line.application);
            *self.strangers.entry(who).or_default() += 1;
        }
        if !span.has(line.time) {
            self.outside += 1;
            return;
        }
        match said {
            Said::Call => self.calls_seen += 1,
            Said::Statement(name, text) => {
                let whole = format!("{name}: {text}");
                self.begun.insert((line.session.clone(), hash(&whole)));
                self.take_statement(own, line, name, text);
            }
            Said::More(begun) if self.begun.contains(&(line.session.clone(), hash(begun))) => {}
            Said::More(other) => {
                // Nothing of that name began: it is a statement whose own name is made to look so.
                let text = other.split_once(": ").map_or(other, |(_, text)| text);
                self.take_statement(own, line, "fetch from", text);
            }
        }
    }

    fn take_number(&mut self, line: &Line) {
        let known = self.lines.entry(line.session.clone());
        let (first, last, count) = known.or_insert((line.number, line.number, 0));
        *first = (*first).min(line.number);
        *last = (*last).max(line.number);
        *count += 1;
    }

    fn take_statement(&mut self, own: &OwnQuestions, line: &Line, name: &str, whole: &str) {
        let text = whole.trim();
        let is_own = own.texts.iter().any(|known| known.trim() == text)
            || own.beginnings.iter().any(|known| {
                // One literal to its end, so that nothing else hides behind it, nor in a name before it.
                let value = text.strip_prefix(known);
                name == own.names
                    && value.is_some_and(|value| !value.contains(": "))
                    && (own.redact)(text) == (own.redact)(&format!("{known}x'"))
            });
        if is_own {
            self.own += 1;
            return;
        }
        // What is left of a text that holds nothing but comments: it is not recorded, and does nothing.
        if text.is_empty() {
            return;
        }
        let shape = (own.redact)(text);
        let seen = self.seen.entry((line.database.clone(), shape)).or_default();
        if seen.count == 0 {
            seen.first = line.time;
        }
        seen.count += 1;
        *seen
            .applications
            .entry(line.application.clone())
            .or_default() += 1;
        if !self.sent.unknown.is_empty() {
            *seen.lengths.entry(whole.len()).or_default() += 1;
        }
    }

    /// What does not agree: whether it is an alarm, and a line.
    fn findings(&mut self, wish: &AuditReconcile) -> Vec<(bool, String)> {
        let mut found = Vec::new();
        for (who, count) in &self.strangers {
            found.push((
                true,
                format!(
                    "{count} statements as {} came from {who}, which is not the gateway",
                    wish.role
                ),
            ));
        }
        found.extend(bounded(
            self.unrecorded(),
            "more statements that no recording has",
        ));
        found.extend(bounded(
            self.unseen(),
            "more recorded statements that the server did not see",
        ));
        let counted = [
            (
                true,
                self.calls_seen.saturating_sub(self.sent.calls.sent),
                "function calls ran on the server that no recording has",
            ),
            (
                true,
                self.sent.calls.certain.saturating_sub(self.calls_seen),
                "recorded function calls are not in the server's log",
            ),
            (
                true,
                self.missing_lines(),
                "lines of the server's sessions as this role are missing from the log",
            ),
            (true, self.unread, "lines of the log cannot be read"),
            (
                false,
                self.outside,
                "statements as this role are at times that the journal does not reach",
            ),
            (
                false,
                self.sent.erased,
                "sessions are erased: what they ran counts as not recorded",
            ),
        ];
        let told = counted.into_iter().filter(|(_, count, _)| *count > 0);
        found.extend(told.map(|(is_alarm, count, what)| (is_alarm, format!("{count} {what}"))));
        found
    }

    /// Lines of the server's sessions that are not there, by their numbers.
    fn missing_lines(&self) -> u64 {
        let missing = |(first, last, count): &(u64, u64, u64)| {
            (last - first).saturating_add(1).saturating_sub(*count)
        };
        self.lines.values().map(missing).sum()
    }

    /// What the server ran and no recording has.
    fn unrecorded(&mut self) -> Vec<String> {
        let mut keys: Vec<(&Key, &Seen)> = self.seen.iter().collect();
        keys.sort_by_key(|(key, seen)| (seen.first, *key));
        let mut found = Vec::new();
        for (key, seen) in keys {
            let sent = self
                .sent
                .recorded
                .get(key)
                .map_or(0, |recorded| recorded.sent);
            let mut more = seen.count.saturating_sub(sent);
            for (length, count) in &seen.lengths {
                if let Some(unknown) = self.sent.unknown.get_mut(length) {
                    let taken = more.min(*count).min(*unknown);
                    (*unknown, more) = (*unknown - taken, more - taken);
                }
            }
            if more > 0 {
                let applications: Vec<&str> =
                    seen.applications.keys().map(String::as_str).collect();
                found.push(format!(
                    "the server ran {more} × {} in {} that no recording has; since {}, application {}",
                    shown(&key.1),
                    key.0,
                    rfc3339(seen.first),
                    applications.join(", ")
                ));
            }
        }
        found
    }

    /// What is recorded as done and the server did not see.
    fn unseen(&self) -> Vec<String> {
        let mut found: Vec<String> = self
            .sent
            .recorded
            .iter()
            .filter_map(|(key, recorded)| {
                let seen = self.seen.get(key).map_or(0, |seen| seen.count);
                let more = recorded
                    .certain
                    .checked_sub(seen)
                    .filter(|more| *more > 0)?;
                Some(format!(
                    "{more} × {} in {} are recorded as done and not in the server's log",
                    shown(&key.1),
                    key.0
                ))
            })
            .collect();
        found.sort();
        found
    }

    fn tell(&self, globals: &Globals, found: &[(bool, String)], span: Span) -> Result<(), Problem> {
        let server: u64 = self.seen.values().map(|seen| seen.count).sum();
        let sent: u64 = self
            .sent
            .recorded
            .values()
            .map(|recorded| recorded.sent)
            .sum();
        let certain: u64 = self
            .sent
            .recorded
            .values()
            .map(|recorded| recorded.certain)
            .sum();
        let unknown: u64 = self.sent.unknown.values().sum();
        let (from, to) = (rfc3339(span.from), rfc3339(span.to));
        if globals.json {
            return print::json(&json!({
                "from": from,
                "to": to,
                "server": { "statements": server, "calls": self.calls_seen, "own": self.own },
                "journal": {
                    "sent": sent + unknown,
                    "certain": certain,
                    "calls": self.sent.calls.sent,
                },
                "findings": super::as_json(found),
            }));
        }
        print::line(&format!("from {from} to {to}"))?;
        print::line(&format!(
            "server: {server} statements, {} function calls, {} questions of the gateway's own",
            self.calls_seen, self.own
        ))?;
        print::line(&format!(
            "journal: {} statements sent, {certain} of them surely done; {} function calls",
            sent + unknown,
            self.sent.calls.sent
        ))?;
        super::tell(found)?;
        if found.iter().all(|(is_alarm, _)| !is_alarm) {
            print::line("agreed")?;
        }
        Ok(())
    }
}

fn bounded(found: Vec<String>, rest: &str) -> Vec<(bool, String)> {
    let more = found.len().saturating_sub(SHOWN_MAX);
    let mut lines: Vec<_> = found
        .into_iter()
        .take(SHOWN_MAX)
        .map(|text| (true, text))
        .collect();
    if more > 0 {
        lines.push((true, format!("{more} {rest}")));
    }
    lines
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

fn shown(text: &str) -> String {
    single_line(&text.chars().take(SHOWN_CHARS).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> OwnQuestions {
        OwnQuestions {
            texts: vec!["SELECT state"],
            beginnings: vec!["SET application_name = '"],
            names: "portcullis_own/portcullis_own",
            // Enough for these texts: what stands between quotes is left out.
            redact: |text| match (text.find('\''), text.rfind('\'')) {
                (Some(from), Some(to)) => format!("{}<redacted>{}", &text[..from], &text[to + 1..]),
                _ => text.to_owned(),
            },
        }
    }

    fn wish() -> AuditReconcile {
        AuditReconcile {
            journal: "".into(),
            logs: Vec::new(),
            role: "gate".to_owned(),
            resources: Vec::new(),
            gateway_addresses: Vec::new(),
            slack: std::time::Duration::ZERO,
            log_zone: None,
        }
    }

    /// How many statements these lines of one session count for, and how many of the gateway's own.
    fn counted(messages: &[&str]) -> (u64, u64) {
        let mut counts = Counts::new(Sent::default());
        for (at, message) in messages.iter().enumerate() {
            let line = Line {
                time: 5,
                role: "gate".to_owned(),
                number: at as u64 + 1,
                message: (*message).to_owned(),
                ..Line::default()
            };
            counts.take_line(&wish(), &own(), &line, Span { from: 1, to: 9 });
        }
        (
            counts.seen.values().map(|seen| seen.count).sum(),
            counts.own,
        )
    }

    #[test]
    fn no_name_hides_a_statement() {
        let check = |messages: &[&str], statements: u64, own: u64| {
            assert_eq!(counted(messages), (statements, own), "{messages:?}");
        };
        check(&["statement: SELECT 1"], 1, 0);
        check(&["statement: SELECT state"], 0, 1);
        check(
            &["execute a: SELECT 1", "execute fetch from a: SELECT 1"],
            1,
            0,
        );
        check(&["execute fetch from x: SELECT ssn FROM customers"], 1, 0);
        let set = "SET application_name = 'portcullis/ann'";
        let asked = format!("execute portcullis_own/portcullis_own: {set}");
        check(&[&asked], 0, 1);
        check(&[&format!("execute x: {set}")], 1, 0);
        check(&[&format!("statement: {set}")], 1, 0);
        for name in ["x", "portcullis_own/portcullis_own"] {
            let hidden = format!("execute {name}: SET application_name = ': SELECT ssn --'");
            check(&[&hidden], 1, 0);
        }
    }

    #[test]
    fn lines_outside_what_the_journal_reaches_are_counted() {
        let mut counts = Counts::new(Sent::default());
        counts.outside = 3;
        let found = counts.findings(&wish());
        assert!(
            found
                .iter()
                .any(|(alarm, text)| !alarm && text.starts_with("3 statements"))
        );
    }
}
