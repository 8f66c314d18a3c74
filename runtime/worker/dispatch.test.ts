import type { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { basicAuth } from "hono/basic-auth";
import { HTTPException } from "hono/http-exception";
import { streamSSE } from "hono/streaming";
import { z } from "zod";
import { MicrocosmError } from "../../sdk/errors.ts";
import { problem } from "../../sdk/problem.ts";
import type { RequestInfo, ServiceEnv } from "../../sdk/service.ts";
import { Call, header, host, textOf } from "./fixtures/dispatched.ts";
import { everything } from "./fixtures/everything-app.ts";
import { LeanResponse } from "./lean-response.ts";

describe("bodies", () => {
  test("a text leaves as it is, at once", () => {
    const { dispatcher } = host(new Hono().get("/", (c) => c.json({ a: 1 })));
    const call = new Call("GET", "/");
    dispatcher.dispatch(call);
    expect(call.answers).toBe(1);
    return expect(call.answered.promise).resolves.toMatchObject({ body: '{"a":1}' });
  });

  test("a text without a type gets one", async () => {
    const { send } = host(everything());
    for (const path of ["/text", "/after/text", "/clone", "/async"]) {
      expect(header(await send("GET", path), "content-type")).toBe("text/plain;charset=utf-8");
    }
  });

  test("a text stays one when a header is set after next()", async () => {
    const { send } = host(everything());
    expect((await send("GET", "/after/text")).body).toBe("after");
  });

  test("a stream leaves before it is over, and is cancelled with the caller", async () => {
    const cancelled = Promise.withResolvers<unknown>();
    const app = new Hono().get("/", () => {
      const body = new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode("first")),
        cancel: (reason) => cancelled.resolve(reason),
      });
      return new Response(body);
    });
    const answer = await host(app).send("GET", "/");
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("first");
    await reader.cancel("gone");
    expect(await cancelled.promise).toBe("gone");
  });

  test("a stream that has nothing yet leaves, too", async () => {
    const answer = await host(new Hono().get("/", () => new Response(new ReadableStream({})))).send(
      "GET",
      "/",
    );
    expect(answer.body).toBeInstanceOf(ReadableStream);
    await (answer.body as ReadableStream).cancel();
  });

  test("a stream that fails on the way fails for its reader", async () => {
    const app = new Hono().get("/", () => {
      let pulls = 0;
      const body = new ReadableStream({
        async pull(controller) {
          await Bun.sleep(1);
          if (pulls++ === 0) controller.enqueue(new Uint8Array(1));
          else controller.error(new Error("broke"));
        },
      });
      return new Response(body);
    });
    const answer = await host(app).send("GET", "/");
    await expect(textOf(answer)).rejects.toThrow("broke");
  });

  test("Hono's stream learns that its caller went", async () => {
    const aborted = Promise.withResolvers<string>();
    const app = new Hono().get("/", (c) =>
      streamSSE(c, async (out) => {
        out.onAbort(() => aborted.resolve("aborted"));
        while (!out.aborted) {
          await out.writeSSE({ data: "x" });
          await out.sleep(1);
        }
      }),
    );
    const answer = await host(app).send("GET", "/");
    const reader = (answer.body as ReadableStream).getReader();
    await reader.read();
    await reader.cancel();
    expect(await aborted.promise).toBe("aborted");
  });

  test("a request body that comes as a stream", async () => {
    const { json, dispatcher } = host(everything());
    const body = new Response('{"streamed":true}').body as ReadableStream<Uint8Array>;
    const call = new Call("POST", "/json", [], body);
    dispatcher.dispatch(call);
    expect(JSON.parse(await textOf(await call.answered.promise))).toEqual({ got: { streamed: true } });
    expect(await json("POST", "/json", [], "1")).toMatchObject({ body: { got: 1 } });
  });

  test("a response read before it is returned is an error, not silence", async () => {
    const app = new Hono().get("/", async (c) => {
      const response = c.text("x");
      await response.text();
      return response;
    });
    const { json, lines } = host(app);
    expect((await json("GET", "/")).status).toBe(500);
    expect(lines[0]?.stack).toContain("has been read already");
  });
});

