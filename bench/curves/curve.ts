import { fitPower, type PowerFit } from "./fit.ts";

/** By name, the unit last. */
export type Figures = Readonly<Record<string, number>>;

export interface CurvePoint {
  readonly x: number;
  readonly figures: Figures;
}

/** `flat`: the size must not matter. `linear`: at most in proportion to the size. */
export type Shape = "flat" | "linear";

export interface Expectation {
  readonly figure: string;
  readonly shape: Shape;
}

/** How cost grows with one size. */
export interface CurveFacts {
  readonly name: string;
  readonly title: string;
  readonly xLabel: string;
  /** What is asked of what, in a sentence or two. */
  readonly how: string;
  /** A figure that stands in no expectation is shown without a verdict. */
  readonly expectations: readonly Expectation[];
}

export interface MeasuredCurve extends CurveFacts {
  readonly points: readonly CurvePoint[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
}

export interface CurveOptions {
  /** Of one measurement, after its warm-up. */
  readonly seconds: number;
  /** Sizes to measure instead of the curve's own. */
  readonly sizes?: readonly number[];
}

export interface CurveHooks {
  /** After each point. */
  readonly point: (point: CurvePoint) => void;
  readonly note: (text: string) => void;
}

export interface Curve extends CurveFacts {
  readonly sizes: readonly number[];
  measure(sizes: readonly number[], options: CurveOptions, hooks: CurveHooks): Promise<void>;
}

export interface Verdict extends Expectation {
  readonly fit: PowerFit;
  /** Of the upper half of the points: what a fixed cost hides at small sizes. */
  readonly tail: PowerFit;
  /** The fitted last value over the first. */
  readonly growth: number;
  readonly held: boolean;
}

/** A flat figure may grow by this much over the whole curve: measurements of one thing twice differ by less. */
const flatGrowth = 1.5;
/** An exponent of 1 is linear; the rest is noise. */
const linearExponent = 1.15;
const fewestPoints = 3;

/** Undefined with fewer than three points: a line goes through any two. */
export function judge(points: readonly CurvePoint[], { figure, shape }: Expectation): Verdict | undefined {
  const pairs = points
    .map(({ x, figures }) => [x, figures[figure]] as const)
    .filter((pair): pair is readonly [number, number] => pair[1] !== undefined && pair[1] > 0);
  if (pairs.length < fewestPoints) return undefined;
  const fit = fitPower(pairs);
  const tail = fitPower(pairs.slice(-Math.max(fewestPoints, Math.ceil(pairs.length / 2))));
  const growth = (pairs.at(-1)![0] / pairs[0]![0]) ** fit.exponent;
  const held =
    shape === "flat" ? growth <= flatGrowth : Math.max(fit.exponent, tail.exponent) <= linearExponent;
  return { figure, shape, fit, tail, growth, held };
}
