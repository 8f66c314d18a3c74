import { afterEach, describe, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eq, sql } from "drizzle-orm";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { storageError } from "./errors.ts";
import { Inbox } from "./inbox.ts";
import { Leases } from "./lease.ts";
import { migrate } from "./migrate.ts";
import { openStorage, relaxed, type Storage } from "./open.ts";
import { Outbox } from "./outbox.ts";

const fixtures = join(import.meta.dir, "fixtures");
const directories: string[] = [];
const storages: Storage<Record<string, unknown>>[] = [];
afterEach(() => {
  for (const storage of storages.splice(0)) storage.close();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function folder(): string {
  const directory = mkdtempSync(join(tmpdir(), "ms-"));
  directories.push(directory);
  return directory;
}

const items = sqliteTable("items", { id: text().primaryKey(), n: integer().notNull() });
const createItems = {
  name: "0001_items",
  sql: "CREATE TABLE items (id TEXT PRIMARY KEY, n INTEGER NOT NULL);",
};

function open(file = ":memory:", more: { durability?: "disk" | "process"; maxStatements?: number } = {}) {
  const storage = openStorage({ file, schema: { items }, ...more });
  storages.push(storage as unknown as Storage<Record<string, unknown>>);
  return storage;
}

function run(storage: { client: Database }, migrations: { name: string; sql: string }[]) {
  return migrate(storage.client, { file: "test.sqlite", migrations });
}

describe("open", () => {
  test("sets the file up for several processes and for a power loss", () => {
    const { client } = open(join(folder(), "deep", "a.sqlite"));
    const pragma = (name: string) => Object.values(client.query(`PRAGMA ${name}`).get() as object)[0];
    expect([
      pragma("journal_mode"),
      pragma("synchronous"),
      pragma("foreign_keys"),
      pragma("busy_timeout"),
    ]).toEqual(["wal", 2, 1, 5000]);
    expect(
      Object.values(open(":memory:", { durability: "process" }).client.query("PRAGMA synchronous").get()!),
    ).toEqual([1]);
  });

  test("close leaves one file behind, though an author holds prepared queries", async () => {
    const file = join(folder(), "a.sqlite");
    const storage = open(file, { maxStatements: 2 });
    await run(storage, [createItems]);
    const held = storage.db.select().from(items).prepare();
    for (let i = 1; i < 5; i++) storage.db.select().from(items).limit(i).all();
    held.all();
    storage.close();
    storage.close();
    expect([existsSync(file), existsSync(`${file}-wal`)]).toEqual([true, false]);
  });

  test("a kept statement gives fresh rows, and evicted ones still work", async () => {
    const storage = open(":memory:", { maxStatements: 1 });
    await run(storage, [createItems]);
    const { db } = storage;
    const held = db
      .select()
      .from(items)
      .where(eq(items.id, sql.placeholder("id")))
      .prepare();
    for (let n = 0; n < 3; n++) {
      db.insert(items)
        .values({ id: `i${n}`, n })
        .run();
      expect(db.select().from(items).all()).toHaveLength(n + 1);
      expect(held.get({ id: `i${n}` })).toEqual({ id: `i${n}`, n });
    }
  });

  test("a folder that cannot be written, a file that is none: data-unwritable, saying why", () => {
    const directory = folder();
    const file = join(directory, "file");
    mkdirSync(file);
    expect(() => open(file)).toThrow(expect.objectContaining({ code: "data-unwritable" }));
    if (process.getuid?.() === 0) return;
    chmodSync(directory, 0o500);
    expect(() => open(join(directory, "a.sqlite"))).toThrow(
      expect.objectContaining({ code: "data-unwritable" }),
    );
  });

  test("bad options name their key", () => {
    expect(() => open(":memory:", { maxStatements: 0 })).toThrow("maxStatements");
  });

  test("relaxed commits skip the fsync, and only they", () => {
    const storage = open(join(folder(), "a.sqlite"));
    const level = () => Object.values(storage.client.query("PRAGMA synchronous").get() as object)[0];
    expect(relaxed(storage, level)).toBe(1);
    expect(level()).toBe(2);
    expect(() =>
      relaxed(storage, () => {
        throw new Error("x");
      }),
    ).toThrow("x");
    expect(level()).toBe(2);
  });
});

describe("errors", () => {
  test("a full disk, a read-only file, a lock", () => {
    const { client } = open();
    client.run("CREATE TABLE a (x)");
    client.run("PRAGMA max_page_count = 10");
    const failure = () => {
      for (;;) client.run("INSERT INTO a VALUES (randomblob(4000))");
    };
    expect(codeOf(failure)).toBe("data-unwritable");
    const file = join(folder(), "a.sqlite");
    open(file).client.run("CREATE TABLE a (x)");
    const readOnly = new Database(file, { readonly: true });
    expect(codeOf(() => readOnly.run("INSERT INTO a VALUES (1)"))).toBe("data-unwritable");
    readOnly.close();
    const [one, other] = [open(file), open(file)];
    other.client.run("PRAGMA busy_timeout = 1");
    one.client.run("BEGIN IMMEDIATE");
    expect(codeOf(() => other.client.run("INSERT INTO a VALUES (1)"))).toBe("overloaded");
    one.client.run("ROLLBACK");
  });

  test("drizzle's wrapping is looked through; a constraint is the author's own", async () => {
    const storage = open();
    await run(storage, [createItems]);
    storage.client.run("PRAGMA query_only = 1");
    expect(codeOf(() => storage.db.run(sql`INSERT INTO items VALUES ('a', 1)`))).toBe("data-unwritable");
    storage.client.run("PRAGMA query_only = 0");
    storage.db.insert(items).values({ id: "a", n: 1 }).run();
    expect(codeOf(() => storage.db.insert(items).values({ id: "a", n: 1 }).run())).toBeUndefined();
  });
});

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    return storageError(error, "a.sqlite")?.code;
  }
  throw new Error("did not throw");
}

