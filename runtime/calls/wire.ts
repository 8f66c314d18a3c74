import type { User } from "../../sdk/service.ts";
import type { HeaderList } from "./mesh.ts";

/**
 * Heads of calls between services, as msgpack arrays: positions instead of names keep them small and quick to read.
 * The body travels beside the head, untouched; the deadline is the link's.
 *
 * ```
 * request: [method, path, headers, traceparent, attempt, user | null, requestId | null]
 * reply:   [status, headers]
 * ```
 */
export type RequestHead = readonly [
  method: string,
  path: string,
  headers: HeaderList,
  traceparent: string,
  attempt: number,
  user: readonly [id: string, roles: readonly string[], email: string | null] | null,
  requestId: string | null,
];

export type ReplyHead = readonly [status: number, headers: HeaderList];

export function userToWire(user: User | undefined): RequestHead[5] {
  return user === undefined ? null : [user.id, user.roles, user.email ?? null];
}

export function userFromWire(user: RequestHead[5]): User | undefined {
  if (user === null) return undefined;
  return user[2] === null ? { id: user[0], roles: user[1] } : { id: user[0], roles: user[1], email: user[2] };
}

/** Other ends are other processes: shape is checked before use. */
export function isRequestHead(head: unknown): head is RequestHead {
  return (
    Array.isArray(head) &&
    head.length === 7 &&
    typeof head[0] === "string" &&
    typeof head[1] === "string" &&
    Array.isArray(head[2]) &&
    typeof head[3] === "string" &&
    typeof head[4] === "number" &&
    isWireUser(head[5]) &&
    (head[6] === null || typeof head[6] === "string")
  );
}

function isWireUser(user: unknown): user is RequestHead[5] {
  return user === null || (Array.isArray(user) && typeof user[0] === "string" && Array.isArray(user[1]));
}

export function isReplyHead(head: unknown): head is ReplyHead {
  return Array.isArray(head) && head.length === 2 && typeof head[0] === "number" && Array.isArray(head[1]);
}
