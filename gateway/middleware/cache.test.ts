import { afterEach, describe, expect, test } from "bun:test";
import type { CacheConfig } from "../../runtime/topology/model.ts";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { eventually, type FakeService, Gateways, jsonHeaders, MovableClock, route } from "../gateway.case.ts";
import { normalizeQuery } from "./cache.ts";
import { matchesEtag } from "./etag.ts";

const gateways = new Gateways();
afterEach(() => gateways.stopAll());

const cache: CacheConfig = { ttlMs: 30_000, maxEntries: 100, purgeOn: [], varyByUser: false };

async function start(service: FakeService, config: Partial<CacheConfig> = {}, methods = ["GET"]) {
  const clock = new MovableClock();
  const gateway = await gateways.start({
    clock,
    config: { routes: [route("/items/{id}", { cache: { ...cache, ...config }, methods })] },
    services: { echo: service },
  });
  return { gateway, clock, calls: () => gateway.mesh.calls.length };
}

/** A new answer at each call. */
function counter(): FakeService {
  let count = 0;
  return () => ({ body: JSON.stringify({ count: ++count }) });
}

describe("a cached route", () => {
  test("asks once within the TTL, says so, and says how old the answer is", async () => {
    const { gateway, clock } = await start(counter());
    const miss = await gateway.fetch("/items/1");
    expect(await miss.json()).toEqual({ count: 1 });
    expect(miss.headers.get("x-cache")).toBe("miss");
    expect(miss.headers.get("cache-control")).toBe("public, max-age=30");
    clock.offsetMs = 10_000;
    const hit = await gateway.fetch("/items/1");
    expect(await hit.json()).toEqual({ count: 1 });
    expect(hit.headers.get("x-cache")).toBe("hit");
    expect(hit.headers.get("age")).toBe("10");
    expect(hit.headers.get("etag")).toBe(miss.headers.get("etag"));
    expect(hit.headers.get("content-type")).toBe("application/json");
    clock.offsetMs = 30_001;
    expect(await (await gateway.fetch("/items/1")).json()).toEqual({ count: 2 });
  });

  test("answers 304 to who has it, by a strong ETag", async () => {
    const { gateway, calls } = await start(counter());
    const etag = (await gateway.fetch("/items/1")).headers.get("etag")!;
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    const same = await gateway.fetch("/items/1", { headers: { "if-none-match": `"x", W/${etag}` } });
    expect(same.status).toBe(304);
    expect(same.headers.get("etag")).toBe(etag);
    expect(await same.text()).toBe("");
    expect((await gateway.fetch("/items/1", { headers: { "if-none-match": '"x"' } })).status).toBe(200);
    expect(calls()).toBe(1);
  });

  test("tells paths and queries apart, but not the order of a query's names", async () => {
    const { gateway, calls } = await start(counter());
    for (const path of ["/items/1", "/items/2", "/items/1?a=1&b=2", "/items/1?b=2&a=1", "/items/1?a=2&a=1"]) {
      await gateway.fetch(path);
    }
    expect(calls()).toBe(4);
  });

  test("makes one call for concurrent misses", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { gateway, calls } = await start(async () => {
      await held;
      return {};
    });
    const answers = Array.from({ length: 50 }, () => gateway.fetch("/items/1"));
    await eventually(() => gateway.role.load().pending === 50);
    release();
    expect((await Promise.all(answers)).map((answer) => answer.status)).toEqual(answers.map(() => 200));
    expect(calls()).toBe(1);
  });

  test("goes on for the others when the one who asked first leaves", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { gateway, calls } = await start(async () => {
      await held;
      return {};
    });
    const impatient = new AbortController();
    const first = gateway.fetch("/items/1", { signal: impatient.signal }).catch(() => "left");
    await eventually(() => calls() === 1);
    const second = gateway.fetch("/items/1");
    await eventually(() => gateway.role.load().pending === 2);
    impatient.abort();
    expect(await first).toBe("left");
    release();
    expect((await second).status).toBe(200);
    expect(calls()).toBe(1);
  });

  test("keeps no failure", async () => {
    let up = false;
    const { gateway, calls } = await start(() => (up ? {} : { status: 503 }));
    expect((await gateway.fetch("/items/1")).status).toBe(503);
    up = true;
    expect((await gateway.fetch("/items/1")).status).toBe(200);
    expect(calls()).toBe(2);
  });

  test("shows the service nothing that is one client's own", async () => {
    const { gateway } = await start(counter());
    const personal = { cookie: "a=1", authorization: "Bearer x", range: "bytes=0-1", "if-none-match": '"x"' };
    await gateway.fetch("/items/1", { headers: { ...personal, "accept-language": "de" } });
    const { headers } = gateway.mesh.calls[0]!.request;
    for (const name of Object.keys(personal)) expect(headers).not.toContain(name);
    expect(headers).toContain("accept-language");
  });

  test("answers HEAD from what GET stored, and stores for GET what HEAD asked", async () => {
    const { gateway, calls } = await start(counter());
    const head = await gateway.fetch("/items/1", { method: "HEAD" });
    expect(head.headers.get("x-cache")).toBe("miss");
    expect(await head.text()).toBe("");
    expect(gateway.mesh.calls[0]!.request.method).toBe("GET");
    const get = await gateway.fetch("/items/1");
    expect(await get.json()).toEqual({ count: 1 });
    expect(calls()).toBe(1);
  });

  test("passes other methods by", async () => {
    const { gateway, calls } = await start(counter(), {}, ["GET", "POST"]);
    for (let i = 0; i < 2; i++) await gateway.fetch("/items/1", { method: "POST", body: "x" });
    expect(calls()).toBe(2);
    expect((await gateway.fetch("/items/1")).headers.get("x-cache")).toBe("miss");
  });

  test("holds no more than maxEntries", async () => {
    const { gateway, calls } = await start(counter(), { maxEntries: 10 });
    for (let i = 0; i < 40; i++) await gateway.fetch(`/items/${i}`);
    await gateway.fetch("/items/0");
    expect(calls()).toBe(41);
  });

  test("compresses an entry once for each encoding, each with an ETag of its own", async () => {
    const body = JSON.stringify({ text: "lorem ipsum ".repeat(500) });
    const { gateway } = await start(() => ({ body }));
    const zipped = await gateway.fetch("/items/1", { headers: { "accept-encoding": "gzip" } });
    expect(zipped.headers.get("content-encoding")).toBe("gzip");
    expect(await zipped.text()).toBe(body);
    const plain = await gateway.fetch("/items/1", { headers: { "accept-encoding": "identity" } });
    expect(plain.headers.get("content-encoding")).toBeNull();
    expect(plain.headers.get("vary")).toContain("Accept-Encoding");
    expect(zipped.headers.get("etag")).not.toBe(plain.headers.get("etag"));
    const again = await gateway.fetch("/items/1", {
      headers: { "accept-encoding": "gzip", "if-none-match": zipped.headers.get("etag")! },
    });
    expect(again.status).toBe(304);
  });
});

