/** The supervisor's end of the control links, over the in-memory transport. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { SupervisorMessage, WorkerMessage } from "../control/messages.ts";
import { MemoryRegistry } from "../registry/memory-registry.ts";
import type { InstanceRecord, RegistryDelta } from "../registry/registry.ts";
import { RegistryView } from "../registry/view.ts";
import { MemoryTransport } from "../transport/memory.ts";
import type { Link, Peer } from "../transport/transport.ts";
import { ControlLinks } from "./control-links.ts";
import type { Instance } from "./instance.ts";
import { mergeDeltas } from "./merge-deltas.ts";

/** What the links tell an instance, noted down. */
class NotedInstance {
  readonly told: string[] = [];
  link: Link | undefined;

  expects(peer: Peer): boolean {
    return peer.generation === 2 && this.link === undefined;
  }
  linked(link: Link): void {
    this.link = link;
    this.told.push("linked");
  }
  unlinked(): void {
    this.link = undefined;
    this.told.push("unlinked");
  }
  heard(message: WorkerMessage): void {
    this.told.push(message.type);
  }
  suspected(): void {
    this.told.push("suspected");
  }
}

let transport: MemoryTransport;
let registry: MemoryRegistry;
let instances: Map<string, NotedInstance>;
let links: ControlLinks;
let warnings: string[];
const open: Link[] = [];

beforeEach(async () => {
  transport = new MemoryTransport();
  registry = new MemoryRegistry();
  warnings = [];
  instances = new Map([
    ["orders-1", new NotedInstance()],
    ["orders-2", new NotedInstance()],
  ]);
  links = new ControlLinks({
    transport,
    address: "control",
    registry,
    instance: (id) => instances.get(id) as unknown as Instance | undefined,
    log: (_level, message) => warnings.push(message),
  });
  await links.start();
});

afterEach(async () => {
  for (const link of open.splice(0)) await link.close();
  await links.stop();
});

async function connect(instance: string, generation = 2) {
  const heard: SupervisorMessage[] = [];
  const closed = Promise.withResolvers<void>();
  const link = await transport.connect("control", {
    self: { service: "orders", instance, generation },
    handler: {
      call: (call) => call.reply({ ok: true }, null),
      notify: (_link, head) => heard.push(head as SupervisorMessage),
      closed: () => closed.resolve(),
    },
  });
  open.push(link);
  return { link, heard, closed: closed.promise };
}

function record(id: string, more: Partial<InstanceRecord> = {}): InstanceRecord {
  const rest = { version: "1", generation: 1, state: "starting" as const, address: id, weight: 1, since: 0 };
  return { id, service: "orders", ...rest, ...more };
}

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 5000;
  while (!condition()) {
    if (Date.now() > end) throw new Error("the condition never came true");
    await Bun.sleep(1);
  }
}

describe("hellos", () => {
  test("of expected processes are taken; strangers, other generations and seconds are closed", async () => {
    const good = await connect("orders-1");
    await until(() => good.heard.length === 1);
    for (const [id, generation] of [
      ["orders-1", 2],
      ["orders-2", 1],
      ["orders-2", 3],
      ["nobody-1", 2],
    ] as const) {
      const bad = await connect(id, generation);
      await bad.closed;
      expect(bad.heard).toEqual([]);
    }
    expect(warnings).toHaveLength(4);
    expect(instances.get("orders-1")?.told).toEqual(["linked"]);
    expect(instances.get("orders-2")?.told).toEqual([]);
    expect(good.link.open).toBe(true);
  });

  test("a broken link is told, and its process may say hello once more", async () => {
    const first = await connect("orders-1");
    await until(() => first.heard.length === 1);
    await first.link.close();
    await until(() => instances.get("orders-1")!.told.length === 2);
    const second = await connect("orders-1");
    await until(() => second.heard.length === 1);
    expect(instances.get("orders-1")?.told).toEqual(["linked", "unlinked", "linked"]);
  });
});

describe("what workers say", () => {
  test("reaches their instance; a suspicion the one it is about; nonsense nobody", async () => {
    const { link, heard } = await connect("orders-1");
    await connect("orders-2");
    link.notify({ type: "failed", code: "x", message: "y" });
    link.notify({ type: "suspect", instance: "orders-2", reason: "link-closed" });
    link.notify({ type: "suspect", instance: "nobody-9", reason: "link-closed" });
    for (const nonsense of [
      null,
      7,
      {},
      { type: "shutdown" },
      { type: "beat" },
      { type: "ready", port: "x" },
    ]) {
      link.notify(nonsense);
    }
    link.notify({ type: "resync" });
    await until(() => heard.length === 2);
    expect(instances.get("orders-1")?.told).toEqual(["linked", "failed"]);
    expect(instances.get("orders-2")?.told).toEqual(["linked", "suspected"]);
    expect(heard.map(({ type }) => type)).toEqual(["snapshot", "snapshot"]);
    expect(warnings).toHaveLength(6);
  });
});

describe("the registry", () => {
  test("is one snapshot at first, then one delta a tick", async () => {
    registry.put(record("a-1"));
    const { heard } = await connect("orders-1");
    await until(() => heard.length === 1);
    await Bun.sleep(5);
    expect(heard[0]).toMatchObject({ type: "snapshot", snapshot: { version: 1 } });
    registry.put(record("a-1", { state: "ready" }));
    registry.put(record("a-2"));
    registry.remove("a-2");
    await until(() => heard.length === 2);
    expect(heard[1]).toMatchObject({ type: "delta", delta: { from: 1, to: 4, removes: ["a-2"] } });
  });

  test("is the same in every worker's view whenever it joined", async () => {
    const watch = async (id: string) => {
      const view = new RegistryView();
      const { heard } = await connect(id);
      const follow = () => {
        for (const message of heard.splice(0)) {
          if (message.type === "snapshot") view.apply(message.snapshot);
          else if (message.type === "delta") expect(view.applyDelta(message.delta)).toBe(true);
        }
        return view.version;
      };
      return { view, follow };
    };
    const early = await watch("orders-1");
    registry.put(record("a-1"));
    // Joins between a change and its delta.
    const joining = watch("orders-2");
    registry.put(record("a-1", { state: "ready" }));
    const late = await joining;
    registry.put(record("a-2"));
    registry.put(record("a-2", { state: "ready" }));
    await until(() => early.follow() === 4 && late.follow() === 4);
    for (const { view } of [early, late]) {
      expect(view.ready("orders").map(({ id }) => id)).toEqual(["a-1", "a-2"]);
    }
  });
});

test("merged deltas do what they do one after the other", () => {
  const delta = (from: number, upserts: InstanceRecord[], removes: string[]): RegistryDelta => {
    return { from, to: from + 1, upserts, removes };
  };
  const ready = record("a", { state: "ready" });
  const merged = mergeDeltas([
    delta(4, [record("a")], []),
    delta(5, [], ["b"]),
    delta(6, [record("b")], []),
    delta(7, [ready], []),
    delta(8, [record("c")], []),
    delta(9, [], ["c"]),
  ]);
  expect(merged).toEqual({ from: 4, to: 10, upserts: [ready, record("b")], removes: ["c"] });
  expect(() => mergeDeltas([])).toThrow("nothing");
});