describe("errors", () => {
  const app = () =>
    new Hono<ServiceEnv>()
      .get("/throw", () => {
        throw new Error("secret detail");
      })
      .get("/reject", async () => {
        await Bun.sleep(1);
        throw new Error("secret detail");
      })
      .get("/problem", () => {
        throw problem(409, "email-taken", "That e-mail has an account", { field: "email" });
      })
      .get("/microcosm", () => {
        throw new MicrocosmError("no-ready-instance", "inventory is starting");
      })
      .get("/http", () => {
        throw new HTTPException(403, { message: "not yours" });
      })
      .get("/unavailable", () => {
        throw new HTTPException(503, { message: "closed for the night" });
      })
      .use("/password", basicAuth({ username: "u", password: "p" }))
      .get("/full", () => {
        throw Object.assign(new Error("database or disk is full"), {
          name: "SQLiteError",
          code: "SQLITE_FULL",
        });
      })
      .post("/twice", async (c) => c.text((await c.req.raw.text()) + (await c.req.raw.text())))
      .get("/zod", () => {
        z.object({ items: z.array(z.object({ quantity: z.number() })) }).parse({
          items: [{ quantity: "1" }],
        });
        throw new Error("unreachable");
      })
      .get("/syntax", (c) => {
        JSON.parse("not of the request");
        return c.text("unreachable");
      })
      .get("/string", () => {
        throw "a string";
      })
      .get("/undefined", () => undefined as never)
      .post("/json", async (c) => c.json(await c.req.json()))
      .put("/json", (c) => c.text("put"));

  test.each([
    ["GET", "/throw", 500, "handler-failed"],
    ["GET", "/reject", 500, "handler-failed"],
    ["GET", "/string", 500, "handler-failed"],
    ["GET", "/syntax", 500, "handler-failed"],
    ["GET", "/problem", 409, "email-taken"],
    ["GET", "/microcosm", 503, "no-ready-instance"],
    ["GET", "/http", 403, "forbidden"],
    ["GET", "/unavailable", 503, "unavailable"],
    ["GET", "/full", 500, "data-unwritable"],
    ["POST", "/twice", 500, "handler-failed"],
    ["GET", "/zod", 422, "validation-failed"],
    ["POST", "/json", 400, "malformed-json"],
    ["GET", "/nowhere", 404, "not-found"],
    ["GET", "/undefined", 404, "not-found"],
    ["GET", "/json", 405, "method-not-allowed"],
  ])("%s %s → %d %s", async (method, path, status, type) => {
    const { json } = host(app());
    const answer = await json(method, path, [], "{malformed");
    expect(answer).toMatchObject({
      status,
      type: "application/problem+json",
      body: { status, type: `https://microcosm.dev/problems/${type}`, requestId: "r-1" },
    });
    expect(JSON.stringify(answer.body)).not.toContain("secret");
    expect(JSON.stringify(answer.body)).not.toContain("    at ");
  });

  test("what is not told is logged, with stack and request id", async () => {
    const { json, lines } = host(app());
    await json("GET", "/throw");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: "error",
      requestId: "r-1",
      user: "u1",
      message: "GET /throw failed",
    });
    expect(lines[0]?.stack).toContain("secret detail");
  });

  test("405 names what is allowed; a zod error the fields at fault", async () => {
    const { send, json } = host(app());
    expect(header(await send("GET", "/json"), "allow")).toBe("POST, PUT");
    expect((await json("GET", "/zod")).body.errors).toEqual([
      { path: "items.0.quantity", message: expect.any(String) },
    ]);
  });

  test("an answer that an HTTPException brings along stays as it is", async () => {
    const answer = await host(app()).send("GET", "/password");
    expect([answer.status, header(answer, "www-authenticate")]).toEqual([401, 'Basic realm="Secure Area"']);
  });

  test("a problem's extensions are told", async () => {
    expect((await host(app()).json("GET", "/problem")).body.field).toBe("email");
  });

  test("an author's own onError and notFound stay", async () => {
    const own = new Hono()
      .get("/", () => {
        throw new Error("x");
      })
      .onError((_error, c) => c.text("mine", 418))
      .notFound((c) => c.text("nothing here", 404));
    const { send } = host(own);
    expect(await textOf(await send("GET", "/"))).toBe("mine");
    expect(await textOf(await send("GET", "/no"))).toBe("nothing here");
  });

  test("a middleware sees the answer made of an error", async () => {
    const wrapped = new Hono<ServiceEnv>()
      .use(async (c, next) => {
        await next();
        c.header("x-error", c.error?.message ?? "none");
      })
      .get("/", () => {
        throw problem(409, "conflict", "no");
      });
    const answer = await host(wrapped).send("GET", "/");
    expect([answer.status, header(answer, "x-error")]).toEqual([409, "no"]);
  });

  test("mounted apps: errors of sub-apps are problems, too", async () => {
    const sub = new Hono().get("/x", () => {
      throw problem(410, "gone", "gone");
    });
    expect((await host(new Hono().route("/sub", sub)).json("GET", "/sub/x")).status).toBe(410);
  });
});

