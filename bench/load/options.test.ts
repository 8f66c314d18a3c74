import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { arrivalsText } from "./describe.ts";
import { type LoadOptions, planOf } from "./options.ts";

const url = "127.0.0.1:8080/v1";

describe("the options of load", () => {
  test("make a plan", () => {
    const plan = planOf(url, {
      rate: "500",
      arrivals: "poisson",
      duration: "1.5s",
      warmup: "0s",
      header: ["accept: text/html", "x-a:b"],
      data: "{}",
      processes: "2",
      seed: "7",
    });
    expect(plan).toMatchObject({
      url: "http://127.0.0.1:8080/v1",
      loop: { kind: "open", arrivals: { kind: "poisson", rate: 500 } },
      durationMs: 1500,
      warmup: 0,
      method: "POST",
      headers: { accept: "text/html", "x-a": "b" },
      body: "{}",
      processes: 2,
      seed: 7,
    });
    expect(planOf(url, { clients: "5", think: "20ms" })).toMatchObject({
      loop: { kind: "closed", clients: 5, thinkMs: 20 },
      connections: 5,
      warmup: "auto",
      durationMs: 10_000,
    });
  });

  test("of every kind of arrivals are told in words", () => {
    const told = (options: LoadOptions) => arrivalsText(planOf(url, options));
    expect(told({ rate: "1000" })).toBe("1,000 requests a second, constant");
    expect(told({ rate: "1", to: "50", over: "30s", arrivals: "ramp" })).toBe(
      "ramp from 1 to 50 requests a second over 30s",
    );
    expect(told({ rates: "1,2,3", every: "10s", arrivals: "step" })).toBe(
      "steps of 1, 2, 3 requests a second, 10s each",
    );
    expect(told({ rate: "1", peak: "9", at: "5s", for: "2s", arrivals: "spike" })).toBe(
      "1 requests a second, a spike of 9 for 2s",
    );
    expect(told({ clients: "3" })).toBe("3 clients in a closed loop");
    expect(told({ rate: "2", scenario: "shop" })).toBe("2 turns a second, constant");
  });

  test("that are wrong are refused by name", () => {
    const wrong: readonly [LoadOptions, string][] = [
      [{}, "--rate N"],
      [{ rate: "many" }, "--rate takes"],
      [{ rate: "-1" }, "--rate takes"],
      [{ rate: "1", arrivals: "poison" }, "--arrivals takes"],
      [{ rate: "1", to: "5", over: "1s" }, "--to is for --arrivals ramp, and these are constant"],
      [{ rate: "1", arrivals: "ramp" }, "needs --to"],
      [{ arrivals: "spike", rate: "1", peak: "2", at: "1s" }, "needs --for"],
      [{ clients: "5", rate: "5" }, "takes no --rate"],
      [{ clients: "0" }, "--clients takes"],
      [{ rate: "1", think: "1s" }, "--think needs --clients"],
      [{ rate: "1", duration: "2 parsecs" }, "--duration takes"],
      [{ rate: "1", duration: "1ms" }, "durationMs"],
      [{ rate: "1", header: ["nonsense"] }, "--header takes"],
      [{ rate: "1", scenario: "shpo" }, "did you mean shop?"],
      [{ trace: join(import.meta.dir, "plan.ts") }, "--trace"],
      [{ trace: "/nonexistent" }, "--trace /nonexistent"],
    ];
    for (const [options, message] of wrong) expect(() => planOf(url, options)).toThrow(message);
    expect(() => planOf("ftp://x", { rate: "1" })).toThrow("not a URL");
  });
});
