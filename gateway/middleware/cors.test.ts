import { afterEach, describe, expect, test } from "bun:test";
import type { CorsConfig } from "../../runtime/topology/model.ts";
import { Gateways, route } from "../gateway.case.ts";

const gateways = new Gateways();
afterEach(() => gateways.stopAll());

const cors: CorsConfig = {
  origins: ["https://shop.example"],
  methods: ["GET", "POST"],
  headers: ["authorization", "content-type"],
  exposeHeaders: ["etag", "x-request-id"],
  credentials: true,
  maxAgeMs: 600_000,
};

const start = (config?: CorsConfig) =>
  gateways.start({
    config: { ...(config ? { cors: config } : {}), routes: [route("/a", { methods: ["POST"] })] },
  });

const preflight = (origin: string) => ({
  method: "OPTIONS",
  headers: { origin, "access-control-request-method": "POST" },
});

describe("cross-origin access", () => {
  test("a preflight from a known origin is told what it may do, without asking the service", async () => {
    const gateway = await start(cors);
    const answer = await gateway.fetch("/a", preflight("https://shop.example"));
    expect(answer.status).toBe(204);
    expect(answer.headers.get("access-control-allow-origin")).toBe("https://shop.example");
    expect(answer.headers.get("access-control-allow-methods")).toBe("GET, POST");
    expect(answer.headers.get("access-control-allow-headers")).toBe("authorization, content-type");
    expect(answer.headers.get("access-control-allow-credentials")).toBe("true");
    expect(answer.headers.get("access-control-max-age")).toBe("600");
    expect(answer.headers.get("vary")).toBe("Origin");
    expect(gateway.mesh.calls).toEqual([]);
  });

  test("a stranger is told nothing", async () => {
    const gateway = await start(cors);
    for (const init of [preflight("https://evil.example"), { method: "POST", headers: { origin: "null" } }]) {
      const answer = await gateway.fetch("/a", init);
      expect(answer.headers.get("access-control-allow-origin")).toBeNull();
      expect(answer.headers.get("access-control-allow-methods")).toBeNull();
      expect(answer.headers.get("vary")).toBe("Origin");
    }
  });

  test("errors can be read by pages too", async () => {
    const gateway = await start(cors);
    const answer = await gateway.fetch("/nowhere", { headers: { origin: "https://shop.example" } });
    expect(answer.status).toBe(404);
    expect(answer.headers.get("access-control-allow-origin")).toBe("https://shop.example");
    expect(answer.headers.get("access-control-expose-headers")).toBe("etag, x-request-id");
  });

  test("any origin is the star, never with credentials", async () => {
    const gateway = await start({ ...cors, origins: ["*"], credentials: false });
    const answer = await gateway.fetch("/a", { method: "POST", headers: { origin: "https://x.example" } });
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
    const closed = await start({ ...cors, origins: ["*"], credentials: true });
    const refused = await closed.fetch("/a", { method: "POST", headers: { origin: "https://x.example" } });
    expect(refused.headers.get("access-control-allow-origin")).toBeNull();
  });

  test("without it there are no such headers", async () => {
    const gateway = await start();
    const answer = await gateway.fetch("/a", { method: "POST", headers: { origin: "https://x.example" } });
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
  });
});
