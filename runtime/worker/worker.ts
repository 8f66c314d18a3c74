import { AsyncLocalStorage } from "node:async_hooks";
import { MicrocosmError } from "../../sdk/errors.ts";
import type { Logger, RequestInfo } from "../../sdk/service.ts";
import { BrokerClient } from "../bus/client.ts";
import { MeshClient } from "../calls/client.ts";
import type { Clock, Random } from "../clock.ts";
import type { SupervisorMessage, WorkerMessage } from "../control/messages.ts";
import { RegistryView } from "../registry/view.ts";
import type { Recorder } from "../telemetry/recorder/recorder.ts";
import type { IncomingCall, Link, Peer, Transport } from "../transport/transport.ts";
import { connectControl } from "./control-link.ts";
import { Heartbeat } from "./heartbeat.ts";
import { stackOf } from "./problems.ts";
import type { Role, RoleLoad } from "./role.ts";
import type { WorkerSpec } from "./spec.ts";
import { WorkerTelemetry } from "./worker-telemetry.ts";

export interface WorkerOptions {
  readonly spec: WorkerSpec;
  readonly roleOf: (spec: WorkerSpec) => Promise<Role>;
  readonly transport: Transport;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** Milliseconds since the worker's process began. */
  readonly elapsedMs: () => number;
  /** Told with each beat while there is work. */
  readonly busy?: () => void;
  /** For the role, in a process of its own. Default none. */
  readonly collectGarbage?: (() => void) | undefined;
  /** The same. */
  readonly giveWay?: (() => Promise<void>) | undefined;
  /** Default none: nothing is recorded. */
  readonly recorder?: Recorder | undefined;
  /** Where the role keeps the request at work, for who must know it outside of the role. Default one of its own. */
  readonly scope?: AsyncLocalStorage<RequestInfo>;
}

/** `failed`: it could not start. `ended`: it was asked to end, or its supervisor is gone. */
export type WorkerOutcome = "failed" | "ended";

/** Without a supervisor nobody sends new work, and nobody would miss what takes longer than this. */
const orphanDrainMs = 1000;
/** How long a worker that is stopped while it starts waits for the start to come to something. */
const leastStartWaitMs = 1000;
/** How long the last words wait for a link to the supervisor. */
const linkWaitMs = 1000;
/** What a service must not lose is in its outbox, so a worker that ends does not wait long for the broker. */
const brokerLimits = { stopTimeoutMs: 500 };

/**
 * A role and what connects it to the rest: the control link, the registry's view, mesh and broker.
 *
 * ```
 * idle ─start─▶ starting ─▶ ready ─drain─▶ ending ─▶ over
 *                  └────────failed───────────┘
 * ```
 * It ends when the supervisor says `drain`, when the control link closes, or when the role cannot start.
 */
