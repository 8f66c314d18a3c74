import type { OutgoingRequest } from "./exchange.ts";

export interface Target {
  readonly url: URL;
  readonly hostname: string;
  readonly port: number;
  readonly tls: boolean;
}

/** Throws on what is not an http or https URL. */
export function parseTarget(text: string): Target {
  if (text.startsWith("/")) {
    throw new Error(`"${text}" is a path: give the whole address, such as http://127.0.0.1:8080${text}`);
  }
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`);
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === "") {
    throw new Error(`"${text}" is not a URL to load, such as http://127.0.0.1:8080/v1/products`);
  }
  const tls = url.protocol === "https:";
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  return { url, hostname, port: url.port === "" ? (tls ? 443 : 80) : Number(url.port), tls };
}

export interface RequestParts {
  readonly method?: string;
  /** Path and query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly keepReply?: boolean;
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** The bytes of an HTTP/1.1 request. Throws on a method, path or header that would break the framing. */
export function makeRequest(target: Target, parts: RequestParts): OutgoingRequest {
  const method = parts.method ?? "GET";
  if (!token.test(method)) throw new Error(`"${method}" is not a method`);
  if (!/^\/[\x21-\x7e]*$/.test(parts.path))
    throw new Error(`"${parts.path}" is not a path: it begins with / and has no spaces`);
  const body = typeof parts.body === "string" ? Buffer.from(parts.body) : parts.body;
  const lines = [`${method} ${parts.path} HTTP/1.1`];
  const given = Object.entries(parts.headers ?? {});
  const has = (name: string) => given.some(([other]) => other.toLowerCase() === name);
  if (!has("host")) lines.push(`host: ${target.url.host}`);
  for (const [name, value] of given) {
    if (!token.test(name) || /[\r\n\0]/.test(value))
      throw new Error(`header "${name}: ${value}" cannot be sent`);
    lines.push(`${name}: ${value}`);
  }
  if (body !== undefined || method === "POST" || method === "PUT" || method === "PATCH") {
    if (!has("content-length")) lines.push(`content-length: ${body?.length ?? 0}`);
  }
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  return {
    bytes: new Uint8Array(body === undefined ? head : Buffer.concat([head, body])),
    isHead: method === "HEAD",
    keepReply: parts.keepReply ?? false,
  };
}
