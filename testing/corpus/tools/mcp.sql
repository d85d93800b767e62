-- MCP servers (server-postgres, DBHub, postgres-mcp): what was sent, captured between the tools and PostgreSQL 15 on the shop of demo/shop.sql.
-- The texts are facts about the tools, whose authors made them; docs/compatibility.md says how they were taken.
-- Run by crates/gateway/tests/it/tools.rs, which says what the headings mean.

--= each agent

--> MCP server-postgres 0.6.2 | simple
SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'

--> MCP server-postgres 0.6.2 | extended {"types": [], "values": ["customers"]}
SELECT column_name, data_type FROM information_schema.columns WHERE table_name = $1

--> MCP server-postgres 0.6.2 | simple
BEGIN TRANSACTION READ ONLY

--> MCP server-postgres 0.6.2 | simple
SELECT category, count(*), avg(price) FROM products GROUP BY category ORDER BY 1

--> MCP server-postgres 0.6.2 | simple
ROLLBACK

--> MCP server-postgres 0.6.2 | masked | simple
SELECT name, email FROM customers ORDER BY id LIMIT 3

--> DBHub 1.4.0 | simple
BEGIN

--> DBHub 1.4.0 | simple
SELECT 1 AS one

--> DBHub 1.4.0 | simple
COMMIT

--> DBHub 1.4.0 | simple

        SELECT schema_name
        FROM information_schema.schemata
        WHERE schema_name NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
        ORDER BY schema_name
      

--> DBHub 1.4.0 | extended {"types": [], "values": ["public"]}

        SELECT table_name 
        FROM information_schema.tables 
        WHERE table_schema = $1
        ORDER BY table_name
      

--> DBHub 1.4.0 | extended {"types": [], "values": ["public", "customer_contacts"]}

        SELECT
          c.column_name,
          c.data_type,
          c.is_nullable,
          c.column_default,
          pgd.description
        FROM information_schema.columns c
        LEFT JOIN pg_catalog.pg_namespace nsp
          ON nsp.nspname = c.table_schema
        LEFT JOIN pg_catalog.pg_class cls
          ON cls.relnamespace = nsp.oid
          AND cls.relname = c.table_name
        LEFT JOIN pg_catalog.pg_description pgd
          ON pgd.objoid = cls.oid
          AND pgd.objsubid = c.ordinal_position
        WHERE c.table_schema = $1
        AND c.table_name = $2
        ORDER BY c.ordinal_position
      

--> DBHub 1.4.0 | extended {"types": [], "values": ["customer_contacts", "public"]}

        SELECT 
          i.relname as index_name,
          array_agg(a.attname) as column_names,
          ix.indisunique as is_unique,
          ix.indisprimary as is_primary
        FROM 
          pg_class t,
          pg_class i,
          pg_index ix,
          pg_attribute a,
          pg_namespace ns
        WHERE 
          t.oid = ix.indrelid
          AND i.oid = ix.indexrelid
          AND a.attrelid = t.oid
          AND a.attnum = ANY(ix.indkey)
          AND t.relkind = 'r'
          AND t.relname = $1
          AND ns.oid = t.relnamespace
          AND ns.nspname = $2
        GROUP BY 
          i.relname, 
          ix.indisunique,
          ix.indisprimary
        ORDER BY 
          i.relname
      

--> DBHub 1.4.0 | extended {"types": [], "values": ["customer_contacts", "public"]}

        SELECT c.reltuples::bigint as count
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relname = $1
        AND n.nspname = $2
        AND c.relkind IN ('r','p','m','f')
      

--> DBHub 1.4.0 | extended {"types": [], "values": ["customer_contacts", "public"]}

        SELECT obj_description(c.oid) as table_comment
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relname = $1
        AND n.nspname = $2
        AND c.relkind IN ('r','p','m','f','v')
      

--> DBHub 1.4.0 | extended {"types": [], "values": ["public"]}

        SELECT
          routine_name
        FROM information_schema.routines
        WHERE routine_schema = $1 AND routine_type = 'PROCEDURE'
        ORDER BY routine_name
      

--> DBHub 1.4.0 | extended {"types": [], "values": ["public"]}

        SELECT
          routine_name
        FROM information_schema.routines
        WHERE routine_schema = $1 AND routine_type = 'FUNCTION'
        ORDER BY routine_name
      

