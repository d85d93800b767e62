//! The permit: proof that policy (or people) said yes and the entry is written or staged; see [`crate::admit::Journaled`].

use std::sync::Arc;

use model::{ActionId, Obligations, Refusal};

use crate::ports::SharedRules;

/// Allows one held action to be forwarded, once, under obligations.
///
/// Has no public constructor and is neither `Clone` nor `Default`: only [`crate::Session`] mints it,
/// after the decision, with its entry staged for the journal.
#[derive(Debug)]
pub struct Permit {
    action: ActionId,
    obligations: Arc<Obligations>,
    /// The rules it was given under; none in tests of what stands above the door.
    rules: Option<Basis>,
}

/// Where the rules in force are found, and which were in force at the decision.
#[derive(Debug)]
pub(crate) struct Basis {
    pub(crate) rules: SharedRules,
    pub(crate) generation: u64,
}

impl Permit {
    pub(crate) fn mint(
        action: ActionId,
        obligations: Arc<Obligations>,
        rules: Option<Basis>,
    ) -> Self {
        Self {
            action,
            obligations,
            rules,
        }
    }

    /// Whether the rules that it was given under are still in force. What is not under way yet must not begin when
    /// they are not.
    pub fn is_current(&self) -> bool {
        let current = |basis: &Basis| basis.rules.load().generation == basis.generation;
        self.rules.as_ref().is_none_or(current)
    }

    /// Makes a permit without a decision, for tests of what stands above the door.
    #[cfg(any(test, feature = "testing"))]
    pub fn for_tests(action: ActionId, obligations: Obligations) -> Self {
        Self::mint(action, Arc::new(obligations), None)
    }

    /// The one action it is for.
    pub fn action(&self) -> ActionId {
        self.action
    }

    /// What forwarding obliges to.
    pub fn obligations(&self) -> &Arc<Obligations> {
        &self.obligations
    }
}

/// The end of an admission.
#[derive(Debug)]
pub enum Verdict {
    /// Forward it.
    Release(Permit),
    /// Refuse it, in the client's own protocol; the session stays usable.
    Refuse {
        /// The action's number in the session, for attributing the error that the client gets.
        sequence: u64,
        /// What to say.
        refusal: Refusal,
    },
    /// End the session: the gateway can no longer keep its promises (recorder failed, revoked).
    End(Refusal),
}
