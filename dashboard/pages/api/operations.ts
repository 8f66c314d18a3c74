/** The parts of the gateway's OpenAPI document that the page reads. */
export interface OpenApi {
  readonly info: { readonly title: string; readonly version: string };
  readonly servers?: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, PathItem>>;
}

interface PathItem {
  readonly parameters?: readonly { readonly name: string; readonly description?: string }[];
  readonly [method: string]: unknown;
}

interface OpenApiOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly requestBody?: object;
  readonly "x-microcosm"?: {
    readonly auth?: "none" | "optional" | "required";
    readonly roles?: readonly string[];
    readonly timeoutMs?: number;
    readonly cacheTtlMs?: number;
    readonly rateLimit?: { readonly requests: number; readonly perMs: number; readonly by: string };
  };
}

export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly parameters: readonly string[];
  readonly takesBody: boolean;
  readonly auth: "none" | "optional" | "required";
  readonly roles: readonly string[];
  /** What else the topology says of it, in a few words each. */
  readonly notes: readonly string[];
}

const methods = ["get", "head", "post", "put", "patch", "delete", "options"];

/** In the document's order: the topology's. */
export function operationsOf(document: OpenApi): Operation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    methods
      .filter((method) => item[method] !== undefined)
      .map((method) => {
        const operation = item[method] as OpenApiOperation;
        const extension = operation["x-microcosm"] ?? {};
        return {
          id: operation.operationId,
          method: method.toUpperCase(),
          path,
          tag: operation.tags[0] ?? "",
          summary: operation.summary,
          parameters: (item.parameters ?? []).map(({ name }) => name),
          takesBody: operation.requestBody !== undefined,
          auth: extension.auth ?? "none",
          roles: extension.roles ?? [],
          notes: notesOf(extension),
        };
      }),
  );
}

function notesOf({
  timeoutMs,
  cacheTtlMs,
  rateLimit,
}: NonNullable<OpenApiOperation["x-microcosm"]>): string[] {
  const notes: string[] = [];
  if (timeoutMs !== undefined) notes.push(`timeout ${timeoutMs / 1000} s`);
  if (cacheTtlMs !== undefined) notes.push(`cached ${cacheTtlMs / 1000} s`);
  if (rateLimit !== undefined) {
    notes.push(`${rateLimit.requests} per ${rateLimit.perMs / 1000} s and ${rateLimit.by}`);
  }
  return notes;
}

/** Path and query with what was typed in, escaped. A parameter of `{rest}` keeps its slashes in neither: it is a value. */
export function pathOf(path: string, values: Readonly<Record<string, string>>, query: string): string {
  const filled = path.replace(/\{([^{}]+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ""));
  const rest = query.trim().replace(/^\?/, "").replaceAll(" ", "%20").replaceAll("#", "%23");
  return rest === "" ? filled : `${filled}?${rest}`;
}

/** `Name: value` a line. Throws an Error that names the line. */
export function headersOf(text: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const match = /^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:\s*(.*?)\s*$/.exec(line);
    if (match === null) throw new Error(`Header “${line.trim()}” is not of the form “Name: value”.`);
    headers[match[1]!] = match[2]!;
  }
  return headers;
}

/** The operation that takes credentials for a token, if the gateway has one by a usual name. */
export function logInOf(operations: readonly Operation[]): Operation | undefined {
  return operations.find(
    ({ method, path }) => method === "POST" && /\/(tokens?|login|log-in|sessions?|auth)$/.test(path),
  );
}

/** The operation that makes a user, by a usual name. */
export function signUpOf(operations: readonly Operation[]): Operation | undefined {
  return operations.find(({ method, path }) => method === "POST" && /\/(users|accounts|signup)$/.test(path));
}

export function tokenIn(body: string): string | undefined {
  try {
    const answer = JSON.parse(body) as Record<string, unknown>;
    const token = answer.accessToken ?? answer.access_token ?? answer.token;
    return typeof token === "string" && token !== "" ? token : undefined;
  } catch {
    return undefined;
  }
}
