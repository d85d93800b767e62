-- Django: inspectdb, ORM, migrate: what it sent, captured between it and PostgreSQL 15 on the shop of demo/shop.sql.
-- The texts are facts about the tools, whose authors made them; docs/compatibility.md says how they were taken.
-- Run by crates/gateway/tests/it/tools.rs, which says what the headings mean.

--= each agent

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT oid, typarray FROM pg_type WHERE typname = 'hstore'

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT oid, typarray FROM pg_type WHERE typname = 'citext'

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                c.relname,
                CASE
                    WHEN c.relispartition THEN 'p'
                    WHEN c.relkind IN ('m', 'v') THEN 'v'
                    ELSE 't'
                END,
                obj_description(c.oid, 'pg_class')
            FROM pg_catalog.pg_class c
            LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v')
                AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
                AND pg_catalog.pg_table_is_visible(c.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT a1.attname, c2.relname, a2.attname
            FROM pg_constraint con
            LEFT JOIN pg_class c1 ON con.conrelid = c1.oid
            LEFT JOIN pg_class c2 ON con.confrelid = c2.oid
            LEFT JOIN
                pg_attribute a1 ON c1.oid = a1.attrelid AND a1.attnum = con.conkey[1]
            LEFT JOIN
                pg_attribute a2 ON c2.oid = a2.attrelid AND a2.attnum = con.confkey[1]
            WHERE
                c1.relname = 'customer_contacts' AND
                con.contype = 'f' AND
                c1.relnamespace = c2.relnamespace AND
                pg_catalog.pg_table_is_visible(c1.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                c.conname,
                array(
                    SELECT attname
                    FROM unnest(c.conkey) WITH ORDINALITY cols(colid, arridx)
                    JOIN pg_attribute AS ca ON cols.colid = ca.attnum
                    WHERE ca.attrelid = c.conrelid
                    ORDER BY cols.arridx
                ),
                c.contype,
                (SELECT fkc.relname || '.' || fka.attname
                FROM pg_attribute AS fka
                JOIN pg_class AS fkc ON fka.attrelid = fkc.oid
                WHERE fka.attrelid = c.confrelid AND fka.attnum = c.confkey[1]),
                cl.reloptions
            FROM pg_constraint AS c
            JOIN pg_class AS cl ON c.conrelid = cl.oid
            WHERE cl.relname = 'customer_contacts' AND pg_catalog.pg_table_is_visible(cl.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                indexname,
                array_agg(attname ORDER BY arridx),
                indisunique,
                indisprimary,
                array_agg(ordering ORDER BY arridx),
                amname,
                exprdef,
                s2.attoptions
            FROM (
                SELECT
                    c2.relname as indexname, idx.*, attr.attname, am.amname,
                    CASE
                        WHEN idx.indexprs IS NOT NULL THEN
                            pg_get_indexdef(idx.indexrelid)
                    END AS exprdef,
                    CASE am.amname
                        WHEN 'btree' THEN
                            CASE (option & 1)
                                WHEN 1 THEN 'DESC' ELSE 'ASC'
                            END
                    END as ordering,
                    c2.reloptions as attoptions
                FROM (
                    SELECT *
                    FROM
                        pg_index i,
                        unnest(i.indkey, i.indoption)
                            WITH ORDINALITY koi(key, option, arridx)
                ) idx
                LEFT JOIN pg_class c ON idx.indrelid = c.oid
                LEFT JOIN pg_class c2 ON idx.indexrelid = c2.oid
                LEFT JOIN pg_am am ON c2.relam = am.oid
                LEFT JOIN
                    pg_attribute attr ON attr.attrelid = c.oid AND attr.attnum = idx.key
                WHERE c.relname = 'customer_contacts' AND pg_catalog.pg_table_is_visible(c.oid)
            ) s2
            GROUP BY indexname, indisunique, indisprimary, amname, exprdef, attoptions;
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                a.attname AS column_name,
                NOT (a.attnotnull OR (t.typtype = 'd' AND t.typnotnull)) AS is_nullable,
                pg_get_expr(ad.adbin, ad.adrelid) AS column_default,
                CASE WHEN collname = 'default' THEN NULL ELSE collname END AS collation,
                a.attidentity != '' AS is_autofield,
                col_description(a.attrelid, a.attnum) AS column_comment
            FROM pg_attribute a
            LEFT JOIN pg_attrdef ad ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum
            LEFT JOIN pg_collation co ON a.attcollation = co.oid
            JOIN pg_type t ON a.atttypid = t.oid
            JOIN pg_class c ON a.attrelid = c.oid
            JOIN pg_namespace n ON c.relnamespace = n.oid
            WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v')
                AND c.relname = 'customer_contacts'
                AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
                AND pg_catalog.pg_table_is_visible(c.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | masked | simple
SELECT * FROM "customer_contacts" LIMIT 1

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT a1.attname, c2.relname, a2.attname
            FROM pg_constraint con
            LEFT JOIN pg_class c1 ON con.conrelid = c1.oid
            LEFT JOIN pg_class c2 ON con.confrelid = c2.oid
            LEFT JOIN
                pg_attribute a1 ON c1.oid = a1.attrelid AND a1.attnum = con.conkey[1]
            LEFT JOIN
                pg_attribute a2 ON c2.oid = a2.attrelid AND a2.attnum = con.confkey[1]
            WHERE
                c1.relname = 'customers' AND
                con.contype = 'f' AND
                c1.relnamespace = c2.relnamespace AND
                pg_catalog.pg_table_is_visible(c1.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                c.conname,
                array(
                    SELECT attname
                    FROM unnest(c.conkey) WITH ORDINALITY cols(colid, arridx)
                    JOIN pg_attribute AS ca ON cols.colid = ca.attnum
                    WHERE ca.attrelid = c.conrelid
                    ORDER BY cols.arridx
                ),
                c.contype,
                (SELECT fkc.relname || '.' || fka.attname
                FROM pg_attribute AS fka
                JOIN pg_class AS fkc ON fka.attrelid = fkc.oid
                WHERE fka.attrelid = c.confrelid AND fka.attnum = c.confkey[1]),
                cl.reloptions
            FROM pg_constraint AS c
            JOIN pg_class AS cl ON c.conrelid = cl.oid
            WHERE cl.relname = 'customers' AND pg_catalog.pg_table_is_visible(cl.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                indexname,
                array_agg(attname ORDER BY arridx),
                indisunique,
                indisprimary,
                array_agg(ordering ORDER BY arridx),
                amname,
                exprdef,
                s2.attoptions
            FROM (
                SELECT
                    c2.relname as indexname, idx.*, attr.attname, am.amname,
                    CASE
                        WHEN idx.indexprs IS NOT NULL THEN
                            pg_get_indexdef(idx.indexrelid)
                    END AS exprdef,
                    CASE am.amname
                        WHEN 'btree' THEN
                            CASE (option & 1)
                                WHEN 1 THEN 'DESC' ELSE 'ASC'
                            END
                    END as ordering,
                    c2.reloptions as attoptions
                FROM (
                    SELECT *
                    FROM
                        pg_index i,
                        unnest(i.indkey, i.indoption)
                            WITH ORDINALITY koi(key, option, arridx)
                ) idx
                LEFT JOIN pg_class c ON idx.indrelid = c.oid
                LEFT JOIN pg_class c2 ON idx.indexrelid = c2.oid
                LEFT JOIN pg_am am ON c2.relam = am.oid
                LEFT JOIN
                    pg_attribute attr ON attr.attrelid = c.oid AND attr.attnum = idx.key
                WHERE c.relname = 'customers' AND pg_catalog.pg_table_is_visible(c.oid)
            ) s2
            GROUP BY indexname, indisunique, indisprimary, amname, exprdef, attoptions;
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                a.attname AS column_name,
                NOT (a.attnotnull OR (t.typtype = 'd' AND t.typnotnull)) AS is_nullable,
                pg_get_expr(ad.adbin, ad.adrelid) AS column_default,
                CASE WHEN collname = 'default' THEN NULL ELSE collname END AS collation,
                a.attidentity != '' AS is_autofield,
                col_description(a.attrelid, a.attnum) AS column_comment
            FROM pg_attribute a
            LEFT JOIN pg_attrdef ad ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum
            LEFT JOIN pg_collation co ON a.attcollation = co.oid
            JOIN pg_type t ON a.atttypid = t.oid
            JOIN pg_class c ON a.attrelid = c.oid
            JOIN pg_namespace n ON c.relnamespace = n.oid
            WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v')
                AND c.relname = 'customers'
                AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
                AND pg_catalog.pg_table_is_visible(c.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | masked | simple
SELECT * FROM "customers" LIMIT 1

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT a1.attname, c2.relname, a2.attname
            FROM pg_constraint con
            LEFT JOIN pg_class c1 ON con.conrelid = c1.oid
            LEFT JOIN pg_class c2 ON con.confrelid = c2.oid
            LEFT JOIN
                pg_attribute a1 ON c1.oid = a1.attrelid AND a1.attnum = con.conkey[1]
            LEFT JOIN
                pg_attribute a2 ON c2.oid = a2.attrelid AND a2.attnum = con.confkey[1]
            WHERE
                c1.relname = 'order_items' AND
                con.contype = 'f' AND
                c1.relnamespace = c2.relnamespace AND
                pg_catalog.pg_table_is_visible(c1.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                c.conname,
                array(
                    SELECT attname
                    FROM unnest(c.conkey) WITH ORDINALITY cols(colid, arridx)
                    JOIN pg_attribute AS ca ON cols.colid = ca.attnum
                    WHERE ca.attrelid = c.conrelid
                    ORDER BY cols.arridx
                ),
                c.contype,
                (SELECT fkc.relname || '.' || fka.attname
                FROM pg_attribute AS fka
                JOIN pg_class AS fkc ON fka.attrelid = fkc.oid
                WHERE fka.attrelid = c.confrelid AND fka.attnum = c.confkey[1]),
                cl.reloptions
            FROM pg_constraint AS c
            JOIN pg_class AS cl ON c.conrelid = cl.oid
            WHERE cl.relname = 'order_items' AND pg_catalog.pg_table_is_visible(cl.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                indexname,
                array_agg(attname ORDER BY arridx),
                indisunique,
                indisprimary,
                array_agg(ordering ORDER BY arridx),
                amname,
                exprdef,
                s2.attoptions
            FROM (
                SELECT
                    c2.relname as indexname, idx.*, attr.attname, am.amname,
                    CASE
                        WHEN idx.indexprs IS NOT NULL THEN
                            pg_get_indexdef(idx.indexrelid)
                    END AS exprdef,
                    CASE am.amname
                        WHEN 'btree' THEN
                            CASE (option & 1)
                                WHEN 1 THEN 'DESC' ELSE 'ASC'
                            END
                    END as ordering,
                    c2.reloptions as attoptions
                FROM (
                    SELECT *
                    FROM
                        pg_index i,
                        unnest(i.indkey, i.indoption)
                            WITH ORDINALITY koi(key, option, arridx)
                ) idx
                LEFT JOIN pg_class c ON idx.indrelid = c.oid
                LEFT JOIN pg_class c2 ON idx.indexrelid = c2.oid
                LEFT JOIN pg_am am ON c2.relam = am.oid
                LEFT JOIN
                    pg_attribute attr ON attr.attrelid = c.oid AND attr.attnum = idx.key
                WHERE c.relname = 'order_items' AND pg_catalog.pg_table_is_visible(c.oid)
            ) s2
            GROUP BY indexname, indisunique, indisprimary, amname, exprdef, attoptions;
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                a.attname AS column_name,
                NOT (a.attnotnull OR (t.typtype = 'd' AND t.typnotnull)) AS is_nullable,
                pg_get_expr(ad.adbin, ad.adrelid) AS column_default,
                CASE WHEN collname = 'default' THEN NULL ELSE collname END AS collation,
                a.attidentity != '' AS is_autofield,
                col_description(a.attrelid, a.attnum) AS column_comment
            FROM pg_attribute a
            LEFT JOIN pg_attrdef ad ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum
            LEFT JOIN pg_collation co ON a.attcollation = co.oid
            JOIN pg_type t ON a.atttypid = t.oid
            JOIN pg_class c ON a.attrelid = c.oid
            JOIN pg_namespace n ON c.relnamespace = n.oid
            WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v')
                AND c.relname = 'order_items'
                AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
                AND pg_catalog.pg_table_is_visible(c.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT * FROM "order_items" LIMIT 1

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                c.conname,
                array(
                    SELECT attname
                    FROM unnest(c.conkey) WITH ORDINALITY cols(colid, arridx)
                    JOIN pg_attribute AS ca ON cols.colid = ca.attnum
                    WHERE ca.attrelid = c.conrelid
                    ORDER BY cols.arridx
                ),
                c.contype,
                (SELECT fkc.relname || '.' || fka.attname
                FROM pg_attribute AS fka
                JOIN pg_class AS fkc ON fka.attrelid = fkc.oid
                WHERE fka.attrelid = c.confrelid AND fka.attnum = c.confkey[1]),
                cl.reloptions
            FROM pg_constraint AS c
            JOIN pg_class AS cl ON c.conrelid = cl.oid
            WHERE cl.relname = 'orders' AND pg_catalog.pg_table_is_visible(cl.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                indexname,
                array_agg(attname ORDER BY arridx),
                indisunique,
                indisprimary,
                array_agg(ordering ORDER BY arridx),
                amname,
                exprdef,
                s2.attoptions
            FROM (
                SELECT
                    c2.relname as indexname, idx.*, attr.attname, am.amname,
                    CASE
                        WHEN idx.indexprs IS NOT NULL THEN
                            pg_get_indexdef(idx.indexrelid)
                    END AS exprdef,
                    CASE am.amname
                        WHEN 'btree' THEN
                            CASE (option & 1)
                                WHEN 1 THEN 'DESC' ELSE 'ASC'
                            END
                    END as ordering,
                    c2.reloptions as attoptions
                FROM (
                    SELECT *
                    FROM
                        pg_index i,
                        unnest(i.indkey, i.indoption)
                            WITH ORDINALITY koi(key, option, arridx)
                ) idx
                LEFT JOIN pg_class c ON idx.indrelid = c.oid
                LEFT JOIN pg_class c2 ON idx.indexrelid = c2.oid
                LEFT JOIN pg_am am ON c2.relam = am.oid
                LEFT JOIN
                    pg_attribute attr ON attr.attrelid = c.oid AND attr.attnum = idx.key
                WHERE c.relname = 'orders' AND pg_catalog.pg_table_is_visible(c.oid)
            ) s2
            GROUP BY indexname, indisunique, indisprimary, amname, exprdef, attoptions;
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                c.conname,
                array(
                    SELECT attname
                    FROM unnest(c.conkey) WITH ORDINALITY cols(colid, arridx)
                    JOIN pg_attribute AS ca ON cols.colid = ca.attnum
                    WHERE ca.attrelid = c.conrelid
                    ORDER BY cols.arridx
                ),
                c.contype,
                (SELECT fkc.relname || '.' || fka.attname
                FROM pg_attribute AS fka
                JOIN pg_class AS fkc ON fka.attrelid = fkc.oid
                WHERE fka.attrelid = c.confrelid AND fka.attnum = c.confkey[1]),
                cl.reloptions
            FROM pg_constraint AS c
            JOIN pg_class AS cl ON c.conrelid = cl.oid
            WHERE cl.relname = 'products' AND pg_catalog.pg_table_is_visible(cl.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                indexname,
                array_agg(attname ORDER BY arridx),
                indisunique,
                indisprimary,
                array_agg(ordering ORDER BY arridx),
                amname,
                exprdef,
                s2.attoptions
            FROM (
                SELECT
                    c2.relname as indexname, idx.*, attr.attname, am.amname,
                    CASE
                        WHEN idx.indexprs IS NOT NULL THEN
                            pg_get_indexdef(idx.indexrelid)
                    END AS exprdef,
                    CASE am.amname
                        WHEN 'btree' THEN
                            CASE (option & 1)
                                WHEN 1 THEN 'DESC' ELSE 'ASC'
                            END
                    END as ordering,
                    c2.reloptions as attoptions
                FROM (
                    SELECT *
                    FROM
                        pg_index i,
                        unnest(i.indkey, i.indoption)
                            WITH ORDINALITY koi(key, option, arridx)
                ) idx
                LEFT JOIN pg_class c ON idx.indrelid = c.oid
                LEFT JOIN pg_class c2 ON idx.indexrelid = c2.oid
                LEFT JOIN pg_am am ON c2.relam = am.oid
                LEFT JOIN
                    pg_attribute attr ON attr.attrelid = c.oid AND attr.attnum = idx.key
                WHERE c.relname = 'products' AND pg_catalog.pg_table_is_visible(c.oid)
            ) s2
            GROUP BY indexname, indisunique, indisprimary, amname, exprdef, attoptions;
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT a1.attname, c2.relname, a2.attname
            FROM pg_constraint con
            LEFT JOIN pg_class c1 ON con.conrelid = c1.oid
            LEFT JOIN pg_class c2 ON con.confrelid = c2.oid
            LEFT JOIN
                pg_attribute a1 ON c1.oid = a1.attrelid AND a1.attnum = con.conkey[1]
            LEFT JOIN
                pg_attribute a2 ON c2.oid = a2.attrelid AND a2.attnum = con.confkey[1]
            WHERE
                c1.relname = 'order_totals' AND
                con.contype = 'f' AND
                c1.relnamespace = c2.relnamespace AND
                pg_catalog.pg_table_is_visible(c1.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                c.conname,
                array(
                    SELECT attname
                    FROM unnest(c.conkey) WITH ORDINALITY cols(colid, arridx)
                    JOIN pg_attribute AS ca ON cols.colid = ca.attnum
                    WHERE ca.attrelid = c.conrelid
                    ORDER BY cols.arridx
                ),
                c.contype,
                (SELECT fkc.relname || '.' || fka.attname
                FROM pg_attribute AS fka
                JOIN pg_class AS fkc ON fka.attrelid = fkc.oid
                WHERE fka.attrelid = c.confrelid AND fka.attnum = c.confkey[1]),
                cl.reloptions
            FROM pg_constraint AS c
            JOIN pg_class AS cl ON c.conrelid = cl.oid
            WHERE cl.relname = 'order_totals' AND pg_catalog.pg_table_is_visible(cl.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                indexname,
                array_agg(attname ORDER BY arridx),
                indisunique,
                indisprimary,
                array_agg(ordering ORDER BY arridx),
                amname,
                exprdef,
                s2.attoptions
            FROM (
                SELECT
                    c2.relname as indexname, idx.*, attr.attname, am.amname,
                    CASE
                        WHEN idx.indexprs IS NOT NULL THEN
                            pg_get_indexdef(idx.indexrelid)
                    END AS exprdef,
                    CASE am.amname
                        WHEN 'btree' THEN
                            CASE (option & 1)
                                WHEN 1 THEN 'DESC' ELSE 'ASC'
                            END
                    END as ordering,
                    c2.reloptions as attoptions
                FROM (
                    SELECT *
                    FROM
                        pg_index i,
                        unnest(i.indkey, i.indoption)
                            WITH ORDINALITY koi(key, option, arridx)
                ) idx
                LEFT JOIN pg_class c ON idx.indrelid = c.oid
                LEFT JOIN pg_class c2 ON idx.indexrelid = c2.oid
                LEFT JOIN pg_am am ON c2.relam = am.oid
                LEFT JOIN
                    pg_attribute attr ON attr.attrelid = c.oid AND attr.attnum = idx.key
                WHERE c.relname = 'order_totals' AND pg_catalog.pg_table_is_visible(c.oid)
            ) s2
            GROUP BY indexname, indisunique, indisprimary, amname, exprdef, attoptions;
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                a.attname AS column_name,
                NOT (a.attnotnull OR (t.typtype = 'd' AND t.typnotnull)) AS is_nullable,
                pg_get_expr(ad.adbin, ad.adrelid) AS column_default,
                CASE WHEN collname = 'default' THEN NULL ELSE collname END AS collation,
                a.attidentity != '' AS is_autofield,
                col_description(a.attrelid, a.attnum) AS column_comment
            FROM pg_attribute a
            LEFT JOIN pg_attrdef ad ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum
            LEFT JOIN pg_collation co ON a.attcollation = co.oid
            JOIN pg_type t ON a.atttypid = t.oid
            JOIN pg_class c ON a.attrelid = c.oid
            JOIN pg_namespace n ON c.relnamespace = n.oid
            WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v')
                AND c.relname = 'order_totals'
                AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
                AND pg_catalog.pg_table_is_visible(c.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT * FROM "order_totals" LIMIT 1

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT a1.attname, c2.relname, a2.attname
            FROM pg_constraint con
            LEFT JOIN pg_class c1 ON con.conrelid = c1.oid
            LEFT JOIN pg_class c2 ON con.confrelid = c2.oid
            LEFT JOIN
                pg_attribute a1 ON c1.oid = a1.attrelid AND a1.attnum = con.conkey[1]
            LEFT JOIN
                pg_attribute a2 ON c2.oid = a2.attrelid AND a2.attnum = con.confkey[1]
            WHERE
                c1.relname = 'orders' AND
                con.contype = 'f' AND
                c1.relnamespace = c2.relnamespace AND
                pg_catalog.pg_table_is_visible(c1.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                a.attname AS column_name,
                NOT (a.attnotnull OR (t.typtype = 'd' AND t.typnotnull)) AS is_nullable,
                pg_get_expr(ad.adbin, ad.adrelid) AS column_default,
                CASE WHEN collname = 'default' THEN NULL ELSE collname END AS collation,
                a.attidentity != '' AS is_autofield,
                col_description(a.attrelid, a.attnum) AS column_comment
            FROM pg_attribute a
            LEFT JOIN pg_attrdef ad ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum
            LEFT JOIN pg_collation co ON a.attcollation = co.oid
            JOIN pg_type t ON a.atttypid = t.oid
            JOIN pg_class c ON a.attrelid = c.oid
            JOIN pg_namespace n ON c.relnamespace = n.oid
            WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v')
                AND c.relname = 'orders'
                AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
                AND pg_catalog.pg_table_is_visible(c.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT * FROM "orders" LIMIT 1

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT a1.attname, c2.relname, a2.attname
            FROM pg_constraint con
            LEFT JOIN pg_class c1 ON con.conrelid = c1.oid
            LEFT JOIN pg_class c2 ON con.confrelid = c2.oid
            LEFT JOIN
                pg_attribute a1 ON c1.oid = a1.attrelid AND a1.attnum = con.conkey[1]
            LEFT JOIN
                pg_attribute a2 ON c2.oid = a2.attrelid AND a2.attnum = con.confkey[1]
            WHERE
                c1.relname = 'products' AND
                con.contype = 'f' AND
                c1.relnamespace = c2.relnamespace AND
                pg_catalog.pg_table_is_visible(c1.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                a.attname AS column_name,
                NOT (a.attnotnull OR (t.typtype = 'd' AND t.typnotnull)) AS is_nullable,
                pg_get_expr(ad.adbin, ad.adrelid) AS column_default,
                CASE WHEN collname = 'default' THEN NULL ELSE collname END AS collation,
                a.attidentity != '' AS is_autofield,
                col_description(a.attrelid, a.attnum) AS column_comment
            FROM pg_attribute a
            LEFT JOIN pg_attrdef ad ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum
            LEFT JOIN pg_collation co ON a.attcollation = co.oid
            JOIN pg_type t ON a.atttypid = t.oid
            JOIN pg_class c ON a.attrelid = c.oid
            JOIN pg_namespace n ON c.relnamespace = n.oid
            WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v')
                AND c.relname = 'products'
                AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
                AND pg_catalog.pg_table_is_visible(c.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT * FROM "products" LIMIT 1

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT a1.attname, c2.relname, a2.attname
            FROM pg_constraint con
            LEFT JOIN pg_class c1 ON con.conrelid = c1.oid
            LEFT JOIN pg_class c2 ON con.confrelid = c2.oid
            LEFT JOIN
                pg_attribute a1 ON c1.oid = a1.attrelid AND a1.attnum = con.conkey[1]
            LEFT JOIN
                pg_attribute a2 ON c2.oid = a2.attrelid AND a2.attnum = con.confkey[1]
            WHERE
                c1.relname = 'staff' AND
                con.contype = 'f' AND
                c1.relnamespace = c2.relnamespace AND
                pg_catalog.pg_table_is_visible(c1.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                c.conname,
                array(
                    SELECT attname
                    FROM unnest(c.conkey) WITH ORDINALITY cols(colid, arridx)
                    JOIN pg_attribute AS ca ON cols.colid = ca.attnum
                    WHERE ca.attrelid = c.conrelid
                    ORDER BY cols.arridx
                ),
                c.contype,
                (SELECT fkc.relname || '.' || fka.attname
                FROM pg_attribute AS fka
                JOIN pg_class AS fkc ON fka.attrelid = fkc.oid
                WHERE fka.attrelid = c.confrelid AND fka.attnum = c.confkey[1]),
                cl.reloptions
            FROM pg_constraint AS c
            JOIN pg_class AS cl ON c.conrelid = cl.oid
            WHERE cl.relname = 'staff' AND pg_catalog.pg_table_is_visible(cl.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                indexname,
                array_agg(attname ORDER BY arridx),
                indisunique,
                indisprimary,
                array_agg(ordering ORDER BY arridx),
                amname,
                exprdef,
                s2.attoptions
            FROM (
                SELECT
                    c2.relname as indexname, idx.*, attr.attname, am.amname,
                    CASE
                        WHEN idx.indexprs IS NOT NULL THEN
                            pg_get_indexdef(idx.indexrelid)
                    END AS exprdef,
                    CASE am.amname
                        WHEN 'btree' THEN
                            CASE (option & 1)
                                WHEN 1 THEN 'DESC' ELSE 'ASC'
                            END
                    END as ordering,
                    c2.reloptions as attoptions
                FROM (
                    SELECT *
                    FROM
                        pg_index i,
                        unnest(i.indkey, i.indoption)
                            WITH ORDINALITY koi(key, option, arridx)
                ) idx
                LEFT JOIN pg_class c ON idx.indrelid = c.oid
                LEFT JOIN pg_class c2 ON idx.indexrelid = c2.oid
                LEFT JOIN pg_am am ON c2.relam = am.oid
                LEFT JOIN
                    pg_attribute attr ON attr.attrelid = c.oid AND attr.attnum = idx.key
                WHERE c.relname = 'staff' AND pg_catalog.pg_table_is_visible(c.oid)
            ) s2
            GROUP BY indexname, indisunique, indisprimary, amname, exprdef, attoptions;
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                a.attname AS column_name,
                NOT (a.attnotnull OR (t.typtype = 'd' AND t.typnotnull)) AS is_nullable,
                pg_get_expr(ad.adbin, ad.adrelid) AS column_default,
                CASE WHEN collname = 'default' THEN NULL ELSE collname END AS collation,
                a.attidentity != '' AS is_autofield,
                col_description(a.attrelid, a.attnum) AS column_comment
            FROM pg_attribute a
            LEFT JOIN pg_attrdef ad ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum
            LEFT JOIN pg_collation co ON a.attcollation = co.oid
            JOIN pg_type t ON a.atttypid = t.oid
            JOIN pg_class c ON a.attrelid = c.oid
            JOIN pg_namespace n ON c.relnamespace = n.oid
            WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v')
                AND c.relname = 'staff'
                AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
                AND pg_catalog.pg_table_is_visible(c.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | masked | simple
SELECT * FROM "staff" LIMIT 1

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "products"."id", "products"."sku", "products"."title", "products"."category", "products"."price", "products"."stock", "products"."details" FROM "products" LIMIT 3

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "products"."id", "products"."sku", "products"."title", "products"."category", "products"."price", "products"."stock", "products"."details" FROM "products" WHERE "products"."id" = 3 LIMIT 21

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT COUNT(*) AS "__count" FROM "products"

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT 1 AS "a" FROM "products" WHERE "products"."id" = 3 LIMIT 1

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "products"."id", "products"."sku", "products"."title", "products"."category", "products"."price", "products"."stock", "products"."details" FROM "products" WHERE ("products"."price" >= 10 AND UPPER("products"."title"::text) LIKE UPPER('%desk%')) ORDER BY "products"."price" DESC LIMIT 4 OFFSET 2

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "products"."id", "products"."sku", "products"."title", "products"."category", "products"."price", "products"."stock", "products"."details" FROM "products" WHERE ("products"."details" -> 'weight_kg') > '3'::jsonb ORDER BY "products"."id" ASC LIMIT 3

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "products"."id", "products"."sku", "products"."title", "products"."category", "products"."price", "products"."stock", "products"."details" FROM "products" WHERE "products"."details" @> '{"colours": ["natural"]}'::jsonb ORDER BY "products"."id" ASC LIMIT 2

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "products"."id", "products"."sku", "products"."title", "products"."category", "products"."price", "products"."stock", "products"."details" FROM "products" WHERE "products"."details" ? 'weight_kg' ORDER BY "products"."id" ASC LIMIT 2

--> Django 5.2.19 on psycopg 3.3.9 | masked | simple
SELECT "orders"."id", "orders"."customer_id", "orders"."status", "orders"."ordered_at", "orders"."shipped_at", "customers"."id", "customers"."name", "customers"."email", "customers"."phone", "customers"."birth_date", "customers"."created_at" FROM "orders" INNER JOIN "customers" ON ("orders"."customer_id" = "customers"."id") ORDER BY "orders"."id" ASC LIMIT 3

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "orders"."id", "orders"."customer_id", "orders"."status", "orders"."ordered_at", "orders"."shipped_at" FROM "orders" ORDER BY "orders"."id" ASC LIMIT 3

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "order_items"."order_id", "order_items"."line", "order_items"."product_id", "order_items"."quantity", "order_items"."unit_price" FROM "order_items" WHERE "order_items"."order_id" IN (1, 2, 3)

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "products"."id", "products"."sku", "products"."title", "products"."category", "products"."price", "products"."stock", "products"."details" FROM "products" WHERE ("products"."id") IN ((43), (72), (56), (5), (34), (69), (18), (47), (76))

--> Django 5.2.19 on psycopg 3.3.9 | masked | simple
SELECT "customers"."id", "customers"."name", "customers"."email", "customers"."phone", "customers"."birth_date", "customers"."created_at" FROM "customers" ORDER BY "customers"."id" ASC LIMIT 3

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "orders"."id", "orders"."customer_id", "orders"."status", "orders"."ordered_at", "orders"."shipped_at" FROM "orders" WHERE "orders"."customer_id" IN (1, 2, 3)

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "customers"."id", "customers"."name", "customers"."email", "customers"."phone", "customers"."birth_date", "customers"."created_at" FROM "customers" WHERE "customers"."email" = 'ada@example.com'

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "customers"."id" AS "id", "customers"."name" AS "name", COUNT("orders"."id") AS "n" FROM "customers" LEFT OUTER JOIN "orders" ON ("customers"."id" = "orders"."customer_id") GROUP BY 1, 2, "customers"."email", "customers"."phone", "customers"."birth_date", "customers"."created_at" HAVING COUNT("orders"."id") > 2 ORDER BY 1 ASC LIMIT 5

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "orders"."status" AS "status", COUNT("orders"."id") AS "n", MIN("orders"."ordered_at") AS "first" FROM "orders" GROUP BY 1 ORDER BY 1 ASC

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT COUNT("orders"."id") AS "n", COUNT(DISTINCT "orders"."customer_id") AS "c", MAX("orders"."ordered_at") AS "m", AVG("orders"."id") AS "a" FROM "orders"

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT DATE_TRUNC('month', "orders"."ordered_at" AT TIME ZONE 'America/Chicago') AS "m", COUNT("orders"."id") AS "n" FROM "orders" GROUP BY 1 ORDER BY 1 ASC

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "orders"."id", "orders"."customer_id", "orders"."status", "orders"."ordered_at", "orders"."shipped_at", EXTRACT(YEAR FROM "orders"."ordered_at" AT TIME ZONE 'America/Chicago') AS "y" FROM "orders" WHERE "orders"."ordered_at" BETWEEN '2025-01-01 00:00:00-06:00'::timestamptz AND '2025-12-31 23:59:59.999999-06:00'::timestamptz ORDER BY "orders"."id" ASC LIMIT 3

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "orders"."id", "orders"."customer_id", "orders"."status", "orders"."ordered_at", "orders"."shipped_at" FROM "orders" WHERE ("orders"."ordered_at" AT TIME ZONE 'America/Chicago')::date = '2025-07-01'::date ORDER BY "orders"."id" ASC

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "orders"."id", "orders"."customer_id", "orders"."status", "orders"."ordered_at", "orders"."shipped_at" FROM "orders" WHERE "orders"."ordered_at" BETWEEN '2026-01-01 00:00:00-06:00'::timestamptz AND '2026-12-31 23:59:59.999999-06:00'::timestamptz ORDER BY "orders"."id" ASC LIMIT 2

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "products"."id", "products"."sku", "products"."title", "products"."category", "products"."price", "products"."stock", "products"."details", RANK() OVER (PARTITION BY "products"."category" ORDER BY "products"."price") AS "r" FROM "products" ORDER BY "products"."id" ASC LIMIT 5

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "products"."id" AS "id", CASE WHEN "products"."stock" > 10 THEN 'many' ELSE 'few' END AS "k" FROM "products" ORDER BY 1 ASC LIMIT 5

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "orders"."id", "orders"."customer_id", "orders"."status", "orders"."ordered_at", "orders"."shipped_at" FROM "orders" WHERE EXISTS(SELECT 1 AS "a" FROM "order_items" U0 WHERE (U0."order_id" = ("orders"."id") AND U0."quantity" > 3) LIMIT 1) ORDER BY "orders"."id" ASC LIMIT 3

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "orders"."id", "orders"."customer_id", "orders"."status", "orders"."ordered_at", "orders"."shipped_at", (SELECT SUM((U0."quantity" * U0."unit_price")) AS "s" FROM "order_items" U0 WHERE U0."order_id" = ("orders"."id") GROUP BY U0."order_id") AS "t" FROM "orders" ORDER BY "orders"."id" ASC LIMIT 3

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT DISTINCT "products"."id", "products"."sku", "products"."title", "products"."category", "products"."price", "products"."stock", "products"."details" FROM "products" WHERE ("products"."category" = 'storage' OR NOT ("products"."stock" = 0)) ORDER BY "products"."id" ASC LIMIT 4

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT DISTINCT "products"."category" AS "category" FROM "products" ORDER BY 1 ASC

--> Django 5.2.19 on psycopg 3.3.9 | simple
(SELECT "products"."id" AS "col1", "products"."sku" AS "col2", "products"."title" AS "col3", "products"."category" AS "col4", "products"."price" AS "col5", "products"."stock" AS "col6", "products"."details" AS "col7" FROM "products" WHERE "products"."id" IN (1, 2, 3)) UNION (SELECT "products"."id" AS "col1", "products"."sku" AS "col2", "products"."title" AS "col3", "products"."category" AS "col4", "products"."price" AS "col5", "products"."stock" AS "col6", "products"."details" AS "col7" FROM "products" WHERE "products"."id" = 9) ORDER BY "col1" ASC

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "products"."id", "products"."sku", "products"."title", "products"."category", "products"."price", "products"."stock", "products"."details" FROM "products" WHERE "products"."id" IN (1, 2)

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "products"."id", "products"."sku", "products"."title", "products"."category", "products"."price", "products"."stock", "products"."details" FROM "products" ORDER BY "products"."id" ASC LIMIT 1

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "orders"."id", "orders"."customer_id", "orders"."status", "orders"."ordered_at", "orders"."shipped_at" FROM "orders" ORDER BY "orders"."ordered_at" DESC LIMIT 1

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT DISTINCT DATE_TRUNC('month', "orders"."ordered_at" AT TIME ZONE 'America/Chicago') AS "datefield" FROM "orders" WHERE "orders"."ordered_at" IS NOT NULL ORDER BY 1 ASC

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT DISTINCT DATE_TRUNC('year', "orders"."ordered_at" AT TIME ZONE 'America/Chicago') AS "datetimefield" FROM "orders" WHERE "orders"."ordered_at" IS NOT NULL ORDER BY 1 ASC

--> Django 5.2.19 on psycopg 3.3.9 | extended {"types": [], "values": []}
DECLARE "_django_curs_139731803159424_sync_1" NO SCROLL CURSOR WITH HOLD FOR SELECT "products"."id", "products"."sku", "products"."title", "products"."category", "products"."price", "products"."stock", "products"."details" FROM "products" ORDER BY "products"."id" ASC

--> Django 5.2.19 on psycopg 3.3.9 | simple
FETCH FORWARD 20 FROM "_django_curs_139731803159424_sync_1"

--> Django 5.2.19 on psycopg 3.3.9 | simple
CLOSE "_django_curs_139731803159424_sync_1"

--> Django 5.2.19 on psycopg 3.3.9 | simple
EXPLAIN SELECT "products"."id", "products"."sku", "products"."title", "products"."category", "products"."price", "products"."stock", "products"."details" FROM "products" ORDER BY "products"."id" ASC

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "products"."id", "products"."sku", "products"."title", "products"."category", "products"."price", "products"."stock", "products"."details", UPPER("products"."title") AS "u", LENGTH("products"."title") AS "l", (COALESCE("products"."sku", '') || COALESCE((COALESCE('-', '') || COALESCE("products"."title", '')), '')) AS "c", COALESCE("products"."stock", 0) AS "co", ("products"."price")::integer AS "ca" FROM "products" ORDER BY "products"."id" ASC LIMIT 3

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "products"."id", "products"."sku", "products"."title", "products"."category", "products"."price", "products"."stock", "products"."details", ROUND("products"."price", 0) AS "ro" FROM "products" WHERE ("products"."price" IS NOT NULL AND "products"."sku"::text LIKE 'SKU%' AND "products"."stock" BETWEEN 1 AND 50 AND "products"."title"::text ~ '^Oak') ORDER BY "products"."id" ASC LIMIT 3

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "products"."category" AS "category", ARRAY_AGG("products"."id" ORDER BY "products"."id") AS "a", STRING_AGG("products"."sku", ',' ORDER BY "products"."sku") AS "s" FROM "products" GROUP BY 1 ORDER BY 1 ASC

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "products"."id", "products"."sku", "products"."title", "products"."category", "products"."price", "products"."stock", "products"."details", to_tsvector(COALESCE("products"."title", '') || ' ' || COALESCE("products"."category", '')) AS "search" FROM "products" WHERE to_tsvector(COALESCE("products"."title", '') || ' ' || COALESCE("products"."category", '')) @@ (plainto_tsquery('desk')) ORDER BY "products"."id" ASC LIMIT 3

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "products"."id", "products"."sku", "products"."title", "products"."category", "products"."price", "products"."stock", "products"."details", ts_rank(to_tsvector(COALESCE("products"."title", '')), plainto_tsquery('oak')) AS "r" FROM "products" ORDER BY 8 DESC, "products"."id" ASC LIMIT 3

--> Django 5.2.19 on psycopg 3.3.9 | simple
select * from orders where id < 3 order by id

--> Django 5.2.19 on psycopg 3.3.9 | masked | simple
SELECT "staff"."id", "staff"."name", "staff"."email", "staff"."role", "staff"."salary", "staff"."hired" FROM "staff" ORDER BY "staff"."id" ASC LIMIT 3

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                s.relname AS sequence_name,
                a.attname AS colname
            FROM
                pg_class s
                JOIN pg_depend d ON d.objid = s.oid
                    AND d.classid = 'pg_class'::regclass
                    AND d.refclassid = 'pg_class'::regclass
                JOIN pg_attribute a ON d.refobjid = a.attrelid
                    AND d.refobjsubid = a.attnum
                JOIN pg_class tbl ON tbl.oid = d.refobjid
                    AND tbl.relname = 'orders'
                    AND pg_catalog.pg_table_is_visible(tbl.oid)
            WHERE
                s.relkind = 'S';
        

--= each alice

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "orders" ("customer_id", "status", "ordered_at", "shipped_at") VALUES (5, 'new', '2026-01-01 00:00:00+00:00'::timestamptz, NULL) RETURNING "orders"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
UPDATE "orders" SET "customer_id" = 5, "status" = 'paid', "ordered_at" = '2026-01-01 00:00:00+00:00'::timestamptz, "shipped_at" = NULL WHERE "orders"."id" = 6009

--> Django 5.2.19 on psycopg 3.3.9 | simple
UPDATE "orders" SET "status" = 'paid' WHERE "orders"."id" = 6009

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "products" ("sku", "title", "category", "price", "stock", "details") SELECT * FROM UNNEST(('{n0,n1,n2}')::text[], ('{t,t,t}')::text[], ('{c,c,c}')::text[], ('{1,1,1}'::numeric[])::numeric[], ('{1,1,1}'::int4[])::integer[], ('{"{}","{}","{}"}'::jsonb[])::jsonb[]) RETURNING "products"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "products" ("sku", "title", "category", "price", "stock", "details") VALUES ('n1', 't2', 'c', 1, 1, '{}'::jsonb) ON CONFLICT("sku") DO UPDATE SET "title" = EXCLUDED."title" RETURNING "products"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "products" ("sku", "title", "category", "price", "stock", "details") VALUES ('n1', 't2', 'c', 1, 1, '{}'::jsonb) ON CONFLICT DO NOTHING

--> Django 5.2.19 on psycopg 3.3.9 | simple
UPDATE "products" SET "stock" = (CASE WHEN ("products"."id" = 85) THEN 9 WHEN ("products"."id" = 86) THEN 9 WHEN ("products"."id" = 87) THEN 9 ELSE NULL END)::integer WHERE "products"."id" IN (85, 86, 87)

--> Django 5.2.19 on psycopg 3.3.9 | simple
UPDATE "products" SET "stock" = ("products"."stock" - 1) WHERE "products"."id" = 3

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "products"."id", "products"."sku", "products"."title", "products"."category", "products"."price", "products"."stock", "products"."details" FROM "products" WHERE "products"."sku" = 'n1' LIMIT 21 FOR UPDATE

--> Django 5.2.19 on psycopg 3.3.9 | simple
UPDATE "products" SET "title" = 't9' WHERE "products"."id" = 86

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "orders"."id", "orders"."customer_id", "orders"."status", "orders"."ordered_at", "orders"."shipped_at" FROM "orders" WHERE "orders"."id" = 3 FOR UPDATE

--> Django 5.2.19 on psycopg 3.3.9 | masked | simple
SELECT "orders"."id", "orders"."customer_id", "orders"."status", "orders"."ordered_at", "orders"."shipped_at", "customers"."id", "customers"."name", "customers"."email", "customers"."phone", "customers"."birth_date", "customers"."created_at" FROM "orders" INNER JOIN "customers" ON ("orders"."customer_id" = "customers"."id") WHERE "orders"."id" = 3 FOR UPDATE OF "orders" SKIP LOCKED

--> Django 5.2.19 on psycopg 3.3.9 | refused: PC001 | simple
DELETE FROM "products" WHERE "products"."sku" = 'n2'

--> Django 5.2.19 on psycopg 3.3.9 | refused: PC001 | simple
DELETE FROM "order_items" WHERE "order_items"."order_id" IN (6009)

--> Django 5.2.19 on psycopg 3.3.9 | refused: PC001 | simple
DELETE FROM "orders" WHERE "orders"."id" IN (6009)

--= session dora

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT oid, typarray FROM pg_type WHERE typname = 'hstore'

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT oid, typarray FROM pg_type WHERE typname = 'citext'

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "orders" ("customer_id", "status", "ordered_at", "shipped_at") VALUES (5, 'new', '2026-01-01 00:00:00+00:00'::timestamptz, NULL) RETURNING "orders"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
UPDATE "orders" SET "customer_id" = 5, "status" = 'paid', "ordered_at" = '2026-01-01 00:00:00+00:00'::timestamptz, "shipped_at" = NULL WHERE "orders"."id" = 6001

--> Django 5.2.19 on psycopg 3.3.9 | simple
UPDATE "orders" SET "status" = 'paid' WHERE "orders"."id" = 6001

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "products" ("sku", "title", "category", "price", "stock", "details") SELECT * FROM UNNEST(('{n0,n1,n2}')::text[], ('{t,t,t}')::text[], ('{c,c,c}')::text[], ('{1,1,1}'::numeric[])::numeric[], ('{1,1,1}'::int4[])::integer[], ('{"{}","{}","{}"}'::jsonb[])::jsonb[]) RETURNING "products"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "products" ("sku", "title", "category", "price", "stock", "details") VALUES ('n1', 't2', 'c', 1, 1, '{}'::jsonb) ON CONFLICT("sku") DO UPDATE SET "title" = EXCLUDED."title" RETURNING "products"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "products" ("sku", "title", "category", "price", "stock", "details") VALUES ('n1', 't2', 'c', 1, 1, '{}'::jsonb) ON CONFLICT DO NOTHING

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "products"."id", "products"."sku", "products"."title", "products"."category", "products"."price", "products"."stock", "products"."details" FROM "products" WHERE "products"."sku"::text LIKE 'n%' ORDER BY "products"."id" ASC

--> Django 5.2.19 on psycopg 3.3.9 | simple
UPDATE "products" SET "stock" = (CASE WHEN ("products"."id" = 81) THEN 9 WHEN ("products"."id" = 82) THEN 9 WHEN ("products"."id" = 83) THEN 9 ELSE NULL END)::integer WHERE "products"."id" IN (81, 82, 83)

--> Django 5.2.19 on psycopg 3.3.9 | simple
UPDATE "products" SET "stock" = ("products"."stock" - 1) WHERE "products"."id" = 3

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "products"."id", "products"."sku", "products"."title", "products"."category", "products"."price", "products"."stock", "products"."details" FROM "products" WHERE "products"."sku" = 'n1' LIMIT 21

--> Django 5.2.19 on psycopg 3.3.9 | simple
SAVEPOINT "s139777062034304_x1"

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "products"."id", "products"."sku", "products"."title", "products"."category", "products"."price", "products"."stock", "products"."details" FROM "products" WHERE "products"."sku" = 'n1' LIMIT 21 FOR UPDATE

--> Django 5.2.19 on psycopg 3.3.9 | simple
UPDATE "products" SET "title" = 't9' WHERE "products"."id" = 82

--> Django 5.2.19 on psycopg 3.3.9 | simple
RELEASE SAVEPOINT "s139777062034304_x1"

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "orders"."id", "orders"."customer_id", "orders"."status", "orders"."ordered_at", "orders"."shipped_at" FROM "orders" WHERE "orders"."id" = 3 FOR UPDATE

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "orders"."id", "orders"."customer_id", "orders"."status", "orders"."ordered_at", "orders"."shipped_at", "customers"."id", "customers"."name", "customers"."email", "customers"."phone", "customers"."birth_date", "customers"."created_at" FROM "orders" INNER JOIN "customers" ON ("orders"."customer_id" = "customers"."id") WHERE "orders"."id" = 3 FOR UPDATE OF "orders" SKIP LOCKED

--> Django 5.2.19 on psycopg 3.3.9 | simple
DELETE FROM "products" WHERE "products"."sku" = 'n2'

--> Django 5.2.19 on psycopg 3.3.9 | simple
DELETE FROM "order_items" WHERE "order_items"."order_id" IN (6001)

--> Django 5.2.19 on psycopg 3.3.9 | simple
DELETE FROM "orders" WHERE "orders"."id" IN (6001)

--> Django 5.2.19 on psycopg 3.3.9 | simple
ROLLBACK

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                c.relname,
                CASE
                    WHEN c.relispartition THEN 'p'
                    WHEN c.relkind IN ('m', 'v') THEN 'v'
                    ELSE 't'
                END,
                obj_description(c.oid, 'pg_class')
            FROM pg_catalog.pg_class c
            LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v')
                AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
                AND pg_catalog.pg_table_is_visible(c.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                c.relname,
                CASE
                    WHEN c.relispartition THEN 'p'
                    WHEN c.relkind IN ('m', 'v') THEN 'v'
                    ELSE 't'
                END,
                obj_description(c.oid, 'pg_class')
            FROM pg_catalog.pg_class c
            LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v')
                AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
                AND pg_catalog.pg_table_is_visible(c.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                c.relname,
                CASE
                    WHEN c.relispartition THEN 'p'
                    WHEN c.relkind IN ('m', 'v') THEN 'v'
                    ELSE 't'
                END,
                obj_description(c.oid, 'pg_class')
            FROM pg_catalog.pg_class c
            LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v')
                AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
                AND pg_catalog.pg_table_is_visible(c.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
CREATE TABLE "django_migrations" ("id" bigint NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, "app" varchar(255) NOT NULL, "name" varchar(255) NOT NULL, "applied" timestamp with time zone NOT NULL)

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
CREATE TABLE "django_content_type" ("id" integer NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, "name" varchar(100) NOT NULL, "app_label" varchar(100) NOT NULL, "model" varchar(100) NOT NULL)

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "django_content_type" ADD CONSTRAINT "django_content_type_app_label_model_76bd3d3b_uniq" UNIQUE ("app_label", "model")

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                c.relname,
                CASE
                    WHEN c.relispartition THEN 'p'
                    WHEN c.relkind IN ('m', 'v') THEN 'v'
                    ELSE 't'
                END,
                obj_description(c.oid, 'pg_class')
            FROM pg_catalog.pg_class c
            LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v')
                AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
                AND pg_catalog.pg_table_is_visible(c.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "django_migrations" ("app", "name", "applied") VALUES ('contenttypes', '0001_initial', '2026-11-21 09:34:28.719895+00:00'::timestamptz) RETURNING "django_migrations"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "django_content_type" ALTER COLUMN "name" DROP NOT NULL

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "django_content_type" DROP COLUMN "name" CASCADE

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "django_migrations" ("app", "name", "applied") VALUES ('contenttypes', '0002_remove_content_type_name', '2026-11-21 09:34:28.740134+00:00'::timestamptz) RETURNING "django_migrations"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
CREATE TABLE "auth_permission" ("id" integer NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, "name" varchar(50) NOT NULL, "content_type_id" integer NOT NULL, "codename" varchar(100) NOT NULL)

--> Django 5.2.19 on psycopg 3.3.9 | simple
CREATE TABLE "auth_group" ("id" integer NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, "name" varchar(80) NOT NULL UNIQUE)

--> Django 5.2.19 on psycopg 3.3.9 | simple
CREATE TABLE "auth_group_permissions" ("id" bigint NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, "group_id" integer NOT NULL, "permission_id" integer NOT NULL)

--> Django 5.2.19 on psycopg 3.3.9 | simple
CREATE TABLE "auth_user" ("id" integer NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, "password" varchar(128) NOT NULL, "last_login" timestamp with time zone NOT NULL, "is_superuser" boolean NOT NULL, "username" varchar(30) NOT NULL UNIQUE, "first_name" varchar(30) NOT NULL, "last_name" varchar(30) NOT NULL, "email" varchar(75) NOT NULL, "is_staff" boolean NOT NULL, "is_active" boolean NOT NULL, "date_joined" timestamp with time zone NOT NULL)

--> Django 5.2.19 on psycopg 3.3.9 | simple
CREATE TABLE "auth_user_groups" ("id" bigint NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, "user_id" integer NOT NULL, "group_id" integer NOT NULL)

--> Django 5.2.19 on psycopg 3.3.9 | simple
CREATE TABLE "auth_user_user_permissions" ("id" bigint NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, "user_id" integer NOT NULL, "permission_id" integer NOT NULL)

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_permission" ADD CONSTRAINT "auth_permission_content_type_id_codename_01ab375a_uniq" UNIQUE ("content_type_id", "codename")

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_permission" ADD CONSTRAINT "auth_permission_content_type_id_2f476e4b_fk_django_co" FOREIGN KEY ("content_type_id") REFERENCES "django_content_type" ("id") DEFERRABLE INITIALLY DEFERRED

--> Django 5.2.19 on psycopg 3.3.9 | simple
CREATE INDEX "auth_permission_content_type_id_2f476e4b" ON "auth_permission" ("content_type_id")

--> Django 5.2.19 on psycopg 3.3.9 | simple
CREATE INDEX "auth_group_name_a6ea08ec_like" ON "auth_group" ("name" varchar_pattern_ops)

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_group_permissions" ADD CONSTRAINT "auth_group_permissions_group_id_permission_id_0cd325b0_uniq" UNIQUE ("group_id", "permission_id")

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_group_permissions" ADD CONSTRAINT "auth_group_permissions_group_id_b120cbf9_fk_auth_group_id" FOREIGN KEY ("group_id") REFERENCES "auth_group" ("id") DEFERRABLE INITIALLY DEFERRED

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_group_permissions" ADD CONSTRAINT "auth_group_permissio_permission_id_84c5c92e_fk_auth_perm" FOREIGN KEY ("permission_id") REFERENCES "auth_permission" ("id") DEFERRABLE INITIALLY DEFERRED

--> Django 5.2.19 on psycopg 3.3.9 | simple
CREATE INDEX "auth_group_permissions_group_id_b120cbf9" ON "auth_group_permissions" ("group_id")

--> Django 5.2.19 on psycopg 3.3.9 | simple
CREATE INDEX "auth_group_permissions_permission_id_84c5c92e" ON "auth_group_permissions" ("permission_id")

--> Django 5.2.19 on psycopg 3.3.9 | simple
CREATE INDEX "auth_user_username_6821ab7c_like" ON "auth_user" ("username" varchar_pattern_ops)

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_user_groups" ADD CONSTRAINT "auth_user_groups_user_id_group_id_94350c0c_uniq" UNIQUE ("user_id", "group_id")

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_user_groups" ADD CONSTRAINT "auth_user_groups_user_id_6a12ed8b_fk_auth_user_id" FOREIGN KEY ("user_id") REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_user_groups" ADD CONSTRAINT "auth_user_groups_group_id_97559544_fk_auth_group_id" FOREIGN KEY ("group_id") REFERENCES "auth_group" ("id") DEFERRABLE INITIALLY DEFERRED

--> Django 5.2.19 on psycopg 3.3.9 | simple
CREATE INDEX "auth_user_groups_user_id_6a12ed8b" ON "auth_user_groups" ("user_id")

--> Django 5.2.19 on psycopg 3.3.9 | simple
CREATE INDEX "auth_user_groups_group_id_97559544" ON "auth_user_groups" ("group_id")

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_user_user_permissions" ADD CONSTRAINT "auth_user_user_permissions_user_id_permission_id_14a6b632_uniq" UNIQUE ("user_id", "permission_id")

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_user_user_permissions" ADD CONSTRAINT "auth_user_user_permissions_user_id_a95ead1b_fk_auth_user_id" FOREIGN KEY ("user_id") REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_user_user_permissions" ADD CONSTRAINT "auth_user_user_permi_permission_id_1fbb5f2c_fk_auth_perm" FOREIGN KEY ("permission_id") REFERENCES "auth_permission" ("id") DEFERRABLE INITIALLY DEFERRED

--> Django 5.2.19 on psycopg 3.3.9 | simple
CREATE INDEX "auth_user_user_permissions_user_id_a95ead1b" ON "auth_user_user_permissions" ("user_id")

--> Django 5.2.19 on psycopg 3.3.9 | simple
CREATE INDEX "auth_user_user_permissions_permission_id_1fbb5f2c" ON "auth_user_user_permissions" ("permission_id")

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "django_migrations" ("app", "name", "applied") VALUES ('auth', '0001_initial', '2026-11-21 09:34:28.817437+00:00'::timestamptz) RETURNING "django_migrations"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_permission" ALTER COLUMN "name" TYPE varchar(255)

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "django_migrations" ("app", "name", "applied") VALUES ('auth', '0002_alter_permission_name_max_length', '2026-11-21 09:34:28.829927+00:00'::timestamptz) RETURNING "django_migrations"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_user" ALTER COLUMN "email" TYPE varchar(254)

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "django_migrations" ("app", "name", "applied") VALUES ('auth', '0003_alter_user_email_max_length', '2026-11-21 09:34:28.844540+00:00'::timestamptz) RETURNING "django_migrations"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "django_migrations" ("app", "name", "applied") VALUES ('auth', '0004_alter_user_username_opts', '2026-11-21 09:34:28.857305+00:00'::timestamptz) RETURNING "django_migrations"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_user" ALTER COLUMN "last_login" DROP NOT NULL

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "django_migrations" ("app", "name", "applied") VALUES ('auth', '0005_alter_user_last_login_null', '2026-11-21 09:34:28.872413+00:00'::timestamptz) RETURNING "django_migrations"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "django_migrations" ("app", "name", "applied") VALUES ('auth', '0006_require_contenttypes_0002', '2026-11-21 09:34:28.875124+00:00'::timestamptz) RETURNING "django_migrations"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "django_migrations" ("app", "name", "applied") VALUES ('auth', '0007_alter_validators_add_error_messages', '2026-11-21 09:34:28.889109+00:00'::timestamptz) RETURNING "django_migrations"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_user" ALTER COLUMN "username" TYPE varchar(150)

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "django_migrations" ("app", "name", "applied") VALUES ('auth', '0008_alter_user_username_max_length', '2026-11-21 09:34:28.913998+00:00'::timestamptz) RETURNING "django_migrations"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_user" ALTER COLUMN "last_name" TYPE varchar(150)

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "django_migrations" ("app", "name", "applied") VALUES ('auth', '0009_alter_user_last_name_max_length', '2026-11-21 09:34:28.929836+00:00'::timestamptz) RETURNING "django_migrations"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_group" ALTER COLUMN "name" TYPE varchar(150)

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "django_migrations" ("app", "name", "applied") VALUES ('auth', '0010_alter_group_name_max_length', '2026-11-21 09:34:28.956289+00:00'::timestamptz) RETURNING "django_migrations"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "django_migrations" ("app", "name", "applied") VALUES ('auth', '0011_update_proxy_permissions', '2026-11-21 09:34:28.979025+00:00'::timestamptz) RETURNING "django_migrations"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_user" ALTER COLUMN "first_name" TYPE varchar(150)

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "django_migrations" ("app", "name", "applied") VALUES ('auth', '0012_alter_user_first_name_max_length', '2026-11-21 09:34:28.994230+00:00'::timestamptz) RETURNING "django_migrations"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
CREATE TABLE "django_session" ("session_key" varchar(40) NOT NULL PRIMARY KEY, "session_data" text NOT NULL, "expire_date" timestamp with time zone NOT NULL)

--> Django 5.2.19 on psycopg 3.3.9 | simple
CREATE INDEX "django_session_session_key_c0390e0f_like" ON "django_session" ("session_key" varchar_pattern_ops)

--> Django 5.2.19 on psycopg 3.3.9 | simple
CREATE INDEX "django_session_expire_date_a5c62663" ON "django_session" ("expire_date")

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "django_migrations" ("app", "name", "applied") VALUES ('sessions', '0001_initial', '2026-11-21 09:34:29.008182+00:00'::timestamptz) RETURNING "django_migrations"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_migrations"."id", "django_migrations"."app", "django_migrations"."name", "django_migrations"."applied" FROM "django_migrations"

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE "django_content_type"."app_label" = 'contenttypes'

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "django_content_type" ("app_label", "model") VALUES ('contenttypes', 'contenttype') RETURNING "django_content_type"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE "django_content_type"."app_label" = 'contenttypes'

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE ("django_content_type"."app_label" = 'contenttypes' AND "django_content_type"."model" IN ('contenttype'))

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "auth_permission"."content_type_id" AS "content_type", "auth_permission"."codename" AS "codename" FROM "auth_permission" INNER JOIN "django_content_type" ON ("auth_permission"."content_type_id" = "django_content_type"."id") WHERE "auth_permission"."content_type_id" IN (1) ORDER BY "django_content_type"."app_label" ASC, "django_content_type"."model" ASC, 2 ASC

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "auth_permission" ("name", "content_type_id", "codename") SELECT * FROM UNNEST(('{"Can add content type","Can change content type","Can delete content type","Can view content type"}')::varchar[], ('{1,1,1,1}'::int2[])::integer[], ('{add_contenttype,change_contenttype,delete_contenttype,view_contenttype}')::varchar[]) RETURNING "auth_permission"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE "django_content_type"."app_label" = 'auth'

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "django_content_type" ("app_label", "model") SELECT * FROM UNNEST(('{auth,auth,auth}')::varchar[], ('{permission,group,user}')::varchar[]) RETURNING "django_content_type"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE "django_content_type"."app_label" = 'auth'

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE ("django_content_type"."app_label" = 'auth' AND "django_content_type"."model" IN ('user', 'permission', 'group'))

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "auth_permission"."content_type_id" AS "content_type", "auth_permission"."codename" AS "codename" FROM "auth_permission" INNER JOIN "django_content_type" ON ("auth_permission"."content_type_id" = "django_content_type"."id") WHERE "auth_permission"."content_type_id" IN (2, 3, 4) ORDER BY "django_content_type"."app_label" ASC, "django_content_type"."model" ASC, 2 ASC

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "auth_permission" ("name", "content_type_id", "codename") SELECT * FROM UNNEST(('{"Can add permission","Can change permission","Can delete permission","Can view permission","Can add group","Can change group","Can delete group","Can view group","Can add user","Can change user","Can delete user","Can view user"}')::varchar[], ('{2,2,2,2,3,3,3,3,4,4,4,4}'::int2[])::integer[], ('{add_permission,change_permission,delete_permission,view_permission,add_group,change_group,delete_group,view_group,add_user,change_user,delete_user,view_user}')::varchar[]) RETURNING "auth_permission"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE "django_content_type"."app_label" = 'sessions'

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "django_content_type" ("app_label", "model") VALUES ('sessions', 'session') RETURNING "django_content_type"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE "django_content_type"."app_label" = 'sessions'

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE ("django_content_type"."app_label" = 'sessions' AND "django_content_type"."model" IN ('session'))

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "auth_permission"."content_type_id" AS "content_type", "auth_permission"."codename" AS "codename" FROM "auth_permission" INNER JOIN "django_content_type" ON ("auth_permission"."content_type_id" = "django_content_type"."id") WHERE "auth_permission"."content_type_id" IN (5) ORDER BY "django_content_type"."app_label" ASC, "django_content_type"."model" ASC, 2 ASC

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "auth_permission" ("name", "content_type_id", "codename") SELECT * FROM UNNEST(('{"Can add session","Can change session","Can delete session","Can view session"}')::varchar[], ('{5,5,5,5}'::int2[])::integer[], ('{add_session,change_session,delete_session,view_session}')::varchar[]) RETURNING "auth_permission"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE "django_content_type"."app_label" = 'shopapp'

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "django_content_type" ("app_label", "model") SELECT * FROM UNNEST(('{shopapp,shopapp,shopapp,shopapp,shopapp}')::varchar[], ('{customer,product,order,orderitem,staff}')::varchar[]) RETURNING "django_content_type"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE "django_content_type"."app_label" = 'shopapp'

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE ("django_content_type"."app_label" = 'shopapp' AND "django_content_type"."model" IN ('staff', 'order', 'product', 'orderitem', 'customer'))

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "auth_permission"."content_type_id" AS "content_type", "auth_permission"."codename" AS "codename" FROM "auth_permission" INNER JOIN "django_content_type" ON ("auth_permission"."content_type_id" = "django_content_type"."id") WHERE "auth_permission"."content_type_id" IN (6, 7, 8, 9, 10) ORDER BY "django_content_type"."app_label" ASC, "django_content_type"."model" ASC, 2 ASC

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "auth_permission" ("name", "content_type_id", "codename") SELECT * FROM UNNEST(('{"Can add customer","Can change customer","Can delete customer","Can view customer","Can add product","Can change product","Can delete product","Can view product","Can add order","Can change order","Can delete order","Can view order","Can add order item","Can change order item","Can delete order item","Can view order item","Can add staff","Can change staff","Can delete staff","Can view staff"}')::varchar[], ('{6,6,6,6,7,7,7,7,8,8,8,8,9,9,9,9,10,10,10,10}'::int2[])::integer[], ('{add_customer,change_customer,delete_customer,view_customer,add_product,change_product,delete_product,view_product,add_order,change_order,delete_order,view_order,add_orderitem,change_orderitem,delete_orderitem,view_orderitem,add_staff,change_staff,delete_staff,view_staff}')::varchar[]) RETURNING "auth_permission"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                c.relname,
                CASE
                    WHEN c.relispartition THEN 'p'
                    WHEN c.relkind IN ('m', 'v') THEN 'v'
                    ELSE 't'
                END,
                obj_description(c.oid, 'pg_class')
            FROM pg_catalog.pg_class c
            LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v')
                AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
                AND pg_catalog.pg_table_is_visible(c.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_migrations"."id", "django_migrations"."app", "django_migrations"."name", "django_migrations"."applied" FROM "django_migrations"

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                c.relname,
                CASE
                    WHEN c.relispartition THEN 'p'
                    WHEN c.relkind IN ('m', 'v') THEN 'v'
                    ELSE 't'
                END,
                obj_description(c.oid, 'pg_class')
            FROM pg_catalog.pg_class c
            LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v')
                AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
                AND pg_catalog.pg_table_is_visible(c.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_migrations"."id", "django_migrations"."app", "django_migrations"."name", "django_migrations"."applied" FROM "django_migrations"

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                c.relname,
                CASE
                    WHEN c.relispartition THEN 'p'
                    WHEN c.relkind IN ('m', 'v') THEN 'v'
                    ELSE 't'
                END,
                obj_description(c.oid, 'pg_class')
            FROM pg_catalog.pg_class c
            LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v')
                AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
                AND pg_catalog.pg_table_is_visible(c.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_migrations"."id", "django_migrations"."app", "django_migrations"."name", "django_migrations"."applied" FROM "django_migrations"

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                c.relname,
                CASE
                    WHEN c.relispartition THEN 'p'
                    WHEN c.relkind IN ('m', 'v') THEN 'v'
                    ELSE 't'
                END,
                obj_description(c.oid, 'pg_class')
            FROM pg_catalog.pg_class c
            LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v')
                AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
                AND pg_catalog.pg_table_is_visible(c.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_migrations"."id", "django_migrations"."app", "django_migrations"."name", "django_migrations"."applied" FROM "django_migrations"

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "auth_user" ("password", "last_login", "is_superuser", "username", "first_name", "last_name", "email", "is_staff", "is_active", "date_joined") VALUES ('pbkdf2_sha256$1000000$H9bzjC8I6f9KeU0UmOoviA$am4wqU+1MM0/j6dqUMx2T2M7MTeMU+IJcpbsHWGCSdU=', NULL, false, 'u1', '', '', 'u1@example.com', false, true, '2026-11-21 09:34:29.161415+00:00'::timestamptz) RETURNING "auth_user"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "auth_group" ("name") VALUES ('g') RETURNING "auth_group"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "auth_user_groups" ("user_id", "group_id") VALUES (1, 1) ON CONFLICT DO NOTHING

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."app_label" AS "content_type__app_label", "auth_permission"."codename" AS "codename" FROM "auth_permission" INNER JOIN "auth_user_user_permissions" ON ("auth_permission"."id" = "auth_user_user_permissions"."permission_id") INNER JOIN "django_content_type" ON ("auth_permission"."content_type_id" = "django_content_type"."id") WHERE "auth_user_user_permissions"."user_id" = 1

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."app_label" AS "content_type__app_label", "auth_permission"."codename" AS "codename" FROM "auth_permission" INNER JOIN "auth_group_permissions" ON ("auth_permission"."id" = "auth_group_permissions"."permission_id") INNER JOIN "django_content_type" ON ("auth_permission"."content_type_id" = "django_content_type"."id") WHERE "auth_group_permissions"."group_id" IN (SELECT U0."id" FROM "auth_group" U0 INNER JOIN "auth_user_groups" U1 ON (U0."id" = U1."group_id") WHERE U1."user_id" = 1)

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
DELETE FROM "auth_user_groups" WHERE "auth_user_groups"."user_id" IN (1)

--> Django 5.2.19 on psycopg 3.3.9 | simple
DELETE FROM "auth_user_user_permissions" WHERE "auth_user_user_permissions"."user_id" IN (1)

--> Django 5.2.19 on psycopg 3.3.9 | simple
DELETE FROM "auth_user" WHERE "auth_user"."id" IN (1)

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                c.relname,
                CASE
                    WHEN c.relispartition THEN 'p'
                    WHEN c.relkind IN ('m', 'v') THEN 'v'
                    ELSE 't'
                END,
                obj_description(c.oid, 'pg_class')
            FROM pg_catalog.pg_class c
            LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v')
                AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
                AND pg_catalog.pg_table_is_visible(c.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
TRUNCATE "auth_group", "auth_user_user_permissions", "auth_user_groups", "django_session", "django_content_type", "auth_permission", "auth_user", "auth_group_permissions" RESTART IDENTITY;

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE "django_content_type"."app_label" = 'contenttypes'

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "django_content_type" ("app_label", "model") VALUES ('contenttypes', 'contenttype') RETURNING "django_content_type"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE "django_content_type"."app_label" = 'contenttypes'

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE ("django_content_type"."app_label" = 'contenttypes' AND "django_content_type"."model" IN ('contenttype'))

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "auth_permission"."content_type_id" AS "content_type", "auth_permission"."codename" AS "codename" FROM "auth_permission" INNER JOIN "django_content_type" ON ("auth_permission"."content_type_id" = "django_content_type"."id") WHERE "auth_permission"."content_type_id" IN (1) ORDER BY "django_content_type"."app_label" ASC, "django_content_type"."model" ASC, 2 ASC

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "auth_permission" ("name", "content_type_id", "codename") SELECT * FROM UNNEST(('{"Can add content type","Can change content type","Can delete content type","Can view content type"}')::varchar[], ('{1,1,1,1}'::int2[])::integer[], ('{add_contenttype,change_contenttype,delete_contenttype,view_contenttype}')::varchar[]) RETURNING "auth_permission"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE "django_content_type"."app_label" = 'auth'

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "django_content_type" ("app_label", "model") SELECT * FROM UNNEST(('{auth,auth,auth}')::varchar[], ('{permission,group,user}')::varchar[]) RETURNING "django_content_type"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE "django_content_type"."app_label" = 'auth'

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE ("django_content_type"."app_label" = 'auth' AND "django_content_type"."model" IN ('user', 'permission', 'group'))

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "auth_permission"."content_type_id" AS "content_type", "auth_permission"."codename" AS "codename" FROM "auth_permission" INNER JOIN "django_content_type" ON ("auth_permission"."content_type_id" = "django_content_type"."id") WHERE "auth_permission"."content_type_id" IN (2, 3, 4) ORDER BY "django_content_type"."app_label" ASC, "django_content_type"."model" ASC, 2 ASC

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "auth_permission" ("name", "content_type_id", "codename") SELECT * FROM UNNEST(('{"Can add permission","Can change permission","Can delete permission","Can view permission","Can add group","Can change group","Can delete group","Can view group","Can add user","Can change user","Can delete user","Can view user"}')::varchar[], ('{2,2,2,2,3,3,3,3,4,4,4,4}'::int2[])::integer[], ('{add_permission,change_permission,delete_permission,view_permission,add_group,change_group,delete_group,view_group,add_user,change_user,delete_user,view_user}')::varchar[]) RETURNING "auth_permission"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE "django_content_type"."app_label" = 'sessions'

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "django_content_type" ("app_label", "model") VALUES ('sessions', 'session') RETURNING "django_content_type"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE "django_content_type"."app_label" = 'sessions'

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE ("django_content_type"."app_label" = 'sessions' AND "django_content_type"."model" IN ('session'))

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "auth_permission"."content_type_id" AS "content_type", "auth_permission"."codename" AS "codename" FROM "auth_permission" INNER JOIN "django_content_type" ON ("auth_permission"."content_type_id" = "django_content_type"."id") WHERE "auth_permission"."content_type_id" IN (5) ORDER BY "django_content_type"."app_label" ASC, "django_content_type"."model" ASC, 2 ASC

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "auth_permission" ("name", "content_type_id", "codename") SELECT * FROM UNNEST(('{"Can add session","Can change session","Can delete session","Can view session"}')::varchar[], ('{5,5,5,5}'::int2[])::integer[], ('{add_session,change_session,delete_session,view_session}')::varchar[]) RETURNING "auth_permission"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE "django_content_type"."app_label" = 'shopapp'

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "django_content_type" ("app_label", "model") SELECT * FROM UNNEST(('{shopapp,shopapp,shopapp,shopapp,shopapp}')::varchar[], ('{customer,product,order,orderitem,staff}')::varchar[]) RETURNING "django_content_type"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE "django_content_type"."app_label" = 'shopapp'

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE ("django_content_type"."app_label" = 'shopapp' AND "django_content_type"."model" IN ('staff', 'order', 'product', 'orderitem', 'customer'))

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "auth_permission"."content_type_id" AS "content_type", "auth_permission"."codename" AS "codename" FROM "auth_permission" INNER JOIN "django_content_type" ON ("auth_permission"."content_type_id" = "django_content_type"."id") WHERE "auth_permission"."content_type_id" IN (6, 7, 8, 9, 10) ORDER BY "django_content_type"."app_label" ASC, "django_content_type"."model" ASC, 2 ASC

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
INSERT INTO "auth_permission" ("name", "content_type_id", "codename") SELECT * FROM UNNEST(('{"Can add customer","Can change customer","Can delete customer","Can view customer","Can add product","Can change product","Can delete product","Can view product","Can add order","Can change order","Can delete order","Can view order","Can add order item","Can change order item","Can delete order item","Can view order item","Can add staff","Can change staff","Can delete staff","Can view staff"}')::varchar[], ('{6,6,6,6,7,7,7,7,8,8,8,8,9,9,9,9,10,10,10,10}'::int2[])::integer[], ('{add_customer,change_customer,delete_customer,view_customer,add_product,change_product,delete_product,view_product,add_order,change_order,delete_order,view_order,add_orderitem,change_orderitem,delete_orderitem,view_orderitem,add_staff,change_staff,delete_staff,view_staff}')::varchar[]) RETURNING "auth_permission"."id"

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                c.relname,
                CASE
                    WHEN c.relispartition THEN 'p'
                    WHEN c.relkind IN ('m', 'v') THEN 'v'
                    ELSE 't'
                END,
                obj_description(c.oid, 'pg_class')
            FROM pg_catalog.pg_class c
            LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v')
                AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
                AND pg_catalog.pg_table_is_visible(c.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_migrations"."id", "django_migrations"."app", "django_migrations"."name", "django_migrations"."applied" FROM "django_migrations"

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                c.relname,
                CASE
                    WHEN c.relispartition THEN 'p'
                    WHEN c.relkind IN ('m', 'v') THEN 'v'
                    ELSE 't'
                END,
                obj_description(c.oid, 'pg_class')
            FROM pg_catalog.pg_class c
            LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v')
                AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
                AND pg_catalog.pg_table_is_visible(c.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_migrations"."id", "django_migrations"."app", "django_migrations"."name", "django_migrations"."applied" FROM "django_migrations"

--> Django 5.2.19 on psycopg 3.3.9 | simple
            SELECT
                c.relname,
                CASE
                    WHEN c.relispartition THEN 'p'
                    WHEN c.relkind IN ('m', 'v') THEN 'v'
                    ELSE 't'
                END,
                obj_description(c.oid, 'pg_class')
            FROM pg_catalog.pg_class c
            LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v')
                AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
                AND pg_catalog.pg_table_is_visible(c.oid)
        

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_user" ALTER COLUMN "first_name" TYPE varchar(30)

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
DELETE FROM "django_migrations" WHERE ("django_migrations"."app" = 'auth' AND "django_migrations"."name" = '0012_alter_user_first_name_max_length')

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
DELETE FROM "django_migrations" WHERE ("django_migrations"."app" = 'auth' AND "django_migrations"."name" = '0011_update_proxy_permissions')

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_group" ALTER COLUMN "name" TYPE varchar(80)

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
DELETE FROM "django_migrations" WHERE ("django_migrations"."app" = 'auth' AND "django_migrations"."name" = '0010_alter_group_name_max_length')

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_user" ALTER COLUMN "last_name" TYPE varchar(30)

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
DELETE FROM "django_migrations" WHERE ("django_migrations"."app" = 'auth' AND "django_migrations"."name" = '0009_alter_user_last_name_max_length')

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_user" ALTER COLUMN "username" TYPE varchar(30)

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
DELETE FROM "django_migrations" WHERE ("django_migrations"."app" = 'auth' AND "django_migrations"."name" = '0008_alter_user_username_max_length')

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
DELETE FROM "django_migrations" WHERE ("django_migrations"."app" = 'auth' AND "django_migrations"."name" = '0007_alter_validators_add_error_messages')

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
DELETE FROM "django_migrations" WHERE ("django_migrations"."app" = 'auth' AND "django_migrations"."name" = '0006_require_contenttypes_0002')

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_user" ALTER COLUMN "last_login" SET DEFAULT '2026-11-21 09:34:31.009351+00:00'::timestamptz

--> Django 5.2.19 on psycopg 3.3.9 | simple
UPDATE "auth_user" SET "last_login" = '2026-11-21 09:34:31.009327+00:00'::timestamptz WHERE "last_login" IS NULL; SET CONSTRAINTS ALL IMMEDIATE

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_user" ALTER COLUMN "last_login" SET NOT NULL

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_user" ALTER COLUMN "last_login" DROP DEFAULT

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
DELETE FROM "django_migrations" WHERE ("django_migrations"."app" = 'auth' AND "django_migrations"."name" = '0005_alter_user_last_login_null')

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
DELETE FROM "django_migrations" WHERE ("django_migrations"."app" = 'auth' AND "django_migrations"."name" = '0004_alter_user_username_opts')

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_user" ALTER COLUMN "email" TYPE varchar(75)

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
DELETE FROM "django_migrations" WHERE ("django_migrations"."app" = 'auth' AND "django_migrations"."name" = '0003_alter_user_email_max_length')

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
ALTER TABLE "auth_permission" ALTER COLUMN "name" TYPE varchar(50)

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
DELETE FROM "django_migrations" WHERE ("django_migrations"."app" = 'auth' AND "django_migrations"."name" = '0002_alter_permission_name_max_length')

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
DROP TABLE "auth_user_groups" CASCADE

--> Django 5.2.19 on psycopg 3.3.9 | simple
DROP TABLE "auth_user_user_permissions" CASCADE

--> Django 5.2.19 on psycopg 3.3.9 | simple
DROP TABLE "auth_user" CASCADE

--> Django 5.2.19 on psycopg 3.3.9 | simple
DROP TABLE "auth_group_permissions" CASCADE

--> Django 5.2.19 on psycopg 3.3.9 | simple
DROP TABLE "auth_group" CASCADE

--> Django 5.2.19 on psycopg 3.3.9 | simple
DROP TABLE "auth_permission" CASCADE

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
BEGIN

--> Django 5.2.19 on psycopg 3.3.9 | simple
DELETE FROM "django_migrations" WHERE ("django_migrations"."app" = 'auth' AND "django_migrations"."name" = '0001_initial')

--> Django 5.2.19 on psycopg 3.3.9 | simple
COMMIT

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_migrations"."id", "django_migrations"."app", "django_migrations"."name", "django_migrations"."applied" FROM "django_migrations"

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE "django_content_type"."app_label" = 'contenttypes'

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE "django_content_type"."app_label" = 'sessions'

--> Django 5.2.19 on psycopg 3.3.9 | simple
SELECT "django_content_type"."id", "django_content_type"."app_label", "django_content_type"."model" FROM "django_content_type" WHERE "django_content_type"."app_label" = 'shopapp'
