//! The session as the server sees it: what decides how names resolve.
//!
//! Read by [`BRIEF`], and [`QUERY`] where that does not suffice, on the session's own connection; never guessed from
//! what the client sent.

use crate::{Catalog, Error};

/// Asks for the session's state where nothing of it is the session's own: neither temporary objects nor changes in an
/// open transaction. It touches no table, so that a fresh connection answers at once; [`QUERY`] takes it milliseconds.
/// Where there may be more to see it says so: see [`parse_brief`].
pub const BRIEF: &str = "\
SELECT 'path'::pg_catalog.text, p.n::pg_catalog.text, p.s::pg_catalog.text, NULL::pg_catalog.text \
FROM pg_catalog.unnest(pg_catalog.current_schemas(true)) WITH ORDINALITY AS p(s, n) \
UNION ALL SELECT 'role', current_user::pg_catalog.text, session_user::pg_catalog.text, NULL \
UNION ALL SELECT 'setting', w.s, pg_catalog.current_setting(w.s), NULL \
FROM pg_catalog.unnest(ARRAY['standard_conforming_strings','client_encoding','backslash_quote','escape_string_warning',\
'session_replication_role','transform_null_equals']::pg_catalog.text[]) AS w(s) \
UNION ALL SELECT 'more', pg_catalog.concat(pg_catalog.pg_my_temp_schema()), \
pg_catalog.concat(pg_catalog.pg_current_xact_id_if_assigned()), NULL";

