//! Parts of ALTER TABLE: what each does beside the expressions within it.
//!
//! Knows nothing of the expressions.

use model::{Object, Usage, Verb};
use pg_query::NodeEnum;
use pg_query::protobuf::{
    AlterTableCmd, AlterTableStmt, AlterTableType, ConstrType, DropBehavior, Node, ObjectType,
    RangeVar, TypeName,
};

use super::{Analysis, boxed, inner, other, strings};
use crate::catalog::FIRST_USER_OID;

impl Analysis<'_> {
    pub(crate) fn alter_part(&mut self, alter: &AlterTableStmt, command: &AlterTableCmd) {
        let own = alter.relation.as_ref();
        let object = |walk: &Self| own.map_or(Object::Database, |own| walk.range_object(own));
        if command.newowner.is_some() {
            self.effect(Verb::Grant, object(self));
        }
        if command.behavior() == DropBehavior::DropCascade {
            self.cascade();
        }
        let named = match command.def.as_deref().and_then(inner) {
            Some(NodeEnum::PartitionCmd(other)) => other.name.as_ref(),
            Some(NodeEnum::RangeVar(other)) => Some(other),
            _ => None,
        };
        match AlterTableType::try_from(command.subtype) {
            // Row security is a privilege.
            Ok(
                AlterTableType::AtEnableRowSecurity
                | AlterTableType::AtDisableRowSecurity
                | AlterTableType::AtForceRowSecurity
                | AlterTableType::AtNoForceRowSecurity,
            ) => self.effect(Verb::Grant, object(self)),
            Ok(AlterTableType::AtDetachPartition | AlterTableType::AtDetachPartitionFinalize) => {
                self.part(named, own);
            }
            Ok(AlterTableType::AtDropInherit) => self.part(own, named),
            Ok(AlterTableType::AtDropColumn) => self.leave_column(own, &command.name),
            // Which remote columns are meant is as good as a new foreign table.
            Ok(AlterTableType::AtGenericOptions | AlterTableType::AtAlterColumnGenericOptions) => {
                let name = own.map_or("", |own| own.relname.as_str());
                self.effect(Verb::Administer, other("foreign_table", name));
            }
            Ok(AlterTableType::AtDropExpression) => self.keep_generated(own, &command.name),
            _ => {}
        }
    }

    /// DROP EXPRESSION: what was computed stays, and nothing says any longer of what.
    fn keep_generated(&mut self, range: Option<&RangeVar>, column: &str) {
        for id in self.renamed_relations(range) {
            let Some(relation) = self.relation(id) else {
                continue;
            };
            let mut expressions = relation.generated();
            if let Some((_, text)) = expressions.find(|(name, _)| *name == column) {
                let value = self.generated_from(id, relation, text);
                self.use_value(&value, Usage::Stored);
            }
        }
    }

    /// CASCADE takes along what depends on what is named: views, keys, columns, bodies. The server alone knows all of
    /// them, so it is asked for on the whole database.
    pub(crate) fn cascade(&mut self) {
        self.effect(Verb::Drop, other("whatever depends on it", ""));
    }

    /// Whether an ALTER TABLE changes neither what a name means nor what a further one of this kind would do: no query,
    /// no tie, no name, no expression but literals. Several of them may stand in one text.
    pub(crate) fn is_quiet_alter(&self, alter: &AlterTableStmt) -> bool {
        let quiet = |command: &Node| match inner(command) {
            Some(NodeEnum::AlterTableCmd(command)) => self.is_quiet_part(command),
            _ => false,
        };
        alter.objtype() == ObjectType::ObjectTable
            && self.catalog.event_triggers.is_empty()
            && alter.cmds.iter().all(quiet)
    }

    fn is_quiet_part(&self, command: &AlterTableCmd) -> bool {
        use AlterTableType as Part;
        let part = command.def.as_deref();
        let cascades = command.behavior() == DropBehavior::DropCascade;
        match command.subtype() {
            Part::AtDropNotNull
            | Part::AtSetNotNull
            | Part::AtSetStatistics
            | Part::AtSetStorage
            | Part::AtValidateConstraint
            | Part::AtEnableTrig
            | Part::AtDisableTrig
            | Part::AtEnableTrigAll
            | Part::AtDisableTrigAll
            | Part::AtEnableTrigUser
            | Part::AtDisableTrigUser => true,
            Part::AtDropColumn | Part::AtDropConstraint => !cascades,
            Part::AtColumnDefault => part.is_none_or(is_literal),
            Part::AtAddConstraint => part.is_some_and(is_quiet_constraint),
            Part::AtAddColumn => match part.and_then(inner) {
                Some(NodeEnum::ColumnDef(column)) => {
                    column.constraints.iter().all(is_quiet_constraint)
                }
                _ => false,
            },
            Part::AtAlterColumnType => match part.and_then(inner) {
                Some(NodeEnum::ColumnDef(column)) => {
                    let to = column.type_name.as_ref();
                    column.raw_default.is_none() && to.is_some_and(|to| self.is_plainly_typed(to))
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// A type of PostgreSQL's own, where nobody else made casts or operators.
    fn is_plainly_typed(&self, name: &TypeName) -> bool {
        let known = strings(&name.names).and_then(|names| self.type_called(&names));
        known.is_some_and(|oid| oid < FIRST_USER_OID)
            && self.catalog.operators.is_empty()
            && self.catalog.casts.is_empty()
    }
}

/// A literal, cast or not.
fn is_literal(node: &Node) -> bool {
    match inner(node) {
        Some(NodeEnum::AConst(_)) => true,
        Some(NodeEnum::TypeCast(cast)) => {
            let within = boxed(cast.arg.as_ref());
            matches!(within, Some(NodeEnum::AConst(_)))
        }
        _ => false,
    }
}

/// A constraint that evaluates nothing of the client's writing.
fn is_quiet_constraint(node: &Node) -> bool {
    let Some(NodeEnum::Constraint(constraint)) = inner(node) else {
        return false;
    };
    match constraint.contype() {
        ConstrType::ConstrNull
        | ConstrType::ConstrNotnull
        | ConstrType::ConstrPrimary
        | ConstrType::ConstrUnique
        | ConstrType::ConstrForeign => constraint.where_clause.is_none(),
        ConstrType::ConstrDefault => constraint.raw_expr.as_deref().is_some_and(is_literal),
        _ => false,
    }
}
