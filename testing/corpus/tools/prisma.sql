-- Prisma Client with the pg driver adapter: what it sent, captured between it and PostgreSQL 15 on the shop of demo/shop.sql.
-- The texts are facts about the tools, whose authors made them; docs/compatibility.md says how they were taken.
-- Run by crates/gateway/tests/it/tools.rs, which says what the headings mean.

--= each agent

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["storage", "3", "a", "3", "1"]}
SELECT "public"."products"."id", "public"."products"."sku", "public"."products"."title", "public"."products"."category", "public"."products"."price", "public"."products"."stock", "public"."products"."details" FROM "public"."products" WHERE ("public"."products"."category" = $1 AND "public"."products"."price" > $2 AND "public"."products"."title" ILIKE ('%' || $3 || '%')) ORDER BY "public"."products"."id" ASC LIMIT $4 OFFSET $5

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["3", "1", "0"]}
SELECT "public"."products"."id", "public"."products"."sku", "public"."products"."title", "public"."products"."category", "public"."products"."price", "public"."products"."stock", "public"."products"."details" FROM "public"."products" WHERE ("public"."products"."id" = $1 AND 1=1) LIMIT $2 OFFSET $3

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["SKU-000127", "1", "0"]}
SELECT "public"."products"."id", "public"."products"."sku", "public"."products"."title", "public"."products"."category", "public"."products"."price", "public"."products"."stock", "public"."products"."details" FROM "public"."products" WHERE ("public"."products"."sku" = $1 AND 1=1) LIMIT $2 OFFSET $3

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["2", "1", "0"]}
SELECT "public"."products"."id", "public"."products"."sku", "public"."products"."title", "public"."products"."category", "public"."products"."price", "public"."products"."stock", "public"."products"."details" FROM "public"."products" WHERE "public"."products"."stock" > $1 ORDER BY "public"."products"."id" ASC LIMIT $2 OFFSET $3

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["3", "0"]}
SELECT "public"."orders"."id", "public"."orders"."customer_id", "public"."orders"."status"::text, "public"."orders"."ordered_at" FROM "public"."orders" WHERE 1=1 ORDER BY "public"."orders"."id" ASC LIMIT $1 OFFSET $2

--> Prisma 7.10.1 with adapter-pg | masked | extended {"types": [], "values": ["8", "15", "22", "0"]}
SELECT "public"."customers"."id", "public"."customers"."name", "public"."customers"."email", "public"."customers"."phone" FROM "public"."customers" WHERE "public"."customers"."id" IN ($1,$2,$3) OFFSET $4

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["1", "2", "3", "0"]}
SELECT "public"."order_items"."order_id", "public"."order_items"."line", "public"."order_items"."product_id", "public"."order_items"."quantity", "public"."order_items"."unit_price" FROM "public"."order_items" WHERE "public"."order_items"."order_id" IN ($1,$2,$3) OFFSET $4

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["43", "72", "56", "5", "34", "69", "18", "47", "76", "0"]}
SELECT "public"."products"."id", "public"."products"."sku", "public"."products"."title", "public"."products"."category", "public"."products"."price", "public"."products"."stock", "public"."products"."details" FROM "public"."products" WHERE "public"."products"."id" IN ($1,$2,$3,$4,$5,$6,$7,$8,$9) OFFSET $10

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["paid", "3", "0"]}
SELECT "public"."customers"."id", "public"."customers"."name", COALESCE("aggr_selection_0_orders"."_aggr_count_orders", 0) AS "_aggr_count_orders" FROM "public"."customers" LEFT JOIN (SELECT "public"."orders"."customer_id", COUNT(*) AS "_aggr_count_orders" FROM "public"."orders" WHERE 1=1 GROUP BY "public"."orders"."customer_id") AS "aggr_selection_0_orders" ON ("public"."customers"."id" = "aggr_selection_0_orders"."customer_id") WHERE EXISTS(SELECT "t0"."customer_id" FROM "public"."orders" AS "t0" WHERE ("t0"."status" = CAST($1::text AS "public"."order_status") AND ("public"."customers"."id") = ("t0"."customer_id") AND "t0"."customer_id" IS NOT NULL)) ORDER BY "public"."customers"."id" ASC LIMIT $2 OFFSET $3

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["ada@example.com", "1", "0"]}
SELECT "public"."customers"."id", "public"."customers"."name", "public"."customers"."email", "public"."customers"."phone" FROM "public"."customers" WHERE ("public"."customers"."email" = $1 AND 1=1) LIMIT $2 OFFSET $3

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["0"]}
SELECT COUNT(*) AS "_count$_all", MIN("public"."orders"."ordered_at") AS "_min$ordered_at", "public"."orders"."status"::text FROM "public"."orders" WHERE 1=1 GROUP BY "public"."orders"."status" ORDER BY "public"."orders"."status" ASC OFFSET $1

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["0"]}
SELECT SUM("stock") AS "_sum$stock", AVG("price") AS "_avg$price", MAX("price") AS "_max$price", COUNT(*) AS "_count$_all" FROM (SELECT "public"."products"."stock", "public"."products"."price", "public"."products"."id" FROM "public"."products" WHERE 1=1 OFFSET $1) AS "sub"

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["storage", "0"]}
SELECT COUNT(*) AS "_count$_all" FROM (SELECT "public"."products"."id" FROM "public"."products" WHERE "public"."products"."category" = $1 OFFSET $2) AS "sub"

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["weight_kg", "3", "weight_kg", "number", "2", "0"]}
SELECT "public"."products"."id", "public"."products"."sku", "public"."products"."title", "public"."products"."category", "public"."products"."price", "public"."products"."stock", "public"."products"."details" FROM "public"."products" WHERE (("public"."products"."details"#>ARRAY[$1]::text[])::jsonb > $2 AND JSONB_TYPEOF(("public"."products"."details"#>ARRAY[$3]::text[])::jsonb) = $4) ORDER BY "public"."products"."id" ASC LIMIT $5 OFFSET $6

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["1", "2", "3", "0"]}
SELECT "public"."products"."id", "public"."products"."sku", "public"."products"."title", "public"."products"."category", "public"."products"."price", "public"."products"."stock", "public"."products"."details" FROM "public"."products" WHERE "public"."products"."id" IN ($1,$2,$3) ORDER BY "public"."products"."id" ASC OFFSET $4

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["5", "2", "0"]}
SELECT "public"."orders"."id", "public"."orders"."customer_id", "public"."orders"."status"::text, "public"."orders"."ordered_at" FROM "public"."orders" WHERE "public"."orders"."id" >= (SELECT "public"."orders"."id" FROM "public"."orders" WHERE ("public"."orders"."id") = ($1)) ORDER BY "public"."orders"."id" ASC LIMIT $2 OFFSET $3

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["5"]}
select 1 as a, $1::int as b

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["3"]}
select id from products where id=$1

