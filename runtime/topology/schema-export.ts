import { z } from "zod";

const address = z
  .url({ protocol: /^https?$/, error: "expected an address such as http://localhost:4318" })
  .describe("Base address; the path of each signal is added.");
const headers = z.record(z.string(), z.string()).default({}).describe("Sent along, such as Authorization.");

/** `telemetry.export`: to whom the observer passes on what it takes. */
export const telemetryExport = z
  .strictObject({
    otlp: z
      .strictObject({ url: address, headers })
      .optional()
      .describe(
        "OpenTelemetry collector, Jaeger and the like: traces, logs and metrics by OTLP/HTTP as JSON.",
      ),
    zipkin: z.strictObject({ url: address }).optional().describe("Zipkin v2: traces."),
    ecs: z
      .strictObject({
        file: z.string().min(1).describe("Path, relative to this file. At 64 MiB it is put aside as FILE.1."),
      })
      .optional()
      .describe("Logs as JSON lines of the Elastic Common Schema."),
    elasticsearch: z
      .strictObject({
        url: address,
        index: z.string().min(1).default("microcosm-logs").describe("Index or data stream."),
        headers,
      })
      .optional()
      .describe("Logs to the _bulk address of Elasticsearch or OpenSearch."),
  })
  .optional()
  .describe("Where telemetry goes besides the observer.");
