import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MicrocosmError } from "../../sdk/errors.ts";
import { processStart } from "../supervisor/process-identity.ts";
import { writeControlFile } from "./control-file.ts";
import { findRun } from "./discovery.ts";
import { RunIndex } from "./run-index.ts";

let root: string;
let index: RunIndex;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "mc-find-"));
  index = new RunIndex(join(root, "runs"));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A run as this process would have announced it. */
function announce(name: string, pidStart = processStart(process.pid)!): string {
  const dataDirectory = join(root, name);
  mkdirSync(join(dataDirectory, "run"), { recursive: true });
  const { pid } = process;
  writeControlFile(join(dataDirectory, "run"), { pid, pidStart, url: "http://127.0.0.1:1", token: name });
  index.add({ name, dataDirectory, pid, pidStart });
  return dataDirectory;
}

const refusal = (options: Parameters<typeof findRun>[0] = {}) =>
  findRun({ index, directory: root, ...options }).then(
    () => undefined,
    (error: MicrocosmError) => error,
  );

test("nothing runs", async () => {
  expect(await refusal()).toMatchObject({ code: "not-running" });
  const named = await refusal({ dataDirectory: join(root, "nowhere") });
  expect(named).toMatchObject({ code: "not-running" });
  expect(named?.message).toContain(join(root, "nowhere"));
});

test("the only run is found from anywhere", async () => {
  const dataDirectory = announce("shop");
  expect(await findRun({ index, directory: root })).toMatchObject({ token: "shop", dataDirectory });
});

test("of several runs one must be named, unless one is here", async () => {
  const shop = announce("shop");
  const bank = announce("bank");
  const error = await refusal();
  expect(error).toMatchObject({ code: "bad-request" });
  for (const data of [shop, bank]) expect(error?.message).toContain(`--data ${data}`);
  expect(await findRun({ index, dataDirectory: bank })).toMatchObject({ token: "bank" });
  announce(".microcosm");
  expect(await findRun({ index, directory: root })).toMatchObject({ token: ".microcosm" });
});

test("a crashed run is not there, whoever has its pid now, and is forgotten", async () => {
  const dataDirectory = announce("shop", "long ago");
  expect(await refusal()).toMatchObject({ code: "not-running" });
  expect(await refusal({ dataDirectory })).toMatchObject({ code: "not-running" });
  expect(readdirSync(index.directory)).toEqual([]);
});

test("the index is private, survives rubbish and refuses a folder others can write to", async () => {
  announce("shop");
  expect(statSync(index.directory).mode & 0o777).toBe(0o700);
  for (const text of ["", "{", "null", '{"pid":"1"}']) {
    writeFileSync(join(index.directory, `${text.length}.json`), text);
  }
  expect(index.list().map(({ name }) => name)).toEqual(["shop"]);
  chmodSync(index.directory, 0o777);
  expect(() => index.list()).toThrow("not a private folder");
  expect(await refusal()).toMatchObject({ code: "data-unwritable" });
});
