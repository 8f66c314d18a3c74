import { type Context, Hono } from "hono";
import { isSecret } from "../guard.ts";
import type { Session } from "../session.ts";

/** A web page's files: address (`/`, `/assets/index-1f3a.js`) → text. `/` is the page at every other address. */
export type PageFiles = Readonly<Record<string, string>>;

export interface PageRoutesOptions {
  /** Asked for once, with the first request. */
  readonly files: () => Promise<PageFiles>;
  readonly token: string;
  readonly session: Session;
}

const types: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

/** No script or style but the page's own files, no frame around it, and no address of it (with the token) told to others. */
const pageHeaders = {
  "content-security-policy": [
    "default-src 'self'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; "),
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
} as const;

/**
 * The dashboard. The link that `up` prints has the token; it is exchanged for a session's cookie at once, so that the token
 * stays in no address bar and no history. Addresses belong to the page's own router, so any of them gets the page.
 */
export function pageRoutes({ files, token, session }: PageRoutesOptions): Hono {
  let asked: Promise<PageFiles> | undefined;
  const load = () => {
    asked ??= files().catch((error) => {
      // The next request tries again: sources may have been mended meanwhile.
      asked = undefined;
      throw error;
    });
    return asked;
  };
  const routes = new Hono().use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(pageHeaders)) c.header(name, value);
  });
  routes.get("/assets/:name", async (c) => {
    const text = (await load())[c.req.path];
    if (text === undefined) return c.notFound();
    const type = types[c.req.path.split(".").pop() ?? ""] ?? "text/plain; charset=utf-8";
    return c.body(text, 200, { "content-type": type });
  });
  routes.get("*", async (c) => {
    if (!isPageAddress(c)) return c.notFound();
    const given = c.req.query("token");
    if (given !== undefined && isSecret(given, token)) {
      session.open(c);
      return c.redirect(c.req.path, 303);
    }
    if (!session.has(c)) return c.html(locked, 401);
    return c.html((await load())["/"] ?? "");
  });
  return routes;
}

/** What a person types or follows; anything else that is not there is a problem document, as in the API. */
function isPageAddress(c: Context): boolean {
  const { path } = c.req;
  if (path.startsWith("/api/") || path.startsWith("/v1/")) return false;
  // `/bus/order.placed` is a page when a browser goes there, `/favicon.ico` is none.
  return !/\.\w+$/.test(path) || (c.req.header("accept") ?? "").includes("text/html");
}

// Reached through a link on some other page, the browser holds the new cookie back once; the second link is its own.
const locked = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>Microcosm</title>
  </head>
  <body>
    <h1>This dashboard is locked</h1>
    <p>Open the link that <code>microcosm up</code> printed: it has the token of this run in it.</p>
    <p>You just did? Then <a href="/">go on to the dashboard</a>.</p>
  </body>
</html>
`;
