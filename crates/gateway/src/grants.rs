//! The second wall: a database role that can do what some policy could permit, and no more; and what the credential in
//! use can do beyond that.
//!
//! Prints SQL for somebody to read and run; changes nothing itself.

use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use mask::DataCatalog;
use model::{Object, Resource, Verb};
use policy::PolicySet;

use crate::config::{Config, ResourceConfig};
use crate::convert;
use crate::credentials::ConfiguredCredentials;

/// Tables, views and sequences of the database with their columns, and what the role in use may do with each.
const RELATIONS: &str = "\
SELECT n.nspname, c.relname, c.relkind::text, \
(SELECT pg_catalog.json_agg(a.attname ORDER BY a.attnum) FROM pg_catalog.pg_attribute a \
WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)::text, \
(SELECT pg_catalog.json_agg(pg_catalog.json_build_array(p, a.attname)) \
FROM pg_catalog.unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) p, pg_catalog.pg_attribute a \
WHERE c.relkind <> 'S' AND a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
AND pg_catalog.has_column_privilege(c.oid, a.attnum, p))::text, \
(SELECT pg_catalog.string_agg(p, ' ') FROM pg_catalog.unnest(ARRAY['DELETE', 'TRUNCATE']) p \
WHERE c.relkind <> 'S' AND pg_catalog.has_table_privilege(c.oid, p)), \
pg_catalog.pg_has_role(c.relowner, 'USAGE')::text, \
(SELECT pg_catalog.json_build_array(on_.nspname, oc.relname)::text FROM pg_catalog.pg_depend d \
JOIN pg_catalog.pg_class oc ON oc.oid = d.refobjid JOIN pg_catalog.pg_namespace on_ ON on_.oid = oc.relnamespace \
WHERE c.relkind = 'S' AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid \
AND d.deptype IN ('a', 'i') LIMIT 1) \
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't' \
AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_' ORDER BY 1, 2";

/// Functions of the database's own.
const FUNCTIONS: &str = "\
SELECT n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid), p.prokind::text \
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_' ORDER BY 1, 2, 3";

/// The role in use.
const ROLE: &str = "\
SELECT current_user::text, rolsuper::text, rolcreaterole::text, rolreplication::text, rolbypassrls::text, rolcreatedb::text \
FROM pg_catalog.pg_roles WHERE rolname = current_user";

/// Verbs that are privileges on tables.
const TABLE_VERBS: [(Verb, &str); 5] = [
    (Verb::Select, "SELECT"),
    (Verb::Insert, "INSERT"),
    (Verb::Update, "UPDATE"),
    (Verb::Delete, "DELETE"),
    (Verb::Truncate, "TRUNCATE"),
];
/// Of these, those that can be granted on single columns.
const COLUMN_VERBS: [Verb; 3] = [Verb::Select, Verb::Insert, Verb::Update];
/// Verbs that no GRANT gives, and what would.
const OTHER_VERBS: [(Verb, &str); 10] = [
    (Verb::Alter, "needs ownership of the object"),
    (Verb::Drop, "needs ownership of the object"),
    (
        Verb::Maintain,
        "needs ownership, or MAINTAIN from PostgreSQL 17 on",
    ),
    (
        Verb::Grant,
        "needs ownership, or privileges WITH GRANT OPTION",
    ),
    (
        Verb::Set,
        "settings that only superusers set need GRANT SET ON PARAMETER from PostgreSQL 15 on",
    ),
    (Verb::SetRole, "needs membership in the role"),
    (
        Verb::ServerFile,
        "needs pg_read_server_files, pg_write_server_files or pg_execute_server_program",
    ),
    (Verb::Replicate, "needs REPLICATION"),
    (
        Verb::Administer,
        "needs pg_signal_backend, pg_monitor or the like",
    ),
    (
        Verb::Execute,
        "DO blocks run with the role's own privileges",
    ),
];

/// One table, view or sequence.
struct Relation {
    schema: String,
    name: String,
    kind: String,
    columns: Vec<String>,
    /// What the role in use may do with single columns: privilege and column.
    held_columns: Vec<(String, String)>,
    /// What it may do with the whole.
    held: String,
    is_owned: bool,
    /// The table that a sequence numbers.
    serves: Option<(String, String)>,
}

