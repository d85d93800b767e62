//! Which session a CancelRequest means. Knows no protocol: a key comes in, a session's mailbox is found.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use model::Secret;
use tokio::sync::oneshot;
use wire::postgres::CancelKey;

use crate::control::Control;

/// Requests looked at per second and gateway. Ctrl-C is rare; guessing is not.
const REQUESTS_PER_SECOND: f64 = 200.0;

/// Tries at a number that is free; with 2^31 numbers one is nearly always enough.
const TRIES: usize = 16;

struct Entry {
    secret: Secret<Vec<u8>>,
    control: Weak<Control>,
}

struct State {
    entries: HashMap<i32, Entry>,
    tokens: f64,
    refilled: Instant,
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
                tokens: REQUESTS_PER_SECOND,
                refilled: Instant::now(),
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

    /// Passes a request on to the session that holds this key; `None` when there is none, or too many asked.
    pub(crate) fn cancel(&self, key: &CancelKey, now: Instant) -> Option<oneshot::Receiver<()>> {
        let control = {
            let mut state = self.lock();
            if !state.take_token(now) {
                return None;
            }
            let entry = state.entries.get(&key.process)?;
            if !same(entry.secret.expose(), &key.secret) {
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

impl State {
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
    fn guessing_is_slowed_down() {
        let cancels = Cancels::new();
        let control = Arc::new(Control::default());
        let _registered = cancels
            .register(&control, || Some(key(7, b"abcd")))
            .unwrap();
        let now = Instant::now();
        let served = (0..1_000)
            .filter(|_| cancels.cancel(&key(7, b"abcd"), now).is_some())
            .count();
        assert!((199..=201).contains(&served), "{served}");
        let later = now + Duration::from_secs(1);
        assert!(cancels.cancel(&key(7, b"abcd"), later).is_some());
    }
}
