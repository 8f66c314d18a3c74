import { expect, test } from "bun:test";
import { formatIssues } from "./format-issues.ts";
import { parseTopology } from "./load.ts";

const text = `name: t
services:
  orders: { source: x, uses: [catalgo] }
  catalog: { source: y, instances: 0 }
`;
const { issues } = parseTopology(text, { file: "t.yaml", directory: "/", checkSources: false });

test("place, message, excerpt with a caret, expectation, suggestion", () => {
  expect(
    formatIssues(issues!, { colour: false }),
  ).toBe(`t.yaml:3:31: unknown service "catalgo" in uses of orders
  3 |   orders: { source: x, uses: [catalgo] }
    |                               ^^^^^^^
      expected one of orders, catalog
      did you mean "catalog"?

t.yaml:4:36: "instances" is out of range: 0
  4 |   catalog: { source: y, instances: 0 }
    |                                    ^
      expected a whole number from 1 to 256

2 mistakes
`);
});

test("colour only when asked for", () => {
  const sequence = "\u001b[";
  expect(formatIssues(issues!, { colour: true })).toContain(sequence);
  expect(formatIssues(issues!, { colour: false })).not.toContain(sequence);
});

test("long lines are cut around the mistake, and the caret stays under it", () => {
  const long = `name: t\nservices:\n  a: { env: { L: "${"x".repeat(300)}" }, sorce: x, source: y }\n`;
  const parsed = parseTopology(long, { file: "t.yaml", directory: "/", checkSources: false });
  const [, excerpt = "", caret = ""] = formatIssues(parsed.issues!, { colour: false }).split("\n");
  expect(excerpt.length).toBeLessThan(120);
  expect(excerpt.slice(caret.indexOf("^"), caret.lastIndexOf("^") + 1)).toBe("sorce");
});
