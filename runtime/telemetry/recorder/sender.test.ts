import { afterEach, describe, expect, test } from "bun:test";
import { systemClock } from "../../clock.ts";
import { MemoryTransport } from "../../transport/memory.ts";
import type { Link, Listener } from "../../transport/transport.ts";
import { decodeBatch } from "../batch-body.ts";
import type { TelemetryBatch } from "../model.ts";
import { Recorder } from "./recorder.ts";
import { Sender } from "./sender.ts";
import { noParent } from "./ended-span.ts";
import { traceIdOf } from "./trace-context.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

const shape = { kind: "server", describe: () => ({ name: "n", attributes: {} }) } as const;

/** A worker's recorder and sender, and an observer that keeps what it hears. */
function setUp(sample: number) {
  const transport = new MemoryTransport();
  const recorder = new Recorder({
    owner: { service: "orders", instance: "orders-1", generation: 1 },
    sample,
    slowMs: 500,
  });
  const heard: TelemetryBatch[] = [];
  const links: Link[] = [];
  let aheadMs = 0;
  let listener: Listener | undefined;
  const sender = new Sender({
    recorder,
    self: recorder.owner,
    transport,
    locate: () => (listener === undefined ? undefined : "observer"),
    clock: { now: () => systemClock.now() + aheadMs, after: systemClock.after },
    intervalMs: 10,
  });
  const listen = async () => {
    listener = await transport.listen("observer", {
      self: { service: "observer", instance: "observer-1", generation: 1 },
      handler: {
        call: (call) => call.reply(null, null),
        opened: (link) => void links.push(link),
        notify: (_link, _head, body) => void heard.push(decodeBatch(body) as TelemetryBatch),
      },
    });
    sender.seek();
  };
  const die = async () => {
    await listener?.stop();
    listener = undefined;
    await Promise.all(links.splice(0).map((link) => link.close()));
  };
  cleanups.push(() => sender.stop(), die);
  const span = (failure = "") => {
    const number = recorder.begin();
    const context = recorder.root(number);
    recorder.span(shape, context, number, noParent, 0, 1, failure, "", "", 0, 0);
    return context;
  };
  const later = (ms: number) => {
    aheadMs += ms;
  };
  return { recorder, sender, heard, links, listen, die, span, later };
}

async function until(check: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!check()) {
    if (Date.now() > deadline) throw new Error("not in time");
    await Bun.sleep(5);
  }
}

const spansOf = (batches: readonly TelemetryBatch[]) => batches.flatMap((batch) => batch.spans);

test("waits for an observer, brings it what was kept, finds the next one when it dies", async () => {
  const { sender, heard, listen, die, span } = setUp(1);
  sender.start();
  span();
  await Bun.sleep(30);
  expect(heard).toEqual([]);
  await listen();
  await until(() => spansOf(heard).length === 1);
  await die();
  span();
  await Bun.sleep(30);
  await listen();
  await until(() => spansOf(heard).length === 2);
  const sequences = heard.map((batch) => batch.sequence);
  expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
});

test("sends the rest of a trace that the observer asks for", async () => {
  const { recorder, sender, heard, links, listen, span } = setUp(0);
  await listen();
  sender.start();
  const context = span("500");
  recorder.span(shape, context, recorder.begin(), 0, 0, 1, "", "", "", 0, 0);
  await until(() => spansOf(heard).length === 1);
  links[0]?.notify({ type: "collect", traceIds: [traceIdOf(context)] });
  await until(() => spansOf(heard).length === 2);
});

test("takes no harm from an observer that sends nonsense", async () => {
  const { sender, heard, links, listen, span } = setUp(1);
  await listen();
  sender.start();
  await until(() => links.length === 1);
  for (const head of [null, 1, "collect", { type: "collect" }, { type: "collect", traceIds: [1] }]) {
    links[0]?.notify(head);
  }
  span();
  await until(() => spansOf(heard).length === 1);
});

test("sleeps while nothing is recorded, and wakes with the next span", async () => {
  const { sender, recorder, heard, listen, span } = setUp(1);
  await listen();
  sender.start();
  span();
  await until(() => spansOf(heard).length === 1 && recorder.onStir !== undefined);
  const before = heard.length;
  await Bun.sleep(50);
  expect(heard.length).toBe(before);
  span();
  expect(recorder.onStir).toBeUndefined();
  await until(() => spansOf(heard).length === 2);
});

