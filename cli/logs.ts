import { type InstanceInfo, type LogLine, maxLogLines } from "../runtime/control/api.ts";
import { MicrocosmError } from "../sdk/errors.ts";
import { ControlClient, type RunOptions } from "../runtime/control/client.ts";
import { interrupted } from "./interrupt.ts";
import { type Stretch, stretchOf } from "./moment.ts";
import { paint, print, printJson } from "./output.ts";

export interface LogsOptions extends RunOptions, Stretch {
  readonly follow?: boolean;
  /** Default: 200, or all of a stretch of time. */
  readonly lines?: number;
  readonly level?: string;
  readonly grep?: string;
  readonly json?: boolean;
}

const defaultLines = 200;

export async function logs(target: string | undefined, options: LogsOptions): Promise<undefined> {
  const wanted = options.grep === undefined ? undefined : pattern(options.grep);
  const { from, to } = stretchOf(options);
  if (options.follow === true && to !== undefined)
    throw new MicrocosmError("bad-request", "--follow goes on without end: leave out --until.");
  const client = await ControlClient.find(options);
  const lines = options.lines ?? (from === undefined ? defaultLines : maxLogLines);
  const query = new URLSearchParams({ lines: String(lines) });
  if (from !== undefined) query.set("from", String(from));
  if (to !== undefined) query.set("to", String(to));
  if (target !== undefined) {
    const instances = await client.get<InstanceInfo[]>("/api/instances");
    query.set(instances.some((instance) => instance.id === target) ? "instance" : "service", target);
  }
  if (options.level !== undefined) query.set("level", options.level);
  if (options.follow === true) query.set("follow", "1");
  const stop = interrupted();
  for await (const line of client.lines<LogLine>(`/api/logs?${query}`, stop)) {
    if (wanted !== undefined && !says(line, wanted)) continue;
    if (options.json === true) printJson(line);
    else print(formatLogLine(line));
  }
  return undefined;
}

/** Also in the fields: they are printed with the message, and a person searches for what is seen. */
function says({ message, fields }: LogLine, wanted: RegExp): boolean {
  return wanted.test(message) || (fields !== undefined && wanted.test(formatFields(fields)));
}

function pattern(text: string): RegExp {
  try {
    return new RegExp(text, "i");
  } catch (cause) {
    throw new MicrocosmError(
      "bad-request",
      `"${text}" is no regular expression: ${(cause as Error).message}`,
      { cause },
    );
  }
}

const levelStyles = { debug: "dim", info: "cyan", notice: "magenta", warn: "yellow", error: "red" } as const;

export function formatLogLine(line: LogLine): string {
  const time = new Date(line.at).toISOString().slice(11, 23);
  const fields = line.fields === undefined ? "" : ` ${paint("dim", formatFields(line.fields))}`;
  const level = paint(levelStyles[line.level], line.level.padEnd(6));
  return `${paint("dim", time)} ${level} ${line.instance.padEnd(16)} ${line.message}${fields}`;
}

function formatFields(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
}
