import { alignedDelay, type Clock } from "../../clock.ts";
import type { Link, LinkHandler, Peer, Transport } from "../../transport/transport.ts";
import { encodeBatch } from "../batch-body.ts";
import type { CollectRequest, TelemetryBatch } from "../model.ts";
import type { Recorder } from "./recorder.ts";

export interface SenderOptions {
  readonly recorder: Recorder;
  readonly self: Peer;
  readonly transport: Transport;
  /** Where a ready observer listens; undefined while there is none. */
  readonly locate: () => string | undefined;
  readonly clock: Clock;
  /** Default 1000. */
  readonly intervalMs?: number;
}

/** Intervals with nothing to tell after which the sender sleeps until there is something. */
const quietIntervals = 3;
/** Between reports of a worker that has nothing to tell but its gauges, at the least. */
const quietReportMs = 5000;
/**
 * Of rest, after which no trace is open any more that the observer could ask this worker about: with the intervals
 * before it, longer than an observer waits for a trace (30 s).
 */
const unaskedMs = 28_000;
/** From a failed or slow span to its message: soon, as the rest of its trace is in rings that go round. */
const remarkableMs = 50;
/** One turn's messages; what is left goes in the next. */
const batchesPerTurn = 8;
/** Bytes the kernel has not taken: an observer that is slow gets fewer batches, never a growing buffer. */
const maxBuffered = 1024 * 1024;
/** A request names at most this many traces; the rest of it is ignored. */
const maxTracesAsked = 2048;
/** What waits at the end looks this long for an observer that takes it; nothing that ends may hang for its telemetry. */
const lastWordsMs = 500;
/** Between two looks. */
const lookAgainMs = 20;

/**
 * Brings what a recorder holds to the observer: about once a second, and sooner when much waits. While nothing is
 * recorded it sleeps, because waking is what an idle worker costs; what it has to say then is said when the worker is
 * awake anyway (`report`), over a link that is there just for that: Bun wakes a process for each second that it has one.
 * While there is no observer nothing happens here; the recorder's own bounds decide what is
 * forgotten. Nothing that goes wrong here is seen by anyone else.
 */
export class Sender implements LinkHandler {
  readonly #options: SenderOptions;
  readonly #intervalMs: number;
  #link: Link | undefined;
  #connecting: Promise<void> | undefined;
  #cancelTick: (() => void) | undefined;
  #soon = false;
  #cancelRemarkable: (() => void) | undefined;
  #quiet = 0;
  #restsSince = 0;
  #sentAt = 0;
  #started = false;
  #wasLinked = false;
  #stopped: Promise<void> | undefined;
  /** `stop` waits for nothing any more. */
  #over = false;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#intervalMs = options.intervalMs ?? 1000;
    if (!(this.#intervalMs > 0)) {
      throw new RangeError(`intervalMs: expected more than 0, got ${this.#intervalMs}`);
    }
  }

