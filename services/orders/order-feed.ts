import { isFinal } from "./order-states.ts";
import type { OrderViews } from "./order-view.ts";
import type { OrderWatch } from "./order-watch.ts";

export interface OrderFeedOptions {
  /** A comment is sent when nothing else was for so long, so that nobody on the way takes the stream for dead. */
  readonly heartbeatMs: number;
}

/**
 * An order as server-sent events: `event: order`, `id` its version, `data` the same JSON as GET of the order. The
 * current state comes at once, then each later one; the stream ends with the final state, or when `signal` aborts.
 * States are read when the client takes them: a slow one skips those it missed and never makes a queue grow.
 */
export function orderFeed(
  source: { readonly views: OrderViews; readonly watch: OrderWatch },
  { userId, orderId }: { readonly userId: string; readonly orderId: string },
  signal: AbortSignal,
  { heartbeatMs }: OrderFeedOptions = { heartbeatMs: 10_000 },
): ReadableStream<Uint8Array> {
  const { views, watch } = source;
  const encoder = new TextEncoder();
  let sent = 0;
  let stopped = signal.aborted;
  let wake = () => {};

  /** False when the time for a heartbeat came first. */
  const changed = () =>
    new Promise<boolean>((resolve) => {
      const timer = setTimeout(resolve, heartbeatMs, false);
      wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });

  const unwatch = watch.watch(orderId, views.ownRow(userId, orderId).version, () => wake());
  const stop = () => {
    stopped = true;
    unwatch();
    signal.removeEventListener("abort", stop);
    wake();
  };
  signal.addEventListener("abort", stop);

  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        // What changes while nobody waits is not lost: each pull begins with a look.
        let row = views.ownRow(userId, orderId);
        while (row.version === sent && !stopped && (await changed())) row = views.ownRow(userId, orderId);
        if (stopped) return controller.close();
        if (row.version === sent) return controller.enqueue(encoder.encode(": still here\n\n"));

        sent = row.version;
        const data = JSON.stringify(views.detail(row));
        controller.enqueue(encoder.encode(`event: order\nid: ${row.version}\ndata: ${data}\n\n`));
        if (!isFinal(row.status)) return;
        controller.close();
        stop();
      } catch (error) {
        stop();
        throw error;
      }
    },
    cancel: stop,
  });
}
