import { type Clock, systemClock } from "../clock.ts";

/** What all transports can be given. */
export interface TransportOptions {
  readonly clock?: Clock;
  /** For the other end's hello, on both ends. Default 5000. */
  readonly handshakeTimeoutMs?: number;
  /** For the last frames to leave when a link closes; then they are dropped. Default 2000. */
  readonly closeTimeoutMs?: number;
  /** Bytes waiting for the kernel at which streamed bodies pause. Default 1 MiB. */
  readonly highWaterBytes?: number;
  /** Bytes at which they go on, and `drained()` resolves. Default 256 KiB. */
  readonly lowWaterBytes?: number;
  /**
   * Bytes waiting at which a link takes nothing more: a new call fails with `overloaded`, and a reply or notification
   * that cannot be refused closes the link. Only a peer that reads no more gets here. Default 16 MiB.
   */
  readonly maxBufferedBytes?: number;
}

export type TransportSettings = Required<TransportOptions>;

/** Fills the defaults in. Throws a RangeError that names the option at fault. */
export function transportSettings(options: TransportOptions): TransportSettings {
  const settings: TransportSettings = {
    clock: options.clock ?? systemClock,
    handshakeTimeoutMs: options.handshakeTimeoutMs ?? 5000,
    closeTimeoutMs: options.closeTimeoutMs ?? 2000,
    highWaterBytes: options.highWaterBytes ?? 1024 * 1024,
    lowWaterBytes: options.lowWaterBytes ?? 256 * 1024,
    maxBufferedBytes: options.maxBufferedBytes ?? 16 * 1024 * 1024,
  };
  for (const key of [
    "handshakeTimeoutMs",
    "closeTimeoutMs",
    "highWaterBytes",
    "lowWaterBytes",
    "maxBufferedBytes",
  ] as const) {
    if (!(Number.isFinite(settings[key]) && settings[key] > 0)) {
      throw new RangeError(`${key} must be a positive number, not ${settings[key]}`);
    }
  }
  if (settings.lowWaterBytes > settings.highWaterBytes) {
    throw new RangeError(`lowWaterBytes (${settings.lowWaterBytes}) is over highWaterBytes`);
  }
  if (settings.highWaterBytes > settings.maxBufferedBytes) {
    throw new RangeError(`highWaterBytes (${settings.highWaterBytes}) is over maxBufferedBytes`);
  }
  return settings;
}
