import { stampsOf } from "./stamps.macro.ts" with { type: "macro" };

/** What the folders of their sources looked like when this program was built. */
export const embeddedStamps: Readonly<Record<string, string>> = stampsOf("services", [
  "identity",
  "catalog",
  "inventory",
  "orders",
  "payments",
  "notifications",
]);
