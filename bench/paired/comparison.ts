import { type Random, seededRandom } from "../../runtime/clock.ts";
import { type Spread, spread } from "../measure.ts";
import type { Environment } from "../report/environment.ts";
import { counted } from "../report/figures.ts";
import type { ReportFrame } from "../report/page.ts";
import {
  type Interval,
  minPairs,
  type Pairs,
  pairedDifference,
  pairedRatio,
  type Verdict,
  verdictOf,
} from "./interval.ts";

export type Unit = "perSecond" | "ms" | "bytes" | "count" | "times";

/** Something that is measured of each contender in each round. */
export interface Measure {
  readonly key: string;
  readonly label: string;
  readonly unit: Unit;
  readonly better: "more" | "less";
  /** Default: `ratio`. Of what may be nothing at all there is none. */
  readonly by?: "ratio" | "difference";
}

/** One contender in one round. */
export interface RoundValues {
  readonly round: number;
  readonly contender: string;
  readonly values: Readonly<Record<string, number>>;
}

export interface ComparedRow extends Measure {
  readonly cells: readonly ComparedCell[];
}

export interface ComparedCell {
  readonly contender: string;
  readonly spread: Spread;
  /** Against the first contender, round by round; of the first itself there is none. */
  readonly against?: Interval & { readonly verdict: Verdict };
}

export interface ComparedSection {
  readonly title: string;
  readonly note: string;
  readonly rows: readonly ComparedRow[];
}

export interface ComparedTable {
  readonly title: string;
  readonly note: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A sentence about who is ahead; `whose` is a contender, or `nobody`. */
export interface Finding {
  readonly whose: string;
  readonly text: string;
}

export interface ComparisonReport extends ReportFrame {
  readonly format: "microcosm-comparison-report";
  readonly version: 1;
  readonly heading: string;
  readonly sub: string;
  readonly contenders: readonly string[];
  readonly sections: readonly ComparedSection[];
  readonly tables: readonly ComparedTable[];
  readonly findings: readonly Finding[];
  readonly warnings: readonly string[];
  readonly seed: number;
  /** All that was measured, in the order in which it was. */
  readonly rounds: readonly RoundValues[];
}

/** The contenders of a round: the order is reversed every other time, so that a drift falls on all of them alike. */
export function orderOf<T>(contenders: readonly T[], round: number): T[] {
  return round % 2 === 0 ? [...contenders] : contenders.toReversed();
}

/** A row for each measure that was taken of any contender. */
export function compare(
  measures: readonly Measure[],
  rounds: readonly RoundValues[],
  contenders: readonly string[],
  random: Random = seededRandom(1),
): ComparedRow[] {
  const [first] = contenders;
  const valueIn = (contender: string, round: number, key: string) =>
    rounds.find((each) => each.contender === contender && each.round === round)?.values[key];
  const numbers = [...new Set(rounds.map(({ round }) => round))];
  return measures.flatMap((measure): ComparedRow[] => {
    const cells = contenders.flatMap((contender): ComparedCell[] => {
      const found = numbers.flatMap((round) => {
        const value = valueIn(contender, round, measure.key);
        return value === undefined || Number.isNaN(value) ? [] : [{ round, value }];
      });
      if (found.length === 0) return [];
      const own = spread(found.map(({ value }) => value));
      if (contender === first) return [{ contender, spread: own }];
      const pairs = found.flatMap(({ round, value }): [number, number][] => {
        const other = valueIn(first!, round, measure.key);
        return other === undefined || Number.isNaN(other) ? [] : [[other, value]];
      });
      return [{ contender, spread: own, against: judged(measure, pairs, random) }];
    });
    return cells.length === 0 ? [] : [{ ...measure, cells }];
  });
}

function judged(
  { by, better }: Measure,
  pairs: Pairs,
  random: Random,
): Interval & { readonly verdict: Verdict } {
  const isRatio = by !== "difference";
  const found = isRatio ? pairedRatio(pairs, random) : pairedDifference(pairs, random);
  return { ...found, verdict: verdictOf(found, better, isRatio ? 1 : 0) };
}

/** Rounds in which all contenders were measured. */
export function completeRounds(rounds: readonly RoundValues[], contenders: readonly string[]): number {
  const measured = Map.groupBy(rounds, ({ round }) => round);
  return [...measured.values()].filter((own) => own.length === contenders.length).length;
}

/** Of the cores, kept busy by others: from here on it shows. */
const mostBusy = 0.25;

/** What a reader has to know before the verdicts. */
export function warningsOf(rounds: number, { busyBefore, cores }: Environment): string[] {
  const warnings: string[] = [];
  if (rounds < minPairs) {
    warnings.push(
      `${counted(rounds, "round")} ${rounds === 1 ? "is" : "are"} too few for a verdict: ${minPairs} are the least`,
    );
  }
  if (busyBefore > cores * mostBusy) {
    warnings.push(
      `the machine had other work (${busyBefore.toFixed(1)} of ${cores} cores before): intervals are wide, and tails are its own`,
    );
  }
  return warnings;
}