describe("the request's context", () => {
  test("c.env and the scope are the call, across awaits and for calls side by side", async () => {
    const scope: { current?: AsyncLocalStorage<RequestInfo> } = {};
    const app = new Hono<ServiceEnv>().get("/:name", async (c) => {
      await Bun.sleep(Math.random() * 5);
      const own = c.env as unknown as Call;
      return c.json({ same: scope.current?.getStore() === c.env, path: own.path, user: c.env.user?.id });
    });
    const { json, scope: actual } = host(app);
    scope.current = actual;
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => json("GET", `/${i}`)));
    expect(answers.map(({ body }) => body)).toEqual(
      Array.from({ length: 20 }, (_, i) => ({ same: true, path: `/${i}`, user: "u1" })),
    );
    expect(actual.getStore()).toBeUndefined();
  });

  test("a handler that fails because its caller went is not an error of the service", async () => {
    const app = new Hono<ServiceEnv>().get("/", async (c) => {
      await new Promise((_, reject) =>
        c.req.raw.signal.addEventListener("abort", () => reject(new Error("gone"))),
      );
      return c.text("unreachable");
    });
    const { dispatcher, lines } = host(app);
    const call = new Call("GET", "/");
    dispatcher.dispatch(call);
    call.abort.abort();
    expect((await call.answered.promise).status).toBe(499);
    expect(lines).toEqual([]);
  });
});

describe("a lean Response", () => {
  test("is Hono's text of a handler that has not waited, and nothing else", async () => {
    const made: Response[] = [];
    const app = new Hono()
      .get("/lean", (c) => {
        made.push(c.json({}), new Response("{}", { headers: { "Content-Type": "application/json" } }));
        made.push(c.json({}, 201), c.text("text"), c.body(null), c.json({}, { headers: { "x-a": "1" } }));
        return c.json({});
      })
      .get("/late", async (c) => {
        await Bun.sleep(0);
        made.push(c.json({}));
        return c.json({});
      });
    const { json } = host(app);
    expect((await json("GET", "/lean")).status).toBe(200);
    expect((await json("GET", "/late")).status).toBe(200);
    const outside = await new Hono().get("/", (c) => c.json({})).request("/");
    expect([...made, outside].map((response) => (response as unknown) instanceof LeanResponse)).toEqual([
      true,
      false,
      false,
      false,
      false,
      false,
      false,
      false,
    ]);
  });

  test("of a content type that is none is refused as ever", async () => {
    const answer = await host(
      new Hono().get("/", (c) => c.json({}, undefined, { "Content-Type": "a\nb" })),
    ).send("GET", "/");
    expect(answer.status).toBe(500);
  });

  test("that was read is not answered with", async () => {
    const app = new Hono().get("/", (c) => {
      const response = c.json({});
      return response.text().then(() => response);
    });
    expect((await host(app).send("GET", "/")).status).toBe(500);
  });
});

describe("the tracked Response", () => {
  test("is a native one to everybody else", async () => {
    host(new Hono());
    const tracked = new Response("text", { status: 201, headers: { "x-a": "1" } });
    expect(tracked instanceof Response).toBe(true);
    expect((await fetch("data:text/plain,hi")) instanceof Response).toBe(true);
    expect(Response.name).toBe("Response");
    expect(Response.json({}) instanceof Response).toBe(true);
    const serving = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => tracked.clone() });
    const served = await fetch(`http://127.0.0.1:${serving.port}/`);
    expect([served.status, served.headers.get("x-a"), await served.text()]).toEqual([201, "1", "text"]);
    await serving.stop(true);
    expect(await tracked.text()).toBe("text");
    expect(tracked.bodyUsed).toBe(true);
  });
});
