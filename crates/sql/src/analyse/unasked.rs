//! Functions that nobody called by name: checks of domains and tables, defaults, policies, index expressions.
//!
//! That they are called is reported where they are met. What their bodies change counts here; what they read only
//! decides, and is left to whoever wrote them.

use model::{Effect, Object, Verb};

use super::{Analysis, Walk};

impl Analysis<'_> {
    /// Notes the functions that these effects call.
    pub(crate) fn runs_unasked(&mut self, effects: &[Effect]) {
        let catalog = self.catalog;
        for effect in effects {
            let (Verb::Call, Object::Function { schema, name }) = (effect.verb, &effect.object)
            else {
                continue;
            };
            let called = catalog.functions_by_name.get(name).into_iter().flatten();
            let called = called.filter_map(|index| catalog.functions.get(*index));
            let own = called.filter(|found| found.schema == *schema && !found.is_system());
            let mut own = own.map(|found| found.oid).peekable();
            self.unread |= own.peek().is_none();
            self.unasked.extend(own);
        }
    }

    /// Adds what the bodies of such functions change, and of those that run because of that.
    pub(crate) fn follow_unasked(&mut self) -> Walk<()> {
        let mut done = std::collections::BTreeSet::new();
        while let Some(oid) = self.unasked.pop_first() {
            if !done.insert(oid) {
                continue;
            }
            let known = self.catalog.function(oid);
            let known = known.filter(|function| !self.is_session_made(function));
            let opened = match known {
                Some(function) => self.body(function)?,
                None => None,
            };
            let Some(opened) = opened.filter(|opened| !opened.unknown) else {
                self.unread = true;
                continue;
            };
            self.unread |= opened.unread;
            self.by_path |= opened.by_path;
            self.follows = true;
            for effect in &opened.effects {
                if effect.verb != Verb::Select {
                    self.merge(effect);
                }
            }
            self.unasked.extend(&opened.unasked);
            self.unasked.retain(|oid| !done.contains(oid));
        }
        Ok(())
    }
}
