-- TypeORM: schema builder, repositories, query builder: what it sent, captured between it and PostgreSQL 15 on the shop of demo/shop.sql.
-- The texts are facts about the tools, whose authors made them; docs/compatibility.md says how they were taken.
-- Run by crates/gateway/tests/it/tools.rs, which says what the headings mean.

--= each agent

--> TypeORM 1.1.1 | simple
SELECT version()

--> TypeORM 1.1.1 | simple
SELECT * FROM current_schema()

--> TypeORM 1.1.1 | extended {"types": [], "values": ["storage", "3"]}
SELECT "Product"."id" AS "Product_id", "Product"."sku" AS "Product_sku", "Product"."title" AS "Product_title", "Product"."category" AS "Product_category", "Product"."price" AS "Product_price", "Product"."stock" AS "Product_stock" FROM "products" "Product" WHERE (("Product"."category" = $1) AND ("Product"."price" > $2)) ORDER BY "Product"."id" ASC LIMIT 3 OFFSET 1

--> TypeORM 1.1.1 | extended {"types": [], "values": ["3"]}
SELECT "Product"."id" AS "Product_id", "Product"."sku" AS "Product_sku", "Product"."title" AS "Product_title", "Product"."category" AS "Product_category", "Product"."price" AS "Product_price", "Product"."stock" AS "Product_stock" FROM "products" "Product" WHERE (("Product"."id" = $1)) LIMIT 1

--> TypeORM 1.1.1 | simple
SELECT DISTINCT "distinctAlias"."Order_id" AS "ids_Order_id", "distinctAlias"."Order_id" FROM (SELECT "Order"."id" AS "Order_id", "Order"."status" AS "Order_status", "Order"."ordered_at" AS "Order_ordered_at", "Order"."customer_id" AS "Order_customer_id", "Order__Order_customer"."id" AS "Order__Order_customer_id", "Order__Order_customer"."name" AS "Order__Order_customer_name", "Order__Order_customer"."email" AS "Order__Order_customer_email", "Order__Order_items"."order_id" AS "Order__Order_items_order_id", "Order__Order_items"."line" AS "Order__Order_items_line", "Order__Order_items"."quantity" AS "Order__Order_items_quantity", "Order__Order_items"."product_id" AS "Order__Order_items_product_id", "Order__Order_items__Order__Order_items_product"."id" AS "Order__Order_items__Order__Order_items_product_id", "Order__Order_items__Order__Order_items_product"."sku" AS "Order__Order_items__Order__Order_items_product_sku", "Order__Order_items__Order__Order_items_product"."title" AS "Order__Order_items__Order__Order_items_product_title", "Order__Order_items__Order__Order_items_product"."category" AS "Order__Order_items__Order__Order_items_product_category", "Order__Order_items__Order__Order_items_product"."price" AS "Order__Order_items__Order__Order_items_product_price", "Order__Order_items__Order__Order_items_product"."stock" AS "Order__Order_items__Order__Order_items_product_stock" FROM "orders" "Order" LEFT JOIN "customers" "Order__Order_customer" ON "Order__Order_customer"."id"="Order"."customer_id"  LEFT JOIN "order_items" "Order__Order_items" ON "Order__Order_items"."order_id"="Order"."id" LEFT JOIN "products" "Order__Order_items__Order__Order_items_product" ON "Order__Order_items__Order__Order_items_product"."id"="Order__Order_items"."product_id") "distinctAlias" ORDER BY "distinctAlias"."Order_id" ASC, "Order_id" ASC LIMIT 2

--> TypeORM 1.1.1 | masked | extended {"types": [], "values": ["1", "2"]}
SELECT "Order"."id" AS "Order_id", "Order"."status" AS "Order_status", "Order"."ordered_at" AS "Order_ordered_at", "Order"."customer_id" AS "Order_customer_id", "Order__Order_customer"."id" AS "Order__Order_customer_id", "Order__Order_customer"."name" AS "Order__Order_customer_name", "Order__Order_customer"."email" AS "Order__Order_customer_email", "Order__Order_items"."order_id" AS "Order__Order_items_order_id", "Order__Order_items"."line" AS "Order__Order_items_line", "Order__Order_items"."quantity" AS "Order__Order_items_quantity", "Order__Order_items"."product_id" AS "Order__Order_items_product_id", "Order__Order_items__Order__Order_items_product"."id" AS "Order__Order_items__Order__Order_items_product_id", "Order__Order_items__Order__Order_items_product"."sku" AS "Order__Order_items__Order__Order_items_product_sku", "Order__Order_items__Order__Order_items_product"."title" AS "Order__Order_items__Order__Order_items_product_title", "Order__Order_items__Order__Order_items_product"."category" AS "Order__Order_items__Order__Order_items_product_category", "Order__Order_items__Order__Order_items_product"."price" AS "Order__Order_items__Order__Order_items_product_price", "Order__Order_items__Order__Order_items_product"."stock" AS "Order__Order_items__Order__Order_items_product_stock" FROM "orders" "Order" LEFT JOIN "customers" "Order__Order_customer" ON "Order__Order_customer"."id"="Order"."customer_id"  LEFT JOIN "order_items" "Order__Order_items" ON "Order__Order_items"."order_id"="Order"."id" LEFT JOIN "products" "Order__Order_items__Order__Order_items_product" ON "Order__Order_items__Order__Order_items_product"."id"="Order__Order_items"."product_id" WHERE "Order"."id" IN ($1, $2) ORDER BY "Order"."id" ASC

--> TypeORM 1.1.1 | masked | extended {"types": [], "values": ["1", "2"]}
SELECT "Customer"."id" AS "Customer_id", "Customer"."name" AS "Customer_name", "Customer"."email" AS "Customer_email", "Customer__Customer_orders"."id" AS "Customer__Customer_orders_id", "Customer__Customer_orders"."status" AS "Customer__Customer_orders_status", "Customer__Customer_orders"."ordered_at" AS "Customer__Customer_orders_ordered_at", "Customer__Customer_orders"."customer_id" AS "Customer__Customer_orders_customer_id" FROM "customers" "Customer" LEFT JOIN "orders" "Customer__Customer_orders" ON "Customer__Customer_orders"."customer_id"="Customer"."id" WHERE (("Customer"."id" IN ($1, $2))) ORDER BY "Customer"."id" ASC

--> TypeORM 1.1.1 | extended {"types": [], "values": ["paid"]}
SELECT COUNT(1) AS "cnt" FROM "orders" "Order" WHERE (("Order"."status" = $1))

--> TypeORM 1.1.1 | extended {"types": [], "values": ["%desk%"]}
SELECT "Product"."id" AS "Product_id", "Product"."sku" AS "Product_sku", "Product"."title" AS "Product_title", "Product"."category" AS "Product_category", "Product"."price" AS "Product_price", "Product"."stock" AS "Product_stock" FROM "products" "Product" WHERE (("Product"."title" LIKE $1)) ORDER BY "Product"."id" ASC LIMIT 2

