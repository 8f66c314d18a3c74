import type { Exchange } from "../exchange.ts";

/** Tells the service who asked and by which name (RFC 7239, and the older headers that most software reads). */
export function addForwarded(x: Exchange, headers: string[]): void {
  const address = x.forwardedFor;
  const node = address.includes(":") ? `"[${address}]"` : address;
  headers.push("x-forwarded-for", address);
  // A quote would end the quoted string; no host name has one.
  if (x.host !== "" && !/["\\]/.test(x.host)) {
    headers.push("forwarded", `for=${node};host="${x.host}";proto=http`, "x-forwarded-host", x.host);
  } else {
    headers.push("forwarded", `for=${node};proto=http`);
  }
}
