import { useState } from "preact/hooks";
import { EmptyState, ErrorLine, ErrorState } from "../../components/states.tsx";
import { icons } from "../../icons.ts";
import type { Page, PageProps } from "../../page.ts";
import { operationHref } from "../links.ts";
import { Loading } from "../loading.tsx";
import { usePolled } from "../polled.ts";
import { type OpenApi, type Operation, operationsOf } from "./operations.ts";
import { RequestForm } from "./request-form.tsx";
import { TokenForm } from "./token-form.tsx";

// Not at /api: there the control API itself is.
export const page: Page = {
  path: "/requests",
  title: "API",
  liveOnly: "Requests need a gateway that runs. Those that were made are in Traces.",
  icon: icons.api,
  component: Api,
};

/** `/requests/OPERATION`. */
function Api({ rest }: PageProps) {
  const { data, error, refresh } = usePolled<OpenApi>("/api/openapi.json", undefined);
  const [token, setToken] = useState({ value: "", who: "" });
  if (data === undefined) {
    if (error !== undefined) return <ErrorState error={error} retry={refresh} />;
    return <Loading what="the gateway's routes" />;
  }
  const operations = operationsOf(data);
  const operation = operations.find(({ id }) => id === rest);
  const gateway = data.servers?.[0]?.url ?? "";
  return (
    <div class="page fill api-page">
      <header class="toolbar">
        <h1>API</h1>
        {operation !== undefined && (
          <a class="button small back-link" href="/requests">
            ← Routes
          </a>
        )}
        <span class="muted">The gateway of {data.info.title}</span>
        <span class="toolbar-end">
          <a class="button small" href="/api/openapi.json" download="openapi.json">
            OpenAPI 3.1
          </a>
        </span>
      </header>
      <ErrorLine message={error?.message} />
      {operations.length === 0 ? (
        <EmptyState title="The gateway has no routes">
          Add some under gateway.routes in the topology.
        </EmptyState>
      ) : (
        <div class={`data-body ${operation === undefined ? "" : "open"}`}>
          <Operations operations={operations} current={rest} />
          <div class="api-work">
            <TokenForm
              operations={operations}
              wanted={operation?.auth === "required"}
              token={token.value}
              who={token.who}
              onToken={(value, who) => setToken({ value, who })}
            />
            {operation === undefined ? (
              <EmptyState title={rest === "" ? "Choose a route" : "There is no such route"}>
                Send it a request, and open the trace that it made.
              </EmptyState>
            ) : (
              <RequestForm key={operation.id} operation={operation} gateway={gateway} token={token.value} />
            )}
          </div>
        </div>
      )}
    </div>
  );
}

function Operations({ operations, current }: { operations: readonly Operation[]; current: string }) {
  const tags = [...new Set(operations.map(({ tag }) => tag))];
  return (
    <nav class="data-services" aria-label="Routes">
      {tags.map((tag) => (
        <section key={tag} class="data-service">
          <h2>{tag}</h2>
          <ul>
            {operations
              .filter((one) => one.tag === tag)
              .map(({ id, method, path, auth, roles }) => (
                <li key={id}>
                  <a
                    href={operationHref(id)}
                    class={id === current ? "active" : ""}
                    aria-current={id === current ? "page" : undefined}
                  >
                    <span class={`method ${method.toLowerCase()}`}>{method}</span>
                    <span class="data-name" title={path}>
                      {path}
                    </span>
                    {auth === "required" && (
                      <span
                        class="badge"
                        title={roles.length > 0 ? `role ${roles.join(" or ")}` : "needs a token"}
                      >
                        {roles[0] ?? "user"}
                      </span>
                    )}
                  </a>
                </li>
              ))}
          </ul>
        </section>
      ))}
    </nav>
  );
}
