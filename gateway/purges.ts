import type { SubscriptionHandle } from "../runtime/bus/broker.ts";
import { EventTelemetry } from "../runtime/worker/event-telemetry.ts";
import type { WorkerRuntime } from "../runtime/worker/role.ts";
import type { RouteCache } from "./middleware/cache.ts";

/**
 * Empties caches when an event on one of their topics arrives. Every gateway instance has subscriptions of its own,
 * which end with it: each has a cache of its own to purge.
 */
export async function subscribePurges(
  caches: readonly RouteCache[],
  { broker, self, log, recorder }: Pick<WorkerRuntime, "broker" | "self" | "log" | "recorder">,
): Promise<SubscriptionHandle[]> {
  const subscription = `${self.instance}-cache`;
  const telemetry = recorder && new EventTelemetry(recorder, subscription);
  const topics = [...new Set(caches.flatMap((cache) => cache.purgeOn))];
  const subscribed = await Promise.allSettled(
    topics.map((topic) =>
      broker.subscribe({
        topic,
        subscription,
        consumer: self.instance,
        concurrency: 1,
        from: "latest",
        ephemeral: true,
        handler: async ({ event }) => {
          const span = telemetry?.deliver(event);
          for (const cache of caches) if (cache.purgeOn.includes(topic)) cache.purge();
          span?.ended();
        },
      }),
    ),
  );
  return subscribed.flatMap((outcome, index) => {
    if (outcome.status === "fulfilled") return [outcome.value];
    log.error(`no cache is purged by ${topics[index]}: ${outcome.reason}`, { topic: topics[index] });
    return [];
  });
}
