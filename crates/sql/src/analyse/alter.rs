//! Parts of ALTER TABLE: what each does beside the expressions within it.
//!
//! Knows nothing of the expressions.

use model::{Object, Verb};
use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableCmd, AlterTableStmt, AlterTableType};

use super::{Analysis, inner};

impl Analysis<'_> {
    pub(crate) fn alter_part(&mut self, alter: &AlterTableStmt, command: &AlterTableCmd) {
        let own = alter.relation.as_ref();
        let object = |walk: &Self| own.map_or(Object::Database, |own| walk.range_object(own));
        if command.newowner.is_some() {
            self.effect(Verb::Grant, object(self));
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
            _ => {}
        }
    }
}
