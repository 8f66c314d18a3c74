/**
 * A request at work whose span's context may not be made yet. What happens within it names the span by its number, and
 * most requests never need the text.
 */
export interface OwnSpan {
  /** Leads to the span: the trace is the same. */
  readonly callerTraceparent: string;
  /** Of the span, for `parent`; 0 when its `traceparent` has to be asked for. */
  readonly spanNumber: number;
}
