import { useState } from "preact/hooks";
import type { RunFacts } from "../../../runtime/control/runs/model.ts";
import { send } from "../../api.ts";
import { setQuery } from "../../router.ts";
import { type Polled, usePolled } from "../polled.ts";
import { uploadRecording } from "./upload.ts";

export interface Runs extends Polled<readonly RunFacts[]> {
  /** What goes on with a file: `sending before.microcosm, 40 %`. */
  readonly busy: string | undefined;
  readonly problem: string | undefined;
  readonly add: (file: File) => void;
  readonly close: (id: string) => void;
}

/** The runs that this dashboard can lay side by side. */
export function useRuns(): Runs {
  const polled = usePolled<readonly RunFacts[]>("/api/runs", undefined);
  const [busy, setBusy] = useState<string | undefined>();
  const [problem, setProblem] = useState<string | undefined>();
  const attempt = async (work: () => Promise<void>) => {
    setProblem(undefined);
    try {
      await work();
    } catch (cause) {
      setProblem(cause instanceof Error ? cause.message : String(cause));
    }
    setBusy(undefined);
    polled.refresh();
  };
  const add = (file: File) =>
    void attempt(async () => {
      const told = (share: number) => setBusy(`sending ${file.name}, ${Math.round(share * 100)} %`);
      const added = await uploadRecording(file, told);
      setQuery({ b: added.id, a: undefined });
    });
  const close = (id: string) =>
    void attempt(async () => {
      await send("DELETE", `/api/runs/${encodeURIComponent(id)}`);
    });
  return { ...polled, busy, problem, add, close };
}
