//! Statements that change definitions and privileges.
//!
//! Expressions within them run now or later; both count. A part without an arm is reported.

use model::{Object, Usage, Verb};
use pg_query::NodeEnum;
use pg_query::protobuf::{
    AlterTableStmt, AlterTableType, CreateFunctionStmt, CreateStmt, DropBehavior, DropStmt,
    IndexStmt, Node, ObjectType, RangeVar,
};

use super::relation::Touch;
use super::scope::{Rel, Scope, Value};
use super::{Analysis, Row, Walk, boxed, inner, kind_of, object, other, string, strings};

impl<'a> Analysis<'a> {
    /// A statement that changes definitions; its kind as people call it.
    pub(crate) fn definition(&mut self, node: &NodeEnum) -> Walk<&'static str> {
        self.moves_definition(node)?;
        Ok(match node {
            NodeEnum::CreateStmt(create) => self.create_table(create)?,
            NodeEnum::CreateForeignTableStmt(create) => {
                if let Some(base) = &create.base_stmt {
                    self.create_table(base)?;
                }
                self.administers(
                    Verb::Create,
                    "foreign_table",
                    &create.servername,
                    "CREATE FOREIGN TABLE",
                )
            }
            NodeEnum::AlterTableStmt(alter) => self.alter_table(alter)?,
            NodeEnum::IndexStmt(index) => self.create_index(index)?,
            NodeEnum::DropStmt(drop) => self.drop(drop),
            NodeEnum::CreateFunctionStmt(create) => self.create_function(create),
            NodeEnum::CreateSchemaStmt(create) => {
                let schema = create.schemaname.clone();
                self.effect(Verb::Create, Object::Schema { schema });
                for element in create.schema_elts.iter().filter_map(inner) {
                    self.statement(element)?;
                }
                "CREATE SCHEMA"
            }
            NodeEnum::CreateSeqStmt(create) => {
                self.made(Verb::Create, create.sequence.as_ref());
                "CREATE SEQUENCE"
            }
            NodeEnum::AlterSeqStmt(alter) => {
                self.changed(Verb::Alter, alter.sequence.as_ref());
                "ALTER SEQUENCE"
            }
            NodeEnum::CreateTrigStmt(create) => {
                self.changed(Verb::Alter, create.relation.as_ref());
                self.simple(Verb::Create, "trigger", &create.trigname, "CREATE TRIGGER")
            }
            NodeEnum::RuleStmt(create) => {
                self.changed(Verb::Alter, create.relation.as_ref());
                self.simple(Verb::Create, "rule", &create.rulename, "CREATE RULE")
            }
            NodeEnum::CreatePolicyStmt(create) => {
                self.changed(Verb::Alter, create.table.as_ref());
                self.simple(Verb::Grant, "policy", &create.policy_name, "CREATE POLICY")
            }
            NodeEnum::AlterPolicyStmt(alter) => {
                self.changed(Verb::Alter, alter.table.as_ref());
                self.simple(Verb::Grant, "policy", &alter.policy_name, "ALTER POLICY")
            }
            NodeEnum::CreateStatsStmt(create) => {
                for range in &create.relations {
                    if let Some(NodeEnum::RangeVar(range)) = inner(range) {
                        self.changed(Verb::Alter, Some(range));
                    }
                }
                self.named(
                    Verb::Create,
                    "statistics",
                    &create.defnames,
                    "CREATE STATISTICS",
                )
            }
            other => self.privilege(other)?,
        })
    }

    /// Privileges, owners, roles; then everything else.
    fn privilege(&mut self, node: &NodeEnum) -> Walk<&'static str> {
        Ok(match node {
            NodeEnum::GrantStmt(grant) => {
                for target in &grant.objects {
                    let object = self.object_of(grant.objtype, target);
                    self.effect(Verb::Grant, object);
                }
                if grant.objects.is_empty() {
                    self.effect(Verb::Grant, Object::Database);
                }
                if grant.is_grant { "GRANT" } else { "REVOKE" }
            }
            NodeEnum::GrantRoleStmt(grant) => {
                for role in &grant.granted_roles {
                    if let Some(NodeEnum::AccessPriv(role)) = inner(role) {
                        let name = role.priv_name.clone();
                        self.effect(Verb::Grant, Object::Role { name });
                    }
                }
                if grant.is_grant { "GRANT" } else { "REVOKE" }
            }
            NodeEnum::AlterDefaultPrivilegesStmt(_) => self.simple(
                Verb::Grant,
                "default_privileges",
                "",
                "ALTER DEFAULT PRIVILEGES",
            ),
            NodeEnum::AlterOwnerStmt(alter) => {
                let object = self.altered(
                    alter.object_type,
                    alter.relation.as_ref(),
                    alter.object.as_deref(),
                );
                self.effect(Verb::Alter, object.clone());
                self.effect(Verb::Grant, object);
                "ALTER OWNER"
            }
            NodeEnum::CreateRoleStmt(create) => self.role(&create.role, "CREATE ROLE"),
            NodeEnum::AlterRoleStmt(alter) => {
                let name = alter.role.as_ref().map(|role| role.rolename.clone());
                self.role(&name.unwrap_or_default(), "ALTER ROLE")
            }
            NodeEnum::AlterRoleSetStmt(alter) => {
                let name = alter.role.as_ref().map(|role| role.rolename.clone());
                self.stored_setting(alter.setstmt.as_ref().map(|set| set.name.as_str()));
                self.role(&name.unwrap_or_default(), "ALTER ROLE")
            }
            NodeEnum::DropRoleStmt(_) => self.role("", "DROP ROLE"),
            NodeEnum::ReassignOwnedStmt(_) => self.role("", "REASSIGN OWNED"),
            NodeEnum::DropOwnedStmt(owned) => {
                if owned.behavior() == DropBehavior::DropCascade {
                    self.cascade();
                }
                self.effect(Verb::Drop, Object::Database);
                self.role("", "DROP OWNED")
            }
            NodeEnum::SecLabelStmt(_) => {
                self.simple(Verb::Grant, "security_label", "", "SECURITY LABEL")
            }
            NodeEnum::AlterDatabaseSetStmt(alter) => {
                self.stored_setting(alter.setstmt.as_ref().map(|set| set.name.as_str()));
                self.administers(Verb::Alter, "database", &alter.dbname, "ALTER DATABASE")
            }
            other => self.alteration(other)?,
        })
    }

    /// Names, schemas, comments and objects of the kinds that have no object variant.
    fn alteration(&mut self, node: &NodeEnum) -> Walk<&'static str> {
        Ok(match node {
            NodeEnum::RenameStmt(rename) => {
                let object = self.altered(
                    rename.rename_type,
                    rename.relation.as_ref(),
                    rename.object.as_deref(),
                );
                self.rename(object, rename);
                "ALTER RENAME"
            }
            NodeEnum::AlterObjectSchemaStmt(alter) => {
                let object = self.altered(
                    alter.object_type,
                    alter.relation.as_ref(),
                    alter.object.as_deref(),
                );
                self.move_to_schema(object, alter);
                "ALTER SET SCHEMA"
            }
            NodeEnum::CommentStmt(comment) => {
                let object = match comment.object.as_deref() {
                    Some(target) => self.object_of(comment.objtype, target),
                    None => Object::Database,
                };
                self.effect(Verb::Alter, object);
                "COMMENT"
            }
            NodeEnum::CreateDomainStmt(create) => {
                self.parts_of_definition(
                    &create.constraints,
                    &Scope {
                        in_domain: true,
                        ..Scope::default()
                    },
                )?;
                self.named(Verb::Create, "type", &create.domainname, "CREATE DOMAIN")
            }
            NodeEnum::AlterDomainStmt(alter) => {
                let scope = Scope {
                    in_domain: true,
                    ..Scope::default()
                };
                if let Some(part) = alter.def.as_deref() {
                    self.part_of_definition(part, &scope)?;
                }
                self.named(Verb::Alter, "type", &alter.type_name, "ALTER DOMAIN")
            }
            NodeEnum::CompositeTypeStmt(create) => {
                let name = create.typevar.as_ref().map(super::relation::range_name);
                self.simple(
                    Verb::Create,
                    "type",
                    &name.unwrap_or_default(),
                    "CREATE TYPE",
                )
            }
            NodeEnum::CreateEnumStmt(create) => self.create_enum(&create.type_name),
            NodeEnum::CreateRangeStmt(create) => {
                self.named(Verb::Create, "type", &create.type_name, "CREATE TYPE")
            }
            NodeEnum::AlterEnumStmt(alter) => {
                self.named(Verb::Alter, "type", &alter.type_name, "ALTER TYPE")
            }
            NodeEnum::AlterTypeStmt(alter) => {
                self.named(Verb::Alter, "type", &alter.type_name, "ALTER TYPE")
            }
            NodeEnum::DefineStmt(define) => {
                self.named(Verb::Create, "definition", &define.defnames, "CREATE")
            }
            NodeEnum::AlterFunctionStmt(alter) => {
                let names = alter
                    .func
                    .as_ref()
                    .and_then(|function| strings(&function.objname));
                let object = self.function_named(&names.unwrap_or_default());
                self.effect(Verb::Alter, object);
                "ALTER FUNCTION"
            }
            NodeEnum::AlterOperatorStmt(_) => {
                self.simple(Verb::Alter, "operator", "", "ALTER OPERATOR")
            }
            NodeEnum::AlterStatsStmt(alter) => self.named(
                Verb::Alter,
                "statistics",
                &alter.defnames,
                "ALTER STATISTICS",
            ),
            NodeEnum::AlterCollationStmt(_) => {
                self.simple(Verb::Alter, "collation", "", "ALTER COLLATION")
            }
            NodeEnum::AlterObjectDependsStmt(_) => {
                self.simple(Verb::Alter, "extension", "", "ALTER DEPENDS")
            }
            NodeEnum::CreateCastStmt(_) => self.simple(Verb::Create, "cast", "", "CREATE CAST"),
            NodeEnum::CreateConversionStmt(_) => {
                self.simple(Verb::Create, "conversion", "", "CREATE CONVERSION")
            }
            NodeEnum::CreateOpClassStmt(_) => {
                self.simple(Verb::Create, "operator_class", "", "CREATE OPERATOR CLASS")
            }
            NodeEnum::CreateOpFamilyStmt(_) => self.simple(
                Verb::Create,
                "operator_family",
                "",
                "CREATE OPERATOR FAMILY",
            ),
            NodeEnum::AlterOpFamilyStmt(_) => {
                self.simple(Verb::Alter, "operator_family", "", "ALTER OPERATOR FAMILY")
            }
            NodeEnum::CreateTransformStmt(_) => {
                self.simple(Verb::Create, "transform", "", "CREATE TRANSFORM")
            }
            NodeEnum::AlterTsdictionaryStmt(_) | NodeEnum::AlterTsconfigurationStmt(_) => {
                self.simple(Verb::Alter, "text_search", "", "ALTER TEXT SEARCH")
            }
            other => self.server_object(other),
        })
    }

    /// Objects through which a database reaches beyond itself.
    fn server_object(&mut self, node: &NodeEnum) -> &'static str {
        match node {
            NodeEnum::CreateExtensionStmt(create) => self.administers(
                Verb::Create,
                "extension",
                &create.extname,
                "CREATE EXTENSION",
            ),
            NodeEnum::AlterExtensionStmt(alter) => {
                self.administers(Verb::Alter, "extension", &alter.extname, "ALTER EXTENSION")
            }
            NodeEnum::AlterExtensionContentsStmt(alter) => {
                self.administers(Verb::Alter, "extension", &alter.extname, "ALTER EXTENSION")
            }
            NodeEnum::CreateFdwStmt(_) => self.administers(
                Verb::Create,
                "foreign_data_wrapper",
                "",
                "CREATE FOREIGN DATA WRAPPER",
            ),
            NodeEnum::AlterFdwStmt(_) => self.administers(
                Verb::Alter,
                "foreign_data_wrapper",
                "",
                "ALTER FOREIGN DATA WRAPPER",
            ),
            NodeEnum::CreateForeignServerStmt(create) => {
                self.administers(Verb::Create, "server", &create.servername, "CREATE SERVER")
            }
            NodeEnum::AlterForeignServerStmt(alter) => {
                self.administers(Verb::Alter, "server", &alter.servername, "ALTER SERVER")
            }
            NodeEnum::CreateUserMappingStmt(create) => self.administers(
                Verb::Create,
                "user_mapping",
                &create.servername,
                "CREATE USER MAPPING",
            ),
            NodeEnum::AlterUserMappingStmt(alter) => self.administers(
                Verb::Alter,
                "user_mapping",
                &alter.servername,
                "ALTER USER MAPPING",
            ),
            NodeEnum::DropUserMappingStmt(drop) => self.administers(
                Verb::Drop,
                "user_mapping",
                &drop.servername,
                "DROP USER MAPPING",
            ),
            NodeEnum::ImportForeignSchemaStmt(import) => self.administers(
                Verb::Create,
                "server",
                &import.server_name,
                "IMPORT FOREIGN SCHEMA",
            ),
            NodeEnum::CreateAmStmt(_) => {
                self.administers(Verb::Create, "access_method", "", "CREATE ACCESS METHOD")
            }
            NodeEnum::CreatePlangStmt(_) => {
                self.administers(Verb::Create, "language", "", "CREATE LANGUAGE")
            }
            NodeEnum::CreateEventTrigStmt(_) => {
                self.administers(Verb::Create, "event_trigger", "", "CREATE EVENT TRIGGER")
            }
            NodeEnum::AlterEventTrigStmt(_) => {
                self.administers(Verb::Alter, "event_trigger", "", "ALTER EVENT TRIGGER")
            }
            NodeEnum::CreatedbStmt(create) => {
                self.administers(Verb::Create, "database", &create.dbname, "CREATE DATABASE")
            }
            NodeEnum::DropdbStmt(drop) => {
                self.administers(Verb::Drop, "database", &drop.dbname, "DROP DATABASE")
            }
            NodeEnum::AlterDatabaseStmt(alter) => {
                self.administers(Verb::Alter, "database", &alter.dbname, "ALTER DATABASE")
            }
            NodeEnum::AlterDatabaseRefreshCollStmt(alter) => {
                self.administers(Verb::Alter, "database", &alter.dbname, "ALTER DATABASE")
            }
            NodeEnum::CreateTableSpaceStmt(_) => {
                self.administers(Verb::Create, "tablespace", "", "CREATE TABLESPACE")
            }
            NodeEnum::DropTableSpaceStmt(_) => {
                self.administers(Verb::Drop, "tablespace", "", "DROP TABLESPACE")
            }
            NodeEnum::AlterTableSpaceOptionsStmt(_) | NodeEnum::AlterTableMoveAllStmt(_) => {
                self.administers(Verb::Alter, "tablespace", "", "ALTER TABLESPACE")
            }
            NodeEnum::CreatePublicationStmt(create) => self.simple(
                Verb::Replicate,
                "publication",
                &create.pubname,
                "CREATE PUBLICATION",
            ),
            NodeEnum::AlterPublicationStmt(alter) => self.simple(
                Verb::Replicate,
                "publication",
                &alter.pubname,
                "ALTER PUBLICATION",
            ),
            NodeEnum::CreateSubscriptionStmt(create) => self.simple(
                Verb::Replicate,
                "subscription",
                &create.subname,
                "CREATE SUBSCRIPTION",
            ),
            NodeEnum::AlterSubscriptionStmt(alter) => self.simple(
                Verb::Replicate,
                "subscription",
                &alter.subname,
                "ALTER SUBSCRIPTION",
            ),
            NodeEnum::DropSubscriptionStmt(drop) => self.simple(
                Verb::Replicate,
                "subscription",
                &drop.subname,
                "DROP SUBSCRIPTION",
            ),
            other => self.unhandled(other),
        }
    }

    fn simple(
        &mut self,
        verb: Verb,
        kind: &str,
        name: &str,
        statement: &'static str,
    ) -> &'static str {
        self.effect(verb, other(kind, name));
        statement
    }

    fn create_enum(&mut self, name: &[Node]) -> &'static str {
        self.says_all = name.len() > 1;
        self.types_alone = true;
        self.named(Verb::Create, "type", name, "CREATE TYPE")
    }

    fn named(
        &mut self,
        verb: Verb,
        kind: &str,
        name: &[Node],
        statement: &'static str,
    ) -> &'static str {
        let name = strings(name).unwrap_or_default().join(".");
        self.simple(verb, kind, &name, statement)
    }

    fn administers(
        &mut self,
        verb: Verb,
        kind: &str,
        name: &str,
        statement: &'static str,
    ) -> &'static str {
        self.effect(Verb::Administer, other(kind, name));
        self.simple(verb, kind, name, statement)
    }

    fn role(&mut self, name: &str, statement: &'static str) -> &'static str {
        let name = name.to_owned();
        self.effect(Verb::Grant, Object::Role { name });
        statement
    }

    /// ALTER ROLE or DATABASE ... SET: applies to later sessions; one that must stay pinned is refused there too.
    fn stored_setting(&mut self, name: Option<&str>) {
        let name = name.unwrap_or_default().to_ascii_lowercase();
        if matches!(super::reach::setting(&name), super::reach::Knob::Pinned(_)) {
            self.refused = Some(format!("{name} is pinned"));
        }
        self.effect(Verb::Set, Object::Setting { name });
    }

    fn made(&mut self, verb: Verb, range: Option<&RangeVar>) {
        if let Some(range) = range {
            let object = self.new_object(range);
            self.effect(verb, object);
        }
    }

    fn changed(&mut self, verb: Verb, range: Option<&RangeVar>) {
        let Some(range) = range else {
            return;
        };
        let object = self.range_object(range);
        self.effect(verb, object);
    }

    /// The object that a relation's name means; an index is not in the catalog and keeps the name as written.
    pub(crate) fn range_object(&self, range: &RangeVar) -> Object {
        let schema = Some(range.schemaname.as_str()).filter(|schema| !schema.is_empty());
        match self
            .resolve(schema, &range.relname)
            .and_then(|id| self.relation(id))
        {
            Some(relation) => object(relation),
            None => self.new_object(range),
        }
    }

    fn altered(&mut self, kind: i32, range: Option<&RangeVar>, target: Option<&Node>) -> Object {
        match (range, target) {
            (Some(range), _) => self.range_object(range),
            (None, Some(target)) => self.object_of(kind, target),
            (None, None) => Object::Database,
        }
    }

    /// The object that DROP, COMMENT, GRANT and the like name.
    fn object_of(&mut self, kind: i32, target: &Node) -> Object {
        let kind = ObjectType::try_from(kind).unwrap_or(ObjectType::Undefined);
        if let Some(NodeEnum::RangeVar(range)) = inner(target) {
            return self.range_object(range);
        }
        let names: Vec<String> = match inner(target) {
            Some(NodeEnum::List(list)) => list
                .items
                .iter()
                .filter_map(string)
                .map(str::to_owned)
                .collect(),
            Some(NodeEnum::String(name)) => vec![name.sval.clone()],
            Some(NodeEnum::ObjectWithArgs(function)) => function
                .objname
                .iter()
                .filter_map(string)
                .map(str::to_owned)
                .collect(),
            Some(NodeEnum::TypeName(name)) => name
                .names
                .iter()
                .filter_map(string)
                .map(str::to_owned)
                .collect(),
            _ => Vec::new(),
        };
        let parts: Vec<&str> = names.iter().map(String::as_str).collect();
        match kind {
            ObjectType::ObjectTable
            | ObjectType::ObjectView
            | ObjectType::ObjectMatview
            | ObjectType::ObjectSequence
            | ObjectType::ObjectForeignTable
            | ObjectType::ObjectIndex => self.table_named(&parts),
            // The last part names the column, constraint, rule, trigger or policy.
            ObjectType::ObjectColumn
            | ObjectType::ObjectTabconstraint
            | ObjectType::ObjectRule
            | ObjectType::ObjectTrigger
            | ObjectType::ObjectPolicy => {
                let table = parts.split_last().map_or(&[][..], |(_, table)| table);
                self.table_named(table)
            }
            ObjectType::ObjectFunction
            | ObjectType::ObjectProcedure
            | ObjectType::ObjectRoutine
            | ObjectType::ObjectAggregate => self.function_named(&parts),
            ObjectType::ObjectSchema => Object::Schema {
                schema: parts.join("."),
            },
            ObjectType::ObjectRole => Object::Role {
                name: parts.join("."),
            },
            ObjectType::ObjectDatabase => Object::Database,
            other_kind => {
                let word = other_kind.as_str_name().trim_start_matches("OBJECT_");
                other(&word.to_ascii_lowercase(), parts.join("."))
            }
        }
    }

    fn table_named(&self, parts: &[&str]) -> Object {
        let (schema, name) = match parts {
            [name] => (None, *name),
            [.., schema, name] => (Some(*schema), *name),
            [] => (None, ""),
        };
        match self.resolve(schema, name).and_then(|id| self.relation(id)) {
            Some(relation) => object(relation),
            None => Object::Table {
                schema: schema.unwrap_or_default().to_owned(),
                name: name.to_owned(),
            },
        }
    }

    fn function_named(&self, parts: &[&str]) -> Object {
        let (schema, name) = match parts {
            [name] => (None, *name),
            [.., schema, name] => (Some(*schema), *name),
            [] => (None, ""),
        };
        let known = self
            .catalog
            .functions_by_name
            .get(name)
            .into_iter()
            .flatten();
        let path = &self.view.search_path;
        let found = known
            .filter_map(|index| self.catalog.functions.get(*index))
            .find(|function| match schema {
                Some(schema) => function.schema == schema,
                None => path.contains(&function.schema),
            });
        Object::Function {
            schema: found
                .map_or(schema.unwrap_or_default(), |function| &function.schema)
                .to_owned(),
            name: name.to_owned(),
        }
    }

    fn drop(&mut self, drop: &DropStmt) -> &'static str {
        let kind = ObjectType::try_from(drop.remove_type).unwrap_or(ObjectType::Undefined);
        let cascades = drop.behavior == DropBehavior::DropCascade as i32;
        self.types_alone = kind == ObjectType::ObjectType && !cascades;
        if cascades {
            self.cascade();
        }
        for target in &drop.objects {
            let object = self.object_of(drop.remove_type, target);
            let beyond = matches!(
                kind,
                ObjectType::ObjectExtension
                    | ObjectType::ObjectForeignServer
                    | ObjectType::ObjectFdw
                    | ObjectType::ObjectEventTrigger
                    | ObjectType::ObjectLanguage
                    | ObjectType::ObjectAccessMethod
            );
            if beyond {
                self.effect(Verb::Administer, object.clone());
            }
            if kind == ObjectType::ObjectPublication {
                self.effect(Verb::Replicate, object.clone());
            }
            if kind == ObjectType::ObjectPolicy {
                self.effect(Verb::Grant, object.clone());
            }
            self.effect(Verb::Drop, object);
            self.leave_family(kind, target);
        }
        match kind {
            ObjectType::ObjectTable => "DROP TABLE",
            ObjectType::ObjectView => "DROP VIEW",
            ObjectType::ObjectSchema => "DROP SCHEMA",
            ObjectType::ObjectIndex => "DROP INDEX",
            ObjectType::ObjectFunction => "DROP FUNCTION",
            _ => "DROP",
        }
    }

    fn create_function(&mut self, create: &CreateFunctionStmt) -> &'static str {
        let parts = strings(&create.funcname).unwrap_or_default();
        let (schema, name) = match parts.as_slice() {
            [.., schema, name] => ((*schema).to_owned(), *name),
            [name] => {
                let path = self.view.search_path.iter();
                let mut own = path
                    .filter(|schema| *schema != "pg_catalog" && !schema.starts_with("pg_temp_"));
                (own.next().cloned().unwrap_or_default(), *name)
            }
            [] => (String::new(), ""),
        };
        let name = name.to_owned();
        self.effect(Verb::Create, Object::Function { schema, name });
        if create.is_procedure {
            "CREATE PROCEDURE"
        } else {
            "CREATE FUNCTION"
        }
    }

    fn create_table(&mut self, create: &CreateStmt) -> Walk<&'static str> {
        self.made(Verb::Create, create.relation.as_ref());
        for parent in &create.inh_relations {
            if let Some(NodeEnum::RangeVar(parent)) = inner(parent) {
                self.changed(Verb::Alter, Some(parent));
            }
        }
        let mut columns = Row::new();
        for element in &create.table_elts {
            if let Some(NodeEnum::ColumnDef(column)) = inner(element) {
                columns.push((column.colname.clone(), Value::free(0)));
            }
        }
        // Columns of parents and LIKE may be named too.
        let partial = !create.inh_relations.is_empty();
        let mut scope = Scope::default();
        scope.rels.push(Rel {
            name: create
                .relation
                .as_ref()
                .map(|range| range.relname.clone())
                .unwrap_or_default(),
            schema: None,
            columns: std::rc::Rc::new(columns),
            relation: None,
            named: true,
            bare: true,
            partial,
            shaped: false,
        });
        if let Some(name) = &create.of_typename {
            self.type_name(name);
        }
        self.parts_of_definition(&create.table_elts, &scope)?;
        self.parts_of_definition(&create.constraints, &scope)?;
        if let Some(bound) = &create.partbound {
            for datum in bound
                .listdatums
                .iter()
                .chain(&bound.lowerdatums)
                .chain(&bound.upperdatums)
            {
                self.part_of_definition(datum, &Scope::default())?;
            }
        }
        if let Some(spec) = &create.partspec {
            self.parts_of_definition(&spec.part_params, &scope)?;
        }
        Ok("CREATE TABLE")
    }

    fn relation_scope(&mut self, range: Option<&RangeVar>) -> Scope<'static> {
        let mut scope = Scope::default();
        let schema = range
            .map(|range| range.schemaname.as_str())
            .filter(|schema| !schema.is_empty());
        let Some(range) = range else {
            return scope;
        };
        let Some(id) = self.resolve(schema, &range.relname) else {
            return scope;
        };
        if let Some(relation) = self.relation(id) {
            let row = self.own_columns(id, relation);
            scope
                .rels
                .push(super::from::stored_rel(&range.relname, row, id));
        }
        scope
    }

    fn alter_table(&mut self, alter: &AlterTableStmt) -> Walk<&'static str> {
        let range = alter.relation.as_ref();
        self.quiet_alter = self.is_quiet_alter(alter);
        self.changed(Verb::Alter, range);
        let mut scope = self.relation_scope(range);
        if let Some(id) = scope.rels.first().and_then(|rel| rel.relation) {
            // A rewrite or a new constraint evaluates what is attached.
            self.attached(id, Touch::Write)?;
        }
        let mut added = Row::new();
        for command in &alter.cmds {
            if let Some(NodeEnum::AlterTableCmd(command)) = inner(command)
                && let Some(NodeEnum::ColumnDef(column)) = boxed(command.def.as_ref())
                && command.subtype == AlterTableType::AtAddColumn as i32
            {
                added.push((column.colname.clone(), Value::free(0)));
            }
        }
        if let Some(rel) = scope.rels.first_mut() {
            let mut all = rel.columns.as_ref().clone();
            all.extend(added);
            rel.columns = std::rc::Rc::new(all);
        }
        for command in &alter.cmds {
            let Some(NodeEnum::AlterTableCmd(command)) = inner(command) else {
                self.unknown("ALTER TABLE", "");
                continue;
            };
            self.alter_part(alter, command);
            if let Some(part) = command.def.as_deref() {
                self.part_of_definition(part, &scope)?;
            }
        }
        Ok("ALTER TABLE")
    }

    fn create_index(&mut self, index: &IndexStmt) -> Walk<&'static str> {
        let range = index.relation.as_ref();
        self.changed(Verb::Alter, range);
        self.simple(Verb::Create, "index", &index.idxname, "");
        let scope = self.relation_scope(range);
        self.parts_of_definition(&index.index_params, &scope)?;
        if let Some(condition) = boxed(index.where_clause.as_ref()) {
            self.condition(condition, &scope)?;
        }
        Ok("CREATE INDEX")
    }

    fn parts_of_definition(&mut self, parts: &[Node], scope: &Scope<'_>) -> Walk<()> {
        for part in parts {
            self.part_of_definition(part, scope)?;
        }
        Ok(())
    }

    /// One part of a definition: the expressions within it are walked.
    fn part_of_definition(&mut self, part: &Node, scope: &Scope<'_>) -> Walk<()> {
        self.enter(2)?;
        match inner(part) {
            Some(NodeEnum::ColumnDef(column)) => {
                if let Some(name) = &column.type_name
                    && !is_serial(name)
                {
                    self.type_name(name);
                }
                if let Some(expression) = column.raw_default.as_deref() {
                    self.kept_expression(expression, scope)?;
                }
                self.parts_of_definition(&column.constraints, scope)?;
            }
            Some(NodeEnum::Constraint(constraint)) => {
                if let Some(expression) = constraint.raw_expr.as_deref() {
                    self.kept_expression(expression, scope)?;
                }
                if let Some(condition) = boxed(constraint.where_clause.as_ref()) {
                    self.condition(condition, scope)?;
                }
                if let Some(parent) = &constraint.pktable {
                    self.changed(Verb::Alter, Some(parent));
                }
                if !constraint.exclusions.is_empty() {
                    self.parts_of_exclusion(&constraint.exclusions, scope)?;
                }
            }
            Some(NodeEnum::IndexElem(element)) => {
                if let Some(expression) = element.expr.as_deref() {
                    let value = self.expression(expression, scope)?;
                    self.use_value(&value, Usage::Predicate);
                }
                if !element.opclass.is_empty() && scope.rels.is_empty() {
                    self.unknown("operator class", "");
                }
            }
            Some(NodeEnum::PartitionElem(element)) => {
                if let Some(expression) = element.expr.as_deref() {
                    self.expression(expression, scope)?;
                }
            }
            Some(NodeEnum::PartitionRangeDatum(datum)) => {
                if let Some(value) = datum.value.as_deref() {
                    self.expression(value, scope)?;
                }
            }
            Some(NodeEnum::PartitionCmd(command)) => {
                self.changed(Verb::Alter, command.name.as_ref());
            }
            Some(NodeEnum::TableLikeClause(like)) => {
                self.changed(Verb::Select, like.relation.as_ref());
            }
            Some(NodeEnum::RangeVar(range)) => self.changed(Verb::Alter, Some(range)),
            Some(NodeEnum::TypeName(name)) => {
                self.type_name(name);
            }
            Some(NodeEnum::List(list)) => self.parts_of_definition(&list.items, scope)?,
            // Options, names, numbers: nothing that runs.
            Some(
                NodeEnum::DefElem(_)
                | NodeEnum::String(_)
                | NodeEnum::Integer(_)
                | NodeEnum::Float(_)
                | NodeEnum::ReplicaIdentityStmt(_)
                | NodeEnum::AtalterConstraint(_)
                | NodeEnum::RoleSpec(_),
            )
            | None => {}
            Some(
                NodeEnum::AConst(_)
                | NodeEnum::AExpr(_)
                | NodeEnum::BoolExpr(_)
                | NodeEnum::FuncCall(_)
                | NodeEnum::TypeCast(_)
                | NodeEnum::CaseExpr(_)
                | NodeEnum::CoalesceExpr(_)
                | NodeEnum::NullTest(_)
                | NodeEnum::SqlvalueFunction(_)
                | NodeEnum::ColumnRef(_)
                | NodeEnum::AArrayExpr(_)
                | NodeEnum::CollateClause(_),
            ) => self.kept_expression(part, scope)?,
            Some(other) => self.unknown("definition", &kind_of(other)),
        }
        self.leave(2);
        Ok(())
    }

    fn parts_of_exclusion(&mut self, exclusions: &[Node], scope: &Scope<'_>) -> Walk<()> {
        for exclusion in exclusions {
            let Some(NodeEnum::List(pair)) = inner(exclusion) else {
                continue;
            };
            if let Some(element) = pair.items.first() {
                self.part_of_definition(element, scope)?;
            }
            if let Some(NodeEnum::List(operator)) = pair.items.get(1).and_then(inner) {
                self.operator(&operator.items, 0, 0);
            }
        }
        Ok(())
    }

    /// An expression whose result is stored or decides what may be.
    fn kept_expression(&mut self, node: &Node, scope: &Scope<'_>) -> Walk<()> {
        let value = self.expression(node, scope)?;
        self.use_value(&value, Usage::Stored);
        Ok(())
    }
}

/// `serial` and its like are no types but shorthands.
fn is_serial(name: &pg_query::protobuf::TypeName) -> bool {
    matches!(
        strings(&name.names).as_deref(),
        Some(["serial" | "bigserial" | "smallserial" | "serial2" | "serial4" | "serial8"])
    )
}
