/** Bad input of every kind, poured into a run for as long as one likes, beside a service that has nothing to do with it. */
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { Run } from "./run.ts";

const good = `
import { Hono } from "hono";
import { defineService, type ServiceEnv } from "microcosm";
export const good = defineService({ api: () => new Hono<ServiceEnv>().get("/ok", (c) => c.text("ok")) });`;

const noisy = `
import { Hono } from "hono";
import { defineService, type ServiceEnv } from "microcosm";
const noise = new Uint8Array(64 * 1024).map((_, place) => (place * 7919) % 256);
export const noisy = defineService({
  api: ({ log }) =>
    new Hono<ServiceEnv>()
      .get("/huge", (c) => { log.warn("x".repeat(10_000_000)); return c.text("huge"); })
      .get("/broken", (c) => { process.stderr.write(noise); return c.text("broken"); }),
});`;

/** Of a topology in `folder`; all traces are kept. */
export function startBadInputRun(folder: string): Promise<Run> {
  writeFileSync(join(folder, "good.ts"), good);
  writeFileSync(join(folder, "noisy.ts"), noisy);
  const topology = join(folder, "topology.yaml");
  const route = (name: string) => `{ path: "/${name}/{what}", service: ${name}, rewrite: "/{what}" }`;
  writeFileSync(
    topology,
    `name: bad-input
gateway:
  routes: [${route("good")}, ${route("noisy")}]
services:
  good: { source: good.ts }
  noisy: { source: noisy.ts }
telemetry: { sample: 1 }
`,
  );
  return Run.start({ topology });
}

/** Kind → once poured, as often as `everyMs`; and what it is counted as. */
export const badInputs: Readonly<
  Record<
    string,
    { readonly counts: string; readonly everyMs: number; readonly pour: (run: Run) => Promise<unknown> }
  >
> = {
  "OTLP that is none": { counts: "malformed", everyMs: 20, pour: (run) => otlp(run, "{".repeat(100_000)) },
  "a parent that never comes": {
    counts: "orphan",
    everyMs: 50,
    pour: (run) => otlp(run, spansOf([{ parentSpanId: id(8) }, { parentSpanId: id(8) }])),
  },
  "clocks that disagree": {
    counts: "clocks",
    everyMs: 50,
    pour: (run) => {
      const [call, served] = [id(8), id(8)];
      return otlp(
        run,
        spansOf([
          { spanId: call, kind: 3 },
          { spanId: served, parentSpanId: call, kind: 2, late: 3600 },
        ]),
      );
    },
  },
  "attributes without end": {
    counts: "attributes",
    everyMs: 50,
    pour: (run) => {
      const many = Array.from({ length: 2000 }, (_, n) => ({ key: `a${n}`, value: { stringValue: "x" } }));
      return otlp(run, spansOf([{ attributes: many }]));
    },
  },
  "a line of 10 MB": { counts: "truncated", everyMs: 200, pour: (run) => fetch(`${run.gateway}/noisy/huge`) },
  "bytes that are no UTF-8": {
    counts: "mended",
    everyMs: 100,
    pour: (run) => fetch(`${run.gateway}/noisy/broken`),
  },
};

/** Pours until it is stopped, which waits for what is under way. */
export function pouring(run: Run, { everyMs, pour }: (typeof badInputs)[string]): () => Promise<void> {
  let over = false;
  const done = (async () => {
    while (!over) {
      const answer = await pour(run);
      if (answer instanceof Response) await answer.arrayBuffer();
      await Bun.sleep(everyMs);
    }
  })();
  return () => {
    over = true;
    return done;
  };
}

/** Browsers that have the page open and never read; returns what closes them. */
export async function deafBrowsers(run: Run, count: number): Promise<() => void> {
  const { port } = new URL(run.control);
  const token = await tokenOf(run);
  const sockets = Array.from({ length: count }, () => connect(Number(port), "127.0.0.1"));
  for (const socket of sockets) {
    socket.pause();
    socket.write(
      `GET /api/telemetry/live HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
  }
  return () => {
    for (const socket of sockets) socket.destroy();
  };
}

interface BadSpan {
  readonly spanId?: string;
  readonly parentSpanId?: string;
  readonly kind?: number;
  readonly attributes?: readonly object[];
  /** Seconds that its clock is behind. */
  readonly late?: number;
}

/** One trace; each span of a service of its own. */
function spansOf(spans: readonly BadSpan[]): string {
  const traceId = id(16);
  const resourceSpans = spans.map(({ late = 0, ...span }, place) => {
    const start = BigInt(Date.now() - late * 1000) * 1_000_000n;
    const times = { startTimeUnixNano: String(start), endTimeUnixNano: String(start + 5_000_000n) };
    const name = { key: "service.name", value: { stringValue: `stranger-${place}` } };
    const whole = { traceId, spanId: id(8), name: "stranger", kind: 1, ...times, ...span };
    return { resource: { attributes: [name] }, scopeSpans: [{ spans: [whole] }] };
  });
  return JSON.stringify({ resourceSpans });
}

async function otlp(run: Run, body: string): Promise<Response> {
  const headers = { authorization: `Bearer ${await tokenOf(run)}`, "content-type": "application/json" };
  return fetch(`${run.control}/v1/traces`, { method: "POST", headers, body });
}

async function tokenOf(run: Run): Promise<string> {
  return (await Bun.file(join(run.data, "run", "control.json")).json()).token;
}

function id(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("hex");
}
