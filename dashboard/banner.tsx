import { run } from "./live.ts";
import { recording } from "./recording.ts";
import { formatDay, formatMs, formatTime } from "./pages/format.ts";

/** Above every page of a recording: nobody takes it for a run, and everybody sees of when it is. */
export function RecordingBanner() {
  const info = run.value;
  const recorded = recording.value;
  if (info === undefined || recorded === undefined) return null;
  const ended = recorded.endedAt === undefined ? "while it ran" : "after it ended";
  return (
    <p class="recording-banner" role="note">
      <strong>Recording</strong>
      <span>
        {info.name}, {formatDay(info.startedAt)}, {formatTime(info.startedAt).slice(0, 8)} –{" "}
        {formatTime(recorded.to).slice(0, 8)} ({formatMs(recorded.to - info.startedAt)})
      </span>
      <span class="recording-more">
        exported {ended} · {recorded.machine} · Microcosm {recorded.versions.microcosm}
      </span>
      <span class="recording-more">{recorded.file}</span>
    </p>
  );
}
