import type { HeaderList } from "../calls/mesh.ts";
import type { ResponseParts } from "./response-parts.ts";

/**
 * A text with its content type as the web's `Response`, which is what Hono's `c.json` answers with. Hot path: a native one
 * is 1.2 µs of the 10 that a service takes for a call that reads one row, and garbage with a finalizer. What is rarely used
 * (`headers`, `clone`, `body`…) comes from a native one, made then and the truth from then on.
 */
export class LeanResponse {
  readonly status = 200;
  readonly ok = true;
  readonly #text: string;
  readonly #headers: HeaderList;
  #native: Response | undefined;

  constructor(text: string, headers: HeaderList) {
    this.#text = text;
    this.#headers = headers;
  }

  /** Undefined when there is a native one, which somebody may have changed or read. */
  parts(): ResponseParts | undefined {
    if (this.#native !== undefined) return undefined;
    return { status: 200, headers: this.#headers, body: this.#text };
  }

  native(): Response {
    const [name, value] = this.#headers as [string, string];
    this.#native ??= new Response(this.#text, { headers: { [name]: value } });
    return this.#native;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): Response {
    return this.native();
  }
}

for (const key of ["body", "bodyUsed", "headers", "redirected", "statusText", "type", "url"] as const) {
  Object.defineProperty(LeanResponse.prototype, key, {
    get(this: LeanResponse) {
      return this.native()[key];
    },
  });
}
for (const key of ["arrayBuffer", "blob", "bytes", "clone", "formData", "json", "text"] as const) {
  Object.defineProperty(LeanResponse.prototype, key, {
    value(this: LeanResponse) {
      return this.native()[key]();
    },
  });
}
Object.defineProperty(LeanResponse, "name", { value: "Response" });
// `instanceof Response` holds for them.
Object.setPrototypeOf(LeanResponse.prototype, Response.prototype);

let isAnswering = false;

/**
 * Runs a handler of a service's app. Responses that Hono makes before it returns may be lean: nobody but Hono and the
 * dispatcher sees most of them. Elsewhere in the process, and after a handler's first `await`, all are native.
 */
export function answering<A, B, R>(handle: (a: A, b: B) => R, a: A, b: B): R {
  const before = isAnswering;
  isAnswering = true;
  try {
    return handle(a, b);
  } finally {
    isAnswering = before;
  }
}

/** A service has a handful. */
const maxContentTypes = 16;
const contentTypes = new Map<string, HeaderList>();

/**
 * For `new Response(body, init)`; undefined when it has to be a native one. Only Hono's context writes a status that is
 * undefined, so a response that its author makes for some native function is native.
 */
export function leanResponse(body: unknown, init: ResponseInit | undefined): LeanResponse | undefined {
  if (!isAnswering || typeof body !== "string" || typeof init !== "object" || init === null) return undefined;
  if (!("status" in init) || init.status !== undefined || init.statusText !== undefined) return undefined;
  const headers = init.headers as Record<string, unknown> | undefined;
  if (headers === undefined || Object.getPrototypeOf(headers) !== Object.prototype) return undefined;
  let type: unknown;
  for (const name in headers) {
    if (name !== "Content-Type" || type !== undefined) return undefined;
    type = headers[name];
  }
  if (typeof type !== "string") return undefined;
  const list = contentTypes.get(type) ?? addContentType(type);
  return list && new LeanResponse(body, list);
}

/** Undefined of a malformed one, which the native response refuses. */
function addContentType(type: string): HeaderList | undefined {
  if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(type)) return undefined;
  const list = ["content-type", type];
  if (contentTypes.size < maxContentTypes) contentTypes.set(type, list);
  return list;
}
