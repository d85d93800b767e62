-- Drizzle ORM on node-postgres: what it sent, captured between it and PostgreSQL 15 on the shop of demo/shop.sql.
-- The texts are facts about the tools, whose authors made them; docs/compatibility.md says how they were taken.
-- Run by crates/gateway/tests/it/tools.rs, which says what the headings mean.

--= each agent

--> Drizzle 0.45.4 | extended {"types": [], "values": ["storage", "3"]}
select "id", "sku", "title", "category", "price", "stock" from "products" where "products"."category" = $1 order by "products"."id" limit $2

--> Drizzle 0.45.4 | masked | extended {"types": [], "values": ["1", "3"]}
select "orders"."id", "orders"."customer_id", "orders"."status", "orders"."ordered_at", "orders_customer"."data" as "customer", "orders_items"."data" as "items" from "orders" "orders" left join lateral (select json_build_array("orders_customer"."id", "orders_customer"."name", "orders_customer"."email") as "data" from (select * from "customers" "orders_customer" where "orders_customer"."id" = "orders"."customer_id" limit $1) "orders_customer") "orders_customer" on true left join lateral (select coalesce(json_agg(json_build_array("orders_items"."order_id", "orders_items"."line", "orders_items"."product_id", "orders_items"."quantity")), '[]'::json) as "data" from "order_items" "orders_items" where "orders_items"."order_id" = "orders"."id") "orders_items" on true order by "orders"."id" limit $2

--> Drizzle 0.45.4 | masked | extended {"types": [], "values": ["5", "1"]}
select "customers"."id", "customers"."name", "customers"."email", "customers_orders"."data" as "orders" from "customers" "customers" left join lateral (select coalesce(json_agg(json_build_array("customers_orders"."id", "customers_orders"."customer_id", "customers_orders"."status", "customers_orders"."ordered_at")), '[]'::json) as "data" from "orders" "customers_orders" where "customers_orders"."customer_id" = "customers"."id") "customers_orders" on true where "customers"."id" = $1 limit $2

--> Drizzle 0.45.4 | simple
select "status", count(*) from "orders" group by "orders"."status" order by "orders"."status"

--> Drizzle 0.45.4 | masked | extended {"types": [], "values": ["2"]}
select "orders"."id", "orders"."customer_id", "orders"."status", "orders"."ordered_at", "customers"."id", "customers"."name", "customers"."email" from "orders" left join "customers" on "customers"."id" = "orders"."customer_id" order by "orders"."id" limit $1

--> Drizzle 0.45.4 | simple
select count(*) as count from "products";

--> Drizzle 0.45.4 | simple
select 1

--> Drizzle 0.45.4 | extended {"types": [], "values": ["1", "2"]}
select "id" from "products" where "products"."id" in ($1, $2) order by "products"."id"

--= each alice

--> Drizzle 0.45.4 | extended {"types": [], "values": ["5"]}
insert into "orders" ("id", "customer_id", "status", "ordered_at") values (default, $1, default, default) returning "id", "customer_id", "status", "ordered_at"

--> Drizzle 0.45.4 | extended {"types": [], "values": ["3"]}
update "products" set "stock" = "products"."stock"-1 where "products"."id" = $1

--> Drizzle 0.45.4 | extended {"types": [], "values": ["d1", "t", "c", "1", "u"]}
insert into "products" ("id", "sku", "title", "category", "price", "stock") values (default, $1, $2, $3, $4, default) on conflict ("sku") do update set "title" = $5

--> Drizzle 0.45.4 | refused: PC001 | extended {"types": [], "values": ["3"]}
delete from "order_items" where "order_items"."order_id" = $1

--> Drizzle 0.45.4 | extended {"types": [], "values": ["3"]}
select "id", "customer_id", "status", "ordered_at" from "orders" where "orders"."id" = $1 for update

--= session dora

--> Drizzle 0.45.4 | simple
begin

--> Drizzle 0.45.4 | extended {"types": [], "values": ["5"]}
insert into "orders" ("id", "customer_id", "status", "ordered_at") values (default, $1, default, default) returning "id", "customer_id", "status", "ordered_at"

--> Drizzle 0.45.4 | extended {"types": [], "values": ["3"]}
update "products" set "stock" = "products"."stock"-1 where "products"."id" = $1

--> Drizzle 0.45.4 | extended {"types": [], "values": ["d1", "t", "c", "1", "u"]}
insert into "products" ("id", "sku", "title", "category", "price", "stock") values (default, $1, $2, $3, $4, default) on conflict ("sku") do update set "title" = $5

--> Drizzle 0.45.4 | extended {"types": [], "values": ["3"]}
delete from "order_items" where "order_items"."order_id" = $1

--> Drizzle 0.45.4 | extended {"types": [], "values": ["3"]}
select "id", "customer_id", "status", "ordered_at" from "orders" where "orders"."id" = $1 for update

--> Drizzle 0.45.4 | simple
rollback
