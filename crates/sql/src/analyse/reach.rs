//! The reviewed tables: which built-in functions, relations and settings reach beyond their arguments.
//!
//! Knows names only; whether a name means a built-in is decided by the catalog.

use model::Verb;

/// What calling a built-in function does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reach {
    /// Computes from its arguments, the clock or the catalog.
    Harmless,
    /// Computes, but shows its arguments to others or in time (locks, sleeping): they leave the query.
    Exposes,
    /// Takes or frees an advisory lock.
    Advisory,
    /// Moves a sequence named by its first argument.
    Sequence,
    /// Reads a sequence named by its first argument.
    SequenceRead,
    /// Sets a setting named by its first argument.
    Setting,
    /// Sends a notification.
    Notify,
    /// Does something a verb names.
    Does(Verb),
    /// Runs a query or reads relations that its arguments name.
    Dynamic,
}

/// Volatile built-ins that were reviewed as harmless: clocks, random values, transaction and size information.
const HARMLESS_VOLATILE: &[&str] = &[
    "array_sample",
    "array_shuffle",
    "bernoulli",
    "clock_timestamp",
    "current_query",
    "gen_random_uuid",
    "lastval",
    "pg_blocking_pids",
    "pg_collation_actual_version",
    "pg_current_wal_flush_lsn",
    "pg_current_wal_insert_lsn",
    "pg_current_wal_lsn",
    "pg_database_collation_actual_version",
    "pg_database_size",
    "pg_get_multixact_members",
    "pg_indexes_size",
    "pg_is_in_recovery",
    "pg_is_wal_replay_paused",
    "pg_isolation_test_session_is_blocked",
    "pg_jit_available",
    "pg_last_committed_xact",
    "pg_last_wal_receive_lsn",
    "pg_last_wal_replay_lsn",
    "pg_last_xact_replay_timestamp",
    "pg_lock_status",
    "pg_notification_queue_usage",
    "pg_partition_ancestors",
    "pg_partition_tree",
    "pg_prepared_xact",
    "pg_relation_size",
    "pg_safe_snapshot_blocking_pids",
    "pg_sequence_last_value",
    "pg_stat_clear_snapshot",
    "pg_stat_force_next_flush",
    "pg_stat_get_xact_blocks_fetched",
    "pg_stat_get_xact_blocks_hit",
    "pg_stat_get_xact_function_calls",
    "pg_stat_get_xact_function_self_time",
    "pg_stat_get_xact_function_total_time",
    "pg_stat_get_xact_numscans",
    "pg_stat_get_xact_tuples_deleted",
    "pg_stat_get_xact_tuples_fetched",
    "pg_stat_get_xact_tuples_hot_updated",
    "pg_stat_get_xact_tuples_inserted",
    "pg_stat_get_xact_tuples_newpage_updated",
    "pg_stat_get_xact_tuples_returned",
    "pg_stat_get_xact_tuples_updated",
    "pg_stat_have_stats",
    "pg_table_size",
    "pg_tablespace_size",
    "pg_total_relation_size",
    "pg_xact_commit_timestamp",
    "pg_xact_commit_timestamp_origin",
    "pg_xact_status",
    "random",
    "random_normal",
    "system",
    "timeofday",
    "txid_status",
    "uuidv4",
    "uuidv7",
];