/// Asks the server for the whole of the session's state: one result set of six text columns. Runs inside a transaction too (not
/// inside a failed one). Every name and operator is qualified, because the search path is the client's.
///
/// A definition counts as changed by this transaction when its row version is not older than the transaction's own
/// number; what others committed meanwhile may be among them, which is harmless: it is reported as it is now.
///
/// With a relation come the views that stand on it (`pg_depend`: 1259 is `pg_class`, 2618 `pg_rewrite`), whose text
/// now names it otherwise than the catalog's does.
///
/// The lists in between keep the planner from believing that everything may have changed: it would read whole catalogs.
///
/// What is attached to them comes with them, as [`crate::catalog::QUERIES`] tells it: triggers, rules, policies, ties of
/// inheritance, and the foreign keys that point at them.
pub const QUERY: &str = "\
WITH RECURSIVE me AS MATERIALIZED (SELECT pg_catalog.xid(pg_catalog.pg_current_xact_id_if_assigned()) AS top \
WHERE pg_catalog.pg_current_xact_id_if_assigned() IS NOT NULL), \
changed(oid) AS MATERIALIZED (SELECT u.oid FROM (SELECT pg_catalog.array_agg(x.oid) AS oids FROM (\
SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relnamespace OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema() \
UNION SELECT c.oid FROM me, pg_catalog.pg_class c WHERE pg_catalog.age(c.xmin) OPERATOR(pg_catalog.<=) pg_catalog.age(me.top) \
UNION SELECT a.attrelid FROM me, pg_catalog.pg_attribute a WHERE pg_catalog.age(a.xmin) OPERATOR(pg_catalog.<=) pg_catalog.age(me.top) \
UNION SELECT r.ev_class FROM me, pg_catalog.pg_rewrite r WHERE pg_catalog.age(r.xmin) OPERATOR(pg_catalog.<=) pg_catalog.age(me.top) \
UNION SELECT t.tgrelid FROM me, pg_catalog.pg_trigger t WHERE pg_catalog.age(t.xmin) OPERATOR(pg_catalog.<=) pg_catalog.age(me.top) \
UNION SELECT d.adrelid FROM me, pg_catalog.pg_attrdef d WHERE pg_catalog.age(d.xmin) OPERATOR(pg_catalog.<=) pg_catalog.age(me.top) \
UNION SELECT k.conrelid FROM me, pg_catalog.pg_constraint k WHERE pg_catalog.age(k.xmin) OPERATOR(pg_catalog.<=) pg_catalog.age(me.top) \
UNION SELECT k.confrelid FROM me, pg_catalog.pg_constraint k WHERE pg_catalog.age(k.xmin) OPERATOR(pg_catalog.<=) pg_catalog.age(me.top) \
UNION SELECT i.indrelid FROM me, pg_catalog.pg_index i WHERE pg_catalog.age(i.xmin) OPERATOR(pg_catalog.<=) pg_catalog.age(me.top) \
UNION SELECT p.polrelid FROM me, pg_catalog.pg_policy p WHERE pg_catalog.age(p.xmin) OPERATOR(pg_catalog.<=) pg_catalog.age(me.top) \
UNION SELECT h.inhrelid FROM me, pg_catalog.pg_inherits h WHERE pg_catalog.age(h.xmin) OPERATOR(pg_catalog.<=) pg_catalog.age(me.top) \
UNION SELECT h.inhparent FROM me, pg_catalog.pg_inherits h WHERE pg_catalog.age(h.xmin) OPERATOR(pg_catalog.<=) pg_catalog.age(me.top)\
) x(oid)) l, pg_catalog.unnest(l.oids) AS u(oid)), \
fresh(oid) AS (\
SELECT changed.oid FROM changed \
UNION SELECT r.ev_class FROM fresh JOIN pg_catalog.pg_depend d ON d.refobjid OPERATOR(pg_catalog.=) fresh.oid \
AND d.refclassid OPERATOR(pg_catalog.=) 1259::pg_catalog.oid AND d.classid OPERATOR(pg_catalog.=) 2618::pg_catalog.oid \
JOIN pg_catalog.pg_rewrite r ON r.oid OPERATOR(pg_catalog.=) d.objid), \
found(oids) AS MATERIALIZED (SELECT pg_catalog.array_agg(fresh.oid) FROM fresh) \
SELECT 'path'::pg_catalog.text, p.n::pg_catalog.text, p.s::pg_catalog.text, NULL::pg_catalog.text, NULL::pg_catalog.text, NULL::pg_catalog.text \
FROM pg_catalog.unnest(pg_catalog.current_schemas(true)) WITH ORDINALITY AS p(s, n) \
UNION ALL SELECT 'role', current_user::pg_catalog.text, session_user::pg_catalog.text, NULL, NULL, NULL \
UNION ALL SELECT 'setting', w.s, pg_catalog.current_setting(w.s), NULL, NULL, NULL \
FROM pg_catalog.unnest(ARRAY['standard_conforming_strings','client_encoding','backslash_quote','escape_string_warning',\
'session_replication_role','transform_null_equals']::pg_catalog.text[]) AS w(s) \
UNION ALL SELECT 'rel', c.oid::pg_catalog.text, n.nspname::pg_catalog.text, c.relname::pg_catalog.text, c.relkind::pg_catalog.text, NULL \
FROM found f JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) ANY (f.oids) \
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
WHERE c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r','v','m','f','p','S']::pg_catalog.\"char\"[]) \
UNION ALL SELECT 'col', a.attrelid::pg_catalog.text, a.attnum::pg_catalog.text, a.attname::pg_catalog.text, a.atttypid::pg_catalog.text, NULL \
FROM found f JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) ANY (f.oids) \
WHERE a.attnum OPERATOR(pg_catalog.>) 0::pg_catalog.int2 AND NOT a.attisdropped \
UNION ALL SELECT 'view', c.oid::pg_catalog.text, pg_catalog.pg_get_viewdef(c.oid), NULL, NULL, NULL \
FROM found f JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) ANY (f.oids) \
WHERE c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['v','m']::pg_catalog.\"char\"[]) \
UNION ALL SELECT 'expr', d.adrelid::pg_catalog.text, CASE WHEN a.attgenerated OPERATOR(pg_catalog.=) ''::pg_catalog.\"char\" THEN 'default' \
ELSE pg_catalog.concat('generated ', a.attname) END, pg_catalog.pg_get_expr(d.adbin, d.adrelid), NULL, NULL \
FROM found f JOIN pg_catalog.pg_attrdef d ON d.adrelid OPERATOR(pg_catalog.=) ANY (f.oids) \
JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) d.adrelid AND a.attnum OPERATOR(pg_catalog.=) d.adnum \
UNION ALL SELECT 'expr', k.conrelid::pg_catalog.text, 'check', pg_catalog.pg_get_expr(k.conbin, k.conrelid), NULL, NULL \
FROM found f JOIN pg_catalog.pg_constraint k ON k.conrelid OPERATOR(pg_catalog.=) ANY (f.oids) WHERE k.conbin IS NOT NULL \
UNION ALL SELECT 'expr', i.indrelid::pg_catalog.text, 'index', \
pg_catalog.concat('ROW(', pg_catalog.pg_get_expr(i.indexprs, i.indrelid), ')'), NULL, NULL \
FROM found f JOIN pg_catalog.pg_index i ON i.indrelid OPERATOR(pg_catalog.=) ANY (f.oids) WHERE i.indexprs IS NOT NULL \
UNION ALL SELECT 'expr', i.indrelid::pg_catalog.text, 'index', pg_catalog.pg_get_expr(i.indpred, i.indrelid), NULL, NULL \
FROM found f JOIN pg_catalog.pg_index i ON i.indrelid OPERATOR(pg_catalog.=) ANY (f.oids) WHERE i.indpred IS NOT NULL \
UNION ALL SELECT 'expr', p.polrelid::pg_catalog.text, 'policy', pg_catalog.pg_get_expr(p.polqual, p.polrelid), NULL, NULL \
FROM found f JOIN pg_catalog.pg_policy p ON p.polrelid OPERATOR(pg_catalog.=) ANY (f.oids) WHERE p.polqual IS NOT NULL \
UNION ALL SELECT 'expr', p.polrelid::pg_catalog.text, 'policy', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid), NULL, NULL \
FROM found f JOIN pg_catalog.pg_policy p ON p.polrelid OPERATOR(pg_catalog.=) ANY (f.oids) WHERE p.polwithcheck IS NOT NULL \
UNION ALL SELECT 'expr', t.partrelid::pg_catalog.text, 'partition', \
pg_catalog.concat('ROW(', pg_catalog.pg_get_expr(t.partexprs, t.partrelid), ')'), NULL, NULL \
FROM found f JOIN pg_catalog.pg_partitioned_table t ON t.partrelid OPERATOR(pg_catalog.=) ANY (f.oids) WHERE t.partexprs IS NOT NULL \
UNION ALL SELECT 'trigger', t.tgrelid::pg_catalog.text, t.tgfoid::pg_catalog.text, t.tgtype::pg_catalog.text, t.tgdeferrable::pg_catalog.text, \
CASE WHEN t.tgqual IS NULL THEN NULL ELSE pg_catalog.pg_get_triggerdef(t.oid) END \
FROM found f JOIN pg_catalog.pg_trigger t ON t.tgrelid OPERATOR(pg_catalog.=) ANY (f.oids) \
WHERE NOT t.tgisinternal AND t.tgenabled OPERATOR(pg_catalog.<>) 'D'::pg_catalog.\"char\" \
UNION ALL SELECT 'rule', r.ev_class::pg_catalog.text, r.ev_type::pg_catalog.text, NULL, NULL, NULL \
FROM found f JOIN pg_catalog.pg_rewrite r ON r.ev_class OPERATOR(pg_catalog.=) ANY (f.oids) WHERE r.rulename OPERATOR(pg_catalog.<>) '_RETURN'::pg_catalog.name \
UNION ALL SELECT 'parent', h.inhrelid::pg_catalog.text, h.inhparent::pg_catalog.text, NULL, NULL, NULL \
FROM found f JOIN pg_catalog.pg_inherits h ON h.inhrelid OPERATOR(pg_catalog.=) ANY (f.oids) \
UNION ALL SELECT 'child', h.inhparent::pg_catalog.text, h.inhrelid::pg_catalog.text, NULL, NULL, NULL \
FROM found f JOIN pg_catalog.pg_inherits h ON h.inhparent OPERATOR(pg_catalog.=) ANY (f.oids) \
UNION ALL SELECT 'key', k.confrelid::pg_catalog.text, k.conrelid::pg_catalog.text, k.confdeltype::pg_catalog.text, k.confupdtype::pg_catalog.text, NULL \
FROM found f JOIN pg_catalog.pg_constraint k ON k.confrelid OPERATOR(pg_catalog.=) ANY (f.oids) WHERE k.contype OPERATOR(pg_catalog.=) 'f'::pg_catalog.\"char\" \
UNION ALL SELECT 'present', pg_catalog.string_agg(c.oid::pg_catalog.text, ' '), NULL, NULL, NULL, NULL \
FROM me, pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid \
AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r','v','m','f','p','S']::pg_catalog.\"char\"[]) GROUP BY me.top::pg_catalog.text \
UNION ALL SELECT 'func', p.oid::pg_catalog.text, n.nspname::pg_catalog.text, p.proname::pg_catalog.text, NULL, NULL \
FROM me, pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace \
WHERE pg_catalog.age(p.xmin) OPERATOR(pg_catalog.<=) pg_catalog.age(me.top) \
UNION ALL SELECT 'type', t.oid::pg_catalog.text, n.nspname::pg_catalog.text, t.typname::pg_catalog.text, NULL, NULL \
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) t.typnamespace \
WHERE t.typnamespace OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema() \
UNION ALL SELECT 'type', t.oid::pg_catalog.text, n.nspname::pg_catalog.text, t.typname::pg_catalog.text, NULL, NULL \
FROM me, pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) t.typnamespace \
WHERE pg_catalog.age(t.xmin) OPERATOR(pg_catalog.<=) pg_catalog.age(me.top) \
AND t.typnamespace OPERATOR(pg_catalog.<>) pg_catalog.pg_my_temp_schema() \
UNION ALL SELECT 'composite', c.oid::pg_catalog.text, NULL, NULL, NULL, NULL \
FROM found f JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) ANY (f.oids) \
WHERE c.relkind OPERATOR(pg_catalog.=) 'c'::pg_catalog.\"char\" AND c.relnamespace OPERATOR(pg_catalog.<>) pg_catalog.pg_my_temp_schema() \
UNION ALL SELECT 'changed', 'check of a domain', NULL, NULL, NULL, NULL \
FROM me, pg_catalog.pg_constraint k WHERE pg_catalog.age(k.xmin) OPERATOR(pg_catalog.<=) pg_catalog.age(me.top) \
AND k.contypid OPERATOR(pg_catalog.<>) 0::pg_catalog.oid \
UNION ALL SELECT 'changed', 'event trigger', NULL, NULL, NULL, NULL \
FROM me, pg_catalog.pg_event_trigger e WHERE pg_catalog.age(e.xmin) OPERATOR(pg_catalog.<=) pg_catalog.age(me.top) \
UNION ALL SELECT 'schema', n.oid::pg_catalog.text, n.nspname::pg_catalog.text, NULL, NULL, NULL \
FROM me, pg_catalog.pg_namespace n WHERE pg_catalog.age(n.xmin) OPERATOR(pg_catalog.<=) pg_catalog.age(me.top) \
UNION ALL SELECT 'enum', t.oid::pg_catalog.text, n.nspname::pg_catalog.text, t.typname::pg_catalog.text, NULL, NULL \
FROM me, pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) t.typnamespace \
WHERE pg_catalog.age(t.xmin) OPERATOR(pg_catalog.<=) pg_catalog.age(me.top) \
AND (t.typtype OPERATOR(pg_catalog.=) 'e'::pg_catalog.\"char\" OR t.typcategory OPERATOR(pg_catalog.=) 'A'::pg_catalog.\"char\" \
AND EXISTS (SELECT 1 FROM pg_catalog.pg_type e WHERE e.oid OPERATOR(pg_catalog.=) t.typelem \
AND e.typtype OPERATOR(pg_catalog.=) 'e'::pg_catalog.\"char\")) \
UNION ALL SELECT 'changed', 'operator', NULL, NULL, NULL, NULL \
FROM me, pg_catalog.pg_operator o WHERE pg_catalog.age(o.xmin) OPERATOR(pg_catalog.<=) pg_catalog.age(me.top) \
UNION ALL SELECT 'changed', 'cast', NULL, NULL, NULL, NULL \
FROM me, pg_catalog.pg_cast k WHERE pg_catalog.age(k.xmin) OPERATOR(pg_catalog.<=) pg_catalog.age(me.top) \
UNION ALL SELECT 'changed', 'type', NULL, NULL, NULL, NULL \
FROM me, pg_catalog.pg_type t WHERE pg_catalog.age(t.xmin) OPERATOR(pg_catalog.<=) pg_catalog.age(me.top) \
AND t.typtype OPERATOR(pg_catalog.=) ANY (ARRAY['b','d','r','m','p']::pg_catalog.\"char\"[]) \
AND t.typelem OPERATOR(pg_catalog.=) 0::pg_catalog.oid";

