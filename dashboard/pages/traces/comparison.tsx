import { useMemo } from "preact/hooks";
import type { SpanRecord } from "../../../runtime/telemetry/model.ts";
import type { TraceDetail } from "../../../runtime/telemetry/query.ts";
import { VirtualList } from "../../list/virtual-list.tsx";
import { formatMs } from "../format.ts";
import { traceHref } from "../links.ts";
import { type ComparedStep, compareTraces } from "./compare.ts";
import { hueOf } from "./service-hue.ts";
import { treeOf } from "./tree.ts";

const rowHeight = 30;

/** Two traces side by side: the same step on the same line, and how much longer the second took. */
export function Comparison({ left, right }: { left: TraceDetail; right: TraceDetail }) {
  const steps = useMemo(() => compareTraces(left.spans, right.spans), [left, right]);
  const longest = useMemo(() => Math.max(extentOf(left), extentOf(right), 0.001), [left, right]);
  const only = steps.filter((step) => step.left === undefined || step.right === undefined).length;
  return (
    <div class="page fill comparison">
      <header class="toolbar">
        <a href="/traces" class="button small">
          ← Traces
        </a>
        <h1>Comparison</h1>
        <a href={traceHref(left.summary.traceId)}>A {left.summary.traceId.slice(0, 8)}</a>
        <a href={traceHref(right.summary.traceId)}>B {right.summary.traceId.slice(0, 8)}</a>
      </header>
      <p class="comparison-sum">
        <strong>{left.summary.name}</strong> took {formatMs(left.summary.durationMs)}, then{" "}
        {formatMs(right.summary.durationMs)}: {difference(left.summary.durationMs, right.summary.durationMs)}.{" "}
        {only === 0
          ? "Both took the same steps."
          : `${only} of ${steps.length} steps are in one of them only.`}
      </p>
      <div class="comparison-head" aria-hidden="true">
        <span>Step</span>
        <span>A</span>
        <span>B</span>
        <span class="number">B − A</span>
      </div>
      <VirtualList items={steps} rowHeight={rowHeight} label="Steps of both traces" class="comparison-rows">
        {(step, index) => (
          <div key={index} role="listitem" class="comparison-row">
            <span class="waterfall-name" style={{ "--depth": String(Math.min(step.depth, 12)) }}>
              <span class="waterfall-service" style={{ "--hue": hueOf(step.service) }}>
                {step.service}
              </span>
              <span class="waterfall-label" title={step.name}>
                {step.name}
              </span>
            </span>
            <Side span={step.left} start={left.summary.startMs} longest={longest} />
            <Side span={step.right} start={right.summary.startMs} longest={longest} />
            <Delta step={step} />
          </div>
        )}
      </VirtualList>
    </div>
  );
}

/** What events set off goes on after the answer. */
function extentOf({ spans, summary }: TraceDetail): number {
  return treeOf(spans).endMs - summary.startMs;
}

function Side({ span, start, longest }: { span: SpanRecord | undefined; start: number; longest: number }) {
  if (span === undefined) return <span class="comparison-side missing">not here</span>;
  const left = Math.max(0, Math.min(1, (span.startMs - start) / longest));
  const width = Math.max(0, Math.min(1 - left, span.durationMs / longest));
  return (
    <span class={`comparison-side ${span.status === "error" ? "failed" : ""}`}>
      <span class="comparison-track">
        <span
          class="waterfall-span"
          style={{
            left: `${left * 100}%`,
            width: `${width * 100}%`,
            "--hue": hueOf(span.service),
          }}
        />
      </span>
      <span class="number">{formatMs(span.durationMs)}</span>
    </span>
  );
}

function Delta({ step: { left, right } }: { step: ComparedStep }) {
  if (left === undefined || right === undefined) {
    return <span class="number muted">{left === undefined ? "only B" : "only A"}</span>;
  }
  const delta = right.durationMs - left.durationMs;
  const slower = delta > 0.05 * left.durationMs && delta > 0.1;
  const faster = -delta > 0.05 * left.durationMs && delta < -0.1;
  // Less than a clock of the system tells apart.
  const isSame = Math.abs(delta) < 0.0005;
  return (
    <span class={`number ${slower ? "slower" : faster ? "faster" : "muted"}`}>
      {isSame ? "same" : `${delta >= 0 ? "+" : "−"}${formatMs(Math.abs(delta))}`}
    </span>
  );
}

function difference(a: number, b: number): string {
  const delta = b - a;
  const share = a > 0 ? ` (${delta >= 0 ? "+" : "−"}${Math.abs(Math.round((delta / a) * 100))} %)` : "";
  return `${formatMs(Math.abs(delta))} ${delta >= 0 ? "longer" : "shorter"}${share}`;
}
