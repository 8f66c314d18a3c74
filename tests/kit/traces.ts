/** What must hold of the traces of the shop. */
import { expect } from "bun:test";
import type { SpanRecord } from "../../runtime/telemetry/model.ts";
import type { TraceDetail } from "../../runtime/telemetry/query.ts";

/** Each span as its path from the root, sorted: what must be equal for requests of the same kind. */
export function shapeOf({ spans }: TraceDetail): string {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const path = (span: SpanRecord): string => {
    const own = `${span.service}:${span.kind}:${span.name}`;
    if (span.parentSpanId === undefined) return own;
    const parent = byId.get(span.parentSpanId);
    return `${parent === undefined ? "?" : path(parent)} > ${own}`;
  };
  return spans.map(path).sort().join("\n");
}

/** `shapeOf` of a tree that is written with two spaces a level, ` × 2` for what is there twice. */
export function shapeOfTree(tree: string): string {
  const above: string[] = [];
  const paths: string[] = [];
  for (const line of tree.split("\n").filter((each) => each.trim() !== "")) {
    const [, indent = "", own = "", times = "1"] = /^( *)(.*?)(?: × (\d+))?$/.exec(line) ?? [];
    const level = indent.length / 2;
    above.length = level;
    above.push(own);
    for (let n = 0; n < Number(times); n++) paths.push(above.join(" > "));
  }
  return paths.sort().join("\n");
}

/** What holds of any whole trace. */
export function expectWhole(detail: TraceDetail): void {
  expect(detail.orphans).toBe(0);
  expectPlaced(detail.spans);
}

/** Once, and under a parent of the right kind; unless `isExcused` of a span whose parent is not there. */
function expectPlaced(spans: readonly SpanRecord[], isExcused = (_span: SpanRecord) => false): void {
  expect(new Set(spans.map((span) => span.spanId)).size).toBe(spans.length);
  expect(spans.filter((span) => span.parentSpanId === undefined)).toHaveLength(1);
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  for (const span of spans) {
    if (span.parentSpanId === undefined) continue;
    const parent = byId.get(span.parentSpanId);
    if (parent === undefined) {
      expect(isExcused(span)).toBe(true);
      continue;
    }
    if (span.kind === "server") {
      expect(parent.kind).toBe("client");
      expect(parent.attributes["server.service.name"]).toBe(span.service);
    } else if (span.kind === "consumer") {
      expect(parent.kind).toBe("producer");
      for (const name of ["messaging.message.id", "messaging.destination.name"]) {
        expect(span.attributes[name]).toBe(parent.attributes[name]!);
      }
      expect(span.links).toEqual([{ traceId: span.traceId, spanId: parent.spanId }]);
    } else {
      // An attempt is within its call.
      const within = parent.kind === "client" && span.kind === "client" && span.name === parent.name;
      if (!within) expect(["server", "consumer"]).toContain(parent.kind);
      expect(parent.instance).toBe(span.instance);
    }
  }
}

/** Which processes made which span ids, and which of them were killed. */
export class Processes {
  /** The first half of a span id → the process whose spans all begin with it. */
  readonly #byPrefix = new Map<string, string>();
  readonly #killed = new Set<string>();

  killed(instance: string, generation: number): void {
    this.#killed.add(`${instance}#${generation}`);
  }

  learn(spans: readonly SpanRecord[]): void {
    for (const { spanId, instance, generation } of spans) {
      this.#byPrefix.set(prefixOf(spanId), `${instance}#${generation}`);
    }
  }

  /** A span that was under way as its process was killed never ended. */
  wasCutOff(spanId: string): boolean {
    return this.#killed.has(this.#byPrefix.get(prefixOf(spanId)) ?? "");
  }

  /** All that ended is there, once and under its parent; what has none was part of something that was cut off. */
  expectWhole({ spans }: TraceDetail): void {
    expectPlaced(spans, (span) => this.wasCutOff(span.parentSpanId!));
  }
}

function prefixOf(spanId: string): string {
  return spanId.slice(0, 8);
}
