import { desc } from "drizzle-orm";
import { Hono } from "hono";
import { defineService, type EventOf, type ServiceContext, type ServiceEnv, validate } from "microcosm";
import { z } from "zod";
import init from "./migrations/0001_init.sql" with { type: "text" };
import * as schema from "./schema.ts";

/** What this service publishes. Others import the type: `EventOf<typeof events, "greeting.sent">`. */
export const events = {
  "greeting.sent": z.object({ id: z.string(), name: z.string() }),
};

type Context = ServiceContext<typeof schema, typeof events>;

const newGreeting = z.object({ name: z.string().trim().min(1).max(100) });

export const hello = defineService({
  database: { schema, migrations: [{ name: "0001_init.sql", sql: init }] },
  events,
  api: ({ db, env, transaction }: Context) =>
    new Hono<ServiceEnv>()
      .get("/greetings", (c) => {
        const items = db
          .select()
          .from(schema.greetings)
          .orderBy(desc(schema.greetings.sentAt))
          .limit(20)
          .all();
        return c.json({ items });
      })
      .post("/greetings", validate("json", newGreeting), (c) => {
        const { name } = c.req.valid("json");
        const greeting = {
          id: Bun.randomUUIDv7(),
          name,
          text: `${env.GREETING ?? "Hello"}, ${name}!`,
          sentAt: Date.now(),
        };
        // The row and the event are there together, or neither is.
        transaction((tx) => {
          tx.insert(schema.greetings).values(greeting).run();
          tx.publish("greeting.sent", { id: greeting.id, name });
        });
        return c.json(greeting, 201);
      }),
  subscriptions: {
    "greeting.sent": (event: EventOf<typeof events, "greeting.sent">, { log }: Context) =>
      log.info("somebody was greeted", { name: event.data.name }),
  },
});
