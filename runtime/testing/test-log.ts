import type { Logger } from "../../sdk/service.ts";
import type { LogLine } from "../control/api.ts";

export type LoggedLine = Pick<LogLine, "level" | "message" | "fields">;

/** Keeps what is logged; `verbose` shows it on stderr as well. */
export class TestLog implements Logger {
  readonly lines: LoggedLine[] = [];
  readonly #verbose: boolean;

  constructor(verbose: boolean) {
    this.#verbose = verbose;
  }

  debug(message: string, fields?: Record<string, unknown>): void {
    this.#add("debug", message, fields);
  }

  info(message: string, fields?: Record<string, unknown>): void {
    this.#add("info", message, fields);
  }

  notice(message: string, fields?: Record<string, unknown>): void {
    this.#add("notice", message, fields);
  }

  warn(message: string, fields?: Record<string, unknown>): void {
    this.#add("warn", message, fields);
  }

  error(message: string, fields?: Record<string, unknown>): void {
    this.#add("error", message, fields);
  }

  #add(level: LoggedLine["level"], message: string, fields: Record<string, unknown> | undefined): void {
    this.lines.push(fields === undefined ? { level, message } : { level, message, fields });
    if (this.#verbose) console.error(level, message, fields ?? "");
  }
}
