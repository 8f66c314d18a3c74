/** `up` from source, continued by the binary that was prepared from it. In a copy: the source must hold still. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, existsSync, mkdtempSync, readlinkSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { prepare } from "../../cli/prepare.ts";
import { preparedProgram } from "../../cli/prepared.ts";
import { Run, root } from "../kit/run.ts";

const copy = join(realpathSync(mkdtempSync(join(tmpdir(), "mcp-"))), "microcosm");
let program = "";
let run: Run | undefined;

beforeAll(async () => {
  const left = new Set(["node_modules", ".git", "dist", ".microcosm", "tests", "docs", "bench"]);
  cpSync(root, copy, { recursive: true, filter: (from) => from === root || !left.has(basename(from)) });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  await prepare(copy);
  program = preparedProgram(copy);
  run = await Run.start({
    command: [process.execPath, join(copy, "main.ts")],
    topology: join(copy, "topology.yaml"),
    env: { MICROCOSM_PREPARED: undefined },
  });
}, 120_000);

afterAll(async () => {
  await run?.stop();
  rmSync(dirname(copy), { recursive: true, force: true });
  rmSync(dirname(program), { recursive: true, force: true });
}, 60_000);

test("it is that binary, in the process that was started, and it serves", async () => {
  if (run === undefined || !existsSync(program)) throw new Error("nothing was prepared");
  // Elsewhere than on Linux the answers must do.
  if (process.platform === "linux") {
    for (const { pid } of [run, ...(await run.instances())]) {
      expect(realpathSync(readlinkSync(`/proc/${pid}/exe`))).toBe(realpathSync(program));
    }
  }
  const products = await fetch(`${run.gateway}/v1/products?limit=1`);
  expect(products.status).toBe(200);
});
