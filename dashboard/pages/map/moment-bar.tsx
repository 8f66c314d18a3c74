import { useEffect, useState } from "preact/hooks";
import type { RunInfo } from "../../../runtime/control/api.ts";
import { metric } from "../../../runtime/telemetry/names.ts";
import type { TimelineEntry } from "../../../runtime/telemetry/query.ts";
import { useSeries } from "../../charts/use-series.ts";
import { useTimeline } from "../../charts/use-timeline.ts";
import { weightOf } from "../../charts/weight.ts";
import { Icon } from "../../components/icon.tsx";
import { Sparkline } from "../../components/sparkline.tsx";
import { icons } from "../../icons.ts";
import { moment, momentOf, momentStepMs } from "../../recording.ts";
import { query, setQuery } from "../../router.ts";
import { formatSince, formatTime } from "../format.ts";
import "./moment-bar.css";

const speeds = [1, 5, 20] as const;
const frameMs = 250;
/** What was done is told for this long. */
const tellMs = 8000;

/** Chooses the moment of a recording that the map shows, or lets it pass once more. */
export function MomentBar({ info }: { info: RunInfo }) {
  const from = info.startedAt;
  const to = info.recording?.to ?? from + 1;
  /** In whole steps, so that the last one is the end, and each before it a moment of its own. */
  const spanMs = Math.ceil((to - from) / momentStepMs) * momentStepMs;
  const at = momentOf(info);
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState<(typeof speeds)[number]>(1);
  const range = { from, to };
  const { entries } = useTimeline(range);

  // The address holds the moment, so that it can be sent to somebody.
  useEffect(() => {
    const asked = Number(query.value.get("at") ?? Number.NaN);
    if (Number.isFinite(asked)) moment.value = Math.min(to, Math.max(from, from + asked));
  }, []);
  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(() => {
      const next = Math.min(to, momentOf(info) + speed * frameMs);
      moment.value = next;
      if (next >= to) stop();
    }, frameMs);
    return () => clearInterval(timer);
  }, [playing, speed]);

  const keep = () => setQuery({ at: String(Math.round(momentOf(info) - from)) });
  const stop = () => {
    setPlaying(false);
    keep();
  };
  const play = () => {
    if (at >= to) moment.value = from;
    setPlaying(true);
  };
  const told = entries
    .filter((entry) => entry.at <= at && entry.at > at - tellMs && weightOf(entry) !== "change")
    .at(-1);
  return (
    <section class="moment-bar" aria-label="Moment of the recording">
      <button
        type="button"
        class="button icon"
        aria-label={playing ? "Pause" : "Play"}
        title={playing ? "Pause" : "Let it happen once more"}
        onClick={playing ? stop : play}
      >
        <Icon path={playing ? icons.pause : icons.play} />
      </button>
      <button
        type="button"
        class="button small moment-speed"
        aria-label={`Speed ×${speed}, change`}
        onClick={() => setSpeed(speeds[(speeds.indexOf(speed) + 1) % speeds.length]!)}
      >
        ×{speed}
      </button>
      <div class="moment-track">
        <Backdrop range={{ from, to: from + spanMs }} entries={entries} />
        <input
          type="range"
          aria-label="Moment"
          aria-valuetext={`${formatSince(at - from)} after the start`}
          min={0}
          max={spanMs}
          step={momentStepMs}
          value={at === to ? spanMs : at - from}
          onInput={(event) => {
            moment.value = Math.min(to, from + Number(event.currentTarget.value));
          }}
          onChange={keep}
        />
      </div>
      <output class="moment-told">
        <strong class="number">{formatSince(at - from)}</strong>
        <span class="number muted">{formatTime(at).slice(0, 8)}</span>
        <span class={`truncate ${told !== undefined && weightOf(told) === "fall" ? "bad-text" : ""}`}>
          {told?.text ?? ""}
        </span>
      </output>
    </section>
  );
}

/** What the gateway's clients asked for and what was done, along the same axis as the slider. */
function Backdrop({
  range,
  entries,
}: {
  range: { from: number; to: number };
  entries: readonly TimelineEntry[];
}) {
  const { answer } = useSeries(
    [{ metric: metric.serverDuration, stat: "rate", where: ["service=gateway"] }],
    range,
  );
  const values = answer?.series[0]?.[0]?.values ?? [];
  const marks = entries.filter((entry) => weightOf(entry) !== "change");
  return (
    <div class="moment-backdrop" aria-hidden="true">
      <Sparkline values={values.map((value) => value ?? 0)} label="Requests of the gateway" />
      {marks.map((entry) => (
        <span
          key={`${entry.at} ${entry.text}`}
          class={`moment-mark ${weightOf(entry)}`}
          title={entry.text}
          style={{ left: `${((entry.at - range.from) / (range.to - range.from)) * 100}%` }}
        />
      ))}
    </div>
  );
}
