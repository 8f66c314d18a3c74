import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runOf } from "../report/fixture.ts";
import { readThresholds } from "./file.ts";
import { judge } from "./judge.ts";

const directory = mkdtempSync(join(tmpdir(), "check-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const stops: (() => unknown)[] = [];
afterAll(() => {
  for (const stop of stops) stop();
});

let written = 0;
function write(text: string): string {
  const file = join(directory, `thresholds-${++written}.yaml`);
  writeFileSync(file, text);
  return file;
}

async function check(text: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = Bun.spawn(
    [
      process.execPath,
      join(import.meta.dir, "..", "main.ts"),
      "check",
      write(text),
      "--out",
      directory,
      "--record",
    ],
    { stdout: "pipe", stderr: "pipe" },
  );
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

describe("a threshold file", () => {
  test("is read with its defaults, and files from where it lies", () => {
    const { rounds, checks } = readThresholds(
      write(
        "checks:\n  - { name: a, topology: shop.yaml, scenario: shop, rate: 5, bounds: { p99Ms: { atMost: 3 } } }\n",
      ),
    );
    expect(rounds).toBe(5);
    expect(checks[0]!.topology).toBe(join(directory, "shop.yaml"));
    expect(checks[0]!.scenario).toEndWith("scenarios/shop.ts");
  });

  test("that is wrong is refused with all that is, each with its place", () => {
    const text = `rounds: 2
checks:
  - name: a
    url: http://x/
    clients: 1
    bounds: { perSecnod: { atLeast: 1 } }
  - name: b
    rate: 3
    bounds: { perSecond: { atLeast: 1 } }
`;
    let message = "";
    try {
      readThresholds(write(text));
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toContain(".yaml:1:9: rounds: is 3 at least");
    expect(message).toContain(":6:13: checks.0.bounds:");
    expect(message).toContain(":7:5: checks.1: needs topology or url");
    expect(() => readThresholds(write("checks: [}"))).toThrow(".yaml:1:");
    expect(() => readThresholds(join(directory, "none.yaml"))).toThrow("cannot be read");
    expect(() =>
      readThresholds(
        write("checks: [{ name: a, url: x, rate: 1, scenario: shpo, bounds: { p50Ms: { atMost: 1 } } }]"),
      ),
    ).toThrow("did you mean shop?");
  });
});

describe("a bound", () => {
  const run = (ms: number) => runOf(5, () => Array.from({ length: 100 }, () => ms));
  const of = (ratios: readonly number[], bounds: Parameters<typeof judge>[0]["bounds"]) =>
    judge(
      { name: "a", path: "/", bounds },
      ratios.map((ratio) => ({ calibration: run(10), target: run(10 * ratio) })),
    )[0]!.verdict;

  test("is broken only by an interval that lies beyond it with all of it", () => {
    expect(of([2, 2.1, 2.2, 2.1, 2], { p50Ms: { atMost: 3 } })).toBe("held");
    expect(of([3.9, 4.1, 4, 4.2, 4], { p50Ms: { atMost: 3 } })).toBe("regression");
    expect(of([2, 4.5, 3.5, 4, 2.9], { p50Ms: { atMost: 3 } })).toBe("unsure");
    expect(of([1, 1, 1], { perSecond: { atLeast: 1.5 } })).toBe("regression");
    expect(of([1, 1, 1], { perSecond: { atLeast: 0.5 } })).toBe("held");
  });

  test("on failures is on their share itself", () => {
    expect(of([1, 1, 1], { failedShare: { atMost: 0 } })).toBe("held");
    const bad = run(10);
    const rounds = [1, 2, 3].map(() => ({
      calibration: run(10),
      target: { ...bad, total: { ...bad.total, bad: 100 } },
    }));
    expect(
      judge({ name: "a", path: "/", bounds: { failedShare: { atMost: 0.01 } } }, rounds)[0]!.verdict,
    ).toBe("regression");
  });
});

// Beside one another: most of their time is the clock's. A bound lies far from what a busy machine makes of the ratio.
describe.concurrent("the command", () => {
  const server = (fetch: () => Response | Promise<Response>) => {
    const made = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch });
    stops.push(() => made.stop(true));
    return made.url.href;
  };
  const file = (url: string, bound: string) =>
    `rounds: 3\nseconds: 0.5\nchecks: [{ name: slow, url: "${url}", clients: 2, bounds: { ${bound} } }]\n`;

  test("ends with 1 on a real regression, and tells what would hold", async () => {
    const url = server(async () => {
      await Bun.sleep(20);
      return new Response("");
    });
    const { code, stdout } = await check(file(url, "perSecond: { atLeast: 0.5 }"));
    expect(stdout).toContain("regression");
    expect(stdout).toMatch(/perSecond: \{ atLeast: 0\.0\d+ \}/);
    expect(code).toBe(1);
  }, 60_000);

  test("ends with 0 when the bounds hold", async () => {
    const { code, stdout } = await check(
      file(
        server(() => new Response("")),
        "perSecond: { atLeast: 0.0001 }",
      ),
    );
    expect(stdout).toContain("held");
    expect(code).toBe(0);
  }, 60_000);

  test("ends with 1 when the target answers nothing", async () => {
    const { code, stdout } = await check(file("http://127.0.0.1:1/", "perSecond: { atLeast: 0.0001 }"));
    expect(stdout).toContain("regression");
    expect(code).toBe(1);
  }, 60_000);
});