describe("not kept", () => {
  const cases: Record<string, FakeService> = {
    "no-store": () => ({ headers: [...jsonHeaders, "cache-control", "no-store"] }),
    "private, on a route for all": () => ({ headers: [...jsonHeaders, "cache-control", "private"] }),
    "a cookie": () => ({ headers: [...jsonHeaders, "set-cookie", "a=1"] }),
    "Vary on anything": () => ({ headers: [...jsonHeaders, "vary", "accept-language"] }),
    "another status": () => ({ status: 404 }),
    "more bytes than an entry may have": () => ({ body: "x".repeat(300 * 1024) }),
  };
  for (const [name, service] of Object.entries(cases)) {
    test(name, async () => {
      const { gateway, calls } = await start(service);
      const first = await gateway.fetch("/items/1");
      await first.text();
      const second = await gateway.fetch("/items/1");
      expect((await second.text()).length).toBeGreaterThan(0);
      expect(calls()).toBe(2);
    });
  }

  test("a long stream arrives whole all the same", async () => {
    const chunk = new Uint8Array(100 * 1024).fill(97);
    const { gateway } = await start(() => ({
      headers: ["content-type", "text/plain"],
      body: new ReadableStream<Uint8Array>({
        start(controller) {
          for (let i = 0; i < 5; i++) controller.enqueue(chunk);
          controller.close();
        },
      }),
    }));
    expect((await (await gateway.fetch("/items/1")).text()).length).toBe(5 * chunk.length);
  });

  test("what was read before a purge", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let count = 0;
    const { gateway, calls } = await start(
      async () => {
        if (++count === 1) await held;
        return {};
      },
      { purgeOn: ["item.changed"] },
    );
    const early = gateway.fetch("/items/1");
    await eventually(() => calls() === 1);
    await gateway.broker.emit("item.changed");
    release();
    expect((await early).status).toBe(200);
    expect((await gateway.fetch("/items/1")).headers.get("x-cache")).toBe("miss");
  });
});

