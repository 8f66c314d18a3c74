/** Tells the service who asked and by which name (RFC 7239, and the older headers that most software reads). */
export function addForwarded(headers: string[], address: string, host: string): void {
  const node = address.includes(":") ? `"[${address}]"` : address;
  headers.push("x-forwarded-for", address);
  if (host === "") headers.push("forwarded", `for=${node};proto=http`);
  else headers.push("forwarded", `for=${node};host="${host}";proto=http`, "x-forwarded-host", host);
}