/// Built-ins that reach further whatever their volatility, by exact name.
const NAMED: &[(&str, Reach)] = &[
    // Expose an argument outside the statement: delay, seed.
    ("pg_sleep", Reach::Exposes),
    ("pg_sleep_for", Reach::Exposes),
    ("pg_sleep_until", Reach::Exposes),
    ("setseed", Reach::Exposes),
    ("nextval", Reach::Sequence),
    ("setval", Reach::Sequence),
    ("currval", Reach::SequenceRead),
    ("set_config", Reach::Setting),
    ("pg_notify", Reach::Notify),
    // Run SQL or read relations that arguments name.
    ("query_to_xml", Reach::Dynamic),
    ("query_to_xmlschema", Reach::Dynamic),
    ("query_to_xml_and_xmlschema", Reach::Dynamic),
    ("cursor_to_xml", Reach::Dynamic),
    ("cursor_to_xmlschema", Reach::Dynamic),
    ("table_to_xml", Reach::Dynamic),
    ("table_to_xml_and_xmlschema", Reach::Dynamic),
    ("schema_to_xml", Reach::Dynamic),
    ("schema_to_xml_and_xmlschema", Reach::Dynamic),
    ("database_to_xml", Reach::Dynamic),
    ("database_to_xml_and_xmlschema", Reach::Dynamic),
    ("ts_stat", Reach::Dynamic),
    ("ts_rewrite", Reach::Dynamic),
    ("currtid", Reach::Dynamic),
    ("currtid2", Reach::Dynamic),
    ("binary_upgrade_set_missing_value", Reach::Dynamic),
    ("lo_export", Reach::Does(Verb::ServerFile)),
    ("lo_import", Reach::Does(Verb::ServerFile)),
    ("loread", Reach::Does(Verb::LargeObject)),
    ("lowrite", Reach::Does(Verb::LargeObject)),
    // Files of the server's host.
    ("pg_current_logfile", Reach::Does(Verb::ServerFile)),
    ("pg_hba_file_rules", Reach::Does(Verb::ServerFile)),
    ("pg_ident_file_mappings", Reach::Does(Verb::ServerFile)),
    ("pg_show_all_file_settings", Reach::Does(Verb::ServerFile)),
    ("pg_stat_file", Reach::Does(Verb::ServerFile)),
    ("pg_read_binary_file", Reach::Does(Verb::ServerFile)),
    ("pg_rotate_logfile", Reach::Does(Verb::Administer)),
    ("pg_rotate_logfile_old", Reach::Does(Verb::Administer)),
    // Other sessions' query texts and column statistics show values.
    ("pg_stat_get_activity", Reach::Does(Verb::Administer)),
    (
        "pg_stat_get_backend_activity",
        Reach::Does(Verb::Administer),
    ),
    ("pg_stat_get_wal_receiver", Reach::Does(Verb::Administer)),
    ("pg_mcv_list_items", Reach::Does(Verb::Administer)),
    // The server itself.
    ("pg_terminate_backend", Reach::Does(Verb::Administer)),
    ("pg_cancel_backend", Reach::Does(Verb::Administer)),
    ("pg_reload_conf", Reach::Does(Verb::Administer)),
    ("pg_promote", Reach::Does(Verb::Administer)),
    ("pg_create_restore_point", Reach::Does(Verb::Administer)),
    ("pg_switch_wal", Reach::Does(Verb::Administer)),
    ("pg_export_snapshot", Reach::Does(Verb::Administer)),
    ("pg_import_system_collations", Reach::Does(Verb::Administer)),
    ("pg_extension_config_dump", Reach::Does(Verb::Administer)),
    ("pg_nextoid", Reach::Does(Verb::Administer)),
    (
        "pg_stop_making_pinned_objects",
        Reach::Does(Verb::Administer),
    ),
    (
        "pg_log_backend_memory_contexts",
        Reach::Does(Verb::Administer),
    ),
    ("pg_log_standby_snapshot", Reach::Does(Verb::Administer)),
    ("pg_restore_relation_stats", Reach::Does(Verb::Administer)),
    ("pg_restore_attribute_stats", Reach::Does(Verb::Administer)),
    ("pg_clear_relation_stats", Reach::Does(Verb::Administer)),
    ("pg_clear_attribute_stats", Reach::Does(Verb::Administer)),
    ("pg_stat_reset", Reach::Does(Verb::Administer)),
    ("brin_summarize_new_values", Reach::Does(Verb::Maintain)),
    ("brin_summarize_range", Reach::Does(Verb::Maintain)),
    ("brin_desummarize_range", Reach::Does(Verb::Maintain)),
    ("gin_clean_pending_list", Reach::Does(Verb::Maintain)),
    ("pg_drop_replication_slot", Reach::Does(Verb::Replicate)),
    ("pg_sync_replication_slots", Reach::Does(Verb::Replicate)),
];

