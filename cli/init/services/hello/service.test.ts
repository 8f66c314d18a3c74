import { afterAll, beforeAll, expect, test } from "bun:test";
import { TestService } from "microcosm/testing";
import { hello } from "./service.ts";

const start = () => TestService.start(hello, { name: "hello", env: { GREETING: "Good day" } });
let service: Awaited<ReturnType<typeof start>>;

beforeAll(async () => {
  service = await start();
});
afterAll(() => service.stop());

test("greets, remembers and tells the others", async () => {
  const created = await service.request("/greetings", { method: "POST", json: { name: "Ada" } });
  expect(created.status).toBe(201);
  expect(await created.json()).toMatchObject({ name: "Ada", text: "Good day, Ada!" });

  const listed = await service.request("/greetings");
  expect(await listed.json()).toMatchObject({ items: [{ name: "Ada" }] });

  expect(service.published("greeting.sent").map((event) => event.data)).toMatchObject([{ name: "Ada" }]);
});

test("refuses a greeting of nobody", async () => {
  const response = await service.request("/greetings", { method: "POST", json: { name: " " } });
  expect(response.status).toBe(422);
});
