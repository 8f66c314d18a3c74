import { gunzipSync } from "node:zlib";
import { type Context, Hono } from "hono";
import { MicrocosmError } from "../../../sdk/errors.ts";
import type { TelemetryAnswers } from "../../telemetry/observer/answers.ts";

/** As sent, and unpacked. A batch of an SDK has some hundred kilobytes. */
const maxSentBytes = 4 * 1024 * 1024;
const maxUnpackedBytes = 16 * 1024 * 1024;

/** google.rpc.Code, which OTLP's error bodies carry. */
const invalidArgument = 3;
const unavailable = 14;

/**
 * OTLP/HTTP, so that a process in any language can put its spans into the traces of the run; and the scrape address for
 * Prometheus.
 */
export function exchangeRoutes(observer: TelemetryAnswers): Hono {
  const routes = new Hono();
  for (const signal of ["traces", "logs", "metrics"] as const) {
    routes.post(`/v1/${signal}`, async (c) => {
      try {
        const encoding = encodingOf(c);
        const { type, body } = await observer.ask("otlp", { signal, encoding }, await bodyOf(c));
        return new Response(body as BodyInit, { headers: { "content-type": type } });
      } catch (error) {
        if (!(error instanceof MicrocosmError)) throw error;
        const code = error.retryable ? unavailable : invalidArgument;
        return c.json({ code, message: error.message }, error.status as 400);
      }
    });
  }
  return routes.get("/metrics", async (c) => {
    const isOpen = (c.req.header("accept") ?? "").includes("application/openmetrics-text");
    const { type, body } = await observer.ask("scrape", { format: isOpen ? "openmetrics" : "prometheus" });
    return new Response(body as BodyInit, { headers: { "content-type": type } });
  });
}

function encodingOf(c: Context): "json" | "protobuf" {
  const type = (c.req.header("content-type") ?? "").split(";")[0]!.trim();
  if (type === "application/json") return "json";
  if (type === "application/x-protobuf") return "protobuf";
  throw new MicrocosmError(
    "bad-request",
    `OTLP is taken as application/json or application/x-protobuf, not as "${type}".`,
  );
}

async function bodyOf(c: Context): Promise<Uint8Array> {
  const sent = new Uint8Array(await c.req.arrayBuffer());
  if (sent.length > maxSentBytes) {
    throw new MicrocosmError("body-too-large", `At most ${maxSentBytes} bytes are taken at once.`);
  }
  const encoding = c.req.header("content-encoding") ?? "identity";
  if (encoding === "identity") return sent;
  if (encoding !== "gzip") {
    throw new MicrocosmError("bad-request", `The content-encoding must be gzip or none, not "${encoding}".`);
  }
  try {
    return gunzipSync(sent, { maxOutputLength: maxUnpackedBytes });
  } catch (cause) {
    throw new MicrocosmError("bad-request", `The body is no gzip of at most ${maxUnpackedBytes} bytes.`, {
      cause,
    });
  }
}
