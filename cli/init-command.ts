import { relative } from "node:path";
import { initTopology } from "./init.ts";
import { paint, print } from "./output.ts";

export async function init(directory: string, options: { readonly name?: string }): Promise<number> {
  const { name, files } = initTopology(directory, options.name);
  const where = relative(process.cwd(), directory) || ".";
  print(`${paint("bold", name)} in ${where}:`);
  for (const file of files) print(`  ${file}`);
  const steps = ["microcosm test", "microcosm up"];
  print(
    `\nNext:\n${[...(where === "." ? [] : [`cd ${where}`]), ...steps].map((step) => `  ${step}`).join("\n")}`,
  );
  return 0;
}
