import { describe, expect, test } from "bun:test";
import { MicrocosmError } from "../../sdk/errors.ts";
import { seededRandom } from "../clock.ts";
import { admitAll, type Policy } from "./policy.ts";
import { backoffMs, type FailedAttempt, giveUp, isIdempotent, retryDelay } from "./retry.ts";
import { effectiveDeadline, isExpired, noDeadline } from "./timeout.ts";

describe("timeout", () => {
  test("the earlier of the inherited deadline and the edge's timeout", () => {
    expect(effectiveDeadline(1500, 1000, 2000)).toBe(1500);
    expect(effectiveDeadline(9000, 1000, 2000)).toBe(3000);
    expect(effectiveDeadline(500, 1000, 2000)).toBe(500);
  });

  test("0 and infinity both mean that nothing was inherited", () => {
    expect(effectiveDeadline(0, 1000, 2000)).toBe(3000);
    expect(effectiveDeadline(noDeadline, 1000, 2000)).toBe(3000);
    expect(effectiveDeadline(0, 1000, noDeadline)).toBe(noDeadline);
  });

  test("is over at the deadline itself", () => {
    expect(isExpired(1000, 999)).toBe(false);
    expect(isExpired(1000, 1000)).toBe(true);
  });
});

describe("retry", () => {
  const broken: FailedAttempt = {
    code: "link-closed",
    sent: true,
    idempotent: true,
    bodyReusable: true,
    attempts: 1,
    failures: 1,
    retries: 2,
    othersLeft: true,
  };
  const delay = (change: Partial<FailedAttempt>) => retryDelay({ ...broken, ...change }, () => 0.5);

  test("a broken idempotent call goes to another instance at once, as often as the policy allows", () => {
    expect(delay({})).toBe(0);
    expect(delay({ attempts: 2 })).toBe(0);
    expect(delay({ attempts: 3 })).toBe(giveUp);
    expect(delay({ retries: 0 })).toBe(giveUp);
  });

  test("with no other instance it waits a little, longer each time", () => {
    expect(delay({ othersLeft: false })).toBe(7.5);
    expect(delay({ othersLeft: false, failures: 2 })).toBe(15);
  });

  test("what may have been done is not done again", () => {
    expect(delay({ idempotent: false })).toBe(giveUp);
    expect(delay({ bodyReusable: false })).toBe(giveUp);
  });

  test("what was never sent goes on whatever it is, beyond the policy's retries", () => {
    const unsent = { sent: false, idempotent: false, bodyReusable: false, attempts: 0, retries: 0 };
    expect(delay(unsent)).toBe(0);
    expect(delay({ ...unsent, failures: 20, othersLeft: false })).toBe(187.5);
  });

  test("a draining instance's refusal goes on; a stream that was begun does not", () => {
    expect(delay({ code: "no-ready-instance", idempotent: false, attempts: 9 })).toBe(0);
    expect(delay({ code: "no-ready-instance", bodyReusable: false })).toBe(giveUp);
  });

  test("overload is only taken elsewhere, never back", () => {
    expect(delay({ code: "overloaded", idempotent: false })).toBe(0);
    expect(delay({ code: "overloaded", othersLeft: false })).toBe(giveUp);
    expect(delay({ code: "overloaded", attempts: 3 })).toBe(giveUp);
  });

  test("nothing else is retried", () => {
    for (const code of ["deadline-exceeded", "cancelled", "handler-failed", "bad-frame"] as const) {
      expect(delay({ code })).toBe(giveUp);
    }
  });

  test("the backoff stays within its bounds and spreads", () => {
    const random = seededRandom(1);
    const delays = Array.from({ length: 200 }, () => backoffMs(30, random));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(125);
    expect(Math.max(...delays)).toBeLessThanOrEqual(250);
    expect(Math.max(...delays) - Math.min(...delays)).toBeGreaterThan(100);
  });

  test("idempotent by method, or by naming itself", () => {
    for (const method of ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
      expect(isIdempotent(method, [])).toBe(true);
    expect(isIdempotent("POST", ["accept", "idempotency-key"])).toBe(false);
    expect(isIdempotent("POST", ["accept", "*/*", "idempotency-key", "k1"])).toBe(true);
    expect(isIdempotent("PATCH", [])).toBe(false);
  });
});

describe("admitAll", () => {
  const policy = (name: string, heard: string[], refuse = false): Policy => ({
    name,
    admit: () => (refuse ? new MicrocosmError("overloaded", `${name} is full`) : undefined),
    ended: (outcome) => heard.push(`${name} ${outcome.code}`),
  });

  test("asks in order; a refusal takes the attempt back from those before it, and from no other", () => {
    const heard: string[] = [];
    const refusal = admitAll([policy("a", heard), policy("b", heard, true), policy("c", heard)], 0);
    expect(refusal?.message).toBe("b is full");
    expect(heard).toEqual(["a cancelled"]);
    expect(admitAll([policy("a", heard), policy("c", heard)], 0)).toBeUndefined();
    expect(heard).toHaveLength(1);
  });
});
