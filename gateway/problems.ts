import { type ErrorCode, MicrocosmError } from "../sdk/errors.ts";
import { Problem, problemBody } from "../sdk/problem.ts";

/** A problem as the gateway answers it; `type` is the last part of the `type` URI. */
export interface GatewayProblem {
  readonly status: number;
  readonly type: string;
  readonly detail: string;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/**
 * Turns what a call rejected with into a problem. The message of an error may hold addresses, paths and SQL, so the
 * client reads a sentence of the gateway's own; the log has the message.
 */
export function problemOf(error: unknown, service: string): GatewayProblem {
  if (error instanceof Problem) {
    return { status: error.status, type: error.type, detail: error.message, extensions: error.extensions };
  }
  if (error instanceof MicrocosmError) {
    return { status: error.status, type: error.code, detail: detailOf(error.code, service) };
  }
  return { status: 500, type: "internal", detail: "The gateway could not answer this request." };
}

function detailOf(code: ErrorCode, service: string): string {
  switch (code) {
    case "no-ready-instance":
      return `No instance of ${service} is ready.`;
    case "deadline-exceeded":
      return `${service} did not answer in time.`;
    case "overloaded":
      return `${service} has more requests than it can take.`;
    case "link-closed":
      return `The connection to ${service} was lost.`;
    case "unknown-service":
    case "edge-not-declared":
      return `The gateway's topology does not lead to ${service}.`;
    case "cancelled":
      return "The request was given up.";
    default:
      return `${service} could not answer.`;
  }
}

/** The body of a problem, with the id under which the logs and traces have the request. */
export function problemJson(problem: GatewayProblem, requestId: string): string {
  const { status, type, detail, extensions } = problem;
  return JSON.stringify({ ...extensions, ...problemBody(status, type, detail), requestId });
}

/** The type of an error answer that came without one. */
export function typeOfStatus(status: number): string {
  return statusTypes[status] ?? (status >= 500 ? "internal" : "bad-request");
}

const statusTypes: Readonly<Record<number, string>> = {
  400: "bad-request",
  401: "unauthorized",
  403: "forbidden",
  404: "not-found",
  405: "method-not-allowed",
  409: "conflict",
  413: "body-too-large",
  415: "unsupported-media-type",
  422: "validation-failed",
  429: "too-many-requests",
  500: "handler-failed",
  503: "overloaded",
  504: "deadline-exceeded",
};
