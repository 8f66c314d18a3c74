import { afterEach, describe, expect, test } from "bun:test";
import { Gateways, jsonHeaders, route } from "./gateway.case.ts";
import { problemTypeBase } from "../sdk/problem.ts";

const gateways = new Gateways();
afterEach(() => gateways.stopAll());

describe("a routed request", () => {
  test("reaches its service under the rewritten path, query kept, and its answer comes back", async () => {
    const gateway = await gateways.start({
      config: {
        routes: [
          route("/v1/orders/{id}/lines/{line}", {
            methods: ["POST"],
            target: { kind: "service", service: "orders", rewrite: "/lines/{line}/of/{id}" },
          }),
        ],
      },
      services: {
        orders: async ({ request }) => ({
          status: 201,
          headers: [...jsonHeaders, "location", "/x", "x-mine", "1"],
          body: JSON.stringify({
            path: request.path,
            body: Buffer.from(request.body as Uint8Array).toString(),
          }),
        }),
      },
    });
    const response = await gateway.fetch("/v1/orders/a%2Fb/lines/7?x=%20&y=2", {
      method: "POST",
      body: "hello",
    });
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({ path: "/lines/7/of/a%2Fb?x=%20&y=2", body: "hello" });
    expect(response.headers.get("location")).toBe("/x");
    expect(response.headers.get("x-mine")).toBe("1");
  });
});
