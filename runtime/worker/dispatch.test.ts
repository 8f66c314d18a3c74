import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { HTTPException } from "hono/http-exception";
import { secureHeaders } from "hono/secure-headers";
import { stream, streamSSE, streamText } from "hono/streaming";
import { timing } from "hono/timing";
import { validator } from "hono/validator";
import { z } from "zod";
import { MicrocosmError } from "../../sdk/errors.ts";
import { problem } from "../../sdk/problem.ts";
import type { AnyHono, RequestInfo, ServiceEnv } from "../../sdk/service.ts";
import type { HeaderList } from "../calls/mesh.ts";
import type { IncomingBody, OutgoingBody } from "../transport/transport.ts";
import { type DispatchedCall, Dispatcher } from "./dispatch.ts";
import { JsonLogger } from "./logger.ts";

interface Answer {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: OutgoingBody;
}

class Call implements DispatchedCall {
  readonly caller = "gateway";
  readonly deadline = Number.POSITIVE_INFINITY;
  readonly traceparent = `00-${"1".repeat(32)}-${"2".repeat(16)}-01`;
  readonly attempt = 1;
  readonly requestId = "r-1";
  readonly user = { id: "u1", roles: ["admin"] };
  readonly abort = new AbortController();
  readonly signal = this.abort.signal;
  readonly answered = Promise.withResolvers<Answer>();
  readonly method: string;
  readonly path: string;
  readonly headers: HeaderList;
  readonly body: IncomingBody;
  answers = 0;

  constructor(method: string, path: string, headers: HeaderList = [], body: IncomingBody | string = "") {
    this.method = method;
    this.path = path;
    this.headers = headers;
    this.body = typeof body === "string" ? new TextEncoder().encode(body) : body;
  }

  reply(status: number, headers: HeaderList, body: OutgoingBody): void {
    this.answers++;
    this.answered.resolve({ status, headers, body });
  }
}

function host(app: AnyHono) {
  const lines: Record<string, unknown>[] = [];
  const log = new JsonLogger(
    (line) => lines.push(JSON.parse(line)),
    () => 0,
  );
  const scope = new AsyncLocalStorage<RequestInfo>();
  const dispatcher = new Dispatcher({ service: "orders", app, scope, log });
  const send = async (
    method: string,
    path: string,
    headers: HeaderList = [],
    body: IncomingBody | string = "",
  ) => {
    const call = new Call(method, path, headers, body);
    dispatcher.dispatch(call);
    const answer = await call.answered.promise;
    expect(call.answers).toBe(1);
    return answer;
  };
  const json = async (method: string, path: string, headers: HeaderList = [], body = "") => {
    const answer = await send(method, path, headers, body);
    return {
      status: answer.status,
      type: header(answer, "content-type"),
      body: JSON.parse(await textOf(answer)),
    };
  };
  return { dispatcher, scope, lines, send, json };
}

function textOf({ body }: Answer): Promise<string> {
  return new Response(body as BodyInit).text();
}

function header({ headers }: Answer, name: string): string | undefined {
  const at = headers.findIndex((entry, index) => index % 2 === 0 && entry === name);
  return headers[at + 1] === undefined || at < 0 ? undefined : headers[at + 1];
}

function pairs(headers: HeaderList): string[] {
  const found: string[] = [];
  for (let i = 0; i < headers.length; i += 2) found.push(`${headers[i]}: ${headers[i + 1]}`);
  return found.sort();
}

const form = "a=1&b=two%20words&b=three";
const formType = ["content-type", "application/x-www-form-urlencoded"];
const multipart = [
  "--xyz",
  'content-disposition: form-data; name="note"',
  "",
  "hello",
  "--xyz",
  'content-disposition: form-data; name="file"; filename="a.txt"',
  "content-type: text/plain",
  "",
  "in the file",
  "--xyz--",
  "",
].join("\r\n");

