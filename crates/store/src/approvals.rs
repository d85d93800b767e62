//! Requests for approval: asked, awaited, used once. Never decides who may answer; that is `entitle`.

use gate::ports::{
    ApprovalRequest, ApprovalState, Approvals, Asked, Binding, BoxFuture, Denial, PortError,
};
use model::{ApprovalId, ResourceName, SessionId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::database::Store;
use crate::engine::Engine;
use crate::error::Error;
use crate::texts::{Columns, Texts};
use crate::{oneshot, row};

const COLUMNS: &str = "id, binding, session, requester, resource, database, statement, \
    statement_redacted, parameters, effects, reasons, rules, created, expires, state, named, reach";

impl Approvals for Store {
    fn ask(
        &self,
        request: ApprovalRequest,
        pending_max: usize,
    ) -> BoxFuture<'_, Result<Asked, PortError>> {
        self.call(move |engine| ask(engine, &request, pending_max))
    }

    fn settled(&self, id: ApprovalId) -> BoxFuture<'static, Result<ApprovalState, PortError>> {
        let line = self.line().clone();
        Box::pin(async move {
            let (waiter, settled) = oneshot::channel();
            line.call(move |engine| {
                engine.sweep()?;
                match state_of(&engine.db, id)? {
                    Some(ApprovalState::Pending) => engine.wait_for(id, waiter),
                    Some(state) => waiter.send(state),
                    None => return Err(Error::Unknown),
                }
                Ok(())
            })
            .await?;
            Ok(settled.await.ok_or(Error::Stopped)?)
        })
    }

    fn redeem(&self, id: ApprovalId, binding: Binding) -> BoxFuture<'_, Result<bool, PortError>> {
        self.call(move |engine| {
            engine.sweep()?;
            if !engine.is_live(id) {
                return Ok(false);
            }
            let used = engine.db.execute(
                "UPDATE approvals SET state = 'used'
                 WHERE id = ?1 AND binding = ?2 AND state = 'approved'",
                params![id.as_bytes(), binding.0],
            )? == 1;
            if used {
                engine.unfollow(id);
            }
            Ok(used)
        })
    }

    fn withdraw(&self, id: ApprovalId) -> BoxFuture<'_, Result<(), PortError>> {
        self.call(move |engine| {
            engine.sweep()?;
            let withdrawn = engine.db.execute(
                "UPDATE approvals SET state = 'withdrawn'
                 WHERE id = ?1 AND state IN ('pending', 'approved')",
                params![id.as_bytes()],
            )? == 1;
            if withdrawn {
                engine.unfollow(id);
                engine.wake(id, ApprovalState::Withdrawn);
            }
            Ok(())
        })
    }

    fn denial(&self, id: ApprovalId) -> BoxFuture<'_, Result<Option<Denial>, PortError>> {
        self.call(move |engine| {
            let mut query = engine.db.prepare_cached(
                "SELECT principal, who, comment FROM answers WHERE approval = ?1 AND approve = 0
                 ORDER BY time DESC, principal LIMIT 1",
            )?;
            let mut rows = query.query(params![id.as_bytes()])?;
            let Some(found) = rows.next()? else {
                return Ok(None);
            };
            Ok(Some(Denial {
                principal: found.get(0)?,
                name: row::read_principal(&found.get::<_, String>(1)?)?.name,
                comment: found.get(2)?,
            }))
        })
    }

    fn approvers(&self, id: ApprovalId) -> BoxFuture<'_, Result<Vec<String>, PortError>> {
        self.call(move |engine| {
            let mut query = engine.db.prepare_cached(
                "SELECT principal FROM answers WHERE approval = ?1 AND approve = 1
                 ORDER BY time, principal",
            )?;
            let keys = query.query_map(params![id.as_bytes()], |row| row.get(0))?;
            Ok(keys.collect::<Result<Vec<String>, _>>()?)
        })
    }
}

fn ask(engine: &mut Engine, request: &ApprovalRequest, pending_max: usize) -> Result<Asked, Error> {
    if let Some((id, state)) = find(engine, request)? {
        return Ok(Asked::Known(id, state));
    }
    let open: i64 = engine.db.query_row(
        "SELECT count(*) FROM approvals WHERE state = 'pending' AND requester_key = ?1",
        [request.requester.key()],
        |row| row.get(0),
    )?;
    if usize::try_from(open).unwrap_or(usize::MAX) >= pending_max {
        return Ok(Asked::TooMany);
    }
    insert(engine, request)?;
    engine.expect_waiter(request.id);
    Ok(Asked::Made(request.id))
}

