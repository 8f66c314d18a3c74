import type { InstanceInfo } from "../../../runtime/control/api.ts";
import type { LiveInstance } from "../../../runtime/telemetry/query.ts";
import { api } from "../../api.ts";
import { StateBadge } from "../../components/badge.tsx";
import { recording } from "../../recording.ts";
import { formatBytes, formatMs, formatRate } from "../format.ts";
import { type Action, labels } from "./use-action.ts";

export interface InstanceRowProps {
  readonly live: LiveInstance;
  /** Absent for a process outside the run. */
  readonly info: InstanceInfo | undefined;
  readonly action: Action;
}

const running: readonly string[] = ["ready", "starting", "unhealthy"];

export function InstanceRow({ live, info, action: { busy, act } }: InstanceRowProps) {
  const { id, state } = live;
  const verbs = running.includes(state)
    ? (["restart", "stop", "freeze", "thaw", "kill"] as const)
    : (["start"] as const);
  return (
    <li class="instance" data-instance={id}>
      <div class="instance-head">
        <strong class="truncate">{id}</strong>
        <StateBadge state={state} />
        {info !== undefined && <span class="muted">generation {info.generation}</span>}
      </div>
      <p class="instance-facts">{factsOf(live, info).join(" · ")}</p>
      {info !== undefined && recording.value === undefined && (
        <div class="toolbar" role="group" aria-label={`Actions on ${id}`}>
          {verbs.map((verb) => (
            <button
              key={verb}
              type="button"
              class={`button small ${verb === "kill" ? "danger" : ""}`}
              disabled={busy !== undefined}
              title={hints[verb]}
              onClick={() => act(`${verb} ${id}`, () => api.instance(id, verb))}
            >
              {labels[verb]}
            </button>
          ))}
        </div>
      )}
    </li>
  );
}

const hints = {
  restart: "Drain it and start it again",
  stop: "Drain it and leave it stopped",
  start: "Start it",
  freeze: "SIGSTOP: it hangs, and is replaced when it has missed its beats",
  thaw: "SIGCONT: it goes on",
  kill: "SIGKILL: it comes back as after any death",
} as const;

function factsOf(live: LiveInstance, info: InstanceInfo | undefined): string[] {
  const facts: string[] = [];
  if (live.ratePerSecond > 0) facts.push(formatRate(live.ratePerSecond), `p99 ${formatMs(live.p99Ms)}`);
  facts.push(`${Math.round(live.cpu * 100)} % of a core`, formatBytes(live.rssBytes));
  if (live.loopDelayMs > 0) facts.push(`loop delay ${formatMs(live.loopDelayMs)}`);
  if (info?.pid !== undefined) facts.push(`pid ${info.pid}`);
  if (info?.lastExit !== undefined) facts.push(`last exit: ${info.lastExit}`);
  return facts;
}
