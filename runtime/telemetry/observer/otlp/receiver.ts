import type { Intake } from "../intake.ts";
import type { Tally } from "../tally.ts";
import { OtlpMetrics } from "./decode-metrics.ts";
import { logsOf, type OtlpSignal, parseJson, resourcesOf, spansOf } from "./decode.ts";
import { parseProtobuf } from "./protobuf.ts";

/** As OTLP answers: what was refused of a document that as a whole was taken. */
export interface OtlpAnswer {
  readonly partialSuccess?: Readonly<Record<string, string | number>>;
}

export type OtlpEncoding = "json" | "protobuf";

const refused: Readonly<Record<OtlpSignal, string>> = {
  traces: "rejectedSpans",
  logs: "rejectedLogRecords",
  metrics: "rejectedDataPoints",
};

/** OTLP of processes outside the run, into the same store. */
export class OtlpReceiver {
  readonly #intake: Intake;
  readonly #tally: Tally;
  readonly #metrics: OtlpMetrics;

  /** `sinceMs`: from when on it takes what is sent. */
  constructor(intake: Intake, tally: Tally, sinceMs: number) {
    this.#metrics = new OtlpMetrics(sinceMs);
    this.#intake = intake;
    this.#tally = tally;
  }

  /** Throws `bad-request` saying what is wrong, and counts it. */
  take(signal: OtlpSignal, encoding: OtlpEncoding, bytes: Uint8Array, now: number): OtlpAnswer {
    const before = this.#tally.of("malformed");
    try {
      const document = encoding === "json" ? parseJson(bytes) : parseProtobuf(bytes, signal);
      const resources = resourcesOf(document, signal);
      if (signal === "traces") for (const { items } of spansOf(resources)) this.#intake.spans(items);
      else if (signal === "logs") {
        for (const { source, items } of logsOf(resources, now)) this.#intake.logs(items, source);
      } else {
        for (const { source, items } of this.#metrics.pointsOf(resources)) {
          this.#intake.points(items, source, now, now);
        }
      }
    } catch (error) {
      this.#tally.count("malformed");
      throw error;
    }
    const count = this.#tally.of("malformed") - before;
    if (count === 0) return {};
    const errorMessage = `${count} records were not of the shape that OTLP has for ${signal}.`;
    return { partialSuccess: { [refused[signal]]: String(count), errorMessage } };
  }
}
