//! Ports in memory, for tests of the door and of what stands above it.
//!
//! Must never be part of a release build: the `testing` feature is for development dependencies only.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ledger::Event;
use model::{
    Action, ActionKind, ApprovalId, Limits, Principal, PrincipalKind, Resource, ResourceName,
    SessionId, Statement,
};

use crate::open::{ClientInfo, Gate, GateParts};
use crate::ports::{
    ApprovalRequest, ApprovalState, Approvals, Asked, Authenticated, Binding, BoxFuture, Clock,
    Denial, Journal, PortError, Recorder, Rules, SharedRules,
};

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A clock that stands until it is moved.
#[derive(Default)]
pub struct FixedClock(Mutex<Duration>);

impl FixedClock {
    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        *lock(&self.0) += by;
    }

    /// Moves the clock back, as somebody who sets it does.
    ///
    /// # Panics
    /// Further back than where it began.
    pub fn set_back(&self, by: Duration) {
        *lock(&self.0) -= by;
    }
}

impl Clock for FixedClock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_800_000_000) + *lock(&self.0)
    }
}

/// How a [`MemoryJournal`] misbehaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum JournalFault {
    /// It does not.
    #[default]
    None,
    /// Nothing can be appended, and no recording begins.
    Full,
    /// The next commit finds no room; what comes after it does.
    FullOnce,
    /// Appends succeed and nothing becomes durable.
    NotDurable,
    /// It takes responses and is behind for ever.
    Slow,
    /// Taking a response panics.
    Panics,
}

/// A journal in memory. Events are kept as `Debug` text, one line each, with what became durable marked by
/// `durable`.
#[derive(Default)]
pub struct MemoryJournal {
    lines: Arc<Mutex<Vec<String>>>,
    fault: Arc<Mutex<JournalFault>>,
}

impl MemoryJournal {
    /// All lines so far.
    pub fn lines(&self) -> Vec<String> {
        lock(&self.lines).clone()
    }

    /// Makes it misbehave from now on.
    pub fn set_fault(&self, fault: JournalFault) {
        *lock(&self.fault) = fault;
    }
}

struct MemoryRecorder {
    lines: Arc<Mutex<Vec<String>>>,
    fault: Arc<Mutex<JournalFault>>,
    staged: Vec<String>,
}

impl MemoryRecorder {
    fn push(&self, line: String) -> Result<(), PortError> {
        if *lock(&self.fault) == JournalFault::Full {
            return Err(PortError::Full);
        }
        lock(&self.lines).push(line);
        Ok(())
    }
}

impl Journal for MemoryJournal {
    fn begin(&self, _: SessionId) -> Result<Box<dyn Recorder>, PortError> {
        if *lock(&self.fault) == JournalFault::Full {
            return Err(PortError::Full);
        }
        Ok(Box::new(MemoryRecorder {
            lines: Arc::clone(&self.lines),
            fault: Arc::clone(&self.fault),
            staged: Vec::new(),
        }))
    }

    fn control(&self, event: &Event<'_>) -> Result<(), PortError> {
        if *lock(&self.fault) != JournalFault::None {
            return Err(PortError::Full);
        }
        lock(&self.lines).push(format!("{event:?}"));
        Ok(())
    }
}

impl Recorder for MemoryRecorder {
    fn append(&mut self, event: &Event<'_>) -> Result<(), PortError> {
        self.push(format!("{event:?}"))
    }

    fn stage(&mut self, event: &Event<'_>) -> Result<usize, PortError> {
        self.staged.push(format!("{event:?}"));
        Ok(self.staged.iter().map(String::len).sum())
    }

    fn commit(&mut self) -> Result<(), PortError> {
        let staged = std::mem::take(&mut self.staged);
        let mut fault = lock(&self.fault);
        if *fault == JournalFault::FullOnce {
            *fault = JournalFault::None;
            return Err(PortError::Full);
        }
        drop(fault);
        staged.into_iter().try_for_each(|line| self.push(line))
    }

    fn response(&mut self, sequence: u64, bytes: &[u8]) -> Result<(), PortError> {
        assert!(
            *lock(&self.fault) != JournalFault::Panics,
            "a recorder that panics"
        );
        self.push(format!("response {sequence}: {} bytes", bytes.len()))
    }

