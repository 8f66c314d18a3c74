/** While bad input of every kind pours in, requests are answered, and their traces are whole. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ControlClient } from "../../runtime/control/client.ts";
import type { ObserverStats, TraceDetail } from "../../runtime/telemetry/query.ts";
import { badInputs, deafBrowsers, pouring, startBadInputRun } from "../kit/bad-input.ts";
import { eventually, type Run } from "../kit/run.ts";

const requests = 300;

let folder: string;
let run: Run;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mc-pours-"));
  run = await startBadInputRun(folder);
}, 60_000);

afterAll(async () => {
  await run?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 30_000);

test("all requests are answered, no span of theirs is lost, and each kind is counted", async () => {
  const control = await ControlClient.find({ data: run.data });
  const close = await deafBrowsers(run, 20);
  const stops = Object.values(badInputs).map((input) => pouring(run, input));
  const ids: string[] = [];
  try {
    for (let n = 0; n < requests; n++) {
      const answer = await fetch(`${run.gateway}/good/ok`);
      expect([answer.status, await answer.text()]).toEqual([200, "ok"]);
      ids.push(answer.headers.get("x-request-id") ?? "");
      await Bun.sleep(10);
    }
  } finally {
    await Promise.all(stops.map((stop) => stop()));
    close();
  }
  for (const id of ids) {
    const { spans, orphans } = await eventually("a whole trace", async () => {
      const detail = await control.get<TraceDetail>(`/api/telemetry/traces/${id}`);
      return detail.spans.length === 3 && detail;
    });
    expect([orphans, spans.map(({ service, kind }) => `${service} ${kind}`)]).toEqual([
      0,
      ["gateway server", "gateway client", "good server"],
    ]);
  }
  await eventually("each kind is counted", async () => {
    const { dropped } = await control.get<ObserverStats>("/api/telemetry/stats");
    return Object.values(badInputs).every(({ counts }) => (dropped[counts] ?? 0) > 0);
  });
  const { dropped } = await control.get<ObserverStats>("/api/telemetry/stats");
  // Lines that pour out faster than they can be told or written may be let go: that is their bound. Spans may not.
  for (const lost of ["buffer", "lost", "unwritten"]) expect([lost, dropped[lost] ?? 0]).toEqual([lost, 0]);
}, 240_000);
