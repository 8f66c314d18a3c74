import type { DataService } from "../../../runtime/control/data/model.ts";
import { EmptyState, ErrorLine, ErrorState } from "../../components/states.tsx";
import { icons } from "../../icons.ts";
import type { Page, PageProps } from "../../page.ts";
import { tableHref } from "../links.ts";
import { Loading } from "../loading.tsx";
import { usePolled } from "../polled.ts";
import { Services } from "./services.tsx";
import { TableView } from "./table-view.tsx";

export const page: Page = {
  path: "/data",
  title: "Data",
  liveOnly: "The databases of the services are their owner's, and are not part of a recording.",
  icon: icons.data,
  component: Data,
};

const lookMs = 5000;

/** `/data/SERVICE/TABLE`. */
function Data({ rest }: PageProps) {
  const { data, error, refresh } = usePolled<DataService[]>("/api/data", lookMs);
  const slash = rest.indexOf("/");
  const service = slash < 0 ? rest : rest.slice(0, slash);
  const table = slash < 0 ? "" : rest.slice(slash + 1);
  if (data === undefined) {
    if (error !== undefined) return <ErrorState error={error} retry={refresh} />;
    return <Loading what="the services' files" />;
  }
  return (
    <div class="page fill data-page">
      <header class="toolbar">
        <h1>Data</h1>
        {table !== "" && (
          <a class="button small back-link" href="/data">
            ← Tables
          </a>
        )}
        <span class={`muted ${table === "" ? "" : "wide"}`}>
          Each service's SQLite file, read-only. Secrets are never shown.
        </span>
      </header>
      <ErrorLine message={error?.message} />
      <div class={`data-body ${table === "" ? "" : "open"}`}>
        <Services services={data} service={service} table={table} hrefOf={tableHref} />
        {table === "" ? (
          <EmptyState title="Choose a table">Its rows, its columns and its schema appear here.</EmptyState>
        ) : (
          <TableView key={rest} service={service} table={table} />
        )}
      </div>
    </div>
  );
}