--> TypeORM 1.1.1 | extended {"types": [], "values": ["%desk%"]}
SELECT COUNT(1) AS "cnt" FROM "products" "Product" WHERE (("Product"."title" LIKE $1))

--> TypeORM 1.1.1 | simple
SELECT "o"."status" AS "s", count(*) AS "n" FROM "orders" "o" GROUP BY "o"."status" ORDER BY "o"."status" ASC

--> TypeORM 1.1.1 | masked | extended {"types": [], "values": ["4"]}
SELECT "o"."id" AS "o_id", "o"."status" AS "o_status", "o"."ordered_at" AS "o_ordered_at", "o"."customer_id" AS "o_customer_id", "c"."id" AS "c_id", "c"."name" AS "c_name", "c"."email" AS "c_email" FROM "orders" "o" LEFT JOIN "customers" "c" ON "c"."id"="o"."customer_id" WHERE "c"."id" < $1 ORDER BY "o"."id" ASC

--> TypeORM 1.1.1 | extended {"types": [], "values": ["3"]}
SELECT 1 AS "row_exists" FROM (SELECT 1 AS dummy_column) "dummy_table" WHERE EXISTS (SELECT 1 FROM "products" "Product" WHERE (("Product"."id" = $1))) LIMIT 1

--> TypeORM 1.1.1 | simple
SELECT SUM("Product"."stock") AS "SUM" FROM "products" "Product"

--> TypeORM 1.1.1 | simple
SELECT * FROM current_database()

--> TypeORM 1.1.1 | simple
SELECT "table_schema", "table_name", obj_description((quote_ident("table_schema") || '.' || quote_ident("table_name"))::regclass, 'pg_class') AS table_comment FROM "information_schema"."tables" WHERE ("table_schema" = 'public' AND "table_name" = 'orders')

--> TypeORM 1.1.1 | simple
SELECT TRUE FROM information_schema.columns WHERE table_name = 'pg_class' and column_name = 'relispartition'

--> TypeORM 1.1.1 | simple
SELECT columns.*, pg_catalog.col_description((quote_ident(table_catalog) || '.' || quote_ident(table_schema) || '.' || quote_ident(table_name))::regclass::oid, ordinal_position) AS description, ('"' || "udt_schema" || '"."' || "udt_name" || '"')::"regtype"::text AS "regtype", pg_catalog.format_type("col_attr"."atttypid", "col_attr"."atttypmod") AS "format_type" FROM "information_schema"."columns" LEFT JOIN "pg_catalog"."pg_attribute" AS "col_attr" ON "col_attr"."attname" = "columns"."column_name" AND "col_attr"."attrelid" = ( SELECT "cls"."oid" FROM "pg_catalog"."pg_class" AS "cls" LEFT JOIN "pg_catalog"."pg_namespace" AS "ns" ON "ns"."oid" = "cls"."relnamespace" WHERE "cls"."relname" = "columns"."table_name" AND "ns"."nspname" = "columns"."table_schema" ) WHERE ("table_schema" = 'public' AND "table_name" = 'orders')

--> TypeORM 1.1.1 | simple
SELECT "ns"."nspname" AS "table_schema", "t"."relname" AS "table_name", "cnst"."conname" AS "constraint_name", pg_get_constraintdef("cnst"."oid") AS "expression", CASE "cnst"."contype" WHEN 'p' THEN 'PRIMARY' WHEN 'u' THEN 'UNIQUE' WHEN 'c' THEN 'CHECK' WHEN 'x' THEN 'EXCLUDE' END AS "constraint_type", "a"."attname" AS "column_name" FROM "pg_constraint" "cnst" INNER JOIN "pg_class" "t" ON "t"."oid" = "cnst"."conrelid" INNER JOIN "pg_namespace" "ns" ON "ns"."oid" = "cnst"."connamespace" LEFT JOIN "pg_attribute" "a" ON "a"."attrelid" = "cnst"."conrelid" AND "a"."attnum" = ANY ("cnst"."conkey") WHERE "t"."relkind" IN ('r', 'p') AND (("ns"."nspname" = 'public' AND "t"."relname" = 'orders'))

--> TypeORM 1.1.1 | simple
SELECT "ns"."nspname" AS "table_schema", "t"."relname" AS "table_name", "i"."relname" AS "constraint_name", "a"."attname" AS "column_name", CASE "ix"."indisunique" WHEN 't' THEN 'TRUE' ELSE'FALSE' END AS "is_unique", pg_get_expr("ix"."indpred", "ix"."indrelid") AS "condition", "types"."typname" AS "type_name", "am"."amname" AS "index_type" FROM "pg_class" "t" INNER JOIN "pg_index" "ix" ON "ix"."indrelid" = "t"."oid" INNER JOIN "pg_attribute" "a" ON "a"."attrelid" = "t"."oid"  AND "a"."attnum" = ANY ("ix"."indkey") INNER JOIN "pg_namespace" "ns" ON "ns"."oid" = "t"."relnamespace" INNER JOIN "pg_class" "i" ON "i"."oid" = "ix"."indexrelid" INNER JOIN "pg_type" "types" ON "types"."oid" = "a"."atttypid" INNER JOIN "pg_am" "am" ON "i"."relam" = "am"."oid" LEFT JOIN "pg_constraint" "cnst" ON "cnst"."conname" = "i"."relname" WHERE "t"."relkind" IN ('r', 'p') AND "cnst"."contype" IS NULL AND (("ns"."nspname" = 'public' AND "t"."relname" = 'orders'))

--> TypeORM 1.1.1 | simple
SELECT "con"."conname" AS "constraint_name", "con"."nspname" AS "table_schema", "con"."relname" AS "table_name", "att2"."attname" AS "column_name", "ns"."nspname" AS "referenced_table_schema", "cl"."relname" AS "referenced_table_name", "att"."attname" AS "referenced_column_name", "con"."confdeltype" AS "on_delete", "con"."confupdtype" AS "on_update", "con"."condeferrable" AS "deferrable", "con"."condeferred" AS "deferred" FROM ( SELECT UNNEST ("con1"."conkey") AS "parent", UNNEST ("con1"."confkey") AS "child", "con1"."confrelid", "con1"."conrelid", "con1"."conname", "con1"."contype", "ns"."nspname", "cl"."relname", "con1"."condeferrable", CASE WHEN "con1"."condeferred" THEN 'INITIALLY DEFERRED' ELSE 'INITIALLY IMMEDIATE' END as condeferred, CASE "con1"."confdeltype" WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' END as "confdeltype", CASE "con1"."confupdtype" WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' END as "confupdtype" FROM "pg_class" "cl" INNER JOIN "pg_namespace" "ns" ON "cl"."relnamespace" = "ns"."oid" INNER JOIN "pg_constraint" "con1" ON "con1"."conrelid" = "cl"."oid" WHERE "con1"."contype" = 'f' AND (("ns"."nspname" = 'public' AND "cl"."relname" = 'orders')) ) "con" INNER JOIN "pg_attribute" "att" ON "att"."attrelid" = "con"."confrelid" AND "att"."attnum" = "con"."child" INNER JOIN "pg_class" "cl" ON "cl"."oid" = "con"."confrelid"  AND "cl"."relispartition" = 'f'INNER JOIN "pg_namespace" "ns" ON "cl"."relnamespace" = "ns"."oid" INNER JOIN "pg_attribute" "att2" ON "att2"."attrelid" = "con"."conrelid" AND "att2"."attnum" = "con"."parent"

