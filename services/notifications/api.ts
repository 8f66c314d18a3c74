import { Hono } from "hono";
import { requireUser, type ServiceEnv, validate } from "microcosm";
import type { NotificationsContext } from "./context.ts";
import { listNotifications, notificationQuery } from "./notifications.ts";

export function notificationsApi(ctx: NotificationsContext) {
  return new Hono<ServiceEnv>().get("/notifications", validate("query", notificationQuery), (c) =>
    c.json(listNotifications(ctx, requireUser(c.env).id, c.req.valid("query"))),
  );
}

export type NotificationsApi = ReturnType<typeof notificationsApi>;
