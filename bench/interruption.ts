/** A signal so soon after the first is the same one: `bun run` passes on what its whole process group has got already. */
const sameSignalMs = 500;
export const interruptedCode = 130;

/** Aborts on the first Ctrl-C or SIGTERM; a later one ends the process at once. `release` leaves signals alone again. */
export function interruption(): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  let askedAt: number | undefined;
  const onSignal = () => {
    if (askedAt !== undefined && performance.now() - askedAt > sameSignalMs) process.exit(interruptedCode);
    askedAt ??= performance.now();
    controller.abort();
  };
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, onSignal);
  return {
    signal: controller.signal,
    release: () => {
      for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, onSignal);
    },
  };
}

const interruptedText = "interrupted before the end";

/**
 * Runs what measures. When an error or Ctrl-C ends it early, returns why, for the report of what had been measured by then.
 * `work` starts nothing new once its signal is aborted.
 */
export async function untilEnded(work: (signal: AbortSignal) => Promise<void>): Promise<string | undefined> {
  const { signal, release } = interruption();
  try {
    await work(signal);
  } catch (error) {
    if (!signal.aborted) return (error as Error).message;
  } finally {
    release();
  }
  // What is under way when Ctrl-C comes fails in many ways: its processes have had the same signal.
  return signal.aborted ? interruptedText : undefined;
}

/** Says on standard error why a report is not complete, and sets the exit code. */
export function tellIncomplete({ incomplete }: { readonly incomplete?: string }): void {
  if (incomplete === undefined) return;
  process.stderr.write(`error: ${incomplete}\n`);
  process.exitCode = incomplete === interruptedText ? interruptedCode : 1;
}
