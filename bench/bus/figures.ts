/** What a measuring process prints as its last line. */
export interface BusFigure {
  readonly perSecond: number;
  /** Of acknowledgements, milliseconds; absent where nothing is acknowledged. */
  readonly p50Ms?: number;
  readonly p99Ms?: number;
}

export interface BusLoad {
  /** Bytes of an event's data. */
  readonly bytes: number;
  /** Events published and not acknowledged yet. */
  readonly inFlight: number;
  readonly warmupMs: number;
  readonly seconds: number;
}

/** Counts events after a warm-up and, with `began`, how long each took; prints the figure and is done. */
export class Meter {
  readonly #load: BusLoad;
  readonly #latencies: number[] = [];
  readonly #done = Promise.withResolvers<BusFigure>();
  #count = 0;
  #from = 0;

  constructor(load: BusLoad) {
    this.#load = load;
  }

  get done(): Promise<BusFigure> {
    return this.#done.promise;
  }

  /** The clock starts with the first event. `began`: performance.now() when it was published. */
  tick(events: number, began?: number): void {
    if (this.#from === 0) this.#start();
    this.#count += events;
    if (began !== undefined) this.#latencies.push(performance.now() - began);
  }

  #start(): void {
    this.#from = performance.now();
    setTimeout(() => {
      const [from, count] = [performance.now(), this.#count];
      this.#latencies.length = 0;
      setTimeout(() => {
        const perSecond = ((this.#count - count) / (performance.now() - from)) * 1000;
        const sorted = this.#latencies.sort((a, b) => a - b);
        const at = (share: number) => sorted[Math.floor(sorted.length * share)]!;
        this.#done.resolve(
          sorted.length === 0 ? { perSecond } : { perSecond, p50Ms: at(0.5), p99Ms: at(0.99) },
        );
      }, this.#load.seconds * 1000);
    }, this.#load.warmupMs);
  }
}
