import type { Clock, Random } from "../clock.ts";
import type { RegistryView } from "../registry/view.ts";
import { metric } from "../telemetry/names.ts";
import { Recorder } from "../telemetry/recorder/recorder.ts";
import { Sender } from "../telemetry/recorder/sender.ts";
import type { Peer, Transport } from "../transport/transport.ts";
import type { RoleLoad } from "./role.ts";
import type { WorkerSpec } from "./spec.ts";

/** Undefined where telemetry is off. */
export function recorderOf(spec: WorkerSpec, random: Random): Recorder | undefined {
  const { telemetry } = spec;
  if (telemetry?.enabled !== true) return undefined;
  return new Recorder({ owner: spec, sample: telemetry.sample, slowMs: telemetry.slowMs, random });
}

export interface WorkerTelemetryOptions {
  readonly recorder: Recorder;
  readonly self: Peer;
  readonly transport: Transport;
  readonly view: RegistryView;
  readonly clock: Clock;
  readonly load: () => RoleLoad;
}

/** What every worker reports about itself, and the way to the observer. */
export class WorkerTelemetry {
  readonly #options: WorkerTelemetryOptions;
  readonly #sender: Sender;
  readonly #endings: (() => void)[] = [];
  #loopDelayMs = 0;
  #cpu = process.cpuUsage();
  #cpuAt = performance.now();

  constructor(options: WorkerTelemetryOptions) {
    this.#options = options;
    const { recorder, self, transport, view, clock } = options;
    const locate = () => view.ready("observer")[0]?.address;
    this.#sender = new Sender({ recorder, self, transport, locate, clock });
  }

  start(): void {
    const { recorder, view, load } = this.#options;
    const { metrics } = recorder;
    const cpu = metrics.gauge(metric.cpu, "1");
    const rss = metrics.gauge(metric.rss, "By");
    const loopDelay = metrics.gauge(metric.loopDelay, "ms");
    const pending = metrics.gauge(metric.pending, "{call}");
    const changes = metrics.counter(metric.registryChanges, "{change}");
    this.#endings.push(
      metrics.observe(() => {
        cpu.set(this.#takeCpu());
        rss.set(process.memoryUsage.rss());
        loopDelay.set(this.#loopDelayMs);
        this.#loopDelayMs = 0;
        pending.set(load().pending);
      }),
      view.onChange((services) => {
        changes.add(services.size);
        if (services.has("observer")) this.#sender.seek();
      }),
    );
    this.#sender.start();
  }

  /** The worker beats, its event loop was that late; the longest delay between two reports is told. */
  beat(loopDelayMs: number): void {
    if (loopDelayMs > this.#loopDelayMs) this.#loopDelayMs = loopDelayMs;
    this.#sender.report();
  }

  /** Sends what is left. Idempotent. */
  async stop(): Promise<void> {
    await this.#sender.stop();
    for (const end of this.#endings.splice(0)) end();
  }

  /** Of one core, since the last time. */
  #takeCpu(): number {
    const now = performance.now();
    const used = process.cpuUsage();
    const usedMs = (used.user + used.system - this.#cpu.user - this.#cpu.system) / 1000;
    const elapsedMs = now - this.#cpuAt;
    this.#cpu = used;
    this.#cpuAt = now;
    return elapsedMs > 0 ? usedMs / elapsedMs : 0;
  }
}
