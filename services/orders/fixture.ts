/** What the tests of this service begin with. */
import { Hono } from "hono";
import type { User } from "microcosm";
import { TestService } from "microcosm/testing";
import type { OrderStatus } from "./order-states.ts";
import { orders } from "./service.ts";

export const ada: User = { id: "u-ada", roles: [] };
export const bob: User = { id: "u-bob", roles: [] };

/** A catalogue with the products `a` to `z` at 100 cents each, and one in another currency. */
export class FakeCatalog {
  calls = 0;
  priceCents = 100;
  readonly app = new Hono().get("/prices", (c) => {
    this.calls++;
    const ids = (c.req.query("ids") ?? "").split(",").filter((id) => /^([a-z]|yen)$/.test(id));
    return c.json({
      prices: ids.map((productId) => ({
        productId,
        priceCents: this.priceCents,
        currency: productId === "yen" ? "JPY" : "EUR",
      })),
    });
  });
}

export async function startOrders() {
  const catalog = new FakeCatalog();
  const service = await TestService.start(orders, {
    name: "orders",
    neighbours: { catalog: catalog.app },
    user: ada,
  });
  return { service, catalog };
}

export type Service = Awaited<ReturnType<typeof startOrders>>["service"];
export interface Order {
  readonly id: string;
  readonly status: OrderStatus;
  readonly reason?: string;
  readonly items: readonly { productId: string; quantity: number; priceCents: number }[];
  readonly totalCents: number;
  readonly history: readonly { type: string; at: string }[];
}

export function body(
  items: readonly { productId: string; quantity: number }[] = [{ productId: "a", quantity: 2 }],
) {
  return { items, payment: { token: "tok_ok" } };
}

export function place(
  service: Service,
  json: unknown = body(),
  key: string = crypto.randomUUID(),
  user: User | null = ada,
) {
  return service.request("/orders", { json, user, headers: { "idempotency-key": key } });
}

export async function placedId(service: Service): Promise<string> {
  return ((await (await place(service)).json()) as { id: string }).id;
}

export async function order(service: Service, id: string): Promise<Order> {
  return (await (await service.request(`/orders/${id}`)).json()) as Order;
}
