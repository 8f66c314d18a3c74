import type { ExponentialHistogram } from "./histogram.ts";
import type { SpanRing } from "./span-ring.ts";
import type { SpanShape } from "./span-shape.ts";

/** Few, so that what they hold dies young. */
const limit = 64;
const textsEach = 3;
const doublesEach = 3;
const intsEach = 3;

/**
 * Spans that have just ended and that nobody has to hear of now. They are counted and packed a few dozen at a time.
 *
 * Hot path: a span that ends is twelve stores. Counting and packing it there and then cost a request more, in between its
 * database, its router and its socket, than it costs in a loop over many (docs/telemetry.md has the figures).
 */
export class FreshSpans {
  readonly #ring: SpanRing;
  readonly #shapes: SpanShape[] = [];
  readonly #durations: (ExponentialHistogram | undefined)[] = [];
  /** Of each its context, a and b. */
  readonly #texts: string[] = [];
  /** Of each its start, its duration and n. */
  readonly #doubles = new Float64Array(limit * doublesEach);
  /** Of each its number, its parent and m. */
  readonly #ints = new Int32Array(limit * intsEach);
  #count = 0;

  constructor(ring: SpanRing) {
    this.#ring = ring;
  }

  /** See Recorder.span. */
  add(
    shape: SpanShape,
    durations: ExponentialHistogram | undefined,
    context: string,
    number: number,
    parent: number,
    startMs: number,
    durationMs: number,
    a: string,
    b: string,
    n: number,
    m: number,
  ): void {
    const place = this.#count;
    this.#shapes[place] = shape;
    this.#durations[place] = durations;
    const [texts, text] = [this.#texts, place * textsEach];
    texts[text] = context;
    texts[text + 1] = a;
    texts[text + 2] = b;
    const [doubles, double] = [this.#doubles, place * doublesEach];
    doubles[double] = startMs;
    doubles[double + 1] = durationMs;
    doubles[double + 2] = n;
    const [ints, int] = [this.#ints, place * intsEach];
    ints[int] = number;
    ints[int + 1] = parent;
    ints[int + 2] = m;
    this.#count = place + 1;
    if (this.#count === limit) this.settle();
  }

  /** Counts their durations and puts them into the ring: call it before either is read. */
  settle(): void {
    const [shapes, histograms, texts, doubles, ints] = [
      this.#shapes,
      this.#durations,
      this.#texts,
      this.#doubles,
      this.#ints,
    ];
    for (let place = 0; place < this.#count; place++) {
      const [text, double, int] = [place * textsEach, place * doublesEach, place * intsEach];
      const durationMs = doubles[double + 1]!;
      histograms[place]?.record(durationMs);
      this.#ring.put(
        shapes[place]!,
        texts[text]!,
        ints[int]!,
        ints[int + 1]!,
        doubles[double]!,
        durationMs,
        texts[text + 1]!,
        texts[text + 2]!,
        doubles[double + 2]!,
        ints[int + 2]!,
      );
    }
    this.#count = 0;
  }
}
