import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A service as small as one can be that still has a route and a database of its own. */
const source = `import { Hono } from "hono";
import { defineService, type ServiceEnv } from "microcosm";

export const service = defineService({
  api: () => new Hono<ServiceEnv>().get("/", (c) => c.text("here")),
});
`;

/** Writes a topology of `count` services into `folder` and returns its file. The gateway leads to each of them. */
export function writeTopology(folder: string, count: number): string {
  const names = Array.from({ length: count }, (_, index) => `service-${index + 1}`);
  mkdirSync(join(folder, "service"), { recursive: true });
  writeFileSync(join(folder, "service", "service.ts"), source);
  const routes = names.map((name) => `    - { path: /${name}, service: ${name}, rewrite: / }`);
  const services = names.map((name) => `  ${name}: { source: service }`);
  const file = join(folder, "topology.yaml");
  writeFileSync(
    file,
    ["name: services", "gateway:", "  routes:", ...routes, "services:", ...services, ""].join("\n"),
  );
  return file;
}
