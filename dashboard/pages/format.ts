/**
 * Numbers as people read them. Times carry units. Hot path: the map formats hundreds of rates a second, and
 * `toLocaleString` makes a new formatter with every call, which was half of all its work.
 */
const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 1 });

/** A dash for what is not known. */
export function formatMs(ms: number | null): string {
  if (ms === null) return "–";
  const abs = Math.abs(ms);
  if (abs === 0) return "0 ms";
  if (abs < 0.0995) return `${Math.round(ms * 1000)} µs`;
  if (abs < 9.995) return `${ms.toFixed(2)} ms`;
  if (abs < 99.95) return `${ms.toFixed(1)} ms`;
  if (abs < 999.5) return `${Math.round(ms)} ms`;
  if (abs < 59_950) return `${(ms / 1000).toFixed(2)} s`;
  return `${Math.floor(abs / 60_000)} min ${Math.round((abs % 60_000) / 1000)} s`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ["KiB", "MiB", "GiB"];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export function formatCount(count: number): string {
  return whole.format(count);
}

export function formatRate(perSecond: number): string {
  return `${(perSecond >= 99.5 ? whole : tenths).format(perSecond)}/s`;
}

/** Of this day: `14:03:22.118`. */
export function formatTime(at: number): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, "0");
  const ms = String(date.getMilliseconds()).padStart(3, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}

/** To the second, with its day where that is not the day of `now`: `14:03:22`, `9 Nov 14:03:22`. */
export function formatWhen(at: number, now: number): string {
  const time = new Date(at).toLocaleTimeString("en-GB");
  return dayOf(at) === dayOf(now) ? time : `${dayOf(at)} ${time}`;
}

/** `9 Nov`. */
export function dayOf(at: number): string {
  return new Date(at).toLocaleDateString("en-GB", { day: "numeric", month: "short" });
}

/** After a beginning: `0:42`, `12:03`, `1:02:09`. */
export function formatSince(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const rest = `${hours > 0 ? two(Math.floor((seconds % 3600) / 60)) : Math.floor(seconds / 60)}:${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

/** `25 Nov 2026`. */
export function formatDay(at: number): string {
  return new Date(at).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
}

/** `12 s ago`. */
export function formatAgo(at: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}
