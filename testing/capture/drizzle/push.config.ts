// What drizzle-kit makes beside the shop, in a schema of its own.
import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'postgresql',
  schema: './schema.ts',
  out: './made',
  schemaFilter: ['desk'],
  dbCredentials: { url: process.env.DATABASE_URL! },
});
