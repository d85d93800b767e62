//! Looking at requests for approval and answering them.
//!
//! Never shows a request to somebody who has nothing to do with it, nor values that the viewer may not see.

use contract::ErrorCode;
use gate::desk::{AnswerError, ApprovalView};
use gate::ports::ApprovalState;
use model::Principal;
use policy::ApprovalRule;

use crate::caller::{Caller, Permission};
use crate::convert::state_name;
use crate::failure::Failure;
use crate::shared::Shared;

/// Requests looked at for one list.
const SCANNED_MAX: usize = 500;
/// Bytes of a comment.
pub(crate) const COMMENT_BYTES_MAX: usize = 2_000;
/// What stands for a value that the viewer may not see.
const WITHHELD: &str = "<redacted>";

/// A request as one viewer may see it.
pub(crate) struct Seen {
    /// The request; `statement` and `parameters` already cut down to what the viewer may see.
    pub view: ApprovalView,
    /// Whether anything was taken out.
    pub redacted: bool,
    /// Whether it looks as if the viewer could answer; the desk decides.
    pub may_answer: bool,
}

/// Requests that concern the caller, newest first.
pub(crate) async fn list(
    shared: &Shared,
    caller: &Caller,
    pending_only: bool,
    limit: usize,
) -> Result<Vec<Seen>, Failure> {
    let views = shared.parts.desk.list(pending_only, SCANNED_MAX).await?;
    let sees_all = sees_all(shared, caller);
    let mine = views
        .into_iter()
        .filter(|view| sees_all || concerns(view, caller.principal()));
    Ok(mine
        .take(limit)
        .map(|view| disclose(shared, caller, view))
        .collect())
}

/// One request. Showing values that others would not see is itself recorded.
pub(crate) async fn show(shared: &Shared, caller: &Caller, ticket: &str) -> Result<Seen, Failure> {
    let view = find(shared, caller, ticket).await?;
    let carries_values = carries_values(&view);
    let seen = disclose(shared, caller, view);
    if carries_values && !seen.redacted {
        let fields = vec![
            ("approval", seen.view.request.id.to_string()),
            ("ticket", seen.view.request.id.ticket()),
        ];
        shared
            .record(caller.principal().key(), "approval.revealed", fields)
            .await?;
    }
    Ok(seen)
}

/// Takes an answer: into the journal first, then to the desk.
pub(crate) async fn answer(
    shared: &Shared,
    caller: &Caller,
    ticket: &str,
    binding: &str,
    approve: bool,
    comment: &str,
) -> Result<Seen, Failure> {
    if comment.len() > COMMENT_BYTES_MAX {
        return Err(Failure::invalid(format!(
            "a comment has at most {COMMENT_BYTES_MAX} bytes"
        )));
    }
    let view = find(shared, caller, ticket).await?;
    let request = &view.request;
    if !binding.eq_ignore_ascii_case(&ledger::Hex(&request.binding.0).to_string()) {
        return Err(
            Failure::new(ErrorCode::Conflict, "the answer is not for what was shown")
                .hint("look at the request again, then answer"),
        );
    }
    // A no may still come after the yes, as long as nothing ran.
    let takes = match view.state {
        ApprovalState::Pending => true,
        ApprovalState::Approved => !approve,
        ApprovalState::Denied
        | ApprovalState::Expired
        | ApprovalState::Withdrawn
        | ApprovalState::Used => false,
    };
    if !takes {
        return Err(AnswerError::Settled.into());
    }
    let id = request.id;
    let (who, ticket) = (caller.principal(), id.ticket());
    let particulars = |outcome: (&'static str, String)| {
        vec![
            ("approval", id.to_string()),
            ("ticket", ticket.clone()),
            ("session", request.session.to_string()),
            ("binding", ledger::Hex(&request.binding.0).to_string()),
            (
                "answer",
                if approve { "approve" } else { "deny" }.to_owned(),
            ),
            ("credential", caller.login.credential.clone()),
            outcome,
        ]
    };
    let asked = particulars(("comment", comment.to_owned()));
    shared.record(who.key(), "approval.answered", asked).await?;
    match shared.parts.desk.answer(id, who, approve, comment).await {
        Ok(state) => {
            tracing::info!(%ticket, who = %who.key(), approve, state = state_name(state), "an approval was answered")
        }
        Err(error) => {
            let refused = particulars(("error", error.to_string()));
            shared
                .record(who.key(), "approval.answer_refused", refused)
                .await?;
            return Err(error.into());
        }
    }
    let view = find(shared, caller, &id.to_string()).await?;
    Ok(disclose(shared, caller, view))
}

async fn find(shared: &Shared, caller: &Caller, ticket: &str) -> Result<ApprovalView, Failure> {
    let is_ticket = ticket.len() <= 64
        && ticket
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let found = if is_ticket {
        shared.parts.desk.show(ticket).await?
    } else {
        None
    };
    found
        .filter(|view| concerns(view, caller.principal()) || sees_all(shared, caller))
        .ok_or_else(|| Failure::not_found("request"))
}

fn sees_all(shared: &Shared, caller: &Caller) -> bool {
    let rules = &shared.parts.rules;
    caller.may(Permission::Approve, rules) || caller.may(Permission::Administer, rules)
}

/// Whether somebody asked, is acted for, or is asked to answer.
fn concerns(view: &ApprovalView, who: &Principal) -> bool {
    is_requester(view, who) || is_owner(view, who) || is_asked(view, who)
}

fn is_requester(view: &ApprovalView, who: &Principal) -> bool {
    view.request.requester.key() == who.key()
}

fn is_owner(view: &ApprovalView, who: &Principal) -> bool {
    let human = view.request.requester.acts_for.as_deref();
    human.is_some_and(|human| human.key() == who.key())
}

fn is_asked(view: &ApprovalView, who: &Principal) -> bool {
    view.request.rules.iter().any(|rule| match rule {
        ApprovalRule::Group { group, .. } => who.groups.contains(group),
        ApprovalRule::Owner => is_owner(view, who),
    })
}

/// Whether the texts hold values that not everybody may see.
fn carries_values(view: &ApprovalView) -> bool {
    let request = &view.request;
    request.statement != request.statement_redacted
        || request
            .named
            .iter()
            .any(|one| one.text != one.text_redacted)
}

/// Cuts a request down to what the viewer may see. The whole text is for who wrote it and for administrators of
/// the gateway; everybody else gets it without values of labelled columns.
fn disclose(shared: &Shared, caller: &Caller, mut view: ApprovalView) -> Seen {
    let who = caller.principal();
    let is_asked = is_asked(&view, who) && !is_requester(&view, who);
    let may_answer = view.state == ApprovalState::Pending && is_asked;
    let sees_values =
        is_requester(&view, who) || caller.may(Permission::Administer, &shared.parts.rules);
    let carries = carries_values(&view);
    let request = &mut view.request;
    let mut redacted = false;
    if !sees_values && carries {
        request.statement.clone_from(&request.statement_redacted);
        for named in &mut request.named {
            named.text.clone_from(&named.text_redacted);
        }
        for value in request.parameters.iter_mut().flatten() {
            WITHHELD.clone_into(value);
        }
        redacted = true;
    }
    redacted |= request.parameters.iter().flatten().any(|p| p == WITHHELD);
    Seen {
        view,
        redacted,
        may_answer,
    }
}
