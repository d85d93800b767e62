//! Names of portals that the server may have set free while the session still knows them: what a rollback took back, a
//! function may open anew.
//!
//! Says only what may be; a name that is doubted is one that the session did not make.

use model::{Statement, Verb};
use sql::Step;

use super::portal::{Found, Portal};
use super::session::{Phase, Session};

/// What happened to names since the session was last idle.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Freed {
    /// The last action before that.
    idle: u64,
    /// Something failed, or was rolled back.
    rolled_back: bool,
    /// The last `ROLLBACK TO` or `ROLLBACK` that was sent.
    before: Option<u64>,
    /// The last `COMMIT` that was sent: another transaction may follow it at once.
    committed: Option<u64>,
    /// Behind it code ran that may have opened a cursor under a name of its choosing.
    reopened: bool,
}

impl Freed {
    /// Nothing, since an action.
    pub(crate) fn since(idle: u64) -> Self {
        Self {
            idle,
            ..Self::default()
        }
    }

    /// Something failed.
    pub(crate) fn fail(&mut self) {
        self.rolled_back = true;
    }

    /// An action is sent that does this.
    pub(crate) fn take<'s>(
        &mut self,
        sequence: u64,
        statements: &[Statement],
        steps: impl Iterator<Item = &'s Step>,
    ) {
        for step in steps {
            match step {
                Step::Rollback | Step::RollbackTo { .. } => {
                    self.before = Some(sequence);
                    self.rolled_back = true;
                }
                Step::Commit => self.committed = Some(sequence),
                _ => {}
            }
        }
        let is_over = self.before.is_some() || self.committed.is_some();
        self.reopened |= is_over && statements.iter().any(may_open);
    }

    /// Whether a cursor that outlives its transaction may have gone with it.
    pub(crate) fn may_be_gone(&self, portal: &Portal) -> bool {
        self.rolled_back && portal.sequence > self.idle
    }

    /// Whether a name may stand for something else than what the session gave it to.
    fn doubts(&self, portal: &Portal) -> bool {
        let is_of_before = |at: Option<u64>| at.is_some_and(|at| portal.sequence <= at);
        let has_ended = portal.is_transactional() && is_of_before(self.committed);
        self.reopened && (has_ended || is_of_before(self.before))
    }
}

/// Whether a statement runs code that may open a cursor.
fn may_open(statement: &Statement) -> bool {
    let mut effects = statement.effects.iter();
    effects.any(|effect| matches!(effect.verb, Verb::Call | Verb::Execute | Verb::Unanalysed))
}

impl Session {
    /// The last action that may have been sent: one that waits for its verdict was not.
    pub(crate) fn last_sent(&self) -> u64 {
        match &self.phase {
            Phase::AwaitVerdict(held) => held.sequence.saturating_sub(1),
            Phase::Ready
            | Phase::AwaitUpstream
            | Phase::AwaitCatalog
            | Phase::AwaitAnalysis
            | Phase::Over => self.sequence,
        }
    }

    /// What a portal's name stands for: nothing that is known where it may have been set free and given anew.
    pub(crate) fn portal(&self, name: &[u8]) -> Found<Portal> {
        match self.portals.find(name, self.batches) {
            Found::It(portal) if self.freed.doubts(&portal) => Found::Nothing,
            found => found,
        }
    }
}