/// Built-ins that reach further, by how their names begin. The exact names above win.
const PREFIXED: &[(&str, Reach)] = &[
    ("lo_", Reach::Does(Verb::LargeObject)),
    ("pg_read_file", Reach::Does(Verb::ServerFile)),
    ("pg_ls_", Reach::Does(Verb::ServerFile)),
    ("pg_file_", Reach::Does(Verb::ServerFile)),
    ("pg_advisory_", Reach::Advisory),
    ("pg_try_advisory_", Reach::Advisory),
    ("pg_stat_reset_", Reach::Does(Verb::Administer)),
    ("pg_backup_", Reach::Does(Verb::Administer)),
    ("pg_start_backup", Reach::Does(Verb::Administer)),
    ("pg_stop_backup", Reach::Does(Verb::Administer)),
    ("pg_wal_replay_", Reach::Does(Verb::Administer)),
    ("pg_control_", Reach::Does(Verb::Administer)),
    ("binary_upgrade_", Reach::Does(Verb::Administer)),
    ("pg_logical_", Reach::Does(Verb::Replicate)),
    ("pg_replication_", Reach::Does(Verb::Replicate)),
    ("pg_create_logical_", Reach::Does(Verb::Replicate)),
    ("pg_create_physical_", Reach::Does(Verb::Replicate)),
    ("pg_copy_logical_", Reach::Does(Verb::Replicate)),
    ("pg_copy_physical_", Reach::Does(Verb::Replicate)),
];

/// What the built-in function of this name does; `volatility` is `provolatile`. `None`: volatile and not reviewed.
pub(crate) fn function(name: &str, volatility: u8) -> Option<Reach> {
    if let Some((_, reach)) = NAMED.iter().find(|(known, _)| *known == name) {
        return Some(*reach);
    }
    if let Some((_, reach)) = PREFIXED.iter().find(|(start, _)| name.starts_with(start)) {
        return Some(*reach);
    }
    let harmless = volatility != b'v' || HARMLESS_VOLATILE.binary_search(&name).is_ok();
    harmless.then_some(Reach::Harmless)
}

/// System relations that hold secrets, values or other sessions' texts: reading them is administration as well.
pub(crate) fn is_sensitive_relation(name: &str) -> bool {
    const EXACT: &[&str] = &[
        "pg_largeobject",
        "pg_statistic",
        "pg_statistic_ext_data",
        "pg_stats",
        "pg_stats_ext",
        "pg_stats_ext_exprs",
        "pg_hba_file_rules",
        "pg_ident_file_mappings",
        "pg_file_settings",
        "pg_config",
        "pg_stat_wal_receiver",
        "user_mapping_options",
        "_pg_user_mappings",
        "_pg_foreign_servers",
        "foreign_server_options",
    ];
    EXACT.contains(&name)
}

/// Columns of system relations that do; the other columns of these relations tell names and states, which tools list.
pub(crate) fn is_sensitive_column(relation: &str, column: &str) -> bool {
    let sensitive: &[&str] = match relation {
        "pg_authid" => &["rolpassword"],
        "pg_shadow" => &["passwd"],
        "pg_foreign_server" => &["srvoptions"],
        "pg_user_mapping" | "pg_user_mappings" => &["umoptions"],
        "pg_subscription" => &["subconninfo"],
        "pg_stat_activity" => &[
            "application_name",
            "client_addr",
            "client_hostname",
            "client_port",
            "query",
            "query_id",
        ],
        _ => return false,
    };
    sensitive.contains(&column)
}

/// What setting a setting means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Knob {
    /// Changes formats, limits or plans of this session only.
    Harmless,
    /// Changes how names resolve.
    Path,
    /// Must keep this value, or gateway and server read texts differently.
    Pinned(&'static str),
    /// Takes on another role.
    Role,
    /// Anything else.
    Matters,
}

const HARMLESS_SETTINGS: &[&str] = &[
    "application_name",
    "array_nulls",
    "bytea_output",
    "client_connection_check_interval",
    "client_min_messages",
    "constraint_exclusion",
    "cpu_index_tuple_cost",
    "cpu_operator_cost",
    "cpu_tuple_cost",
    "cursor_tuple_fraction",
    "datestyle",
    "deadlock_timeout",
    "debug_parallel_query",
    "default_statistics_target",
    "default_transaction_deferrable",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "effective_cache_size",
    "effective_io_concurrency",
    "extra_float_digits",
    "force_parallel_mode",
    "from_collapse_limit",
    "geqo",
    "geqo_threshold",
    "gin_fuzzy_search_limit",
    "hash_mem_multiplier",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "intervalstyle",
    "join_collapse_limit",
    "lc_messages",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "lock_timeout",
    "logical_decoding_work_mem",
    "maintenance_io_concurrency",
    "maintenance_work_mem",
    "max_parallel_maintenance_workers",
    "max_parallel_workers",
    "max_parallel_workers_per_gather",
    "min_parallel_index_scan_size",
    "min_parallel_table_scan_size",
    "parallel_leader_participation",
    "parallel_setup_cost",
    "parallel_tuple_cost",
    "plan_cache_mode",
    "random_page_cost",
    "restrict_nonsystem_relation_kind",
    // Off, a query that a policy would filter fails: never more rows.
    "row_security",
    "seq_page_cost",
    "statement_timeout",
    "tcp_keepalives_count",
    "tcp_keepalives_idle",
    "tcp_keepalives_interval",
    "tcp_user_timeout",
    "temp_buffers",
    "timezone",
    "timezone_abbreviations",
    "transaction_deferrable",
    "transaction_isolation",
    "transaction_read_only",
    "transaction_timeout",
    "vacuum_cost_delay",
    "work_mem",
    "xmlbinary",
    "xmloption",
];

