import { expect, test } from "bun:test";
import { join } from "node:path";
import { schemaJson } from "./schema.ts";

const root = join(import.meta.dir, "..", "..");

test("topology.schema.json is what the schema says; otherwise run bun scripts/schema.ts", async () => {
  const written = await Bun.file(join(root, "topology.schema.json")).json();
  expect(written).toEqual(JSON.parse(JSON.stringify(schemaJson())));
});

test("topology.yaml names the schema in its first line, so that editors find it", async () => {
  const [first] = (await Bun.file(join(root, "topology.yaml")).text()).split("\n");
  expect(first).toBe("# yaml-language-server: $schema=./topology.schema.json");
});

test("every key has a description", () => {
  const missing: string[] = [];
  const walk = (node: Record<string, unknown>, path: string) => {
    const properties = (node.properties ?? {}) as Record<string, Record<string, unknown>>;
    for (const [key, child] of Object.entries(properties)) {
      if (typeof child.description !== "string") missing.push(`${path}.${key}`);
      walk(child, `${path}.${key}`);
    }
    for (const part of ["items", "additionalProperties"] as const) {
      const child = node[part];
      if (typeof child === "object" && child !== null) walk(child as Record<string, unknown>, `${path}[]`);
    }
    for (const branch of (node.anyOf ?? []) as Record<string, unknown>[]) walk(branch, path);
  };
  walk(schemaJson(), "");
  expect(missing).toEqual([]);
});
