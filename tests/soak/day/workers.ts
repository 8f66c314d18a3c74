/** Workers of a shop, each with the real recorder, instruments and sender, but without the work itself. */
import type { TopicInfo } from "../../../runtime/bus/broker.ts";
import { CallSpan } from "../../../runtime/calls/call-span.ts";
import { EdgeTelemetry } from "../../../runtime/calls/edge-telemetry.ts";
import type { CallRequest } from "../../../runtime/calls/mesh.ts";
import { ServerTelemetry } from "../../../runtime/calls/server-telemetry.ts";
import type { Clock, Random } from "../../../runtime/clock.ts";
import { SqlTelemetry, type StatementTelemetry } from "../../../runtime/storage/sql-telemetry.ts";
import type { TelemetryBatch } from "../../../runtime/telemetry/model.ts";
import { metric } from "../../../runtime/telemetry/names.ts";
import type { OwnSpan } from "../../../runtime/telemetry/recorder/own-span.ts";
import { Recorder, type RecorderOptions } from "../../../runtime/telemetry/recorder/recorder.ts";
import { Sender } from "../../../runtime/telemetry/recorder/sender.ts";
import type { SpanShape } from "../../../runtime/telemetry/recorder/span-shape.ts";
import type { Link, Transport } from "../../../runtime/transport/transport.ts";
import { observeBus } from "../../../runtime/worker/bus-gauges.ts";
import { EventTelemetry } from "../../../runtime/worker/event-telemetry.ts";

/** The request that is replayed. */
export interface Moment {
  /** The time within it; what happens moves it on. */
  ms: number;
  /** Its trace reaches the observer: it was sampled at its head, or something in it fails or is slow. */
  kept: boolean;
}

export interface WorkerOptions {
  readonly service: string;
  readonly number: number;
  readonly moment: Moment;
  readonly random: Random;
  readonly clock: Clock;
  readonly transport: Transport;
  readonly observer: string;
}

/** As a topology without a word about telemetry has it. */
const sample = 0.05;
const slowMs = 500;

/**
 * The real recorder, which gets the spans that reach the observer. All others, nineteen of twenty, a worker puts into its ring
 * and forgets: of those nothing leaves but their number, and so they are counted here. Their durations, and what is
 * logged under them, are recorded as those of any other.
 */
class ReplayedRecorder extends Recorder {
  readonly #moment: Moment;
  #skipped = 0;

  constructor(options: RecorderOptions, moment: Moment) {
    super({ ...options, now: () => moment.ms });
    this.#moment = moment;
  }

  override child(context: string, number: number): string {
    return this.#moment.kept ? super.child(context, number) : context;
  }

  override span(...span: Parameters<Recorder["span"]>): void {
    if (this.#moment.kept) super.span(...span);
    else this.#skipped++;
  }

  override batch(at: number, evenIfQuiet: boolean): TelemetryBatch | undefined {
    return this.#withSkipped(super.batch(at, evenIfQuiet));
  }

  override early(at: number): TelemetryBatch | undefined {
    return this.#withSkipped(super.early(at));
  }

  #withSkipped(batch: TelemetryBatch | undefined): TelemetryBatch | undefined {
    if (batch === undefined) return undefined;
    const unsampled = batch.dropped.unsampled + this.#skipped;
    this.#skipped = 0;
    return { ...batch, dropped: { ...batch.dropped, unsampled } };
  }
}

