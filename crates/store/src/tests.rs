//! Requests for approval from asking to use, over restarts and races.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gate::desk::{AnswerError, ApprovalDesk};
use gate::ports::{ApprovalRequest, ApprovalState, Approvals, Asked, Binding};
use model::{ApprovalId, Named, Principal, Reach, SessionId, Touched};
use policy::ApprovalRule;

use crate::Store;
use crate::entitle::tests::{agent, group, person, request};

struct Bench {
    folder: tempfile::TempDir,
    store: Arc<Store>,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store.db")).unwrap();
        Self { folder, store }
    }

    fn restart(self) -> Self {
        let Self { folder, store } = self;
        drop(store);
        let store = Store::open(&folder.path().join("store.db")).unwrap();
        Self { folder, store }
    }

    async fn ask(&self, rules: Vec<ApprovalRule>) -> ApprovalRequest {
        let asked = request(agent("bot", person("ana", &["dba"])), rules);
        self.put(&asked).await;
        asked
    }

    async fn ask_for(&self, life: Duration) -> ApprovalRequest {
        let mut asked = request(person("ana", &[]), vec![group("dba", 1)]);
        asked.expires = asked.created + life;
        self.put(&asked).await;
        asked
    }

    async fn put(&self, asked: &ApprovalRequest) {
        let made = self.store.ask(asked.clone(), 16).await.unwrap();
        assert_eq!(made, Asked::Made(asked.id));
    }

    /// Another session of the same principal asks the same.
    async fn again(&self, asked: &ApprovalRequest) -> Asked {
        let same = ApprovalRequest {
            id: ApprovalId::generate(),
            session: SessionId::generate(),
            ..asked.clone()
        };
        self.store.ask(same, 16).await.unwrap()
    }

    async fn say(&self, id: ApprovalId, who: Principal, yes: bool) -> Option<ApprovalState> {
        self.store.answer(id, &who, yes, "because").await.ok()
    }

    async fn state(&self, id: ApprovalId) -> ApprovalState {
        let view = self.store.show(&id.to_string()).await.unwrap();
        view.unwrap().state
    }
}

fn dba(name: &str) -> Principal {
    person(name, &["dba"])
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(10);
    tokio::time::timeout(limit, future).await.unwrap()
}

#[tokio::test]
async fn an_approval_is_used_exactly_once() {
    let bench = Bench::new();
    let asked = bench.ask(vec![group("dba", 1)]).await;
    let other = Binding([8; 32]);
    assert!(!bench.store.redeem(asked.id, asked.binding).await.unwrap());
    let settled = bench.store.settled(asked.id);
    let (state, said) = tokio::join!(settled, bench.say(asked.id, dba("ben"), true));
    assert_eq!(state.unwrap(), ApprovalState::Approved);
    assert_eq!(said, Some(ApprovalState::Approved));
    assert!(!bench.store.redeem(asked.id, other).await.unwrap());
    let both = tokio::join!(
        bench.store.redeem(asked.id, asked.binding),
        bench.store.redeem(asked.id, asked.binding)
    );
    assert_eq!((both.0.unwrap(), both.1.unwrap()), (true, false));
    assert_eq!(bench.state(asked.id).await, ApprovalState::Used);
    assert!(matches!(bench.again(&asked).await, Asked::Made(_)));
    let approvers = bench.store.approvers(asked.id).await.unwrap();
    assert_eq!(approvers, [dba("ben").key()]);
}

#[tokio::test]
async fn a_quorum_needs_distinct_people() {
    let bench = Bench::new();
    let asked = bench.ask(vec![group("dba", 2)]).await;
    let pending = Some(ApprovalState::Pending);
    assert_eq!(bench.say(asked.id, dba("ben"), true).await, pending);
    assert_eq!(bench.say(asked.id, dba("ben"), true).await, None);
    assert_eq!(bench.say(asked.id, dba("ana"), true).await, None);
    assert_eq!(bench.say(asked.id, dba("bot"), true).await, None);
    assert_eq!(bench.state(asked.id).await, ApprovalState::Pending);
    let approved = Some(ApprovalState::Approved);
    assert_eq!(bench.say(asked.id, dba("cyd"), true).await, approved);
    let view = bench.store.show(&asked.id.ticket()).await.unwrap().unwrap();
    assert_eq!(view.answers.len(), 2);
    assert!(
        view.answers
            .iter()
            .all(|answer| answer.comment == "because")
    );
}

