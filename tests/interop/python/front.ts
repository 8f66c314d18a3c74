import { Hono } from "hono";
import { defineService, type ServiceEnv } from "microcosm";

/** Asks a process outside the run for a price, within the trace of the request; that one asks back for the stock. */
export const front = defineService({
  api: ({ env }) =>
    new Hono<ServiceEnv>()
      .get("/quote/:id", async (c) => {
        const { traceparent } = c.env;
        const stock = c.req.header("x-stock") ?? "";
        const answer = await fetch(`${env.PRICING}/price`, { headers: { traceparent, "x-stock": stock } });
        return c.json(await answer.json());
      })
      .get("/stock/:id", (c) => c.json({ stock: 3 })),
});
