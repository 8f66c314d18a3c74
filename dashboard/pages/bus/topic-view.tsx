import type { TopicInfo } from "../../../runtime/bus/broker.ts";
import type { Event } from "../../../sdk/event.ts";
import { useEffect, useState } from "preact/hooks";
import { topicHref } from "../links.ts";
import { DeadLetters } from "./dead-letters.tsx";
import { eachLine } from "./each-line.ts";
import { Publish } from "./publish.tsx";
import { Subscriptions } from "./subscriptions.tsx";
import { TopicTail } from "./topic-tail.tsx";

const tabs = [
  ["subscriptions", "Subscriptions"],
  ["tail", "Live tail"],
  ["dead", "Dead letters"],
  ["publish", "Publish"],
] as const;

type Tab = (typeof tabs)[number][0];

export function tabOf(name: string | null): Tab {
  return tabs.find(([tab]) => tab === name)?.[0] ?? "subscriptions";
}

export function TopicView({ topic, tab }: { topic: TopicInfo; tab: Tab }) {
  return (
    <section class="topic" aria-label={topic.topic}>
      <header class="toolbar">
        <a class="button small back-link" href="/bus">
          ← Topics
        </a>
        <h2>{topic.topic}</h2>
        <nav class="choices" aria-label="Views of the topic">
          {tabs.map(([name, title]) => (
            <a
              key={name}
              class="button small"
              href={topicHref(topic.topic, name)}
              aria-current={name === tab ? "page" : undefined}
            >
              {title}
              {name === "dead" && topic.dead > 0 && <span class="badge bad">{topic.dead}</span>}
            </a>
          ))}
        </nav>
      </header>
      {tab === "subscriptions" && <Subscriptions subscriptions={topic.subscriptions} />}
      {tab === "tail" && <TopicTail topic={topic.topic} nextOffset={topic.nextOffset} />}
      {tab === "dead" && <DeadLetters topic={topic.topic} count={topic.dead} />}
      {tab === "publish" && <PublishLikeLast topic={topic} />}
    </section>
  );
}

/** The form begins with the newest event's data: nobody knows a topic's schema here, and this fits it. */
function PublishLikeLast({ topic: { topic, nextOffset, messages } }: { topic: TopicInfo }) {
  const [example, setExample] = useState<{ data: unknown } | undefined>(
    messages === 0 ? { data: undefined } : undefined,
  );
  useEffect(() => {
    const gone = new AbortController();
    const path = `/api/bus/topics/${encodeURIComponent(topic)}/events?offset=${nextOffset - 1}&limit=1`;
    let data: unknown;
    eachLine<Event>(path, gone.signal, (event) => {
      data = event.data;
    })
      .catch(() => {
        // An empty form does as well.
      })
      .finally(() => gone.signal.aborted || setExample({ data }));
    return () => gone.abort();
  }, [topic]);
  return example === undefined ? null : <Publish topic={topic} example={example.data} />;
}
