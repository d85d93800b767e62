//! Admitting an action that people must agree to: found, asked for, looked at again, used or refused.
//!
//! Must never let an action go: what was approved goes back the way of what is allowed.

use std::sync::Arc;

use model::{Action, ApprovalId, Outcome, Refusal, RefusalKind};

use super::{
    Admission, Hold, HoldNotice, Session, State, Waiting, out_of_turn, overruled, unrecorded,
};
use crate::hold::{self, Found};
use crate::judge::Judged;
use crate::permit::Verdict;
use crate::ports::{ApprovalState, Denial};
use crate::record::{self, Redeemed};
use crate::words;

impl Session {
    /// Asks the store whether exactly this was approved, and asks people if not.
    pub(super) fn find(&mut self, action: Arc<Action>, judged: Arc<Judged>) -> Admission {
        let parts = &self.seat.gate.parts;
        let asker = self.asker();
        let reach = hold::reach(&action);
        let binding = hold::bind(asker, &action, &judged, &reach);
        let terms = (parts.clock.now(), &parts.limits);
        let request = hold::request(
            self.seat.id,
            asker,
            &action,
            &judged,
            (binding, reach),
            terms,
        );
        let approvals = Arc::clone(&parts.approvals);
        let pending_max = parts.limits.approvals_pending_max;
        let future = hold::find_or_request(approvals, request, pending_max);
        self.state = State::Finding(Waiting {
            action,
            judged,
            binding,
        });
        Admission::Asking(Box::pin(future))
    }

    pub(super) fn found(&mut self, waiting: Waiting, found: Found) -> Admission {
        match found {
            Found::Approved(id) => {
                self.state = State::Held(waiting, id);
                Admission::Approved
            }
            Found::Redeemed(redeemed) => self.redeemed(&waiting, &redeemed),
            Found::Waiting(id, is_new) => self.hold(waiting, id, is_new),
            Found::Denied(id, denial) => self.disapprove(&waiting, id, denial.as_ref()),
            Found::Gone(id) => self.settle(&waiting, id, ApprovalState::Used),
            Found::Withdrawn => self.end(out_of_turn()),
            Found::TooMany => {
                let message = "too many of your requests for approval are open";
                let mut refusal = Refusal::new(RefusalKind::Limit, message);
                refusal.hint = Some("wait until some are answered, or withdraw them".to_owned());
                let judged = overruled(&waiting.judged, "portcullis.approvals-max", &message);
                self.deny(&waiting.action, &judged, refusal)
            }
        }
    }

    pub(super) fn redeemed(&mut self, waiting: &Waiting, redeemed: &Redeemed) -> Admission {
        let actor = redeemed.approvers.join(", ");
        if let Err(error) = self.write_approval(redeemed.id, "redeemed", &actor) {
            return self.end(unrecorded(&error));
        }
        self.enter(&waiting.action, &waiting.judged, Some(redeemed))
    }

    pub(super) fn hold(&mut self, waiting: Waiting, id: ApprovalId, is_new: bool) -> Admission {
        let requester = self.seat.login.principal.key();
        let state = if is_new { "requested" } else { "waiting" };
        let written = self
            .write(&waiting.action, &waiting.judged, Outcome::Hold)
            .and_then(|()| self.write_approval(id, state, &requester));
        if let Err(error) = written {
            return self.end(unrecorded(&error));
        }
        let parts = &self.seat.gate.parts;
        let wait = match waiting.action.in_transaction {
            true => parts.limits.hold_wait_in_transaction,
            false => parts.limits.hold_wait,
        };
        let who = words::who(&waiting.judged.approvals);
        let hint = match &parts.approvals_url {
            Some(url) => format!("{who} can approve it at {url}"),
            None => format!("{who} can approve it"),
        };
        let hold = Hold {
            approval: id,
            notice: HoldNotice {
                message: format!("waiting for approval, ticket {}", id.ticket()),
                hint,
            },
            wait,
            settled: parts.approvals.settled(id),
        };
        self.state = State::Held(waiting, id);
        Admission::Held(hold)
    }

