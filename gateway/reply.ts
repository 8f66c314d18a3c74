import type { HeaderList } from "../runtime/calls/mesh.ts";

/** What an answer can hold. A Blob is a file. */
export type AnswerBody = Uint8Array | ReadableStream<Uint8Array> | string | Blob | null;

/** An answer on its way to the client: a service's own, a composed one, or one out of a cache. */
export interface Reply {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Uint8Array | ReadableStream<Uint8Array> | string | null;
}

export function headerOf(headers: HeaderList, name: string): string {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return headers[i + 1]!;
  return "";
}

/** The media type alone, in lower case: `application/json` of `application/json; charset=utf-8`. */
export function mediaType(contentType: string): string {
  const end = contentType.indexOf(";");
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

/**
 * Reads a body whole if it is no longer than `maxBytes`; otherwise gives it back as a stream, nothing lost.
 */
export async function collect(
  body: Uint8Array | ReadableStream<Uint8Array>,
  maxBytes: number,
): Promise<{ readonly bytes: Uint8Array } | { readonly stream: ReadableStream<Uint8Array> }> {
  if (body instanceof Uint8Array) {
    return body.length <= maxBytes ? { bytes: body } : { stream: new Blob([body as BlobPart]).stream() };
  }
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length <= maxBytes) {
    const { done, value } = await reader.read();
    if (done) return { bytes: join(chunks, length) };
    chunks.push(value);
    length += value.length;
  }
  return { stream: resume(chunks, reader) };
}

/** What was read already, then what comes. */
function resume(
  chunks: Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const read = chunks.shift();
      if (read !== undefined) return controller.enqueue(read);
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

function join(chunks: readonly Uint8Array[], length: number): Uint8Array {
  if (chunks.length === 1) return chunks[0]!;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
