//! What the gateway asks the server to learn its definitions. PostgreSQL 13 to 18.
//!
//! Every cell is text. The second query empties the search path, so that definitions come back fully qualified.

use super::Query;

/// Everything to ask, in this order, on a fresh connection of the gateway's own, logged in to the sessions' database
/// with the sessions' credential. One result set each; all cells text.
pub const QUERIES: &[Query] = &[
    Query {
        name: "login",
        sql: "SELECT n::text, s::text FROM pg_catalog.unnest(pg_catalog.current_schemas(true)) \
              WITH ORDINALITY AS p(s, n) \
              UNION ALL SELECT 'role', current_user::text \
              UNION ALL SELECT 'database', pg_catalog.current_database()::text \
              UNION ALL SELECT 'version', pg_catalog.current_setting('server_version_num') \
              UNION ALL SELECT 'encoding', pg_catalog.current_setting('server_encoding')",
    },
    Query {
        name: "pin",
        sql: "SELECT pg_catalog.set_config('search_path', '', false)",
    },
    Query {
        name: "schemas",
        sql: "SELECT oid::text, nspname::text FROM pg_catalog.pg_namespace \
              WHERE nspname !~ '^pg_(toast_)?temp_'",
    },
    Query {
        name: "relations",
        sql: "SELECT c.oid::text, c.relnamespace::text, c.relname::text, c.relkind::text \
              FROM pg_catalog.pg_class c \
              WHERE c.relkind IN ('r','v','m','f','p','S') AND c.relpersistence <> 't'",
    },
    Query {
        name: "columns",
        sql: "SELECT a.attrelid::text, a.attname::text, a.atttypid::text, a.attnum::text \
              FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
              WHERE a.attnum > 0 AND NOT a.attisdropped \
              AND c.relkind IN ('r','v','m','f','p','S','c') AND c.relpersistence <> 't' \
              ORDER BY a.attrelid, a.attnum",
    },
    Query {
        name: "views",
        sql: "SELECT c.oid::text, pg_catalog.pg_get_viewdef(c.oid) FROM pg_catalog.pg_class c \
              WHERE c.relkind IN ('v','m') AND c.oid >= 16384 AND c.relpersistence <> 't'",
    },
    Query {
        name: "inherits",
        sql: "SELECT inhrelid::text, inhparent::text FROM pg_catalog.pg_inherits",
    },
    Query {
        name: "functions",
        sql: "SELECT p.oid::text, p.pronamespace::text, p.proname::text, p.pronargs::text, p.pronargdefaults::text, \
              (p.provariadic <> 0)::text, p.provolatile::text, p.prorettype::text, \
              pg_catalog.array_to_string(p.proargtypes, ' '), l.lanname::text, e.extname::text, \
              pg_catalog.array_to_string(p.proallargtypes, ' '), \
              pg_catalog.array_to_string(p.proargmodes, ''), \
              pg_catalog.array_to_string(p.proargnames, pg_catalog.chr(31), '') \
              FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
              LEFT JOIN pg_catalog.pg_depend d ON p.oid >= 16384 \
              AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass \
              AND d.objid = p.oid AND d.deptype = 'e' \
              LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid",
    },
    Query {
        name: "bodies",
        sql: "SELECT p.oid::text, pg_catalog.pg_get_functiondef(p.oid) \
              FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
              WHERE p.oid >= 16384 AND l.lanname IN ('sql', 'plpgsql') AND p.prokind IN ('f', 'p')",
    },
    Query {
        name: "types",
        sql: "SELECT t.oid::text, t.typnamespace::text, t.typname::text, t.typtype::text, t.typbasetype::text, \
              t.typelem::text, t.typrelid::text, t.typcategory::text \
              FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid \
              WHERE c.relpersistence IS DISTINCT FROM 't'",
    },
    Query {
        name: "ranges",
        sql: "SELECT rngtypid::text, rngsubtype::text, rngcanonical::oid::text, rngsubdiff::oid::text \
              FROM pg_catalog.pg_range WHERE rngtypid >= 16384",
    },
    Query {
        name: "domain_checks",
        sql: "SELECT contypid::text, pg_catalog.pg_get_expr(conbin, 0) FROM pg_catalog.pg_constraint \
              WHERE contypid >= 16384 AND contype = 'c'",
    },
    Query {
        name: "operators",
        sql: "SELECT o.oprnamespace::text, o.oprname::text, o.oprleft::text, o.oprright::text, o.oprcode::oid::text \
              FROM pg_catalog.pg_operator o WHERE o.oid >= 16384",
    },
    Query {
        name: "casts",
        sql: "SELECT castsource::text, casttarget::text, castfunc::text, castcontext::text FROM pg_catalog.pg_cast \
              WHERE oid >= 16384",
    },
    Query {
        name: "expressions",
        sql: "SELECT d.adrelid::text, CASE WHEN a.attgenerated = '' THEN 'default' ELSE 'generated ' || a.attname END, \
              pg_catalog.pg_get_expr(d.adbin, d.adrelid) \
              FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_class c ON c.oid = d.adrelid \
              JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum \
              WHERE d.adrelid >= 16384 AND c.relpersistence <> 't' \
              UNION ALL SELECT k.conrelid::text, 'check', pg_catalog.pg_get_expr(k.conbin, k.conrelid) \
              FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid \
              WHERE k.contype = 'c' AND k.conrelid >= 16384 AND c.relpersistence <> 't' \
              UNION ALL SELECT i.indrelid::text, 'index', \
              'ROW(' || pg_catalog.pg_get_expr(i.indexprs, i.indrelid) || ')' \
              FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid \
              WHERE i.indexprs IS NOT NULL AND c.relpersistence <> 't' \
              UNION ALL SELECT i.indrelid::text, 'index', pg_catalog.pg_get_expr(i.indpred, i.indrelid) \
              FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid \
              WHERE i.indpred IS NOT NULL AND c.relpersistence <> 't' \
              UNION ALL SELECT p.polrelid::text, 'policy', pg_catalog.pg_get_expr(p.polqual, p.polrelid) \
              FROM pg_catalog.pg_policy p WHERE p.polqual IS NOT NULL \
              UNION ALL SELECT p.polrelid::text, 'policy', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) \
              FROM pg_catalog.pg_policy p WHERE p.polwithcheck IS NOT NULL \
              UNION ALL SELECT t.partrelid::text, 'partition', \
              'ROW(' || pg_catalog.pg_get_expr(t.partexprs, t.partrelid) || ')' \
              FROM pg_catalog.pg_partitioned_table t WHERE t.partexprs IS NOT NULL",
    },
    Query {
        name: "triggers",
        sql: "SELECT t.tgrelid::text, t.tgfoid::text, t.tgtype::text, \
              CASE WHEN t.tgqual IS NULL THEN NULL ELSE pg_catalog.pg_get_triggerdef(t.oid) END, t.tgdeferrable::text \
              FROM pg_catalog.pg_trigger t WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'",
    },
    Query {
        name: "rules",
        sql: "SELECT ev_class::text, ev_type::text FROM pg_catalog.pg_rewrite \
              WHERE rulename <> '_RETURN' AND ev_class >= 16384",
    },
    Query {
        name: "foreign_keys",
        sql: "SELECT conrelid::text, confrelid::text, confdeltype::text, confupdtype::text \
              FROM pg_catalog.pg_constraint WHERE contype = 'f'",
    },
    Query {
        name: "code",
        sql: "SELECT pg_catalog.md5(pg_catalog.string_agg(oid::text || ':' || xmin::text, ' ' ORDER BY oid)) \
              FROM pg_catalog.pg_proc WHERE oid >= 16384",
    },
    Query {
        name: "event_triggers",
        sql: "SELECT evtfoid::text FROM pg_catalog.pg_event_trigger WHERE evtenabled <> 'D'",
    },
];

