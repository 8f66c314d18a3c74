import { join } from "node:path";
import type { ProbeReply } from "../control/messages.ts";
import { ObserverServer } from "../telemetry/observer/server.ts";
import type { Role, RoleLoad, WorkerRuntime } from "./role.ts";
import type { WorkerSpec } from "./spec.ts";

export function observerRole(_spec: WorkerSpec): Role {
  return new ObserverRole();
}

/** A worker that keeps the run's telemetry. */
class ObserverRole implements Role {
  #server: ObserverServer | undefined;

  async start(runtime: WorkerRuntime, phase: (name: string) => void): Promise<Record<never, never>> {
    const { spec, self, transport, clock, log, collectGarbage, giveWay } = runtime;
    this.#server = new ObserverServer({
      transport,
      address: spec.address,
      self,
      file: join(spec.dataDirectory, "observer.sqlite"),
      clock,
      warn: (message) => log.warn(message),
      collectGarbage,
      ...(spec.telemetry === undefined
        ? {}
        : {
            slowMs: spec.telemetry.slowMs,
            retentionBytes: spec.telemetry.retentionBytes,
            exports: spec.telemetry.export,
          }),
    });
    await this.#server.start();
    // What is observed comes before the observing: on full cores it would be seen in the answers' tail. Not where all
    // traces are to be whole: what waits in a worker for an observer that gets no core is lost if that worker is killed.
    if (spec.telemetry?.sample !== 1) {
      await giveWay?.().catch((error: unknown) => log.warn(`priority stays as it is: ${error}`));
    }
    phase("listening");
    return {};
  }

  /** Workers end before it; stop writes what they sent last. */
  async drain(_timeoutMs: number): Promise<number> {
    return 0;
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
  }

  /** A full disk is no reason to replace the observer: it goes on with what it has in memory, and says so. */
  health(): Promise<ProbeReply> {
    return Promise.resolve(this.#server === undefined ? { ok: false, reason: "starting" } : { ok: true });
  }

  load(): RoleLoad {
    return this.#server?.load ?? { pending: 0, calls: 0, errors: 0 };
  }
}
