/** Who is signed in, kept across reloads and shared by all tabs. */
const storageKey = "microcosm.session";

/** Refreshed a little early, so that a request does not arrive with a token that expired on the way. */
const leewayMs = 20_000;

const listeners = new Set();

export function session() {
  try {
    return JSON.parse(localStorage.getItem(storageKey)) ?? undefined;
  } catch {
    return undefined;
  }
}

export function user() {
  const current = session();
  return current === undefined ? undefined : claimsOf(current.accessToken);
}

export function isFresh(current) {
  return current.expiresAt - leewayMs > Date.now();
}

export function signIn({ accessToken, refreshToken, expiresIn }) {
  const expiresAt = Date.now() + expiresIn * 1000;
  localStorage.setItem(storageKey, JSON.stringify({ accessToken, refreshToken, expiresAt }));
  announce();
}

export function signOut() {
  localStorage.removeItem(storageKey);
  announce();
}

export function onSessionChange(listener) {
  listeners.add(listener);
}

addEventListener("storage", (event) => {
  if (event.key === storageKey) announce();
});

function announce() {
  for (const listener of listeners) listener();
}

/** For display only: the gateway is who checks the token. */
function claimsOf(token) {
  try {
    const base64 = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const { sub, name, email } = JSON.parse(new TextDecoder().decode(bytes));
    return { id: sub, name: name ?? email ?? "you", email };
  } catch {
    return undefined;
  }
}
