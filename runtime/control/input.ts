import type { Context } from "hono";
import { z } from "zod";
import { MicrocosmError } from "../../sdk/errors.ts";

/** The request's JSON body as `schema` has it; an empty body counts as `{}`. Throws `bad-request`. */
export async function bodyOf<S extends z.ZodType>(c: Context, schema: S): Promise<z.output<S>> {
  const text = await c.req.text();
  let value: unknown = {};
  if (text.trim() !== "") {
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw new MicrocosmError("bad-request", `The body is not JSON: ${(cause as Error).message}`, { cause });
    }
  }
  return checked(schema, value);
}

/** The query's parameters as `schema` has them. Throws `bad-request`. */
export function queryOf<S extends z.ZodType>(c: Context, schema: S): z.output<S> {
  return checked(schema, c.req.query());
}

function checked<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new MicrocosmError("bad-request", z.prettifyError(parsed.error));
}

/** `?follow=1`. */
export const flag = z.enum(["0", "1", "true", "false"]).transform((text) => text === "1" || text === "true");