test("each user has answers of their own when the route varies by user", async () => {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const keys = [{ ...(await exportJWK(publicKey)), kid: "k" }];
  const gateway = await gateways.start({
    config: {
      auth: {
        issuer: "i",
        audience: "a",
        jwks: { service: "identity", path: "/jwks" },
        algorithm: "ES256",
      },
      routes: [route("/mine", { auth: "optional", cache: { ...cache, varyByUser: true } })],
    },
    services: {
      identity: () => ({ body: JSON.stringify({ keys }) }),
      echo: ({ context }) => ({ body: JSON.stringify(context.user?.id ?? "nobody") }),
    },
  });
  const as = async (user: string) => {
    const token = await new SignJWT()
      .setProtectedHeader({ alg: "ES256", kid: "k" })
      .setSubject(user)
      .setIssuer("i")
      .setAudience("a")
      .setExpirationTime("5m")
      .sign(privateKey);
    return gateway.fetch("/mine", { headers: { authorization: `Bearer ${token}` } });
  };
  expect(await (await as("ann")).json()).toBe("ann");
  expect(await (await as("bob")).json()).toBe("bob");
  expect(await (await gateway.fetch("/mine")).json()).toBe("nobody");
  const again = await as("ann");
  expect(again.headers.get("x-cache")).toBe("hit");
  expect(await again.json()).toBe("ann");
  expect(again.headers.get("cache-control")).toBe("private, max-age=30");
  expect(again.headers.get("vary")).toContain("Authorization");
});

test("an event on one of its topics empties the cache", async () => {
  const { gateway, calls } = await start(counter(), { purgeOn: ["item.changed", "item.removed"] });
  expect(
    gateway.broker.subscriptions.map(({ topic, from, ephemeral }) => ({ topic, from, ephemeral })),
  ).toEqual([
    { topic: "item.changed", from: "latest", ephemeral: true },
    { topic: "item.removed", from: "latest", ephemeral: true },
  ]);
  await gateway.fetch("/items/1");
  await gateway.broker.emit("item.removed");
  expect(await (await gateway.fetch("/items/1")).json()).toEqual({ count: 2 });
  expect(calls()).toBe(2);
  await gateway.role.stop();
  expect(gateway.broker.stopped).toBe(2);
});

test("normalizeQuery sorts names and keeps the order of one name's values", () => {
  expect(normalizeQuery("?b=1&a=2&b=0")).toBe("?a=2&b=1&b=0");
  expect(normalizeQuery("?")).toBe("");
  expect(normalizeQuery("?&a=1&")).toBe("?a=1");
});

test("matchesEtag compares weakly, in lists, and takes the star", () => {
  expect(matchesEtag('"a"', '"a"')).toBe(true);
  expect(matchesEtag('"b", W/"a"', '"a"')).toBe(true);
  expect(matchesEtag("*", '"a"')).toBe(true);
  expect(matchesEtag('"ab"', '"a"')).toBe(false);
  expect(matchesEtag("", '"a"')).toBe(false);
});