--> TypeORM 1.1.1 | simple
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'public' AND "table_name" = 'orders' AND "column_name"='status'

--> TypeORM 1.1.1 | simple
SELECT "e"."enumlabel" AS "value" FROM "pg_enum" "e" INNER JOIN "pg_type" "t" ON "t"."oid" = "e"."enumtypid" INNER JOIN "pg_namespace" "n" ON "n"."oid" = "t"."typnamespace" WHERE "n"."nspname" = 'public' AND "t"."typname" = 'order_status' ORDER BY "e"."enumsortorder"

--> TypeORM 1.1.1 | simple
SELECT "table_schema", "table_name", obj_description((quote_ident("table_schema") || '.' || quote_ident("table_name"))::regclass, 'pg_class') AS table_comment FROM "information_schema"."tables" WHERE ("table_schema" = 'public' AND "table_name" = 'customers') OR ("table_schema" = 'public' AND "table_name" = 'products')

--> TypeORM 1.1.1 | simple
SELECT columns.*, pg_catalog.col_description((quote_ident(table_catalog) || '.' || quote_ident(table_schema) || '.' || quote_ident(table_name))::regclass::oid, ordinal_position) AS description, ('"' || "udt_schema" || '"."' || "udt_name" || '"')::"regtype"::text AS "regtype", pg_catalog.format_type("col_attr"."atttypid", "col_attr"."atttypmod") AS "format_type" FROM "information_schema"."columns" LEFT JOIN "pg_catalog"."pg_attribute" AS "col_attr" ON "col_attr"."attname" = "columns"."column_name" AND "col_attr"."attrelid" = ( SELECT "cls"."oid" FROM "pg_catalog"."pg_class" AS "cls" LEFT JOIN "pg_catalog"."pg_namespace" AS "ns" ON "ns"."oid" = "cls"."relnamespace" WHERE "cls"."relname" = "columns"."table_name" AND "ns"."nspname" = "columns"."table_schema" ) WHERE ("table_schema" = 'public' AND "table_name" = 'customers') OR ("table_schema" = 'public' AND "table_name" = 'products')

--> TypeORM 1.1.1 | simple
SELECT "ns"."nspname" AS "table_schema", "t"."relname" AS "table_name", "cnst"."conname" AS "constraint_name", pg_get_constraintdef("cnst"."oid") AS "expression", CASE "cnst"."contype" WHEN 'p' THEN 'PRIMARY' WHEN 'u' THEN 'UNIQUE' WHEN 'c' THEN 'CHECK' WHEN 'x' THEN 'EXCLUDE' END AS "constraint_type", "a"."attname" AS "column_name" FROM "pg_constraint" "cnst" INNER JOIN "pg_class" "t" ON "t"."oid" = "cnst"."conrelid" INNER JOIN "pg_namespace" "ns" ON "ns"."oid" = "cnst"."connamespace" LEFT JOIN "pg_attribute" "a" ON "a"."attrelid" = "cnst"."conrelid" AND "a"."attnum" = ANY ("cnst"."conkey") WHERE "t"."relkind" IN ('r', 'p') AND (("ns"."nspname" = 'public' AND "t"."relname" = 'customers') OR ("ns"."nspname" = 'public' AND "t"."relname" = 'products'))

--> TypeORM 1.1.1 | simple
SELECT "ns"."nspname" AS "table_schema", "t"."relname" AS "table_name", "i"."relname" AS "constraint_name", "a"."attname" AS "column_name", CASE "ix"."indisunique" WHEN 't' THEN 'TRUE' ELSE'FALSE' END AS "is_unique", pg_get_expr("ix"."indpred", "ix"."indrelid") AS "condition", "types"."typname" AS "type_name", "am"."amname" AS "index_type" FROM "pg_class" "t" INNER JOIN "pg_index" "ix" ON "ix"."indrelid" = "t"."oid" INNER JOIN "pg_attribute" "a" ON "a"."attrelid" = "t"."oid"  AND "a"."attnum" = ANY ("ix"."indkey") INNER JOIN "pg_namespace" "ns" ON "ns"."oid" = "t"."relnamespace" INNER JOIN "pg_class" "i" ON "i"."oid" = "ix"."indexrelid" INNER JOIN "pg_type" "types" ON "types"."oid" = "a"."atttypid" INNER JOIN "pg_am" "am" ON "i"."relam" = "am"."oid" LEFT JOIN "pg_constraint" "cnst" ON "cnst"."conname" = "i"."relname" WHERE "t"."relkind" IN ('r', 'p') AND "cnst"."contype" IS NULL AND (("ns"."nspname" = 'public' AND "t"."relname" = 'customers') OR ("ns"."nspname" = 'public' AND "t"."relname" = 'products'))

--> TypeORM 1.1.1 | simple
SELECT "con"."conname" AS "constraint_name", "con"."nspname" AS "table_schema", "con"."relname" AS "table_name", "att2"."attname" AS "column_name", "ns"."nspname" AS "referenced_table_schema", "cl"."relname" AS "referenced_table_name", "att"."attname" AS "referenced_column_name", "con"."confdeltype" AS "on_delete", "con"."confupdtype" AS "on_update", "con"."condeferrable" AS "deferrable", "con"."condeferred" AS "deferred" FROM ( SELECT UNNEST ("con1"."conkey") AS "parent", UNNEST ("con1"."confkey") AS "child", "con1"."confrelid", "con1"."conrelid", "con1"."conname", "con1"."contype", "ns"."nspname", "cl"."relname", "con1"."condeferrable", CASE WHEN "con1"."condeferred" THEN 'INITIALLY DEFERRED' ELSE 'INITIALLY IMMEDIATE' END as condeferred, CASE "con1"."confdeltype" WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' END as "confdeltype", CASE "con1"."confupdtype" WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' END as "confupdtype" FROM "pg_class" "cl" INNER JOIN "pg_namespace" "ns" ON "cl"."relnamespace" = "ns"."oid" INNER JOIN "pg_constraint" "con1" ON "con1"."conrelid" = "cl"."oid" WHERE "con1"."contype" = 'f' AND (("ns"."nspname" = 'public' AND "cl"."relname" = 'customers') OR ("ns"."nspname" = 'public' AND "cl"."relname" = 'products')) ) "con" INNER JOIN "pg_attribute" "att" ON "att"."attrelid" = "con"."confrelid" AND "att"."attnum" = "con"."child" INNER JOIN "pg_class" "cl" ON "cl"."oid" = "con"."confrelid"  AND "cl"."relispartition" = 'f'INNER JOIN "pg_namespace" "ns" ON "cl"."relnamespace" = "ns"."oid" INNER JOIN "pg_attribute" "att2" ON "att2"."attrelid" = "con"."conrelid" AND "att2"."attnum" = "con"."parent"