--> DBHub 1.4.0 | extended {"types": [], "values": ["public", "announce_shipping"]}

        SELECT 
          routine_name as procedure_name,
          routine_type,
          CASE WHEN routine_type = 'PROCEDURE' THEN 'procedure' ELSE 'function' END as procedure_type,
          external_language as language,
          data_type as return_type,
          routine_definition as definition,
          (
            SELECT string_agg(
              parameter_name || ' ' || 
              parameter_mode || ' ' || 
              data_type,
              ', '
            )
            FROM information_schema.parameters
            WHERE specific_schema = $1
            AND specific_name = $2
            AND parameter_name IS NOT NULL
          ) as parameter_list
        FROM information_schema.routines
        WHERE routine_schema = $1
        AND routine_name = $2
      

--> DBHub 1.4.0 | extended {"types": [], "values": ["announce_shipping", "public"]}

          SELECT p.oid, p.prosrc
          FROM pg_proc p
          JOIN pg_namespace n ON p.pronamespace = n.oid
          WHERE p.proname = $1
          AND n.nspname = $2
        

--> DBHub 1.4.0 | extended {"types": [], "values": ["16475"]}
SELECT pg_get_functiondef($1)

--> postgres-mcp 0.3.0 | simple
SELECT 1

--> postgres-mcp 0.3.0 | simple

            SELECT
                schema_name,
                schema_owner,
                CASE
                    WHEN schema_name LIKE 'pg_%' THEN 'System Schema'
                    WHEN schema_name = 'information_schema' THEN 'System Information Schema'
                    ELSE 'User Schema'
                END as schema_type
            FROM information_schema.schemata
            ORDER BY schema_type, schema_name
            

--> postgres-mcp 0.3.0 | simple

                SELECT table_schema, table_name, table_type
                FROM information_schema.tables
                WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
                ORDER BY table_name
                

--> postgres-mcp 0.3.0 | simple

                SELECT table_schema, table_name, table_type
                FROM information_schema.tables
                WHERE table_schema = 'public' AND table_type = 'VIEW'
                ORDER BY table_name
                

--> postgres-mcp 0.3.0 | simple

                SELECT sequence_schema, sequence_name, data_type
                FROM information_schema.sequences
                WHERE sequence_schema = 'public'
                ORDER BY sequence_name
                

--> postgres-mcp 0.3.0 | simple

                SELECT extname, extversion, extrelocatable
                FROM pg_extension
                ORDER BY extname
                

--> postgres-mcp 0.3.0 | simple

                SELECT column_name, data_type, is_nullable, column_default
                FROM information_schema.columns
                WHERE table_schema = 'public' AND table_name = 'customers'
                ORDER BY ordinal_position
                

--> postgres-mcp 0.3.0 | simple

                SELECT tc.constraint_name, tc.constraint_type, kcu.column_name
                FROM information_schema.table_constraints AS tc
                LEFT JOIN information_schema.key_column_usage AS kcu
                  ON tc.constraint_name = kcu.constraint_name
                 AND tc.table_schema = kcu.table_schema
                WHERE tc.table_schema = 'public' AND tc.table_name = 'customers'
                

--> postgres-mcp 0.3.0 | simple

                SELECT indexname, indexdef
                FROM pg_indexes
                WHERE schemaname = 'public' AND tablename = 'customers'
                

--> postgres-mcp 0.3.0 | simple

                SELECT column_name, data_type, is_nullable, column_default
                FROM information_schema.columns
                WHERE table_schema = 'public' AND table_name = 'order_totals'
                ORDER BY ordinal_position
                

--> postgres-mcp 0.3.0 | simple

                SELECT tc.constraint_name, tc.constraint_type, kcu.column_name
                FROM information_schema.table_constraints AS tc
                LEFT JOIN information_schema.key_column_usage AS kcu
                  ON tc.constraint_name = kcu.constraint_name
                 AND tc.table_schema = kcu.table_schema
                WHERE tc.table_schema = 'public' AND tc.table_name = 'order_totals'
                

--> postgres-mcp 0.3.0 | simple

                SELECT indexname, indexdef
                FROM pg_indexes
                WHERE schemaname = 'public' AND tablename = 'order_totals'
                

