import { instances } from "../live.ts";

/** Names of all that runs, built-in workers included, sorted. */
export function useServices(): string[] {
  return [...new Set((instances.value ?? []).map(({ service }) => service))].sort();
}
