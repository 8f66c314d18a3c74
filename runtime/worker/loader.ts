import { MicrocosmError } from "../../sdk/errors.ts";
import type { ServiceDefinition } from "../../sdk/service.ts";

/** Modules that are part of the program itself, by service name. */
export type EmbeddedModules = Readonly<Record<string, () => Promise<unknown>>>;

const embeddedScheme = "embedded:";

/** The source of a service whose module is part of the program, for `resolveSource` of parseTopology. */
export function embeddedSource(service: string): string {
  return `${embeddedScheme}${service}`;
}

export function isEmbedded(source: string): boolean {
  return source.startsWith(embeddedScheme);
}

/**
 * Imports a service's module and returns the one definition it exports, by name or by default. `source` is a file
 * anywhere on the disk, or comes from embeddedSource. Rejects with `service-load-failed`, naming the file, and the line
 * when it is known.
 */
export async function loadService(
  source: string,
  embedded: EmbeddedModules = {},
): Promise<ServiceDefinition> {
  const module = await importModule(source, embedded);
  const definitions = [...new Set(Object.values(module).filter(isDefinition))];
  const [definition, ...others] = definitions;
  if (definition === undefined) {
    const names = Object.keys(module);
    throw loadFailed(
      source,
      `exports no service: ${names.length === 0 ? "it has no exports" : `it exports ${names.join(", ")}`}. Expected: export const name = defineService({…}).`,
    );
  }
  if (others.length > 0) {
    const names = Object.keys(module).filter((name) => isDefinition(module[name]));
    throw loadFailed(source, `exports several services: ${names.join(", ")}. Expected one a file.`);
  }
  return definition;
}

async function importModule(source: string, embedded: EmbeddedModules): Promise<Record<string, unknown>> {
  try {
    if (isEmbedded(source)) {
      const load = embedded[source.slice(embeddedScheme.length)];
      if (!load) throw new Error("this program has no such service built in");
      return (await load()) as Record<string, unknown>;
    }
    if (!(await Bun.file(source).exists())) throw new Error("the file does not exist");
    const { isOutside, registerModules } = await import("./external/register.ts");
    if (isOutside(source)) registerModules();
    return (await import(Bun.pathToFileURL(source).href)) as Record<string, unknown>;
  } catch (error) {
    throw loadFailed(source, `cannot be loaded: ${reasonOf(error)}`, error);
  }
}

function isDefinition(value: unknown): value is ServiceDefinition {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "microcosm.service";
}

function loadFailed(source: string, message: string, cause?: unknown): MicrocosmError {
  const place = placeOf(source, cause);
  return new MicrocosmError("service-load-failed", `${place} ${message}`, { cause });
}

interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** `file:line:column` of what failed; the mistake may be in a file that the service's imports. */
function placeOf(source: string, error: unknown): string {
  const position = buildPosition(error) ?? thrownPosition(error, source);
  return position ? `${position.file}:${position.line}:${position.column}:` : source;
}

/** Bun's own messages for syntax errors and missing imports carry a position; several come as an AggregateError. */
function buildPosition(error: unknown): Position | undefined {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  if (typeof first !== "object" || first === null || !("position" in first)) return undefined;
  const position = first.position as Partial<Position> | null;
  if (!position?.file || !position.line) return undefined;
  return { file: position.file, line: position.line, column: position.column ?? 1 };
}

/** The innermost stack frame that lies in the author's files: beside the service or below. */
function thrownPosition(error: unknown, source: string): Position | undefined {
  if (!(error instanceof Error) || !error.stack) return undefined;
  for (const match of error.stack.matchAll(/(?:\(|at |\s)((?:file:\/\/)?\/[^\s()]+):(\d+):(\d+)\)?$/gm)) {
    const file = match[1]!.replace(/^file:\/\//, "");
    const folder = source.slice(0, source.lastIndexOf("/") + 1);
    if (!file.startsWith(folder) || file.includes("node_modules", folder.length)) continue;
    return { file, line: Number(match[2]), column: Number(match[3]) };
  }
  return undefined;
}

/** Bun's names for what its bundler and resolver say; they tell an author nothing. */
const bunMessages: readonly string[] = ["BuildMessage", "ResolveMessage"];

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join("; ");
  if (error instanceof Error) {
    const ownName = error.name === "Error" || bunMessages.includes(error.name);
    return ownName ? error.message : `${error.name}: ${error.message}`;
  }
  if (typeof error === "object" && error !== null && "message" in error) return String(error.message);
  return String(error);
}