/// One function or procedure.
struct Routine {
    schema: String,
    name: String,
    arguments: String,
    is_procedure: bool,
}

/// What there is in one database.
pub(crate) struct Ground {
    relations: Vec<Relation>,
    routines: Vec<Routine>,
    user: String,
    /// Attributes of the role in use that reach beyond any grant.
    powers: Vec<&'static str>,
}

/// The rules that are weighed.
pub(crate) struct Weighed<'a> {
    pub(crate) policies: &'a PolicySet,
    pub(crate) labels: &'a DataCatalog,
    pub(crate) resource: &'a Resource,
}

impl Ground {
    /// Reads one database.
    ///
    /// # Errors
    /// When the target or its credential cannot be had, or refuses.
    pub(crate) async fn read(
        config: &Config,
        settings: &ResourceConfig,
        database: &str,
    ) -> Result<Self> {
        let (target, limits) = (convert::target(settings)?, config.limits.resolve()?);
        let credentials = Arc::new(ConfiguredCredentials::new(&config.resource));
        let questions = [
            "SET default_transaction_read_only = on",
            "SET search_path = ''",
            RELATIONS,
            FUNCTIONS,
            ROLE,
        ];
        let questions = questions.map(str::to_owned);
        let mut answers = relay::ask(&target, database, credentials, &limits, &questions)
            .await?
            .into_iter()
            .skip(2);
        let mut next = || -> Result<Vec<Vec<Option<String>>>> {
            let answer = answers.next().context("the target gave no answer")?;
            answer.map_err(anyhow::Error::msg)
        };
        let relations = next()?.into_iter().map(relation).collect::<Result<_>>()?;
        let routines = next()?.into_iter().map(routine).collect();
        let mut role = next()?
            .into_iter()
            .next()
            .unwrap_or_default()
            .into_iter()
            .flatten();
        let user = role.next().unwrap_or_default();
        let names = [
            "SUPERUSER",
            "CREATEROLE",
            "REPLICATION",
            "BYPASSRLS",
            "CREATEDB",
        ];
        let powers = names.into_iter().zip(role).filter(|(_, has)| has == "true");
        Ok(Self {
            relations,
            routines,
            user,
            powers: powers.map(|(name, _)| name).collect(),
        })
    }

    /// What the credential in use may do that no policy could permit to anybody, one line each.
    pub(crate) fn excess(&self, rules: &Weighed<'_>) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let user = &self.user;
        for power in &self.powers {
            found.push(format!("its role {user} has {power}"));
        }
        if self.powers.contains(&"SUPERUSER") {
            // Every privilege follows from that one.
            return found;
        }
        let is_table = |relation: &&Relation| relation.kind != "S";
        for relation in self.relations.iter().filter(is_table) {
            let name = format!("{}.{}", relation.schema, relation.name);
            if relation.is_owned {
                found.push(format!("its role {user} owns {name}"));
                continue;
            }
            for (verb, word) in TABLE_VERBS {
                let excess = relation.excess(verb, word, rules);
                found.extend(excess.map(|what| format!("its role {user} may {word} {name}{what}")));
            }
        }
        found
    }

