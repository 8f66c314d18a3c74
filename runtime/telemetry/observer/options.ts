import { type Clock, systemClock } from "../../clock.ts";

/** Metric points are kept in buckets of `stepMs` for `keepMs`, then only in the next, coarser tier. */
export interface Tier {
  readonly stepMs: number;
  readonly keepMs: number;
}

export interface ObserverOptions {
  /** `<data>/observer.sqlite`; ":memory:" keeps nothing. */
  readonly file: string;
  /** What the file may hold, the write-ahead log beside it not counted. Default 256 MiB, at least 1 MiB. */
  readonly retentionBytes?: number;
  /** Root spans from here on are kept although their trace was not sampled. Default 500. */
  readonly slowMs?: number;
  /** What arrived is written this often, in one transaction. Default 250. */
  readonly tickMs?: number;
  /** A trace with a root is whole when nothing more came for this long. Workers report about every second. Default 2500. */
  readonly quietMs?: number;
  /** The same for a trace whose root never came. Default 6000. */
  readonly orphanQuietMs?: number;
  /** A trace is written after this even though spans still come; later ones are appended. Default 30000. */
  readonly maxOpenMs?: number;
  /** Spans of traces that are not written yet; when there are more, the oldest traces are written early. Default 50000. */
  readonly maxOpenSpans?: number;
  /** Spans of one trace; further ones are dropped. Default 20000. */
  readonly maxTraceSpans?: number;
  /** Log lines that are not written yet; further ones are dropped. Default 20000. */
  readonly maxWaitingLogs?: number;
  /** Different series of metrics; points of further ones are dropped. Default 20000. */
  readonly maxSeries?: number;
  /** Traces the workers may be asked for. Default 200. */
  readonly maxCollectsPerSecond?: number;
  /** Finest first. Default 1 s for 30 minutes, 10 s for 6 hours, 1 minute for 2 days. */
  readonly tiers?: readonly Tier[];
  readonly clock?: Clock;
}

export type ObserverSettings = Required<ObserverOptions>;

const minute = 60_000;

/** Fills the defaults in. Throws a RangeError that names the option at fault. */
export function observerSettings(options: ObserverOptions): ObserverSettings {
  const settings: ObserverSettings = {
    file: options.file,
    retentionBytes: options.retentionBytes ?? 256 * 1024 * 1024,
    slowMs: options.slowMs ?? 500,
    tickMs: options.tickMs ?? 250,
    quietMs: options.quietMs ?? 2500,
    orphanQuietMs: options.orphanQuietMs ?? 6000,
    maxOpenMs: options.maxOpenMs ?? 30_000,
    maxOpenSpans: options.maxOpenSpans ?? 50_000,
    maxTraceSpans: options.maxTraceSpans ?? 20_000,
    maxWaitingLogs: options.maxWaitingLogs ?? 20_000,
    maxSeries: options.maxSeries ?? 20_000,
    maxCollectsPerSecond: options.maxCollectsPerSecond ?? 200,
    tiers: options.tiers ?? [
      { stepMs: 1000, keepMs: 30 * minute },
      { stepMs: 10_000, keepMs: 6 * 60 * minute },
      { stepMs: minute, keepMs: 48 * 60 * minute },
    ],
    clock: options.clock ?? systemClock,
  };
  for (const [key, value] of Object.entries(settings)) {
    if (typeof value === "number" && !(Number.isFinite(value) && value > 0)) {
      throw new RangeError(`${key} must be a positive number, not ${value}`);
    }
  }
  if (settings.retentionBytes < 1024 * 1024) {
    throw new RangeError(`retentionBytes must be at least 1 MiB, not ${settings.retentionBytes}`);
  }
  for (const [index, tier] of settings.tiers.entries()) {
    const finer = settings.tiers[index - 1];
    if (finer !== undefined && !(tier.stepMs > finer.stepMs && tier.stepMs % finer.stepMs === 0)) {
      throw new RangeError(
        `tiers[${index}].stepMs must be a multiple of the finer tier's, not ${tier.stepMs}`,
      );
    }
  }
  return settings;
}
