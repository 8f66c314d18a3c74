import { api } from "./api.ts";
import { run, startLive } from "./live.ts";
import { startReplay } from "./recording.ts";

/** Finds out what is behind this page, a run or the recording of one, and connects the page's signals to it. */
export async function start(): Promise<void> {
  const info = await api.run().catch(() => undefined);
  run.value = info;
  if (info?.recording === undefined) startLive();
  else startReplay(info);
}
