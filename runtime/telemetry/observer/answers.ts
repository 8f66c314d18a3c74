import type { IncomingBody, OutgoingBody } from "../../transport/transport.ts";
import type { QueryParameters } from "./queries.ts";

export interface Answer {
  /** Media type of the body. */
  readonly type: string;
  readonly body: IncomingBody;
}

/** Whoever answers the questions of queries.ts: a run's observer, over its link, or an opened recording. */
export interface TelemetryAnswers {
  /** Rejects with what the query says. */
  ask(query: string, params?: QueryParameters, body?: OutgoingBody): Promise<Answer>;
}

/** The answer of a query that answers with JSON. */
export async function jsonOf<T>(
  answers: TelemetryAnswers,
  query: string,
  params: QueryParameters = {},
): Promise<T> {
  const { body } = await answers.ask(query, params);
  return (await new Response(body as BodyInit).json()) as T;
}
