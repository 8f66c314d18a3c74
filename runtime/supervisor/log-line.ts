import type { LogLine } from "../control/api.ts";

/** Least first. */
export const levelOrder: readonly LogLine["level"][] = ["debug", "info", "notice", "warn", "error"];

export interface LogSource {
  readonly service: string;
  readonly instance: string;
}

/**
 * A line a worker wrote. Its logger writes JSON, `{"level","message","at",…fields}`; anything else (a stray
 * console.log, a runtime's own warning) is taken as plain text, from stderr as a warning.
 */
export function parseLogLine(
  source: LogSource,
  stream: "stdout" | "stderr",
  text: string,
  now: number,
): LogLine {
  const structured = text.startsWith("{") ? parseStructured(source, text, now) : undefined;
  return structured ?? { at: now, ...source, level: stream === "stderr" ? "warn" : "info", message: text };
}

/**
 * Whether a worker's logger wrote it, which tells the observer of it too. Its lines are on stdout and begin with their time
 * (worker/logger.ts); other programs' JSON begins otherwise, and half a line of a process that died is plain text.
 */
export function isOfLogger(stream: "stdout" | "stderr", text: string, parsed: LogLine): boolean {
  return stream === "stdout" && text.startsWith('{"at":') && parsed.message !== text;
}

function parseStructured(source: LogSource, text: string, now: number): LogLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  // service and instance are known here; what the line says of them would be the same or a lie.
  const {
    level,
    message,
    at,
    service: _service,
    instance: _instance,
    ...fields
  } = value as Record<string, unknown>;
  const known = levelOrder.find((name) => name === level);
  if (known === undefined || typeof message !== "string") return undefined;
  return {
    at: typeof at === "number" && Number.isFinite(at) ? at : now,
    ...source,
    level: known,
    message,
    ...(Object.keys(fields).length === 0 ? {} : { fields }),
  };
}

/** What a line says about a death that may follow: a logged error with its stack's first line, or words on stderr. */
export function errorWords(stream: "stdout" | "stderr", text: string): string | undefined {
  const { level, message, fields } = parseLogLine({ service: "", instance: "" }, stream, text, 0);
  if (level === "warn" && stream === "stderr" && message.trim() !== "") return message.trim();
  if (level !== "error") return undefined;
  const stack = typeof fields?.stack === "string" ? fields.stack.split("\n", 1)[0] : undefined;
  return stack === undefined || message.includes(stack) ? message : `${message}: ${stack}`;
}
