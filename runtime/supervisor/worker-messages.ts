import { z } from "zod";
import type { ProbeReply, WorkerMessage } from "../control/messages.ts";

const count = z.number().nonnegative();

/** Workers are other processes: what they say is checked before it is used. */
const workerMessage = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("ready"),
    address: z.string().min(1),
    bootMs: count,
    phases: z.record(z.string(), z.number()),
    port: z.number().int().min(1).max(65535).optional(),
  }),
  z.object({ type: z.literal("failed"), code: z.string(), message: z.string() }),
  z.object({
    type: z.literal("beat"),
    restMs: count.optional(),
    loopDelayMs: z.number(),
    rssBytes: count,
    pending: count,
    calls: count,
    errors: count,
  }),
  z.object({ type: z.literal("suspect"), instance: z.string(), reason: z.string() }),
  z.object({ type: z.literal("resync") }),
  z.object({ type: z.literal("drained"), unfinished: count }),
]);

/** Undefined when it is none. */
export function parseWorkerMessage(head: unknown): WorkerMessage | undefined {
  const parsed = workerMessage.safeParse(head);
  return parsed.success ? (parsed.data as WorkerMessage) : undefined;
}

const probeReply = z.object({ ok: z.boolean(), reason: z.string().optional() });

export function parseProbeReply(head: unknown): ProbeReply {
  const parsed = probeReply.safeParse(head);
  return parsed.success
    ? (parsed.data as ProbeReply)
    : { ok: false, reason: "its probe reply makes no sense" };
}
