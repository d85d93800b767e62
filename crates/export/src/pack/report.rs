//! The report: a session as one page for people, to read on a screen or on paper.
//!
//! Must never run anything or load anything: no script, no link out, no picture; a policy in the page forbids them too.
//! What it leaves out for its length, it says.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ledger::Event;
use ledger::event::{ActionRecorded, ApprovalRecorded, Completed, SessionOpened};
use ledger::find::{id_text, rfc3339};
use ledger::journal::Recording;
use ledger::result::{ResultItem, results};
use sha2::{Digest as _, Sha256};

use super::html::{cut, text};
use crate::event::{AuditEvent, Detail};

/// Bytes after which results are left to the recording.
const REPORT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Rows shown of one result.
const ROWS_MAX: usize = 1_000;
/// Columns shown of one result.
const COLUMNS_MAX: usize = 200;
/// Bytes shown of one value.
const CELL_BYTES_MAX: usize = 4 * 1024;
/// Bytes shown of one statement.
const TEXT_BYTES_MAX: usize = 1024 * 1024;

const STYLE: &str = "body{font:14px/1.45 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#111;background:#fff}\
h1{font-size:1.5rem}h2{font-size:1.05rem;margin:1.6rem 0 .3rem}dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.4rem 0}\
dt{color:#555}dd{margin:0;overflow-wrap:anywhere}pre,td,th,dd{unicode-bidi:isolate;direction:ltr}pre{white-space:pre-wrap;overflow-wrap:anywhere;\
background:#f4f4f2;padding:.6rem;margin:.4rem 0;border-left:3px solid #999}.deny pre{border-color:#b00020}.hold pre{border-color:#b36b00}\
.tag{display:inline-block;padding:0 .4rem;border:1px solid #999;border-radius:.2rem;font-size:.85em}table{border-collapse:collapse;margin:.4rem 0}\
td,th{border:1px solid #bbb;padding:.1rem .4rem;text-align:left;vertical-align:top;white-space:pre-wrap;overflow-wrap:anywhere;font-size:.9em}\
th{background:#eee}.null,.hidden,.note{color:#777;font-style:italic}.hidden{border:1px dotted #b00020;font-size:.8em}section{border-top:1px solid #ddd}\
@media print{body{margin:0;max-width:none;font-size:10pt}h2{break-after:avoid}pre,tr{break-inside:avoid}thead{display:table-header-group}@page{margin:15mm}}";

/// What a report is made of.
pub(super) struct Particulars<'a> {
    pub session: [u8; 16],
    pub recording: &'a Recording,
    pub events: &'a [AuditEvent],
    /// The files of each policy set, by its hash.
    pub policies: &'a BTreeMap<String, Vec<String>>,
}

/// The page.
pub(super) fn report(particulars: &Particulars<'_>) -> String {
    let mut page = Page { out: String::new() };
    let id = id_text(&particulars.session);
    let style = BASE64.encode(Sha256::digest(STYLE.as_bytes()));
    page.raw("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-");
    page.raw(&style);
    page.raw("'; base-uri 'none'; form-action 'none'\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<title>Session ");
    page.raw(&id);
    page.raw("</title>\n<style>");
    page.raw(STYLE);
    page.raw("</style></head>\n<body>\n<h1>Session ");
    page.raw(&id);
    page.raw("</h1>\n<p class=\"note\">Computed from the records in recording.pcj. This page proves nothing by itself: README.txt says how the pack is checked.</p>\n");
    page.head(particulars);
    for event in &particulars.recording.events {
        page.event(event);
    }
    page.answers(particulars.events);
    page.policies(particulars.policies);
    page.raw("</body></html>\n");
    page.out
}

struct Page {
    out: String,
}

impl Page {
    fn raw(&mut self, html: &str) {
        self.out.push_str(html);
    }

