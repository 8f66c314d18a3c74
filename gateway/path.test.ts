import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { compareSpecificity, compileRewrite, honoPattern, normalizePath } from "./path.ts";

const segment = fc.stringMatching(/^[A-Za-z0-9%._~-]{1,8}$/);

describe("compileRewrite", () => {
  test("moves parameters, whatever their number, order and place", () => {
    expect(compileRewrite("/a", "/b")("/a")).toBe("/b");
    expect(compileRewrite("/a/{id}", "/b/{id}/c")("/a/7")).toBe("/b/7/c");
    expect(compileRewrite("/a/{id}/x", "/b/{id}")("/a/7/x")).toBe("/b/7");
    expect(compileRewrite("/{a}/m/{b}", "/{b}/{a}/{b}")("/1/m/2")).toBe("/2/1/2");
    expect(compileRewrite("/{a}/m/{rest*}", "/n/{rest}")("/1/m/2/3")).toBe("/n/2/3");
    expect(compileRewrite("/f/{rest*}", "/f/{rest*}")("/f/x/y")).toBe("/f/x/y");
    expect(compileRewrite("/a/{id}", "/list")("/a/7")).toBe("/list");
  });

  test("refuses a parameter that the route does not have", () => {
    expect(() => compileRewrite("/a/{id}", "/b/{di}")).toThrow("{di}");
  });

  test("gives each parameter what stands at its place", () => {
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 6 }), (values) => {
        const names = values.map((_, i) => `{p${i}}`);
        const rewrite = compileRewrite(`/x/${names.join("/")}`, `/y/${names.toReversed().join("/")}`);
        expect(rewrite(`/x/${values.join("/")}`)).toBe(`/y/${values.toReversed().join("/")}`);
      }),
    );
  });
});

test("normalizePath undoes needless escapes, keeps the others, and is stable", () => {
  expect(normalizePath("/v1/%75sers/%2f%C3%A9")).toBe("/v1/users/%2F%C3%A9");
  fc.assert(
    fc.property(fc.string(), (text) => {
      const once = normalizePath(`/${encodeURIComponent(text.toWellFormed())}`);
      expect(normalizePath(once)).toBe(once);
      expect(decodeURIComponent(once)).toBe(`/${text.toWellFormed()}`);
    }),
  );
});

test("honoPattern names parameters by place", () => {
  expect(honoPattern("/a")).toBe("/a");
  expect(honoPattern("/a/{id}/b/{other}")).toBe("/a/:p0/b/:p1");
  expect(honoPattern("/a/{rest*}")).toBe("/a/:p0{.+}");
});

test("compareSpecificity puts the exact before the general", () => {
  const paths = ["/{rest*}", "/a/{rest*}", "/a/{id}", "/{x}/b", "/a/b", "/a", "/a/b/c"];
  expect(paths.toSorted(compareSpecificity)).toEqual([
    "/a",
    "/a/b",
    "/a/b/c",
    "/a/{id}",
    "/a/{rest*}",
    "/{x}/b",
    "/{rest*}",
  ]);
});
