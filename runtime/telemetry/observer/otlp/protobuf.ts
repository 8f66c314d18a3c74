import { isUtf8 } from "node:buffer";
import { PbfReader, PbfWriter } from "pbf";
import { MicrocosmError } from "../../../../sdk/errors.ts";
import type { OtlpSignal, Parsed } from "./decode.ts";
import type { OtlpAnswer } from "./receiver.ts";

/** Values within values deeper than any sender's; without a bound a small body could exhaust the stack. */
const maxDepth = 64;

type Kind = "hex" | "fixed64" | "sfixed64" | "integer" | "signed" | "zigzag" | "double" | "bool";
type Packed = "fixed64s" | "integers" | "doubles";

/** Field number → name and type; a message's name in brackets stands for a list of it. Other fields are skipped. */
type Message = Readonly<Record<number, readonly [name: string, type: string]>>;

const resource = { 1: ["resource", "Resource"] } as const;
const times = { 2: ["startTimeUnixNano", "fixed64"], 3: ["timeUnixNano", "fixed64"] } as const;

/** The messages of opentelemetry-proto 1.x, as far as decode.ts looks at them, by the names of their JSON form. */
const messages: Readonly<Record<string, Message>> = {
  traces: { 1: ["resourceSpans", "[ResourceSpans]"] },
  logs: { 1: ["resourceLogs", "[ResourceLogs]"] },
  metrics: { 1: ["resourceMetrics", "[ResourceMetrics]"] },
  ResourceSpans: { ...resource, 2: ["scopeSpans", "[ScopeSpans]"] },
  ResourceLogs: { ...resource, 2: ["scopeLogs", "[ScopeLogs]"] },
  ResourceMetrics: { ...resource, 2: ["scopeMetrics", "[ScopeMetrics]"] },
  Resource: { 1: ["attributes", "[KeyValue]"] },
  ScopeSpans: { 2: ["spans", "[Span]"] },
  ScopeLogs: { 2: ["logRecords", "[LogRecord]"] },
  ScopeMetrics: { 2: ["metrics", "[Metric]"] },
  Span: {
    1: ["traceId", "hex"],
    2: ["spanId", "hex"],
    4: ["parentSpanId", "hex"],
    5: ["name", "text"],
    6: ["kind", "integer"],
    7: ["startTimeUnixNano", "fixed64"],
    8: ["endTimeUnixNano", "fixed64"],
    9: ["attributes", "[KeyValue]"],
    10: ["droppedAttributesCount", "integer"],
    11: ["events", "[Event]"],
    12: ["droppedEventsCount", "integer"],
    13: ["links", "[Link]"],
    14: ["droppedLinksCount", "integer"],
    15: ["status", "Status"],
  },
  Event: { 1: ["timeUnixNano", "fixed64"], 2: ["name", "text"], 3: ["attributes", "[KeyValue]"] },
  Link: { 1: ["traceId", "hex"], 2: ["spanId", "hex"] },
  Status: { 2: ["message", "text"], 3: ["code", "integer"] },
  LogRecord: {
    1: ["timeUnixNano", "fixed64"],
    2: ["severityNumber", "integer"],
    5: ["body", "AnyValue"],
    6: ["attributes", "[KeyValue]"],
    9: ["traceId", "hex"],
    10: ["spanId", "hex"],
    11: ["observedTimeUnixNano", "fixed64"],
  },
  Metric: {
    1: ["name", "text"],
    3: ["unit", "text"],
    5: ["gauge", "Numbers"],
    7: ["sum", "Numbers"],
    9: ["histogram", "Histogram"],
    10: ["exponentialHistogram", "ExponentialHistogram"],
    11: ["summary", "Summary"],
  },
  Numbers: {
    1: ["dataPoints", "[NumberPoint]"],
    2: ["aggregationTemporality", "integer"],
    3: ["isMonotonic", "bool"],
  },
  NumberPoint: {
    ...times,
    4: ["asDouble", "double"],
    6: ["asInt", "sfixed64"],
    7: ["attributes", "[KeyValue]"],
  },
  Histogram: { 1: ["dataPoints", "[HistogramPoint]"], 2: ["aggregationTemporality", "integer"] },
  HistogramPoint: {
    ...times,
    4: ["count", "fixed64"],
    5: ["sum", "double"],
    6: ["bucketCounts", "fixed64s"],
    7: ["explicitBounds", "doubles"],
    9: ["attributes", "[KeyValue]"],
  },
  ExponentialHistogram: { 1: ["dataPoints", "[ExponentialPoint]"], 2: ["aggregationTemporality", "integer"] },
  ExponentialPoint: {
    1: ["attributes", "[KeyValue]"],
    ...times,
    4: ["count", "fixed64"],
    5: ["sum", "double"],
    6: ["scale", "zigzag"],
    7: ["zeroCount", "fixed64"],
    8: ["positive", "Buckets"],
  },
  Summary: { 1: ["dataPoints", "[SummaryPoint]"] },
  // They are counted, and not taken.
  SummaryPoint: {},
  Buckets: { 1: ["offset", "zigzag"], 2: ["bucketCounts", "integers"] },
  KeyValue: { 1: ["key", "text"], 2: ["value", "AnyValue"] },
  AnyValue: {
    1: ["stringValue", "text"],
    2: ["boolValue", "bool"],
    3: ["intValue", "signed"],
    4: ["doubleValue", "double"],
    5: ["arrayValue", "ArrayValue"],
    6: ["kvlistValue", "KeyValueList"],
    7: ["bytesValue", "hex"],
  },
  ArrayValue: { 1: ["values", "[AnyValue]"] },
  KeyValueList: { 1: ["values", "[KeyValue]"] },
};

