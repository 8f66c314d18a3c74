import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eq } from "drizzle-orm";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { openStorage, type Storage } from "./open.ts";

const items = sqliteTable("items", { id: text().primaryKey(), n: integer().notNull() });
let folder: string;
let storage: Storage<{ items: typeof items }>;
/** As another instance has it. */
let other: Database;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mc-read-lock-"));
  const file = join(folder, "a.sqlite");
  storage = openStorage({ file, schema: { items } });
  storage.client.run("CREATE TABLE items (id TEXT PRIMARY KEY, n INTEGER NOT NULL)");
  storage.client.run("INSERT INTO items VALUES ('a', 1)");
  other = new Database(file);
});

afterEach(() => {
  other.close();
  storage.close();
  rmSync(folder, { recursive: true, force: true });
});

const read = () => storage.db.select().from(items).where(eq(items.id, "a")).get()?.n;

/** Whether somebody is in the middle of a read of the log: it cannot be emptied then. Empties it otherwise. */
function isHeld(): boolean {
  const { busy } = other.query("PRAGMA wal_checkpoint(TRUNCATE)").get() as { busy: number };
  return busy === 1;
}

/** So that there is a log to be read. */
const commit = (n: number) => void other.run("UPDATE items SET n = ?", [n]);
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("the read lock", () => {
  test("is held from a turn's second read to the turn's end", async () => {
    read();
    expect(isHeld()).toBe(false);
    commit(2);
    read();
    expect(isHeld()).toBe(true);
    await nextTurn();
    expect(isHeld()).toBe(false);
    commit(3);
    read();
    expect(isHeld()).toBe(false);
    commit(4);
    read();
    expect(isHeld()).toBe(true);
  });

  test("each read sees the newest commit of others all the same", () => {
    read();
    read();
    for (let n = 2; n < 20; n++) {
      commit(n);
      expect(read()).toBe(n);
    }
  });

  test("is gone before the own connection writes, and may come again behind it", () => {
    read();
    read();
    storage.db.update(items).set({ n: 2 }).run();
    expect(isHeld()).toBe(false);
    commit(3);
    expect([read(), read()]).toEqual([3, 3]);
    expect(isHeld()).toBe(true);
    // Would be refused at once if it stood on what was read before this commit.
    commit(4);
    storage.db.insert(items).values({ id: "b", n: 5 }).run();
    expect([read(), isHeld()]).toEqual([4, false]);
  });

  test("is not held within a transaction", () => {
    read();
    read();
    storage.db.transaction((tx) => {
      expect(isHeld()).toBe(false);
      for (let i = 0; i < 3; i++) tx.select().from(items).all();
      tx.update(items).set({ n: 5 }).run();
    });
    expect([isHeld(), read()]).toEqual([false, 5]);
  });

  test("ends with the storage, which leaves one file behind", () => {
    read();
    read();
    other.close();
    storage.close();
    expect(readdirSync(folder)).toEqual(["a.sqlite"]);
  });

  test("reads go on where it is not to be had", () => {
    rmSync(join(folder, "a.sqlite"));
    expect([read(), read(), read()]).toEqual([1, 1, 1]);
  });
});