export class Worker {
  /** Resolves when all is closed. */
  readonly exited: Promise<WorkerOutcome>;
  readonly #options: WorkerOptions;
  readonly #self: Peer;
  readonly #view: RegistryView;
  readonly #mesh: MeshClient;
  readonly #broker: BrokerClient;
  readonly #telemetry: WorkerTelemetry | undefined;
  readonly #exit = Promise.withResolvers<WorkerOutcome>();
  #role: Role | undefined;
  #link: Link | undefined;
  #heartbeat: Heartbeat | undefined;
  #connecting: Promise<void> = Promise.resolve();
  #started: Promise<void> = Promise.resolve();
  #state: "idle" | "starting" | "ready" | "ending" | "over" = "idle";

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.exited = this.#exit.promise;
    const { spec, transport, clock, random, recorder } = options;
    const { service, instance, generation, uses, services, balancers } = spec;
    const self = { service, instance, generation };
    this.#self = self;
    this.#view = new RegistryView({ clock });
    this.#mesh = new MeshClient({
      self,
      transport,
      view: this.#view,
      uses,
      services,
      balancers,
      clock,
      random,
      recorder,
      onSuspect: (suspect, reason) => this.#say({ type: "suspect", instance: suspect, reason }),
    });
    const locate = async (deadline: number) => {
      await this.#view.waitReady("broker", deadline);
      return this.#view.ready("broker")[0]?.address ?? "";
    };
    this.#broker = new BrokerClient({
      transport,
      self,
      locate,
      clock,
      random,
      log: options.log,
      limits: brokerLimits,
    });
    const load = () => this.#load();
    this.#telemetry =
      recorder && new WorkerTelemetry({ recorder, self, transport, view: this.#view, clock, load });
  }

  /** Resolves when the worker is ready, or has failed and is over; the supervisor knows of either. */
  start(): Promise<void> {
    if (this.#state === "idle") {
      this.#state = "starting";
      this.#started = this.#start();
    }
    return this.#started;
  }

  async #start(): Promise<void> {
    const { spec, roleOf, transport, log, clock, random, elapsedMs, recorder } = this.#options;
    const { collectGarbage, giveWay } = this.#options;
    const scope = this.#options.scope ?? new AsyncLocalStorage<RequestInfo>();
    const phases: Record<string, number> = {};
    const phase = (name: string) => {
      phases[name] = Math.round(elapsedMs() * 10) / 10;
    };
    try {
      // Side by side: neither needs the other before both are done.
      this.#connecting = this.#connect();
      this.#connecting.catch(() => {});
      this.#role = await roleOf(spec);
      const started = await this.#role.start(
        {
          spec,
          self: this.#self,
          transport,
          mesh: this.#mesh,
          broker: this.#broker,
          log,
          clock,
          random,
          recorder,
          scope,
          collectGarbage,
          giveWay,
          isReady: (service) => this.#view.isReady(service),
          onRegistryChange: (listener) => this.#view.onChange(listener),
          stir: () => this.#heartbeat?.stir(),
        },
        phase,
      );
      await this.#connecting;
      if (this.#state !== "starting") return;
      this.#becomeReady(started.port, phases);
    } catch (error) {
      await this.#fail(error);
    }
  }

  /** Takes nothing new, waits `timeoutMs` for what is under way, closes everything. Further calls wait for the first. */
  async drain(timeoutMs: number): Promise<WorkerOutcome> {
    if (this.#state === "ending" || this.#state === "over") return this.exited;
    const wasStarting = this.#state === "starting";
    this.#state = "ending";
    // What a role opens while it starts can be closed only once it has.
    if (wasStarting) await Promise.race([this.#started, Bun.sleep(Math.max(timeoutMs, leastStartWaitMs))]);
    const unfinished = await this.#guarded("drain", async () => this.#role?.drain(timeoutMs));
    await this.#close({ type: "drained", unfinished: unfinished ?? 0 });
    this.#exit.resolve("ended");
    return this.exited;
  }

  /** As drain, without waiting for what is under way. Idempotent. */
  async stop(): Promise<void> {
    await this.drain(0);
  }

  /** Gives the observer what it was not told yet; nothing that is recorded later is told. For a process that must end now. */
  async tellRest(): Promise<void> {
    await this.#telemetry?.stop();
  }

  #becomeReady(port: number | undefined, phases: Readonly<Record<string, number>>): void {
    const { spec, clock, elapsedMs } = this.#options;
    this.#state = "ready";
    const bootMs = Math.round(elapsedMs() * 10) / 10;
    const where = port === undefined ? {} : { port };
    this.#say({ type: "ready", address: spec.address, bootMs, phases, ...where });
    this.#heartbeat = new Heartbeat({
      intervalMs: spec.supervisor.heartbeatMs,
      restMs: this.#role?.mayRest === true ? spec.supervisor.restMs : 0,
      clock,
      load: () => this.#load(),
      beat: (message, urgent) => {
        if (message.calls > 0 || message.pending > 0) this.#options.busy?.();
        this.#telemetry?.beat(message.loopDelayMs);
        this.#say(message);
        if (urgent) this.#link?.flush();
      },
    });
    this.#heartbeat.start();
    this.#mesh.connectAhead();
    this.#telemetry?.start();
  }

  #load(): RoleLoad {
    return this.#role?.load() ?? { pending: 0, calls: 0, errors: 0 };
  }

  async #connect(): Promise<void> {
    const { spec, transport } = this.#options;
    this.#link = await connectControl(spec.controlAddress, transport, {
      self: this.#self,
      handler: {
        call: (call) => void this.#asked(call),
        notify: (_link, head) => this.#told(head as SupervisorMessage),
        closed: () => this.#orphaned(),
      },
    });
  }

  #told(message: SupervisorMessage): void {
    switch (message.type) {
      case "snapshot":
        this.#view.apply(message.snapshot);
        break;
      case "delta":
        if (!this.#view.applyDelta(message.delta)) this.#say({ type: "resync" });
        break;
      case "drain":
        void this.drain(message.timeoutMs);
        break;
      case "rouse":
        this.#heartbeat?.stir();
        break;
      case "probe":
        break;
    }
  }

  /** The one thing a supervisor asks is how the role is. */
  async #asked(call: IncomingCall): Promise<void> {
    try {
      call.reply((await this.#role?.health()) ?? { ok: false, reason: "starting" }, null);
    } catch (error) {
      call.reply({ ok: false, reason: messageOf(error) }, null);
    }
  }

  #orphaned(): void {
    if (this.#state === "ending" || this.#state === "over") return;
    this.#options.log.warn("The supervisor is gone; ending");
    void this.drain(orphanDrainMs);
  }

  async #fail(error: unknown): Promise<void> {
    if (this.#state !== "starting") return;
    this.#state = "ending";
    const code = error instanceof MicrocosmError ? error.code : "service-load-failed";
    const fields =
      error instanceof MicrocosmError ? { code, hint: error.hint } : { code, stack: stackOf(error) };
    this.#options.log.error(`Cannot start: ${messageOf(error)}`, fields);
    await this.#close({ type: "failed", code, message: messageOf(error) });
    this.#exit.resolve("failed");
  }

  /** `last` is said when the role is closed: what it had to write is written then. */
  async #close(last: WorkerMessage): Promise<void> {
    this.#heartbeat?.stop();
    await this.#guarded("stop", async () => this.#role?.stop());
    await this.#guarded("stop", async () => {
      await Promise.all([this.#mesh.stop(), this.#broker.stop()]);
    });
    // A start may fail before the link is there over which to say so, and over which it hears of the observer.
    await Promise.race([this.#connecting.catch(() => {}), Bun.sleep(linkWaitMs)]);
    await this.#guarded("stop", () => this.tellRest());
    this.#say(last);
    this.#state = "over";
    await this.#guarded("stop", async () => this.#link?.close());
  }

  #say(message: WorkerMessage): void {
    if (this.#link?.open) this.#link.notify(message);
  }

  /** An end that fails halfway must not keep the rest from ending. */
  async #guarded<R>(what: string, work: () => Promise<R>): Promise<R | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#options.log.error(`${what} failed`, { stack: stackOf(error) });
      return undefined;
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