/// Kinds of rows that belong to a relation.
const ATTACHED: [&str; 7] = ["view", "expr", "trigger", "rule", "parent", "child", "key"];

/// Settings beside the pinned ones that decide how texts are read or whether triggers run. Whatever they are at login,
/// they must stay, unless a statement that was admitted sets them.
pub(crate) const WATCHED: [&str; 4] = [
    "backslash_quote",
    "escape_string_warning",
    "session_replication_role",
    "transform_null_equals",
];

/// Who a session acts as, and the settings that must stay.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Footing {
    /// The current role.
    role: String,
    /// The role that it goes back to.
    session_role: String,
    /// The watched settings, by name.
    settings: Vec<(String, String)>,
}

impl Footing {
    /// What another one has otherwise.
    pub fn difference(&self, other: &Self) -> Option<&str> {
        if self.role != other.role {
            return Some("role");
        }
        if self.session_role != other.session_role {
            return Some("session_authorization");
        }
        let mut known = self.settings.iter();
        let moved = known.find(|known| !other.settings.contains(known));
        moved.map(|(name, _)| name.as_str())
    }
}

/// Reads who the session acts as from the answer to [`BRIEF`] or [`QUERY`].
///
/// # Errors
/// Like [`parse`].
pub fn footing(rows: &[Vec<Option<String>>]) -> Result<Footing, Error> {
    let mut footing = Footing::default();
    for row in rows {
        match cell(row, 0)? {
            "role" => {
                cell(row, 1)?.clone_into(&mut footing.role);
                cell(row, 2)?.clone_into(&mut footing.session_role);
            }
            "setting" => {
                let setting = (cell(row, 1)?.to_owned(), cell(row, 2)?.to_owned());
                footing.settings.push(setting);
            }
            _ => {}
        }
    }
    footing.settings.sort();
    Ok(footing)
}

