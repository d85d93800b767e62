//! Bounds failed and anonymous sign-in attempts per source address.
//!
//! Knows no clock: the time is an argument.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Attempts that a source may make at once.
const BURST: u32 = 30;
/// One attempt is given back in this time.
const REFILL: Duration = Duration::from_secs(2);
/// Sources remembered; beyond it, sources that have recovered are forgotten first.
const SOURCES_MAX: usize = 16_384;

/// Counts attempts per source: an IPv4 address or an IPv6 /64.
#[derive(Default)]
pub(crate) struct Attempts {
    sources: Mutex<HashMap<IpAddr, Spent>>,
}

#[derive(Clone, Copy)]
struct Spent {
    count: u32,
    since: Instant,
}

impl Attempts {
    /// Whether `source` may try again; does not count.
    pub(crate) fn allows(&self, source: IpAddr, now: Instant) -> bool {
        let sources = self.lock();
        match sources.get(&prefix(source)) {
            Some(spent) => recovered(*spent, now).count < BURST,
            None => sources.len() < SOURCES_MAX || sources.values().any(|s| is_clear(*s, now)),
        }
    }

    /// Counts one attempt.
    pub(crate) fn count(&self, source: IpAddr, now: Instant) {
        let mut sources = self.lock();
        if sources.len() >= SOURCES_MAX {
            sources.retain(|_, spent| !is_clear(*spent, now));
        }
        if sources.len() >= SOURCES_MAX && !sources.contains_key(&prefix(source)) {
            return;
        }
        let entry = sources.entry(prefix(source)).or_insert(Spent {
            count: 0,
            since: now,
        });
        *entry = recovered(*entry, now);
        entry.count = entry.count.saturating_add(1).min(BURST);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, Spent>> {
        self.sources
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn is_clear(spent: Spent, now: Instant) -> bool {
    recovered(spent, now).count == 0
}

fn recovered(spent: Spent, now: Instant) -> Spent {
    let passed = now.saturating_duration_since(spent.since);
    let back = u32::try_from(passed.as_millis() / REFILL.as_millis()).unwrap_or(u32::MAX);
    if back == 0 {
        return spent;
    }
    Spent {
        count: spent.count.saturating_sub(back),
        since: now,
    }
}

pub(crate) fn prefix(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_source_runs_dry_and_recovers() {
        let (attempts, start) = (Attempts::default(), Instant::now());
        let source: IpAddr = "2001:db8::1".parse().unwrap();
        let neighbour: IpAddr = "2001:db8::ffff".parse().unwrap();
        let other: IpAddr = "2001:db8:0:1::1".parse().unwrap();
        for _ in 0..BURST {
            assert!(attempts.allows(source, start));
            attempts.count(source, start);
        }
        assert!(!attempts.allows(source, start));
        assert!(!attempts.allows(neighbour, start), "same /64");
        assert!(attempts.allows(other, start));
        assert!(!attempts.allows(source, start + REFILL / 2));
        assert!(attempts.allows(source, start + REFILL));
    }

    #[test]
    fn memory_is_bounded_and_a_flood_does_not_open_the_door() {
        let (attempts, start) = (Attempts::default(), Instant::now());
        let at = |n: usize| IpAddr::from(u32::try_from(n).unwrap().to_be_bytes());
        for n in 0..=SOURCES_MAX {
            attempts.count(at(n), start);
        }
        assert_eq!(attempts.lock().len(), SOURCES_MAX);
        assert!(!attempts.allows(at(SOURCES_MAX + 1), start));
        assert!(attempts.allows(at(SOURCES_MAX + 1), start + REFILL * 2));
    }
}
