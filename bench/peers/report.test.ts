import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { budgetRows } from "./budgets.ts";
import { fixtureReport } from "./fixture.ts";
import { peersHtml } from "./html.ts";
import { addRounds, readPeersReport, writePeersReport } from "./report.ts";
import { peersMarkdown, peersText } from "./text.ts";

test("a ratio is of the figures of one round, and the budget is held to its median", () => {
  const rows = budgetRows(
    fixtureReport({
      rates: [
        [300, 200],
        [100, 100],
        [400, 200],
      ],
    }).samples,
  );
  const [rate, p99] = rows;
  expect(rate!.ratio).toEqual({ median: 1.5, min: 1, max: 2 });
  expect([rate!.reached, rate!.inEveryRound]).toEqual([true, false]);
  // Fewer milliseconds are better.
  expect(p99!.ratio.median).toBeCloseTo(2 / 3, 9);
  expect([p99!.reached, p99!.inEveryRound]).toEqual([true, true]);
});

test("rounds that only one side has are in no ratio, and a peer that was not measured has no row", () => {
  const report = fixtureReport({
    rates: [
      [300, 200],
      [100, 100],
    ],
  });
  const samples = report.samples.filter(({ side, round }) => side === "Microcosm" || round === 0);
  const rows = budgetRows(samples);
  expect(rows.map(({ rounds, peer }) => [rounds, peer])).toEqual([
    [1, "nginx"],
    [1, "nginx"],
  ]);
  expect(budgetRows(samples.filter(({ side }) => side === "Microcosm"))).toEqual([]);
});

test("from four rounds on a ratio has an interval, within its range", () => {
  const rates = [0, 1, 2, 3].map((step): [number, number] => [300 + step, 200]);
  const [row] = budgetRows(fixtureReport({ rates }).samples);
  const { low, high } = row!.interval!;
  expect(low).toBeGreaterThan(1.45);
  expect(low).toBeLessThan(row!.ratio.median);
  expect(high).toBeGreaterThan(row!.ratio.median);
  expect(high).toBeLessThan(1.55);
  const [few] = budgetRows(fixtureReport({ rates: rates.slice(1) }).samples);
  expect(few!.interval).toBeUndefined();
});

test("tells in text, Markdown and HTML what was reached, with versions, and what was not installed", () => {
  const report = fixtureReport();
  for (const text of [peersText(report), peersMarkdown(report), peersHtml(report)]) {
    expect(text).toContain("nginx 1.22.1");
    expect(text).toContain("1.55 (1.50–1.65)");
    expect(text).toContain("reached");
  }
  expect(peersText(report)).toContain("not installed: HAProxy");
  expect(peersHtml(report)).toContain("not installed, not measured: HAProxy");
  expect(peersHtml(report)).toContain("a &lt; b");
});

test("a side that is measured by other figures than the first has them in the table", () => {
  const report = fixtureReport();
  const [part] = report.parts;
  const sides = [...part!.sides, { name: "the bound", version: "1", does: "", config: "" }];
  const bound = { part: part!.name, side: "the bound", round: 0, figures: { idlePercent: 2 } };
  const html = peersHtml({ ...report, parts: [{ ...part!, sides }], samples: [...report.samples, bound] });
  expect(html).toContain("<td>the bound</td>");
});

test("further rounds are added behind the earlier ones", () => {
  const both = addRounds(
    fixtureReport({ rates: [[300, 200]] }),
    fixtureReport({
      rates: [
        [400, 200],
        [500, 200],
      ],
    }),
  );
  expect(both.samples.filter(({ side }) => side === "nginx").map(({ round }) => round)).toEqual([0, 1, 2]);
  expect(budgetRows(both.samples)[0]!.ratio).toEqual({ median: 2, min: 1.5, max: 2.5 });
  expect(both.parts).toHaveLength(1);
});

test("rounds of another version or another load are not added, and the error says what differs", () => {
  const first = fixtureReport();
  expect(() => addRounds(first, fixtureReport({ nginxVersion: "1.30.0" }))).toThrow(
    "nginx 1.22.1, now it is 1.30.0",
  );
  expect(() => addRounds(first, fixtureReport({ load: "ab" }))).toThrow("another load: wrk; now ab");
});

test("is read back as it was written; another file is refused by name", () => {
  const directory = mkdtempSync(join(tmpdir(), "mc-peers-"));
  try {
    const report = fixtureReport();
    const { json, html } = writePeersReport(join(directory, "deeper", "peers"), report);
    expect(readPeersReport(json)).toEqual(report);
    expect(readPeersReport(join(directory, "none.json"))).toBeUndefined();
    expect(() => readPeersReport(html)).toThrow("peers.html is not a report of bench peers");
    writeFileSync(json, '{"format":"microcosm-load-report"}');
    expect(() => readPeersReport(json)).toThrow("peers.json is not a report of bench peers");
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
