import { Hono } from "hono";
import { z } from "zod";
import type { DataFiles } from "../data/files.ts";
import { queryOf } from "../input.ts";

const maxRows = 200;
/** SQLite steps over each row that is left out. */
const maxAfter = 1_000_000;

const query = z.strictObject({
  limit: z.coerce.number().int().min(1).max(maxRows).default(50),
  after: z.coerce.number().int().min(0).max(maxAfter).default(0),
  order: z.string().max(200).optional(),
});

export function dataRoutes(files: DataFiles): Hono {
  return new Hono()
    .get("/data", (c) => c.json(files.list()))
    .get("/data/:service/:table", (c) =>
      c.json(files.page(c.req.param("service"), c.req.param("table"), queryOf(c, query))),
    );
}