--> Prisma 7.10.1 with adapter-pg | simple
BEGIN

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["0"]}
SELECT COUNT(*) AS "_count$_all" FROM (SELECT "public"."products"."id" FROM "public"."products" WHERE 1=1 OFFSET $1) AS "sub"

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["0"]}
SELECT COUNT(*) AS "_count$_all" FROM (SELECT "public"."orders"."id" FROM "public"."orders" WHERE 1=1 OFFSET $1) AS "sub"

--> Prisma 7.10.1 with adapter-pg | simple
COMMIT

--> Prisma 7.10.1 with adapter-pg | simple
SET TRANSACTION ISOLATION LEVEL SERIALIZABLE

--= each alice

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["5", "new", "2026-11-21 09:37:33.830"]}
INSERT INTO "public"."orders" ("customer_id","status","ordered_at") VALUES ($1,CAST($2::text AS "public"."order_status"),$3) RETURNING "public"."orders"."id"

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["6006", "1", "1", "1", "3"]}
INSERT INTO "public"."order_items" ("order_id","line","product_id","quantity","unit_price") VALUES ($1,$2,$3,$4,$5) RETURNING "public"."order_items"."order_id", "public"."order_items"."line"

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["paid", "6006"]}
UPDATE "public"."orders" SET "status" = CAST($1::text AS "public"."order_status") WHERE ("public"."orders"."id" = $2 AND 1=1) RETURNING "public"."orders"."id", "public"."orders"."customer_id", "public"."orders"."status"::text, "public"."orders"."ordered_at"

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["1", "3"]}
UPDATE "public"."products" SET "stock" = ("public"."products"."stock" - $1) WHERE ("public"."products"."id" = $2 AND 1=1) RETURNING "public"."products"."id", "public"."products"."sku", "public"."products"."title", "public"."products"."category", "public"."products"."price", "public"."products"."stock", "public"."products"."details"

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["p1", "t", "c", "1", "0", "{}", "u", "p1"]}
INSERT INTO "public"."products" ("sku","title","category","price","stock","details") VALUES ($1,$2,$3,$4,$5,$6) ON CONFLICT ("sku") DO UPDATE SET "title" = $7 WHERE ("public"."products"."sku" = $8 AND 1=1) RETURNING "public"."products"."id", "public"."products"."sku", "public"."products"."title", "public"."products"."category", "public"."products"."price", "public"."products"."stock", "public"."products"."details"

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["p2", "t", "c", "1", "0", "{}", "p3", "t", "c", "1", "0", "{}"]}
INSERT INTO "public"."products" ("sku","title","category","price","stock","details") VALUES ($1,$2,$3,$4,$5,$6), ($7,$8,$9,$10,$11,$12) ON CONFLICT DO NOTHING

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["2", "p2"]}
UPDATE "public"."products" SET "stock" = $1 WHERE "public"."products"."sku" = $2

