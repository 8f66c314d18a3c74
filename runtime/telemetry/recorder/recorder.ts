import { type Random, systemRandom } from "../../clock.ts";
import type { LogRecord, TelemetryBatch } from "../model.ts";
import { LogBuffer } from "./log-buffer.ts";
import { Metrics } from "./metrics.ts";
import type { SpanOwner } from "./ended-span.ts";
import { SpanRing } from "./span-ring.ts";
import type { SpanShape } from "./span-shape.ts";
import { isSampled, SpanIds } from "./trace-context.ts";
import { WaitingSpans } from "./waiting-spans.ts";
import { WantedTraces } from "./wanted-traces.ts";

export interface RecorderOptions {
  readonly owner: SpanOwner;
  /** Share of new traces that are kept whatever becomes of them, 0 to 1. */
  readonly sample: number;
  /** Milliseconds from which a span, and with it its trace, is kept all the same. */
  readonly slowMs: number;
  /**
   * New traces sampled in a second at the most; a `sample` of 1 means all and knows no such bound. Default 50: enough
   * to see what goes on, and at high rates what the observer spends on them stays small beside the load itself.
   */
  readonly sampledPerSecond?: number;
  readonly random?: Random;
  /** Milliseconds since the epoch with fractions. Default the system's monotonic clock, put on the epoch. */
  readonly now?: () => number;
  /** For spans kept in case their trace is asked for, 56 to 240 bytes each; a multiple of 128. Default 1.5 Mi. */
  readonly ringBytes?: number;
  /** Spans that wait for the observer. Default 16384. */
  readonly maxSpans?: number;
  /** Default 2048. */
  readonly maxSeries?: number;
  /** Log records that wait for the observer. Default 4096. */
  readonly maxLogs?: number;
  /** Their length in UTF-16 units. Default 2 Mi. */
  readonly maxLogLength?: number;
}

/** See TelemetryBatch. */
type Oddity = "mended" | "updates";

/** Of one batch, so that its message stays far below a link's limit of 1 MiB. */
const batchSpans = 400;
const batchSpanLength = 256 * 1024;
const batchLogs = 400;
const batchLogLength = 192 * 1024;
const batchPoints = 600;

/** The bound on sampled traces holds for each of these, so that they are spread over the second. */
const slotMs = 100;

const epochMs = performance.timeOrigin;

function systemNow(): number {
  return epochMs + performance.now();
}

/**
 * What one worker remembers of what it does, until the observer has it. One object a worker, handed to all that is
 * instrumented; where telemetry is off there is none.
 *
 * Hot path: a span is one call when it ends, with flat arguments, and a few stores into a ring. It becomes an object
 * only when it is sent: when its trace was sampled at its head, when it failed or was slow itself, or when the observer
 * asks for its trace because something else in it did (retroactive sampling: Hindsight, NSDI 2023).
 */
export class Recorder {
  readonly owner: SpanOwner;
  readonly metrics: Metrics;
  /** Milliseconds since the epoch with fractions. */
  readonly now: () => number;
  /**
   * Tells that there is enough for a batch before it is due. Where all traces are kept a single span is: what a caller
   * has seen answered is then told before the answer leaves, so that a process that is killed takes no span along.
   */
  onFull: (() => void) | undefined = undefined;
  /** As onFull, of what must leave now. */
  onUrgent: (() => void) | undefined = undefined;
  /** Tells with each span and log line that there is something to send; set while nobody looks by himself. */
  onStir: (() => void) | undefined = undefined;
  /** Tells of a span whose trace the observer may want to ask for, before the rings have forgotten it. */
  onRemarkable: (() => void) | undefined = undefined;
  readonly #ids: SpanIds;
  readonly #ring: SpanRing;
  readonly #waiting: WaitingSpans;
  readonly #logs: LogBuffer;
  readonly #oddities = new Map<Oddity, number>();
  readonly #wanted = new WantedTraces();
  readonly #random: Random;
  readonly #sample: number;
  readonly #slowMs: number;
  readonly #sampledPerSlot: number;
  /** Spans that wait and are worth a message before its time is due. */
  readonly #manySpans: number;
  #slot = 0;
  #sampledInSlot = 0;
  #sequence = 0;

  constructor(options: RecorderOptions) {
    const { sample, slowMs, sampledPerSecond = 50, random = systemRandom } = options;
    if (!(sample >= 0 && sample <= 1)) throw new RangeError(`sample: expected 0 to 1, got ${sample}`);
    if (!(slowMs >= 0)) throw new RangeError(`slowMs: expected 0 or more, got ${slowMs}`);
    if (!(sampledPerSecond >= 10)) {
      throw new RangeError(`sampledPerSecond: expected at least 10, got ${sampledPerSecond}`);
    }
    const { service, instance, generation } = options.owner;
    this.owner = { service, instance, generation };
    this.now = options.now ?? systemNow;
    this.metrics = new Metrics(options.maxSeries ?? 2048);
    this.#random = random;
    this.#sample = sample;
    this.#slowMs = slowMs;
    this.#sampledPerSlot = sample === 1 ? Number.POSITIVE_INFINITY : (sampledPerSecond * slotMs) / 1000;
    this.#manySpans = sample === 1 ? 1 : batchSpans;
    this.#ids = new SpanIds(random);
    this.#ring = new SpanRing(options.ringBytes ?? 1.5 * 1024 * 1024);
    this.#waiting = new WaitingSpans(options.maxSpans ?? 16_384, this.#ids);
    this.#logs = new LogBuffer(options.maxLogs ?? 4096, options.maxLogLength ?? 2 * 1024 * 1024);
  }

