import { MicrocosmError } from "../../../sdk/errors.ts";
import type { IncomingBody } from "../../transport/transport.ts";

/** A body as a whole. Throws `body-too-large`. */
export async function readBounded(body: IncomingBody, maxBytes: number): Promise<Uint8Array> {
  let size = 0;
  const counted = (bytes: Uint8Array) => {
    size += bytes.length;
    if (size > maxBytes)
      throw new MicrocosmError("body-too-large", `At most ${maxBytes} bytes are taken at once.`);
    return bytes;
  };
  if (body instanceof Uint8Array) return counted(body);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    chunks.push(counted(chunk));
  }
  return Buffer.concat(chunks);
}
