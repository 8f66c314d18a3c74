import { afterEach, expect, test } from "bun:test";
import { Gateways, MovableClock, route } from "./gateway.case.ts";

const gateways = new Gateways();
afterEach(() => gateways.stopAll());

test("a service that is down is logged once an interval, with how often", async () => {
  const clock = new MovableClock();
  const frozen = Date.now();
  clock.now = () => frozen + clock.offsetMs;
  const gateway = await gateways.start({ clock, config: { routes: [route("/a")] }, services: {} });
  for (let i = 0; i < 10; i++) expect((await gateway.fetch("/a")).status).toBe(503);
  expect(gateway.log.lines.length).toBe(1);
  clock.offsetMs = 1_000;
  await gateway.fetch("/a");
  expect(gateway.log.lines.length).toBe(2);
  expect(gateway.log.lines[1]).toContain("9 more");
});
