/** The peer behind nginx: the same Hono app on plain Bun.serve, over a SQLite file with the settings of a service's. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStorage } from "../../runtime/storage/open.ts";
import { itemsApi } from "./items/api.ts";
import m0001 from "./items/migrations/0001_items.sql" with { type: "text" };
import { items } from "./items/schema.ts";

const directory = mkdtempSync(join(tmpdir(), "mc-bare-"));
const storage = openStorage({ file: join(directory, "items.sqlite"), schema: { items } });
storage.client.run(m0001);
const app = itemsApi(storage.db, '{"keys":[]}');
const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: app.fetch });
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    void server.stop(true);
    storage.close();
    rmSync(directory, { recursive: true, force: true });
    process.exit(0);
  });
}
process.stdout.write(`${server.port}\n`);
