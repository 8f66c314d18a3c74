/** Starts the real thing as a user does, on free ports and in a folder of its own, and ends it again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { InstanceInfo } from "../../runtime/control/api.ts";
import { processStart } from "../../runtime/supervisor/process-identity.ts";

export const root = resolve(import.meta.dir, "..", "..");
export const main = join(root, "main.ts");

/** Tests run the source, whatever an earlier run has prepared of it. */
const sourceOnly = { ...process.env, MICROCOSM_PREPARED: "off" };

const readyTimeoutMs = 60_000;
const stopTimeoutMs = 30_000;

export const adminPassword = "correct horse battery";

export interface RunOptions {
  /** Default: the shop. */
  readonly topology?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: a new temporary folder, deleted by stop(). */
  readonly data?: string;
  /** How to start the program; default: this Bun with main.ts. */
  readonly command?: readonly string[];
  readonly cwd?: string;
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class Run {
  readonly gateway: string;
  readonly control: string;
  /** The link that opens the dashboard. */
  readonly dashboard: string;
  readonly data: string;
  readonly bootMs: number;
  readonly #process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #owned: boolean;
  readonly #stderr: { text: string };

  private constructor(
    ready: { gateway: string; control: string; dashboard: string; bootMs: number },
    data: string,
    owned: boolean,
    child: Bun.Subprocess<"ignore", "pipe", "pipe">,
    stderr: { text: string },
  ) {
    this.gateway = ready.gateway;
    this.control = ready.control;
    this.dashboard = ready.dashboard;
    this.bootMs = ready.bootMs;
    this.data = data;
    this.#owned = owned;
    this.#process = child;
    this.#stderr = stderr;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** What the run wrote to standard error so far. */
  get stderr(): string {
    return this.#stderr.text;
  }

  static async start(options: RunOptions = {}): Promise<Run> {
    const owned = options.data === undefined;
    const data = options.data ?? mkdtempSync(join(tmpdir(), "mc-"));
    const topology = options.topology ?? join(root, "topology.yaml");
    const command = options.command ?? [process.execPath, main];
    const child = Bun.spawn(
      [
        ...command,
        "up",
        topology,
        "--data",
        data,
        "--port=0",
        "--control-port=0",
        "--json",
        ...(options.args ?? []),
      ],
      {
        cwd: options.cwd ?? root,
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
        env: { ...sourceOnly, MICROCOSM_ADMIN_PASSWORD: adminPassword, ...options.env },
      },
    );
    const stderr = { text: "" };
    void collect(child.stderr, stderr);
    try {
      const line = await firstLine(child);
      return new Run(JSON.parse(line), data, owned, child, stderr);
    } catch (cause) {
      child.kill("SIGKILL");
      await child.exited;
      if (owned) rmSync(data, { recursive: true, force: true });
      throw new Error(`up did not get ready; it wrote:\n${stderr.text}`, { cause });
    }
  }

  /** Ends the run as Ctrl-C would, and returns its exit code. */
  async stop(signal: "SIGINT" | "SIGTERM" = "SIGINT"): Promise<number> {
    this.#process.kill(signal);
    const killer = setTimeout(() => this.#process.kill("SIGKILL"), stopTimeoutMs);
    const code = await this.#process.exited;
    clearTimeout(killer);
    if (this.#owned) rmSync(this.data, { recursive: true, force: true });
    return code;
  }

  /** Ends the supervisor alone, at once. */
  async killSupervisor(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** One command of the CLI against this run. */
  async cli(...args: readonly string[]): Promise<Finished> {
    const flag = args[0] === "call" ? "--run" : "--data";
    return await cli([...args, flag, this.data]);
  }

  async instances(): Promise<InstanceInfo[]> {
    const { stdout, stderr, code } = await this.cli("ps", "--json");
    if (code !== 0) throw new Error(`ps failed: ${stderr}`);
    return stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as InstanceInfo);
  }

  async instance(id: string): Promise<InstanceInfo> {
    const found = (await this.instances()).find((instance) => instance.id === id);
    if (found === undefined) throw new Error(`no instance ${id}`);
    return found;
  }
}

/** Runs one command line to its end. */
export async function cli(
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string | undefined>> } = {},
): Promise<Finished> {
  const child = Bun.spawn([process.execPath, main, ...args], {
    cwd: options.cwd ?? root,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { ...sourceOnly, ...options.env },
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

/** Polls until `check` gives something other than undefined or false; throws what it last saw when time is up. */
export async function eventually<T>(
  what: string,
  check: () => T | Promise<T>,
  timeoutMs = 30_000,
): Promise<Exclude<Awaited<T>, undefined | false>> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await check();
      if (value !== undefined && value !== false) return value as Exclude<Awaited<T>, undefined | false>;
      last = value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}; last: ${last}`);
    await Bun.sleep(50);
  }
}

/** A zombie is not alive: its parent has only not asked yet. */
export function isAlive(pid: number): boolean {
  return processStart(pid) !== undefined;
}

async function firstLine(child: Bun.Subprocess<"ignore", "pipe", "pipe">): Promise<string> {
  const timer = setTimeout(() => child.kill("SIGKILL"), readyTimeoutMs);
  let text = "";
  const decoder = new TextDecoder();
  const reader = child.stdout.getReader();
  try {
    while (!text.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`ended with code ${await child.exited} before it was ready; stdout: ${text}`);
      text += decoder.decode(value, { stream: true });
    }
  } finally {
    clearTimeout(timer);
    reader.releaseLock();
  }
  return text.slice(0, text.indexOf("\n"));
}

async function collect(stream: ReadableStream<Uint8Array>, into: { text: string }): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) {
    into.text = (into.text + decoder.decode(chunk, { stream: true })).slice(-200_000);
  }
}
