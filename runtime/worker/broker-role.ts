import { join } from "node:path";
import { BrokerServer } from "../bus/server.ts";
import type { ProbeReply } from "../control/messages.ts";
import { observeBus } from "./bus-gauges.ts";
import type { Role, RoleLoad, WorkerRuntime } from "./role.ts";
import type { WorkerSpec } from "./spec.ts";

export function brokerRole(_spec: WorkerSpec): Role {
  return new BrokerRole();
}

/** A worker that is the message log. */
class BrokerRole implements Role {
  #server: BrokerServer | undefined;
  #endGauges: (() => void) | undefined;

  async start(runtime: WorkerRuntime, phase: (name: string) => void): Promise<Record<never, never>> {
    const { spec, self, transport, clock, random, log, recorder } = runtime;
    this.#server = new BrokerServer({
      transport,
      address: spec.address,
      self,
      topics: spec.topics ?? { topics: {} },
      file: join(spec.dataDirectory, "broker.sqlite"),
      clock,
      random,
      log,
    });
    await this.#server.start();
    const server = this.#server;
    this.#endGauges = recorder && observeBus(recorder.metrics, () => server.topics());
    phase("listening");
    return {};
  }

  /** Publishers and subscribers wait for the next broker; stop commits what they sent. */
  async drain(_timeoutMs: number): Promise<number> {
    return 0;
  }

  async stop(): Promise<void> {
    this.#endGauges?.();
    await this.#server?.stop();
  }

  health(): Promise<ProbeReply> {
    return this.#server?.health() ?? Promise.resolve({ ok: false, reason: "starting" });
  }

  load(): RoleLoad {
    return { pending: 0, calls: 0, errors: 0 };
  }
}
