export type JsonText =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: string };

/** What was typed as a JSON value, or where it is none, by line and column. */
export function readJson(text: string): JsonText {
  if (text.trim() === "") return { ok: false, problem: "Write the event's data as JSON." };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const position = /at position (\d+)/.exec(message)?.[1];
    if (position === undefined) return { ok: false, problem: `This is not JSON: ${message}.` };
    const before = text.slice(0, Number(position)).split("\n");
    const place = `line ${before.length}, column ${(before.at(-1) ?? "").length + 1}`;
    return {
      ok: false,
      problem: `This is not JSON at ${place}: ${message.split(/ (in JSON )?at position/)[0]}.`,
    };
  }
}
