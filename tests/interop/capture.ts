import { gunzipSync } from "node:zlib";

/** OTLP/JSON, as far as it is compared. */
interface Value {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string;
  readonly doubleValue?: number;
}
type Attributes = readonly { readonly key: string; readonly value: Value }[];
interface Resource {
  readonly resource: { readonly attributes: Attributes };
}
interface WireSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind?: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: Attributes;
  readonly status?: { readonly code?: number };
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
}
interface WireLog {
  readonly body: Value;
  readonly traceId?: string;
  readonly severityText?: string;
  readonly attributes?: Attributes;
}
interface WireMetric {
  readonly name: string;
  readonly exponentialHistogram?: { readonly dataPoints: readonly WirePoint[] };
}
interface WirePoint {
  readonly count?: string;
  readonly attributes?: Attributes;
}

export interface CapturedSpan extends Omit<WireSpan, "attributes"> {
  readonly service: string;
  readonly instance: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** What arrived at one path, each span and line as often as it came. */
export class Capture {
  readonly spans: CapturedSpan[] = [];
  readonly logs: { readonly service: string; readonly message: string; readonly traceId: string }[] = [];
  readonly metrics = new Set<string>();
  /** Metric, then labels as JSON → the last count of a histogram. */
  readonly counts = new Map<string, number>();

  take(document: unknown): void {
    const {
      resourceSpans = [],
      resourceLogs = [],
      resourceMetrics = [],
    } = document as {
      readonly resourceSpans?: readonly (Resource & {
        scopeSpans: readonly { spans: readonly WireSpan[] }[];
      })[];
      readonly resourceLogs?: readonly (Resource & {
        scopeLogs: readonly { logRecords: readonly WireLog[] }[];
      })[];
      readonly resourceMetrics?: readonly (Resource & {
        scopeMetrics: readonly { metrics: readonly WireMetric[] }[];
      })[];
    };
    for (const { resource, scopeSpans } of resourceSpans) {
      const own = plain(resource.attributes);
      const [service, instance] = [String(own["service.name"]), String(own["service.instance.id"])];
      for (const span of scopeSpans.flatMap(({ spans }) => spans)) {
        this.spans.push({ ...span, service, instance, attributes: plain(span.attributes) });
      }
    }
    for (const { resource, scopeLogs } of resourceLogs) {
      const service = String(plain(resource.attributes)["service.name"]);
      for (const { body, traceId = "" } of scopeLogs.flatMap(({ logRecords }) => logRecords)) {
        this.logs.push({ service, message: body.stringValue ?? "", traceId });
      }
    }
    for (const { resource, scopeMetrics } of resourceMetrics) {
      const service = String(plain(resource.attributes)["service.name"]);
      for (const { name, exponentialHistogram } of scopeMetrics.flatMap(({ metrics }) => metrics)) {
        this.metrics.add(name);
        for (const { attributes, count = "0" } of exponentialHistogram?.dataPoints ?? []) {
          const { "http.request.method": method, "http.route": route } = plain(attributes);
          if (route !== undefined) this.counts.set(`${service} ${name} ${method} ${route}`, Number(count));
        }
      }
    }
  }
}

/** A backend that takes OTLP/HTTP as JSON at any path, and keeps what came by the path's first part. */
export function startCapture(): {
  readonly url: string;
  of(path: string): Capture;
  [Symbol.dispose](): void;
} {
  const captures = new Map<string, Capture>();
  const of = (path: string) => {
    const known = captures.get(path) ?? new Capture();
    captures.set(path, known);
    return known;
  };
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const bytes = new Uint8Array(await request.arrayBuffer());
      const isPacked = request.headers.get("content-encoding") === "gzip";
      const text = new TextDecoder().decode(isPacked ? gunzipSync(bytes) : bytes);
      of(new URL(request.url).pathname.split("/")[1] ?? "").take(JSON.parse(text));
      return Response.json({});
    },
  });
  return { url: server.url.origin, of, [Symbol.dispose]: () => void server.stop(true) };
}

function plain(attributes: Attributes = []): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    attributes.map(({ key, value: { stringValue, boolValue, intValue, doubleValue } }) => [
      key,
      stringValue ?? boolValue ?? (intValue === undefined ? doubleValue : Number(intValue)),
    ]),
  );
}
