import type { Delivery, EventRecord, SubscriptionHandle } from "../../runtime/bus/broker.ts";
import { BrokerClient } from "../../runtime/bus/client.ts";
import { encodeData } from "../../runtime/bus/data.ts";
import { systemClock, systemRandom } from "../../runtime/clock.ts";
import { UnixTransport } from "../../runtime/transport/unix.ts";
import { MicrocosmError } from "../../sdk/errors.ts";
import type { FailureKind } from "../load/exchange.ts";
import type { Line } from "../load/line.ts";
import type { BusPlan } from "../load/plan.ts";
import type { Recorder, Step } from "../load/recorder.ts";
import type { Starter, Workload } from "../load/workload.ts";
import type { Deliveries } from "./drain.ts";

/** Events of a subscription that are on their way to this process and not acknowledged. */
const concurrency = 4096;
const subscription = "bench-load";
const acknowledged = "publish → acknowledged";
const delivered = "publish → delivered";

export interface BusWorkloadOptions {
  readonly bus: BusPlan;
  /** Of the generator process. */
  readonly index: number;
  readonly timeoutMs: number;
  readonly recorder: Recorder;
}

/**
 * An arrival is an event. Its latency runs from when it was due to its handler, in whichever generator process that is:
 * the due time travels in the event. The acknowledgement, which a closed loop waits for, is timed beside it.
 */
export class BusWorkload implements Workload, Line {
  activity = 0;
  readonly connections = 1;
  readonly active = 0;
  readonly #options: BusWorkloadOptions;
  readonly #client: BrokerClient;
  readonly #acknowledged: Step;
  readonly #delivered: Step;
  readonly #padding: Uint8Array;
  #subscriptions: SubscriptionHandle[] = [];
  #published = 0;
  #unanswered = 0;
  #owed = 0;
  #arrived = 0;
  #drained = false;

  constructor(options: BusWorkloadOptions) {
    this.#options = options;
    const { bus, index, recorder } = options;
    this.#client = new BrokerClient({
      transport: new UnixTransport(),
      self: { service: subscription, instance: `${subscription}-${index + 1}`, generation: 1 },
      locate: async () => bus.address,
      clock: systemClock,
      random: systemRandom,
    });
    this.#acknowledged = recorder.step(acknowledged, true);
    this.#delivered = recorder.step(delivered);
    this.#padding = new Uint8Array(Math.max(0, bus.bytes));
  }

  /** One more until the run says that deliveries are over. */
  get pending(): number {
    return this.#unanswered + (this.#drained ? 0 : 1);
  }

  get deliveries(): Deliveries | undefined {
    return this.#unanswered > 0 ? undefined : { owed: this.#owed, arrived: this.#arrived };
  }

  drained(): void {
    this.#drained = true;
  }

  start(): void {}

  /** Rejects when the broker is not there, or does not have the topic. */
  async setup(): Promise<void> {
    const { bus, index } = this.#options;
    for (let number = 1; number <= bus.subscriptions; number++) {
      this.#subscriptions.push(
        await this.#client.subscribe({
          topic: bus.topic,
          subscription: `${subscription}-${number}`,
          consumer: `${subscription}-${index + 1}`,
          concurrency,
          from: "latest",
          ephemeral: true,
          handler: (delivery) => this.#deliver(delivery),
        }),
      );
    }
  }

  begin(intendedMs: number, starter: Starter | undefined): void {
    const { bus, timeoutMs } = this.#options;
    const sentMs = performance.now();
    const key = bus.keys === 0 ? undefined : `k${this.#published++ % bus.keys}`;
    const event: EventRecord = {
      id: Bun.randomUUIDv7(),
      source: "/bench",
      type: bus.topic,
      time: Date.now(),
      data: encodeData({
        at: performance.timeOrigin + intendedMs,
        sent: performance.timeOrigin + sentMs,
        padding: this.#padding,
      }),
      ...(key === undefined ? {} : { key }),
    };
    this.#unanswered++;
    this.#client.publish(bus.topic, event, Date.now() + timeoutMs).then(
      () => this.#answered(intendedMs, sentMs, starter),
      (error: unknown) => this.#failed(error, intendedMs, sentMs, starter),
    );
  }

  stop(): void {
    for (const handle of this.#subscriptions) void handle.stop().catch(() => undefined);
    this.#subscriptions = [];
    void this.#client.stop().catch(() => undefined);
  }

  #answered(intendedMs: number, sentMs: number, starter: Starter | undefined): void {
    this.#unanswered--;
    this.#owed += this.#options.bus.subscriptions;
    this.activity++;
    const reply = { status: 202, bodyBytes: 0 };
    this.#options.recorder.replied(
      this.#acknowledged,
      { intendedMs, sentMs, endedMs: performance.now(), reply },
      false,
    );
    starter?.ended(true);
  }

  #failed(error: unknown, intendedMs: number, sentMs: number, starter: Starter | undefined): void {
    this.#unanswered--;
    const reply = { status: 0, bodyBytes: 0 };
    const told = error instanceof Error ? error.message : String(error);
    this.#options.recorder.failed(this.#delivered, kindOf(error), told, {
      intendedMs,
      sentMs,
      endedMs: performance.now(),
      reply,
    });
    const { bus, recorder } = this.#options;
    // What was refused at once was never sent.
    const owed = kindOf(error) === "unsent" ? 0 : bus.subscriptions;
    for (let i = 0; i < owed; i++) recorder.turnOver(performance.now());
    starter?.ended(false);
  }

  #deliver({ event }: Delivery): Promise<void> {
    const endedMs = performance.now();
    this.activity++;
    const data = event.data as { readonly at?: unknown; readonly sent?: unknown } | null;
    // Of somebody else who publishes to the same topic.
    if (typeof data?.at !== "number" || typeof data.sent !== "number") return done;
    this.#arrived++;
    const intendedMs = data.at - performance.timeOrigin;
    const reply = { status: 200, bodyBytes: this.#padding.length };
    this.#options.recorder.replied(
      this.#delivered,
      { intendedMs, sentMs: data.sent - performance.timeOrigin, endedMs, reply },
      false,
    );
    this.#options.recorder.turnOver(endedMs);
    return done;
  }
}

const done = Promise.resolve();

function kindOf(error: unknown): FailureKind {
  if (!(error instanceof MicrocosmError)) return "reset";
  if (error.code === "deadline-exceeded") return "timeout";
  return error.code === "overloaded" ? "unsent" : "refused";
}
