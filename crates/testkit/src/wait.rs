//! Waiting for a condition with a deadline. Nothing in the tests waits for time alone to pass.

use std::thread;
use std::time::{Duration, Instant};

/// Asks `condition` again and again until it holds.
///
/// # Panics
/// When it does not hold within `deadline`; `what` says what was waited for.
pub fn wait_until(what: &str, deadline: Duration, mut condition: impl FnMut() -> bool) {
    eventually(what, deadline, || condition().then_some(()));
}

/// Asks `find` again and again until it answers with something.
///
/// # Panics
/// When it has not within `deadline`.
pub fn eventually<T>(what: &str, deadline: Duration, mut find: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    let mut pause = Duration::from_millis(2);
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(
            start.elapsed() < deadline,
            "waited {deadline:?} in vain for: {what}"
        );
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}
