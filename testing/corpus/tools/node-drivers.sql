-- node-postgres and postgres.js: what it sent, captured between it and PostgreSQL 15 on the shop of demo/shop.sql.
-- The texts are facts about the tools, whose authors made them; docs/compatibility.md says how they were taken.
-- Run by crates/gateway/tests/it/tools.rs, which says what the headings mean.

--= each agent

--> node-postgres 8.23.1 | simple
select 1

--> node-postgres 8.23.1; postgres.js 3.4.9 | extended {"types": [], "values": ["3"]}
select id, sku from products where id=$1

--> node-postgres 8.23.1 | extended {"types": [], "values": ["paid"]}
select * from orders where status=$1 order by id limit 2

--> node-postgres 8.23.1; postgres.js 3.4.9 | extended {"types": [], "values": ["{\"1\",\"2\"}"]}
select id from products where id = any($1) order by id

--> node-postgres 8.23.1 | simple
select now()

--> postgres.js 3.4.9 | extended {"types": [], "values": []}
      select b.oid, b.typarray
      from pg_catalog.pg_type a
      left join pg_catalog.pg_type b on b.oid = a.typelem
      where a.typcategory = 'A'
      group by b.oid, b.typarray
      order by b.oid
    

--> postgres.js 3.4.9 | extended {"types": [0, 0], "values": ["1", "2"]}
select id from products where id in ($1,$2) order by id

--> postgres.js 3.4.9 | simple
begin read only

--> postgres.js 3.4.9 | extended {"types": [], "values": []}
select 1

--> postgres.js 3.4.9 | extended {"types": [], "values": []}
savepoint "s0"

--> postgres.js 3.4.9 | extended {"types": [], "values": []}
commit

--> postgres.js 3.4.9 | simple
select 1; select 2

--> postgres.js 3.4.9 | extended {"types": [], "values": []}
select id from products order by id
