import { main, root } from "./run.ts";

/** `microcosm open`, as a user starts it. */
export class Opened {
  readonly link: string;
  readonly url: string;
  readonly #token: string;
  readonly #child: Bun.Subprocess<"ignore", "pipe", "inherit">;

  private constructor(link: string, child: Bun.Subprocess<"ignore", "pipe", "inherit">) {
    this.link = link;
    this.url = new URL(link).origin;
    this.#token = new URL(link).searchParams.get("token")!;
    this.#child = child;
  }

  static async start(...files: string[]): Promise<Opened> {
    const child = Bun.spawn([process.execPath, main, "open", ...files, "--port", "0", "--json"], {
      cwd: root,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    const { value } = await child.stdout.getReader().read();
    const line = new TextDecoder().decode(value).split("\n")[0]!;
    return new Opened((JSON.parse(line) as { dashboard: string }).dashboard, child);
  }

  ask(path: string, method = "GET"): Promise<Response> {
    return fetch(this.url + path, { method, headers: { authorization: `Bearer ${this.#token}` } });
  }

  async json<T>(path: string): Promise<T> {
    return (await (await this.ask(path)).json()) as T;
  }

  /** As Ctrl-C does. */
  async stop(): Promise<number> {
    this.#child.kill("SIGINT");
    return await this.#child.exited;
  }
}
