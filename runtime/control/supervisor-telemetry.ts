import type { Clock } from "../clock.ts";
import type { RegistryView } from "../registry/view.ts";
import { Recorder } from "../telemetry/recorder/recorder.ts";
import { Sender } from "../telemetry/recorder/sender.ts";
import type { Peer, Transport } from "../transport/transport.ts";
import type { LogLine } from "./api.ts";

export interface SupervisorTelemetryOptions {
  readonly self: Peer;
  readonly transport: Transport;
  /** Says where the observer is. */
  readonly view: RegistryView;
  readonly clock: Clock;
  /** Lines kept while there is no observer; the oldest give way, and are counted. Default 4096. */
  readonly maxLines?: number;
}

/** What is done by hand is rare, and leaves at once: as many wait while there is no observer. */
const maxSpans = 256;

/**
 * Brings the observer what it has from no worker: lines that were written beside a logger, the supervisor's own, and spans
 * of what somebody does by hand, all of which are kept. As a worker brings its own: in batches, bounded, what was let go is
 * counted.
 */
export class SupervisorTelemetry {
  readonly recorder: Recorder;
  readonly #sender: Sender;
  readonly #view: RegistryView;
  #unwatch: () => void = () => {};

  constructor({ self, transport, view, clock, maxLines = 4096 }: SupervisorTelemetryOptions) {
    this.#view = view;
    this.recorder = new Recorder({
      owner: self,
      sample: 1,
      slowMs: Number.POSITIVE_INFINITY,
      maxSpans,
      maxLogs: maxLines,
    });
    const locate = () => view.ready("observer")[0]?.address;
    this.#sender = new Sender({ recorder: this.recorder, self, transport, locate, clock });
  }

  start(): void {
    this.#unwatch = this.#view.onChange((services) => {
      if (!services.has("observer")) return;
      if (this.#view.isReady("observer")) this.#sender.seek();
      // It drains last of all: what the others wrote as they ended is told now, or never.
      else this.#sender.hurry();
    });
    this.#sender.start();
  }

  take({ fields = {}, ...line }: LogLine): void {
    const { traceId, spanId, ...rest } = fields;
    this.recorder.log({
      ...line,
      ...(typeof traceId === "string" ? { traceId } : {}),
      ...(typeof spanId === "string" ? { spanId } : {}),
      ...(Object.keys(rest).length === 0 ? {} : { fields: rest }),
    });
  }

  /** A line that had to be mended, or an update that a reader was too slow for. */
  count(what: "mended" | "updates"): void {
    this.recorder.count(what);
  }

  /** Waits for no observer: at the end of a run there is none any more. Idempotent. */
  async stop(): Promise<void> {
    this.#unwatch();
    await this.#sender.stop(0);
  }
}
