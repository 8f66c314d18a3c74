import type { RunExporter } from "../runtime/control/routes/export.ts";
import { MicrocosmError } from "../sdk/errors.ts";

/** Of what it says when it fails. */
const maxErrorBytes = 10_000;

/** `microcosm export` on that data directory, as a process that writes the recording to its standard output. */
export function processExporter(command: readonly string[], dataDirectory: string): RunExporter {
  return async () => {
    const child = Bun.spawn([...command, "export", "--data", dataDirectory, "--output", "-"], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const complaint = new Response(child.stderr).text();
    const reader = child.stdout.getReader();
    const first = await reader.read();
    if (first.done) throw await failed(child, complaint);
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => controller.enqueue(first.value),
        async pull(controller) {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          // A file that was cut short must not look whole.
          if ((await child.exited) !== 0) controller.error(await failed(child, complaint));
          else controller.close();
        },
        // It deletes what it has copied, then ends.
        cancel: () => child.kill("SIGTERM"),
      },
      { highWaterMark: 0 },
    );
  };
}

async function failed(child: Bun.Subprocess, complaint: Promise<string>): Promise<MicrocosmError> {
  const code = await child.exited;
  const text = (await complaint).slice(0, maxErrorBytes).trim();
  return new MicrocosmError("data-unwritable", text === "" ? `The export ended with code ${code}.` : text);
}
