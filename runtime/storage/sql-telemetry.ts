import type { RequestInfo } from "../../sdk/service.ts";
import { metric } from "../telemetry/names.ts";
import type { ExponentialHistogram } from "../telemetry/recorder/histogram.ts";
import type { OwnSpan } from "../telemetry/recorder/own-span.ts";
import type { Recorder } from "../telemetry/recorder/recorder.ts";
import { parentInContext } from "../telemetry/recorder/ended-span.ts";
import type { Described, SpanShape } from "../telemetry/recorder/span-shape.ts";

export interface SqlTelemetryOptions {
  readonly recorder: Recorder;
  /** The request or event at work. A statement outside of any has a duration and no span. */
  readonly current: () => RequestInfo | undefined;
  /** The database's name. */
  readonly namespace: string;
}

/** Longer statements are cut. In UTF-16 units. */
const maxTextLength = 2000;
/** For `StatementTelemetry.ended`: nobody counted the rows. */
export const unknownRows = -1;

/**
 * Spans and durations of SQL statements (OpenTelemetry's database conventions). The text is the statement as prepared:
 * its values are not in it.
 */
export class SqlTelemetry {
  readonly #options: SqlTelemetryOptions;
  readonly #transactions: StatementTelemetry;

  constructor(options: SqlTelemetryOptions) {
    this.#options = options;
    this.#transactions = new StatementTelemetry(options, "TRANSACTION", undefined);
  }

  of(sql: string): StatementTelemetry {
    return new StatementTelemetry(this.#options, operationOf(sql), sql.slice(0, maxTextLength));
  }

  /** From asking for the write lock until the commit is as durable as it will be. */
  beginTransaction(): { ended(error?: unknown): void } {
    const telemetry = this.#transactions;
    const startMs = telemetry.now();
    return { ended: (error) => telemetry.ended(startMs, unknownRows, error) };
  }
}

/** Of one statement. */
export class StatementTelemetry implements SpanShape {
  readonly kind = "client";
  readonly now: () => number;
  readonly #recorder: Recorder;
  readonly #current: () => RequestInfo | undefined;
  readonly #described: Described;
  readonly #ok: ExponentialHistogram;
  readonly #failed: ExponentialHistogram;

  constructor(options: SqlTelemetryOptions, operation: string, text: string | undefined) {
    const { recorder, current, namespace } = options;
    this.#recorder = recorder;
    this.#current = current;
    this.now = recorder.now;
    this.#described = {
      name: `${operation} ${namespace}`,
      attributes: {
        "db.system.name": "sqlite",
        "db.namespace": namespace,
        "db.operation.name": operation,
        ...(text === undefined ? {} : { "db.query.text": text }),
      },
    };
    const durations = (outcome: string) =>
      recorder.metrics.histogram(metric.databaseDuration, "ms", { operation, outcome });
    this.#ok = durations("ok");
    this.#failed = durations("error");
  }

  /** It was begun at `startMs`, and ended with so many rows or an error. */
  ended(startMs: number, rows: number, error?: unknown): void {
    const durationMs = this.#recorder.now() - startMs;
    const durations = error === undefined ? this.#ok : this.#failed;
    const current = this.#current();
    if (current === undefined) {
      durations.record(durationMs);
      return;
    }
    const { spanNumber = 0, callerTraceparent = "" } = current as Partial<OwnSpan>;
    const context = spanNumber > 0 ? callerTraceparent : current.traceparent;
    durations.recordWithin(durationMs, context);
    const code = codeOf(error);
    const failure = error === undefined ? "" : (code ?? nameOf(error));
    const span = this.#recorder.begin();
    this.#recorder.span(
      this,
      context,
      span,
      spanNumber > 0 ? spanNumber : parentInContext,
      startMs,
      durationMs,
      failure,
      code ?? "",
      "",
      rows,
      0,
    );
  }

  describe(code: string, _b: string, rows: number): Described {
    if (rows === unknownRows && code === "") return this.#described;
    const { name, attributes } = this.#described;
    return {
      name,
      attributes: {
        ...attributes,
        ...(rows === unknownRows ? {} : { "db.response.returned_rows": rows }),
        ...(code === "" ? {} : { "db.response.status_code": code }),
      },
    };
  }
}

function operationOf(sql: string): string {
  return /^\s*(?:\(\s*)*([A-Za-z]+)/.exec(sql)?.[1]?.toUpperCase().slice(0, 32) ?? "SQL";
}

/** SQLite's own: `SQLITE_BUSY`. */
function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "error";
}
