import { problemJson, typeOfStatus } from "../problems.ts";
import { collect, headerOf, mediaType, type Reply } from "../reply.ts";

/** Problems are small; what is larger is passed on as it came. */
const maxProblemBytes = 64 * 1024;

/**
 * Makes every error that leaves the gateway a problem with the request's id. A service's own problem keeps all it says;
 * an error answer in plain text or HTML, such as a framework's default page, is replaced, because it may hold a stack
 * trace. JSON of another kind is the service's interface and passes untouched.
 */
export async function asProblem(reply: Reply, requestId: string): Promise<Reply> {
  const type = mediaType(headerOf(reply.headers, "content-type"));
  if (type === "application/problem+json") return withRequestId(reply, requestId);
  if (type !== "" && type !== "text/plain" && type !== "text/html") return reply;
  if (reply.body instanceof ReadableStream) await reply.body.cancel();
  const detail = `The service answered with status ${reply.status}.`;
  return {
    status: reply.status,
    headers: [...without(reply.headers, "content-type"), "content-type", "application/problem+json"],
    body: problemJson({ status: reply.status, type: typeOfStatus(reply.status), detail }, requestId),
  };
}

async function withRequestId(reply: Reply, requestId: string): Promise<Reply> {
  if (reply.body === null) return reply;
  const text = await textOf(reply.body);
  if (typeof text !== "string") return { ...reply, body: text };
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null && !("requestId" in body)) {
      return { ...reply, body: JSON.stringify({ ...body, requestId }) };
    }
  } catch {
    // Not JSON after all: the client gets what the service said.
  }
  return { ...reply, body: text };
}

async function textOf(body: NonNullable<Reply["body"]>): Promise<string | ReadableStream<Uint8Array>> {
  if (typeof body === "string") return body;
  const read = await collect(body, maxProblemBytes);
  return "bytes" in read ? new TextDecoder().decode(read.bytes) : read.stream;
}

function without(headers: readonly string[], name: string): string[] {
  return headers.filter((_, index, all) => all[index - (index % 2)] !== name);
}
