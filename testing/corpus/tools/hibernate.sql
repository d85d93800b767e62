-- Hibernate: what it sent, captured between it and PostgreSQL 15 on the shop of demo/shop.sql.
-- The texts are facts about the tools, whose authors made them; docs/compatibility.md says how they were taken.
-- Run by crates/gateway/tests/it/tools.rs, which says what the headings mean.

--= each agent

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SET extra_float_digits = 3

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SET application_name = 'PostgreSQL JDBC Driver'

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
BEGIN

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | masked | extended {"types": [20], "values": [{"hex": "0000000000000003"}]}
select hib_custom0_.id as id0_0_, hib_custom0_.email as email0_0_, hib_custom0_.name as name0_0_, hib_custom0_.notes as notes0_0_, hib_custom0_.phone as phone0_0_ from customers hib_custom0_ where hib_custom0_.id=$1

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20], "values": [{"hex": "0000000000000003"}]}
select orders0_.customer_id as customer3_0_1_, orders0_.id as id1_, orders0_.id as id1_0_, orders0_.customer_id as customer3_1_0_, orders0_.ordered_at as ordered2_1_0_ from orders orders0_ where orders0_.customer_id=$1

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | masked | extended {"types": [20], "values": [{"hex": "0000000000000005"}]}
select hib_order0_.id as id1_0_, hib_custom1_.id as id0_1_, hib_order0_.customer_id as customer3_1_0_, hib_order0_.ordered_at as ordered2_1_0_, hib_custom1_.email as email0_1_, hib_custom1_.name as name0_1_, hib_custom1_.notes as notes0_1_, hib_custom1_.phone as phone0_1_ from orders hib_order0_ inner join customers hib_custom1_ on hib_order0_.customer_id=hib_custom1_.id where hib_order0_.id<$1 order by hib_order0_.id

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [23, 23], "values": [{"hex": "00000005"}, {"hex": "00000002"}]}
select hib_custom0_.name as col_0_0_, count(orders1_.id) as col_1_0_ from customers hib_custom0_ left outer join orders orders1_ on hib_custom0_.id=orders1_.customer_id group by hib_custom0_.name having count(orders1_.id)>1 order by hib_custom0_.name limit $1 offset $2

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
select hib_produc0_.category as col_0_0_, avg(hib_produc0_.price) as col_1_0_, sum(hib_produc0_.stock) as col_2_0_, max(hib_produc0_.title) as col_3_0_ from products hib_produc0_ group by hib_produc0_.category

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [1700, 1700, 1043], "values": [{"hex": "00010000000000000001"}, {"hex": "0001000000000000005a"}, "%a%"]}
select hib_produc0_.id as id2_, hib_produc0_.category as category2_, hib_produc0_.price as price2_, hib_produc0_.sku as sku2_, hib_produc0_.stock as stock2_, hib_produc0_.title as title2_ from products hib_produc0_ where (hib_produc0_.price between $1 and $2) and (lower(hib_produc0_.title) like $3)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [23, 23, 23], "values": [{"hex": "00000001"}, {"hex": "00000002"}, {"hex": "00000003"}]}
select hib_produc0_.id as id2_, hib_produc0_.category as category2_, hib_produc0_.price as price2_, hib_produc0_.sku as sku2_, hib_produc0_.stock as stock2_, hib_produc0_.title as title2_ from products hib_produc0_ where hib_produc0_.id in ($1 , $2 , $3)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [23], "values": [{"hex": "00000003"}]}
select hib_produc0_.id as col_0_0_, hib_produc0_.sku as col_1_0_ from products hib_produc0_ where exists (select 1 from orders hib_order1_ where hib_order1_.id=hib_produc0_.id) limit $1

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [1043, 23, 23], "values": ["a%", {"hex": "00000003"}, {"hex": "00000004"}]}
select this_.id as id2_0_, this_.category as category2_0_, this_.price as price2_0_, this_.sku as sku2_0_, this_.stock as stock2_0_, this_.title as title2_0_ from products this_ where this_.title ilike $1 and (this_.stock>$2 or this_.category is null) order by this_.price desc limit $3

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [23], "values": [{"hex": "00000004"}]}
select count(*) as y0_, this_.customer_id as y1_ from orders this_ group by this_.customer_id limit $1

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | masked | extended {"types": [20], "values": [{"hex": "0000000000000004"}]}
select this_.id as id0_1_, this_.email as email0_1_, this_.name as name0_1_, this_.notes as notes0_1_, this_.phone as phone0_1_, o1_.id as id1_0_, o1_.customer_id as customer3_1_0_, o1_.ordered_at as ordered2_1_0_ from customers this_ inner join orders o1_ on this_.id=o1_.customer_id where o1_.id=$1

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [23], "values": [{"hex": "00000004"}]}
select * from products where id < $1

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [1043], "values": ["nobody@shop.example"]}
select hib_custom0_.id as id0_, hib_custom0_.email as email0_, hib_custom0_.name as name0_, hib_custom0_.notes as notes0_, hib_custom0_.phone as phone0_ from customers hib_custom0_ where hib_custom0_.email=$1

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
select hib_produc0_.id as id2_, hib_produc0_.category as category2_, hib_produc0_.price as price2_, hib_produc0_.sku as sku2_, hib_produc0_.stock as stock2_, hib_produc0_.title as title2_ from products hib_produc0_ order by hib_produc0_.id

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
COMMIT

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | refused: lock public.products | extended {"types": [23], "values": [{"hex": "00000002"}]}
select hib_produc0_.id as id2_0_, hib_produc0_.category as category2_0_, hib_produc0_.price as price2_0_, hib_produc0_.sku as sku2_0_, hib_produc0_.stock as stock2_0_, hib_produc0_.title as title2_0_ from products hib_produc0_ where hib_produc0_.id=$1 for update

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
ROLLBACK

