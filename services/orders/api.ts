import { Hono } from "hono";
import { createMiddleware } from "hono/factory";
import { invalid, problem, requireUser, type ServiceEnv, validate } from "microcosm";
import { advance } from "./advance.ts";
import type { OrdersContext } from "./context.ts";
import { newOrder } from "./new-order.ts";
import { orderFeed } from "./order-feed.ts";
import { orderQuery, OrderViews } from "./order-view.ts";
import { OrderWatch } from "./order-watch.ts";
import { placeOrder } from "./place.ts";

const maxKeyLength = 255;

/** Before a body is looked at: who is not signed in learns nothing about what is wrong with it. */
const signedIn = createMiddleware<ServiceEnv>(async (c, next) => {
  requireUser(c.env);
  await next();
});

export function ordersApi(ctx: OrdersContext) {
  const views = new OrderViews(ctx);
  const watch = new OrderWatch(ctx);

  return new Hono<ServiceEnv>()
    .post("/orders", signedIn, validate("json", newOrder), async (c) => {
      const user = requireUser(c.env);
      const key = idempotencyKey(c.req.header("idempotency-key"));
      const placed = await placeOrder(ctx, user.id, key, c.req.valid("json"));
      return c.json(placed, 202, { location: `/v1/orders/${placed.id}` });
    })
    .get("/orders", signedIn, validate("query", orderQuery), (c) =>
      c.json(views.list(requireUser(c.env).id, c.req.valid("query"))),
    )
    .get("/orders/:id", (c) => c.json(views.own(requireUser(c.env).id, c.req.param("id"))))
    .post("/orders/:id/cancel", (c) => {
      const { id } = views.ownRow(requireUser(c.env).id, c.req.param("id"));
      const { status, effective } = advance(ctx, {
        orderId: id,
        input: "customer.cancelled",
        at: Date.now(),
        reason: "customer-request",
      });
      if (!effective)
        throw problem(409, "order-final", `The order is ${status} already`, { orderStatus: status });
      return c.json({ id, status }, 202);
    })
    .get("/orders/:id/events", (c) => {
      const user = requireUser(c.env);
      const feed = orderFeed({ views, watch }, { userId: user.id, orderId: c.req.param("id") }, c.env.signal);
      return c.body(feed, 200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
    });
}

export type OrdersApi = ReturnType<typeof ordersApi>;

function idempotencyKey(header: string | undefined): string {
  const key = header?.trim() ?? "";
  if (key === "") throw invalid([{ path: "Idempotency-Key", message: "this header is missing" }]);
  if (key.length > maxKeyLength) {
    throw invalid([{ path: "Idempotency-Key", message: `takes at most ${maxKeyLength} characters` }]);
  }
  return key;
}
