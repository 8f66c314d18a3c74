import { RecordingServer } from "../runtime/control/recording-server.ts";
import { formatMachine } from "../runtime/control/runs/format-machine.ts";
import { dashboardFiles } from "./dashboard.ts";
import { interrupted } from "./interrupt.ts";
import { duration, print, printJson } from "./output.ts";

export interface OpenOptions {
  readonly port: number;
  readonly json?: boolean;
}

/** The dashboard on a recording, until Ctrl-C. */
export async function open(files: readonly string[], options: OpenOptions): Promise<undefined> {
  const server = new RecordingServer({
    files: files as [string, ...string[]],
    pages: dashboardFiles,
    port: options.port,
    log: (message) => process.stderr.write(`${message}\n`),
  });
  const stop = interrupted();
  const { header } = await server.start();
  try {
    const { name, startedAt, to, machine, versions } = header;
    if (options.json === true) printJson({ event: "open", name, startedAt, to, dashboard: server.link });
    else {
      print(`${name}, recorded ${new Date(startedAt).toISOString()}, ${duration(to - startedAt)}`);
      print(`  on ${formatMachine(machine)}, by Microcosm ${versions.microcosm}`);
      print();
      print(`  dashboard ${server.link}`);
      print();
      print("Nothing runs and nothing can be changed. Ctrl-C closes it.");
    }
    if (!stop.aborted) await new Promise((done) => stop.addEventListener("abort", done, { once: true }));
  } finally {
    await server.stop();
  }
  return undefined;
}
