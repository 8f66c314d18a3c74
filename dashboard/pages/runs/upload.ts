import { type RunFacts, uploadPartBytes } from "../../../runtime/control/runs/model.ts";
import { post, send, withQuery } from "../../api.ts";

/** Sends a recording part by part, so that neither side holds all of it. `progress` goes from 0 to 1. Throws ApiError. */
export async function uploadRecording(file: File, progress: (share: number) => void): Promise<RunFacts> {
  const { upload } = await post<{ upload: string }>("/api/runs/uploads", {
    name: file.name,
    bytes: file.size,
  });
  for (let offset = 0; ; offset += uploadPartBytes) {
    progress(offset / file.size);
    const path = withQuery(`/api/runs/uploads/${upload}`, { offset });
    const answer = await send("PUT", path, file.slice(offset, offset + uploadPartBytes));
    const told = (await answer.json()) as RunFacts | { readonly received: number };
    if ("id" in told) return told;
  }
}
