import { Hono } from "hono";
import { defineService, problem, type ServiceContext, type ServiceEnv } from "microcosm";
import { Asker } from "../ask.ts";
import { events } from "../event-reply.ts";
import { questionsOf, shapes, styles } from "../work.ts";

const asker = new Asker("front");

/** `GET /mesh/chain`: asks in that style and shape, and tells how many hops have answered. */
export const front = defineService({
  events,
  api: (ctx) =>
    new Hono<ServiceEnv>().get("/:style/:shape", async (c) => {
      const style = styles.find((known) => known === c.req.param("style"));
      const shape = shapes.find((known) => known === c.req.param("shape"));
      if (style === undefined || shape === undefined)
        throw problem(404, "no-such-style", "No such style or shape");
      const asked = questionsOf(style, shape).map((question) =>
        asker.ask(question, ctx as unknown as ServiceContext),
      );
      const answers = await Promise.all(asked);
      return c.json({ count: answers.reduce((sum, { count }) => sum + count, 0) });
    }),
  subscriptions: asker.subscription("front"),
});