/** An app that does all that Hono lets a handler do, answering with what it saw. */
function everything() {
  return new Hono<ServiceEnv>()
    .use("/timed/*", timing({ total: false }))
    .use("/cors/*", cors({ origin: "https://shop.example" }))
    .use("/secure/*", secureHeaders())
    .use("/etag/*", etag())
    .use("/after/*", async (c, next) => {
      await next();
      c.header("x-after", "1");
      c.header("vary", "accept", { append: true });
      c.res.headers.set("x-direct", c.res.status.toString());
    })
    .use("/replace/*", async (c, next) => {
      await next();
      c.res = new Response(`[${await c.res.text()}]`, c.res);
    })
    .get("/text", (c) => c.text("plain"))
    .get("/timed/text", (c) => c.text("timed"))
    .get("/cors/text", (c) => c.text("cors"))
    .get("/secure/text", (c) => c.text("secure"))
    .get("/etag/text", (c) => c.text("tagged"))
    .get("/after/text", (c) => c.text("after"))
    .get("/after/bytes", (c) => c.body(new Uint8Array([1, 2, 3])))
    .get("/replace/text", (c) => c.text("inner"))
    .get("/json", (c) => c.json({ a: 1, ü: "ä" }, 201, { "x-one": "1" }))
    .get("/html", (c) => c.html("<p>hi</p>"))
    .get("/empty", (c) => c.body(null, 204))
    .get("/nothing", () => new Response())
    .get("/redirect", (c) => c.redirect("/elsewhere?q=1"))
    .get("/bytes", (c) => c.body(new Uint8Array([0, 255, 128]), 200, { "content-type": "image/x" }))
    .get("/buffer", (c) => c.body(new Uint8Array([1, 2]).buffer))
    .get("/blob", () => new Response(new Blob(["in a blob"], { type: "text/x" })))
    .get("/params", () => new Response(new URLSearchParams({ a: "1 2" })))
    .get("/static-json", () => Response.json({ made: "statically" }))
    .get("/clone", () => new Response("cloned").clone())
    .get("/latin", (c) => c.text("ok", 200, { "x-name": "café" }))
    .get("/cookies", (c) => {
      setCookie(c, "one", "1");
      setCookie(c, "two", "2", { httpOnly: true });
      return c.json(getCookie(c));
    })
    .get("/headers", (c) =>
      c.json({
        one: c.req.header("X-One") ?? null,
        none: c.req.header("x-none") ?? null,
        all: c.req.header(),
        raw: [...c.req.raw.headers.entries()],
        has: c.req.raw.headers.has("x-ONE"),
        copied: [...new Headers(c.req.raw.headers)],
        is: [c.req.raw instanceof Request, c.req.raw.headers instanceof Headers],
      }),
    )
    .get("/query", (c) =>
      c.json({ q: c.req.query("q") ?? null, all: c.req.queries("q") ?? [], every: c.req.query() }),
    )
    .get("/path/:id/:rest{.+}", (c) =>
      c.json({ ...c.req.param(), path: c.req.path, url: new URL(c.req.url).search }),
    )
    .post("/json", async (c) => c.json({ got: await c.req.json() }))
    .post("/twice", async (c) =>
      c.json([await c.req.json(), await c.req.text(), (await c.req.arrayBuffer()).byteLength]),
    )
    .post("/text", async (c) => c.text(await c.req.text()))
    .post("/buffer", async (c) => c.body(await c.req.arrayBuffer()))
    .post("/blob", async (c) => c.text(`${(await c.req.blob()).size}`))
    .post("/form", async (c) => c.json(await c.req.parseBody({ all: true })))
    .post("/files", async (c) => {
      const body = await c.req.parseBody();
      return c.json({
        note: body.note,
        file: await (body.file as File).text(),
        name: (body.file as File).name,
      });
    })
    .post("/stream", (c) => new Response(c.req.raw.body))
    .post("/raw-clone", async (c) => {
      const copy = c.req.raw.clone();
      return c.json([await c.req.text(), await copy.text()]);
    })
    .post("/rewrapped", async (c) =>
      c.text(await new Request(c.req.raw.url, c.req.raw as unknown as RequestInit).text()),
    )
    .post(
      "/valid",
      validator("json", (value) => value as { a: number }),
      (c) => c.json(c.req.valid("json")),
    )
    .get("/stream", (c) => stream(c, async (out) => void (await out.write("one ")).write("two")))
    .get("/stream-text", (c) => streamText(c, async (out) => void (await out.writeln("line"))))
    .get("/sse", (c) =>
      streamSSE(c, async (out) => {
        await out.writeSSE({ event: "tick", data: "1", id: "a" });
        await out.writeSSE({ data: "2" });
      }),
    )
    .all("/any", (c) => c.text(c.req.method))
    .get("/async", async (c) => {
      await Bun.sleep(1);
      return c.text("later");
    });
}

