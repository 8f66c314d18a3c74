import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { embeddedServices } from "../embedded/services.ts";
import { embeddedShop } from "../embedded/shop.ts";
import { type LoadResult, parseTopology } from "../runtime/topology/index.ts";
import { embeddedSource } from "../runtime/worker/loader.ts";
import { MicrocosmError } from "../sdk/errors.ts";

/**
 * The shop that is part of the binary. Its services are modules of this program; the files its gateway serves are
 * written below `directory`, over those of an earlier version. Throws `data-unwritable`.
 */
export function loadBuiltInShop(directory: string): LoadResult {
  try {
    for (const [path, base64] of Object.entries(embeddedShop.files)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), Buffer.from(base64, "base64"));
    }
  } catch (error) {
    throw new MicrocosmError(
      "data-unwritable",
      `${directory} cannot be written: ${(error as Error).message}`,
      { cause: error },
    );
  }
  return parseTopology(embeddedShop.topologyText, {
    file: "",
    directory,
    resolveSource: (service) =>
      Object.hasOwn(embeddedServices, service) ? embeddedSource(service) : undefined,
  });
}
