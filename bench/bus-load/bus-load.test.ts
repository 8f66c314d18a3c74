/** Load on a real broker, in processes of their own: what was published arrives, each in every subscription. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoadResult } from "../load/result.ts";
import { type BootedRun, bootRun } from "../topology/boot.ts";

const directory = mkdtempSync(join(tmpdir(), "bus-load-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function bench(...args: readonly string[]) {
  const main = join(import.meta.dir, "..", "main.ts");
  const child = Bun.spawn([process.execPath, main, "bus-load", ...args, "--out", directory, "--json"], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { stdout, stderr, code };
}

const short = ["--duration", "1s", "--warmup", "300ms"] as const;

for (const durability of ["disk", "memory"]) {
  test.concurrent(`an open loop on ${durability}: every event, from when it was due to its handler`, async () => {
    const { stdout } = await bench("--durability", durability, "--rate", "100", "--processes", "2", ...short);
    const load = JSON.parse(stdout) as LoadResult;
    expect(load.due).toBe(100);
    expect(load.total.replied).toBe(100);
    const [acknowledged] = load.steps.filter(({ aside }) => aside === true);
    expect(acknowledged!.replied).toBe(100);
    expect(load.problems.filter(({ message }) => message.includes("not delivered"))).toEqual([]);
  }, 60_000);
}

test.concurrent("a closed loop with keys: each subscription gets each event", async () => {
  const { stdout } = await bench(
    "--clients",
    "3",
    "--keys",
    "5",
    "--subscriptions",
    "2",
    "--requests",
    "60",
    // Ends with the last of them, however long a busy machine takes.
    ...["--duration", "2m", "--warmup", "300ms"],
  );
  const load = JSON.parse(stdout) as LoadResult;
  const [acknowledged] = load.steps.filter(({ aside }) => aside === true);
  expect(acknowledged!.replied).toBe(60);
  expect(load.total.replied).toBe(120);
}, 180_000);

test.concurrent("the bus of a run is loaded on a topic that it has, and on no other", async () => {
  const data = join(directory, "data");
  let run: BootedRun | undefined;
  try {
    run = await bootRun({ topology: join(import.meta.dir, "..", "styles", "topology.yaml"), data });
    const loaded = await bench("--data", data, "--topic", "answer.front", "--rate", "50", ...short);
    expect((JSON.parse(loaded.stdout) as LoadResult).total.replied).toBe(50);
    const { stderr, code } = await bench("--data", data, "--topic", "answer.nobody", "--rate", "50");
    expect(stderr).toContain('the run has no topic "answer.nobody"');
    expect(code).toBe(1);
  } finally {
    await run?.stop();
  }
}, 120_000);

test.concurrent("what means nothing is refused by name", async () => {
  const wrong: readonly (readonly [readonly string[], string])[] = [
    [["--rate", "1", "--durability", "tape"], "--durability takes disk or memory"],
    [["--rate", "1", "--topic", "a"], "--topic and --data go together"],
    [["--rate", "1", "--bytes", "1e9"], "not a whole number from 0"],
    [[], "give --rate N"],
  ];
  const told = await Promise.all(wrong.map(([args]) => bench(...args)));
  for (const [i, [, message]] of wrong.entries()) {
    expect(told[i]!.stderr).toContain(message);
    expect(told[i]!.code).toBe(1);
  }
}, 60_000);
