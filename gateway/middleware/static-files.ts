import { realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import type { StaticConfig } from "../../runtime/topology/model.ts";
import type { GatewayBounds } from "../bounds.ts";
import type { Answered, Exchange } from "../exchange.ts";
import { RecentMap } from "../recent-map.ts";
import type { Responder } from "../responder.ts";
import { type Compression, type Encoding, encodedEtag } from "./compression.ts";
import { matchesEtag } from "./etag.ts";
import { pageSecurityHeaders } from "./security-headers.ts";

interface Mount {
  /** With a slash at the end. */
  readonly prefix: string;
  readonly directory: string;
  readonly cacheControl: string;
}

interface FoundFile {
  readonly path: string;
  readonly bytes: number;
  readonly etag: string;
  readonly type: string;
}

/** Serves files for paths that no route takes. */
export class StaticFiles {
  readonly #mounts: readonly Mount[];
  readonly #responder: Responder;
  readonly #compression: Compression | undefined;
  readonly #compressed: RecentMap<string, Uint8Array>;

  constructor(
    mounts: readonly StaticConfig[],
    responder: Responder,
    compression: Compression | undefined,
    bounds: GatewayBounds,
  ) {
    // The longest prefix is asked first: /docs before /.
    this.#mounts = mounts
      .map(({ path, directory, maxAgeMs }) => ({
        prefix: path.endsWith("/") ? path : `${path}/`,
        directory,
        cacheControl: `public, max-age=${Math.floor(maxAgeMs / 1000)}`,
      }))
      .sort((a, b) => b.prefix.length - a.prefix.length);
    this.#responder = responder;
    this.#compression = compression;
    this.#compressed = new RecentMap(bounds.compressedFiles);
  }

  /** Undefined when no file is there, or the method is none for files. */
  async answer(x: Exchange): Promise<Answered | undefined> {
    if (x.method !== "GET" && x.method !== "HEAD") return undefined;
    for (const mount of this.#mounts) {
      const inside = x.path.startsWith(mount.prefix) || `${x.path}/` === mount.prefix;
      const segments = inside ? segmentsOf(x.path.slice(mount.prefix.length)) : undefined;
      if (segments === undefined) continue;
      const found = await find(mount.directory, segments);
      if (found === undefined) continue;
      if (found === "directory") {
        // Without the slash the page's own links would lead beside it.
        if (!x.path.endsWith("/"))
          return this.#responder.send(x, 308, ["location", `${x.path}/${x.query}`], null);
        const index = await find(mount.directory, [...segments, "index.html"]);
        if (index === undefined || index === "directory") continue;
        return this.#send(x, mount, index);
      }
      if (!x.path.endsWith("/")) return this.#send(x, mount, found);
    }
    return undefined;
  }

  async #send(x: Exchange, mount: Mount, file: FoundFile): Promise<Answered> {
    const headers = ["content-type", file.type, "cache-control", mount.cacheControl];
    if (file.type.startsWith("text/html")) headers.push(...pageSecurityHeaders);
    const encoding = this.#encodingFor(x, file);
    const etag = encoding === undefined ? file.etag : encodedEtag(file.etag, encoding);
    headers.push("etag", etag);
    if (matchesEtag(x.head.ifNoneMatch, etag)) return this.#responder.send(x, 304, headers, null);
    if (encoding !== undefined && this.#compression !== undefined) {
      const body = await this.#compress(file, encoding, this.#compression);
      headers.push("content-encoding", encoding, "content-length", String(body.length));
      return this.#responder.send(x, 200, headers, body);
    }
    headers.push("content-length", String(file.bytes));
    return this.#responder.send(x, 200, headers, Bun.file(file.path));
  }

  #encodingFor(x: Exchange, file: FoundFile): Encoding | undefined {
    if (this.#compression?.worthwhileFor(file.type, file.bytes) !== true) return undefined;
    x.addHeader("vary", "Accept-Encoding");
    return this.#compression.choose(x.head.acceptEncoding);
  }

  async #compress(file: FoundFile, encoding: Encoding, compression: Compression): Promise<Uint8Array> {
    const key = `${encoding} ${file.etag} ${file.path}`;
    const kept = this.#compressed.get(key);
    if (kept !== undefined) return kept;
    const body = await compression.compress(await Bun.file(file.path).bytes(), encoding);
    this.#compressed.set(key, body);
    return body;
  }
}

/** Decoded parts of a path, undefined for one that is up to something. The last may be "" for a trailing slash. */
function segmentsOf(path: string): string[] | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  if (decoded.includes("\0") || decoded.includes("\\")) return undefined;
  const segments = decoded.split("/");
  if (segments.at(-1) === "") segments.pop();
  // An empty part would make `//evil.example` a redirect's target; a leading dot is `..`, or a file meant to be hidden.
  const strange = (segment: string) =>
    segment === "" || (segment.startsWith(".") && segment !== ".well-known");
  return segments.some(strange) ? undefined : segments;
}

async function find(
  directory: string,
  segments: readonly string[],
): Promise<FoundFile | "directory" | undefined> {
  try {
    const root = await realpath(directory);
    const path = await realpath(join(root, ...segments));
    // A link inside the folder may lead out of it.
    if (path !== root && !path.startsWith(root.endsWith(sep) ? root : root + sep)) return undefined;
    const file = Bun.file(path);
    const stat = await file.stat();
    if (stat.isDirectory()) return "directory";
    if (!stat.isFile()) return undefined;
    const etag = `"${stat.size.toString(36)}-${Math.floor(stat.mtimeMs * 1000).toString(36)}"`;
    return { path, bytes: stat.size, etag, type: file.type };
  } catch {
    return undefined;
  }
}
