import { Hono } from "hono";
import { defineService } from "microcosm";

/** All services of the fleet: one process each, which answers and calls nobody by itself. */
export const service = defineService({ api: () => new Hono().get("/", (c) => c.text("well")) });
