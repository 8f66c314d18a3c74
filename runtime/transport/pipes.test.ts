import { MicrocosmError } from "../../sdk/errors.ts";
import type { FrameLink } from "./link.ts";
import { PipeLinks } from "./pipes.ts";
import type { Link, LinkOptions, Transport } from "./transport.ts";
import { transportConformance } from "./transport.case.ts";

/** Each direction of a connection is a process of its own that passes on what it reads, so the pipes are real. */
class PipedProcesses implements Transport {
  readonly name = "pipes";
  readonly #links = new PipeLinks();
  readonly #listening = new Map<string, LinkOptions>();
  readonly #relays: Bun.Subprocess<"pipe", "pipe">[] = [];

  async listen(address: string, options: LinkOptions) {
    if (this.#listening.has(address)) throw new MicrocosmError("already-running", `${address} is taken`);
    this.#listening.set(address, options);
    const stop = async () => {
      this.#listening.delete(address);
    };
    return { address, stop };
  }

  async connect(address: string, options: LinkOptions): Promise<Link> {
    const far = this.#listening.get(address);
    if (far === undefined) throw new MicrocosmError("link-closed", `nobody listens at ${address}`);
    const [there, back] = [this.#relay(), this.#relay()];
    this.#links.await({ input: there.stdout, output: back.stdin }, far).catch(() => {});
    return this.#links.join({ input: back.stdout, output: there.stdin }, options);
  }

  async dispose(): Promise<void> {
    for (const relay of this.#relays) relay.kill("SIGKILL");
    await Promise.all(this.#relays.map((relay) => relay.exited));
  }

  #relay(): Bun.Subprocess<"pipe", "pipe"> {
    const relay = Bun.spawn(["cat"], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
    this.#relays.push(relay);
    return relay;
  }
}

transportConformance("pipes", async () => {
  const transport = new PipedProcesses();
  let addresses = 0;
  return {
    transport,
    address: () => `place-${++addresses}`,
    sever(link) {
      (link as FrameLink).breakOff(new MicrocosmError("link-closed", "severed by the test"));
    },
    dispose: () => transport.dispose(),
  };
});
