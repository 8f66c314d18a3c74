/** `p-0007`: short enough to type in a workshop. */
export function productId(seq: number): string {
  return `p-${String(seq).padStart(4, "0")}`;
}