--> Prisma 7.10.1 with adapter-pg | refused: PC001 | extended {"types": [], "values": ["6006"]}
DELETE FROM "public"."order_items" WHERE "public"."order_items"."order_id" = $1

--> Prisma 7.10.1 with adapter-pg | refused: PC001 | extended {"types": [], "values": ["6006"]}
DELETE FROM "public"."orders" WHERE ("public"."orders"."id" = $1 AND 1=1) RETURNING "public"."orders"."id", "public"."orders"."customer_id", "public"."orders"."status"::text, "public"."orders"."ordered_at"

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["x", "x@example.com"]}
INSERT INTO "public"."customers" ("name","email") VALUES ($1,$2) RETURNING "public"."customers"."id"

--= session dora

--> Prisma 7.10.1 with adapter-pg | simple
BEGIN

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["5", "new", "2026-11-21 09:37:33.830"]}
INSERT INTO "public"."orders" ("customer_id","status","ordered_at") VALUES ($1,CAST($2::text AS "public"."order_status"),$3) RETURNING "public"."orders"."id"

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["6006", "1", "1", "1", "3"]}
INSERT INTO "public"."order_items" ("order_id","line","product_id","quantity","unit_price") VALUES ($1,$2,$3,$4,$5) RETURNING "public"."order_items"."order_id", "public"."order_items"."line"

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["6006", "1", "0"]}
SELECT "public"."orders"."id", "public"."orders"."customer_id", "public"."orders"."status"::text, "public"."orders"."ordered_at" FROM "public"."orders" WHERE "public"."orders"."id" = $1 LIMIT $2 OFFSET $3

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["6006", "0"]}
SELECT "public"."order_items"."order_id", "public"."order_items"."line", "public"."order_items"."product_id", "public"."order_items"."quantity", "public"."order_items"."unit_price" FROM "public"."order_items" WHERE "public"."order_items"."order_id" = $1 OFFSET $2

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["paid", "6006"]}
UPDATE "public"."orders" SET "status" = CAST($1::text AS "public"."order_status") WHERE ("public"."orders"."id" = $2 AND 1=1) RETURNING "public"."orders"."id", "public"."orders"."customer_id", "public"."orders"."status"::text, "public"."orders"."ordered_at"

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["1", "3"]}
UPDATE "public"."products" SET "stock" = ("public"."products"."stock" - $1) WHERE ("public"."products"."id" = $2 AND 1=1) RETURNING "public"."products"."id", "public"."products"."sku", "public"."products"."title", "public"."products"."category", "public"."products"."price", "public"."products"."stock", "public"."products"."details"

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["p1", "t", "c", "1", "0", "{}", "u", "p1"]}
INSERT INTO "public"."products" ("sku","title","category","price","stock","details") VALUES ($1,$2,$3,$4,$5,$6) ON CONFLICT ("sku") DO UPDATE SET "title" = $7 WHERE ("public"."products"."sku" = $8 AND 1=1) RETURNING "public"."products"."id", "public"."products"."sku", "public"."products"."title", "public"."products"."category", "public"."products"."price", "public"."products"."stock", "public"."products"."details"

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["p2", "t", "c", "1", "0", "{}", "p3", "t", "c", "1", "0", "{}"]}
INSERT INTO "public"."products" ("sku","title","category","price","stock","details") VALUES ($1,$2,$3,$4,$5,$6), ($7,$8,$9,$10,$11,$12) ON CONFLICT DO NOTHING

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["2", "p2"]}
UPDATE "public"."products" SET "stock" = $1 WHERE "public"."products"."sku" = $2

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["6006"]}
DELETE FROM "public"."order_items" WHERE "public"."order_items"."order_id" = $1

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["6006"]}
DELETE FROM "public"."orders" WHERE ("public"."orders"."id" = $1 AND 1=1) RETURNING "public"."orders"."id", "public"."orders"."customer_id", "public"."orders"."status"::text, "public"."orders"."ordered_at"

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["x", "x@example.com"]}
INSERT INTO "public"."customers" ("name","email") VALUES ($1,$2) RETURNING "public"."customers"."id"

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["2001", "new", "2026-11-21 09:37:34.056"]}
INSERT INTO "public"."orders" ("customer_id","status","ordered_at") VALUES ($1,CAST($2::text AS "public"."order_status"),$3) RETURNING "public"."orders"."id"

--> Prisma 7.10.1 with adapter-pg | extended {"types": [], "values": ["2001", "1", "0"]}
SELECT "public"."customers"."id", "public"."customers"."name", "public"."customers"."email", "public"."customers"."phone" FROM "public"."customers" WHERE "public"."customers"."id" = $1 LIMIT $2 OFFSET $3

--> Prisma 7.10.1 with adapter-pg | simple
ROLLBACK
