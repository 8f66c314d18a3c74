const unitBytes = {
  B: 1,
  KB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
} as const;

export const sizePattern = /^(\d+(?:\.\d+)?)(B|KB|MB|GB|KiB|MiB|GiB)$/;
export const sizeExamples = "64KiB, 10MiB or 1GiB";

/** Bytes of `512B`, `64KiB`, `10MiB`, `1.5GiB`, or decimal `64KB`; undefined for anything else. */
export function parseSize(text: string): number | undefined {
  const match = sizePattern.exec(text);
  if (!match) return undefined;
  const bytes = Math.round(Number(match[1]) * unitBytes[match[2] as keyof typeof unitBytes]);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The largest binary unit that divides it: 10485760 → `10MiB`, 1000 → `1000B`. */
export function formatSize(bytes: number): string {
  for (const unit of ["GiB", "MiB", "KiB"] as const) {
    if (bytes >= unitBytes[unit] && bytes % unitBytes[unit] === 0) return `${bytes / unitBytes[unit]}${unit}`;
  }
  return `${bytes}B`;
}

/** What someone who wrote `10 mb`, `10M` or a bare 1024 most likely meant. */
export function suggestSize(value: unknown): string | undefined {
  if (typeof value === "number")
    return Number.isSafeInteger(value) && value >= 0 ? formatSize(value) : undefined;
  if (typeof value !== "string") return undefined;
  const match = /^\s*(\d+(?:\.\d+)?)\s*([kmg]?)i?(?:b|bytes?)?\s*$/i.exec(value);
  if (!match) return undefined;
  const prefix = match[2]!.toUpperCase();
  return `${match[1]}${prefix === "" ? "B" : `${prefix}iB`}`;
}
