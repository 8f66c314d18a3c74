import { expect, test } from "bun:test";
import { emptySearch, faultOf, parametersOf, pathOf, searchOf } from "./search.ts";

test("a search survives the page's address, and what is not given is not in it", () => {
  const search = {
    ...emptySearch,
    route: "GET /v1/products/{id}",
    attribute: "db.system=sqlite",
    minMs: "5",
  };
  const parameters = parametersOf(search);
  expect([...parameters.keys()].sort()).toEqual(["attribute", "minMs", "route"]);
  expect(searchOf(new URLSearchParams(parameters.toString()))).toEqual(search);
  expect(searchOf(new URLSearchParams("status=strange&other=1"))).toEqual(emptySearch);
});

test("nothing is asked for while the search makes no sense", () => {
  expect(faultOf(emptySearch)).toBe("");
  expect(pathOf({ ...emptySearch, service: "a&b" })).toBe("/api/telemetry/traces?service=a%26b&limit=1000");
  for (const wrong of [{ attribute: "no equals" }, { attribute: "=x" }, { minMs: "fast" }, { maxMs: "-1" }]) {
    const search = { ...emptySearch, ...wrong };
    expect(faultOf(search)).toEndWith(".");
    expect(pathOf(search)).toBeUndefined();
  }
});
