/** Each route of the shop by itself, so that what fails on one keeps nobody from asking another. */
import { defineScenario, type Session, uniform } from "../load/scenario.ts";

interface Shop {
  readonly products: readonly string[];
  readonly token: string;
}

const password = "a good long password";

export const scenario = defineScenario<Shop>({
  name: "shop-routes",
  description: "one request a turn, each route as often as the others",

  async setup(session) {
    const page = await session.get("list products", "/v1/products?limit=100");
    if (!page.ok)
      throw new Error(`/v1/products answered ${page.status}; is this the address of the shop's gateway?`);
    const email = `routes-${crypto.randomUUID()}@shop.test`;
    await session.post("register", "/v1/users", { json: { email, password, name: "Routes" }, expect: 201 });
    const signedIn = await session.post("sign in", "/v1/tokens", { json: { email, password }, expect: 200 });
    return {
      products: page.json<{ items: { id: string }[] }>().items.map(({ id }) => id),
      token: signedIn.json<{ accessToken: string }>().accessToken,
    };
  },

  flows: [
    flow("GET /v1/products", (session) => `/v1/products?limit=20&search=${words(session.random)}`),
    flow("GET /v1/products/{id}", (session, shop) => `/v1/products/${product(session, shop)}`),
    flow("GET /v1/storefront/{id}", (session, shop) => `/v1/storefront/${product(session, shop)}`),
    flow("GET /v1/orders", () => "/v1/orders?limit=10"),
    flow("GET /v1/notifications", () => "/v1/notifications?limit=10"),
    {
      name: "POST /v1/orders",
      weight: 1,
      async run(session, shop) {
        await session.post("POST /v1/orders", "/v1/orders", {
          headers: { ...signed(shop), "idempotency-key": crypto.randomUUID() },
          json: { items: [{ productId: product(session, shop), quantity: 1 }], payment: { token: "tok_ok" } },
          expect: 202,
        });
      },
    },
  ],
});

const words = uniform(["lamp", "chair", "desk", "coffee", "wool", "oak", "mini", "light"]);
const product = (session: Session, { products }: Shop) => uniform(products)(session.random);
const signed = ({ token }: Shop) => ({ authorization: `Bearer ${token}` });

function flow(name: string, path: (session: Session, shop: Shop) => string) {
  return {
    name,
    weight: 1,
    run: async (session: Session, shop: Shop) => {
      await session.get(name, path(session, shop), { headers: signed(shop) });
    },
  };
}
