import { startTheme } from "./theme.ts";

startTheme();

/** Once a frame is painted; at once where there are none. */
function painted(): Promise<void> {
  if (document.hidden) return Promise.resolve();
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}

// First the bar, then the name in it, for which fonts are loaded, then the rest: a quarter of a megabyte to read.
await painted();
document.getElementById("shell")!.hidden = false;
await painted();
await import("./run-app.tsx");
