/** Writes topology.schema.json, which editors read to complete and check topology.yaml, and the reference in the docs. */
import { join } from "node:path";
import { schemaJson } from "../runtime/topology/schema.ts";
import { withReference } from "./topology-reference.ts";

const root = join(import.meta.dir, "..");
const schema = schemaJson();
await Bun.write(join(root, "topology.schema.json"), `${JSON.stringify(schema, null, 2)}\n`);
const page = join(root, "docs", "topology.md");
await Bun.write(page, withReference(await Bun.file(page).text(), schema));
