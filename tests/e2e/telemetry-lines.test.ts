/** Lines that no logger wrote, and those of processes that die: all of them are found where one looks for logs. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ControlClient } from "../../runtime/control/client.ts";
import type { StoredLog } from "../../runtime/telemetry/query.ts";
import { eventually, Run } from "../kit/run.ts";

const noisy = `
import { Hono } from "hono";
import { defineService, type ServiceEnv } from "microcosm";
export const noisy = defineService({
  api: ({ log }) =>
    new Hono<ServiceEnv>()
      .get("/ok", (c) => c.text("ok"))
      .get("/raw", (c) => {
        process.stderr.write("rawstderr beside the logger\\n");
        process.stdout.write("rawstdout beside the logger\\n");
        log.info("loggedonce by the logger");
        console.error("consoleonce by the console");
        return c.text("ok");
      })
      .get("/crash", (c) => {
        setTimeout(() => { throw new Error("crashword"); }, 0);
        return c.text("ok");
      })
      .get("/native", (c) => {
        process.stderr.write("nativeword: segmentation fault\\n");
        setTimeout(() => process.kill(process.pid, "SIGKILL"), 0);
        return c.text("ok");
      }),
  stop: () => { process.stderr.write("farewellword\\n"); },
});`;

const broken = `
import { defineService } from "microcosm";
export const broken = defineService({ start: ({ log }) => { log.info("bootword"); throw new Error("startword"); } });`;

let folder: string;
let run: Run;
let control: ControlClient;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mc-lines-"));
  writeFileSync(join(folder, "noisy.ts"), noisy);
  writeFileSync(join(folder, "broken.ts"), broken);
  const topology = join(folder, "topology.yaml");
  writeFileSync(
    topology,
    `name: lines
gateway:
  routes: [{ path: "/{what}", service: noisy, rewrite: "/{what}" }]
services:
  noisy: { source: noisy.ts }
  broken: { source: broken.ts }
telemetry: { sample: 0 }
`,
  );
  run = await Run.start({ topology, data: join(folder, "data") });
  control = await ControlClient.find({ data: run.data });
}, 60_000);

afterAll(async () => {
  await run?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 30_000);

const get = async (what: string) => {
  const answer = await fetch(`${run.gateway}/${what}`);
  await answer.arrayBuffer();
  return answer.status;
};
const logs = (query: string) => control.get<StoredLog[]>(`/api/telemetry/logs?${query}`);
const found = (text: string, service: string) =>
  eventually(`"${text}" of ${service}`, async () => {
    const lines = await logs(`text=${text}&service=${service}`);
    return lines.length > 0 && lines;
  });

test("what is written beside the logger, and nothing twice", async () => {
  expect(await get("raw")).toBe(200);
  expect(await found("rawstderr", "noisy")).toMatchObject([{ instance: "noisy-1", level: "warn" }]);
  expect(await found("rawstdout", "noisy")).toMatchObject([{ instance: "noisy-1", level: "info" }]);
  expect(await found("loggedonce", "noisy")).toHaveLength(1);
  expect(await found("consoleonce", "noisy")).toHaveLength(1);
  // What the supervisor passes on has come by now, were it passed on.
  await Bun.sleep(2500);
  expect(await logs("text=loggedonce")).toHaveLength(1);
  expect(await logs("text=consoleonce")).toHaveLength(1);
  expect(await logs("text=rawstderr")).toHaveLength(1);
}, 60_000);

test("the last words of a process that crashes, by an error or without one", async () => {
  await get("crash");
  const [line] = await found("Uncaught", "noisy");
  expect(line).toMatchObject({ level: "error", message: "Uncaught exception; the worker ends" });
  expect(line?.fields?.stack).toContain("crashword");
  const [death] = await found("crashword", "supervisor");
  expect(death?.message).toContain("noisy-1");
  await eventually("it is back", async () => (await get("ok")) === 200);
  await get("native");
  expect((await found("nativeword", "noisy"))[0]?.level).toBe("warn");
}, 60_000);

test("a service that cannot start", async () => {
  expect((await found("startword", "broken"))[0]?.message).toBe("Cannot start: startword");
  expect((await found("bootword", "broken"))[0]?.level).toBe("info");
  expect((await found("startword", "supervisor"))[0]?.message).toContain("broken-1");
}, 60_000);

test("what is written while the run ends is in its file", async () => {
  await eventually("it is back", async () => (await get("ok")) === 200);
  expect(await run.stop()).toBe(0);
  const file = new Database(join(folder, "data", "observer.sqlite"), { readonly: true });
  const told = JSON.stringify(file.query("SELECT * FROM logs").all());
  file.close();
  expect(told).toContain("farewellword");
  expect(told).toContain("the run is ending");
}, 60_000);