/// How names resolve in one session at one time. Equal views resolve every text alike, given one catalog.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct View {
    /// Schemas searched, in order, as `current_schemas(true)` tells: `pg_temp_N` and `pg_catalog` included.
    pub search_path: Vec<String>,
    /// The current role.
    pub role: String,
    /// What only this session sees: temporary objects, and those it made or changed in its open transaction.
    pub overlay: Overlay,
}

/// What only this session sees.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Overlay {
    /// Its relations; they hide the catalog's of the same OID.
    pub relations: Vec<LocalRelation>,
    /// OIDs of all user relations that the session sees, sorted, when its transaction may have dropped some.
    pub present: Option<Vec<u32>>,
    /// Functions it made or changed: OID and name of now.
    pub functions: Vec<(u32, String)>,
    /// Types of its temporary schema, and those it made or changed: schema and name. They hide others of that name.
    pub types: Vec<(String, String)>,
    /// Composite types that it made or changed: the OIDs of their relations.
    pub composites: Vec<u32>,
    /// Enumerations it made or changed, and arrays of them: OID, schema and name. Their values run nothing.
    pub enums: Vec<(u32, String, String)>,
    /// Schemas it made or renamed: OID and name.
    pub schemas: Vec<(u32, String)>,
    /// Kinds of other definitions it changed (`operator`, `cast`, `type`, `check of a domain`, `event trigger`): nothing is
    /// analysed until it ends.
    pub changed: Vec<String>,
}

