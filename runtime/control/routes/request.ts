import { Hono } from "hono";
import { z } from "zod";
import { MicrocosmError } from "../../../sdk/errors.ts";
import { newTraceparent } from "../../calls/trace.ts";
import { type Random, systemRandom } from "../../clock.ts";
import { bodyOf } from "../input.ts";

/** Until the answer's head is here. */
const requestTimeoutMs = 30_000;
/** An answer that goes on, such as server-sent events, is read for this long. */
const readTimeoutMs = 5000;
const maxAnswerBytes = 1024 * 1024;
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const headerValue = /^[^\r\n\0]*$/;
/** The connection's own, and the trace that this request begins. */
const ownHeaders = new Set(["connection", "content-length", "host", "traceparent", "transfer-encoding"]);

const input = z.strictObject({
  method: z.string().regex(/^[A-Za-z]{1,20}$/, "expected an HTTP method"),
  path: z
    .string()
    .max(8000)
    .regex(/^\/[^\s#\\]*$/, "expected a path that begins with /"),
  headers: z
    .record(z.string().regex(headerName, "expected a header's name"), z.string().regex(headerValue))
    .default({}),
  body: z.string().optional(),
});

export interface GatewayAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Text as UTF-8; what is none as "" with its size in `bytes`. */
  readonly body: string;
  readonly bytes: number;
  readonly binary: boolean;
  /** `size` or `time`: the answer went on. */
  readonly cut?: "size" | "time";
  readonly durationMs: number;
  /** Of the sampled trace that this request began. */
  readonly traceId: string;
}

export interface RequestRouteOptions {
  /** `http://127.0.0.1:8080`; nothing else is ever asked. */
  readonly gateway: () => string;
  readonly random?: Random;
}

/**
 * POST /api/request: one request to the gateway, as a client would make it, for the dashboard's API page. It goes through
 * here since the page's policy lets it speak to its own origin only, and the gateway's CORS may not know the page.
 */
export function requestRoutes(options: RequestRouteOptions): Hono {
  const { gateway, random = systemRandom } = options;
  return new Hono().post("/request", async (c) => {
    const { method, path, headers, body } = await bodyOf(c, input);
    const verb = method.toUpperCase();
    if (body !== undefined && body !== "" && (verb === "GET" || verb === "HEAD")) {
      throw new MicrocosmError("bad-request", `A ${verb} request has no body.`);
    }
    const traceparent = newTraceparent(random);
    const sent = new Headers({ "accept-encoding": "identity" });
    for (const [name, value] of Object.entries(headers)) {
      if (!ownHeaders.has(name.toLowerCase())) sent.set(name, value);
    }
    sent.set("traceparent", traceparent);
    const startedAt = performance.now();
    const response = await ask(gateway() + path, c.req.raw.signal, {
      method: verb,
      headers: sent,
      redirect: "manual",
      ...(body !== undefined && body !== "" && { body }),
    });
    const answer: GatewayAnswer = {
      status: response.status,
      statusText: response.statusText,
      headers: [...response.headers],
      ...(await read(response)),
      durationMs: performance.now() - startedAt,
      traceId: traceparent.slice(3, 35),
    };
    return c.json(answer);
  });
}

async function ask(url: string, gone: AbortSignal, init: RequestInit): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), requestTimeoutMs);
  try {
    return await fetch(url, { ...init, signal: AbortSignal.any([gone, late.signal]) });
  } catch (cause) {
    if (gone.aborted) throw new MicrocosmError("cancelled", "The page gave the request up.", { cause });
    const code = late.signal.aborted ? "deadline-exceeded" : "link-closed";
    const why = late.signal.aborted
      ? `The gateway did not answer within ${requestTimeoutMs / 1000} s.`
      : `The gateway could not be reached: ${cause instanceof Error ? cause.message : cause}.`;
    throw new MicrocosmError(code, why, { cause });
  } finally {
    clearTimeout(timer);
  }
}

async function read(response: Response): Promise<Pick<GatewayAnswer, "body" | "bytes" | "binary" | "cut">> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  let cut: GatewayAnswer["cut"];
  const reader = response.body?.getReader();
  const timer = setTimeout(() => {
    cut = "time";
    void reader?.cancel().catch(() => {});
  }, readTimeoutMs);
  try {
    while (reader !== undefined && cut === undefined) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value.subarray(0, maxAnswerBytes - bytes));
      bytes += value.byteLength;
      if (bytes > maxAnswerBytes) {
        cut = "size";
        await reader.cancel();
      }
    }
  } catch (cause) {
    throw new MicrocosmError("link-closed", "The gateway's answer broke off.", { cause });
  } finally {
    clearTimeout(timer);
  }
  const text = textOf(Buffer.concat(chunks), cut !== undefined);
  const body = text ?? "";
  return { body, bytes, binary: text === undefined, ...(cut && { cut }) };
}

/** Undefined when it is no UTF-8. A cut may fall into a character, so its end is not looked at that closely. */
function textOf(bytes: Uint8Array, isCut: boolean): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: isCut });
  } catch {
    return undefined;
  }
}
