export interface UslPoint {
  /** Clients, instances or processors. */
  readonly n: number;
  /** Answers a second with so many. */
  readonly throughput: number;
}

/** Gunther's Universal Scalability Law: X(N) = λN / (1 + σ(N − 1) + κN(N − 1)). */
export interface UslFit {
  /** Answers a second of one alone. */
  readonly lambda: number;
  /** Contention: the share of the work that goes one after the other. */
  readonly sigma: number;
  /** Coherency: the cost of agreeing, pair by pair. */
  readonly kappa: number;
  /** Where more begins to give less; Infinity when nothing does. */
  readonly peakN: number;
  /** Share of the variance of the throughputs that the curve explains. */
  readonly rSquared: number;
}

export function uslThroughput(
  { lambda, sigma, kappa }: Pick<UslFit, "lambda" | "sigma" | "kappa">,
  n: number,
): number {
  return (lambda * n) / (1 + sigma * (n - 1) + kappa * n * (n - 1));
}

/**
 * Fits the law (Gunther: "A Simple Capacity Model of Massively Parallel Transaction Systems", CMG 1993; the linear form in
 * Guerrilla Capacity Planning, 2007, chapter 5). N/X is linear in 1/λ, σ/λ and κ/λ, so least squares has one solution,
 * weighted so that relative errors of X count alike. σ and κ cannot be negative: where the best fit has one, it is left
 * out and the rest fitted anew. Throws on fewer than three different N.
 */
export function fitUsl(points: readonly UslPoint[]): UslFit {
  const usable = points.filter(({ n, throughput }) => n > 0 && throughput > 0);
  if (new Set(usable.map(({ n }) => n)).size < 3) {
    throw new Error("the scalability law needs throughputs at three different sizes or more");
  }
  const candidates: UslFit[] = [];
  for (const terms of [
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ] as const) {
    const fit = fitTerms(usable, terms);
    if (fit !== undefined) candidates.push(fit);
  }
  return candidates.reduce((best, fit) =>
    relativeError(usable, fit) < relativeError(usable, best) - 1e-12 ? fit : best,
  );
}

type Terms = readonly [contention: boolean, coherency: boolean];

function fitTerms(points: readonly UslPoint[], [contention, coherency]: Terms): UslFit | undefined {
  const rows = points.map(({ n, throughput }) => {
    const columns = [1, ...(contention ? [n - 1] : []), ...(coherency ? [n * (n - 1)] : [])];
    return { columns, value: n / throughput, weight: (throughput / n) ** 2 };
  });
  const solution = leastSquares(rows);
  if (solution === undefined) return undefined;
  const a = solution[0]!;
  const sigma = contention ? solution[1]! / a : 0;
  const kappa = coherency ? solution.at(-1)! / a : 0;
  if (!(a > 0 && sigma >= 0 && kappa >= 0)) return undefined;
  const fit = { lambda: 1 / a, sigma, kappa };
  const peakN = kappa === 0 ? Number.POSITIVE_INFINITY : Math.sqrt(Math.max(0, 1 - sigma) / kappa);
  return { ...fit, peakN, rSquared: explained(points, fit) };
}

interface Row {
  readonly columns: readonly number[];
  readonly value: number;
  readonly weight: number;
}

/** Weighted normal equations by Gauss–Jordan with pivoting; undefined when they are singular. */
function leastSquares(rows: readonly Row[]): number[] | undefined {
  const size = rows[0]!.columns.length;
  const matrix = Array.from({ length: size }, (_, i) =>
    Array.from({ length: size + 1 }, (_, j) =>
      rows.reduce(
        (sum, { columns, value, weight }) => sum + weight * columns[i]! * (j === size ? value : columns[j]!),
        0,
      ),
    ),
  );
  for (let i = 0; i < size; i++) {
    let pivot = i;
    for (let k = i + 1; k < size; k++) if (Math.abs(matrix[k]![i]!) > Math.abs(matrix[pivot]![i]!)) pivot = k;
    [matrix[i], matrix[pivot]] = [matrix[pivot]!, matrix[i]!];
    const divisor = matrix[i]![i]!;
    if (divisor === 0) return undefined;
    for (let j = i; j <= size; j++) matrix[i]![j]! /= divisor;
    for (let k = 0; k < size; k++) {
      const factor = matrix[k]![i]!;
      if (k === i || factor === 0) continue;
      for (let j = i; j <= size; j++) matrix[k]![j]! -= factor * matrix[i]![j]!;
    }
  }
  return matrix.map((row) => row[size]!);
}

function relativeError(points: readonly UslPoint[], fit: UslFit): number {
  return points.reduce((sum, { n, throughput }) => sum + (uslThroughput(fit, n) / throughput - 1) ** 2, 0);
}

function explained(points: readonly UslPoint[], fit: Pick<UslFit, "lambda" | "sigma" | "kappa">): number {
  const mean = points.reduce((sum, { throughput }) => sum + throughput, 0) / points.length;
  const total = points.reduce((sum, { throughput }) => sum + (throughput - mean) ** 2, 0);
  const left = points.reduce((sum, { n, throughput }) => sum + (throughput - uslThroughput(fit, n)) ** 2, 0);
  return total === 0 ? 1 : 1 - left / total;
}
