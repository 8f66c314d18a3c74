import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { preparedProgram } from "./prepared.ts";

let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "prepared-"));
  write("main.ts", "one");
  write("runtime/worker/run.ts", "two");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

test("another source is another program", () => {
  const seen = new Set([preparedProgram(root)]);
  const changes: readonly (() => void)[] = [
    () => write("runtime/worker/run.ts", "three"),
    () => utimesSync(join(root, "main.ts"), new Date(1), new Date(1)),
    () => write("services/orders/api.ts", "four"),
    () => write("bun.lock", "five"),
    () => rmSync(join(root, "services/orders/api.ts")),
  ];
  for (const change of changes) {
    change();
    seen.add(preparedProgram(root));
  }
  expect(seen.size).toBe(changes.length + 1);
});

test("the same source is the same program, whatever its tests are", () => {
  const before = preparedProgram(root);
  write("runtime/worker/run.test.ts", "a test");
  write("docs/page.md", "a page");
  expect(preparedProgram(root)).toBe(before);
});
