import { afterEach, describe, expect, test } from "bun:test";
import { type FakeReply, Gateways, route } from "../gateway.case.ts";
import { chooseEncoding } from "./compression.ts";

const gateways = new Gateways();
afterEach(() => gateways.stopAll());

const long = JSON.stringify({ text: "lorem ipsum ".repeat(1000) });

async function ask(reply: FakeReply, acceptEncoding: string, compression = true): Promise<Response> {
  const gateway = await gateways.start({
    config: { routes: [route("/a")], compression },
    services: { echo: () => reply },
  });
  return gateway.fetch("/a", { headers: { "accept-encoding": acceptEncoding } });
}

describe("compression", () => {
  for (const encoding of ["gzip", "br", "zstd"]) {
    test(`${encoding} is undone to the same bytes`, async () => {
      const answer = await ask({ body: long }, encoding);
      expect(answer.headers.get("content-encoding")).toBe(encoding);
      expect(answer.headers.get("vary")).toBe("Accept-Encoding");
      expect(await answer.text()).toBe(long);
    });
  }

  test("large answers are compressed as well", async () => {
    const body = JSON.stringify("lorem ipsum ".repeat(20_000));
    const answer = await ask({ body }, "br");
    expect(answer.headers.get("content-encoding")).toBe("br");
    expect(await answer.text()).toBe(body);
  });

  test("other bytes get another ETag", async () => {
    const headers = ["content-type", "text/css", "etag", '"v1"'];
    expect((await ask({ headers, body: long }, "gzip")).headers.get("etag")).toBe('"v1-gzip"');
    expect((await ask({ headers, body: long }, "identity")).headers.get("etag")).toBe('"v1"');
  });

  const left: Record<string, FakeReply> = {
    small: { body: "{}" },
    "of a type that is compressed already": { headers: ["content-type", "image/png"], body: long },
    "encoded by the service": {
      headers: ["content-type", "application/json", "content-encoding", "gzip"],
      body: Bun.gzipSync(long),
    },
    "marked no-transform": {
      headers: ["content-type", "application/json", "cache-control", "no-transform"],
      body: long,
    },
    "a stream": {
      headers: ["content-type", "text/plain"],
      body: new Response(long).body as ReadableStream<Uint8Array>,
    },
  };
  for (const [name, reply] of Object.entries(left)) {
    test(`leaves alone what is ${name}`, async () => {
      const answer = await ask(reply, "zstd");
      expect(answer.headers.get("content-encoding")).not.toBe("zstd");
      await answer.text();
    });
  }

  test("can be switched off", async () => {
    expect((await ask({ body: long }, "gzip", false)).headers.get("content-encoding")).toBeNull();
  });

  test("takes what the client likes best, and nothing it refuses", () => {
    expect(chooseEncoding("gzip, deflate, br, zstd")).toBe("zstd");
    expect(chooseEncoding("gzip, deflate, br")).toBe("br");
    expect(chooseEncoding("GZIP;q=0.9, br;q=0.5")).toBe("gzip");
    expect(chooseEncoding("gzip;q=0, *;q=0.1")).toBe("zstd");
    expect(chooseEncoding("deflate, identity")).toBeUndefined();
    expect(chooseEncoding("gzip;q=0")).toBeUndefined();
    expect(chooseEncoding("")).toBeUndefined();
  });
});
