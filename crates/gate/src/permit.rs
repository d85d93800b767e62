//! The permit: proof that policy (or people) said yes and the journal took the entry.

use std::sync::Arc;

use model::{ActionId, Obligations, Refusal};

/// Allows one held action to be forwarded, once, under obligations.
///
/// Has no public constructor and is neither `Clone` nor `Default`: only [`crate::Session`] mints it,
/// after the decision and the journal entry.
#[derive(Debug)]
pub struct Permit {
    action: ActionId,
    obligations: Arc<Obligations>,
}

impl Permit {
    pub(crate) fn mint(action: ActionId, obligations: Arc<Obligations>) -> Self {
        Self {
            action,
            obligations,
        }
    }

    /// Makes a permit without a decision, for tests of what stands above the door.
    #[cfg(any(test, feature = "testing"))]
    pub fn for_tests(action: ActionId, obligations: Obligations) -> Self {
        Self::mint(action, Arc::new(obligations))
    }

    /// The one action it is for.
    pub fn action(&self) -> ActionId {
        self.action
    }

    /// What forwarding obliges to.
    pub fn obligations(&self) -> &Obligations {
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
