import type { EventOf } from "microcosm";
import type { identityEvents } from "../identity/events.ts";
import type { orderEvents } from "../orders/events.ts";
import type { NotificationsContext } from "./context.ts";
import { cancelled, confirmed, welcome } from "./messages.ts";
import { notify } from "./notifications.ts";

export const notificationSubscriptions = {
  "user.registered"(event: EventOf<typeof identityEvents, "user.registered">, ctx: NotificationsContext) {
    const { userId, name } = event.data;
    notify(ctx, { userId, type: "user.registered", subjectId: userId, message: welcome(name) });
  },
  "order.confirmed"(event: EventOf<typeof orderEvents, "order.confirmed">, ctx: NotificationsContext) {
    const { userId, orderId, totalCents, currency } = event.data;
    const message = confirmed(totalCents, currency);
    notify(ctx, { userId, type: "order.confirmed", subjectId: orderId, message });
  },
  "order.cancelled"(event: EventOf<typeof orderEvents, "order.cancelled">, ctx: NotificationsContext) {
    const { userId, orderId, totalCents, currency, reason } = event.data;
    const message = cancelled(totalCents, currency, reason);
    notify(ctx, { userId, type: "order.cancelled", subjectId: orderId, message });
  },
};
