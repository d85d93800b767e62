//! What narrows an export.
//!
//! Decides nothing about who may look.

use crate::event::{AuditEvent, Detail, Kind};

/// What narrows an export. Empty fields narrow nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filter {
    /// Not before, in microseconds since 1970 UTC.
    pub since: Option<u64>,
    /// Not after, in microseconds since 1970 UTC.
    pub until: Option<u64>,
    /// This session alone.
    pub session: Option<[u8; 16]>,
    /// The resource; events of no session have none.
    pub resource: String,
    /// Principal key, or a part of the name without regard to case; of a control event, its actor.
    pub principal: String,
    /// The kinds; of none, all but [`Kind::StatementDecided`].
    pub kinds: Vec<Kind>,
}

impl Filter {
    /// Whether an event is wanted.
    pub fn takes(&self, event: &AuditEvent) -> bool {
        let kind = event.kind();
        if kind == Kind::Gap {
            // What is missing may have been anything.
            return true;
        }
        let is_kind = match self.kinds.as_slice() {
            [] => kind != Kind::StatementDecided,
            kinds => kinds.contains(&kind),
        };
        is_kind
            && self.since.is_none_or(|since| event.time >= since)
            && self.until.is_none_or(|until| event.time <= until)
            && self.session.is_none_or(|id| event.session == Some(id))
            && self.takes_resource(event)
            && self.takes_principal(event)
    }

    /// Whether a statement that has not ended yet is wanted although nobody asked for decisions: there is no other
    /// event of it so far.
    pub(crate) fn takes_unended(&self, event: &AuditEvent) -> bool {
        let kinds = vec![Kind::StatementDecided];
        self.kinds.is_empty()
            && Self {
                kinds,
                ..self.clone()
            }
            .takes(event)
    }

    fn takes_resource(&self, event: &AuditEvent) -> bool {
        let of = event.opened.as_ref();
        self.resource.is_empty() || of.is_some_and(|opened| opened.resource == self.resource)
    }

    fn takes_principal(&self, event: &AuditEvent) -> bool {
        if self.principal.is_empty() {
            return true;
        }
        let needle = self.principal.to_lowercase();
        let is_wanted = event.opened.as_ref().is_some_and(|opened| {
            opened.principal == self.principal || opened.name.to_lowercase().contains(&needle)
        });
        match &event.detail {
            Detail::Control { actor, .. } => *actor == self.principal,
            Detail::Approval(approval) => is_wanted || approval.actor == self.principal,
            Detail::SessionOpened
            | Detail::StatementDecided(_)
            | Detail::StatementEnded(..)
            | Detail::SessionClosed { .. }
            | Detail::Gap { .. } => is_wanted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn each_field_narrows() {
        let events = testing::every_kind();
        let count = |filter: Filter| events.iter().filter(|event| filter.takes(event)).count();
        let all = Filter::default;
        let gaps = 1;
        let decided = events
            .iter()
            .filter(|event| event.kind() == Kind::StatementDecided)
            .count();
        assert_eq!(count(all()), events.len() - decided);
        let only = |kind| Filter {
            kinds: vec![kind],
            ..all()
        };
        assert_eq!(count(only(Kind::StatementDecided)), decided + gaps);
        assert_eq!(count(only(Kind::Control)), 1 + gaps);
        let session = Some([9; 16]);
        assert_eq!(count(Filter { session, ..all() }), gaps);
        let resource = "other".to_owned();
        assert_eq!(count(Filter { resource, ..all() }), gaps);
        let principal = "IDP|nobody".to_owned();
        assert_eq!(count(Filter { principal, ..all() }), gaps);
        let since = Some(u64::MAX);
        assert_eq!(count(Filter { since, ..all() }), gaps);
        let until = Some(1);
        assert_eq!(count(Filter { until, ..all() }), gaps);
        let principal = "aDa".to_owned();
        assert!(count(Filter { principal, ..all() }) > gaps);
    }
}