--> TypeORM 1.1.1 | extended {"types": [], "values": ["public", "orders"]}
SELECT * FROM "information_schema"."tables" WHERE "table_schema" = $1 AND "table_name" = $2

--> TypeORM 1.1.1 | extended {"types": [], "values": ["public", "orders", "status"]}
SELECT * FROM "information_schema"."columns" WHERE "table_schema" = $1 AND "table_name" = $2 AND "column_name" = $3

--> TypeORM 1.1.1 | simple
SELECT "table_schema", "table_name", obj_description((quote_ident("table_schema") || '.' || quote_ident("table_name"))::regclass, 'pg_class') AS table_comment FROM "information_schema"."tables" WHERE ("table_schema" = 'public' AND "table_name" = 'customers') OR ("table_schema" = 'public' AND "table_name" = 'orders') OR ("table_schema" = 'public' AND "table_name" = 'order_items') OR ("table_schema" = 'public' AND "table_name" = 'products')

--> TypeORM 1.1.1 | simple
SELECT columns.*, pg_catalog.col_description((quote_ident(table_catalog) || '.' || quote_ident(table_schema) || '.' || quote_ident(table_name))::regclass::oid, ordinal_position) AS description, ('"' || "udt_schema" || '"."' || "udt_name" || '"')::"regtype"::text AS "regtype", pg_catalog.format_type("col_attr"."atttypid", "col_attr"."atttypmod") AS "format_type" FROM "information_schema"."columns" LEFT JOIN "pg_catalog"."pg_attribute" AS "col_attr" ON "col_attr"."attname" = "columns"."column_name" AND "col_attr"."attrelid" = ( SELECT "cls"."oid" FROM "pg_catalog"."pg_class" AS "cls" LEFT JOIN "pg_catalog"."pg_namespace" AS "ns" ON "ns"."oid" = "cls"."relnamespace" WHERE "cls"."relname" = "columns"."table_name" AND "ns"."nspname" = "columns"."table_schema" ) WHERE ("table_schema" = 'public' AND "table_name" = 'customers') OR ("table_schema" = 'public' AND "table_name" = 'orders') OR ("table_schema" = 'public' AND "table_name" = 'order_items') OR ("table_schema" = 'public' AND "table_name" = 'products')

--> TypeORM 1.1.1 | simple
SELECT "ns"."nspname" AS "table_schema", "t"."relname" AS "table_name", "cnst"."conname" AS "constraint_name", pg_get_constraintdef("cnst"."oid") AS "expression", CASE "cnst"."contype" WHEN 'p' THEN 'PRIMARY' WHEN 'u' THEN 'UNIQUE' WHEN 'c' THEN 'CHECK' WHEN 'x' THEN 'EXCLUDE' END AS "constraint_type", "a"."attname" AS "column_name" FROM "pg_constraint" "cnst" INNER JOIN "pg_class" "t" ON "t"."oid" = "cnst"."conrelid" INNER JOIN "pg_namespace" "ns" ON "ns"."oid" = "cnst"."connamespace" LEFT JOIN "pg_attribute" "a" ON "a"."attrelid" = "cnst"."conrelid" AND "a"."attnum" = ANY ("cnst"."conkey") WHERE "t"."relkind" IN ('r', 'p') AND (("ns"."nspname" = 'public' AND "t"."relname" = 'customers') OR ("ns"."nspname" = 'public' AND "t"."relname" = 'orders') OR ("ns"."nspname" = 'public' AND "t"."relname" = 'order_items') OR ("ns"."nspname" = 'public' AND "t"."relname" = 'products'))

--> TypeORM 1.1.1 | simple
SELECT "ns"."nspname" AS "table_schema", "t"."relname" AS "table_name", "i"."relname" AS "constraint_name", "a"."attname" AS "column_name", CASE "ix"."indisunique" WHEN 't' THEN 'TRUE' ELSE'FALSE' END AS "is_unique", pg_get_expr("ix"."indpred", "ix"."indrelid") AS "condition", "types"."typname" AS "type_name", "am"."amname" AS "index_type" FROM "pg_class" "t" INNER JOIN "pg_index" "ix" ON "ix"."indrelid" = "t"."oid" INNER JOIN "pg_attribute" "a" ON "a"."attrelid" = "t"."oid"  AND "a"."attnum" = ANY ("ix"."indkey") INNER JOIN "pg_namespace" "ns" ON "ns"."oid" = "t"."relnamespace" INNER JOIN "pg_class" "i" ON "i"."oid" = "ix"."indexrelid" INNER JOIN "pg_type" "types" ON "types"."oid" = "a"."atttypid" INNER JOIN "pg_am" "am" ON "i"."relam" = "am"."oid" LEFT JOIN "pg_constraint" "cnst" ON "cnst"."conname" = "i"."relname" WHERE "t"."relkind" IN ('r', 'p') AND "cnst"."contype" IS NULL AND (("ns"."nspname" = 'public' AND "t"."relname" = 'customers') OR ("ns"."nspname" = 'public' AND "t"."relname" = 'orders') OR ("ns"."nspname" = 'public' AND "t"."relname" = 'order_items') OR ("ns"."nspname" = 'public' AND "t"."relname" = 'products'))

--> TypeORM 1.1.1 | simple
SELECT "con"."conname" AS "constraint_name", "con"."nspname" AS "table_schema", "con"."relname" AS "table_name", "att2"."attname" AS "column_name", "ns"."nspname" AS "referenced_table_schema", "cl"."relname" AS "referenced_table_name", "att"."attname" AS "referenced_column_name", "con"."confdeltype" AS "on_delete", "con"."confupdtype" AS "on_update", "con"."condeferrable" AS "deferrable", "con"."condeferred" AS "deferred" FROM ( SELECT UNNEST ("con1"."conkey") AS "parent", UNNEST ("con1"."confkey") AS "child", "con1"."confrelid", "con1"."conrelid", "con1"."conname", "con1"."contype", "ns"."nspname", "cl"."relname", "con1"."condeferrable", CASE WHEN "con1"."condeferred" THEN 'INITIALLY DEFERRED' ELSE 'INITIALLY IMMEDIATE' END as condeferred, CASE "con1"."confdeltype" WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' END as "confdeltype", CASE "con1"."confupdtype" WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' END as "confupdtype" FROM "pg_class" "cl" INNER JOIN "pg_namespace" "ns" ON "cl"."relnamespace" = "ns"."oid" INNER JOIN "pg_constraint" "con1" ON "con1"."conrelid" = "cl"."oid" WHERE "con1"."contype" = 'f' AND (("ns"."nspname" = 'public' AND "cl"."relname" = 'customers') OR ("ns"."nspname" = 'public' AND "cl"."relname" = 'orders') OR ("ns"."nspname" = 'public' AND "cl"."relname" = 'order_items') OR ("ns"."nspname" = 'public' AND "cl"."relname" = 'products')) ) "con" INNER JOIN "pg_attribute" "att" ON "att"."attrelid" = "con"."confrelid" AND "att"."attnum" = "con"."child" INNER JOIN "pg_class" "cl" ON "cl"."oid" = "con"."confrelid"  AND "cl"."relispartition" = 'f'INNER JOIN "pg_namespace" "ns" ON "cl"."relnamespace" = "ns"."oid" INNER JOIN "pg_attribute" "att2" ON "att2"."attrelid" = "con"."conrelid" AND "att2"."attnum" = "con"."parent"