const scalars: Readonly<Record<Kind, (reader: PbfReader) => unknown>> = {
  hex: (reader) => Buffer.from(reader.readBytes()).toString("hex"),
  // Nanoseconds as a double: exact to a quarter of a microsecond.
  fixed64: (reader) => reader.readFixed64(),
  sfixed64: (reader) => reader.readSFixed64(),
  integer: (reader) => reader.readVarint(),
  signed: (reader) => reader.readVarint(true),
  zigzag: (reader) => reader.readSVarint(),
  double: (reader) => reader.readDouble(),
  bool: (reader) => reader.readBoolean(),
};

const lists: Readonly<Record<Packed, (reader: PbfReader, known: number[]) => number[]>> = {
  fixed64s: (reader, known) => reader.readPackedFixed64(known),
  integers: (reader, known) => reader.readPackedVarint(known),
  doubles: (reader, known) => reader.readPackedDouble(known),
};

/** An export request in the shape of its JSON form. Throws `bad-request`. */
export function parseProtobuf(bytes: Uint8Array, signal: OtlpSignal): Parsed {
  try {
    const reader = new PbfReader(bytes);
    const texts = new Texts();
    const document = reader.readFields(fieldReader(signal, texts, 0), {} as Record<string, unknown>);
    return { document, isMended: texts.isMended };
  } catch (cause) {
    const message = `The body is no protobuf of OTLP ${signal}: ${(cause as Error).message}`;
    throw new MicrocosmError("bad-request", message, { cause });
  }
}

/** Reads texts, and notes when one is no UTF-8: what of it is none becomes U+FFFD. */
class Texts {
  isMended = false;

  read(reader: PbfReader): string {
    const at = reader.pos;
    const text = reader.readString();
    if (!this.isMended && text.includes("\ufffd")) {
      const end = reader.pos;
      reader.pos = at;
      this.isMended = !isUtf8(reader.readBytes());
      reader.pos = end;
    }
    return text;
  }
}

function fieldReader(name: string, texts: Texts, depth: number) {
  if (depth > maxDepth) throw new RangeError(`values are more than ${maxDepth} deep`);
  const message = messages[name] ?? {};
  return (tag: number, result: Record<string, unknown>, reader: PbfReader): void => {
    // The reader itself goes on past the end, as far as a length that was sent says.
    if (reader.pos > reader.length) throw new RangeError("it ends too early");
    const field = message[tag];
    if (field === undefined) return;
    const [member, type] = field;
    if (type === "text") result[member] = texts.read(reader);
    else if (type in scalars) result[member] = scalars[type as Kind](reader);
    else if (type in lists)
      result[member] = lists[type as Packed](reader, (result[member] as number[]) ?? []);
    else {
      const isList = type.startsWith("[");
      const value = reader.readMessage(fieldReader(isList ? type.slice(1, -1) : type, texts, depth + 1), {});
      if (!isList) result[member] = value;
      else if (Array.isArray(result[member])) result[member].push(value);
      else result[member] = [value];
    }
  };
}

/** Export…ServiceResponse: empty when all was taken. */
export function protobufAnswer(answer: OtlpAnswer): Uint8Array {
  const writer = new PbfWriter();
  const { partialSuccess } = answer;
  if (partialSuccess !== undefined) {
    const [rejected = "0"] = Object.values(partialSuccess);
    writer.writeMessage(
      1,
      (_value: unknown, inner: PbfWriter) => {
        inner.writeVarintField(1, Number(rejected));
        inner.writeStringField(2, String(partialSuccess.errorMessage ?? ""));
      },
      undefined,
    );
  }
  return writer.finish();
}
