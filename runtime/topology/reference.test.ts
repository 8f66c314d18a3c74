import { expect, test } from "bun:test";
import { join } from "node:path";
import { withReference } from "../../scripts/topology-reference.ts";
import { parseTopology } from "./load.ts";
import { schemaJson } from "./schema.ts";

const page = await Bun.file(join(import.meta.dir, "..", "..", "docs", "topology.md")).text();

test("the reference in the docs says what the schema says (else: bun scripts/schema.ts)", () => {
  expect(page).toBe(withReference(page, schemaJson()));
});

test("the page's example is valid", () => {
  const yaml = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
  expect(yaml).toContain("services:");
  expect(parseTopology(yaml, { file: "", directory: "/", checkSources: false }).issues).toBeUndefined();
});
