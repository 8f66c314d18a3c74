const perBatch = 2000;

/** Sends one trace of `count` spans by OTLP/HTTP, as a process outside the run would; returns its id. */
export async function sendLargeTrace(control: string, token: string, count: number): Promise<string> {
  const traceId = crypto.randomUUID().replaceAll("-", "");
  const idOf = (i: number) => (i + 1).toString(16).padStart(16, "0");
  const begun = Date.now() - 10_000;
  const nanos = (ms: number) => `${Math.round(ms * 1000)}000`;
  const spanOf = (i: number) => {
    // Three children each: eight levels, and siblings of every length.
    const parent = Math.floor((i - 1) / 3);
    return {
      traceId,
      spanId: idOf(i),
      ...(i > 0 && { parentSpanId: idOf(parent) }),
      name: i === 0 ? "GET /large" : `step ${i}`,
      kind: i === 0 ? 2 : 1,
      startTimeUnixNano: nanos(begun + i / 10),
      endTimeUnixNano: nanos(begun + i / 10 + (count - i) / 10),
      attributes: [{ key: "step", value: { intValue: String(i) } }],
    };
  };
  for (let first = 0; first < count; first += perBatch) {
    const spans = Array.from({ length: Math.min(perBatch, count - first) }, (_, i) => spanOf(first + i));
    const service = { key: "service.name", value: { stringValue: "storefront" } };
    const answer = await fetch(`${control}/v1/traces`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({
        resourceSpans: [{ resource: { attributes: [service] }, scopeSpans: [{ spans }] }],
      }),
    });
    if (!answer.ok) throw new Error(`spans were not taken: ${answer.status} ${await answer.text()}`);
  }
  return traceId;
}
