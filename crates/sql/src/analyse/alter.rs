//! Parts of ALTER TABLE: what each does beside the expressions within it.
//!
//! Knows nothing of the expressions.

use model::{Object, Usage, Verb};
use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableCmd, AlterTableStmt, AlterTableType, RangeVar};

use super::{Analysis, inner, other};

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
}
