import { Hono } from "hono";
import type { Topology } from "../../topology/model.ts";
import type { RunInfo } from "../api.ts";

export interface RunRouteOptions {
  readonly info: () => RunInfo;
  readonly topology: Topology;
  /** Begins the end of the run. */
  readonly down: () => void;
}

export function runRoutes(options: RunRouteOptions): Hono {
  return new Hono()
    .get("/run", (c) => c.json(options.info()))
    .get("/topology", (c) => c.json(options.topology))
    .post("/down", (c) => {
      // The answer leaves first.
      setTimeout(options.down, 0);
      return c.json({}, 202);
    });
}
