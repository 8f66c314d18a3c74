/** docs/writing-a-service.md is true: its files are taken out of the page, and the page's own test runs on them. */
import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

const root = join(import.meta.dir, "../..");

test("the service of docs/writing-a-service.md passes its own test", async () => {
  const page = await Bun.file(join(root, "docs/writing-a-service.md")).text();
  const files = [...page.matchAll(/^```\w+ file=(\S+)\n([\s\S]*?)^```$/gm)];
  expect(files.map(([, name]) => name)).toEqual([
    "schema.ts",
    "migrations/0001_init.sql",
    "events.ts",
    "service.ts",
    "service.test.ts",
  ]);
  // Below the project, where `microcosm` and the packages are found.
  mkdirSync(join(root, ".microcosm"), { recursive: true });
  const directory = mkdtempSync(join(root, ".microcosm/guide-"));
  try {
    for (const [, name = "", text = ""] of files) {
      const file = join(directory, "reviews", name);
      mkdirSync(dirname(file), { recursive: true });
      await Bun.write(file, text);
    }
    const child = Bun.spawn([process.execPath, "test", "./reviews/service.test.ts"], {
      cwd: directory,
      stdout: "pipe",
      stderr: "pipe",
    });
    const output = await new Response(child.stderr).text();
    expect(output).toContain(" 3 pass");
    expect(await child.exited).toBe(0);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}, 30_000);
