import { appendFile, mkdir, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";

const requestTimeoutMs = 10_000;
/** A log file is put aside as `<file>.1` beyond this. */
const maxFileBytes = 64 * 1024 * 1024;

type Outcome = "done" | "again" | "refused";

/** One HTTP request. 429 and 5xx, and no answer at all, may work later; other refusals never will. */
export async function post(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    const answer = await fetch(url, {
      method: "POST",
      body,
      headers: { ...headers },
      signal: AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]),
    });
    // Read, so that the connection can be used again.
    await answer.arrayBuffer();
    if (answer.ok) return "done";
    return answer.status === 429 || answer.status >= 500 ? "again" : "refused";
  } catch {
    return "again";
  }
}

/** At most two files of 64 MiB. */
export async function appendBounded(file: string, text: string): Promise<Outcome> {
  try {
    await mkdir(dirname(file), { recursive: true });
    const size = await stat(file).then(
      (found) => found.size,
      () => 0,
    );
    if (size > maxFileBytes) await rename(file, `${file}.1`);
    await appendFile(file, text);
    return "done";
  } catch {
    return "again";
  }
}
