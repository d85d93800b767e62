-- Knex: what it sent, captured between it and PostgreSQL 15 on the shop of demo/shop.sql.
-- The texts are facts about the tools, whose authors made them; docs/compatibility.md says how they were taken.
-- Run by crates/gateway/tests/it/tools.rs, which says what the headings mean.

--= each agent

--> Knex 3.3.0 | simple
select version();

--> Knex 3.3.0 | extended {"types": [], "values": ["storage", "3"]}
select "id", "sku" from "products" where "category" = $1 order by "id" asc limit $2

--> Knex 3.3.0 | simple
select count(*) as "n", "status" from "orders" group by "status" order by "status" asc

--> Knex 3.3.0 | masked | extended {"types": [], "values": ["3"]}
select "o"."id", "c"."name", "c"."email" from "orders" as "o" inner join "customers" as "c" on "c"."id" = "o"."customer_id" order by "o"."id" asc limit $1

--> Knex 3.3.0 | extended {"types": [], "values": ["products"]}
select * from information_schema.columns where table_name = $1 and table_catalog = current_database() and table_schema = current_schema()

--> Knex 3.3.0 | extended {"types": [], "values": ["orders"]}
select * from information_schema.tables where table_name = $1 and table_schema = current_schema()

--> Knex 3.3.0 | extended {"types": [], "values": ["orders", "status"]}
select * from information_schema.columns where table_name = $1 and column_name = $2 and table_schema = current_schema()

--> Knex 3.3.0 | extended {"types": [], "values": ["$.weight_kg", "3", "2"]}
select * from "products" where jsonb_path_query_first("details", $1)::int > $2 order by "id" asc limit $3

--> Knex 3.3.0 | extended {"types": [], "values": ["%desk%", "1"]}
select "id" from "products" where "title" ilike $1 order by "id" asc limit $2

--> Knex 3.3.0 | extended {"types": [], "values": ["paid", "new", "2"]}
select * from "orders" where "status" in ($1, $2) order by "id" asc limit $3

--> Knex 3.3.0 | extended {"types": [], "values": ["1"]}
select $1::int as a

--> Knex 3.3.0 | simple
select max("price"), min("stock"), avg("price") as "a" from "products"

--> Knex 3.3.0 | extended {"types": [], "values": ["3"]}
with "t" as (select "order_id", sum("quantity") as "q" from "order_items" group by "order_id") select * from "t" order by "order_id" asc limit $1

--= each alice

--> Knex 3.3.0 | extended {"types": [], "values": ["5"]}
insert into "orders" ("customer_id") values ($1) returning "id"

--> Knex 3.3.0 | extended {"types": [], "values": ["1", "3"]}
update "products" set "stock" = "stock" - $1 where "id" = $2

--> Knex 3.3.0 | extended {"types": [], "values": ["c", "1", "k1", "t"]}
insert into "products" ("category", "price", "sku", "title") values ($1, $2, $3, $4) on conflict ("sku") do update set "category" = excluded."category", "price" = excluded."price", "sku" = excluded."sku", "title" = excluded."title"

--> Knex 3.3.0 | extended {"types": [], "values": ["3"]}
select * from "orders" where "id" = $1 for update

--> Knex 3.3.0 | refused: PC001 | extended {"types": [], "values": ["3"]}
delete from "order_items" where "order_id" = $1

--= session dora

--> Knex 3.3.0 | simple
select version();

--> Knex 3.3.0 | simple
BEGIN;

--> Knex 3.3.0 | extended {"types": [], "values": ["5"]}
insert into "orders" ("customer_id") values ($1) returning "id"

--> Knex 3.3.0 | extended {"types": [], "values": ["1", "3"]}
update "products" set "stock" = "stock" - $1 where "id" = $2

--> Knex 3.3.0 | extended {"types": [], "values": ["c", "1", "k1", "t"]}
insert into "products" ("category", "price", "sku", "title") values ($1, $2, $3, $4) on conflict ("sku") do update set "category" = excluded."category", "price" = excluded."price", "sku" = excluded."sku", "title" = excluded."title"

--> Knex 3.3.0 | extended {"types": [], "values": ["3"]}
select * from "orders" where "id" = $1 for update

--> Knex 3.3.0 | extended {"types": [], "values": ["3"]}
delete from "order_items" where "order_id" = $1

--> Knex 3.3.0 | simple
ROLLBACK

--> Knex 3.3.0 | simple
create table "kx" ("id" serial primary key, "name" varchar(255) not null, "j" jsonb, "c" integer, "created_at" timestamptz not null default CURRENT_TIMESTAMP, "updated_at" timestamptz not null default CURRENT_TIMESTAMP, "e" text check ("e" in ('a', 'b')))