/// A relation that only this session sees, or sees otherwise.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct LocalRelation {
    /// Its OID.
    pub oid: u32,
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// `relkind`.
    pub kind: u8,
    /// Its columns: name and type OID, in order.
    pub columns: Vec<(String, u32)>,
    /// A view's query, as text.
    pub definition: Option<String>,
    /// Kind and text of the expressions that run when it is read or written.
    pub expressions: Vec<(String, String)>,
    /// Triggers that run on it.
    pub triggers: Vec<LocalTrigger>,
    /// Event types of its rules other than a view's own.
    pub rules: Vec<u8>,
    /// OIDs of the relations that it inherits from, or is a partition of.
    pub parents: Vec<u32>,
    /// OIDs of those that inherit from it.
    pub children: Vec<u32>,
    /// Foreign keys that point at it: the OID of where from, `confdeltype` and `confupdtype`.
    pub referrers: Vec<(u32, u8, u8)>,
}

/// A trigger of such a relation.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LocalTrigger {
    /// Its function's OID.
    pub function: u32,
    /// `tgtype`.
    pub bits: i32,
    /// It may run when the transaction ends.
    pub deferrable: bool,
    /// Its definition, when it has a WHEN clause.
    pub when: Option<String>,
}

impl View {
    /// The state right after login: the login role's default search path, as the catalog holds it.
    pub fn initial(catalog: &Catalog) -> Self {
        catalog.login.clone()
    }

