/** Writes topology.schema.json, which editors read to complete and check topology.yaml. */
import { join } from "node:path";
import { schemaJson } from "../runtime/topology/schema.ts";

const file = join(import.meta.dir, "..", "topology.schema.json");
await Bun.write(file, `${JSON.stringify(schemaJson(), null, 2)}\n`);
console.log(`wrote ${file}`);
