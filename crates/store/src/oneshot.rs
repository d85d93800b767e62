//! A one-shot reply from the store's thread to a task. Knows no runtime: std's `Waker` is enough.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

struct Slot<T> {
    value: Option<T>,
    waker: Option<Waker>,
    sender_gone: bool,
    receiver_gone: bool,
}

struct Shared<T>(Mutex<Slot<T>>);

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, Slot<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The half that answers, once.
pub(crate) struct Sender<T>(Arc<Shared<T>>);

/// The half that waits. Ends with `None` when the sender is dropped unanswered.
///
/// Cancel safe: dropping it tells the sender that nobody waits.
pub(crate) struct Receiver<T>(Arc<Shared<T>>);

/// Makes a connected pair.
pub(crate) fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared(Mutex::new(Slot {
        value: None,
        waker: None,
        sender_gone: false,
        receiver_gone: false,
    })));
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

impl<T> Sender<T> {
    /// Answers.
    pub(crate) fn send(self, value: T) {
        self.0.lock().value = Some(value);
        // Dropping `self` wakes the receiver.
    }

    /// Whether nobody waits any more.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.0.lock().receiver_gone
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let waker = {
            let mut slot = self.0.lock();
            slot.sender_gone = true;
            slot.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut slot = self.0.lock();
        slot.receiver_gone = true;
        slot.waker = None;
    }
}

impl<T> Future for Receiver<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slot = self.0.lock();
        if let Some(value) = slot.value.take() {
            return Poll::Ready(Some(value));
        }
        if slot.sender_gone {
            return Poll::Ready(None);
        }
        slot.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn answers_across_threads() {
        let (tx, rx) = channel();
        let thread = std::thread::spawn(move || tx.send(7));
        assert_eq!(rx.await, Some(7));
        assert!(thread.join().is_ok());
    }

    #[tokio::test]
    async fn ends_when_the_sender_is_dropped() {
        let (tx, rx) = channel::<u8>();
        drop(tx);
        assert_eq!(rx.await, None);
    }

    #[test]
    fn the_sender_sees_that_nobody_waits() {
        let (tx, rx) = channel::<u8>();
        assert!(!tx.is_abandoned());
        drop(rx);
        assert!(tx.is_abandoned());
    }
}
