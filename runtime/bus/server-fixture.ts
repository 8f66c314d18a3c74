/** A broker server with clients, in one process, for tests. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, systemRandom } from "../clock.ts";
import type { TopicsConfig } from "../topology/model.ts";
import type { Transport } from "../transport/transport.ts";
import { BrokerClient, type BrokerClientLimits } from "./client.ts";
import { BrokerServer } from "./server.ts";

export class ServerFixture {
  readonly directory = mkdtempSync(join(tmpdir(), "bus-"));
  readonly address = join(this.directory, "b.sock");
  readonly #transport: Transport;
  readonly #topics: TopicsConfig;
  readonly #clients: BrokerClient[] = [];
  server: BrokerServer;

  constructor(transport: Transport, topics: TopicsConfig) {
    this.#transport = transport;
    this.#topics = topics;
    this.server = this.#make();
  }

  client(instance: string, limits: Partial<BrokerClientLimits> = {}): BrokerClient {
    const client = new BrokerClient({
      transport: this.#transport,
      self: { service: instance, instance, generation: 1 },
      locate: async () => this.address,
      clock: systemClock,
      random: systemRandom,
      limits: { retryMaxMs: 50, stopTimeoutMs: 200, callTimeoutMs: 5000, ...limits },
    });
    this.#clients.push(client);
    return client;
  }

  up(): Promise<void> {
    this.server = this.#make();
    return this.server.start();
  }

  down(): Promise<void> {
    return this.server.stop();
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.stop()));
    await this.server.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #make(): BrokerServer {
    return new BrokerServer({
      transport: this.#transport,
      address: this.address,
      self: { service: "broker", instance: "broker-1", generation: 1 },
      topics: this.#topics,
      file: join(this.directory, "broker.sqlite"),
      clock: systemClock,
      random: systemRandom,
    });
  }
}
