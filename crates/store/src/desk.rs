//! Where people answer requests. Entitlement is `entitle`'s; this keeps the answers and settles the request.

use std::time::SystemTime;

use gate::desk::{Answer, AnswerError, ApprovalDesk, ApprovalView};
use gate::ports::{ApprovalRequest, ApprovalState, BoxFuture, PortError};
use model::{ApprovalId, Principal};
use rusqlite::{Connection, Transaction, params};

use crate::approvals::select;
use crate::database::Store;
use crate::engine::Engine;
use crate::error::Error;
use crate::texts::is_unreadable;
use crate::{entitle, row};

/// Requests listed at once, at most.
const LIST_MAX: usize = 1000;
/// Characters kept of an answer's comment.
const COMMENT_CHARS_MAX: usize = 2000;

impl ApprovalDesk for Store {
    fn list(
        &self,
        pending_only: bool,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<ApprovalView>, PortError>> {
        let limit = i64::try_from(limit.min(LIST_MAX)).unwrap_or(0);
        let condition = if pending_only {
            "WHERE state = 'pending' ORDER BY created DESC, rowid DESC LIMIT ?1"
        } else {
            "ORDER BY created DESC, rowid DESC LIMIT ?1"
        };
        self.call(move |engine| {
            engine.sweep()?;
            let found = select(engine, condition, [limit])?;
            found
                .into_iter()
                .map(|(request, state)| view(&engine.db, request, state))
                .collect()
        })
    }

    fn show<'a>(
        &'a self,
        ticket: &'a str,
    ) -> BoxFuture<'a, Result<Option<ApprovalView>, PortError>> {
        let name = ticket.trim().to_owned();
        self.call(move |engine| {
            engine.sweep()?;
            let found = match name.parse::<ApprovalId>() {
                Ok(id) => one(engine, id)?,
                Err(_) => {
                    select(engine, "WHERE ticket = ?1 COLLATE NOCASE", [name.as_str()])?.pop()
                }
            };
            found
                .map(|(request, state)| view(&engine.db, request, state))
                .transpose()
        })
    }

    fn answer<'a>(
        &'a self,
        id: ApprovalId,
        who: &'a Principal,
        approve: bool,
        comment: &'a str,
    ) -> BoxFuture<'a, Result<ApprovalState, AnswerError>> {
        let reply = Reply {
            who: who.clone(),
            approve,
            comment: comment.chars().take(COMMENT_CHARS_MAX).collect(),
        };
        let line = self.line().clone();
        Box::pin(async move {
            let taken = line.call(move |engine| answer(engine, id, &reply)).await;
            taken.map_err(PortError::from)?
        })
    }
}

struct Reply {
    who: Principal,
    approve: bool,
    comment: String,
}

type Taken = Result<ApprovalState, AnswerError>;

/// Pending requests take answers. An approved one that is not used yet still takes a denial, also from somebody who
/// approved it: a no that races with the release wins as long as nothing was released.
fn answer(engine: &mut Engine, id: ApprovalId, reply: &Reply) -> Result<Taken, Error> {
    engine.sweep()?;
    let Some((request, state)) = one(engine, id)? else {
        return Ok(Err(AnswerError::Unknown));
    };
    if let Err(reason) = entitle::check(&request, &reply.who) {
        return Ok(Err(AnswerError::NotEntitled { reason }));
    }
    if reply.approve && is_unreadable(&request) {
        return Ok(Err(AnswerError::Settled));
    }
    let takes = match state {
        ApprovalState::Pending => true,
        ApprovalState::Approved => !reply.approve,
        ApprovalState::Denied
        | ApprovalState::Expired
        | ApprovalState::Withdrawn
        | ApprovalState::Used => false,
    };
    if !takes {
        return Ok(Err(AnswerError::Settled));
    }
    let change = engine.db.transaction()?;
    if reply.approve && has_answered(&change, id, &reply.who)? {
        let reason = "you have answered this request already".to_owned();
        return Ok(Err(AnswerError::NotEntitled { reason }));
    }
    keep(&change, id, reply)?;
    let next = settle(&change, &request, reply.approve)?;
    change.commit()?;
    if next != ApprovalState::Pending {
        engine.wake(id, next);
    }
    Ok(Ok(next))
}

fn has_answered(change: &Transaction<'_>, id: ApprovalId, who: &Principal) -> Result<bool, Error> {
    let mut query =
        change.prepare_cached("SELECT 1 FROM answers WHERE approval = ?1 AND principal = ?2")?;
    Ok(query.exists(params![id.as_bytes(), who.key()])?)
}

fn keep(change: &Transaction<'_>, id: ApprovalId, reply: &Reply) -> Result<(), Error> {
    change.execute(
        "INSERT OR REPLACE INTO answers (approval, principal, who, approve, comment, time)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            id.as_bytes(),
            reply.who.key(),
            row::write_principal(&reply.who)?,
            reply.approve,
            reply.comment,
            row::write_time(SystemTime::now()),
        ],
    )?;
    Ok(())
}

fn settle(
    change: &Transaction<'_>,
    request: &ApprovalRequest,
    approve: bool,
) -> Result<ApprovalState, Error> {
    let next = if !approve {
        ApprovalState::Denied
    } else if entitle::is_met(request, &approvers(change, request.id)?) {
        ApprovalState::Approved
    } else {
        ApprovalState::Pending
    };
    change.execute(
        "UPDATE approvals SET state = ?2 WHERE id = ?1",
        params![request.id.as_bytes(), row::write_state(next)],
    )?;
    Ok(next)
}

fn approvers(db: &Connection, id: ApprovalId) -> Result<Vec<Principal>, Error> {
    let mut query =
        db.prepare_cached("SELECT who FROM answers WHERE approval = ?1 AND approve = 1")?;
    let texts = query.query_map(params![id.as_bytes()], |row| row.get::<_, String>(0))?;
    texts.map(|text| row::read_principal(&text?)).collect()
}

fn one(engine: &Engine, id: ApprovalId) -> Result<Option<(ApprovalRequest, ApprovalState)>, Error> {
    Ok(select(engine, "WHERE id = ?1", params![id.as_bytes()])?.pop())
}

fn view(
    db: &Connection,
    request: ApprovalRequest,
    state: ApprovalState,
) -> Result<ApprovalView, Error> {
    let mut query = db.prepare_cached(
        "SELECT principal, who, approve, comment, time FROM answers WHERE approval = ?1
         ORDER BY time, principal",
    )?;
    let mut rows = query.query(params![request.id.as_bytes()])?;
    let mut answers = Vec::new();
    while let Some(found) = rows.next()? {
        answers.push(Answer {
            principal: found.get(0)?,
            name: row::read_principal(&found.get::<_, String>(1)?)?.name,
            approve: found.get(2)?,
            comment: found.get(3)?,
            time: row::read_time(found.get(4)?),
        });
    }
    Ok(ApprovalView {
        request,
        state,
        answers,
    })
}