test("a sleeping one tells gauges when it is asked to report, and not too often", async () => {
  const { sender, recorder, heard, listen, later } = setUp(1);
  recorder.metrics.gauge("g", "1").set(7);
  await listen();
  sender.start();
  await until(() => heard.length > 0 && recorder.onStir !== undefined);
  const before = heard.length;
  sender.report();
  later(6000);
  sender.report();
  sender.report();
  await until(() => heard.length > before);
  await Bun.sleep(20);
  expect(heard.length).toBe(before + 1);
  expect(heard.at(-1)?.metrics.map(({ name, value }) => [name, value])).toEqual([["g", 7]]);
});

test("after a long rest its link is there for a report only, and at once when something is recorded", async () => {
  const { sender, recorder, heard, links, listen, later, span } = setUp(1);
  recorder.metrics.gauge("g", "1").set(7);
  await listen();
  sender.start();
  await until(() => heard.length > 0 && recorder.onStir !== undefined);
  later(10_000);
  sender.report();
  await Bun.sleep(20);
  expect(links[0]?.open).toBe(true);
  later(30_000);
  sender.report();
  await until(() => links[0]?.open === false);
  const before = heard.length;
  later(30_000);
  sender.report();
  await until(() => heard.length === before + 1 && links[1]?.open === false);
  expect(recorder.onStir).toBeDefined();
  span("500");
  await until(() => spansOf(heard).length === 1);
  expect(links[2]?.open).toBe(true);
  expect(links.length).toBe(3);
});

test("more than one batch leaves at once, and the rest with stop", async () => {
  const { sender, heard, listen, span } = setUp(1);
  await listen();
  sender.start();
  span();
  await until(() => heard.length > 0);
  for (let i = 0; i < 2000; i++) span();
  await sender.stop();
  await sender.stop();
  await until(() => spansOf(heard).length === 2001);
});

describe("the last words", () => {
  const line = (message: string) => ({ at: 1, level: "error", message }) as const;
  const said = (batches: readonly TelemetryBatch[]) =>
    batches.flatMap(({ logs }) => logs.map(({ message }) => message));

  test("of one that was never started: told to an observer that is there", async () => {
    const { recorder, sender, heard, listen } = setUp(1);
    await listen();
    recorder.log(line("Cannot start"));
    await sender.stop();
    await until(() => heard.length > 0);
    expect(said(heard)).toEqual(["Cannot start"]);
  });

  test("of one that was quicker than the observer: told once that is there", async () => {
    const { recorder, sender, heard, listen } = setUp(1);
    recorder.log(line("Cannot start"));
    const stopped = sender.stop();
    await Bun.sleep(50);
    await listen();
    await stopped;
    await until(() => heard.length > 0);
    expect(said(heard)).toEqual(["Cannot start"]);
  });

  test("of one at rest: a link is made for them", async () => {
    const { recorder, sender, heard, links, listen, later } = setUp(1);
    await listen();
    sender.start();
    await until(() => links.length === 1 && recorder.onStir !== undefined);
    later(60_000);
    sender.report();
    await until(() => links[0]?.open === false);
    recorder.log(line("stopped"));
    await sender.stop();
    await until(() => said(heard).length > 0);
    expect(said(heard)).toEqual(["stopped"]);
    await until(() => links[1]?.open === false);
  });

  test("more of them than a batch has", async () => {
    const { recorder, sender, heard, listen } = setUp(1);
    await listen();
    const all = Array.from({ length: 4000 }, (_, n) => `line ${n}`);
    for (const message of all) recorder.log(line(message));
    await sender.stop();
    await until(() => said(heard).length >= all.length);
    expect(said(heard)).toEqual(all);
  });

  test("with nobody to hear them it ends all the same, at once where there was an observer before", async () => {
    const never = setUp(1);
    never.recorder.log(line("in vain"));
    const began = performance.now();
    await never.sender.stop();
    expect(performance.now() - began).toBeLessThan(2000);

    const { recorder, sender, heard, listen, die } = setUp(1);
    await listen();
    sender.start();
    await until(() => heard.length > 0);
    await die();
    recorder.log(line("in vain"));
    const left = performance.now();
    await sender.stop();
    expect(performance.now() - left).toBeLessThan(450);
  });

  test("an observer that takes no connection holds nobody up", async () => {
    const { recorder } = setUp(1);
    const sender = new Sender({
      recorder,
      self: recorder.owner,
      transport: {
        name: "mute",
        connect: () => new Promise<never>(() => {}),
        listen: () => Promise.reject(new Error("no")),
      },
      locate: () => "observer",
      clock: systemClock,
    });
    recorder.log(line("in vain"));
    const began = performance.now();
    await Promise.all([sender.stop(), sender.stop()]);
    expect(performance.now() - began).toBeLessThan(2000);
  });
});
