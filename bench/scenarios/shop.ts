/** Visitors of the shop: most look around, some search, some buy and watch their order, few sign in. */
import { defineScenario, type Session, uniform, zipf } from "../load/scenario.ts";

interface Shop {
  readonly products: readonly string[];
  readonly customers: readonly { readonly email: string; readonly token: string }[];
}

const password = "a good long password";
const customerCount = 8;
const pollEveryMs = 50;
const maxPolls = 60;
const words = uniform(["lamp", "chair", "desk", "coffee", "wool", "oak", "mini", "light"]);

export const scenario = defineScenario<Shop>({
  name: "shop",
  description: "browse, search, order and watch the order, sign in; products by Zipf's law",

  async setup(session) {
    const page = await session.get("list products", "/v1/products?limit=100");
    if (!page.ok)
      throw new Error(`/v1/products answered ${page.status}; is this the address of the shop's gateway?`);
    const products = page.json<{ items: { id: string }[] }>().items.map((product) => product.id);
    const customers: { email: string; token: string }[] = [];
    for (let i = 0; i < customerCount; i++) customers.push(await register(session));
    return { products, customers };
  },

  flows: [
    {
      name: "browse",
      weight: 70,
      async run(session, shop) {
        await session.get("list products", "/v1/products?limit=20");
        const id = zipf(shop.products)(session.random);
        await session.get("product", `/v1/products/${id}`);
        const page = await session.get("storefront", `/v1/storefront/${id}`);
        session.check(
          "storefront is whole",
          page.ok && page.json<{ degraded: unknown[] }>().degraded.length === 0,
        );
      },
    },
    {
      name: "search",
      weight: 15,
      async run(session) {
        await session.get("search", `/v1/products?search=${words(session.random)}&limit=20`);
      },
    },
    {
      name: "order",
      weight: 14.5,
      async run(session, shop) {
        const { token } = uniform(shop.customers)(session.random);
        await order(session, token, zipf(shop.products)(session.random));
      },
    },
    {
      name: "sign in",
      weight: 0.5,
      async run(session, shop) {
        const { email } = uniform(shop.customers)(session.random);
        const token = await signIn(session, email);
        if (token === undefined) return;
        const headers = { authorization: `Bearer ${token}` };
        await session.get("own orders", "/v1/orders?limit=10", { headers });
        await session.get("notifications", "/v1/notifications?limit=10", { headers });
      },
    },
  ],

  thresholds: [
    { metric: "failedShare", max: 0.01 },
    { metric: "checkedShare", min: 0.99 },
  ],
});

async function order(session: Session, token: string, productId: string): Promise<void> {
  const authorization = `Bearer ${token}`;
  const payment = session.random() < 0.9 ? "tok_ok" : "tok_declined";
  const placed = await session.post("place order", "/v1/orders", {
    headers: { authorization, "idempotency-key": crypto.randomUUID() },
    json: { items: [{ productId, quantity: 1 }], payment: { token: payment } },
    expect: 202,
  });
  if (!placed.ok) return;
  const location = placed.header("location")!;
  for (let poll = 0; poll < maxPolls; poll++) {
    await session.think(pollEveryMs, 2 * pollEveryMs);
    const reply = await session.get("watch order", location, { headers: { authorization } });
    if (!reply.ok) return;
    const { status } = reply.json<{ status: string }>();
    if (status === "pending") continue;
    session.check("a declined payment cancels", payment === "tok_ok" || status === "cancelled");
    session.check("order is decided in time", true);
    return;
  }
  session.check("order is decided in time", false);
}

async function register(session: Session): Promise<{ email: string; token: string }> {
  const email = `load-${crypto.randomUUID()}@shop.test`;
  const made = await session.post("register", "/v1/users", {
    json: { email, password, name: "Load" },
    expect: 201,
  });
  const token = made.ok ? await signIn(session, email) : undefined;
  if (token === undefined) throw new Error(`no account could be made: ${made.status} ${made.text()}`);
  return { email, token };
}

async function signIn(session: Session, email: string): Promise<string | undefined> {
  const reply = await session.post("sign in", "/v1/tokens", { json: { email, password }, expect: 200 });
  return reply.ok ? reply.json<{ accessToken: string }>().accessToken : undefined;
}