    /// The name of the session's temporary schema, once it has one.
    pub(crate) fn temporary_schema(&self) -> Option<&str> {
        self.search_path
            .iter()
            .map(String::as_str)
            .find(|schema| schema.starts_with("pg_temp_"))
            .or_else(|| {
                self.overlay
                    .relations
                    .iter()
                    .map(|relation| relation.schema.as_str())
                    .find(|schema| schema.starts_with("pg_temp_"))
            })
    }
}

fn malformed(problem: &'static str) -> Error {
    Error::Malformed {
        query: "state".to_owned(),
        problem,
    }
}

fn cell(row: &[Option<String>], at: usize) -> Result<&str, Error> {
    row.get(at)
        .and_then(Option::as_deref)
        .ok_or_else(|| malformed("missing cell"))
}

fn number<T: std::str::FromStr>(row: &[Option<String>], at: usize) -> Result<T, Error> {
    cell(row, at)?
        .parse()
        .map_err(|_| malformed("not a number"))
}

/// Reads the answer to [`BRIEF`]; `None`: the session may see something of its own, so ask [`QUERY`].
///
/// # Errors
/// Like [`parse`].
pub fn parse_brief(rows: &[Vec<Option<String>>]) -> Result<Option<View>, Error> {
    let is_more = |row: &&Vec<Option<String>>| matches!(cell(row, 0), Ok("more"));
    let Some(more) = rows.iter().find(is_more) else {
        return Err(Error::Missing { query: "state" });
    };
    // No temporary schema, and no number given to the transaction: without one it has changed nothing.
    if (cell(more, 1)?, cell(more, 2)?) != ("0", "") {
        return Ok(None);
    }
    let rest: Vec<_> = rows.iter().filter(|row| !is_more(row)).cloned().collect();
    parse(&rest).map(Some)
}

/// Reads the answer to [`QUERY`].
///
/// # Errors
/// [`Error::Malformed`]; [`Error::Unpinned`] when a setting that decides how texts are read is not at its pinned
/// value, after which the session must not go on.
pub fn parse(rows: &[Vec<Option<String>>]) -> Result<View, Error> {
    let mut view = View::default();
    let mut path: Vec<(u32, String)> = Vec::new();
    let mut columns: Vec<(u32, i32, String, u32)> = Vec::new();
    for row in rows {
        match cell(row, 0)? {
            "path" => path.push((number(row, 1)?, cell(row, 2)?.to_owned())),
            "role" => cell(row, 1)?.clone_into(&mut view.role),
            "setting" => pinned(cell(row, 1)?, cell(row, 2)?)?,
            "col" => columns.push((
                number(row, 1)?,
                number(row, 2)?,
                cell(row, 3)?.to_owned(),
                number(row, 4)?,
            )),
            "rel" => view.overlay.relations.push(LocalRelation {
                oid: number(row, 1)?,
                schema: cell(row, 2)?.to_owned(),
                name: cell(row, 3)?.to_owned(),
                kind: byte(row, 4)?,
                ..LocalRelation::default()
            }),
            "present" => view.overlay.present = Some(numbers(cell(row, 1)?)?),
            "func" => {
                let function = (number(row, 1)?, cell(row, 3)?.to_owned());
                view.overlay.functions.push(function);
            }
            "type" => {
                let made = (cell(row, 2)?.to_owned(), cell(row, 3)?.to_owned());
                view.overlay.types.push(made);
            }
            "composite" => view.overlay.composites.push(number(row, 1)?),
            "schema" => {
                let schema = (number(row, 1)?, cell(row, 2)?.to_owned());
                view.overlay.schemas.push(schema);
            }
            "enum" => {
                let (schema, name) = (cell(row, 2)?.to_owned(), cell(row, 3)?.to_owned());
                view.overlay.enums.push((number(row, 1)?, schema, name));
            }
            "changed" => view.overlay.changed.push(cell(row, 1)?.to_owned()),
            kind if ATTACHED.contains(&kind) => {}
            _ => return Err(malformed("unknown kind of row")),
        }
    }
    if view.role.is_empty() {
        return Err(Error::Missing { query: "state" });
    }
    path.sort();
    view.search_path = path.into_iter().map(|(_, schema)| schema).collect();
    columns.sort();
    attach(&mut view.overlay.relations, columns, rows)?;
    view.overlay.relations.sort_by_key(|relation| relation.oid);
    view.overlay.functions.sort();
    view.overlay.types.sort();
    view.overlay.composites.sort_unstable();
    view.overlay.enums.sort();
    view.overlay.changed.sort();
    view.overlay.changed.dedup();
    Ok(view)
}

