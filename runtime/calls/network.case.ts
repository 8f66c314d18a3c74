import { MemoryRegistry } from "../registry/memory-registry.ts";
import type { InstanceState } from "../registry/registry.ts";
import { RegistryView } from "../registry/view.ts";
import { seededRandom, systemClock } from "../clock.ts";
import type { EdgeConfig } from "../topology/model.ts";
import type { IncomingBody, Listener, Peer, Transport } from "../transport/transport.ts";
import { MeshClient, type MeshClientOptions } from "./client.ts";
import type { CallContext, CallRequest } from "./mesh.ts";
import type { ServedCall } from "./served-call.ts";
import { CallServer, type CallServerOptions } from "./server.ts";
import { newTraceparent } from "./trace.ts";

export const random = seededRandom(7);

export interface TestTransport {
  readonly transport: Transport;
  address(instance: string): string;
}

export interface NodeOptions
  extends Partial<Pick<MeshClientOptions, "balancers" | "policies" | "shunMs" | "releaseMs" | "recorder">> {
  readonly uses?: readonly (string | EdgeConfig)[];
  readonly callers?: readonly string[];
  readonly generation?: number;
  readonly handler?: (call: ServedCall, node: Node) => unknown;
  readonly server?: Partial<CallServerOptions>;
  /** Default ready. */
  readonly state?: "starting" | "ready";
}

/** Several workers' calls parts in this process, over a real transport and one registry. */
export class Network {
  readonly registry = new MemoryRegistry();
  readonly #kind: TestTransport;
  readonly #services: readonly string[];
  readonly #nodes: Node[] = [];

  constructor(kind: TestTransport, services: readonly string[] = ["orders", "catalog", "inventory"]) {
    this.#kind = kind;
    this.#services = services;
  }

  async add(instance: string, options: NodeOptions = {}): Promise<Node> {
    const service = instance.replace(/-\d+$/, "");
    const self = { service, instance, generation: options.generation ?? 1 };
    const { transport } = this.#kind;
    const node = new Node(self, transport, this.registry, options, this.#services);
    await node.listen(this.#kind.address(instance));
    this.put(self, "starting");
    if (options.state !== "starting") this.put(self, "ready");
    this.#nodes.push(node);
    return node;
  }

  put({ service, instance, generation }: Peer, state: InstanceState, weight = 1): void {
    const address = this.#kind.address(instance);
    this.registry.put({
      id: instance,
      service,
      version: "1.0.0",
      generation,
      state,
      address,
      weight,
      since: 0,
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.stop()));
  }
}

export class Node {
  readonly peer: Peer;
  readonly client: MeshClient;
  readonly server: CallServer;
  readonly suspects: string[] = [];
  /** Calls its handler saw. */
  readonly seen: ServedCall[] = [];
  /** Made to it so far, and those of them that are open. */
  links = 0;
  openLinks = 0;
  readonly #transport: Transport;
  #listener: Listener | undefined;

  constructor(
    peer: Peer,
    transport: Transport,
    registry: MemoryRegistry,
    options: NodeOptions,
    services: readonly string[],
  ) {
    this.peer = peer;
    this.#transport = transport;
    const view = new RegistryView();
    view.apply(registry.snapshot());
    registry.watch((delta) => view.applyDelta(delta));
    this.client = new MeshClient({
      self: peer,
      transport,
      view,
      uses: (options.uses ?? []).map((edge) => (typeof edge === "string" ? edgeTo(edge) : edge)),
      services,
      balancers: options.balancers ?? {},
      clock: systemClock,
      random,
      onSuspect: (instance) => this.suspects.push(instance),
      recorder: options.recorder,
      ...(options.policies && { policies: options.policies }),
      ...(options.shunMs !== undefined && { shunMs: options.shunMs }),
      ...(options.releaseMs !== undefined && { releaseMs: options.releaseMs }),
    });
    const handler = options.handler ?? ((call: ServedCall) => call.reply(200, [], peer.instance));
    this.server = new CallServer({
      self: peer,
      callers: options.callers ?? ["gateway", "orders", "catalog", "inventory"],
      maxConcurrency: 64,
      random,
      handler: (call) => {
        this.seen.push(call);
        void handler(call, this);
      },
      ...options.server,
    });
  }

  async listen(address: string): Promise<void> {
    this.#listener = await this.#transport.listen(address, {
      self: this.peer,
      handler: {
        call: (call) => this.server.call(call),
        opened: (link) => {
          this.links++;
          this.openLinks++;
          this.server.opened(link);
        },
        closed: (link) => {
          this.openLinks--;
          this.server.closed(link);
        },
      },
    });
  }

  get(service: string, path = "/", context: CallContext = contextOf()) {
    return this.client.call(service, request("GET", path), context);
  }

  /** As the callee's death looks to its callers. */
  async die(): Promise<void> {
    await this.#listener?.stop();
    await this.server.stop();
  }

  async stop(): Promise<void> {
    await this.client.stop();
    await this.die();
  }
}

export function edgeTo(service: string, timeoutMs = 10_000, retries = 2): EdgeConfig {
  return { service, policy: { name: "test", timeoutMs, retries } };
}

export function request(method: string, path = "/", more: Partial<CallRequest> = {}): CallRequest {
  return { method, path, headers: [], body: null, ...more };
}

export function contextOf(more: Partial<CallContext> = {}): CallContext {
  return { deadline: Date.now() + 10_000, traceparent: newTraceparent(random), ...more };
}

export async function textOf(body: IncomingBody): Promise<string> {
  return new Response(body as BodyInit).text();
}

/** Waits for something that another part does in its own time. */
export async function until(holds: () => boolean): Promise<void> {
  for (let waitedMs = 0; !holds(); waitedMs += 5) {
    if (waitedMs > 5_000) throw new Error(`did not come about: ${holds}`);
    await Bun.sleep(5);
  }
}