  start(): void {
    if (this.#started || this.#stopped !== undefined) return;
    this.#started = true;
    const { recorder, clock } = this.#options;
    recorder.onFull = () => this.#sendSoon();
    recorder.onUrgent = () => {
      this.#sendEarly();
      this.#link?.flush();
    };
    recorder.onRemarkable = () => {
      this.#cancelRemarkable ??= clock.after(remarkableMs, () => {
        this.#cancelRemarkable = undefined;
        this.#sendEarly();
      });
    };
    this.#connect();
    this.#arm();
  }

  /** Call it when an observer may have become ready: one it is not linked to cannot ask it for traces. */
  seek(): void {
    if (this.#started && this.#stopped === undefined && this.#link === undefined) this.#connect();
  }

  /** Sends what waits before its time, to an observer that is about to go. */
  hurry(): void {
    if (this.#stopped === undefined) this.#sendEarly();
  }

  /** Call it now and then while the worker is awake: tells its gauges, also those of one that does nothing. */
  report(): void {
    if (this.#cancelTick !== undefined || this.#stopped !== undefined) return;
    const now = this.#options.clock.now();
    const isDue = now - this.#sentAt >= quietReportMs;
    if (this.#link !== undefined) {
      this.#send(isDue);
      this.#leaveUnlessAsked(now);
    } else if (isDue) this.#connect();
  }

  /**
   * Sends what is left, as far as an observer takes it within `patienceMs`, and closes the link. Also of one that was
   * never started: a worker whose start fails has the most to tell. Further calls wait for the first.
   */
  stop(patienceMs = lastWordsMs): Promise<void> {
    this.#stopped ??= this.#stop(patienceMs);
    return this.#stopped;
  }

  async #stop(patienceMs: number): Promise<void> {
    const { recorder, clock } = this.#options;
    this.#cancelTick?.();
    this.#cancelRemarkable?.();
    recorder.onFull = undefined;
    recorder.onUrgent = undefined;
    recorder.onRemarkable = undefined;
    recorder.onStir = undefined;
    const deadline = clock.now() + patienceMs;
    await this.#findObserver(deadline);
    this.#send(true);
    while (this.#link?.open && recorder.waits && clock.now() < deadline) {
      this.#sendEarly();
      if (recorder.waits) await this.#pause(lookAgainMs);
    }
    this.#over = true;
    await this.#link?.close();
  }

  /** From the link. The observer asks for nothing by calls. */
  call(incoming: Parameters<LinkHandler["call"]>[0]): void {
    incoming.reply(null, null);
  }

  /** From the link. */
  notify(_link: Link, head: unknown): void {
    if (!isCollectRequest(head)) return;
    this.#options.recorder.collect(head.traceIds.slice(0, maxTracesAsked));
    this.#sendSoon();
  }

  /** From the link. */
  closed(link: Link): void {
    if (link !== this.#link) return;
    this.#link = undefined;
    this.#wake();
  }

  /** For something that waits. One that was never linked may have been quicker than the observer; others do not wait for one. */
  async #findObserver(deadline: number): Promise<void> {
    const { recorder, clock } = this.#options;
    for (;;) {
      const leftMs = deadline - clock.now();
      if (this.#link !== undefined || !recorder.waits || leftMs <= 0) return;
      this.#connect();
      if (this.#connecting !== undefined) await Promise.race([this.#connecting, this.#pause(leftMs)]);
      else if (this.#wasLinked) return;
      if (this.#link === undefined) await this.#pause(Math.min(lookAgainMs, leftMs));
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.after(ms, resolve));
  }

  #arm(): void {
    const { clock } = this.#options;
    this.#cancelTick = clock.after(alignedDelay(clock.now(), this.#intervalMs), () => this.#tick());
  }

  #tick(): void {
    this.#cancelTick = undefined;
    this.#quiet++;
    if (this.#link === undefined) this.#connect();
    else this.#send(false);
    // One that connects is not quiet; where there is nobody, `seek` will tell of the next one.
    const isQuiet = this.#connecting === undefined && this.#quiet >= quietIntervals;
    if (isQuiet) this.#rest();
    else this.#arm();
  }

  #rest(): void {
    const { recorder, clock } = this.#options;
    this.#restsSince = clock.now();
    recorder.onStir = () => {
      this.#wake();
      // Not with the tick: a failed span must not wait for a second until there is a link.
      this.seek();
    };
  }

  #leaveUnlessAsked(now: number): void {
    const link = this.#link;
    if (link === undefined || now - this.#restsSince < unaskedMs) return;
    this.#link = undefined;
    void link.close();
  }

  #wake(): void {
    this.#options.recorder.onStir = undefined;
    this.#quiet = 0;
    if (this.#cancelTick === undefined && this.#stopped === undefined) this.#arm();
  }

  #connect(): void {
    const { transport, self, locate } = this.#options;
    if (this.#connecting !== undefined) return;
    const address = locate();
    if (address === undefined) return;
    this.#connecting = transport.connect(address, { self, handler: this, isEarly: true }).then(
      (link) => {
        this.#connecting = undefined;
        if (this.#over) return link.close();
        this.#link = link;
        this.#wasLinked = true;
        if (this.#stopped !== undefined) return;
        this.#send(true);
        if (this.#cancelTick === undefined) this.#leaveUnlessAsked(this.#options.clock.now());
        else this.#wake();
      },
      () => {
        // Not there yet, or no more: the next tick looks again.
        this.#connecting = undefined;
        this.#wake();
      },
    );
  }

  /** Once the present task is over, so that a burst is one message; and before the answers of this turn leave. */
  #sendSoon(): void {
    if (this.#soon || this.#link === undefined) return;
    this.#soon = true;
    queueMicrotask(() => {
      this.#soon = false;
      if (this.#stopped === undefined) this.#sendEarly();
    });
  }

  #sendEarly(): void {
    this.#drain(() => this.#options.recorder.early(this.#options.clock.now()));
  }

  #send(evenIfQuiet: boolean): void {
    const { recorder, clock } = this.#options;
    let isFirst = true;
    this.#drain(() => {
      const batch = isFirst ? recorder.batch(clock.now(), evenIfQuiet) : recorder.early(clock.now());
      isFirst = false;
      return batch;
    });
  }

  #drain(next: () => TelemetryBatch | undefined): void {
    const { recorder } = this.#options;
    const link = this.#link;
    for (let sent = 0; link?.open && link.buffered < maxBuffered && sent < batchesPerTurn; sent++) {
      const batch = next();
      if (batch === undefined) return;
      this.#quiet = 0;
      this.#sentAt = batch.at;
      try {
        link.notify(null, encodeBatch(batch));
      } catch {
        // Larger than a message may be, or no JSON, despite all checks. The gap in the sequence tells of it.
      }
      if (!recorder.backlog) return;
    }
    // Not within this turn: others have waited long enough.
    if (link?.open && recorder.backlog && link.buffered < maxBuffered) setImmediate(() => this.#sendSoon());
  }
}

function isCollectRequest(head: unknown): head is CollectRequest {
  if (typeof head !== "object" || head === null) return false;
  const { type, traceIds } = head as Partial<CollectRequest>;
  return type === "collect" && Array.isArray(traceIds) && traceIds.every((id) => typeof id === "string");
}
