import { Hono } from "hono";
import { validator } from "hono/validator";
import { defineService, type ServiceContext, type ServiceEnv } from "microcosm";
import { Asker } from "./ask.ts";
import { type Asked, askTopic, concurrency, events } from "./event-reply.ts";
import { type Answer, type Hop, hops, type Question, question, restOf } from "./work.ts";

/** Answers what it is asked, once the hops behind it have answered; over the mesh, over HTTP, or by event. */
async function work(asker: Asker, asked: Question, ctx: ServiceContext): Promise<Answer> {
  const rest = restOf(asked);
  const behind = rest === undefined ? undefined : await asker.ask(rest, ctx);
  return { count: 1 + (behind?.count ?? 0), text: asked.text };
}

function hopApi(asker: Asker, ctx: ServiceContext, port: () => number) {
  return new Hono<ServiceEnv>()
    .get("/port", (c) => c.json({ port: port() }))
    .post(
      "/ask",
      validator("json", (value) => question.parse(value)),
      async (c) => c.json(await work(asker, c.req.valid("json"), ctx)),
    );
}
export type HopApi = ReturnType<typeof hopApi>;

/** The same app behind the mesh and behind a socket of its own. */
export function hopService(name: Hop) {
  const asker = new Asker(name);
  let server: Bun.Server<undefined> | undefined;
  return defineService({
    events,
    api: (ctx) => hopApi(asker, ctx as unknown as ServiceContext, () => server!.port!),
    start: (ctx) => {
      const app = hopApi(asker, ctx as unknown as ServiceContext, () => server!.port!);
      server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request) => app.fetch(request) });
    },
    stop: () => server?.stop(true),
    subscriptions: {
      [askTopic(name)]: {
        concurrency,
        from: "latest",
        handler: async (event: { readonly data: Asked }, ctx) => {
          const { id, replyTo, question } = event.data;
          const answer = await work(asker, question, ctx as unknown as ServiceContext);
          await ctx.publish(replyTo, { id, answer });
        },
      },
      // The last asks nobody.
      ...(name === hops.at(-1) ? {} : asker.subscription(name)),
    },
  });
}
