//! What the relay counts, for Prometheus. Knows no endpoint: the caller owns the registry.
//!
//! Each worker thread counts in cells of its own, so that counting costs no shared cache line; a scrape sums them.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use model::{Detected, Outcome};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::parse::Parsers;

/// Upper bounds of the admission histogram, in seconds: from a cached decision to a slow disk.
const ADMISSION_BOUNDS: [f64; 12] = [
    0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.001, 0.005, 0.025, 0.1, 1.0,
    10.0,
];

/// How a login ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LoginResult {
    /// A session was opened.
    Opened,
    /// The credential was refused.
    Unauthenticated,
    /// No such resource, or not for this principal, or a limit.
    Refused,
    /// The target, its credential, its catalog or the recorder could not be had.
    Unavailable,
    /// The client broke the protocol or left.
    Broken,
    /// The client was too slow.
    TimedOut,
    /// It was a cancel request.
    Cancel,
}

impl LoginResult {
    const ALL: [Self; 7] = [
        Self::Opened,
        Self::Unauthenticated,
        Self::Refused,
        Self::Unavailable,
        Self::Broken,
        Self::TimedOut,
        Self::Cancel,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Unauthenticated => "unauthenticated",
            Self::Refused => "refused",
            Self::Unavailable => "unavailable",
            Self::Broken => "broken",
            Self::TimedOut => "timed_out",
            Self::Cancel => "cancel",
        }
    }
}

/// Why a session ended, as a metric label.
pub(crate) const ENDS: [&str; 7] = [
    "finished", "stopped", "client", "upstream", "policy", "limit", "gateway",
];

/// One thread's counters. Only its own thread writes; scrapes read.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Cells {
    logins: [AtomicU64; LoginResult::ALL.len()],
    ends: [AtomicU64; ENDS.len()],
    actions: [AtomicU64; 3],
    sessions: AtomicI64,
    held: AtomicI64,
    received_bytes: AtomicU64,
    sent_bytes: AtomicU64,
    rows: AtomicU64,
    pressure: AtomicU64,
    parse_busy: AtomicU64,
    contradicted: AtomicU64,
    detected: [AtomicU64; Detected::WORDS],
    admission: [AtomicU64; ADMISSION_BOUNDS.len() + 1],
    admission_nanos: AtomicU64,
}

impl Cells {
    pub(crate) fn login(&self, result: LoginResult) {
        let at = LoginResult::ALL.iter().position(|&one| one == result);
        if let Some(cell) = at.and_then(|at| self.logins.get(at)) {
            add(cell, 1);
        }
    }

    pub(crate) fn end(&self, label: &str) {
        let at = ENDS.iter().position(|&one| one == label);
        if let Some(cell) = at.and_then(|at| self.ends.get(at)) {
            add(cell, 1);
        }
    }

    /// One action that was decided at first sight, or held.
    pub(crate) fn action(&self, outcome: Outcome) {
        let [allow, hold, deny] = &self.actions;
        add(
            match outcome {
                Outcome::Allow => allow,
                Outcome::Hold => hold,
                Outcome::Deny => deny,
            },
            1,
        );
    }

    /// Time from asking the door to its verdict, waiting for people not counted.
    pub(crate) fn admission(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let bound = ADMISSION_BOUNDS.iter().position(|&bound| seconds <= bound);
        if let Some(cell) = self.admission.get(bound.unwrap_or(ADMISSION_BOUNDS.len())) {
            add(cell, 1);
        }
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        add(&self.admission_nanos, nanos);
    }

