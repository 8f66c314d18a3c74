import type { TopicInfo } from "../../../runtime/bus/broker.ts";
import { formatBytes, formatCount, formatRate } from "../format.ts";
import type { TopicRates } from "./rates.ts";

export interface TopicTableProps {
  readonly topics: readonly TopicInfo[];
  readonly rates: TopicRates;
  readonly selected: string;
  readonly hrefOf: (topic: string) => string;
}

/** Sums over the subscriptions: where one of them lags, the topic does. */
const total = (topic: TopicInfo, of: "lag" | "inFlight" | "waitingRetry") =>
  topic.subscriptions.reduce((sum, subscription) => sum + subscription[of], 0);

export function TopicTable({ topics, rates, selected, hrefOf }: TopicTableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways on a phone, by keyboard too
    <section class="table-box" tabIndex={0} aria-label="Topics">
      <table class="grid-table">
        <thead>
          <tr>
            <th scope="col">Topic</th>
            <th scope="col" class="number">
              Rate
            </th>
            <th scope="col" class="number">
              Events
            </th>
            <th scope="col" class="number wide">
              Size
            </th>
            <th scope="col" class="number">
              Lag
            </th>
            <th scope="col" class="number wide">
              In flight
            </th>
            <th scope="col" class="number wide">
              Retry
            </th>
            <th scope="col" class="number">
              Dead
            </th>
          </tr>
        </thead>
        <tbody>
          {topics.map((topic) => (
            <tr key={topic.topic} class={topic.topic === selected ? "active" : ""}>
              <th scope="row">
                <a href={hrefOf(topic.topic)} aria-current={topic.topic === selected ? "true" : undefined}>
                  {topic.topic}
                </a>
                {topic.durability === "memory" && <span class="badge">memory</span>}
              </th>
              <td class="number">{rateOf(rates.of(topic.topic))}</td>
              <td class="number">{formatCount(topic.messages)}</td>
              <td class="number wide">{formatBytes(topic.bytes)}</td>
              <Count value={total(topic, "lag")} />
              <Count value={total(topic, "inFlight")} wide />
              <Count value={total(topic, "waitingRetry")} tone="warn" wide />
              <Count value={topic.dead} tone="bad" />
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function rateOf(rate: number | undefined): string {
  return rate === undefined ? "–" : formatRate(rate);
}

interface CountProps {
  readonly value: number;
  readonly tone?: "warn" | "bad";
  /** Left out where a topic is open beside the table. */
  readonly wide?: boolean;
}

function Count({ value, tone, wide }: CountProps) {
  const className = value === 0 ? "muted" : tone === undefined ? "" : `${tone}-text`;
  return <td class={`number ${className} ${wide === true ? "wide" : ""}`}>{formatCount(value)}</td>;
}
