import { MicrocosmError } from "../../sdk/errors.ts";
import type { EventSchemas, PublishOptions } from "../../sdk/event.ts";
import type { EventRecord } from "../bus/broker.ts";
import { encodeData } from "../bus/data.ts";
import { EventIds } from "../bus/event-ids.ts";
import { maxRecordBytes } from "../bus/record.ts";
import type { Clock } from "../clock.ts";

export interface EventMakerOptions {
  readonly service: string;
  readonly schemas: EventSchemas;
  readonly clock: Clock;
  /** Topics of the topology; undefined when unknown here or when any topic may be made. */
  readonly topics?: ReadonlySet<string> | undefined;
}

/** What is not data in a record fits into the rest. */
const maxDataBytes = maxRecordBytes - 8 * 1024;

/** Turns what an author publishes into the record the broker takes, once its schema has agreed. */
export class EventMaker {
  readonly #options: EventMakerOptions;
  readonly #ids = new EventIds();

  constructor(options: EventMakerOptions) {
    this.#options = options;
  }

  /** Throws `event-invalid`, `unknown-topic`, `body-too-large`; nothing has left then. */
  make(topic: string, data: unknown, options: PublishOptions, traceparent: string): EventRecord {
    const { service, schemas, clock, topics } = this.#options;
    const schema = schemas[topic];
    if (schema === undefined) {
      const known = Object.keys(schemas).join(", ") || "none";
      const message = `${service} has no schema for "${topic}"; add it under events: of its definition (it has: ${known})`;
      throw new MicrocosmError("event-invalid", message);
    }
    if (topics !== undefined && !topics.has(topic)) {
      throw new MicrocosmError(
        "unknown-topic",
        `${service} publishes "${topic}", which the topology does not have`,
      );
    }
    const result = schema.safeParse(data);
    if (!result.success) {
      const issues = result.error.issues.map(
        ({ path, message }) => `${path.join(".") || "data"}: ${message}`,
      );
      throw new MicrocosmError("event-invalid", `${topic}: ${issues.join("; ")}`, { cause: result.error });
    }
    const bytes = encodeData(result.data);
    if (bytes.byteLength > maxDataBytes) {
      const message = `${topic}: an event has ${bytes.byteLength} bytes of data; the limit is ${maxDataBytes}`;
      throw new MicrocosmError("body-too-large", message);
    }
    const time = clock.now();
    return {
      id: options.id ?? this.#ids.next(time),
      source: `/${service}`,
      type: topic,
      time,
      subject: options.subject,
      key: options.key ?? options.subject,
      traceparent,
      data: bytes,
    };
  }
}
