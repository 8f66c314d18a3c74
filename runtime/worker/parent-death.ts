/** `prctl(2)`'s PR_SET_PDEATHSIG. */
const setParentDeathSignal = 1;
const sigkill = 9;

/**
 * Asks the kernel to kill this process when the one that started it dies. The control link's closing tells a worker the
 * same; but not one whose event loop hangs. Linux only; elsewhere the link has to do. 0.5 ms.
 */
export async function dieWithParent(): Promise<void> {
  if (process.platform !== "linux") return;
  const { dlopen } = await import("bun:ffi");
  const symbols = {
    prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" },
    getppid: { args: [], returns: "i32" },
  } as const;
  let libc: ReturnType<typeof dlopen<typeof symbols>>;
  try {
    libc = dlopen("libc.so.6", symbols);
  } catch {
    // musl: its one file is loader and library at once
    return;
  }
  const parent = libc.symbols.getppid();
  libc.symbols.prctl(setParentDeathSignal, sigkill, 0, 0, 0);
  // It may have died in between; then nothing would come any more.
  if (libc.symbols.getppid() !== parent) process.exit(1);
}
