//! How sinks are, as metrics.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use store::JournalStore;

use super::Sinks;

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Labels {
    sink: String,
}

type Each = Family<Labels, Gauge>;

/// How sinks are, as it is when somebody asks.
pub(crate) struct Gauges {
    sinks: Sinks,
    journal: Arc<JournalStore>,
    events: Each,
    records: Each,
    lag: Each,
    failing: Each,
}

impl Gauges {
    pub(crate) fn register(
        registry: &mut Registry,
        sinks: &Sinks,
        journal: &Arc<JournalStore>,
    ) -> Self {
        let gauges = Self {
            sinks: sinks.clone(),
            journal: Arc::clone(journal),
            events: Each::default(),
            records: Each::default(),
            lag: Each::default(),
            failing: Each::default(),
        };
        let mut put = |name: &str, help: &str, each: &Each| {
            registry.register(name, help, each.clone());
        };
        put(
            "sink_delivered_events",
            "Events that a sink has delivered since the start",
            &gauges.events,
        );
        put(
            "sink_behind_records",
            "Records on disk whose events a sink has not delivered",
            &gauges.records,
        );
        put(
            "sink_behind_seconds",
            "For how long there has been something that a sink has not delivered",
            &gauges.lag,
        );
        put(
            "sink_failing_seconds",
            "For how long a sink's deliveries have failed",
            &gauges.failing,
        );
        gauges
    }

    pub(crate) fn read(&self) {
        let durable = self.journal.durable_sequence();
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let seconds = |time: Duration| number(time.as_secs());
        for status in self.sinks.0.iter() {
            let sink = status.name.clone();
            let labels = Labels { sink };
            let behind = durable.saturating_sub(status.delivered.load(Ordering::Relaxed));
            let events = number(status.events.load(Ordering::Relaxed));
            self.events.get_or_create(&labels).set(events);
            self.records.get_or_create(&labels).set(number(behind));
            self.lag.get_or_create(&labels).set(seconds(status.lag()));
            self.failing
                .get_or_create(&labels)
                .set(seconds(status.failing()));
        }
    }
}
