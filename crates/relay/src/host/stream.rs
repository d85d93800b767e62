//! The pump: one task that owns one session, both sockets and both buffers, and drives a [`kit::Session`].
//!
//! Knows no protocol. One loop polls a closed set of events (mailbox, verdict, analysis, definitions, recorder, both
//! sockets both ways, one timer); every one of them only feeds the state, none awaits inside another. Buffers are
//! bounded: a side whose bytes cannot go on is not read. Nothing goes to the client that the recorder did not take.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use gate::StopReason;
use gate::admit::Completion;
use gate::ports::{BoxFuture, PortError};
use model::{Fault, Limits, Refusal, RefusalKind};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep_until};
use wire::kit::{self, Effect, Inspect, Inspected};

use super::admission::{Admitting, Step};
use super::ending::{Ending, recorder_refusal, stop_refusal};
use super::side::{Client, Side, Target};
use crate::buffers;
use crate::control::Control;
use crate::metrics::Cells;
use crate::parse::{Busy, Parsers};
use crate::supervise::panic_text;

/// Rounds before other sessions of the thread get their turn.
const ROUNDS_MAX: usize = 32;

/// How long a session that is ended from outside may take to tell its client why: within a second it is gone.
const STOP_TIMEOUT: Duration = Duration::from_millis(800);

/// How long one that fails may take to: a client that reads slowly has a result before it to get through.
const PART_TIMEOUT: Duration = Duration::from_secs(5);

/// How long what a vanished client asked for may go on before it is cancelled: short statements end by themselves.
const ABANDONED_FOR: Duration = Duration::from_secs(2);

/// How often it is looked whether a client that waits for people is still there: unread input may hide its end.
const PRESENCE_EVERY: Duration = Duration::from_secs(1);

/// How soon an analysis is offered again to a pool that was swamped, and for how long.
const QUEUE_PAUSE: Duration = Duration::from_millis(2);
const QUEUE_TIMEOUT: Duration = Duration::from_secs(5);

/// What a session needs of its surroundings, beyond its sockets.
pub(crate) struct Surroundings {
    /// The bounds.
    pub(crate) limits: Limits,
    /// Runs analyses.
    pub(crate) parsers: Parsers,
    /// This thread's counters.
    pub(crate) cells: Arc<Cells>,
    /// The session's mailbox.
    pub(crate) control: Arc<Control>,
    /// Reads the target's definitions anew; the receiver gets whether that worked.
    pub(crate) read_definitions: Box<dyn Fn() -> oneshot::Receiver<bool> + Send>,
    /// Has the target cancel what it does for this session; the senders are dropped once that is done.
    pub(crate) cancel_upstream: Box<dyn Fn(Vec<oneshot::Sender<()>>) + Send>,
    /// When the session must end at the latest.
    pub(crate) expires: Instant,
}

/// A session under way.
pub(crate) struct Pump {
    client: Side<Client>,
    upstream: Side<Target>,
    core: Box<dyn kit::Session>,
    door: gate::Session,
    surroundings: Surroundings,
    admitting: Admitting,
    analysis: Option<oneshot::Receiver<Inspected>>,
    /// An analysis that the pool did not take, when to try again, and when to give up.
    queued: Option<(Inspect, Instant, Instant)>,
    definitions: Option<oneshot::Receiver<bool>>,
    pressure: Option<(BoxFuture<'static, Result<(), PortError>>, Instant)>,
    /// How many of the core's bytes for the client the recorder has taken.
    recorded: usize,
    recorder_failed: bool,
    counted_hold: bool,
    /// When to look whether the client of a held action is still there.
    presence: Option<Instant>,
    stopping: Option<StopReason>,
    leaving: Option<(Ending, Option<Refusal>, Instant)>,
    parting: Option<(Ending, Instant)>,
    abandoned: Option<Instant>,
    active: Instant,
    timer: Pin<Box<Sleep>>,
    steps: u64,
}

impl Pump {
    /// A session between two logged-in sides.
    pub(crate) fn new(
        client: Side<Client>,
        upstream: Side<Target>,
        core: Box<dyn kit::Session>,
        door: gate::Session,
        surroundings: Surroundings,
    ) -> Self {
        let now = Instant::now();
        Self {
            client,
            upstream,
            core,
            door,
            timer: Box::pin(sleep_until(surroundings.expires)),
            surroundings,
            admitting: Admitting::new(),
            analysis: None,
            queued: None,
            definitions: None,
            pressure: None,
            recorded: 0,
            recorder_failed: false,
            counted_hold: false,
            presence: None,
            stopping: None,
            leaving: None,
            parting: None,
            abandoned: None,
            active: now,
            steps: 0,
        }
    }

