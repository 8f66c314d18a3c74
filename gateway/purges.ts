import type { SubscriptionHandle } from "../runtime/bus/broker.ts";
import type { WorkerRuntime } from "../runtime/worker/role.ts";
import type { RouteCache } from "./middleware/cache.ts";

/**
 * Empties caches when an event on one of their topics arrives. Every gateway instance has subscriptions of its own,
 * which end with it: each has a cache of its own to purge.
 */
export async function subscribePurges(
  caches: readonly RouteCache[],
  { broker, self, log }: Pick<WorkerRuntime, "broker" | "self" | "log">,
): Promise<SubscriptionHandle[]> {
  const topics = [...new Set(caches.flatMap((cache) => cache.purgeOn))];
  const subscribed = await Promise.allSettled(
    topics.map((topic) =>
      broker.subscribe({
        topic,
        subscription: `${self.instance}-cache`,
        consumer: self.instance,
        concurrency: 1,
        from: "latest",
        ephemeral: true,
        handler: async () => {
          for (const cache of caches) if (cache.purgeOn.includes(topic)) cache.purge();
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
