/** The service of the generated topologies: passes a request on along a chain, and takes or gives bodies of any size. */
import { Hono } from "hono";
import { defineService, type ServiceEnv } from "microcosm";

interface Hops {
  Variables: Record<string, never>;
  Bindings: ServiceEnv["Bindings"];
}

/** What one instance calls on the next: the same service, under another name. */
type HopApi = Hono<
  Hops,
  {
    "/hops/:left": {
      $get: { input: { param: { left: string } }; output: unknown; outputFormat: "json"; status: 200 };
    };
  }
>;

const answers = new Map<number, string>();

export const hop = defineService({
  api: (ctx) =>
    new Hono<Hops>()
      // /hops/1 answers; /hops/4 asks the next service for /hops/3.
      .get("/hops/:left", async (c) => {
        const left = Number(c.req.param("left"));
        const next = ctx.env.NEXT;
        if (left <= 1 || next === undefined) return c.json({ answeredBy: ctx.service });
        const answer = await ctx.call<HopApi>(next).hops[":left"].$get({ param: { left: String(left - 1) } });
        return c.body(await answer.text(), 200, { "content-type": "application/json" });
      })
      .get("/bytes/:count", (c) => c.text(text(Number(c.req.param("count")))))
      .post("/bytes", async (c) => c.json({ bytes: (await c.req.arrayBuffer()).byteLength })),
});

function text(count: number): string {
  let found = answers.get(count);
  if (found === undefined) {
    found = "x".repeat(count);
    answers.set(count, found);
  }
  return found;
}
