import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createWriteStream } from "node:fs";
import { createZstdDecompress } from "node:zlib";
import { MicrocosmError } from "../../sdk/errors.ts";
import {
  decodeHeader,
  digestBytes,
  headerLength,
  invalid,
  prefixBytes,
  type RecordingHeader,
} from "./format.ts";

/**
 * Writes the recording's database to `target`, in bounded memory, and tells its header. Rejects with `recording-invalid`;
 * what is at `target` then is of no use.
 */
export async function unpack(file: string, target: string): Promise<RecordingHeader> {
  const { header, headBytes, fileBytes } = await readHead(file);
  const bodyEnd = fileBytes - digestBytes;
  const damaged = (cause?: unknown) => invalid(file, "it is damaged or was cut short", cause);
  if (bodyEnd <= headBytes.length) throw damaged();
  const hash = new Bun.CryptoHasher("sha256");
  hash.update(headBytes);
  let written = 0;
  try {
    await pipeline(
      createReadStream(file, { start: headBytes.length, end: bodyEnd - 1 }),
      async function* (source: AsyncIterable<Uint8Array>) {
        for await (const chunk of source) {
          hash.update(chunk);
          yield chunk;
        }
      },
      createZstdDecompress(),
      async function* (source: AsyncIterable<Uint8Array>) {
        for await (const chunk of source) {
          written += chunk.length;
          // A few bytes may stand for a full disk: the header says how many there are to be.
          if (written > header.databaseBytes) throw damaged();
          yield chunk;
        }
      },
      createWriteStream(target, { mode: 0o600 }),
    );
  } catch (cause) {
    if (cause instanceof MicrocosmError) throw cause;
    const code = (cause as { code?: string }).code ?? "";
    if (["ENOSPC", "EDQUOT", "EACCES", "EROFS"].includes(code)) {
      throw new MicrocosmError(
        "data-unwritable",
        `There is no room to unpack ${file} to ${target}: ${code}.`,
        {
          cause,
        },
      );
    }
    throw damaged(cause);
  }
  const digest = await readAt(file, bodyEnd, digestBytes);
  if (written !== header.databaseBytes || !Buffer.from(digest).equals(hash.digest())) throw damaged();
  return header;
}

async function readHead(
  file: string,
): Promise<{ header: RecordingHeader; headBytes: Uint8Array; fileBytes: number }> {
  const { size: fileBytes } = await statOf(file);
  const prefix = await readAt(file, 0, prefixBytes);
  const length = headerLength(prefix, file);
  if (prefixBytes + length > fileBytes) throw invalid(file, "it is damaged or was cut short");
  const headBytes = await readAt(file, 0, prefixBytes + length);
  return { header: decodeHeader(headBytes.subarray(prefixBytes), file), headBytes, fileBytes };
}

async function statOf(file: string) {
  const info = await Bun.file(file)
    .stat()
    .catch(() => undefined);
  if (info === undefined) throw new MicrocosmError("not-found", `There is no file ${file}.`);
  if (!info.isFile()) throw invalid(file, "it is no file");
  return info;
}

async function readAt(file: string, from: number, count: number): Promise<Uint8Array> {
  const handle = await open(file, "r").catch((cause: Error) => {
    throw invalid(file, cause.message, cause);
  });
  try {
    const bytes = Buffer.alloc(count);
    const { bytesRead } = await handle.read(bytes, 0, count, from);
    return bytes.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
