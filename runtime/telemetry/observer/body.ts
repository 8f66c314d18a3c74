import { MicrocosmError } from "../../../sdk/errors.ts";
import type { IncomingBody } from "../../transport/transport.ts";

/** A body as text; what is no UTF-8 becomes U+FFFD. Throws `body-too-large`. */
export async function readBounded(body: IncomingBody, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let size = 0;
  const counted = (bytes: Uint8Array) => {
    size += bytes.length;
    if (size > maxBytes)
      throw new MicrocosmError("body-too-large", `At most ${maxBytes} bytes are taken at once.`);
    return bytes;
  };
  if (body instanceof Uint8Array) return decoder.decode(counted(body));
  let text = "";
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(counted(chunk), { stream: true });
  }
  return text + decoder.decode();
}