    pub(crate) fn session_opened(&self) {
        self.sessions.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn session_closed(&self) {
        self.sessions.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn hold_began(&self) {
        self.held.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn hold_ended(&self) {
        self.held.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn client_sent(&self, bytes: usize) {
        add(&self.received_bytes, bytes as u64);
    }

    pub(crate) fn client_got(&self, bytes: usize) {
        add(&self.sent_bytes, bytes as u64);
    }

    pub(crate) fn rows(&self, rows: u64) {
        add(&self.rows, rows);
    }

    /// Values hidden because of what was found in them.
    pub(crate) fn detected(&self, detected: &Detected) {
        for (cell, (_, count)) in self.detected.iter().zip(detected.counts()) {
            if count > 0 {
                add(cell, count);
            }
        }
    }

    pub(crate) fn pressure(&self) {
        add(&self.pressure, 1);
    }

    pub(crate) fn contradicted(&self, session: model::SessionId) {
        let text = "the target names a masked column as the source of one that was judged unmasked";
        tracing::error!(%session, text, "a result was withheld: please report it");
        add(&self.contradicted, 1);
    }

    pub(crate) fn parse_busy(&self) {
        add(&self.parse_busy, 1);
    }
}

fn add(cell: &AtomicU64, amount: u64) {
    cell.fetch_add(amount, Ordering::Relaxed);
}

#[derive(Debug, Default)]
struct Shared {
    workers: OnceLock<Vec<Arc<Cells>>>,
    accepted: AtomicU64,
    turned_away: AtomicU64,
    parsers: OnceLock<ParserGauge>,
}

struct ParserGauge(Parsers);

impl std::fmt::Debug for ParserGauge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ParserGauge")
    }
}

/// The relay's counters.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    shared: Arc<Shared>,
}

impl Metrics {
    /// Makes the counters and registers them; the caller gives the registry its prefix.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register_collector(Box::new(Scrape(Arc::clone(&metrics.shared))));
        metrics
    }

    /// Makes one thread's cells for each of `count` workers; once.
    pub(crate) fn workers(&self, count: usize) -> &[Arc<Cells>] {
        let make = || (0..count).map(|_| Arc::default()).collect();
        self.shared.workers.get_or_init(make)
    }

    pub(crate) fn parsers(&self, parsers: Parsers) {
        // A second relay on the same metrics keeps the first one's gauge.
        drop(self.shared.parsers.set(ParserGauge(parsers)));
    }

    pub(crate) fn accepted(&self) {
        add(&self.shared.accepted, 1);
    }

    pub(crate) fn turned_away(&self) {
        add(&self.shared.turned_away, 1);
    }
}

#[derive(Debug)]
struct Scrape(Arc<Shared>);

impl Scrape {
    fn trouble(&self, out: &mut DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        counter(
            out,
            "recorder_pressure",
            "Times a session waited for the recorder",
            self.sum(|cells| Some(&cells.pressure)),
        )?;
        counter(
            out,
            "results_contradicted",
            "Results withheld because the target named a masked column that the analysis had not",
            self.sum(|cells| Some(&cells.contradicted)),
        )?;
        counter(
            out,
            "parser_busy",
            "Statements refused because too many waited to be analysed",
            self.sum(|cells| Some(&cells.parse_busy)),
        )?;
        let words = Detected::default();
        let detected: Vec<_> = words
            .counts()
            .enumerate()
            .map(|(at, (word, _))| (word, self.sum(|cells| cells.detected.get(at))))
            .collect();
        let help = "Values hidden because of what was found in them, by what";
        family(out, "values_detected", help, "detector", &detected)?;
        Ok(())
    }

    fn sum(&self, cell: impl Fn(&Cells) -> Option<&AtomicU64>) -> u64 {
        let workers = self.0.workers.get().map(Vec::as_slice).unwrap_or_default();
        let values = workers.iter().filter_map(|cells| cell(cells));
        values.map(|cell| cell.load(Ordering::Relaxed)).sum()
    }

    fn level(&self, cell: impl Fn(&Cells) -> &AtomicI64) -> i64 {
        let workers = self.0.workers.get().map(Vec::as_slice).unwrap_or_default();
        let values = workers.iter().map(|cells| cell(cells));
        values.map(|cell| cell.load(Ordering::Relaxed)).sum()
    }

    fn admission(&self, out: &mut DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let bounds = ADMISSION_BOUNDS.iter().copied().chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds
            .enumerate()
            .map(|(at, bound)| (bound, self.sum(|cells| cells.admission.get(at))))
            .collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        let nanos = self.sum(|cells| Some(&cells.admission_nanos));
        let seconds = Duration::from_nanos(nanos).as_secs_f64();
        let help = "Time from asking the door to its verdict, people's time not counted";
        let name = "admission_seconds";
        let mut metric = out.encode_descriptor(name, help, None, MetricType::Histogram)?;
        metric.encode_histogram::<NoLabelSet>(seconds, count, &buckets, None)
    }
}