--= each alice

--> TypeORM 1.1.1 | extended {"types": [], "values": ["new", "5"]}
INSERT INTO "orders"("id", "status", "ordered_at", "customer_id") VALUES (DEFAULT, $1, DEFAULT, $2) RETURNING "id", "status", "ordered_at"

--> TypeORM 1.1.1 | extended {"types": [], "values": ["paid", "5", "6013"]}
UPDATE "orders" SET "status" = $1, "customer_id" = $2 WHERE "id" = $3

--> TypeORM 1.1.1 | extended {"types": [], "values": ["3"]}
UPDATE "products" SET "stock" = "stock" - 1 WHERE "id" = $1

--> TypeORM 1.1.1 | extended {"types": [], "values": ["SKU-000127", "t", "c", "1"]}
INSERT INTO "products"("id", "sku", "title", "category", "price", "stock") VALUES (DEFAULT, $1, $2, $3, $4, DEFAULT) ON CONFLICT ( "sku" ) DO UPDATE SET "sku" = EXCLUDED."sku", "title" = EXCLUDED."title", "category" = EXCLUDED."category", "price" = EXCLUDED."price" RETURNING "id", "stock"

--> TypeORM 1.1.1 | extended {"types": [], "values": ["paid", "3"]}
UPDATE "orders" SET "status" = $1 WHERE "id" = $2

--> TypeORM 1.1.1 | extended {"types": [], "values": ["3"]}
SELECT "Order"."id" AS "Order_id", "Order"."status" AS "Order_status", "Order"."ordered_at" AS "Order_ordered_at", "Order"."customer_id" AS "Order_customer_id" FROM "orders" "Order" WHERE (("Order"."id" = $1)) LIMIT 1 FOR UPDATE

--> TypeORM 1.1.1 | refused: PC001 | extended {"types": [], "values": ["3"]}
DELETE FROM "order_items" WHERE "order_id" = $1

--= session dora

--> TypeORM 1.1.1 | simple
SELECT version()

--> TypeORM 1.1.1 | simple
SELECT * FROM current_schema()

--> TypeORM 1.1.1 | simple
START TRANSACTION

--> TypeORM 1.1.1 | extended {"types": [], "values": ["new", "5"]}
INSERT INTO "orders"("id", "status", "ordered_at", "customer_id") VALUES (DEFAULT, $1, DEFAULT, $2) RETURNING "id", "status", "ordered_at"

--> TypeORM 1.1.1 | extended {"types": [], "values": ["6013"]}
SELECT "Order"."id" AS "Order_id", "Order"."status" AS "Order_status", "Order"."ordered_at" AS "Order_ordered_at", "Order"."customer_id" AS "Order_customer_id" FROM "orders" "Order" WHERE "Order"."id" = $1

--> TypeORM 1.1.1 | extended {"types": [], "values": ["paid", "5", "6013"]}
UPDATE "orders" SET "status" = $1, "customer_id" = $2 WHERE "id" = $3

--> TypeORM 1.1.1 | extended {"types": [], "values": ["3"]}
UPDATE "products" SET "stock" = "stock" - 1 WHERE "id" = $1

--> TypeORM 1.1.1 | extended {"types": [], "values": ["SKU-000127", "t", "c", "1"]}
INSERT INTO "products"("id", "sku", "title", "category", "price", "stock") VALUES (DEFAULT, $1, $2, $3, $4, DEFAULT) ON CONFLICT ( "sku" ) DO UPDATE SET "sku" = EXCLUDED."sku", "title" = EXCLUDED."title", "category" = EXCLUDED."category", "price" = EXCLUDED."price" RETURNING "id", "stock"

--> TypeORM 1.1.1 | extended {"types": [], "values": ["paid", "3"]}
UPDATE "orders" SET "status" = $1 WHERE "id" = $2

--> TypeORM 1.1.1 | extended {"types": [], "values": ["3"]}
SELECT "Order"."id" AS "Order_id", "Order"."status" AS "Order_status", "Order"."ordered_at" AS "Order_ordered_at", "Order"."customer_id" AS "Order_customer_id" FROM "orders" "Order" WHERE (("Order"."id" = $1)) LIMIT 1 FOR UPDATE

--> TypeORM 1.1.1 | extended {"types": [], "values": ["3"]}
DELETE FROM "order_items" WHERE "order_id" = $1

--> TypeORM 1.1.1 | simple
ROLLBACK

--> TypeORM 1.1.1 | simple
START TRANSACTION

--> TypeORM 1.1.1 | simple
SELECT * FROM current_schema()

--> TypeORM 1.1.1 | simple
SELECT * FROM current_database()

--> TypeORM 1.1.1 | simple
SELECT "table_schema", "table_name", obj_description((quote_ident("table_schema") || '.' || quote_ident("table_name"))::regclass, 'pg_class') AS table_comment FROM "information_schema"."tables" WHERE ("table_schema" = 'public' AND "table_name" = 'customers') OR ("table_schema" = 'public' AND "table_name" = 'orders') OR ("table_schema" = 'public' AND "table_name" = 'order_items') OR ("table_schema" = 'public' AND "table_name" = 'products') OR ("table_schema" = 'public' AND "table_name" = 't_new')

--> TypeORM 1.1.1 | simple
SELECT TRUE FROM information_schema.columns WHERE table_name = 'pg_class' and column_name = 'relispartition'

--> TypeORM 1.1.1 | simple
SELECT columns.*, pg_catalog.col_description((quote_ident(table_catalog) || '.' || quote_ident(table_schema) || '.' || quote_ident(table_name))::regclass::oid, ordinal_position) AS description, ('"' || "udt_schema" || '"."' || "udt_name" || '"')::"regtype"::text AS "regtype", pg_catalog.format_type("col_attr"."atttypid", "col_attr"."atttypmod") AS "format_type" FROM "information_schema"."columns" LEFT JOIN "pg_catalog"."pg_attribute" AS "col_attr" ON "col_attr"."attname" = "columns"."column_name" AND "col_attr"."attrelid" = ( SELECT "cls"."oid" FROM "pg_catalog"."pg_class" AS "cls" LEFT JOIN "pg_catalog"."pg_namespace" AS "ns" ON "ns"."oid" = "cls"."relnamespace" WHERE "cls"."relname" = "columns"."table_name" AND "ns"."nspname" = "columns"."table_schema" ) WHERE ("table_schema" = 'public' AND "table_name" = 'customers') OR ("table_schema" = 'public' AND "table_name" = 'orders') OR ("table_schema" = 'public' AND "table_name" = 'order_items') OR ("table_schema" = 'public' AND "table_name" = 'products')

