//! Held actions: what an approval is bound to, and the one conversation with the store that finds, uses or makes one.
//!
//! Must never decide whether an action needs approval, nor who may answer.

use std::sync::Arc;
use std::time::SystemTime;

use model::{Action, ApprovalId, Limits, Named, ParameterFormat, Reach, SessionId};
use sha2::{Digest, Sha256};

use crate::judge::{Asker, Judged};
use crate::ports::{ApprovalRequest, ApprovalState, Approvals, Asked, Binding, Denial, PortError};
use crate::record::{self, Redeemed};

/// What the store said; opaque to the caller, who hands it to [`crate::Session::resume_store`].
pub struct StoreAnswer(pub(crate) Found);

pub(crate) enum Found {
    /// An approval is there, unused; what it is for must be held against what would run now.
    Approved(ApprovalId),
    /// An approval was used just now.
    Redeemed(Redeemed),
    /// A request stands and waits; `true` when it was made just now.
    Waiting(ApprovalId, bool),
    /// People said no to exactly this, not long ago.
    Denied(ApprovalId, Option<Denial>),
    /// The approval was used, lapsed or withdrawn between answer and use.
    Gone(ApprovalId),
    /// The principal has too many open requests.
    TooMany,
    /// The request was withdrawn.
    Withdrawn,
}

/// Length-prefixed hashing, so that no two lists of parts look alike.
struct Parts(Sha256);

impl Parts {
    fn add(&mut self, part: &[u8]) {
        self.0.update((part.len() as u64).to_be_bytes());
        self.0.update(part);
    }
}

/// How far an action reaches, as far as is known.
pub(crate) fn reach(action: &Action) -> Reach {
    let ground = action.ground.as_ref();
    ground.map_or_else(Reach::default, |ground| ground.reach(&action.statements))
}

/// Binds an approval to the statement, what it runs by name, its parameters, who asks (and for whom), where, what it
/// would do to which objects as they are defined, and who had to agree.
pub(crate) fn bind(asker: Asker<'_>, action: &Action, judged: &Judged, reach: &Reach) -> Binding {
    let mut parts = Parts(Sha256::new());
    parts.add(b"portcullis approval binding 2");
    parts.add(action.text.as_bytes());
    parts.add(&(action.named.len() as u64).to_be_bytes());
    for named in &action.named {
        parts.add(named.name.as_bytes());
        parts.add(named.text.as_bytes());
    }
    parts.add(reach.identity.as_bytes());
    parts.add(&(action.parameters.len() as u64).to_be_bytes());
    for parameter in &action.parameters {
        parts.add(&parameter.type_oid.to_be_bytes());
        parts.add(match parameter.format {
            ParameterFormat::Text => b"t",
            ParameterFormat::Binary => b"b",
        });
        match &parameter.value {
            Some(value) => {
                parts.add(b"v");
                parts.add(value);
            }
            None => parts.add(b"n"),
        }
    }
    parts.add(asker.principal.key().as_bytes());
    let human = asker.principal.acts_for.as_deref();
    parts.add(human.map(|h| h.key()).unwrap_or_default().as_bytes());
    parts.add(asker.resource.name.as_str().as_bytes());
    parts.add(asker.resource.database.as_bytes());
    parts.add(&(judged.effects.len() as u64).to_be_bytes());
    for effect in &judged.effects {
        parts.add(effect.as_bytes());
    }
    for rule in &judged.approvals {
        match rule {
            policy::ApprovalRule::Owner => parts.add(b"owner"),
            policy::ApprovalRule::Group { group, count } => {
                parts.add(&[*count]);
                parts.add(group.as_bytes());
            }
        }
    }
    Binding(parts.0.finalize().into())
}

/// The request as it is stored and shown.
pub(crate) fn request(
    session: SessionId,
    asker: Asker<'_>,
    action: &Action,
    judged: &Judged,
    (binding, reach): (Binding, Reach),
    (now, limits): (SystemTime, &Limits),
) -> ApprovalRequest {
    let owned = |value: Option<std::borrow::Cow<'_, str>>| value.map(|v| v.into_owned());
    let reasons = judged.reasons.iter();
    ApprovalRequest {
        id: ApprovalId::generate(),
        binding,
        session,
        requester: asker.principal.clone(),
        resource: asker.resource.name.clone(),
        database: asker.resource.database.clone(),
        statement: action.text.to_string(),
        statement_redacted: record::text(action, judged.sensitive).into_owned(),
        parameters: record::parameters(action, judged.sensitive)
            .into_iter()
            .map(owned)
            .collect(),
        named: action.named.iter().map(|one| shown(one, judged)).collect(),
        effects: judged.effects.clone(),
        reach,
        reasons: reasons.map(|r| format!("{}: {}", r.rule, r.text)).collect(),
        rules: judged.approvals.clone(),
        created: now,
        expires: now.checked_add(limits.approval_life).unwrap_or(now),
    }
}

/// The redacted form is what others than the requester see; where nothing is labelled it is the text itself.
fn shown(named: &Named, judged: &Judged) -> Named {
    let mut shown = named.clone();
    if !judged.sensitive {
        shown.text_redacted.clone_from(&named.text);
    }
    shown
}

/// Finds a live request with the binding, or makes one.
pub(crate) async fn find_or_request(
    approvals: Arc<dyn Approvals>,
    request: ApprovalRequest,
    pending_max: usize,
) -> Result<StoreAnswer, PortError> {
    match approvals.ask(request, pending_max).await? {
        Asked::Made(id) => Ok(StoreAnswer(Found::Waiting(id, true))),
        Asked::TooMany => Ok(StoreAnswer(Found::TooMany)),
        Asked::Known(id, ApprovalState::Approved) => Ok(StoreAnswer(Found::Approved(id))),
        Asked::Known(id, ApprovalState::Pending) => Ok(StoreAnswer(Found::Waiting(id, false))),
        Asked::Known(id, ApprovalState::Denied) => denied(approvals, id).await,
        Asked::Known(
            id,
            ApprovalState::Expired | ApprovalState::Withdrawn | ApprovalState::Used,
        ) => Ok(StoreAnswer(Found::Gone(id))),
    }
}

/// Fetches who denied a request, and why.
pub(crate) async fn denied(
    approvals: Arc<dyn Approvals>,
    id: ApprovalId,
) -> Result<StoreAnswer, PortError> {
    Ok(StoreAnswer(Found::Denied(id, approvals.denial(id).await?)))
}

/// Uses an approval, once.
pub(crate) async fn redeem(
    approvals: Arc<dyn Approvals>,
    id: ApprovalId,
    binding: Binding,
) -> Result<StoreAnswer, PortError> {
    // Asked first: once redeemed, nothing may fail between here and the record but the record itself.
    let approvers = approvals.approvers(id).await?;
    if !approvals.redeem(id, binding).await? {
        return Ok(StoreAnswer(Found::Gone(id)));
    }
    Ok(StoreAnswer(Found::Redeemed(Redeemed { id, approvers })))
}

/// Withdraws a request.
pub(crate) async fn withdraw(
    approvals: Arc<dyn Approvals>,
    id: ApprovalId,
) -> Result<StoreAnswer, PortError> {
    approvals.withdraw(id).await?;
    Ok(StoreAnswer(Found::Withdrawn))
}