--> Knex 3.3.0 | simple
create index "kx_name_index" on "kx" ("name")

--> Knex 3.3.0 | simple
alter table "kx" add constraint "kx_c_foreign" foreign key ("c") references "products" ("id")

--> Knex 3.3.0 | simple
alter table "kx" add column "more" varchar(255)

--> Knex 3.3.0 | simple
alter table "kx" rename "name" to "nm"

--> Knex 3.3.0 | simple
alter table "kx" rename to "ky"

--> Knex 3.3.0 | extended {"types": [], "values": ["knex_migrations"]}
select * from information_schema.tables where table_name = $1 and table_schema = current_schema()

--> Knex 3.3.0 | simple
create table "knex_migrations" ("id" serial primary key, "name" varchar(255), "batch" integer, "migration_time" timestamptz)

--> Knex 3.3.0 | extended {"types": [], "values": ["knex_migrations_lock"]}
select * from information_schema.tables where table_name = $1 and table_schema = current_schema()

--> Knex 3.3.0 | simple
create table "knex_migrations_lock" ("index" serial primary key, "is_locked" integer)

--> Knex 3.3.0 | simple
select * from "knex_migrations_lock"

--> Knex 3.3.0 | simple
select * from "knex_migrations_lock"

--> Knex 3.3.0 | extended {"types": [], "values": ["0"]}
insert into "knex_migrations_lock" ("is_locked") values ($1)

--> Knex 3.3.0 | simple
select "name" from "knex_migrations" order by "id" asc

--> Knex 3.3.0 | simple
BEGIN;

--> Knex 3.3.0 | extended {"types": [], "values": ["1", "0"]}
update "knex_migrations_lock" set "is_locked" = $1 where "is_locked" = $2

--> Knex 3.3.0 | extended {"types": [], "values": ["knex_migrations"]}
select * from information_schema.tables where table_name = $1 and table_schema = current_schema()

--> Knex 3.3.0 | extended {"types": [], "values": ["knex_migrations_lock"]}
select * from information_schema.tables where table_name = $1 and table_schema = current_schema()

--> Knex 3.3.0 | simple
select * from "knex_migrations_lock"

--> Knex 3.3.0 | simple
select "name" from "knex_migrations" order by "id" asc

--> Knex 3.3.0 | simple
select max("batch") as "max_batch" from "knex_migrations"

--> Knex 3.3.0 | simple
create table "km" ("id" serial primary key)

--> Knex 3.3.0 | extended {"types": [], "values": ["1", "2026-11-21T09:32:40.376+00:00", "1_a.js"]}
insert into "knex_migrations" ("batch", "migration_time", "name") values ($1, $2, $3)

--> Knex 3.3.0 | extended {"types": [], "values": ["0"]}
update "knex_migrations_lock" set "is_locked" = $1

--> Knex 3.3.0 | simple
COMMIT;

--> Knex 3.3.0 | extended {"types": [], "values": ["knex_migrations"]}
select * from information_schema.tables where table_name = $1 and table_schema = current_schema()

--> Knex 3.3.0 | extended {"types": [], "values": ["knex_migrations_lock"]}
select * from information_schema.tables where table_name = $1 and table_schema = current_schema()

--> Knex 3.3.0 | simple
select * from "knex_migrations_lock"

--> Knex 3.3.0 | simple
select "name" from "knex_migrations" order by "id" asc

--> Knex 3.3.0 | extended {"types": [], "values": ["knex_migrations"]}
select * from information_schema.tables where table_name = $1 and table_schema = current_schema()

--> Knex 3.3.0 | extended {"types": [], "values": ["knex_migrations_lock"]}
select * from information_schema.tables where table_name = $1 and table_schema = current_schema()

--> Knex 3.3.0 | simple
select * from "knex_migrations_lock"

--> Knex 3.3.0 | simple
select "name" from "knex_migrations" order by "id" asc

--> Knex 3.3.0 | simple
BEGIN;

--> Knex 3.3.0 | extended {"types": [], "values": ["1", "0"]}
update "knex_migrations_lock" set "is_locked" = $1 where "is_locked" = $2

--> Knex 3.3.0 | simple
COMMIT;

--> Knex 3.3.0 | simple
select max("batch") as "max_batch" from "knex_migrations"

--> Knex 3.3.0 | simple
BEGIN;

--> Knex 3.3.0 | simple
drop table "km"

--> Knex 3.3.0 | simple
COMMIT;

--> Knex 3.3.0 | extended {"types": [], "values": ["1_a.js"]}
delete from "knex_migrations" where "name" = $1

--> Knex 3.3.0 | extended {"types": [], "values": ["0"]}
update "knex_migrations_lock" set "is_locked" = $1

--> Knex 3.3.0 | simple
drop table if exists "ky"
