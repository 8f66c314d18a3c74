/**
 * `bun run test`: installs the packages when they are missing, runs every test, and ends in a line that counts them.
 * Arguments are handed to `bun test`, so `bun run test runtime/bus` runs one folder.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dir, "..");
const testTimeoutMs = 120_000;

if (!existsSync(join(root, "node_modules", "hono"))) {
  const install = Bun.spawnSync([process.execPath, "install", "--frozen-lockfile"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (install.exitCode !== 0) process.exit(install.exitCode);
}

const scratch = mkdtempSync(join(tmpdir(), "microcosm-tests-"));
const report = join(scratch, "report.xml");
const tests = Bun.spawn(
  [
    process.execPath,
    "test",
    `--timeout=${testTimeoutMs}`,
    "--reporter=junit",
    `--reporter-outfile=${report}`,
    ...process.argv.slice(2),
  ],
  // Temporary folders of tests that are killed half-way go with this one.
  { cwd: root, stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, TMPDIR: scratch } },
);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => tests.kill(signal));
const exitCode = await tests.exited;
const counts = existsSync(report) ? countTests(await Bun.file(report).text()) : undefined;
rmSync(scratch, { recursive: true, force: true });

if (counts === undefined) {
  process.stdout.write("error: the test run ended without a report.\n0 passed, 1 failed\n");
  process.exit(exitCode === 0 ? 1 : exitCode);
}
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
process.exit(exitCode);

function countTests(xml: string) {
  const head = /<testsuites[^>]*>/.exec(xml)?.[0] ?? "";
  const attribute = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  const failed = attribute("failures");
  const skipped = attribute("skipped");
  return { passed: attribute("tests") - failed - skipped, failed, skipped };
}
