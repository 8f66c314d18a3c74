import { afterEach, describe, expect, test } from "bun:test";
import type { Database } from "bun:sqlite";
import { eq } from "drizzle-orm";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { Hono } from "hono";
import {
  type ApiOf,
  defineService,
  MicrocosmError,
  requireUser,
  type ServiceEnv,
  type Event,
  validate,
} from "microcosm";
import { TestService } from "microcosm/testing";
import { z } from "zod";

const products = sqliteTable("products", {
  id: text().primaryKey(),
  name: text().notNull(),
  stock: integer().notNull(),
});
const schema = { products };
const migrations = [
  {
    name: "0001_init.sql",
    sql: "CREATE TABLE products (id TEXT PRIMARY KEY, name TEXT NOT NULL, stock INTEGER NOT NULL);",
  },
];
const events = { "product.created": z.object({ id: z.string(), name: z.string().min(1) }) };

const prices = new Hono().get("/prices/:id", (c) => c.json({ cents: 100 * c.req.param("id").length }));

const catalog = defineService({
  database: { schema, migrations },
  events,
  api: ({ db, call, transaction, request }) =>
    new Hono<ServiceEnv>()
      .get("/products/:id", async (c) => {
        const product = db
          .select()
          .from(products)
          .where(eq(products.id, c.req.param("id")))
          .get();
        if (product === undefined) return c.notFound();
        const price = await call<typeof prices>("pricing").prices[":id"].$get({ param: { id: product.id } });
        return c.json({ ...product, ...(await price.json()), user: request()?.user?.id ?? null });
      })
      .post("/products", validate("json", z.object({ id: z.string(), name: z.string() })), (c) => {
        requireUser(c.env, "admin");
        const product = { ...c.req.valid("json"), stock: 0 };
        transaction((tx) => {
          tx.insert(products).values(product).run();
          tx.publish("product.created", { id: product.id, name: product.name }, { subject: product.id });
        });
        return c.json(product, 201);
      }),
  subscriptions: {
    "stock.added": (event: Event<{ id: string; quantity: number }>, ctx) => {
      ctx.transaction((tx) => {
        const product = tx.select().from(products).where(eq(products.id, event.data.id)).get();
        if (product === undefined) throw new Error("no such product yet");
        tx.update(products)
          .set({ stock: product.stock + event.data.quantity })
          .where(eq(products.id, event.data.id))
          .run();
      });
    },
  },
  start: ({ db }) => {
    db.insert(products).values({ id: "p1", name: "Keyboard", stock: 1 }).run();
  },
});

const started: TestService<typeof schema, typeof events>[] = [];
async function startCatalog(neighbours = { pricing: prices as unknown as Hono }) {
  const service = await TestService.start(catalog, { name: "catalog", neighbours });
  started.push(service);
  return service;
}

afterEach(async () => {
  for (const service of started.splice(0)) await service.stop();
});

const admin = { id: "u1", roles: ["admin"] };

describe("TestService", () => {
  test("answers from its own database and from a neighbour", async () => {
    const service = await startCatalog();
    const response = await service.request("/products/p1", { user: admin });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ id: "p1", name: "Keyboard", stock: 1, cents: 200, user: "u1" });
  });

  test("publishes what a transaction committed, and nothing of one that failed", async () => {
    const service = await startCatalog();
    const created = await service.request("/products", { json: { id: "p2", name: "Mouse" }, user: admin });
    expect(created.status).toBe(201);
    expect(service.published("product.created")).toMatchObject([
      { source: "/catalog", subject: "p2", key: "p2", data: { id: "p2", name: "Mouse" } },
    ]);
    const refused = await service.request("/products", { json: { id: "p3", name: "" }, user: admin });
    expect(refused.status).toBe(422);
    expect(await refused.json()).toMatchObject({ type: expect.stringContaining("event-invalid") });
    expect(service.db.select().from(products).where(eq(products.id, "p3")).get()).toBeUndefined();
    expect(service.published("product.created")).toHaveLength(1);
  });

  test("tells who may not", async () => {
    const service = await startCatalog();
    expect((await service.request("/products", { json: { id: "p2", name: "x" } })).status).toBe(401);
    expect((await service.request("/products", { json: { id: 1 } })).status).toBe(422);
  });

  test("an event takes effect once, however often it is delivered", async () => {
    const service = await startCatalog();
    const stock = () => service.db.select().from(products).where(eq(products.id, "p1")).get()?.stock;
    await service.deliver("stock.added", { id: "p1", quantity: 5 }, { id: "e1" });
    await service.deliver("stock.added", { id: "p1", quantity: 5 }, { id: "e1" });
    expect(stock()).toBe(6);
    await service.deliver("stock.added", { id: "p1", quantity: 5 }, { id: "e2" });
    expect(stock()).toBe(11);
  });

  test("an event whose handler failed is taken when it comes again", async () => {
    const service = await startCatalog();
    const deliver = () => service.deliver("stock.added", { id: "p9", quantity: 5 }, { id: "e1" });
    await expect(deliver()).rejects.toThrow("no such product yet");
    service.db.insert(products).values({ id: "p9", name: "Late", stock: 0 }).run();
    await deliver();
    expect(service.db.select().from(products).where(eq(products.id, "p9")).get()?.stock).toBe(5);
  });

  test("a neighbour that is down or not declared", async () => {
    const down = await TestService.start(catalog, {
      name: "catalog",
      neighbours: {
        pricing: () => {
          throw new MicrocosmError("no-ready-instance", "pricing is down");
        },
      },
    });
    const response = await down.request("/products/p1");
    expect(response.status).toBe(503);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    await down.stop();
    const alone = await TestService.start(catalog, { name: "catalog" });
    expect(await (await alone.request("/products/p1")).json()).toMatchObject({
      status: 502,
      detail: expect.stringContaining("services.catalog.uses"),
    });
    await alone.stop();
  });

  test("a full disk: writes say so, reads go on, and writes too once there is room", async () => {
    const service = await startCatalog();
    const { $client } = service.db as unknown as { $client: Database };
    const { page_count: pages } = $client.query("PRAGMA page_count").get() as { page_count: number };
    $client.run(`PRAGMA max_page_count = ${pages}`);
    const create = (id: string) =>
      service.request("/products", { json: { id, name: "x".repeat(9000) }, user: admin });
    const refused = await create("p2");
    expect(refused.status).toBe(500);
    expect(await refused.json()).toMatchObject({ type: expect.stringContaining("data-unwritable") });
    expect(service.logs.at(-1)?.fields?.hint).toContain("Free space");
    expect((await service.request("/products/p1")).status).toBe(200);
    $client.run("PRAGMA max_page_count = 100000");
    expect((await create("p2")).status).toBe(201);
    expect(service.published("product.created")).toHaveLength(1);
  });

  test("an event for a topic without a subscription is refused", async () => {
    const service = await startCatalog();
    await expect(service.deliver("nothing", {})).rejects.toMatchObject({ code: "unknown-topic" });
  });
});

/** The caller's types come from the service's definition alone. */
type CatalogApi = ApiOf<typeof catalog>;
const _typed: CatalogApi extends Hono<ServiceEnv, infer _Routes, "/"> ? true : false = true;
