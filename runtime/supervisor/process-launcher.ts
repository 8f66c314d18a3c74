import { startedWithPipes } from "../worker/control-link.ts";
import type { WorkerSpec } from "../worker/spec.ts";
import type { ExitInfo, LaunchedWorker, Launcher } from "./launcher.ts";
import { LineSplitter } from "./line-splitter.ts";
import { readPulse } from "./pulse.ts";

export interface ProcessLauncherOptions {
  /** What runs this very program again, `[bun, main.ts]` or `[microcosm]`; the word `worker` is put behind it. */
  readonly command: readonly string[];
  /** Default: the environment of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Hears of each line that a worker wrote with bytes that are no UTF-8. Must not throw. */
  readonly mended?: () => void;
}

/**
 * How long an exit waits for the rest of the output, so that the last words are known before the death is told. A
 * grandchild may hold the pipe open for ever.
 */
const lastWordsMs = 250;

/**
 * The kernel kills a worker when the supervisor dies, also one whose event loop hangs and does not see its control link
 * close; where it cannot, Bun watches for it (`bun --no-orphans`). What a worker started ends with it. Asking the kernel
 * through `bun:ffi` instead takes a process 1 MiB.
 */
const orphanEnv = { BUN_FEATURE_FLAG_NO_ORPHANS: "1" };
/**
 * Bun looks every second whether a collection would pay, which took half of what an idle worker takes at all.
 * JavaScriptCore collects by itself when there is something to collect.
 */
const workerEnv = { ...orphanEnv, BUN_GC_TIMER_INTERVAL: "10000" };
/**
 * Ten times a second the allocator gives the unused parts of its pages back to the system. Under load they are needed again
 * at once: each request paid for a third of a page to be given back, cleared and mapped in, an eighth of the CPU of gateway
 * and services. The price is that a worker keeps some 20 MiB more after a load, until whole pages are unused.
 */
const requestEnv = { MIMALLOC_PURGE_HOLES: "0" };
/**
 * Services are many and mostly idle. A collection by Bun's timer wakes three threads 30 times, so it comes rarely. A thread
 * of the allocator's that gives unused memory back woke with every turn of the event loop; without it the threads that
 * free memory do it themselves.
 */
const serviceEnv = { ...orphanEnv, ...requestEnv, BUN_GC_TIMER_INTERVAL: "300000", MIMALLOC_SCAVENGER: "0" };
const gatewayEnv = { ...workerEnv, ...requestEnv };

function envOf(role: WorkerSpec["role"]): Readonly<Record<string, string>> {
  return role === "service" ? serviceEnv : role === "gateway" ? gatewayEnv : workerEnv;
}

/** Workers as processes of the operating system. */
export class ProcessLauncher implements Launcher {
  readonly feelsPulse = process.platform === "linux";
  readonly #command: string[];
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #mended: () => void;

  constructor(options: ProcessLauncherOptions) {
    if (options.command.length === 0) throw new RangeError("ProcessLauncher: command is empty");
    this.#command = [...options.command, "worker"];
    this.#env = options.env ?? process.env;
    this.#mended = options.mended ?? (() => {});
  }

  launch(spec: WorkerSpec, output: (stream: "stdout" | "stderr", line: string) => void): LaunchedWorker {
    const child = Bun.spawn(this.#command, {
      env: {
        ...envOf(spec.role),
        ...this.#env,
        MICROCOSM_WORKER: JSON.stringify({ ...spec, controlAddress: startedWithPipes } satisfies WorkerSpec),
      },
      // The first and the last are for the control link (worker/control-link.ts).
      stdio: ["pipe", "pipe", "pipe", "pipe"],
      // A session of its own: Ctrl-C in the terminal reaches the supervisor only, which then drains the workers.
      detached: true,
    });
    const take = (stream: "stdout" | "stderr") => (line: string, isMended: boolean) => {
      if (isMended) this.#mended();
      output(stream, line);
    };
    const told = Promise.all([
      readLines(child.stdout, take("stdout")),
      readLines(child.stderr, take("stderr")),
    ]);
    return {
      pid: child.pid,
      exited: exitOf(child, told),
      pipes: { input: Bun.file(child.stdio[3] as number).stream(), output: child.stdin },
      kill: (signal) => {
        child.kill(signal);
      },
      hold: (signal) => {
        child.kill(signal);
      },
      ...(this.feelsPulse ? { pulse: () => readPulse(child.pid) } : {}),
    };
  }
}

async function exitOf(child: Bun.Subprocess, told: Promise<unknown>): Promise<ExitInfo> {
  await child.exited;
  await Promise.race([told, Bun.sleep(lastWordsMs)]);
  // Bun tells 128 + n as the code of a process that a signal ended; it had none.
  return child.signalCode === null
    ? { code: child.exitCode, signal: null }
    : { code: null, signal: String(child.signalCode) };
}

async function readLines(
  stream: ReadableStream<Uint8Array>,
  line: (text: string, isMended: boolean) => void,
): Promise<void> {
  const lines = new LineSplitter(line);
  try {
    for await (const chunk of stream) lines.push(chunk);
  } catch {
    // the pipe broke with the process: what was read is kept
  }
  lines.end();
}
