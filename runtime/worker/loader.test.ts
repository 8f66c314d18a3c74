import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Hono } from "hono";
import { defineService, type ServiceDefinition } from "../../sdk/index.ts";
import { MicrocosmError } from "../../sdk/errors.ts";
import { externalModules } from "./external/modules.ts";
import { embeddedSource, loadService } from "./loader.ts";

let directory = "";

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "loader-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const file = join(directory, name);
  writeFileSync(file, text);
  return file;
}

async function failure(source: string): Promise<string> {
  const error = await loadService(source).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(MicrocosmError);
  expect((error as MicrocosmError).code).toBe("service-load-failed");
  return (error as MicrocosmError).message;
}

describe("loadService", () => {
  test("a file with no node_modules near it gets this process's own modules", async () => {
    write("init.sql", "CREATE TABLE t (id INTEGER);");
    write("greeting.ts", 'export const greeting: string = "hello";');
    const file = write(
      "outside.ts",
      `import { defineService } from "microcosm";
       import { Hono } from "hono";
       import { cors } from "hono/cors";
       import { sqliteTable, text } from "drizzle-orm/sqlite-core";
       import { eq } from "drizzle-orm";
       import { z } from "zod";
       import mitt from "mitt";
       import { greeting } from "./greeting";
       import sql from "./init.sql" with { type: "text" };
       const schema = { t: sqliteTable("t", { id: text() }) };
       export const outside = defineService({
         database: { schema, migrations: [{ name: "0001", sql }] },
         api: () => new Hono().use(cors()).get("/", (c) => c.json([greeting, typeof eq, typeof mitt, z.string().parse("z")])),
       });`,
    );
    const service = await loadService(file);
    expect(service.database?.migrations).toEqual([{ name: "0001", sql: "CREATE TABLE t (id INTEGER);" }]);
    const app = service.api?.({} as never);
    expect(app).toBeInstanceOf(Hono);
    expect(await (await app!.request("/")).json()).toEqual(["hello", "function", "function", "z"]);
  });

  test("the export may be named, default, or both", async () => {
    const head = 'import { defineService } from "microcosm"; const s = defineService({});';
    for (const [name, rest] of [
      ["named.ts", "export { s };"],
      ["default.ts", "export default s;"],
      ["both.ts", "export { s }; export default s; export const limit = 5;"],
    ] as const) {
      expect((await loadService(write(name, `${head} ${rest}`))).kind).toBe("microcosm.service");
    }
  });

  test("a service of this repository", async () => {
    const file = resolve(import.meta.dir, "../../services/catalog/service.ts");
    expect((await loadService(file)).database?.migrations.length).toBeGreaterThan(0);
  });

  test("an embedded module", async () => {
    const shop = defineService({});
    const loaded: ServiceDefinition = await loadService(embeddedSource("shop"), {
      shop: () => Promise.resolve({ shop }),
    });
    expect(loaded === (shop as unknown)).toBe(true);
    expect(await failure(embeddedSource("other"))).toContain("built in");
  });

  test("mistakes name the file, and the line when it is known", async () => {
    const missing = join(directory, "none.ts");
    expect(await failure(missing)).toBe(`${missing} cannot be loaded: the file does not exist`);
    const syntax = write("syntax.ts", "export const a = 1;\nconst x = = 2;\n");
    expect(await failure(syntax)).toStartWith(`${syntax}:2:11: cannot be loaded:`);
    const throws = write("throws.ts", '\nthrow new TypeError("no such thing");\n');
    expect(await failure(throws)).toMatch(/throws\.ts:2:\d+: cannot be loaded: TypeError: no such thing$/);
    const indirect = write("indirect.ts", 'import "./syntax.ts";');
    expect(await failure(indirect)).toStartWith(`${syntax}:2:11:`);
    const oddity = write("oddity.ts", 'throw "a string";');
    expect(await failure(oddity)).toBe(`${oddity} cannot be loaded: a string`);
    const typo = write("typo.ts", 'import { defineServise } from "microcosm"; export default defineServise;');
    expect(await failure(typo)).toContain("'defineServise' not found in module 'microcosm'");
  });

  test("none and several are told apart, with the names found", async () => {
    const none = write("none-exported.ts", "export const port = 1; export const service = { kind: 'else' };");
    expect(await failure(none)).toStartWith(`${none} exports no service: it exports port, service.`);
    const empty = write("empty.ts", "");
    expect(await failure(empty)).toContain("it has no exports");
    const several = write(
      "several.ts",
      'import { defineService } from "microcosm"; export const a = defineService({}), b = defineService({});',
    );
    expect(await failure(several)).toContain("several services: a, b.");
  });
});

/** Subpaths that make no sense inside a service: other platforms, the browser, build-time generators. */
const notProvided =
  /^\.\/(jsx\/dom|ssg|cloudflare-|deno|aws-lambda|vercel|netlify|lambda-edge|service-worker|utils\/\*)/;

test("every subpath of hono that a service can use is provided", async () => {
  const { exports } = await Bun.file(resolve(import.meta.dir, "../../node_modules/hono/package.json")).json();
  const expected = Object.keys(exports)
    .filter((subpath) => !notProvided.test(subpath))
    .map((subpath) => subpath.replace(/^\./, "hono"));
  expect(Object.keys(externalModules)).toEqual(expect.arrayContaining(expected));
});

test("every provided module exists", async () => {
  for (const [specifier, load] of Object.entries(externalModules)) {
    const module = await load();
    expect([specifier, typeof module]).toEqual([specifier, "object"]);
  }
});