--> postgres-mcp 0.3.0 | extended {"types": [], "values": []}
COMMIT

--> postgres-mcp 0.3.0 | simple

                SELECT sequence_schema, sequence_name, data_type, start_value, increment
                FROM information_schema.sequences
                WHERE sequence_schema = 'public' AND sequence_name = 'orders_id_seq'
                

--> postgres-mcp 0.3.0 | simple

                SELECT extname, extversion, extrelocatable
                FROM pg_extension
                WHERE extname = 'plpgsql'
                

--> postgres-mcp 0.3.0 | simple
SELECT category, count(*) FROM products GROUP BY category ORDER BY 1

--> postgres-mcp 0.3.0 | simple
EXPLAIN (FORMAT JSON) SELECT * FROM orders WHERE customer_id = 7

--> postgres-mcp 0.3.0 | simple
SHOW server_version

--> postgres-mcp 0.3.0 | refused: administer pg_catalog.pg_stats | simple

            SELECT
                data_type,
                most_common_vals as common_vals,
                most_common_freqs as common_freqs,
                histogram_bounds,
                null_frac,
                n_distinct,
                correlation
            FROM pg_stats
            JOIN information_schema.columns
                ON pg_stats.tablename = information_schema.columns.table_name
                AND pg_stats.attname = information_schema.columns.column_name
            WHERE pg_stats.tablename = 'orders'
            AND pg_stats.attname = 'customer_id'
            

--> postgres-mcp 0.3.0 | simple

            SELECT
                schemaname AS schema,
                t.relname AS table,
                ix.relname AS name,
                regexp_replace(pg_get_indexdef(i.indexrelid), '^[^\(]*\((.*)\)$', '\1') AS columns,
                regexp_replace(pg_get_indexdef(i.indexrelid), '.* USING ([^ ]*) \(.*', '\1') AS using,
                indisunique AS unique,
                indisprimary AS primary,
                indisvalid AS valid,
                indexprs::text,
                indpred::text,
                pg_get_indexdef(i.indexrelid) AS definition
            FROM
                pg_index i
            INNER JOIN
                pg_class t ON t.oid = i.indrelid
            INNER JOIN
                pg_class ix ON ix.oid = i.indexrelid
            LEFT JOIN
                pg_stat_user_indexes ui ON ui.indexrelid = i.indexrelid
            WHERE
                schemaname IS NOT NULL
            ORDER BY
                1, 2
        

