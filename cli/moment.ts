import { parseDuration } from "../runtime/topology/duration.ts";
import { MicrocosmError } from "../sdk/errors.ts";

/** A time, or a duration ago: `2026-01-31T12:00:00Z`, `10m`. Milliseconds since the epoch; undefined when it is neither. */
export function parseMoment(text: string, now: number = Date.now()): number | undefined {
  const ago = parseDuration(text);
  if (ago !== undefined) return now - ago;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

export interface Stretch {
  readonly since?: string;
  readonly until?: string;
}

/** `--since` and `--until` as times. Throws `bad-request` with what is wrong. */
export function stretchOf({ since, until }: Stretch): { from?: number; to?: number } {
  const from = momentOf("--since", since);
  const to = momentOf("--until", until);
  if (from !== undefined && to !== undefined && from >= to) {
    throw new MicrocosmError("bad-request", `--until ${until} is not after --since ${since}.`);
  }
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
}

function momentOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const moment = parseMoment(text);
  if (moment !== undefined) return moment;
  throw new MicrocosmError(
    "bad-request",
    `${option} "${text}" is no moment: expected a duration ago (10m) or a time (2026-01-31T12:00:00Z).`,
  );
}
