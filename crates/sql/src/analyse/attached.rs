//! Expressions attached to a relation (checks, defaults, policies, index expressions), and those of domains.
//!
//! Knows the catalog's texts; what the functions that they call do is followed elsewhere.

use std::rc::Rc;
use std::sync::Arc;

use model::{Effect, Object, Verb};
use pg_query::NodeEnum;

use super::relation::Touch;
use super::scope::{Rel, Scope};
use super::{Analysis, NESTING_MAX, Walk};
use crate::catalog::{Relation, RelationId};
use crate::state::View;

/// What the expressions attached to a relation do.
#[derive(Debug, Default)]
pub(crate) struct Attached {
    effects: Vec<Effect>,
    /// Code runs in them that was not read.
    unread: bool,
}

impl<'a> Analysis<'a> {
    /// What the expressions attached to a relation do when it is read or written: only what reaches beyond the
    /// relation's own definition (calls of user functions and the like).
    pub(crate) fn attached(&mut self, id: RelationId, touch: Touch) -> Walk<()> {
        let Some(relation) = self.relation(id) else {
            return Ok(());
        };
        let relevant = |kind: &str| match touch {
            Touch::Write => true,
            Touch::Read => {
                let may_be_virtual = self.catalog.server_version >= 180_000;
                kind == "policy" || (kind.starts_with("generated ") && may_be_virtual)
            }
        };
        if relation.expressions.iter().all(|(kind, _)| !relevant(kind)) {
            return Ok(());
        }
        let kept = relation.attached.get().filter(|_| self.locals.is_empty());
        let attached = match kept {
            Some(attached) => Arc::clone(attached),
            None => match self.look_at_attached(id, relation)? {
                Some(attached) => attached,
                None => return Ok(()),
            },
        };
        self.runs_unasked(&attached.effects);
        for effect in &attached.effects {
            self.merge(effect);
        }
        self.unread |= attached.unread;
        Ok(())
    }

    /// What is found from here on lacks something that is being gathered further out.
    pub(crate) fn lacks(&mut self, at: usize) {
        self.lacking = Some(self.lacking.map_or(at, |known| known.min(at)));
    }

    /// Whether what was found by itself lacks nothing that is gathered outside of it; `before` is what was lacking
    /// when it was begun.
    pub(crate) fn is_whole(&mut self, before: Option<usize>) -> bool {
        let own = self.opening.len();
        let outside = self.lacking.filter(|at| *at < own);
        self.lacking = [before, outside].into_iter().flatten().min();
        outside.is_none()
    }

    /// Looks at what is attached, and keeps what was found whole. `None` where that is being gathered further out.
    fn look_at_attached(
        &mut self,
        id: RelationId,
        relation: &'a Relation,
    ) -> Walk<Option<Arc<Attached>>> {
        if let Some(at) = self.opening.iter().position(|open| *open == id) {
            self.lacks(at);
            return Ok(None);
        }
        if self.opening.len() >= NESTING_MAX {
            self.lacks(0);
            self.unknown("expressions nested too deeply", &relation.name);
            return Ok(None);
        }
        let before = self.lacking.take();
        let attached = Arc::new(self.attached_effects(id, relation)?);
        if self.is_whole(before) && self.locals.is_empty() {
            // Another thread may have been faster; both say the same.
            let _lost = relation.attached.set(Arc::clone(&attached));
        }
        Ok(Some(attached))
    }

    fn attached_effects(&mut self, id: RelationId, relation: &'a Relation) -> Walk<Attached> {
        let local = self.is_local(id);
        let before = std::mem::take(&mut self.unread);
        let mut effects = Vec::new();
        for (_, text) in &relation.expressions {
            effects.extend(self.standalone(text, Some((id, relation)), local, false)?);
        }
        let unread = std::mem::replace(&mut self.unread, before);
        Ok(Attached { effects, unread })
    }

    /// Effects of one expression of the catalog, with a relation's columns in scope.
    pub(crate) fn standalone(
        &mut self,
        text: &str,
        relation: Option<(RelationId, &'a Relation)>,
        local: bool,
        in_domain: bool,
    ) -> Walk<Vec<Effect>> {
        let qualified = View {
            search_path: vec!["pg_catalog".to_owned()],
            ..View::default()
        };
        let view = if local { self.home } else { &qualified };
        let unreadable = || vec![crate::inspection::unanalysed("expression of the catalog")];
        let Ok(parsed) = pg_query::parse(&format!("SELECT {text}"), 0) else {
            return Ok(unreadable());
        };
        let Some(NodeEnum::SelectStmt(select)) = parsed
            .protobuf
            .stmts
            .first()
            .and_then(|raw| super::boxed(raw.stmt.as_ref()))
        else {
            return Ok(unreadable());
        };
        let mut within = self.beneath(view, None);
        within.opening.extend(relation.map(|(id, _)| id));
        within.lenient = true;
        let mut scope = Scope {
            in_domain,
            ..Scope::default()
        };
        if let Some((id, relation)) = relation {
            let columns = within.base_columns(id, relation);
            scope.rels.push(Rel {
                name: relation.name.clone(),
                schema: Some(relation.schema.clone()),
                columns: Rc::new(columns),
                relation: Some(id),
                named: true,
                bare: true,
                partial: false,
                shaped: false,
            });
        }
        within.select(select, &scope)?;
        let mut effects = within.effects();
        // Functions are followed by whoever runs this.
        let unread = |effect: &Effect| {
            effect.verb == Verb::Unanalysed && !matches!(effect.object, Object::Function { .. })
        };
        within.unread |= effects.iter().any(unread);
        self.above(&mut within);
        effects.retain(|effect| match (&effect.verb, &effect.object) {
            (Verb::Select | Verb::Update, _) => false,
            // Its result decides or is stored, and does not go to the client: that it is called is enough.
            (Verb::Unanalysed, Object::Function { .. }) => false,
            _ => true,
        });
        Ok(effects)
    }
}
