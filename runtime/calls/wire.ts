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

/** By user, as one asks again and again; a gateway has the same object for the same token. */
const usersOnWire = new WeakMap<User, RequestHead[5]>();

export function userToWire(user: User | undefined): RequestHead[5] {
  if (user === undefined) return null;
  let wire = usersOnWire.get(user);
  if (wire === undefined) {
    wire = [user.id, user.roles, user.email ?? null];
    usersOnWire.set(user, wire);
  }
  return wire;
}

export function userFromWire(user: RequestHead[5]): User | undefined {
  if (user === null) return undefined;
  const [id, roles, email] = user;
  // A copy: the list may be that of the next call too, and a handler gets this one.
  return email === null ? { id, roles: [...roles] } : { id, roles: [...roles], email };
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