  /** Reserves a number for a span that begins, from 1. */
  begin(): number {
    return this.#ids.next();
  }

  /** The context of a new trace whose root is span `number`; whether it is sampled is decided here. */
  root(number: number): string {
    return this.#ids.root(number, this.#random() < this.#sample && this.#hasRoom());
  }

  #hasRoom(): boolean {
    const slot = Math.floor(this.now() / slotMs);
    if (slot !== this.#slot) {
      this.#slot = slot;
      this.#sampledInSlot = 0;
    }
    return this.#sampledInSlot++ < this.#sampledPerSlot;
  }

  /** The context that names span `number` of the trace of `context` as the parent of what comes next. */
  child(context: string, number: number): string {
    return this.#ids.child(context, number);
  }

  /**
   * A span that ended. `context` is the `traceparent` that led to it and `parent` is `parentInContext`; or `parent` is
   * the number of another span of this worker in that trace; or it is `noParent` and the context its own. `failure` is
   * the `error.type`, "" for none. The rest is for its shape.
   */
  span(
    shape: SpanShape,
    context: string,
    number: number,
    parent: number,
    startMs: number,
    durationMs: number,
    failure: string,
    a: string,
    b: string,
    n: number,
    m: number,
  ): void {
    const remarkable = failure !== "" || durationMs >= this.#slowMs;
    this.onStir?.();
    if (!remarkable && !isSampled(context)) {
      this.#ring.put(shape, context, number, parent, startMs, durationMs, a, b, n, m);
      return;
    }
    this.#waiting.add({ shape, context, number, parent, startMs, durationMs, failure, a, b, n, m });
    if (remarkable) this.onRemarkable?.();
    if (this.#waiting.count >= this.#manySpans) this.onFull?.();
  }

  /**
   * Call it before something leaves by which others see that spans have ended: where all traces are kept, these leave first,
   * so that a process that is killed right after takes none along.
   */
  tellFirst(): void {
    if (this.#waiting.count >= this.#manySpans) this.onUrgent?.();
  }

  /** A line of the owner's, unless it names another: the supervisor tells what workers wrote beside their logger. `isCut`: it was longer. */
  log(record: Omit<LogRecord, "service" | "instance"> & Partial<LogRecord>, isCut = false): void {
    const { service, instance } = this.owner;
    this.onStir?.();
    this.#logs.add({ service, instance, ...record }, isCut);
  }

  /** Something that is no record, and that the observer should count. */
  count(what: Oddity): void {
    this.onStir?.();
    this.#oddities.set(what, (this.#oddities.get(what) ?? 0) + 1);
  }

  /** From the observer: what is here of these traces, and what will come to be for a while, goes into the batches. */
  collect(traceIds: readonly string[]): void {
    this.#wanted.add(traceIds);
    this.#ring.collect(this.#wanted, this.#waiting);
  }

  /**
   * What is to be sent, bounded in size; undefined when there is nothing but gauges and `evenIfQuiet` is not set. Spans
   * and logs that do not fit wait for the next one.
   */
  batch(at: number, evenIfQuiet: boolean): TelemetryBatch | undefined {
    return this.#batch(at, evenIfQuiet || this.metrics.changed, batchPoints);
  }

  /** As batch, before its time: only what came to be, and no metrics. */
  early(at: number): TelemetryBatch | undefined {
    return this.#batch(at, false, 0);
  }

  #batch(at: number, evenIfQuiet: boolean, points: number): TelemetryBatch | undefined {
    if (this.#wanted.any) this.#ring.collectNew(this.#wanted, this.#waiting);
    const spans = this.#waiting.take(batchSpans, batchSpanLength, this.owner);
    const logs = this.#logs.take(batchLogs, batchLogLength);
    const lost = this.#waiting.takeLost();
    const droppedLogs = this.#logs.takeDropped();
    const cut = this.#logs.takeCut();
    const isCounted = lost > 0 || droppedLogs > 0 || cut > 0 || this.#oddities.size > 0;
    const quiet = spans.length === 0 && logs.length === 0 && !isCounted;
    if (quiet && !evenIfQuiet) return undefined;
    const oddities = Object.fromEntries(this.#oddities);
    this.#oddities.clear();
    this.#sequence++;
    return {
      ...this.owner,
      sequence: this.#sequence,
      at,
      spans,
      logs,
      metrics: points === 0 ? [] : this.metrics.take(at, points),
      dropped: {
        spans: lost,
        logs: droppedLogs,
        metrics: this.metrics.takeRefused(),
        unsampled: this.#ring.takeUnsampled(),
        ...(cut === 0 ? {} : { cut }),
        ...oddities,
      },
    };
  }

  /** Whether spans, lines or counts are here that nobody has yet. */
  get waits(): boolean {
    return this.#waiting.count > 0 || this.#logs.waiting > 0 || this.#oddities.size > 0;
  }

  /** Whether another batch could be made right away. */
  get backlog(): boolean {
    return this.#waiting.count >= this.#manySpans || this.#logs.waiting >= batchLogs;
  }
}
