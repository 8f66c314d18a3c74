import { useEffect, useState } from "preact/hooks";
import type { Event } from "../../../sdk/event.ts";
import { EmptyState, ErrorState } from "../../components/states.tsx";
import { EventCard } from "./event-card.tsx";
import { eachLine } from "./each-line.ts";

/** Events shown; older ones leave. */
const maxEvents = 50;
/** What comes within this is drawn at once, however much it is. */
const drawMs = 250;

/** The topic's newest events as they come, newest first. */
export function TopicTail({ topic, nextOffset }: { topic: string; nextOffset: number }) {
  const [events, setEvents] = useState<readonly Event[]>([]);
  const [error, setError] = useState<string>();
  const [paused, setPaused] = useState(false);
  const [round, setRound] = useState(0);

  useEffect(() => {
    if (paused) return;
    const gone = new AbortController();
    let fresh: Event[] = [];
    const draw = () => {
      if (fresh.length === 0) return;
      const newest = fresh.reverse();
      fresh = [];
      setEvents((old) => [...newest, ...old].slice(0, maxEvents));
    };
    const timer = setInterval(draw, drawMs);
    const from = Math.max(0, nextOffset - maxEvents);
    const path = `/api/bus/topics/${encodeURIComponent(topic)}/events?follow=1&offset=${from}`;
    setEvents([]);
    setError(undefined);
    eachLine<Event>(path, gone.signal, (event) => {
      fresh.push(event);
      // Only what will be shown is kept, however fast they come.
      if (fresh.length > maxEvents) fresh = fresh.slice(-maxEvents);
    })
      .then(() => gone.signal.aborted || setError("The stream ended."))
      .catch((failure: unknown) => {
        if (!gone.signal.aborted) setError(failure instanceof Error ? failure.message : String(failure));
      });
    return () => {
      gone.abort();
      clearInterval(timer);
    };
  }, [topic, paused, round]);

  return (
    <div class="topic-tail">
      <div class="toolbar">
        <button type="button" class="button small" aria-pressed={paused} onClick={() => setPaused(!paused)}>
          {paused ? "Go on" : "Pause"}
        </button>
        <span class="muted">{paused ? "Paused." : "Newest first, as they come."}</span>
      </div>
      {error !== undefined && <ErrorState detail={error} retry={() => setRound(round + 1)} />}
      {error === undefined && events.length === 0 && (
        <EmptyState title="No events yet">The next one on {topic} appears here.</EmptyState>
      )}
      {events.map((event) => (
        <EventCard key={event.offset} event={event} />
      ))}
    </div>
  );
}
