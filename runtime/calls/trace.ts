import type { Random } from "../clock.ts";
import { isContext } from "../telemetry/recorder/trace-context.ts";

/** The parts of a `traceparent`, https://www.w3.org/TR/trace-context/ §3.2. */
export interface Trace {
  /** 32 hex digits, equal for all that one request caused. */
  readonly traceId: string;
  /** 16 hex digits: the span that caused what carries it. */
  readonly parentId: string;
  readonly sampled: boolean;
}

export function isTraceparent(text: string): boolean {
  return isContext(text);
}

/** Undefined when malformed. */
export function parseTraceparent(text: string): Trace | undefined {
  if (!isTraceparent(text)) return undefined;
  const flags = Number.parseInt(text.slice(53, 55), 16);
  return { traceId: text.slice(3, 35), parentId: text.slice(36, 52), sampled: (flags & 1) === 1 };
}

/** Begins a sampled trace. */
export function newTraceparent(random: Random): string {
  return `00-${hex8(random)}${hex8(random)}${hex8(random)}${oddHex8(random)}-${spanId(random)}-01`;
}

/** The same trace, a span of its own. A malformed `parent` begins a new trace, as the recommendation asks. */
export function childTraceparent(parent: string, random: Random): string {
  if (!isTraceparent(parent)) return newTraceparent(random);
  return `00-${parent.slice(3, 35)}-${spanId(random)}-${parent.slice(53, 55)}`;
}

function spanId(random: Random): string {
  return hex8(random) + oddHex8(random);
}

function hex8(random: Random): string {
  return Math.floor(random() * 0x100000000)
    .toString(16)
    .padStart(8, "0");
}

/** Odd, so that an id is never all zeros. */
function oddHex8(random: Random): string {
  return ((Math.floor(random() * 0x100000000) | 1) >>> 0).toString(16).padStart(8, "0");
}
