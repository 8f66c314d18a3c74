import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { embeddedServices } from "../embedded/services.ts";
import { loadTopology } from "../runtime/topology/index.ts";
import { loadService } from "../runtime/worker/loader.ts";
import type { MicrocosmError } from "../sdk/errors.ts";
import { loadBuiltInShop } from "./built-in-shop.ts";

let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "shop-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("is the shop of topology.yaml, with services and files out of this program", async () => {
  const { topology, issues } = loadBuiltInShop(directory);
  expect(issues).toBeUndefined();
  const fromSource = loadTopology(resolve(import.meta.dir, "../topology.yaml")).topology!;
  expect(Object.keys(topology!.services)).toEqual(Object.keys(fromSource.services));
  expect(topology!.gateway.routes).toEqual(fromSource.gateway.routes);
  for (const service of Object.values(topology!.services)) {
    expect((await loadService(service.source, embeddedServices)).kind).toBe("microcosm.service");
  }
  for (const { directory: folder } of topology!.gateway.static) {
    expect(existsSync(join(folder, "index.html"))).toBe(true);
  }
});

test("a place that cannot be written is told as such", () => {
  const file = join(directory, "file");
  writeFileSync(file, "");
  let thrown: unknown;
  try {
    loadBuiltInShop(file);
  } catch (error) {
    thrown = error;
  }
  expect((thrown as MicrocosmError).code).toBe("data-unwritable");
});
