import { useState } from "preact/hooks";
import type { PublishedByHand } from "../../../runtime/control/api.ts";
import { post } from "../../api.ts";
import { traceHref } from "../links.ts";
import { readJson } from "./json-text.ts";

/** An event by hand. The broker knows no schemas: what the subscribers cannot use ends as a dead letter. */
export function Publish({ topic, example }: { topic: string; example: unknown }) {
  const [text, setText] = useState(() => JSON.stringify(example ?? {}, undefined, 2));
  const [key, setKey] = useState("");
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<{ text: string; bad: boolean; traceId?: string } | undefined>();
  const json = readJson(text);

  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!json.ok || busy) return;
    setBusy(true);
    try {
      const path = `/api/bus/topics/${encodeURIComponent(topic)}/events`;
      const { offset, traceId } = await post<PublishedByHand>(path, {
        data: json.value,
        ...(key !== "" && { key }),
      });
      setResult({ text: `Published as #${offset}.`, bad: false, ...(traceId !== undefined && { traceId }) });
    } catch (failure) {
      setResult({ text: failure instanceof Error ? failure.message : String(failure), bad: true });
    } finally {
      setBusy(false);
    }
  };

  return (
    <form class="publish" onSubmit={send}>
      <label class="form-field">
        <span>Data</span>
        <textarea
          class="input code-input"
          rows={10}
          spellcheck={false}
          value={text}
          aria-invalid={!json.ok}
          aria-describedby="publish-problem"
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <p id="publish-problem" class={json.ok ? "good-text" : "bad-text"}>
        {json.ok ? "Valid JSON." : json.problem}
      </p>
      <label class="form-field">
        <span>Key: events with the same one keep their order</span>
        <input class="input" value={key} onInput={(event) => setKey(event.currentTarget.value)} />
      </label>
      <p class="panel-actions">
        <button type="submit" class="button primary" disabled={!json.ok || busy}>
          Publish to {topic}
        </button>
        {result !== undefined && <output class={result.bad ? "bad-text" : "good-text"}>{result.text}</output>}
        {result?.traceId !== undefined && (
          <a class="button small" href={traceHref(result.traceId)}>
            Open trace →
          </a>
        )}
      </p>
    </form>
  );
}
