import type { DataService } from "../../../runtime/control/data/model.ts";
import { formatBytes, formatCount } from "../format.ts";

export interface ServicesProps {
  readonly services: readonly DataService[];
  readonly service: string;
  readonly table: string;
  readonly hrefOf: (service: string, table: string) => string;
}

/** Every service's file and what is in it. */
export function Services({ services, service, table, hrefOf }: ServicesProps) {
  return (
    <nav class="data-services" aria-label="Tables">
      {services.map((one) => (
        <section key={one.service} class="data-service">
          <h2>
            {one.service}
            <small
              class="muted"
              title={`${one.file}, and ${formatBytes(one.walBytes)} of its write-ahead log`}
            >
              {one.exists ? formatBytes(one.bytes + one.walBytes) : "no file"}
            </small>
          </h2>
          {one.problem !== undefined && <p class="bad-text">{one.problem}</p>}
          <ul>
            {one.tables
              .filter(({ kind }) => kind !== "shadow")
              .map(({ name, rows, exact, system, kind }) => {
                const current = one.service === service && name === table;
                return (
                  <li key={name}>
                    <a
                      href={hrefOf(one.service, name)}
                      class={`${current ? "active" : ""} ${system ? "system" : ""}`}
                      aria-current={current ? "page" : undefined}
                    >
                      <span class="data-name" title={name}>
                        {name}
                      </span>
                      {kind !== "table" && <span class="badge">{kind}</span>}
                      <span class="number">
                        {formatCount(rows)}
                        {!exact && "+"}
                      </span>
                    </a>
                  </li>
                );
              })}
          </ul>
        </section>
      ))}
    </nav>
  );
}
