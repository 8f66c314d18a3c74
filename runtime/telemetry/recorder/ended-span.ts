import type { AttributeValue, SpanRecord } from "../model.ts";
import type { SpanShape } from "./span-shape.ts";
import { isContext, isSampled, type SpanIds, spanIdOf, traceIdOf } from "./trace-context.ts";

/** For `parent`: the parent is the span that the context names. */
export const parentInContext = 0;
/** For `parent`: the span is the root of its trace, and the context its own. */
export const noParent = -1;

export interface SpanOwner {
  readonly service: string;
  readonly instance: string;
  readonly generation: number;
}

/** A span as Recorder.span was told of it. */
export interface EndedSpan {
  readonly shape: SpanShape;
  /** The `traceparent` that led to it; of a root its own. */
  readonly context: string;
  /** From Recorder.begin. */
  readonly number: number;
  /** `parentInContext`, `noParent`, or the number of another span of this worker in that trace. */
  readonly parent: number;
  /** Milliseconds since the epoch. */
  readonly startMs: number;
  readonly durationMs: number;
  /** The `error.type`; "" for none. */
  readonly failure: string;
  /** These are the shape's. */
  readonly a: string;
  readonly b: string;
  readonly n: number;
  readonly m: number;
}

/** Undefined when the context came from elsewhere and is none. */
export function recordOf(span: EndedSpan, ids: SpanIds, owner: SpanOwner): SpanRecord | undefined {
  const { shape, context, parent, failure } = span;
  if (!isContext(context)) return undefined;
  const { name, attributes } = shape.describe(span.a, span.b, span.n, span.m);
  const traceId = traceIdOf(context);
  const all: Record<string, AttributeValue> = { ...attributes };
  if (failure !== "") all["error.type"] = failure;
  if (!isSampled(context)) all["microcosm.sampled"] = "late";
  const parentSpanId = parent === noParent ? "" : parent > 0 ? ids.idOf(parent) : spanIdOf(context);
  return {
    traceId,
    spanId: ids.idOf(span.number),
    ...(parentSpanId === "" ? {} : { parentSpanId }),
    name,
    kind: shape.kind,
    ...owner,
    startMs: span.startMs,
    durationMs: span.durationMs,
    status: failure === "" ? "unset" : "error",
    attributes: all,
    ...(shape.linked === true && parentSpanId !== "" ? { links: [{ traceId, spanId: parentSpanId }] } : {}),
  };
}
