//! Which session a CancelRequest means. Knows no protocol: a key comes in, a session's mailbox is found.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use model::Secret;
use tokio::sync::oneshot;
use wire::postgres::CancelKey;

use crate::control::Control;

/// Requests passed on per second and session. Ctrl-C is rare, and each one costs the target a connection. A wrong key
/// costs nobody anything: neither others' requests, nor, at 63 bits, many hopes.
const REQUESTS_PER_SECOND: f64 = 10.0;

/// Tries at a number that is free; with 2^31 numbers one is nearly always enough.
const TRIES: usize = 16;

struct Entry {
    secret: Secret<Vec<u8>>,
    control: Weak<Control>,
    tokens: f64,
    refilled: Instant,
}

struct State {
    entries: HashMap<i32, Entry>,
}

/// All sessions that can be cancelled.
pub(crate) struct Cancels {
    state: Mutex<State>,
}

/// A session's entry; it ends with this.
pub(crate) struct Registered {
    cancels: Arc<Cancels>,
    process: i32,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.cancels.lock().entries.remove(&self.process);
    }
}

impl Cancels {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                entries: HashMap::new(),
            }),
        })
    }

    /// Registers a session under a fresh key, made by `generate`.
    pub(crate) fn register(
        self: &Arc<Self>,
        control: &Arc<Control>,
        generate: impl Fn() -> Option<CancelKey>,
    ) -> Option<(CancelKey, Registered)> {
        let mut state = self.lock();
        for _ in 0..TRIES {
            let key = generate()?;
            if state.entries.contains_key(&key.process) {
                continue;
            }
            let entry = Entry {
                secret: Secret::new(key.secret.clone()),
                control: Arc::downgrade(control),
                tokens: REQUESTS_PER_SECOND,
                refilled: Instant::now(),
            };
            state.entries.insert(key.process, entry);
            let registered = Registered {
                cancels: Arc::clone(self),
                process: key.process,
            };
            return Some((key, registered));
        }
        None
    }

    /// Passes a request on to the session that holds this key; `None` when there is none, or its owner
    /// asked too often.
    pub(crate) fn cancel(&self, key: &CancelKey, now: Instant) -> Option<oneshot::Receiver<()>> {
        let control = {
            let mut state = self.lock();
            let entry = state.entries.get_mut(&key.process)?;
            if !same(entry.secret.expose(), &key.secret) || !entry.take_token(now) {
                return None;
            }
            entry.control.upgrade()?
        };
        Some(control.cancel())
    }

    /// Every session there is.
    pub(crate) fn sessions(&self) -> Vec<Arc<Control>> {
        let state = self.lock();
        let entries = state.entries.values();
        entries
            .filter_map(|entry| entry.control.upgrade())
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn take_token(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.refilled);
        if passed > Duration::ZERO {
            let filled = self.tokens + passed.as_secs_f64() * REQUESTS_PER_SECOND;
            self.tokens = filled.min(REQUESTS_PER_SECOND);
            self.refilled = now;
        }
        let has = self.tokens >= 1.0;
        if has {
            self.tokens -= 1.0;
        }
        has
    }
}

/// Compares in time that depends on lengths only.
fn same(left: &[u8], right: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(left, right).is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn key(process: i32, secret: &[u8]) -> CancelKey {
        CancelKey {
            process,
            secret: secret.to_vec(),
        }
    }

    #[test]
    fn only_the_whole_key_finds_the_session() {
        let cancels = Cancels::new();
        let control = Arc::new(Control::default());
        let (_, registered) = cancels
            .register(&control, || Some(key(7, b"abcd")))
            .unwrap();
        let now = Instant::now();
        for (process, secret, found) in [
            (7, b"abcd".as_slice(), true),
            (7, b"abce", false),
            (7, b"abc", false),
            (7, b"abcda", false),
            (7, b"", false),
            (8, b"abcd", false),
        ] {
            let asked = cancels.cancel(&key(process, secret), now);
            assert_eq!(asked.is_some(), found, "{process} {secret:?}");
        }
        drop(registered);
        assert!(cancels.cancel(&key(7, b"abcd"), now).is_none());
    }

    #[test]
    fn numbers_are_not_shared() {
        let cancels = Cancels::new();
        let control = Arc::new(Control::default());
        let _first = cancels
            .register(&control, || Some(key(7, b"abcd")))
            .unwrap();
        assert!(
            cancels
                .register(&control, || Some(key(7, b"efgh")))
                .is_none()
        );
    }

    #[test]
    fn a_flood_is_bounded_and_keeps_nobody_else_from_cancelling() {
        let cancels = Cancels::new();
        let (mine, others) = (Arc::new(Control::default()), Arc::new(Control::default()));
        let own = cancels.register(&mine, || Some(key(7, b"abcd"))).unwrap();
        let other = cancels.register(&others, || Some(key(8, b"efgh"))).unwrap();
        let now = Instant::now();
        let served = |key: &CancelKey| {
            let asked = (0..1_000).filter(|_| cancels.cancel(key, now).is_some());
            asked.count()
        };
        assert!((9..=11).contains(&served(&own.0)));
        // Guesses take nothing from whoever has the key.
        assert_eq!(served(&key(8, b"efgi")), 0);
        assert!((9..=11).contains(&served(&other.0)));
        let later = now + Duration::from_secs(1);
        assert!(cancels.cancel(&own.0, later).is_some());
    }
}
