import { Hono } from "hono";
import { MicrocosmError } from "../../../sdk/errors.ts";
import type { RunInfo } from "../api.ts";

/**
 * Makes a recording of the run in a process of its own, so that neither copying nor compressing holds the control plane up.
 * Resolves with its bytes once the first are there; cancelling them ends it. Rejects with what went wrong.
 */
export type RunExporter = () => Promise<ReadableStream<Uint8Array>>;

/** `GET /api/export`: the run as a file that a browser saves. One at a time. */
export function exportRoutes(exporter: RunExporter | undefined, info: () => RunInfo): Hono {
  let busy = false;
  return new Hono().get("/export", async (c) => {
    if (exporter === undefined) {
      throw new MicrocosmError("not-found", "There is nothing to export: telemetry is off.");
    }
    if (busy) throw new MicrocosmError("overloaded", "An export of this run is under way.");
    busy = true;
    const free = () => {
      busy = false;
    };
    let source: ReadableStream<Uint8Array>;
    try {
      source = await exporter();
    } catch (error) {
      free();
      throw error;
    }
    return c.body(freeing(source, free), 200, {
      "content-type": "application/octet-stream",
      "content-disposition": `attachment; filename="${recordingName(info().name, new Date())}"`,
    });
  });
}

/** `shop-20261125-224205.microcosm`, by the time of the machine. */
export function recordingName(name: string, at: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}${two(at.getMonth() + 1)}${two(at.getDate())}`;
  const time = `${two(at.getHours())}${two(at.getMinutes())}${two(at.getSeconds())}`;
  return `${name.replaceAll(/[^\w.-]+/g, "-")}-${day}-${time}.microcosm`;
}

/** The same bytes; tells when they are through, or nobody wants them any more. */
function freeing(source: ReadableStream<Uint8Array>, free: () => void): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          free();
          controller.close();
        } catch (error) {
          free();
          controller.error(error);
        }
      },
      async cancel(reason) {
        free();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
