import { Hono } from "hono";
import { z } from "zod";
import { MicrocosmError } from "../../../sdk/errors.ts";
import type { CallReply, Mesh } from "../../calls/mesh.ts";
import { type Clock, systemClock } from "../../clock.ts";
import type { IncomingBody } from "../../transport/transport.ts";
import type { CallOutput } from "../api.ts";
import { bodyOf } from "../input.ts";

const callTimeoutMs = 30_000;
const maxAnswerBytes = 10 * 1024 * 1024;
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** A line break would let a value become a header of its own further on. */
const headerValue = /^[^\r\n\0]*$/;

const input = z.strictObject({
  service: z.string().min(1),
  method: z.string().regex(/^[A-Za-z]+$/, "expected an HTTP method"),
  path: z.string().regex(/^\/[^\s#]*$/, "expected a path that begins with /"),
  headers: z.record(z.string().regex(headerName), z.string().regex(headerValue)).default({}),
  body: z.string().optional(),
  user: z.strictObject({ id: z.string().min(1), roles: z.array(z.string()) }).optional(),
});

export interface CallRouteOptions {
  readonly mesh: Mesh;
  readonly clock?: Clock;
}

export function callRoutes(options: CallRouteOptions): Hono {
  const { mesh, clock = systemClock } = options;
  return new Hono().post("/call", async (c) => {
    const { service, method, path, headers, body, user } = await bodyOf(c, input);
    const startedAt = performance.now();
    const reply = await mesh.call(
      service,
      {
        method: method.toUpperCase(),
        path,
        headers: Object.entries(headers).flatMap(([name, value]) => [name.toLowerCase(), value]),
        body: body ?? null,
      },
      {
        user,
        deadline: clock.now() + callTimeoutMs,
        // It begins one.
        traceparent: "",
        signal: c.req.raw.signal,
      },
    );
    const output: CallOutput = {
      status: reply.status,
      headers: headersOf(reply),
      body: await textOf(reply.body),
      instance: reply.instance,
      durationMs: performance.now() - startedAt,
    };
    return c.json(output);
  });
}

function headersOf(reply: CallReply): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let i = 0; i + 1 < reply.headers.length; i += 2) {
    const name = reply.headers[i]!;
    const value = reply.headers[i + 1]!;
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return headers;
}

async function textOf(body: IncomingBody): Promise<string> {
  if (body instanceof Uint8Array) return new TextDecoder().decode(body);
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxAnswerBytes) {
      throw new MicrocosmError("body-too-large", `The answer has more than ${maxAnswerBytes} bytes.`);
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
