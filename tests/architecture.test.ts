/** The rules of the house: who may import whom, how long a file may be, what may not be called where. */
import { describe, expect, test } from "bun:test";
import { dirname, join, relative, resolve } from "node:path";
import { Glob } from "bun";

const root = resolve(import.meta.dir, "..");
const maxLines = 400;

/** Layer → layers it may import, itself always included. The first matching prefix of a path is its layer. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  "sdk/": [],
  "runtime/clock.ts": [],
  "runtime/call-signal.ts": [],
  "runtime/virtual-clock.ts": ["runtime/clock.ts"],
  "runtime/transient-map.ts": [],
  "runtime/fifo.ts": [],
  "runtime/topology/": ["sdk/"],
  "runtime/protocol/": ["sdk/", "runtime/clock.ts"],
  "runtime/telemetry/": ["sdk/", "runtime/clock.ts", "runtime/fifo.ts", "runtime/transient-map.ts"],
  "runtime/storage/": ["sdk/", "runtime/clock.ts", "runtime/telemetry/"],
  "runtime/transport/": ["sdk/", "runtime/clock.ts", "runtime/protocol/"],
  "runtime/registry/": ["sdk/", "runtime/clock.ts", "runtime/call-signal.ts"],
  "runtime/balancer/": ["sdk/", "runtime/clock.ts"],
  "runtime/policy/": ["sdk/", "runtime/clock.ts"],
  "runtime/calls/": [
    "sdk/",
    "runtime/clock.ts",
    "runtime/call-signal.ts",
    "runtime/topology/",
    "runtime/protocol/",
    "runtime/transport/",
    "runtime/registry/",
    "runtime/balancer/",
    "runtime/policy/",
    "runtime/telemetry/",
  ],
  "runtime/bus/": [
    "sdk/",
    "runtime/clock.ts",
    "runtime/fifo.ts",
    "runtime/transient-map.ts",
    "runtime/virtual-clock.ts",
    "runtime/protocol/",
    "runtime/transport/",
    "runtime/storage/",
    "runtime/telemetry/",
  ],
  "runtime/worker/": [
    "sdk/",
    "runtime/clock.ts",
    "runtime/transient-map.ts",
    "runtime/protocol/",
    "runtime/transport/",
    "runtime/registry/",
    "runtime/storage/",
    "runtime/telemetry/",
    "runtime/calls/",
    "runtime/bus/",
  ],
  "runtime/recording/": [
    "sdk/",
    "runtime/clock.ts",
    "runtime/topology/",
    "runtime/storage/",
    "runtime/telemetry/",
  ],
  "runtime/comparison/": ["sdk/", "runtime/topology/", "runtime/telemetry/"],
  "runtime/testing/": ["sdk/", "runtime/"],
  "runtime/control/": ["sdk/", "runtime/"],
  "runtime/supervisor/": ["sdk/", "runtime/"],
  "services/": ["sdk/"],
  "gateway/": ["sdk/", "runtime/"],
  "dashboard/": ["sdk/", "runtime/"],
  "bench/": ["sdk/", "runtime/", "services/", "tests/kit/browser.ts"],
  "cli/": ["sdk/", "runtime/", "gateway/", "embedded/", "package.json", "dashboard/"],
  "embedded/": ["services/", "topology.yaml"],
  "main.ts": [""],
};

/** The model will run these with a virtual clock, so the system's time and randomness may not leak in. */
const pure = ["runtime/balancer/", "runtime/policy/"];
const impureCalls = /\b(Date\.now|Math\.random|performance\.now|setTimeout|setInterval|new Date\(\))/;

const files = [...new Glob("**/*.{ts,tsx,css}").scanSync(root)]
  .filter(
    (file) =>
      !/^(node_modules|dist|tests|scripts|examples)\/|\/(node_modules|fixtures)\/|^\.|\.d\.ts$/.test(file),
  )
  .sort();
const sources = files.filter((file) => /\.tsx?$/.test(file) && !/\.(test|case)\.ts$/.test(file));

function layerOf(file: string): string | undefined {
  return Object.keys(mayImport).find((prefix) => file.startsWith(prefix));
}

/** Imports that remain after compilation: a type-only import of a contract binds nobody. */
async function importsOf(file: string): Promise<string[]> {
  const text = await Bun.file(join(root, file)).text();
  const scanner = new Bun.Transpiler({ loader: file.endsWith("x") ? "tsx" : "ts" });
  return scanner.scanImports(text.replace(/^#!.*/, "")).map((found) => found.path);
}

describe("imports", () => {
  test("every source file belongs to a layer", () => {
    expect(sources.filter((file) => layerOf(file) === undefined)).toEqual([]);
  });

  test("point one way", async () => {
    const wrong: string[] = [];
    for (const file of sources) {
      const layer = layerOf(file);
      if (layer === undefined) continue;
      const allowed = [layer, ...(mayImport[layer] ?? [])];
      for (const path of await importsOf(file)) {
        if (!path.startsWith(".")) continue;
        const target = relative(root, resolve(root, dirname(file), path));
        if (!allowed.some((prefix) => target.startsWith(prefix))) wrong.push(`${file} imports ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test("a service imports no other service's code, only its types", async () => {
    const wrong: string[] = [];
    for (const file of sources.filter((name) => name.startsWith("services/"))) {
      const own = file.split("/").slice(0, 2).join("/");
      for (const path of await importsOf(file)) {
        if (path.startsWith(".")) {
          const target = relative(root, resolve(root, dirname(file), path));
          if (!target.startsWith(`${own}/`)) wrong.push(`${file} imports ${target}`);
        } else if (!/^(microcosm|hono|drizzle-orm|zod|jose)(\/|$)/.test(path)) {
          wrong.push(`${file} imports ${path}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe("files", () => {
  test(`have at most ${maxLines} lines`, async () => {
    const long: string[] = [];
    for (const file of files) {
      const lines = (await Bun.file(join(root, file)).text()).split("\n").length;
      if (lines > maxLines) long.push(`${file}: ${lines}`);
    }
    expect(long).toEqual([]);
  });

  test("live in no drawer: utils, common, helpers", () => {
    expect(files.filter((file) => /(^|\/)(utils?|common|helpers?)(\/|\.ts$)/.test(file))).toEqual([]);
  });
});

describe("calls", () => {
  test("balancers and policies use neither the system's clock nor its randomness", async () => {
    const wrong: string[] = [];
    for (const file of sources.filter((name) => pure.some((prefix) => name.startsWith(prefix)))) {
      const text = await Bun.file(join(root, file)).text();
      const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
      const found = impureCalls.exec(code);
      if (found) wrong.push(`${file}: ${found[0]}`);
    }
    expect(wrong).toEqual([]);
  });

  test("only the command line and the worker's entry end the process", async () => {
    const wrong: string[] = [];
    for (const file of sources.filter((name) => /^(sdk|runtime|gateway|services)\//.test(name))) {
      if (file === "runtime/worker/run.ts") continue;
      if (/process\.exit\(/.test(await Bun.file(join(root, file)).text())) wrong.push(file);
    }
    expect(wrong).toEqual([]);
  });
});

test("the lock file names no registry", async () => {
  expect(await Bun.file(join(root, "bun.lock")).text()).not.toContain("://");
});
