// What drizzle-kit reads of the shop.
import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'postgresql',
  out: './pulled',
  dbCredentials: { url: process.env.DATABASE_URL! },
});
