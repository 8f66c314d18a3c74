import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { percentileCurve } from "./figures.ts";
import { reportOf, runOf } from "./fixture.ts";
import { htmlReport, percentileSvgFile } from "./html.ts";
import { Progress, sparkline } from "./progress.ts";
import { readReport, writeReport } from "./report.ts";
import { linearAxis, logAxis } from "./svg.ts";
import { summaryText } from "./terminal.ts";

let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "report-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const load = runOf(8, (second) => [1, 2, 3, 10 * (second + 1)]);

describe("a report", () => {
  test("is read back as it was written, from JSON and from HTML", () => {
    const report = reportOf(load);
    const { html, json } = writeReport(directory, report);
    expect(readReport(json)).toEqual(report);
    expect(readReport(html)).toEqual(report);
  });

  test("is one file that asks for nothing else, and in which data stays data", () => {
    const html = htmlReport(reportOf(load));
    expect(html).not.toMatch(/(src|href)=|@import|url\(/);
    expect(html).not.toContain("</script><b>");
    expect(html).toContain("a &lt;/script&gt;&lt;b&gt;warning");
    expect(html).toContain("b=&lt;c&gt;");
    expect(html.match(/<svg /g)).toHaveLength(3);
    expect(html).not.toContain("NaN");
    expect(html).not.toContain("undefined");
  });

  test("of a run without one answer can be made too", () => {
    const html = htmlReport(reportOf(runOf(6, () => [])));
    expect(html).not.toContain("NaN");
    expect(html).not.toContain("Infinity");
    expect(summaryText(runOf(6, () => []))).toContain("answers      0");
  });

  test("that is none is refused with the reason", () => {
    const write = (text: string) => {
      const file = join(directory, "other.json");
      writeFileSync(file, text);
      return file;
    };
    expect(() => readReport(join(directory, "none.json"))).toThrow("cannot be read");
    expect(() => readReport(write("what"))).toThrow("is not a report");
    expect(() => readReport(write('{"format":"other"}'))).toThrow("not a report of version 1");
  });

  test("in a terminal names figures, checks and problems", () => {
    const text = summaryText(load);
    for (const part of [
      "answers      32, 4 a second",
      "BROKEN  it <holds>: 3 of 4",
      "warning: a </script>",
    ]) {
      expect(text).toContain(part);
    }
    expect(text).toMatch(/corrected +2 ms +/);
  });
});

test("a percentile curve rises in both directions, and ends at the maximum", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.001, max: 5000, noNaN: true }), { minLength: 1, maxLength: 50 }),
      (values) => {
        const curve = percentileCurve(runOf(1, () => values).total.corrected);
        for (let i = 1; i < curve.length; i++) {
          expect(curve[i]![0]).toBeGreaterThan(curve[i - 1]![0]);
          expect(curve[i]![1]).toBeGreaterThan(curve[i - 1]![1]);
        }
        expect(Math.abs(curve.at(-1)![1] / Math.max(...values) - 1)).toBeLessThan(
          0.001 + 0.001 / Math.max(...values),
        );
      },
    ),
  );
});

test("a percentile plot of its own is whole SVG", () => {
  const svg = percentileSvgFile(load);
  expect(svg).toStartWith('<svg xmlns="http://www.w3.org/2000/svg" ');
  expect(svg.trimEnd()).toEndWith("</svg>");
});

describe("axes", () => {
  test("linear: from 0 to above all values, in round steps", () => {
    expect(linearAxis([3, 870]).ticks.map((tick) => tick.at)).toEqual([0, 200, 400, 600, 800, 1000]);
    expect(linearAxis([]).ticks.map((tick) => tick.at)).toEqual([0, 0.2, 0.4, 0.6000000000000001, 0.8, 1]);
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (highest) => {
        const { ticks, place } = linearAxis([highest]);
        expect(place(highest)).toBeLessThanOrEqual(1 + 1e-9);
        expect(ticks.length).toBeWithin(3, 13);
      }),
    );
  });

  test("logarithmic: whole powers of ten around all values", () => {
    expect(logAxis([0.02, 70]).ticks.map((tick) => tick.at)).toEqual([0.01, 0.1, 1, 10, 100]);
    expect(logAxis([0.02, 70]).place(1)).toBeCloseTo(0.5);
    expect(logAxis([0.02, 70]).place(0)).toBe(0);
    expect(logAxis([]).ticks.length).toBeGreaterThan(1);
  });
});

describe("progress", () => {
  test("is a line written over on a terminal, and a line now and then elsewhere", () => {
    const written: string[] = [];
    const write = (text: string) => void written.push(text);
    const onTerminal = new Progress({ isTTY: true, columns: 40, write });
    for (const second of load.seconds) onTerminal.second(second, 8);
    expect(written).toHaveLength(8);
    expect(written[0]).toStartWith("\r\x1b[2K1/8 s  4/s");
    expect(written.every((text) => !text.includes("\n") && text.length <= 39 + 5)).toBe(true);

    written.length = 0;
    const elsewhere = new Progress({ write });
    for (const second of load.seconds) elsewhere.second(second, 8);
    expect(written).toHaveLength(1);
    expect(written[0]).toEndWith("\n");
  });

  test("draws a bar a value", () => {
    expect(sparkline([0, 1, 2, 4, 8])).toBe("▁▂▃▅█");
    expect(sparkline([])).toBe("");
    expect(sparkline([Number.NaN, 0])).toBe(" ▁");
  });
});
