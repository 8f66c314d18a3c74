import type { ComponentChildren } from "preact";

export type Tone = "good" | "warn" | "bad" | "info" | "plain";

export function Badge({ tone = "plain", children }: { tone?: Tone; children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

const tones: Readonly<Record<string, Tone>> = {
  ready: "good",
  starting: "info",
  draining: "info",
  unhealthy: "warn",
  backoff: "warn",
  frozen: "warn",
  "crash-loop": "bad",
};

export function toneOf(state: string): Tone {
  return tones[state] ?? "plain";
}

/** An instance's state; the word is always there, colour is never alone. */
export function StateBadge({ state }: { state: string }) {
  return <Badge tone={toneOf(state)}>{state}</Badge>;
}
