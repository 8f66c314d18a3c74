import { MicrocosmError } from "../../sdk/errors.ts";
import { createBalancer } from "../balancer/index.ts";
import { alignedDelay, type Clock, type Random } from "../clock.ts";
import type { Policy } from "../policy/policy.ts";
import { effectiveDeadline, noDeadline } from "../policy/timeout.ts";
import type { RegistryView } from "../registry/view.ts";
import type { EdgeConfig, PolicyConfig, ServiceConfig } from "../topology/model.ts";
import type { Peer, Transport } from "../transport/transport.ts";
import type { Recorder } from "../telemetry/recorder/recorder.ts";
import { EdgeTelemetry } from "./edge-telemetry.ts";
import { edgeNotDeclared, unknownService } from "./edges.ts";
import type { Endpoint } from "./endpoint.ts";
import type { CallContext, CallReceiver, CallReply, CallRequest, Mesh } from "./mesh.ts";
import { type CallHost, PendingCall } from "./pending-call.ts";
import { Target } from "./target.ts";

export interface MeshClientOptions {
  readonly self: Peer;
  readonly transport: Transport;
  readonly view: RegistryView;
  readonly uses: readonly EdgeConfig[];
  /** All service names of the topology. */
  readonly services: readonly string[];
  /** By callee; round-robin for one that is not there. */
  readonly balancers: Readonly<Record<string, Pick<ServiceConfig, "balancer" | "hashHeader">>>;
  readonly clock: Clock;
  readonly random: Random;
  /** Passive health: a link broke or could not be made. Said once per instance and `shunMs`. */
  readonly onSuspect?: (instance: string, reason: string) => void;
  /** Breakers, bulkheads and the like of an edge, made when it is first used. Default none. */
  readonly policies?: (edge: EdgeConfig) => readonly Policy[];
  /** How long an instance whose link broke is left alone while there are others. Default 1000. */
  readonly shunMs?: number;
  /**
   * Between looks at which links were used: one is closed after once to twice this without a call. Default 20,000. Bun
   * wakes both of its processes in each second that it is there, which is most of what a service at rest would cost.
   */
  readonly releaseMs?: number;
  /** Where spans and durations of calls go. Default nowhere. */
  readonly recorder?: Recorder | undefined;
}

/** For callees that need no declared edge: the context's deadline alone bounds these calls. */
const undeclaredPolicy: PolicyConfig = { name: "undeclared", timeoutMs: noDeadline, retries: 2 };
/** Infrastructure: anyone may call it, declared or not. */
const builtIn: ReadonlySet<string> = new Set(["broker", "observer"]);
const supervisor = "supervisor";

/**
 * The caller's side of all calls of one worker. Waits for a ready instance, picks one, keeps a link to each, retries
 * as policy/retry.ts says. Edges that `uses` does not declare are refused here, except to the broker and the
 * observer, and from the supervisor.
 *
 * A call that finds no ready instance until its deadline ends as `no-ready-instance`: it was never sent, so trying again
 * is safe. One whose time ran out while it was under way ends as `deadline-exceeded`.
 */