    fn durable(&mut self) -> BoxFuture<'static, Result<(), PortError>> {
        let fault = *lock(&self.fault);
        let result = match fault {
            JournalFault::None | JournalFault::FullOnce | JournalFault::Slow => {
                self.push("durable".to_owned())
            }
            JournalFault::Full => Err(PortError::Full),
            JournalFault::NotDurable | JournalFault::Panics => {
                Err(PortError::Slow { what: "the disk" })
            }
        };
        Box::pin(std::future::ready(result))
    }

    fn pressure(&mut self) -> Option<BoxFuture<'static, Result<(), PortError>>> {
        let is_slow = *lock(&self.fault) == JournalFault::Slow;
        is_slow.then(|| -> BoxFuture<'static, _> { Box::pin(std::future::pending()) })
    }
}

#[derive(Default)]
struct Desk {
    requests: HashMap<ApprovalId, (ApprovalRequest, ApprovalState)>,
    approvers: HashMap<ApprovalId, Vec<String>>,
    wakers: Vec<Waker>,
    broken: bool,
}

/// Approvals in memory.
#[derive(Default, Clone)]
pub struct MemoryApprovals(Arc<Mutex<Desk>>);

impl MemoryApprovals {
    /// Settles a request as the desk would.
    pub fn settle(&self, id: ApprovalId, state: ApprovalState, approver: &str) {
        let mut desk = lock(&self.0);
        if let Some((_, known)) = desk.requests.get_mut(&id) {
            *known = state;
        }
        desk.approvers.insert(id, vec![approver.to_owned()]);
        desk.wakers.drain(..).for_each(Waker::wake);
    }

    /// All requests with their states, newest last.
    pub fn all(&self) -> Vec<(ApprovalRequest, ApprovalState)> {
        let mut all: Vec<_> = lock(&self.0).requests.values().cloned().collect();
        all.sort_by_key(|(request, _)| request.created);
        all
    }

    /// Makes every call fail from now on.
    pub fn break_down(&self) {
        lock(&self.0).broken = true;
    }

    fn ask<T>(&self, ask: impl FnOnce(&mut Desk) -> T) -> Result<T, PortError> {
        let mut desk = lock(&self.0);
        if desk.broken {
            return Err(PortError::Slow { what: "the store" });
        }
        Ok(ask(&mut desk))
    }

    fn ready<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Desk) -> T,
    ) -> BoxFuture<'static, Result<T, PortError>> {
        Box::pin(std::future::ready(self.ask(ask)))
    }
}

impl Approvals for MemoryApprovals {
    fn ask(
        &self,
        request: ApprovalRequest,
        pending_max: usize,
    ) -> BoxFuture<'_, Result<Asked, PortError>> {
        self.ready(|desk| {
            let counts = |(known, state): &&(ApprovalRequest, ApprovalState)| match state {
                _ if known.binding != request.binding => false,
                // Nobody leaves here: a session's pending request is its own until it is handed out as a ticket.
                ApprovalState::Pending => true,
                ApprovalState::Approved | ApprovalState::Denied => true,
                ApprovalState::Expired | ApprovalState::Withdrawn | ApprovalState::Used => false,
            };
            if let Some((known, state)) = desk.requests.values().find(counts) {
                return Asked::Known(known.id, *state);
            }
            let own = request.requester.key();
            let open = desk.requests.values().filter(|(known, state)| {
                known.requester.key() == own && *state == ApprovalState::Pending
            });
            if open.count() >= pending_max {
                return Asked::TooMany;
            }
            let id = request.id;
            desk.requests.insert(id, (request, ApprovalState::Pending));
            Asked::Made(id)
        })
    }

    fn settled(&self, id: ApprovalId) -> BoxFuture<'static, Result<ApprovalState, PortError>> {
        let desk = Arc::clone(&self.0);
        Box::pin(std::future::poll_fn(move |task: &mut TaskContext<'_>| {
            let mut desk = lock(&desk);
            let state = desk.requests.get(&id).map(|(_, state)| *state);
            match state.unwrap_or(ApprovalState::Expired) {
                ApprovalState::Pending => {
                    desk.wakers.push(task.waker().clone());
                    Poll::Pending
                }
                state => Poll::Ready(Ok(state)),
            }
        }))
    }

    fn redeem(&self, id: ApprovalId, binding: Binding) -> BoxFuture<'_, Result<bool, PortError>> {
        self.ready(|desk| match desk.requests.get_mut(&id) {
            Some((request, state))
                if *state == ApprovalState::Approved && request.binding == binding =>
            {
                *state = ApprovalState::Used;
                true
            }
            Some(_) | None => false,
        })
    }

    fn withdraw(&self, id: ApprovalId) -> BoxFuture<'_, Result<(), PortError>> {
        self.ready(|desk| {
            if let Some((_, state)) = desk.requests.get_mut(&id)
                && matches!(state, ApprovalState::Pending | ApprovalState::Approved)
            {
                *state = ApprovalState::Withdrawn;
            }
        })
    }

    fn denial(&self, id: ApprovalId) -> BoxFuture<'_, Result<Option<Denial>, PortError>> {
        self.ready(|desk| {
            let by = desk.approvers.get(&id)?.first()?.clone();
            Some(Denial {
                name: by.rsplit('|').next().unwrap_or_default().to_owned(),
                principal: by,
                comment: "not\nnow".to_owned(),
            })
        })
    }

    fn approvers(&self, id: ApprovalId) -> BoxFuture<'_, Result<Vec<String>, PortError>> {
        self.ready(|desk| desk.approvers.get(&id).cloned().unwrap_or_default())
    }
}

