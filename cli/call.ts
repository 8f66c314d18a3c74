import type { CallInput, CallOutput } from "../runtime/control/api.ts";
import { MicrocosmError } from "../sdk/errors.ts";
import { ControlClient } from "../runtime/control/client.ts";
import { duration, paint, print, printJson } from "./output.ts";
import { textArgument } from "./text-argument.ts";

export interface CallOptions {
  readonly data?: string;
  readonly header: readonly string[];
  readonly user?: string;
  readonly role: readonly string[];
  readonly run?: string;
  readonly json?: boolean;
}

/** Exit code 1 when the service answered with a status of 400 or above. */
export async function call(
  service: string,
  method: string,
  path: string,
  options: CallOptions,
): Promise<number> {
  const headers = Object.fromEntries(options.header.map(parseHeader));
  const body = options.data === undefined ? undefined : await textArgument(options.data);
  if (body !== undefined && headers["content-type"] === undefined)
    headers["content-type"] = "application/json";
  const input: CallInput = {
    service,
    method: method.toUpperCase(),
    path: path.startsWith("/") ? path : `/${path}`,
    headers,
    ...(body === undefined ? {} : { body }),
    ...(options.user === undefined ? {} : { user: { id: options.user, roles: [...options.role] } }),
  };
  const client = await ControlClient.find(options.run === undefined ? {} : { data: options.run });
  const output = await client.post<CallOutput>("/api/call", input);
  if (options.json === true) printJson(output);
  else printAnswer(output);
  return output.status < 400 ? 0 : 1;
}

function printAnswer(output: CallOutput): void {
  const status = paint(output.status < 400 ? "green" : "red", String(output.status), process.stderr);
  process.stderr.write(`${status} ${output.instance} ${duration(output.durationMs)}\n`);
  print(pretty(output.body));
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function parseHeader(text: string): [string, string] {
  const colon = text.indexOf(":");
  if (colon < 1) throw new MicrocosmError("bad-request", `"${text}" is not a header: expected name:value.`);
  return [text.slice(0, colon).trim().toLowerCase(), text.slice(colon + 1).trim()];
}
