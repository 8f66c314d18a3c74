import { Hono } from "hono";
import { z } from "zod";
import type { LogFilter } from "../../supervisor/log-follower.ts";
import type { LogStore } from "../../supervisor/logs.ts";
import { type LogLine, maxLogLines } from "../api.ts";
import { flag, queryOf } from "../input.ts";
import { ndjson } from "../ndjson.ts";

const query = z.strictObject({
  service: z.string().optional(),
  instance: z.string().optional(),
  level: z.enum(["debug", "info", "notice", "warn", "error"]).optional(),
  from: z.coerce.number().min(0).optional(),
  to: z.coerce.number().min(0).optional(),
  lines: z.coerce.number().int().min(0).max(maxLogLines).default(100),
  follow: flag.default(false),
});

export function logRoutes(logs: LogStore, ending: AbortSignal): Hono {
  return new Hono().get("/logs", (c) => {
    const { lines, follow, ...filter } = queryOf(c, query);
    return ndjson((signal) => logLines(logs, filter, lines, follow ? signal : undefined), { ending, follow });
  });
}

/** The last `count` lines, then new ones until `follow` is aborted. */
async function* logLines(
  logs: LogStore,
  filter: LogFilter,
  count: number,
  follow: AbortSignal | undefined,
): AsyncGenerator<LogLine> {
  // Both in one tick: no line falls between them.
  const follower = follow === undefined ? undefined : logs.follow(filter);
  const history = logs.history(filter, count);
  follow?.addEventListener("abort", () => follower?.close(), { once: true });
  if (follow?.aborted === true) follower?.close();
  try {
    yield* history;
    if (follower !== undefined) yield* follower;
  } finally {
    follower?.close();
  }
}