--> postgres-mcp 0.3.0 | refused: administer pg_catalog.pg_stats | simple

            WITH btree_index_atts AS (
                SELECT
                    nspname, relname, reltuples, relpages, indrelid, relam,
                    regexp_split_to_table(indkey::text, ' ')::smallint AS attnum,
                    indexrelid as index_oid
                FROM
                    pg_index
                JOIN
                    pg_class ON pg_class.oid = pg_index.indexrelid
                JOIN
                    pg_namespace ON pg_namespace.oid = pg_class.relnamespace
                JOIN
                    pg_am ON pg_class.relam = pg_am.oid
                WHERE
                    pg_am.amname = 'btree'
            ),
            index_item_sizes AS (
                SELECT
                    i.nspname,
                    i.relname,
                    i.reltuples,
                    i.relpages,
                    i.relam,
                    (quote_ident(s.schemaname) || '.' || quote_ident(s.tablename))::regclass AS starelid,
                    a.attrelid AS table_oid, index_oid,
                    current_setting('block_size')::numeric AS bs,
                    CASE
                        WHEN version() ~ 'mingw32' OR version() ~ '64-bit' THEN 8
                        ELSE 4
                    END AS maxalign,
                    24 AS pagehdr,
                    CASE WHEN max(coalesce(s.null_frac,0)) = 0
                        THEN 2
                        ELSE 6
                    END AS index_tuple_hdr,
                    sum( (1-coalesce(s.null_frac, 0)) * coalesce(s.avg_width, 2048) ) AS nulldatawidth
                FROM
                    pg_attribute AS a
                JOIN
                    pg_stats AS s ON (quote_ident(s.schemaname) || '.' || quote_ident(s.tablename))::regclass=a.attrelid AND s.attname = a.attname
                JOIN
                    btree_index_atts AS i ON i.indrelid = a.attrelid AND a.attnum = i.attnum
                WHERE
                    a.attnum > 0
                GROUP BY
                    1, 2, 3, 4, 5, 6, 7, 8, 9
            ),
            index_aligned AS (
                SELECT
                    maxalign,
                    bs,
                    nspname,
                    relname AS index_name,
                    reltuples,
                    relpages,
                    relam,
                    table_oid,
                    index_oid,
                    ( 2 +
                        maxalign - CASE
                            WHEN index_tuple_hdr%maxalign = 0 THEN maxalign
                            ELSE index_tuple_hdr%maxalign
                        END
                    + nulldatawidth + maxalign - CASE
                            WHEN nulldatawidth::integer%maxalign = 0 THEN maxalign
                            ELSE nulldatawidth::integer%maxalign
                        END
                    )::numeric AS nulldatahdrwidth, pagehdr
                FROM
                    index_item_sizes AS s1
            ),
            otta_calc AS (
                SELECT
                    bs,
                    nspname,
                    table_oid,
                    index_oid,
                    index_name,
                    relpages,
                    coalesce(
                        ceil((reltuples*(4+nulldatahdrwidth))/(bs-pagehdr::float)) +
                        CASE WHEN am.amname IN ('hash','btree') THEN 1 ELSE 0 END , 0
                    ) AS otta
                FROM
                    index_aligned AS s2
                LEFT JOIN
                    pg_am am ON s2.relam = am.oid
            ),
            raw_bloat AS (
                SELECT
                    nspname,
                    c.relname AS table_name,
                    index_name,
                    bs*(sub.relpages)::bigint AS totalbytes,
                    CASE
                        WHEN sub.relpages <= otta THEN 0
                        ELSE bs*(sub.relpages-otta)::bigint END
                        AS wastedbytes,
                    CASE
                        WHEN sub.relpages <= otta
                        THEN 0 ELSE bs*(sub.relpages-otta)::bigint * 100 / (bs*(sub.relpages)::bigint) END
                        AS realbloat,
                    pg_relation_size(sub.table_oid) as table_bytes,
                    stat.idx_scan as index_scans,
                    stat.indexrelid
                FROM
                    otta_calc AS sub
                JOIN
                    pg_class AS c ON c.oid=sub.table_oid
                JOIN
                    pg_stat_user_indexes AS stat ON sub.index_oid = stat.indexrelid
            )
            SELECT
                nspname AS schema,
                table_name AS table,
                index_name AS index,
                wastedbytes AS bloat_bytes,
                totalbytes AS index_bytes,
                pg_get_indexdef(rb.indexrelid) AS definition,
                indisprimary AS primary
            FROM
                raw_bloat rb
            INNER JOIN
                pg_index i ON i.indexrelid = rb.indexrelid
            WHERE
                wastedbytes >= 104857600
            ORDER BY
                wastedbytes DESC,
                index_name
        

--> postgres-mcp 0.3.0 | simple

            SELECT
                schemaname AS schema,
                relname AS table,
                indexrelname AS index,
                pg_relation_size(i.indexrelid) AS size_bytes,
                idx_scan as index_scans,
                pg_get_indexdef(i.indexrelid) AS definition,
                indisprimary AS primary
            FROM
                pg_stat_user_indexes ui
            INNER JOIN
                pg_index i ON ui.indexrelid = i.indexrelid
            WHERE
                NOT indisunique
                AND idx_scan <= 50
            ORDER BY
                pg_relation_size(i.indexrelid) DESC,
                relname ASC
        

--> postgres-mcp 0.3.0 | simple

            SELECT COUNT(*) as count
            FROM pg_stat_activity
        

--> postgres-mcp 0.3.0 | simple

            SELECT COUNT(*) as count
            FROM pg_stat_activity
            WHERE state = 'idle in transaction'
        

--> postgres-mcp 0.3.0 | simple

            SELECT
                n.nspname AS schema,
                c.relname AS table,
                2146483648 - GREATEST(AGE(c.relfrozenxid), AGE(t.relfrozenxid)) AS transactions_left
            FROM
                pg_class c
            INNER JOIN
                pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN
                pg_class t ON c.reltoastrelid = t.oid
            WHERE
                c.relkind = 'r'
                AND (2146483648 - GREATEST(AGE(c.relfrozenxid), AGE(t.relfrozenxid))) < 10000000
            ORDER BY
                3, 1, 2
        

