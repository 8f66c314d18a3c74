import { Icon } from "./components/icon.tsx";
import { icons } from "./icons.ts";
import { answeredAt, connection, run } from "./live.ts";
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

/** Above every page while the run does not answer: what is shown is old, and nobody takes it for what is. */
export function LostBanner() {
  if (connection.value !== "lost") return null;
  const at = answeredAt.value;
  return (
    <p class="lost-banner" role="alert">
      <Icon path={icons.alert} />
      <span>
        <strong>The run does not answer.</strong>{" "}
        {at === undefined
          ? "It may have ended."
          : `This is how it was at ${formatTime(at).slice(0, 8)}; it may have ended.`}{" "}
        This page goes on by itself when it is back.
      </span>
    </p>
  );
}
