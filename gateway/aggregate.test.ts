import { afterEach, describe, expect, test } from "bun:test";
import type { AggregatePart } from "../runtime/topology/model.ts";
import { problem } from "../sdk/problem.ts";
import { eventually, type FakeService, Gateways, route } from "./gateway.case.ts";

const gateways = new Gateways();
afterEach(() => gateways.stopAll());

const parts: AggregatePart[] = [
  { name: "product", service: "catalog", path: "/products/{productId}", required: true, timeoutMs: 5_000 },
  { name: "availability", service: "inventory", path: "/stock/{productId}", required: false, timeoutMs: 50 },
];

const catalog: FakeService = ({ request }) => ({ body: JSON.stringify({ path: request.path }) });
const inventory: FakeService = () => ({ body: '{"available":3}' });

function start(services: Record<string, FakeService>) {
  return gateways.start({
    config: { routes: [route("/storefront/{productId}", { target: { kind: "aggregate", parts } })] },
    services,
  });
}

describe("an aggregate", () => {
  test("composes its parts' JSON", async () => {
    const gateway = await start({ catalog, inventory });
    const response = await gateway.fetch("/storefront/p7?currency=EUR");
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toEqual({
      product: { path: "/products/p7?currency=EUR" },
      availability: { available: 3 },
      degraded: [],
    });
  });

  test("asks its parts in parallel", async () => {
    let asked = 0;
    const together: FakeService = async () => {
      asked++;
      await eventually(() => asked === 2);
      return {};
    };
    const gateway = await start({ catalog: together, inventory: together });
    expect(await (await gateway.fetch("/storefront/p7")).json()).toMatchObject({ degraded: [] });
  });

  const ways: Record<string, FakeService> = {
    "cannot be reached": () => Promise.reject(new Error("down")),
    "answers with an error": () => ({ status: 500 }),
    "is too slow": () => new Promise(() => {}),
    "is no JSON": () => ({ body: "<html>" }),
    "is too large": () => ({ body: JSON.stringify("x".repeat(2 * 1024 * 1024)) }),
  };
  for (const [way, broken] of Object.entries(ways)) {
    test(`names an optional part that ${way}, and answers the rest`, async () => {
      const gateway = await start({ catalog, inventory: broken });
      const response = await gateway.fetch("/storefront/p7");
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({
        product: { path: "/products/p7" },
        availability: null,
        degraded: ["availability"],
      });
      expect(response.headers.get("cache-control")).toBe("no-store");
    });
  }

  test("answers with a required part's error, and gives the other parts up", async () => {
    let aborted = false;
    const gateway = await start({
      catalog: () => ({
        status: 404,
        headers: ["content-type", "application/problem+json"],
        body: JSON.stringify(problem(404, "product-not-found", "No product p7")),
      }),
      inventory: ({ context }) => {
        context.signal!.addEventListener("abort", () => {
          aborted = true;
        });
        return new Promise(() => {});
      },
    });
    const response = await gateway.fetch("/storefront/p7");
    expect(response.status).toBe(404);
    expect((await response.json()).type).toEndWith("/product-not-found");
    expect(aborted).toBe(true);
  });

  test("is a problem when a required part cannot be reached", async () => {
    const gateway = await start({ inventory });
    const response = await gateway.fetch("/storefront/p7");
    expect(response.status).toBe(503);
    expect((await response.json()).type).toEndWith("/no-ready-instance");
  });
});