    /// The SQL of a role that can do what the rules could permit, and no more.
    pub(crate) fn sql(&self, role: &str, rules: &Weighed<'_>) -> String {
        let database = identifier(&rules.resource.database);
        let mut grants = String::new();
        let mut schemas: Vec<&str> = Vec::new();
        let mut writes = false;
        for relation in &self.relations {
            let lines = relation.grants(role, rules, self);
            if !lines.is_empty() {
                schemas.push(&relation.schema);
                writes |= relation.is_written(rules);
                grants.push_str(&lines);
            }
        }
        for routine in &self.routines {
            let object = Object::Function {
                schema: routine.schema.clone(),
                name: routine.name.clone(),
            };
            let could = rules.policies.could(rules.resource, Verb::Call, &object);
            if could {
                schemas.push(&routine.schema);
                grants.push_str(&format!(
                    "GRANT EXECUTE ON {} TO {};\n",
                    routine.text(),
                    identifier(role)
                ));
            }
        }
        schemas.sort_unstable();
        schemas.dedup();
        let role = identifier(role);
        let mut out = format!(
            "-- {}: the role behind the gateway, with what policy set {} could permit to anybody.\n\
             -- Read it, run it as an owner of the database, give the role a password, and name it as the resource's user.\n\
             CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;\n",
            rules.resource.name,
            rules.policies.hash(),
        );
        // Writing to a String cannot fail.
        if !writes {
            let _ = writeln!(
                out,
                "ALTER ROLE {role} SET default_transaction_read_only = on;"
            );
        }
        let _ = writeln!(out, "GRANT CONNECT ON DATABASE {database} TO {role};");
        for schema in schemas {
            let schema_name = identifier(schema);
            let _ = writeln!(out, "GRANT USAGE ON SCHEMA {schema_name} TO {role};");
            let object = Object::Schema {
                schema: schema.to_owned(),
            };
            if rules.policies.could(rules.resource, Verb::Create, &object) {
                let _ = writeln!(out, "GRANT CREATE ON SCHEMA {schema_name} TO {role};");
            }
        }
        out.push_str(&grants);
        out.push_str(&remarks(&database, rules));
        out
    }
}

/// What GRANT cannot say.
fn remarks(database: &str, rules: &Weighed<'_>) -> String {
    let mut out = format!(
        "-- PUBLIC may do by default what this role shall not. Consider, after looking at who else relies on it:\n\
         --   REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC;\n\
         --   REVOKE CREATE ON SCHEMA public FROM PUBLIC;\n\
         --   REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;\n"
    );
    for (verb, what) in OTHER_VERBS {
        if rules
            .policies
            .could(rules.resource, verb, &Object::Database)
        {
            let _ = writeln!(out, "-- Some policy permits {}: {what}.", verb.as_str());
        }
    }
    out
}

/// What a grant covers.
enum Granted {
    Whole,
    Columns(Vec<String>),
}

impl Relation {
    fn object(&self) -> Object {
        Object::Table {
            schema: self.schema.clone(),
            name: self.name.clone(),
        }
    }

    /// What could be permitted of `verb`; `None` for nothing.
    fn granted(&self, verb: Verb, rules: &Weighed<'_>) -> Option<Granted> {
        let (resource, policies) = (rules.resource, rules.policies);
        if !COLUMN_VERBS.contains(&verb) {
            let could = policies.could(resource, verb, &self.object());
            return could.then_some(Granted::Whole);
        }
        let could = |column: &&String| {
            let name = resource.name.as_str();
            let found =
                rules
                    .labels
                    .classify(name, &resource.database, &self.schema, &self.name, column);
            let labels = found.map(|found| found.labels).unwrap_or_default();
            policies.could_column(resource, verb, (&self.schema, &self.name), column, &labels)
        };
        let columns: Vec<String> = self.columns.iter().filter(could).cloned().collect();
        match columns.len() {
            0 => policies
                .could(resource, verb, &self.object())
                .then_some(Granted::Whole),
            all if all == self.columns.len() => Some(Granted::Whole),
            _ => Some(Granted::Columns(columns)),
        }
    }

    /// What the role in use may do with `verb` beyond what could be permitted: nothing, all, or ` (column, …)`.
    fn excess(&self, verb: Verb, word: &str, rules: &Weighed<'_>) -> Option<String> {
        let granted = self.granted(verb, rules);
        if !COLUMN_VERBS.contains(&verb) {
            let has = self.held.split(' ').any(|held| held == word);
            return (has && granted.is_none()).then(String::new);
        }
        let is_excess = |column: &&str| match &granted {
            None => true,
            Some(Granted::Whole) => false,
            Some(Granted::Columns(columns)) => !columns.iter().any(|c| c == column),
        };
        let held = self.held_columns.iter().filter(|(held, _)| held == word);
        let columns: Vec<&str> = held
            .map(|(_, column)| column.as_str())
            .filter(is_excess)
            .collect();
        match columns.len() {
            0 => None,
            all if all == self.columns.len() => Some(String::new()),
            _ => Some(format!(" ({})", columns.join(", "))),
        }
    }