fn numbers(text: &str) -> Result<Vec<u32>, Error> {
    let mut numbers = text
        .split_ascii_whitespace()
        .map(|word| word.parse().map_err(|_| malformed("not a number")))
        .collect::<Result<Vec<u32>, Error>>()?;
    numbers.sort_unstable();
    Ok(numbers)
}

fn pinned(name: &str, value: &str) -> Result<(), Error> {
    let (setting, pinned) = match name {
        "standard_conforming_strings" => ("standard_conforming_strings", "on"),
        "client_encoding" => ("client_encoding", "UTF8"),
        watched if WATCHED.contains(&watched) => return Ok(()),
        _ => return Err(malformed("unknown setting")),
    };
    if value == pinned {
        return Ok(());
    }
    Err(Error::Unpinned {
        setting,
        value: value.to_owned(),
        pinned,
    })
}

fn attach(
    relations: &mut [LocalRelation],
    columns: Vec<(u32, i32, String, u32)>,
    rows: &[Vec<Option<String>>],
) -> Result<(), Error> {
    let place: std::collections::HashMap<u32, usize> = relations
        .iter()
        .enumerate()
        .map(|(at, relation)| (relation.oid, at))
        .collect();
    for (oid, _, name, type_oid) in columns {
        if let Some(relation) = place.get(&oid).and_then(|at| relations.get_mut(*at)) {
            relation.columns.push((name, type_oid));
        }
    }
    for row in rows {
        let kind = cell(row, 0)?;
        if !ATTACHED.contains(&kind) {
            continue;
        }
        let oid: u32 = number(row, 1)?;
        if let Some(relation) = place.get(&oid).and_then(|at| relations.get_mut(*at)) {
            attach_one(relation, kind, row)?;
        }
    }
    for relation in relations {
        relation.expressions.sort();
        relation.triggers.sort();
        relation.rules.sort_unstable();
        relation.parents.sort_unstable();
        relation.children.sort_unstable();
        relation.referrers.sort_unstable();
    }
    Ok(())
}

fn attach_one(
    relation: &mut LocalRelation,
    kind: &str,
    row: &[Option<String>],
) -> Result<(), Error> {
    match kind {
        "view" => relation.definition = Some(cell(row, 2)?.to_owned()),
        "expr" => {
            let expression = (cell(row, 2)?.to_owned(), cell(row, 3)?.to_owned());
            relation.expressions.push(expression);
        }
        "trigger" => relation.triggers.push(LocalTrigger {
            function: number(row, 2)?,
            bits: number(row, 3)?,
            deferrable: cell(row, 4)?.starts_with('t'),
            when: row.get(5).cloned().flatten(),
        }),
        "rule" => relation.rules.push(byte(row, 2)?),
        "parent" => relation.parents.push(number(row, 2)?),
        "child" => relation.children.push(number(row, 2)?),
        "key" => {
            let key = (number(row, 2)?, byte(row, 3)?, byte(row, 4)?);
            relation.referrers.push(key);
        }
        _ => return Err(malformed("unknown kind of row")),
    }
    Ok(())
}

fn byte(row: &[Option<String>], at: usize) -> Result<u8, Error> {
    Ok(cell(row, at)?.bytes().next().unwrap_or(b' '))
}
