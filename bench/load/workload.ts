/** What one arrival does. */
import type { Random } from "../../runtime/clock.ts";
import type { Exchange, FailureKind, OutgoingRequest, ReplySink } from "./exchange.ts";
import type { HttpPool } from "./http-pool.ts";
import type { Recorder, Step } from "./recorder.ts";
import type { Flow, Scenario } from "./scenario.ts";
import { RequestFailed, VisitorSession } from "./session.ts";
import type { Target } from "./request.ts";

/** Hears when what it began is over, so that a closed loop goes on. */
export interface Starter {
  ended(ok: boolean): void;
}

export interface Workload {
  /** Before anything is measured. Rejects when the scenario's own setup does. */
  setup(): Promise<void>;
  begin(intendedMs: number, starter: Starter | undefined): void;
  /** Turns that are not over yet, apart from requests in the pool. */
  readonly active: number;
}

/** One request over and over. Hot path: an arrival allocates nothing. */
export class SingleRequest implements Workload, ReplySink {
  readonly active = 0;
  readonly #pool: HttpPool;
  readonly #recorder: Recorder;
  readonly #request: OutgoingRequest;
  readonly #step: Step;

  constructor(pool: HttpPool, recorder: Recorder, request: OutgoingRequest, name: string) {
    this.#pool = pool;
    this.#recorder = recorder;
    this.#request = request;
    this.#step = recorder.step(name);
  }

  async setup(): Promise<void> {}

  begin(intendedMs: number, starter: Starter | undefined): void {
    this.#pool.send(this.#request, intendedMs, this, starter);
  }

  replied(exchange: Exchange): void {
    // Read before the starter may send again, which overwrites the exchange.
    const starter = exchange.context as Starter | undefined;
    this.#recorder.replied(this.#step, exchange, exchange.reply.status >= 400);
    this.#recorder.turnOver(exchange.endedMs);
    starter?.ended(true);
  }

  failed(kind: FailureKind, detail: string, exchange: Exchange): void {
    const starter = exchange.context as Starter | undefined;
    this.#recorder.failed(this.#step, kind, detail, exchange);
    if (kind !== "unsent") this.#recorder.turnOver(exchange.endedMs);
    starter?.ended(false);
  }
}

export interface ScenarioWorkloadOptions {
  readonly scenario: Scenario;
  readonly target: Target;
  readonly pool: HttpPool;
  readonly recorder: Recorder;
  readonly random: Random;
  /** Turns at once; what arrives beyond it is not begun and counts as unsent. */
  readonly maxTurns: number;
}

export class ScenarioWorkload implements Workload {
  readonly #options: ScenarioWorkloadOptions;
  readonly #totalWeight: number;
  #data: unknown;
  #active = 0;

  constructor(options: ScenarioWorkloadOptions) {
    this.#options = options;
    this.#totalWeight = options.scenario.flows.reduce((sum, flow) => sum + flow.weight, 0);
  }

  get active(): number {
    return this.#active;
  }

  async setup(): Promise<void> {
    const { scenario } = this.#options;
    if (scenario.setup === undefined) return;
    try {
      this.#data = await scenario.setup(new VisitorSession(this.#options, performance.now()));
    } catch (cause) {
      throw new Error(`the setup of scenario ${scenario.name} failed: ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  begin(intendedMs: number, starter: Starter | undefined): void {
    const { recorder, maxTurns } = this.#options;
    if (this.#active >= maxTurns) {
      recorder.turnRefused(intendedMs, `${maxTurns} turns are under way`);
      starter?.ended(false);
      return;
    }
    this.#active++;
    void this.#run(this.#choose(), intendedMs).then((ok) => {
      this.#active--;
      recorder.turnOver(performance.now());
      starter?.ended(ok);
    });
  }

  async #run(flow: Flow<unknown>, intendedMs: number): Promise<boolean> {
    const session = new VisitorSession(this.#options, intendedMs);
    try {
      await flow.run(session, this.#data);
      return true;
    } catch (error) {
      // No answer: counted where it happened. Anything else is the scenario's own mistake or a broken assumption.
      if (!(error instanceof RequestFailed)) this.#options.recorder.turnBroken(flow.name, error as Error);
      return false;
    }
  }

  #choose(): Flow<unknown> {
    const { flows } = this.#options.scenario;
    let left = this.#options.random() * this.#totalWeight;
    for (const flow of flows) {
      left -= flow.weight;
      if (left < 0) return flow;
    }
    return flows.at(-1)!;
  }
}