/// What setting `name` (any case) means.
pub(crate) fn setting(name: &str) -> Knob {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "search_path" => Knob::Path,
        "client_encoding" => Knob::Pinned("UTF8"),
        "standard_conforming_strings" => Knob::Pinned("on"),
        // They only add warnings or refuse more; but what is not pinned is one more thing to reason about.
        "backslash_quote" => Knob::Pinned("safe_encoding"),
        "escape_string_warning" => Knob::Pinned("on"),
        "transform_null_equals" => Knob::Pinned("off"),
        "quote_all_identifiers" | "synchronize_seqscans" | "check_function_bodies" => {
            Knob::Harmless
        }
        "role" | "session_authorization" => Knob::Role,
        _ if name.starts_with("enable_") || name.starts_with("jit") => Knob::Harmless,
        _ if HARMLESS_SETTINGS.binary_search(&name.as_str()).is_ok() => Knob::Harmless,
        _ => Knob::Matters,
    }
}

/// Extensions whose C functions were reviewed: they compute from their arguments alone.
pub(crate) fn is_reviewed_extension(name: &str) -> bool {
    const REVIEWED: &[&str] = &[
        "btree_gin",
        "btree_gist",
        "citext",
        "cube",
        "earthdistance",
        "fuzzystrmatch",
        "hstore",
        "intarray",
        "isn",
        "ltree",
        "pg_trgm",
        "seg",
        "unaccent",
        "uuid-ossp",
        "vector",
    ];
    REVIEWED.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::{
        HARMLESS_SETTINGS, HARMLESS_VOLATILE, Knob, Reach, function, is_sensitive_column, setting,
    };
    use model::Verb;

    #[test]
    fn tables_are_sorted_for_binary_search() {
        assert!(HARMLESS_VOLATILE.is_sorted());
        assert!(HARMLESS_SETTINGS.is_sorted());
    }

    #[test]
    fn reaches() {
        let check =
            |name, volatility, expect| assert_eq!(function(name, volatility), expect, "{name}");
        check("lower", b'i', Some(Reach::Harmless));
        check("now", b's', Some(Reach::Harmless));
        check("random", b'v', Some(Reach::Harmless));
        check("amvalidate", b'v', None);
        check("table_to_xml", b's', Some(Reach::Dynamic));
        check("lo_get", b'v', Some(Reach::Does(Verb::LargeObject)));
        check("lo_import", b'v', Some(Reach::Does(Verb::ServerFile)));
        check(
            "pg_read_file_old",
            b'v',
            Some(Reach::Does(Verb::ServerFile)),
        );
        check(
            "pg_stat_get_activity",
            b's',
            Some(Reach::Does(Verb::Administer)),
        );
        check("pg_try_advisory_xact_lock", b'v', Some(Reach::Advisory));
        check(
            "pg_logical_emit_message",
            b'v',
            Some(Reach::Does(Verb::Replicate)),
        );
    }

    #[test]
    fn columns() {
        let check = |relation, column, expect| {
            assert_eq!(
                is_sensitive_column(relation, column),
                expect,
                "{relation} {column}"
            );
        };
        check("pg_authid", "rolpassword", true);
        check("pg_authid", "rolname", false);
        check("pg_stat_activity", "query", true);
        check("pg_stat_activity", "state", false);
        check("pg_class", "query", false);
    }

    #[test]
    fn knobs() {
        let check = |name, expect| assert_eq!(setting(name), expect, "{name}");
        check("DateStyle", Knob::Harmless);
        check("Search_Path", Knob::Path);
        check("client_encoding", Knob::Pinned("UTF8"));
        check("row_security", Knob::Harmless);
        check("session_replication_role", Knob::Matters);
        check("enable_seqscan", Knob::Harmless);
        check("role", Knob::Role);
        check("my.custom", Knob::Matters);
    }
}
