import { useState } from "preact/hooks";
import type { GatewayAnswer } from "../../../runtime/control/routes/request.ts";
import { readJson } from "../bus/json-text.ts";
import { Answer } from "./answer.tsx";
import { headersOf, type Operation, pathOf } from "./operations.ts";
import { send } from "./send.ts";

export interface RequestFormProps {
  readonly operation: Operation;
  readonly gateway: string;
  readonly token: string;
}

/** Puts a request together and shows what came of it. */
export function RequestForm({ operation, gateway, token }: RequestFormProps) {
  const { method, parameters, takesBody } = operation;
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const [query, setQuery] = useState("");
  const [headerText, setHeaderText] = useState(takesBody ? `Idempotency-Key: ${crypto.randomUUID()}` : "");
  const [body, setBody] = useState(takesBody ? "{\n  \n}" : "");
  const [answer, setAnswer] = useState<GatewayAnswer>();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const path = pathOf(operation.path, values, query);
  const missing = parameters.filter((name) => (values[name] ?? "") === "");
  const bodyFault = takesBody && body.trim() !== "" ? readJson(body) : undefined;

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      const given = headersOf(headerText);
      const headers = {
        ...(token !== "" && { authorization: `Bearer ${token}` }),
        ...(takesBody && body.trim() !== "" && { "content-type": "application/json" }),
        ...given,
      };
      setAnswer(await send({ method, path, headers, ...(takesBody && body.trim() !== "" && { body }) }));
    } catch (error) {
      setAnswer(undefined);
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <div class="request">
      <form class="request-form" onSubmit={submit}>
        <header class="request-head">
          <span class={`method ${method.toLowerCase()}`}>{method}</span>
          <code class="request-url" title={gateway + path}>
            {gateway}
            <strong>{path}</strong>
          </code>
        </header>
        <p class="request-notes">
          {operation.auth === "required" && (
            <span class={`badge ${token === "" ? "warn" : ""}`}>
              {token === "" ? "needs a token" : "sends your token"}
              {operation.roles.length > 0 && ` of ${operation.roles.join(" or ")}`}
            </span>
          )}
          {operation.notes.map((note) => (
            <span key={note} class="badge">
              {note}
            </span>
          ))}
        </p>
        {parameters.map((name) => (
          <label key={name} class="form-field">
            <span>{name}</span>
            <input
              class="input"
              required
              value={values[name] ?? ""}
              onInput={(event) => setValues({ ...values, [name]: event.currentTarget.value })}
            />
          </label>
        ))}
        <label class="form-field">
          <span>Query</span>
          <input
            class="input code-input"
            placeholder="limit=5&search=lamp"
            value={query}
            onInput={(event) => setQuery(event.currentTarget.value)}
          />
        </label>
        <label class="form-field">
          <span>Headers, one a line</span>
          <textarea
            class="input code-input"
            rows={2}
            spellcheck={false}
            placeholder="Accept-Language: en"
            value={headerText}
            onInput={(event) => setHeaderText(event.currentTarget.value)}
          />
        </label>
        {takesBody && (
          <label class="form-field">
            <span>Body</span>
            <textarea
              class="input code-input"
              rows={8}
              spellcheck={false}
              value={body}
              onInput={(event) => setBody(event.currentTarget.value)}
            />
          </label>
        )}
        {bodyFault?.ok === false && <p class="warn-text">{bodyFault.problem} It is sent as it is.</p>}
        <p class="panel-actions">
          <button type="submit" class="button primary" disabled={busy || missing.length > 0}>
            {busy ? "Sending…" : "Send"}
          </button>
          {missing.length > 0 && <span class="muted">Fill in {missing.join(" and ")}.</span>}
        </p>
      </form>
      {problem !== undefined && (
        <p class="bad-text" role="alert">
          {problem}
        </p>
      )}
      {answer !== undefined && <Answer answer={answer} />}
    </div>
  );
}
