/** Aborts on the first Ctrl-C or SIGTERM, so that a command that follows something ends tidily with code 0. */
export function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}
