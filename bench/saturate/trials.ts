import { type Random, seededRandom } from "../../runtime/clock.ts";
import { LatencyHistogram } from "../load/histogram.ts";
import type { Loop } from "../load/plan.ts";
import { makePlan } from "../load/plan.ts";
import { failedShare, type LoadResult, rateReached, reachedShare, type Second } from "../load/result.ts";
import { runLoad } from "../load/run.ts";
import { draw } from "../report/bootstrap.ts";
import { failedShareOf, percentileOf, sampleOf, wholeSecondsAndRest } from "../report/seconds.ts";
import type { Judgement } from "./search.ts";

export interface TrialOptions {
  readonly url: string;
  readonly scenarioFile?: string;
  /** A rate holds when the corrected p99 and the share of failed requests are at most this, and the rate was reached. */
  readonly maxP99Ms: number;
  readonly maxFailedShare: number;
  readonly trialMs: number;
  /** Before each trial. */
  readonly warmupMs: number;
  /** Of one rate, at most. */
  readonly trials: number;
  /** A verdict as sure as this needs no further trial. */
  readonly confidence: number;
  readonly seed: number;
}

export interface Trial {
  readonly rate: number;
  readonly perSecond: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failedShare: number;
  /** This trial by itself. */
  readonly held: boolean;
  /** More sends were late than a run may have: the trial says as much about the generator. */
  readonly generatorLate: boolean;
}

const maxLateShare = 0.01;
/** A trial in which less than this of what was due was over needs no second one; one that missed by little does. */
const clearlyMissed = 0.9;
const resamples = 500;

/** Trials of rates, each another draw of Poisson arrivals: the same one twice would be the same trial. */
export class Trials {
  readonly done: Trial[] = [];
  readonly #options: TrialOptions;
  readonly #told: (trial: Trial) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #random: Random;

  constructor(options: TrialOptions, told: (trial: Trial) => void = () => {}, signal?: AbortSignal) {
    this.#options = options;
    this.#told = told;
    this.#signal = signal;
    this.#random = seededRandom(options.seed);
  }

  /** Tries a rate until the verdict is sure enough, or `trials` times; then it is what is more likely. */
  async judge(rate: number): Promise<Judgement> {
    const { trials, confidence } = this.#options;
    const seconds: Second[] = [];
    let [reached, tried, clear] = [0, 0, false];
    for (;;) {
      const { load } = await this.run(rate);
      tried++;
      if (rateReached(load)) reached++;
      else clear ||= reachedShare(load) < clearlyMissed;
      seconds.push(...wholeSecondsAndRest(load));
      // A rate that was not reached has not held, however well those did that got their answer.
      const chance =
        reached * 2 > tried ? this.#chanceThatHeld(seconds) : clear ? 0 : 0.5 ** (tried - reached + 1);
      const judgement = { held: chance >= 0.5, confidence: Math.max(chance, 1 - chance) };
      if (judgement.confidence >= confidence || tried >= trials) return judgement;
    }
  }

  /** One trial. Rejects when the target has not answered anything in this one nor in those before. */
  async run(rate: number): Promise<{ readonly trial: Trial; readonly load: LoadResult }> {
    const load = await this.#load({ kind: "open", arrivals: { kind: "poisson", rate } }, this.done.length);
    const nothing = load.total.replied === 0 && this.done.every(({ perSecond }) => perSecond === 0);
    const problem = load.problems.find(({ severity }) => severity === "error");
    // A search for the rate at which a target answers is of no use where it answers at none.
    if (nothing && load.due > 0 && problem !== undefined) throw new Error(problem.message);
    const corrected = LatencyHistogram.decode(load.total.corrected);
    const late = load.generators.reduce((sum, health) => sum + health.late, 0);
    const { maxP99Ms, maxFailedShare } = this.#options;
    const share = failedShare(load.total);
    const trial: Trial = {
      rate,
      perSecond: load.perSecond,
      meanMs: corrected.meanMs,
      p50Ms: corrected.percentileMs(50),
      p99Ms: corrected.percentileMs(99),
      failedShare: share,
      held: rateReached(load) && corrected.percentileMs(99) <= maxP99Ms && share <= maxFailedShare,
      generatorLate: late > maxLateShare * load.due,
    };
    this.done.push(trial);
    this.#told(trial);
    return { trial, load };
  }

  /** A closed loop: as much as so many clients can get. */
  closed(clients: number): Promise<LoadResult> {
    return this.#load({ kind: "closed", clients, thinkMs: 0 }, 0);
  }

  /** Share of the draws of the seconds in which both bounds hold. */
  #chanceThatHeld(seconds: readonly Second[]): number {
    const { maxP99Ms, maxFailedShare } = this.#options;
    const sample = sampleOf(seconds);
    const [p99, failed] = [percentileOf(sample, 0.99), failedShareOf(sample)];
    let held = 0;
    for (let i = 0; i < resamples; i++) {
      const times = draw(seconds.length, this.#random);
      if (p99(times) <= maxP99Ms && failed(times) <= maxFailedShare) held++;
    }
    return held / resamples;
  }

  /** Rejects when it was interrupted: half a trial is none. */
  async #load(loop: Loop, number: number): Promise<LoadResult> {
    const { url, scenarioFile, trialMs, warmupMs, seed } = this.#options;
    const signal = this.#signal;
    signal?.throwIfAborted();
    const load = await runLoad(
      makePlan({
        ...{ url, loop, durationMs: trialMs, warmup: warmupMs, seed: seed + number },
        ...(scenarioFile === undefined ? {} : { scenarioFile }),
      }),
      signal === undefined ? {} : { signal },
    );
    signal?.throwIfAborted();
    return load;
  }
}
