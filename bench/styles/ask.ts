import type { ServiceContext } from "microcosm";
import { answerTopic, type Answered, concurrency, Questions } from "./event-reply.ts";
import type { HopApi } from "./hop.ts";
import { type Answer, answer, type Hop, type Question } from "./work.ts";

/** Asks a hop in the style that the question names. One for each service that asks. */
export class Asker {
  readonly #questions: Questions;
  readonly #ports = new Map<Hop, Promise<number>>();

  constructor(service: string) {
    this.#questions = new Questions(service);
  }

  ask(question: Question, ctx: ServiceContext): Promise<Answer> {
    switch (question.style) {
      case "mesh":
        return this.#overMesh(question, ctx);
      case "http":
        return this.#overHttp(question, ctx);
      case "events":
        return this.#questions.ask(question, (topic, data) => ctx.publish(topic as never, data as never));
    }
  }

  /** The subscription that brings answers to events. */
  subscription(service: string) {
    return {
      [answerTopic(service)]: {
        concurrency,
        from: "latest" as const,
        handler: (event: { readonly data: Answered }) => this.#questions.answered(event.data),
      },
    };
  }

  async #overMesh(question: Question, ctx: ServiceContext): Promise<Answer> {
    const reply = await ctx.call<HopApi>(question.path[0]!).ask.$post({ json: question });
    if (!reply.ok) throw new Error(`${question.path[0]} answered ${reply.status}`);
    return answer.parse(await reply.json());
  }

  async #overHttp(question: Question, ctx: ServiceContext): Promise<Answer> {
    const hop = question.path[0]!;
    const reply = await fetch(`http://127.0.0.1:${await this.#portOf(hop, ctx)}/ask`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(question),
    });
    if (!reply.ok) throw new Error(`${hop} answered ${reply.status}`);
    return answer.parse(await reply.json());
  }

  #portOf(hop: Hop, ctx: ServiceContext): Promise<number> {
    let port = this.#ports.get(hop);
    if (port === undefined) {
      port = ctx
        .call<HopApi>(hop)
        .port.$get()
        .then(async (reply) => (await reply.json()).port);
      this.#ports.set(hop, port);
    }
    return port;
  }
}
