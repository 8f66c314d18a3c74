/** Time and randomness as parts receive them, so that tests and the model can bring their own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `work` once after `ms`; the returned function cancels it. Does not keep the process alive. */
  after(ms: number, work: () => void): () => void;
}

/** Uniform in [0, 1). */
export type Random = () => number;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, work) {
    const timer = setTimeout(work, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

const gridMs = 1000;
/** Each process its own place in the second: a hundred of them do not wake together. */
const phaseMs = (process.pid * 617) % gridMs;

/**
 * The delay for something done now and then: `ms`, moved by half a second at most so that all of a process falls on one
 * instant. Waking costs an idle process more than what it wakes for, and a hundred services are mostly idle.
 */
export function alignedDelay(now: number, ms: number): number {
  if (ms < gridMs) return ms;
  return Math.round((now + ms - phaseMs) / gridMs) * gridMs + phaseMs - now;
}

export const systemRandom: Random = Math.random;

/** A seeded generator with a state of 32 bits (mulberry32, Tommy Ettinger). Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
