import type { Run } from "../kit/run.ts";
import { Customer, type Page } from "../kit/shop.ts";

export interface LoadResult {
  readonly requests: number;
  /** Answers that were not what the request should give. */
  readonly wrong: number;
}

/** What visitors do: mostly look, sometimes buy. `clients` at once, one request after the other, until `until`. */
export async function load(run: Run, clients: number, until: number): Promise<LoadResult> {
  const customers = await Promise.all(Array.from({ length: clients }, () => Customer.register(run.gateway)));
  const { body } = await (customers[0] as Customer).get<Page<{ id: string }>>("/v1/products?limit=50");
  const ids = body.items.map((item) => item.id);
  const counts = { requests: 0, wrong: 0 };
  const count = (ok: boolean) => {
    counts.requests++;
    if (!ok) counts.wrong++;
  };
  await Promise.all(
    customers.map(async (customer, number) => {
      for (let i = 0; Date.now() < until; i++) {
        const id = ids[(i + number) % ids.length] as string;
        count((await customer.get(`/v1/products/${id}`)).status === 200);
        count((await customer.get(`/v1/products?search=${i % 7}`)).status === 200);
        count((await customer.get(`/v1/storefront/${id}`)).status === 200);
        if (i % 20 === 0) count((await customer.order([{ productId: id, quantity: 1 }])).status === 202);
        if (i % 25 === 0) count((await customer.get("/v1/orders?limit=10")).status === 200);
      }
    }),
  );
  return counts;
}
