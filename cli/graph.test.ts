import { expect, test } from "bun:test";
import { dot, mermaid } from "./graph.ts";

const names = ["gateway", "end", 'with"quote'];
const edges = [{ from: "gateway", to: "end" }];

test("mermaid numbers the nodes, since names like end are its own words", () => {
  expect(mermaid(names.slice(0, 2), edges)).toBe(
    ["flowchart LR", '  n0["gateway"]', '  n1["end"]', "  n0 --> n1"].join("\n"),
  );
});

test("dot quotes names", () => {
  expect(dot("shop", names, edges)).toContain('"with\\"quote";');
});
