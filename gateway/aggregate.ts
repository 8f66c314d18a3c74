import { anySignal } from "../runtime/call-signal.ts";
import type { Mesh } from "../runtime/calls/mesh.ts";
import type { Clock } from "../runtime/clock.ts";
import type { AggregatePart, RouteConfig } from "../runtime/topology/model.ts";
import { MicrocosmError } from "../sdk/errors.ts";
import type { Exchange } from "./exchange.ts";
import { impersonal, type Origin } from "./origins.ts";
import { compileRewrite, type Rewrite } from "./path.ts";
import { collect, type Reply } from "./reply.ts";

export interface AggregateOptions {
  readonly mesh: Mesh;
  readonly clock: Clock;
  readonly maxPartBytes: number;
}

interface CompiledPart extends AggregatePart {
  readonly rewrite: Rewrite;
  /** `"product":`, as it stands in the answer. */
  readonly member: string;
}

/** Ends the whole: a required part answered so. */
class PartRefused extends Error {
  readonly reply: Reply;

  constructor(reply: Reply) {
    super(`a required part answered ${reply.status}`);
    this.reply = reply;
  }
}

/**
 * Composes one JSON object from the answers of several services, asked in parallel (API composition, Richardson). A part
 * that fails is `null` and named in `degraded`; when a required one fails, its answer is the answer.
 */
export function aggregateOrigin(
  route: RouteConfig,
  parts: readonly AggregatePart[],
  options: AggregateOptions,
): Origin {
  const compiled: CompiledPart[] = parts.map((part) => ({
    ...part,
    rewrite: compileRewrite(route.path, part.path),
    member: `${JSON.stringify(part.name)}:`,
  }));
  return async (x) => {
    const headers = impersonal(x.head.headers);
    const deadline = options.clock.now() + route.timeoutMs;
    // When a required part fails, nobody waits for the others.
    const failed = new AbortController();
    const signal = anySignal(x, failed.signal);
    try {
      const texts = await Promise.all(
        compiled.map((part) => askPart(x, part, { headers, deadline, signal, ...options })),
      );
      return compose(compiled, texts);
    } catch (error) {
      failed.abort();
      if (error instanceof PartRefused) return error.reply;
      throw error;
    }
  };
}

interface PartRequest extends AggregateOptions {
  readonly headers: readonly string[];
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/** The part's JSON text, or undefined when it failed and is not required. */
async function askPart(x: Exchange, part: CompiledPart, request: PartRequest): Promise<string | undefined> {
  const { mesh, clock, headers, signal, maxPartBytes } = request;
  try {
    const reply = await mesh.call(
      part.service,
      { method: "GET", path: part.rewrite(x.path) + x.query, headers, body: null },
      {
        user: x.user,
        deadline: Math.min(request.deadline, clock.now() + part.timeoutMs),
        traceparent: x.traceparent,
        requestId: x.requestId,
        signal,
      },
    );
    if (reply.status < 200 || reply.status > 299) {
      if (part.required) throw new PartRefused(reply);
      if (reply.body instanceof ReadableStream) await reply.body.cancel();
      return undefined;
    }
    return await jsonText(reply, part, maxPartBytes);
  } catch (error) {
    if (part.required || x.aborted) throw error;
    return undefined;
  }
}

async function jsonText(reply: Reply, part: AggregatePart, maxBytes: number): Promise<string> {
  const read = await collect(reply.body as Uint8Array | ReadableStream<Uint8Array>, maxBytes);
  if (!("bytes" in read)) {
    await read.stream.cancel();
    throw new MicrocosmError("handler-failed", `part ${part.name} is larger than ${maxBytes} bytes`);
  }
  const text = new TextDecoder().decode(read.bytes);
  try {
    // Only to know that it is JSON; the text goes into the answer as the service wrote it.
    JSON.parse(text);
  } catch (cause) {
    throw new MicrocosmError("handler-failed", `part ${part.name} of ${part.service} is not JSON`, { cause });
  }
  return text;
}

function compose(parts: readonly CompiledPart[], texts: readonly (string | undefined)[]): Reply {
  const members = parts.map((part, index) => part.member + (texts[index] ?? "null"));
  const degraded = parts.filter((_, index) => texts[index] === undefined).map((part) => part.name);
  const headers = ["content-type", "application/json"];
  // Half an answer must not be kept for the time of a whole one.
  if (degraded.length > 0) headers.push("cache-control", "no-store");
  return { status: 200, headers, body: `{${members.join(",")},"degraded":${JSON.stringify(degraded)}}` };
}