    /// Approved: the same question is put to the rules of now, about the action as it would run now.
    pub(super) fn recheck(
        &mut self,
        waiting: &Waiting,
        id: ApprovalId,
        action: Arc<Action>,
    ) -> Admission {
        let judged = self.judge(&action);
        if judged.outcome == Outcome::Deny {
            let refusal = words::denied(&action, &judged);
            return self.deny(&action, &judged, refusal);
        }
        // A rule that asks for fewer people, or none any more, does not undo what these people approved; what
        // they approved must still be all there is to it.
        let as_asked = Judged {
            approvals: waiting.judged.approvals.clone(),
            ..overruled(&judged, "", &"")
        };
        let rules = match judged.outcome {
            Outcome::Hold => &*judged,
            Outcome::Allow | Outcome::Deny => &as_asked,
        };
        let reach = hold::reach(&action);
        if hold::bind(self.asker(), &action, rules, &reach) != waiting.binding {
            let message =
                "what was approved is no longer what would run: rules or definitions changed";
            let judged = overruled(&judged, "portcullis.approval-void", &message);
            let mut refusal = words::unapproved(RefusalKind::Denied, id, message);
            refusal.hint = Some("run the statement again to ask anew".to_owned());
            return self.deny(&action, &judged, refusal);
        }
        let approvals = Arc::clone(&self.seat.gate.parts.approvals);
        let future = hold::redeem(approvals, id, waiting.binding);
        self.state = State::Finding(Waiting {
            action,
            judged,
            binding: waiting.binding,
        });
        Admission::Asking(Box::pin(future))
    }

    pub(super) fn hand_out_ticket(&mut self, waiting: &Waiting, id: ApprovalId) -> Admission {
        if let Err(error) = self.write_approval(id, "ticket", "portcullis") {
            return self.end(unrecorded(&error));
        }
        let url = self.seat.gate.parts.approvals_url.as_deref();
        let refusal = words::ticket(id, &waiting.judged.approvals, url);
        self.refuse(refusal)
    }

    pub(super) fn withdraw(&mut self, waiting: &Waiting, id: ApprovalId) -> Admission {
        let requester = self.seat.login.principal.key();
        let approvals = Arc::clone(&self.seat.gate.parts.approvals);
        let refusal = words::unapproved(
            RefusalKind::Withdrawn,
            id,
            "the request for approval was withdrawn",
        );
        let judged = overruled(&waiting.judged, "portcullis.withdrawn", &refusal.message);
        let written = self
            .write_approval(id, "withdrawn", &requester)
            .and_then(|()| self.write(&waiting.action, &judged, Outcome::Deny));
        // Withdrawn in the store even when it cannot be recorded: an approval must not outlive its asker.
        self.state = State::Withdrawing(match written {
            Ok(()) => Verdict::Refuse {
                sequence: self.sequence,
                refusal,
            },
            Err(error) => Verdict::End(unrecorded(&error)),
        });
        Admission::Asking(Box::pin(hold::withdraw(approvals, id)))
    }

    /// People said no: the client is told in their words.
    pub(super) fn disapprove(
        &mut self,
        waiting: &Waiting,
        id: ApprovalId,
        denial: Option<&Denial>,
    ) -> Admission {
        let refusal = words::disapproved(id, denial);
        let (actor, comment) = denial.map_or(("portcullis", ""), |denial| {
            (denial.principal.as_str(), denial.comment.as_str())
        });
        let event = record::answered(self.now(), self.sequence, id, "denied", (actor, comment));
        if let Err(error) = self.append(&event) {
            return self.end(unrecorded(&error));
        }
        let judged = overruled(&waiting.judged, "portcullis.not-approved", &refusal.message);
        self.deny(&waiting.action, &judged, refusal)
    }

    /// The request ended without an approval to use.
    pub(super) fn settle(
        &mut self,
        waiting: &Waiting,
        id: ApprovalId,
        state: ApprovalState,
    ) -> Admission {
        let (kind, word, message) = match state {
            ApprovalState::Denied => return self.disapprove(waiting, id, None),
            ApprovalState::Expired => (
                RefusalKind::Expired,
                "expired",
                "the request for approval lapsed",
            ),
            ApprovalState::Withdrawn => (
                RefusalKind::Withdrawn,
                "withdrawn",
                "the request for approval was withdrawn",
            ),
            ApprovalState::Used | ApprovalState::Approved => (
                RefusalKind::Expired,
                "gone",
                "the approval was used elsewhere or has lapsed",
            ),
            ApprovalState::Pending => return self.hand_out_ticket(waiting, id),
        };
        let mut refusal = words::unapproved(kind, id, message);
        if kind == RefusalKind::Expired {
            refusal.hint = Some("run the statement again to ask anew".to_owned());
        }
        if let Err(error) = self.write_approval(id, word, "portcullis") {
            return self.end(unrecorded(&error));
        }
        let judged = overruled(&waiting.judged, "portcullis.not-approved", &message);
        self.deny(&waiting.action, &judged, refusal)
    }
}
