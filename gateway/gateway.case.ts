/** A whole gateway on a real socket, with a mesh whose services are functions of the test. */
import { connect, type Socket } from "node:net";
import type { Broker, Delivery, SubscribeOptions } from "../runtime/bus/broker.ts";
import type {
  CallContext,
  CallReceiver,
  CallReply,
  CallRequest,
  HeaderList,
  Mesh,
} from "../runtime/calls/mesh.ts";
import { type Clock, seededRandom, systemClock } from "../runtime/clock.ts";
import type { GatewayConfig, RouteConfig } from "../runtime/topology/model.ts";
import type { WorkerRuntime } from "../runtime/worker/role.ts";
import { MicrocosmError } from "../sdk/errors.ts";
import type { Logger } from "../sdk/service.ts";
import type { GatewayBounds } from "./bounds.ts";
import { type GatewayRole, gatewayRole } from "./role.ts";

export interface Call {
  readonly service: string;
  readonly request: CallRequest;
  readonly context: CallContext;
}

export type FakeService = (call: Call) => FakeReply | Promise<FakeReply>;

export interface FakeReply {
  readonly status?: number;
  readonly headers?: HeaderList;
  readonly body?: CallReply["body"] | string;
}

/** Like the real mesh towards its callers: deadlines and signals end a call, an unknown service is an error. */
export class FakeMesh implements Mesh {
  readonly calls: Call[] = [];
  readonly services: Record<string, FakeService>;

  constructor(services: Record<string, FakeService>) {
    this.services = services;
  }

  send(service: string, request: CallRequest, context: CallContext, receiver: CallReceiver): void {
    this.call(service, request, context).then(
      (reply) => receiver.replied(reply),
      (error) => receiver.failed(error),
    );
  }

  call(service: string, request: CallRequest, context: CallContext): Promise<CallReply> {
    const call = { service, request, context };
    this.calls.push(call);
    const answer = this.services[service];
    if (answer === undefined) {
      return Promise.reject(
        new MicrocosmError("no-ready-instance", `no instance of ${service} at /secret/path`),
      );
    }
    return new Promise((resolve, reject) => {
      const cancelled = () => reject(new MicrocosmError("cancelled", "the caller left"));
      context.signal?.addEventListener("abort", cancelled);
      const late = setTimeout(
        () => reject(new MicrocosmError("deadline-exceeded", "too late")),
        Math.max(0, context.deadline - Date.now()),
      );
      Promise.resolve()
        .then(() => answer(call))
        .then(({ status = 200, headers = jsonHeaders, body = "{}" }) => {
          const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
          resolve({ status, headers, body: bytes, instance: `${service}-1` });
        }, reject)
        .finally(() => clearTimeout(late));
    });
  }
}

export const jsonHeaders: HeaderList = ["content-type", "application/json"];

/** A broker of which only `subscribe` is used; `emit` delivers. */
export class FakeBroker {
  readonly subscriptions: SubscribeOptions[] = [];
  stopped = 0;
  answers = true;

  async subscribe(options: SubscribeOptions) {
    if (!this.answers) await new Promise(() => {});
    this.subscriptions.push(options);
    return {
      stop: async () => {
        this.stopped++;
      },
    };
  }

  async emit(topic: string): Promise<void> {
    const to = this.subscriptions.filter((subscription) => subscription.topic === topic);
    await Promise.all(to.map((subscription) => subscription.handler({ event: { topic } } as Delivery)));
  }
}

export class FakeLog implements Logger {
  readonly lines: string[] = [];
  debug = (message: string) => void this.lines.push(message);
  info = this.debug;
  warn = this.debug;
  error = this.debug;
  notice = this.debug;
}

/** A clock whose `now` the test moves; timers are real, so that nothing hangs. */
export class MovableClock implements Clock {
  offsetMs = 0;
  now = () => Date.now() + this.offsetMs;
  after = systemClock.after;
}

export function route(path: string, more: Partial<RouteConfig> = {}): RouteConfig {
  return {
    path,
    methods: ["GET"],
    auth: "none",
    roles: [],
    timeoutMs: 5_000,
    target: { kind: "service", service: "echo", rewrite: path },
    ...more,
  };
}

