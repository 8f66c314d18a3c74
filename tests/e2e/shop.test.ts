/** The shop's public API through the real gateway, line by line of its table. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eventually, Run } from "../kit/run.ts";
import { Customer, type Order, type Page } from "../kit/shop.ts";

let run: Run;
let customer: Customer;

beforeAll(async () => {
  run = await Run.start();
  customer = await Customer.register(run.gateway);
});
afterAll(async () => {
  await run?.stop();
});

interface Product {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly priceCents: number;
  readonly currency: string;
}

async function someProduct(): Promise<Product> {
  const { body } = await customer.get<Page<Product>>("/v1/products?limit=1");
  return body.items[0] as Product;
}

function settled(id: string, by: Customer = customer): Promise<Order> {
  return eventually(`order ${id} settles`, async () => {
    const { body } = await by.get<Order>(`/v1/orders/${id}`);
    return body.status !== "pending" && body;
  }) as Promise<Order>;
}

function expectProblem(answer: { status: number; headers: Headers; body: unknown }, status: number): void {
  expect(answer.status).toBe(status);
  expect(answer.headers.get("content-type")).toContain("application/problem+json");
  const body = answer.body as { type: string; status: number; requestId?: string };
  expect(body.type).toStartWith("https://");
  expect(body.status).toBe(status);
  expect(JSON.stringify(body)).not.toContain(".ts:");
}

describe("users and tokens", () => {
  test("a new user: 201 with id, email and name, and no password", async () => {
    const email = `n${crypto.randomUUID()}@shop.test`;
    const answer = await new Customer(run.gateway).send<Record<string, unknown>>("POST", "/v1/users", {
      email,
      password: "a good long password",
      name: "Ada",
    });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({ id: expect.any(String), email, name: "Ada" });
  });

  test("a taken e-mail: 409", async () => {
    const answer = await customer.send("POST", "/v1/users", {
      email: customer.email,
      password: "a good long password",
      name: "Other",
    });
    expectProblem(answer, 409);
  });

  test("fields at fault: 422 names them", async () => {
    const answer = await customer.send<{ errors: { path: string }[] }>("POST", "/v1/users", {
      email: "no address",
      name: 5,
    });
    expectProblem(answer, 422);
    const paths = answer.body.errors.map((error) => error.path);
    expect(paths).toContain("email");
    expect(paths).toContain("password");
    expect(paths).toContain("name");
  });

  test("malformed JSON: 400", async () => {
    expectProblem(await customer.send("POST", "/v1/users", '{"email":'), 400);
  });

  test("a wrong password and an unknown e-mail: 401", async () => {
    for (const email of [customer.email, "nobody@shop.test"]) {
      expectProblem(await customer.send("POST", "/v1/tokens", { email, password: "wrong password" }), 401);
    }
  });

  test("tokens have the documented shape", async () => {
    const answer = await customer.send<Record<string, unknown>>("POST", "/v1/tokens", {
      email: customer.email,
      password: "a good long password",
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      accessToken: expect.any(String),
      refreshToken: expect.any(String),
      tokenType: "Bearer",
      expiresIn: expect.any(Number),
    });
  });

  test("a refresh token works once; its reuse revokes the family", async () => {
    const other = await Customer.register(run.gateway);
    const first = other.refreshToken;
    const second = await other.send<{ refreshToken: string }>("POST", "/v1/tokens/refresh", {
      refreshToken: first,
    });
    expect(second.status).toBe(200);
    expectProblem(await other.send("POST", "/v1/tokens/refresh", { refreshToken: first }), 401);
    expectProblem(
      await other.send("POST", "/v1/tokens/refresh", { refreshToken: second.body.refreshToken }),
      401,
    );
  });
});

describe("products", () => {
  test("500 are seeded and pages do not overlap", async () => {
    const products = await customer.all<Product>("/v1/products");
    expect(products.length).toBeGreaterThanOrEqual(500);
    expect(new Set(products.map((product) => product.id)).size).toBe(products.length);
    const [first] = products;
    expect(first).toEqual({
      id: expect.anything(),
      name: expect.any(String),
      description: expect.any(String),
      priceCents: expect.any(Number),
      currency: expect.any(String),
    });
  });

  test("the list is public and cached, and a new product purges it", async () => {
    const anonymous = new Customer(run.gateway);
    const path = "/v1/products?search=purgeable";
    expect((await anonymous.get<Page<Product>>(path)).body.items).toEqual([]);
    const again = await anonymous.get(path);
    expect(again.headers.get("x-cache")).toBe("hit");
    const etag = again.headers.get("etag");
    expect(etag).toBeString();
    expect((await anonymous.send("GET", path, undefined, { "if-none-match": etag ?? "" })).status).toBe(304);

    const admin = await Customer.admin(run.gateway);
    const made = await admin.send("POST", "/v1/products", {
      name: "Purgeable lamp",
      description: "Lights up.",
      priceCents: 1999,
      currency: "EUR",
    });
    expect(made.status).toBe(201);
    await eventually("the new product is listed", async () => {
      return (await anonymous.get<Page<Product>>(path)).body.items.length === 1;
    });
  });

  test("one product: 200, 404", async () => {
    const product = await someProduct();
    expect((await customer.get(`/v1/products/${product.id}`)).body).toEqual(product);
    expectProblem(await customer.get("/v1/products/999999999"), 404);
  });

  test("making one needs the admin role: 401, 403, 422", async () => {
    const product = { name: "X", description: "Y", priceCents: 1, currency: "EUR" };
    expectProblem(await new Customer(run.gateway).send("POST", "/v1/products", product), 401);
    expectProblem(await customer.send("POST", "/v1/products", product), 403);
    const admin = await Customer.admin(run.gateway);
    expectProblem(await admin.send("POST", "/v1/products", { ...product, priceCents: -1 }), 422);
  });

  test("the storefront joins product and availability, and says what is missing", async () => {
    const product = await someProduct();
    const answer = await customer.get<{ product: Product; availability: unknown; degraded: string[] }>(
      `/v1/storefront/${product.id}`,
    );
    expect(answer.status).toBe(200);
    expect(answer.body.product).toEqual(product);
    expect(answer.body.availability).toBeObject();
    expect(answer.body.degraded).toEqual([]);
    expect((await run.cli("stop", "inventory")).code).toBe(0);
    try {
      const partial = await customer.get<{ product: Product; degraded: string[] }>(
        `/v1/storefront/${product.id}`,
      );
      expect(partial.status).toBe(200);
      expect(partial.body.product).toEqual(product);
      expect(partial.body.degraded).toEqual(["availability"]);
    } finally {
      expect((await run.cli("start", "inventory")).code).toBe(0);
    }
    expectProblem(await customer.get("/v1/storefront/999999999"), 404);
  });
});

describe("orders", () => {
  test("a paid order is confirmed and its user notified", async () => {
    const product = await someProduct();
    const placed = await customer.order([{ productId: product.id, quantity: 2 }]);
    expect(placed.status).toBe(202);
    expect(placed.body).toEqual({
      id: expect.any(String),
      status: "pending",
      totalCents: 2 * product.priceCents,
    });
    expect(placed.headers.get("location")).toBe(`/v1/orders/${placed.body.id}`);
    const order = await settled(placed.body.id);
    expect(order.status).toBe("confirmed");
    expect(order.items).toMatchObject([{ productId: product.id, quantity: 2 }]);
    expect(order.history.length).toBeGreaterThanOrEqual(2);
    for (const step of order.history) expect(new Date(step.at).getTime()).toBeGreaterThan(0);
    await eventually("the notification", async () => {
      const { body } = await customer.get<Page<unknown>>("/v1/notifications");
      return JSON.stringify(body.items).includes(placed.body.id);
    });
  });

  test("a declined and a timed-out payment cancel with a reason, and the stock comes back", async () => {
    const product = await someProduct();
    const stock = async () =>
      (await customer.get<{ availability: { available: number } }>(`/v1/storefront/${product.id}`)).body
        .availability.available;
    const before = await stock();
    for (const token of ["tok_declined", "tok_timeout"]) {
      const placed = await customer.order([{ productId: product.id, quantity: 1 }], token);
      const order = await settled(placed.body.id);
      expect(order.status).toBe("cancelled");
      expect(order.reason).toBeString();
    }
    await eventually("the stock is back", async () => (await stock()) === before);
  });

  test("more than there is: cancelled with a reason", async () => {
    const product = await someProduct();
    const placed = await customer.order([{ productId: product.id, quantity: 999 }]);
    if (placed.status === 422) return;
    expect(await settled(placed.body.id)).toMatchObject({ status: "cancelled", reason: expect.any(String) });
  });

  test("the same key gives the same answer, another body with it is 409", async () => {
    const product = await someProduct();
    const key = crypto.randomUUID();
    const first = await customer.order([{ productId: product.id, quantity: 1 }], "tok_ok", key);
    const second = await customer.order([{ productId: product.id, quantity: 1 }], "tok_ok", key);
    expect(second.status).toBe(202);
    expect(second.body).toEqual(first.body);
    expectProblem(await customer.order([{ productId: product.id, quantity: 2 }], "tok_ok", key), 409);
    const all = await customer.all<Order>("/v1/orders");
    expect(all.filter((order) => order.id === first.body.id)).toHaveLength(1);
  });

  test("401 without a token, 422 for a bad body", async () => {
    const product = await someProduct();
    expectProblem(await new Customer(run.gateway).order([{ productId: product.id, quantity: 1 }]), 401);
    expectProblem(await customer.order([]), 422);
    expectProblem(await customer.order([{ productId: product.id, quantity: 0 }]), 422);
    expectProblem(await customer.order([{ productId: product.id, quantity: 1 }], "tok_unheard_of"), 422);
  });

  test("another user's order is 404, and lists hold one's own", async () => {
    const product = await someProduct();
    const { body } = await customer.order([{ productId: product.id, quantity: 1 }]);
    const stranger = await Customer.register(run.gateway);
    expectProblem(await stranger.get(`/v1/orders/${body.id}`), 404);
    expectProblem(await stranger.send("POST", `/v1/orders/${body.id}/cancel`), 404);
    expect(await stranger.all("/v1/orders")).toEqual([]);
    await settled(body.id);
  });

  test("cancel: 202 while it can be, 409 when it is over", async () => {
    const product = await someProduct();
    // A payment that times out leaves time to change one's mind.
    const placed = await customer.order([{ productId: product.id, quantity: 1 }], "tok_timeout");
    expect((await customer.send("POST", `/v1/orders/${placed.body.id}/cancel`)).status).toBe(202);
    expect((await settled(placed.body.id)).status).toBe("cancelled");
    const done = await customer.order([{ productId: product.id, quantity: 1 }]);
    await settled(done.body.id);
    expectProblem(await customer.send("POST", `/v1/orders/${done.body.id}/cancel`), 409);
  });

  test("the state changes arrive as server-sent events, and the stream ends with the order", async () => {
    const product = await someProduct();
    const placed = await customer.order([{ productId: product.id, quantity: 1 }]);
    const response = await fetch(`${run.gateway}/v1/orders/${placed.body.id}/events`, {
      headers: { authorization: `Bearer ${customer.token}`, accept: "text/event-stream" },
    });
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    expect(await response.text()).toContain("confirmed");
  });
});

test("the storefront page is served with its parts and a strict policy", async () => {
  const page = await fetch(`${run.gateway}/`);
  expect(page.status).toBe(200);
  expect(page.headers.get("content-type")).toContain("text/html");
  expect(page.headers.get("content-security-policy")).toContain("default-src");
  const html = await page.text();
  for (const [, path] of html.matchAll(/(?:src|href)="([^":#]+\.(?:js|css))"/g)) {
    expect((await fetch(new URL(path as string, `${run.gateway}/`))).status).toBe(200);
  }
});

test("health, readiness, unknown paths and methods", async () => {
  expect((await customer.get("/healthz")).status).toBe(200);
  expect((await customer.get("/readyz")).status).toBe(200);
  expectProblem(await customer.get("/v1/nothing-here"), 404);
  const wrong = await customer.send("DELETE", "/v1/products");
  expectProblem(wrong, 405);
  expect(wrong.headers.get("allow")).toContain("GET");
});

test("ends with code 0 on SIGTERM", async () => {
  const other = await Run.start();
  expect(await other.stop("SIGTERM")).toBe(0);
});
