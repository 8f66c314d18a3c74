import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadTopology } from "../runtime/topology/index.ts";
import { loadService } from "../runtime/worker/loader.ts";
import { MicrocosmError } from "../sdk/errors.ts";
import { initTopology } from "./init.ts";

let directory = "";

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "init-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(MicrocosmError);
    expect((error as MicrocosmError).code).toBe("bad-request");
    return (error as Error).message;
  }
  throw new Error("not refused");
}

describe("initTopology", () => {
  test("makes a topology that is valid and whose service loads", async () => {
    const made = initTopology(join(directory, "shop"), "corner-shop");
    expect(made.name).toBe("corner-shop");
    expect(made.files).toEqual([
      ".gitignore",
      "README.md",
      "services/hello/migrations/0001_init.sql",
      "services/hello/schema.ts",
      "services/hello/service.test.ts",
      "services/hello/service.ts",
      "services/sql.d.ts",
      "topology.schema.json",
      "topology.yaml",
      "tsconfig.json",
    ]);
    const { topology, issues } = loadTopology(join(directory, "shop", "topology.yaml"));
    expect(issues).toBeUndefined();
    expect(topology?.name).toBe("corner-shop");
    const service = await loadService(topology!.services.hello!.source);
    expect(service.database?.migrations[0]?.sql).toContain("CREATE TABLE greetings");
  });

  test("the name comes from the directory, made fit", () => {
    expect(initTopology(join(directory, "My Shop (2)")).name).toBe("my-shop-2");
    expect(initTopology(join(directory, "123")).name).toBe("my-topology");
  });

  test("refuses a bad name and writes nothing", () => {
    expect(refusal(() => initTopology(join(directory, "x"), "Bad Name"))).toContain('"Bad Name"');
    expect(existsSync(join(directory, "x"))).toBe(false);
  });

  test("overwrites nothing", () => {
    writeFileSync(join(directory, "topology.yaml"), "mine");
    mkdirSync(join(directory, "services/hello"), { recursive: true });
    writeFileSync(join(directory, "services/hello/service.ts"), "mine");
    const message = refusal(() => initTopology(directory));
    expect(message).toContain("services/hello/service.ts, topology.yaml already");
    expect(readFileSync(join(directory, "topology.yaml"), "utf8")).toBe("mine");
    expect(existsSync(join(directory, "README.md"))).toBe(false);
  });

  test("says so when the directory cannot be made", () => {
    writeFileSync(join(directory, "file"), "");
    expect(refusal(() => initTopology(join(directory, "file", "below")))).toContain("cannot be written");
  });
});

test("the new topology's own tests pass, far from any node_modules", async () => {
  initTopology(directory);
  const tests = Bun.spawn([process.execPath, join(import.meta.dir, "..", "main.ts"), "test"], {
    cwd: directory,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, errors, code] = await Promise.all([
    new Response(tests.stdout).text(),
    new Response(tests.stderr).text(),
    tests.exited,
  ]);
  expect({ code, shown: out + errors }).toEqual({ code: 0, shown: expect.stringContaining("2 pass") });
}, 60_000);
