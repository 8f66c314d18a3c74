import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { closest, distance } from "fastest-levenshtein";
import type { Scenario } from "./scenario.ts";

const builtIn = join(import.meta.dir, "..", "scenarios");

export function scenarioNames(): string[] {
  return readdirSync(builtIn)
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .map((file) => file.slice(0, -3))
    .sort();
}

/** The file of a built-in scenario's name, or of a path. Throws naming those there are. */
export function scenarioFile(nameOrPath: string): string {
  if (nameOrPath.endsWith(".ts")) {
    const file = resolve(nameOrPath);
    if (!existsSync(file)) throw new Error(`there is no file ${nameOrPath}`);
    return file;
  }
  const names = scenarioNames();
  if (names.includes(nameOrPath)) return join(builtIn, `${nameOrPath}.ts`);
  const near = closest(nameOrPath, names);
  const hint = distance(nameOrPath, near) <= 2 ? `; did you mean ${near}?` : ".";
  throw new Error(
    `there is no scenario "${nameOrPath}"${hint} There are: ${names.join(", ")}; or the path of a .ts file that exports one`,
  );
}

/** Throws on a module that exports none. */
export async function loadScenario(file: string): Promise<Scenario> {
  const module = (await import(pathToFileURL(file).href)) as { scenario?: Scenario };
  if (!Array.isArray(module.scenario?.flows)) {
    throw new Error(`${file} exports no scenario: export const scenario = defineScenario({…})`);
  }
  return module.scenario;
}