#[tokio::test]
async fn a_denial_settles_and_wins_over_an_unused_approval() {
    let bench = Bench::new();
    let denied = Some(ApprovalState::Denied);
    let asked = bench.ask(vec![group("dba", 1)]).await;
    assert_eq!(bench.say(asked.id, person("eve", &[]), false).await, None);
    assert_eq!(
        bench.say(asked.id, dba("ben"), true).await,
        Some(ApprovalState::Approved)
    );
    assert_eq!(bench.say(asked.id, dba("ben"), false).await, denied);
    assert!(!bench.store.redeem(asked.id, asked.binding).await.unwrap());
    let again = bench.store.answer(asked.id, &dba("cyd"), true, "").await;
    assert!(matches!(again, Err(AnswerError::Settled)));
    let found = bench.again(&asked).await;
    assert_eq!(found, Asked::Known(asked.id, ApprovalState::Denied));
    let denial = bench.store.denial(asked.id).await.unwrap().unwrap();
    assert_eq!(
        (denial.principal, denial.comment.as_str()),
        (dba("ben").key(), "because")
    );

    let used = bench.ask(vec![group("dba", 1)]).await;
    bench.say(used.id, dba("ben"), true).await;
    assert!(bench.store.redeem(used.id, used.binding).await.unwrap());
    let late = bench.store.answer(used.id, &dba("cyd"), false, "").await;
    assert!(matches!(late, Err(AnswerError::Settled)));
}

#[tokio::test]
async fn the_owner_answers_for_an_agent_only_where_the_rule_says_so() {
    let bench = Bench::new();
    let by_group = bench.ask(vec![group("dba", 1)]).await;
    assert_eq!(bench.say(by_group.id, dba("ana"), true).await, None);
    let by_owner = bench.ask(vec![ApprovalRule::Owner]).await;
    let approved = Some(ApprovalState::Approved);
    assert_eq!(bench.say(by_owner.id, dba("ana"), true).await, approved);
}