--> TypeORM 1.1.1 | simple
SELECT "ns"."nspname" AS "table_schema", "t"."relname" AS "table_name", "cnst"."conname" AS "constraint_name", pg_get_constraintdef("cnst"."oid") AS "expression", CASE "cnst"."contype" WHEN 'p' THEN 'PRIMARY' WHEN 'u' THEN 'UNIQUE' WHEN 'c' THEN 'CHECK' WHEN 'x' THEN 'EXCLUDE' END AS "constraint_type", "a"."attname" AS "column_name" FROM "pg_constraint" "cnst" INNER JOIN "pg_class" "t" ON "t"."oid" = "cnst"."conrelid" INNER JOIN "pg_namespace" "ns" ON "ns"."oid" = "cnst"."connamespace" LEFT JOIN "pg_attribute" "a" ON "a"."attrelid" = "cnst"."conrelid" AND "a"."attnum" = ANY ("cnst"."conkey") WHERE "t"."relkind" IN ('r', 'p') AND (("ns"."nspname" = 'public' AND "t"."relname" = 'customers') OR ("ns"."nspname" = 'public' AND "t"."relname" = 'orders') OR ("ns"."nspname" = 'public' AND "t"."relname" = 'order_items') OR ("ns"."nspname" = 'public' AND "t"."relname" = 'products'))

--> TypeORM 1.1.1 | simple
SELECT "ns"."nspname" AS "table_schema", "t"."relname" AS "table_name", "i"."relname" AS "constraint_name", "a"."attname" AS "column_name", CASE "ix"."indisunique" WHEN 't' THEN 'TRUE' ELSE'FALSE' END AS "is_unique", pg_get_expr("ix"."indpred", "ix"."indrelid") AS "condition", "types"."typname" AS "type_name", "am"."amname" AS "index_type" FROM "pg_class" "t" INNER JOIN "pg_index" "ix" ON "ix"."indrelid" = "t"."oid" INNER JOIN "pg_attribute" "a" ON "a"."attrelid" = "t"."oid"  AND "a"."attnum" = ANY ("ix"."indkey") INNER JOIN "pg_namespace" "ns" ON "ns"."oid" = "t"."relnamespace" INNER JOIN "pg_class" "i" ON "i"."oid" = "ix"."indexrelid" INNER JOIN "pg_type" "types" ON "types"."oid" = "a"."atttypid" INNER JOIN "pg_am" "am" ON "i"."relam" = "am"."oid" LEFT JOIN "pg_constraint" "cnst" ON "cnst"."conname" = "i"."relname" WHERE "t"."relkind" IN ('r', 'p') AND "cnst"."contype" IS NULL AND (("ns"."nspname" = 'public' AND "t"."relname" = 'customers') OR ("ns"."nspname" = 'public' AND "t"."relname" = 'orders') OR ("ns"."nspname" = 'public' AND "t"."relname" = 'order_items') OR ("ns"."nspname" = 'public' AND "t"."relname" = 'products'))

--> TypeORM 1.1.1 | simple
SELECT "con"."conname" AS "constraint_name", "con"."nspname" AS "table_schema", "con"."relname" AS "table_name", "att2"."attname" AS "column_name", "ns"."nspname" AS "referenced_table_schema", "cl"."relname" AS "referenced_table_name", "att"."attname" AS "referenced_column_name", "con"."confdeltype" AS "on_delete", "con"."confupdtype" AS "on_update", "con"."condeferrable" AS "deferrable", "con"."condeferred" AS "deferred" FROM ( SELECT UNNEST ("con1"."conkey") AS "parent", UNNEST ("con1"."confkey") AS "child", "con1"."confrelid", "con1"."conrelid", "con1"."conname", "con1"."contype", "ns"."nspname", "cl"."relname", "con1"."condeferrable", CASE WHEN "con1"."condeferred" THEN 'INITIALLY DEFERRED' ELSE 'INITIALLY IMMEDIATE' END as condeferred, CASE "con1"."confdeltype" WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' END as "confdeltype", CASE "con1"."confupdtype" WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' END as "confupdtype" FROM "pg_class" "cl" INNER JOIN "pg_namespace" "ns" ON "cl"."relnamespace" = "ns"."oid" INNER JOIN "pg_constraint" "con1" ON "con1"."conrelid" = "cl"."oid" WHERE "con1"."contype" = 'f' AND (("ns"."nspname" = 'public' AND "cl"."relname" = 'customers') OR ("ns"."nspname" = 'public' AND "cl"."relname" = 'orders') OR ("ns"."nspname" = 'public' AND "cl"."relname" = 'order_items') OR ("ns"."nspname" = 'public' AND "cl"."relname" = 'products')) ) "con" INNER JOIN "pg_attribute" "att" ON "att"."attrelid" = "con"."confrelid" AND "att"."attnum" = "con"."child" INNER JOIN "pg_class" "cl" ON "cl"."oid" = "con"."confrelid"  AND "cl"."relispartition" = 'f'INNER JOIN "pg_namespace" "ns" ON "cl"."relnamespace" = "ns"."oid" INNER JOIN "pg_attribute" "att2" ON "att2"."attrelid" = "con"."conrelid" AND "att2"."attnum" = "con"."parent"

--> TypeORM 1.1.1 | simple
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'public' AND "table_name" = 'orders' AND "column_name"='status'

--> TypeORM 1.1.1 | simple
SELECT "e"."enumlabel" AS "value" FROM "pg_enum" "e" INNER JOIN "pg_type" "t" ON "t"."oid" = "e"."enumtypid" INNER JOIN "pg_namespace" "n" ON "n"."oid" = "t"."typnamespace" WHERE "n"."nspname" = 'public' AND "t"."typname" = 'order_status' ORDER BY "e"."enumsortorder"

--> TypeORM 1.1.1 | extended {"types": [], "values": ["public", "typeorm_metadata"]}
SELECT * FROM "information_schema"."tables" WHERE "table_schema" = $1 AND "table_name" = $2

--> TypeORM 1.1.1 | simple
ALTER TABLE "orders" DROP CONSTRAINT "orders_customer_id_fkey"

--> TypeORM 1.1.1 | simple
ALTER TABLE "order_items" DROP CONSTRAINT "order_items_order_id_fkey"

--> TypeORM 1.1.1 | simple
ALTER TABLE "order_items" DROP CONSTRAINT "order_items_product_id_fkey"

--> TypeORM 1.1.1 | simple
DROP INDEX "public"."orders_of_customer"

--> TypeORM 1.1.1 | simple
DROP INDEX "public"."items_of_product"

--> TypeORM 1.1.1 | simple
ALTER TABLE "order_items" DROP CONSTRAINT "order_items_quantity_check"

--> TypeORM 1.1.1 | simple
ALTER TABLE "products" DROP CONSTRAINT "products_price_check"

--> TypeORM 1.1.1 | simple
COMMENT ON TABLE "customers" IS NULL