    /// A line of a list of facts; nothing for what says nothing.
    fn fact(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.raw("<dt>");
            self.raw(name);
            self.raw("</dt><dd>");
            text(&mut self.out, value);
            self.raw("</dd>\n");
        }
    }

    fn note(&mut self, note: &str) {
        self.raw("<p class=\"note\">");
        text(&mut self.out, note);
        self.raw("</p>\n");
    }

    fn head(&mut self, particulars: &Particulars<'_>) {
        let recording = particulars.recording;
        if let Some(erasure) = &recording.erased {
            self.note(&format!("Erased at {} by {}: the key was destroyed. What is left proves that there was a recording, and how long it was.", rfc3339(erasure.time), erasure.by));
        }
        if recording.locked > 0 {
            self.note(&format!(
                "{} records are encrypted, and their key is not in this pack.",
                recording.locked
            ));
        }
        for finding in &recording.findings {
            let what = if finding.is_alarm() {
                "ALARM"
            } else {
                "Remark"
            };
            self.note(&format!("{what}: {finding}"));
        }
        if !recording
            .events
            .iter()
            .any(|event| matches!(event, Event::SessionOpened(_)))
        {
            self.note("How the session began is not to be read here.");
        }
    }

    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::SessionOpened(opened) => self.opened(opened),
            Event::Action(action) => self.action(action),
            Event::Response { bytes, .. } => self.response(bytes),
            Event::ResponseRest { bytes, hash, .. } => self.note(&format!(
                "{bytes} more bytes were delivered and not kept; their SHA-256 is {}",
                ledger::Hex(hash)
            )),
            Event::Completed(completed) => self.completed(completed),
            Event::Approval(approval) => self.approval(approval),
            Event::SessionClosed { time, reason } => {
                self.raw("<section><h2>The session ended</h2><dl>\n");
                self.fact("time", &rfc3339(*time));
                self.fact("because", reason);
                self.raw("</dl></section>\n");
            }
            Event::Control { .. } | Event::StreamEnd(_) | Event::Unknown(_) => {}
        }
    }

    fn opened(&mut self, opened: &SessionOpened<'_>) {
        self.raw("<dl>\n");
        self.fact("who", &opened.name);
        self.fact("principal", &opened.principal);
        self.fact("kind", &opened.kind);
        self.fact("groups", &opened.groups.join(", "));
        self.fact(
            "acts for",
            &opened
                .acts_for
                .iter()
                .rev()
                .cloned()
                .collect::<Vec<_>>()
                .join(", "),
        );
        self.fact("credential", &opened.credential);
        for (name, value) in &opened.claims {
            self.fact("claim", &format!("{name}: {value}"));
        }
        self.fact("resource", &opened.resource);
        self.fact("database", &opened.database);
        self.fact("protocol", &opened.protocol);
        self.fact("application", &opened.application);
        self.fact("address", &opened.address);
        self.fact("login", &opened.login);
        self.fact("TLS", &opened.tls);
        self.fact("opened", &rfc3339(opened.time));
        self.raw("</dl>\n");
    }

    fn action(&mut self, action: &ActionRecorded<'_>) {
        let class = match &*action.outcome {
            "deny" => "deny",
            "hold" => "hold",
            _ => "allow",
        };
        write!(
            self.out,
            "<section class=\"{class}\"><h2>{} <span class=\"tag\">",
            action.sequence
        )
        .ok();
        text(&mut self.out, &action.outcome);
        self.raw("</span> <span class=\"tag\">");
        text(&mut self.out, &action.kind);
        self.raw("</span></h2>\n<pre>");
        let (shown, is_cut) = cut(&action.text, TEXT_BYTES_MAX);
        text(&mut self.out, shown);
        self.raw("</pre>\n");
        if is_cut {
            self.note("The statement is longer; recording.pcj has it whole.");
        }
        self.raw("<dl>\n");
        self.fact("time", &rfc3339(action.time));
        for (at, value) in action.parameters.iter().enumerate() {
            let (shown, is_cut) = cut(value.as_deref().unwrap_or("NULL"), CELL_BYTES_MAX);
            let more = if is_cut { " …" } else { "" };
            self.fact(&format!("${}", at + 1), &format!("{shown}{more}"));
        }
        self.fact("effects", &action.effects.join("\n"));
        for (rule, words) in &action.reasons {
            self.fact("rule", &format!("{rule}: {words}"));
        }
        self.fact("masked", &action.masked.join(", "));
        let approval = action.approval.map(|id| id_text(&id)).unwrap_or_default();
        self.fact("approval", &approval);
        self.fact("approved by", &action.approvers.join(", "));
        self.fact("policy set", &ledger::Hex(&action.policy).to_string());
        self.raw("</dl></section>\n");
    }

    fn approval(&mut self, approval: &ApprovalRecorded<'_>) {
        self.raw("<section><h2>Request for approval <span class=\"tag\">");
        text(&mut self.out, &approval.state);
        self.raw("</span></h2><dl>\n");
        self.fact("time", &rfc3339(approval.time));
        self.fact("request", &id_text(&approval.approval));
        self.fact("by", &approval.actor);
        self.fact("words", &approval.comment);
        self.raw("</dl></section>\n");
    }

    fn completed(&mut self, completed: &Completed<'_>) {
        self.raw("<dl>\n");
        self.fact("ended", &rfc3339(completed.time));
        self.fact("status", &completed.status);
        self.fact("rows", &completed.rows.to_string());
        self.fact("bytes", &completed.bytes.to_string());
        self.fact("took", &format!("{} µs", completed.duration));
        self.fact("error", completed.error.as_deref().unwrap_or_default());
        for (what, count) in &completed.detected {
            self.fact("hidden", &format!("{count} values that look like {what}"));
        }
        self.raw("</dl>\n");
    }

    /// What was delivered, as tables.
    fn response(&mut self, bytes: &[u8]) {
        if self.out.len() > REPORT_BYTES_MAX {
            return self.note("The report is long already; recording.pcj has what was delivered.");
        }
        let mut table = Table::default();
        for item in results(bytes) {
            match item {
                ResultItem::Columns(columns) => {
                    table.end(self);
                    table.begin(self, columns.iter().map(|column| column.name.as_str()));
                }
                ResultItem::Row(values) => table.row(self, &values),
                other => {
                    table.end(self);
                    self.item(&other);
                }
            }
        }
        table.end(self);
    }

    fn item(&mut self, item: &ResultItem) {
        match item {
            ResultItem::Copy(bytes) => {
                let shown = String::from_utf8_lossy(bytes);
                let (shown, is_cut) = cut(&shown, CELL_BYTES_MAX);
                self.raw("<pre>");
                text(&mut self.out, shown);
                self.raw(if is_cut { " …</pre>\n" } else { "</pre>\n" });
            }
            ResultItem::Error(m) => self.note(&format!("{} {}: {}", m.severity, m.code, m.message)),
            ResultItem::Notice(m) => self.note(&format!("{}: {}", m.severity, m.message)),
            ResultItem::Notification { channel, payload } => {
                self.note(&format!("notification on {channel}: {payload}"));
            }
            ResultItem::Cut => self.note("What follows was not kept."),
            ResultItem::Columns(_)
            | ResultItem::Row(_)
            | ResultItem::Complete(_)
            | ResultItem::Suspended
            | ResultItem::Empty => {}
        }
    }

    /// Answers that people gave to the session's requests, as the gateway's own record has them.
    fn answers(&mut self, events: &[AuditEvent]) {
        let answers = events.iter().filter_map(|event| match &event.detail {
            Detail::Control {
                actor,
                name,
                fields,
            } if name.starts_with("approval.") => Some((event, actor, name, fields)),
            _ => None,
        });
        for (event, actor, name, fields) in answers {
            self.raw("<section><h2>");
            text(&mut self.out, name);
            self.raw("</h2><dl>\n");
            self.fact("time", &rfc3339(event.time));
            self.fact("by", actor);
            for (name, value) in fields {
                self.fact("particulars", &format!("{name}: {value}"));
            }
            self.raw("</dl></section>\n");
        }
    }

    fn policies(&mut self, policies: &BTreeMap<String, Vec<String>>) {
        for (hash, files) in policies {
            self.raw("<section><h2>Policy set</h2><dl>\n");
            self.fact("hash", hash);
            self.fact("files", &files.join("\n"));
            self.raw("</dl></section>\n");
        }
    }
}

