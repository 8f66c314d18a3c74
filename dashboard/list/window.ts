/** The lines of a long list that a viewport shows, and a few more on either side, so that scrolling shows no gaps. */
export interface ListWindow {
  readonly first: number;
  /** One past the last. */
  readonly end: number;
}

const overscan = 8;

export function windowOf(scrollTop: number, height: number, rowHeight: number, count: number): ListWindow {
  const first = Math.floor(scrollTop / rowHeight) - overscan;
  const end = Math.ceil((scrollTop + height) / rowHeight) + overscan;
  const clamp = (value: number) => Math.max(0, Math.min(count, value));
  return { first: clamp(first), end: clamp(end) };
}

/** Where to scroll so that a line is seen; `scrollTop` itself when it is already. */
export function scrollFor(index: number, scrollTop: number, height: number, rowHeight: number): number {
  const top = index * rowHeight;
  if (top < scrollTop) return top;
  return top + rowHeight > scrollTop + height ? top + rowHeight - height : scrollTop;
}

/** The first line whose id is not below `id`, in a list that ascends by id. */
export function indexOfId<T>(items: readonly T[], idOf: (item: T) => number, id: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (idOf(items[middle]!) < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