--> TypeORM 1.1.1 | simple
SELECT "n"."nspname", "t"."typname" FROM "pg_type" "t" INNER JOIN "pg_namespace" "n" ON "n"."oid" = "t"."typnamespace" WHERE "n"."nspname" = 'public' AND "t"."typname" = 't_new_kind_enum'

--> TypeORM 1.1.1 | simple
CREATE TYPE "public"."t_new_kind_enum" AS ENUM('a', 'b')

--> TypeORM 1.1.1 | simple
CREATE TABLE "t_new" ("id" uuid NOT NULL DEFAULT uuid_generate_v4(), "name" character varying(20) NOT NULL, "made" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), "kind" "public"."t_new_kind_enum" NOT NULL, CONSTRAINT "PK_022ecc570cc2d1a6bef9ee0f6ab" PRIMARY KEY ("id"))

--> TypeORM 1.1.1 | simple
ROLLBACK

--> TypeORM 1.1.1 | extended {"types": [], "values": ["public", "t_new"]}
SELECT * FROM "information_schema"."tables" WHERE "table_schema" = $1 AND "table_name" = $2

--> TypeORM 1.1.1 | simple
SELECT version()

--> TypeORM 1.1.1 | simple
SELECT * FROM current_schema()

--> TypeORM 1.1.1 | simple
START TRANSACTION

--> TypeORM 1.1.1 | extended {"types": [], "values": ["new", "5"]}
INSERT INTO "orders"("id", "status", "ordered_at", "customer_id") VALUES (DEFAULT, $1, DEFAULT, $2) RETURNING "id", "status", "ordered_at"

--> TypeORM 1.1.1 | extended {"types": [], "values": ["6003"]}
SELECT "Order"."id" AS "Order_id", "Order"."status" AS "Order_status", "Order"."ordered_at" AS "Order_ordered_at", "Order"."customer_id" AS "Order_customer_id" FROM "orders" "Order" WHERE "Order"."id" = $1

--> TypeORM 1.1.1 | extended {"types": [], "values": ["paid", "5", "6003"]}
UPDATE "orders" SET "status" = $1, "customer_id" = $2 WHERE "id" = $3

--> TypeORM 1.1.1 | extended {"types": [], "values": ["3"]}
UPDATE "products" SET "stock" = "stock" - 1 WHERE "id" = $1

--> TypeORM 1.1.1 | extended {"types": [], "values": ["SKU-000127", "t", "c", "1"]}
INSERT INTO "products"("id", "sku", "title", "category", "price", "stock") VALUES (DEFAULT, $1, $2, $3, $4, DEFAULT) ON CONFLICT ( "sku" ) DO UPDATE SET "sku" = EXCLUDED."sku", "title" = EXCLUDED."title", "category" = EXCLUDED."category", "price" = EXCLUDED."price" RETURNING "id", "stock"

--> TypeORM 1.1.1 | extended {"types": [], "values": ["paid", "3"]}
UPDATE "orders" SET "status" = $1 WHERE "id" = $2

--> TypeORM 1.1.1 | extended {"types": [], "values": ["3"]}
SELECT "Order"."id" AS "Order_id", "Order"."status" AS "Order_status", "Order"."ordered_at" AS "Order_ordered_at", "Order"."customer_id" AS "Order_customer_id" FROM "orders" "Order" WHERE (("Order"."id" = $1)) LIMIT 1 FOR UPDATE

--> TypeORM 1.1.1 | extended {"types": [], "values": ["3"]}
DELETE FROM "order_items" WHERE "order_id" = $1

--> TypeORM 1.1.1 | simple
ROLLBACK

--> TypeORM 1.1.1 | simple
START TRANSACTION

--> TypeORM 1.1.1 | simple
SELECT * FROM current_schema()

--> TypeORM 1.1.1 | simple
SELECT * FROM current_database()

--> TypeORM 1.1.1 | simple
SELECT "table_schema", "table_name", obj_description((quote_ident("table_schema") || '.' || quote_ident("table_name"))::regclass, 'pg_class') AS table_comment FROM "information_schema"."tables" WHERE ("table_schema" = 'public' AND "table_name" = 'customers') OR ("table_schema" = 'public' AND "table_name" = 'orders') OR ("table_schema" = 'public' AND "table_name" = 'order_items') OR ("table_schema" = 'public' AND "table_name" = 'products') OR ("table_schema" = 'public' AND "table_name" = 't_new')

--> TypeORM 1.1.1 | simple
SELECT TRUE FROM information_schema.columns WHERE table_name = 'pg_class' and column_name = 'relispartition'

--> TypeORM 1.1.1 | simple
SELECT columns.*, pg_catalog.col_description((quote_ident(table_catalog) || '.' || quote_ident(table_schema) || '.' || quote_ident(table_name))::regclass::oid, ordinal_position) AS description, ('"' || "udt_schema" || '"."' || "udt_name" || '"')::"regtype"::text AS "regtype", pg_catalog.format_type("col_attr"."atttypid", "col_attr"."atttypmod") AS "format_type" FROM "information_schema"."columns" LEFT JOIN "pg_catalog"."pg_attribute" AS "col_attr" ON "col_attr"."attname" = "columns"."column_name" AND "col_attr"."attrelid" = ( SELECT "cls"."oid" FROM "pg_catalog"."pg_class" AS "cls" LEFT JOIN "pg_catalog"."pg_namespace" AS "ns" ON "ns"."oid" = "cls"."relnamespace" WHERE "cls"."relname" = "columns"."table_name" AND "ns"."nspname" = "columns"."table_schema" ) WHERE ("table_schema" = 'public' AND "table_name" = 'customers') OR ("table_schema" = 'public' AND "table_name" = 'orders') OR ("table_schema" = 'public' AND "table_name" = 'order_items') OR ("table_schema" = 'public' AND "table_name" = 'products')

--> TypeORM 1.1.1 | simple
SELECT "ns"."nspname" AS "table_schema", "t"."relname" AS "table_name", "cnst"."conname" AS "constraint_name", pg_get_constraintdef("cnst"."oid") AS "expression", CASE "cnst"."contype" WHEN 'p' THEN 'PRIMARY' WHEN 'u' THEN 'UNIQUE' WHEN 'c' THEN 'CHECK' WHEN 'x' THEN 'EXCLUDE' END AS "constraint_type", "a"."attname" AS "column_name" FROM "pg_constraint" "cnst" INNER JOIN "pg_class" "t" ON "t"."oid" = "cnst"."conrelid" INNER JOIN "pg_namespace" "ns" ON "ns"."oid" = "cnst"."connamespace" LEFT JOIN "pg_attribute" "a" ON "a"."attrelid" = "cnst"."conrelid" AND "a"."attnum" = ANY ("cnst"."conkey") WHERE "t"."relkind" IN ('r', 'p') AND (("ns"."nspname" = 'public' AND "t"."relname" = 'customers') OR ("ns"."nspname" = 'public' AND "t"."relname" = 'orders') OR ("ns"."nspname" = 'public' AND "t"."relname" = 'order_items') OR ("ns"."nspname" = 'public' AND "t"."relname" = 'products'))

