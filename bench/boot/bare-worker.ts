/** The yardstick of start-up and memory: a process that imports what every service imports, and says so. */
import "drizzle-orm/bun-sqlite";
import "hono";

process.stdout.write("ready\n");
setInterval(() => undefined, 60_000);
