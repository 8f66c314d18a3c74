/** A question as an event, and its answer as another one: by id, to the topic of who asked. */
import { z } from "zod";
import { type Answer, answer, hops, type Question, question } from "./work.ts";

const asked = z.object({ id: z.string(), replyTo: z.string(), question });
const answered = z.object({ id: z.string(), answer });
export type Asked = z.infer<typeof asked>;
export type Answered = z.infer<typeof answered>;

const timeoutMs = 10_000;
/** Events of a subscription that are handled at once: a question waits for the answers behind it. */
export const concurrency = 256;

export const askTopic = (service: string) => `ask.${service}`;
export const answerTopic = (service: string) => `answer.${service}`;

export const events: Record<string, z.ZodType> = Object.fromEntries([
  ...hops.map((hop) => [askTopic(hop), asked]),
  ...["front", ...hops.slice(0, -1)].map((service) => [answerTopic(service), answered]),
]);

type Publish = (topic: string, data: unknown) => Promise<unknown>;

/** Questions of one service that wait for their answers. */
export class Questions {
  readonly #service: string;
  readonly #waiting = new Map<string, (answer: Answer) => void>();

  constructor(service: string) {
    this.#service = service;
  }

  async ask(question: Question, publish: Publish): Promise<Answer> {
    const id = crypto.randomUUID();
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#waiting.set(id, resolve);
    const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    try {
      const asked: Asked = { id, replyTo: answerTopic(this.#service), question };
      await publish(askTopic(question.path[0]!), asked);
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  /** One that nobody waits for any more is dropped. */
  answered({ id, answer }: Answered): void {
    this.#waiting.get(id)?.(answer);
  }
}
