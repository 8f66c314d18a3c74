import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { InstanceInfo } from "../../runtime/control/api.ts";
import { ControlClient } from "../../runtime/control/client.ts";
import { readControlFile } from "../../runtime/control/control-file.ts";
import { startReady } from "../processes.ts";

const root = join(import.meta.dir, "..", "..");
const main = join(root, "main.ts");

export interface BootOptions {
  readonly topology: string;
  readonly mode?: "processes" | "monolith";
  /** Default: any free one. */
  readonly port?: number;
  /** Default: a new temporary folder, deleted by `stop`. */
  readonly data?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** `microcosm up` of a topology, in a process of its own on free ports. */
export interface BootedRun {
  readonly gateway: string;
  readonly control: ControlClient;
  readonly data: string;
  /** Of the supervisor; in monolith mode of everything. */
  readonly pid: number;
  readonly instances: readonly InstanceInfo[];
  /** From the spawn to the ready line. */
  readonly bootMs: number;
  /** SIGTERM, SIGKILL after five seconds. Idempotent. */
  stop(): Promise<void>;
  /** SIGKILL at once; the data stays. */
  crash(): Promise<void>;
}

/** Throws when it does not get ready; nothing is left behind then. */
export async function bootRun(options: BootOptions): Promise<BootedRun> {
  const { topology, mode = "processes", port = 0, env } = options;
  const own = options.data === undefined;
  const data = options.data ?? mkdtempSync(join(tmpdir(), "mc-bench-"));
  mkdirSync(data, { recursive: true });
  const clean = () => {
    if (own) rmSync(data, { recursive: true, force: true });
  };
  // What it says is told when it does not get ready, and is in nobody's way otherwise.
  const said = Bun.file(join(data, "up.err"));
  const began = performance.now();
  try {
    const child = await startReady(
      [
        ...[process.execPath, main, "up", resolve(topology), "--data", data, "--mode", mode],
        ...[`--port=${port}`, "--control-port=0", "--json"],
      ],
      { env: { ...process.env, ...env }, stderr: said },
    );
    const ready = JSON.parse(child.line) as { gateway: string; instances: InstanceInfo[] };
    const file = readControlFile(join(data, "run"));
    if (file === undefined) {
      await child.stop();
      throw new Error(`${topology} is up, but its control file cannot be read`);
    }
    return {
      gateway: ready.gateway,
      control: new ControlClient(file.url, file.token),
      data,
      pid: child.process.pid,
      instances: ready.instances,
      bootMs: performance.now() - began,
      stop: async () => {
        await child.stop();
        clean();
      },
      crash: async () => {
        child.process.kill("SIGKILL");
        await child.process.exited;
      },
    };
  } catch (cause) {
    const text = (await said.text().catch(() => "")).trim();
    clean();
    throw new Error(`${topology} did not get ready${text === "" ? "" : `:\n${readable(text)}`}`, { cause });
  }
}

/** What `up --json` says, as a person would have been told. */
function readable(text: string): string {
  return text
    .split("\n")
    .map((line) => {
      try {
        const { file, line: at, column, path, message, expected } = JSON.parse(line) as TopologyProblem;
        if (message === undefined || file === undefined) return line;
        const where = path === "" ? "" : `${path} `;
        return `${file}:${at}:${column}: ${where}${message}${expected === undefined ? "" : `; expected ${expected}`}`;
      } catch {
        return line;
      }
    })
    .join("\n");
}

interface TopologyProblem {
  readonly file?: string;
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly message?: string;
  readonly expected?: string;
}

/** The first start from a source prepares the following ones (docs/decisions/0007): it is these that are measured. */
export async function prepareStarts(): Promise<void> {
  await Bun.spawn([process.execPath, join(root, "cli", "prepare.ts")], { stdout: "ignore", stderr: "ignore" })
    .exited;
}
