import { type Context, Hono } from "hono";
import { MicrocosmError } from "../../../sdk/errors.ts";
import type { ObserverClient } from "../../telemetry/observer/client.ts";
import type { LiveGraph } from "../../telemetry/query.ts";
import type { InstanceInfo } from "../api.ts";
import type { LiveFeed } from "../live-feed.ts";
import { withInstances } from "../live-graph.ts";

/** A run's telemetry as the control API has it. */
export interface TelemetryAccess {
  readonly observer: ObserverClient;
  readonly feed: LiveFeed;
  readonly instances: () => readonly InstanceInfo[];
}

/** Questions that the observer answers by itself; their parameters are the URL's. */
const passed = ["traces", "logs", "metrics", "series", "heatmap", "timeline", "stats"] as const;

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
    .get("/live", () => feed.response(ending));
}

export async function graphOf(
  observer: ObserverClient,
  instances: () => readonly InstanceInfo[],
  parameters: Readonly<Record<string, string | readonly string[]>> = {},
): Promise<LiveGraph> {
  return withInstances(await observer.json<LiveGraph>("graph", parameters), instances());
}

/** The observer's answer, byte by byte. */
async function answer(
  observer: ObserverClient,
  query: string,
  parameters: Readonly<Record<string, string | readonly string[]>>,
): Promise<Response> {
  const { type, body } = await observer.ask(query, parameters);
  return new Response(body as BodyInit, { headers: { "content-type": type } });
}

/** One that is given several times is a list. */
function parametersOf(c: Context): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(c.req.queries()).map(([key, values]) => [key, values.length === 1 ? values[0]! : values]),
  );
}