--> postgres-mcp 0.3.0 | simple

            SELECT
                n.nspname AS table_schema,
                c.relname AS table,
                attname AS column,
                format_type(a.atttypid, a.atttypmod) AS column_type,
                pg_get_expr(d.adbin, d.adrelid) AS default_value
            FROM
                pg_catalog.pg_attribute a
            INNER JOIN
                pg_catalog.pg_class c ON c.oid = a.attrelid
            INNER JOIN
                pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            INNER JOIN
                pg_catalog.pg_attrdef d ON (a.attrelid, a.attnum) = (d.adrelid, d.adnum)
            WHERE
                NOT a.attisdropped
                AND a.attnum > 0
                AND pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval%'
                AND n.nspname NOT LIKE 'pg\_temp\_%'
        

--> postgres-mcp 0.3.0 | simple
SELECT pg_is_in_recovery()

--> postgres-mcp 0.3.0 | simple
SHOW server_version_num

--> postgres-mcp 0.3.0 | simple

                SELECT
                    CASE
                        WHEN NOT pg_is_in_recovery() OR pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
                        ELSE EXTRACT (EPOCH FROM NOW() - pg_last_xact_replay_timestamp())
                    END
                AS replication_lag
            

--> postgres-mcp 0.3.0 | simple
SELECT state FROM pg_stat_replication

--> postgres-mcp 0.3.0 | simple

                SELECT
                    slot_name,
                    database,
                    active
                FROM pg_replication_slots
            

--> postgres-mcp 0.3.0 | simple

            SELECT
                (sum(idx_blks_hit)) / nullif(sum(idx_blks_hit + idx_blks_read), 0) AS rate
            FROM
                pg_statio_user_indexes
        

--> postgres-mcp 0.3.0 | simple

            SELECT
                sum(heap_blks_hit) / nullif(sum(heap_blks_hit + heap_blks_read), 0) AS rate
            FROM
                pg_statio_user_tables
        

--> postgres-mcp 0.3.0 | simple

            SELECT
                nsp.nspname AS schema,
                rel.relname AS table,
                con.conname AS name,
                fnsp.nspname AS referenced_schema,
                frel.relname AS referenced_table
            FROM
                pg_catalog.pg_constraint con
            INNER JOIN
                pg_catalog.pg_class rel ON rel.oid = con.conrelid
            LEFT JOIN
                pg_catalog.pg_class frel ON frel.oid = con.confrelid
            LEFT JOIN
                pg_catalog.pg_namespace nsp ON nsp.oid = con.connamespace
            LEFT JOIN
                pg_catalog.pg_namespace fnsp ON fnsp.oid = frel.relnamespace
            WHERE
                con.convalidated = 'f'
        

--> postgres-mcp 0.3.0 | simple
SELECT extversion FROM pg_extension WHERE extname = 'pg_stat_statements'

--> postgres-mcp 0.3.0 | simple
SELECT default_version FROM pg_available_extensions WHERE name = 'pg_stat_statements'

--> postgres-mcp 0.3.0 | simple
SELECT extversion FROM pg_extension WHERE extname = 'hypopg'

