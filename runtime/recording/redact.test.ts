import { describe, expect, test } from "bun:test";
import { redactText, redactValue, withheld } from "./redact.ts";

const jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxMjM0NTYifQ.c2lnbmF0dXJlLW9mLWl0LWFsbA";

describe("a secret leaves a text", () => {
  for (const [text, clean] of [
    [
      "administrator admin@shop.test, password Z-sJhwdrHntCE3N9 (told only once)",
      `administrator admin@shop.test, password ${withheld} (told only once)`,
    ],
    ["administrator a, password zsJhwdrHntCEBNabcd-x (told", `administrator a, password ${withheld} (told`],
    ["password=hunter2&user=ada", `password=${withheld}&user=ada`],
    ['{"apiKey":"k-1","name":"ada"}', `{"apiKey":"${withheld}","name":"ada"}`],
    ["GET /files?access_token=abc123&page=2", `GET /files?access_token=${withheld}&page=2`],
    [`sent Authorization: Bearer ${jwt}`, `sent Authorization: Bearer ${withheld}`],
    [`a token on its own: ${jwt}!`, `a token on its own: ${withheld}!`],
    ["connects to postgres://ada:s3cret@db:5432/shop", `connects to postgres://${withheld}@db:5432/shop`],
    ["hash $argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$aGFzaA stored", `hash ${withheld} stored`],
    ["-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY----- read", `${withheld} read`],
  ] as const) {
    test(text.slice(0, 50), () => expect(redactText(text)).toBe(clean));
  }
});

test("prose about secrets stays", () => {
  for (const text of [
    "the password is wrong",
    "no token was sent",
    "tokens: 12, expired: true",
    "token refreshed for user 01a2",
    "basic auth is off",
  ]) {
    expect(redactText(text)).toBe(text);
  }
});

test("members with the name of a secret lose their text, at any depth; numbers and the rest stay the same value", () => {
  const clean = { a: [{ b: "text", tokens: 3 }], at: 1 };
  expect(redactValue(clean)).toBe(clean);
  expect(redactValue({ user: { password_hash: "x", name: "ada" }, list: ["Bearer abcdefgh12"] })).toEqual({
    user: { password_hash: withheld, name: "ada" },
    list: [`Bearer ${withheld}`],
  });
});
