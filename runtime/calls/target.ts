import type { Balancer } from "../balancer/balancer.ts";
import type { Policy } from "../policy/policy.ts";
import type { RegistryView } from "../registry/view.ts";
import type { PolicyConfig } from "../topology/model.ts";
import type { SpanShape } from "../telemetry/recorder/span-shape.ts";
import type { EdgeTelemetry } from "./edge-telemetry.ts";
import { Endpoint, type EndpointHost } from "./endpoint.ts";
import type { CallContext, CallRequest } from "./mesh.ts";

export interface TargetOptions {
  readonly service: string;
  readonly policy: PolicyConfig;
  readonly policies: readonly Policy[];
  readonly balancer: Balancer;
  /** Whether the balancer looks at keys: making them costs. */
  readonly keyed: boolean;
  readonly hashHeader: string | undefined;
  readonly view: RegistryView;
  readonly host: EndpointHost;
  readonly telemetry: EdgeTelemetry | undefined;
}

/** A callee as one caller sees it: the edge's policy, the balancer, and an endpoint per instance. */
export class Target {
  readonly service: string;
  readonly policy: PolicyConfig;
  readonly policies: readonly Policy[];
  readonly balancer: Balancer;
  readonly telemetry: EdgeTelemetry | undefined;
  /** Links are made when an instance becomes ready and not with the first call. */
  connectsAhead = false;
  readonly #keyed: boolean;
  readonly #hashHeader: string | undefined;
  readonly #view: RegistryView;
  readonly #host: EndpointHost;
  readonly #endpoints = new Map<string, Endpoint>();
  #ready: readonly Endpoint[] = [];
  /** The latest of the endpoints' times: before it, picking has to look at each. */
  #shunnedUntil = 0;
  /** Reused by every pick. */
  readonly #context: { now: number; key: string | undefined } = { now: 0, key: undefined };

  constructor(options: TargetOptions) {
    this.service = options.service;
    this.policy = options.policy;
    this.policies = options.policies;
    this.balancer = options.balancer;
    this.#keyed = options.keyed;
    this.#hashHeader = options.hashHeader?.toLowerCase();
    this.#view = options.view;
    this.#host = options.host;
    this.telemetry = options.telemetry;
    this.refresh();
  }

  /** Follows the registry's view. A draining instance keeps its link until it has stopped: its calls still end there. */
  refresh(): void {
    for (const [id, endpoint] of this.#endpoints) {
      const record = this.#view.get(id);
      if (record?.generation === endpoint.generation && record.state !== "stopped") continue;
      this.#endpoints.delete(id);
      void endpoint.drop();
    }
    this.#ready = this.#view.ready(this.service).map((record) => {
      let endpoint = this.#endpoints.get(record.id);
      if (endpoint === undefined || endpoint.address !== record.address) {
        void endpoint?.drop();
        endpoint = new Endpoint(this.#host, record);
        this.#endpoints.set(record.id, endpoint);
      }
      endpoint.weight = record.weight;
      if (this.connectsAhead && endpoint.link === undefined) endpoint.connect();
      return endpoint;
    });
    this.balancer.changed?.(this.#ready);
  }

  /** Closes the links that nobody used since the last time. Returns whether some are left. */
  release(): boolean {
    let areLeft = false;
    for (const endpoint of this.#endpoints.values()) areLeft = endpoint.release() || areLeft;
    return areLeft;
  }

  owns(endpoint: Endpoint): boolean {
    return this.#endpoints.get(endpoint.id) === endpoint;
  }

  /** Undefined when no instance is ready. Instances in `tried` or shunned are picked only when there is no other. */
  pick(tried: readonly Endpoint[] | undefined, key: string | undefined, now: number): Endpoint | undefined {
    if (this.#ready.length === 0) return undefined;
    const offered =
      tried === undefined && now >= this.#shunnedUntil ? this.#ready : this.#preferred(tried, now);
    this.#context.now = now;
    this.#context.key = key;
    // A balancer picks one of those offered (its conformance suite says so), and these are all endpoints.
    return this.balancer.pick(offered, this.#context) as Endpoint;
  }

  hasOthers(tried: readonly Endpoint[]): boolean {
    return this.#ready.some((endpoint) => !tried.includes(endpoint));
  }

  shun(endpoint: Endpoint, until: number): void {
    endpoint.shunnedUntil = until;
    this.#shunnedUntil = Math.max(this.#shunnedUntil, until);
  }

  /** Of spans of attempts at `endpoint`, where there is telemetry. */
  shapeOf(endpoint: Endpoint): SpanShape {
    endpoint.spanShape ??= this.telemetry!.shapeOf(endpoint.id);
    return endpoint.spanShape;
  }

  /** What consistent-hash hashes: the header asked for, else the user, else the path. */
  keyOf(request: CallRequest, context: CallContext): string | undefined {
    if (!this.#keyed) return undefined;
    if (this.#hashHeader !== undefined) {
      for (let index = 0; index < request.headers.length; index += 2) {
        if (request.headers[index] === this.#hashHeader) return request.headers[index + 1];
      }
    }
    return context.user?.id ?? request.path;
  }

  async stop(): Promise<void> {
    const endpoints = [...this.#endpoints.values()];
    this.#endpoints.clear();
    this.#ready = [];
    await Promise.all(endpoints.map((endpoint) => endpoint.drop()));
  }

  #preferred(tried: readonly Endpoint[] | undefined, now: number): readonly Endpoint[] {
    const untried = this.#ready.filter((endpoint) => tried?.includes(endpoint) !== true);
    const possible = untried.length > 0 ? untried : this.#ready;
    const healthy = possible.filter((endpoint) => endpoint.shunnedUntil <= now);
    return healthy.length > 0 ? healthy : possible;
  }
}