/// A gate on ports in memory, with handles to each of them.
pub struct Bench {
    /// The gate.
    pub gate: Arc<Gate>,
    /// Its rules, to be swapped.
    pub rules: SharedRules,
    /// Its journal.
    pub journal: Arc<MemoryJournal>,
    /// Its approvals.
    pub approvals: MemoryApprovals,
    /// Its clock.
    pub clock: Arc<FixedClock>,
}

impl Bench {
    /// Builds a gate on one policy file and one data catalog.
    ///
    /// # Panics
    /// When either does not load.
    pub fn new(policies: &str, catalog: &str, limits: Limits) -> Self {
        let rules = Arc::new(arc_swap::ArcSwap::from_pointee(rules(policies, catalog, 1)));
        let journal = Arc::new(MemoryJournal::default());
        let approvals = MemoryApprovals::default();
        let clock = Arc::new(FixedClock::default());
        let gate = Gate::new(GateParts {
            rules: Arc::clone(&rules),
            approvals: Arc::new(approvals.clone()),
            journal: Arc::clone(&journal) as Arc<dyn Journal>,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            limits,
            approvals_url: Some("https://gate.example/approvals".to_owned()),
        });
        Self {
            gate,
            rules,
            journal,
            approvals,
            clock,
        }
    }
}

/// Rules from one policy file and one data catalog.
///
/// # Panics
/// When either does not load.
#[expect(clippy::expect_used, reason = "test support")]
pub fn rules(policies: &str, catalog: &str, generation: u64) -> Rules {
    let files = [("test.cedar".to_owned(), policies.to_owned())];
    Rules {
        policies: policy::PolicySet::load(&files).expect("policies load"),
        labels: mask::DataCatalog::parse(catalog).expect("the data catalog loads"),
        generation,
    }
}

/// A person of these groups.
pub fn person(name: &str, groups: &[&str]) -> Principal {
    Principal {
        issuer: "https://id.example".to_owned(),
        subject: name.to_owned(),
        name: name.to_owned(),
        email: None,
        kind: PrincipalKind::Human,
        groups: groups.iter().map(|g| (*g).to_owned()).collect(),
        acts_for: None,
    }
}

/// An agent of these groups that acts for a person.
pub fn agent(name: &str, groups: &[&str], human: Principal) -> Principal {
    Principal {
        kind: PrincipalKind::Agent,
        acts_for: Some(Box::new(human)),
        ..person(name, groups)
    }
}

/// A login of a principal by an API key.
pub fn login(principal: Principal) -> Authenticated {
    Authenticated {
        credential: format!("key:{}", principal.name),
        principal,
        made_with: None,
        resource: None,
        end_with_token: None,
        claims: Vec::new(),
    }
}

/// The resource `orders` with database `shop`.
///
/// # Panics
/// Never: the name is legal.
#[expect(clippy::expect_used, reason = "test support")]
pub fn resource() -> Resource {
    Resource {
        name: ResourceName::new("orders").expect("a legal name"),
        protocol: "postgres".to_owned(),
        database: "shop".to_owned(),
        tags: Default::default(),
    }
}

/// A client on the loopback.
pub fn client() -> ClientInfo {
    ClientInfo {
        application: model::Application {
            name: "test".to_owned(),
            address: "127.0.0.1:5000".to_owned(),
        },
        login: "anyone".to_owned(),
        tls: "none".to_owned(),
    }
}

/// A query of these statements.
pub fn query(text: &str, statements: Vec<Statement>) -> Action {
    Action {
        kind: ActionKind::Query,
        text: text.into(),
        text_redacted: None,
        statements: statements.into(),
        parameters: Vec::new(),
        not_understood: None,
        analysis_key: 0,
        in_transaction: false,
        named: Vec::new(),
        literals: Vec::new(),
        delivered: None,
        ground: None,
    }
}
