export interface SearchOptions {
  readonly startRate: number;
  readonly maxRate: number;
  /** Ends when the lowest rate that failed is at most this times the highest that held. */
  readonly precision: number;
  /** More rates than this are not tried. */
  readonly maxRates: number;
}

export interface Judgement {
  readonly held: boolean;
  /** How sure that is: 0.5 is a toss of a coin, 1 is certain as far as the trials can tell. */
  readonly confidence: number;
}

export interface SearchResult {
  /** Highest rate that held; undefined when not even a hundredth of the start did. */
  readonly highest: number | undefined;
  /** Lowest rate above it that did not hold; undefined when `maxRate` held. */
  readonly lowestFailed: number | undefined;
  /** Of both verdicts; undefined where there is none. */
  readonly highestConfidence: number | undefined;
  readonly failedConfidence: number | undefined;
}

/**
 * The highest rate that holds. Doubles (or halves) from the start until the edge is between two rates, then halves the gap
 * on a logarithmic scale. Assumes that a rate above one that fails would fail too, as a queue's does.
 */
export async function findHighestRate(
  judge: (rate: number) => Promise<Judgement>,
  options: SearchOptions,
  /** After each rate: what would be the result if that were the last. */
  told: (sofar: SearchResult) => void = () => {},
): Promise<SearchResult> {
  const { startRate, maxRate, precision, maxRates } = options;
  let tried = 0;
  let held: JudgedRate | undefined;
  let failed: JudgedRate | undefined;
  const tryRate = async (rate: number) => {
    tried++;
    const judgement = await judge(rate);
    if (judgement.held) held = { rate, confidence: judgement.confidence };
    else failed = { rate, confidence: judgement.confidence };
    told(resultOf(held, failed));
    return judgement.held;
  };
  let rate = Math.min(startRate, maxRate);
  while ((held === undefined || failed === undefined) && tried < maxRates) {
    if (await tryRate(rate)) {
      if (rate === maxRate) break;
      rate = Math.min(rate * 2, maxRate);
    } else {
      if (rate < startRate / 100) break;
      rate /= 2;
    }
  }
  while (held !== undefined && failed !== undefined && tried < maxRates) {
    if (failed.rate / held.rate <= precision) break;
    await tryRate(Math.sqrt(held.rate * failed.rate));
  }
  return resultOf(held, failed);
}

interface JudgedRate {
  readonly rate: number;
  readonly confidence: number;
}

function resultOf(held: JudgedRate | undefined, failed: JudgedRate | undefined): SearchResult {
  return {
    highest: held?.rate,
    lowestFailed: failed?.rate,
    highestConfidence: held?.confidence,
    failedConfidence: failed?.confidence,
  };
}
