/**
 * An answer of one JSON value a line, made as fast as the client reads it. `lines` gets a signal that is aborted when the
 * client goes away or `ending` is; it must end then.
 */
export function ndjson(
  lines: (signal: AbortSignal) => AsyncGenerator<unknown>,
  options: { readonly ending: AbortSignal; readonly follow: boolean },
): Response {
  const gone = new AbortController();
  const source = lines(AbortSignal.any([gone.signal, options.ending]));
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      // The headers leave with the first byte: without it a client that follows would not know it is connected.
      if (options.follow) controller.enqueue(encoder.encode("\n"));
    },
    async pull(controller) {
      const { done, value } = await source.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(`${JSON.stringify(value, plain)}\n`));
    },
    async cancel() {
      gone.abort();
      // One that waits to be read on sees no signal: without this a client that never read would leave its subscription.
      await source.return(undefined);
    },
  });
  return new Response(body, { headers: { "content-type": "application/x-ndjson" } });
}

/** Events may carry what JSON has no word for. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
}
