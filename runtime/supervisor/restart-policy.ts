import type { Random } from "../clock.ts";
import type { SupervisorConfig } from "../topology/model.ts";

/**
 * Decides what follows a death: a restart after exponential backoff with full jitter (Brooker, "Exponential Backoff
 * And Jitter", AWS 2015), or, after `crashLoopDeaths` deaths within `windowMs`, none. Deaths older than the window are
 * forgotten, so an instance that ran well for a while starts again with the shortest delay.
 */
export class RestartPolicy {
  readonly #config: SupervisorConfig["restart"];
  readonly #random: Random;
  /** Times of the deaths within the window, oldest first; never more than `crashLoopDeaths`. */
  #deaths: number[] = [];

  constructor(config: SupervisorConfig["restart"], random: Random) {
    this.#config = config;
    this.#random = random;
  }

  /** Records a death at `now` (ms). Returns the delay before the restart in ms, or undefined for a crash loop. */
  died(now: number): number | undefined {
    const { crashLoopDeaths, windowMs, firstMs, maxMs } = this.#config;
    this.#deaths = this.#deaths.filter((at) => now - at < windowMs);
    this.#deaths.push(now);
    if (this.#deaths.length >= crashLoopDeaths) return undefined;
    return this.#random() * Math.min(maxMs, firstMs * 2 ** (this.#deaths.length - 1));
  }

  /** Someone started it by hand: its past no longer counts. */
  forget(): void {
    this.#deaths = [];
  }
}
