/**
 * A client of the shop that is instrumented with OpenTelemetry's own SDK: one span around one request, its context passed
 * on in `traceparent`, sent by OTLP/HTTP. Addresses and the token come as the SDK's own environment variables. Prints
 * the trace's id.
 */
import { SpanKind } from "@opentelemetry/api";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";

const exporter =
  process.env.OTEL_EXPORTER_OTLP_PROTOCOL === "http/json" ? new JsonExporter() : new ProtobufExporter();
const provider = new BasicTracerProvider({
  resource: resourceFromAttributes({ "service.name": "node-client" }),
  spanProcessors: [new BatchSpanProcessor(exporter)],
});
const span = provider.getTracer("interop").startSpan("load the page", { kind: SpanKind.CLIENT });
const { traceId, spanId } = span.spanContext();
const answer = await fetch(`${process.env.GATEWAY}/v1/products?search=${traceId}`, {
  headers: { traceparent: `00-${traceId}-${spanId}-01` },
});
await answer.arrayBuffer();
span.setAttribute("http.response.status_code", answer.status);
span.addEvent("page is there");
span.end();
await provider.shutdown();
console.log(traceId);