--> postgres-mcp 0.3.0 | simple
SELECT default_version FROM pg_available_extensions WHERE name = 'hypopg'

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ 
            SELECT
                schema_name,
                schema_owner,
                CASE
                    WHEN schema_name LIKE 'pg_%' THEN 'System Schema'
                    WHEN schema_name = 'information_schema' THEN 'System Information Schema'
                    ELSE 'User Schema'
                END as schema_type
            FROM information_schema.schemata
            ORDER BY schema_type, schema_name
            

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ 
                SELECT table_schema, table_name, table_type
                FROM information_schema.tables
                WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
                ORDER BY table_name
                

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ 
                SELECT table_schema, table_name, table_type
                FROM information_schema.tables
                WHERE table_schema = 'public' AND table_type = 'VIEW'
                ORDER BY table_name
                

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ 
                SELECT sequence_schema, sequence_name, data_type
                FROM information_schema.sequences
                WHERE sequence_schema = 'public'
                ORDER BY sequence_name
                

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ 
                SELECT extname, extversion, extrelocatable
                FROM pg_extension
                ORDER BY extname
                

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ 
                SELECT column_name, data_type, is_nullable, column_default
                FROM information_schema.columns
                WHERE table_schema = 'public' AND table_name = 'customers'
                ORDER BY ordinal_position
                

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ 
                SELECT tc.constraint_name, tc.constraint_type, kcu.column_name
                FROM information_schema.table_constraints AS tc
                LEFT JOIN information_schema.key_column_usage AS kcu
                  ON tc.constraint_name = kcu.constraint_name
                 AND tc.table_schema = kcu.table_schema
                WHERE tc.table_schema = 'public' AND tc.table_name = 'customers'
                

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ 
                SELECT indexname, indexdef
                FROM pg_indexes
                WHERE schemaname = 'public' AND tablename = 'customers'
                

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ 
                SELECT column_name, data_type, is_nullable, column_default
                FROM information_schema.columns
                WHERE table_schema = 'public' AND table_name = 'order_totals'
                ORDER BY ordinal_position
                

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ 
                SELECT tc.constraint_name, tc.constraint_type, kcu.column_name
                FROM information_schema.table_constraints AS tc
                LEFT JOIN information_schema.key_column_usage AS kcu
                  ON tc.constraint_name = kcu.constraint_name
                 AND tc.table_schema = kcu.table_schema
                WHERE tc.table_schema = 'public' AND tc.table_name = 'order_totals'
                

--> postgres-mcp 0.3.0 | extended {"types": [], "values": []}
BEGIN TRANSACTION READ ONLY

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ 
                SELECT indexname, indexdef
                FROM pg_indexes
                WHERE schemaname = 'public' AND tablename = 'order_totals'
                

--> postgres-mcp 0.3.0 | extended {"types": [], "values": []}
ROLLBACK

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ 
                SELECT sequence_schema, sequence_name, data_type, start_value, increment
                FROM information_schema.sequences
                WHERE sequence_schema = 'public' AND sequence_name = 'orders_id_seq'
                

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ 
                SELECT extname, extversion, extrelocatable
                FROM pg_extension
                WHERE extname = 'plpgsql'
                

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ SELECT category, count(*) FROM products GROUP BY category ORDER BY 1

--> postgres-mcp 0.3.0 | masked | simple
/* crystaldba */ SELECT name, email FROM customers ORDER BY id LIMIT 3

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ EXPLAIN (FORMAT JSON) SELECT * FROM orders WHERE customer_id = 7

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ SHOW server_version

--> postgres-mcp 0.3.0 | refused: administer pg_catalog.pg_stats | simple
/* crystaldba */ 
            SELECT
                data_type,
                most_common_vals as common_vals,
                most_common_freqs as common_freqs,
                histogram_bounds,
                null_frac,
                n_distinct,
                correlation
            FROM pg_stats
            JOIN information_schema.columns
                ON pg_stats.tablename = information_schema.columns.table_name
                AND pg_stats.attname = information_schema.columns.column_name
            WHERE pg_stats.tablename = 'orders'
            AND pg_stats.attname = 'customer_id'
            

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ 
            SELECT
                schemaname AS schema,
                t.relname AS table,
                ix.relname AS name,
                regexp_replace(pg_get_indexdef(i.indexrelid), '^[^\(]*\((.*)\)$', '\1') AS columns,
                regexp_replace(pg_get_indexdef(i.indexrelid), '.* USING ([^ ]*) \(.*', '\1') AS using,
                indisunique AS unique,
                indisprimary AS primary,
                indisvalid AS valid,
                indexprs::text,
                indpred::text,
                pg_get_indexdef(i.indexrelid) AS definition
            FROM
                pg_index i
            INNER JOIN
                pg_class t ON t.oid = i.indrelid
            INNER JOIN
                pg_class ix ON ix.oid = i.indexrelid
            LEFT JOIN
                pg_stat_user_indexes ui ON ui.indexrelid = i.indexrelid
            WHERE
                schemaname IS NOT NULL
            ORDER BY
                1, 2
        

