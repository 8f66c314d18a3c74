import { useRef } from "preact/hooks";
import type { TopicInfo } from "../../../runtime/bus/broker.ts";
import { EmptyState, ErrorLine, ErrorState } from "../../components/states.tsx";
import { icons } from "../../icons.ts";
import type { Page, PageProps } from "../../page.ts";
import { query } from "../../router.ts";
import { topicHref } from "../links.ts";
import { Loading } from "../loading.tsx";
import { usePolled } from "../polled.ts";
import { TopicRates } from "./rates.ts";
import { TopicTable } from "./topic-table.tsx";
import { TopicView, tabOf } from "./topic-view.tsx";

export const page: Page = {
  path: "/bus",
  title: "Bus",
  liveOnly: "Topics and their events are kept by the broker of a run. What passed is in Metrics and Traces.",
  icon: icons.bus,
  component: Bus,
};

const lookMs = 1000;

/** `/bus`: all topics; `/bus/TOPIC?tab=…`: one of them beside, on a phone in their place. */
function Bus({ rest }: PageProps) {
  const { data, error, refresh } = usePolled<TopicInfo[]>("/api/bus/topics", lookMs);
  const rates = useRef(new TopicRates());
  const counted = useRef<TopicInfo[]>(undefined);
  // In the render that shows them, and once for each answer.
  if (data !== undefined && counted.current !== data) {
    counted.current = data;
    rates.current.add(data, performance.now());
  }
  const topic = data?.find((one) => one.topic === rest);

  if (data === undefined) {
    if (error !== undefined) return <ErrorState error={error} retry={refresh} />;
    return <Loading what="topics" />;
  }
  return (
    <div class="page fill">
      <header class="toolbar">
        <h1>Bus</h1>
        <span class="muted">
          {data.length} {data.length === 1 ? "topic" : "topics"}
        </span>
      </header>
      <ErrorLine message={error?.message} />
      <div class={`bus-body ${rest === "" ? "" : "open"}`}>
        {data.length === 0 ? (
          <EmptyState title="No topics">Declare one under topics: in the topology.</EmptyState>
        ) : (
          <TopicTable
            topics={data}
            rates={rates.current}
            selected={rest}
            hrefOf={(name) => topicHref(name, tabOf(query.value.get("tab")))}
          />
        )}
        {topic !== undefined && <TopicView key={rest} topic={topic} tab={tabOf(query.value.get("tab"))} />}
        {rest !== "" && topic === undefined && (
          <EmptyState title={`There is no topic ${rest}`}>
            <a href="/bus">All topics</a>
          </EmptyState>
        )}
      </div>
    </div>
  );
}