/// A table that is being written.
#[derive(Default)]
struct Table {
    is_open: bool,
    rows: usize,
}

impl Table {
    fn begin<'a>(&mut self, page: &mut Page, names: impl Iterator<Item = &'a str>) {
        page.raw("<table><thead><tr>");
        for name in names.take(COLUMNS_MAX) {
            page.raw("<th>");
            text(&mut page.out, name);
            page.raw("</th>");
        }
        page.raw("</tr></thead>\n");
        *self = Self {
            is_open: true,
            rows: 0,
        };
    }

    fn row(&mut self, page: &mut Page, values: &[Option<String>]) {
        if !self.is_open {
            // Rows of a portal whose columns were described earlier.
            self.begin(page, std::iter::empty());
        }
        self.rows += 1;
        if self.rows > ROWS_MAX || page.out.len() > REPORT_BYTES_MAX {
            return;
        }
        page.raw("<tr>");
        for value in values.iter().take(COLUMNS_MAX) {
            let Some(value) = value else {
                page.raw("<td class=\"null\">NULL</td>");
                continue;
            };
            let (shown, is_cut) = cut(value, CELL_BYTES_MAX);
            page.raw("<td>");
            text(&mut page.out, shown);
            page.raw(if is_cut { " …</td>" } else { "</td>" });
        }
        page.raw("</tr>\n");
    }

    fn end(&mut self, page: &mut Page) {
        if !std::mem::take(&mut self.is_open) {
            return;
        }
        page.raw("</table>\n");
        if self.rows > ROWS_MAX {
            page.note(&format!(
                "{} more rows; recording.pcj has them.",
                self.rows - ROWS_MAX
            ));
        }
    }
}
