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
    this.#metrics = new OtlpMetrics(sinceMs, tally);
    this.#intake = intake;
    this.#tally = tally;
  }

  /** Throws `bad-request` saying what is wrong, and counts it. */
  take(signal: OtlpSignal, encoding: OtlpEncoding, bytes: Uint8Array, now: number): OtlpAnswer {
    const [malformed, unsupported] = [this.#tally.of("malformed"), this.#tally.of("unsupported")];
    try {
      const { document, isMended } = encoding === "json" ? parseJson(bytes) : parseProtobuf(bytes, signal);
      if (isMended) this.#tally.count("mended");
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
    const wrong = this.#tally.of("malformed") - malformed;
    const unknown = this.#tally.of("unsupported") - unsupported;
    if (wrong + unknown === 0) return {};
    const reasons = [
      ...(wrong > 0 ? [`${wrong} records were not of the shape that OTLP has for ${signal}.`] : []),
      ...(unknown > 0 ? [`${unknown} points of summaries were not taken: send histograms instead.`] : []),
    ];
    return {
      partialSuccess: { [refused[signal]]: String(wrong + unknown), errorMessage: reasons.join(" ") },
    };
  }
}
