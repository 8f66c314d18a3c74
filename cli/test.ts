import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { CliContext } from "./program.ts";

/**
 * Runs the tests of a topology's services with `bun test` and returns its exit code. The binary holds a whole Bun, so
 * it needs none on the machine. Tests import `microcosm/testing` and the rest from this program.
 */
export async function test(paths: readonly string[], context: CliContext): Promise<number> {
  const [program = process.execPath, main] = context.command;
  if (main !== undefined) return await runTests(program, join(import.meta.dir, "test-preload.ts"), paths);
  const { testPreload } = await import("../embedded/test-preload.ts");
  const directory = mkdtempSync(join(tmpdir(), "microcosm-test-"));
  try {
    const preload = join(directory, "preload.js");
    await Bun.write(preload, testPreload);
    return await runTests(program, preload, paths);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function runTests(program: string, preload: string, paths: readonly string[]): Promise<number> {
  // Bun takes a bare word for a filter on file names; what exists is meant as a path.
  const filters = paths.map((path) => (existsSync(path) ? resolve(path) : path));
  const tests = Bun.spawn([program, "test", "--no-install", "--preload", preload, ...filters], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, BUN_BE_BUN: "1" },
  });
  const forward = (signal: NodeJS.Signals) => tests.kill(signal);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, forward);
  try {
    return await tests.exited;
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, forward);
  }
}
