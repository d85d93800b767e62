import { boolean, index, integer, jsonb, pgSchema, serial, text, timestamp, uniqueIndex, varchar } from 'drizzle-orm/pg-core';

export const desk = pgSchema('desk');
export const urgency = desk.enum('urgency', ['low', 'high']);
export const topics = desk.table('topics', {
  id: serial().primaryKey(),
  name: varchar({ length: 80 }).notNull().unique(),
});
export const tickets = desk.table(
  'tickets',
  {
    id: integer().primaryKey().generatedAlwaysAsIdentity(),
    topicId: integer('topic_id').notNull().references(() => topics.id, { onDelete: 'cascade' }),
    urgency: urgency().notNull().default('low'),
    open: boolean().notNull().default(true),
    tags: text().array(),
    body: jsonb().notNull().default({}),
    at: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [index('tickets_at').on(table.at.desc()), uniqueIndex('tickets_open').on(table.topicId, table.urgency)],
);