describe("migrate", () => {
  test("applies each once, in the order of the names", async () => {
    const storage = open();
    const two = { name: "0002_more", sql: "ALTER TABLE items ADD COLUMN more TEXT;" };
    expect((await run(storage, [two, createItems])).slice(1)).toEqual(["0001_items", "0002_more"]);
    expect(await run(storage, [two, createItems])).toEqual([]);
    const three = { name: "0003_note", sql: "-- nothing to do\n" };
    expect(await run(storage, [two, createItems, three])).toEqual(["0003_note"]);
    expect(Object.values(storage.client.query("PRAGMA synchronous").get() as object)).toEqual([2]);
  });

  test("one that fails is named with SQLite's words, leaves nothing, and those before it stay", async () => {
    const storage = open();
    const bad = {
      name: "0002_bad",
      sql: "CREATE TABLE half (x); INSERT INTO half VALUES (1); CREATE TABL oops;",
    };
    await expect(run(storage, [createItems, bad])).rejects.toMatchObject({
      code: "migration-failed",
      message: expect.stringMatching(/^0002_bad: near "TABL": syntax error/),
    });
    const tables = storage.client
      .query("SELECT name FROM sqlite_master WHERE name IN ('items', 'half')")
      .all();
    expect(tables).toEqual([{ name: "items" }]);
    expect(storage.client.inTransaction).toBe(false);
    await run(storage, [createItems, { ...bad, sql: "CREATE TABLE half (x);" }]);
  });

  test("one that has changed since is refused, line ends aside", async () => {
    const storage = open();
    await run(storage, [{ name: "1", sql: "CREATE TABLE a (x);\n" }]);
    await run(storage, [{ name: "1", sql: "CREATE TABLE a (x);\r\n" }]);
    await expect(run(storage, [{ name: "1", sql: "CREATE TABLE a (y);" }])).rejects.toMatchObject({
      code: "migration-failed",
      message: expect.stringContaining("1 has changed since it was applied"),
    });
  });

  test.each([
    ["COMMIT in it", "CREATE TABLE a (x); COMMIT; CREATE TABLE b (x);", "leave COMMIT"],
    ["a table name twice", "CREATE TABLE a (x); CREATE TABLE a (x);", "already exists"],
  ])("%s", async (_name, text, message) => {
    const storage = open();
    await expect(run(storage, [{ name: "1", sql: text }])).rejects.toThrow(message);
    expect(await run(storage, [{ name: "1", sql: "CREATE TABLE IF NOT EXISTS z (x);" }])).toEqual(["1"]);
  });

  test("two of one name, and SQL that is no text", async () => {
    await expect(run(open(), [createItems, createItems])).rejects.toThrow(
      "Two migrations have the name 0001_items",
    );
    await expect(run(open(), [{ name: "1", sql: {} as string }])).rejects.toThrow('{ type: "text" }');
  });

  test("a table rebuilt in SQLite's manner loses no child rows; a broken reference is refused", async () => {
    const storage = open();
    const tables =
      "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p ON DELETE CASCADE);";
    await run(storage, [{ name: "1", sql: `${tables} INSERT INTO p VALUES (1); INSERT INTO c VALUES (1);` }]);
    const rebuild =
      "CREATE TABLE q (id INTEGER PRIMARY KEY, x); INSERT INTO q (id) SELECT id FROM p; DROP TABLE p; ALTER TABLE q RENAME TO p;";
    await run(storage, [{ name: "2", sql: rebuild }]);
    expect(storage.client.query("SELECT * FROM c").all()).toEqual([{ p: 1 }]);
    await expect(run(storage, [{ name: "3", sql: "INSERT INTO c VALUES (9);" }])).rejects.toThrow(
      "rows of c refer to rows of p",
    );
    expect(Object.values(storage.client.query("PRAGMA foreign_keys").get() as object)).toEqual([1]);
  });

  test("several processes that start together apply each migration once", async () => {
    const file = join(folder(), "a.sqlite");
    const processes = Array.from({ length: 4 }, () =>
      Bun.spawn([process.execPath, join(fixtures, "migrating-process.ts"), file, "5"], {
        stdin: "pipe",
        stdout: "pipe",
        stderr: "pipe",
      }),
    );
    for (const child of processes) void child.stdin.end();
    const outputs = await Promise.all(
      processes.map(async (child) => {
        const [out, err] = await Promise.all([
          new Response(child.stdout).text(),
          new Response(child.stderr).text(),
        ]);
        expect([await child.exited, err]).toEqual([0, ""]);
        return JSON.parse(out) as string[];
      }),
    );
    const steps = ["0001_step", "0002_step", "0003_step", "0004_step", "0005_step"];
    expect(outputs.flat().sort()).toEqual([...steps, "microcosm/0001-outbox-inbox-leases"].sort());
    const { client } = open(file);
    for (let i = 0; i < 5; i++)
      expect(client.query(`SELECT count(*) AS n FROM t${i}`).get()).toEqual({ n: 20_000 });
  }, 30_000);

  test("waits for the lock without blocking, and gives up at its bound", async () => {
    const file = join(folder(), "a.sqlite");
    const [holder, waiter] = [open(file), open(file)];
    holder.client.run("BEGIN IMMEDIATE");
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const migrating = migrate(waiter.client, { file, migrations: [], lockTimeoutMs: 100 });
    await expect(migrating).rejects.toMatchObject({ code: "overloaded" });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
    holder.client.run("ROLLBACK");
    expect(await migrate(waiter.client, { file, migrations: [] })).toHaveLength(1);
  });
});

