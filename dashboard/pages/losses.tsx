import { useRef } from "preact/hooks";
import type { Loss, Oddity } from "../../runtime/telemetry/observer/tally.ts";
import type { ObserverStats } from "../../runtime/telemetry/query.ts";
import { CloseButton } from "../components/close-button.tsx";
import { Icon } from "../components/icon.tsx";
import { icons } from "../icons.ts";
import { run } from "../live.ts";
import { recording } from "../recording.ts";
import { formatBytes, formatCount } from "./format.ts";
import { usePolled } from "./polled.ts";

const lookMs = 5000;

interface Reason {
  /** Of what it is a count. */
  readonly of: "spans" | "traces" | "lines" | "points" | "records" | "batches" | "attributes" | "updates";
  readonly what: string;
  /** By design, and no sign that anything is too much. */
  readonly meant?: true;
}

/** In the order in which they are told: what sampling left out, then what was lost on the way, then what is odd. */
const reasons: Readonly<Record<Loss | Oddity, Reason>> = {
  unsampled: {
    of: "spans",
    what: "left out by sampling: their traces neither failed nor were slow",
    meant: true,
  },
  uncollected: {
    of: "traces",
    what: "failed or slow, beyond 200 a second: only the spans at fault are here",
  },
  retention: { of: "records", what: "old traces and lines that made room for newer ones", meant: true },
  buffer: { of: "spans", what: "had no room in their worker until they could leave" },
  lines: { of: "lines", what: "had no room in their worker until they could leave" },
  lost: { of: "batches", what: "of a worker never came" },
  updates: { of: "updates", what: "of this page were skipped for browsers that were too slow for them" },
  overload: { of: "records", what: "were more than the observer takes at once" },
  series: { of: "points", what: "of metrics with too many different labels" },
  instances: { of: "points", what: "of more instances than the map shows; they are stored all the same" },
  unwritten: { of: "records", what: "could not be written to the observer's file" },
  malformed: { of: "records", what: "came without the shape they should have" },
  unsupported: { of: "points", what: "were summaries of another program, which cannot be added up" },
  export: { of: "records", what: "were not taken by a receiver outside" },
  late: { of: "spans", what: "came after their trace was written, and were added", meant: true },
  duplicate: { of: "records", what: "came twice, and are here once", meant: true },
  orphan: {
    of: "traces",
    what: "were written before a span of theirs had its parent: that came late, or never",
    meant: true,
  },
  skew: {
    of: "batches",
    what: "from a clock that is more than a minute off: their metrics count for when they came",
  },
  clocks: {
    of: "traces",
    what: "hold work of processes whose clocks disagree: it was moved to its cause, and its details tell by how much",
  },
  truncated: { of: "lines", what: "were longer than a line may be, and are cut" },
  attributes: {
    of: "attributes",
    what: "of spans and metrics, or events and links, were too many and left out, or too long and cut",
  },
  mended: { of: "records", what: "had text that is no Unicode: \ufffd stands in its place" },
};

/** What is not here, beside a list, so that nobody takes the list for all there was; a click tells why. */
export function Losses({ of }: { of: "traces" | "lines" }) {
  const dialog = useRef<HTMLDialogElement>(null);
  // Of this run: earlier ones on the same data lost what they lost.
  const since = run.value?.startedAt;
  const path = since === undefined ? undefined : `/api/telemetry/stats?from=${since}`;
  const { data } = usePolled<ObserverStats>(path, lookMs);
  if (data === undefined) return null;
  const count = (reason: Loss | Oddity) => data.dropped[reason] ?? 0;
  const known = (Object.keys(reasons) as (Loss | Oddity)[]).filter((reason) => count(reason) > 0);
  const isTrouble = known.some((reason) => reasons[reason].meant === undefined);
  const left = of === "traces" ? count("unsampled") + count("buffer") : count("lines");
  return (
    <>
      <button
        type="button"
        class={`button quiet small ${isTrouble ? "troubled" : ""}`}
        aria-haspopup="dialog"
        title="What is not here, and why"
        onClick={() => dialog.current!.showModal()}
      >
        {isTrouble && <Icon path={icons.alert} />}
        <span class="number">
          {left === 0
            ? "What is kept"
            : `${formatCount(left)} ${of === "traces" ? "spans" : "lines"} not kept`}
        </span>
      </button>
      <dialog ref={dialog} class="shortcuts losses" aria-labelledby="losses-title">
        <div class="panel-head">
          <h2 id="losses-title">What is kept, and what is not</h2>
          <CloseButton onClose={() => dialog.current!.close()} />
        </div>
        <p class="losses-kept">
          {formatCount(data.tracesStored)} traces of {formatCount(data.spansStored)} spans and{" "}
          {formatCount(data.logsStored)} log lines are kept, in {formatBytes(data.bytes)}. Metrics count every
          request, also those that are not kept.
        </p>
        {known.length === 0 ? (
          <p class="losses-kept muted">
            {recording.value === undefined
              ? "Nothing was left out."
              : "The recording notes nothing that was left out."}
          </p>
        ) : (
          <dl class="shortcuts-list">
            {known.map((reason) => (
              <div key={reason} data-reason={reason}>
                <dt class="number">
                  {formatCount(count(reason))} {reasons[reason].of}
                </dt>
                <dd>{reasons[reason].what}</dd>
              </div>
            ))}
          </dl>
        )}
      </dialog>
    </>
  );
}
