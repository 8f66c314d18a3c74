/**
 * The keys of the pages, in their order: the row of digits from left to right, then below it those letters that mean nothing
 * else. `t` is the theme's.
 */
const keys = [..."1234567890qweryuiop"];

/** The key of the page at this place of the navigation; undefined beyond the keys, where only the link leads to it. */
export function keyOf(place: number): string | undefined {
  return keys[place];
}

/** The page that a key opens. */
export function pageOf<T>(key: string, pages: readonly T[]): T | undefined {
  const place = keys.indexOf(key);
  return place < 0 ? undefined : pages[place];
}

/** For the list of keys: `1 … 9`, or `1 … 0, q … w`. */
export function keysOf(count: number): readonly string[] {
  const digits = Math.min(count, 10);
  const letters = Math.min(count, keys.length) - digits;
  return [...fromTo(0, digits), ...fromTo(digits, letters)];
}

function fromTo(first: number, count: number): string[] {
  const own = keys.slice(first, first + count);
  return own.length > 2 ? [own[0]!, "…", own.at(-1)!] : own;
}