const requests: [method: string, path: string, headers?: HeaderList, body?: string][] = [
  ...[
    "/text",
    "/timed/text",
    "/cors/text",
    "/secure/text",
    "/etag/text",
    "/after/text",
    "/after/bytes",
    "/replace/text",
    "/json",
    "/html",
    "/empty",
    "/nothing",
    "/redirect",
    "/bytes",
    "/buffer",
    "/blob",
    "/params",
    "/static-json",
    "/clone",
    "/latin",
    "/cookies",
    "/query?q=1&q=two%20words&r=%C3%A4",
    "/query",
    "/path/a%20b/c/d?x=1",
    "/stream",
    "/stream-text",
    "/sse",
    "/async",
  ].map((path): [string, string] => ["GET", path]),
  ["GET", "/headers", ["x-one", "1", "accept", "a", "cookie", "a=1"]],
  ["GET", "/cookies", ["cookie", "a=1; b=2"]],
  ["GET", "/cors/text", ["origin", "https://shop.example"]],
  ["OPTIONS", "/cors/text", ["origin", "https://shop.example", "access-control-request-method", "PUT"]],
  ["HEAD", "/text"],
  ["HEAD", "/json"],
  ["HEAD", "/sse"],
  ["PUT", "/any"],
  ["PATCH", "/any"],
  ["DELETE", "/any"],
  ["POST", "/json", ["content-type", "application/json"], '{"a":[1,"ä"]}'],
  ["POST", "/twice", [], '{"a":1}'],
  ["POST", "/text", [], "ä 😀"],
  ["POST", "/text"],
  ["POST", "/buffer", [], "bytes"],
  ["POST", "/blob", [], "bytes"],
  ["POST", "/form", formType, form],
  ["POST", "/files", ["content-type", "multipart/form-data; boundary=xyz"], multipart],
  ["POST", "/stream", [], "through"],
  ["POST", "/raw-clone", [], "both"],
  ["POST", "/rewrapped", [], "again"],
  ["POST", "/valid", ["content-type", "application/json"], '{"a":1}'],
];

describe("a Hono app answers as it does on a server", () => {
  const { send } = host(everything());
  const reference = everything();
  const server = (request: Request) => reference.fetch(request, { user: { id: "u1", roles: [] } });

  test.each(requests)("%s %s", async (method, path, headers = [], body = "") => {
    const serving = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request) => answerOf(server, request, headers),
    });
    try {
      const expected = await fetch(`http://127.0.0.1:${serving.port}${path}`, {
        method,
        redirect: "manual",
        ...(method === "POST" ? { body } : {}),
        headers: Object.fromEntries(chunked(headers)),
      });
      const answer = await send(method, path, headers, body);
      expect(answer.status).toBe(expected.status);
      // Where nobody set a type, Bun.serve says text or octets by what the body was last made of, a stream included.
      const ignored =
        /^(date|content-length|transfer-encoding|connection|keep-alive|server-timing):|: application.octet-stream$|: text.plain;charset=utf-8$/;
      const wanted = [...expected.headers].map(([name, value]) => `${name}: ${value}`).sort();
      expect(pairs(answer.headers).filter((line) => !ignored.test(line))).toEqual(
        wanted.filter((line) => !ignored.test(line)),
      );
      expect(new Uint8Array(await new Response(answer.body as BodyInit).arrayBuffer())).toEqual(
        new Uint8Array(await expected.arrayBuffer()),
      );
    } finally {
      await serving.stop(true);
    }
  });
});

/** Gives the app the headers of the case alone: fetch adds its own. */
function answerOf(
  server: (request: Request) => Response | Promise<Response>,
  request: Request,
  headers: HeaderList,
) {
  const url = new URL(request.url);
  const bodiless = request.method === "GET" || request.method === "HEAD";
  return server(
    new Request(`http://orders${url.pathname}${url.search}`, {
      method: request.method,
      headers: chunked(headers),
      ...(bodiless ? {} : { body: request.body }),
    }),
  );
}

function chunked(headers: HeaderList): [string, string][] {
  const found: [string, string][] = [];
  for (let i = 0; i < headers.length; i += 2) found.push([headers[i]!, headers[i + 1]!]);
  return found;
}

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
