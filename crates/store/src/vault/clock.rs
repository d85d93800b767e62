//! Whether the wall clock may be believed before recordings are erased by their age.
//!
//! Must never believe a leap: a wrong clock would erase everything, and nothing brings it back.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::holds::{read, write};

/// How far the wall clock may be from where it was last, and the time since: a day.
const LEAP_MAX: Duration = Duration::from_secs(86_400);

/// How long the gateway may have been stopped, by the wall clock: a week. A longer pause cannot be told from a wrong clock.
const PAUSE_MAX: Duration = Duration::from_secs(7 * 86_400);

/// The file with the last time that was believed. Whoever removes it says that the clock is right.
pub(super) const CLOCK: &str = "clock.json";

#[derive(Serialize, Deserialize)]
struct Seen {
    /// Microseconds since the Unix epoch.
    seen: u64,
}

/// A leap of the clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Leap {
    /// Where the clock may be at most, in microseconds since the Unix epoch.
    pub(super) latest: u64,
    /// Where it may be at least.
    pub(super) earliest: u64,
}

/// Compares the wall clock with what it was.
pub(super) struct ClockGuard {
    keys: PathBuf,
    /// A wall-clock time that was believed in this run, and the moment of it.
    believed: Mutex<Option<(u64, Instant)>>,
}

impl ClockGuard {
    pub(super) fn new(keys: &Path) -> Self {
        Self {
            keys: keys.to_owned(),
            believed: Mutex::default(),
        }
    }

    /// Whether the wall-clock time `wall` is believed at this moment; then it is kept for the next start.
    ///
    /// # Errors
    /// [`io::Error`]: the file cannot be read or written.
    pub(super) fn check(&self, wall: u64, moment: Instant) -> io::Result<Result<(), Leap>> {
        let lock = self.believed.lock();
        let mut believed = lock.unwrap_or_else(PoisonError::into_inner);
        let seen: Option<Seen> = read(&self.keys.join(CLOCK))?;
        let (from, forward) = match (seen, *believed) {
            (None, _) => (wall, LEAP_MAX),
            (Some(_), Some((then, since))) => {
                let passed = micros(moment.saturating_duration_since(since));
                (then.saturating_add(passed), LEAP_MAX)
            }
            (Some(Seen { seen }), None) => (seen, PAUSE_MAX),
        };
        let leap = Leap {
            latest: from.saturating_add(micros(forward)),
            earliest: from.saturating_sub(micros(LEAP_MAX)),
        };
        if !(leap.earliest..=leap.latest).contains(&wall) {
            return Ok(Err(leap));
        }
        if from == wall || believed.is_none() {
            *believed = Some((wall, moment));
        }
        write(&self.keys, CLOCK, &Seen { seen: wall })?;
        Ok(Ok(()))
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const HOUR: u64 = 3_600_000_000;
    const START: u64 = 500_000 * HOUR;

    #[test]
    fn a_leap_is_not_believed_and_a_slow_drift_is() {
        let dir = tempfile::tempdir().unwrap();
        let (guard, start) = (ClockGuard::new(dir.path()), Instant::now());
        let at = |hours: u64| start + Duration::from_secs(hours * 3600);
        // Hours that the clock went on, hours that passed, whether it is believed.
        for (wall, passed, is_believed) in [
            (0, 0, true),
            (1, 1, true),
            (26, 1, false),
            (9_000, 2, false),
            (24, 3, true),
            (90, 80, true),
            (90, 120, false),
            (120, 120, true),
        ] {
            let told = guard.check(START + wall * HOUR, at(passed)).unwrap();
            assert_eq!(told.is_ok(), is_believed, "{wall} hours after {passed}");
        }
        let before = guard.check(START - 30 * HOUR, at(120)).unwrap();
        assert!(before.is_err(), "back before everything");
    }

    #[test]
    fn after_a_long_pause_somebody_must_say_that_the_clock_is_right() {
        let dir = tempfile::tempdir().unwrap();
        let started = |hours: u64| {
            let guard = ClockGuard::new(dir.path());
            guard.check(START + hours * HOUR, Instant::now()).unwrap()
        };
        assert!(started(0).is_ok() && started(7 * 24).is_ok());
        for _ in 0..2 {
            assert!(started(14 * 24 + 1).is_err(), "however often it starts");
        }
        assert!(started(5 * 24).is_err(), "back");
        assert!(started(14 * 24).is_ok());
        assert!(started(9_000).is_err());
        std::fs::remove_file(dir.path().join(CLOCK)).unwrap();
        assert!(started(9_000).is_ok() && started(9_001).is_ok());
    }
}
