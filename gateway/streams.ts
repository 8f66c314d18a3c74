/**
 * Streams of events under way. They have no end of their own, so that draining would wait its whole time for them;
 * closing them lets their clients reconnect, as `EventSource` does by itself.
 */
export class LiveStreams {
  readonly #ends = new Set<() => void>();
  #closed = false;

  /** The same bytes, chunk for chunk, until it ends, the client leaves or `closeAll` is called. */
  track(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    const reader = body.getReader();
    const ends = this.#ends;
    let end = () => {};
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        end = () => {
          ends.delete(end);
          reader.cancel().catch(() => {});
          controller.close();
        };
        if (this.#closed) end();
        else ends.add(end);
      },
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!ends.has(end)) return;
          if (!done) return controller.enqueue(value);
        } catch (error) {
          // Ended by closeAll: the error is the end of a stream that is closed already.
          if (ends.delete(end)) controller.error(error);
          return;
        }
        ends.delete(end);
        controller.close();
      },
      cancel(reason) {
        ends.delete(end);
        return reader.cancel(reason);
      },
    });
  }

  closeAll(): void {
    this.#closed = true;
    for (const end of [...this.#ends]) end();
  }
}
