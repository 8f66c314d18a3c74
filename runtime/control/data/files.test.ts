import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MicrocosmError } from "../../../sdk/errors.ts";
import { DataFiles } from "./files.ts";
import { isSecretColumn, looksSecret } from "../../storage/secrets.ts";

let directory: string;
let db: Database;
let files: DataFiles;
const query = { limit: 50, after: 0 };

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "mc-data-"));
  db = new Database(join(directory, "shop.sqlite"));
  db.run("PRAGMA journal_mode = WAL");
  db.run(`CREATE TABLE things (
    id INTEGER PRIMARY KEY, name TEXT, size REAL, raw BLOB, password_hash TEXT, note TEXT
  ) STRICT`);
  db.run("CREATE INDEX things_by_name ON things (name)");
  db.run("CREATE TABLE pairs (a TEXT, b TEXT, PRIMARY KEY (a, b)) STRICT, WITHOUT ROWID");
  db.run("CREATE TABLE microcosm_outbox (id TEXT PRIMARY KEY)");
  db.run("CREATE VIEW named AS SELECT name FROM things WHERE name IS NOT NULL");
  files = new DataFiles({ directory, services: ["shop", "empty", "broken"] });
});
afterEach(() => {
  db.close();
  rmSync(directory, { recursive: true, force: true });
});

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as MicrocosmError).code;
  }
  return "nothing was thrown";
}

test("lists files, tables and rows; what cannot be read hides nothing else", () => {
  db.run("INSERT INTO things (name) VALUES ('a'), ('b')");
  writeFileSync(join(directory, "broken.sqlite"), "this is no database".repeat(100));
  const [shop, empty, broken] = files.list();
  expect(shop).toMatchObject({ service: "shop", exists: true, file: "shop.sqlite" });
  expect(shop!.bytes + shop!.walBytes).toBeGreaterThan(4096);
  expect(shop!.tables).toEqual([
    { name: "named", kind: "view", system: false, rows: 2, exact: true },
    { name: "pairs", kind: "table", system: false, rows: 0, exact: true },
    { name: "things", kind: "table", system: false, rows: 2, exact: true },
    { name: "microcosm_outbox", kind: "table", system: true, rows: 0, exact: true },
  ]);
  expect(empty).toEqual({
    service: "empty",
    file: "empty.sqlite",
    exists: false,
    bytes: 0,
    walBytes: 0,
    tables: [],
  });
  expect(broken).toMatchObject({ exists: true, tables: [], problem: expect.stringContaining("database") });
});

test("cells come with their type, large ones cut, bytes as hex, integers exact", () => {
  db.query("INSERT INTO things (id, name, size, raw, note) VALUES (?, ?, ?, ?, ?)").run(
    9007199254740993n,
    "<img src=x onerror=alert(1)>",
    1.5,
    new Uint8Array(1000).fill(0xab),
    "é".repeat(5000),
  );
  const page = files.page("shop", "things", query);
  const [id, name, size, raw, hash, note] = page.rows[0]!;
  expect(id).toEqual({ type: "integer", text: "9007199254740993" });
  expect(name).toEqual({ type: "text", text: "<img src=x onerror=alert(1)>" });
  expect(size).toEqual({ type: "real", text: "1.5" });
  expect(raw).toEqual({ type: "blob", text: "ab".repeat(256), size: 1000 });
  expect(hash).toEqual({ type: "hidden", text: "" });
  expect(note).toEqual({ type: "text", text: "é".repeat(2000), size: 5000 });
  expect(page.schema).toContain("CREATE TABLE things");
  expect(page.schema).toContain("CREATE INDEX things_by_name");
});

test("pages through, in the table's order, turned round, and by a column", () => {
  for (let n = 1; n <= 7; n++) db.query("INSERT INTO things (id, name) VALUES (?, ?)").run(n, `n${9 - n}`);
  const ids = (page: ReturnType<DataFiles["page"]>) => page.rows.map((row) => row[0]!.text).join("");
  const first = files.page("shop", "things", { limit: 3, after: 0 });
  expect([ids(first), first.next]).toEqual(["123", 3]);
  const last = files.page("shop", "things", { limit: 3, after: 6 });
  expect([ids(last), last.next]).toEqual(["7", undefined]);
  expect(ids(files.page("shop", "things", { ...query, order: "-" }))).toBe("7654321");
  expect(ids(files.page("shop", "things", { ...query, order: "name" }))).toBe("7654321");
  expect(ids(files.page("shop", "things", { ...query, order: "-name" }))).toBe("1234567");
  db.run("INSERT INTO pairs VALUES ('b', '1'), ('a', '2'), ('a', '1')");
  const pairs = files.page("shop", "pairs", query).rows.map((row) => row.map((cell) => cell.text).join(""));
  expect(pairs).toEqual(["a1", "a2", "b1"]);
  expect(files.page("shop", "named", query).rows).toHaveLength(7);
});

test("what is not there, or would tell of what is hidden, is refused", () => {
  expect(codeOf(() => files.page("../shop", "things", query))).toBe("not-found");
  expect(codeOf(() => files.page("empty", "things", query))).toBe("not-found");
  expect(codeOf(() => files.page("shop", 'things"; DROP TABLE things; --', query))).toBe("not-found");
  expect(codeOf(() => files.page("shop", "sqlite_master", query))).toBe("not-found");
  expect(codeOf(() => files.page("shop", "things", { ...query, order: "nothing" }))).toBe("bad-request");
  expect(codeOf(() => files.page("shop", "things", { ...query, order: "password_hash" }))).toBe(
    "bad-request",
  );
  const names = files.page("shop", "things", query).columns.filter(({ hidden }) => hidden);
  expect(names.map(({ name }) => name)).toEqual(["password_hash"]);
});

test("a table too large to sort is counted to the bound and ordered by what has an index", () => {
  db.run(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100005) INSERT INTO things (id, name) SELECT i, i FROM n",
  );
  const page = files.page("shop", "things", { limit: 1, after: 0, order: "-name" });
  expect(page.table).toMatchObject({ rows: 100_000, exact: false });
  expect(page.rows[0]![1]!.text).toBe("99999");
  const sortable = page.columns.filter((column) => column.sortable).map(({ name }) => name);
  expect(sortable).toEqual(["id", "name"]);
  expect(codeOf(() => files.page("shop", "things", { ...query, order: "note" }))).toBe("bad-request");
});

describe("secrets", () => {
  test("are known by the words of a column's name", () => {
    for (const name of ["password_hash", "privateJwk", "token_hash", "refreshToken", "api_key", "apiKey"]) {
      expect([name, isSecretColumn(name)]).toEqual([name, true]);
    }
    for (const name of [
      "id",
      "public_jwk",
      "request_hash",
      "kid",
      "passenger",
      "pinned",
      "key",
      "tokenizer",
    ]) {
      expect([name, isSecretColumn(name)]).toEqual([name, false]);
    }
  });

  test("are known by their form wherever they stand", async () => {
    expect(
      looksSecret(await Bun.password.hash("x", { algorithm: "argon2id", memoryCost: 8, timeCost: 1 })),
    ).toBe(true);
    const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
    const jwk = async (key: CryptoKey) => JSON.stringify(await crypto.subtle.exportKey("jwk", key));
    expect(looksSecret(await jwk(pair.privateKey))).toBe(true);
    expect(looksSecret(await jwk(pair.publicKey))).toBe(false);
    expect(looksSecret("-----BEGIN PRIVATE KEY-----\nMIG")).toBe(true);
    expect(looksSecret('{"productId":"p1","quantity":2}')).toBe(false);
  });
});
