import type { Exchange } from "../exchange.ts";
import type { ConnectionHost } from "./connection.ts";
import type { BadRequest } from "./request-head.ts";

/** A socket that takes as many bytes a write as it is told to, and none until `drain` when it took fewer. */
export class FakeSocket {
  readonly remoteAddress = "::ffff:10.0.0.7";
  sent = "";
  ended = false;
  terminated = false;
  paused = false;
  takes: () => number = () => Number.POSITIVE_INFINITY;
  #full = false;

  write(bytes: Uint8Array, offset = 0, length = bytes.length): number {
    if (this.#full) return 0;
    const taken = Math.min(length, this.takes());
    this.#full = taken < length;
    this.sent += Buffer.from(bytes.subarray(offset, offset + taken)).toString("latin1");
    return taken;
  }

  get isFull(): boolean {
    return this.#full;
  }

  makeRoom(): void {
    this.#full = false;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  end(): void {
    this.ended = true;
  }

  terminate(): void {
    this.terminated = true;
  }
}

export interface Heard {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly body: string;
}

/** Reads each request whole and answers with its number. */
export class Host implements ConnectionHost {
  idleTimeoutMs = 1_000;
  headTimeoutMs = 1_000;
  maxHeadBytes = 4096;
  draining = false;
  readonly heard: Heard[] = [];
  readonly refused: number[] = [];
  pending = 0;
  answerBytes = 0;

  dateLine(): string {
    return "date: then\r\n";
  }

  handle(x: Exchange): void {
    void this.#answer(x);
  }

  refuse(x: Exchange, problem: BadRequest): void {
    this.refused.push(problem.status);
    x.client.answer(x, problem.status, "", "refused", -1);
  }

  began(): void {
    this.pending++;
  }

  ended(): void {
    this.pending--;
  }

  async #answer(x: Exchange): Promise<void> {
    const body = x.body?.wholeNow() ?? (await x.body?.whole().catch(() => undefined)) ?? new Uint8Array(0);
    this.heard.push({
      method: x.method,
      target: x.path + x.query,
      host: x.head.host,
      body: Buffer.from(body).toString("latin1"),
    });
    x.client.answer(x, 200, "", `answer ${this.heard.length}${".".repeat(this.answerBytes)}`, -1);
  }
}
