-- Prisma Migrate: what was sent, captured between the tools and PostgreSQL 15 on the shop of demo/shop.sql.
-- The texts are facts about the tools, whose authors made them; docs/compatibility.md says how they were taken.
-- Run by crates/gateway/tests/it/tools.rs, which says what the headings mean.

--= each agent

--> Prisma Migrate 6.19.3 | extended {"types": [], "values": ["public"]}
SELECT EXISTS(SELECT 1 FROM pg_namespace WHERE nspname = $1), version(), current_setting('server_version_num')::integer as numeric_version;

--> Prisma Migrate 6.19.3 | simple
SELECT "id", "checksum", "finished_at", "migration_name", "logs", "rolled_back_at", "started_at", "applied_steps_count" FROM "_prisma_migrations" ORDER BY "started_at" ASC

--= session dora

--> Prisma Migrate 6.19.3 | extended {"types": [], "values": ["public"]}
SELECT EXISTS(SELECT 1 FROM pg_namespace WHERE nspname = $1), version(), current_setting('server_version_num')::integer as numeric_version;

--> Prisma Migrate 6.19.3 | simple
SELECT pg_advisory_lock(72707369)

--> Prisma Migrate 6.19.3 | simple
SELECT "id", "checksum", "finished_at", "migration_name", "logs", "rolled_back_at", "started_at", "applied_steps_count" FROM "_prisma_migrations" ORDER BY "started_at" ASC

--> Prisma Migrate 6.19.3 | simple
CREATE TABLE _prisma_migrations (
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             TIMESTAMPTZ,
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          TIMESTAMPTZ,
    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count     INTEGER NOT NULL DEFAULT 0
);

--> Prisma Migrate 6.19.3 | extended {"types": [], "values": ["5a342df2-473a-4188-b8ff-c24b24dc3aba", "4c73a4895da47ca2203c39b5ade0263fc1bfcd85b45b76335786d5a171d7a611", "", "2026-11-21 20:20:49.955", "2026-11-21 20:20:49.955", "20260101000000_init"]}
INSERT INTO "_prisma_migrations" ("id","checksum","logs","started_at","finished_at","migration_name") VALUES ($1,$2,$3,$4,$5,$6)

--> Prisma Migrate 6.19.3 | extended {"types": [], "values": ["public"]}
SELECT EXISTS(SELECT 1 FROM pg_namespace WHERE nspname = $1), version(), current_setting('server_version_num')::integer as numeric_version;

--> Prisma Migrate 6.19.3 | simple
SELECT pg_advisory_lock(72707369)

--> Prisma Migrate 6.19.3 | extended {"types": [], "values": ["{\"public\"}"]}

                SELECT tbl.relname AS table_name, namespace.nspname AS table_namespace
                FROM pg_class AS tbl
                INNER JOIN pg_namespace AS namespace ON namespace.oid = tbl.relnamespace
                WHERE tbl.relkind = 'r' AND namespace.nspname = ANY ( $1 )
            

--> Prisma Migrate 6.19.3 | simple
SELECT "id", "checksum", "finished_at", "migration_name", "logs", "rolled_back_at", "started_at", "applied_steps_count" FROM "_prisma_migrations" ORDER BY "started_at" ASC

--> Prisma Migrate 6.19.3 | extended {"types": [], "values": ["8893acf1-4cd0-4512-b31f-2f317f17e69f", "5a20d7f9ba681c1decfd7409d574ceadb4fd8b9160f7286b6092f644b769711f", "2026-11-21 20:21:05.793", "20260102000000_reviews"]}
INSERT INTO "_prisma_migrations" ("id","checksum","started_at","migration_name") VALUES ($1,$2,$3,$4)

--> Prisma Migrate 6.19.3 | simple
-- CreateEnum
CREATE TYPE "review_state" AS ENUM ('open', 'shown')

--> Prisma Migrate 6.19.3 | simple
-- CreateTable
CREATE TABLE "reviews" (
    "id" SERIAL NOT NULL,
    "product_id" INTEGER NOT NULL,
    "stars" SMALLINT NOT NULL DEFAULT 3,
    "state" "review_state" NOT NULL DEFAULT 'open',
    "body" TEXT,

    CONSTRAINT "reviews_pkey" PRIMARY KEY ("id")
)

--> Prisma Migrate 6.19.3 | simple
-- CreateIndex
CREATE INDEX "reviews_product_id_idx" ON "reviews"("product_id")

--> Prisma Migrate 6.19.3 | simple
-- AddForeignKey
ALTER TABLE "reviews" ADD CONSTRAINT "reviews_product_id_fkey" FOREIGN KEY ("product_id") REFERENCES "products"("id") ON DELETE RESTRICT ON UPDATE CASCADE

--> Prisma Migrate 6.19.3 | extended {"types": [], "values": ["1", "8893acf1-4cd0-4512-b31f-2f317f17e69f"]}
UPDATE "_prisma_migrations" SET "applied_steps_count" = ("applied_steps_count" + $1) WHERE "id" = $2

--> Prisma Migrate 6.19.3 | extended {"types": [], "values": ["2026-11-21 20:21:05.912", "8893acf1-4cd0-4512-b31f-2f317f17e69f"]}
UPDATE "_prisma_migrations" SET "finished_at" = $1 WHERE "id" = $2

--> Prisma Migrate 6.19.3 | extended {"types": [], "values": ["public"]}
SELECT EXISTS(SELECT 1 FROM pg_namespace WHERE nspname = $1), version(), current_setting('server_version_num')::integer as numeric_version;

--> Prisma Migrate 6.19.3 | simple
SELECT "id", "checksum", "finished_at", "migration_name", "logs", "rolled_back_at", "started_at", "applied_steps_count" FROM "_prisma_migrations" ORDER BY "started_at" ASC