describe("outbox, inbox, leases", () => {
  const record = (id: string, bytes = 1) => ({
    id,
    source: "/x",
    type: "t",
    time: 1,
    data: new Uint8Array(bytes),
  });

  test("a row comes back as it went in", async () => {
    const storage = open();
    await run(storage, []);
    const outbox = new Outbox(storage);
    const full = { ...record("a", 3), subject: "s", key: "k", traceparent: "t" };
    outbox.add("topic", full);
    expect(outbox.batch(10, 1000)).toEqual([{ id: 1, topic: "topic", record: full }]);
  });

  test("a batch is bounded by rows and bytes, but one row always passes", async () => {
    const storage = open();
    await run(storage, []);
    const outbox = new Outbox(storage);
    for (const [id, bytes] of [
      ["a", 500],
      ["b", 10],
      ["c", 10],
      ["d", 10],
    ] as const)
      outbox.add("t", record(id, bytes));
    const ids = (rows: number, bytes: number) => outbox.batch(rows, bytes).map((row) => row.record.id);
    expect(ids(2, 10_000)).toEqual(["a", "b"]);
    expect(ids(10, 100)).toEqual(["a"]);
    expect(ids(10, 520)).toEqual(["a", "b", "c"]);
  });

  test("ids are never used again: a late removal by another instance hits nothing", async () => {
    const storage = open();
    await run(storage, []);
    const outbox = new Outbox(storage);
    outbox.add("t", record("a"));
    const ids = outbox.batch(10, 1000).map((row) => row.id);
    outbox.remove(ids);
    outbox.add("t", record("b"));
    outbox.remove(ids);
    expect(outbox.batch(10, 1000).map((row) => row.record.id)).toEqual(["b"]);
  });

  test("a refused row steps aside until it is taken back in", async () => {
    const storage = open();
    await run(storage, []);
    const outbox = new Outbox(storage);
    for (const id of ["a", "b"]) outbox.add("t", record(id));
    outbox.refuse(1, "no such topic");
    expect(outbox.batch(10, 1000).map((row) => row.record.id)).toEqual(["b"]);
    expect([outbox.retryRefused(), outbox.retryRefused()]).toEqual([1, 0]);
    expect(outbox.batch(10, 1000)).toHaveLength(2);
  });

  test("the inbox takes an event once per subscription, and forgets by age in steps", async () => {
    const storage = open();
    await run(storage, []);
    const inbox = new Inbox(storage);
    expect([inbox.take("s", "e", 1), inbox.take("s", "e", 2), inbox.take("other", "e", 3)]).toEqual([
      true,
      false,
      true,
    ]);
    for (let i = 0; i < 10; i++) inbox.take("s", `e${i}`, 10 + i);
    expect([inbox.prune(15, 4), inbox.prune(15, 4), inbox.prune(15, 4)]).toEqual([4, 3, 0]);
    expect([inbox.take("s", "e", 30), inbox.take("s", "e9", 30)]).toEqual([true, false]);
  });

  test("a lease has one holder, who keeps it until it lets go or is silent", async () => {
    const storage = open();
    await run(storage, []);
    const leases = new Leases(storage);
    expect([leases.acquire("l", "a", 0, 100), leases.acquire("l", "b", 50, 100)]).toEqual([true, false]);
    expect([leases.acquire("l", "a", 80, 100), leases.acquire("l", "b", 120, 100)]).toEqual([true, false]);
    expect([leases.acquire("l", "b", 180, 100), leases.acquire("l", "a", 181, 100)]).toEqual([true, false]);
    leases.release("l", "a");
    expect(leases.acquire("l", "a", 182, 100)).toBe(false);
    leases.release("l", "b");
    expect(leases.acquire("l", "a", 183, 100)).toBe(true);
  });

  test("killed at any moment: an event, its effect and what it caused are there together or not at all", async () => {
    const file = join(folder(), "a.sqlite");
    const storage = open(file);
    await run(storage, [{ name: "1", sql: "CREATE TABLE effects (event TEXT);" }]);
    const said = new Set<string>();
    for (let round = 0; round < 3; round++) {
      const { n } = storage.client.query("SELECT count(*) AS n FROM effects").get() as { n: number };
      // Begins with events that took effect already: redelivery after a crash.
      const command = [
        process.execPath,
        join(fixtures, "writing-process.ts"),
        file,
        String(Math.max(0, n - 5)),
      ];
      const child = Bun.spawn(command, { stdout: "pipe", stderr: "inherit" });
      const reader = child.stdout.getReader();
      let text = "";
      while (text.split("\n").length < 30) text += new TextDecoder().decode((await reader.read()).value);
      child.kill("SIGKILL");
      for (let last = await reader.read(); !last.done; last = await reader.read()) {
        text += new TextDecoder().decode(last.value);
      }
      await child.exited;
      for (const id of text.split("\n").slice(0, -1)) said.add(id);
    }
    const effects = storage.client.query("SELECT event FROM effects ORDER BY rowid").values().flat();
    const taken = storage.client.query("SELECT event_id FROM microcosm_inbox ORDER BY id").values().flat();
    const caused = storage.client.query("SELECT event_id FROM microcosm_outbox ORDER BY id").values().flat();
    expect(effects).toEqual(effects.map((_, i) => `e${i}`));
    expect(taken).toEqual(effects);
    expect(caused).toEqual(effects.map((event) => `caused-by-${event}`));
    // What was said to be done is done.
    expect([...said].filter((id) => !effects.includes(id))).toEqual([]);
  }, 30_000);
});