--> postgres-mcp 0.3.0 | refused: administer pg_catalog.pg_stats | simple
/* crystaldba */ 
            WITH btree_index_atts AS (
                SELECT
                    nspname, relname, reltuples, relpages, indrelid, relam,
                    regexp_split_to_table(indkey::text, ' ')::smallint AS attnum,
                    indexrelid as index_oid
                FROM
                    pg_index
                JOIN
                    pg_class ON pg_class.oid = pg_index.indexrelid
                JOIN
                    pg_namespace ON pg_namespace.oid = pg_class.relnamespace
                JOIN
                    pg_am ON pg_class.relam = pg_am.oid
                WHERE
                    pg_am.amname = 'btree'
            ),
            index_item_sizes AS (
                SELECT
                    i.nspname,
                    i.relname,
                    i.reltuples,
                    i.relpages,
                    i.relam,
                    (quote_ident(s.schemaname) || '.' || quote_ident(s.tablename))::regclass AS starelid,
                    a.attrelid AS table_oid, index_oid,
                    current_setting('block_size')::numeric AS bs,
                    CASE
                        WHEN version() ~ 'mingw32' OR version() ~ '64-bit' THEN 8
                        ELSE 4
                    END AS maxalign,
                    24 AS pagehdr,
                    CASE WHEN max(coalesce(s.null_frac,0)) = 0
                        THEN 2
                        ELSE 6
                    END AS index_tuple_hdr,
                    sum( (1-coalesce(s.null_frac, 0)) * coalesce(s.avg_width, 2048) ) AS nulldatawidth
                FROM
                    pg_attribute AS a
                JOIN
                    pg_stats AS s ON (quote_ident(s.schemaname) || '.' || quote_ident(s.tablename))::regclass=a.attrelid AND s.attname = a.attname
                JOIN
                    btree_index_atts AS i ON i.indrelid = a.attrelid AND a.attnum = i.attnum
                WHERE
                    a.attnum > 0
                GROUP BY
                    1, 2, 3, 4, 5, 6, 7, 8, 9
            ),
            index_aligned AS (
                SELECT
                    maxalign,
                    bs,
                    nspname,
                    relname AS index_name,
                    reltuples,
                    relpages,
                    relam,
                    table_oid,
                    index_oid,
                    ( 2 +
                        maxalign - CASE
                            WHEN index_tuple_hdr%maxalign = 0 THEN maxalign
                            ELSE index_tuple_hdr%maxalign
                        END
                    + nulldatawidth + maxalign - CASE
                            WHEN nulldatawidth::integer%maxalign = 0 THEN maxalign
                            ELSE nulldatawidth::integer%maxalign
                        END
                    )::numeric AS nulldatahdrwidth, pagehdr
                FROM
                    index_item_sizes AS s1
            ),
            otta_calc AS (
                SELECT
                    bs,
                    nspname,
                    table_oid,
                    index_oid,
                    index_name,
                    relpages,
                    coalesce(
                        ceil((reltuples*(4+nulldatahdrwidth))/(bs-pagehdr::float)) +
                        CASE WHEN am.amname IN ('hash','btree') THEN 1 ELSE 0 END , 0
                    ) AS otta
                FROM
                    index_aligned AS s2
                LEFT JOIN
                    pg_am am ON s2.relam = am.oid
            ),
            raw_bloat AS (
                SELECT
                    nspname,
                    c.relname AS table_name,
                    index_name,
                    bs*(sub.relpages)::bigint AS totalbytes,
                    CASE
                        WHEN sub.relpages <= otta THEN 0
                        ELSE bs*(sub.relpages-otta)::bigint END
                        AS wastedbytes,
                    CASE
                        WHEN sub.relpages <= otta
                        THEN 0 ELSE bs*(sub.relpages-otta)::bigint * 100 / (bs*(sub.relpages)::bigint) END
                        AS realbloat,
                    pg_relation_size(sub.table_oid) as table_bytes,
                    stat.idx_scan as index_scans,
                    stat.indexrelid
                FROM
                    otta_calc AS sub
                JOIN
                    pg_class AS c ON c.oid=sub.table_oid
                JOIN
                    pg_stat_user_indexes AS stat ON sub.index_oid = stat.indexrelid
            )
            SELECT
                nspname AS schema,
                table_name AS table,
                index_name AS index,
                wastedbytes AS bloat_bytes,
                totalbytes AS index_bytes,
                pg_get_indexdef(rb.indexrelid) AS definition,
                indisprimary AS primary
            FROM
                raw_bloat rb
            INNER JOIN
                pg_index i ON i.indexrelid = rb.indexrelid
            WHERE
                wastedbytes >= 104857600
            ORDER BY
                wastedbytes DESC,
                index_name
        

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ 
            SELECT
                schemaname AS schema,
                relname AS table,
                indexrelname AS index,
                pg_relation_size(i.indexrelid) AS size_bytes,
                idx_scan as index_scans,
                pg_get_indexdef(i.indexrelid) AS definition,
                indisprimary AS primary
            FROM
                pg_stat_user_indexes ui
            INNER JOIN
                pg_index i ON ui.indexrelid = i.indexrelid
            WHERE
                NOT indisunique
                AND idx_scan <= 50
            ORDER BY
                pg_relation_size(i.indexrelid) DESC,
                relname ASC
        

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ 
            SELECT COUNT(*) as count
            FROM pg_stat_activity
        

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ 
            SELECT COUNT(*) as count
            FROM pg_stat_activity
            WHERE state = 'idle in transaction'
        

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ 
            SELECT
                n.nspname AS schema,
                c.relname AS table,
                2146483648 - GREATEST(AGE(c.relfrozenxid), AGE(t.relfrozenxid)) AS transactions_left
            FROM
                pg_class c
            INNER JOIN
                pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN
                pg_class t ON c.reltoastrelid = t.oid
            WHERE
                c.relkind = 'r'
                AND (2146483648 - GREATEST(AGE(c.relfrozenxid), AGE(t.relfrozenxid))) < 10000000
            ORDER BY
                3, 1, 2
        

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ 
            SELECT
                n.nspname AS table_schema,
                c.relname AS table,
                attname AS column,
                format_type(a.atttypid, a.atttypmod) AS column_type,
                pg_get_expr(d.adbin, d.adrelid) AS default_value
            FROM
                pg_catalog.pg_attribute a
            INNER JOIN
                pg_catalog.pg_class c ON c.oid = a.attrelid
            INNER JOIN
                pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            INNER JOIN
                pg_catalog.pg_attrdef d ON (a.attrelid, a.attnum) = (d.adrelid, d.adnum)
            WHERE
                NOT a.attisdropped
                AND a.attnum > 0
                AND pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval%'
                AND n.nspname NOT LIKE 'pg\_temp\_%'
        

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ SELECT pg_is_in_recovery()

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ SHOW server_version_num

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ SELECT state FROM pg_stat_replication

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ 
                SELECT
                    slot_name,
                    database,
                    active
                FROM pg_replication_slots
            

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ 
            SELECT
                (sum(idx_blks_hit)) / nullif(sum(idx_blks_hit + idx_blks_read), 0) AS rate
            FROM
                pg_statio_user_indexes
        

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ 
            SELECT
                sum(heap_blks_hit) / nullif(sum(heap_blks_hit + heap_blks_read), 0) AS rate
            FROM
                pg_statio_user_tables
        

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ 
            SELECT
                nsp.nspname AS schema,
                rel.relname AS table,
                con.conname AS name,
                fnsp.nspname AS referenced_schema,
                frel.relname AS referenced_table
            FROM
                pg_catalog.pg_constraint con
            INNER JOIN
                pg_catalog.pg_class rel ON rel.oid = con.conrelid
            LEFT JOIN
                pg_catalog.pg_class frel ON frel.oid = con.confrelid
            LEFT JOIN
                pg_catalog.pg_namespace nsp ON nsp.oid = con.connamespace
            LEFT JOIN
                pg_catalog.pg_namespace fnsp ON fnsp.oid = frel.relnamespace
            WHERE
                con.convalidated = 'f'
        

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ SELECT extversion FROM pg_extension WHERE extname = 'pg_stat_statements'

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ SELECT default_version FROM pg_available_extensions WHERE name = 'pg_stat_statements'

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ SELECT extversion FROM pg_extension WHERE extname = 'hypopg'

--> postgres-mcp 0.3.0 | simple
/* crystaldba */ SELECT default_version FROM pg_available_extensions WHERE name = 'hypopg'
