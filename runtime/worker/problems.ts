import { type ErrorCode, errorTable, MicrocosmError } from "../../sdk/errors.ts";
import { invalid } from "../../sdk/guards.ts";
import { Problem, problem } from "../../sdk/problem.ts";
import type { Logger, RequestInfo } from "../../sdk/service.ts";
import { storageError } from "../storage/errors.ts";
import { LeanRequest } from "./lean-request.ts";

/** What was being handled when it failed. */
export interface FailedRequest {
  readonly method: string;
  readonly path: string;
  readonly info: RequestInfo;
  /** As the handler saw it. */
  readonly raw: unknown;
}

/** Kebab-case types of the statuses that Hono's own middleware throws as HTTPException. */
const typeByStatus: Readonly<Record<number, string>> = {
  400: "bad-request",
  401: "unauthorized",
  403: "forbidden",
  404: "not-found",
  405: "method-not-allowed",
  408: "request-timeout",
  409: "conflict",
  413: "body-too-large",
  415: "unsupported-media-type",
  422: "validation-failed",
  429: "too-many-requests",
  501: "not-implemented",
  503: "unavailable",
  504: "deadline-exceeded",
};

/**
 * What a caller is told of an error: a Problem as it is; a MicrocosmError by the table; a zod error as 422 with the
 * fields at fault; a body that is no JSON as 400; a database that cannot be written by what to do about it. Anything
 * else is `handler-failed`, and its stack goes to the log and nowhere else.
 */
export function problemOf(error: unknown, request: FailedRequest, log: Logger): Problem {
  const found = knownProblem(error, request);
  if (found === undefined) {
    log.error(`${request.method} ${request.path} failed`, { ...where(request), stack: stackOf(error) });
    const detail = `The service failed at this request; its log says more under request id ${request.info.requestId ?? "-"}`;
    return problem(500, "handler-failed", detail);
  }
  if (found.status >= 500) {
    const hint = Object.hasOwn(errorTable, found.type) ? errorTable[found.type as ErrorCode].hint : undefined;
    const fields = { ...where(request), type: found.type, hint };
    log.warn(`${request.method} ${request.path} failed: ${found.message}`, fields);
  }
  return found;
}

/** The answer to a request as RFC 9457 has it, with the request's id. */
export function problemResponse(found: Problem, requestId: string | undefined): Response {
  const { requestId: own = requestId, ...rest } = found.toJSON();
  const headers: Record<string, string> = { "content-type": "application/problem+json" };
  if (found.status === 503) headers["retry-after"] = "1";
  return new Response(JSON.stringify(own === undefined ? rest : { ...rest, requestId: own }), {
    status: found.status,
    headers,
  });
}

function knownProblem(error: unknown, request: FailedRequest): Problem | undefined {
  if (error instanceof Problem) return error;
  const known = error instanceof MicrocosmError ? error : storageError(error, "The database");
  if (known !== undefined) return problem(known.status, known.code, known.message);
  if (isZodError(error)) {
    return invalid(error.issues.map(({ path, message }) => ({ path: path.join("."), message })));
  }
  if (error instanceof SyntaxError && request.raw instanceof LeanRequest && request.raw.isMalformedJson) {
    return problem(400, "malformed-json", `The body is not JSON: ${error.message}`);
  }
  if (isHttpException(error)) {
    const type = typeByStatus[error.status] ?? "http-error";
    return problem(error.status, type, error.message || `The service answered ${error.status}`);
  }
  if (request.info.signal.aborted) {
    return problem(499, "cancelled", "The caller went away before the answer was ready");
  }
  return undefined;
}

interface ZodLike extends Error {
  readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
}

/** By shape: an author's service may bring its own copy of zod. */
function isZodError(error: unknown): error is ZodLike {
  return (
    error instanceof Error &&
    (error.name === "ZodError" || error.name === "$ZodError") &&
    "issues" in error &&
    Array.isArray(error.issues)
  );
}

/** The answer that an HTTPException brings along, such as the one that asks for a password; else undefined. */
export function ownResponse(error: unknown): Response | undefined {
  return isHttpException(error) && error.res instanceof Response ? error.getResponse() : undefined;
}

interface HttpExceptionLike extends Error {
  readonly status: number;
  readonly res?: unknown;
  getResponse(): Response;
}

/** By shape: an author's service may bring its own copy of Hono. */
function isHttpException(error: unknown): error is HttpExceptionLike {
  return (
    error instanceof Error && "getResponse" in error && "status" in error && typeof error.status === "number"
  );
}

function where({ info }: FailedRequest): Record<string, unknown> {
  const { requestId, traceparent, caller, user } = info;
  return { requestId, traceparent, caller, user: user?.id };
}

export function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\ncaused by: ${stackOf(error.cause)}`;
  return (error.stack ?? `${error.name}: ${error.message}`) + cause;
}
