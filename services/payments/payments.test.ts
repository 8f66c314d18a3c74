import { afterEach, describe, expect, test } from "bun:test";
import { TestService } from "microcosm/testing";
import type { ChargeRequest, PaymentProvider } from "./provider.ts";
import { sandboxProvider } from "./provider.ts";
import { releaseDue } from "./release.ts";
import { payments as table } from "./schema.ts";
import { definePayments } from "./service.ts";

/** The sandbox with a ledger, so that a test can see what money the provider holds. */
class Ledger implements PaymentProvider {
  readonly held = new Map<string, number>();
  charges = 0;
  releases = 0;
  /** Awaited between taking the money and answering. */
  beforeAnswer: ((key: string) => unknown) | undefined;
  releaseFails = false;

  async charge(request: ChargeRequest, signal: AbortSignal) {
    this.charges++;
    const outcome = await sandboxProvider.charge(request, signal);
    if (outcome.outcome === "captured") this.held.set(request.key, request.amountCents);
    await this.beforeAnswer?.(request.key);
    return outcome;
  }

  async release(key: string) {
    if (this.releaseFails) throw new Error("the provider is away");
    this.releases++;
    this.held.delete(key);
  }
}

const started: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((service) => service.stop()));
});

async function start(env: Record<string, string> = { PAYMENT_TIMEOUT_MS: "20" }) {
  const provider = new Ledger();
  const service = await TestService.start(definePayments(provider), { name: "payments", env });
  started.push(service);
  const status = async (orderId: string) => {
    const response = await service.request(`/payments/${orderId}`);
    return ((await response.json()) as { status: string }).status;
  };
  const release = () => releaseDue(service.context, provider);
  return { service, provider, status, release };
}

function reserved(orderId: string, token = "tok_ok") {
  return { orderId, userId: "u-1", totalCents: 1250, currency: "EUR", payment: { token } };
}

function cancelled(orderId: string) {
  return { orderId, userId: "u-1", items: [], totalCents: 1250, currency: "EUR", reason: "customer-request" };
}

describe("by token", () => {
  test("tok_ok is captured", async () => {
    const { service, provider, status } = await start();
    await service.deliver("stock.reserved", reserved("o-1"), { key: "o-1" });
    expect(service.published("payment.captured")).toMatchObject([
      { key: "o-1", data: { orderId: "o-1", amountCents: 1250, currency: "EUR" } },
    ]);
    expect(provider.held).toEqual(new Map([["o-1", 1250]]));
    expect(await status("o-1")).toBe("captured");
  });

  test("tok_declined is declined, and so is one that nobody knows", async () => {
    const { service, provider } = await start();
    await service.deliver("stock.reserved", reserved("o-1", "tok_declined"));
    await service.deliver("stock.reserved", reserved("o-2", "tok_stolen"));
    expect(service.published("payment.failed").map((event) => event.data.reason)).toEqual([
      "declined",
      "declined",
    ]);
    expect(provider.held.size).toBe(0);
  });

  test("tok_timeout fails after a bounded wait, and what may have been taken goes back", async () => {
    const { service, provider, status, release } = await start();
    await service.deliver("stock.reserved", reserved("o-1", "tok_timeout"));
    expect(service.published("payment.failed")).toMatchObject([{ data: { reason: "timeout" } }]);
    await release();
    expect(provider.releases).toBe(1);
    expect(await status("o-1")).toBe("failed");
  });
});

test("those that wait for an answer hold up no other", async () => {
  const { service, provider } = await start({ PAYMENT_TIMEOUT_MS: "60000" });
  const answer = Promise.withResolvers<void>();
  provider.beforeAnswer = (key) => (key.startsWith("slow") ? answer.promise : undefined);
  const slow = Array.from({ length: 50 }, (_, index) =>
    service.deliver("stock.reserved", reserved(`slow-${index}`)),
  );
  await service.deliver("stock.reserved", reserved("o-1"));
  expect(service.published("payment.captured").map((event) => event.data.orderId)).toEqual(["o-1"]);
  answer.resolve();
  await Promise.all(slow);
  expect(service.published("payment.captured")).toHaveLength(51);
});

test("an order is charged once, by the same event again or by a replayed one", async () => {
  const { service, provider } = await start();
  await service.deliver("stock.reserved", reserved("o-1"), { id: "e-1" });
  await service.deliver("stock.reserved", reserved("o-1"), { id: "e-1" });
  await service.deliver("stock.reserved", reserved("o-1"), { id: "e-2" });
  expect(provider.charges).toBe(1);
  expect(service.published("payment.captured")).toHaveLength(1);
});

describe("a cancelled order", () => {
  test("that was paid gets its money back", async () => {
    const { service, provider, status, release } = await start();
    await service.deliver("stock.reserved", reserved("o-1"));
    await service.deliver("order.cancelled", cancelled("o-1"));
    expect(await status("o-1")).toBe("refunded");
    await release();
    expect(provider.held.size).toBe(0);
  });

  test("whose cancellation comes first is not charged", async () => {
    const { service, provider, status, release } = await start();
    await service.deliver("order.cancelled", cancelled("o-1"));
    await service.deliver("stock.reserved", reserved("o-1"));
    await release();
    expect(provider.charges).toBe(0);
    expect(await status("o-1")).toBe("void");
    expect(service.published("payment.captured")).toEqual([]);
  });

  test("that is cancelled while the provider is asked is not captured in the end", async () => {
    const { service, provider, status, release } = await start();
    provider.beforeAnswer = () => service.deliver("order.cancelled", cancelled("o-1"));
    await service.deliver("stock.reserved", reserved("o-1"));
    expect(service.published("payment.captured")).toEqual([]);
    expect(await status("o-1")).toBe("refunded");
    await release();
    expect(provider.held.size).toBe(0);
  });

  test("that was charged by a run that crashed before it could say so is not left charged", async () => {
    const { service, provider, release } = await start();
    provider.beforeAnswer = () => {
      throw new Error("killed");
    };
    await expect(service.deliver("stock.reserved", reserved("o-1"), { id: "e-1" })).rejects.toThrow("killed");
    expect(provider.held.size).toBe(1);
    await service.deliver("order.cancelled", cancelled("o-1"));
    await service.deliver("stock.reserved", reserved("o-1"), { id: "e-1" });
    await release();
    expect(provider.held.size).toBe(0);
  });

  test("is refunded when the provider is back", async () => {
    const { service, provider, release } = await start();
    await service.deliver("stock.reserved", reserved("o-1"));
    await service.deliver("order.cancelled", cancelled("o-1"));
    provider.releaseFails = true;
    await release();
    expect(provider.held.size).toBe(1);
    provider.releaseFails = false;
    await release();
    expect(provider.held.size).toBe(0);
    expect(service.db.select().from(table).all()).toMatchObject([{ status: "refunded", releaseDue: false }]);
  });

  test("whose payment failed stays failed", async () => {
    const { service, status } = await start();
    await service.deliver("stock.reserved", reserved("o-1", "tok_declined"));
    await service.deliver("order.cancelled", cancelled("o-1"));
    expect(await status("o-1")).toBe("failed");
  });
});

test("a bad timeout stops the start and names its key", async () => {
  await expect(start({ PAYMENT_TIMEOUT_MS: "soon" })).rejects.toThrow("PAYMENT_TIMEOUT_MS");
});
