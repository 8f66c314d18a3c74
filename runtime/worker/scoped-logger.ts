import type { Logger, RequestInfo } from "../../sdk/service.ts";
import { unreadable } from "./logger.ts";
import { spanIdOf, traceIdOf } from "../telemetry/recorder/trace-context.ts";

type Fields = Record<string, unknown>;

/** `ctx.log`: each line names the request or event it was written for, so that logs can be read beside traces. */
export class ScopedLogger implements Logger {
  readonly #log: Logger;
  readonly #current: () => RequestInfo | undefined;

  constructor(log: Logger, current: () => RequestInfo | undefined) {
    this.#log = log;
    this.#current = current;
  }

  debug(message: string, fields?: Fields): void {
    this.#log.debug(message, this.#within(fields));
  }

  info(message: string, fields?: Fields): void {
    this.#log.info(message, this.#within(fields));
  }

  notice(message: string, fields?: Fields): void {
    this.#log.notice(message, this.#within(fields));
  }

  warn(message: string, fields?: Fields): void {
    this.#log.warn(message, this.#within(fields));
  }

  error(message: string, fields?: Fields): void {
    this.#log.error(message, this.#within(fields));
  }

  #within(fields: Fields | undefined): Fields | undefined {
    const current = this.#current();
    if (current === undefined) return fields;
    const { requestId, traceparent } = current;
    const scope = { ...(requestId === undefined ? {} : { requestId }), ...traceFields(traceparent) };
    try {
      return { ...scope, ...fields };
    } catch (error) {
      // A getter of the author's: the line is written without his fields, and with its trace.
      return { ...scope, ...unreadable(error) };
    }
  }
}

/** Which trace and span a line belongs to. */
export function traceFields(traceparent: string): { readonly traceId: string; readonly spanId: string } {
  return { traceId: traceIdOf(traceparent), spanId: spanIdOf(traceparent) };
}
