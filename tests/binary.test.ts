/** The compiled binary, alone in an empty folder, on a machine that has no Bun. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { eventually, isAlive, root } from "./kit/run.ts";
import { Customer } from "./kit/shop.ts";

const adminPassword = "correct horse battery";
const buildTimeoutMs = 120_000;
const readyTimeoutMs = 60_000;
const testTimeoutMs = 120_000;

let scratch = "";
let binary = "";

beforeAll(async () => {
  scratch = realpathSync(mkdtempSync(join(tmpdir(), "mcb-")));
  binary = join(scratch, "microcosm");
  const build = Bun.spawn(
    [process.execPath, join(root, "scripts", "build.ts"), join(scratch, "out", "built")],
    {
      cwd: root,
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  const errors = await new Response(build.stderr).text();
  if ((await build.exited) !== 0) throw new Error(`the binary does not build:\n${errors}`);
  cpSync(join(scratch, "out", "built"), binary);
  rmSync(join(scratch, "out"), { recursive: true });
}, buildTimeoutMs);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Nothing of this machine's: no PATH, and a home without caches. */
function bareEnvironment(): Record<string, string> {
  return {
    HOME: join(scratch, "home"),
    PATH: "/nonexistent",
    TMPDIR: scratch,
    MICROCOSM_ADMIN_PASSWORD: adminPassword,
  };
}