export function configOf(config: Partial<GatewayConfig> = {}): GatewayConfig {
  return {
    host: "127.0.0.1",
    port: 0,
    instances: 1,
    compression: true,
    limits: {
      bodyBytes: 256 * 1024,
      headerBytes: 16 * 1024,
      idleTimeoutMs: 10_000,
      requestTimeoutMs: 10_000,
    },
    routes: [],
    static: [],
    uses: [],
    ...config,
  };
}

export interface RunningGateway {
  readonly role: GatewayRole;
  readonly port: number;
  readonly mesh: FakeMesh;
  readonly broker: FakeBroker;
  readonly log: FakeLog;
  readonly notReady: Set<string>;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  raw(localAddress?: string): RawClient;
}

export interface RunOptions {
  readonly config?: Partial<GatewayConfig>;
  readonly services?: Record<string, FakeService>;
  readonly clock?: Clock;
  readonly bounds?: Partial<GatewayBounds>;
  /** Default true. */
  readonly brokerAnswers?: boolean;
}

/** Starts gateways and stops them all in `stopAll`, to be called after each test. */
export class Gateways {
  readonly #roles: GatewayRole[] = [];

  async start(options: RunOptions = {}): Promise<RunningGateway> {
    const { config, services, clock = systemClock, bounds } = options;
    const mesh = new FakeMesh(services ?? { echo: () => ({}) });
    const broker = new FakeBroker();
    broker.answers = options.brokerAnswers ?? true;
    const log = new FakeLog();
    const notReady = new Set<string>();
    const role = gatewayRole(configOf(config), bounds);
    this.#roles.push(role);
    const { port } = await role.start(runtimeOf({ mesh, broker, log, clock, notReady }), () => {});
    return {
      role,
      port: port!,
      mesh,
      broker,
      log,
      notReady,
      fetch: (path, init) => fetch(`http://127.0.0.1:${port}${path}`, { redirect: "manual", ...init }),
      raw: (localAddress) => new RawClient(port!, localAddress),
    };
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.#roles.splice(0).map((role) => role.stop()));
  }
}

interface RuntimeParts {
  readonly mesh: Mesh;
  readonly broker: FakeBroker;
  readonly log: Logger;
  readonly clock: Clock;
  readonly notReady: ReadonlySet<string>;
}

function runtimeOf({ mesh, broker, log, clock, notReady }: RuntimeParts): WorkerRuntime {
  return {
    self: { service: "gateway", instance: "gateway-1", generation: 1 },
    mesh,
    broker: broker as unknown as Broker,
    log,
    clock,
    random: seededRandom(7),
    isReady: (service: string) => !notReady.has(service),
  } as unknown as WorkerRuntime;
}

/** A client that speaks bytes. */
export class RawClient {
  readonly socket: Socket;
  received = "";
  closed = false;

  constructor(port: number, localAddress = "127.0.0.1") {
    this.socket = connect({ port, host: "127.0.0.1", localAddress });
    this.socket.on("data", (data) => {
      this.received += data.toString("latin1");
    });
    this.socket.on("close", () => {
      this.closed = true;
    });
    this.socket.on("error", () => {});
  }

  send(text: string): void {
    if (!this.socket.destroyed) this.socket.write(text);
  }

  until(condition: (client: RawClient) => boolean, timeoutMs = 10_000): Promise<void> {
    return eventually(
      () => condition(this),
      timeoutMs,
      () => `received: ${this.received.slice(0, 500)}`,
    );
  }

  close(): void {
    this.socket.destroy();
  }
}

/** Waits for a condition; throws when it does not come true within the generous bound. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
  describe: () => string = () => "",
): Promise<void> {
  const until = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > until) throw new Error(`not within ${timeoutMs} ms; ${describe()}`);
    await Bun.sleep(5);
  }
}

/** Sends an event at once and one more for each call of `next`. */
export function eventStream() {
  const state = { next: () => {}, cancelled: false, aborted: false };
  const service: FakeService = ({ context }) => {
    context.signal!.addEventListener("abort", () => {
      state.aborted = true;
    });
    const encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        let count = 0;
        state.next = () => controller.enqueue(encoder.encode(`data: ${++count}\n\n`));
        state.next();
      },
      cancel() {
        state.cancelled = true;
      },
    });
    return { headers: ["content-type", "text/event-stream"], body };
  };
  return { state, service };
}