export class ReplayedWorker {
  readonly service: string;
  readonly instance: string;
  readonly recorder: Recorder;
  readonly events: EventTelemetry;
  /** To the observer, once there is one. */
  link: Link | undefined;
  readonly #options: WorkerOptions;
  readonly #server: ServerTelemetry;
  /** Of the routes answered so far. */
  readonly #patterns: string[] = [];
  readonly #sender: Sender;
  readonly #sql: SqlTelemetry;
  readonly #statements = new Map<string, StatementTelemetry>();
  readonly #edges = new Map<string, { readonly edge: EdgeTelemetry; readonly shape: SpanShape }>();
  #current: OwnSpan & { readonly traceparent: string } = {
    callerTraceparent: "",
    spanNumber: 0,
    traceparent: "",
  };

  constructor(options: WorkerOptions) {
    const { service, number, moment, random, clock, transport, observer } = options;
    this.#options = options;
    this.service = service;
    this.instance = `${service}-${number}`;
    const owner = { service, instance: this.instance, generation: 1 };
    this.recorder = new ReplayedRecorder({ owner, sample, slowMs, random }, moment);
    this.#server = new ServerTelemetry({
      recorder: this.recorder,
      patternOf: (route) => this.#patterns[route - 1],
    });
    this.events = new EventTelemetry(this.recorder);
    const current = () => this.#current as never;
    this.#sql = new SqlTelemetry({ recorder: this.recorder, current, namespace: service });
    const captured: Transport = {
      name: transport.name,
      listen: (address, link) => transport.listen(address, link),
      connect: async (address, link) => {
        this.link = await transport.connect(address, link);
        return this.link;
      },
    };
    this.#sender = new Sender({
      recorder: this.recorder,
      self: owner,
      transport: captured,
      locate: () => observer,
      clock,
    });
    this.#gauges();
  }

  start(): void {
    this.#sender.start();
  }

  async stop(): Promise<void> {
    await this.#sender.stop();
  }

  /** How much a broker holds; a worker of any other service has none. */
  reportBus(topics: () => readonly TopicInfo[]): void {
    observeBus(this.recorder.metrics, topics);
  }

  /** Calls `callee`, which does `work` under a span of its own. */
  call(
    context: string,
    callee: ReplayedWorker,
    request: { readonly method: string; readonly path: string; readonly status: number },
    work: () => void,
  ): void {
    const { moment } = this.#options;
    const { method, path, status } = request;
    const { edge, shape } = this.#edgeTo(callee);
    const span = new CallSpan(edge, { method, path } as CallRequest, context);
    const sent = span.sent(shape, false);
    moment.ms += 0.05;
    callee.#serve(sent, request, work);
    moment.ms += 0.05;
    const failure = status >= 500 ? String(status) : "";
    span.ended(failure);
    span.settled(status, failure);
  }

  /** One statement of `tookMs` under what is at work. */
  query(sql: string, tookMs: number): void {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#sql.of(sql);
      this.#statements.set(sql, statement);
    }
    const startMs = statement.now();
    this.#options.moment.ms += tookMs;
    statement.ended(startMs, 1);
  }

  /** `context` of what `work` does here: an event's, or of a span of this worker. */
  within(context: string, work: () => void): void {
    const before = this.#current;
    this.#current = { callerTraceparent: context, spanNumber: 0, traceparent: context };
    work();
    this.#current = before;
  }

  /** The context of what is at work. */
  get context(): string {
    const { callerTraceparent, spanNumber, traceparent } = this.#current;
    return spanNumber > 0 ? this.recorder.child(callerTraceparent, spanNumber) : traceparent;
  }

  log(level: "info" | "error", message: string, fields: Readonly<Record<string, unknown>>): void {
    const context = this.context;
    const [traceId, spanId] = [context.slice(3, 35), context.slice(36, 52)];
    this.recorder.log({ at: this.#options.moment.ms, level, message, traceId, spanId, fields });
  }

  #serve(
    sent: string,
    request: { readonly method: string; readonly path: string; readonly status: number },
    work: () => void,
  ): void {
    const { moment } = this.#options;
    const { method, path, status } = request;
    const before = this.#current;
    const span = this.recorder.begin();
    const startMs = moment.ms;
    this.#current = { callerTraceparent: sent, spanNumber: span, traceparent: "" };
    work();
    this.#current = before;
    const route = this.#routeOf(path);
    this.#server.ended(sent, span, true, startMs, status, "", { method, path, attempt: 1, route });
  }

  #routeOf(path: string): number {
    const pattern = patternOf(path);
    const known = this.#patterns.indexOf(pattern);
    return known < 0 ? this.#patterns.push(pattern) : known + 1;
  }

  #edgeTo({ service, instance }: ReplayedWorker) {
    let known = this.#edges.get(instance);
    if (known === undefined) {
      const edge = new EdgeTelemetry(this.recorder, service);
      known = { edge, shape: edge.shapeOf(instance) };
      this.#edges.set(instance, known);
    }
    return known;
  }

  #gauges(): void {
    const { random } = this.#options;
    const { metrics } = this.recorder;
    const [cpu, rss] = [metrics.gauge(metric.cpu, "1"), metrics.gauge(metric.rss, "By")];
    const [delay, pending] = [metrics.gauge(metric.loopDelay, "ms"), metrics.gauge(metric.pending, "{call}")];
    metrics.observe(() => {
      cpu.set(random());
      rss.set(8e7 + random() * 1e7);
      delay.set(random() * 20);
      pending.set(Math.floor(random() * 10));
    });
  }
}

function patternOf(path: string): string {
  return path.replace(/\?.*/, "").replace(/\/[0-9a-f-]+(?=\/|$)/, "/{id}");
}
