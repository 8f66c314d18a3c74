import type { MiddlewareHandler } from "hono";
import type { z } from "zod";
import { problem } from "./problem.ts";
import type { RequestInfo, User } from "./service.ts";

/** One field at fault, as it stands in a 422's `errors`. `path` is dotted: `items.0.quantity`; "" is the whole. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

type Validated<Target extends string, S extends z.ZodType> = {
  in: Record<Target, z.input<S>>;
  out: Record<Target, z.output<S>>;
};

/**
 * Checks a part of the request before the handler runs; `c.req.valid(target)` is then typed, and so is the caller's
 * side of `ctx.call`. Throws 400 `malformed-json` for a body that is no JSON, 422 `validation-failed` with `errors`.
 *
 * ```ts
 * new Hono<ServiceEnv>().post("/orders", validate("json", newOrder), (c) => c.json(place(c.req.valid("json"))))
 * ```
 */
export function validate<Target extends "json" | "query" | "param", S extends z.ZodType>(
  target: Target,
  schema: S,
  // biome-ignore lint/suspicious/noExplicitAny: fits an app of any environment
): MiddlewareHandler<any, string, Validated<Target, S>> {
  return async (c, next) => {
    const value =
      target === "json" ? parseJson(await c.req.text()) : target === "query" ? c.req.query() : c.req.param();
    const result = schema.safeParse(value);
    if (!result.success) {
      throw invalid(
        result.error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message })),
      );
    }
    c.req.addValidatedData(target, result.data as object);
    await next();
  };
}

/** The problem of a request whose fields are at fault: `throw invalid([{ path: "email", message: "…" }])`. */
export function invalid(errors: readonly FieldError[]) {
  const named = errors.map((error) => `${error.path || "body"}: ${error.message}`).join("; ");
  return problem(422, "validation-failed", named, { errors });
}

/** The signed-in user. Throws 401 when there is none, 403 when `role` is asked for and not held. */
export function requireUser(request: RequestInfo, role?: string): User {
  const user = request.user;
  if (user === undefined)
    throw problem(401, "unauthorized", "Sign in first: no valid access token came along");
  if (role !== undefined && !user.roles.includes(role)) {
    throw problem(403, "forbidden", `This needs the role ${role}`);
  }
  return user;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw problem(400, "malformed-json", `The body is not JSON: ${(cause as Error).message}`);
  }
}
