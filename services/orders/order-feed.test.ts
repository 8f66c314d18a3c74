import { afterEach, describe, expect, test } from "bun:test";
import { advance } from "./advance.ts";
import { bob, type Order, placedId, type Service, startOrders } from "./fixture.ts";

const started: Service[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((service) => service.stop()));
});

async function start() {
  const parts = await startOrders();
  started.push(parts.service);
  return parts;
}

describe("watching", () => {
  /** Reads the stream's events one by one; undefined at its end. */
  function reader(response: Response) {
    const chunks = response.body!.getReader();
    const decoder = new TextDecoder();
    return {
      async next(): Promise<Order | undefined> {
        const { done, value } = await chunks.read();
        if (done) return undefined;
        const data = /^data: (.*)$/m.exec(decoder.decode(value));
        return data === null ? this.next() : (JSON.parse(data[1]!) as Order);
      },
      cancel: () => chunks.cancel(),
    };
  }

  test("begins with the state as it is, tells each change, and ends with the final one", async () => {
    const { service } = await start();
    const id = await placedId(service);
    const response = await service.request(`/orders/${id}/events`);
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    const events = reader(response);
    expect((await events.next())?.history).toHaveLength(1);
    await service.deliver("stock.reserved", { orderId: id });
    expect((await events.next())?.history).toHaveLength(2);
    await service.deliver("payment.captured", { orderId: id });
    expect((await events.next())?.status).toBe("confirmed");
    expect(await events.next()).toBeUndefined();
  });

  test("an order that is over is told once", async () => {
    const { service } = await start();
    const id = await placedId(service);
    await service.deliver("payment.captured", { orderId: id });
    const events = reader(await service.request(`/orders/${id}/events`));
    expect((await events.next())?.status).toBe("confirmed");
    expect(await events.next()).toBeUndefined();
  });

  test("sees what another instance did, by the database they share", async () => {
    const { service } = await start();
    const id = await placedId(service);
    const events = reader(await service.request(`/orders/${id}/events`));
    await events.next();
    const silent = { ...service.context, local: { ...service.context.local, emit: () => {} } };
    advance(silent, { orderId: id, input: "payment.captured", at: Date.now(), reason: "" });
    expect((await events.next())?.status).toBe("confirmed");
  });

  test("ends when the client goes away", async () => {
    const { service } = await start();
    const id = await placedId(service);
    const leaving = new AbortController();
    const events = reader(await service.request(`/orders/${id}/events`, { signal: leaving.signal }));
    await events.next();
    leaving.abort();
    expect(await events.next()).toBeUndefined();
  });

  test("is for the one who ordered", async () => {
    const { service } = await start();
    const id = await placedId(service);
    expect((await service.request(`/orders/${id}/events`, { user: bob })).status).toBe(404);
    expect((await service.request(`/orders/${id}/events`, { user: null })).status).toBe(401);
  });
});
