import { useEffect, useRef } from "preact/hooks";
import type { GatewayAnswer } from "../../../runtime/control/routes/request.ts";
import { formatBytes, formatMs } from "../format.ts";
import { traceHref } from "../links.ts";

const cuts = {
  size: "It is longer than is shown.",
  time: "It went on; this is what came in the first seconds.",
};

/** What the gateway said, and the way to what happened behind it. */
export function Answer({ answer }: { answer: GatewayAnswer }) {
  const tone = answer.status >= 500 ? "bad" : answer.status >= 400 ? "warn" : "good";
  const section = useRef<HTMLElement>(null);
  // Below a long body it would come out of sight.
  useEffect(() => section.current!.scrollIntoView({ block: "nearest" }), [answer]);
  return (
    <section ref={section} class="answer" aria-label="Answer">
      <h2 class="unseen">Answer</h2>
      <header class="answer-head">
        <span class={`status-badge ${tone}`}>
          {answer.status} {answer.statusText}
        </span>
        <span class="number">{formatMs(answer.durationMs)}</span>
        <span class="number">{formatBytes(answer.bytes)}</span>
        <a class="button small" href={traceHref(answer.traceId)}>
          Open trace →
        </a>
      </header>
      {answer.cut !== undefined && <p class="warn-text">{cuts[answer.cut]}</p>}
      <h3>Body</h3>
      {answer.binary ? (
        <p class="muted">{formatBytes(answer.bytes)} that are no text.</p>
      ) : answer.body === "" ? (
        <p class="muted">There is none.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too
        <pre class="code answer-body" tabIndex={0}>
          {pretty(answer.body)}
        </pre>
      )}
      <details>
        <summary>{answer.headers.length} headers</summary>
        <dl class="facts">
          {answer.headers.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </details>
    </section>
  );
}

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), undefined, 2);
  } catch {
    return body;
  }
}
