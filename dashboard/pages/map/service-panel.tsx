import { metric } from "../../../runtime/telemetry/names.ts";
import { api } from "../../api.ts";
import { Badge } from "../../components/badge.tsx";
import { ErrorLine } from "../../components/states.tsx";
import { instances as known } from "../../live.ts";
import { recording } from "../../recording.ts";
import { formatMs, formatRate } from "../format.ts";
import { Connections } from "./connections.tsx";
import { InstanceRow } from "./instance-row.tsx";
import type { MapEdge, MapNode } from "./model.ts";
import { healthOf } from "./node-card.tsx";
import { SideCharts } from "./side-charts.tsx";
import { SidePanel } from "./side-panel.tsx";
import { type Action, labels, useAction } from "./use-action.ts";

const words = { well: "ready", partly: "partly ready", down: "down" } as const;
const tones = { well: "good", partly: "warn", down: "bad" } as const;

export interface ServicePanelProps {
  readonly node: MapNode;
  readonly edges: readonly MapEdge[];
  readonly onClose: () => void;
}

export function ServicePanel({ node, edges, onClose }: ServicePanelProps) {
  const action = useAction();
  const { name, role, instances } = node;
  const health = healthOf(instances);
  const own = (known.value ?? []).filter(({ service }) => service === name);
  return (
    <SidePanel title={name} badge={<Badge tone={tones[health]}>{words[health]}</Badge>} onClose={onClose}>
      <dl class="figures">
        <Figure label="Rate" value={formatRate(node.ratePerSecond)} />
        <Figure label="Errors" value={formatRate(node.errorsPerSecond)} bad={node.errorsPerSecond > 0} />
        <Figure label="p50" value={node.ratePerSecond > 0 ? formatMs(node.p50Ms) : "–"} />
        <Figure label="p99" value={node.ratePerSecond > 0 ? formatMs(node.p99Ms) : "–"} />
      </dl>
      {own.length > 0 && recording.value === undefined && (
        <ServiceActions name={name} role={role} count={own.length} health={health} action={action} />
      )}
      <ErrorLine message={action.error} />
      <h3>Instances</h3>
      <ul class="instances">
        {instances.map((live) => (
          <InstanceRow
            key={live.id}
            live={live}
            info={own.find(({ id }) => id === live.id)}
            action={action}
          />
        ))}
      </ul>
      <Connections name={name} edges={edges} />
      <SideCharts
        sources={[
          { word: "requests", metric: metric.serverDuration, where: [`service=${name}`] },
          { word: "events", metric: metric.processDuration, where: [`service=${name}`] },
        ]}
      />
      <p class="side-links">
        <a href={`/charts?service=${encodeURIComponent(name)}`}>Metrics</a>
        <a href={`/traces?service=${encodeURIComponent(name)}`}>Traces</a>
        <a href={`/logs?service=${encodeURIComponent(name)}`}>Logs</a>
      </p>
    </SidePanel>
  );
}

export function Figure({ label, value, bad }: { label: string; value: string; bad?: boolean }) {
  return (
    <div class={bad === true ? "bad" : undefined}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

interface ServiceActionsProps {
  readonly name: string;
  readonly role: MapNode["role"];
  readonly count: number;
  readonly health: ReturnType<typeof healthOf>;
  readonly action: Action;
}

function ServiceActions({ name, role, count, health, action: { busy, act } }: ServiceActionsProps) {
  const scale = (to: number) => act(`scale to ${to}`, () => api.scale(name, to));
  const idle = busy === undefined;
  const verbs = health === "well" ? (["restart", "stop"] as const) : (["restart", "stop", "start"] as const);
  return (
    <div class="toolbar" role="group" aria-label={`Actions on ${name}`}>
      {role === "service" && (
        <span class="stepper" role="group" aria-label="Scale">
          <button
            type="button"
            class="button small icon"
            aria-label="One instance fewer"
            disabled={!idle || count <= 1}
            onClick={() => scale(count - 1)}
          >
            −
          </button>
          <span class="stepper-count">
            {count} {count === 1 ? "instance" : "instances"}
          </span>
          <button
            type="button"
            class="button small icon"
            aria-label="One instance more"
            disabled={!idle}
            onClick={() => scale(count + 1)}
          >
            +
          </button>
        </span>
      )}
      {verbs.map((verb) => (
        <button
          key={verb}
          type="button"
          class="button small"
          disabled={!idle}
          onClick={() => act(verb, () => api.service(name, verb))}
        >
          {labels[verb]}
        </button>
      ))}
      {busy !== undefined && (
        <span class="muted" role="status">
          {busy}…
        </span>
      )}
    </div>
  );
}
