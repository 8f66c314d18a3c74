import { Hono } from "hono";
import { z } from "zod";
import { MicrocosmError } from "../../../sdk/errors.ts";
import { compareRuns } from "../../comparison/comparison.ts";
import { maxDatabaseBytes } from "../../recording/format.ts";
import { bodyOf, queryOf } from "../input.ts";
import { toCompare } from "../runs/comparable-run.ts";
import type { RunLibrary } from "../runs/library.ts";
import { uploadPartBytes } from "../runs/model.ts";
import { answer, parametersOf } from "./telemetry.ts";

const moment = z.coerce.number().min(0).max(1e12);
const compareQuery = z
  .strictObject({
    a: z.string().min(1),
    b: z.string().min(1),
    fromMs: moment.default(0),
    toMs: moment.optional(),
  })
  .refine(({ fromMs, toMs }) => toMs === undefined || toMs > fromMs, "toMs must be later than fromMs");
const uploadInput = z.strictObject({
  name: z.string().min(1).max(300),
  bytes: z.number().int().min(1).max(maxDatabaseBytes),
});
const partQuery = z.strictObject({ offset: z.coerce.number().int().min(0) });

/** The table of runs/model.ts. */
export function comparisonRoutes(library: RunLibrary): Hono {
  return new Hono()
    .get("/runs", (c) => c.json(library.list()))
    .get("/runs/compare", async (c) => {
      const { a, b, ...stretch } = queryOf(c, compareQuery);
      const [left, right] = [library.run(a), library.run(b)];
      return c.json(await compareRuns(toCompare(left), toCompare(right), stretch));
    })
    .get("/runs/:id/series", (c) => answer(library.run(c.req.param("id")).answers, "series", parametersOf(c)))
    .post("/runs/uploads", async (c) => {
      const { name, bytes } = await bodyOf(c, uploadInput);
      return c.json({ upload: library.receive(name, bytes) }, 201);
    })
    .put("/runs/uploads/:upload", async (c) => {
      const { offset } = queryOf(c, partQuery);
      const part = new Uint8Array(await c.req.arrayBuffer());
      if (part.length > uploadPartBytes) {
        throw new MicrocosmError("body-too-large", `A part has at most ${uploadPartBytes} bytes.`);
      }
      return c.json(await library.part(c.req.param("upload"), offset, part));
    })
    .delete("/runs/:id", (c) => {
      library.close(c.req.param("id"));
      return c.json({});
    });
}
