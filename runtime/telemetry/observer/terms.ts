import type { SpanRecord } from "../model.ts";

/** Different attributes of one trace that can be searched for; a trace of 10,000 spans would fill the index. */
const maxTerms = 400;

/**
 * What a trace can be found by, each as one hashed word for the index: hashing keeps values of any length and script
 * out of the tokenizer's way. A collision of 64 bits would show one trace too many.
 */
export function termOf(kind: "service" | "route" | "attribute" | "status", value: string): string {
  return `t${Bun.hash(`${kind}\0${value}`).toString(36)}`;
}

export function termsOf(spans: Iterable<SpanRecord>, name: string, status: string): Set<string> {
  const terms = new Set([termOf("status", status), termOf("route", name)]);
  const seen = new Set<string>();
  const add = (kind: "service" | "route" | "attribute", value: string) => {
    const key = `${kind}\0${value}`;
    if (seen.has(key)) return;
    seen.add(key);
    terms.add(termOf(kind, value));
  };
  for (const span of spans) {
    add("service", span.service);
    const route = span.attributes["http.route"];
    if (typeof route === "string") add("route", route);
  }
  for (const span of spans) {
    for (const key in span.attributes) {
      if (terms.size >= maxTerms) return terms;
      add("attribute", `${key}=${span.attributes[key]}`);
    }
  }
  return terms;
}
