/** What an instance of `hop-service.ts` answers, on plain Bun.serve: an upstream of nginx. */
import { Hono } from "hono";

const app = new Hono().get("/hops/:left", (c) => c.json({ answeredBy: "hop-1" }));
const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: app.fetch });
process.stdout.write(`${server.port}\n`);
