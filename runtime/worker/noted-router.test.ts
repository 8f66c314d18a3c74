import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { createFactory } from "hono/factory";
import { RegExpRouter } from "hono/router/reg-exp-router";
import { TrieRouter } from "hono/router/trie-router";
import { validator } from "hono/validator";
import type { AnyHono } from "../../sdk/service.ts";
import { Call, host } from "./fixtures/dispatched.ts";

/** The pattern that a request to `app` is told, and the status of its answer. */
function told(app: AnyHono) {
  const { dispatcher } = host(app, { noteRoutes: true });
  return async (method: string, path: string): Promise<readonly [string | undefined, number]> => {
    const call = new Call(method, path);
    dispatcher.dispatch(call);
    const { status } = await call.answered.promise;
    return [call.route === undefined ? undefined : dispatcher.patternOf(call.route), status];
  };
}

const shop = () => {
  const ofOrder = new Hono()
    .get("/", (c) => c.text("one"))
    .onError((_error, c) => c.text("own", 500))
    .post("/cancel", () => {
      throw new Error("cannot");
    });
  return new Hono()
    .use(async (_c, next) => next())
    .use("/orders/*", async (_c, next) => next())
    .get("/orders", (c) => c.json([]))
    .post(
      "/orders",
      validator("header", () => ({})),
      async (c) => c.text("made", 201),
    )
    .route("/orders/:id", ofOrder)
    .get("/items/:code{[0-9]{3}}", (c) => c.text("item"))
    .get("/lists/:name?", (c) => c.text("list"))
    .get("/missing/:id", (c) => c.notFound())
    .all("/any/*", (c) => c.text("any"));
};

const expected = [
  ["GET", "/orders", "/orders", 200],
  ["HEAD", "/orders", "/orders", 200],
  ["POST", "/orders?x=1", "/orders", 201],
  ["GET", "/orders/7", "/orders/{id}", 200],
  ["POST", "/orders/7/cancel", "/orders/{id}/cancel", 500],
  ["GET", "/items/123", "/items/{code}", 200],
  ["GET", "/lists", "/lists/{name}", 200],
  ["GET", "/lists/mine", "/lists/{name}", 200],
  ["GET", "/missing/1", "/missing/{id}", 404],
  ["PUT", "/any/thing", "/any/*", 200],
  ["GET", "/nowhere", undefined, 404],
  ["DELETE", "/orders/7", undefined, 405],
] as const;

describe("a call is told the pattern of the route that answers", () => {
  test.each(expected)("%s %s", async (method, path, pattern, status) => {
    expect(await told(shop())(method, path)).toEqual([pattern, status]);
  });

  test("all of them, from one app and again", async () => {
    const send = told(shop());
    for (let round = 0; round < 2; round++) {
      for (const [method, path, pattern, status] of expected) {
        expect(await send(method, path)).toEqual([pattern, status]);
      }
    }
  });

  test.each([
    ["regular expressions", () => new RegExpRouter<never>()],
    ["a trie", () => new TrieRouter<never>()],
  ])("of a router by %s", async (_name, router) => {
    const app = new Hono({ router: router() })
      .use(async (_c, next) => next())
      .get("/a/:id", (c) => c.text(c.req.param("id")));
    const send = told(app);
    for (const id of ["1", "2"]) expect(await send("GET", `/a/${id}`)).toEqual(["/a/{id}", 200]);
    expect(await send("GET", "/b")).toEqual([undefined, 404]);
  });

  test("where several fit, of the first that answers", async () => {
    const app = new Hono()
      .get("/files/:name", (c) => c.text("one"))
      .get("/files/*", (c) => c.text("all"))
      .get("/kept/*", async (c, next) => (c.req.path.endsWith("x") ? c.text("here") : next()))
      .get("/kept/:name", (c) => c.text("then"));
    const send = told(app);
    expect(await send("GET", "/files/a")).toEqual(["/files/{name}", 200]);
    expect(await send("GET", "/files/a/b")).toEqual(["/files/*", 200]);
    expect(await send("GET", "/kept/a")).toEqual(["/kept/{name}", 200]);
    // Answered by the one before, which might have left it to this one: that is not told apart.
    expect(await send("GET", "/kept/x")).toEqual(["/kept/{name}", 200]);
  });

  test("made by a factory of handlers", async () => {
    const handlers = createFactory().createHandlers(
      async (_c, next) => next(),
      (c) => c.text("made"),
    );
    expect(await told(new Hono().get("/made/:id", ...handlers))("GET", "/made/1")).toEqual([
      "/made/{id}",
      200,
    ]);
  });
});

test("what a handler asks of its own app is no route of the call", async () => {
  const app: Hono = new Hono()
    .get("/inner", (c) => c.text("inner"))
    .get("/outer/:id", async () => await app.request("/inner"));
  expect(await told(app)("GET", "/outer/1")).toEqual(["/outer/{id}", 200]);
});

test("an app of two services tells each its own", async () => {
  const app = new Hono().get("/a", (c) => c.text("a")).get("/b", (c) => c.text("b"));
  const [first, second] = [told(app), told(app)];
  expect(await first("GET", "/b")).toEqual(["/b", 200]);
  expect(await second("GET", "/a")).toEqual(["/a", 200]);
  expect(await first("GET", "/a")).toEqual(["/a", 200]);
});

test("without telemetry nothing is noted", async () => {
  const { dispatcher } = host(new Hono().get("/", (c) => c.text("")));
  const call = new Call("GET", "/");
  dispatcher.dispatch(call);
  await call.answered.promise;
  expect(call.route).toBeUndefined();
});
