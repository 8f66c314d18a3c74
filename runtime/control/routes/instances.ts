import { Hono } from "hono";
import { z } from "zod";
import { MicrocosmError } from "../../../sdk/errors.ts";
import type { Supervisor } from "../../supervisor/supervisor.ts";
import type { InstanceInfo } from "../api.ts";
import { bodyOf } from "../input.ts";

const scaleInput = z.strictObject({ instances: z.number().int() });

const commands = {
  restart: (supervisor: Supervisor, target: string) => supervisor.restart(target),
  stop: (supervisor: Supervisor, target: string) => supervisor.stopInstances(target),
  start: (supervisor: Supervisor, target: string) => supervisor.startInstances(target),
} as const;

export function instanceRoutes(supervisor: Supervisor): Hono {
  const app = new Hono()
    .get("/instances", (c) => c.json(supervisor.instances()))
    .post("/services/:name/scale", async (c) => {
      const { instances } = await bodyOf(c, scaleInput);
      return c.json(await supervisor.scale(c.req.param("name"), instances));
    })
    .post("/instances/:id/kill", (c) => c.json(supervisor.kill(c.req.param("id"))))
    .post("/instances/:id/freeze", (c) => c.json(supervisor.freeze(c.req.param("id"))))
    .post("/instances/:id/thaw", (c) => c.json(supervisor.thaw(c.req.param("id"))));
  for (const [word, command] of Object.entries(commands)) {
    app.post(`/services/:name/${word}`, async (c) => {
      const name = expect(supervisor, c.req.param("name"), "service");
      return c.json(await command(supervisor, name));
    });
    app.post(`/instances/:id/${word}`, async (c) => {
      const id = expect(supervisor, c.req.param("id"), "instance");
      const [instance] = await command(supervisor, id);
      return c.json(instance satisfies InstanceInfo | undefined);
    });
  }
  return app;
}

/** What is no name at all is left to the supervisor, which has suggestions. */
function expect(supervisor: Supervisor, target: string, kind: "service" | "instance"): string {
  const found = supervisor.kindOf(target);
  if (found === undefined || found === kind) return target;
  throw new MicrocosmError(
    "not-found",
    `${target} is the name of ${found === "service" ? "a service" : "an instance"}.`,
  );
}
