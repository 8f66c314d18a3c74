import { join } from "node:path";
import { freePort, untilListening } from "../../ports.ts";
import type { BusSide } from "../../bus/side.ts";
import { startServer } from "../child.ts";
import { programPath, type Side, versionOf } from "../side.ts";

const script = join(import.meta.dir, "..", "redis-client.ts");

function redis(name: string, does: string, options: readonly string[]): Side<BusSide> {
  const config = ["--bind", "127.0.0.1", "--port", "PORT", "--dir", "DIRECTORY", ...options];
  return {
    name,
    does: `${does}; Bun's own Redis client`,
    config: `redis-server ${config.join(" ")}`,
    version: () => versionOf(["redis-server", "--version"], /v=([\d.]+)/),
    async start(directory) {
      const port = await freePort();
      const args = config.map((arg) => arg.replace("PORT", `${port}`).replace("DIRECTORY", directory));
      const child = await startServer([programPath("redis-server")!, ...args], () => untilListening(port));
      return { name, script, where: `${port}`, ...child };
    },
  };
}

export const redisAlways = redis(
  "Redis streams, appendfsync always",
  "XADD: fsync before the acknowledgement",
  ["--save", "", "--appendonly", "yes", "--appendfsync", "always"],
);

/** What `appendonly yes` alone means. */
export const redisEverySecond = redis(
  "Redis streams, appendfsync everysec",
  "XADD: acknowledged when written, fsynced once a second",
  ["--save", "", "--appendonly", "yes"],
);

/** No option but the address: a snapshot now and then. */
export const redisDefault = redis(
  "Redis streams, as it comes",
  "XADD and XREAD BLOCK in memory, the newest 65,536 events kept: publishes are acknowledged, deliveries not",
  [],
);
