import type { ComponentChildren } from "preact";
import type { Event } from "../../../sdk/event.ts";
import { formatTime } from "../format.ts";
import { traceHref } from "../links.ts";

export interface EventCardProps {
  readonly event: Event;
  readonly children?: ComponentChildren;
}

/** An event with its payload, and the trace that it belongs to. */
export function EventCard({ event, children }: EventCardProps) {
  const traceId = event.traceparent?.slice(3, 35);
  return (
    <article class="event-card">
      <header class="event-head">
        <span class="number muted">#{event.offset}</span>
        <time dateTime={event.time}>{formatTime(Date.parse(event.time))}</time>
        <span class="event-source">{event.source}</span>
        {event.key !== undefined && <code title="Key">{event.key}</code>}
        {traceId !== undefined && <a href={traceHref(traceId)}>trace</a>}
      </header>
      {children}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long one scrolls, by keyboard too */}
      <pre class="code" tabIndex={0}>
        {JSON.stringify(event.data, undefined, 2)}
      </pre>
    </article>
  );
}
