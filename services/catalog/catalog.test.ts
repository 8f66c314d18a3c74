import { afterEach, describe, expect, test } from "bun:test";
import { TestService } from "microcosm/testing";
import { products } from "./schema.ts";
import { seedCatalog, seedProducts } from "./seed.ts";
import { catalog } from "./service.ts";

const started: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((service) => service.stop()));
});

async function start() {
  const service = await TestService.start(catalog, { name: "catalog" });
  started.push(service);
  return service;
}

type Service = Awaited<ReturnType<typeof start>>;
interface Product {
  readonly id: string;
  readonly name: string;
  readonly description: string;
}
interface Page {
  readonly items: readonly Product[];
  readonly next: string | null;
}

const admin = { id: "u-admin", roles: ["admin"] };
const customer = { id: "u-1", roles: [] };

async function page(service: Service, query: string): Promise<Page> {
  const response = await service.request(`/products?${query}`);
  expect(response.status).toBe(200);
  return (await response.json()) as Page;
}

test("500 products are seeded, all different, and only once", async () => {
  const service = await start();
  seedCatalog(service.context);
  const rows = service.db.select().from(products).all();
  expect(rows).toHaveLength(500);
  expect(new Set(rows.map((row) => row.name)).size).toBe(500);
  expect(rows).toEqual(seedProducts());
  expect(rows.every((row) => row.priceCents >= 500 && row.priceCents < 100_000)).toBe(true);
});

test("a product has the public fields and no others", async () => {
  const service = await start();
  const response = await service.request("/products/p-0001");
  expect(await response.json()).toEqual({
    id: "p-0001",
    name: "Chalk White Desk Lamp",
    description: expect.stringContaining("dimmable"),
    priceCents: 7400,
    currency: "EUR",
  });
  expect((await service.request("/products/p-9999")).status).toBe(404);
});

test("pages follow one another without a gap or an overlap", async () => {
  const service = await start();
  const ids: string[] = [];
  let after = "";
  do {
    const { items, next } = await page(service, `limit=70${after && `&after=${after}`}`);
    ids.push(...items.map((item) => item.id));
    after = next ?? "";
  } while (after !== "");
  expect(ids).toEqual(seedProducts().map((product) => product.id));
});

describe("search", () => {
  test.each([
    ["desk lamp", 10, "Desk Lamp"],
    ["DESK  lamp", 10, "Desk Lamp"],
    ["esk lam", 10, "Desk Lamp"],
    ["drome", 5, "Lavender"],
    ["brass wall", 1, "Brass Wall Sconce"],
  ])("%p finds %p products", async (search, count, name) => {
    const service = await start();
    const { items } = await page(service, `limit=100&search=${encodeURIComponent(search)}`);
    expect(items).toHaveLength(count);
    for (const item of items) expect(item.name).toContain(name);
  });

  test("short words count, too", async () => {
    const service = await start();
    const { items } = await page(service, "limit=100&search=mug%20oz");
    expect(items).toEqual([]);
    const { items: ounces } = await page(service, "limit=100&search=oz");
    expect(ounces.length).toBeGreaterThan(0);
    for (const item of ounces) expect(`${item.name} ${item.description}`.toLowerCase()).toContain("oz");
  });

  test.each(['"', "* OR 1=1", "name:lamp AND", "'; DROP TABLE products; --", "%", "%%%", "NEAR(", "()"])(
    "%p is taken as words and not as a query",
    async (search) => {
      const service = await start();
      const { items } = await page(service, `search=${encodeURIComponent(search)}`);
      expect(items).toEqual([]);
    },
  );

  test("goes on where its page ended", async () => {
    const service = await start();
    const all = await page(service, "search=lamp&limit=100");
    const first = await page(service, "search=lamp&limit=3");
    const second = await page(service, `search=lamp&limit=100&after=${first.next}`);
    expect([...first.items, ...second.items]).toEqual([...all.items]);
  });
});

test.each(["limit=0", "limit=101", "limit=ten", "limit=1.5", "after=p-9999", `search=${"x".repeat(201)}`])(
  "%p is 422 and names the field",
  async (query) => {
    const service = await start();
    const response = await service.request(`/products?${query}`);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ path: query.split("=")[0] }] });
  },
);

describe("a new product", () => {
  const lamp = { name: "Ärmel Lamp", description: "Lights sleeves.", priceCents: 1999 };

  test("is made by an admin, found, and announced with its stock", async () => {
    const service = await start();
    const response = await service.request("/products", { json: { ...lamp, initialStock: 7 }, user: admin });
    expect(response.status).toBe(201);
    const made = (await response.json()) as Product;
    expect(made).toEqual({ ...lamp, id: "p-0501", currency: "EUR" } as never);
    expect(response.headers.get("location")).toBe("/v1/products/p-0501");
    expect((await page(service, "search=armel")).items).toEqual([made]);
    expect(service.published("product.created")).toMatchObject([
      { key: "p-0501", data: { productId: "p-0501", initialStock: 7 } },
    ]);
  });

  test("needs the role, before its fields are looked at", async () => {
    const service = await start();
    expect((await service.request("/products", { json: {} })).status).toBe(401);
    expect((await service.request("/products", { json: {}, user: customer })).status).toBe(403);
    expect((await service.request("/products", { json: {}, user: admin })).status).toBe(422);
    expect(service.published("product.created")).toEqual([]);
  });

  test.each([-1, 1.5, "12", 1e12])("cannot cost %p", async (priceCents) => {
    const service = await start();
    const response = await service.request("/products", { json: { ...lamp, priceCents }, user: admin });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ path: "priceCents" }] });
  });
});

test("prices are told for the products that exist", async () => {
  const service = await start();
  const response = await service.request("/prices?ids=p-0002,p-9999,p-0001");
  const { prices } = (await response.json()) as { prices: { productId: string; priceCents: number }[] };
  expect(prices.map((price) => price.productId).sort()).toEqual(["p-0001", "p-0002"]);
});
