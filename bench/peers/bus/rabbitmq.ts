import { readdirSync } from "node:fs";
import { join } from "node:path";
import { freePort, untilListening } from "../../ports.ts";
import type { BusSide } from "../../bus/side.ts";
import { startServer } from "../child.ts";
import { packageVersion, programPath, type Side } from "../side.ts";

const name = "RabbitMQ";
const script = join(import.meta.dir, "..", "rabbitmq-client.mjs");
const home = "/usr/lib/rabbitmq";
/** Past Debian's wrapper, which changes to the user of the machine's own broker. */
const server = join(home, "bin", "rabbitmq-server");

/** Everything that a node would otherwise keep in /var and /etc, or say to other nodes. */
function environment(directory: string, port: number, distribution: number, epmd: number) {
  return {
    HOME: directory,
    RABBITMQ_NODENAME: `microcosm-bench-${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
    RABBITMQ_NODE_PORT: `${port}`,
    RABBITMQ_DIST_PORT: `${distribution}`,
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
    RABBITMQ_MNESIA_BASE: join(directory, "data"),
    RABBITMQ_LOG_BASE: join(directory, "log"),
    RABBITMQ_CONFIG_FILE: join(directory, "rabbitmq.conf"),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, "plugins"),
    RABBITMQ_CONF_ENV_FILE: join(directory, "none"),
    ERL_EPMD_PORT: `${epmd}`,
  };
}

/** From the folder's name: asking rabbitmqctl starts an Erlang machine, and takes the right user. */
function serverVersion(): string | undefined {
  try {
    const folders = readdirSync(join(home, "lib"));
    return folders
      .map((name) => /^rabbitmq_server-([\d.]+)/.exec(name)?.[1])
      .find((found) => found !== undefined);
  } catch {
    return undefined;
  }
}

export const rabbitmq: Side<BusSide> = {
  name,
  does:
    "on disk: durable classic queue, persistent messages, confirmed after fsync; in memory: transient queue and messages, " +
    "not confirmed, the newest 65,536 wait, no acknowledgement by the subscriber; amqplib",
  config: "no plugins, no configuration file: all as it comes, but for addresses and folders",
  version() {
    const client = packageVersion("amqplib");
    const version = serverVersion();
    if (client === undefined || version === undefined) return undefined;
    return `${version}, amqplib ${client}`;
  },
  async start(directory) {
    const [port, distribution, epmd] = [await freePort(), await freePort(), await freePort()];
    const env = environment(directory, port, distribution, epmd);
    await Bun.write(env.RABBITMQ_CONFIG_FILE, "");
    await Bun.write(env.RABBITMQ_ENABLED_PLUGINS_FILE, "[].");
    // Erlang would start this name server by itself, detached, and leave it behind.
    const names = await startServer([programPath("epmd")!, "-port", `${epmd}`, "-address", "127.0.0.1"], () =>
      untilListening(epmd),
    );
    try {
      const child = await startServer([server], () => untilListening(port), { env });
      const stop = async () => {
        await child.stop();
        await names.stop();
      };
      return { name, script, where: `${port}`, pid: child.pid, stop };
    } catch (error) {
      await names.stop();
      throw error;
    }
  },
};
