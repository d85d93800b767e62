//! How the index's thread stands back: when it works, when it waits, and when it works a little at a time.
//!
//! Must never wait for longer than it may, and never let the journal grow further ahead than searches can read at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::IndexOptions;

/// Records in one second from which on sessions are taken to be busy.
const BUSY_RECORDS: u64 = 500;
/// So many times as long as it worked it rests, while sessions are busy.
const REST: u32 = 3;
/// How long it works before it rests.
const STRETCH: Duration = Duration::from_millis(2);
/// So many times as much as may be behind, and it rests no longer.
pub(super) const HASTE: u64 = 2;

/// How it works now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pace {
    /// There is nothing to do.
    Done,
    /// Sessions are busy: it waits.
    Wait,
    /// Sessions are busy, and it has waited as long as it may: it works, and rests between.
    Gentle,
    /// As fast as it can.
    Full,
}

/// What is seen of the journal when it is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) now: Instant,
    /// The last record on disk.
    pub(super) durable: u64,
    /// The last record that is indexed.
    pub(super) indexed: u64,
    /// Bytes of the journal between them.
    pub(super) bytes: u64,
    /// Whether a search waits.
    pub(super) is_awaited: bool,
}

/// How far it is behind, and how busy sessions are.
#[derive(Debug)]
pub(super) struct Lag {
    time_max: Duration,
    bytes_max: u64,
    /// When the journal was looked at, and its last record then.
    last: Option<(Instant, u64)>,
    /// Since when something waits for being indexed.
    since: Option<Instant>,
}

impl Lag {
    pub(super) fn new(options: &IndexOptions) -> Self {
        Self {
            time_max: options.lag_max,
            bytes_max: options.lag_bytes_max,
            last: None,
            since: None,
        }
    }

    /// Looks at the journal, and says how to go on.
    pub(super) fn look(&mut self, seen: &Seen) -> Pace {
        let is_busy = self.is_busy(seen);
        self.last = Some((seen.now, seen.durable));
        if seen.durable <= seen.indexed {
            self.since = None;
            return Pace::Done;
        }
        let since = *self.since.get_or_insert(seen.now);
        let is_due = seen.now.saturating_duration_since(since) >= self.time_max;
        let haste = self.bytes_max.saturating_mul(HASTE);
        match () {
            () if !is_busy || seen.is_awaited || seen.bytes > haste => Pace::Full,
            () if is_due || seen.bytes > self.bytes_max => Pace::Gentle,
            () => Pace::Wait,
        }
    }

    /// How long something has waited for being indexed.
    pub(super) fn age(&self) -> Duration {
        self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// All was read that was there when it was looked at.
    pub(super) fn caught_up(&mut self) {
        self.since = None;
    }

    fn is_busy(&self, seen: &Seen) -> bool {
        let Some((then, before)) = self.last else {
            return false;
        };
        let time = seen.now.saturating_duration_since(then).as_secs_f64();
        let records = seen.durable.saturating_sub(before);
        records as f64 > BUSY_RECORDS as f64 * time
    }
}

/// Rests between stretches of work.
pub(super) struct Rests<'a> {
    is_gentle: bool,
    is_over: &'a AtomicBool,
    began: Instant,
}

impl<'a> Rests<'a> {
    /// None are taken unless it shall be gentle, and none when the gateway stops.
    pub(super) fn new(is_gentle: bool, is_over: &'a AtomicBool) -> Self {
        Self {
            is_gentle,
            is_over,
            began: Instant::now(),
        }
    }

    /// Rests when it is time for it.
    pub(super) fn rest(&mut self) {
        if !self.is_gentle {
            return;
        }
        let worked = self.began.elapsed();
        if worked >= STRETCH && !self.is_over.load(Ordering::Relaxed) {
            std::thread::sleep(worked * REST);
            self.began = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_waits_while_sessions_are_busy_but_only_so_long_and_so_far() {
        let began = Instant::now();
        // Looks one second apart: records that came, bytes behind, whether a search waits; then what is to be done.
        let check = |looks: &[(u64, u64, bool, Pace)]| {
            let mut lag = Lag {
                time_max: Duration::from_secs(3),
                bytes_max: 1_000,
                last: Some((began, 0)),
                since: None,
            };
            let (mut now, mut durable) = (began, 0);
            for (nth, (records, bytes, is_awaited, expect)) in looks.iter().enumerate() {
                now += Duration::from_secs(1);
                durable += records;
                let found = lag.look(&Seen {
                    now,
                    durable,
                    indexed: 0,
                    bytes: *bytes,
                    is_awaited: *is_awaited,
                });
                assert_eq!(found, *expect, "look {nth} of {looks:?}");
            }
        };
        let busy = BUSY_RECORDS + 1;
        check(&[(0, 0, false, Pace::Done)]);
        check(&[(1, 10, false, Pace::Full)]);
        check(&[(busy, 10, false, Pace::Wait), (1, 20, false, Pace::Full)]);
        check(&[(busy, 10, false, Pace::Wait), (busy, 20, true, Pace::Full)]);
        check(&[
            (busy, 10, false, Pace::Wait),
            (busy, 20, false, Pace::Wait),
            (busy, 30, false, Pace::Wait),
            (busy, 40, false, Pace::Gentle),
        ]);
        check(&[
            (busy, 1_000, false, Pace::Wait),
            (busy, 1_001, false, Pace::Gentle),
        ]);
        check(&[
            (busy, 2_000, false, Pace::Gentle),
            (busy, 2_001, false, Pace::Full),
        ]);
    }

    #[test]
    fn what_was_indexed_begins_to_wait_anew() {
        let began = Instant::now();
        let mut lag = Lag {
            time_max: Duration::from_secs(3),
            bytes_max: 1_000,
            last: Some((began, 0)),
            since: None,
        };
        let mut seen = Seen {
            now: began,
            durable: 0,
            indexed: 0,
            bytes: 1,
            is_awaited: false,
        };
        let mut look = |lag: &mut Lag| {
            seen.now += Duration::from_secs(1);
            seen.durable += 10_000;
            lag.look(&seen)
        };
        let found: Vec<_> = (0..4).map(|_| look(&mut lag)).collect();
        assert_eq!(found, [Pace::Wait, Pace::Wait, Pace::Wait, Pace::Gentle]);
        lag.caught_up();
        assert_eq!(look(&mut lag), Pace::Wait);
    }

    #[test]
    fn it_rests_longer_than_it_works_until_it_shall_stop() {
        let is_over = AtomicBool::new(false);
        let mut rests = Rests::new(true, &is_over);
        rests.began -= STRETCH * 2;
        let began = Instant::now();
        rests.rest();
        assert!(began.elapsed() >= STRETCH * 2 * REST);
        is_over.store(true, Ordering::Relaxed);
        rests.began -= Duration::from_secs(100);
        rests.rest();
    }
}
