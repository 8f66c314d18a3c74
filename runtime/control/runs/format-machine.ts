import type { Machine } from "../../recording/format.ts";

/** `linux x64, 2 × AMD EPYC 7B13, 8 GiB`. */
export function formatMachine({ platform, arch, cpu, cores, memoryBytes }: Machine): string {
  const memory = `${Math.round(memoryBytes / 1024 ** 3)} GiB`;
  return `${platform} ${arch}, ${cores} × ${cpu === "" ? "CPU" : cpu}, ${memory}`;
}
