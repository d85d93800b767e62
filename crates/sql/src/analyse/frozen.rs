//! Materialised views, whose rows were made from what the definitions beneath them were then.
//!
//! Labels follow the definitions of now: to replace one beneath such a view is as good as a copy of its rows. What the
//! new definition says must not count.

use std::sync::Arc;

use model::{Effect, Object, Verb};
use pg_query::NodeEnum;
use pg_query::protobuf::{CmdType, Node, ObjectType, RangeVar};

use super::{Analysis, Opened, Walk, inner, object, string, strings};
use crate::catalog::RelationId;

impl<'a> Analysis<'a> {
    /// A statement that changes definitions: those that others stand on by what they say.
    pub(crate) fn moves_definition(&mut self, node: &NodeEnum) -> Walk<()> {
        self.definitions_moved();
        match node {
            NodeEnum::RuleStmt(rule) if rule.event() == CmdType::CmdSelect => {
                self.replaces_view(rule.relation.as_ref())
            }
            NodeEnum::CreateFunctionStmt(create) => {
                self.replaces_routine(strings(&create.funcname).unwrap_or_default().last())
            }
            NodeEnum::AlterFunctionStmt(alter) => {
                let named = alter.func.as_ref();
                let named = named.and_then(|named| strings(&named.objname));
                self.replaces_routine(named.unwrap_or_default().last())
            }
            NodeEnum::DropStmt(drop) if is_routine(drop.remove_type()) => {
                for target in &drop.objects {
                    self.replaces_routine(routine_named(Some(target)).last())?;
                }
                Ok(())
            }
            NodeEnum::RenameStmt(rename) if is_routine(rename.rename_type()) => {
                self.replaces_routine(Some(&rename.newname.as_str()))?;
                self.replaces_routine(routine_named(rename.object.as_deref()).last())
            }
            NodeEnum::AlterObjectSchemaStmt(alter) if is_routine(alter.object_type()) => {
                self.replaces_routine(routine_named(alter.object.as_deref()).last())
            }
            _ => Ok(()),
        }
    }

    /// A view gets another query, where there is one of that name.
    pub(crate) fn replaces_view(&mut self, range: Option<&RangeVar>) -> Walk<()> {
        let Some(view) = self.renamed_relations(range).first().copied() else {
            return Ok(());
        };
        let Some(replaced) = self
            .relation(view)
            .filter(|known| known.definition.is_some())
        else {
            return Ok(());
        };
        let replaced = object(replaced);
        for (frozen, opened) in self.frozen()? {
            let reads = |effect: &Effect| effect.verb == Verb::Select && effect.object == replaced;
            if frozen != view && opened.effects.iter().any(reads) {
                self.outdate(frozen, &opened, |carried| {
                    carried.iter().any(|(id, _)| *id == view)
                });
            }
        }
        Ok(())
    }

    /// A function means something else from now on, as may all that call one of its name.
    fn replaces_routine(&mut self, name: Option<&&str>) -> Walk<()> {
        let Some(name) = name.filter(|name| self.catalog.functions_by_name.contains_key(**name))
        else {
            return Ok(());
        };
        for (frozen, opened) in self.frozen()? {
            let calls = opened.effects.iter().any(|effect| {
                let called = matches!(&effect.object, Object::Function { name: called, .. } if called == name);
                effect.verb == Verb::Call && called
            });
            if calls {
                self.outdate(frozen, &opened, |_| true);
            }
        }
        Ok(())
    }

    /// All materialised views, and what lies under each.
    fn frozen(&mut self) -> Walk<Vec<(RelationId, Arc<Opened>)>> {
        let mut found = Vec::new();
        for id in self.relation_ids() {
            let Some(relation) = self.relation(id) else {
                continue;
            };
            let opening = self.opening.contains(&id);
            if relation.kind == b'm' && !relation.is_system() && !opening {
                let opened = match relation.opened.get() {
                    Some(opened) => Arc::clone(opened),
                    None => Arc::new(self.look_under(id, relation)?),
                };
                found.push((id, opened));
            }
        }
        Ok(found)
    }

    /// Values of these columns stay, and are no longer known to be what they are.
    fn outdate(
        &mut self,
        frozen: RelationId,
        opened: &Opened,
        concerned: impl Fn(&[(RelationId, usize)]) -> bool,
    ) {
        let Some(relation) = self.relation(frozen) else {
            return;
        };
        if opened.unknown {
            self.unknown("materialised view over what is replaced", &relation.name);
        }
        for (column, (carried, whole)) in relation.columns.iter().zip(opened.carried()) {
            if !concerned(carried) {
                continue;
            }
            let into = match whole {
                true => self.names_of(&[frozen], &column.name),
                false => Vec::new(),
            };
            for (id, at) in carried {
                let under = self.relation(*id).and_then(|under| under.columns.get(*at));
                let Some(under) = under else {
                    continue;
                };
                let lost = self.names_of(&self.family(*id, None), &under.name);
                let renamed = lost.into_iter().map(|before| (before, into.clone()));
                self.renamed.extend(renamed);
            }
        }
    }
}

fn is_routine(kind: ObjectType) -> bool {
    matches!(
        kind,
        ObjectType::ObjectFunction
            | ObjectType::ObjectProcedure
            | ObjectType::ObjectRoutine
            | ObjectType::ObjectAggregate
    )
}

fn routine_named(target: Option<&Node>) -> Vec<&str> {
    match target.and_then(inner) {
        Some(NodeEnum::ObjectWithArgs(routine)) => {
            routine.objname.iter().filter_map(string).collect()
        }
        _ => Vec::new(),
    }
}
