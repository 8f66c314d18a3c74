/** The real shop in both modes, as short as it can be: what is compared is there, and nothing is left behind. */
import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ComparisonReport } from "../paired/comparison.ts";

const directory = mkdtempSync(join(tmpdir(), "modes-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const main = join(import.meta.dir, "..", "main.ts");

async function bench(...args: readonly string[]) {
  const child = Bun.spawn([process.execPath, main, ...args, "--out", directory], {
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

test.concurrent("a crash of one service takes down itself, or everything", async () => {
  const { stdout, stderr, code } = await bench(
    "compare-modes",
    "--parts",
    "crash",
    "--rounds",
    "1",
    "--crash",
    "catalog",
    "--json",
  );
  expect(stderr).toContain("monolith measured");
  expect(code).toBe(0);
  const report = JSON.parse(stdout) as ComparisonReport;
  const of = (contender: string) => report.rounds.find((round) => round.contender === contender)!.values;
  expect(of("monolith").failed!).toBeGreaterThan(0);
  expect(of("monolith").routesHit!).toBeGreaterThan(1);
  expect(of("monolith").downMs!).toBeGreaterThan(0);
  // Of the microservices, only what needs the catalog can fail: products, storefronts and new orders.
  expect(of("microservices").routesHit!).toBeLessThanOrEqual(4);
  expect(of("microservices").failed!).toBeLessThan(of("monolith").failed!);
  const routes = report.tables[0]!.rows.map(([route]) => route);
  expect(routes).toContain("GET /v1/notifications");
  expect(report.warnings.join("\n")).toContain("too few for a verdict");
  const html = readFileSync(
    join(directory, `compare-modes-${report.startedAt.replace(/[:.]/g, "-")}.html`),
    "utf8",
  );
  expect(html).not.toMatch(/NaN|undefined/);
  expect(html).toContain("One process or many");
}, 120_000);

test.concurrent("what does not exist is refused before anything is measured", async () => {
  const wrong: readonly (readonly [readonly string[], string])[] = [
    [["--topology", join(directory, "none.yaml")], "there is no file"],
    [["--scenario", "shpo"], "did you mean shop?"],
    [["--parts", "lod"], "--parts takes load, crash, scale"],
    [["--scale", "catalog"], "--scale takes SERVICE=N"],
    [["--rounds", "0"], "not a whole number above 0"],
    [["--parts", "crash", "--rounds", "1", "--crash", "catalogue"], 'there is no service "catalogue"'],
  ];
  const told = await Promise.all(wrong.map(([args]) => bench("compare-modes", ...args)));
  for (const [i, [, message]] of wrong.entries()) {
    expect(told[i]!.stderr).toContain(message);
    expect(told[i]!.code).toBe(1);
  }
  expect(existsSync(join(directory, "none.yaml"))).toBe(false);
}, 120_000);
