import { segmentsOf } from "./arrivals.ts";
import { LatencyHistogram } from "./histogram.ts";
import type { LoadPlan } from "./plan.ts";

/** What was due at one rate of a load that goes in steps; plain data. By the intended start alone, however late it ended. */
export interface LevelCounts {
  /** Arrivals a second. */
  readonly rate: number;
  /** Milliseconds since the measurement began. */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly begun: number;
  readonly replied: number;
  readonly bad: number;
  /** Without an answer. */
  readonly failed: number;
  /** Encoded LatencyHistogram. */
  readonly corrected: string;
}

interface Level {
  readonly rate: number;
  readonly fromMs: number;
  readonly untilMs: number;
  begun: number;
  replied: number;
  bad: number;
  failed: number;
  readonly corrected: LatencyHistogram;
}

/** Counts by the rates of a plan whose arrivals go in steps or have a spike; of any other plan there are none. */
export class Levels {
  #startMs = 0;
  #levels: Level[] = [];

  begin(startMs: number, plan: Pick<LoadPlan, "loop" | "durationMs">): void {
    this.#startMs = startMs;
    this.#levels = levelsOf(plan);
  }

  begun(dueMs: number): void {
    const level = this.#at(dueMs);
    if (level !== undefined) level.begun++;
  }

  replied(intendedMs: number, latencyMs: number, isBad: boolean): void {
    const level = this.#at(intendedMs);
    if (level === undefined) return;
    level.replied++;
    if (isBad) level.bad++;
    level.corrected.recordMs(latencyMs);
  }

  /** `waitedMs` of one that has at least taken that time. */
  failed(intendedMs: number, waitedMs: number | undefined): void {
    const level = this.#at(intendedMs);
    if (level === undefined) return;
    level.failed++;
    if (waitedMs !== undefined) level.corrected.recordMs(waitedMs);
  }

  counts(): LevelCounts[] {
    return this.#levels.map(({ corrected, ...counts }) => ({ ...counts, corrected: corrected.encode() }));
  }

  #at(timeMs: number): Level | undefined {
    const at = timeMs - this.#startMs;
    // There are few.
    return this.#levels.find(({ untilMs }) => at < untilMs);
  }
}

function levelsOf({ loop, durationMs }: Pick<LoadPlan, "loop" | "durationMs">): Level[] {
  if (loop.kind !== "open") return [];
  const { arrivals } = loop;
  if (arrivals.kind !== "step" && arrivals.kind !== "spike") return [];
  const levels: Level[] = [];
  let fromMs = 0;
  for (const { fromRate: rate, durationMs: lastsMs } of segmentsOf(arrivals)) {
    const untilMs = Math.min(durationMs, fromMs + lastsMs);
    if (untilMs > fromMs) {
      const counts = { begun: 0, replied: 0, bad: 0, failed: 0, corrected: new LatencyHistogram() };
      levels.push({ rate, fromMs, untilMs, ...counts });
    }
    fromMs = untilMs;
  }
  return levels;
}

/** Of several processes with the same plan. */
export function sumLevels(all: readonly (readonly LevelCounts[])[]): LevelCounts[] {
  const [first = []] = all;
  return first.map(({ rate, fromMs, untilMs }, number) => {
    const own = all.map((levels) => levels[number]!);
    const sum = (key: "begun" | "replied" | "bad" | "failed") =>
      own.reduce((total, level) => total + level[key], 0);
    const corrected = new LatencyHistogram();
    for (const level of own) corrected.merge(LatencyHistogram.decode(level.corrected));
    const counts = { begun: sum("begun"), replied: sum("replied"), bad: sum("bad"), failed: sum("failed") };
    return { rate, fromMs, untilMs, ...counts, corrected: corrected.encode() };
  });
}
