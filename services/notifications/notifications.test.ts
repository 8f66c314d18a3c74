import { afterEach, expect, test } from "bun:test";
import { TestService } from "microcosm/testing";
import { notifications } from "./service.ts";

const started: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((service) => service.stop()));
});

const ada = { id: "u-ada", roles: [] };
const bob = { id: "u-bob", roles: [] };

async function start() {
  const service = await TestService.start(notifications, { name: "notifications", user: ada });
  started.push(service);
  return service;
}

type Service = Awaited<ReturnType<typeof start>>;
interface Page {
  readonly items: readonly {
    id: string;
    type: string;
    message: string;
    orderId?: string;
    createdAt: string;
  }[];
  readonly next: string | null;
}

async function page(service: Service, query = "", user = ada): Promise<Page> {
  const response = await service.request(`/notifications?${query}`, { user });
  expect(response.status).toBe(200);
  return (await response.json()) as Page;
}

function order(orderId: string, userId = ada.id) {
  return { orderId, userId, items: [], totalCents: 1250, currency: "EUR" };
}

test("each event is one notification for whom it concerns", async () => {
  const service = await start();
  await service.deliver("user.registered", { userId: ada.id, email: "ada@example.org", name: "Ada" });
  await service.deliver("order.confirmed", order("o-1"));
  await service.deliver("order.cancelled", { ...order("o-2"), reason: "payment-declined" });
  await service.deliver("order.confirmed", order("o-3", bob.id));
  const { items, next } = await page(service);
  expect(items.map(({ type, orderId, message }) => ({ type, orderId, message }))).toEqual([
    {
      type: "order.cancelled",
      orderId: "o-2",
      message: "Your order of 12.50 EUR was cancelled: the payment was declined.",
    },
    { type: "order.confirmed", orderId: "o-1", message: "Your order of 12.50 EUR is confirmed." },
    { type: "user.registered", orderId: undefined, message: "Welcome, Ada. Your account is ready." },
  ]);
  expect(next).toBeNull();
  expect((await page(service, "", bob)).items).toHaveLength(1);
});

test("an event that comes again, or is replayed under another id, is not told twice", async () => {
  const service = await start();
  await service.deliver("order.confirmed", order("o-1"), { id: "e-1" });
  await service.deliver("order.confirmed", order("o-1"), { id: "e-1" });
  await service.deliver("order.confirmed", order("o-1"), { id: "e-2" });
  expect((await page(service)).items).toHaveLength(1);
});

test("a reason without a text of its own is told as it is", async () => {
  const service = await start();
  await service.deliver("order.cancelled", { ...order("o-1"), reason: "act-of-god" });
  expect((await page(service)).items[0]!.message).toContain("act-of-god");
});

test("pages follow one another, newest first", async () => {
  const service = await start();
  for (let number = 1; number <= 5; number++) await service.deliver("order.confirmed", order(`o-${number}`));
  const first = await page(service, "limit=3");
  const second = await page(service, `limit=3&after=${first.next}`);
  expect([...first.items, ...second.items].map((item) => item.orderId)).toEqual([
    "o-5",
    "o-4",
    "o-3",
    "o-2",
    "o-1",
  ]);
  expect(second.next).toBeNull();
});

test("nobody without a token, and no nonsense", async () => {
  const service = await start();
  expect((await service.request("/notifications", { user: null })).status).toBe(401);
  for (const query of ["limit=0", "limit=1000", "after=1"]) {
    expect((await service.request(`/notifications?${query}`)).status).toBe(422);
  }
});
