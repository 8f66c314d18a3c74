export interface SearchOptions {
  readonly startRate: number;
  readonly maxRate: number;
  /** Ends when the lowest rate that failed is at most this times the highest that held. */
  readonly precision: number;
  /** A rate's verdict is that of most of so many trials; odd. */
  readonly trials: number;
  /** More rates than this are not tried. */
  readonly maxRates: number;
}

export interface SearchResult {
  /** Highest rate that held; undefined when not even a hundredth of the start did. */
  readonly highest: number | undefined;
  /** Lowest rate above it that did not hold; undefined when `maxRate` held. */
  readonly lowestFailed: number | undefined;
}

/**
 * The highest rate that holds. Doubles (or halves) from the start until the edge is between two rates, then halves the gap
 * on a logarithmic scale. Assumes that a rate above one that fails would fail too, as a queue's does. A trial near the edge
 * is decided by chance, so that each rate is tried until one verdict has the majority.
 */
export async function findHighestRate(
  holds: (rate: number) => Promise<boolean>,
  options: SearchOptions,
): Promise<SearchResult> {
  let tried = 0;
  const judge = async (rate: number) => {
    tried++;
    const majority = (options.trials + 1) / 2;
    let [held, failed] = [0, 0];
    while (held < majority && failed < majority) {
      if (await holds(rate)) held++;
      else failed++;
    }
    return held === majority;
  };
  let highest: number | undefined;
  let lowestFailed: number | undefined;
  let rate = Math.min(options.startRate, options.maxRate);
  const bracketed = () => highest !== undefined && lowestFailed !== undefined;
  while (!bracketed() && tried < options.maxRates) {
    if (await judge(rate)) {
      highest = rate;
      if (rate === options.maxRate) break;
      rate = Math.min(rate * 2, options.maxRate);
    } else {
      lowestFailed = rate;
      if (rate < options.startRate / 100) break;
      rate /= 2;
    }
  }
  while (bracketed() && lowestFailed! / highest! > options.precision && tried < options.maxRates) {
    const middle = Math.sqrt(highest! * lowestFailed!);
    if (await judge(middle)) highest = middle;
    else lowestFailed = middle;
  }
  return { highest, lowestFailed };
}
