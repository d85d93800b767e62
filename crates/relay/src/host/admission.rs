//! What an admission waits for: the disk, the store, people. Knows no socket and no protocol.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use gate::ports::{ApprovalState, BoxFuture, PortError};
use gate::{Admission, Hold, HoldEnd, HoldNotice, Session, StoreAnswer, Verdict};
use model::{Action, Outcome};
use tokio::time::Instant;

/// How often a client that waits is told that it still waits.
const NOTICE_EVERY: Duration = Duration::from_secs(10);

/// What an admission waits for.
enum Waiting {
    /// Nothing: none is under way.
    Nothing,
    /// The entry to be on disk.
    Disk(BoxFuture<'static, Result<(), PortError>>),
    /// The store's answer.
    Store(BoxFuture<'static, Result<StoreAnswer, PortError>>),
    /// People's answer.
    People(Box<Held>),
    /// The core's fresh analysis, after people answered or nobody did.
    Analysis(HoldEnd),
}

struct Held {
    hold: Hold,
    until: Instant,
    next_notice: Instant,
}

/// What the host must do next.
pub(crate) enum Step {
    /// Hand the verdict to the core.
    Verdict(Verdict),
    /// Tell the client that it waits.
    Notice(HoldNotice),
    /// Ask the core to have the held action judged again.
    Rejudge,
    /// Likewise, by the definitions of now: people approved, perhaps long after it was analysed.
    RejudgeAfresh,
}

/// One session's admission, if any is under way.
pub(crate) struct Admitting {
    waiting: Waiting,
    /// The client cancelled, or the session ends: a hold that comes is withdrawn at once.
    withdraw: bool,
    /// When the door was asked, until its first answer.
    asked: Option<Instant>,
    outcome: Option<Outcome>,
}

impl Admitting {
    pub(crate) fn new() -> Self {
        Self {
            waiting: Waiting::Nothing,
            withdraw: false,
            asked: None,
            outcome: None,
        }
    }

    /// Whether nothing is under way.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.waiting, Waiting::Nothing)
    }

    /// Whether people are being asked.
    pub(crate) fn is_held(&self) -> bool {
        matches!(self.waiting, Waiting::People(_))
    }

    /// When [`Admitting::due`] wants to be called.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.waiting {
            Waiting::People(held) => Some(held.until.min(held.next_notice)),
            _ => None,
        }
    }

    /// What was decided at first sight and how long that took; told once per action.
    pub(crate) fn take_outcome(&mut self) -> Option<(Outcome, Duration)> {
        let outcome = self.outcome.take()?;
        let took = self.asked.take().map(|asked| asked.elapsed());
        Some((outcome, took.unwrap_or_default()))
    }

    /// The core wants an action judged: a new one, or the held one again.
    pub(crate) fn judge(&mut self, door: &mut Session, action: Action) -> Option<Step> {
        match std::mem::replace(&mut self.waiting, Waiting::Nothing) {
            Waiting::Analysis(end) => {
                // Whoever left meanwhile gets nothing run, approved or not.
                let end = match self.withdraw {
                    true => HoldEnd::Withdrawn,
                    false => end,
                };
                let admission = door.resume_hold(end, Arc::new(action));
                self.take(admission)
            }
            _ => {
                self.withdraw = false;
                self.asked = Some(Instant::now());
                let admission = door.admit(action);
                self.take(admission)
            }
        }
    }

    /// Polls what is waited for. One answer may lead to the next question, and a future that was never polled
    /// wakes nobody: polls on until there is a step or something is really waited for.
    pub(crate) fn poll(&mut self, door: &mut Session, cx: &mut Context<'_>) -> Option<Step> {
        loop {
            let admission = match &mut self.waiting {
                Waiting::Nothing | Waiting::Analysis(_) => return None,
                Waiting::Disk(future) => match future.as_mut().poll(cx) {
                    Poll::Ready(result) => door.resume_durable(result),
                    Poll::Pending => return None,
                },
                Waiting::Store(future) => match future.as_mut().poll(cx) {
                    Poll::Ready(result) => door.resume_store(result),
                    Poll::Pending => return None,
                },
                Waiting::People(held) => match held.hold.settled.as_mut().poll(cx) {
                    Poll::Ready(result) => return Some(self.end_hold(HoldEnd::Settled(result))),
                    Poll::Pending => return None,
                },
            };
            self.waiting = Waiting::Nothing;
            let step = self.take(admission);
            if step.is_some() {
                return step;
            }
        }
    }

    /// Time has passed: the wait is over, or the client is told again.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Step> {
        let Waiting::People(held) = &mut self.waiting else {
            return None;
        };
        if held.until <= now {
            return Some(self.end_hold(HoldEnd::TimedOut));
        }
        if held.next_notice <= now {
            held.next_notice = now + NOTICE_EVERY;
            return Some(Step::Notice(held.hold.notice.clone()));
        }
        None
    }

    /// The client cancelled or the session ends: withdraws a hold, now or as soon as it comes about.
    pub(crate) fn withdraw(&mut self) -> Option<Step> {
        if self.is_done() {
            return None;
        }
        self.withdraw = true;
        self.is_held().then(|| self.end_hold(HoldEnd::Withdrawn))
    }

    fn end_hold(&mut self, end: HoldEnd) -> Step {
        let step = match &end {
            HoldEnd::Settled(Ok(ApprovalState::Approved)) => Step::RejudgeAfresh,
            HoldEnd::Settled(_) | HoldEnd::TimedOut | HoldEnd::Withdrawn => Step::Rejudge,
        };
        self.waiting = Waiting::Analysis(end);
        step
    }

    fn take(&mut self, admission: Admission) -> Option<Step> {
        let first = self.asked.is_some() && self.outcome.is_none();
        match admission {
            Admission::Ready(verdict) => {
                if first {
                    self.outcome = Some(match &verdict {
                        Verdict::Release(_) => Outcome::Allow,
                        Verdict::Refuse { .. } | Verdict::End(_) => Outcome::Deny,
                    });
                }
                Some(Step::Verdict(verdict))
            }
            Admission::Syncing(future) => {
                self.waiting = Waiting::Disk(future);
                None
            }
            Admission::Asking(future) => {
                self.waiting = Waiting::Store(future);
                None
            }
            Admission::Approved => {
                Some(self.end_hold(HoldEnd::Settled(Ok(ApprovalState::Approved))))
            }
            Admission::Held(hold) => {
                if first {
                    self.outcome = Some(Outcome::Hold);
                }
                let now = Instant::now();
                let notice = hold.notice.clone();
                self.waiting = Waiting::People(Box::new(Held {
                    until: now + hold.wait,
                    next_notice: now + NOTICE_EVERY,
                    hold,
                }));
                if self.withdraw {
                    return Some(self.end_hold(HoldEnd::Withdrawn));
                }
                Some(Step::Notice(notice))
            }
        }
    }
}
