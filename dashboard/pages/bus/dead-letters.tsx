import { useState } from "preact/hooks";
import type { DeadFilter, DeadLetter } from "../../../runtime/bus/broker.ts";
import { post } from "../../api.ts";
import { formatTime } from "../format.ts";
import { usePolled } from "../polled.ts";
import { EmptyState, ErrorState } from "../../components/states.tsx";
import { Loading } from "../loading.tsx";
import { EventCard } from "./event-card.tsx";

const limit = 100;
const lookMs = 3000;

/** What was given up, with why; delivered once more, or thrown away for good. */
export function DeadLetters({ topic, count }: { topic: string; count: number }) {
  const base = `/api/bus/topics/${encodeURIComponent(topic)}/dead`;
  const { data, error, loading, refresh } = usePolled<DeadLetter[]>(`${base}?limit=${limit}`, lookMs);
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<{ text: string; bad: boolean } | undefined>();
  /** What is about to be thrown away, until it is said twice: ids, or all. */
  const [doomed, setDoomed] = useState<string>();

  const act = async (verb: "replay" | "purge", which: DeadFilter = {}) => {
    setBusy(true);
    setDoomed(undefined);
    try {
      const { count: done } = await post<{ count: number }>(`${base}/${verb}`, which);
      const what = `${done} dead ${done === 1 ? "letter" : "letters"}`;
      setResult({ text: verb === "replay" ? `${what} delivered again.` : `${what} discarded.`, bad: false });
      refresh();
    } catch (failure) {
      setResult({ text: failure instanceof Error ? failure.message : String(failure), bad: true });
    } finally {
      setBusy(false);
    }
  };
  const discard = (key: string, which: DeadFilter = {}) => {
    if (doomed === key) void act("purge", which);
    else setDoomed(key);
  };

  if (loading) return <Loading what="dead letters" />;
  if (data === undefined) return <ErrorState error={error} retry={refresh} />;
  return (
    <div class="dead-letters">
      <div class="toolbar" hidden={data.length === 0 && result === undefined}>
        <span class="muted">
          {data.length < count ? `The ${data.length} oldest of ${count}` : `${data.length} in all`}
        </span>
        <button
          type="button"
          class="button small"
          disabled={busy || data.length === 0}
          onClick={() => void act("replay")}
        >
          Replay all
        </button>
        <button
          type="button"
          class="button small danger"
          disabled={busy || data.length === 0}
          onClick={() => discard("all")}
        >
          {doomed === "all" ? "Really discard all?" : "Discard all"}
        </button>
        {result !== undefined && <output class={result.bad ? "bad-text" : "good-text"}>{result.text}</output>}
      </div>
      {data.length === 0 && (
        <EmptyState title="No dead letters">
          Every event of this topic was handled, or is still being tried.
        </EmptyState>
      )}
      {data.map((letter) => {
        const key = `${letter.subscription} ${letter.event.id}`;
        // One event may be dead in several subscriptions: each letter is acted on by itself.
        const which = { ids: [letter.event.id], subscription: letter.subscription };
        return (
          <EventCard key={key} event={letter.event}>
            <p class="dead-reason">
              <strong>{letter.subscription}</strong> gave up after {letter.deliveries}{" "}
              {letter.deliveries === 1 ? "delivery" : "deliveries"} at {formatTime(letter.at)}:{" "}
              <span class="bad-text">{letter.reason}</span>
            </p>
            <p class="panel-actions">
              <button
                type="button"
                class="button small"
                disabled={busy}
                onClick={() => void act("replay", which)}
              >
                Replay
              </button>
              <button
                type="button"
                class="button small danger"
                disabled={busy}
                onClick={() => discard(key, which)}
              >
                {doomed === key ? "Really discard?" : "Discard"}
              </button>
            </p>
          </EventCard>
        );
      })}
    </div>
  );
}
