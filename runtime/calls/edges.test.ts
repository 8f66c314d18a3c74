import { expect, test } from "bun:test";
import { edgeNotDeclared, unknownService } from "./edges.ts";

test("the missing line is the caller's", () => {
  expect(edgeNotDeclared("orders", "payments")).toMatchObject({
    code: "edge-not-declared",
    message: "orders may not call payments: add `- payments` under `services.orders.uses` in topology.yaml",
  });
  expect(edgeNotDeclared("gateway", "payments").message).toContain(
    "`service: payments` under `gateway.routes`",
  );
});

test("a near name is guessed, a far one is not", () => {
  const services = ["payments", "orders", "catalog"];
  expect(unknownService("payment", "orders", services).message).toEndWith('did you mean "payments"?');
  expect(unknownService("billing", "orders", services).message).toEndWith(
    "the topology has catalog, orders, payments",
  );
  expect(unknownService("billing", "orders", []).message).toEndWith("the topology has no services");
});
