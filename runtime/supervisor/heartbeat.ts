import type { Clock } from "../clock.ts";
import type { SupervisorConfig } from "../topology/model.ts";

/** What the monitor needs to know of an instance. */
export interface Beating {
  /** Looks from outside whether it lives, where it announced to beat rarely. */
  feel(now: number): void;
  /** Milliseconds since its last sign of life; 0 while none is due. */
  silentMs(now: number): number;
  excuse(ms: number): void;
  kill(verdict: string): void;
}

export interface HeartbeatMonitorOptions {
  readonly config: Pick<SupervisorConfig, "heartbeatMs" | "missedBeats">;
  readonly clock: Clock;
  readonly instances: () => Iterable<Beating>;
}

/**
 * Finds workers whose event loop hangs: no sign of life for `heartbeatMs × missedBeats`. A sign is a beat or, of a worker
 * that rests, to be seen waiting for work. The supervisor may itself have been
 * stopped meanwhile (a suspended laptop, a debugger, a stalled disk), and then unread beats wait in its sockets: by how
 * much its own timer came late is taken off everyone's silence, so only silence it could have heard through counts.
 */
export class HeartbeatMonitor {
  readonly #options: HeartbeatMonitorOptions;
  #dueAt = 0;
  #cancelTimer: () => void = () => {};

  constructor(options: HeartbeatMonitorOptions) {
    const { heartbeatMs, missedBeats } = options.config;
    if (!(heartbeatMs > 0))
      throw new RangeError(`supervisor.heartbeatMs must be above 0, not ${heartbeatMs}`);
    if (!(missedBeats >= 1))
      throw new RangeError(`supervisor.missedBeats must be at least 1, not ${missedBeats}`);
    this.#options = options;
  }

  start(): void {
    this.stop();
    this.#schedule();
  }

  stop(): void {
    this.#cancelTimer();
  }

  #schedule(): void {
    const { clock, config } = this.#options;
    this.#dueAt = clock.now() + config.heartbeatMs;
    this.#cancelTimer = clock.after(config.heartbeatMs, () => this.#check());
  }

  #check(): void {
    const { clock, config, instances } = this.#options;
    const now = clock.now();
    const lateMs = Math.max(0, now - this.#dueAt);
    const limitMs = config.heartbeatMs * config.missedBeats;
    for (const instance of instances()) {
      if (lateMs > 0) instance.excuse(lateMs);
      instance.feel(now);
      if (instance.silentMs(now) >= limitMs) instance.kill(`hung: ${config.missedBeats} beats missed`);
    }
    this.#schedule();
  }
}
