import { type BusSide, hasNatsClient, startNats } from "../../bus/side.ts";
import { type Side, versionOf } from "../side.ts";

const version = () => versionOf(["nats-server", "--version"], /v([\d.]+)/);
const common = {
  does: "JetStream on files: acknowledged when written, fsynced every 2 minutes; core: sent and forgotten, no acknowledgement",
  config: "nats-server -a 127.0.0.1 -p PORT -js -sd DIRECTORY; stream with file storage, max_bytes 512 MiB",
};

export const natsOwnClient: Side<BusSide> = {
  ...common,
  name: "NATS, its client",
  version: () => (hasNatsClient ? version() : undefined),
  start: (directory) => startNats(directory, "NATS, its client", "nats-official.mjs"),
};

/** Shows what the server could do if its client did nothing. */
export const natsBareClient: Side<BusSide> = {
  ...common,
  name: "NATS, bare client",
  version,
  start: (directory) => startNats(directory, "NATS, bare client", "nats-bare.ts"),
};
