//! How a session's task is reached from outside: stop it, or cancel what it does. Knows no socket.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use gate::StopReason;
use tokio::sync::oneshot;

/// Cancel requests that may wait for one session; more are dropped, since they ask for the same.
const CANCELS_MAX: usize = 8;

/// What was asked of a session since it last looked.
#[derive(Default)]
pub(crate) struct Asked {
    /// End it.
    pub(crate) stop: Option<StopReason>,
    /// End it now, whatever it does.
    pub(crate) at_once: bool,
    /// Cancel what it does; each sender is dropped once that is done.
    pub(crate) cancels: Vec<oneshot::Sender<()>>,
}

#[derive(Default)]
struct State {
    asked: Asked,
    pending: bool,
    waker: Option<Waker>,
}

/// A session's mailbox: bounded, never blocks, wakes the session's task.
#[derive(Default)]
pub(crate) struct Control {
    state: Mutex<State>,
}

impl Control {
    /// Asks the session to end. The first reason stays.
    pub(crate) fn stop(&self, reason: StopReason) {
        self.ask(|asked| {
            let first = asked.stop.take().unwrap_or(reason);
            asked.stop = Some(first);
        });
    }

    /// Asks the session to end without waiting for what it does.
    pub(crate) fn stop_at_once(&self) {
        self.ask(|asked| {
            asked.stop.get_or_insert(StopReason::Shutdown);
            asked.at_once = true;
        });
    }

    /// Asks to cancel what the session does; the receiver ends when that is done.
    pub(crate) fn cancel(&self) -> oneshot::Receiver<()> {
        let (done, wait) = oneshot::channel();
        self.ask(|asked| {
            if asked.cancels.len() < CANCELS_MAX {
                asked.cancels.push(done);
            }
        });
        wait
    }

    /// Takes what was asked since the last look, and leaves the waker for what comes.
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Option<Asked> {
        let mut state = self.lock();
        match &mut state.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none @ None => *none = Some(cx.waker().clone()),
        }
        std::mem::take(&mut state.pending).then(|| std::mem::take(&mut state.asked))
    }

    fn ask(&self, change: impl FnOnce(&mut Asked)) {
        let waker = {
            let mut state = self.lock();
            change(&mut state.asked);
            state.pending = true;
            state.waker.clone()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn look(control: &Control) -> Option<Asked> {
        control.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn the_first_reason_stays_and_is_told_once() {
        let control = Control::default();
        assert!(look(&control).is_none());
        control.stop(StopReason::Revoked);
        control.stop(StopReason::Shutdown);
        let asked = look(&control).unwrap();
        assert_eq!(asked.stop, Some(StopReason::Revoked));
        assert!(!asked.at_once);
        assert!(look(&control).is_none());
        control.stop_at_once();
        assert!(look(&control).unwrap().at_once);
    }

    #[test]
    fn cancels_are_bounded_and_tell_when_done() {
        let control = Control::default();
        let mut waits: Vec<_> = (0..CANCELS_MAX + 3).map(|_| control.cancel()).collect();
        let asked = look(&control).unwrap();
        assert_eq!(asked.cancels.len(), CANCELS_MAX);
        assert!(waits[CANCELS_MAX].try_recv().is_err());
        drop(asked);
        let ended = waits[0].try_recv();
        assert_eq!(ended, Err(oneshot::error::TryRecvError::Closed));
    }
}
