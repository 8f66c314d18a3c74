/** What is broken is said clearly, and everything else keeps running. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cli, eventually, Run } from "../kit/run.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "mc-bad-"));
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** A topology of single-file services in a folder of its own; returns the YAML's path. */
function topology(name: string, services: Readonly<Record<string, string>>, extra = ""): string {
  const folder = join(directory, name);
  mkdirSync(folder, { recursive: true });
  for (const [service, source] of Object.entries(services))
    writeFileSync(join(folder, `${service}.ts`), source);
  const names = Object.keys(services);
  const routes = names.map(
    (service) =>
      `    - { path: "/${service}/{rest*}", service: ${service}, rewrite: "/{rest*}", methods: [GET, POST] }`,
  );
  const yaml = [
    `name: ${name}`,
    "gateway:",
    "  port: 0",
    "  routes:",
    ...routes,
    "services:",
    ...names.map((service) => `  ${service}: { source: ${service}.ts }`),
    "supervisor:",
    "  restart: { first: 20ms, max: 50ms, crashLoopDeaths: 3 }",
    "  heartbeat: 100ms",
    extra,
  ].join("\n");
  const file = join(folder, "topology.yaml");
  writeFileSync(file, yaml);
  return file;
}

const good = `
import { Hono } from "hono";
import { defineService, type ServiceEnv } from "microcosm";
export const service = defineService({
  api: () =>
    new Hono<ServiceEnv>()
      .get("/ok", (c) => c.json({ ok: true }))
      .get("/throws", () => { throw new Error("secret detail"); })
      .get("/hangs", () => { for (;;); })
      .post("/echo", async (c) => c.json(await c.req.json())),
});`;

describe("a broken service leaves the rest running", () => {
  const broken = {
    "throws-on-import": ['throw new Error("boom at import");', "boom at import"],
    "exports-nothing": ["export const nothing = 1;", "defineService"],
    "syntax-error": ["export const = ;", "syntax-error.ts"],
    "migration-fails": [
      `import { defineService } from "microcosm";
       export const service = defineService({ database: { schema: {}, migrations: [{ name: "0001_bad", sql: "CREATE TABLE x (" }] } });`,
      "0001_bad",
    ],
    "start-throws": [
      `import { defineService } from "microcosm";
       export const service = defineService({ start: () => { throw new Error("no start today"); } });`,
      "no start today",
    ],
  } as const;

  for (const [name, [source, told]] of Object.entries(broken)) {
    test(name, async () => {
      const file = topology(`with-${name}`, { good, [name]: source });
      await using run = await Run.start({ topology: file });
      expect((await fetch(`${run.gateway}/good/ok`)).status).toBe(200);
      const instance = await eventually("the crash loop is told", async () => {
        const found = await run.instance(`${name}-1`);
        return found.state === "crash-loop" && found;
      });
      expect((instance as { lastExit: string }).lastExit).toContain(told);
      const answer = await fetch(`${run.gateway}/${name}/x`);
      expect([502, 503, 504]).toContain(answer.status);
      expect(answer.headers.get("content-type")).toContain("application/problem+json");
    });
  }
});

describe("a handler", () => {
  let run: Run;
  beforeAll(async () => {
    run = await Run.start({ topology: topology("handlers", { good }) });
  });
  afterAll(async () => {
    await run?.stop();
  });

  test("that throws answers 500 without its details, and logs them", async () => {
    const answer = await fetch(`${run.gateway}/good/throws`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain("secret detail");
    const { stdout } = await run.cli("logs", "good", "--json");
    expect(stdout).toContain("secret detail");
  });

  test("that hangs is found by missed beats, and its instance replaced", async () => {
    const before = await run.instance("good-1");
    const hanging = fetch(`${run.gateway}/good/hangs`).catch(() => undefined);
    await eventually("it is replaced", async () => {
      const now = await run.instance("good-1");
      return now.state === "ready" && now.generation > before.generation;
    });
    await hanging;
    expect((await fetch(`${run.gateway}/good/ok`)).status).toBe(200);
    expect((await run.instance("good-1")).lastExit).toContain("hung");
  });

  test("gets no malformed JSON", async () => {
    const answer = await fetch(`${run.gateway}/good/echo`, {
      method: "POST",
      body: "{",
      headers: { "content-type": "application/json" },
    });
    expect(answer.status).toBe(400);
  });

  test("gets no body above the limit, with or without a length", async () => {
    const big = new Uint8Array(11 * 1024 * 1024);
    expect((await fetch(`${run.gateway}/good/echo`, { method: "POST", body: big })).status).toBe(413);
    expect((await fetch(`${run.gateway}/good/ok`)).status).toBe(200);
  });
});

describe("up", () => {
  test("tells all that is wrong with a topology, with places", async () => {
    const file = join(directory, "broken.yaml");
    writeFileSync(
      file,
      `name: broken
gatewy: {}
services:
  a:
    source: nowhere
    uses: [bb]
policies:
  default: { timeout: 2 parsecs }
`,
    );
    for (const command of ["validate", "up"]) {
      const { code, stdout, stderr } = await cli([command, file]);
      const text = stdout + stderr;
      expect(code).toBe(1);
      for (const told of [
        "broken.yaml:2:1",
        "gateway",
        "broken.yaml:5:",
        "broken.yaml:6:",
        "broken.yaml:8:",
        "parsecs",
      ]) {
        expect(text).toContain(told);
      }
    }
  });

  test("names a file that is not there", async () => {
    const { code, stderr } = await cli(["up", join(directory, "missing.yaml")]);
    expect(code).toBe(1);
    expect(stderr).toContain("missing.yaml");
  });

  test("refuses a port in use, naming it", async () => {
    const holder = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    try {
      const data = mkdtempSync(join(directory, "port-"));
      for (const option of ["--port", "--control-port"]) {
        const other = option === "--port" ? "--control-port=0" : "--port=0";
        const { code, stderr } = await cli([
          "up",
          "--data",
          data,
          `${option}=${holder.port}`,
          other,
          "--json",
        ]);
        expect(code).toBe(1);
        expect(stderr).toContain(String(holder.port));
      }
    } finally {
      holder.stop(true);
    }
  });

  test("refuses a data directory that it cannot write, naming it", async () => {
    const file = join(directory, "a-file");
    writeFileSync(file, "");
    const { code, stderr } = await cli([
      "up",
      "--data",
      join(file, "data"),
      "--port=0",
      "--control-port=0",
      "--json",
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain("a-file");
  });

  test("refuses a read-only data directory", async () => {
    // Permissions do not bind the superuser; the kernel's own file system does.
    const superuser = process.getuid?.() === 0;
    const data = superuser ? "/sys/kernel/microcosm-data" : mkdtempSync(join(directory, "readonly-"));
    if (!superuser) chmodSync(data, 0o500);
    const { code, stderr } = await cli(["up", "--data", data, "--port=0", "--control-port=0", "--json"]);
    if (!superuser) chmodSync(data, 0o700);
    expect(code).toBe(1);
    expect(stderr).toContain(data);
    expect(stderr).toContain("data-unwritable");
  });
});
