import { afterEach, expect, test } from "bun:test";
import { systemClock } from "../clock.ts";
import type { InstanceRecord } from "../registry/registry.ts";
import { RegistryView } from "../registry/view.ts";
import { decodeBatch } from "../telemetry/batch-body.ts";
import type { TelemetryBatch } from "../telemetry/model.ts";
import { MemoryTransport } from "../transport/memory.ts";
import { EventTelemetry } from "../worker/event-telemetry.ts";
import type { LogLine } from "./api.ts";
import { SupervisorTelemetry } from "./supervisor-telemetry.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

const line = (message: string, more: Partial<LogLine> = {}): LogLine => ({
  at: 1,
  service: "orders",
  instance: "orders-1",
  level: "warn",
  message,
  ...more,
});

async function setUp(maxLines?: number) {
  const transport = new MemoryTransport();
  const view = new RegistryView();
  const heard: TelemetryBatch[] = [];
  const listener = await transport.listen("observer", {
    self: { service: "observer", instance: "observer-1", generation: 1 },
    handler: {
      call: (call) => call.reply(null, null),
      notify: (_link, _head, body) => void heard.push(decodeBatch(body) as TelemetryBatch),
    },
  });
  const telemetry = new SupervisorTelemetry({
    self: { service: "supervisor", instance: "supervisor", generation: 1 },
    transport,
    view,
    clock: systemClock,
    ...(maxLines === undefined ? {} : { maxLines }),
  });
  cleanups.push(
    () => listener.stop(),
    () => telemetry.stop(),
  );
  let version = 0;
  const observer = (state: InstanceRecord["state"]) => {
    const record = { id: "observer-1", service: "observer", version: "1", generation: 1, state } as const;
    view.apply({ version: ++version, instances: [{ ...record, address: "observer", weight: 1, since: 0 }] });
  };
  const lines = () => heard.flatMap(({ logs }) => logs);
  const messages = () => lines().map(({ message }) => message);
  return { telemetry, observer, heard, lines, messages };
}

async function until(check: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!check()) {
    if (Date.now() > deadline) throw new Error("not in time");
    await Bun.sleep(5);
  }
}

test("lines wait for the observer, and are still of whom they were", async () => {
  const { telemetry, observer, lines } = await setUp();
  telemetry.start();
  telemetry.take(line("Segmentation fault"));
  telemetry.take(line("beside", { fields: { traceId: "a".repeat(32), spanId: "b".repeat(16), n: 1 } }));
  telemetry.take(line("orders-1 died", { service: "supervisor", instance: "supervisor" }));
  observer("ready");
  await until(() => lines().length === 3);
  expect(lines()).toEqual([
    line("Segmentation fault"),
    { ...line("beside"), traceId: "a".repeat(32), spanId: "b".repeat(16), fields: { n: 1 } },
    line("orders-1 died", { service: "supervisor", instance: "supervisor" }),
  ]);
});

test("of too many the oldest give way, and are counted", async () => {
  const { telemetry, observer, heard, messages } = await setUp(3);
  telemetry.start();
  for (let n = 0; n < 10; n++) telemetry.take(line(`line ${n}`));
  observer("ready");
  await until(() => heard.length > 0);
  expect(messages()).toEqual(["line 7", "line 8", "line 9"]);
  expect(heard[0]?.dropped.logs).toBe(7);
});

test("what is counted is told, also without a line", async () => {
  const { telemetry, observer, heard } = await setUp();
  telemetry.start();
  observer("ready");
  await until(() => heard.length > 0);
  telemetry.count("mended");
  telemetry.count("updates");
  await until(() => heard.some(({ dropped }) => dropped.mended === 1 && dropped.updates === 1));
});

test("what was written while the others ended is told before the observer does", async () => {
  const { telemetry, observer, heard, messages } = await setUp();
  telemetry.start();
  observer("ready");
  await until(() => heard.length > 0);
  telemetry.take(line("the last"));
  observer("draining");
  await Bun.sleep(50);
  expect(messages()).toEqual(["the last"]);
  const began = performance.now();
  telemetry.take(line("too late"));
  await Promise.all([telemetry.stop(), telemetry.stop()]);
  expect(performance.now() - began).toBeLessThan(450);
});

test("what is published by hand is a span that leaves at once, and the root of its trace", async () => {
  const { telemetry, observer, heard } = await setUp();
  telemetry.start();
  observer("ready");
  const span = new EventTelemetry(telemetry.recorder).publish("news", undefined);
  span.ended(undefined, 3);
  const spans = () => heard.flatMap((batch) => batch.spans);
  await until(() => spans().length > 0);
  expect(spans()).toMatchObject([
    {
      name: "publish news",
      kind: "producer",
      service: "supervisor",
      instance: "supervisor",
      status: "unset",
    },
  ]);
  expect(spans()[0]).not.toHaveProperty("parentSpanId");
  // Its deliveries are sampled, as it is.
  expect(span.traceparent).toBe(`00-${spans()[0]!.traceId}-${spans()[0]!.spanId}-01`);
});
