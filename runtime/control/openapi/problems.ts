import type { RouteConfig } from "../../topology/model.ts";

type Json = Readonly<Record<string, unknown>>;

/** Why the gateway itself refuses, by status; the services' own problems have the same shape. */
const reasons: Readonly<Record<string, string>> = {
  "400": "The request is malformed.",
  "401": "There is no valid access token.",
  "403": "The user has none of the roles this takes.",
  "413": "The body is larger than the gateway takes.",
  "429": "Too many requests; `Retry-After` says when to come again.",
  "502": "The service's answer was no answer.",
  "503": "No instance is ready, or it has more requests than it can take.",
  "504": "The service did not answer in time.",
};

/** References to the problem answers of a route. */
export function problemResponses(route: RouteConfig, hasBody: boolean): Json {
  const statuses = ["400"];
  if (route.auth !== "none") statuses.push("401");
  if (route.roles.length > 0) statuses.push("403");
  if (hasBody) statuses.push("413");
  if (route.rateLimit !== undefined) statuses.push("429");
  statuses.push("502", "503", "504");
  const named = statuses.map((status) => [status, { $ref: `#/components/responses/Problem${status}` }]);
  return { ...Object.fromEntries(named), default: { $ref: "#/components/responses/Problem" } };
}

/** Component responses for `statuses` that the document refers to, so that none is unused. */
export function problemComponents(used: ReadonlySet<string>): Json {
  const content = { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } };
  const responses: Record<string, unknown> = {
    Problem: { description: "A problem of the service's own.", content },
  };
  for (const [status, description] of Object.entries(reasons)) {
    if (!used.has(status)) continue;
    const headers = status === "429" ? { "Retry-After": retryAfter } : undefined;
    responses[`Problem${status}`] = { description, ...(headers && { headers }), content };
  }
  return responses;
}

const retryAfter = { description: "Seconds until the next request is taken.", schema: { type: "integer" } };

/** RFC 9457, with the members the gateway adds. */
export const problemSchema: Json = {
  type: "object",
  required: ["type", "title", "status"],
  properties: {
    type: { type: "string", format: "uri", description: "Stable; what to test for." },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    requestId: { type: "string", description: "Under this the logs and traces have the request." },
    errors: {
      type: "array",
      description: "Fields at fault.",
      items: {
        type: "object",
        required: ["path", "message"],
        properties: { path: { type: "string" }, message: { type: "string" } },
      },
    },
  },
};
