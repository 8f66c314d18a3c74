import { isFresh, session, signIn, signOut } from "./session.js";

/** A request that failed: the gateway's problem (RFC 9457), or no answer at all. */
export class ApiError extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? (status === 0 ? "The shop cannot be reached" : `The shop answered ${status}`));
    this.status = status;
    this.problem = problem ?? {};
    this.requestId = problem?.requestId;
  }

  /** Messages by field, for forms. */
  get fields() {
    return new Map((this.problem.errors ?? []).map(({ path, message }) => [path, message]));
  }
}

export const get = (path, options) => request("GET", path, options);
export const post = (path, body, options) => request("POST", path, { ...options, body });

async function request(method, path, options = {}) {
  const response = await send(method, path, options);
  return response.status === 204 ? undefined : response.json();
}

/**
 * Sends with the session's token, if there is one, and returns a response that is ok. A token that was refused is
 * refreshed once; when that fails too, the session is over.
 */
export async function send(method, path, { body, headers = {}, signal, anonymous = false } = {}) {
  const attempt = async (token) => {
    const all = { accept: "application/json", ...headers };
    if (body !== undefined) all["content-type"] = "application/json";
    if (token !== undefined) all.authorization = `Bearer ${token}`;
    try {
      return await fetch(path, { method, headers: all, body: JSON.stringify(body), signal });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ApiError(0);
    }
  };

  const token = anonymous ? undefined : await freshToken();
  let response = await attempt(token);
  if (response.status === 401 && token !== undefined) {
    const renewed = await refresh(token);
    if (renewed !== undefined) response = await attempt(renewed);
    if (response.status === 401) signOut();
  }
  if (!response.ok) throw new ApiError(response.status, await response.json().catch(() => undefined));
  return response;
}

async function freshToken() {
  const current = session();
  if (current === undefined) return undefined;
  return isFresh(current) ? current.accessToken : refresh(current.accessToken);
}

/**
 * A refresh token is good for one use, and using it twice ends the session. So one tab at a time trades it, and
 * whoever waited finds the new one. Browsers have no locks on insecure origins; there tabs may sign each other out.
 */
function refresh(staleToken) {
  const trade = async () => {
    const current = session();
    if (current === undefined) return undefined;
    if (current.accessToken !== staleToken) return current.accessToken;
    try {
      const tokens = await post(
        "/v1/tokens/refresh",
        { refreshToken: current.refreshToken },
        { anonymous: true },
      );
      signIn(tokens);
      return tokens.accessToken;
    } catch (error) {
      if (error.status === 401) signOut();
      else throw error;
      return undefined;
    }
  };
  return navigator.locks ? navigator.locks.request("microcosm.refresh", trade) : oneAtATime(trade);
}

let trading;

function oneAtATime(trade) {
  trading ??= trade().finally(() => {
    trading = undefined;
  });
  return trading;
}
