import { readFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, untilAnswering, untilListening } from "../../ports.ts";
import { startServer } from "../child.ts";
import { packageVersion, type Side, versionOf } from "../side.ts";
import type { HttpRun } from "./items-app.ts";

const folder = join(import.meta.dir, "..", "moleculer");
/** Moleculer's and Express's habit: what is not production keeps more for the developer. */
const env = { NODE_ENV: "production" };

export const moleculer: Side<HttpRun> = {
  name: "Moleculer",
  does:
    "moleculer-web in one Node process, the service in another, its TCP transporter between; " +
    "the service answers from memory, without SQLite; no token check, rate limit, trace or metrics",
  config: `NODE_ENV=production\n${readFileSync(join(folder, "options.mjs"), "utf8")}`,
  version() {
    const [web, core] = [packageVersion("moleculer-web"), packageVersion("moleculer")];
    const node = versionOf(["node", "--version"], /v([\d.]+)/);
    if (web === undefined || core === undefined || node === undefined) return undefined;
    return `${core}, moleculer-web ${web}, Node ${node}`;
  },
  async start() {
    const [port, gatewayPort, itemsPort] = [await freePort(), await freePort(), await freePort()];
    const run = (script: string, ports: readonly number[], ready: () => Promise<void>) =>
      startServer(["node", join(folder, script), ...ports.map(String)], ready, { env });
    // Both at once, as `up` starts its workers.
    const url = `http://127.0.0.1:${port}`;
    const [items, gateway] = await Promise.allSettled([
      run("items.mjs", [itemsPort, gatewayPort], () => untilListening(itemsPort)),
      run("gateway.mjs", [port, gatewayPort, itemsPort], () => untilAnswering(`${url}/items/1`)),
    ]);
    const started = [items, gateway].filter((result) => result.status === "fulfilled");
    const stop = async () => void (await Promise.all(started.map(({ value }) => value.stop())));
    const failed = [items, gateway].find((result) => result.status === "rejected");
    if (failed !== undefined) {
      await stop();
      throw failed.reason;
    }
    return { url, pids: started.map(({ value }) => value.pid), stop };
  },
};