/// The live request that counts for the session that asks. One that another session waits for now is not: were it
/// shared, the other's leaving would withdraw it, and of two that wait one would be told that it was used.
fn find(
    engine: &mut Engine,
    asked: &ApprovalRequest,
) -> Result<Option<(ApprovalId, ApprovalState)>, Error> {
    engine.sweep()?;
    let mut live = Vec::new();
    {
        let mut query = engine.db.prepare_cached(
            "SELECT id, state, session FROM approvals
             WHERE binding = ?1 AND state IN ('pending', 'approved', 'denied')
             ORDER BY created DESC, rowid DESC LIMIT 64",
        )?;
        let mut rows = query.query(params![asked.binding.0])?;
        while let Some(found) = rows.next()? {
            let session = SessionId::from_bytes(read_blob(found, 2)?);
            live.push((read_id(found, 0)?, read_state(found, 1)?, session));
        }
    }
    live.retain(|(id, _, _)| engine.is_live(*id));
    // A no stands before a yes, and both before a question.
    let of = |wanted| live.iter().find(|(_, state, _)| *state == wanted);
    for settled in [ApprovalState::Denied, ApprovalState::Approved] {
        if let Some((id, state, _)) = of(settled) {
            return Ok(Some((*id, *state)));
        }
    }
    for (id, state, session) in &live {
        if *session == asked.session || !engine.is_awaited(*id) {
            return Ok(Some((*id, *state)));
        }
    }
    Ok(None)
}

fn insert(engine: &mut Engine, request: &ApprovalRequest) -> Result<(), Error> {
    let columns = engine.texts.write(request)?;
    engine.db.execute(
        "INSERT INTO approvals (id, ticket, binding, session, requester, requester_key, resource,
             database, statement, statement_redacted, parameters, effects, reasons, rules, created,
             expires, named, reach, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
             'pending')",
        params![
            request.id.as_bytes(),
            request.id.ticket(),
            request.binding.0,
            request.session.as_bytes(),
            row::write_principal(&request.requester)?,
            request.requester.key(),
            request.resource.as_str(),
            request.database,
            columns.statement,
            columns.statement_redacted,
            columns.parameters,
            row::write_json(&request.effects, "effects")?,
            row::write_json(&request.reasons, "reasons")?,
            row::write_rules(&request.rules)?,
            row::write_time(request.created),
            row::write_time(request.expires),
            columns.named,
            row::write_reach(&request.reach)?,
        ],
    )?;
    engine.follow(request.id, request.created, request.expires);
    Ok(())
}

/// The state of a request; `None` when there is none.
pub(crate) fn state_of(db: &Connection, id: ApprovalId) -> Result<Option<ApprovalState>, Error> {
    let word: Option<String> = db
        .query_row(
            "SELECT state FROM approvals WHERE id = ?1",
            params![id.as_bytes()],
            |row| row.get(0),
        )
        .optional()?;
    word.map(|word| row::read_state(&word)).transpose()
}

/// Requests that a condition selects, newest first.
pub(crate) fn select(
    engine: &Engine,
    condition: &str,
    values: impl rusqlite::Params,
) -> Result<Vec<(ApprovalRequest, ApprovalState)>, Error> {
    let select = format!("SELECT {COLUMNS} FROM approvals {condition}");
    let mut query = engine.db.prepare_cached(&select)?;
    let mut rows = query.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((read_request(&engine.texts, row)?, read_state(row, 14)?));
    }
    Ok(found)
}

fn read_request(texts: &Texts, from: &Row<'_>) -> Result<ApprovalRequest, Error> {
    let text = |column: usize| from.get::<_, String>(column);
    let (id, session) = (
        read_id(from, 0)?,
        SessionId::from_bytes(read_blob(from, 2)?),
    );
    let columns = Columns {
        statement: text(6)?,
        statement_redacted: text(7)?,
        parameters: text(8)?,
        named: text(15)?,
    };
    let said = texts.read(id, session, columns)?;
    Ok(ApprovalRequest {
        id,
        binding: Binding(read_blob(from, 1)?),
        session,
        requester: row::read_principal(&text(3)?)?,
        resource: ResourceName::new(&text(4)?).ok_or(Error::Corrupt { what: "resource" })?,
        database: text(5)?,
        statement: said.statement,
        statement_redacted: said.statement_redacted,
        parameters: said.parameters,
        named: said.named,
        effects: row::read_json(&text(9)?, "effects")?,
        reach: row::read_reach(&text(16)?)?,
        reasons: row::read_json(&text(10)?, "reasons")?,
        rules: row::read_rules(&text(11)?)?,
        created: row::read_time(from.get(12)?),
        expires: row::read_time(from.get(13)?),
    })
}

fn read_blob<const N: usize>(from: &Row<'_>, column: usize) -> Result<[u8; N], Error> {
    row::read_bytes(&from.get::<_, Vec<u8>>(column)?, "id")
}

fn read_id(from: &Row<'_>, column: usize) -> Result<ApprovalId, Error> {
    read_blob(from, column).map(ApprovalId::from_bytes)
}

fn read_state(from: &Row<'_>, column: usize) -> Result<ApprovalState, Error> {
    row::read_state(&from.get::<_, String>(column)?)
}
