import { MicrocosmError } from "../../sdk/errors.ts";
import type { EventSchemas } from "../../sdk/event.ts";
import type { Schema } from "../../sdk/service.ts";
import { CallServer } from "../calls/server.ts";
import { ServerTelemetry } from "../calls/server-telemetry.ts";
import type { ProbeReply } from "../control/messages.ts";
import type { ServiceConfig, TopicsConfig } from "../topology/model.ts";
import type { Listener } from "../transport/transport.ts";
import { type EmbeddedModules, loadService } from "./loader.ts";
import { stackOf } from "./problems.ts";
import type { Role, RoleLoad, WorkerRuntime } from "./role.ts";
import { ServiceHost } from "./service-host.ts";
import type { WorkerSpec } from "./spec.ts";

export function serviceRole(spec: WorkerSpec, embedded: EmbeddedModules = {}): Role {
  if (spec.config === undefined)
    throw new MicrocosmError("internal", `The spec of ${spec.instance} has no config`);
  return new ServiceRole(spec.config, embedded);
}

/** A worker that is an instance of a service. */
class ServiceRole implements Role {
  readonly #config: ServiceConfig;
  readonly #embedded: EmbeddedModules;
  #host: ServiceHost<Schema, EventSchemas> | undefined;
  #server: CallServer | undefined;
  #listener: Listener | undefined;
  #quiet: Promise<void> | undefined;
  #unwatch: (() => void) | undefined;
  /** Not with a health check of its own, which may look at more than this process. */
  mayRest = false;

  constructor(config: ServiceConfig, embedded: EmbeddedModules) {
    this.#config = config;
    this.#embedded = embedded;
  }

  async start(runtime: WorkerRuntime, phase: (name: string) => void): Promise<Record<never, never>> {
    const { spec, self, transport, clock, random, log, recorder, scope } = runtime;
    const definition = await loadService(this.#config.source, this.#embedded);
    phase("loaded");
    const host = new ServiceHost({
      definition,
      service: spec.service,
      instance: spec.instance,
      file: `${spec.dataDirectory}/${spec.service}.sqlite`,
      durability: this.#config.durability,
      env: environment(this.#config.env),
      mesh: runtime.mesh,
      broker: runtime.broker,
      clock,
      random,
      log,
      recorder,
      scope,
      topics: knownTopics(spec.topics),
      stir: runtime.stir,
    });
    this.#host = host;
    this.mayRest = definition.health === undefined;
    await host.start(phase);
    // An instance that died may have left events in the outbox that it did not send any more.
    this.#unwatch = runtime.onRegistryChange((services) => {
      if (services.has(spec.service)) host.relay.wake();
    });
    this.#server = new CallServer({
      self,
      callers: this.#config.callers,
      maxConcurrency: this.#config.maxConcurrency,
      handler: (call) => host.dispatch(call),
      clock,
      random,
      telemetry: recorder && new ServerTelemetry({ recorder, patternOf: (route) => host.patternOf(route) }),
    });
    this.#listener = await transport.listen(spec.address, { self, handler: this.#server });
    phase("listening");
    // Not waited for: an instance that starts while the broker is away answers calls all the same, and what is
    // published meanwhile is delivered when the subscription is there.
    host.subscriptions.start().catch((error) => {
      if (this.#quiet === undefined) log.error("A subscription could not be made", { stack: stackOf(error) });
    });
    return {};
  }

  async drain(timeoutMs: number): Promise<number> {
    this.#server?.drain();
    this.#quiet ??= this.#host?.quiesce() ?? Promise.resolve();
    const [unfinished] = await Promise.all([
      this.#server?.idle(timeoutMs),
      Promise.race([this.#quiet, Bun.sleep(timeoutMs)]),
    ]);
    return (unfinished ?? 0) + (this.#host?.subscriptions.pending ?? 0);
  }

  async stop(): Promise<void> {
    this.#unwatch?.();
    await this.#listener?.stop();
    await this.#server?.stop();
    await this.#host?.stop();
  }

  health(): Promise<ProbeReply> {
    return this.#host?.health() ?? Promise.resolve({ ok: false, reason: "starting" });
  }

  load(): RoleLoad {
    const { pending, calls, errors } = this.#server?.load ?? { pending: 0, calls: 0, errors: 0 };
    return { pending: pending + (this.#host?.subscriptions.pending ?? 0), calls, errors };
  }
}

/** The process's variables without the worker's own, and `env:` of topology.yaml over them. */
function environment(own: Readonly<Record<string, string>>): Record<string, string | undefined> {
  const { MICROCOSM_WORKER: _spec, ...inherited } = process.env;
  return { ...inherited, ...own };
}

/** Undefined when any topic may come to be. */
function knownTopics(topics: TopicsConfig | undefined): ReadonlySet<string> | undefined {
  if (topics === undefined || topics.autoCreate !== undefined) return undefined;
  return new Set(Object.keys(topics.topics));
}