export class MeshClient implements Mesh {
  readonly #options: MeshClientOptions;
  readonly #shunMs: number;
  readonly #releaseMs: number;
  readonly #uses: ReadonlyMap<string, EdgeConfig>;
  readonly #targets = new Map<string, Target>();
  readonly #host: CallHost;
  readonly #unwatch: () => void;
  #cancelRelease: (() => void) | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: MeshClientOptions) {
    this.#options = options;
    this.#shunMs = options.shunMs ?? 1_000;
    if (!(this.#shunMs >= 0)) throw new RangeError(`shunMs: expected 0 or more, got ${this.#shunMs}`);
    this.#releaseMs = options.releaseMs ?? 20_000;
    if (!(this.#releaseMs > 0))
      throw new RangeError(`releaseMs: expected more than 0, got ${this.#releaseMs}`);
    this.#uses = new Map(options.uses.map((edge) => [edge.service, edge]));
    const { clock, random, view } = options;
    this.#host = { clock, random, view, parked: new Set() };
    this.#unwatch = view.onChange((services) => {
      for (const service of services) this.#targets.get(service)?.refresh();
    });
  }

  call(service: string, request: CallRequest, context: CallContext): Promise<CallReply> {
    return new Promise((replied, failed) => this.send(service, request, context, { replied, failed }));
  }

  send(service: string, request: CallRequest, context: CallContext, receiver: CallReceiver): void {
    let target = this.#targets.get(service);
    if (target === undefined) {
      try {
        target = this.#addTarget(service);
      } catch (error) {
        receiver.failed(error as MicrocosmError);
        return;
      }
    }
    if (this.#stopped !== undefined) {
      receiver.failed(this.#stopping());
      return;
    }
    const now = this.#options.clock.now();
    const deadline = effectiveDeadline(context.deadline, now, target.policy.timeoutMs);
    new PendingCall(this.#host, target, request, context, deadline, receiver).start(now);
  }

  /** Makes the links to the declared callees now, and to their further instances as these become ready. */
  connectAhead(): void {
    for (const { service } of this.#options.uses) {
      const target = this.#targets.get(service) ?? this.#addTarget(service);
      target.connectsAhead = true;
      target.refresh();
    }
  }

  /** Refuses new calls, ends those that wait, closes the links: what is under way ends as `link-closed`. Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#unwatch();
    this.#cancelRelease?.();
    for (const call of [...this.#host.parked]) call.abandon(this.#stopping());
    await Promise.all([...this.#targets.values()].map((target) => target.stop()));
    // The closing links failed their calls, some of which had set out to try again.
    for (const call of [...this.#host.parked]) call.abandon(this.#stopping());
  }

  #stopping(): MicrocosmError {
    return new MicrocosmError("link-closed", `${this.#options.self.instance} is stopping`);
  }

  /** Throws `unknown-service`, `edge-not-declared`. */
  #addTarget(service: string): Target {
    const { self, services, balancers, random, view, transport, clock, recorder } = this.#options;
    const edge = this.#uses.get(service);
    const exempt = builtIn.has(service) || self.service === supervisor;
    if (edge === undefined) {
      const exists = builtIn.has(service) || services.includes(service);
      if (!exists && !view.has(service)) throw unknownService(service, self.service, services);
      if (!exempt) throw edgeNotDeclared(self.service, service);
    }
    const { balancer, hashHeader } = balancers[service] ?? { balancer: "round-robin" };
    const target: Target = new Target({
      service,
      policy: edge?.policy ?? undeclaredPolicy,
      policies: (edge !== undefined && this.#options.policies?.(edge)) || [],
      balancer: createBalancer(balancer, { random }),
      telemetry: recorder && new EdgeTelemetry(recorder, service),
      keyed: balancer === "consistent-hash",
      hashHeader,
      view,
      host: {
        self,
        transport,
        clock,
        linked: () => this.#armRelease(),
        suspect: (endpoint, reason) => this.#suspect(target, endpoint, reason),
      },
    });
    this.#targets.set(service, target);
    return target;
  }

  #armRelease(): void {
    if (this.#cancelRelease !== undefined || this.#stopped !== undefined) return;
    const { clock } = this.#options;
    this.#cancelRelease = clock.after(alignedDelay(clock.now(), this.#releaseMs), () => {
      this.#cancelRelease = undefined;
      let areLeft = false;
      for (const target of this.#targets.values()) areLeft = target.release() || areLeft;
      if (areLeft) this.#armRelease();
    });
  }

  #suspect(target: Target, endpoint: Endpoint, reason: string | undefined): void {
    if (!target.owns(endpoint)) return;
    const now = this.#options.clock.now();
    const known = now < endpoint.shunnedUntil;
    target.shun(endpoint, now + this.#shunMs);
    if (!known && reason !== undefined) this.#options.onSuspect?.(endpoint.id, reason);
  }
}
