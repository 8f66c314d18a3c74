import type * as zlib from "node:zlib";
import type { GatewayBounds } from "../bounds.ts";
import { RecentMap } from "../recent-map.ts";
import { headerOf, mediaType, type Reply } from "../reply.ts";

export type Encoding = "zstd" | "br" | "gzip";

/** In the gateway's order of preference: zstd costs the least for what it saves. */
const encodings: readonly Encoding[] = ["zstd", "br", "gzip"];

const compressible =
  /^(?:text\/(?!event-stream)|application\/(?:json|javascript|xml|xhtml\+xml|manifest\+json|wasm|(?:[\w.-]+\+)?(?:json|xml))$|image\/svg\+xml$|font\/(?:ttf|otf)$)/;

/** Compresses whole answers. Streams are never compressed: an encoder would hold their chunks back. */
export class Compression {
  readonly #bounds: GatewayBounds;
  /** The few values that browsers send, parsed once. */
  readonly #choices = new RecentMap<string, Encoding | "identity">(64);

  #codecs: Codecs | undefined;

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
    if (this.#codecs === undefined)
      return loadCodecs().then((codecs) => this.#use(codecs).compress(bytes, encoding));
    const codec = this.#codecs[encoding];
    return bytes.length <= this.#bounds.compressInlineBytes ? codec.now(bytes) : codec.later(bytes);
  }

  #use(codecs: Codecs): this {
    this.#codecs = codecs;
    return this;
  }
}

interface Codec {
  now(bytes: Uint8Array): Uint8Array;
  /** On another thread. */
  later(bytes: Uint8Array): Promise<Uint8Array>;
}

type Codecs = Readonly<Record<Encoding, Codec>>;

/** On first use: loading zlib takes longer than all else that a gateway's start does. */
async function loadCodecs(): Promise<Codecs> {
  const zlib = await import("node:zlib");
  const { BROTLI_PARAM_QUALITY, ZSTD_c_compressionLevel } = zlib.constants;
  // Fast settings: a gateway compresses while someone waits.
  const br = { params: { [BROTLI_PARAM_QUALITY]: 4 } };
  const zstd = { params: { [ZSTD_c_compressionLevel]: 3 } };
  const gzip = { level: 5 };
  return {
    zstd: {
      now: (bytes) => zlib.zstdCompressSync(bytes, zstd),
      later: (bytes) => promised((done) => zlib.zstdCompress(bytes, zstd, done)),
    },
    br: {
      now: (bytes) => zlib.brotliCompressSync(bytes, br),
      later: (bytes) => promised((done) => zlib.brotliCompress(bytes, br, done)),
    },
    gzip: {
      now: (bytes) => zlib.gzipSync(bytes, gzip),
      later: (bytes) => promised((done) => zlib.gzip(bytes, gzip, done)),
    },
  };
}

function promised(run: (done: zlib.CompressCallback) => void): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    run((error, result) => (error === null ? resolve(result) : reject(error)));
  });
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
