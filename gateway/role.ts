import type { SubscriptionHandle } from "../runtime/bus/broker.ts";
import type { ProbeReply } from "../runtime/control/messages.ts";
import type { GatewayConfig } from "../runtime/topology/model.ts";
import type { Role, RoleLoad, WorkerRuntime } from "../runtime/worker/role.ts";
import { MicrocosmError } from "../sdk/errors.ts";
import { GatewayApp } from "./app.ts";
import { defaultBounds, type GatewayBounds } from "./bounds.ts";
import type { GatewayMetrics } from "./metrics.ts";
import { HttpServer } from "./http/server.ts";
import { subscribePurges } from "./purges.ts";

/** The gateway as a role, with its counters for whoever collects them. */
export interface GatewayRole extends Role {
  /** Undefined before `start`. */
  readonly metrics: GatewayMetrics | undefined;
}

/** The HTTP entry point. `config` defaults to the worker spec's; `bounds` overrides single bounds. */
export function gatewayRole(config?: GatewayConfig, bounds: Partial<GatewayBounds> = {}): GatewayRole {
  return new Gateway(config, { ...defaultBounds, ...bounds });
}

class Gateway implements GatewayRole {
  readonly #given: GatewayConfig | undefined;
  readonly #bounds: GatewayBounds;
  #runtime: Pick<WorkerRuntime, "clock"> | undefined;
  #app: GatewayApp | undefined;
  #server: HttpServer | undefined;
  #purges: Promise<readonly SubscriptionHandle[]> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(config: GatewayConfig | undefined, bounds: GatewayBounds) {
    this.#given = config;
    this.#bounds = bounds;
  }

  get metrics(): GatewayMetrics | undefined {
    return this.#app?.metrics;
  }

  async start(runtime: WorkerRuntime, phase: (name: string) => void): Promise<{ readonly port: number }> {
    const config = this.#given ?? runtime.spec.gateway;
    if (config === undefined)
      throw new MicrocosmError("topology-invalid", "this worker has no gateway section");
    this.#runtime = runtime;
    this.#app = new GatewayApp(config, runtime, this.#bounds);
    phase("routed");
    const { clock } = runtime;
    const { handle, refuse } = this.#app;
    const { limits } = config;
    this.#server = new HttpServer({
      host: config.host,
      port: config.port,
      sharePort: config.instances > 1,
      maxHeadBytes: limits.headerBytes,
      idleTimeoutMs: limits.idleTimeoutMs,
      headTimeoutMs: limits.requestTimeoutMs,
      drainPollMs: this.#bounds.drainPollMs,
      clock,
      handle,
      refuse,
    });
    const port = this.#server.start();
    phase("listening");
    // Not awaited: the broker may be starting still, and until then a TTL is all that ages an entry.
    this.#purges = subscribePurges(this.#app.caches, runtime);
    return { port };
  }

  async drain(timeoutMs: number): Promise<number> {
    if (this.#app === undefined || this.#server === undefined) return 0;
    this.#app.draining = true;
    this.#app.streams.closeAll();
    return this.#server.drain(timeoutMs);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#close();
    return this.#stopped;
  }

  async #close(): Promise<void> {
    if (this.#app !== undefined) this.#app.draining = true;
    this.#app?.streams.closeAll();
    this.#server?.stop();
    await this.#unsubscribe();
  }

  /** Without a broker this would wait for ever; subscriptions of a worker that ended are forgotten anyway. */
  async #unsubscribe(): Promise<void> {
    const { clock } = this.#runtime ?? {};
    if (this.#purges === undefined || clock === undefined) return;
    const stopped = this.#purges.then((handles) => Promise.all(handles.map((handle) => handle.stop())));
    let cancel = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = clock.after(this.#bounds.unsubscribeTimeoutMs, resolve);
    });
    await Promise.race([stopped, late]);
    cancel();
  }

  async health(): Promise<ProbeReply> {
    return this.#server === undefined ? { ok: false, reason: "not listening" } : { ok: true };
  }

  load(): RoleLoad {
    const { requests, errors } = this.#app?.metrics.totals() ?? { requests: 0, errors: 0 };
    return { pending: this.#server?.pending ?? 0, calls: requests, errors };
  }
}
