import type { Context, ErrorHandler, NotFoundHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { MicrocosmError } from "../../sdk/errors.ts";
import { Problem, problemBody } from "../../sdk/problem.ts";

/** All errors of the control API as problem documents (RFC 9457); `log` gets what nobody foresaw. */
export function problemHandler(log: (message: string) => void): ErrorHandler {
  return (error, c) => {
    if (error instanceof Problem) return answer(c, error.status, error.toJSON());
    if (error instanceof MicrocosmError) {
      if (error.code === "unauthorized") c.header("www-authenticate", 'Bearer realm="microcosm"');
      const body = { ...problemBody(error.status, error.code, error.message), hint: error.hint };
      return answer(c, error.status, body);
    }
    if (error instanceof HTTPException) {
      return answer(c, error.status, problemBody(error.status, "bad-request", error.message));
    }
    log(`the control API failed at ${c.req.method} ${c.req.path}: ${error.stack ?? error.message}`);
    return answer(c, 500, problemBody(500, "internal", "The control API failed; see the supervisor's log."));
  };
}

export const notFound: NotFoundHandler = (c) =>
  answer(c, 404, problemBody(404, "not-found", `There is nothing at ${c.req.method} ${c.req.path}.`));

function answer(c: Context, status: number, body: object): Response {
  return c.body(JSON.stringify(body), status as ContentfulStatusCode, {
    "content-type": "application/problem+json",
  });
}