--= session dora

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SET extra_float_digits = 3

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SET application_name = 'PostgreSQL JDBC Driver'

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
alter table hib_article_tags drop constraint FK604719C029B6DC9A

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
alter table hib_articles drop constraint FK723BD13B86D2C89D

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
alter table hib_editors drop constraint FK8D4235E82EDEF569

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
drop table hib_article_tags cascade

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
drop table hib_articles cascade

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
drop table hib_authors cascade

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
drop table hib_editors cascade

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
drop sequence hib_article_seq

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
drop table hibernate_sequences cascade

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
create table hib_article_tags (Hib$Article_id int8 not null, tags varchar(255))

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
create table hib_articles (id int8 not null, body text, open bool not null, slug varchar(80) not null, version int4 not null, written timestamp, author_id int8, primary key (id), unique (slug))

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
create table hib_authors (id int8 not null, name varchar(255), primary key (id))

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
create table hib_editors (desk varchar(255), id int8 not null, primary key (id))

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
alter table hib_article_tags add constraint FK604719C029B6DC9A foreign key (Hib$Article_id) references hib_articles

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
alter table hib_articles add constraint FK723BD13B86D2C89D foreign key (author_id) references hib_authors

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
alter table hib_editors add constraint FK8D4235E82EDEF569 foreign key (id) references hib_authors

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
create sequence hib_article_seq

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
create table hibernate_sequences ( sequence_name varchar(255),  sequence_next_hi_value int4 )

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SET extra_float_digits = 3

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SET application_name = 'PostgreSQL JDBC Driver'

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
BEGIN

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
select sequence_next_hi_value from hibernate_sequences where sequence_name = 'hib_authors' for update

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20], "values": [{"hex": "0000000000000000"}]}
insert into hibernate_sequences(sequence_name, sequence_next_hi_value) values('hib_authors', $1)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 20], "values": [{"hex": "0000000000000001"}, {"hex": "0000000000000000"}]}
update hibernate_sequences set sequence_next_hi_value = $1 where sequence_next_hi_value = $2 and sequence_name = 'hib_authors'

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
COMMIT

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
BEGIN

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
select nextval ('hib_article_seq')

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
select nextval ('hib_article_seq')

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [1043, 20], "values": ["editor", {"hex": "0000000000000001"}]}
insert into hib_authors (name, id) values ($1, $2)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [1043, 20], "values": ["news", {"hex": "0000000000000001"}]}
insert into hib_editors (desk, id) values ($1, $2)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043, 16, 1043, 23, 0, 20], "values": [{"hex": "0000000000000001"}, "body 0", "TRUE", "s0", {"hex": "00000000"}, "2023-11-14 22:13:20+00", {"hex": "000000000000000a"}]}
insert into hib_articles (author_id, body, open, slug, version, written, id) values ($1, $2, $3, $4, $5, $6, $7)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043, 16, 1043, 23, 0, 20], "values": [{"hex": "0000000000000001"}, "body 1", "FALSE", "s1", {"hex": "00000000"}, "2023-11-14 22:13:20.001+00", {"hex": "000000000000000b"}]}
insert into hib_articles (author_id, body, open, slug, version, written, id) values ($1, $2, $3, $4, $5, $6, $7)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043, 16, 1043, 23, 0, 20], "values": [{"hex": "0000000000000001"}, "body 2", "TRUE", "s2", {"hex": "00000000"}, "2023-11-14 22:13:20.002+00", {"hex": "000000000000000c"}]}
insert into hib_articles (author_id, body, open, slug, version, written, id) values ($1, $2, $3, $4, $5, $6, $7)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043, 16, 1043, 23, 0, 20], "values": [{"hex": "0000000000000001"}, "body 3", "FALSE", "s3", {"hex": "00000000"}, "2023-11-14 22:13:20.003+00", {"hex": "000000000000000d"}]}
insert into hib_articles (author_id, body, open, slug, version, written, id) values ($1, $2, $3, $4, $5, $6, $7)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043, 16, 1043, 23, 0, 20], "values": [{"hex": "0000000000000001"}, "body 4", "TRUE", "s4", {"hex": "00000000"}, "2023-11-14 22:13:20.004+00", {"hex": "000000000000000e"}]}
insert into hib_articles (author_id, body, open, slug, version, written, id) values ($1, $2, $3, $4, $5, $6, $7)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043, 16, 1043, 23, 0, 20], "values": [{"hex": "0000000000000001"}, "body 5", "FALSE", "s5", {"hex": "00000000"}, "2023-11-14 22:13:20.005+00", {"hex": "000000000000000f"}]}
insert into hib_articles (author_id, body, open, slug, version, written, id) values ($1, $2, $3, $4, $5, $6, $7)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043, 16, 1043, 23, 0, 20], "values": [{"hex": "0000000000000001"}, "body 6", "TRUE", "s6", {"hex": "00000000"}, "2023-11-14 22:13:20.006+00", {"hex": "0000000000000010"}]}
insert into hib_articles (author_id, body, open, slug, version, written, id) values ($1, $2, $3, $4, $5, $6, $7)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043, 16, 1043, 23, 0, 20], "values": [{"hex": "0000000000000001"}, "body 7", "FALSE", "s7", {"hex": "00000000"}, "2023-11-14 22:13:20.007+00", {"hex": "0000000000000011"}]}
insert into hib_articles (author_id, body, open, slug, version, written, id) values ($1, $2, $3, $4, $5, $6, $7)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043, 16, 1043, 23, 0, 20], "values": [{"hex": "0000000000000001"}, "body 8", "TRUE", "s8", {"hex": "00000000"}, "2023-11-14 22:13:20.008+00", {"hex": "0000000000000012"}]}
insert into hib_articles (author_id, body, open, slug, version, written, id) values ($1, $2, $3, $4, $5, $6, $7)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043, 16, 1043, 23, 0, 20], "values": [{"hex": "0000000000000001"}, "body 9", "FALSE", "s9", {"hex": "00000000"}, "2023-11-14 22:13:20.009+00", {"hex": "0000000000000013"}]}
insert into hib_articles (author_id, body, open, slug, version, written, id) values ($1, $2, $3, $4, $5, $6, $7)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043, 16, 1043, 23, 0, 20], "values": [{"hex": "0000000000000001"}, "body 10", "TRUE", "s10", {"hex": "00000000"}, "2023-11-14 22:13:20.01+00", {"hex": "0000000000000014"}]}
insert into hib_articles (author_id, body, open, slug, version, written, id) values ($1, $2, $3, $4, $5, $6, $7)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043, 16, 1043, 23, 0, 20], "values": [{"hex": "0000000000000001"}, "body 11", "FALSE", "s11", {"hex": "00000000"}, "2023-11-14 22:13:20.011+00", {"hex": "0000000000000015"}]}
insert into hib_articles (author_id, body, open, slug, version, written, id) values ($1, $2, $3, $4, $5, $6, $7)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043], "values": [{"hex": "000000000000000a"}, "a"]}
insert into hib_article_tags (Hib$Article_id, tags) values ($1, $2)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043], "values": [{"hex": "000000000000000a"}, "t0"]}
insert into hib_article_tags (Hib$Article_id, tags) values ($1, $2)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043], "values": [{"hex": "000000000000000b"}, "a"]}
insert into hib_article_tags (Hib$Article_id, tags) values ($1, $2)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043], "values": [{"hex": "000000000000000b"}, "t1"]}
insert into hib_article_tags (Hib$Article_id, tags) values ($1, $2)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043], "values": [{"hex": "000000000000000c"}, "a"]}
insert into hib_article_tags (Hib$Article_id, tags) values ($1, $2)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043], "values": [{"hex": "000000000000000c"}, "t2"]}
insert into hib_article_tags (Hib$Article_id, tags) values ($1, $2)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043], "values": [{"hex": "000000000000000d"}, "a"]}
insert into hib_article_tags (Hib$Article_id, tags) values ($1, $2)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043], "values": [{"hex": "000000000000000d"}, "t3"]}
insert into hib_article_tags (Hib$Article_id, tags) values ($1, $2)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043], "values": [{"hex": "000000000000000e"}, "t4"]}
insert into hib_article_tags (Hib$Article_id, tags) values ($1, $2)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043], "values": [{"hex": "000000000000000e"}, "a"]}
insert into hib_article_tags (Hib$Article_id, tags) values ($1, $2)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043], "values": [{"hex": "000000000000000f"}, "a"]}
insert into hib_article_tags (Hib$Article_id, tags) values ($1, $2)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043], "values": [{"hex": "000000000000000f"}, "t5"]}
insert into hib_article_tags (Hib$Article_id, tags) values ($1, $2)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043], "values": [{"hex": "0000000000000010"}, "a"]}
insert into hib_article_tags (Hib$Article_id, tags) values ($1, $2)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043], "values": [{"hex": "0000000000000010"}, "t6"]}
insert into hib_article_tags (Hib$Article_id, tags) values ($1, $2)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043], "values": [{"hex": "0000000000000011"}, "a"]}
insert into hib_article_tags (Hib$Article_id, tags) values ($1, $2)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043], "values": [{"hex": "0000000000000011"}, "t7"]}
insert into hib_article_tags (Hib$Article_id, tags) values ($1, $2)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043], "values": [{"hex": "0000000000000012"}, "a"]}
insert into hib_article_tags (Hib$Article_id, tags) values ($1, $2)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043], "values": [{"hex": "0000000000000012"}, "t8"]}
insert into hib_article_tags (Hib$Article_id, tags) values ($1, $2)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043], "values": [{"hex": "0000000000000013"}, "a"]}
insert into hib_article_tags (Hib$Article_id, tags) values ($1, $2)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043], "values": [{"hex": "0000000000000013"}, "t9"]}
insert into hib_article_tags (Hib$Article_id, tags) values ($1, $2)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043], "values": [{"hex": "0000000000000014"}, "a"]}
insert into hib_article_tags (Hib$Article_id, tags) values ($1, $2)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043], "values": [{"hex": "0000000000000014"}, "t10"]}
insert into hib_article_tags (Hib$Article_id, tags) values ($1, $2)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043], "values": [{"hex": "0000000000000015"}, "a"]}
insert into hib_article_tags (Hib$Article_id, tags) values ($1, $2)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043], "values": [{"hex": "0000000000000015"}, "t11"]}
insert into hib_article_tags (Hib$Article_id, tags) values ($1, $2)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
COMMIT

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
BEGIN

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
select hib_articl0_.id as id0_, hib_articl0_.author_id as author7_0_, hib_articl0_.body as body0_, hib_articl0_.open as open0_, hib_articl0_.slug as slug0_, hib_articl0_.version as version0_, hib_articl0_.written as written0_, tags1_.Hib$Article_id as Hib1_0_0__, tags1_.tags as tags0__ from hib_articles hib_articl0_ left outer join hib_article_tags tags1_ on hib_articl0_.id=tags1_.Hib$Article_id where hib_articl0_.open=true

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20], "values": [{"hex": "0000000000000001"}]}
select hib_author0_.id as id1_0_, hib_author0_.name as name1_0_, hib_author0_1_.desk as desk2_0_, case when hib_author0_1_.id is not null then 1 when hib_author0_.id is not null then 0 end as clazz_0_ from hib_authors hib_author0_ left outer join hib_editors hib_author0_1_ on hib_author0_.id=hib_author0_1_.id where hib_author0_.id=$1

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 1043, 16, 1043, 23, 0, 20, 23], "values": [{"hex": "0000000000000001"}, "changed", "TRUE", "s0", {"hex": "00000001"}, "2023-11-14 22:13:20+00", {"hex": "000000000000000a"}, {"hex": "00000000"}]}
update hib_articles set author_id=$1, body=$2, open=$3, slug=$4, version=$5, written=$6 where id=$7 and version=$8

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20], "values": [{"hex": "000000000000000a"}]}
delete from hib_article_tags where Hib$Article_id=$1

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
select hib_author0_.id as id1_, hib_author0_.name as name1_, hib_author0_1_.desk as desk2_, case when hib_author0_1_.id is not null then 1 when hib_author0_.id is not null then 0 end as clazz_ from hib_authors hib_author0_ left outer join hib_editors hib_author0_1_ on hib_author0_.id=hib_author0_1_.id

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
update hib_articles set version=version+1, body='x' where open=false

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
create temporary table HT_hib_editors (id int8 not null) on commit drop

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
insert into HT_hib_editors select hib_editor0_.id as id from hib_editors hib_editor0_ inner join hib_authors hib_editor0_1_ on hib_editor0_.id=hib_editor0_1_.id where name='editor'

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
update hib_editors set desk='y' where (id) IN (select id from HT_hib_editors)

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
drop table HT_hib_editors

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [20, 23], "values": [{"hex": "000000000000000a"}, {"hex": "00000001"}]}
delete from hib_articles where id=$1 and version=$2

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
COMMIT

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SET extra_float_digits = 3

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SET application_name = 'PostgreSQL JDBC Driver'

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
select relname from pg_class where relkind='S'

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM, c.relname AS TABLE_NAME,  CASE n.nspname ~ '^pg_' OR n.nspname = 'information_schema'  WHEN true THEN CASE  WHEN n.nspname = 'pg_catalog' OR n.nspname = 'information_schema' THEN CASE c.relkind   WHEN 'r' THEN 'SYSTEM TABLE'   WHEN 'v' THEN 'SYSTEM VIEW'   WHEN 'i' THEN 'SYSTEM INDEX'   ELSE NULL   END  WHEN n.nspname = 'pg_toast' THEN CASE c.relkind   WHEN 'r' THEN 'SYSTEM TOAST TABLE'   WHEN 'i' THEN 'SYSTEM TOAST INDEX'   ELSE NULL   END  ELSE CASE c.relkind   WHEN 'r' THEN 'TEMPORARY TABLE'   WHEN 'p' THEN 'TEMPORARY TABLE'   WHEN 'i' THEN 'TEMPORARY INDEX'   WHEN 'S' THEN 'TEMPORARY SEQUENCE'   WHEN 'v' THEN 'TEMPORARY VIEW'   ELSE NULL   END  END  WHEN false THEN CASE c.relkind  WHEN 'r' THEN 'TABLE'  WHEN 'p' THEN 'PARTITIONED TABLE'  WHEN 'i' THEN 'INDEX'  WHEN 'P' then 'PARTITIONED INDEX'  WHEN 'S' THEN 'SEQUENCE'  WHEN 'v' THEN 'VIEW'  WHEN 'c' THEN 'TYPE'  WHEN 'f' THEN 'FOREIGN TABLE'  WHEN 'm' THEN 'MATERIALIZED VIEW'  ELSE NULL  END  ELSE NULL  END  AS TABLE_TYPE, d.description AS REMARKS,  '' as TYPE_CAT, '' as TYPE_SCHEM, '' as TYPE_NAME, '' AS SELF_REFERENCING_COL_NAME, '' AS REF_GENERATION  FROM pg_catalog.pg_namespace n, pg_catalog.pg_class c  LEFT JOIN pg_catalog.pg_description d ON (c.oid = d.objoid AND d.objsubid = 0  and d.classoid = 'pg_class'::regclass)  WHERE c.relnamespace = n.oid  AND c.relname LIKE 'hib_article_tags' AND (false  OR ( c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' )  OR ( c.relkind = 'v' AND n.nspname <> 'pg_catalog' AND n.nspname <> 'information_schema' ) )  ORDER BY TABLE_TYPE,TABLE_SCHEM,TABLE_NAME

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT * FROM (SELECT n.nspname,c.relname,a.attname,a.atttypid,a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) AS attnotnull,a.atttypmod,a.attlen,t.typtypmod,row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS attnum, nullif(a.attidentity, '') as attidentity,nullif(a.attgenerated, '') as attgenerated,pg_catalog.pg_get_expr(def.adbin, def.adrelid) AS adsrc,dsc.description,t.typbasetype,t.typtype  FROM pg_catalog.pg_namespace n  JOIN pg_catalog.pg_class c ON (c.relnamespace = n.oid)  JOIN pg_catalog.pg_attribute a ON (a.attrelid=c.oid)  JOIN pg_catalog.pg_type t ON (a.atttypid = t.oid)  LEFT JOIN pg_catalog.pg_attrdef def ON (a.attrelid=def.adrelid AND a.attnum = def.adnum)  LEFT JOIN pg_catalog.pg_description dsc ON (c.oid=dsc.objoid AND a.attnum = dsc.objsubid)  LEFT JOIN pg_catalog.pg_class dc ON (dc.oid=dsc.classoid AND dc.relname='pg_class')  LEFT JOIN pg_catalog.pg_namespace dn ON (dc.relnamespace=dn.oid AND dn.nspname='pg_catalog')  WHERE c.relkind in ('r','p','v','f','m') and a.attnum > 0 AND NOT a.attisdropped  AND n.nspname LIKE 'public' AND c.relname LIKE 'hib_article_tags') c WHERE true  AND attname LIKE '%' ORDER BY nspname,c.relname,attnum

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT setting FROM pg_catalog.pg_settings WHERE name='max_index_keys'

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT NULL::text AS PKTABLE_CAT, pkn.nspname AS PKTABLE_SCHEM, pkc.relname AS PKTABLE_NAME, pka.attname AS PKCOLUMN_NAME, NULL::text AS FKTABLE_CAT, fkn.nspname AS FKTABLE_SCHEM, fkc.relname AS FKTABLE_NAME, fka.attname AS FKCOLUMN_NAME, pos.n AS KEY_SEQ, CASE con.confupdtype  WHEN 'c' THEN 0 WHEN 'n' THEN 2 WHEN 'd' THEN 4 WHEN 'r' THEN 1 WHEN 'p' THEN 1 WHEN 'a' THEN 3 ELSE NULL END AS UPDATE_RULE, CASE con.confdeltype  WHEN 'c' THEN 0 WHEN 'n' THEN 2 WHEN 'd' THEN 4 WHEN 'r' THEN 1 WHEN 'p' THEN 1 WHEN 'a' THEN 3 ELSE NULL END AS DELETE_RULE, con.conname AS FK_NAME, pkic.relname AS PK_NAME, CASE  WHEN con.condeferrable AND con.condeferred THEN 5 WHEN con.condeferrable THEN 6 ELSE 7 END AS DEFERRABILITY  FROM  pg_catalog.pg_namespace pkn, pg_catalog.pg_class pkc, pg_catalog.pg_attribute pka,  pg_catalog.pg_namespace fkn, pg_catalog.pg_class fkc, pg_catalog.pg_attribute fka,  pg_catalog.pg_constraint con,  pg_catalog.generate_series(1, 32) pos(n),  pg_catalog.pg_class pkic WHERE pkn.oid = pkc.relnamespace AND pkc.oid = pka.attrelid AND pka.attnum = con.confkey[pos.n] AND con.confrelid = pkc.oid  AND fkn.oid = fkc.relnamespace AND fkc.oid = fka.attrelid AND fka.attnum = con.conkey[pos.n] AND con.conrelid = fkc.oid  AND con.contype = 'f' AND (pkic.relkind = 'i' OR pkic.relkind = 'I') AND pkic.oid = con.conindid  AND fkn.nspname = 'public' AND fkc.relname = 'hib_article_tags' ORDER BY pkn.nspname,pkc.relname, con.conname,pos.n

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT     tmp.TABLE_CAT,     tmp.TABLE_SCHEM,     tmp.TABLE_NAME,     tmp.NON_UNIQUE,     tmp.INDEX_QUALIFIER,     tmp.INDEX_NAME,     tmp.TYPE,     tmp.ORDINAL_POSITION,     trim(both '"' from pg_catalog.pg_get_indexdef(tmp.CI_OID, tmp.ORDINAL_POSITION, false)) AS COLUMN_NAME,   CASE tmp.AM_NAME     WHEN 'btree' THEN CASE tmp.I_INDOPTION[tmp.ORDINAL_POSITION - 1] & 1::smallint       WHEN 1 THEN 'D'       ELSE 'A'     END     ELSE NULL   END AS ASC_OR_DESC,     tmp.CARDINALITY,     tmp.PAGES,     tmp.FILTER_CONDITION FROM (SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM,   ct.relname AS TABLE_NAME, NOT i.indisunique AS NON_UNIQUE,   NULL AS INDEX_QUALIFIER, ci.relname AS INDEX_NAME,   CASE i.indisclustered     WHEN true THEN 1    ELSE CASE am.amname       WHEN 'hash' THEN 2      ELSE 3    END   END AS TYPE,   (information_schema._pg_expandarray(i.indkey)).n AS ORDINAL_POSITION,   ci.reltuples AS CARDINALITY,   ci.relpages AS PAGES,   pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS FILTER_CONDITION,   ci.oid AS CI_OID,   i.indoption AS I_INDOPTION,   am.amname AS AM_NAME FROM pg_catalog.pg_class ct   JOIN pg_catalog.pg_namespace n ON (ct.relnamespace = n.oid)   JOIN pg_catalog.pg_index i ON (ct.oid = i.indrelid)   JOIN pg_catalog.pg_class ci ON (ci.oid = i.indexrelid)   JOIN pg_catalog.pg_am am ON (ci.relam = am.oid) WHERE true  AND n.nspname = 'public' AND ct.relname = 'hib_article_tags') AS tmp ORDER BY NON_UNIQUE, TYPE, INDEX_NAME, ORDINAL_POSITION

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM, c.relname AS TABLE_NAME,  CASE n.nspname ~ '^pg_' OR n.nspname = 'information_schema'  WHEN true THEN CASE  WHEN n.nspname = 'pg_catalog' OR n.nspname = 'information_schema' THEN CASE c.relkind   WHEN 'r' THEN 'SYSTEM TABLE'   WHEN 'v' THEN 'SYSTEM VIEW'   WHEN 'i' THEN 'SYSTEM INDEX'   ELSE NULL   END  WHEN n.nspname = 'pg_toast' THEN CASE c.relkind   WHEN 'r' THEN 'SYSTEM TOAST TABLE'   WHEN 'i' THEN 'SYSTEM TOAST INDEX'   ELSE NULL   END  ELSE CASE c.relkind   WHEN 'r' THEN 'TEMPORARY TABLE'   WHEN 'p' THEN 'TEMPORARY TABLE'   WHEN 'i' THEN 'TEMPORARY INDEX'   WHEN 'S' THEN 'TEMPORARY SEQUENCE'   WHEN 'v' THEN 'TEMPORARY VIEW'   ELSE NULL   END  END  WHEN false THEN CASE c.relkind  WHEN 'r' THEN 'TABLE'  WHEN 'p' THEN 'PARTITIONED TABLE'  WHEN 'i' THEN 'INDEX'  WHEN 'P' then 'PARTITIONED INDEX'  WHEN 'S' THEN 'SEQUENCE'  WHEN 'v' THEN 'VIEW'  WHEN 'c' THEN 'TYPE'  WHEN 'f' THEN 'FOREIGN TABLE'  WHEN 'm' THEN 'MATERIALIZED VIEW'  ELSE NULL  END  ELSE NULL  END  AS TABLE_TYPE, d.description AS REMARKS,  '' as TYPE_CAT, '' as TYPE_SCHEM, '' as TYPE_NAME, '' AS SELF_REFERENCING_COL_NAME, '' AS REF_GENERATION  FROM pg_catalog.pg_namespace n, pg_catalog.pg_class c  LEFT JOIN pg_catalog.pg_description d ON (c.oid = d.objoid AND d.objsubid = 0  and d.classoid = 'pg_class'::regclass)  WHERE c.relnamespace = n.oid  AND c.relname LIKE 'hib_articles' AND (false  OR ( c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' )  OR ( c.relkind = 'v' AND n.nspname <> 'pg_catalog' AND n.nspname <> 'information_schema' ) )  ORDER BY TABLE_TYPE,TABLE_SCHEM,TABLE_NAME

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT * FROM (SELECT n.nspname,c.relname,a.attname,a.atttypid,a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) AS attnotnull,a.atttypmod,a.attlen,t.typtypmod,row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS attnum, nullif(a.attidentity, '') as attidentity,nullif(a.attgenerated, '') as attgenerated,pg_catalog.pg_get_expr(def.adbin, def.adrelid) AS adsrc,dsc.description,t.typbasetype,t.typtype  FROM pg_catalog.pg_namespace n  JOIN pg_catalog.pg_class c ON (c.relnamespace = n.oid)  JOIN pg_catalog.pg_attribute a ON (a.attrelid=c.oid)  JOIN pg_catalog.pg_type t ON (a.atttypid = t.oid)  LEFT JOIN pg_catalog.pg_attrdef def ON (a.attrelid=def.adrelid AND a.attnum = def.adnum)  LEFT JOIN pg_catalog.pg_description dsc ON (c.oid=dsc.objoid AND a.attnum = dsc.objsubid)  LEFT JOIN pg_catalog.pg_class dc ON (dc.oid=dsc.classoid AND dc.relname='pg_class')  LEFT JOIN pg_catalog.pg_namespace dn ON (dc.relnamespace=dn.oid AND dn.nspname='pg_catalog')  WHERE c.relkind in ('r','p','v','f','m') and a.attnum > 0 AND NOT a.attisdropped  AND n.nspname LIKE 'public' AND c.relname LIKE 'hib_articles') c WHERE true  AND attname LIKE '%' ORDER BY nspname,c.relname,attnum

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT NULL::text AS PKTABLE_CAT, pkn.nspname AS PKTABLE_SCHEM, pkc.relname AS PKTABLE_NAME, pka.attname AS PKCOLUMN_NAME, NULL::text AS FKTABLE_CAT, fkn.nspname AS FKTABLE_SCHEM, fkc.relname AS FKTABLE_NAME, fka.attname AS FKCOLUMN_NAME, pos.n AS KEY_SEQ, CASE con.confupdtype  WHEN 'c' THEN 0 WHEN 'n' THEN 2 WHEN 'd' THEN 4 WHEN 'r' THEN 1 WHEN 'p' THEN 1 WHEN 'a' THEN 3 ELSE NULL END AS UPDATE_RULE, CASE con.confdeltype  WHEN 'c' THEN 0 WHEN 'n' THEN 2 WHEN 'd' THEN 4 WHEN 'r' THEN 1 WHEN 'p' THEN 1 WHEN 'a' THEN 3 ELSE NULL END AS DELETE_RULE, con.conname AS FK_NAME, pkic.relname AS PK_NAME, CASE  WHEN con.condeferrable AND con.condeferred THEN 5 WHEN con.condeferrable THEN 6 ELSE 7 END AS DEFERRABILITY  FROM  pg_catalog.pg_namespace pkn, pg_catalog.pg_class pkc, pg_catalog.pg_attribute pka,  pg_catalog.pg_namespace fkn, pg_catalog.pg_class fkc, pg_catalog.pg_attribute fka,  pg_catalog.pg_constraint con,  pg_catalog.generate_series(1, 32) pos(n),  pg_catalog.pg_class pkic WHERE pkn.oid = pkc.relnamespace AND pkc.oid = pka.attrelid AND pka.attnum = con.confkey[pos.n] AND con.confrelid = pkc.oid  AND fkn.oid = fkc.relnamespace AND fkc.oid = fka.attrelid AND fka.attnum = con.conkey[pos.n] AND con.conrelid = fkc.oid  AND con.contype = 'f' AND (pkic.relkind = 'i' OR pkic.relkind = 'I') AND pkic.oid = con.conindid  AND fkn.nspname = 'public' AND fkc.relname = 'hib_articles' ORDER BY pkn.nspname,pkc.relname, con.conname,pos.n

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT     tmp.TABLE_CAT,     tmp.TABLE_SCHEM,     tmp.TABLE_NAME,     tmp.NON_UNIQUE,     tmp.INDEX_QUALIFIER,     tmp.INDEX_NAME,     tmp.TYPE,     tmp.ORDINAL_POSITION,     trim(both '"' from pg_catalog.pg_get_indexdef(tmp.CI_OID, tmp.ORDINAL_POSITION, false)) AS COLUMN_NAME,   CASE tmp.AM_NAME     WHEN 'btree' THEN CASE tmp.I_INDOPTION[tmp.ORDINAL_POSITION - 1] & 1::smallint       WHEN 1 THEN 'D'       ELSE 'A'     END     ELSE NULL   END AS ASC_OR_DESC,     tmp.CARDINALITY,     tmp.PAGES,     tmp.FILTER_CONDITION FROM (SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM,   ct.relname AS TABLE_NAME, NOT i.indisunique AS NON_UNIQUE,   NULL AS INDEX_QUALIFIER, ci.relname AS INDEX_NAME,   CASE i.indisclustered     WHEN true THEN 1    ELSE CASE am.amname       WHEN 'hash' THEN 2      ELSE 3    END   END AS TYPE,   (information_schema._pg_expandarray(i.indkey)).n AS ORDINAL_POSITION,   ci.reltuples AS CARDINALITY,   ci.relpages AS PAGES,   pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS FILTER_CONDITION,   ci.oid AS CI_OID,   i.indoption AS I_INDOPTION,   am.amname AS AM_NAME FROM pg_catalog.pg_class ct   JOIN pg_catalog.pg_namespace n ON (ct.relnamespace = n.oid)   JOIN pg_catalog.pg_index i ON (ct.oid = i.indrelid)   JOIN pg_catalog.pg_class ci ON (ci.oid = i.indexrelid)   JOIN pg_catalog.pg_am am ON (ci.relam = am.oid) WHERE true  AND n.nspname = 'public' AND ct.relname = 'hib_articles') AS tmp ORDER BY NON_UNIQUE, TYPE, INDEX_NAME, ORDINAL_POSITION

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM, c.relname AS TABLE_NAME,  CASE n.nspname ~ '^pg_' OR n.nspname = 'information_schema'  WHEN true THEN CASE  WHEN n.nspname = 'pg_catalog' OR n.nspname = 'information_schema' THEN CASE c.relkind   WHEN 'r' THEN 'SYSTEM TABLE'   WHEN 'v' THEN 'SYSTEM VIEW'   WHEN 'i' THEN 'SYSTEM INDEX'   ELSE NULL   END  WHEN n.nspname = 'pg_toast' THEN CASE c.relkind   WHEN 'r' THEN 'SYSTEM TOAST TABLE'   WHEN 'i' THEN 'SYSTEM TOAST INDEX'   ELSE NULL   END  ELSE CASE c.relkind   WHEN 'r' THEN 'TEMPORARY TABLE'   WHEN 'p' THEN 'TEMPORARY TABLE'   WHEN 'i' THEN 'TEMPORARY INDEX'   WHEN 'S' THEN 'TEMPORARY SEQUENCE'   WHEN 'v' THEN 'TEMPORARY VIEW'   ELSE NULL   END  END  WHEN false THEN CASE c.relkind  WHEN 'r' THEN 'TABLE'  WHEN 'p' THEN 'PARTITIONED TABLE'  WHEN 'i' THEN 'INDEX'  WHEN 'P' then 'PARTITIONED INDEX'  WHEN 'S' THEN 'SEQUENCE'  WHEN 'v' THEN 'VIEW'  WHEN 'c' THEN 'TYPE'  WHEN 'f' THEN 'FOREIGN TABLE'  WHEN 'm' THEN 'MATERIALIZED VIEW'  ELSE NULL  END  ELSE NULL  END  AS TABLE_TYPE, d.description AS REMARKS,  '' as TYPE_CAT, '' as TYPE_SCHEM, '' as TYPE_NAME, '' AS SELF_REFERENCING_COL_NAME, '' AS REF_GENERATION  FROM pg_catalog.pg_namespace n, pg_catalog.pg_class c  LEFT JOIN pg_catalog.pg_description d ON (c.oid = d.objoid AND d.objsubid = 0  and d.classoid = 'pg_class'::regclass)  WHERE c.relnamespace = n.oid  AND c.relname LIKE 'hib_authors' AND (false  OR ( c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' )  OR ( c.relkind = 'v' AND n.nspname <> 'pg_catalog' AND n.nspname <> 'information_schema' ) )  ORDER BY TABLE_TYPE,TABLE_SCHEM,TABLE_NAME

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT * FROM (SELECT n.nspname,c.relname,a.attname,a.atttypid,a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) AS attnotnull,a.atttypmod,a.attlen,t.typtypmod,row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS attnum, nullif(a.attidentity, '') as attidentity,nullif(a.attgenerated, '') as attgenerated,pg_catalog.pg_get_expr(def.adbin, def.adrelid) AS adsrc,dsc.description,t.typbasetype,t.typtype  FROM pg_catalog.pg_namespace n  JOIN pg_catalog.pg_class c ON (c.relnamespace = n.oid)  JOIN pg_catalog.pg_attribute a ON (a.attrelid=c.oid)  JOIN pg_catalog.pg_type t ON (a.atttypid = t.oid)  LEFT JOIN pg_catalog.pg_attrdef def ON (a.attrelid=def.adrelid AND a.attnum = def.adnum)  LEFT JOIN pg_catalog.pg_description dsc ON (c.oid=dsc.objoid AND a.attnum = dsc.objsubid)  LEFT JOIN pg_catalog.pg_class dc ON (dc.oid=dsc.classoid AND dc.relname='pg_class')  LEFT JOIN pg_catalog.pg_namespace dn ON (dc.relnamespace=dn.oid AND dn.nspname='pg_catalog')  WHERE c.relkind in ('r','p','v','f','m') and a.attnum > 0 AND NOT a.attisdropped  AND n.nspname LIKE 'public' AND c.relname LIKE 'hib_authors') c WHERE true  AND attname LIKE '%' ORDER BY nspname,c.relname,attnum

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT NULL::text AS PKTABLE_CAT, pkn.nspname AS PKTABLE_SCHEM, pkc.relname AS PKTABLE_NAME, pka.attname AS PKCOLUMN_NAME, NULL::text AS FKTABLE_CAT, fkn.nspname AS FKTABLE_SCHEM, fkc.relname AS FKTABLE_NAME, fka.attname AS FKCOLUMN_NAME, pos.n AS KEY_SEQ, CASE con.confupdtype  WHEN 'c' THEN 0 WHEN 'n' THEN 2 WHEN 'd' THEN 4 WHEN 'r' THEN 1 WHEN 'p' THEN 1 WHEN 'a' THEN 3 ELSE NULL END AS UPDATE_RULE, CASE con.confdeltype  WHEN 'c' THEN 0 WHEN 'n' THEN 2 WHEN 'd' THEN 4 WHEN 'r' THEN 1 WHEN 'p' THEN 1 WHEN 'a' THEN 3 ELSE NULL END AS DELETE_RULE, con.conname AS FK_NAME, pkic.relname AS PK_NAME, CASE  WHEN con.condeferrable AND con.condeferred THEN 5 WHEN con.condeferrable THEN 6 ELSE 7 END AS DEFERRABILITY  FROM  pg_catalog.pg_namespace pkn, pg_catalog.pg_class pkc, pg_catalog.pg_attribute pka,  pg_catalog.pg_namespace fkn, pg_catalog.pg_class fkc, pg_catalog.pg_attribute fka,  pg_catalog.pg_constraint con,  pg_catalog.generate_series(1, 32) pos(n),  pg_catalog.pg_class pkic WHERE pkn.oid = pkc.relnamespace AND pkc.oid = pka.attrelid AND pka.attnum = con.confkey[pos.n] AND con.confrelid = pkc.oid  AND fkn.oid = fkc.relnamespace AND fkc.oid = fka.attrelid AND fka.attnum = con.conkey[pos.n] AND con.conrelid = fkc.oid  AND con.contype = 'f' AND (pkic.relkind = 'i' OR pkic.relkind = 'I') AND pkic.oid = con.conindid  AND fkn.nspname = 'public' AND fkc.relname = 'hib_authors' ORDER BY pkn.nspname,pkc.relname, con.conname,pos.n

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT     tmp.TABLE_CAT,     tmp.TABLE_SCHEM,     tmp.TABLE_NAME,     tmp.NON_UNIQUE,     tmp.INDEX_QUALIFIER,     tmp.INDEX_NAME,     tmp.TYPE,     tmp.ORDINAL_POSITION,     trim(both '"' from pg_catalog.pg_get_indexdef(tmp.CI_OID, tmp.ORDINAL_POSITION, false)) AS COLUMN_NAME,   CASE tmp.AM_NAME     WHEN 'btree' THEN CASE tmp.I_INDOPTION[tmp.ORDINAL_POSITION - 1] & 1::smallint       WHEN 1 THEN 'D'       ELSE 'A'     END     ELSE NULL   END AS ASC_OR_DESC,     tmp.CARDINALITY,     tmp.PAGES,     tmp.FILTER_CONDITION FROM (SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM,   ct.relname AS TABLE_NAME, NOT i.indisunique AS NON_UNIQUE,   NULL AS INDEX_QUALIFIER, ci.relname AS INDEX_NAME,   CASE i.indisclustered     WHEN true THEN 1    ELSE CASE am.amname       WHEN 'hash' THEN 2      ELSE 3    END   END AS TYPE,   (information_schema._pg_expandarray(i.indkey)).n AS ORDINAL_POSITION,   ci.reltuples AS CARDINALITY,   ci.relpages AS PAGES,   pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS FILTER_CONDITION,   ci.oid AS CI_OID,   i.indoption AS I_INDOPTION,   am.amname AS AM_NAME FROM pg_catalog.pg_class ct   JOIN pg_catalog.pg_namespace n ON (ct.relnamespace = n.oid)   JOIN pg_catalog.pg_index i ON (ct.oid = i.indrelid)   JOIN pg_catalog.pg_class ci ON (ci.oid = i.indexrelid)   JOIN pg_catalog.pg_am am ON (ci.relam = am.oid) WHERE true  AND n.nspname = 'public' AND ct.relname = 'hib_authors') AS tmp ORDER BY NON_UNIQUE, TYPE, INDEX_NAME, ORDINAL_POSITION

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM, c.relname AS TABLE_NAME,  CASE n.nspname ~ '^pg_' OR n.nspname = 'information_schema'  WHEN true THEN CASE  WHEN n.nspname = 'pg_catalog' OR n.nspname = 'information_schema' THEN CASE c.relkind   WHEN 'r' THEN 'SYSTEM TABLE'   WHEN 'v' THEN 'SYSTEM VIEW'   WHEN 'i' THEN 'SYSTEM INDEX'   ELSE NULL   END  WHEN n.nspname = 'pg_toast' THEN CASE c.relkind   WHEN 'r' THEN 'SYSTEM TOAST TABLE'   WHEN 'i' THEN 'SYSTEM TOAST INDEX'   ELSE NULL   END  ELSE CASE c.relkind   WHEN 'r' THEN 'TEMPORARY TABLE'   WHEN 'p' THEN 'TEMPORARY TABLE'   WHEN 'i' THEN 'TEMPORARY INDEX'   WHEN 'S' THEN 'TEMPORARY SEQUENCE'   WHEN 'v' THEN 'TEMPORARY VIEW'   ELSE NULL   END  END  WHEN false THEN CASE c.relkind  WHEN 'r' THEN 'TABLE'  WHEN 'p' THEN 'PARTITIONED TABLE'  WHEN 'i' THEN 'INDEX'  WHEN 'P' then 'PARTITIONED INDEX'  WHEN 'S' THEN 'SEQUENCE'  WHEN 'v' THEN 'VIEW'  WHEN 'c' THEN 'TYPE'  WHEN 'f' THEN 'FOREIGN TABLE'  WHEN 'm' THEN 'MATERIALIZED VIEW'  ELSE NULL  END  ELSE NULL  END  AS TABLE_TYPE, d.description AS REMARKS,  '' as TYPE_CAT, '' as TYPE_SCHEM, '' as TYPE_NAME, '' AS SELF_REFERENCING_COL_NAME, '' AS REF_GENERATION  FROM pg_catalog.pg_namespace n, pg_catalog.pg_class c  LEFT JOIN pg_catalog.pg_description d ON (c.oid = d.objoid AND d.objsubid = 0  and d.classoid = 'pg_class'::regclass)  WHERE c.relnamespace = n.oid  AND c.relname LIKE 'hib_editors' AND (false  OR ( c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' )  OR ( c.relkind = 'v' AND n.nspname <> 'pg_catalog' AND n.nspname <> 'information_schema' ) )  ORDER BY TABLE_TYPE,TABLE_SCHEM,TABLE_NAME

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT * FROM (SELECT n.nspname,c.relname,a.attname,a.atttypid,a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) AS attnotnull,a.atttypmod,a.attlen,t.typtypmod,row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS attnum, nullif(a.attidentity, '') as attidentity,nullif(a.attgenerated, '') as attgenerated,pg_catalog.pg_get_expr(def.adbin, def.adrelid) AS adsrc,dsc.description,t.typbasetype,t.typtype  FROM pg_catalog.pg_namespace n  JOIN pg_catalog.pg_class c ON (c.relnamespace = n.oid)  JOIN pg_catalog.pg_attribute a ON (a.attrelid=c.oid)  JOIN pg_catalog.pg_type t ON (a.atttypid = t.oid)  LEFT JOIN pg_catalog.pg_attrdef def ON (a.attrelid=def.adrelid AND a.attnum = def.adnum)  LEFT JOIN pg_catalog.pg_description dsc ON (c.oid=dsc.objoid AND a.attnum = dsc.objsubid)  LEFT JOIN pg_catalog.pg_class dc ON (dc.oid=dsc.classoid AND dc.relname='pg_class')  LEFT JOIN pg_catalog.pg_namespace dn ON (dc.relnamespace=dn.oid AND dn.nspname='pg_catalog')  WHERE c.relkind in ('r','p','v','f','m') and a.attnum > 0 AND NOT a.attisdropped  AND n.nspname LIKE 'public' AND c.relname LIKE 'hib_editors') c WHERE true  AND attname LIKE '%' ORDER BY nspname,c.relname,attnum

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT NULL::text AS PKTABLE_CAT, pkn.nspname AS PKTABLE_SCHEM, pkc.relname AS PKTABLE_NAME, pka.attname AS PKCOLUMN_NAME, NULL::text AS FKTABLE_CAT, fkn.nspname AS FKTABLE_SCHEM, fkc.relname AS FKTABLE_NAME, fka.attname AS FKCOLUMN_NAME, pos.n AS KEY_SEQ, CASE con.confupdtype  WHEN 'c' THEN 0 WHEN 'n' THEN 2 WHEN 'd' THEN 4 WHEN 'r' THEN 1 WHEN 'p' THEN 1 WHEN 'a' THEN 3 ELSE NULL END AS UPDATE_RULE, CASE con.confdeltype  WHEN 'c' THEN 0 WHEN 'n' THEN 2 WHEN 'd' THEN 4 WHEN 'r' THEN 1 WHEN 'p' THEN 1 WHEN 'a' THEN 3 ELSE NULL END AS DELETE_RULE, con.conname AS FK_NAME, pkic.relname AS PK_NAME, CASE  WHEN con.condeferrable AND con.condeferred THEN 5 WHEN con.condeferrable THEN 6 ELSE 7 END AS DEFERRABILITY  FROM  pg_catalog.pg_namespace pkn, pg_catalog.pg_class pkc, pg_catalog.pg_attribute pka,  pg_catalog.pg_namespace fkn, pg_catalog.pg_class fkc, pg_catalog.pg_attribute fka,  pg_catalog.pg_constraint con,  pg_catalog.generate_series(1, 32) pos(n),  pg_catalog.pg_class pkic WHERE pkn.oid = pkc.relnamespace AND pkc.oid = pka.attrelid AND pka.attnum = con.confkey[pos.n] AND con.confrelid = pkc.oid  AND fkn.oid = fkc.relnamespace AND fkc.oid = fka.attrelid AND fka.attnum = con.conkey[pos.n] AND con.conrelid = fkc.oid  AND con.contype = 'f' AND (pkic.relkind = 'i' OR pkic.relkind = 'I') AND pkic.oid = con.conindid  AND fkn.nspname = 'public' AND fkc.relname = 'hib_editors' ORDER BY pkn.nspname,pkc.relname, con.conname,pos.n

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT     tmp.TABLE_CAT,     tmp.TABLE_SCHEM,     tmp.TABLE_NAME,     tmp.NON_UNIQUE,     tmp.INDEX_QUALIFIER,     tmp.INDEX_NAME,     tmp.TYPE,     tmp.ORDINAL_POSITION,     trim(both '"' from pg_catalog.pg_get_indexdef(tmp.CI_OID, tmp.ORDINAL_POSITION, false)) AS COLUMN_NAME,   CASE tmp.AM_NAME     WHEN 'btree' THEN CASE tmp.I_INDOPTION[tmp.ORDINAL_POSITION - 1] & 1::smallint       WHEN 1 THEN 'D'       ELSE 'A'     END     ELSE NULL   END AS ASC_OR_DESC,     tmp.CARDINALITY,     tmp.PAGES,     tmp.FILTER_CONDITION FROM (SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM,   ct.relname AS TABLE_NAME, NOT i.indisunique AS NON_UNIQUE,   NULL AS INDEX_QUALIFIER, ci.relname AS INDEX_NAME,   CASE i.indisclustered     WHEN true THEN 1    ELSE CASE am.amname       WHEN 'hash' THEN 2      ELSE 3    END   END AS TYPE,   (information_schema._pg_expandarray(i.indkey)).n AS ORDINAL_POSITION,   ci.reltuples AS CARDINALITY,   ci.relpages AS PAGES,   pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS FILTER_CONDITION,   ci.oid AS CI_OID,   i.indoption AS I_INDOPTION,   am.amname AS AM_NAME FROM pg_catalog.pg_class ct   JOIN pg_catalog.pg_namespace n ON (ct.relnamespace = n.oid)   JOIN pg_catalog.pg_index i ON (ct.oid = i.indrelid)   JOIN pg_catalog.pg_class ci ON (ci.oid = i.indexrelid)   JOIN pg_catalog.pg_am am ON (ci.relam = am.oid) WHERE true  AND n.nspname = 'public' AND ct.relname = 'hib_editors') AS tmp ORDER BY NON_UNIQUE, TYPE, INDEX_NAME, ORDINAL_POSITION

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM, c.relname AS TABLE_NAME,  CASE n.nspname ~ '^pg_' OR n.nspname = 'information_schema'  WHEN true THEN CASE  WHEN n.nspname = 'pg_catalog' OR n.nspname = 'information_schema' THEN CASE c.relkind   WHEN 'r' THEN 'SYSTEM TABLE'   WHEN 'v' THEN 'SYSTEM VIEW'   WHEN 'i' THEN 'SYSTEM INDEX'   ELSE NULL   END  WHEN n.nspname = 'pg_toast' THEN CASE c.relkind   WHEN 'r' THEN 'SYSTEM TOAST TABLE'   WHEN 'i' THEN 'SYSTEM TOAST INDEX'   ELSE NULL   END  ELSE CASE c.relkind   WHEN 'r' THEN 'TEMPORARY TABLE'   WHEN 'p' THEN 'TEMPORARY TABLE'   WHEN 'i' THEN 'TEMPORARY INDEX'   WHEN 'S' THEN 'TEMPORARY SEQUENCE'   WHEN 'v' THEN 'TEMPORARY VIEW'   ELSE NULL   END  END  WHEN false THEN CASE c.relkind  WHEN 'r' THEN 'TABLE'  WHEN 'p' THEN 'PARTITIONED TABLE'  WHEN 'i' THEN 'INDEX'  WHEN 'P' then 'PARTITIONED INDEX'  WHEN 'S' THEN 'SEQUENCE'  WHEN 'v' THEN 'VIEW'  WHEN 'c' THEN 'TYPE'  WHEN 'f' THEN 'FOREIGN TABLE'  WHEN 'm' THEN 'MATERIALIZED VIEW'  ELSE NULL  END  ELSE NULL  END  AS TABLE_TYPE, d.description AS REMARKS,  '' as TYPE_CAT, '' as TYPE_SCHEM, '' as TYPE_NAME, '' AS SELF_REFERENCING_COL_NAME, '' AS REF_GENERATION  FROM pg_catalog.pg_namespace n, pg_catalog.pg_class c  LEFT JOIN pg_catalog.pg_description d ON (c.oid = d.objoid AND d.objsubid = 0  and d.classoid = 'pg_class'::regclass)  WHERE c.relnamespace = n.oid  AND c.relname LIKE 'hibernate_sequences' AND (false  OR ( c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' )  OR ( c.relkind = 'v' AND n.nspname <> 'pg_catalog' AND n.nspname <> 'information_schema' ) )  ORDER BY TABLE_TYPE,TABLE_SCHEM,TABLE_NAME

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT * FROM (SELECT n.nspname,c.relname,a.attname,a.atttypid,a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) AS attnotnull,a.atttypmod,a.attlen,t.typtypmod,row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS attnum, nullif(a.attidentity, '') as attidentity,nullif(a.attgenerated, '') as attgenerated,pg_catalog.pg_get_expr(def.adbin, def.adrelid) AS adsrc,dsc.description,t.typbasetype,t.typtype  FROM pg_catalog.pg_namespace n  JOIN pg_catalog.pg_class c ON (c.relnamespace = n.oid)  JOIN pg_catalog.pg_attribute a ON (a.attrelid=c.oid)  JOIN pg_catalog.pg_type t ON (a.atttypid = t.oid)  LEFT JOIN pg_catalog.pg_attrdef def ON (a.attrelid=def.adrelid AND a.attnum = def.adnum)  LEFT JOIN pg_catalog.pg_description dsc ON (c.oid=dsc.objoid AND a.attnum = dsc.objsubid)  LEFT JOIN pg_catalog.pg_class dc ON (dc.oid=dsc.classoid AND dc.relname='pg_class')  LEFT JOIN pg_catalog.pg_namespace dn ON (dc.relnamespace=dn.oid AND dn.nspname='pg_catalog')  WHERE c.relkind in ('r','p','v','f','m') and a.attnum > 0 AND NOT a.attisdropped  AND n.nspname LIKE 'public' AND c.relname LIKE 'hibernate_sequences') c WHERE true  AND attname LIKE '%' ORDER BY nspname,c.relname,attnum

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT NULL::text AS PKTABLE_CAT, pkn.nspname AS PKTABLE_SCHEM, pkc.relname AS PKTABLE_NAME, pka.attname AS PKCOLUMN_NAME, NULL::text AS FKTABLE_CAT, fkn.nspname AS FKTABLE_SCHEM, fkc.relname AS FKTABLE_NAME, fka.attname AS FKCOLUMN_NAME, pos.n AS KEY_SEQ, CASE con.confupdtype  WHEN 'c' THEN 0 WHEN 'n' THEN 2 WHEN 'd' THEN 4 WHEN 'r' THEN 1 WHEN 'p' THEN 1 WHEN 'a' THEN 3 ELSE NULL END AS UPDATE_RULE, CASE con.confdeltype  WHEN 'c' THEN 0 WHEN 'n' THEN 2 WHEN 'd' THEN 4 WHEN 'r' THEN 1 WHEN 'p' THEN 1 WHEN 'a' THEN 3 ELSE NULL END AS DELETE_RULE, con.conname AS FK_NAME, pkic.relname AS PK_NAME, CASE  WHEN con.condeferrable AND con.condeferred THEN 5 WHEN con.condeferrable THEN 6 ELSE 7 END AS DEFERRABILITY  FROM  pg_catalog.pg_namespace pkn, pg_catalog.pg_class pkc, pg_catalog.pg_attribute pka,  pg_catalog.pg_namespace fkn, pg_catalog.pg_class fkc, pg_catalog.pg_attribute fka,  pg_catalog.pg_constraint con,  pg_catalog.generate_series(1, 32) pos(n),  pg_catalog.pg_class pkic WHERE pkn.oid = pkc.relnamespace AND pkc.oid = pka.attrelid AND pka.attnum = con.confkey[pos.n] AND con.confrelid = pkc.oid  AND fkn.oid = fkc.relnamespace AND fkc.oid = fka.attrelid AND fka.attnum = con.conkey[pos.n] AND con.conrelid = fkc.oid  AND con.contype = 'f' AND (pkic.relkind = 'i' OR pkic.relkind = 'I') AND pkic.oid = con.conindid  AND fkn.nspname = 'public' AND fkc.relname = 'hibernate_sequences' ORDER BY pkn.nspname,pkc.relname, con.conname,pos.n

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT     tmp.TABLE_CAT,     tmp.TABLE_SCHEM,     tmp.TABLE_NAME,     tmp.NON_UNIQUE,     tmp.INDEX_QUALIFIER,     tmp.INDEX_NAME,     tmp.TYPE,     tmp.ORDINAL_POSITION,     trim(both '"' from pg_catalog.pg_get_indexdef(tmp.CI_OID, tmp.ORDINAL_POSITION, false)) AS COLUMN_NAME,   CASE tmp.AM_NAME     WHEN 'btree' THEN CASE tmp.I_INDOPTION[tmp.ORDINAL_POSITION - 1] & 1::smallint       WHEN 1 THEN 'D'       ELSE 'A'     END     ELSE NULL   END AS ASC_OR_DESC,     tmp.CARDINALITY,     tmp.PAGES,     tmp.FILTER_CONDITION FROM (SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM,   ct.relname AS TABLE_NAME, NOT i.indisunique AS NON_UNIQUE,   NULL AS INDEX_QUALIFIER, ci.relname AS INDEX_NAME,   CASE i.indisclustered     WHEN true THEN 1    ELSE CASE am.amname       WHEN 'hash' THEN 2      ELSE 3    END   END AS TYPE,   (information_schema._pg_expandarray(i.indkey)).n AS ORDINAL_POSITION,   ci.reltuples AS CARDINALITY,   ci.relpages AS PAGES,   pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS FILTER_CONDITION,   ci.oid AS CI_OID,   i.indoption AS I_INDOPTION,   am.amname AS AM_NAME FROM pg_catalog.pg_class ct   JOIN pg_catalog.pg_namespace n ON (ct.relnamespace = n.oid)   JOIN pg_catalog.pg_index i ON (ct.oid = i.indrelid)   JOIN pg_catalog.pg_class ci ON (ci.oid = i.indexrelid)   JOIN pg_catalog.pg_am am ON (ci.relam = am.oid) WHERE true  AND n.nspname = 'public' AND ct.relname = 'hibernate_sequences') AS tmp ORDER BY NON_UNIQUE, TYPE, INDEX_NAME, ORDINAL_POSITION

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SET extra_float_digits = 3

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SET application_name = 'PostgreSQL JDBC Driver'

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
BEGIN

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
select relname from pg_class where relkind='S'

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM, c.relname AS TABLE_NAME,  CASE n.nspname ~ '^pg_' OR n.nspname = 'information_schema'  WHEN true THEN CASE  WHEN n.nspname = 'pg_catalog' OR n.nspname = 'information_schema' THEN CASE c.relkind   WHEN 'r' THEN 'SYSTEM TABLE'   WHEN 'v' THEN 'SYSTEM VIEW'   WHEN 'i' THEN 'SYSTEM INDEX'   ELSE NULL   END  WHEN n.nspname = 'pg_toast' THEN CASE c.relkind   WHEN 'r' THEN 'SYSTEM TOAST TABLE'   WHEN 'i' THEN 'SYSTEM TOAST INDEX'   ELSE NULL   END  ELSE CASE c.relkind   WHEN 'r' THEN 'TEMPORARY TABLE'   WHEN 'p' THEN 'TEMPORARY TABLE'   WHEN 'i' THEN 'TEMPORARY INDEX'   WHEN 'S' THEN 'TEMPORARY SEQUENCE'   WHEN 'v' THEN 'TEMPORARY VIEW'   ELSE NULL   END  END  WHEN false THEN CASE c.relkind  WHEN 'r' THEN 'TABLE'  WHEN 'p' THEN 'PARTITIONED TABLE'  WHEN 'i' THEN 'INDEX'  WHEN 'P' then 'PARTITIONED INDEX'  WHEN 'S' THEN 'SEQUENCE'  WHEN 'v' THEN 'VIEW'  WHEN 'c' THEN 'TYPE'  WHEN 'f' THEN 'FOREIGN TABLE'  WHEN 'm' THEN 'MATERIALIZED VIEW'  ELSE NULL  END  ELSE NULL  END  AS TABLE_TYPE, d.description AS REMARKS,  '' as TYPE_CAT, '' as TYPE_SCHEM, '' as TYPE_NAME, '' AS SELF_REFERENCING_COL_NAME, '' AS REF_GENERATION  FROM pg_catalog.pg_namespace n, pg_catalog.pg_class c  LEFT JOIN pg_catalog.pg_description d ON (c.oid = d.objoid AND d.objsubid = 0  and d.classoid = 'pg_class'::regclass)  WHERE c.relnamespace = n.oid  AND c.relname LIKE 'hib_article_tags' AND (false  OR ( c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' )  OR ( c.relkind = 'v' AND n.nspname <> 'pg_catalog' AND n.nspname <> 'information_schema' ) )  ORDER BY TABLE_TYPE,TABLE_SCHEM,TABLE_NAME

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT * FROM (SELECT n.nspname,c.relname,a.attname,a.atttypid,a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) AS attnotnull,a.atttypmod,a.attlen,t.typtypmod,row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS attnum, nullif(a.attidentity, '') as attidentity,nullif(a.attgenerated, '') as attgenerated,pg_catalog.pg_get_expr(def.adbin, def.adrelid) AS adsrc,dsc.description,t.typbasetype,t.typtype  FROM pg_catalog.pg_namespace n  JOIN pg_catalog.pg_class c ON (c.relnamespace = n.oid)  JOIN pg_catalog.pg_attribute a ON (a.attrelid=c.oid)  JOIN pg_catalog.pg_type t ON (a.atttypid = t.oid)  LEFT JOIN pg_catalog.pg_attrdef def ON (a.attrelid=def.adrelid AND a.attnum = def.adnum)  LEFT JOIN pg_catalog.pg_description dsc ON (c.oid=dsc.objoid AND a.attnum = dsc.objsubid)  LEFT JOIN pg_catalog.pg_class dc ON (dc.oid=dsc.classoid AND dc.relname='pg_class')  LEFT JOIN pg_catalog.pg_namespace dn ON (dc.relnamespace=dn.oid AND dn.nspname='pg_catalog')  WHERE c.relkind in ('r','p','v','f','m') and a.attnum > 0 AND NOT a.attisdropped  AND n.nspname LIKE 'public' AND c.relname LIKE 'hib_article_tags') c WHERE true  AND attname LIKE '%' ORDER BY nspname,c.relname,attnum

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM, c.relname AS TABLE_NAME,  CASE n.nspname ~ '^pg_' OR n.nspname = 'information_schema'  WHEN true THEN CASE  WHEN n.nspname = 'pg_catalog' OR n.nspname = 'information_schema' THEN CASE c.relkind   WHEN 'r' THEN 'SYSTEM TABLE'   WHEN 'v' THEN 'SYSTEM VIEW'   WHEN 'i' THEN 'SYSTEM INDEX'   ELSE NULL   END  WHEN n.nspname = 'pg_toast' THEN CASE c.relkind   WHEN 'r' THEN 'SYSTEM TOAST TABLE'   WHEN 'i' THEN 'SYSTEM TOAST INDEX'   ELSE NULL   END  ELSE CASE c.relkind   WHEN 'r' THEN 'TEMPORARY TABLE'   WHEN 'p' THEN 'TEMPORARY TABLE'   WHEN 'i' THEN 'TEMPORARY INDEX'   WHEN 'S' THEN 'TEMPORARY SEQUENCE'   WHEN 'v' THEN 'TEMPORARY VIEW'   ELSE NULL   END  END  WHEN false THEN CASE c.relkind  WHEN 'r' THEN 'TABLE'  WHEN 'p' THEN 'PARTITIONED TABLE'  WHEN 'i' THEN 'INDEX'  WHEN 'P' then 'PARTITIONED INDEX'  WHEN 'S' THEN 'SEQUENCE'  WHEN 'v' THEN 'VIEW'  WHEN 'c' THEN 'TYPE'  WHEN 'f' THEN 'FOREIGN TABLE'  WHEN 'm' THEN 'MATERIALIZED VIEW'  ELSE NULL  END  ELSE NULL  END  AS TABLE_TYPE, d.description AS REMARKS,  '' as TYPE_CAT, '' as TYPE_SCHEM, '' as TYPE_NAME, '' AS SELF_REFERENCING_COL_NAME, '' AS REF_GENERATION  FROM pg_catalog.pg_namespace n, pg_catalog.pg_class c  LEFT JOIN pg_catalog.pg_description d ON (c.oid = d.objoid AND d.objsubid = 0  and d.classoid = 'pg_class'::regclass)  WHERE c.relnamespace = n.oid  AND c.relname LIKE 'hib_articles' AND (false  OR ( c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' )  OR ( c.relkind = 'v' AND n.nspname <> 'pg_catalog' AND n.nspname <> 'information_schema' ) )  ORDER BY TABLE_TYPE,TABLE_SCHEM,TABLE_NAME

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT * FROM (SELECT n.nspname,c.relname,a.attname,a.atttypid,a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) AS attnotnull,a.atttypmod,a.attlen,t.typtypmod,row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS attnum, nullif(a.attidentity, '') as attidentity,nullif(a.attgenerated, '') as attgenerated,pg_catalog.pg_get_expr(def.adbin, def.adrelid) AS adsrc,dsc.description,t.typbasetype,t.typtype  FROM pg_catalog.pg_namespace n  JOIN pg_catalog.pg_class c ON (c.relnamespace = n.oid)  JOIN pg_catalog.pg_attribute a ON (a.attrelid=c.oid)  JOIN pg_catalog.pg_type t ON (a.atttypid = t.oid)  LEFT JOIN pg_catalog.pg_attrdef def ON (a.attrelid=def.adrelid AND a.attnum = def.adnum)  LEFT JOIN pg_catalog.pg_description dsc ON (c.oid=dsc.objoid AND a.attnum = dsc.objsubid)  LEFT JOIN pg_catalog.pg_class dc ON (dc.oid=dsc.classoid AND dc.relname='pg_class')  LEFT JOIN pg_catalog.pg_namespace dn ON (dc.relnamespace=dn.oid AND dn.nspname='pg_catalog')  WHERE c.relkind in ('r','p','v','f','m') and a.attnum > 0 AND NOT a.attisdropped  AND n.nspname LIKE 'public' AND c.relname LIKE 'hib_articles') c WHERE true  AND attname LIKE '%' ORDER BY nspname,c.relname,attnum

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM, c.relname AS TABLE_NAME,  CASE n.nspname ~ '^pg_' OR n.nspname = 'information_schema'  WHEN true THEN CASE  WHEN n.nspname = 'pg_catalog' OR n.nspname = 'information_schema' THEN CASE c.relkind   WHEN 'r' THEN 'SYSTEM TABLE'   WHEN 'v' THEN 'SYSTEM VIEW'   WHEN 'i' THEN 'SYSTEM INDEX'   ELSE NULL   END  WHEN n.nspname = 'pg_toast' THEN CASE c.relkind   WHEN 'r' THEN 'SYSTEM TOAST TABLE'   WHEN 'i' THEN 'SYSTEM TOAST INDEX'   ELSE NULL   END  ELSE CASE c.relkind   WHEN 'r' THEN 'TEMPORARY TABLE'   WHEN 'p' THEN 'TEMPORARY TABLE'   WHEN 'i' THEN 'TEMPORARY INDEX'   WHEN 'S' THEN 'TEMPORARY SEQUENCE'   WHEN 'v' THEN 'TEMPORARY VIEW'   ELSE NULL   END  END  WHEN false THEN CASE c.relkind  WHEN 'r' THEN 'TABLE'  WHEN 'p' THEN 'PARTITIONED TABLE'  WHEN 'i' THEN 'INDEX'  WHEN 'P' then 'PARTITIONED INDEX'  WHEN 'S' THEN 'SEQUENCE'  WHEN 'v' THEN 'VIEW'  WHEN 'c' THEN 'TYPE'  WHEN 'f' THEN 'FOREIGN TABLE'  WHEN 'm' THEN 'MATERIALIZED VIEW'  ELSE NULL  END  ELSE NULL  END  AS TABLE_TYPE, d.description AS REMARKS,  '' as TYPE_CAT, '' as TYPE_SCHEM, '' as TYPE_NAME, '' AS SELF_REFERENCING_COL_NAME, '' AS REF_GENERATION  FROM pg_catalog.pg_namespace n, pg_catalog.pg_class c  LEFT JOIN pg_catalog.pg_description d ON (c.oid = d.objoid AND d.objsubid = 0  and d.classoid = 'pg_class'::regclass)  WHERE c.relnamespace = n.oid  AND c.relname LIKE 'hib_authors' AND (false  OR ( c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' )  OR ( c.relkind = 'v' AND n.nspname <> 'pg_catalog' AND n.nspname <> 'information_schema' ) )  ORDER BY TABLE_TYPE,TABLE_SCHEM,TABLE_NAME

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT * FROM (SELECT n.nspname,c.relname,a.attname,a.atttypid,a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) AS attnotnull,a.atttypmod,a.attlen,t.typtypmod,row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS attnum, nullif(a.attidentity, '') as attidentity,nullif(a.attgenerated, '') as attgenerated,pg_catalog.pg_get_expr(def.adbin, def.adrelid) AS adsrc,dsc.description,t.typbasetype,t.typtype  FROM pg_catalog.pg_namespace n  JOIN pg_catalog.pg_class c ON (c.relnamespace = n.oid)  JOIN pg_catalog.pg_attribute a ON (a.attrelid=c.oid)  JOIN pg_catalog.pg_type t ON (a.atttypid = t.oid)  LEFT JOIN pg_catalog.pg_attrdef def ON (a.attrelid=def.adrelid AND a.attnum = def.adnum)  LEFT JOIN pg_catalog.pg_description dsc ON (c.oid=dsc.objoid AND a.attnum = dsc.objsubid)  LEFT JOIN pg_catalog.pg_class dc ON (dc.oid=dsc.classoid AND dc.relname='pg_class')  LEFT JOIN pg_catalog.pg_namespace dn ON (dc.relnamespace=dn.oid AND dn.nspname='pg_catalog')  WHERE c.relkind in ('r','p','v','f','m') and a.attnum > 0 AND NOT a.attisdropped  AND n.nspname LIKE 'public' AND c.relname LIKE 'hib_authors') c WHERE true  AND attname LIKE '%' ORDER BY nspname,c.relname,attnum

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM, c.relname AS TABLE_NAME,  CASE n.nspname ~ '^pg_' OR n.nspname = 'information_schema'  WHEN true THEN CASE  WHEN n.nspname = 'pg_catalog' OR n.nspname = 'information_schema' THEN CASE c.relkind   WHEN 'r' THEN 'SYSTEM TABLE'   WHEN 'v' THEN 'SYSTEM VIEW'   WHEN 'i' THEN 'SYSTEM INDEX'   ELSE NULL   END  WHEN n.nspname = 'pg_toast' THEN CASE c.relkind   WHEN 'r' THEN 'SYSTEM TOAST TABLE'   WHEN 'i' THEN 'SYSTEM TOAST INDEX'   ELSE NULL   END  ELSE CASE c.relkind   WHEN 'r' THEN 'TEMPORARY TABLE'   WHEN 'p' THEN 'TEMPORARY TABLE'   WHEN 'i' THEN 'TEMPORARY INDEX'   WHEN 'S' THEN 'TEMPORARY SEQUENCE'   WHEN 'v' THEN 'TEMPORARY VIEW'   ELSE NULL   END  END  WHEN false THEN CASE c.relkind  WHEN 'r' THEN 'TABLE'  WHEN 'p' THEN 'PARTITIONED TABLE'  WHEN 'i' THEN 'INDEX'  WHEN 'P' then 'PARTITIONED INDEX'  WHEN 'S' THEN 'SEQUENCE'  WHEN 'v' THEN 'VIEW'  WHEN 'c' THEN 'TYPE'  WHEN 'f' THEN 'FOREIGN TABLE'  WHEN 'm' THEN 'MATERIALIZED VIEW'  ELSE NULL  END  ELSE NULL  END  AS TABLE_TYPE, d.description AS REMARKS,  '' as TYPE_CAT, '' as TYPE_SCHEM, '' as TYPE_NAME, '' AS SELF_REFERENCING_COL_NAME, '' AS REF_GENERATION  FROM pg_catalog.pg_namespace n, pg_catalog.pg_class c  LEFT JOIN pg_catalog.pg_description d ON (c.oid = d.objoid AND d.objsubid = 0  and d.classoid = 'pg_class'::regclass)  WHERE c.relnamespace = n.oid  AND c.relname LIKE 'hib_editors' AND (false  OR ( c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' )  OR ( c.relkind = 'v' AND n.nspname <> 'pg_catalog' AND n.nspname <> 'information_schema' ) )  ORDER BY TABLE_TYPE,TABLE_SCHEM,TABLE_NAME

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT * FROM (SELECT n.nspname,c.relname,a.attname,a.atttypid,a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) AS attnotnull,a.atttypmod,a.attlen,t.typtypmod,row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS attnum, nullif(a.attidentity, '') as attidentity,nullif(a.attgenerated, '') as attgenerated,pg_catalog.pg_get_expr(def.adbin, def.adrelid) AS adsrc,dsc.description,t.typbasetype,t.typtype  FROM pg_catalog.pg_namespace n  JOIN pg_catalog.pg_class c ON (c.relnamespace = n.oid)  JOIN pg_catalog.pg_attribute a ON (a.attrelid=c.oid)  JOIN pg_catalog.pg_type t ON (a.atttypid = t.oid)  LEFT JOIN pg_catalog.pg_attrdef def ON (a.attrelid=def.adrelid AND a.attnum = def.adnum)  LEFT JOIN pg_catalog.pg_description dsc ON (c.oid=dsc.objoid AND a.attnum = dsc.objsubid)  LEFT JOIN pg_catalog.pg_class dc ON (dc.oid=dsc.classoid AND dc.relname='pg_class')  LEFT JOIN pg_catalog.pg_namespace dn ON (dc.relnamespace=dn.oid AND dn.nspname='pg_catalog')  WHERE c.relkind in ('r','p','v','f','m') and a.attnum > 0 AND NOT a.attisdropped  AND n.nspname LIKE 'public' AND c.relname LIKE 'hib_editors') c WHERE true  AND attname LIKE '%' ORDER BY nspname,c.relname,attnum

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM, c.relname AS TABLE_NAME,  CASE n.nspname ~ '^pg_' OR n.nspname = 'information_schema'  WHEN true THEN CASE  WHEN n.nspname = 'pg_catalog' OR n.nspname = 'information_schema' THEN CASE c.relkind   WHEN 'r' THEN 'SYSTEM TABLE'   WHEN 'v' THEN 'SYSTEM VIEW'   WHEN 'i' THEN 'SYSTEM INDEX'   ELSE NULL   END  WHEN n.nspname = 'pg_toast' THEN CASE c.relkind   WHEN 'r' THEN 'SYSTEM TOAST TABLE'   WHEN 'i' THEN 'SYSTEM TOAST INDEX'   ELSE NULL   END  ELSE CASE c.relkind   WHEN 'r' THEN 'TEMPORARY TABLE'   WHEN 'p' THEN 'TEMPORARY TABLE'   WHEN 'i' THEN 'TEMPORARY INDEX'   WHEN 'S' THEN 'TEMPORARY SEQUENCE'   WHEN 'v' THEN 'TEMPORARY VIEW'   ELSE NULL   END  END  WHEN false THEN CASE c.relkind  WHEN 'r' THEN 'TABLE'  WHEN 'p' THEN 'PARTITIONED TABLE'  WHEN 'i' THEN 'INDEX'  WHEN 'P' then 'PARTITIONED INDEX'  WHEN 'S' THEN 'SEQUENCE'  WHEN 'v' THEN 'VIEW'  WHEN 'c' THEN 'TYPE'  WHEN 'f' THEN 'FOREIGN TABLE'  WHEN 'm' THEN 'MATERIALIZED VIEW'  ELSE NULL  END  ELSE NULL  END  AS TABLE_TYPE, d.description AS REMARKS,  '' as TYPE_CAT, '' as TYPE_SCHEM, '' as TYPE_NAME, '' AS SELF_REFERENCING_COL_NAME, '' AS REF_GENERATION  FROM pg_catalog.pg_namespace n, pg_catalog.pg_class c  LEFT JOIN pg_catalog.pg_description d ON (c.oid = d.objoid AND d.objsubid = 0  and d.classoid = 'pg_class'::regclass)  WHERE c.relnamespace = n.oid  AND c.relname LIKE 'hibernate_sequences' AND (false  OR ( c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' )  OR ( c.relkind = 'v' AND n.nspname <> 'pg_catalog' AND n.nspname <> 'information_schema' ) )  ORDER BY TABLE_TYPE,TABLE_SCHEM,TABLE_NAME

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SELECT * FROM (SELECT n.nspname,c.relname,a.attname,a.atttypid,a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) AS attnotnull,a.atttypmod,a.attlen,t.typtypmod,row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS attnum, nullif(a.attidentity, '') as attidentity,nullif(a.attgenerated, '') as attgenerated,pg_catalog.pg_get_expr(def.adbin, def.adrelid) AS adsrc,dsc.description,t.typbasetype,t.typtype  FROM pg_catalog.pg_namespace n  JOIN pg_catalog.pg_class c ON (c.relnamespace = n.oid)  JOIN pg_catalog.pg_attribute a ON (a.attrelid=c.oid)  JOIN pg_catalog.pg_type t ON (a.atttypid = t.oid)  LEFT JOIN pg_catalog.pg_attrdef def ON (a.attrelid=def.adrelid AND a.attnum = def.adnum)  LEFT JOIN pg_catalog.pg_description dsc ON (c.oid=dsc.objoid AND a.attnum = dsc.objsubid)  LEFT JOIN pg_catalog.pg_class dc ON (dc.oid=dsc.classoid AND dc.relname='pg_class')  LEFT JOIN pg_catalog.pg_namespace dn ON (dc.relnamespace=dn.oid AND dn.nspname='pg_catalog')  WHERE c.relkind in ('r','p','v','f','m') and a.attnum > 0 AND NOT a.attisdropped  AND n.nspname LIKE 'public' AND c.relname LIKE 'hibernate_sequences') c WHERE true  AND attname LIKE '%' ORDER BY nspname,c.relname,attnum

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SET extra_float_digits = 3

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
SET application_name = 'PostgreSQL JDBC Driver'

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
alter table hib_article_tags drop constraint FK604719C029B6DC9A

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
alter table hib_articles drop constraint FK723BD13B86D2C89D

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
alter table hib_editors drop constraint FK8D4235E82EDEF569

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
drop table hib_article_tags cascade

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
drop table hib_articles cascade

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
drop table hib_authors cascade

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
drop table hib_editors cascade

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
drop sequence hib_article_seq

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
drop table hibernate_sequences cascade

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
create table hib_article_tags (Hib$Article_id int8 not null, tags varchar(255))

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
create table hib_articles (id int8 not null, body text, open bool not null, slug varchar(80) not null, version int4 not null, written timestamp, author_id int8, primary key (id), unique (slug))

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
create table hib_authors (id int8 not null, name varchar(255), primary key (id))

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
create table hib_editors (desk varchar(255), id int8 not null, primary key (id))

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
alter table hib_article_tags add constraint FK604719C029B6DC9A foreign key (Hib$Article_id) references hib_articles

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
alter table hib_articles add constraint FK723BD13B86D2C89D foreign key (author_id) references hib_authors

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
alter table hib_editors add constraint FK8D4235E82EDEF569 foreign key (id) references hib_authors

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
create sequence hib_article_seq

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
create table hibernate_sequences ( sequence_name varchar(255),  sequence_next_hi_value int4 )

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
alter table hib_article_tags drop constraint FK604719C029B6DC9A

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
alter table hib_articles drop constraint FK723BD13B86D2C89D

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
alter table hib_editors drop constraint FK8D4235E82EDEF569

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
drop table hib_article_tags cascade

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
drop table hib_articles cascade

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
drop table hib_authors cascade

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
drop table hib_editors cascade

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
drop sequence hib_article_seq

--> Hibernate 3.6.10 on pgjdbc 42.5.5 | extended {"types": [], "values": []}
drop table hibernate_sequences cascade
