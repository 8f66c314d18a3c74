import { promisify } from "node:util";
import {
  brotliCompress,
  brotliCompressSync,
  constants,
  gzip,
  gzipSync,
  zstdCompress,
  zstdCompressSync,
} from "node:zlib";
import type { GatewayBounds } from "../bounds.ts";
import { RecentMap } from "../recent-map.ts";
import { headerOf, mediaType, type Reply } from "../reply.ts";

export type Encoding = "zstd" | "br" | "gzip";

/** In the gateway's order of preference: zstd costs the least for what it saves. */
const encodings: readonly Encoding[] = ["zstd", "br", "gzip"];

const compressible =
  /^(?:text\/(?!event-stream)|application\/(?:json|javascript|xml|xhtml\+xml|manifest\+json|wasm|(?:[\w.-]+\+)?(?:json|xml))$|image\/svg\+xml$|font\/(?:ttf|otf)$)/;

// Fast settings: a gateway compresses while someone waits.
const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };
const zstd = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };
const gzipOptions = { level: 5 };
const later = {
  zstd: promisify(zstdCompress),
  br: promisify(brotliCompress),
  gzip: promisify(gzip),
};

/** Compresses whole answers. Streams are never compressed: an encoder would hold their chunks back. */
export class Compression {
  readonly #bounds: GatewayBounds;
  /** The few values that browsers send, parsed once. */
  readonly #choices = new RecentMap<string, Encoding | "identity">(64);

  constructor(bounds: GatewayBounds) {
    this.#bounds = bounds;
  }

  /** The best encoding the client takes, undefined for none. */
  choose(acceptEncoding: string): Encoding | undefined {
    if (acceptEncoding === "") return undefined;
    let choice = this.#choices.get(acceptEncoding);
    if (choice === undefined) {
      choice = chooseEncoding(acceptEncoding) ?? "identity";
      this.#choices.set(acceptEncoding, choice);
    }
    return choice === "identity" ? undefined : choice;
  }

  worthwhile(reply: Reply): boolean {
    const { body, headers } = reply;
    if (body === null || body instanceof ReadableStream) return false;
    if (reply.status === 206 || headerOf(headers, "content-encoding") !== "") return false;
    if (/\bno-transform\b/.test(headerOf(headers, "cache-control"))) return false;
    return this.worthwhileFor(headerOf(headers, "content-type"), body.length);
  }

  worthwhileFor(contentType: string, bytes: number): boolean {
    if (bytes < this.#bounds.compressFromBytes || bytes > this.#bounds.compressToBytes) return false;
    return compressible.test(mediaType(contentType));
  }

  /** Call only when it is worthwhile. Small bodies on the spot, large ones on another thread. */
  encode(reply: Reply, encoding: Encoding): Reply | Promise<Reply> {
    const body = reply.body as Uint8Array | string;
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    const smaller = this.compress(bytes, encoding);
    if (!(smaller instanceof Promise)) return encoded(reply, encoding, smaller);
    return smaller.then((done) => encoded(reply, encoding, done));
  }

  compress(bytes: Uint8Array, encoding: Encoding): Uint8Array | Promise<Uint8Array> {
    return bytes.length <= this.#bounds.compressInlineBytes
      ? compressNow(bytes, encoding)
      : compressLater(bytes, encoding);
  }
}

function compressNow(bytes: Uint8Array, encoding: Encoding): Uint8Array {
  if (encoding === "zstd") return zstdCompressSync(bytes, zstd);
  return encoding === "br" ? brotliCompressSync(bytes, brotli) : gzipSync(bytes, gzipOptions);
}

function compressLater(bytes: Uint8Array, encoding: Encoding): Promise<Uint8Array> {
  if (encoding === "zstd") return later.zstd(bytes, zstd);
  return encoding === "br" ? later.br(bytes, brotli) : later.gzip(bytes, gzipOptions);
}

/** Other bytes are another representation: it must not share a strong ETag with the plain one (RFC 9110 §8.8.3). */
function encoded(reply: Reply, encoding: Encoding, body: Uint8Array): Reply {
  const headers = reply.headers.map((value, index, all) =>
    index % 2 === 1 && all[index - 1] === "etag" ? encodedEtag(value, encoding) : value,
  );
  headers.push("content-encoding", encoding);
  return { status: reply.status, headers, body };
}

/** `"abc"` → `"abc-zstd"`; weak ones say little enough already. */
export function encodedEtag(etag: string, encoding: Encoding): string {
  return etag.startsWith('"') && etag.endsWith('"') ? `${etag.slice(0, -1)}-${encoding}"` : etag;
}

/** The best encoding the client takes (RFC 9110 §12.5.3), undefined for none. */
export function chooseEncoding(acceptEncoding: string): Encoding | undefined {
  if (acceptEncoding === "") return undefined;
  const weights = new Map<string, number>();
  for (const part of acceptEncoding.toLowerCase().split(",")) {
    const [name = "", ...parameters] = part.split(";").map((text) => text.trim());
    const q = parameters.find((parameter) => parameter.startsWith("q="));
    weights.set(name, q === undefined ? 1 : Number(q.slice(2)) || 0);
  }
  let best: Encoding | undefined;
  let bestWeight = 0;
  for (const encoding of encodings) {
    const weight = weights.get(encoding) ?? weights.get("*") ?? 0;
    if (weight > bestWeight) {
      best = encoding;
      bestWeight = weight;
    }
  }
  return best;
}
