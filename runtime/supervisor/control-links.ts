import type { SupervisorMessage } from "../control/messages.ts";
import type { Registry, RegistryDelta } from "../registry/registry.ts";
import { PipeLinks, type Pipes } from "../transport/pipes.ts";
import type { Link, LinkOptions, Listener, Peer, Transport } from "../transport/transport.ts";
import type { Instance } from "./instance.ts";
import { mergeDeltas } from "./merge-deltas.ts";
import { parseWorkerMessage } from "./worker-messages.ts";

/** A worker that does not read gets a whole snapshot later instead of deltas queued here without end. */
const maxBufferedBytes = 1024 * 1024;

export const supervisorPeer: Peer = { service: "supervisor", instance: "supervisor", generation: 1 };

export interface ControlLinksOptions {
  readonly transport: Transport;
  readonly address: string;
  readonly registry: Registry;
  /** The instance of that id, running or not. */
  readonly instance: (id: string) => Instance | undefined;
  readonly log: (level: "warn" | "error", message: string) => void;
}

/**
 * The supervisor's end of all control links. Takes hellos of the processes it started and of nobody else, keeps every
 * worker's registry view up to date, and hands what workers say to their instances.
 */
export class ControlLinks {
  readonly #options: ControlLinksOptions;
  /** Link → registry version its worker has, or undefined while it is behind and waits for a snapshot. */
  readonly #links = new Map<Link, number | undefined>();
  readonly #pipeLinks = new PipeLinks();
  readonly #linkOptions: LinkOptions;
  #listener: Listener | undefined;
  #unwatch: () => void = () => {};
  #changes: RegistryDelta[] = [];

  constructor(options: ControlLinksOptions) {
    this.#options = options;
    this.#linkOptions = {
      self: supervisorPeer,
      handler: {
        opened: (link) => this.#opened(link),
        closed: (link) => this.#closed(link),
        notify: (link, head) => this.#heard(link, head),
        // Workers say and never ask; an end that asks is told so by the links's closing.
        call: (call) => void call.link.close(),
      },
    };
  }

  async start(): Promise<void> {
    const { transport, address, registry } = this.#options;
    this.#unwatch = registry.watch((delta) => this.#changed(delta));
    this.#listener = await transport.listen(address, this.#linkOptions);
  }

  /** Takes the hello of a process that was started with these pipes, whenever it comes. */
  adopt(pipes: Pipes): void {
    // One that does not say hello here says it at the address, or ends; its instance sees to that.
    this.#pipeLinks.await(pipes, this.#linkOptions).catch(() => {});
  }

  async stop(): Promise<void> {
    this.#unwatch();
    const links = [...this.#links.keys()];
    await this.#listener?.stop();
    await Promise.all(links.map((link) => link.close()));
    this.#links.clear();
  }

  #opened(link: Link): void {
    const instance = this.#options.instance(link.peer.instance);
    if (instance === undefined || !instance.expects(link.peer)) {
      const { service, instance: id, generation } = link.peer;
      this.#options.log("warn", `refused a control link of ${service} ${id}, generation ${generation}`);
      void link.close();
      return;
    }
    this.#links.set(link, undefined);
    this.#sendSnapshot(link);
    instance.linked(link);
  }

  #closed(link: Link): void {
    if (!this.#links.delete(link)) return;
    this.#options.instance(link.peer.instance)?.unlinked(link);
  }

  #heard(link: Link, head: unknown): void {
    if (!this.#links.has(link)) return;
    const message = parseWorkerMessage(head);
    if (message === undefined) {
      this.#options.log(
        "warn",
        `${link.peer.instance} said something that makes no sense on its control link`,
      );
      return;
    }
    if (message.type === "resync") this.#sendSnapshot(link);
    else if (message.type === "suspect") this.#options.instance(message.instance)?.suspected();
    else this.#options.instance(link.peer.instance)?.heard(message);
  }

  /** Changes of one tick go out as one delta: when a hundred workers become ready at once, each hears of it once. */
  #changed(delta: RegistryDelta): void {
    this.#changes.push(delta);
    if (this.#changes.length === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    const delta = mergeDeltas(this.#changes);
    this.#changes = [];
    const message = { type: "delta", delta } satisfies SupervisorMessage;
    for (const [link, version] of this.#links) {
      if (version === undefined || version >= delta.to) continue;
      if (version === delta.from && link.buffered <= maxBufferedBytes) {
        link.notify(message);
        this.#links.set(link, delta.to);
      } else this.#sendSnapshot(link);
    }
  }

  #sendSnapshot(link: Link): void {
    if (link.buffered > maxBufferedBytes) {
      this.#links.set(link, undefined);
      void link.drained().then(() => {
        if (this.#links.has(link)) this.#sendSnapshot(link);
      });
      return;
    }
    const snapshot = this.#options.registry.snapshot();
    link.notify({ type: "snapshot", snapshot } satisfies SupervisorMessage);
    this.#links.set(link, snapshot.version);
  }
}
