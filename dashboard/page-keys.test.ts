import { expect, test } from "bun:test";
import { keyOf, keysOf, pageOf } from "./page-keys.ts";

const pages = Array.from({ length: 12 }, (_, place) => `page ${place + 1}`);

test("each page has a key of its own, also the tenth and those after it", () => {
  const own = pages.map((_, place) => keyOf(place)!);
  expect(own).toEqual(["1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "q", "w"]);
  expect(own.map((key) => pageOf(key, pages))).toEqual(pages);
  expect(pageOf("e", pages)).toBeUndefined();
});

test("the theme's and the help's keys are no page's", () => {
  const many = Array.from({ length: 40 }, (_, place) => place);
  expect(["t", "?", "/"].map((key) => pageOf(key, many))).toEqual([undefined, undefined, undefined]);
  expect(keyOf(39)).toBeUndefined();
});

test("the list of keys names the first and the last of each row", () => {
  expect(keysOf(9)).toEqual(["1", "…", "9"]);
  expect(keysOf(10)).toEqual(["1", "…", "0"]);
  expect(keysOf(11)).toEqual(["1", "…", "0", "q"]);
  expect(keysOf(13)).toEqual(["1", "…", "0", "q", "…", "e"]);
});
