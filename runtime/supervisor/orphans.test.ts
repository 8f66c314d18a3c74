/** What remains of a run whose supervisor dies without a word: nothing, and the next run starts as if it had not been. */
import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { processStart } from "./process-identity.ts";

const wholeRun = join(import.meta.dir, "fixtures/whole-run.ts");
const directory = mkdtempSync(join(tmpdir(), "mc-orphans-"));
const started: Bun.Subprocess[] = [];

afterEach(async () => {
  for (const child of started.splice(0)) {
    child.kill("SIGKILL");
    await child.exited;
  }
  rmSync(directory, { recursive: true, force: true });
});

/** Starts a run; resolves with its workers' pids when it is ready. */
async function run(): Promise<{ child: Bun.Subprocess; pids: number[] }> {
  const child = Bun.spawn([process.execPath, wholeRun, directory], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  started.push(child);
  const { value } = await child.stdout.getReader().read();
  return { child, pids: JSON.parse(new TextDecoder().decode(value)) };
}

async function allGone(pids: readonly number[]): Promise<void> {
  const end = Date.now() + 20_000;
  while (pids.some((pid) => processStart(pid) !== undefined)) {
    if (Date.now() > end) throw new Error("workers outlive their supervisor");
    await Bun.sleep(10);
  }
}

test("no worker outlives a killed supervisor, not even one stuck in a loop", async () => {
  const first = await run();
  expect(first.pids).toHaveLength(4);
  expect(first.pids.every((pid) => processStart(pid) !== undefined)).toBe(true);
  // Long enough for `stuck` to be stuck.
  await Bun.sleep(300);
  first.child.kill("SIGKILL");
  await first.child.exited;
  await allGone(first.pids);
  // Its sockets and pid files are still there; the next run clears them away.
  expect(readdirSync(join(directory, "run"))).toContain("supervisor.sock");

  const second = await run();
  expect(second.pids).toHaveLength(4);
  second.child.kill("SIGKILL");
  await second.child.exited;
  await allGone(second.pids);
}, 60_000);
