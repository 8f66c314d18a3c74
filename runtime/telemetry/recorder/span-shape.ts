import type { AttributeValue, SpanKind } from "../model.ts";

/** A span's own part of its name and attributes. */
export interface Described {
  readonly name: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/**
 * What spans of one kind at one place have in common: of a route, an edge, a topic, a statement. Made once by what is
 * instrumented. A span keeps two texts and two numbers of its own, whose meaning only its shape knows, and gets its
 * name and attributes when it leaves the worker; most never do.
 */
export interface SpanShape {
  readonly kind: SpanKind;
  /** It was caused by its parent and does not happen within it: also a link, as of a delivery to its publish. */
  readonly linked?: boolean;
  describe(a: string, b: string, n: number, m: number): Described;
}