#[tokio::test]
async fn a_restart_loses_nothing() {
    let bench = Bench::new();
    let pending = bench.ask(vec![group("dba", 2)]).await;
    bench.say(pending.id, dba("ben"), true).await;
    let bench = bench.restart();
    let view = bench.store.show(&pending.id.ticket().to_lowercase()).await;
    let kept = view.unwrap().unwrap().request;
    assert_eq!(kept.statement, pending.statement);
    assert_eq!(kept.parameters, pending.parameters);
    assert_eq!(kept.requester, pending.requester);
    assert_eq!(kept.rules, pending.rules);
    let settled = bench.store.settled(pending.id);
    let (state, _) = tokio::join!(settled, bench.say(pending.id, dba("cyd"), true));
    assert_eq!(state.unwrap(), ApprovalState::Approved);
    let bench = bench.restart();
    assert!(
        bench
            .store
            .redeem(pending.id, pending.binding)
            .await
            .unwrap()
    );
    let bench = bench.restart();
    assert!(
        !bench
            .store
            .redeem(pending.id, pending.binding)
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn requests_lapse_by_themselves() {
    let bench = Bench::new();
    let asked = bench.ask_for(Duration::from_millis(30)).await;
    let state = within(bench.store.settled(asked.id)).await.unwrap();
    assert_eq!(state, ApprovalState::Expired);
    let late = bench.store.answer(asked.id, &dba("ben"), true, "").await;
    assert!(matches!(late, Err(AnswerError::Settled)));
    assert!(matches!(bench.again(&asked).await, Asked::Made(_)));
}

#[tokio::test]
async fn an_approval_lapses_unused() {
    let bench = Bench::new();
    let asked = bench.ask_for(Duration::from_millis(300)).await;
    let said = bench.say(asked.id, dba("ben"), true).await;
    assert_eq!(said, Some(ApprovalState::Approved));
    within(async {
        while bench.state(asked.id).await != ApprovalState::Expired {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(!bench.store.redeem(asked.id, asked.binding).await.unwrap());
}

#[tokio::test]
async fn what_lapsed_while_we_were_down_is_expired_at_start() {
    let bench = Bench::new();
    let asked = bench.ask_for(Duration::from_millis(1)).await;
    within(async {
        while SystemTime::now() < asked.expires {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let bench = bench.restart();
    assert_eq!(bench.state(asked.id).await, ApprovalState::Expired);
}

#[tokio::test]
async fn a_withdrawn_request_wakes_its_waiter_and_takes_no_answer() {
    let bench = Bench::new();
    let asked = bench.ask(vec![group("dba", 1)]).await;
    let settled = bench.store.settled(asked.id);
    let (state, done) = tokio::join!(settled, bench.store.withdraw(asked.id));
    assert_eq!(state.unwrap(), ApprovalState::Withdrawn);
    done.unwrap();
    assert_eq!(bench.say(asked.id, dba("ben"), true).await, None);
}

#[tokio::test]
async fn lists_newest_first_and_pending_only_when_asked() {
    let bench = Bench::new();
    let first = bench.ask(vec![group("dba", 1)]).await;
    let second = bench.ask(vec![group("dba", 1)]).await;
    bench.store.withdraw(first.id).await.unwrap();
    let desk: &dyn ApprovalDesk = bench.store.as_ref();
    let ids = async |pending, limit| -> Vec<ApprovalId> {
        let views = desk.list(pending, limit).await.unwrap();
        views.iter().map(|view| view.request.id).collect()
    };
    assert_eq!(ids(false, 10).await, [second.id, first.id]);
    assert_eq!(ids(false, 1).await, [second.id]);
    assert_eq!(ids(true, 10).await, [second.id]);
}

#[tokio::test]
async fn unknown_names_find_nothing() {
    let bench = Bench::new();
    for name in ["", "T-", "T-0000000000", "%", "T-%", "nonsense"] {
        assert!(bench.store.show(name).await.unwrap().is_none(), "{name}");
    }
    let nobody = ApprovalId::generate();
    assert!(bench.store.settled(nobody).await.is_err());
    let answer = bench.store.answer(nobody, &dba("ben"), true, "").await;
    assert!(matches!(answer, Err(AnswerError::Unknown)));
}

#[tokio::test]
async fn abandoned_waiters_do_not_pile_up() {
    let bench = Bench::new();
    let asked = bench.ask(vec![group("dba", 1)]).await;
    let id = asked.id;
    for _ in 0..100 {
        let brief = Duration::from_millis(1);
        let left = tokio::time::timeout(brief, bench.store.settled(id)).await;
        assert!(left.is_err());
    }
    let waiting = bench.store.call(move |engine| Ok(engine.waiting(id)));
    assert!(waiting.await.unwrap() <= 2);
}

#[tokio::test]
async fn each_session_that_waits_has_a_request_of_its_own() {
    let bench = Bench::new();
    let first = bench.ask(vec![group("dba", 1)]).await;
    let Asked::Made(second) = bench.again(&first).await else {
        panic!("the first one's session is about to wait for it");
    };
    let same = bench.store.ask(first.clone(), 16).await.unwrap();
    assert_eq!(same, Asked::Known(first.id, ApprovalState::Pending));
    // Both wait; whoever leaves takes only their own request along.
    let mut waiting = [bench.store.settled(first.id), bench.store.settled(second)];
    for wait in &mut waiting {
        let mut polled = std::pin::pin!(std::future::poll_fn(|cx| {
            assert!(wait.as_mut().poll(cx).is_pending());
            std::task::Poll::Ready(())
        }));
        polled.as_mut().await;
    }
    assert!(matches!(bench.again(&first).await, Asked::Made(_)));
    let [gone, stays] = waiting;
    drop(gone);
    bench.store.withdraw(first.id).await.unwrap();
    assert_eq!(bench.state(second).await, ApprovalState::Pending);
    bench.say(second, dba("ben"), true).await;
    assert_eq!(within(stays).await.unwrap(), ApprovalState::Approved);
    assert!(bench.store.redeem(second, first.binding).await.unwrap());
}

#[tokio::test]
async fn a_ticket_is_found_again_by_the_next_session() {
    let bench = Bench::new();
    let asked = bench.ask(vec![group("dba", 1)]).await;
    // The session waited, and handed the ticket out.
    let limit = Duration::from_millis(1);
    assert!(
        tokio::time::timeout(limit, bench.store.settled(asked.id))
            .await
            .is_err()
    );
    let found = bench.again(&asked).await;
    assert_eq!(found, Asked::Known(asked.id, ApprovalState::Pending));
}

#[tokio::test]
async fn open_requests_are_counted_as_they_are_made() {
    let bench = Bench::new();
    let asked = bench.ask(vec![group("dba", 1)]).await;
    let other = request(asked.requester.clone(), vec![group("dba", 1)]);
    let refused = bench.store.ask(other.clone(), 1).await.unwrap();
    assert_eq!(refused, Asked::TooMany);
    bench.store.withdraw(asked.id).await.unwrap();
    let made = bench.store.ask(other.clone(), 1).await.unwrap();
    assert_eq!(made, Asked::Made(other.id));
}

#[tokio::test]
async fn who_leaves_takes_an_unused_approval_along() {
    let bench = Bench::new();
    let asked = bench.ask(vec![group("dba", 1)]).await;
    bench.say(asked.id, dba("ben"), true).await;
    bench.store.withdraw(asked.id).await.unwrap();
    assert_eq!(bench.state(asked.id).await, ApprovalState::Withdrawn);
    assert!(!bench.store.redeem(asked.id, asked.binding).await.unwrap());
}

#[tokio::test]
async fn what_approvers_see_survives_a_restart() {
    let bench = Bench::new();
    let mut asked = request(person("ana", &[]), vec![group("dba", 1)]);
    asked.named = vec![Named {
        name: "prepared statement p".to_owned(),
        text: "DELETE FROM orders WHERE id = 7".to_owned(),
        text_redacted: "DELETE FROM orders WHERE id = <redacted>".to_owned(),
    }];
    asked.reach = Reach {
        tables: vec![Touched {
            table: "public.orders".to_owned(),
            kind: "table".to_owned(),
            does: vec!["delete".to_owned()],
            rows: Some(6_000),
            whole: true,
            through: vec!["ON DELETE CASCADE of public.customers".to_owned()],
            triggers: vec!["public.audit() after delete, for each row".to_owned()],
        }],
        notes: vec!["a note".to_owned()],
        identity: String::new(),
    };
    bench.put(&asked).await;
    let bench = bench.restart();
    let view = bench.store.show(&asked.id.ticket()).await.unwrap().unwrap();
    assert_eq!(view.request.reach, asked.reach);
    assert_eq!(view.request.named, asked.named);
}
