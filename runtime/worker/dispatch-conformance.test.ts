import { describe, expect, test } from "bun:test";
import type { HeaderList } from "../calls/mesh.ts";
import { host, pairs } from "./fixtures/dispatched.ts";
import { everything } from "./fixtures/everything-app.ts";

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
    "/timed/json",
    "/cors/json",
    "/secure/json",
    "/etag/json",
    "/after/json",
    "/replace/json",
    "/json/plain",
    "/json/text",
    "/json/clone",
    "/json/read",
    "/json/changed",
    "/json/anew",
    "/json/status",
    "/json/looks",
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
  ["HEAD", "/json/plain"],
  ["HEAD", "/after/json"],
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
  ["POST", "/limited", [], "short"],
  ["POST", "/limited", [], "longer than ten bytes"],
  ["POST", "/limited", ["content-length", "21"], "longer than ten bytes"],
  ["POST", "/derived", ["x-one", "1"], "derived"],
  ["POST", "/mounted/deep", [], "mounted"],
  ["GET", "/mounted"],
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
