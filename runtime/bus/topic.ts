import type { TopicConfig } from "../topology/model.ts";
import type { TopicInfo } from "./broker.ts";
import { Dedupe, type DedupeOptions } from "./dedupe.ts";
import { recordHeaderBytes, recordIdBytes, recordIsKeyed, recordLength } from "./record.ts";
import type { Subscription } from "./subscription.ts";
import { type Staged, type TopicLog, toBlocks } from "./topic-log.ts";

export interface TopicOptions {
  readonly blockBytes: number;
  readonly dedupe: DedupeOptions;
}

/** Offsets of the events of one publish: the first when they follow each other, else one by one. */
export type Offsets = number | readonly number[];

/** A topic: its log, the ids it has seen, and its subscriptions. Publishing is stage, write, then commit or rollback. */
export class Topic {
  readonly id: number;
  readonly name: string;
  readonly config: TopicConfig;
  readonly log: TopicLog;
  readonly subscriptions = new Map<string, Subscription>();
  readonly #options: TopicOptions;
  #dedupe: Dedupe | undefined;
  #staged: Staged[] = [];
  #stagedCount = 0;
  /** Of the newest block. Times in a log never fall, even when the clock is set back. */
  #lastTime = 0;

  constructor(id: number, name: string, config: TopicConfig, log: TopicLog, options: TopicOptions) {
    this.id = id;
    this.name = name;
    this.config = config;
    this.log = log;
    this.#options = options;
  }

  get onDisk(): boolean {
    return this.config.durability === "disk";
  }

  get staged(): number {
    return this.#stagedCount;
  }

  /** Gives `count` well-formed records their offsets; ids seen before get the offset they have. Hot path. */
  stage(records: Buffer, count: number, now: number): Offsets {
    this.#dedupe ??= this.#remember(now);
    const dedupe = this.#dedupe;
    dedupe.begin(records, now);
    const first = this.log.nextOffset + this.#stagedCount;
    let next = first;
    let offsets: number[] | undefined;
    let from = 0;
    let fromOffset = next;
    let at = 0;
    let keyless = true;
    const stage = (to: number) => {
      if (to > from) {
        this.#staged.push({ records: records.subarray(from, to), count: next - fromOffset, keyless });
      }
    };
    for (let i = 0; i < count; i++) {
      const id = at + recordHeaderBytes;
      keyless &&= !recordIsKeyed(records, at);
      const earlier = dedupe.seen(id, id + recordIdBytes(records, at), next, now);
      const end = at + recordLength(records, at);
      if (earlier < 0) {
        offsets?.push(next);
        next++;
      } else {
        offsets ??= Array.from({ length: i }, (_, before) => first + before);
        offsets.push(earlier);
        stage(at);
        from = end;
        fromOffset = next;
      }
      at = end;
    }
    dedupe.end();
    stage(at);
    this.#stagedCount += next - first;
    return offsets ?? first;
  }

  /** Hands what is staged to the log. On disk: inside the store's transaction. */
  write(now: number): void {
    this.#lastTime = Math.max(this.#lastTime, now);
    this.log.append(toBlocks(this.#staged, this.log.nextOffset, this.#lastTime, this.#options.blockBytes));
  }

  commit(): void {
    this.log.commit();
    this.#staged = [];
    this.#stagedCount = 0;
  }

  rollback(): void {
    this.log.rollback();
    this.#dedupe?.forgetFrom(this.log.nextOffset);
    this.#staged = [];
    this.#stagedCount = 0;
  }

  info(dead: number): TopicInfo {
    const { firstOffset, nextOffset, bytes } = this.log;
    return {
      topic: this.name,
      durability: this.config.durability,
      firstOffset,
      nextOffset,
      messages: nextOffset - firstOffset,
      bytes,
      dead,
      subscriptions: [...this.subscriptions.values()].map((subscription) => subscription.info()),
    };
  }

  /**
   * Reads the ids of the log's tail, so that a publisher that repeats itself after a restart is recognised. The window
   * ends with the last event and not now: what was sent again may have waited as long as the broker was away.
   */
  #remember(now: number): Dedupe {
    const { log } = this;
    const { windowIds, windowMs } = this.#options.dedupe;
    this.#lastTime = log.nextOffset > log.firstOffset ? (log.block(log.nextOffset - 1)?.time ?? 0) : 0;
    const dedupe = new Dedupe(this.#options.dedupe, now);
    let offset = Math.max(
      log.firstOffset,
      log.nextOffset - windowIds,
      log.offsetAt(this.#lastTime - windowMs),
    );
    while (offset < log.nextOffset) {
      const block = log.block(offset);
      if (block === undefined) break;
      let at = 0;
      dedupe.begin(block.records, now);
      for (let i = 0; i < block.count; i++) {
        const id = at + recordHeaderBytes;
        dedupe.seen(id, id + recordIdBytes(block.records, at), block.firstOffset + i, now);
        at += recordLength(block.records, at);
      }
      dedupe.end();
      offset = block.firstOffset + block.count;
    }
    return dedupe;
  }
}