fn counter(
    out: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: u64,
) -> Result<(), std::fmt::Error> {
    let value = ConstCounter::new(value);
    let metric = out.encode_descriptor(name, help, None, value.metric_type())?;
    value.encode(metric)
}

fn gauge(
    out: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: i64,
) -> Result<(), std::fmt::Error> {
    let value = ConstGauge::new(value);
    let metric = out.encode_descriptor(name, help, None, value.metric_type())?;
    value.encode(metric)
}

fn family(
    out: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    label: &str,
    values: &[(&str, u64)],
) -> Result<(), std::fmt::Error> {
    let mut metric = out.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (value, count) in values {
        let labels = [(label, *value)];
        ConstCounter::new(*count).encode(metric.encode_family(&labels)?)?;
    }
    Ok(())
}

impl Collector for Scrape {
    fn encode(&self, mut out: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let out = &mut out;
        let load = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        let logins: Vec<_> = LoginResult::ALL
            .iter()
            .enumerate()
            .map(|(at, one)| (one.as_str(), self.sum(|cells| cells.logins.get(at))))
            .collect();
        let ends: Vec<_> = ENDS
            .iter()
            .enumerate()
            .map(|(at, one)| (*one, self.sum(|cells| cells.ends.get(at))))
            .collect();
        let outcomes = [Outcome::Allow, Outcome::Hold, Outcome::Deny];
        let actions: Vec<_> = outcomes
            .iter()
            .enumerate()
            .map(|(at, one)| (one.as_str(), self.sum(|cells| cells.actions.get(at))))
            .collect();
        counter(
            out,
            "connections",
            "Client connections accepted",
            load(&self.0.accepted),
        )?;
        counter(
            out,
            "connections_turned_away",
            "Client connections closed because too many were not yet logged in",
            load(&self.0.turned_away),
        )?;
        family(out, "logins", "Logins by result", "result", &logins)?;
        family(
            out,
            "sessions_ended",
            "Sessions ended, by cause",
            "cause",
            &ends,
        )?;
        family(
            out,
            "actions",
            "Actions by first outcome",
            "outcome",
            &actions,
        )?;
        gauge(
            out,
            "sessions_open",
            "Sessions open now",
            self.level(|cells| &cells.sessions),
        )?;
        gauge(
            out,
            "actions_held",
            "Actions waiting for people now",
            self.level(|cells| &cells.held),
        )?;
        counter(
            out,
            "client_received_bytes",
            "Bytes read from clients",
            self.sum(|cells| Some(&cells.received_bytes)),
        )?;
        counter(
            out,
            "client_sent_bytes",
            "Bytes written to clients",
            self.sum(|cells| Some(&cells.sent_bytes)),
        )?;
        counter(
            out,
            "rows",
            "Rows delivered or changed",
            self.sum(|cells| Some(&cells.rows)),
        )?;
        self.trouble(out)?;
        let waiting = self.0.parsers.get().map_or(0, |gauge| gauge.0.waiting());
        gauge(
            out,
            "parser_waiting",
            "Statements waiting to be analysed now",
            i64::try_from(waiting).unwrap_or(i64::MAX),
        )?;
        self.admission(out)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_scrape_sums_all_threads() {
        let mut registry = Registry::with_prefix("portcullis");
        let metrics = Metrics::register(&mut registry);
        let workers = metrics.workers(2);
        workers[0].login(LoginResult::Opened);
        workers[1].login(LoginResult::Opened);
        workers[1].login(LoginResult::TimedOut);
        workers[0].action(Outcome::Deny);
        workers[0].session_opened();
        workers[1].client_sent(40);
        workers[0].client_sent(2);
        workers[1].end("limit");
        workers[1].admission(Duration::from_micros(7));
        workers[1].admission(Duration::from_secs(60));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for line in [
            "portcullis_logins_total{result=\"opened\"} 2",
            "portcullis_logins_total{result=\"timed_out\"} 1",
            "portcullis_actions_total{outcome=\"deny\"} 1",
            "portcullis_sessions_open 1",
            "portcullis_client_received_bytes_total 42",
            "portcullis_sessions_ended_total{cause=\"limit\"} 1",
            "portcullis_admission_seconds_bucket{le=\"0.000005\"} 0",
            "portcullis_admission_seconds_bucket{le=\"+Inf\"} 2",
            "portcullis_admission_seconds_count 2",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }
}