    /// Runs the session to its end, closes its recording and both sockets. A panic in it ends it alone.
    ///
    /// # Cancel safety
    /// Not cancel safe: consumes the session; when dropped, the recording lacks its end.
    pub(crate) async fn run(mut self) -> Ending {
        let ending = std::future::poll_fn(|cx| {
            catch_unwind(AssertUnwindSafe(|| self.poll(cx))).unwrap_or_else(|panic| {
                let text = panic_text(&*panic);
                tracing::error!(session = %self.door.id(), panic = text, "a session panicked");
                Poll::Ready(Ending::failed(Fault::Gateway, "internal error"))
            })
        })
        .await;
        self.door
            .close(ending.stop.clone(), ending.error.as_deref());
        close(self.client, self.upstream, patience(&ending)).await;
        ending
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        for _ in 0..ROUNDS_MAX {
            let before = self.steps;
            self.poll_control(cx);
            self.poll_waits(cx);
            self.poll_upstream(cx);
            self.poll_client(cx);
            self.settle();
            self.poll_writes(cx);
            if self.has_parted()
                && let Some((ending, _)) = self.parting.take()
            {
                return Poll::Ready(ending);
            }
            if self.steps == before {
                self.poll_timer(cx);
            }
            if self.steps == before {
                self.reclaim();
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_control(&mut self, cx: &mut Context<'_>) {
        let Some(asked) = self.surroundings.control.poll(cx) else {
            return;
        };
        self.steps += 1;
        if !asked.cancels.is_empty() {
            self.cancel(asked.cancels);
        }
        let Some(reason) = asked.stop else {
            return;
        };
        if reason == StopReason::Shutdown && !asked.at_once {
            // What runs may finish; what waits for people may not.
            let step = self.admitting.withdraw();
            self.step(step);
            self.stopping = Some(reason);
        } else {
            let refusal = stop_refusal(&reason);
            self.leave(Ending::stopped(reason), Some(refusal));
        }
    }

    fn cancel(&mut self, done: Vec<oneshot::Sender<()>>) {
        if !self.admitting.is_done() {
            let step = self.admitting.withdraw();
            self.step(step);
        } else if !self.core.is_idle() {
            (self.surroundings.cancel_upstream)(done);
        }
    }

    fn poll_waits(&mut self, cx: &mut Context<'_>) {
        let step = self.admitting.poll(&mut self.door, cx);
        self.step(step);
        if let Some(analysis) = &mut self.analysis
            && let Poll::Ready(result) = Pin::new(analysis).poll(cx)
        {
            self.analysis = None;
            self.steps += 1;
            match result {
                Ok(inspected) => self.core.inspected(inspected),
                Err(_) => self.fail("the analysis of a statement broke down"),
            }
        }
        if let Some(definitions) = &mut self.definitions
            && let Poll::Ready(result) = Pin::new(definitions).poll(cx)
        {
            self.definitions = None;
            self.steps += 1;
            if result.unwrap_or(false) {
                self.core.catalog_read();
            } else {
                let text = "the target's definitions cannot be read";
                let refusal = Refusal::new(RefusalKind::Unavailable, text);
                self.leave(Ending::failed(Fault::Upstream, text), Some(refusal));
            }
        }
        if let Some((pressure, _)) = &mut self.pressure
            && let Poll::Ready(result) = pressure.as_mut().poll(cx)
        {
            self.pressure = None;
            self.steps += 1;
            if let Err(error) = result {
                self.fail_recording(&error);
            }
        }
    }

    fn poll_client(&mut self, cx: &mut Context<'_>) {
        let limits = &self.surroundings.limits;
        let room = limits.buffer_bytes_max;
        if self.parting.is_some() || self.client.ended || self.core.to_upstream().len() >= room {
            return;
        }
        let wanted = self.core.wants_client();
        let held = self.client.received.len();
        if !wanted && held >= room {
            return;
        }
        if held >= limits.statement_bytes_max.saturating_add(room) {
            let text = "a message is longer than the gateway takes";
            let refusal = Refusal::new(RefusalKind::Limit, text);
            return self.leave(Ending::failed(Fault::Limit, text), Some(refusal));
        }
        let Some(count) = self.client.fill(cx) else {
            return;
        };
        self.steps += 1;
        self.surroundings.cells.client_sent(count);
        self.touch();
    }

    fn poll_upstream(&mut self, cx: &mut Context<'_>) {
        let room = self.surroundings.limits.buffer_bytes_max;
        let full = self.core.to_client().0.len() >= room;
        if self.parting.is_some() || self.upstream.ended || self.pressure.is_some() || full {
            return;
        }
        if self.upstream.fill(cx).is_some() {
            self.steps += 1;
            self.touch();
        }
    }

    /// Lets the core take what came, does what it asks for, and records what it says.
    fn settle(&mut self) {
        loop {
            let mut moved = false;
            if self.parting.is_none() {
                moved |= self.feed();
            }
            while let Some(effect) = self.core.poll() {
                moved = true;
                self.apply(effect);
            }
            self.record();
            if !moved {
                break;
            }
            self.steps += 1;
        }
        self.after();
    }

    fn feed(&mut self) -> bool {
        let mut moved = false;
        if !self.upstream.received.is_empty() {
            let before = self.upstream.received.len();
            buffers::lend_if_none(self.core.to_client().0);
            self.core.on_upstream(&mut self.upstream.received);
            moved |= self.upstream.received.len() != before;
        }
        if !self.client.received.is_empty() && self.core.wants_client() {
            let before = self.client.received.len();
            buffers::lend_if_none(self.core.to_upstream());
            self.core.on_client(&mut self.client.received);
            moved |= self.client.received.len() != before;
        }
        moved
    }

    fn apply(&mut self, effect: Effect) {
        match effect {
            Effect::Judge(action) => {
                let step = self.admitting.judge(&mut self.door, action);
                self.step(step);
            }
            Effect::Inspect(inspect) => self.inspect(inspect, Instant::now() + QUEUE_TIMEOUT),
            Effect::Completed(completion) => self.completed(completion),
            Effect::CatalogChanged => {
                self.definitions = Some((self.surroundings.read_definitions)());
            }
            Effect::Contradicted => self.surroundings.cells.contradicted(self.door.id()),
            Effect::Close(fault, text) => {
                self.record();
                self.part(Ending::failed(fault, text), None);
            }
        }
    }

    /// Hands an analysis to the pool, or keeps it for a moment where the pool is swamped.
    fn inspect(&mut self, inspect: Inspect, until: Instant) {
        match self.surroundings.parsers.submit(inspect) {
            Ok(result) => {
                self.analysis = Some(result);
                self.steps += 1;
            }
            Err(Busy(inspect)) => {
                let now = Instant::now();
                if until <= now {
                    self.surroundings.cells.parse_busy();
                    let text = "too many statements wait to be analysed";
                    let refusal = Refusal::new(RefusalKind::Limit, text);
                    return self.leave(Ending::failed(Fault::Limit, text), Some(refusal));
                }
                self.queued = Some((inspect, now + QUEUE_PAUSE, until));
            }
        }
    }

    fn step(&mut self, step: Option<Step>) {
        if let Some((outcome, took)) = self.admitting.take_outcome() {
            self.surroundings.cells.action(outcome);
            self.surroundings.cells.admission(took);
        }
        let Some(step) = step else {
            return;
        };
        self.steps += 1;
        match step {
            Step::Verdict(gate::Verdict::Release(permit)) => self.core.release(permit),
            Step::Verdict(gate::Verdict::Refuse { sequence, refusal }) => {
                self.core.refuse(sequence, &refusal);
            }
            Step::Verdict(gate::Verdict::End(refusal)) => {
                let ending = Ending::failed(Fault::Gateway, refusal.message.clone());
                self.leave(ending, Some(refusal));
            }
            Step::Notice(notice) => self.core.notice(&notice.message, &notice.hint),
            Step::Rejudge => self.core.rejudge(),
            Step::RejudgeAfresh => self.core.rejudge_afresh(),
        }
        self.count_hold();
    }

    fn count_hold(&mut self) {
        let held = self.admitting.is_held() && self.parting.is_none();
        match (held, std::mem::replace(&mut self.counted_hold, held)) {
            (true, false) => {
                self.presence = Some(Instant::now() + PRESENCE_EVERY);
                self.surroundings.cells.hold_began();
            }
            (false, true) => {
                self.presence = None;
                self.surroundings.cells.hold_ended();
            }
            (true, true) | (false, false) => {}
        }
    }

    fn completed(&mut self, completion: Completion) {
        self.record();
        self.surroundings.cells.rows(completion.rows);
        self.surroundings.cells.detected(&completion.detected);
        if let Err(error) = self.door.completed(completion) {
            self.fail_recording(&error);
        }
    }

    /// Hands the recorder what goes to the client; what it does not take is not delivered.
    fn record(&mut self) {
        let (bytes, spans) = self.core.to_client();
        if spans.is_empty() {
            return;
        }
        if self.recorder_failed {
            // Only the goodbye that says so comes now.
            self.recorded = bytes.len();
            return spans.clear();
        }
        let mut failure = None;
        for span in spans.drain(..) {
            let end = self.recorded.saturating_add(span.len);
            let part = bytes.get(self.recorded..end).unwrap_or_default();
            if let Err(error) = self.door.delivered(span.sequence, part) {
                failure = Some(error);
                break;
            }
            self.recorded = end.min(bytes.len());
        }
        if let Some(error) = failure {
            return self.fail_recording(&error);
        }
        if self.pressure.is_none()
            && let Some(pressure) = self.door.pressure()
        {
            self.surroundings.cells.pressure();
            let until = Instant::now() + self.surroundings.limits.journal_timeout;
            self.pressure = Some((pressure, until));
            // Polled at least once, so that it wakes this task.
            self.steps += 1;
        }
    }

    /// What follows from how things stand.
    fn after(&mut self) {
        if self.parting.is_some() {
            return;
        }
        if self.core.is_finished() {
            return self.part(Ending::finished(), None);
        }
        if self.admitting.is_done()
            && let Some((ending, refusal, _)) = self.leaving.take()
        {
            return self.part(ending, refusal.as_ref());
        }
        if self.upstream.ended || self.upstream.broken {
            let text = "the target closed the connection";
            let refusal = Refusal::new(RefusalKind::Unavailable, text);
            return self.leave(Ending::failed(Fault::Upstream, text), Some(refusal));
        }
        let goodbye = self.admitting.is_held() && self.core.asks_to_leave(&self.client.received);
        if self.client.ended || self.client.broken || goodbye {
            return self.client_gone();
        }
        if let Some(reason) = &self.stopping
            && self.core.is_idle()
        {
            let (refusal, ending) = (stop_refusal(reason), Ending::stopped(reason.clone()));
            self.leave(ending, Some(refusal));
        }
    }

    /// The client left, without a word or with one behind what waits. What waits is withdrawn; what runs gets a moment, then is cancelled.
    fn client_gone(&mut self) {
        let step = self.admitting.withdraw();
        self.step(step);
        if self.core.is_idle() && self.admitting.is_done() {
            return self.part(Ending::failed(Fault::Client, "the client left"), None);
        }
        if self.abandoned.is_none() {
            self.abandoned = Some(Instant::now() + ABANDONED_FOR);
            self.steps += 1;
        }
    }

    /// Ends the session as soon as no request for approval hangs on it.
    fn leave(&mut self, ending: Ending, refusal: Option<Refusal>) {
        if self.parting.is_some() || self.leaving.is_some() {
            return;
        }
        self.steps += 1;
        if self.admitting.is_done() {
            return self.part(ending, refusal.as_ref());
        }
        let until = Instant::now() + patience(&ending);
        self.leaving = Some((ending, refusal, until));
        let step = self.admitting.withdraw();
        self.step(step);
    }

    /// Ends the session: nothing is read any more; what is buffered goes out if it can.
    fn part(&mut self, ending: Ending, refusal: Option<&Refusal>) {
        if self.parting.is_some() {
            return;
        }
        self.steps += 1;
        let busy = !self.core.is_idle() && !self.core.is_finished();
        if busy && !self.upstream.ended && !self.upstream.broken {
            (self.surroundings.cancel_upstream)(Vec::new());
        }
        if let Some(refusal) = refusal {
            self.core.goodbye(refusal);
        }
        let until = Instant::now() + patience(&ending);
        self.parting = Some((ending, until));
        self.count_hold();
        self.wind_up();
        self.record();
    }

    /// Records the end of every action that has none yet, while the recording is open; nothing new is begun.
    fn wind_up(&mut self) {
        self.core.wind_up();
        while let Some(effect) = self.core.poll() {
            if !matches!(effect, Effect::Judge(_) | Effect::Inspect(_)) {
                self.apply(effect);
            }
        }
    }

    fn has_parted(&mut self) -> bool {
        let Some((_, until)) = &self.parting else {
            return false;
        };
        let told = self.client.broken || (self.recorded == 0 && !self.client.unflushed);
        let left = self.upstream.broken || self.core.to_upstream().is_empty();
        (told && left) || *until <= Instant::now()
    }

    fn fail(&mut self, text: &str) {
        let refusal = Refusal::new(RefusalKind::Unavailable, "internal error");
        self.leave(Ending::failed(Fault::Gateway, text), Some(refusal));
    }

    /// The recorder failed: what it did not take is dropped, and only the reason goes out.
    fn fail_recording(&mut self, error: &PortError) {
        if self.recorder_failed {
            return;
        }
        tracing::error!(session = %self.door.id(), %error, "a session cannot be recorded");
        let (bytes, spans) = self.core.to_client();
        bytes.truncate(self.recorded);
        spans.clear();
        self.recorder_failed = true;
        let refusal = recorder_refusal(error);
        if self.parting.is_some() {
            self.core.goodbye(&refusal);
            return self.record();
        }
        let ending = Ending::failed(Fault::Gateway, format!("recorder: {error}"));
        self.part(ending, Some(&refusal));
    }

    fn poll_writes(&mut self, cx: &mut Context<'_>) {
        self.forward(cx);
        let (bytes, _) = self.core.to_client();
        if let Some(count) = self.client.deliver(bytes, &mut self.recorded, cx) {
            self.steps += 1;
            self.surroundings.cells.client_got(count);
        }
    }

    /// Sends what was released, once the journal has it.
    fn forward(&mut self, cx: &mut Context<'_>) {
        match self.door.journal() {
            Ok(journaled) => {
                let bytes = self.core.to_upstream();
                if self.upstream.forward(bytes, journaled, cx).is_some() {
                    self.steps += 1;
                }
            }
            Err(error) => {
                // Some of it may be on its way already: nothing may follow that would complete it otherwise.
                self.core.to_upstream().clear();
                self.upstream.broken = true;
                self.fail_recording(&error);
            }
        }
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) {
        let due = self.next_due();
        if self.timer.deadline() > due {
            self.timer.as_mut().reset(due);
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            self.time_passed(Instant::now());
            let due = self.next_due();
            if due <= Instant::now() {
                // Something was done about it, and the next round looks again.
                self.steps += 1;
                return;
            }
            self.timer.as_mut().reset(due);
        }
    }

    fn next_due(&self) -> Instant {
        let mut due = self.surroundings.expires;
        let mut consider = |at: Option<Instant>| due = at.map_or(due, |at| due.min(at));
        consider(self.admitting.deadline());
        consider(self.pressure.as_ref().map(|(_, until)| *until));
        consider(self.queued.as_ref().map(|(_, at, _)| *at));
        consider(self.leaving.as_ref().map(|(_, _, until)| *until));
        consider(self.abandoned);
        consider(self.presence);
        consider(self.idle_end());
        // A session that leaves has no other dates left.
        self.parting.as_ref().map_or(due, |(_, until)| *until)
    }

    fn idle_end(&self) -> Option<Instant> {
        self.idle_max().map(|idle_max| self.active + idle_max)
    }

    /// How long the session may do nothing, as it stands; `None` where it may for ever.
    fn idle_max(&self) -> Option<Duration> {
        let limits = &self.surroundings.limits;
        let bounds = [
            Some(limits.session_idle_max),
            // Idle, or an open transaction.
            (!self.core.is_idle()).then_some(limits.session_idle_in_transaction_max),
        ];
        let bounds = bounds.into_iter().flatten();
        bounds.filter(|bound| !bound.is_zero()).min()
    }

    fn time_passed(&mut self, now: Instant) {
        if self.parting.is_some() {
            return;
        }
        let step = self.admitting.due(now);
        self.step(step);
        if self.presence.take_if(|at| *at <= now).is_some() {
            self.presence = Some(now + PRESENCE_EVERY);
            self.client.ended |= self.client.has_hung_up();
            self.steps += 1;
        }
        if let Some((inspect, _, until)) = self.queued.take_if(|(_, at, _)| *at <= now) {
            self.inspect(inspect, until);
        }
        if let Some((ending, refusal, _)) = self.leaving.take_if(|(_, _, until)| *until <= now) {
            return self.part(ending, refusal.as_ref());
        }
        if self.pressure.take_if(|(_, until)| *until <= now).is_some() {
            self.fail_recording(&PortError::Slow { what: "recorder" });
        }
        if self.abandoned.take_if(|until| *until <= now).is_some() {
            return self.part(Ending::failed(Fault::Client, "the client left"), None);
        }
        if self.surroundings.expires <= now {
            let reason = StopReason::Expired;
            let refusal = stop_refusal(&reason);
            self.surroundings.expires = now + Duration::from_secs(3600);
            return self.leave(Ending::stopped(reason), Some(refusal));
        }
        if self.idle_end().is_some_and(|end| end <= now) {
            self.idled(now);
        }
    }

    fn idled(&mut self, now: Instant) {
        if !self.core.awaits_client() {
            // A long statement: looked at again one period later.
            self.active = now;
            return;
        }
        let text = match self.core.is_idle() {
            true => "the session was idle for too long",
            false => "the session left a transaction open for too long; it is rolled back",
        };
        let refusal = Refusal::new(RefusalKind::Limit, text);
        self.leave(Ending::failed(Fault::Limit, text), Some(refusal));
    }

    fn touch(&mut self) {
        let limits = &self.surroundings.limits;
        if !limits.session_idle_max.is_zero() || !limits.session_idle_in_transaction_max.is_zero() {
            self.active = Instant::now();
        }
    }

    /// Gives back every buffer that holds nothing, so that an idle session holds none.
    fn reclaim(&mut self) {
        buffers::reclaim(&mut self.client.received);
        buffers::reclaim(&mut self.upstream.received);
        buffers::reclaim(self.core.to_client().0);
        buffers::reclaim(self.core.to_upstream());
    }
}

/// Says the transport's own goodbye to both, and lets the client read what it was told last: a socket closed
/// with unread input in it would reset the connection and take the last words with it.
async fn close(mut client: Side<Client>, mut upstream: Side<Target>, patience: Duration) {
    let work = async {
        // It may be gone already.
        upstream.shut_down().await.ok();
        drop(upstream);
        if !client.broken && client.shut_down().await.is_ok() {
            client.read_out().await;
        }
    };
    // Either way both sockets are closed.
    tokio::time::timeout(patience, work).await.ok();
}

fn patience(ending: &Ending) -> Duration {
    match ending.stop {
        Some(_) => STOP_TIMEOUT,
        None => PART_TIMEOUT,
    }
}
