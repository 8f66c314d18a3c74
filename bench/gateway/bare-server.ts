/** The peer behind nginx: the same Hono app on plain Bun.serve, with the same SQLite settings. */
import { Database } from "bun:sqlite";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { itemsApi } from "./items/api.ts";
import m0001 from "./items/migrations/0001_items.sql" with { type: "text" };
import { items } from "./items/schema.ts";

const database = new Database(process.argv[2] ?? ":memory:");
database.run("PRAGMA journal_mode = WAL");
database.run(m0001);
const app = itemsApi(drizzle(database, { schema: { items } }), '{"keys":[]}');
const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: app.fetch });
process.stdout.write(`${server.port}\n`);
