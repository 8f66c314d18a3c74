import { describe, expect, test } from "bun:test";
import type { RunSummary, SummaryRow } from "../telemetry/query.ts";
import { parseTopology } from "../topology/index.ts";
import type { Topology } from "../topology/model.ts";
import { compareSummaries } from "./compare.ts";
import { compareRuns } from "./comparison.ts";
import { changeText, topologyDiff } from "./topology-diff.ts";

const histogram = { scale: 3, count: 0, sum: 0, min: 0, max: 0, zeros: 0, buckets: [] };

function row(name: string, figures: Partial<SummaryRow> = {}): SummaryRow {
  const base = { kind: "route", metric: "m", where: [], count: 1000, errors: 0, histogram } as const;
  return { ...base, name, p50Ms: 1, p99Ms: 10, ...figures };
}

const summary = (...rows: SummaryRow[]): RunSummary => ({ from: 0, to: 10_000, rows });

describe("rows", () => {
  test("are paired by what they are, with ratios of B by A", () => {
    const [found] = compareSummaries(
      summary(row("GET /a", { count: 1000, errors: 10 })),
      summary(row("GET /a", { count: 2000, errors: 500, p50Ms: 3, p99Ms: 5 })),
    );
    expect(found).toMatchObject({
      a: { ratePerSecond: 100, errorShare: 0.01 },
      b: { ratePerSecond: 200, errorShare: 0.25 },
      ratios: { rate: 2, p50: 3, p99: 0.5 },
    });
  });

  test("what changed most comes first: errors, times, then what is in one run only before what stayed", () => {
    const before = summary(row("same"), row("slower"), row("failing"), row("gone"));
    const after = summary(
      row("same"),
      row("slower", { p99Ms: 20 }),
      row("failing", { errors: 300 }),
      row("thin", { count: 3 }),
    );
    expect(compareSummaries(before, after).map(({ name }) => name)).toEqual([
      "gone",
      "failing",
      "slower",
      "thin",
      "same",
    ]);
  });

  test("more load on everything is no change of any one of them", () => {
    const names = ["a", "b", "c", "d", "e"];
    const loads = names.map((name) => row(name, { count: name === "c" ? 1000 : 10_000 }));
    const rows = compareSummaries(summary(...names.map((name) => row(name))), summary(...loads));
    expect(rows[0]?.name).toBe("c");
    expect(rows.slice(1).map(({ weight }) => weight)).toEqual([0, 0, 0, 0]);
  });

  test("the two sides of nothing", () => {
    expect(compareSummaries(summary(), summary())).toEqual([]);
    expect(compareSummaries(summary(row("a", { p50Ms: 0 })), summary(row("a")))[0]?.ratios).toEqual({
      rate: 1,
      p99: 1,
    });
  });
});

describe("a stretch", () => {
  const run = (name: string, startedAt: number, lengthMs: number) => ({
    name,
    startedAt,
    to: startedAt + lengthMs,
    topology: topologyOf(""),
    summary: async (from: number, to: number) => ({ from, to, rows: [row("a")] }),
    timeline: async (from: number) => [{ at: from + 500, kind: "action" as const, text: "kill a-1" }],
  });

  test("is the same in the life of both, whenever they began", async () => {
    const [a, b] = [run("a", 1000, 60_000), run("b", 900_000, 60_000)];
    const told = await compareRuns(a, b, { fromMs: 10_000, toMs: 20_000 });
    expect([told.a.fromMs, told.a.toMs, told.b.fromMs, told.b.toMs]).toEqual([
      10_000, 20_000, 10_000, 20_000,
    ]);
    expect(told.b.timeline).toEqual([{ at: 10_500, kind: "action", text: "kill a-1" }]);
  });

  test("ends where a run does", async () => {
    const told = await compareRuns(run("a", 0, 5000), run("b", 0, 60_000), { fromMs: 2000, toMs: 20_000 });
    expect([told.a.toMs, told.b.toMs]).toEqual([5000, 20_000]);
    const beyond = await compareRuns(run("a", 0, 5000), run("b", 0, 60_000), { fromMs: 9000 });
    expect(beyond.a.toMs).toBeGreaterThan(beyond.a.fromMs);
  });
});

describe("the difference of topologies", () => {
  test("names what was added, removed and changed, by path", () => {
    const before = topologyOf("");
    const after = topologyOf("  reviews: { source: reviews }\n", 3);
    expect(topologyDiff(before, after).map(changeText)).toEqual([
      "services.catalog.instances: 1 → 3",
      "+ services.reviews",
    ]);
    expect(topologyDiff(after, before).map(changeText)).toEqual([
      "services.catalog.instances: 3 → 1",
      "− services.reviews",
    ]);
    expect(topologyDiff(before, before)).toEqual([]);
  });

  test("a route that moved within its list is none that changed", () => {
    const routes = (...paths: string[]) =>
      topologyOf(
        "",
        1,
        `gateway: { routes: [${paths.map((path) => `{ path: ${path}, service: catalog }`)}] }\n`,
      );
    expect(topologyDiff(routes("/a", "/b"), routes("/b", "/a"))).toEqual([]);
    const added = topologyDiff(routes("/a"), routes("/z", "/a")).map(changeText);
    expect(added).toHaveLength(1);
    expect(added[0]).toMatch(/^\+ gateway\.routes\..*\/z$/);
  });
});

function topologyOf(more: string, instances = 1, gateway = ""): Topology {
  const text = `name: t\n${gateway}services:\n  catalog: { source: catalog, instances: ${instances} }\n${more}`;
  const { topology, issues } = parseTopology(text, { file: "", directory: "/t", checkSources: false });
  if (topology === undefined) throw new Error(JSON.stringify(issues));
  return topology;
}
