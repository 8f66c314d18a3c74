import { Hono } from "hono";
import type { Topology } from "../../topology/model.ts";
import { openApiDocument } from "../openapi/document.ts";

export interface OpenApiRouteOptions {
  readonly topology: Topology;
  readonly gateway: () => string;
  /** Of the gateway: a topology has none of its own. */
  readonly version: () => string;
}

export function openApiRoutes({ topology, gateway, version }: OpenApiRouteOptions): Hono {
  return new Hono().get("/openapi.json", (c) =>
    c.json(openApiDocument(topology, { gateway: gateway(), version: version() })),
  );
}
