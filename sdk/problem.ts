/** An HTTP problem (RFC 9457) as a service throws it: `throw problem(409, "email-taken", "That e-mail has an account")`. */
export class Problem extends Error {
  readonly status: number;
  /** Stable and kebab-case; becomes the last part of the `type` URI. */
  readonly type: string;
  /** Extension members, e.g. `{ errors: [{ path: "email", message: "…" }] }`. Never put secrets here. */
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(status: number, type: string, detail: string, extensions: Record<string, unknown> = {}) {
    super(detail);
    this.name = "Problem";
    this.status = status;
    this.type = type;
    this.extensions = extensions;
  }

  toJSON(): Record<string, unknown> {
    return { ...this.extensions, ...problemBody(this.status, this.type, this.message) };
  }

  /** Hono's default error handler answers with what this returns, so a plain Hono app renders problems too. */
  getResponse(): Response {
    return new Response(JSON.stringify(this), {
      status: this.status,
      headers: { "content-type": "application/problem+json" },
    });
  }
}

export const problemTypeBase = "https://microcosm.dev/problems/";

export function problemBody(status: number, type: string, detail: string) {
  return { type: problemTypeBase + type, title: titleOf(type), status, detail };
}

export function problem(
  status: number,
  type: string,
  detail: string,
  extensions?: Record<string, unknown>,
): Problem {
  return new Problem(status, type, detail, extensions);
}

function titleOf(type: string): string {
  const words = type.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