--> TypeORM 1.1.1 | simple
SELECT "ns"."nspname" AS "table_schema", "t"."relname" AS "table_name", "i"."relname" AS "constraint_name", "a"."attname" AS "column_name", CASE "ix"."indisunique" WHEN 't' THEN 'TRUE' ELSE'FALSE' END AS "is_unique", pg_get_expr("ix"."indpred", "ix"."indrelid") AS "condition", "types"."typname" AS "type_name", "am"."amname" AS "index_type" FROM "pg_class" "t" INNER JOIN "pg_index" "ix" ON "ix"."indrelid" = "t"."oid" INNER JOIN "pg_attribute" "a" ON "a"."attrelid" = "t"."oid"  AND "a"."attnum" = ANY ("ix"."indkey") INNER JOIN "pg_namespace" "ns" ON "ns"."oid" = "t"."relnamespace" INNER JOIN "pg_class" "i" ON "i"."oid" = "ix"."indexrelid" INNER JOIN "pg_type" "types" ON "types"."oid" = "a"."atttypid" INNER JOIN "pg_am" "am" ON "i"."relam" = "am"."oid" LEFT JOIN "pg_constraint" "cnst" ON "cnst"."conname" = "i"."relname" WHERE "t"."relkind" IN ('r', 'p') AND "cnst"."contype" IS NULL AND (("ns"."nspname" = 'public' AND "t"."relname" = 'customers') OR ("ns"."nspname" = 'public' AND "t"."relname" = 'orders') OR ("ns"."nspname" = 'public' AND "t"."relname" = 'order_items') OR ("ns"."nspname" = 'public' AND "t"."relname" = 'products'))

--> TypeORM 1.1.1 | simple
SELECT "con"."conname" AS "constraint_name", "con"."nspname" AS "table_schema", "con"."relname" AS "table_name", "att2"."attname" AS "column_name", "ns"."nspname" AS "referenced_table_schema", "cl"."relname" AS "referenced_table_name", "att"."attname" AS "referenced_column_name", "con"."confdeltype" AS "on_delete", "con"."confupdtype" AS "on_update", "con"."condeferrable" AS "deferrable", "con"."condeferred" AS "deferred" FROM ( SELECT UNNEST ("con1"."conkey") AS "parent", UNNEST ("con1"."confkey") AS "child", "con1"."confrelid", "con1"."conrelid", "con1"."conname", "con1"."contype", "ns"."nspname", "cl"."relname", "con1"."condeferrable", CASE WHEN "con1"."condeferred" THEN 'INITIALLY DEFERRED' ELSE 'INITIALLY IMMEDIATE' END as condeferred, CASE "con1"."confdeltype" WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' END as "confdeltype", CASE "con1"."confupdtype" WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' END as "confupdtype" FROM "pg_class" "cl" INNER JOIN "pg_namespace" "ns" ON "cl"."relnamespace" = "ns"."oid" INNER JOIN "pg_constraint" "con1" ON "con1"."conrelid" = "cl"."oid" WHERE "con1"."contype" = 'f' AND (("ns"."nspname" = 'public' AND "cl"."relname" = 'customers') OR ("ns"."nspname" = 'public' AND "cl"."relname" = 'orders') OR ("ns"."nspname" = 'public' AND "cl"."relname" = 'order_items') OR ("ns"."nspname" = 'public' AND "cl"."relname" = 'products')) ) "con" INNER JOIN "pg_attribute" "att" ON "att"."attrelid" = "con"."confrelid" AND "att"."attnum" = "con"."child" INNER JOIN "pg_class" "cl" ON "cl"."oid" = "con"."confrelid"  AND "cl"."relispartition" = 'f'INNER JOIN "pg_namespace" "ns" ON "cl"."relnamespace" = "ns"."oid" INNER JOIN "pg_attribute" "att2" ON "att2"."attrelid" = "con"."conrelid" AND "att2"."attnum" = "con"."parent"

--> TypeORM 1.1.1 | simple
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'public' AND "table_name" = 'orders' AND "column_name"='status'

--> TypeORM 1.1.1 | simple
SELECT "e"."enumlabel" AS "value" FROM "pg_enum" "e" INNER JOIN "pg_type" "t" ON "t"."oid" = "e"."enumtypid" INNER JOIN "pg_namespace" "n" ON "n"."oid" = "t"."typnamespace" WHERE "n"."nspname" = 'public' AND "t"."typname" = 'order_status' ORDER BY "e"."enumsortorder"

--> TypeORM 1.1.1 | extended {"types": [], "values": ["public", "typeorm_metadata"]}
SELECT * FROM "information_schema"."tables" WHERE "table_schema" = $1 AND "table_name" = $2

--> TypeORM 1.1.1 | simple
ALTER TABLE "orders" DROP CONSTRAINT "orders_customer_id_fkey"

--> TypeORM 1.1.1 | simple
ALTER TABLE "order_items" DROP CONSTRAINT "order_items_order_id_fkey"

--> TypeORM 1.1.1 | simple
ALTER TABLE "order_items" DROP CONSTRAINT "order_items_product_id_fkey"

--> TypeORM 1.1.1 | simple
DROP INDEX "public"."orders_of_customer"

--> TypeORM 1.1.1 | simple
DROP INDEX "public"."items_of_product"

--> TypeORM 1.1.1 | simple
ALTER TABLE "order_items" DROP CONSTRAINT "order_items_quantity_check"

--> TypeORM 1.1.1 | simple
ALTER TABLE "products" DROP CONSTRAINT "products_price_check"

--> TypeORM 1.1.1 | simple
COMMENT ON TABLE "customers" IS NULL

--> TypeORM 1.1.1 | simple
SELECT "n"."nspname", "t"."typname" FROM "pg_type" "t" INNER JOIN "pg_namespace" "n" ON "n"."oid" = "t"."typnamespace" WHERE "n"."nspname" = 'public' AND "t"."typname" = 't_new_kind_enum'

--> TypeORM 1.1.1 | simple
CREATE TYPE "public"."t_new_kind_enum" AS ENUM('a', 'b')

--> TypeORM 1.1.1 | simple
CREATE TABLE "t_new" ("id" uuid NOT NULL DEFAULT uuid_generate_v4(), "name" character varying(20) NOT NULL, "made" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), "kind" "public"."t_new_kind_enum" NOT NULL, CONSTRAINT "PK_022ecc570cc2d1a6bef9ee0f6ab" PRIMARY KEY ("id"))

--> TypeORM 1.1.1 | simple
CREATE INDEX "IDX_5bc5dec7a31806a6f24d8af78c" ON "t_new"  ("name") 

--> TypeORM 1.1.1 | simple
ALTER TABLE "customers" DROP COLUMN "phone"

--> TypeORM 1.1.1 | simple
ROLLBACK

--> TypeORM 1.1.1 | extended {"types": [], "values": ["public", "t_new"]}
SELECT * FROM "information_schema"."tables" WHERE "table_schema" = $1 AND "table_name" = $2
