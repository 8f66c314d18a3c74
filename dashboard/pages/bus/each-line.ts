import { send } from "../../api.ts";

/** A line longer than this is no event of ours; the stream is given up instead of gathered. */
const maxLineChars = 32 * 1024 * 1024;

/** Each value of an NDJSON answer as it comes, until it ends or `signal` is aborted. Throws ApiError. */
export async function eachLine<T>(
  path: string,
  signal: AbortSignal,
  take: (value: T) => void,
): Promise<void> {
  const response = await send("GET", path, undefined, signal);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop()!;
    if (rest.length > maxLineChars) throw new Error("The stream holds a line that is too long.");
    for (const part of parts) if (part !== "") take(JSON.parse(part) as T);
  }
}
