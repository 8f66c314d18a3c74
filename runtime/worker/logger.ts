import type { Logger } from "../../sdk/service.ts";
import type { LogLine } from "../control/api.ts";

type Level = LogLine["level"];
type Fields = Record<string, unknown>;

/** What a line says besides its text on stdout. `fields` are as they were given; of the message a part `isCut`. */
export type LogTap = (at: number, level: Level, message: string, fields: Fields, isCut: boolean) => void;

/** A line longer than this is cut: whoever logs a document of 10 MB gets its beginning. In UTF-16 units. */
const maxLineLength = 64 * 1024;
const maxMessageLength = 16 * 1024;

/**
 * Logs as lines of JSON, `{"at","level","message",…fields}`. `at` is in milliseconds since the epoch. Never throws,
 * whatever it is given.
 */
export class JsonLogger implements Logger {
  readonly #write: (line: string) => void;
  readonly #now: () => number;
  /** Hears of each line too. Must not throw. */
  tap: LogTap | undefined = undefined;

  /** `write` gets each line without a newline. */
  constructor(write: (line: string) => void, now: () => number) {
    this.#write = write;
    this.#now = now;
  }

  debug(message: string, fields?: Fields): void {
    this.log("debug", message, fields);
  }

  info(message: string, fields?: Fields): void {
    this.log("info", message, fields);
  }

  notice(message: string, fields?: Fields): void {
    this.log("notice", message, fields);
  }

  warn(message: string, fields?: Fields): void {
    this.log("warn", message, fields);
  }

  error(message: string, fields?: Fields): void {
    this.log("error", message, fields);
  }

  log(level: Level, message: string, fields: Fields = {}): void {
    const whole = textOf(message);
    const head = { at: this.#now(), level, message: cut(whole, maxMessageLength) };
    let line: string;
    try {
      // The head last: a field of the same name must not pass for it. Then first, for readers of the raw file.
      line = JSON.stringify({ ...head, ...fields, ...head }, readable);
    } catch (error) {
      // A cycle, or a toJSON or a getter that throws.
      line = JSON.stringify({ ...head, ...unreadable(error) });
    }
    if (line.length > maxLineLength) {
      const rest = line.length - head.message.length;
      line = JSON.stringify({ ...head, cut: `${rest} characters of fields left out` });
    }
    this.#write(line);
    this.tap?.(head.at, level, head.message, fields, head.message !== whole);
  }
}

/** What stands for fields that cannot be read. */
export function unreadable(error: unknown): { readonly fields: string } {
  return { fields: `could not be written: ${textOf(error)}` };
}

/** An object's own `toString` may throw, and one without a prototype has none. */
function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "(no text)";
  }
}

/** Errors, sets and big integers are `{}` or refused in JSON. */
export function readable(_key: string, value: unknown): unknown {
  if (value instanceof Error) return value.stack ?? String(value);
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Map || value instanceof Set) return [...value];
  return value;
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}… (${text.length} characters)`;
}
