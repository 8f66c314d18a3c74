import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Identity, startItems } from "../../gateway/items-run.ts";
import { microcosmVersion, type Side } from "../side.ts";
import type { HttpRun } from "./items-app.ts";

const topology = join(import.meta.dir, "..", "..", "gateway", "topology.yaml");

export function microcosm(identity: Identity): Side<HttpRun> {
  return {
    name: "Microcosm",
    does:
      "gateway and service as processes of their own: checks the ES256 token, counts a rate limit, traces (5 % sampled), " +
      "keeps metrics, one SQLite read in the service; supervisor, broker and observer run beside",
    config: readFileSync(topology, "utf8"),
    version: microcosmVersion,
    async start() {
      const { url, pid, stop } = await startItems(topology, identity.jwks);
      return { url, pids: [pid], stop };
    },
  };
}
