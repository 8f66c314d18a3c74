import { type Context, Hono } from "hono";
import { MicrocosmError } from "../../../sdk/errors.ts";
import { jsonOf, type TelemetryAnswers } from "../../telemetry/observer/answers.ts";
import type { QueryParameters } from "../../telemetry/observer/queries.ts";
import type { LiveGraph } from "../../telemetry/query.ts";
import type { InstanceInfo } from "../api.ts";
import type { LiveFeed } from "../live-feed.ts";
import { withInstances } from "../live-graph.ts";

/** A run's telemetry as the control API has it. */
export interface TelemetryAccess {
  readonly observer: TelemetryAnswers;
  /** Absent where nothing happens any more. */
  readonly feed?: LiveFeed | undefined;
  /** Of a recording, those of a moment. */
  readonly instances: (at?: number) => readonly InstanceInfo[];
}

/** Questions that the observer answers by itself; their parameters are the URL's. */
const passed = ["traces", "logs", "metrics", "series", "heatmap", "timeline", "summary", "stats"] as const;

/** The table of runtime/telemetry/query.ts, below /api/telemetry. Without telemetry all of it is `not-found`. */
export function telemetryRoutes(telemetry: TelemetryAccess | undefined, ending: AbortSignal): Hono {
  const routes = new Hono();
  if (telemetry === undefined) {
    return routes.all("*", () => {
      throw new MicrocosmError("not-found", "Telemetry is off: telemetry.enabled is false in the topology.");
    });
  }
  const { observer, feed, instances } = telemetry;
  for (const query of passed) routes.get(`/${query}`, (c) => answer(observer, query, parametersOf(c)));
  return routes
    .get("/traces/:traceId", (c) => answer(observer, "trace", { traceId: c.req.param("traceId") }))
    .get("/graph", async (c) => c.json(await graphOf(observer, instances, parametersOf(c))))
    .get("/live", () => {
      if (feed === undefined) throw recordingOnly();
      return feed.response(ending);
    })
    .post("/settle", (c) => answer(observer, "settle", parametersOf(c)));
}

export async function graphOf(
  observer: TelemetryAnswers,
  instances: TelemetryAccess["instances"],
  parameters: QueryParameters = {},
): Promise<LiveGraph> {
  const at = typeof parameters.at === "string" ? Number(parameters.at) : undefined;
  return withInstances(await jsonOf<LiveGraph>(observer, "graph", parameters), instances(at));
}

/** Something was asked of a recording that only a run can do. */
export function recordingOnly(): MicrocosmError {
  return new MicrocosmError("not-running", "This is a recording: nothing runs that could do this.");
}

/** The observer's answer, byte by byte. */
export async function answer(
  observer: TelemetryAnswers,
  query: string,
  parameters: QueryParameters,
): Promise<Response> {
  const { type, body } = await observer.ask(query, parameters);
  return new Response(body as BodyInit, { headers: { "content-type": type } });
}

/** One that is given several times is a list. */
export function parametersOf(c: Context): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(c.req.queries()).map(([key, values]) => [key, values.length === 1 ? values[0]! : values]),
  );
}
