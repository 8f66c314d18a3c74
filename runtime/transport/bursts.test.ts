import { describe, expect, test } from "bun:test";
import { systemClock } from "../clock.ts";
import { Deadlines } from "./deadlines.ts";
import { Flusher } from "./flusher.ts";
import { transportSettings } from "./options.ts";
import { SocketSession } from "./socket-session.ts";
import type { LinkHandler, Link } from "./transport.ts";

const near = { service: "near", instance: "near-1", generation: 1 };
const far = { service: "far", instance: "far-1", generation: 1 };

/** Two ends of a link whose bytes arrive in a later turn, and how many bytes each write of either end had. */
async function connected(handler: LinkHandler) {
  const shared = () => ({
    settings: transportSettings({}),
    flusher: new Flusher(),
    deadlines: new Deadlines(systemClock),
  });
  const ends: SocketSession[] = [];
  const writes: number[][] = [[], []];
  const socket = (own: number) => ({
    write(bytes: Uint8Array, offset: number, length: number) {
      const copy = bytes.slice(offset, offset + length);
      writes[own]!.push(length);
      setTimeout(() => ends[1 - own]!.onData(copy));
      return length;
    },
    end() {},
    terminate() {},
  });
  const nobody: LinkHandler = { call: () => {} };
  ends.push(new SocketSession(socket(0), shared(), { self: near, handler: nobody }, { initiator: true }));
  ends.push(new SocketSession(socket(1), shared(), { self: far, handler }, { initiator: false }));
  const link = await ends[0]!.ready;
  for (const own of writes) own.length = 0;
  return { link, calls: writes[0]!, replies: writes[1]! };
}

/** Calls of the same length, all made in this turn; resolves when each is answered. */
function callMany(link: Link, count: number): Promise<unknown> {
  const answered = Array.from({ length: count }, () => {
    return new Promise<void>((resolve, reject) => {
      link.call(["GET"], null, 0, { reply: () => resolve(), fail: reject });
    });
  });
  return Promise.all(answered);
}

const echo: LinkHandler = { call: (call) => call.reply([200], "same for all") };
/** Of writes of frames of one length: how many frames each had. */
const framesOf = (writes: readonly number[], count: number) => {
  const length = writes.reduce((sum, bytes) => sum + bytes, 0) / count;
  return writes.map((bytes) => bytes / length);
};

describe("many frames of one turn", () => {
  test("that are calls leave in bursts, so that the other end begins before the last is made", async () => {
    const { link, calls } = await connected(echo);
    await callMany(link, 80);
    expect(framesOf(calls.splice(0), 80)).toEqual([8, 16, 32, 24]);
    await callMany(link, 10);
    expect(framesOf(calls, 10)).toEqual([8, 2]);
  });

  test("that are replies leave in bursts, each after it was said; the last after what was told in microtasks", async () => {
    const order: string[] = [];
    const teller: LinkHandler = {
      call: (call) => {
        queueMicrotask(() => order.push("told"));
        call.reply([200], "same for all");
      },
      leaving: () => order.push("leaving"),
    };
    const { link, replies } = await connected(teller);
    const push = replies.push.bind(replies);
    replies.push = (bytes) => {
      order.push("answered");
      return push(bytes);
    };
    await callMany(link, 7);
    expect(order.splice(0)).toEqual([...Array(7).fill("told"), "answered"]);
    expect(framesOf(replies.splice(0), 7)).toEqual([7]);
    // They come in two bursts, of which the second is one call.
    await callMany(link, 9);
    expect(order).toEqual(["leaving", "answered", ...Array(8).fill("told"), "told", "answered"]);
    expect(framesOf(replies, 9)).toEqual([8, 1]);
  });
});
