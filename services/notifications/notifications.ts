import { and, desc, eq, lt } from "drizzle-orm";
import { z } from "zod";
import type { NotificationsContext } from "./context.ts";
import { type NotificationType, notifications } from "./schema.ts";

export const notificationQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  after: z.uuid("is not a notification's id").optional(),
});

export interface NewNotification {
  readonly userId: string;
  readonly type: NotificationType;
  readonly subjectId: string;
  readonly message: string;
}

/** One per type and subject, however often and by whatever way the event comes. */
export function notify(ctx: NotificationsContext, notification: NewNotification): void {
  ctx.transaction((tx) => {
    tx.insert(notifications)
      .values({ ...notification, id: Bun.randomUUIDv7(), createdAt: Date.now() })
      .onConflictDoNothing({ target: [notifications.type, notifications.subjectId] })
      .run();
  });
}

/** Newest first, in keyset pages: `next` is the id to go on after, null at the end. */
export function listNotifications(
  ctx: NotificationsContext,
  userId: string,
  { limit, after }: z.output<typeof notificationQuery>,
) {
  const rows = ctx.db
    .select()
    .from(notifications)
    .where(
      and(eq(notifications.userId, userId), after === undefined ? undefined : lt(notifications.id, after)),
    )
    .orderBy(desc(notifications.id))
    // One more than asked for tells whether there is a next page.
    .limit(limit + 1)
    .all();
  const items = rows.slice(0, limit).map(({ id, type, subjectId, message, createdAt }) => ({
    id,
    type,
    ...(type === "user.registered" ? {} : { orderId: subjectId }),
    message,
    createdAt: new Date(createdAt).toISOString(),
  }));
  return { items, next: rows.length > limit ? items.at(-1)!.id : null };
}
