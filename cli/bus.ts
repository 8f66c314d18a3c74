import type { DeadFilter, DeadLetter, SubscriptionInfo, TopicInfo } from "../runtime/bus/broker.ts";
import type { PublishedByHand } from "../runtime/control/api.ts";
import { MicrocosmError } from "../sdk/errors.ts";
import type { Event } from "../sdk/event.ts";
import { ControlClient, type RunOptions } from "../runtime/control/client.ts";
import { interrupted } from "./interrupt.ts";
import { parseMoment } from "./moment.ts";
import { bytes, type Column, paint, print, printJson, table } from "./output.ts";
import { textArgument } from "./text-argument.ts";

interface Options extends RunOptions {
  readonly json?: boolean;
}

const topicPath = (topic: string) => `/api/bus/topics/${encodeURIComponent(topic)}`;

export async function topics(options: Options): Promise<undefined> {
  const client = await ControlClient.find(options);
  const all = await client.get<TopicInfo[]>("/api/bus/topics");
  if (options.json === true) for (const topic of all) printJson(topic);
  else print(table(all.flatMap(rowsOf), topicColumns));
  return undefined;
}

interface TopicRow {
  readonly topic?: TopicInfo;
  readonly subscription?: SubscriptionInfo;
}

/** One line a subscription; the topic's own figures stand on its first line only. */
function rowsOf(topic: TopicInfo): TopicRow[] {
  const [first, ...others] = topic.subscriptions;
  return [
    { topic, ...(first === undefined ? {} : { subscription: first }) },
    ...others.map((subscription) => ({ subscription })),
  ];
}

const topicColumns: readonly Column<TopicRow>[] = [
  { title: "TOPIC", value: ({ topic }) => topic?.topic ?? "" },
  { title: "DURABILITY", value: ({ topic }) => topic?.durability ?? "" },
  { title: "EVENTS", value: ({ topic }) => (topic ? String(topic.messages) : ""), right: true },
  { title: "SIZE", value: ({ topic }) => (topic ? bytes(topic.bytes) : ""), right: true },
  {
    title: "DEAD",
    value: ({ topic }) => (topic ? String(topic.dead) : ""),
    right: true,
    style: ({ topic }) => ((topic?.dead ?? 0) > 0 ? "red" : undefined),
  },
  { title: "SUBSCRIPTION", value: ({ subscription }) => subscription?.subscription ?? "–" },
  {
    title: "CONSUMERS",
    value: ({ subscription }) => (subscription ? String(subscription.consumers.length) : ""),
    right: true,
  },
  { title: "LAG", value: ({ subscription }) => (subscription ? String(subscription.lag) : ""), right: true },
  {
    title: "IN FLIGHT",
    value: ({ subscription }) => (subscription ? String(subscription.inFlight) : ""),
    right: true,
  },
];

export async function tail(
  topic: string,
  options: Options & { readonly from?: string; readonly limit?: number },
): Promise<undefined> {
  const client = await ControlClient.find(options);
  const query = new URLSearchParams({ follow: "1" });
  if (options.from !== undefined) {
    const from = parsePosition(options.from);
    for (const [name, value] of Object.entries(from)) query.set(name, String(value));
  }
  if (options.limit !== undefined) query.set("limit", String(options.limit));
  const stop = interrupted();
  for await (const event of client.lines<Event>(`${topicPath(topic)}/events?${query}`, stop)) {
    if (options.json === true) printJson(event);
    else printEvent(event);
  }
  return undefined;
}

function printEvent(event: Event): void {
  const key = event.key === undefined ? "" : ` ${paint("cyan", event.key)}`;
  print(
    `${paint("dim", `${event.time} #${event.offset}`)} ${event.source}${key} ${JSON.stringify(event.data)}`,
  );
}

export async function publish(
  topic: string,
  data: string,
  options: Options & { readonly key?: string; readonly subject?: string },
): Promise<undefined> {
  const text = await textArgument(data);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new MicrocosmError("bad-request", `The data is not JSON: ${(cause as Error).message}`, { cause });
  }
  const client = await ControlClient.find(options);
  const published = await client.post<PublishedByHand>(`${topicPath(topic)}/events`, {
    data: value,
    ...(options.key === undefined ? {} : { key: options.key }),
    ...(options.subject === undefined ? {} : { subject: options.subject }),
  });
  if (options.json === true) printJson(published);
  else {
    const trace = published.traceId === undefined ? "" : `, trace ${published.traceId}`;
    print(`Published ${published.id} at offset ${published.offset}${trace}.`);
  }
  return undefined;
}

/** Which dead letters: all of the topic without either. */
interface DeadOptions {
  readonly id: readonly string[];
  readonly subscription?: string;
}

export async function dead(
  topic: string,
  options: Options & DeadOptions & { readonly limit: number; readonly purge?: boolean },
): Promise<undefined> {
  const client = await ControlClient.find(options);
  if (options.purge === true) {
    const { count } = await client.post<{ count: number }>(`${topicPath(topic)}/dead/purge`, which(options));
    if (options.json === true) printJson({ count });
    else print(`Deleted ${count} dead letter(s).`);
    return undefined;
  }
  const query = new URLSearchParams({ limit: String(options.limit) });
  if (options.subscription !== undefined) query.set("subscription", options.subscription);
  const letters = await client.get<DeadLetter[]>(`${topicPath(topic)}/dead?${query}`);
  if (options.json === true) for (const letter of letters) printJson(letter);
  else if (letters.length === 0) print(`No dead letters in ${topic}.`);
  else print(table(letters, deadColumns));
  return undefined;
}

const deadColumns: readonly Column<DeadLetter>[] = [
  { title: "EVENT", value: (letter) => letter.event.id },
  { title: "OFFSET", value: (letter) => String(letter.event.offset), right: true },
  { title: "SUBSCRIPTION", value: (letter) => letter.subscription },
  { title: "DELIVERIES", value: (letter) => String(letter.deliveries), right: true },
  { title: "AT", value: (letter) => new Date(letter.at).toISOString() },
  { title: "REASON", value: (letter) => letter.reason, style: () => "red" },
];

export async function replay(
  topic: string,
  options: Options &
    DeadOptions & {
      readonly dead?: boolean;
      readonly from?: string;
    },
): Promise<undefined> {
  if (options.dead === true) {
    const client = await ControlClient.find(options);
    const { count } = await client.post<{ count: number }>(`${topicPath(topic)}/dead/replay`, which(options));
    if (options.json === true) printJson({ count });
    else print(`Replayed ${count} dead letter(s).`);
    return undefined;
  }
  if (options.subscription === undefined || options.from === undefined) {
    throw new MicrocosmError(
      "bad-request",
      "Say what to replay: --dead, or --subscription NAME with --from.",
    );
  }
  const from = parsePosition(options.from);
  const client = await ControlClient.find(options);
  await client.post(`${topicPath(topic)}/replay`, { subscription: options.subscription, ...from });
  if (options.json === true) printJson({ topic, subscription: options.subscription, ...from });
  else print(`${options.subscription} goes on from there.`);
  return undefined;
}

function which({ id, subscription }: DeadOptions): DeadFilter {
  return { ...(id.length === 0 ? {} : { ids: id }), ...(subscription === undefined ? {} : { subscription }) };
}

function parsePosition(text: string): { offset: number } | { time: number } {
  if (/^\d+$/.test(text)) return { offset: Number(text) };
  const time = parseMoment(text);
  if (time !== undefined) return { time };
  throw new MicrocosmError(
    "bad-request",
    `"${text}" is no position: expected an offset (42), a time (2026-01-31T12:00:00Z) or a duration ago (10m).`,
  );
}
