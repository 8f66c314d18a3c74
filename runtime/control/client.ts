import { type ErrorCode, errorTable, MicrocosmError } from "../../sdk/errors.ts";
import { findRun } from "./discovery.ts";

/** Where to look for the run a command speaks to. */
export interface RunOptions {
  readonly data?: string;
}

/** The control API of one run. Every method rejects with a MicrocosmError that says what the run answered. */
export class ControlClient {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  static async find(options: RunOptions): Promise<ControlClient> {
    const run = await findRun(options.data === undefined ? {} : { dataDirectory: options.data });
    return new ControlClient(run.url, run.token);
  }

  async get<T>(path: string): Promise<T> {
    return (await (await this.#send("GET", path)).json()) as T;
  }

  async post<T>(path: string, body: unknown = {}): Promise<T> {
    const response = await this.#send("POST", path, body);
    const text = await response.text();
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  /** The values of an NDJSON answer as they come; ends with the answer or when `signal` aborts. */
  async *lines<T>(path: string, signal?: AbortSignal): AsyncGenerator<T> {
    const response = await this.#send("GET", path, undefined, signal);
    if (response.body === null) return;
    const decoder = new TextDecoder();
    let rest = "";
    try {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        rest += decoder.decode(chunk, { stream: true });
        const lines = rest.split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) if (line !== "") yield JSON.parse(line) as T;
      }
    } catch (error) {
      if (signal?.aborted !== true) throw this.#gone(error);
    }
  }

  async #send(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(this.#url + path, {
        method,
        headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (cause) {
      throw this.#gone(cause);
    }
    if (response.ok) return response;
    throw await problemToError(response);
  }

  #gone(cause: unknown): MicrocosmError {
    return new MicrocosmError("not-running", `The run at ${this.#url} does not answer.`, { cause });
  }
}

async function problemToError(response: Response): Promise<MicrocosmError> {
  const text = await response.text();
  try {
    const body = JSON.parse(text) as { type?: string; detail?: string };
    const code = body.type?.split("/").pop() ?? "";
    if (code in errorTable) return new MicrocosmError(code as ErrorCode, body.detail ?? text);
    if (body.detail) return new MicrocosmError("bad-request", body.detail);
  } catch {
    // not a problem document: what came is told as it is
  }
  return new MicrocosmError("internal", `The control API answered ${response.status}: ${text.slice(0, 500)}`);
}
