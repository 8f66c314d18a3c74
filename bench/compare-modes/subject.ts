import { type BootedRun, bootRun } from "../topology/boot.ts";
import type { Mode } from "./options.ts";

const firstAnswerTimeoutMs = 30_000;
/** A service manager that is told to restart at once takes about this long to see the death (systemd's RestartSec). */
const restartDelayMs = 100;

/** A topology running in one of both modes. */
export class Subject {
  readonly mode: Mode;
  /** From the spawn to the first 200, with new databases. */
  readonly startMs: number;
  #run: BootedRun;
  readonly #topology: string;
  readonly #readyPath: string;

  private constructor(mode: Mode, startMs: number, run: BootedRun, options: SubjectOptions) {
    this.mode = mode;
    this.startMs = startMs;
    this.#run = run;
    this.#topology = options.topology;
    this.#readyPath = options.readyPath;
  }

  static async start(mode: Mode, options: SubjectOptions): Promise<Subject> {
    const began = performance.now();
    const run = await bootRun({ topology: options.topology, mode: runMode(mode) });
    try {
      await firstAnswer(run.gateway + options.readyPath);
    } catch (error) {
      await run.stop();
      throw error;
    }
    return new Subject(mode, performance.now() - began, run, options);
  }

  get url(): string {
    return this.#run.gateway;
  }

  get run(): BootedRun {
    return this.#run;
  }

  /** Throws naming those there are. */
  needs(option: string, service: string): void {
    const names = [...new Set(this.#run.instances.map((instance) => instance.service))];
    if (names.includes(service)) return;
    throw new Error(
      `--${option}: there is no service "${service}" in ${this.#topology}; there are ${names.join(", ")}`,
    );
  }

  scale(service: string, instances: number): Promise<unknown> {
    return this.#run.control.post(`/api/services/${service}/scale`, { instances });
  }

  /**
   * SIGKILL for the process that holds the service, as the kernel does when memory is out. Of microservices that is one
   * instance, which its supervisor brings back. Of the monolith it is everything, and nobody is left to bring it back:
   * this stands in for a service manager, and starts it again on the same data and port.
   */
  async crash(service: string): Promise<void> {
    if (this.mode === "microservices") {
      await this.#run.control.post(`/api/instances/${service}-1/kill`);
      return;
    }
    const { data, gateway } = this.#run;
    await this.#run.crash();
    await Bun.sleep(restartDelayMs);
    const port = Number(new URL(gateway).port);
    const again = await bootRun({ topology: this.#topology, mode: "monolith", data, port });
    const { stop } = this.#run;
    // The first one's stop also deletes the data.
    this.#run = {
      ...again,
      stop: async () => {
        await again.stop();
        await stop();
      },
    };
    await firstAnswer(again.gateway + this.#readyPath);
  }

  stop(): Promise<void> {
    return this.#run.stop();
  }
}

export interface SubjectOptions {
  readonly topology: string;
  readonly readyPath: string;
}

const runMode = (mode: Mode) => (mode === "monolith" ? "monolith" : "processes");

async function firstAnswer(url: string): Promise<void> {
  const deadline = Date.now() + firstAnswerTimeoutMs;
  let last = "nothing";
  while (Date.now() < deadline) {
    try {
      const response = await fetch(url);
      if (response.status === 200) return;
      last = `status ${response.status}`;
    } catch (error) {
      last = (error as Error).message;
    }
    await Bun.sleep(5);
  }
  throw new Error(`${url} did not answer 200 within ${firstAnswerTimeoutMs} ms; last: ${last}`);
}
