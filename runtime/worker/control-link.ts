import { PipeLinks } from "../transport/pipes.ts";
import type { Link, LinkOptions, Transport } from "../transport/transport.ts";

/**
 * The control address of a process that was started with pipes for its control link: it hears at its standard input
 * and speaks at file descriptor 3, because 1 and 2 are for its log lines.
 */
export const startedWithPipes = "pipes:0,3";
const speaking = 3;

/** A worker's link to its supervisor. Rejects with `link-closed`, `bad-frame`. */
export function connectControl(address: string, transport: Transport, options: LinkOptions): Promise<Link> {
  if (address !== startedWithPipes) return transport.connect(address, options);
  return new PipeLinks().join({ input: Bun.stdin.stream(), output: Bun.file(speaking).writer() }, options);
}
