import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StoredLog } from "../../runtime/telemetry/query.ts";
import { eventually } from "../kit/run.ts";
import { Customer } from "../kit/shop.ts";
import { writeShopTopology } from "../kit/shop-topology.ts";
import { expectThat, Observed } from "./observed.ts";

const recipe = join(import.meta.dir, "elasticsearch");
/** Stays for the next time. */
const modules = join(tmpdir(), "microcosm-interop-elasticsearch");
const customers = 5;
const index = "microcosm-logs";
/** More different fields than an index takes by default. */
const tooMany = 1100;

/**
 * Elasticsearch, one node of it put together from its published modules, takes a run's log lines as ECS documents. Each line
 * that the observer has is found there, by its trace where it has one; and what Elasticsearch refuses is counted.
 */
export async function elasticsearch(): Promise<string> {
  if (Bun.which("mvn") === null) return "skipped, there is no Maven to get it with (Debian's package maven)";
  await fetchModules();
  const folder = mkdtempSync(join(tmpdir(), "mc-elasticsearch-"));
  const home = join(folder, "node");
  mkdirSync(home);
  const command = [
    "java",
    "-Xms256m",
    "-Xmx512m",
    "-cp",
    join(modules, "lib", "*"),
    join(recipe, "SingleNode.java"),
    home,
  ];
  // It ends with its input, however this process does.
  const node = Bun.spawn(command, { stdio: ["pipe", "pipe", "ignore"] });
  try {
    const url = `http://127.0.0.1:${await firstLine(node.stdout)}`;
    const { version } = (await (await fetch(url)).json()) as { version: { number: string } };
    await using observed = await Observed.start({ topology: await shopTopology(folder, url) });
    await use(observed);
    const said = [await compareLines(observed, url), await refusal(observed)];
    return `version ${version.number}\n  ${said.join("\n  ")}`;
  } finally {
    node.stdin.end();
    await node.exited;
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fetchModules(): Promise<void> {
  if (existsSync(join(modules, "lib"))) return;
  mkdirSync(modules, { recursive: true });
  await copyFile(join(recipe, "pom.xml"), join(modules, "pom.xml"));
  const command = ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"];
  const { exitCode, stdout } = Bun.spawnSync(command, { cwd: modules });
  if (exitCode === 0) return;
  rmSync(modules, { recursive: true });
  throw new Error(`Elasticsearch's modules are not to be had:\n${stdout}`);
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const part of stream) {
    text += decoder.decode(part, { stream: true });
    const end = text.indexOf("\n");
    if (end >= 0) return text.slice(0, end);
  }
  throw new Error("Elasticsearch ended before it listened");
}

/** The shop, whose observer sends lines to Elasticsearch. */
async function shopTopology(folder: string, url: string): Promise<string> {
  const telemetry = { sample: 1, export: { elasticsearch: { url, index } } };
  return await writeShopTopology(folder, { more: { telemetry } });
}

/** What services have a word to say about: a refresh token that is used twice. */
async function use({ run }: Observed): Promise<void> {
  for (let n = 0; n < customers; n++) {
    const customer = await Customer.register(run.gateway);
    const { refreshToken } = customer;
    for (let again = 0; again < 3; again++)
      await customer.send("POST", "/v1/tokens/refresh", { refreshToken });
  }
}

async function compareLines(observed: Observed, url: string): Promise<string> {
  const logs = await eventually("lines within traces", async () => {
    const all = await observed.logs();
    if (all.filter(({ traceId }) => traceId !== undefined).length < customers) throw new Error("not yet");
    return all;
  });
  const wanted = logs.map(lineOf).sort();
  await eventually("all lines are there", async () => {
    const found = (await search(url, { match_all: {} })).map(documentLine);
    const missing = wanted.filter((line) => !found.includes(line));
    if (missing.length === 0) return true;
    throw new Error(`of ${wanted.length} lines are missing: ${missing.join("; ")}`);
  });
  const traces = Map.groupBy(
    logs.filter(({ traceId }) => traceId !== undefined),
    ({ traceId }) => traceId!,
  );
  for (const [traceId, lines] of traces) {
    const found = await search(url, { term: { "trace.id.keyword": traceId } });
    const [there, here] = [found.map(documentLine).sort(), lines.map(lineOf).sort()];
    expectThat(
      Bun.deepEquals(there, here),
      () => `trace ${traceId}: ${there.join("; ")} instead of ${here.join("; ")}`,
    );
  }
  const words = await search(url, { match: { message: [...traces.values()][0]![0]!.message } });
  expectThat(words.length > 0, () => "no line is found by its words");
  return `${logs.length} lines are there; those of ${traces.size} traces are found by trace.id, and only those`;
}

interface EcsDocument {
  readonly "@timestamp": string;
  readonly "log.level": string;
  readonly message: string;
  readonly "service.name": string;
  readonly "service.node.name": string;
  readonly "trace.id"?: string;
  readonly "span.id"?: string;
}

function documentLine(of: EcsDocument): string {
  const { "@timestamp": time, message } = of;
  return [
    Date.parse(time),
    of["log.level"],
    of["service.name"],
    of["service.node.name"],
    of["trace.id"],
    of["span.id"],
    message,
  ].join(" ");
}

function lineOf({ at, level, service, instance, traceId, spanId, message }: StoredLog): string {
  return [Math.floor(at), level, service, instance, traceId, spanId, message].join(" ");
}

async function search(url: string, query: object): Promise<EcsDocument[]> {
  await fetch(`${url}/${index}/_refresh`, { method: "POST" });
  const answer = await fetch(`${url}/${index}/_search`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query, size: 1000 }),
  });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  const { hits } = (await answer.json()) as { hits: { hits: { _source: EcsDocument }[] } };
  return hits.hits.map(({ _source }) => _source);
}

/** A line with more fields than the index takes is refused by an answer that says 200. */
async function refusal(observed: Observed): Promise<string> {
  const before = await exportsDropped(observed);
  const attributes = Array.from({ length: tooMany }, (_, n) => ({
    key: `f${n}`,
    value: { stringValue: "x" },
  }));
  const record = {
    timeUnixNano: `${Date.now()}000000`,
    body: { stringValue: "too many fields" },
    attributes,
  };
  const body = { resourceLogs: [{ resource: {}, scopeLogs: [{ scope: {}, logRecords: [record] }] }] };
  const answer = await fetch(`${observed.run.control}/v1/logs`, {
    method: "POST",
    headers: { authorization: `Bearer ${observed.token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expectThat(answer.ok, () => `the observer answers ${answer.status}`);
  await eventually("the refused line is counted", async () => {
    const counted = (await exportsDropped(observed)) - before;
    if (counted === 1) return true;
    throw new Error(`${counted} instead of 1`);
  });
  return "a line that it refuses in an answer of 200 is counted as dropped";
}

async function exportsDropped(observed: Observed): Promise<number> {
  const { dropped } = await observed.json<{ dropped: Record<string, number> }>("/stats");
  return dropped.export ?? 0;
}