    fn is_written(&self, rules: &Weighed<'_>) -> bool {
        let mut writes = TABLE_VERBS.iter().filter(|(verb, _)| *verb != Verb::Select);
        writes.any(|(verb, _)| self.granted(*verb, rules).is_some())
    }

    fn grants(&self, role: &str, rules: &Weighed<'_>, ground: &Ground) -> String {
        let name = format!("{}.{}", identifier(&self.schema), identifier(&self.name));
        let role = identifier(role);
        if self.kind == "S" {
            return self.sequence_grant(&name, &role, rules, ground);
        }
        let mut whole = Vec::new();
        let mut out = String::new();
        for (verb, word) in TABLE_VERBS {
            match self.granted(verb, rules) {
                None => {}
                Some(Granted::Whole) => whole.push(word),
                Some(Granted::Columns(columns)) => {
                    let columns: Vec<String> = columns.iter().map(|c| identifier(c)).collect();
                    out.push_str(&format!(
                        "GRANT {word} ({}) ON {name} TO {role};\n",
                        columns.join(", ")
                    ));
                }
            }
        }
        if !whole.is_empty() {
            out.push_str(&format!(
                "GRANT {} ON {name} TO {role};\n",
                whole.join(", ")
            ));
        }
        out
    }

    /// Rows are numbered by the sequence of the table that they go into; a free one is read as a table is.
    fn sequence_grant(
        &self,
        name: &str,
        role: &str,
        rules: &Weighed<'_>,
        ground: &Ground,
    ) -> String {
        let served = self.serves.as_ref().and_then(|(schema, table)| {
            let mut relations = ground.relations.iter();
            relations.find(|r| r.schema == *schema && r.name == *table)
        });
        let numbers = served.is_some_and(|table| table.granted(Verb::Insert, rules).is_some());
        let mut words = Vec::new();
        if numbers {
            words.push("USAGE");
        }
        for (verb, word) in [(Verb::Select, "SELECT"), (Verb::Update, "UPDATE")] {
            if rules.policies.could(rules.resource, verb, &self.object()) {
                words.push(word);
            }
        }
        match words.is_empty() {
            true => String::new(),
            false => format!("GRANT {} ON SEQUENCE {name} TO {role};\n", words.join(", ")),
        }
    }
}

impl Routine {
    fn text(&self) -> String {
        let kind = if self.is_procedure {
            "PROCEDURE"
        } else {
            "FUNCTION"
        };
        let (schema, name) = (identifier(&self.schema), identifier(&self.name));
        format!("{kind} {schema}.{name}({})", self.arguments)
    }
}

fn relation(row: Vec<Option<String>>) -> Result<Relation> {
    let mut cells = row.into_iter();
    let mut next = || cells.next().flatten();
    let (schema, name) = (next().unwrap_or_default(), next().unwrap_or_default());
    let kind = next().unwrap_or_default();
    let columns = next().map_or(Ok(Vec::new()), |text| serde_json::from_str(&text));
    let held_columns = next().map_or(Ok(Vec::new()), |text| serde_json::from_str(&text));
    let held = next().unwrap_or_default();
    let is_owned = next().as_deref() == Some("true");
    let serves = next().map(|text| serde_json::from_str(&text)).transpose()?;
    Ok(Relation {
        schema,
        name,
        kind,
        columns: columns?,
        held_columns: held_columns?,
        held,
        is_owned,
        serves,
    })
}

fn routine(row: Vec<Option<String>>) -> Routine {
    let mut cells = row.into_iter().map(Option::unwrap_or_default);
    let mut next = || cells.next().unwrap_or_default();
    Routine {
        schema: next(),
        name: next(),
        arguments: next(),
        is_procedure: next() == "p",
    }
}

/// `"name"`, as SQL writes it.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