/// Asks how many rows each relation has, as the server last estimated: OID and number. Moves without any definition
/// changing, so it is asked apart from [`QUERIES`].
pub const ESTIMATES: &str = "\
SELECT oid::text, reltuples::int8::text FROM pg_catalog.pg_class \
WHERE relkind IN ('r','p','m','f') AND oid >= 16384 AND relpersistence <> 't' AND reltuples >= 0";

/// One cheap query whose single text cell changes whenever any definition that the catalog holds changes. Other
/// sessions' temporary objects do not move it.
pub const FINGERPRINT: &str = "\
SELECT pg_catalog.md5(pg_catalog.string_agg(x, ' ' ORDER BY x)) FROM (\
SELECT 'n' || count(*) || ':' || coalesce(sum(hashint8((oid::int8 << 32) | xmin::text::int8)::int8), 0) FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_' \
UNION ALL SELECT 'c' || count(*) || ':' || coalesce(sum(hashint8((oid::int8 << 32) | xmin::text::int8)::int8), 0) FROM pg_catalog.pg_class WHERE relpersistence <> 't' AND relkind <> 't' \
UNION ALL SELECT 'a' || count(*) || ':' || coalesce(sum(hashint8((a.attrelid::int8 << 32) | ((a.xmin::text::int8 # (a.attnum::int8 << 20)) & 4294967295))::int8), 0) FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid WHERE c.relpersistence <> 't' AND c.relkind <> 't' \
UNION ALL SELECT 'p' || count(*) || ':' || coalesce(sum(hashint8((oid::int8 << 32) | xmin::text::int8)::int8), 0) FROM pg_catalog.pg_proc \
UNION ALL SELECT 't' || count(*) || ':' || coalesce(sum(hashint8((t.oid::int8 << 32) | t.xmin::text::int8)::int8), 0) FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname !~ '^pg_(toast_)?temp_' \
UNION ALL SELECT 'r' || count(*) || ':' || coalesce(sum(hashint8((r.oid::int8 << 32) | r.xmin::text::int8)::int8), 0) FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class WHERE c.relpersistence <> 't' \
UNION ALL SELECT 'g' || count(*) || ':' || coalesce(sum(hashint8((g.oid::int8 << 32) | g.xmin::text::int8)::int8), 0) FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid WHERE c.relpersistence <> 't' \
UNION ALL SELECT 'k' || count(*) || ':' || coalesce(sum(hashint8((k.oid::int8 << 32) | k.xmin::text::int8)::int8), 0) FROM pg_catalog.pg_constraint k LEFT JOIN pg_catalog.pg_class c ON c.oid = k.conrelid WHERE c.relpersistence IS DISTINCT FROM 't' \
UNION ALL SELECT 'd' || count(*) || ':' || coalesce(sum(hashint8((d.oid::int8 << 32) | d.xmin::text::int8)::int8), 0) FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_class c ON c.oid = d.adrelid WHERE c.relpersistence <> 't' \
UNION ALL SELECT 'x' || count(*) || ':' || coalesce(sum(hashint8((i.indexrelid::int8 << 32) | i.xmin::text::int8)::int8), 0) FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid WHERE c.relpersistence <> 't' AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL) \
UNION ALL SELECT 'h' || count(*) || ':' || coalesce(sum(hashint8((h.inhrelid::int8 << 32) | h.xmin::text::int8)::int8), 0) FROM pg_catalog.pg_inherits h \
UNION ALL SELECT 'o' || count(*) || ':' || coalesce(sum(hashint8((oid::int8 << 32) | xmin::text::int8)::int8), 0) FROM pg_catalog.pg_operator \
UNION ALL SELECT 's' || count(*) || ':' || coalesce(sum(hashint8((oid::int8 << 32) | xmin::text::int8)::int8), 0) FROM pg_catalog.pg_cast \
UNION ALL SELECT 'y' || count(*) || ':' || coalesce(sum(hashint8((oid::int8 << 32) | xmin::text::int8)::int8), 0) FROM pg_catalog.pg_policy \
UNION ALL SELECT 'e' || count(*) || ':' || coalesce(sum(hashint8((oid::int8 << 32) | xmin::text::int8)::int8), 0) FROM pg_catalog.pg_event_trigger \
UNION ALL SELECT 'z' || count(*) || ':' || coalesce(sum(hashint8((oid::int8 << 32) | xmin::text::int8)::int8), 0) FROM pg_catalog.pg_extension \
UNION ALL SELECT 'q' || count(*) || ':' || coalesce(sum(hashint8((partrelid::int8 << 32) | xmin::text::int8)::int8), 0) FROM pg_catalog.pg_partitioned_table \
UNION ALL SELECT 'w' || count(*) || ':' || coalesce(sum(hashint8((rngtypid::int8 << 32) | xmin::text::int8)::int8), 0) FROM pg_catalog.pg_range \
UNION ALL SELECT 'u' || (SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'search_path') || coalesce((SELECT pg_catalog.array_to_string(pg_catalog.array_agg(s.setconfig::text ORDER BY s.setconfig::text), ',') FROM pg_catalog.pg_db_role_setting s), '')\
) f(x)";
