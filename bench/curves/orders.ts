import { Database } from "bun:sqlite";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pssOf } from "../boot/pss.ts";
import { type BootedRun, bootRun } from "../topology/boot.ts";
import type { Curve, Figures } from "./curve.ts";
import { pidOf } from "./hop-topology.ts";
import { addOrders, orderId, ownOrder } from "./order-history.ts";
import { quartileOf } from "./repeat.ts";

const shop = join(import.meta.dir, "..", "..", "topology.yaml");
const credentials = { email: "history@bench.test", password: "a long enough password" };
const times = 40;
const turns = 3;

/** The shop with a past: what an order costs when a million were placed before it. */
export const orders: Curve = {
  name: "orders",
  title: "A history of orders",
  xLabel: "orders in the database",
  how: `The shop, its orders service with so many orders and their history, a tenth of them those of the one who asks. Each request ${times} times one after the other through the gateway, in ${turns} turns: the lower quartile of the best.`,
  sizes: [1000, 10_000, 100_000, 1_000_000],
  expectations: [
    { figure: "getMs", shape: "flat" },
    { figure: "listMs", shape: "flat" },
    { figure: "deepPageMs", shape: "flat" },
    { figure: "placeMs", shape: "flat" },
    { figure: "serviceStartMs", shape: "flat" },
    { figure: "servicePssMiB", shape: "flat" },
  ],
  async measure(sizes, _options, { point }) {
    const data = mkdtempSync(join(tmpdir(), "mc-orders-"));
    try {
      const userId = await prepare(data);
      for (const x of sizes) {
        const database = new Database(join(data, "orders.sqlite"));
        try {
          addOrders(database, userId, x);
        } finally {
          database.close();
        }
        const run = await bootRun({ topology: shop, data });
        try {
          point({ x, figures: await ask(run, x) });
        } finally {
          await run.stop();
        }
      }
    } finally {
      rmSync(data, { recursive: true, force: true });
    }
  },
};

/** The services make their files with their own migrations; the user is a real one. */
async function prepare(data: string): Promise<string> {
  const run = await bootRun({
    topology: shop,
    data,
    env: { MICROCOSM_ADMIN_PASSWORD: credentials.password },
  });
  try {
    const response = await send(run, "POST", "/v1/users", { body: { ...credentials, name: "History" } });
    return ((await response.json()) as { id: string }).id;
  } finally {
    await run.stop();
  }
}

async function ask(run: BootedRun, size: number): Promise<Figures> {
  const answer = await send(run, "POST", "/v1/tokens", { body: credentials });
  const { accessToken: token } = (await answer.json()) as { accessToken: string };
  const products = await send(run, "GET", "/v1/products?limit=1", {});
  const product = ((await products.json()) as { items: { id: string }[] }).items[0]!.id;
  const get = (path: string) => async () => void (await (await send(run, "GET", path, { token })).json());
  const body = { items: [{ productId: product, quantity: 1 }], payment: { token: "tok_declined" } };
  const place = async () =>
    void (await (await send(run, "POST", "/v1/orders", { token, body, key: Bun.randomUUIDv7() })).json());
  const requests = {
    getMs: get(`/v1/orders/${orderId(ownOrder(size / 2))}`),
    listMs: get("/v1/orders?limit=20"),
    deepPageMs: get(`/v1/orders?limit=20&after=${orderId(ownOrder(size / 3))}`),
    placeMs: place,
  };
  return {
    ...(await inTurns(requests)),
    serviceStartMs: run.instances.find(({ id }) => id === "orders-1")!.bootMs!,
    servicePssMiB: pssOf(pidOf(run, "orders-1")) / 2 ** 20,
  };
}

/** One kind after the other, and all of them again: a slow spell of the machine falls on each, and the best turn counts. */
async function inTurns<Name extends string>(
  requests: Readonly<Record<Name, () => Promise<void>>>,
): Promise<Record<Name, number>> {
  const best = {} as Record<Name, number>;
  for (let turn = 0; turn < turns; turn++) {
    for (const name of Object.keys(requests) as Name[]) {
      const ms = await quartileOf(times, requests[name]);
      best[name] = Math.min(ms, best[name] ?? Number.POSITIVE_INFINITY);
    }
  }
  return best;
}

async function send(
  run: BootedRun,
  method: string,
  path: string,
  { token, body, key }: { readonly token?: string; readonly body?: unknown; readonly key?: string },
): Promise<Response> {
  const response = await fetch(`${run.gateway}${path}`, {
    method,
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(key === undefined ? {} : { "idempotency-key": key }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response;
}
