/**
 * The parts of OTLP/JSON that are used here (opentelemetry-proto 1.x, in the JSON mapping of its specification: ids as hex,
 * 64-bit integers as strings, enums as numbers). What comes in may lack anything, so all members are optional.
 */
export interface AnyValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string | number;
  readonly doubleValue?: number | string;
  readonly arrayValue?: { readonly values?: readonly AnyValue[] };
  readonly kvlistValue?: { readonly values?: readonly KeyValue[] };
  readonly bytesValue?: string;
}

export interface KeyValue {
  readonly key?: string;
  readonly value?: AnyValue;
}

export const spanKinds = ["internal", "internal", "server", "client", "producer", "consumer"] as const;
export const spanStatuses = ["unset", "ok", "error"] as const;
/** The instrumentation scope of what Microcosm itself tells. */
export const ownScope = "microcosm";
export const delta = 1;
export const cumulative = 2;

/** The first severity number of each range (logs data model, "SeverityNumber"); notice is between info and warn. */
export const severities = { debug: 5, info: 9, notice: 11, warn: 13, error: 17 } as const;

/** Nanoseconds as OTLP writes them; microseconds are what our times hold. */
export function nanos(ms: number): string {
  return (BigInt(Math.round(ms * 1000)) * 1000n).toString();
}

/** Undefined for what is no number of nanoseconds. */
export function millis(value: unknown): number | undefined {
  if (typeof value === "string" && /^[0-9]{1,20}$/.test(value)) {
    return Number(BigInt(value) / 1000n) / 1000;
  }
  return typeof value === "number" && value >= 0 ? value / 1e6 : undefined;
}

export function keyValues(attributes: Readonly<Record<string, unknown>>): KeyValue[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: unknown): AnyValue {
  switch (typeof value) {
    case "string":
      return { stringValue: value };
    case "boolean":
      return { boolValue: value };
    case "number":
      return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
    default:
      return { stringValue: JSON.stringify(value) ?? "" };
  }
}