function folder(name: string, files: Readonly<Record<string, string>> = {}): string {
  const directory = join(scratch, name);
  mkdirSync(directory, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  return directory;
}

async function command(cwd: string, ...args: readonly string[]) {
  const child = Bun.spawn([binary, ...args], {
    cwd,
    env: bareEnvironment(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { stdout, stderr, code };
}

interface Ready {
  readonly event: "ready";
  readonly gateway: string;
  readonly instances: readonly { readonly id: string; readonly state: string; readonly pid: number }[];
}

/** Runs `up` on free ports for as long as `work` takes; it must end by itself, with 0 and without orphans. */
async function whileUp(cwd: string, work: (ready: Ready) => Promise<void>): Promise<void> {
  const child = Bun.spawn([binary, "up", "--ephemeral", "--port=0", "--control-port=0", "--json"], {
    cwd,
    env: bareEnvironment(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stderr = new Response(child.stderr).text();
  const killer = setTimeout(() => child.kill("SIGKILL"), readyTimeoutMs);
  let ready: Ready | undefined;
  try {
    const { value } = await lines(child.stdout).next();
    if (value === undefined) throw new Error(`up ended before it was ready:\n${await stderr}`);
    ready = JSON.parse(value) as Ready;
    clearTimeout(killer);
    await work(ready);
  } finally {
    clearTimeout(killer);
    child.kill("SIGTERM");
    const code = await child.exited;
    if (ready !== undefined)
      expect({ code, stderr: code === 0 ? "" : await stderr }).toEqual({ code: 0, stderr: "" });
  }
  for (const { id, pid } of ready.instances) {
    await eventually(`${id} has ended`, () => !isAlive(pid));
  }
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      yield text.slice(0, end);
      text = text.slice(end + 1);
    }
  }
  return undefined;
}

async function send(url: string, json?: unknown): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, {
    ...(json === undefined
      ? {}
      : { method: "POST", body: JSON.stringify(json), headers: { "content-type": "application/json" } }),
    signal: AbortSignal.timeout(10_000),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: response.headers.get("content-type")?.includes("json") ? JSON.parse(text) : text,
  };
}

describe("the built-in shop", () => {
  test(
    "an order goes through it, and its page is served",
    async () => {
      const empty = folder("empty");
      await whileUp(empty, async ({ gateway, instances }) => {
        expect(instances.map(({ state }) => state)).toEqual(instances.map(() => "ready"));
        expect(instances.map(({ id }) => id)).toEqual(
          expect.arrayContaining(["gateway-1", "broker-1", "orders-1", "payments-1"]),
        );
        const page = await send(`${gateway}/`);
        expect(page).toMatchObject({ status: 200, body: expect.stringContaining("<html") });
        const customer = await Customer.register(gateway);
        const products = await customer.get<{ items: { id: string }[] }>("/v1/products?limit=1");
        const placed = await customer.order([{ productId: products.body.items[0]!.id, quantity: 1 }]);
        expect(placed).toMatchObject({ status: 202, body: { status: "pending" } });
        await eventually("the order is confirmed", async () => {
          const order = await customer.get<{ status: string }>(`/v1/orders/${placed.body.id}`);
          return order.body.status === "confirmed";
        });
      });
      // A run that was ephemeral leaves nothing.
      expect(readdirSync(empty)).toEqual([]);
    },
    testTimeoutMs,
  );
});

describe("init", () => {
  test(
    "makes a topology that is valid, whose test passes and that runs",
    async () => {
      const made = await command(folder("new"), "init", "greeter");
      expect(made).toMatchObject({ code: 0, stderr: "" });
      const directory = join(scratch, "new", "greeter");
      expect(await command(directory, "validate")).toMatchObject({ code: 0, stderr: "" });
      const tests = await command(directory, "test");
      expect(tests).toMatchObject({ code: 0, stderr: expect.stringContaining("2 pass") });
      await whileUp(directory, async ({ gateway }) => {
        expect(await send(`${gateway}/greetings`, { name: "Ada" })).toMatchObject({
          status: 201,
          body: { text: "Hello, Ada!" },
        });
        expect(await send(`${gateway}/greetings`)).toMatchObject({
          status: 200,
          body: { items: [{ name: "Ada" }] },
        });
      });
      const again = await command(join(scratch, "new"), "init", "greeter");
      expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining("nothing is overwritten") });
    },
    testTimeoutMs,
  );
});

const outside = {
  "topology.yaml": `name: outside
gateway:
  routes:
    - { path: "/notes/{id}", methods: [GET], service: notes }
    - { path: /notes, methods: [POST], service: notes }
    - { path: "/shout/{id}", service: shout, rewrite: "/{id}" }
services:
  notes: { source: notes.ts }
  shout: { source: shouting, uses: [notes] }
`,
  "init.sql": "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);",
  "notes.ts": `import { eq } from "drizzle-orm";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { Hono } from "hono";
import { cors } from "hono/cors";
import { HTTPException } from "hono/http-exception";
import { defineService, validate } from "microcosm";
import { z } from "zod";
import init from "./init.sql" with { type: "text" };

const notes = sqliteTable("notes", { id: integer().primaryKey(), text: text().notNull() });

export const service = defineService({
  database: { schema: { notes }, migrations: [{ name: "0001", sql: init }] },
  api: ({ db }) =>
    new Hono()
      .use(cors())
      .get("/notes/:id", (c) => {
        const note = db.select().from(notes).where(eq(notes.id, Number(c.req.param("id")))).get();
        if (!note) throw new HTTPException(404);
        return c.json(note);
      })
      .post("/notes", validate("json", z.object({ text: z.string().min(1) })), (c) =>
        c.json(db.insert(notes).values(c.req.valid("json")).returning().get(), 201)),
});
export type Notes = ReturnType<NonNullable<typeof service.api>>;
`,
  "shouting/service.ts": `import { Hono } from "hono";
import { streamText } from "hono/streaming";
import { defineService } from "microcosm";
import type { Notes } from "../notes.ts";

export default defineService({
  api: ({ call }) =>
    new Hono().get("/:id", async (c) => {
      const answer = await call<Notes>("notes").notes[":id"].$get({ param: { id: c.req.param("id") } });
      const { text } = await answer.json();
      return streamText(c, async (stream) => void (await stream.write(text.toUpperCase())));
    }),
});
`,
};

describe("services outside the binary", () => {
  test(
    "import what it provides, with no node_modules anywhere",
    async () => {
      await whileUp(folder("outside", outside), async ({ gateway }) => {
        expect(await send(`${gateway}/notes`, { text: "hello" })).toEqual({
          status: 201,
          body: { id: 1, text: "hello" },
        });
        expect(await send(`${gateway}/notes`, { text: "" })).toMatchObject({ status: 422 });
        expect(await send(`${gateway}/notes/2`)).toMatchObject({ status: 404 });
        expect(await send(`${gateway}/shout/1`)).toEqual({ status: 200, body: "HELLO" });
      });
    },
    testTimeoutMs,
  );

  test("that are wrong are told with their place", async () => {
    const directory = folder("wrong", {
      ...outside,
      "topology.yaml": outside["topology.yaml"].replace("[notes]", "[nots]"),
    });
    const { code, stderr } = await command(directory, "validate");
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("topology.yaml:9:37:"),
    });
    expect(stderr).toContain('did you mean "notes"?');
  });
});
