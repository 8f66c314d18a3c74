import { MicrocosmError } from "../sdk/errors.ts";

/** `@file` means the file's content, `@-` standard input; anything else is the text itself. */
export async function textArgument(argument: string): Promise<string> {
  if (!argument.startsWith("@")) return argument;
  const path = argument.slice(1);
  try {
    return await (path === "-" ? Bun.stdin.text() : Bun.file(path).text());
  } catch (cause) {
    throw new MicrocosmError("bad-request", `Cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}
