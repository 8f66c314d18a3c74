import { and, type SQL, sql } from "drizzle-orm";
import { products } from "./schema.ts";

/** Trigrams know nothing shorter than this. */
const leastIndexedLength = 3;

/** Lower case, without accents: "Drôme" and "drome" are one word. */
export function fold(text: string): string {
  return text
    .normalize("NFKD")
    .replaceAll(/\p{Mn}/gu, "")
    .toLowerCase();
}

export function foldedText(name: string, description: string): string {
  return fold(`${name}\n${description}`);
}

/** Products that hold every word of `search` somewhere in their text. */
export function searchFilter(search: string): SQL | undefined {
  const words = fold(search)
    .split(/\s+/)
    .filter((word) => word !== "");
  const indexed = words.filter((word) => [...word].length >= leastIndexedLength);
  const short = words.filter((word) => !indexed.includes(word));
  const query = indexed.map(quoted).join(" AND ");
  return and(
    query === ""
      ? undefined
      : sql`${products.seq} in (select rowid from products_search where products_search match ${query})`,
    ...short.map((word) => sql`instr(${products.folded}, ${word}) > 0`),
  );
}

/** A string of FTS5's query language: nothing in a search is taken for an operator. */
function quoted(word: string): string {
  return `"${word.replaceAll('"', '""')}"`;
}
