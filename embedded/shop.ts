import topologyText from "../topology.yaml" with { type: "text" };
import { filesOf } from "./files.macro.ts" with { type: "macro" };

/** What `up` runs where there is no topology.yaml: the text, and the files it names beside its services. */
export interface EmbeddedShop {
  readonly topologyText: string;
  /** Base64 by path relative to the topology. */
  readonly files: Readonly<Record<string, string>>;
}

export const embeddedShop: EmbeddedShop = {
  topologyText: topologyText as unknown as string,
  files: filesOf("services/storefront"),
};
