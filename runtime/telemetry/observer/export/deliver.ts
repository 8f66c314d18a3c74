import { appendFile, mkdir, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";

const requestTimeoutMs = 10_000;
/** A log file is put aside as `<file>.1` beyond this. */
const maxFileBytes = 64 * 1024 * 1024;

/** What became of a batch; of one that was taken in part, how many of it were refused. */
export type Outcome = "done" | "again" | "refused" | { readonly refused: number };

/**
 * One HTTP request. 429 and 5xx, and no answer at all, may work later; other refusals never will. A receiver may say yes and
 * still refuse some of it: `refusedIn` reads that from its answer.
 */
export async function post(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  refusedIn: (answer: unknown) => number = () => 0,
): Promise<Outcome> {
  try {
    const answer = await fetch(url, {
      method: "POST",
      body,
      headers: { ...headers },
      signal: AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]),
    });
    // Read, so that the connection can be used again.
    const text = await answer.text();
    if (answer.ok) {
      const refused = refusedIn(parsed(text));
      return refused > 0 ? { refused } : "done";
    }
    return answer.status === 429 || answer.status >= 500 ? "again" : "refused";
  } catch {
    return "again";
  }
}

/** Undefined for what is no JSON: many say yes with an empty body. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
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
