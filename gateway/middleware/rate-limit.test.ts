import { afterEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Gateways, MovableClock, route } from "../gateway.case.ts";
import { TokenBuckets } from "./rate-limit.ts";

const gateways = new Gateways();
afterEach(() => gateways.stopAll());

function clockAt(time: { now: number }) {
  return { now: () => time.now, after: () => () => {} };
}

describe("token buckets", () => {
  test("hold `requests`, and regain them evenly over `perMs`", () => {
    const time = { now: 0 };
    const buckets = new TokenBuckets({ requests: 3, perMs: 3_000 }, clockAt(time), 10);
    expect([1, 2, 3].map(() => buckets.take("a"))).toEqual([2, 1, 0]);
    expect(buckets.take("a")).toBe(-1_000);
    time.now = 999;
    expect(buckets.take("a")).toBeCloseTo(-1);
    time.now = 1_000;
    expect(buckets.take("a")).toBe(0);
    expect(buckets.take("b")).toBe(2);
  });

  test("are no more than the bound", () => {
    const buckets = new TokenBuckets({ requests: 1, perMs: 1_000 }, clockAt({ now: 0 }), 100);
    for (let i = 0; i < 10_000; i++) buckets.take(`client-${i}`);
    expect(buckets.size).toBeLessThanOrEqual(100);
  });

  test("never let more through than burst plus rate", () => {
    const steps = fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 2_000 }),
        steps,
        (requests, perMs, gaps) => {
          const time = { now: 0 };
          const buckets = new TokenBuckets({ requests, perMs }, clockAt(time), 10);
          let allowed = 0;
          for (const gap of gaps) {
            time.now += gap;
            if (buckets.take("a") >= 0) allowed++;
          }
          expect(allowed).toBeLessThanOrEqual(requests + (time.now * requests) / perMs + 1e-3);
        },
      ),
    );
  });

  test("a clock set back takes nothing away and gives nothing", () => {
    const time = { now: 10_000 };
    const buckets = new TokenBuckets({ requests: 2, perMs: 1_000 }, clockAt(time), 10);
    expect(buckets.take("a")).toBe(1);
    time.now = 0;
    expect(buckets.take("a")).toBe(0);
    expect(buckets.take("a")).toBeLessThan(0);
  });
});

describe("a limited route", () => {
  test("counts down in its headers, then refuses until tokens are back", async () => {
    const clock = new MovableClock();
    const gateway = await gateways.start({
      clock,
      config: { routes: [route("/a", { rateLimit: { requests: 2, perMs: 60_000, by: "address" } })] },
    });
    const frozen = Date.now();
    clock.now = () => frozen + clock.offsetMs;
    const one = await gateway.fetch("/a");
    expect([...["limit", "remaining", "reset"].map((name) => one.headers.get(`ratelimit-${name}`))]).toEqual([
      "2",
      "1",
      "30",
    ]);
    expect((await gateway.fetch("/a")).headers.get("ratelimit-remaining")).toBe("0");
    const refused = await gateway.fetch("/a");
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBe("30");
    expect(refused.headers.get("ratelimit-remaining")).toBe("0");
    expect((await refused.json()).type).toEndWith("/too-many-requests");
    expect(gateway.mesh.calls.length).toBe(2);
    clock.offsetMs = 30_000;
    expect((await gateway.fetch("/a")).status).toBe(200);
  });

  test("does not believe X-Forwarded-For, and tells real addresses apart", async () => {
    const gateway = await gateways.start({
      config: { routes: [route("/a", { rateLimit: { requests: 1, perMs: 60_000, by: "address" } })] },
    });
    expect((await gateway.fetch("/a")).status).toBe(200);
    const spoofed = await gateway.fetch("/a", { headers: { "x-forwarded-for": "9.9.9.9" } });
    expect(spoofed.status).toBe(429);
    const elsewhere = gateway.raw("127.0.0.2");
    elsewhere.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    await elsewhere.until((client) => client.received.includes("HTTP/1.1 200"));
    elsewhere.close();
  });
});
