import { join } from "node:path";
import { stringify } from "yaml";
import { root } from "./run.ts";

export interface ShopTopology {
  /** Beside what the shop's file has: `{ telemetry: { sample: 1 } }`. */
  readonly more?: Readonly<Record<string, unknown>>;
  /** Changes the shop's file itself. */
  readonly edit?: (yaml: string) => string;
}

/** The shop with something changed, in a file of its own; its services are those of this repository. Returns the path. */
export async function writeShopTopology(folder: string, { more, edit }: ShopTopology): Promise<string> {
  const shop = await Bun.file(join(root, "topology.yaml")).text();
  const placed = shop.replaceAll(/(source|directory): services\//g, `$1: ${root}/services/`);
  const file = join(folder, "topology.yaml");
  const edited = edit === undefined ? placed : edit(placed);
  await Bun.write(file, more === undefined ? edited : `${edited}\n${stringify(more)}`);
  return file;
}
