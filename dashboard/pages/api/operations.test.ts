import { expect, test } from "bun:test";
import { join } from "node:path";
import { openApiDocument } from "../../../runtime/control/openapi/document.ts";
import { loadTopology } from "../../../runtime/topology/index.ts";
import { headersOf, logInOf, type OpenApi, operationsOf, pathOf, signUpOf, tokenIn } from "./operations.ts";

const topology = loadTopology(join(import.meta.dir, "../../../topology.yaml")).topology!;
const document = openApiDocument(topology, { gateway: "http://127.0.0.1:1", version: "1" });
const operations = operationsOf(document as unknown as OpenApi);

test("every route of the gateway is an operation, with what it takes", () => {
  const routes = topology.gateway.routes.flatMap(({ path, methods }) =>
    methods.map((method) => `${method} ${path}`),
  );
  expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(routes.sort());
  const cancel = operations.find(({ path }) => path.endsWith("/cancel"));
  expect(cancel).toMatchObject({ parameters: ["id"], takesBody: true, auth: "required", tag: "orders" });
  const create = operations.find(({ method, path }) => method === "POST" && path === "/v1/products");
  expect(create?.roles).toEqual(["admin"]);
  expect(logInOf(operations)?.path).toBe("/v1/tokens");
  expect(signUpOf(operations)?.path).toBe("/v1/users");
});

test("what is typed into a path or a query stays where it belongs", () => {
  expect(pathOf("/v1/orders/{id}/cancel", { id: "a/b?c#d é" }, "")).toBe(
    "/v1/orders/a%2Fb%3Fc%23d%20%C3%A9/cancel",
  );
  expect(pathOf("/v1/products", {}, "?search=a b&limit=2#x")).toBe("/v1/products?search=a%20b&limit=2%23x");
});

test("headers are read line by line, and a line that is none is named", () => {
  expect(headersOf("Idempotency-Key: a:b \n\n x-a:1\n")).toEqual({ "Idempotency-Key": "a:b", "x-a": "1" });
  expect(() => headersOf("fine: 1\nno header")).toThrow("no header");
});

test("a token is found by its usual names", () => {
  expect(tokenIn('{"accessToken":"a"}')).toBe("a");
  expect(tokenIn('{"access_token":"b"}')).toBe("b");
  expect(tokenIn("no")).toBeUndefined();
  expect(tokenIn('{"token":5}')).toBeUndefined();
});
